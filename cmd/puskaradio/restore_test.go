package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRestorePostgres: where the history is in a database, a backup of a data
// directory is not put where nothing reads it.
func TestRestorePostgres(t *testing.T) {
	dir := t.TempDir()
	write := func(more string) {
		t.Helper()
		text := "contact: it@acme.example\nbrands: [{id: acme, name: Acme}]\nsources: [{id: blog, kind: feed, about: acme, options: {url: \"https://blog.example/feed\"}}]\n" + more
		if err := os.WriteFile(filepath.Join(dir, "puskaradio.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) (int, string, string) {
		var out, talk bytes.Buffer
		a := &app{in: strings.NewReader(""), out: &out, err: &talk, dir: dir}
		code := a.run(t.Context(), args)
		return code, strings.TrimSpace(out.String()), talk.String()
	}
	write("")
	if err := os.WriteFile(filepath.Join(dir, "one.jsonl"), []byte(`{"source":"blog","ref":"1","text":"Acme on hyvä","published":"2026-11-20T10:00:00Z"}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, log := run("import", "one.jsonl"); code != exitDone {
		t.Fatal(log)
	}
	code, backup, log := run("backup", "saved")
	if code != exitDone {
		t.Fatal(log)
	}
	write("store: {url: \"postgres://puskaradio@db.example/puskaradio\"}\n")
	before, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	if code, out, log := run("restore", backup); code != exitFailed || out != "" || !strings.Contains(log, "pg_restore") || !strings.Contains(log, "migrate --to postgres") {
		t.Errorf("with store.url: %d %s%s", code, out, log)
	}
	if after, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(after) != len(before) {
		t.Errorf("there is now %v, %v", after, err)
	}
	write("")
	if code, _, log := run("restore", backup); code != exitDone || !strings.Contains(log, "what was there is now in") {
		t.Errorf("without: %d %s", code, log)
	}
}
