package notify

import (
	_ "embed"
	"fmt"
	"html/template"
	"strings"

	"github.com/puskaradio/puskaradio"
)

//go:embed mail.html.tmpl
var mailSource string

var mailPage = template.Must(template.New("mail").Parse(mailSource))

// A mailView is what a mail shows.
type mailView struct {
	Lang, Title, Lead string
	Facts             [][2]string
	Sections          []mailSection
	Chart             string // what it shows; empty is none
	Picture           []byte // of it, a PNG
	Says              string // what it shows, in numbers
	Foot              string
	Link, LinkText    string
}

type mailSection struct {
	Title  string
	Lines  []string
	Quotes []mailQuote
}

type mailQuote struct{ Head, Text, Lang, URL, URLText string }

// mailViewOf is a message as a mail shows it, with the same facts as elsewhere.
func mailViewOf(m Message) (mailView, error) {
	w := wordsOf(m.Lang)
	v := mailView{Lang: m.Lang, Title: headline(m), Lead: Sentence(m)}
	quotes := func(qs []puskaradio.Quote, n int) (out []mailQuote) {
		for _, q := range qs[:min(n, len(qs))] {
			x := mailQuote{Head: quoteHead(m, q), Text: quoteText(q, maxQuote), Lang: q.Lang, URL: webLink(q.URL), URLText: w.original}
			out = append(out, x)
		}
		return out
	}
	pick := func(fi, en string) string {
		if m.Lang == "fi" {
			return fi
		}
		return en
	}
	section := func(title string, s mailSection) {
		if s.Title = title; len(s.Lines)+len(s.Quotes) > 0 {
			v.Sections = append(v.Sections, s)
		}
	}
	c := columns{layout: "15", lang: m.Lang, zone: m.Zone}
	switch a, d := m.Alert, m.Digest; {
	case a != nil && a.Rule == puskaradio.RuleUrgent:
		v.Lead = clip(v.Lead, 200)
		section("", mailSection{Quotes: quotes(a.Quotes, 1), Lines: []string{theme(m)}})
		v.Link, v.LinkText = alertLink(m), w.why
	case a != nil && a.Rule == puskaradio.RuleLive:
		section("", mailSection{Quotes: quotes(a.Quotes, 3)})
	case a != nil && isSide(a):
		v.Lead = sideFacts(m)
		section(pick("Pahimmat", "The worst"), mailSection{Quotes: quotes(a.Quotes, 5)})
		v.Foot, v.Link, v.LinkText = sideFoot(m), alertLink(m), w.why
	case a != nil:
		v.Facts = [][2]string{
			{fmt.Sprintf(w.last, span(w, a.To.Sub(a.From))), fmt.Sprintf("%d %s / %d", a.Negative, w.negative, a.Total)},
			{w.usual, usually(m)},
			{w.topic, theme(m)},
			{w.coverage, plain(a.Coverage)},
		}
		section(pick("Pahimmat", "The worst"), mailSection{Quotes: quotes(a.Quotes, 5)})
		c.points, v.Chart, v.Foot, v.Link, v.LinkText = a.Hours, w.chart, because(m), strings.TrimSpace(alertLink(m)), w.why
	case d != nil:
		v.Lead = digestSentence(m)
		if d.Waiting > 0 {
			s := fmt.Sprint(d.Waiting)
			if !d.Oldest.IsZero() {
				s += pick(", vanhin ", ", the oldest from ") + clock(m.Lang, d.Oldest, m.Zone)
			}
			v.Facts = append(v.Facts, [2]string{pick("Odottaa vastausta", "Waiting for a reply"), s})
		}
		if s := reputation(m); s != "" {
			v.Facts = append(v.Facts, [2]string{pick("Maine, 0–100", "Reputation, 0–100"), s})
		}
		v.Facts = append(v.Facts, weekFacts(m)...)
		section(pick("Kaipaa vastausta", "Needs an answer"), mailSection{Quotes: quotes(d.Need, 5)})
		if d.Week != nil {
			section(pick("Mikä kiersi", "What went round"), mailSection{Quotes: quotes(d.Week.Stories, 3)})
		}
		var lines []string
		for _, t := range d.Topics {
			lines = append(lines, fmt.Sprintf("%s: %d, %s %d", topicName(m.Lang, t.Name), t.Total, pick("kielteisiä", "negative"), t.Negative))
		}
		section(pick("Mistä puhuttiin", "What people talked about"), mailSection{Lines: lines})
		section(pick("Hyviä jaettavaksi", "Good ones to share"), mailSection{Quotes: quotes(d.Good, 3)})
		lines = nil
		for _, s := range d.Share {
			lines = append(lines, fmt.Sprintf("%s: %s (%d)", plain(s.Brand), percent(m.Lang, s.Share), s.Total))
		}
		section(pick("Osuus puheesta", "Share of voice"), mailSection{Lines: lines})
		c.points, c.usual, c.layout, v.Foot = d.Days, usualDay(d), "2.1.", healthLine(m)
		v.Chart = pick("Kielteiset päivittäin", "Negative mentions by day")
		if d.UsualNeg > 0 {
			v.Chart += pick(" (katkoviiva: tavallista)", " (dashed: usual)")
		}
	}
	c.points = c.points[max(0, len(c.points)-maxPoints):]
	if len(c.points) < 2 || c.top() == 0 {
		v.Chart = ""
		return v, nil
	}
	var err error
	v.Says = c.says(v.Chart)
	v.Picture, err = c.picture()
	return v, err
}
