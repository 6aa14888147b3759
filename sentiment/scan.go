package sentiment

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	fnvOffset = 2166136261
	fnvPrime  = 16777619
	maxRunes  = 40 // letters of a word whose n-grams are taken
	gramSalt  = 0x5bd1e995
	negScope  = 4 // words that a negation reaches
)

// The dense features of a text, by place in [scan.dense].
const (
	dBalance = iota // what the word list says: for less against
	dFor
	dAgainst
	dMost  // the most that any word says for
	dLeast // the most that any word says against
	dLast  // what the last word that says anything says
	dTail  // the balance behind the last "but"
	dCountFor
	dCountAgainst
	dFacesFor
	dFacesAgainst
	dDensity
	dRead // what our own stems and phrases say, see [reading]
	dReadFor
	dReadAgainst
	dReadMost
	dReadLeast
	dReadLast
	dReadFaces
	dReadSarcasm
	nDense
)

// A mark is a token of a text, as the models see it.
type mark struct {
	from, to int     // bytes of the text
	grams    int     // where its n-grams begin in [scan.grams]
	word     bool    // or an emoji; else a mark of punctuation, a link, a name
	plain    float32 // what the word list says of it
}

// A scan is a text as the models see it: the hashes of its words and pairs
// of words (two for each mark), of the letters within its words, and the
// dense features. It is used again for the next text.
type scan struct {
	words, grams []uint32
	marks        []mark
	tell         []float32 // by mark: how much it speaks for positive, against negative; see [area.feel]
	dense        [nDense]float32
	buf          []byte
	at           [maxRunes + 4]int
}

// A voice is what the scan has to know of a language.
type voice struct {
	lang       string
	minN, maxN int               // letters of the n-grams within words
	said       map[uint32]saying // by hash of a word
	roots      map[uint32]int8   // what its words begin with, for inflected ones
}

// A saying is what a word says by itself.
type saying struct {
	value            int8 // of the word list, in thirtieths
	listed           bool
	turns, more, but bool // it is a negation, a booster, or turns the balance
}

func hashString(h uint32, s string) uint32 {
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * fnvPrime
	}
	return h
}

func mix(h uint32) uint32 {
	h ^= h >> 15
	h *= 0x2c1b3c6d
	h ^= h >> 12
	h *= 0x297a2d39
	return h ^ h>>15
}

var (
	hashURL  = hashString(fnvOffset, "<url>")
	hashUser = hashString(fnvOffset, "<user>")
	hashLeft = hashString(fnvOffset, "<s>")
	hashNot  = hashString(fnvOffset, "¬")
)

// read fills the scan with a clean text.
func (s *scan) read(v *voice, text string) {
	s.words, s.grams, s.marks = s.words[:0], s.grams[:0], s.marks[:0]
	r := reader{scan: s, v: v, prev: hashLeft, boost: 1}
	for i := 0; i < len(text); {
		i = r.next(text, i)
	}
	r.finish()
}

// A reader is a scan at work.
type reader struct {
	*scan
	v      *voice
	prev   uint32 // hash of the mark before
	left   int    // words that a negation still reaches
	boost  float32
	nWords int

	pos, neg, most, least, last, tail float32
	nPos, nNeg                        float32
	smiles, frowns                    float32
}

// next takes the mark at text[i:] and returns where the next may begin.
func (r *reader) next(text string, i int) int {
	c := text[i]
	if c <= ' ' {
		return i + 1
	}
	switch {
	case c == 'h' && strings.HasPrefix(text[i:], "http"):
		j := i
		for j < len(text) && text[j] > ' ' {
			j++
		}
		r.put(i, j, hashURL)
		return j
	case c == '@' && i+1 < len(text) && nameByte(text[i+1]):
		j := i + 1
		for j < len(text) && nameByte(text[j]) {
			j++
		}
		r.put(i, j, hashUser)
		return j
	}
	if n := emoticon(text, i); n > 0 {
		r.face(i, i+n, hashString(fnvOffset, strings.ToLower(text[i:i+n])), hashString(fnvOffset, text[i:i+n]))
		return i + n
	}
	u, n := rune(c), 1
	if c >= utf8.RuneSelf {
		u, n = utf8.DecodeRuneInString(text[i:])
	}
	switch {
	case letter(u):
		return r.word(text, i)
	case pictograph(u):
		h := hashString(fnvOffset, text[i:i+n])
		r.face(i, i+n, h, h)
		return i + n
	case u >= utf8.RuneSelf && unicode.IsSpace(u):
		return i + n
	}
	j, k := i+n, 1
	for strings.HasPrefix(text[j:], text[i:i+n]) {
		j, k = j+n, k+1
	}
	h := uint32(fnvOffset)
	for range min(k, 3) {
		h = hashString(h, text[i:i+n])
	}
	if k == 1 && strings.IndexByte(".,!?;:", c) >= 0 {
		r.left = 0
	}
	r.put(i, j, h)
	return j
}

// put adds a mark that is no word.
func (r *reader) put(from, to int, h uint32) {
	r.add(mark{from: from, to: to, grams: len(r.grams)}, h, h)
}

// add adds a mark: form is its hash, turned where it is negated.
func (r *reader) add(m mark, h, form uint32) {
	r.words = append(r.words, mix(form), mix(r.prev*31+form))
	r.marks = append(r.marks, m)
	r.prev = h
}

func (r *reader) face(from, to int, lower, h uint32) {
	v := float32(r.v.said[lower].value) / 30
	switch {
	case v > 0:
		r.smiles++
	case v < 0:
		r.frowns++
	}
	m := mark{from: from, to: to, grams: len(r.grams), word: true, plain: v}
	r.weigh(v)
	r.add(m, h, h)
}

func (r *reader) weigh(v float32) {
	switch {
	case v > 0:
		r.pos += v
		r.nPos++
	case v < 0:
		r.neg -= v
		r.nNeg++
	default:
		return
	}
	r.most, r.least = max(r.most, v), min(r.least, v)
	r.last = v
	r.tail += v
}

// finish fills in the dense features.
func (r *reader) finish() {
	squash := func(x float32) float32 { return x / float32(math.Sqrt(float64(x*x)+15)) }
	n := float32(r.nWords)
	r.dense = [nDense]float32{
		dBalance: squash(r.pos - r.neg), dFor: squash(r.pos), dAgainst: squash(r.neg),
		dMost: r.most / 4, dLeast: r.least / 4, dLast: r.last / 4, dTail: squash(r.tail),
		dCountFor: min(r.nPos, 5) / 5, dCountAgainst: min(r.nNeg, 5) / 5,
		dFacesFor: min(r.smiles, 3) / 3, dFacesAgainst: min(r.frowns, 3) / 3,
		dDensity: (r.pos - r.neg) / (n + 3),
	}
}

// heed adds what was read with our own words.
func (s *scan) heed(r *reading) {
	d := &s.dense
	d[dRead] = float32(squash(r.pos + r.up - r.neg - r.down))
	d[dReadFor], d[dReadAgainst] = float32(squash(r.pos)), float32(squash(r.neg))
	d[dReadFaces] = float32(squash(r.up - r.down))
	for _, h := range r.hits {
		w := float32(h.weight*h.more) / 4
		d[dReadMost], d[dReadLeast] = max(d[dReadMost], w), min(d[dReadLeast], w)
		d[dReadLast] = max(-1, min(1, w))
	}
	d[dReadMost], d[dReadLeast] = min(d[dReadMost], 1), max(d[dReadLeast], -1)
	if r.mocks {
		d[dReadSarcasm] = 1
	}
}

func nameByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func letter(u rune) bool {
	if u < utf8.RuneSelf {
		return u >= 'a' && u <= 'z' || u >= 'A' && u <= 'Z' || u >= '0' && u <= '9'
	}
	return unicode.IsLetter(u) || unicode.IsDigit(u)
}

func letterAt(text string, i int) bool {
	u, _ := utf8.DecodeRuneInString(text[i:])
	return letter(u)
}
