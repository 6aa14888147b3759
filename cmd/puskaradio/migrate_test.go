package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio/internal/postgres"
	"github.com/puskaradio/puskaradio/store"
)

// runOnce has the queue of a directory do something, as every program that has
// run has.
func runOnce(t *testing.T, dir string) {
	t.Helper()
	s, err := store.OpenBolt(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err = s.Schedule(ctx, store.Job{Key: "upkeep", Kind: "upkeep", Due: time.Now(), Every: time.Hour}, store.Job{Key: "later", Kind: "x", Due: time.Now().Add(time.Hour)})
	if err == nil {
		err = s.Run(ctx, func(_ context.Context, j store.Job) (store.Job, error) {
			cancel()
			j.Due = time.Now().Add(j.Every)
			return j, nil
		})
	}
	if err != nil || s.Close() != nil {
		t.Fatal(err)
	}
}

var madeAt = regexp.MustCompile(`"decided":"[^"]*"`)

// TestMigrate moves a history into PostgreSQL and into another directory from
// there: what is printed of it is the same to the byte, before, there and back.
func TestMigrate(t *testing.T) {
	t.Parallel()
	url := startPostgres(t)
	dir := t.TempDir()
	config := func(name, more string) string {
		path := filepath.Join(dir, name)
		text := "contact: test@puskaradio.example\nbrands: [{id: acme, name: Acme}]\nsources: [{id: blog, kind: feed, options: {url: \"https://shop.example/feed\"}}]\n" + more
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	files := config("files.yaml", "data: one\n")
	moves := config("moves.yaml", "data: one\nstore: {url: \""+url+"\"}\n")
	base := config("base.yaml", "data: other\nstore: {url: \""+url+"\"}\n")
	back := config("back.yaml", "data: two\nstore: {url: \""+url+"\"}\n")
	two := config("two.yaml", "data: two\n")
	do := func(in string, args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		a := &app{in: strings.NewReader(in), out: &out, err: &errs}
		if code := a.run(context.Background(), args); code != exitDone {
			t.Fatalf("%q: exit code %d\n%s", args, code, &errs)
		}
		return out.String()
	}
	var rows strings.Builder
	rows.WriteString("brand;source;published;author;rating;text\n")
	for i := range 300 {
		for _, x := range []string{"2026-01-02", "2026-11-20"} {
			rows.WriteString("acme;shop;" + x + ";Maija;" + string(rune('1'+i%5)) + ";Acmen paketti numero " + strings.Repeat("x", i%40) + string(rune('a'+i%26)) + "\n")
		}
	}
	csv := filepath.Join(dir, "in.csv")
	if err := os.WriteFile(csv, []byte(rows.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	do("", "-c", files, "import", csv)
	runOnce(t, filepath.Join(dir, "one"))
	views := [][]string{{"export", "--json"}, {"trends", "--json"}, {"search", "paketti", "--json"}, {"inbox", "--json"}, {"digest", "--date", "2026-11-20", "--json"}}
	see := func(c string) (all []string) {
		t.Helper()
		for _, v := range views {
			out := do("", append([]string{"-c", c}, v...)...)
			all = append(all, madeAt.ReplaceAllString(out, "")) // when it was looked at is another each time
		}
		return all
	}
	before := see(files)
	if strings.Count(before[0], "\n") < 150 {
		t.Fatalf("only %d rows", strings.Count(before[0], "\n"))
	}
	if said := do("", "-c", moves, "migrate", "--to", "postgres"); !strings.Contains(said, "both hold the same") {
		t.Errorf("it says %q", said)
	}
	there := see(base)
	do("", "-c", back, "migrate", "--to", "files")
	again := see(two)
	for i, v := range views {
		if there[i] != before[i] {
			at := 0
			for at < min(len(there[i]), len(before[i])) && there[i][at] == before[i][at] {
				at++
			}
			t.Errorf("%q is another from PostgreSQL: %.200s\nwant %.200s", v, there[i][max(0, at-80):], before[i][max(0, at-80):])
		}
		if again[i] != before[i] {
			t.Errorf("%q is another after the way back", v)
		}
	}
}

// startPostgres starts a database server, and gives the address of its
// database.
func startPostgres(t *testing.T) string {
	t.Helper()
	s, err := postgres.Start(postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s.URL()
}
