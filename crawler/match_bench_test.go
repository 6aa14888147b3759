package crawler

import (
	"fmt"
	"strings"
	"testing"

	"github.com/puskaradio/puskaradio"
)

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
