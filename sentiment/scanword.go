package sentiment

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// word takes a word: letters and digits, with hyphens and apostrophes within.
func (r *reader) word(text string, i int) int {
	buf := append(r.buf[:0], '<')
	r.at[0], r.at[1] = 0, 1
	n, upper, lower, latin, alien := 1, 0, 0, false, false // n counts runes, the bracket with them
	var last rune
	run, j := 0, i
letters:
	for j < len(text) {
		u, size := rune(text[j]), 1
		if u >= utf8.RuneSelf {
			u, size = utf8.DecodeRuneInString(text[j:])
		}
		switch {
		case u >= 'a' && u <= 'z':
			lower++
			latin = true
		case u >= 'A' && u <= 'Z':
			u += 'a' - 'A'
			upper++
			latin = true
		case u >= '0' && u <= '9':
		case u < utf8.RuneSelf:
			if u != '\'' && u != '-' || j+1 >= len(text) || !letterAt(text, j+1) {
				break letters
			}
		case letter(u) || unicode.Is(unicode.Mn, u):
			l := unicode.ToLower(u)
			if l != u {
				upper++
			} else {
				lower++
			}
			u = l
			alien = alien || u >= 0x370
			latin = latin || u < 0x250
		default:
			break letters
		}
		j += size
		if u == last {
			run++
		} else {
			run, last = 1, u
		}
		if run > 3 || len(buf) > maxWord {
			continue
		}
		buf = utf8.AppendRune(buf, u)
		if n < maxRunes {
			n++
			r.at[n] = len(buf)
		}
	}
	if latin && alien { // letters that only look Latin
		folded := twins.Replace(string(buf))
		buf = append(buf[:0], folded...)
		n = 0
		for at := range folded {
			r.at[n] = at
			if n == maxRunes {
				break
			}
			n++
		}
		if n < maxRunes {
			r.at[n] = len(buf)
		}
	}
	r.buf = buf
	r.take(mark{from: i, to: j, grams: len(r.grams), word: true}, n, len(buf) == r.at[n], upper > 1 && lower == 0)
	return j
}

// take adds the word in the buffer, of n runes with its bracket.
func (r *reader) take(m mark, n int, whole, loud bool) {
	h := uint32(fnvOffset)
	for _, b := range r.buf[1:] {
		h = (h ^ uint32(b)) * fnvPrime
	}
	r.nWords++
	turned := r.left > 0
	form := h
	if turned {
		form = hashNot
		for _, b := range r.buf[1:] {
			form = (form ^ uint32(b)) * fnvPrime
		}
	}
	r.gramsOf(n, whole)
	says := r.v.says(h, r.buf[1:])
	v := float32(says.value) / 30
	force := r.boost
	if turned {
		force *= -0.74
	}
	if loud {
		force *= 1.2
	}
	m.plain = v * force
	r.weigh(m.plain)
	if says.but {
		r.tail = 0
	}
	r.boost = 1
	if says.more {
		r.boost = 1.3
	}
	switch {
	case says.turns || r.v.lang == "en" && strings.HasSuffix(string(r.buf), "n't"):
		r.left = negScope
	case r.left > 0:
		r.left--
	}
	r.add(m, h, form)
}

// gramsOf adds the n-grams of the word in the buffer.
func (r *reader) gramsOf(n int, whole bool) {
	if whole {
		r.buf = append(r.buf, '>')
		n++
		r.at[n] = len(r.buf)
	}
	for a := 0; a+r.v.minN <= n; a++ {
		h := uint32(fnvOffset)
		last := min(n, a+r.v.maxN)
		for k := a; k < last; k++ {
			for _, b := range r.buf[r.at[k]:r.at[k+1]] {
				h = (h ^ uint32(b)) * fnvPrime
			}
			if k-a+1 >= r.v.minN {
				r.grams = append(r.grams, mix(h^gramSalt))
			}
		}
	}
	if whole {
		r.buf = r.buf[:len(r.buf)-1]
	}
}
