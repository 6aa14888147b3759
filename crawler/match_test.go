package crawler

import (
	"fmt"
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

// madeNames are names that are put together of syllables, with the endings
// that names have.
func madeNames(n int) []string {
	first := strings.Fields("ka ke ki ko ku la le li lo lu ma me mi mo mu na ne ni no nu ra re ri ro ru sa se si so su ta te ti to tu va ve vi hal hel tam tuo kor pel mar vir lin ran")
	middle := strings.Fields("ka ri lo ma ne vi pu sa te ro du gi be fa ju mi ra so le tu")
	last := strings.Fields("kka ppi tto nta lti nen la ria tin mex sson tek lux us as is kko nki mppu le ne ra do ton ter dal")
	names := make([]string, 0, n)
	for i := 0; len(names) < n; i++ {
		w := first[i%len(first)] + middle[i/len(first)%len(middle)] + last[(i/7)%len(last)]
		if i >= len(first)*len(middle) {
			w = first[(i/13)%len(first)] + middle[(i/3)%len(middle)] + middle[(i/29)%len(middle)] + last[i%len(last)]
		}
		if i%9 == 0 {
			w += " " + middle[i%len(middle)] + last[(i/11)%len(last)]
		}
		names = append(names, strings.ToUpper(w[:1])+w[1:])
	}
	return names
}

// inflect makes forms of a name by rules of its own, apart from the matcher's:
// what a textbook gives, not what the table of endings has.
func inflect(name string) []string {
	head, w, _ := strings.Cut(name, " ")
	if w == "" {
		head, w = "", head
	} else {
		head += " "
	}
	a := "a"
	if !strings.ContainsAny(name[max(0, len(name)-6):], "aou") {
		a = "ä"
	}
	strong, weak := w, w
	swap := func(s, from, to string) string {
		if i := strings.LastIndex(s, from); i > 0 && i == len(s)-len(from) {
			return s[:i] + to
		}
		return s
	}
	switch {
	case strings.HasSuffix(w, "nen"):
		strong = w[:len(w)-3] + "se"
		weak = strong
	case strings.HasSuffix(w, "us"), strings.HasSuffix(w, "is"):
		strong = w[:len(w)-1] + "kse"
		weak = strong
	case strings.HasSuffix(w, "as"):
		strong = w[:len(w)-1] + "a"
		weak = strong
	case strings.ContainsAny(w[len(w)-1:], "aeiou"):
		for _, g := range [][2]string{{"kka", "ka"}, {"ppi", "pi"}, {"tto", "to"}, {"nta", "nna"}, {"lti", "lli"}, {"kko", "ko"}, {"nki", "ngi"}, {"mppu", "mpu"}} {
			if strings.HasSuffix(w, g[0]) {
				weak = swap(w, g[0], g[1])
				break
			}
		}
	default:
		strong, weak = w+"i", w+"i"
	}
	v := strong[len(strong)-1:]
	into := strong + v + "n"
	if strings.HasSuffix(w, "as") {
		into = strong + "seen"
	}
	forms := []string{
		w, w + "kin", weak + "n", weak + "ss" + a, weak + "st" + a, weak + "ll" + a, weak + "lt" + a, weak + "lle", weak + "ksi",
		strong + "n" + a, into, weak + "ss" + a + "kin", weak + "st" + a + "k" + a + a + "n", weak + "nk" + "o", w + ":n", w + "-kauppa",
		weak + "lt" + a + "h" + a + "n", weak + "t",
	}
	for i := range forms {
		forms[i] = head + forms[i]
	}
	return forms
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

// benchPosts are texts of about 380 bytes, every seventh of which names a brand.
func benchPosts(names []string, n int) []string {
	words := strings.Fields("kävin eilen ostamassa uuden laitteen ja palvelu oli todella hidasta vaikka asiakkaita oli vain muutama jono seisoi puoli tuntia eikä kukaan " +
		"tullut kassalle lopulta sain tuotteen mutta se oli rikki palautus kesti viikon hinta oli kuitenkin hyvä myyjä neuvoi mukavasti toimitus myöhästyi")
	posts := make([]string, n)
	for i := range posts {
		var b strings.Builder
		for k := 0; b.Len() < 370; k++ {
			if k == 20 && i%7 == 0 {
				forms := inflect(names[i*31%len(names)])
				b.WriteString(forms[i%len(forms)] + " ")
			}
			b.WriteString(words[(i*17+k*k*3+k)%len(words)] + " ")
		}
		posts[i] = b.String()
	}
	return posts
}

func BenchmarkMatch(b *testing.B) {
	names := madeNames(10_000)
	brands := make([]puskaradio.Brand, len(names))
	for i, n := range names {
		brands[i].Name = n
	}
	m, posts := NewMatcher(brands), benchPosts(names, 20_000)
	var dst []int
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		dst = m.AppendMatch(dst[:0], posts[n%len(posts)])
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "posts/s")
}

func BenchmarkNewMatcher(b *testing.B) {
	brands := make([]puskaradio.Brand, 10_000)
	for i, n := range madeNames(len(brands)) {
		brands[i] = puskaradio.Brand{ID: fmt.Sprint(i), Name: n}
	}
	b.ReportAllocs()
	for b.Loop() {
		NewMatcher(brands)
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
