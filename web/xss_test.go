package web

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/net/html"

	"github.com/puskaradio/puskaradio"
)

// shape is a page without its texts and values: its elements and the names of
// their attributes, and where its links lead by scheme.
func shape(t *testing.T, page string) []string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for n := range doc.Descendants() {
		if n.Type == html.CommentNode {
			t.Errorf("a comment: %q", n.Data)
		}
		if n.Type != html.ElementNode {
			continue
		}
		var s strings.Builder
		s.WriteString(n.Data)
		for _, a := range n.Attr {
			s.WriteString(" " + a.Key)
			switch {
			case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "srcdoc":
				t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
			case slices.Contains([]string{"href", "src", "action", "formaction", "data", "xlink:href"}, a.Key):
				v := a.Val
				if !strings.HasPrefix(v, "https://") && !strings.HasPrefix(v, "http://") && v != "#content" && (!strings.HasPrefix(v, "/") || strings.HasPrefix(v, "//") || strings.HasPrefix(v, `/\`)) {
					t.Errorf("<%s %s=%q>", n.Data, a.Key, v)
				}
				if strings.HasPrefix(v, "http") && attr(n, "rel") != "noopener noreferrer nofollow" {
					t.Errorf("a link to %q without rel", v)
				}
			}
		}
		if n.Data == "script" { // only our own, as a file
			if own, err := assetPath("keys.js"); err != nil || attr(n, "src") != own || n.FirstChild != nil {
				t.Errorf("a script %q", attr(n, "src"))
			}
			continue
		}
		if slices.Contains([]string{"iframe", "object", "embed", "img", "base", "style", "template", "math", "video", "audio", "source", "frame"}, n.Data) {
			t.Errorf("an element %s", n.Data)
		}
		out = append(out, s.String())
	}
	return out
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// hostile is a mention that says one thing in every field.
func hostile(s string) puskaradio.Mention {
	m := sample()
	m.Ref, m.URL, m.Author, m.Title, m.Text, m.Lang, m.About, m.Flag = s, s, s, s, s, s, s, s
	m.Versions = []puskaradio.Version{{Title: s, Text: s, Until: testNow}}
	m.Owner = &puskaradio.Reply{Author: s, Text: s, At: testNow}
	m.Score.Words, m.Score.Why, m.Score.Unsure, m.Score.Model = []string{s}, s, true, s
	m.Score.Aspects = []puskaradio.Aspect{{Name: s, Label: puskaradio.Label(s), Words: []string{s}}}
	return m
}

// payloads are texts that a page must show as texts: one a line, those with
// signs that no line can have as a string of Go.
func payloads(t *testing.T) []string {
	t.Helper()
	b, err := os.ReadFile("../testdata/web/payloads.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSuffix(line, "\n")
		if s, err := strconv.Unquote(line); err == nil && line[0] == '"' {
			line = s
		}
		if line != "" && !slices.Contains(out, line) {
			out = append(out, line)
		}
	}
	if len(out) < 280 {
		t.Fatalf("%d payloads", len(out))
	}
	return out
}

// groupSize is how many payloads stand together on the pages of lists.
const groupSize = 12

// TestHostileTexts puts each payload into every field that a stranger or a
// source can fill, and compares the elements of each page with those that the
// same page has with harmless texts.
func TestHostileTexts(t *testing.T) {
	all := payloads(t)
	var harmless []string
	for i := range groupSize {
		harmless = append(harmless, fmt.Sprint("harmless ", i))
	}
	plain := map[string][]string{}
	for name, page := range hostilePages(t, harmless) {
		plain[name] = shape(t, page)
	}
	for len(all)%groupSize != 0 {
		all = append(all, fmt.Sprint("harmless ", len(all)))
	}
	for group := range slices.Chunk(all, groupSize) {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			// An address that is one leads to a link more.
			links := slices.ContainsFunc(group, func(s string) bool { link, _ := webLink(s); return link != "" })
			for name, page := range hostilePages(t, group) {
				got, want := shape(t, page), slices.Clone(plain[name])
				if links {
					got = slices.DeleteFunc(got, func(s string) bool { return s == "a href rel" || s == "p" })
					want = slices.DeleteFunc(want, func(s string) bool { return s == "a href rel" || s == "p" })
				}
				if !slices.Equal(got, want) {
					i := 0
					for i < min(len(got), len(want)) && got[i] == want[i] {
						i++
					}
					t.Errorf("%s: other elements, first %q, want %q, with one of %q", name, got[i:min(i+3, len(got))], want[i:min(i+3, len(want))], group)
				}
			}
		})
	}
}

// hostilePlace is a dashboard whose every field says a payload, seen by an
// owner. It gives the ids of the mentions; alerts are called ALERT0 and so on.
func hostilePlace(t *testing.T, payloads []string) (*place, *person, []puskaradio.ID) {
	p := newPlace(t)
	sources := p.server.o.Sources
	p.server.o.Sources = func(ctx context.Context, now time.Time) ([]Source, error) {
		all, err := sources(ctx, now)
		for _, s := range payloads {
			all = append(all, Source{ID: s, Problem: s, Kind: s, Terms: s, Delay: s, State: s})
		}
		return all, err
	}
	var ms []puskaradio.Mention
	for i, s := range payloads {
		m := hostile(s)
		m.Published = testNow.Add(-time.Duration(i+15) * time.Second)
		m.Author += fmt.Sprint(" ", i) // some payloads are one name in other letters
		ms = append(ms, m)
	}
	ids := p.add(ms...)
	maija := p.enter(payloads[0])
	d := puskaradio.Digest{Brand: "acme", Name: payloads[0], Date: "2026-11-21", Total: 3, Sources: 2}
	for i, s := range payloads {
		q := puskaradio.QuoteOf(ids[i], &ms[i])
		d.Need, d.Good, d.Failed = append(d.Need, q), append(d.Good, q), append(d.Failed, s)
		d.Topics = append(d.Topics, puskaradio.Topic{Name: s, Total: 1, Quote: s})
		a := puskaradio.Alert{ID: fmt.Sprint("ALERT", i), Brand: "acme", Name: s, Rule: s, Topic: s, TopicN: 1, Quotes: []puskaradio.Quote{q}, Coverage: s, State: s, Severity: puskaradio.Severity(s), Words: []string{s}, Decided: testNow, From: testNow, To: testNow, Claimed: &puskaradio.Hand{By: s, At: testNow}}
		if _, err := p.store.AddAlert(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		deed := puskaradio.Deed{At: testNow.Add(-time.Duration(i) * time.Second), Who: s, What: s, On: s, From: s}
		if err := errors.Join(
			p.store.Note(t.Context(), puskaradio.Coverage{Source: "shop", Hour: testNow, State: s, Problem: s, At: testNow}),
			p.store.Record(t.Context(), deed),
		); err != nil {
			t.Fatal(err)
		}
		if i < groupSize { // each can be held to each brand, which is a page of squares
			p.plan.Brands = append(p.plan.Brands, puskaradio.Brand{ID: s, Name: s})
			if err := p.store.SetPerson(t.Context(), puskaradio.Person{Name: s, Role: puskaradio.Agent, Brands: payloads[:min(groupSize, len(payloads))]}); err != nil {
				t.Fatal(err)
			}
		}
		if w := maija.do("POST", "/m/"+string(ids[i])+"/move", form("was", "new", "to", "claimed", "note", s), nil); w.Code != 303 {
			t.Fatalf("claim: %d %s", w.Code, w.Body)
		}
	}
	if _, err := p.store.AddDigest(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	hostileCustomers(t, p, payloads)
	return p, maija, ids
}

// hostileCustomers adds mentions of three authors, each of whom has a customer
// key, and which stand on one another's pages.
func hostileCustomers(t *testing.T, p *place, payloads []string) {
	var ms []puskaradio.Mention
	for i, s := range payloads {
		m := hostile(s)
		m.Ref, m.Author, m.Flag, m.Published = fmt.Sprint("past ", i), fmt.Sprint("author ", i%3), "", testNow.AddDate(0, -2, -i)
		ms = append(ms, m)
		key := strings.Map(func(r rune) rune {
			if !unicode.IsPrint(r) {
				return -1
			}
			return r
		}, s)
		key = "x" + strings.TrimSpace(clipRunes(key, puskaradio.LongestCustomer-1)) // a key is shown if there is one
		if err := p.store.SetCustomer(t.Context(), puskaradio.Customer{Source: "shop", Author: fmt.Sprint(s, " ", i), Key: key}); err != nil {
			t.Fatalf("%q: %v", key, err)
		}
	}
	p.past = p.add(ms...)
}

// hostilePages are all pages that show payloads, by name.
func hostilePages(t *testing.T, payloads []string) map[string]string {
	p, maija, ids := hostilePlace(t, payloads)
	out := map[string]string{}
	for _, path := range []string{"/digest", "/inbox", "/mentions", "/s/" + string(ids[0]), "/rehearse", "/trends?period=7d", "/sources", "/people", "/log", "/me"} {
		out[strings.Replace(path, string(ids[0]), "ID", 1)] = maija.get(path)
	}
	for i, s := range payloads {
		out[fmt.Sprint("/m/", i)] = maija.get("/m/" + string(ids[i]))
		out[fmt.Sprint("/a/", i)] = maija.get(fmt.Sprint("/a/ALERT", i))
		out[fmt.Sprint("sign in ", i)] = p.do("GET", "/in?"+form("ticket", s).Encode(), nil, nil).Body.String()
		query := form("q", s, "view", s, "brand", s, "source", s, "label", s, "date", s, "after", s, "lang", s, "said", s, "period", s).Encode()
		out[fmt.Sprint("/mentions with a query ", i)] = maija.get("/mentions?" + query)
		if i%4 == 0 { // those say little of it, and the same as others
			out[fmt.Sprint("/inbox with a query ", i)], out[fmt.Sprint("/digest with a query ", i)] = maija.get("/inbox?"+query), maija.get("/digest?"+query)
			out[fmt.Sprint("nowhere ", i)] = maija.do("GET", "/x?"+form("said", s, "brand", s).Encode(), nil, nil).Body.String()
			p.had = &puskaradio.TakenError{By: s, As: puskaradio.Status(s), At: testNow}
			out[fmt.Sprint("alert too late ", i)] = maija.do("POST", fmt.Sprintf("/a/ALERT%d/do", i), form("do", "claim"), nil).Body.String()
		}
	}
	for i := range 6 { // each lists three others
		out[fmt.Sprint("/m/ of an author ", i)] = maija.get("/m/" + string(p.past[i]))
	}
	out["too late"] = p.enter(payloads[1]).do("POST", "/m/"+string(ids[0])+"/move", form("was", "new", "to", "claimed", "note", payloads[0]), nil).Body.String()
	return out
}
