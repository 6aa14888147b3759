package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

func testSearch(t *testing.T, s store.Store) {
	texts := []string{
		"Toimituksen piti tulla maanantaina, häiriö kesti viikon", "Verkkokaupasta tilattu kahvinkeitin rikki",
		"The delivery was late and nobody answered", "Palvelu oli erinomaista, kiitos Maijalle",
		"Palvelun laatu on romahtanut", "never again will I order", "again I say never",
	}
	for i, text := range texts {
		m := mention("acme", i)
		m.Text, m.Title = text, ""
		commit(t, s, m) // a page each, so that segments merge
		m.Brand = "rival"
		commit(t, s, m)
	}
	for _, tt := range []struct {
		query string
		want  []int
	}{
		{"toimitus", []int{0}},
		{"HÄIRIÖ", []int{0}},
		{"hairio", []int{0}},
		{"verkkokauppa", []int{1}},
		{"palvelu", []int{3, 4}},
		{"palvelu laatu", []int{4}},
		{"kahvin*", []int{1}},
		{"delivery late", []int{2}},
		{`"never again"`, []int{5}},
		{"never again", []int{5, 6}},
		{"puuttuu", nil},
		{"", nil},
		{`"" * - !`, nil},
	} {
		for _, brand := range []string{"acme", ""} {
			es, next, err := s.Search(t.Context(), tt.query, store.Filter{Brand: brand})
			if err != nil || next != "" {
				t.Fatalf("Search(%q): %q, %v", tt.query, next, err)
			}
			var got []int
			for _, e := range es {
				if brand != "" || e.Mention.Brand == "acme" {
					got = append(got, slices.Index(texts, e.Mention.Text))
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("Search(%q, brand %q) = %v, want %v", tt.query, brand, got, tt.want)
			}
		}
	}
	es, next, err := s.Search(t.Context(), "palvelu", store.Filter{Brand: "acme", Limit: 1})
	if err != nil || len(es) != 1 || next == "" {
		t.Fatalf("first page: %d, %q, %v", len(es), next, err)
	}
	es, next, err = s.Search(t.Context(), "palvelu", store.Filter{Brand: "acme", Limit: 1, After: next})
	if err != nil || len(es) != 1 || next != "" || !strings.HasPrefix(es[0].Mention.Text, "Palvelun laatu") {
		t.Fatalf("second page: %v, %q, %v", es, next, err)
	}
}

func testSeries(t *testing.T, s store.Store) {
	for i := range 3 {
		commit(t, s, mention(fmt.Sprint("before", i), 5))
	}
	for i, m := range mentions("acme", 60) {
		m.Source = []string{"shop", "forum"}[i%2]
		commit(t, s, m)
	}
	commit(t, s, mention("zebra", 5))
	days, err := s.Series(t.Context(), "acme", noon.AddDate(0, 0, -2), noon.Add(time.Hour), store.Day)
	if err != nil || len(days) != 3 {
		t.Fatalf("Series by day: %v, %v, want 3", days, err)
	}
	want := puskaradio.Count{At: noon.Add(-12 * time.Hour), Negative: 5, Positive: 8, Value: 0.25, Rated: 13, Rating: 5.75}
	if diff := cmp.Diff(want, days[2]); diff != "" {
		t.Errorf("last day (-want +got):\n%s", diff)
	}
	by, err := s.SeriesBySource(t.Context(), "acme", noon.Add(-12*time.Hour), noon.Add(time.Hour), store.Day)
	if err != nil || len(by) != 2 || by[0].Source == by[1].Source || by[0].Total()+by[1].Total() != 13 || by[0].Value+by[1].Value != want.Value {
		t.Errorf("SeriesBySource: %+v, %v, want two that sum up to the day", by, err)
	}
	hours, err := s.Series(t.Context(), "acme", noon.Add(-9*time.Hour), noon, store.Hour)
	if err != nil || len(hours) != 9 || !hours[8].At.Equal(noon.Add(-time.Hour)) {
		t.Errorf("Series by hour: %v, %v, want 9", hours, err)
	}
}

func testUnknownNames(t *testing.T, s store.Store) {
	ctx := t.Context()
	if cs, err := s.Series(ctx, "nobody", noon, noon.AddDate(0, 0, 1), store.Day); len(cs) != 0 || err != nil {
		t.Errorf("Series = %v, %v", cs, err)
	}
	if cs, _, err := s.Inbox(ctx, store.Filter{Brand: "nobody"}); len(cs) != 0 || err != nil {
		t.Errorf("Inbox = %v, %v", cs, err)
	}
	if es, _, err := s.Search(ctx, "palvelu", store.Filter{Brand: "nobody"}); len(es) != 0 || err != nil {
		t.Errorf("Search = %v, %v", es, err)
	}
	if _, _, err := s.Mentions(ctx, store.Filter{After: "garbage"}); !errors.Is(err, puskaradio.ErrNotFound) {
		t.Errorf("a garbled page token: %v", err)
	}
}
