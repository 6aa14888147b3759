package sentiment

import (
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// A lid tells the language of a text by the letters that stand together in
// it: sums of weights of hashed n-grams of one to four letters, words in
// blanks, one column for each language. The last column is for all others.
type lid struct {
	Langs  []string // the columns; the last is "" for the languages that are not known
	Bits   int
	Scale  float32
	Bias   []float32
	Slope  float32 // calibration of the logits
	Packed int
	Sum    uint32
	table  func() []int8
	lanes  func() []uint64 // the rows of the table, two words each, for adding eight columns at once
}

const (
	lidBytes = 600 // of a text that are asked
	lidFirst = 48  // bytes that are asked first, and are enough if the answer is clear
	lidClear = 0.995
	lidMost  = 5   // letters of the longest n-gram
	lidSure  = 0.3 // how sure a language must be that the source does not say
	lidHint  = 3   // what a hint adds to the logit of its language
)

// lidGrams appends the hash of every n-gram, and of every word. Letters are
// folded, all but letters and apostrophes part words, names and links are left
// out.
func lidGrams(out []uint32, text string) []uint32 {
	var ring [lidMost]uint32 // hashes of the n-grams that end here, by length
	blank := true
	whole := uint32(fnvOffset) // hash of the word so far
	emit := func(u rune) {
		if u == ' ' {
			if whole != fnvOffset {
				out = append(out, mix(whole+77))
			}
			whole = fnvOffset
		} else {
			whole = lidStep(whole, u)
		}
		for k := lidMost - 1; k > 0; k-- {
			ring[k] = 0
			if ring[k-1] != 0 {
				ring[k] = lidStep(ring[k-1], u)
			}
		}
		ring[0] = lidStep(fnvOffset, u)
		for k, h := range ring {
			if h != 0 && (u != ' ' || k > 0) {
				out = append(out, mix(h+uint32(k)))
			}
		}
	}
	emit(' ')
	text = text[:min(len(text), lidBytes)]
	for i := 0; i < len(text); {
		c := text[i]
		if c == '@' || c == '#' || c == 'h' && blank && strings.HasPrefix(text[i:], "http") {
			for i < len(text) && text[i] > ' ' {
				i++
			}
			continue
		}
		u, size := rune(c), 1
		if c >= utf8.RuneSelf {
			u, size = utf8.DecodeRuneInString(text[i:])
		}
		i += size
		switch {
		case u >= 'a' && u <= 'z':
		case u >= 'A' && u <= 'Z':
			u += 'a' - 'A'
		case u == '\'' && !blank:
		case u >= utf8.RuneSelf && unicode.IsLetter(u):
			u = unicode.ToLower(u)
		default:
			if !blank {
				emit(' ')
				blank = true
			}
			continue
		}
		blank = false
		emit(u)
	}
	if !blank {
		emit(' ')
	}
	return out
}

func lidStep(h uint32, u rune) uint32 { return (h ^ uint32(u)) * fnvPrime }

var lidBufs = sync.Pool{New: func() any { return new([]uint32) }}

// A guess is a language and how sure that is, 0 to 1.
type guess struct {
	lang string // "" if it is none of those that are known
	p    float64
}

// tell tells the language of a text. A hint is what the source says of it: it
// counts for much where the text is short.
func (l *lid) tell(text, hint string) guess {
	p := l.odds(text, hint)
	if p == nil {
		return guess{lang: hint}
	}
	best := 0
	for c := range p {
		if p[c] > p[best] {
			best = c
		}
	}
	return guess{l.Langs[best], p[best]}
}

// odds are the probabilities of the languages, nil where there is next to no
// text.
func (l *lid) odds(text, hint string) []float64 {
	if cut := strings.IndexByte(text[min(len(text), lidFirst):], ' '); cut >= 0 {
		if p := l.oddsOf(text[:lidFirst+cut], hint); p != nil && slices.Max(p) > lidClear {
			return p
		}
	}
	return l.oddsOf(text, hint)
}

func (l *lid) oddsOf(text, hint string) []float64 {
	cols := len(l.Langs)
	if alien(text) {
		p := make([]float64, cols)
		p[cols-1] = 1
		return p
	}
	buf := lidBufs.Get().(*[]uint32)
	defer lidBufs.Put(buf)
	*buf = lidGrams((*buf)[:0], text)
	n := len(*buf)
	if n < 4 {
		return nil
	}
	sums := l.sums(*buf)
	z := make([]float64, cols)
	for c := range z {
		z[c] = float64(l.Slope * (float32(sums[c])*l.Scale/root(n) + l.Bias[c]))
		if hint != "" && l.Langs[c] == hint {
			z[c] += lidHint
		}
	}
	return softmax(z)
}

// sums adds the rows of the n-grams of a text up. The columns are bytes with
// 128 added, taken eight at once as two times four lanes of 16 bits, which
// hold 257 of them.
func (l *lid) sums(hashes []uint32) (sums [16]int32) {
	const lanes = 0x00ff00ff00ff00ff
	rows := l.lanes()
	mask := uint32(1)<<l.Bits - 1
	for part := range slices.Chunk(hashes, 256) {
		var a0, a1, b0, b1 uint64
		for _, h := range part {
			row := rows[2*int(h&mask):]
			_ = row[1]
			a0, a1 = a0+row[0]&lanes, a1+row[0]>>8&lanes
			b0, b1 = b0+row[1]&lanes, b1+row[1]>>8&lanes
		}
		for lane := range 4 {
			less := 128 * int32(len(part))
			sums[2*lane] += int32(a0>>(16*lane)&0xffff) - less
			sums[2*lane+1] += int32(a1>>(16*lane)&0xffff) - less
			sums[8+2*lane] += int32(b0>>(16*lane)&0xffff) - less
			sums[8+2*lane+1] += int32(b1>>(16*lane)&0xffff) - less
		}
	}
	return sums
}

// spread makes the lanes of a table.
func spread(table []int8, cols int) []uint64 {
	out := roomy[uint64](2 * (len(table) / cols))
	for i := range len(table) / cols {
		for c := range 16 {
			x := int8(0)
			if c < cols {
				x = table[i*cols+c]
			}
			out[2*i+c/8] |= uint64(uint8(int(x)+128)) << (8 * (c % 8))
		}
	}
	return out
}

// alien reports whether most letters of a text are of another script than
// the languages that are known.
func alien(text string) bool {
	if plain(text[:min(len(text), lidBytes)]) {
		return false
	}
	is, not := 0, 0
	for _, u := range text[:min(len(text), lidBytes)] {
		switch {
		case u < 0x250:
			if letter(u) {
				is++
			}
		case unicode.IsLetter(u) && !unicode.Is(unicode.Latin, u):
			not++
		}
	}
	return not > is
}
