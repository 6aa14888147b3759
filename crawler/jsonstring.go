package crawler

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// str reads a string whose quote is at hand.
func (r *jsonReader) str(q byte) (string, error) {
	r.p++
	from, escaped := r.p, false
	start := from
	if i := strings.IndexByte(r.s[from:], q); i >= 0 { // most strings have no escapes
		if j := strings.IndexByte(r.s[from:from+i], '\\'); j >= 0 {
			start += j
		} else {
			start += i
		}
	}
	for p := start; p < len(r.s); p++ {
		switch r.s[p] {
		case '\\':
			escaped = true
			p++
		case q:
			if r.lenient && !r.closes(p+1) {
				continue
			}
			r.p = p + 1
			if escaped {
				return unescapeJSON(r.s[from:p]), nil
			}
			return r.s[from:p], nil
		}
	}
	r.p = len(r.s)
	return "", errEnd
}

// closes reports whether a quote before p looks like the end of a string.
func (r *jsonReader) closes(p int) bool {
	rest := strings.TrimLeft(r.s[p:min(len(r.s), p+200)], " \t\r\n")
	if rest == "" || rest[0] == ':' || rest[0] == '}' || rest[0] == ']' {
		return true
	}
	if rest[0] != ',' {
		return false
	}
	rest = strings.TrimLeft(rest[1:], " \t\r\n")
	return rest == "" || strings.IndexByte("\"'{[}]-0123456789", rest[0]) >= 0
}

func unescapeJSON(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 || i+1 >= len(s) {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		c := s[i+1]
		s = s[i+2:]
		switch c {
		case 'n', 'r', 't', 'f', 'b':
			b.WriteByte(' ')
			if c == 'n' {
				b.WriteByte('\n')
			}
		case 'u':
			r, n := hexRune(s)
			s = s[n:]
			if utf16.IsSurrogate(r) && strings.HasPrefix(s, `\u`) {
				if low, n := hexRune(s[2:]); utf16.IsSurrogate(low) {
					r = utf16.DecodeRune(r, low)
					s = s[2+n:]
				}
			}
			b.WriteRune(r) // half a pair is written as U+FFFD
		default:
			b.WriteByte(c)
		}
	}
}

// hexRune reads four hexadecimal digits.
func hexRune(s string) (rune, int) {
	var r rune
	for i := range 4 {
		if i >= len(s) {
			return utf8.RuneError, i
		}
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return utf8.RuneError, i
		}
	}
	return r, 4
}
