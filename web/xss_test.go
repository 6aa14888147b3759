package web

import (
	"context"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

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
		if slices.Contains([]string{"script", "iframe", "object", "embed", "img", "base", "style", "template", "math", "video", "audio", "source", "frame"}, n.Data) {
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

// TestHostileTexts puts each payload into every field that a stranger or a
// source can fill, and compares the elements of each page with those that the
// same page has with a harmless text.
func TestHostileTexts(t *testing.T) {
	b, err := os.ReadFile("../testdata/web/payloads.txt")
	if err != nil {
		t.Fatal(err)
	}
	payloads := slices.Collect(maps.Keys(maps.Collect(func(yield func(string, bool) bool) {
		for line := range strings.Lines(string(b)) {
			if line = strings.TrimSuffix(line, "\n"); line != "" && !yield(line, true) {
				return
			}
		}
	})))
	if len(payloads) < 60 {
		t.Fatalf("%d payloads", len(payloads))
	}
	plain := map[string][]string{}
	for name, page := range hostilePages(t, "harmless") {
		plain[name] = shape(t, page)
	}
	for _, payload := range payloads {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			for name, page := range hostilePages(t, payload) {
				got, want := shape(t, page), slices.Clone(plain[name])
				// An address that is one leads to a link more.
				if link, _ := webLink(payload); link != "" {
					got = slices.DeleteFunc(got, func(s string) bool { return s == "a href rel" || s == "p" })
					want = slices.DeleteFunc(want, func(s string) bool { return s == "a href rel" || s == "p" })
				}
				if !slices.Equal(got, want) {
					i := 0
					for i < min(len(got), len(want)) && got[i] == want[i] {
						i++
					}
					t.Errorf("%q on %s: other elements, first %q, want %q", payload, name, got[i:min(i+3, len(got))], want[i:min(i+3, len(want))])
				}
			}
		})
	}
}

// hostilePages are all pages that show a payload.
func hostilePages(t *testing.T, payload string) map[string]string {
	p := newPlace(t)
	p.plan.Brands[0].Name = payload
	sources := p.server.o.Sources
	p.server.o.Sources = func(ctx context.Context, now time.Time) ([]Source, error) {
		all, err := sources(ctx, now)
		for i := range all {
			all[i].Problem, all[i].Kind, all[i].Terms, all[i].Delay, all[i].State = payload, payload, payload, payload, payload
		}
		return all, err
	}
	m := hostile(payload)
	id := p.add(m)[0]
	q := puskaradio.QuoteOf(id, &m)
	err := p.store.Note(t.Context(), puskaradio.Coverage{Source: "shop", Hour: testNow, State: payload, Problem: payload, At: testNow})
	if err != nil {
		t.Fatal(err)
	}
	a := puskaradio.Alert{ID: "7F3K", Brand: "acme", Name: payload, Rule: payload, Topic: payload, TopicN: 1, Quotes: []puskaradio.Quote{q}, Coverage: payload, State: payload, Severity: puskaradio.Severity(payload), Words: []string{payload}, Decided: testNow, From: testNow, To: testNow, Claimed: &puskaradio.Hand{By: payload, At: testNow}}
	if _, err := p.store.AddAlert(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	d := puskaradio.Digest{
		Brand: "acme", Name: payload, Date: "2026-11-21", Total: 3, Need: []puskaradio.Quote{q}, Good: []puskaradio.Quote{q},
		Topics: []puskaradio.Topic{{Name: payload, Total: 1, Quote: payload}}, Failed: []string{payload}, Sources: 2,
	}
	if _, err := p.store.AddDigest(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	maija := p.enter(payload)
	w := maija.do("POST", "/m/"+string(id)+"/move", form("was", "new", "to", "claimed", "note", payload), nil)
	if w.Code != 303 {
		t.Fatalf("claim: %d %s", w.Code, w.Body)
	}
	p.had = &puskaradio.TakenError{By: payload, As: puskaradio.Status(payload), At: testNow}
	out := map[string]string{
		"too late":       p.enter(payload).do("POST", "/m/"+string(id)+"/move", form("was", "new", "to", "claimed", "note", payload), nil).Body.String(),
		"alert too late": maija.do("POST", "/a/7F3K/do", form("do", "claim"), nil).Body.String(),
		"sign in":        p.do("GET", "/in?"+form("ticket", payload).Encode(), nil, nil).Body.String(),
		"nowhere":        maija.do("GET", "/x?"+form("said", payload, "brand", payload).Encode(), nil, nil).Body.String(),
	}
	query := form("q", payload, "view", payload, "brand", payload, "source", payload, "label", payload, "date", payload, "after", payload, "lang", payload, "said", payload, "period", payload).Encode()
	for _, path := range []string{"/digest", "/inbox", "/mentions", "/m/" + string(id), "/a/7F3K", "/s/" + string(id), "/rehearse", "/trends?period=7d", "/sources"} {
		name := strings.Replace(path, string(id), "ID", 1)
		out[name] = maija.get(path)
		if path == "/inbox" || path == "/mentions" || path == "/digest" { // those that show what was asked for
			out[name+" with a query"] = maija.get(path + "?" + query)
		}
	}
	return out
}
