package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// TestPapers prints the notice and the assessment of a configuration: each
// source, recipient and time of it is in them, and no word is left untranslated.
func TestPapers(t *testing.T) {
	t.Setenv("SLACK_BOT_TOKEN", "xoxb-canary")
	file := filepath.Join(t.TempDir(), "puskaradio.yaml")
	config := `contact: privacy@kauppa.example
keep: 90d
backups: old
brands: [{id: acme, name: Kauppa Oy, rivals: [bolt]}, {id: bolt, name: Pultti}]
sources:
  - {id: blog, kind: feed, options: {url: "https://shop.example/feed"}}
  - {id: stars, kind: reviews, about: acme, options: {url: "https://reviews.example/kauppa"}}
  - {id: tube, kind: hackernews, authors: name}
channels: [{id: team, kind: slack, options: {channel: C1}}]
answers: {model: {url: "http://127.0.0.1:11434/v1", model: tiny}}
`
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	do := func(want int, args ...string) (string, string) {
		t.Helper()
		var out, errs bytes.Buffer
		a := &app{in: strings.NewReader(""), out: &out, err: &errs}
		if code := a.run(context.Background(), append([]string{"-c", file}, args...)); code != want {
			t.Fatalf("%q: exit code %d\n%s", args, code, &errs)
		}
		return out.String(), errs.String()
	}
	both := []string{"Kauppa Oy", "shop.example (feed)", "reviews.example (reviews)", "tube (hackernews)", "[", "127.0.0.1:11434"}
	for _, tt := range []struct {
		args  []string
		wants []string
		not   string
	}{
		{[]string{"notice", "--lang", "en"}, []string{"privacy@kauppa.example", "Texts for 90 days at the most", "team (slack: alerts with quotes, digests with quotes)", "a draft, without names", "goes here too, where the list above says so", "object", "a pseudonym that is made of it, or the name", "tube (hackernews): kept 90 days, with the author's name"}, "Pultti"},
		{[]string{"notice"}, []string{"privacy@kauppa.example", "enintään 90 päivää", "hälytykset ja koosteet lainauksineen", "ilman nimiä", "jos yllä oleva luettelo niin sanoo", "vastustaa", "tehdyn peitenimen, tai nimen", "kirjoittajan nimi mukana"}, "draft"},
		{[]string{"assessment", "--lang", "en"}, []string{"these rivals: Pultti", "reviews.example (reviews) (pages): kept 90 days", "2 of 3 sources", "backups 7 days", "A pseudonym made of their name", "why it is needed there"}, "xoxb"},
		{[]string{"assessment", "--lang", "fi"}, []string{"kilpailijoista: Pultti", "(sivut)", "rajapinta tai syöte", "2/3 lähdettä", "varmuuskopioita 7 päivää", "tehty peitenimi, tai nimi", "miksi se siellä tarvitaan"}, " days"},
	} {
		got, _ := do(exitDone, append([]string{"privacy"}, tt.args...)...)
		for _, want := range append(tt.wants, both...) {
			if !strings.Contains(got, want) {
				t.Errorf("%q: %q is not in\n%s", tt.args, want, got)
			}
		}
		if strings.Contains(got, tt.not) || strings.Contains(got, "<no value>") {
			t.Errorf("%q: %q is in\n%s", tt.args, tt.not, got)
		}
	}
	if _, errs := do(exitUsage, "privacy", "notice", "--lang", "sv"); !strings.Contains(errs, "fi or en") {
		t.Error(errs)
	}
}

// TestPapersInFinnish: whatever a configuration has texts sent to, and however
// long a source lets them be kept, a Finnish paper says it in Finnish.
func TestPapersInFinnish(t *testing.T) {
	t.Setenv("SLACK_BOT_TOKEN", "xoxb-canary")
	file := filepath.Join(t.TempDir(), "puskaradio.yaml")
	config := `contact: privacy@kauppa.example
store: {url: "postgres://puskaradio@db.example/puskaradio"}
brands: [{id: acme, name: Kauppa Oy}]
sources: [{id: blog, kind: feed, options: {url: "https://shop.example/feed"}}]
sentiment: {external: {url: "http://127.0.0.1:8080/score"}}
answers: {model: {url: "http://127.0.0.1:11434/v1", model: tiny}}
channels:
  - {id: both, kind: slack, options: {channel: C1}}
  - {id: loud, kind: slack, digest: false, options: {channel: C2}}
  - {id: calm, kind: slack, alerts: false, fallback: spare, options: {channel: C3}}
  - {id: spare, kind: slack, alerts: false, digest: false, options: {channel: C4}}
`
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := loadConfig(file)
	if err != nil {
		t.Fatal(err)
	}
	said := []string{"pages", "interface or feed", "none"}
	for _, r := range l.recipients() {
		if said = append(said, r.Gets); r.Kind != "slack" {
			said = append(said, r.Kind)
		}
	}
	for _, k := range []puskaradio.Keeping{puskaradio.UntilGone, puskaradio.Month, puskaradio.Hours, puskaradio.Nothing} {
		said = append(said, k.String())
	}
	if len(said) < 17 {
		t.Fatalf("only %q", said)
	}
	for _, en := range said {
		if paperWords[en] == "" {
			t.Errorf("no Finnish for %q", en)
		}
	}
	for _, tt := range []struct {
		long   time.Duration
		en, fi string
	}{{time.Hour, "1 day", "1 päivä"}, {25 * time.Hour, "2 days", "2 päivää"}, {90 * 24 * time.Hour, "90 days", "90 päivää"}} {
		if en, fi := days("en", tt.long), days("fi", tt.long); en != tt.en || fi != tt.fi {
			t.Errorf("%v is %q and %q", tt.long, en, fi)
		}
	}
}

// TestPapersByPseudonym: where all authors go by pseudonyms, as they do unless
// something else is said, no paper speaks of names, and doctor says so.
func TestPapersByPseudonym(t *testing.T) {
	file := filepath.Join(t.TempDir(), "puskaradio.yaml")
	for more, by := range map[string]string{
		"":                  "kept and told by pseudonyms",
		"authors: name\n":   "kept and told by name: blog, what is taken in from files",
		"authors: initials": "",
	} {
		config := "contact: privacy@kauppa.example\nbrands: [{id: acme, name: Kauppa Oy}]\nsources: [{id: blog, kind: feed, options: {url: \"https://shop.example/feed\"}}, {id: news, kind: hackernews, authors: pseudonym}]\n" + more
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := loadConfig(file)
		if by == "" {
			if err == nil || !strings.Contains(err.Error(), "write pseudonym or name") {
				t.Errorf("%q is taken: %v", more, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := l.authorsBy(); got != by {
			t.Errorf("%q: %s, want %s", more, got, by)
		}
		for _, lang := range []string{"fi", "en"} {
			p := l.paper(lang, time.Now())
			if p.Named != l.named() || p.Named != (more != "") || p.Sources[1].Named {
				t.Errorf("%q: the paper says %+v", more, p)
			}
		}
	}
}
