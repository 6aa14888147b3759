package store_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// past is what [store.Store.Past] gives, in short.
func past(t *testing.T, s store.Store, brand, source, author string, most int) string {
	t.Helper()
	p, err := s.Past(t.Context(), brand, source, author, most)
	if err != nil {
		t.Fatalf("Past: %v", err)
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%d of %d, %d negative", len(p.Cases), p.Total, p.Negative)
	if p.More {
		out.WriteString(", more")
	}
	for _, c := range p.Cases {
		out.WriteString(" " + c.Mention.Ref)
	}
	return out.String()
}

func testPast(t *testing.T, s store.Store) {
	ctx := t.Context()
	by := func(brand, source, author string, ns ...int) (ms []puskaradio.Mention) {
		for _, n := range ns {
			m := mention(brand, n)
			m.Source, m.Author = source, author
			m.Published = noon.AddDate(0, 0, -20*n) // over several months
			ms = append(ms, m)
		}
		return ms
	}
	ms := by("acme", "shop", "Aino A.", 1, 2, 3, 4, 5, 6)
	ids := commit(t, s, ms...).New
	commit(t, s, by("rival", "shop", "Aino A.", 7)...)
	commit(t, s, by("acme", "forum", "Aino A.", 8)...)
	commit(t, s, by("acme", "shop", "Aino B.", 9)...)
	commit(t, s, by("acme", "shop", "", 10)...)
	for _, tt := range []struct {
		brand, source, author string
		most                  int
		want                  string
	}{
		{"acme", "shop", "Aino A.", 3, "3 of 6, 2 negative 1 2 3"},
		{"acme", "shop", "aino  a.", 10, "6 of 6, 2 negative 1 2 3 4 5 6"},
		{"acme", "shop", "Aino A.", 0, "0 of 6, 2 negative"},
		{"rival", "shop", "Aino A.", 3, "1 of 1, 0 negative 7"},
		{"acme", "forum", "Aino A.", 3, "1 of 1, 0 negative 8"},
		{"acme", "shop", "Aino", 3, "0 of 0, 0 negative"},
		{"acme", "shop", "", 3, "0 of 0, 0 negative"},
		{"acme", "shop", " ", 3, "0 of 0, 0 negative"},
		{"acme", "nowhere", "Aino A.", 3, "0 of 0, 0 negative"},
		{"nobody", "shop", "Aino A.", 3, "0 of 0, 0 negative"},
	} {
		if got := past(t, s, tt.brand, tt.source, tt.author, tt.most); got != tt.want {
			t.Errorf("Past(%s, %s, %q, %d) = %s, want %s", tt.brand, tt.source, tt.author, tt.most, got, tt.want)
		}
	}
	if _, err := s.Move(ctx, "acme", ids[1], "", puskaradio.Change{At: noon, Who: "Liisa", To: puskaradio.Answered}, time.Time{}); err != nil {
		t.Fatal(err)
	}
	p, err := s.Past(ctx, "acme", "shop", "Aino A.", 2)
	if err != nil || len(p.Cases) != 2 || p.Cases[1].Status != puskaradio.Answered || !p.Cases[1].FirstReply().Equal(noon) || p.Cases[0].Status != "" || p.Cases[0].ID != ids[0] {
		t.Errorf("the cases: %+v, %v", p.Cases, err)
	}
	// An edit may name another author, and a deletion names the same.
	edited := ms[3]
	edited.Author, edited.Text = "Aino C.", "toinen teksti"
	commit(t, s, edited)
	if _, err := s.Commit(ctx, store.Crawl{Source: "shop", Brands: []string{"acme"}, Gone: []string{ms[4].Key()}, Ledger: puskaradio.Coverage{At: noon}}); err != nil {
		t.Fatal(err)
	}
	for author, want := range map[string]string{"Aino A.": "5 of 5, 1 negative 1 2 3 5 6", "Aino C.": "1 of 1, 0 negative 4"} {
		if author == "Aino A." {
			want = "5 of 5, 2 negative 1 2 3 5 6"
		}
		if got := past(t, s, "acme", "shop", author, 9); got != want {
			t.Errorf("after an edit, of %s: %s, want %s", author, got, want)
		}
	}
	if _, err := s.Retain(ctx, noon.AddDate(0, 0, -90), time.Time{}); err != nil {
		t.Fatal(err)
	}
	if got, want := past(t, s, "acme", "shop", "Aino A.", 9), "3 of 3, 1 negative 1 2 3"; got != want {
		t.Errorf("after what is old was forgotten: %s, want %s", got, want)
	}
	if _, err := s.Erase(ctx, "shop", "Aino A."); err != nil {
		t.Fatal(err)
	}
	if got, want := past(t, s, "acme", "shop", "Aino A.", 9), "0 of 0, 0 negative"; got != want {
		t.Errorf("of an erased author: %s, want %s", got, want)
	}
	if got, want := past(t, s, "acme", "forum", "Aino A.", 9), "0 of 0, 0 negative"; got != want { // forgotten above
		t.Errorf("at another source: %s, want %s", got, want)
	}
	// No more is looked at than the newest thousand, of all brands.
	var many []puskaradio.Mention
	for i := range 1001 {
		m := mention("acme", i)
		m.Author, m.Source, m.Published = "Bot", "feed", noon.Add(-time.Duration(i)*time.Second)
		many = append(many, m)
	}
	commit(t, s, many...)
	if got, want := past(t, s, "acme", "feed", "Bot", 2), "2 of 1000, 334 negative, more 0 1"; got != want {
		t.Errorf("of many: %s, want %s", got, want)
	}
}

func testCustomers(t *testing.T, s store.Store) {
	ctx := t.Context()
	m, other := mention("acme", 1), mention("rival", 2)
	elsewhere, nobody := mention("acme", 3), mention("acme", 4)
	elsewhere.Source, nobody.Author = "forum", ""
	other.Flag = "why"
	id := commit(t, s, m, other, elsewhere, nobody).New
	set := func(source, author, key string) error {
		return s.SetCustomer(ctx, puskaradio.Customer{Source: source, Author: author, Key: key, Who: "Liisa", At: noon})
	}
	keys := func() (out []string) {
		for i, brand := range []string{"acme", "rival", "acme", "acme"} {
			c, err := s.Case(ctx, brand, id[i])
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, c.Customer)
		}
		return out
	}
	for _, bad := range []puskaradio.Customer{
		{Author: "Maija", Key: "A"},
		{Source: "shop", Key: "A"},
		{Source: "shop", Author: " ", Key: "A"},
		{Source: "shop", Author: "Maija", Key: "A\nB"},
		{Source: "shop", Author: "Maija", Key: string(make([]byte, 101))},
	} {
		if err := s.SetCustomer(ctx, bad); err == nil {
			t.Errorf("taken: %+v", bad)
		}
	}
	if err := errors.Join(set("shop", "maija", "A-1"), set("shop", "Maija", "A-17"), set("shop", "Zoe", "Z"), set("app", "Maija", "other")); err != nil {
		t.Fatal(err)
	}
	if got, want := keys(), []string{"A-17", "A-17", "", ""}; !cmp.Equal(got, want) {
		t.Errorf("the keys of the cases are %q, want %q", got, want)
	}
	inbox, _, err := s.Inbox(ctx, store.Filter{})
	if err != nil || len(inbox) != 1 || inbox[0].Customer != "A-17" {
		t.Errorf("the inbox: %+v, %v", inbox, err)
	}
	want := []puskaradio.Customer{
		{Source: "app", Author: "Maija", Key: "other", Who: "Liisa", At: noon},
		{Source: "shop", Author: "Maija", Key: "A-17", Who: "Liisa", At: noon},
		{Source: "shop", Author: "Zoe", Key: "Z", Who: "Liisa", At: noon},
	}
	if got, err := s.Customers(ctx); err != nil || !cmp.Equal(got, want) {
		t.Errorf("Customers: %v %s", err, cmp.Diff(want, got))
	}
	if err := errors.Join(set("shop", "Zoe", ""), set("shop", "Zoe", "")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Erase(ctx, "shop", "MAIJA"); err != nil {
		t.Fatal(err)
	}
	if err := set("shop", "Maija", "again"); !errors.Is(err, puskaradio.ErrNotFound) {
		t.Errorf("a key of an erased author: %v", err)
	}
	if got, err := s.Customers(ctx); err != nil || !cmp.Equal(got, want[:1]) {
		t.Errorf("after they were taken away: %v %s", err, cmp.Diff(want[:1], got))
	}
}

// testMoveJobs: the jobs of a step are there if the step was taken, and else not.
func testMoveJobs(t *testing.T, s store.Store) {
	id := commit(t, s, mention("acme", 1)).New[0]
	for i, was := range []puskaradio.Status{"", puskaradio.New} { // the second comes too late
		key := fmt.Sprint("deliver/crm/", i)
		_, err := s.Move(t.Context(), "acme", id, was, puskaradio.Change{At: noon, Who: "Liisa", To: puskaradio.Claimed}, time.Time{}, store.Job{Key: key, Kind: "deliver", Due: noon})
		if taken := errors.Is(err, puskaradio.ErrTaken); taken != (i == 1) {
			t.Fatalf("Move #%d: %v", i, err)
		}
		jobs, err := s.Jobs(t.Context(), key)
		if err != nil || len(jobs) != 1-i {
			t.Errorf("after Move #%d: %d jobs, %v, want %d", i, len(jobs), err, 1-i)
		}
	}
}

// TestCustomersMove: keys and pasts move from one engine to the other.
func TestCustomersMove(t *testing.T) {
	first, there, back := openBolt(t), openPostgres(t), openBolt(t)
	commit(t, first, mentions("acme", 4)...)
	if err := first.SetCustomer(t.Context(), puskaradio.Customer{Source: "shop", Author: "Maija", Key: "A-17", Who: "Liisa", At: noon}); err != nil {
		t.Fatal(err)
	}
	from := store.Store(first)
	for _, to := range []store.Store{there, back} {
		if err := store.Migrate(t.Context(), from, to, nil); err != nil {
			t.Fatal(err)
		}
		if got, want := past(t, to, "acme", "shop", "Maija", 1), "1 of 4, 2 negative 0"; got != want {
			t.Errorf("the past after a move: %s, want %s", got, want)
		}
		if p, err := to.Past(t.Context(), "acme", "shop", "Maija", 1); err != nil || p.Cases[0].Customer != "A-17" {
			t.Errorf("the key after a move: %+v, %v", p, err)
		}
		from = to
	}
}

// TestPastOfBefore looks for authors among mentions that were kept before their
// entries told of authors.
func TestPastOfBefore(t *testing.T) {
	s := openBoltAt(t, unpack(t, filepath.Join(layouts, "layout-2.zip")))
	es, _, err := s.Mentions(t.Context(), store.Filter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	type who struct{ brand, source, author string }
	said := map[who]string{}
	n := map[who]int{}
	for _, e := range es {
		if m := e.Mention; m.Author != "" {
			w := who{m.Brand, m.Source, m.Author}
			said[w] += " " + m.Ref
			n[w]++
		}
	}
	if len(said) < 2 {
		t.Fatalf("the history has %d authors", len(said))
	}
	for _, again := range []bool{false, true} {
		for w, want := range said {
			got := past(t, s, w.brand, w.source, w.author, 1000)
			if count, refs, _ := strings.Cut(got, " negative"); refs != want || !strings.HasPrefix(count, fmt.Sprintf("%d of %d,", n[w], n[w])) {
				t.Errorf("again %t: the past of %v: %s, want%s", again, w, got, want)
			}
		}
		for i := range es {
			if err := s.Correct(t.Context(), es[i].Mention.Brand, es[i].ID, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestEraseLeavesNoKey: after an erasure and a compaction no file has a word of
// what the author was called in the books.
func TestEraseLeavesNoKey(t *testing.T) {
	dir := t.TempDir()
	s, err := store.OpenBolt(dir, &store.BoltOptions{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	m := mention("acme", 1)
	m.Author = "Canarybird"
	commit(t, s, m)
	err = s.SetCustomer(t.Context(), puskaradio.Customer{Source: "shop", Author: "Canarybird", Key: "canarykey", Who: "Liisa", At: noon})
	if err != nil {
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
	for _, word := range []string{"anarybird", "anarykey"} {
		if files := holds(t, dir, word); len(files) > 0 {
			t.Errorf("%v hold %q", files, word)
		}
	}
}
