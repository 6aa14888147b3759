package main

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/sentiment"
)

func demoTexts(t *testing.T) []demoPost {
	t.Helper()
	ps, err := demoPosts()
	if err != nil {
		t.Fatal(err)
	}
	return ps
}

// Each text is somebody's own: none is there twice, and no two begin alike.
func TestDemoTexts(t *testing.T) {
	ps := demoTexts(t)
	if len(ps) < 600 {
		t.Errorf("%d texts", len(ps))
	}
	matcher := crawler.NewMatcher([]puskaradio.Brand{{Name: "Tuulikello"}, {Name: "Havupuoti"}})
	places, rivals := map[string]int{}, 0
	begins := map[string]string{}
	for _, p := range ps {
		places[p.place]++
		words := strings.FieldsFunc(strings.ToLower(p.text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		begin := strings.Join(words[:min(5, len(words))], " ")
		if other, ok := begins[begin]; ok {
			t.Errorf("two texts begin alike:\n%s\n%s", p.text, other)
		}
		begins[begin] = p.text
		brands := matcher.Match(p.title + "\n" + p.text)
		if p.place != "shop" && len(brands) == 0 {
			t.Errorf("%s %d names no brand: %s", p.place, p.id, p.text)
		}
		if slices.Contains(brands, 1) && p.place == "forum" {
			rivals++
		}
		switch {
		case p.lang != "fi" && p.lang != "en", p.author == "", p.ago <= 0, p.ago > 90*24*time.Hour:
			t.Errorf("%+v", p)
		case (p.place == "shop") != (p.stars >= 1 && p.stars <= 5):
			t.Errorf("%s with %d stars: %s", p.place, p.stars, p.text)
		}
	}
	for place, least := range map[string]int{"shop": 280, "forum": 170, "social": 130} {
		if places[place] < least {
			t.Errorf("%d texts at the %s, want %d", places[place], place, least)
		}
	}
	if rivals < 60 {
		t.Errorf("%d texts of the forum name the rival", rivals)
	}
}

// The crisis is one of deliveries, within six hours, and everywhere; before it
// no day stands out.
func TestDemoCrisis(t *testing.T) {
	places, bad := map[string]int{}, map[int]int{}
	n, about := 0, 0
	for _, p := range demoTexts(t) {
		if !p.crisis {
			if p.stars == 1 || p.stars == 2 {
				bad[int(p.ago/(24*time.Hour))]++
			}
			continue
		}
		n++
		places[p.place]++
		if p.ago > 6*time.Hour {
			t.Errorf("%v ago: %s", p.ago, p.text)
		}
		text := strings.ToLower(p.title + " " + p.text)
		if slices.ContainsFunc([]string{"paket", "toimit", "vanta", "seuran", "parcel", "order", "deliver", "odott", "tilauk", "vastat", "perille", "lahja"}, func(s string) bool { return strings.Contains(text, s) }) {
			about++
		}
	}
	if n < 30 || about < n*9/10 || len(places) != 3 {
		t.Errorf("%d texts of the crisis, %d about deliveries, at %v", n, about, places)
	}
	for day, n := range bad {
		if n > 3 {
			t.Errorf("%d bad reviews %d days ago", n, day)
		}
	}
}

// What the shop's customers write is understood without their stars.
func TestDemoIsUnderstood(t *testing.T) {
	scorer, err := sentiment.New()
	if err != nil {
		t.Fatal(err)
	}
	var all, right [6]int
	for _, p := range demoTexts(t) {
		if p.stars == 0 || p.stars == 3 {
			continue
		}
		want := puskaradio.Positive
		if p.stars < 3 {
			want = puskaradio.Negative
		}
		got := scorer.Score([]sentiment.Text{{Title: p.title, Text: p.text, Genre: puskaradio.Review}})[0]
		all[p.stars]++
		if got.Label == want {
			right[p.stars]++
		} else {
			t.Logf("%d stars, %s %v %v: %s / %s", p.stars, got.Label, got.Value, got.Words, p.title, p.text)
		}
	}
	for _, pair := range [][2]int{{1, 2}, {4, 5}} {
		n, ok := all[pair[0]]+all[pair[1]], right[pair[0]]+right[pair[1]]
		t.Logf("%d–%d stars: %d of %d", pair[0], pair[1], ok, n)
		if ok*100 < n*80 {
			t.Errorf("%d–%d stars: %d of %d are understood, want 80 %%", pair[0], pair[1], ok, n)
		}
	}
}
