package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

func testForget(t *testing.T, s store.Store) {
	ctx := t.Context()
	var ms []puskaradio.Mention
	for i := range 60 {
		m := mention("acme", i)
		m.Published = noon.AddDate(0, 0, -i)
		m.Source = []string{"shop", "video"}[i%2]
		m.Flag = "x"
		ms = append(ms, m)
	}
	st := commit(t, s, ms...)
	if _, err := s.Commit(ctx, store.Crawl{Source: "shop", Brands: []string{"acme"}, Gone: []string{"4", "8"}}); err != nil {
		t.Fatal(err)
	}
	quote := func(i int) puskaradio.Quote { return puskaradio.QuoteOf(st.New[i], &ms[i]) }
	a := puskaradio.Alert{ID: "A", Brand: "acme", Decided: noon, Quotes: []puskaradio.Quote{quote(1), quote(41), quote(4), quote(6)}}
	if _, err := s.AddAlert(ctx, a); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddDigest(ctx, puskaradio.Digest{Brand: "acme", Date: "2026-11-20", Good: []puskaradio.Quote{quote(43), quote(44)}, Topics: []puskaradio.Topic{
		{Name: "price", Quote: "cheap", ID: st.New[43], Source: "video"}, {Name: "staff", Quote: "kind", ID: st.New[44], Source: "shop"},
	}}); err != nil {
		t.Fatal(err)
	}
	limits := []store.Limit{{Source: "video", Before: noon.AddDate(0, 0, -30)}, {Source: "shop", Gone: true}, {Source: "nowhere", Gone: true}}
	for i, want := range []int{17, 0} { // 15 of the odd ones from 31 on, and two that were deleted
		if n, err := s.Forget(ctx, limits...); err != nil || n != want {
			t.Fatalf("Forget #%d = %d, %v, want %d", i, n, err, want)
		}
	}
	es, _, err := s.Mentions(ctx, store.Filter{Limit: 1000})
	if err != nil || len(es) != 43 {
		t.Errorf("%d are left, %v, want 43", len(es), err)
	}
	for _, e := range es {
		if e.Mention.State == puskaradio.Deleted || e.Mention.Source == "video" && e.Mention.Published.Before(noon.AddDate(0, 0, -30)) {
			t.Errorf("%s is still there", e.Mention.Ref)
		}
	}
	texts := func(qs []puskaradio.Quote) (out []bool) {
		for _, q := range qs {
			out = append(out, q.Text != "" && q.Author != "" && q.URL != "")
		}
		return out
	}
	a, err = s.Alert(ctx, "A")
	if got := texts(a.Quotes); err != nil || !slices.Equal(got, []bool{true, false, false, true}) {
		t.Errorf("the alert quotes %v, %v", got, err)
	}
	d, err := s.Digest(ctx, "acme", "2026-11-20")
	if got := texts(d.Good); err != nil || !slices.Equal(got, []bool{false, true}) {
		t.Errorf("the digest quotes %v, %v", got, err)
	}
	if ts := d.Topics; len(ts) != 2 || ts[0].Quote != "" || ts[0].Name != "price" || ts[1].Quote != "kind" {
		t.Errorf("the digest has the topics %+v", ts)
	}
	if w, _ := s.Waiting(ctx, "acme"); w[puskaradio.New] != 43 {
		t.Errorf("%d cases, want 43", w[puskaradio.New])
	}
	if st := commit(t, s, ms...); len(st.New) != 0 || len(st.Changed) != 0 {
		t.Errorf("what was forgotten came back: %d new", len(st.New))
	}
}

func testStamps(t *testing.T, s store.Store) {
	ctx := t.Context()
	var ms []puskaradio.Mention
	for i := range 200 { // over the border of months
		for _, brand := range []string{"acme", "rival"} {
			m := mention(brand, i)
			m.Published = noon.Add(-time.Duration(i) * 13 * time.Hour)
			if i%10 == 4 {
				m.Story = "71ppj0533yxgavh0j5ng"
			}
			ms = append(ms, m)
		}
	}
	commit(t, s, ms...)
	if _, err := s.Commit(ctx, store.Crawl{Source: "shop", Brands: []string{"acme"}, Gone: []string{"3"}}); err != nil {
		t.Fatal(err)
	}
	from := noon.Add(-150 * 13 * time.Hour)
	got, err := s.Stamps(ctx, "acme", from, noon)
	if err != nil || len(got) != 150 {
		t.Fatalf("%d stamps, %v, want 150", len(got), err)
	}
	for i, x := range got {
		n := 150 - i
		want := puskaradio.Positive
		if n%3 == 0 {
			want = puskaradio.Negative
		}
		if !x.At.Equal(noon.Add(-time.Duration(n)*13*time.Hour)) || x.Label != want || x.Gone != (n == 3) || x.Copy != (n%10 == 4) {
			t.Errorf("stamp %d is %+v, want that of mention %d", i, x, n)
		}
	}
	if e, err := s.Mention(ctx, "acme", got[0].ID); err != nil || e.Mention.Ref != "150" {
		t.Errorf("the first is %q, %v", e.Mention.Ref, err)
	}
	if got, err := s.Stamps(ctx, "nobody", from, noon); err != nil || len(got) != 0 {
		t.Errorf("nobody has %d stamps, %v", len(got), err)
	}
}
