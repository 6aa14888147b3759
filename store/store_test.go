package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// testStore is what every engine must do.
func testStore(t *testing.T, open func(t *testing.T) store.Store) {
	for name, test := range map[string]func(*testing.T, store.Store){
		"CountedOnce":  testCountedOnce,
		"RoundTrip":    testRoundTrip,
		"Edit":         testEdit,
		"Deletion":     testDeletion,
		"Cursor":       testCursor,
		"Shown":        testShown,
		"Paging":       testPaging,
		"Filters":      testFilters,
		"Search":       testSearch,
		"Series":       testSeries,
		"Cases":        testCases,
		"Notes":        testNotes,
		"Undo":         testUndo,
		"ClaimRace":    testClaimRace,
		"Once":         testOnce,
		"SecondRace":   testSecondRace,
		"Correct":      testCorrect,
		"Alerts":       testAlerts,
		"Digests":      testDigests,
		"Sent":         testSent,
		"People":       testPeople,
		"Tokens":       testTokens,
		"Deeds":        testDeeds,
		"Ledger":       testLedger,
		"Retain":       testRetain,
		"Forget":       testForget,
		"Erase":        testErase,
		"Past":         testPast,
		"Customers":    testCustomers,
		"MoveJobs":     testMoveJobs,
		"Pseudonyms":   testPseudonyms,
		"Stamps":       testStamps,
		"Schedule":     testSchedule,
		"RefusesBad":   testRefusesBad,
		"ManyWriters":  testManyWriters,
		"UnknownNames": testUnknownNames,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// mention makes the n-th mention of a brand; the higher n, the older.
func mention(brand string, n int) puskaradio.Mention {
	label, value := puskaradio.Positive, 0.5
	if n%3 == 0 {
		label, value = puskaradio.Negative, -0.75
	}
	return puskaradio.Mention{
		Brand: brand, Source: "shop", Genre: puskaradio.Review, Ref: fmt.Sprint(n),
		URL: fmt.Sprintf("https://shop.example/%d", n), Author: "Maija", Title: fmt.Sprint("Tilaus ", n),
		Text: fmt.Sprintf("Toimitus numero %d kesti viikon", n), Lang: "fi",
		Rating:    &puskaradio.Rating{Value: float64(n%5 + 1), Best: 5, Worst: 1},
		Published: noon.Add(-time.Duration(n) * time.Hour), DateFrom: puskaradio.DatePublished,
		FirstSeen: noon.Add(time.Minute),
		Score:     &puskaradio.Score{Label: label, Value: value, Confidence: 0.75, Lang: "fi", Model: "test"},
	}
}

func mentions(brand string, n int) (ms []puskaradio.Mention) {
	for i := range n {
		ms = append(ms, mention(brand, i))
	}
	return ms
}

func commit(t *testing.T, s store.Store, ms ...puskaradio.Mention) store.Stored {
	t.Helper()
	st, err := s.Commit(t.Context(), store.Crawl{Source: "shop", Brands: []string{"acme"}, Mentions: ms})
	if err != nil {
		t.Fatalf("Commit: %v", err)
	}
	return st
}

func total(t *testing.T, s store.Store, brand string) (sum puskaradio.Count) {
	t.Helper()
	cs, err := s.Series(t.Context(), brand, noon.AddDate(-3, 0, 0), noon.AddDate(1, 0, 0), store.Day)
	if err != nil {
		t.Fatalf("Series: %v", err)
	}
	for _, c := range cs {
		sum.Negative += c.Negative
		sum.Neutral += c.Neutral
		sum.Positive += c.Positive
		sum.Rated += c.Rated
		sum.Rating += c.Rating
		sum.Value += c.Value
	}
	return sum
}

func testCountedOnce(t *testing.T, s store.Store) {
	for i, want := range []int{30, 0, 0} {
		ms := mentions("acme", 30)
		if i == 2 { // the source has changed its mind about the dates
			for j := range ms {
				ms[j].Published = ms[j].Published.AddDate(0, -5, 0)
			}
		}
		st := commit(t, s, ms...)
		if len(st.New) != want || st.Same != 30-want || len(st.Changed) != 0 {
			t.Fatalf("Commit #%d: %d new, %d same, %d changed, want %d new", i, len(st.New), st.Same, len(st.Changed), want)
		}
	}
	twice := mention("acme", 99)
	if st := commit(t, s, twice, twice); len(st.New) != 1 || st.Same != 1 {
		t.Errorf("one mention twice on a page: %+v, want 1 new", st)
	}
	other := mention("rival", 1)
	if st := commit(t, s, other); len(st.New) != 1 {
		t.Errorf("the same text about another brand: %+v, want 1 new", st)
	}
	if got := total(t, s, "acme").Total(); got != 31 {
		t.Errorf("counts hold %d, want 31", got)
	}
}

func testRoundTrip(t *testing.T, s store.Store) {
	m := mention("acme", 7)
	m.About, m.Reach, m.Flag, m.Story = "Kahvinkeitin", 1200, "1/5", "71ppj0533yxgavh0j5ng"
	m.Owner = &puskaradio.Reply{Author: "Acme", Text: "Pahoittelemme!", At: noon}
	m.Score.Aspects = []puskaradio.Aspect{{Name: "delivery", Label: puskaradio.Negative, Words: []string{"toimitus"}}}
	m.Score.Words, m.Score.Stage, m.Score.Touchpoint = []string{"kesti"}, "after", "delivery"
	id := commit(t, s, m).New[0]
	for _, brand := range []string{"acme", ""} {
		got, err := s.Mention(t.Context(), brand, id)
		if err != nil {
			t.Fatalf("Mention(%q): %v", brand, err)
		}
		if diff := cmp.Diff(m, got.Mention); diff != "" {
			t.Errorf("Mention(%q) (-want +got):\n%s", brand, diff)
		}
	}
	if _, err := s.Mention(t.Context(), "acme", puskaradio.NewID(5, 5)); !errors.Is(err, puskaradio.ErrNotFound) {
		t.Errorf("unknown id: %v, want ErrNotFound", err)
	}
	if _, err := s.Mention(t.Context(), "acme", "../etc"); !errors.Is(err, puskaradio.ErrNotFound) {
		t.Errorf("garbled id: %v, want ErrNotFound", err)
	}
}

func testEdit(t *testing.T, s store.Store) {
	m := mention("acme", 1)
	id := commit(t, s, m).New[0]
	edited := m
	edited.Text = "Nyt suututtaa"
	edited.Rating = &puskaradio.Rating{Value: 1, Best: 5, Worst: 1}
	edited.Score = &puskaradio.Score{Label: puskaradio.Negative, Value: -1, Lang: "fi"}
	edited.Published = m.Published.Add(3 * time.Hour) // the edit moves the source's date
	edited.FirstSeen = noon.Add(time.Hour)
	edited.Flag = "1/5"
	for range 2 {
		commit(t, s, edited)
	}
	got, err := s.Mention(t.Context(), "acme", id)
	if err != nil {
		t.Fatal(err)
	}
	if got.Mention.Text != edited.Text || len(got.Mention.Versions) != 1 || got.Mention.Versions[0].Text != m.Text ||
		!got.Mention.Versions[0].Until.Equal(edited.FirstSeen) || !got.Mention.Published.Equal(m.Published) {
		t.Errorf("after an edit: %+v", got.Mention)
	}
	if got.Status != puskaradio.New {
		t.Errorf("an edit to one star has status %q, want new", got.Status)
	}
	if sum := total(t, s, "acme"); sum.Total() != 1 || sum.Negative != 1 || sum.Rating != 0 {
		t.Errorf("counts after an edit: %+v", sum)
	}
	if es, _, _ := s.Search(t.Context(), "kesti", store.Filter{Brand: "acme"}); len(es) != 0 {
		t.Errorf("a word of the old version still finds it: %v", es)
	}
	if es, _, _ := s.Search(t.Context(), "suututtaa", store.Filter{Brand: "acme"}); len(es) != 1 {
		t.Errorf("a word of the new version finds %d", len(es))
	}
}

func testDeletion(t *testing.T, s store.Store) {
	m := mention("acme", 3)
	m.Flag = "1/5"
	id := commit(t, s, m).New[0]
	for i, want := range []int{1, 0} {
		st, err := s.Commit(t.Context(), store.Crawl{
			Source: "shop", Brands: []string{"acme", "rival"}, Gone: []string{"3", "never seen"},
			Ledger: puskaradio.Coverage{Source: "shop", At: noon, Hour: noon},
		})
		if err != nil || len(st.Gone) != want {
			t.Fatalf("deletion #%d: %+v, %v, want %d gone", i, st, err, want)
		}
	}
	c, err := s.Case(t.Context(), "acme", id)
	if err != nil || c.Mention.State != puskaradio.Deleted || !c.Mention.Gone.Equal(noon) || c.Status != puskaradio.Done || len(c.Changes) != 1 {
		t.Errorf("after a deletion: %+v, %v", c, err)
	}
	if st := commit(t, s, m); len(st.Changed) != 1 {
		t.Errorf("back again: %+v, want 1 changed", st)
	}
	if got, _ := s.Mention(t.Context(), "acme", id); got.Mention.State != puskaradio.Live || len(got.Mention.Versions) != 0 {
		t.Errorf("back again: %+v", got.Mention)
	}
}

func testCursor(t *testing.T, s store.Store) {
	ctx := t.Context()
	if c, err := s.Cursor(ctx, "crawl/shop"); c != nil || err != nil {
		t.Fatalf("Cursor of nothing = %q, %v", c, err)
	}
	for i, next := range []string{"2", "3", ""} {
		crawl := store.Crawl{Source: "shop", Job: "crawl/shop"}
		if next != "" {
			crawl.Cursor = []byte(next)
		}
		if _, err := s.Commit(ctx, crawl); err != nil {
			t.Fatal(err)
		}
		if c, _ := s.Cursor(ctx, "crawl/shop"); string(c) != []string{"2", "3", "3"}[i] {
			t.Errorf("Cursor #%d = %q", i, c)
		}
	}
}

func testPaging(t *testing.T, s store.Store) {
	commit(t, s, mentions("acme", 250)...)
	for i := range 3 {
		commit(t, s, mention(fmt.Sprint("other", i), i)) // brands before and after it in the keys
	}
	for _, f := range []store.Filter{{Brand: "acme", Limit: 40}, {Brand: "acme", Limit: 40, From: noon.AddDate(0, 0, -3)}} {
		var refs []string
		for {
			es, next, err := s.Mentions(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range es {
				refs = append(refs, e.Mention.Ref)
			}
			if f.After = next; next == "" {
				break
			}
		}
		want := 250
		if !f.From.IsZero() {
			want = 73
		}
		if len(refs) != want || refs[0] != "0" || refs[want-1] != fmt.Sprint(want-1) {
			t.Errorf("%+v: %d mentions, want %d, the newest first", f, len(refs), want)
		}
		slices.Sort(refs)
		if len(slices.Compact(refs)) != want {
			t.Errorf("%+v: some came twice", f)
		}
	}
}

func testFilters(t *testing.T, s store.Store) {
	commit(t, s, mentions("acme", 30)...)
	other := mention("rival", 1)
	other.Source = "forum"
	commit(t, s, other)
	for _, tt := range []struct {
		f    store.Filter
		want int
	}{
		{store.Filter{}, 31},
		{store.Filter{Brand: "acme"}, 30},
		{store.Filter{Brand: "nobody"}, 0},
		{store.Filter{Labels: []puskaradio.Label{puskaradio.Negative}}, 10},
		{store.Filter{Sources: []string{"forum"}}, 1},
		{store.Filter{Brand: "acme", From: noon.Add(-5 * time.Hour), To: noon}, 5},
		{store.Filter{Brand: "acme", To: noon.Add(-29 * time.Hour)}, 0},
	} {
		es, _, err := s.Mentions(t.Context(), tt.f)
		if err != nil || len(es) != tt.want {
			t.Errorf("Mentions(%+v) = %d, %v, want %d", tt.f, len(es), err, tt.want)
		}
	}
}

func testRetain(t *testing.T, s store.Store) {
	var ms []puskaradio.Mention
	for i := range 300 { // ten months
		m := mention("acme", i)
		m.Published = noon.AddDate(0, 0, -i)
		m.Flag = "x"
		ms = append(ms, m)
	}
	commit(t, s, ms...)
	n, err := s.Retain(t.Context(), noon.AddDate(0, 0, -99), noon.AddDate(0, 0, -10))
	if err != nil || n != 200 {
		t.Fatalf("Retain = %d, %v, want 200", n, err)
	}
	es, _, err := s.Mentions(t.Context(), store.Filter{Limit: 1000})
	if err != nil || len(es) != 100 {
		t.Fatalf("%d are left, %v, want 100", len(es), err)
	}
	if got := total(t, s, "acme").Total(); got != 300 {
		t.Errorf("counts hold %d, want 300", got)
	}
	hours, err := s.Series(t.Context(), "acme", noon.AddDate(0, 0, -60), noon.Add(time.Hour), store.Hour)
	if err != nil || len(hours) != 11 {
		t.Errorf("%d hours are left, %v, want those of eleven days", len(hours), err)
	}
	if w, _ := s.Waiting(t.Context(), "acme"); w[puskaradio.New] != 100 {
		t.Errorf("%d cases, want 100", w[puskaradio.New])
	}
	if es, _, err := s.Search(t.Context(), "toimitus", store.Filter{Brand: "acme", Limit: 1000}); err != nil || len(es) != 100 {
		t.Errorf("search finds %d, %v, want 100", len(es), err)
	}
	if st := commit(t, s, ms...); len(st.New) != 0 || len(st.Changed) != 0 {
		t.Errorf("what was forgotten came back: %d new", len(st.New))
	}
}

func testSchedule(t *testing.T, s store.Store) {
	ctx := t.Context()
	j := store.Job{Key: "crawl/a", Kind: "crawl", Due: noon, Every: time.Hour}
	if err := s.Schedule(ctx, j, store.Job{Key: "digest/a", Kind: "digest", Due: noon}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ due, want time.Time }{
		{noon.Add(time.Hour), noon}, {noon.Add(-time.Minute), noon.Add(-time.Minute)},
	} {
		j.Due = tt.due
		if err := s.Schedule(ctx, j); err != nil {
			t.Fatal(err)
		}
		jobs, err := s.Jobs(ctx, "crawl/")
		if err != nil || len(jobs) != 1 || !jobs[0].Due.Equal(tt.want) {
			t.Errorf("Schedule for %v: %v, %v, want %v", tt.due, jobs, err, tt.want)
		}
	}
	if err := s.Unschedule(ctx, "crawl/a", "no such job"); err != nil {
		t.Fatal(err)
	}
	if jobs, _ := s.Jobs(ctx, ""); len(jobs) != 1 {
		t.Errorf("jobs left: %v", jobs)
	}
}

func testRefusesBad(t *testing.T, s store.Store) {
	good, nobody, early := mention("acme", 1), mention("", 2), mention("acme", 3)
	early.Published = time.Date(1906, 1, 1, 0, 0, 0, 0, time.UTC)
	_, err := s.Commit(t.Context(), store.Crawl{Source: "shop", Mentions: []puskaradio.Mention{good, nobody, early}})
	if err == nil || !strings.Contains(err.Error(), "no brand") || !strings.Contains(err.Error(), "1906") {
		t.Errorf("Commit = %v, want both faults", err)
	}
	if got := total(t, s, "acme").Total(); got != 0 {
		t.Errorf("%d were kept of a page that was refused", got)
	}
}

func testManyWriters(t *testing.T, s store.Store) {
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 20 {
				m := mention("acme", w*1000+i)
				if _, err := s.Commit(context.WithoutCancel(t.Context()), store.Crawl{Source: "shop", Mentions: []puskaradio.Mention{m, mention("acme", 7)}}); err != nil {
					t.Errorf("Commit: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if got := total(t, s, "acme").Total(); got != 160 {
		t.Errorf("counts hold %d, want 160", got)
	}
	if es, _, err := s.Mentions(t.Context(), store.Filter{Limit: 1000}); err != nil || len(es) != 160 {
		t.Errorf("%d mentions, %v, want 160", len(es), err)
	}
}
