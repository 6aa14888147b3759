package crawler

import (
	"slices"
	"strings"
	"unicode/utf8"
)

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
