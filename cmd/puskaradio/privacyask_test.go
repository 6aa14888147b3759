package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// A shut is a pipe that nobody reads.
type shut struct{}

func (shut) Write([]byte) (int, error) { return 0, errors.New("the pipe is shut") }

// TestWhatIsHeld prints what is held of one author and of nobody else, and who
// gets something of authors.
func TestWhatIsHeld(t *testing.T) {
	t.Setenv("SLACK_BOT_TOKEN", "xoxb-canary")
	dir := t.TempDir()
	file := filepath.Join(dir, "puskaradio.yaml")
	config := `contact: test@puskaradio.example
data: data
brands: [{id: acme, name: Acme}]
sources: [{id: blog, kind: feed, options: {url: "https://shop.example/feed"}}]
channels:
  - {id: team, kind: slack, options: {channel: C1}}
  - {id: spare, kind: slack, alerts: false, digest: false, options: {channel: C2}}
sentiment: {external: {url: "http://scorer.example/score"}}
answers: {model: {url: "http://127.0.0.1:11434/v1", model: tiny}}
`
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	do := func(want int, args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		a := &app{in: strings.NewReader(""), out: &out, err: &errs}
		if code := a.run(context.Background(), append([]string{"-c", file}, args...)); code != want {
			t.Fatalf("%q: exit code %d\n%s", args, code, &errs)
		}
		return out.String()
	}
	csv := filepath.Join(dir, "in.csv")
	rows := "brand;source;published;author;ref;rating;text\n" +
		"acme;shop;2026-11-20;Maija;1;1;Paketti ei tullut\nacme;shop;2026-11-21;Maija;2;5;Nyt tuli, kiitos\nacme;shop;2026-11-21;Matti;3;1;Maija on oikeassa, paketti ei tullut\nacme;other;2026-11-21;Maija;4;1;Toinen Maija\n"
	if err := os.WriteFile(csv, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	do(exitDone, "import", csv)
	edited := strings.ReplaceAll(rows, "Paketti ei tullut\n", "Paketti ei tullut koskaan\n")
	if err := os.WriteFile(csv, []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
	do(exitDone, "import", csv)
	text := do(exitDone, "privacy", "export", "--source", "shop", "--author", "Maija")
	for _, want := range []string{"Paketti ei tullut koskaan", "until ", "Nyt tuli, kiitos", "stars: 5 of 5", "judged: negative", "2026-11-20"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if strings.Contains(text, "Matti") || strings.Contains(text, "Toinen") || strings.Contains(text, "oikeassa") {
		t.Errorf("it holds what others said:\n%s", text)
	}
	n := 0
	for line := range strings.Lines(do(exitDone, "privacy", "export", "--source", "shop", "--author", "Maija", "--json")) {
		var h heldMention
		if err := json.Unmarshal([]byte(line), &h); err != nil || !puskaradio.IsPseudonym(h.Mention.Author) || h.Mention.Source != "shop" {
			t.Errorf("%s: %v", line, err)
		}
		n++
	}
	if n != 2 {
		t.Errorf("%d lines, want 2", n)
	}
	if out := do(exitDone, "privacy", "export", "--source", "shop", "--author", "Nobody"); out != "" {
		t.Errorf("of nobody it holds %s", out)
	}
	do(exitUsage, "privacy", "export", "--source", "shop")
	do(exitDone, "export", "--json")
	broken := &app{in: strings.NewReader(""), out: shut{}, err: new(bytes.Buffer)}
	if code := broken.run(context.Background(), []string{"-c", file, "export"}); code != exitFailed {
		t.Errorf("an export into a pipe that is shut: exit code %d", code)
	}

	s, err := store.OpenBolt(filepath.Join(dir, "data"), nil)
	if err != nil {
		t.Fatal(err)
	}
	deeds, err := s.Deeds(t.Context(), time.Now().Add(time.Hour), 10)
	if err != nil || s.Close() != nil {
		t.Fatal(err)
	}
	var log []string
	for _, d := range deeds {
		log = append(log, d.What)
		if strings.Contains(d.On, "Maija") {
			t.Errorf("the log names the author: %+v", d)
		}
	}
	if got := strings.Join(log, "; "); got != "exported mentions; exported mentions"+strings.Repeat("; printed what is held of an author", 3) {
		t.Errorf("the log: %s", got)
	}

	const report = `team (slack): alerts with quotes, digests with quotes; no names of authors
spare (slack): word of other channels that are away; no names of authors
scorer.example (external scorer): every text, with its stars; no names of authors
127.0.0.1:11434 (language model): a post with its title and stars, when a person wants a draft; no names of authors
`
	if got := do(exitDone, "privacy", "report"); got != report {
		t.Errorf("report:\n%s\nwant\n%s", got, report)
	}
}
