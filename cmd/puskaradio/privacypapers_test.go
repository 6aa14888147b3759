package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
  - {id: tube, kind: hackernews}
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
		{[]string{"notice", "--lang", "en"}, []string{"privacy@kauppa.example", "Texts for 90 days at the most", "team (slack: alerts with quotes, digests with quotes)", "a draft, without names", "object"}, "Pultti"},
		{[]string{"notice"}, []string{"privacy@kauppa.example", "enintään 90 päivää", "hälytykset ja koosteet lainauksineen", "ilman nimiä", "vastustaa"}, "draft"},
		{[]string{"assessment", "--lang", "en"}, []string{"these rivals: Pultti", "reviews.example (reviews) (pages): kept 90 days", "2 of 3 sources", "backups 7 days"}, "xoxb"},
		{[]string{"assessment", "--lang", "fi"}, []string{"kilpailijoista: Pultti", "(sivut)", "rajapinta tai syöte", "2/3 lähdettä", "varmuuskopioita 7 päivää"}, " days"},
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
