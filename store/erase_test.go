package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

func testErase(t *testing.T, s store.Store) {
	ctx := t.Context()
	var ms []puskaradio.Mention
	for i := range 40 {
		m := mention([]string{"acme", "bolt"}[i%2], i)
		if m.Author = "Maija Canary"; i%4 == 3 {
			m.Author = "Somebody else"
		}
		if i%10 == 9 {
			m.Source = "forum"
		}
		ms = append(ms, m)
	}
	kept, err := s.Commit(ctx, store.Crawl{Source: "shop", Brands: []string{"acme", "bolt"}, Mentions: ms})
	if err != nil || len(kept.New) != 40 {
		t.Fatalf("kept %d, %v", len(kept.New), err)
	}
	// One that its author has deleted there is found by its author still.
	if _, err := s.Commit(ctx, store.Crawl{Source: "shop", Brands: []string{"acme"}, Gone: []string{ms[4].Key()}}); err != nil {
		t.Fatal(err)
	}
	q := []puskaradio.Quote{puskaradio.QuoteOf(kept.New[0], &ms[0]), puskaradio.QuoteOf(kept.New[3], &ms[3])}
	if _, err := s.AddAlert(ctx, puskaradio.Alert{ID: "A1", Brand: "acme", Decided: noon, Quotes: q[:1]}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddAlert(ctx, puskaradio.Alert{ID: "A2", Brand: "bolt", Decided: noon, Quotes: q[1:]}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddDigest(ctx, puskaradio.Digest{Brand: "acme", Date: "2026-11-20", Need: q[:1]}); err != nil {
		t.Fatal(err)
	}
	want := 0
	for _, m := range ms {
		if m.Source == "shop" && m.Author == "Maija Canary" {
			want++
		}
	}
	for _, n := range []int{want, 0} { // twice is once
		got, err := s.Erase(ctx, "shop", "maija  canary")
		if err != nil || got.Mentions != n || n > 0 && fmt.Sprint(got.Alerts) != "[A1]" {
			t.Fatalf("erased %+v, %v, want %d", got, err, n)
		}
	}
	for i, id := range kept.New {
		_, err := s.Mention(ctx, ms[i].Brand, id)
		gone := ms[i].Source == "shop" && ms[i].Author == "Maija Canary"
		if gone != errors.Is(err, puskaradio.ErrNotFound) {
			t.Errorf("mention %d by %s at %s: %v", i, ms[i].Author, ms[i].Source, err)
		}
	}
	a, err := s.Alert(ctx, "A1")
	if err != nil || a.Quotes[0].Text != "" || a.Quotes[0].Author != "" {
		t.Errorf("the alert quotes %+v, %v", a.Quotes, err)
	}
	if a, err = s.Alert(ctx, "A2"); err != nil || a.Quotes[0].Text == "" {
		t.Errorf("another's quote is gone: %+v, %v", a.Quotes, err)
	}
	fresh := mention("acme", 99)
	fresh.Author, fresh.Published = "MAIJA CANARY", noon.Add(time.Hour)
	again, err := s.Commit(ctx, store.Crawl{Source: "shop", Brands: []string{"acme"}, Mentions: append(ms, fresh)})
	if err != nil || len(again.New)+len(again.Changed) != 0 {
		t.Errorf("taken again: %+v, %v", again, err)
	}
	if _, err := s.Erase(ctx, "shop", " "); err == nil {
		t.Error("everybody without a name was erased")
	}
	if got, err := s.Erase(ctx, "nowhere", "Maija Canary"); err != nil || got.Mentions != 0 {
		t.Errorf("at a source that was never read: %+v, %v", got, err)
	}
}

// TestEraseLeavesNothing: after a compaction no file has a word of the author,
// and the author stays unknown over a restart.
func TestEraseLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	open := func() *store.Bolt {
		s, err := store.OpenBolt(dir, &store.BoltOptions{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	m := mention("acme", 1)
	m.Author, m.Text, m.Title = "Canarybird", "canarytext about this and that", "canarytitle"
	kept, err := s.Commit(t.Context(), store.Crawl{Source: "shop", Brands: []string{"acme"}, Mentions: []puskaradio.Mention{m, mention("acme", 2)}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Move(t.Context(), "acme", kept.New[0], "", puskaradio.Change{At: noon, Who: "Liisa", To: puskaradio.Claimed, Note: "canarynote"}, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Erase(t.Context(), "shop", "Canarybird"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Compact(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"anarybird", "anarytext", "anarytitle", "anarynote"} {
		if files := holds(t, dir, word); len(files) > 0 {
			t.Errorf("%v hold %q", files, word)
		}
	}
	s = open()
	defer s.Close()
	for query, want := range map[string]int{"canarytext": 0, "Tilaus": 1} {
		if got, _, err := s.Search(t.Context(), query, store.Filter{}); err != nil || len(got) != want {
			t.Errorf("%q finds %d, %v, want %d", query, len(got), err, want)
		}
	}
	m.Ref = "another"
	if got, err := s.Commit(t.Context(), store.Crawl{Source: "shop", Brands: []string{"acme"}, Mentions: []puskaradio.Mention{m}}); err != nil || len(got.New) != 0 {
		t.Errorf("after a restart: %+v, %v", got, err)
	}
}
