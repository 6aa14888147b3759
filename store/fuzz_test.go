package store

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/puskaradio/puskaradio"
)

// FuzzDecodeMention reads records that a disk has garbled.
func FuzzDecodeMention(f *testing.F) {
	m := puskaradio.Mention{
		Ref: "1", URL: "https://a.example", Author: "Maija", Title: "T", Text: "teksti ä 😀", Lang: "fi",
		Rating: &puskaradio.Rating{Value: 4.5, Best: 5, Worst: 1}, Published: time.Unix(1e9, 0).UTC(), DateFrom: puskaradio.DatePublished,
		Versions: []puskaradio.Version{{Text: "ennen", Until: time.Unix(1e9, 0).UTC()}}, Owner: &puskaradio.Reply{Text: "kiitos"},
		Score: &puskaradio.Score{
			Label: puskaradio.Negative, Value: -0.5, Words: []string{"a"}, JourneyWords: []string{"b"}, Embedded: &puskaradio.Score{Label: puskaradio.Positive},
			Aspects: []puskaradio.Aspect{{Name: "delivery", Component: "service", Label: puskaradio.Negative}},
		},
	}
	f.Add(appendMention(nil, &m))
	f.Add([]byte{recordVersion})
	f.Add(append([]byte{1}, appendMention(nil, &puskaradio.Mention{Text: "x"})[1:]...))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := decodeMention(b)
		if err != nil {
			return
		}
		again, err := decodeMention(appendMention(nil, &got))
		if err != nil || digest(&again) != digest(&got) {
			t.Errorf("what was read cannot be written and read again: %v", err)
		}
	})
}

func FuzzEachIn(f *testing.F) {
	f.Add(appendList(nil, []uint32{1, 5, 900}), uint32(0), uint32(1000))
	f.Fuzz(func(t *testing.T, b []byte, lo, hi uint32) {
		n := 0
		eachIn(b, lo, hi, func(o uint32) {
			if o < lo || o >= hi {
				t.Fatalf("%d is not in [%d, %d)", o, lo, hi)
			}
			if n++; n > 10*len(b)+10 {
				t.Fatal("more numbers than bytes")
			}
		})
	})
}

func FuzzQuery(f *testing.F) {
	for _, s := range []string{`palvelu "never again" kahv*`, `"`, "*", "ä\u0308 \u202e", strings.Repeat("x", 5000)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, q string) {
		terms, phrases := parseQuery(q)
		for _, x := range terms {
			if x.word == "" && len(x.prefixes) == 0 || slices.Contains(x.prefixes, "") {
				t.Fatalf("a term that finds everything, of %q: %+v", q, x)
			}
		}
		for _, p := range phrases {
			if len(p) < 2 {
				t.Fatalf("a phrase of one word, of %q", q)
			}
		}
	})
}

// FuzzWords folds any text: no word is empty, long, or differs from itself.
func FuzzWords(f *testing.F) {
	f.Add("Häiriö KESTI viikon! \xff\xfe 日本語 ẞ ﬁ")
	f.Fuzz(func(t *testing.T, s string) {
		for _, w := range appendWords(nil, s) {
			if len(w) == 0 || len(w) > maxWord {
				t.Fatalf("word %q of %q", w, s)
			}
		}
	})
}

// TestLists writes lists of any length and reads any part of them.
func TestLists(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 2000).Draw(t, "n")
		set := map[uint32]bool{}
		for range n {
			set[rapid.Uint32Range(0, 1<<20).Draw(t, "ord")] = true
		}
		var all []uint32
		for o := range set {
			all = append(all, o)
		}
		slices.Sort(all)
		lo := rapid.Uint32Range(0, 1<<20).Draw(t, "lo")
		hi := rapid.Uint32Range(0, 1<<21).Draw(t, "hi")
		var got, want []uint32
		if !eachIn(appendList(nil, all), lo, hi, func(o uint32) { got = append(got, o) }) {
			t.Fatal("the list is damaged")
		}
		for _, o := range all {
			if o >= lo && o < hi {
				want = append(want, o)
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("[%d, %d): %d numbers, want %d", lo, hi, len(got), len(want))
		}
	})
}

// TestSearchFindsAll compares the index, through all its merges, with a scan.
func TestSearchFindsAll(t *testing.T) {
	s, err := OpenBolt(t.TempDir(), &BoltOptions{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := rand.New(rand.NewPCG(5, 6))
	vocabulary := strings.Fields("kissa koira hevonen lammas porsas kana kukko ankka hanhi kalkkuna vuohi lehmä sonni vasikka varsa pässi")
	type doc struct {
		brand string
		words map[string]bool
		at    time.Time
	}
	docs := map[string]doc{}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for page := range 150 {
		var ms []puskaradio.Mention
		for i := range 1 + r.IntN(12) {
			d := doc{brand: string(rune('a' + r.IntN(5))), words: map[string]bool{}, at: start.Add(time.Duration(r.IntN(300*24)) * time.Hour)}
			var text []string
			for range 1 + r.IntN(5) {
				w := vocabulary[r.IntN(len(vocabulary))]
				d.words[w] = true
				text = append(text, w)
			}
			ref := string(rune('A'+i)) + time.Duration(page).String()
			docs[ref] = d
			ms = append(ms, puskaradio.Mention{Brand: d.brand, Source: "s", Ref: ref, Text: strings.Join(text, " "), Published: d.at, FirstSeen: d.at})
		}
		if _, err := s.Commit(t.Context(), Crawl{Source: "s", Mentions: ms}); err != nil {
			t.Fatal(err)
		}
	}
	for range 200 {
		a, b := vocabulary[r.IntN(len(vocabulary))], vocabulary[r.IntN(len(vocabulary))]
		f := Filter{Limit: 7}
		if r.IntN(3) > 0 {
			f.Brand = string(rune('a' + r.IntN(5)))
		}
		want := 0
		for _, d := range docs {
			if d.words[a] && d.words[b] && (f.Brand == "" || d.brand == f.Brand) {
				want++
			}
		}
		got, last := 0, time.Unix(1<<40, 0)
		for {
			es, next, err := s.Search(t.Context(), `"`+a+`" "`+b+`"`, f)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range es {
				if e.Mention.Published.After(last) {
					t.Fatalf("search of %s %s: not the newest first", a, b)
				}
				last = e.Mention.Published
			}
			got += len(es)
			if f.After = next; next == "" {
				break
			}
		}
		if got != want {
			t.Fatalf("search of %s %s in %q: %d, want %d", a, b, f.Brand, got, want)
		}
	}
}
