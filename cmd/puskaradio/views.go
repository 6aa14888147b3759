package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/notify"
	"github.com/puskaradio/puskaradio/store"
	"github.com/puskaradio/puskaradio/trend"
)

// served marks a command that the running process can do for another.
var served = map[string]string{"served": "yes"}

func (a *app) print(v any) error {
	enc := json.NewEncoder(a.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

func (a *app) digestCommand() *cobra.Command {
	var brand, on string
	cmd := &cobra.Command{
		Use:   "digest",
		Short: "What was said on a day",
		Long: `Prints the digest of a day: the one that was sent, else what there is of it now.
Without --date it is yesterday.`,
		Example:     "  puskaradio digest\n  puskaradio digest --brand acme --date 2026-11-20 --json",
		Annotations: served,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, l, err := a.store(cmd)
			if err != nil {
				return err
			}
			b, err := l.brand(brand)
			if err != nil {
				return err
			}
			now := time.Now()
			day := now.In(l.plan.Zone).AddDate(0, 0, -1)
			if on != "" {
				if day, err = time.ParseInLocation(time.DateOnly, on, l.plan.Zone); err != nil {
					return usage("--date %q is not a date such as 2026-11-20", on)
				}
				day = day.Add(12 * time.Hour)
			}
			d, err := s.Digest(cmd.Context(), b.ID, day.Format(time.DateOnly))
			if errors.Is(err, puskaradio.ErrNotFound) {
				m, err2 := a.monitorOnly(s, l)
				if err2 != nil {
					return err2
				}
				d, err = m.Digest(cmd.Context(), b, day, now)
			}
			if err != nil {
				return err
			}
			if a.json {
				return a.print(d)
			}
			fmt.Fprint(a.out, notify.Terminal(notify.Message{Digest: &d, Lang: l.Language, Zone: l.plan.Zone, Link: l.Link}, width()))
			return nil
		},
	}
	cmd.Flags().StringVar(&brand, "brand", "", "the id of a brand; the first unless said")
	cmd.Flags().StringVar(&on, "date", "", "the day; yesterday unless said")
	return cmd
}

func (a *app) trendsCommand() *cobra.Command {
	var brand string
	var days int
	cmd := &cobra.Command{
		Use:         "trends",
		Short:       "Whether the reputation rises, and against whom",
		Example:     "  puskaradio trends --days 90\n  puskaradio trends --brand acme --json",
		Annotations: served,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if days < 2 || days > 3660 {
				return usage("--days %d: write 2 to 3660", days)
			}
			s, l, err := a.store(cmd)
			if err != nil {
				return err
			}
			b, err := l.brand(brand)
			if err != nil {
				return err
			}
			return a.trends(cmd.Context(), s, l, b, days, time.Now())
		},
	}
	cmd.Flags().StringVar(&brand, "brand", "", "the id of a brand; the first unless said")
	cmd.Flags().IntVar(&days, "days", 90, "how far back")
	return cmd
}

func (a *app) trends(ctx context.Context, s store.Store, l *loaded, b puskaradio.Brand, days int, now time.Time) error {
	from := now.In(l.plan.Zone).AddDate(0, 0, 1-days)
	counts, err := s.Series(ctx, b.ID, from, now, store.Day)
	if err != nil {
		return err
	}
	ds := trend.Days(counts, from, now, l.plan.Zone)
	voices := map[string]int{}
	for _, id := range append([]string{b.ID}, b.Rivals...) {
		cs, err := s.Series(ctx, id, from, now, store.Day)
		if err != nil {
			return err
		}
		voices[id] = 0
		for _, c := range cs {
			voices[id] += c.Total()
		}
	}
	surveys, err := surveyFigures(ctx, s, b.ID, from, now)
	if err != nil {
		return err
	}
	if a.json {
		return a.print(trendsJSON(b.ID, ds, voices, surveys))
	}
	printTrends(a, b, ds, voices)
	printSurveys(a, surveys)
	return nil
}

func trendsJSON(brand string, ds []trend.Day, voices map[string]int, surveys []surveyFigure) any {
	type day struct {
		Date     string  `json:"date"`
		Negative int     `json:"negative"`
		Neutral  int     `json:"neutral"`
		Positive int     `json:"positive"`
		Net      float64 `json:"net_sentiment"`
	}
	out := struct {
		Brand  string             `json:"brand"`
		Days   []day              `json:"days"`
		Voices []puskaradio.Voice `json:"share_of_voice"`

		Surveys []surveyFigure `json:"surveys,omitempty"`
	}{Brand: brand, Voices: trend.ShareOfVoice(voices), Surveys: surveys}
	for _, d := range ds {
		out.Days = append(out.Days, day{d.At.Format(time.DateOnly), d.Negative, d.Neutral, d.Positive, trend.NetSentiment(d.Negative, d.Neutral, d.Positive)})
	}
	return out
}

// printTrends draws a row for each week and says in a sentence what there is
// to see.
func printTrends(a *app, b puskaradio.Brand, ds []trend.Day, voices map[string]int) {
	fi := a.cfg.Language == "fi"
	say := func(f, e string) string {
		if fi {
			return f
		}
		return e
	}
	sum := func(ds []trend.Day) (neg, neu, pos int, stars float64, rated int) {
		for _, d := range ds {
			neg, neu, pos = neg+d.Negative, neu+d.Neutral, pos+d.Positive
			stars, rated = stars+d.Rating, rated+d.Rated
		}
		return
	}
	half := len(ds) / 2
	n1, u1, p1, _, _ := sum(ds[:half])
	n2, u2, p2, _, _ := sum(ds[half:])
	fmt.Fprintf(a.out, say("%s: nettosävy %+.0f → %+.0f (%d → %d mainintaa, kielteisiä %d → %d)\n\n",
		"%s: net sentiment %+.0f → %+.0f (%d → %d mentions, %d → %d negative)\n\n"),
		b.Name, trend.NetSentiment(n1, u1, p1), trend.NetSentiment(n2, u2, p2), n1+u1+p1, n2+u2+p2, n1, n2)
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, say("viikko\tmainintoja\tkielteisiä\tmyönteisiä\tnettosävy\ttähdet\tkielteiset päivittäin\t",
		"week\tmentions\tnegative\tpositive\tnet\tstars\tnegative by day\t"))
	for i := 0; i < len(ds); i += 7 {
		week := ds[i:min(i+7, len(ds))]
		neg, neu, pos, stars, rated := sum(week)
		var bars []float64
		for _, d := range week {
			bars = append(bars, float64(d.Negative))
		}
		mean := "–"
		if rated > 0 {
			mean = fmt.Sprintf("%.1f (%d)", 1+4*stars/float64(rated), rated)
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%+.0f\t%s\t%s\t\n", week[0].At.Format("2.1."), neg+neu+pos, neg, pos, trend.NetSentiment(neg, neu, pos), mean, notify.Spark(bars))
	}
	_ = w.Flush()
	if len(voices) > 1 {
		fmt.Fprintln(a.out)
		for _, v := range trend.ShareOfVoice(voices) {
			fmt.Fprintf(a.out, "%s %s: %.0f %% (%d)\n", say("osuus puheesta", "share of voice"), v.Brand, v.Share*100, v.Total)
		}
	}
}

func (a *app) searchCommand() *cobra.Command {
	var f store.Filter
	cmd := &cobra.Command{
		Use:   "search WORDS",
		Short: "Find mentions by what they say",
		Long: `All words must be there, in any order and inflection: toimitus finds toimituksen.
"In quotes" finds a phrase, palvelu* a beginning.`,
		Example:     "  puskaradio search toimitus myöhässä\n  puskaradio search --brand acme '\"never again\"'",
		Args:        cobra.MinimumNArgs(1),
		Annotations: served,
		RunE: func(cmd *cobra.Command, words []string) error {
			s, l, err := a.store(cmd)
			if err != nil {
				return err
			}
			if f.Brand != "" {
				b, err := l.brand(f.Brand)
				if err != nil {
					return err
				}
				f.Brand = b.ID
			}
			es, next, err := s.Search(cmd.Context(), strings.Join(words, " "), f)
			if err != nil {
				return err
			}
			return a.printEntries(l, es, next)
		},
	}
	cmd.Flags().StringVar(&f.Brand, "brand", "", "the id of a brand; all unless said")
	cmd.Flags().IntVar(&f.Limit, "limit", 20, "the most to print")
	cmd.Flags().StringVar(&f.After, "after", "", "the token of the next page")
	return cmd
}

func (a *app) printEntries(l *loaded, es []store.Entry, next string) error {
	if a.json {
		for _, e := range es {
			if err := a.print(e); err != nil {
				return err
			}
		}
		return nil
	}
	for _, e := range es {
		q := puskaradio.QuoteOf(e.ID, &e.Mention)
		fmt.Fprintf(a.out, "%s  %s", e.ID, notify.QuoteText(notify.Message{Lang: l.Language, Zone: l.plan.Zone}, q, width()))
	}
	if next != "" {
		fmt.Fprintf(a.err, "more: --after %s\n", next)
	}
	return nil
}

// ago says how far a time is from now.
func ago(t, now time.Time) string {
	if t.IsZero() {
		return "–"
	}
	d := now.Sub(t)
	ahead := d < 0
	d = d.Abs()
	s := d.Round(time.Second).String()
	switch {
	case d >= 48*time.Hour:
		s = fmt.Sprintf("%d days", int(d.Hours()/24))
	case d >= time.Hour:
		s = fmt.Sprintf("%.0f h", d.Hours())
	case d >= time.Minute:
		s = fmt.Sprintf("%.0f min", d.Minutes())
	}
	if ahead {
		return "in " + s
	}
	return s + " ago"
}

// width is how wide text is printed.
func width() int { return cmp.Or(columns(os.Getenv("COLUMNS")), 100) }

func columns(s string) int {
	n := 0
	if _, err := fmt.Sscan(s, &n); err != nil || n < 40 || n > 400 {
		return 0
	}
	return n
}
