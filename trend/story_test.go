package trend

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// storyTexts are texts of our own, as customers write them.
func storyTexts(t testing.TB) (out []string) {
	t.Helper()
	b, err := os.ReadFile("../sentiment/own/data.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		out = append(out, f[len(f)-1])
	}
	return out[1:]
}

// copyOf is a text as others pass it on.
func copyOf(r *rand.Rand, text, other string) string {
	words := strings.Fields(text)
	switch r.IntN(6) {
	case 0: // word for word
	case 1: // as a repost with a link
		return "RT @somebody: " + text + " https://t.example/" + fmt.Sprint(r.IntN(1000))
	case 2: // in capitals and with other marks
		return strings.ToUpper(strings.NewReplacer(",", "", ".", "!!").Replace(text))
	case 3: // one word changed
		words[r.IntN(len(words))] = "jotain"
	case 4: // a heading before it
		return "Luettu palstalta: " + text
	case 5: // the end cut off
		words = words[:len(words)-max(1, len(words)/6)]
	}
	return strings.Join(words, " ")
}

// TestStories measures on made pairs: copies that are found, and different
// texts that are taken for copies.
func TestStories(t *testing.T) {
	texts := storyTexts(t)
	r := rand.New(rand.NewPCG(1, 2))
	s := NewStories[int](10_000)
	long, wrong := 0, 0
	for i, text := range texts {
		if _, ok := NewSketch(text); ok {
			long++
		}
		if of, ok := s.Add(i, text); ok {
			wrong++
			t.Logf("%q is taken for a copy of %q", text, texts[of])
		}
	}
	found, copies, misled := 0, 0, 0
	for i, text := range texts {
		if len(strings.Fields(text)) < 12 {
			continue
		}
		copies++
		switch of, ok := s.Add(100_000+i, copyOf(r, text, texts[r.IntN(len(texts))])); {
		case ok && of == i:
			found++
		case ok:
			misled++
		}
	}
	recall, precision := float64(found)/float64(copies), float64(found)/float64(found+misled+wrong)
	t.Logf("%d different texts, %d long enough to be copied: %d taken for copies. %d copies: %.3f found; precision %.3f", len(texts), long, wrong, copies, recall, precision)
	if recall < 0.95 || precision < 0.99 {
		t.Errorf("recall %.3f, precision %.3f, want 0.95 and 0.99", recall, precision)
	}
}

func TestStoriesForget(t *testing.T) {
	s := NewStories[int](100)
	text := func(i int) string {
		return fmt.Sprintf("this is the long story number %d about the parcel %d that never came %d", i, i*7, i*13)
	}
	for i := range 1000 {
		if of, ok := s.Add(i, text(i)); ok {
			t.Fatalf("%d is a copy of %d", i, of)
		}
	}
	if len(s.tales) > 100 || len(s.bands) > 100*16 || len(s.byID) > 100 {
		t.Errorf("%d stories, %d bands are kept, want 100", len(s.tales), len(s.bands))
	}
	if of, ok := s.Add(2000, text(999)); !ok || of != 999 {
		t.Errorf("a copy of the newest: %d, %v", of, ok)
	}
	if _, ok := s.Add(2001, text(0)); ok {
		t.Error("one that was forgotten is still known")
	}
	if _, ok := s.Add(999, text(999)); ok {
		t.Error("a text is a copy of itself")
	}
	for _, short := range []string{"", "Hyvä palvelu, suosittelen!", "@a @b @c https://x.example/ !!! ??? ... --- *** +++"} {
		if s.Add(3000, short); len(s.byID) > 100 {
			t.Errorf("%q begins a story", short)
		}
	}
}

func BenchmarkStories(b *testing.B) {
	texts := storyTexts(b)
	s := NewStories[int](50_000)
	i := 0
	for b.Loop() {
		s.Add(i, texts[i%len(texts)])
		i++
	}
}

// TestStoriesHalve: the newer half is known still, the older is not.
func TestStoriesHalve(t *testing.T) {
	s := NewStories[int](100)
	text := func(i int) string {
		return fmt.Sprintf("parcel %d of house %d went to street %d and town %d by van %d on day %d", i, i*7, i*13, i*17, i*19, i*23)
	}
	for i := range 10 {
		if _, ok := s.Add(i, text(i)); ok {
			t.Fatalf("%d repeats another", i)
		}
	}
	s.Halve()
	if s.Len() != 5 {
		t.Fatalf("%d are left", s.Len())
	}
	if of, ok := s.Add(100, text(9)); !ok || of != 9 {
		t.Errorf("the newest is %v, %v", of, ok)
	}
	if _, ok := s.Add(101, text(0)); ok {
		t.Error("the oldest is known")
	}
	for range 5 {
		s.Halve()
	}
	if s.Len() != 0 {
		t.Errorf("%d are left", s.Len())
	}
}
