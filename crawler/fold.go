package crawler

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A folded is a text as names are looked for in it: words in lower case and
// composed form, with one blank before each and one behind the last.
type folded struct {
	text  []byte
	words []wordAt
}

// A wordAt is where a word begins, in the folded text and in the source.
type wordAt struct{ at, src int32 }

// asciiFold is what becomes of an ASCII byte; 0 parts words.
var asciiFold = func() (t [utf8.RuneSelf]byte) {
	for c := byte('a'); c <= 'z'; c++ {
		t[c], t[c-0x20] = c, c
	}
	for c := byte('0'); c <= '9'; c++ {
		t[c] = c
	}
	return t
}()

// fold makes f the folded form of a text. Bytes that are no UTF-8 are taken as
// Latin-1. Between two letters, & and + count as letters and an apostrophe as
// nothing; all else that is neither letter nor digit parts words.
func (f *folded) fold(s string) {
	const ones = 0x0101010101010101
	text, words := append(slices.Grow(f.text[:0], len(s)+16), ' '), f.words[:0]
	inWord := false
	for i := 0; i < len(s); {
		if at := len(text); i+8 <= len(s) && at+8 <= cap(text) {
			// Eight bytes at once, as far as they are ASCII letters. The high bit of
			// each byte of letters says: from a, not beyond z, ASCII.
			x := uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
				uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
			low := x | 0x20*ones
			seven := low & (0x7f * ones)
			letters := (seven + (0x80-'a')*ones) &^ (seven + (0x7f-'z')*ones) &^ x
			if n := bits.TrailingZeros64(^letters&(0x80*ones)) / 8; n > 0 {
				if !inWord {
					words = append(words, wordAt{int32(at), int32(i)})
					inWord = true
				}
				binary.LittleEndian.PutUint64(text[at:at+8], low) // what is behind the letters is written over
				text = text[:at+n]
				if i += n; n == 8 {
					continue
				}
			}
		}
		c := s[i]
		if c < utf8.RuneSelf {
			l := asciiFold[c]
			switch {
			case l != 0:
				if !inWord {
					words = append(words, wordAt{int32(len(text)), int32(i)})
					inWord = true
				}
				text = append(text, l)
			case !inWord:
			case c == '\'' && letterAt(s, i+1):
			case (c == '&' || c == '+') && letterAt(s, i+1):
				text = append(text, c)
			default:
				text = append(text, ' ')
				inWord = false
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			r = 0
			if c >= 0xC0 {
				r = rune(c)
			}
		}
		f.text, f.words = text, words
		inWord = f.rune(s, i, n, r, inWord)
		text, words = f.text, f.words
		i += n
	}
	if inWord {
		text = append(text, ' ')
	}
	f.text, f.words = text, words
}

func (f *folded) start(src int) {
	f.words = append(f.words, wordAt{int32(len(f.text)), int32(src)})
}

// rune adds a rune that is no ASCII, which takes n bytes at i.
func (f *folded) rune(s string, i, n int, r rune, inWord bool) bool {
	switch {
	case r >= 0xC0 && r <= 0xDE && r != 0xD7:
		r += 0x20
	case r >= 0xDF && r <= 0xFF && r != 0xF7:
	case r == 0xAD || r >= 0x200B && r <= 0x200D || r == 0x2060 || r == 0xFEFF:
		return inWord // not seen
	case (r == 0x2019 || r == 0x2018 || r == 0x02BC || r == 0xB4) && inWord && letterAt(s, i+n):
		return true
	case unicode.Is(unicode.Mn, r):
		if inWord {
			f.compose(r)
		}
		return inWord
	case unicode.IsLetter(r) || unicode.IsDigit(r):
		r = unicode.ToLower(unicode.ToUpper(r))
	default:
		if inWord {
			f.text = append(f.text, ' ')
		}
		return false
	}
	if !inWord {
		f.start(i)
	}
	if r < 0x300 || norm.NFC.IsNormalString(string(r)) {
		f.text = utf8.AppendRune(f.text, r)
	} else {
		f.text = append(f.text, norm.NFC.String(string(r))...)
	}
	return true
}

// compose adds a mark to the last letter, if there is such a letter.
func (f *folded) compose(mark rune) {
	last, n := utf8.DecodeLastRune(f.text)
	if both := norm.NFC.String(string([]rune{last, mark})); utf8.RuneCountInString(both) == 1 {
		f.text = append(f.text[:len(f.text)-n], both...)
	}
}

// letterAt reports whether a letter or digit stands at i.
func letterAt(s string, i int) bool {
	if i >= len(s) {
		return false
	}
	if s[i] < utf8.RuneSelf {
		return asciiFold[s[i]] != 0
	}
	r, n := utf8.DecodeRuneInString(s[i:])
	return unicode.IsLetter(r) || unicode.IsDigit(r) || r == utf8.RuneError && n == 1 && s[i] >= 0xC0
}

// end is where the word at i of the folded text ends.
func (f *folded) end(i int) int {
	for f.text[i] != ' ' {
		i++
	}
	return i
}
