package notify

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

func weekHeadline(m Message) string {
	return map[bool]string{true: "Viikkokooste: ", false: "Weekly digest: "}[m.Lang == "fi"] + plain(m.Digest.Name) + ", " + dateOf(m)
}

// dateOf is the date of a digest, or its week with the dates of that.
func dateOf(m Message) string {
	d := m.Digest
	if d.Week == nil {
		return date(m.Lang, d.Date)
	}
	_, week, _ := strings.Cut(d.Date, "-W")
	week = strings.TrimLeft(plain(week), "0")
	from, err := time.Parse(time.DateOnly, d.Week.From)
	switch {
	case err != nil:
		return plain(d.Date)
	case m.Lang == "fi":
		return fmt.Sprintf("viikko %s (%s–%s)", week, from.Format("2.1."), date("fi", d.Week.To))
	}
	return fmt.Sprintf("week %s (%s – %s)", week, from.Format("2 January"), date("en", d.Week.To))
}

// thanUsual says what the figures of a digest are compared with.
func thanUsual(m Message) string {
	w, fi := m.Digest.Week, m.Lang == "fi"
	switch {
	case w == nil && fi:
		return "kuin tällaisena viikonpäivänä yleensä"
	case w == nil:
		return "than is usual on this weekday"
	case w.Before == 1 && fi:
		return "kuin edellisellä viikolla"
	case w.Before == 1:
		return "than in the week before"
	case fi:
		return fmt.Sprintf("kuin %d edellisellä viikolla keskimäärin", w.Before)
	}
	return fmt.Sprintf("than the mean of the %d weeks before", w.Before)
}

// usualDay is how many negative mentions a day of a digest usually has.
func usualDay(d *puskaradio.Digest) float64 {
	if d.Week != nil {
		return d.UsualNeg / 7
	}
	return d.UsualNeg
}

// weekFacts are what the digest of a week says besides, each with its name: how
// soon authors were answered, and what moved the score.
func weekFacts(m Message) (out [][2]string) {
	w := m.Digest.Week
	if w == nil {
		return nil
	}
	pick := func(fi, en string) string {
		if m.Lang == "fi" {
			return fi
		}
		return en
	}
	if r := w.Replies; r.Cases > 0 {
		s := fmt.Sprintf(pick("%d/%d sai vastauksen", "%d of %d were answered"), r.Answered, r.Cases)
		if r.HourOf > 0 {
			s += fmt.Sprintf(pick(", tunnissa %d/%d", ", %d of %d within an hour"), r.Hour, r.HourOf)
		}
		if r.Answered > 0 {
			s += fmt.Sprintf(pick("; puolet ajassa %s, yhdeksän kymmenestä ajassa %s", "; half within %s, nine of ten within %s"), took(m.Lang, r.Median), took(m.Lang, r.P90))
		}
		out = append(out, [2]string{pick("Ensimmäinen vastaus", "First response"), s})
	}
	var parts []string
	for _, p := range w.Pulls {
		sign := map[bool]string{true: "+", false: "−"}[p.Points > 0]
		parts = append(parts, topicName(m.Lang, p.Aspect)+" "+sign+number(m.Lang, math.Abs(math.Round(p.Points*10)/10)))
	}
	if len(parts) > 0 {
		out = append(out, [2]string{pick("Mikä liikutti mainetta", "What moved the reputation"), strings.Join(parts, ", ")})
	}
	return out
}

// took says how long something took, in its largest unit.
func took(lang string, seconds float64) string {
	hour, day := "h", "d"
	if lang == "fi" {
		hour, day = "t", "pv"
	}
	switch d := time.Duration(seconds * float64(time.Second)); {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d %s", int(d.Hours()), hour)
	default:
		return fmt.Sprintf("%d %s", int(d.Hours()/24), day)
	}
}
