package crawler

import (
	"slices"
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

// A stem is the beginning that forms of a word share, with what may follow.
type stem struct {
	text  string
	takes endings
}

// stemsOf are the stems of a folded word: as it stands, its vowel stems in
// strong and weak grade, and those of its plural. They are more than a
// grammarian would give, for names are inflected by ear, but each with its
// endings is a form that is heard.
func stemsOf(w string) []stem {
	s := stemmer{by: map[string]endings{}}
	s.add(w, nominative)
	last, size := utf8.DecodeLastRuneInString(w)
	switch {
	case len(w) == size: // one letter
	case isVowel(last):
		s.vowelFinal(w, last, w[:len(w)-size])
	case last >= 'a' && last <= 'z' || last >= 0xC0 && last < 0x250:
		s.consonantFinal(w)
	}
	out := make([]stem, 0, len(s.order))
	for _, text := range s.order {
		out = append(out, stem{text, s.by[text]})
	}
	return out
}

type stemmer struct {
	by    map[string]endings
	order []string
}

func (s *stemmer) add(text string, takes endings) {
	if len(text) < 2 && takes != nominative {
		return
	}
	if _, ok := s.by[text]; !ok {
		s.order = append(s.order, text)
	}
	s.by[text] |= takes
}

// cases adds a vowel stem that takes the singular.
func (s *stemmer) cases(text string) {
	last, size := utf8.DecodeLastRuneInString(text)
	before, _ := utf8.DecodeLastRuneInString(text[:len(text)-size])
	takes := singular | into(last)
	if isVowel(before) {
		takes |= long | partitive
	}
	s.add(text, takes)
}

func (s *stemmer) vowelFinal(w string, last rune, body string) {
	weak := grade(w)
	s.cases(w)
	s.cases(weak)
	switch weakBody := strings.TrimSuffix(weak, string(last)); last {
	case 'i':
		for _, b := range []string{body, weakBody} {
			s.add(b, plural)     // Post-ien
			s.add(b+"e", plural) // Post-eja
			if endsIn(w, oldI) {
				s.cases(b + "e") // Lehde-n
			}
		}
		if endsIn(w, oldSi) { // Uusi, uude-n, uut-ta
			root := w[:len(w)-len("si")]
			s.cases(root + "de")
			s.cases(root + "te")
			s.add(root+"t", partitive)
		}
	case 'e':
		s.cases(w + "e") // Neste-en
		s.cases(strengthen(body) + "ee")
		s.add(w, plural)
		s.add(w+"t", partitive) // Nestet-tä
		s.add(strengthen(body)+"e", plural)
	case 'a', 'ä':
		// Of two syllables, kala has kaloja, koira and päivä have koiria and
		// päiviä; longer words do either.
		short := syllables(w) <= 2
		first := w[max(0, strings.IndexAny(w, "aeiouy")):]
		bare := last == 'ä' || first[0] == 'o' || first[0] == 'u'
		for _, b := range []string{body, weakBody} {
			if !short || !bare {
				s.add(b+map[rune]string{'a': "o", 'ä': "ö"}[last], plural)
			}
			if !short || bare {
				s.add(b, plural)
			}
		}
	default:
		s.add(w, plural)
		s.add(weak, plural)
	}
}

// oldI are words, often the last of a compound, whose i is an e before endings,
// and oldSi those whose si was once ti. Names of their own keep it: Posti.
var (
	oldI = strings.Fields("lehti joki järvi lahti niemi suomi saari kivi lampi tähti koski nimi onni hetki henki kieli mieli kärki arki " +
		"lumi tammi nurmi sormi salmi vuori suuri pieni nuori puoli ovi talvi hirvi polvi ääni meri veri tuli uni")
	oldSi = strings.Fields("uusi vesi käsi vuosi susi kausi köysi kansi tosi")
)

func endsIn(w string, list []string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.HasSuffix(w, s) })
}

// syllables are the groups of vowels of a word.
func syllables(w string) (n int) {
	in := false
	for _, r := range w {
		if v := isVowel(r); v != in {
			if in = v; v {
				n++
			}
		}
	}
	return n
}

// declensions are how words on a consonant make their vowel stem. A stem in
// strong grade is made of what is weak before the suffix: opas, oppaa-n.
var declensions = []struct {
	suffix, vowel string
	strong        bool
	consonant     string // of the partitive; "-" if the word itself takes it
}{
	{"nen", "se", false, "s"},
	{"uus", "uude", false, "uut"},
	{"yys", "yyde", false, "yyt"},
	{"us", "ukse", false, "-"},
	{"ys", "ykse", false, "-"},
	{"os", "okse", false, "-"},
	{"ös", "ökse", false, "-"},
	{"is", "ikse", false, "-"},
	{"is", "ii", true, "-"},
	{"as", "aa", true, "-"},
	{"äs", "ää", true, "-"},
	{"as", "akse", false, "-"},
	{"äs", "äkse", false, "-"},
	{"es", "ekse", false, "-"},
	{"es", "ee", true, "-"},
	{"in", "ime", true, "-"},
	{"ton", "ttoma", false, "-"},
	{"tön", "ttömä", false, "-"},
	{"ut", "ue", false, "-"},
	{"yt", "ye", false, "-"},
	{"ar", "are", true, "-"},
	{"er", "ere", false, "-"},
	{"en", "ene", false, "-"},
	{"t", "i", false, ""}, // a name that is a plural: Sanomat, Sanomien
}

func (s *stemmer) consonantFinal(w string) {
	for _, d := range declensions {
		root, ok := strings.CutSuffix(w, d.suffix)
		if !ok || len(root) < 2 {
			continue
		}
		if d.consonant == "" {
			s.pluralName(root)
			continue
		}
		roots := []string{root}
		if d.strong {
			roots = append(roots, strengthen(root))
		}
		for _, r := range roots {
			v := r + d.vowel
			s.cases(v)
			_, size := utf8.DecodeLastRuneInString(v)
			s.add(v[:len(v)-size], plural)
		}
		if d.consonant == "-" {
			s.add(w, partitive)
		} else {
			s.add(root+d.consonant, partitive)
		}
	}
	// A name that is no word takes a linking i: Lidli-ssä, Lidle-jä. Some
	// double what stands before it: Citymarketti-in.
	s.cases(w + "i")
	s.add(w+"e", plural)
	s.add(w, plural)
	if last := w[len(w)-1]; strings.IndexByte("kpt", last) >= 0 && w[len(w)-2] != last {
		s.cases(w + string(last) + "i")
		s.add(w+string(last)+"e", plural)
		s.add(w+string(last), plural)
	}
}

// pluralName adds the stems of a name that is a plural without its t.
func (s *stemmer) pluralName(root string) {
	last, size := utf8.DecodeLastRuneInString(root)
	if !isVowel(last) || len(root) < 4 {
		return
	}
	body := root[:len(root)-size]
	for _, b := range []string{body, strengthen(body)} {
		switch last {
		case 'a', 'ä':
			s.add(b, plural)
			s.add(b+map[rune]string{'a': "o", 'ä': "ö"}[last], plural)
		case 'i', 'e':
			s.add(b, plural)
			s.add(b+"e", plural)
		default:
			s.add(b+string(last), plural)
		}
	}
}

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
