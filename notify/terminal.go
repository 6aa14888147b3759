package notify

import (
	"fmt"
	"strings"

	"github.com/puskaradio/puskaradio"
)

// Terminal renders a message as text of up to width columns, with the same
// facts as Slack shows. Nothing in it can move a terminal's cursor.
func Terminal(m Message, width int) string {
	var b strings.Builder
	line := func(indent, s string) {
		for _, l := range Wrap(s, width-len(indent)) {
			b.WriteString(indent + l + "\n")
		}
	}
	line("", headline(m))
	b.WriteString(strings.Repeat("─", min(width, max(8, units(headline(m))))) + "\n")
	switch {
	case m.Alert != nil:
		terminalAlert(m, line)
		if hand := handLine(m); hand != "" {
			line("", hand)
		}
	case m.Digest != nil:
		terminalDigest(m, line)
	}
	return b.String()
}

func terminalAlert(m Message, line func(indent, s string)) {
	w, a := wordsOf(m.Lang), m.Alert
	switch a.Rule {
	case puskaradio.RuleLive:
		line("", liveSentence(m))
		return
	case puskaradio.RuleUrgent:
		for _, q := range a.Quotes[:min(1, len(a.Quotes))] {
			terminalQuote(m, q, line)
		}
		line("", theme(m))
		return
	case puskaradio.RuleRating, puskaradio.RuleSilence:
		terminalSide(m, line)
		return
	}
	line("", fmt.Sprintf("%s: %d %s / %d", fmt.Sprintf(w.last, span(w, a.To.Sub(a.From))), a.Negative, w.negative, a.Total))
	line("", w.usual+": "+usually(m))
	if t := theme(m); t != "–" {
		line("", w.topic+": "+t)
	}
	line("", w.coverage+": "+plain(a.Coverage))
	for _, q := range a.Quotes[:min(3, len(a.Quotes))] {
		line("", "")
		terminalQuote(m, q, line)
	}
	if s := Spark(values(a.Hours)); s != "" {
		line("", "")
		line("", w.chart+": "+s)
	}
	line("", because(m))
}

func terminalQuote(m Message, q puskaradio.Quote, line func(indent, s string)) {
	line("  ", quoteHead(m, q))
	line("  │ ", quoteText(q, maxQuote))
	if u := webLink(q.URL); u != "" {
		line("  ", u)
	}
}

func terminalDigest(m Message, line func(indent, s string)) {
	d, fi := m.Digest, m.Lang == "fi"
	pick := func(a, b string) string {
		if fi {
			return a
		}
		return b
	}
	line("", digestSentence(m))
	if d.Waiting > 0 {
		s := fmt.Sprintf("%s: %d", pick("Odottaa vastausta", "Waiting for a reply"), d.Waiting)
		if !d.Oldest.IsZero() {
			s += pick(", vanhin ", ", the oldest from ") + clock(m.Lang, d.Oldest, m.Zone)
		}
		line("", s)
	}
	if s := reputation(m); s != "" {
		line("", pick("Maine", "Reputation")+": "+s)
	}
	for _, f := range weekFacts(m) {
		line("", f[0]+": "+f[1])
	}
	section := func(title string) {
		line("", "")
		line("", title)
	}
	if len(d.Need) > 0 {
		section(pick("Kaipaa vastausta", "Needs an answer"))
		for _, q := range d.Need {
			terminalQuote(m, q, line)
		}
	}
	if d.Week != nil && len(d.Week.Stories) > 0 {
		section(pick("Mikä kiersi", "What went round"))
		for _, q := range d.Week.Stories {
			terminalQuote(m, q, line)
		}
	}
	if len(d.Topics) > 0 {
		section(pick("Mistä puhuttiin", "What people talked about"))
		for _, t := range d.Topics {
			line("  ", fmt.Sprintf("%s: %d, %s %d", topicName(m.Lang, t.Name), t.Total, pick("kielteisiä", "negative"), t.Negative))
		}
	}
	if len(d.Good) > 0 {
		section(pick("Hyviä jaettavaksi", "Good ones to share"))
		for _, q := range d.Good {
			terminalQuote(m, q, line)
		}
	}
	if len(d.Share) > 0 {
		section(pick("Osuus puheesta", "Share of voice"))
		for _, v := range d.Share {
			line("  ", fmt.Sprintf("%s: %s (%d)", plain(v.Brand), percent(m.Lang, v.Share), v.Total))
		}
	}
	if s := Spark(values(d.Days)); s != "" {
		section(pick("Kielteiset päivittäin", "Negative mentions by day") + ": " + s)
	}
	line("", healthLine(m))
}

func values(ps []puskaradio.Point) []float64 {
	out := make([]float64, len(ps))
	for i, p := range ps {
		out[i] = p.Value
	}
	return out
}

// Spark draws numbers as a row of bars from zero up.
func Spark(vs []float64) string {
	if len(vs) < 2 {
		return ""
	}
	top := 0.0
	for _, v := range vs {
		top = max(top, v)
	}
	bars := []rune("▁▂▃▄▅▆▇█")
	var b strings.Builder
	for _, v := range vs {
		if top == 0 || v <= 0 {
			b.WriteRune('·')
			continue
		}
		b.WriteRune(bars[min(len(bars)-1, int(v/top*float64(len(bars)-1)+0.5))])
	}
	return b.String()
}

// Wrap breaks a text into lines at spaces, and words that are longer than a
// line wherever it must. Links stay whole.
func Wrap(s string, width int) []string {
	width = max(width, 20)
	var out []string
	line, n := "", 0
	for w := range strings.FieldsSeq(s) {
		l := units(w)
		for l > width && webLink(w) == "" {
			if n > 0 {
				out = append(out, line)
				line, n = "", 0
			}
			head := strings.TrimSuffix(clip(w, width+1), "…")
			if head == "" {
				break // one character fills more than a line
			}
			out = append(out, head)
			w = w[len(head):]
			l = units(w)
		}
		if n > 0 && n+1+l > width {
			out = append(out, line)
			line, n = "", 0
		}
		if n > 0 {
			line, n = line+" ", n+1
		}
		line, n = line+w, n+l
	}
	return append(out, line)
}

// QuoteText renders one quote for a terminal.
func QuoteText(m Message, q puskaradio.Quote, width int) string {
	var b strings.Builder
	b.WriteString(topicName(m.Lang, string(q.Label)) + " " + number(m.Lang, q.Value) + " · " + quoteHead(m, q) + "\n")
	for _, l := range Wrap(quoteText(q, maxQuote), width-4) {
		b.WriteString("  │ " + l + "\n")
	}
	if u := webLink(q.URL); u != "" {
		b.WriteString("  " + u + "\n")
	}
	return b.String()
}
