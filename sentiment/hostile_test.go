package sentiment

import (
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/puskaradio/puskaradio"
)

func hostile() []string {
	return []string{
		"", " ", "\n\n\n", "😀", strings.Repeat("😡", 30000), "\xff\xfe\xfd", "hyvä\xc3", "\x00\x00",
		strings.Repeat("a", 100000), strings.Repeat("ä", 100000), strings.Repeat("ei ", 40000),
		strings.Repeat("not good but ", 9000), strings.Repeat(":)", 50000), strings.Repeat("mutta ", 30000),
		strings.Repeat("a\u0301", 50000), strings.Repeat("\u0301", 100000), strings.Repeat("\u200b", 100000),
		strings.Repeat("!?", 50000), strings.Repeat("the a.b.c. ", 300), strings.Repeat("hy\u200dvä ", 9000),
		strings.Repeat("don't ", 9000), strings.Repeat("ei enää koskaan ", 6000), "\u202egnitset", "hyvä\u0000huono",
	}
}

func TestHostile(t *testing.T) {
	s := newScorer(t)
	for _, text := range hostile() {
		began := time.Now()
		sc := s.Score([]Text{{Text: text, Title: text, Genre: puskaradio.Review}})[0]
		checkScore(t, text, sc)
		if took := time.Since(began); took > 30*time.Second { // a hundred times what the race detector makes of it
			t.Errorf("%.20q…: took %v", text, took)
		}
	}
}

func newScorer(t testing.TB) Scorer {
	t.Helper()
	s, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// checkScore checks what holds for every score.
func checkScore(t *testing.T, text string, sc puskaradio.Score) {
	t.Helper()
	for name, v := range map[string]float64{"value": sc.Value, "confidence": sc.Confidence*2 - 1} {
		if math.IsNaN(v) || v < -1 || v > 1 {
			t.Errorf("%.20q: %s %v is out of range", text, name, v)
		}
	}
	if sc.Unsure != (sc.Why != "") {
		t.Errorf("%.20q: unsure %v, but why %q", text, sc.Unsure, sc.Why)
	}
	if sc.Label == "" || sc.Model == "" || len(sc.Words) > 6 {
		t.Errorf("%.20q: %+v", text, sc)
	}
	for _, w := range sc.Words {
		if !utf8.ValidString(w) {
			t.Errorf("%.20q: word %q", text, w)
		}
	}
	if sc.Label == puskaradio.Positive && sc.Value <= 0 || sc.Label == puskaradio.Negative && sc.Value >= 0 {
		t.Errorf("%.20q: %s, but %v", text, sc.Label, sc.Value)
	}
}

func FuzzScore(f *testing.F) {
	for _, s := range hostile() {
		if len(s) < 500 {
			f.Add(s, "", "")
		}
	}
	f.Add("Toimitus myöhästyi, mutta palvelu oli erinomaista :)", "Kiitos", "fi")
	f.Add("Great, Mr. Smith... NOT! It didn't arrive at 3 p.m.", "Meh", "en-GB")
	s := newScorer(f)
	f.Fuzz(func(t *testing.T, text, title, lang string) {
		in := []Text{{Text: text, Title: title, Lang: lang}}
		checkScore(t, text, s.Score(in)[0])
	})
}

func TestUnseen(t *testing.T) {
	s := newScorer(t)
	for got, want := range map[string]string{
		"Aivan sur\u200bkea palvelu":         "Aivan surkea palvelu",
		"Palvelu oli hyva\u0308\u0308\u0308": "Palvelu oli hyvä",
		"This is tеrriblе":                   "This is terrible", // with Cyrillic letters
		"I ha\u00adte this":                  "I hate this",
		"Toimitus oli pettyma\u0308s":        "Toimitus oli pettymäs",
	} {
		g, w := s.Score([]Text{{Text: got}})[0], s.Score([]Text{{Text: want}})[0]
		if g.Label != w.Label || g.Value != w.Value {
			t.Errorf("%q: %s %v, want %s %v", got, g.Label, g.Value, w.Label, w.Value)
		}
	}
}
