package trend

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	sketchSize  = 48
	sketchBand  = 3 // hashes that must agree for two texts to be compared
	storyWords  = 8 // of a text that can be the copy of another: shorter ones are said by many
	shingleLong = 3 // words
	alikeFrom   = 0.5
	sketchWords = 400 // that are looked at
)

// A Sketch is what is kept of a text to tell its copies by: for each of 48
// orders of all runs of three words, the first that the text has (MinHash,
// Broder 1997). The share that two texts have in common is about the share of
// their runs that they have in common (Jaccard), ± 0.07.
type Sketch [sketchSize]uint32

// NewSketch sketches a text. Links, names with an @ before them, marks and case
// do not count. ok is false for a text of fewer than eight words, which many
// may say by themselves.
func NewSketch(text string) (s Sketch, ok bool) {
	for i := range s {
		s[i] = 1<<32 - 1
	}
	var last [shingleLong]uint64
	n := 0
	for word := range strings.FieldsFuncSeq(text, unicode.IsSpace) {
		if n >= sketchWords {
			break
		}
		if word[0] == '@' || strings.HasPrefix(word, "http://") || strings.HasPrefix(word, "https://") || word == "RT" || word == "via" {
			continue
		}
		h := wordHash(word)
		if h == 0 {
			continue
		}
		copy(last[:], last[1:])
		last[shingleLong-1] = h
		if n++; n < shingleLong {
			continue
		}
		run := uint64(0)
		for _, w := range last {
			run = scramble(run ^ w)
		}
		for i := range s {
			run = run*0x9e3779b97f4a7c15 + 0x632be59bd9b4e019
			s[i] = min(s[i], uint32((run^run>>29)>>32))
		}
	}
	return s, n >= storyWords
}

// wordHash is a hash of the letters and digits of a word, without case; 0 if it
// has none.
func wordHash(word string) uint64 {
	h, some := uint64(14695981039346656037), false
	var buf [utf8.UTFMax]byte
	for _, r := range word {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			continue
		}
		some = true
		for _, b := range buf[:utf8.EncodeRune(buf[:], unicode.ToLower(r))] {
			h = (h ^ uint64(b)) * 1099511628211
		}
	}
	if !some {
		return 0
	}
	return scramble(h) | 1
}

func scramble(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// Alike is the share of two sketches that is the same, 0 to 1.
func (s *Sketch) Alike(t *Sketch) float64 {
	n := 0
	for i := range s {
		if s[i] == t[i] {
			n++
		}
	}
	return float64(n) / sketchSize
}

// bands are what two sketches must have one of in common to be compared.
func (s *Sketch) bands() (out [sketchSize / sketchBand]uint64) {
	for i := range out {
		h := uint64(i + 1)
		for _, x := range s[i*sketchBand:][:sketchBand] {
			h = scramble(h ^ uint64(x))
		}
		out[i] = h
	}
	return out
}

// Stories finds texts that repeat one another: reposts, syndicated news, one
// complaint pasted in many places. It holds the texts of a while; the newest
// of a number are kept. It is for one goroutine.
type Stories[ID comparable] struct {
	most  int
	tales []tale[ID]
	first int // of tales that is still kept
	bands map[uint64]int32
	byID  map[ID]int32
}

type tale[ID comparable] struct {
	id     ID
	sketch Sketch
}

// NewStories keeps the first text of each of so many stories.
func NewStories[ID comparable](most int) *Stories[ID] {
	return &Stories[ID]{most: most, bands: map[uint64]int32{}, byID: map[ID]int32{}}
}

// Add gives the text that a text repeats, if there is one; else it begins a
// story of its own. A text that was added before is what it was. ok is false for
// one that is too short to tell.
func (s *Stories[ID]) Add(id ID, text string) (of ID, ok bool) {
	if _, known := s.byID[id]; known {
		return of, false
	}
	sketch, ok := NewSketch(text)
	if !ok {
		return of, false
	}
	bands := sketch.bands()
	best, at := 0.0, int32(-1)
	for _, b := range bands {
		i, known := s.bands[b]
		if !known || int(i) < s.first || i == at {
			continue
		}
		if share := sketch.Alike(&s.tales[int(i)-s.first].sketch); share > best {
			best, at = share, i
		}
	}
	if best >= alikeFrom {
		return s.tales[int(at)-s.first].id, true
	}
	n := int32(s.first + len(s.tales))
	s.tales = append(s.tales, tale[ID]{id, sketch})
	s.byID[id] = n
	for _, b := range bands {
		s.bands[b] = n
	}
	if len(s.tales) > s.most {
		s.drop(len(s.tales) - s.most*3/4)
	}
	return of, false
}

// Len is how many stories are held.
func (s *Stories[ID]) Len() int { return len(s.tales) }

// Halve forgets the older half of the stories.
func (s *Stories[ID]) Halve() { s.drop((len(s.tales) + 1) / 2) }

// drop forgets the oldest stories.
func (s *Stories[ID]) drop(n int) {
	for _, t := range s.tales[:n] {
		delete(s.byID, t.id)
	}
	s.first += n
	s.tales = append([]tale[ID](nil), s.tales[n:]...)
	for b, i := range s.bands {
		if int(i) < s.first {
			delete(s.bands, b)
		}
	}
}
