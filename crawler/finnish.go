package crawler

import (
	"strings"
	"sync"
	"unicode/utf8"
)

// An endings is a set of kinds of endings that a stem may take.
type endings uint16

const (
	nominative endings = 1 << iota // none, clitics, the English s
	singular                       // the cases behind a vowel stem
	plural                         // the cases of the plural, which begin with i or j
	partitive                      // ta, behind a consonant or a long vowel
	long                           // seen, behind a long vowel
	_
	_
	_
	intoA // the illative, whose vowel is that of the stem: Nokia-an
	intoE
	intoI
	intoO
	intoU
	intoY
	intoÄ
	intoÖ
)

const vowels = "aeiouyäö"

func isVowel(r rune) bool { return strings.ContainsRune(vowels, r) || r == 'å' || r == 'é' }

// into is the illative of a stem that ends in r.
func into(r rune) endings {
	switch r {
	case 'a', 'å':
		return intoA
	case 'e', 'é':
		return intoE
	case 'i':
		return intoI
	case 'o':
		return intoO
	case 'u':
		return intoU
	case 'y':
		return intoY
	case 'ä':
		return intoÄ
	case 'ö':
		return intoÖ
	}
	return 0
}

var (
	singularCases = strings.Fields("n t a ä na nä ssa ssä sta stä lla llä lta ltä lle ksi st lt")
	pluralCases   = strings.Fields("issa issä ista istä illa illä ilta iltä ille iksi ina inä ihin iin isiin ja jä ia iä ita itä jen ien iden itten ten ine")
	possessives   = strings.Fields("ni si nsa nsä mme nne")
	clitics       = strings.Fields("kin kaan kään ko kö han hän pa pä kohan köhän kos kös pas päs kinko kinkö kinhan kinhän")
)

// endingTable is every ending with the kinds that it is of.
var endingTable = sync.OnceValue(func() map[string]endings {
	t := map[string]endings{}
	with := func(ending string, kinds endings) {
		t[ending] |= kinds
		for _, c := range clitics {
			t[ending+c] |= kinds
		}
	}
	owned := func(ending string, kinds endings) { // Nokiastaan, Nokiassani
		with(ending, kinds)
		if ending == "ksi" || ending == "iksi" {
			ending = ending[:len(ending)-1] + "e"
		}
		last, _ := utf8.DecodeLastRuneInString(ending)
		if !isVowel(last) {
			return
		}
		for _, p := range possessives {
			with(ending+p, kinds)
		}
		if len(ending) > 1 && kinds != plural { // kauppiaan is no form of kauppa
			with(ending+string(last)+"n", kinds)
		}
	}
	with("", nominative)
	t["s"] |= nominative // English and Swedish
	for _, p := range possessives {
		with(p, singular)
	}
	for _, c := range singularCases {
		owned(c, singular)
	}
	for _, c := range pluralCases {
		owned(c, plural)
	}
	with("ineen", plural)
	owned("ta", partitive)
	owned("tä", partitive)
	with("ten", partitive) // Kärkkäis-ten
	with("seen", long)
	for _, v := range vowels {
		with(string(v)+"n", into(v))
		with("h"+string(v)+"n", into(v))
	}
	return t
})

// grades are the consonants before the last vowel in strong and weak grade.
var grades = []struct{ strong, weak string }{
	{"kk", "k"}, {"pp", "p"}, {"tt", "t"}, {"nk", "ng"}, {"nt", "nn"}, {"lt", "ll"}, {"rt", "rr"}, {"mp", "mm"},
}

// graded are words, often the last of a compound, whose single stop weakens.
// Names of their own keep it: Alko, Alkon.
var graded = strings.Fields("lehti katu koti kota pata tupa leipä apu mäki joki väki reikä äiti sota hinta tieto laatu matka nahka jalka pelto ranta")

// grade is a word on a single vowel in weak grade, or as it is.
func grade(w string) string {
	_, size := utf8.DecodeLastRuneInString(w)
	body, end := w[:len(w)-size], w[len(w)-size:]
	for _, g := range grades {
		if root, ok := strings.CutSuffix(body, g.strong); ok && root != "" {
			return root + g.weak + end
		}
	}
	known := utf8.RuneCountInString(w) >= 7 || strings.HasSuffix(body, "ht") || endsIn(w, graded)
	if !known || len(body) < 3 {
		return w
	}
	stop := body[len(body)-1]
	root := body[:len(body)-1]
	before, _ := utf8.DecodeLastRuneInString(root)
	soft := isVowel(before)
	switch {
	case stop == 't' && (soft || before == 'h'):
		return root + "d" + end
	case stop == 'p' && (soft || before == 'l' || before == 'r'):
		return root + "v" + end
	case stop == 'k' && (soft || before == 'h' || before == 'l' || before == 'r'):
		return root + end
	}
	return w
}

// strengthen is the beginning of a word whose last consonant is in weak grade
// as it is in strong grade, or as it is.
func strengthen(root string) string {
	for _, g := range grades[3:] {
		if r, ok := strings.CutSuffix(root, g.weak); ok {
			return r + g.strong
		}
	}
	if len(root) < 2 {
		return root
	}
	last := root[len(root)-1]
	before, _ := utf8.DecodeLastRuneInString(root[:len(root)-1])
	if !isVowel(before) && before != 'l' && before != 'r' && before != 'n' && before != 'm' {
		return root
	}
	switch last {
	case 'k', 'p', 't':
		return root + string(last)
	case 'd':
		return root[:len(root)-1] + "t"
	case 'v':
		return root[:len(root)-1] + "p"
	}
	return root
}
