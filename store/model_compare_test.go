package store_test

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// compare looks at everything that can be asked.
func (m *model) compare(rt *rapid.T) {
	if got, err := m.store.Cursor(context.Background(), "crawl"); err != nil || string(got) != m.cursor {
		rt.Fatalf("Cursor = %q, %v, want %q", got, err, m.cursor)
	}
	limit := rapid.SampledFrom([]int{1, 4, 9, 50, 50}).Draw(rt, "limit")
	for _, brand := range []string{"", rapid.SampledFrom(modelBrands).Draw(rt, "brand")} {
		for _, f := range []store.Filter{
			{},
			{From: noon.AddDate(0, 0, -60)},
			{To: noon},
			{From: noon.Add(-time.Hour), To: noon.Add(time.Second)},
			{Labels: []puskaradio.Label{puskaradio.Negative, puskaradio.Neutral}},
			{Sources: modelSources[:1]},
			{Statuses: []puskaradio.Status{"", puskaradio.Done}},
			{Sources: modelSources[1:], Labels: []puskaradio.Label{puskaradio.Positive}, To: noon},
		} {
			f.Brand, f.Limit = brand, limit
			m.compareMentions(rt, f)
		}
		m.compareInbox(rt, brand, limit)
		m.compareSearch(rt, brand, limit)
		if brand != "" {
			m.compareSeries(rt, brand)
		}
	}
}

func (m *model) compareMentions(rt *rapid.T, f store.Filter) {
	want := m.newest(f, func(*told) bool { return true })
	got := pages(rt, f, len(want), func(f store.Filter) ([]store.Entry, string, error) {
		return m.store.Mentions(context.Background(), f)
	}, func(e store.Entry) puskaradio.ID {
		x := m.told[e.ID]
		if x == nil || e.Status != x.status || !same(e.Mention, x.m) {
			rt.Fatalf("Mentions: %s (-want +got):\n%s", e.ID, gocmp.Diff(x, &told{m: e.Mention, status: e.Status}, gocmp.AllowUnexported(told{})))
		}
		return e.ID
	})
	if !slices.Equal(got, want) {
		rt.Fatalf("Mentions(%+v) = %v, want %v", f, got, want)
	}
}

func (m *model) compareInbox(rt *rapid.T, brand string, limit int) {
	counts := map[puskaradio.Status]int{}
	for _, statuses := range [][]puskaradio.Status{nil, {puskaradio.New}, {puskaradio.Claimed}, {puskaradio.Answered, puskaradio.Done}, {puskaradio.Snoozed}, {puskaradio.FalseAlarm}} {
		f := store.Filter{Brand: brand, Statuses: statuses, Limit: limit}
		want := m.newest(f, func(x *told) bool { return statuses != nil || x.status.Open() })
		got := pages(rt, f, len(want), func(f store.Filter) ([]puskaradio.Case, string, error) {
			return m.store.Inbox(context.Background(), f)
		}, func(c puskaradio.Case) puskaradio.ID {
			x := m.told[c.ID]
			one, err := m.store.Case(context.Background(), brand, c.ID)
			if x == nil || err != nil || !same(one, c) || !same(c, puskaradio.Case{ID: c.ID, Mention: x.m, Status: x.status, Who: x.who, Until: x.until, Changes: x.changes}) {
				rt.Fatalf("Inbox: %+v, alone %+v, %v, want %+v", c, one, err, x)
			}
			if statuses != nil {
				counts[c.Status]++
			}
			return c.ID
		})
		if !slices.Equal(got, want) {
			rt.Fatalf("Inbox(%+v) = %v, want %v", f, got, want)
		}
	}
	if brand == "" {
		return
	}
	if got, err := m.store.Waiting(context.Background(), brand); err != nil || !same(got, counts) {
		rt.Fatalf("Waiting(%s) = %v, %v, want %v", brand, got, err, counts)
	}
}

func (m *model) compareSearch(rt *rapid.T, brand string, limit int) {
	for query, says := range map[string]func(text string) bool{
		"palvelu":         func(s string) bool { return strings.Contains(s, "palvelu") },
		"hinta LAATU":     func(s string) bool { return strings.Contains(s, "hinta") && strings.Contains(s, "laatu") },
		`"hinta laatu"`:   func(s string) bool { return strings.Contains(s, "hinta laatu") },
		"toi*":            func(s string) bool { return strings.Contains(s, "toimitus") },
		`kahvi "palvelu"`: func(s string) bool { return strings.Contains(s, "kahvi") && strings.Contains(s, "palvelu") },
		"puuttuu":         func(string) bool { return false },
	} {
		for _, f := range []store.Filter{{}, {To: noon, Labels: []puskaradio.Label{puskaradio.Negative}}} {
			f.Brand, f.Limit = brand, limit
			want := m.newest(f, func(x *told) bool { return says(x.m.Text) })
			got := pages(rt, f, len(want), func(f store.Filter) ([]store.Entry, string, error) {
				return m.store.Search(context.Background(), query, f)
			}, func(e store.Entry) puskaradio.ID { return e.ID })
			if !slices.Equal(got, want) {
				rt.Fatalf("Search(%s, %+v) = %v, want %v", query, f, got, want)
			}
		}
	}
}

// pages reads page after page, to the end.
func pages[T any](rt *rapid.T, f store.Filter, want int, read func(store.Filter) ([]T, string, error), id func(T) puskaradio.ID) (ids []puskaradio.ID) {
	for {
		xs, next, err := read(f)
		if err != nil || len(xs) > f.Limit || next != "" && len(xs) < f.Limit {
			rt.Fatalf("page of %+v: %d, %q, %v", f, len(xs), next, err)
		}
		for _, x := range xs {
			ids = append(ids, id(x))
		}
		if f.After = next; next == "" {
			return ids
		}
		if len(ids) > want {
			rt.Fatalf("pages of %+v: %v and no end, want %d", f, ids, want)
		}
	}
}

func (m *model) compareSeries(rt *rapid.T, brand string) {
	for _, step := range []store.Step{store.Hour, store.Day} {
		width := 24 * time.Hour
		if step == store.Hour {
			width = time.Hour
		}
		for _, span := range [][2]time.Time{{time.Unix(0, 0), noon.AddDate(1, 0, 0)}, {noon.AddDate(0, 0, -59), noon}, {noon, noon.Add(time.Second)}} {
			var want []puskaradio.Count
			sums := map[int64]puskaradio.Count{}
			for k, c := range m.rows {
				if k.step != step || k.brand != brand || k.at < span[0].Truncate(width).Unix() || !c.At.Before(span[1]) {
					continue
				}
				want = append(want, c)
				sum := sums[k.at]
				sum.At = c.At
				sum.Negative, sum.Neutral, sum.Positive = sum.Negative+c.Negative, sum.Neutral+c.Neutral, sum.Positive+c.Positive
				sum.Value, sum.Rated, sum.Rating = sum.Value+c.Value, sum.Rated+c.Rated, sum.Rating+c.Rating
				sums[k.at] = sum
			}
			bySource, err := m.store.SeriesBySource(context.Background(), brand, span[0], span[1], step)
			if diff := diffCounts(want, bySource); err != nil || diff != "" {
				rt.Fatalf("SeriesBySource(%s, %v, step %d): %v (-want +got):\n%s", brand, span, step, err, diff)
			}
			want = nil
			for _, c := range sums {
				want = append(want, c)
			}
			all, err := m.store.Series(context.Background(), brand, span[0], span[1], step)
			if diff := diffCounts(want, all); err != nil || diff != "" {
				rt.Fatalf("Series(%s, %v, step %d): %v (-want +got):\n%s", brand, span, step, err, diff)
			}
		}
	}
}

// diffCounts compares two series; within a step the order of sources is free.
func diffCounts(want, got []puskaradio.Count) string {
	if !slices.IsSortedFunc(got, func(a, b puskaradio.Count) int { return a.At.Compare(b.At) }) {
		return "not by time"
	}
	order := func(a, b puskaradio.Count) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		return strings.Compare(a.Source, b.Source)
	}
	want, got = slices.SortedFunc(slices.Values(want), order), slices.SortedFunc(slices.Values(got), order)
	return gocmp.Diff(want, got, gocmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-9 }))
}

func same(a, b any) bool { return gocmp.Equal(a, b) }

// newest are the mentions that a filter takes, the newest first.
func (m *model) newest(f store.Filter, also func(*told) bool) []puskaradio.ID {
	var out []puskaradio.ID
	for id, x := range m.told {
		if (f.Brand == "" || x.m.Brand == f.Brand) && (f.From.IsZero() || !x.m.Published.Before(f.From)) && (f.To.IsZero() || x.m.Published.Before(f.To)) &&
			(f.Labels == nil || slices.Contains(f.Labels, filed(x.m.Verdict()))) && (f.Sources == nil || slices.Contains(f.Sources, x.m.Source)) &&
			(f.Statuses == nil || slices.Contains(f.Statuses, x.status)) && also(x) {
			out = append(out, id)
		}
	}
	slices.SortFunc(out, func(a, b puskaradio.ID) int { return cmp.Compare(b, a) }) // an id sorts by time, then hash
	return out
}
