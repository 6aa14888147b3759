package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// hidden is a mention as it is kept of a source whose authors go by pseudonyms.
func hidden(s store.Store, m puskaradio.Mention) puskaradio.Mention {
	who := s.Pseudonyms()
	m.Ref = who.Key(m.Source, m.Key())
	m.Author = who.Author(m.Source, m.Author)
	return m
}

// testPseudonyms: whichever of name and pseudonym somebody is kept by, and
// asked for by, it is one author, who is found whole and erased whole; and what
// is known is known still when its source goes from one to the other.
func testPseudonyms(t *testing.T, s store.Store) {
	ctx := t.Context()
	who := s.Pseudonyms()
	ps := who.Author("shop", "Maija Canary")
	for _, tt := range []struct {
		source, name string
		same         bool
	}{
		{"shop", "MAIJA  canary", true},
		{"shop", ps, true},
		{"shop", "Maija Canari", false},
		{"forum", "Maija Canary", false},
	} {
		if got := who.Author(tt.source, tt.name); (got == ps) != tt.same || !puskaradio.IsPseudonym(got) {
			t.Errorf("%q at %s is %s; that of Maija is %s", tt.name, tt.source, got, ps)
		}
	}
	if got := who.Author("shop", " "); got != " " || who.Same("shop", "", "Maija") || !who.Same("shop", "", " ") {
		t.Errorf("nobody is %q", got)
	}
	// The first is kept by name, the others by pseudonym, or the other way round;
	// the last two have no name of their own at the source.
	for round, first := range []bool{false, true} {
		source := fmt.Sprint("shop", round)
		form := func(m puskaradio.Mention, pseudonym bool) puskaradio.Mention {
			if m.Source = source; pseudonym {
				return hidden(s, m)
			}
			return m
		}
		var ms []puskaradio.Mention
		for i := range 4 {
			m := mention("acme", i)
			m.Author, m.Source = "Maija Canary", source
			if i > 1 {
				m.Ref = ""
			}
			ms = append(ms, m)
		}
		other := mention("acme", 9)
		other.Author = "Matti"
		before := commit(t, s, form(ms[0], first), form(ms[2], first), form(ms[3], first), form(other, first))
		if len(before.New) != 4 {
			t.Fatalf("%+v", before)
		}
		again := commit(t, s, form(ms[0], !first), form(ms[2], !first), form(ms[1], !first))
		if len(again.New) != 1 || len(again.Changed) != 0 || again.Same != 2 {
			t.Errorf("pseudonyms first %t: of three that were read again, one new: %+v", first, again)
		}
		edited := form(ms[0], !first)
		edited.Text = "toinen teksti"
		if got := commit(t, s, edited); len(got.Changed) != 1 {
			t.Errorf("an edit over the change: %+v", got)
		}
		// A list tells of what is gone by the key that it made of the name itself.
		gone, err := s.Commit(ctx, store.Crawl{Source: source, Brands: []string{"acme"}, Gone: []string{ms[3].Key()}, Ledger: puskaradio.Coverage{At: noon}})
		if err != nil || len(gone.Gone) != 1 || gone.Gone[0] != before.New[2] {
			t.Errorf("pseudonyms first %t: gone: %+v, %v, want %s", first, gone, err, before.New[2])
		}
		if err := s.SetCustomer(ctx, puskaradio.Customer{Source: source, Author: "maija canary", Key: "A-17", Who: "Liisa", At: noon}); err != nil {
			t.Fatal(err)
		}
		pseudonym := who.Author(source, "Maija Canary")
		for _, name := range []string{"maija  canary", pseudonym} {
			p, err := s.Past(ctx, "acme", source, name, 9)
			if err != nil || p.Total != 4 || len(p.Cases) != 4 {
				t.Fatalf("pseudonyms first %t: the past of %s: %d of %d, %v", first, name, len(p.Cases), p.Total, err)
			}
			for _, c := range p.Cases {
				if c.Customer != "A-17" {
					t.Errorf("the key of %q by %s is %q", c.Mention.Ref, c.Mention.Author, c.Customer)
				}
			}
		}
		name := "Maija Canary"
		if first {
			name = pseudonym
		}
		if got, err := s.Erase(ctx, source, name); err != nil || got.Mentions != 4 {
			t.Errorf("erased by %s: %+v, %v, want 4", name, got, err)
		}
		fresh := mention("acme", 50)
		fresh.Author = "Maija Canary"
		if got := commit(t, s, form(fresh, true), form(fresh, false), form(ms[3], true), form(ms[3], false)); len(got.New)+len(got.Changed) != 0 {
			t.Errorf("erased by %s and taken again: %+v", name, got)
		}
		for _, name := range []string{"Maija Canary", pseudonym} {
			err := s.SetCustomer(ctx, puskaradio.Customer{Source: source, Author: name, Key: "B", Who: "Liisa", At: noon})
			if !errors.Is(err, puskaradio.ErrNotFound) {
				t.Errorf("a key of an erased author: %v", err)
			}
		}
		if p, err := s.Past(ctx, "acme", source, "matti", 9); err != nil || p.Total != 1 {
			t.Errorf("another has %d, %v", p.Total, err)
		}
	}
}

// TestPseudonymsLast: they are the same after a restart, in another process, and
// after a move from engine to engine; those of another store are others.
func TestPseudonymsLast(t *testing.T) {
	dir := t.TempDir()
	first := openBoltAt(t, dir)
	want := first.Pseudonyms().Author("shop", "Maija")
	m := mention("acme", 1)
	m.Author = "Maija"
	commit(t, first, hidden(first, m))
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	first = openBoltAt(t, dir)
	if got := openBolt(t).Pseudonyms().Author("shop", "Maija"); got == want {
		t.Errorf("two stores call her %s", got)
	}
	url := database(t)
	open := func() store.Store { return openPostgresAt(t, url, store.PostgresOptions{}) }
	all := []store.Store{first}
	for _, to := range []store.Store{open(), openBolt(t)} {
		if err := store.Migrate(t.Context(), all[len(all)-1], to, nil); err != nil {
			t.Fatal(err)
		}
		all = append(all, to)
	}
	for i, s := range append(all, open()) {
		if got := s.Pseudonyms().Author("shop", "maija"); got != want {
			t.Errorf("store %d calls her %s, not %s", i, got, want)
		}
		if p, err := s.Past(t.Context(), "acme", "shop", "Maija", 1); err != nil || p.Total != 1 || p.Cases[0].Mention.Author != want {
			t.Errorf("store %d: her past: %+v, %v", i, p, err)
		}
	}
}

// TestPseudonymTellsNothing: what is kept of a text without a name of its own
// cannot be tried with names, and a name that only looks like a pseudonym is
// none.
func TestPseudonymTellsNothing(t *testing.T) {
	s := openBolt(t)
	m := mention("acme", 1)
	m.Ref, m.Author = "", "Maija Canary"
	h := hidden(s, m)
	if h.Key() == m.Key() || h.Hash() == m.Hash() {
		t.Errorf("its key is that of the name: %q", h.Key())
	}
	if twice := hidden(s, h); twice.Key() != h.Key() || twice.Author != h.Author {
		t.Errorf("hidden twice it is %q by %s, once %q by %s", twice.Key(), twice.Author, h.Key(), h.Author)
	}
	if m.Ref = "tag:its.own"; hidden(s, m).Ref != m.Ref {
		t.Errorf("a reference of the source became %q", hidden(s, m).Ref)
	}
	for _, name := range []string{"author-", "author-maija", "author-00000000000001", "author-000000000000i", "author-0000000000001", "Maija"} {
		if puskaradio.IsPseudonym(name) {
			t.Errorf("%q is taken for a pseudonym", name)
		}
	}
	if n, ok := puskaradio.ReadPseudonym(" " + puskaradio.Pseudonym(1<<63+7)); !ok || n != 1<<63+7 {
		t.Errorf("read back: %x, %t", n, ok)
	}
}

func BenchmarkPseudonym(b *testing.B) {
	s, err := store.OpenBolt(b.TempDir(), &store.BoltOptions{NoSync: true, Wait: time.Second})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for b.Loop() {
		s.Pseudonyms().Author("shop", "Maija Meikäläinen")
	}
}
