package store_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// holds tells which files of a directory hold a word.
func holds(t *testing.T, dir, word string) (files []string) {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(all) < 3 {
		t.Fatalf("files %v, %v", all, err)
	}
	for _, f := range all {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(word)) {
			files = append(files, filepath.Base(f))
		}
	}
	return files
}

// TestPurge: what was forgotten is in no file once those are
// purged, and only files that need it are.
func TestPurge(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	s := openBoltAt(t, dir)
	old := mention("acme", 1)
	old.Text, old.Published = "canaryold has gone long ago", noon.AddDate(0, -8, 0)
	deleted := mention("acme", 2)
	deleted.Text = "canarydeleted was said first"
	other := mention("acme", 3)
	other.Text, other.Published = "canaryother stays as it is", noon.AddDate(0, -4, 0)
	commit(t, s, old, deleted, other)
	if st, err := s.Commit(ctx, store.Crawl{Source: "shop", Brands: []string{"acme"}, Gone: []string{deleted.Key()}}); err != nil || len(st.Gone) != 1 {
		t.Fatalf("deleted: %+v, %v", st, err)
	}
	if n, err := s.Forget(ctx, store.Limit{Source: deleted.Source, Gone: true}); err != nil || n != 1 {
		t.Fatalf("forgotten %d, %v", n, err)
	}
	if n, err := s.Retain(ctx, noon.AddDate(0, -8, 1), time.Time{}); err != nil || n != 1 {
		t.Fatalf("retained %d, %v", n, err)
	}
	stays, err := os.Stat(filepath.Join(dir, "bodies-2026Q3.db"))
	if err != nil {
		t.Fatal(err)
	}
	for i, before := range []time.Time{time.Now().Add(-time.Hour), time.Now().Add(time.Hour)} {
		if _, err := s.Purge(ctx, before); err != nil {
			t.Fatal(err)
		}
		for word, want := range map[string]bool{"anaryold": i == 0, "anarydeleted": i == 0, "anaryother": true} {
			if files := holds(t, dir, word); (len(files) > 0) != want {
				t.Errorf("after purge %d of %s, %v hold %q", i, before, files, word)
			}
		}
	}
	if now, err := os.Stat(filepath.Join(dir, "bodies-2026Q3.db")); err != nil || !os.SameFile(stays, now) {
		t.Errorf("a file that nothing was erased from was written anew, %v", err)
	}
	before, err := os.Stat(filepath.Join(dir, "main.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Purge(ctx, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if now, err := os.Stat(filepath.Join(dir, "main.db")); err != nil || !os.SameFile(before, now) {
		t.Errorf("what was purged is purged again, %v", err)
	}
	if es, _, err := s.Mentions(ctx, store.Filter{}); err != nil || len(es) != 1 {
		t.Errorf("%d mentions are left, %v, want 1", len(es), err)
	}
	for query, want := range map[string]int{"canaryold": 0, "canarydeleted": 0, "canaryother": 1} {
		if es, _, err := s.Search(ctx, query, store.Filter{}); err != nil || len(es) != want {
			t.Errorf("%q finds %d, %v, want %d", query, len(es), err, want)
		}
	}
	if err := s.Check(ctx); err != nil {
		t.Error(err)
	}
}

// TestPurgeAfterCrash: a text that was written when the program was killed,
// before its key was, goes too.
func TestPurgeAfterCrash(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	s := openBoltAt(t, dir)
	var ms []puskaradio.Mention
	for i := range 40 {
		ms = append(ms, mention("acme", i))
	}
	commit(t, s, ms...)
	lost := mention("acme", 99)
	lost.Text = "canarylost was never kept"
	if err := s.Orphan(ctx, &lost); err != nil {
		t.Fatal(err)
	}
	commit(t, s, mention("acme", 40))
	image := t.TempDir() // the files as a kill leaves them
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(image, filepath.Base(f)), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if files := holds(t, image, "anarylost"); len(files) == 0 {
		t.Fatal("no file holds the text")
	}
	again := openBoltAt(t, image)
	if _, err := again.Purge(ctx, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if files := holds(t, image, "anarylost"); len(files) > 0 {
		t.Errorf("%v hold it", files)
	}
	es, _, err := again.Mentions(ctx, store.Filter{Limit: 100})
	if err != nil || len(es) != 41 {
		t.Errorf("%d mentions, %v, want 41", len(es), err)
	}
	for i := range es {
		if es[i].Mention.Text == "" {
			t.Errorf("the text of %s is gone", es[i].Mention.Ref)
		}
	}
	if st := commit(t, again, ms...); st.Same != len(ms) {
		t.Errorf("counted again: %+v", st)
	}
}
