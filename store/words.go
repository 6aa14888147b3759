package store

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxWord is the most bytes of a word that the index keeps.
const maxWord = 24

// eachWord calls do with the words of a text as the index knows them: runs of
// letters and digits, in lower case, without accents (ä is a, ö is o), of two
// characters at least. The bytes are only good until do returns.
func eachWord(text string, do func(w []byte)) {
	var buf [3 * maxWord]byte
	w := buf[:0]
	n := 0 // characters of the word
	flush := func() {
		if n >= 2 {
			do(w[:cut(w, maxWord)])
		}
		w, n = buf[:0], 0
	}
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			i++
			if c = asciiWord[c]; c == 0 {
				flush()
				continue
			}
			n++
			if len(w) < 2*maxWord {
				w = append(w, c)
			}
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		r, ok := foldRune(r)
		switch {
		case ok && r == 0: // a combining mark: part of the letter before it
		case !ok:
			flush()
		default:
			n++
			if len(w) < 2*maxWord {
				w = utf8.AppendRune(w, r)
			}
		}
	}
	flush()
}

// asciiWord folds the ASCII letters and digits; the rest is zero.
var asciiWord = func() (t [utf8.RuneSelf]byte) {
	for c := range t {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			t[c] = byte(c)
		case c >= 'A' && c <= 'Z':
			t[c] = byte(c) + 'a' - 'A'
		}
	}
	return t
}()

// appendWords appends the words of a text.
func appendWords(dst []string, text string) []string {
	eachWord(text, func(w []byte) { dst = append(dst, string(w)) })
	return dst
}

// cut is the most bytes up to n that end with a whole character.
func cut(b []byte, n int) int {
	if len(b) <= n {
		return len(b)
	}
	for n > 0 && !utf8.RuneStart(b[n]) {
		n--
	}
	return n
}

// foldRune gives the plain form of a letter or digit, zero for a mark that
// belongs to the letter before it, and false for anything else.
func foldRune(r rune) (rune, bool) {
	switch {
	case r >= 0xC0 && r <= 0x17F:
		if f := latin[r-0xC0]; f != 0 {
			return f, true
		}
		return 0, false
	case unicode.Is(unicode.Mn, r):
		return 0, true
	case unicode.IsLetter(r), unicode.IsDigit(r):
		return unicode.ToLower(r), true
	}
	return 0, false
}

// latin folds U+00C0 to U+017F.
var latin = func() (t [0x17F - 0xC0 + 1]rune) {
	for base, forms := range map[rune]string{
		'a': "àáâãäåāăąÀÁÂÃÄÅĀĂĄæÆ", 'c': "çćĉċčÇĆĈĊČ", 'd': "ðďđÐĎĐ", 'e': "èéêëēĕėęěÈÉÊËĒĔĖĘĚ",
		'g': "ĝğġģĜĞĠĢ", 'h': "ĥħĤĦ", 'i': "ìíîïĩīĭįıÌÍÎÏĨĪĬĮİĳĲ", 'j': "ĵĴ", 'k': "ķĸĶ", 'l': "ĺļľŀłĹĻĽĿŁ",
		'n': "ñńņňŉŋÑŃŅŇŊ", 'o': "òóôõöøōŏőÒÓÔÕÖØŌŎŐœŒ", 'r': "ŕŗřŔŖŘ", 's': "śŝşšßſŚŜŞŠ", 't': "ţťŧŢŤŦþÞ",
		'u': "ùúûüũūŭůűųÙÚÛÜŨŪŬŮŰŲ", 'w': "ŵŴ", 'y': "ýÿŷÝŶŸ", 'z': "źżžŹŻŽ",
	} {
		for _, r := range forms {
			t[r-0xC0] = base
		}
	}
	return t
}()

// A term is one condition of a query: the text has a word that begins with
// one of the prefixes, or is equal to the word.
type term struct {
	prefixes []string
	word     string
}

// parseQuery reads a query: words that must all be there in any inflection, a
// "phrase" that must stand as it is, and prefix*.
func parseQuery(query string) (terms []term, phrases [][]string) {
	quoted := false
	for part := range strings.SplitSeq(query, `"`) {
		words := strings.Fields(part)
		if quoted {
			p := appendWords(nil, part)
			for _, w := range p {
				terms = append(terms, term{word: w})
			}
			if len(p) > 1 {
				phrases = append(phrases, p)
			}
		}
		quoted = !quoted
		if !quoted { // it was
			continue
		}
		for _, f := range words {
			ws := appendWords(nil, f)
			for i, w := range ws {
				switch {
				case strings.HasSuffix(f, "*") && i == len(ws)-1:
					terms = append(terms, term{prefixes: []string{w}})
				default:
					terms = append(terms, inflected(w))
				}
			}
		}
	}
	return terms, phrases
}

// inflected is a word with the beginnings that its Finnish forms have: the
// end that changes is taken off, and kk, pp, tt and the like are weakened.
// Short words and numbers are taken as they are.
func inflected(w string) term {
	if len(w) < 4 || w[0] >= '0' && w[0] <= '9' {
		return term{word: w}
	}
	stem := stemOf(w)
	t := term{prefixes: []string{stem}}
	for _, g := range gradations {
		for _, pair := range [][2]string{{g[0], g[1]}, {g[1], g[0]}} {
			if head, ok := strings.CutSuffix(stem, pair[0]); ok && len(head) >= 2 {
				t.prefixes = append(t.prefixes, head+pair[1])
			}
		}
	}
	return t
}

// gradations are the strong and the weak form of the consonants before the
// last vowel.
var gradations = [][2]string{{"kk", "k"}, {"pp", "p"}, {"tt", "t"}, {"nk", "ng"}, {"nt", "nn"}, {"lt", "ll"}, {"rt", "rr"}, {"mp", "mm"}, {"ht", "hd"}}

// endings are what is taken off a word for its stem, the longest first. They
// are folded: ä is a.
var endings = []string{
	"ksessa", "ksesta", "kseen", "ksella", "kselta", "kselle", "ksista", "ksissa", "ksien", "ksia",
	"uksen", "isten", "issa", "ista", "illa", "ilta", "ille", "iksi", "ssa", "sta", "lla", "lta", "lle", "ksi", "nen", "sen", "set", "sia",
	"jen", "ien", "ita", "ien", "een", "iin", "aan", "oon", "uun", "us", "ut", "in", "en", "an", "on", "un", "yn", "ta", "ia", "ja", "at", "et", "it", "ot", "ut",
	"ed", "es", "ing", "ly", "s", "n", "a", "e", "i", "o", "u", "y",
}

// stemOf is the part of a word that its inflections share, four characters at
// least.
func stemOf(w string) string {
	for _, e := range endings {
		if head, ok := strings.CutSuffix(w, e); ok && len(head) >= 4 {
			return head
		}
	}
	return w
}

// hasPhrase reports whether words stand in a text one after another.
func hasPhrase(text []string, phrase []string) bool {
	for i := 0; i+len(phrase) <= len(text); i++ {
		ok := true
		for j, w := range phrase {
			if text[i+j] != w {
				ok = false
				break
			}
		}
		if ok {
			return true
		}
	}
	return false
}
