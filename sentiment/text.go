package sentiment

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	maxText = 1 << 15 // bytes of a text that are read; what follows changes no verdict
	maxWord = 48      // bytes of a word that are looked at
)

// A kind is what a token is.
type kind uint8

const (
	word  kind = iota
	face       // an emoji or emoticon
	comma      // , ; : – and brackets: a clause may end
	stop       // . ! ? and a new line: a sentence ends
)

// A token is a word or a mark.
type token struct {
	kind  kind
	text  string // folded: lower case, letters that look Latin made Latin
	src   string // as written
	loud  bool   // in capitals among words that are not
	long  bool   // a letter is drawn ooout
	bangs int    // of a stop: exclamation marks
	asks  bool   // of a stop: a question mark
}

// clean makes a text valid and composed, and cuts it at [maxText].
func clean(s string) string {
	if len(s) > maxText {
		s = s[:maxText]
		for len(s) > 0 && !utf8.RuneStart(s[len(s)-1]) {
			s = s[:len(s)-1]
		}
	}
	if plain(s) {
		return s
	}
	s = norm.NFC.String(strings.ToValidUTF8(s, " "))
	return strings.Map(func(r rune) rune {
		switch {
		case r == 0xad, r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x206f, r == 0xfeff, r >= 0xfe00 && r <= 0xfe0f:
			return -1 // unseen: hides words from a reader of bytes
		case r >= 0x300 && r <= 0x36f:
			return -1 // marks that are part of no letter, after composing
		case r == '’' || r == '‘' || r == '´' || r == '`':
			return '\''
		}
		return r
	}, s)
}

// plain reports whether a text is clean as it is, which most of English is.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf || s[i] == '`' {
			return false
		}
	}
	return true
}

// twins are letters that look like Latin ones.
var twins = strings.NewReplacer("а", "a", "е", "e", "о", "o", "р", "p", "с", "c", "у", "y", "х", "x", "і", "i", "ѕ", "s", "ј", "j", "к", "k", "т", "t", "м", "m", "н", "h", "в", "b", "ԁ", "d", "ɡ", "g", "ο", "o", "α", "a", "ι", "i", "ν", "v", "ρ", "p", "ı", "i")

// fold is a word as it is looked up. Twins are told apart from true Cyrillic
// or Greek by the Latin letters beside them.
func fold(w string) string {
	w = strings.ToLower(w)
	latin, other := false, false
	for _, r := range w {
		if r < 0x250 {
			latin = latin || unicode.IsLetter(r)
		} else {
			other = true
		}
	}
	if latin && other {
		w = twins.Replace(w)
	}
	return w
}

// tokens splits a clean text. A full stop at one of the dots ends nothing.
func (l *lexicon) tokens(s string, dots map[int]bool) []token {
	out := make([]token, 0, len(s)/6+4)
	loud, quiet := 0, 0
	for i := 0; i < len(s); {
		if s[i] == ' ' {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if f := l.faceAt(s, i); f > 0 {
			out = append(out, token{kind: face, text: s[i : i+f], src: s[i : i+f]})
			i += f
			continue
		}
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			j := wordEnd(s, i)
			t := wordOf(s[i:j])
			if t.loud {
				loud++
			} else if len(t.text) > 3 {
				quiet++
			}
			out = append(out, t)
			i = j
			continue
		}
		switch {
		case r == '.' && dots[i]:
		case r == '.' || r == '!' || r == '?' || r == '\n' || r == '…':
			if len(out) == 0 || out[len(out)-1].kind != stop {
				out = append(out, token{kind: stop})
			}
			t := &out[len(out)-1]
			if r == '!' {
				t.bangs++
			}
			t.asks = t.asks || r == '?'
		case strings.ContainsRune(",;:()–—/", r) || r == '-' && i+1 < len(s) && s[i+1] == ' ':
			out = append(out, token{kind: comma})
		}
		i += n
	}
	if loud > quiet { // all is in capitals: none of it is louder
		for i := range out {
			out[i].loud = false
		}
	}
	return out
}

// wordEnd is where the word at i ends. An apostrophe, hyphen or underscore
// between letters belongs to it.
func wordEnd(s string, i int) int {
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r):
		case r == '\'' || r == '-':
			next, _ := utf8.DecodeRuneInString(s[i+n:])
			if !unicode.IsLetter(next) {
				return i
			}
		default:
			return i
		}
		i += n
	}
	return i
}

func wordOf(src string) token {
	cut := src
	if len(cut) > maxWord {
		cut = cut[:maxWord]
		for !utf8.ValidString(cut) {
			cut = cut[:len(cut)-1]
		}
	}
	if lower(cut) {
		return token{kind: word, text: cut, src: cut, long: drawnOut(cut)}
	}
	t := token{kind: word, text: fold(cut), src: cut}
	t.long = drawnOut(t.text)
	t.loud = utf8.RuneCountInString(cut) > 2 && strings.ToUpper(cut) == cut && cut != t.text
	return t
}

// lower reports whether a word is as it is looked up: in small ASCII letters.
func lower(w string) bool {
	for i := range len(w) {
		if c := w[i]; c >= utf8.RuneSelf || c >= 'A' && c <= 'Z' {
			return false
		}
	}
	return true
}

// drawnOut reports whether a letter of a word is drawn ooout.
func drawnOut(w string) bool {
	run, last := 0, rune(0)
	for _, r := range w {
		if r == last {
			run++
		} else {
			run, last = 1, r
		}
		if run == 3 && unicode.IsLetter(r) {
			return true
		}
	}
	return false
}

// drawn is w with runs of three letters and more cut to n letters.
func drawn(w string, n int) string {
	rs := []rune(w)
	out := rs[:0:0]
	for i := 0; i < len(rs); {
		j := i
		for j < len(rs) && rs[j] == rs[i] {
			j++
		}
		k := j - i
		if k >= 3 {
			k = n
		}
		for range k {
			out = append(out, rs[i])
		}
		i = j
	}
	return string(out)
}
