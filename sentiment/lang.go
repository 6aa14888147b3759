package sentiment

import (
	"slices"
	"strings"
	"unicode"
)

// known are the languages that can be told, those that are scored first.
var known = []string{"fi", "en", "sv", "et", "de", "no", "da"}

// fiEnds are ends of words that Finnish is fond of.
var fiEnds = []string{"ssa", "ssä", "sta", "stä", "lla", "llä", "lta", "ltä", "lle", "nen", "nut", "nyt", "taan", "tään", "tiin", "vat", "vät", "mme", "kin", "ksi", "isi", "ttu", "tty", "sti", "nsa", "nsä"}

// enEnds are ends of words that English is fond of.
var enEnds = []string{"ing", "tion", "ed", "ly", "ness", "ment", "ful", "'s"}

// language is the language of a text: the hint where the words do not speak
// against it, "" where nothing speaks for any.
func (l *lexicon) language(ts []token, hint string) string {
	hint, _, _ = strings.Cut(strings.ToLower(hint), "-")
	var score [7]float64
	words, foreign := 0, 0
	for _, t := range ts {
		if t.kind != word {
			continue
		}
		words++
		if !latin(t.text) {
			foreign++
			continue
		}
		for i, v := range l.speaks(t.text) {
			score[i] += v
		}
		if words == 400 { // enough to know it by
			break
		}
	}
	if words > 0 && foreign*2 > words {
		return ""
	}
	best := 0
	for i, s := range score {
		if s > score[best] {
			best = i
		}
	}
	if hint != "" {
		i := slices.Index(known, hint)
		switch {
		case i >= 0 && (score[best] < 3 || score[i]*2 >= score[best]):
			return hint
		case i < 0 && (score[best] < 3 || score[best]/float64(max(1, words)) < 0.7):
			return hint
		}
	}
	if score[best] < 1 {
		return ""
	}
	return known[best]
}

// speaks is how much a word speaks for each of the [known] languages.
func (l *lexicon) speaks(w string) (v [7]float64) {
	in := l.stops[w]
	for _, lang := range in {
		v[slices.Index(known, lang)] += 2 / float64(len(in))
	}
	if len(in) > 0 {
		return v
	}
	for i, lang := range langs {
		if f, ok := l.feel[lang].one(w); ok && f != 0 {
			v[i]++
		}
	}
	if strings.HasSuffix(w, "n't") {
		v[1]++
	}
	if len(w) > 4 {
		for _, end := range fiEnds {
			if strings.HasSuffix(w, end) {
				v[0] += 0.7
				break
			}
		}
		for _, end := range enEnds {
			if strings.HasSuffix(w, end) {
				v[1] += 0.5
				break
			}
		}
	}
	for _, pair := range []string{"ää", "yy", "öö", "uo", "yö", "ii", "aa", "uu"} {
		if strings.Contains(w, pair) {
			v[0] += 0.4
			v[3] += 0.3
			break
		}
	}
	switch {
	case strings.ContainsRune(w, 'å'):
		v[2], v[5], v[6] = v[2]+0.8, v[5]+0.8, v[6]+0.8
	case strings.ContainsAny(w, "æø"):
		v[5], v[6] = v[5]+1, v[6]+1
	case strings.ContainsRune(w, 'õ'):
		v[3] += 1.5
	case strings.ContainsAny(w, "üß"):
		v[3], v[4] = v[3]+0.4, v[4]+0.8
	case strings.ContainsAny(w, "äö"):
		v[0], v[2], v[3], v[4] = v[0]+0.4, v[2]+0.2, v[3]+0.2, v[4]+0.2
	case strings.ContainsAny(w, "wqx") || strings.Contains(w, "th"):
		v[1] += 0.4
	}
	return v
}

// latin reports whether most letters of a word are Latin.
func latin(w string) bool {
	is, not := 0, 0
	for _, r := range w {
		if unicode.Is(unicode.Latin, r) {
			is++
		} else if unicode.IsLetter(r) {
			not++
		}
	}
	return is >= not
}
