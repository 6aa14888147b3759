package crawler

import (
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/puskaradio/puskaradio"
)

// matchTable reads lines of a brand and a text.
func matchTable(t testing.TB, name string) (rows [][2]string) {
	data, err := os.ReadFile("../testdata/crawler/match/" + name)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		brand, text, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !ok {
			t.Fatalf("%s: %q has no tab", name, line)
		}
		rows = append(rows, [2]string{brand, text})
	}
	return rows
}

// one is the matcher of a single brand.
func one(name string) *Matcher { return NewMatcher([]puskaradio.Brand{{Name: name}}) }

func TestMatchForms(t *testing.T) {
	rows := matchTable(t, "forms.tsv")
	if len(rows) < 120 {
		t.Fatalf("%d forms", len(rows))
	}
	for _, r := range rows {
		m := one(r[0])
		for _, text := range []string{r[1], norm.NFD.String(r[1]), "Eilen " + r[1] + ", ja kotiin."} {
			if got := m.Match(text); len(got) != 1 {
				t.Errorf("%s in %q: %v, want one", r[0], text, got)
			}
		}
	}
}

func TestMatchLookalikes(t *testing.T) {
	rows := matchTable(t, "lookalikes.tsv")
	if len(rows) < 80 {
		t.Fatalf("%d look-alikes", len(rows))
	}
	for _, r := range rows {
		if got := one(r[0]).Match(r[1]); len(got) != 0 {
			t.Errorf("%s in %q: found, want none", r[0], r[1])
		}
	}
}

func TestMatch(t *testing.T) {
	brands := []puskaradio.Brand{
		{Name: "Nokia"},
		{Name: "Nokia Renkaat", Aliases: []string{"Nokian Renkaat"}},
		{Name: "Elisa", Require: []string{"liittymä", "netti"}, Forbid: []string{"nimipäivä"}},
		{Name: "Kärkkäinen", Aliases: []string{"karkkainen.com", "J. Kärkkäinen"}},
		{Name: "Sama"},
		{Name: "Sama"},
		{Name: "!!"},
		{},
		{Name: "Levi’s"},
	}
	m := NewMatcher(brands)
	tests := []struct {
		texts []string
		want  []int
	}{
		{[]string{"Nokia ja Nokian Renkaat"}, []int{0, 1}},
		{[]string{"Nokian renkailla ajettiin"}, []int{1}},
		{[]string{"Nokian renkaista, Nokian renkaisiin, NOKIAN RENKAAT"}, []int{1}},
		{[]string{"Nokia nokia nokialla"}, []int{0}},
		{[]string{"Elisa on kiva"}, nil},
		{[]string{"Elisan liittymästä"}, []int{2}},
		{[]string{"Elisan nettiä ei ole"}, []int{2}},
		{[]string{"Elisan nimipäivänä netti kaatui"}, nil},
		{[]string{"Elisa", "netissä vikaa"}, []int{2}},
		{[]string{"Elisa", "netissä vikaa", "nimipäivät"}, nil},
		{[]string{"K\xe4rkk\xe4iselt\xe4"}, []int{3}}, // Latin-1
		{[]string{"Ka\u0308rkka\u0308iselta\u0308"}, []int{3}},
		{[]string{"Kärk\u00adkäi\u200bnen"}, []int{3}},
		{[]string{"karkkainen.comista"}, []int{3}},
		{[]string{"J. Kärkkäisen"}, []int{3}},
		{[]string{"samat, sama!"}, []int{4, 5}},
		{[]string{"Levi's, Levi’sit"}, []int{8}},
		{[]string{"", "!!", "\xff\xfe", "n", " "}, nil},
	}
	for _, tt := range tests {
		if got := m.AppendMatch(nil, tt.texts...); !slices.Equal(got, tt.want) {
			t.Errorf("AppendMatch(%q) = %v, want %v", tt.texts, got, tt.want)
		}
	}
	if got := m.AppendMatch([]int{7}, "Nokia"); !slices.Equal(got, []int{7, 0}) {
		t.Errorf("AppendMatch to {7} = %v", got)
	}
	if got := NewMatcher(nil).Match("Nokia"); got != nil {
		t.Errorf("Match of no brands = %v", got)
	}
}

func TestMatchTogether(t *testing.T) {
	m := one("Nokia")
	done := make(chan []int)
	for range 8 {
		go func() {
			var last []int
			for range 500 {
				last = m.Match("tämä on Nokiasta")
			}
			done <- last
		}()
	}
	for range 8 {
		if got := <-done; !slices.Equal(got, []int{0}) {
			t.Errorf("Match = %v", got)
		}
	}
}

func TestMatchGenerated(t *testing.T) {
	total, missed := 0, 0
	for _, name := range madeNames(300) {
		m := one(name)
		for _, form := range inflect(name) {
			total++
			if len(m.Match("Kävin "+form+" kanssa")) != 1 {
				if missed++; missed < 20 {
					t.Logf("%s: missed %q", name, form)
				}
			}
		}
	}
	if found := 1 - float64(missed)/float64(total); found < 0.99 {
		t.Errorf("found %.4f of %d forms, want 0.99", found, total)
	}
}

func FuzzMatch(f *testing.F) {
	for _, r := range matchTable(f, "forms.tsv") {
		f.Add(r[0], r[1])
	}
	f.Add("K\xe4rkk\xe4inen", "\xe4\xff\xc3")
	f.Fuzz(func(t *testing.T, name, text string) {
		m := NewMatcher([]puskaradio.Brand{{Name: name, Aliases: []string{"Musti ja Mirri"}, Forbid: []string{name + " x"}}, {Name: "Nokia", Require: []string{name}}})
		got := m.Match(text)
		if !slices.Equal(got, m.Match(text)) {
			t.Fatalf("Match(%q) twice differs", text)
		}
		letters := 0
		for _, r := range name {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				letters++
			}
		}
		if letters < 3 || !plainLetters(name) || !plainLetters(text) {
			return
		}
		for _, s := range []string{strings.ToUpper(text), strings.ToLower(text), norm.NFD.String(text), norm.NFC.String(text)} {
			if again := m.Match(s); !slices.Equal(again, got) {
				t.Fatalf("%q: Match(%q) = %v, Match(%q) = %v", name, text, got, s, again)
			}
		}
	})
}

// plainLetters reports whether a text can change its case and back.
func plainLetters(s string) bool {
	for _, r := range s {
		if r == unicode.ReplacementChar || r >= 0x250 || r > 0x7F && (unicode.ToLower(unicode.ToUpper(r)) != unicode.ToLower(r)) {
			return false
		}
	}
	return true
}
