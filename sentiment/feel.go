package sentiment

import (
	"math"
	"strings"
)

// A hit is a word, phrase or emoji that tells how a text feels.
type hit struct {
	at, n    int     // its tokens
	weight   float64 // with all that turns, raises and lowers it
	clause   int
	sentence int
	face     bool
	more     float64 // what its place in the text makes of it
}

// A reading is a text as it is understood.
type reading struct {
	l        *lexicon
	lang     string // whose words are read; empty: only faces are
	ts       []token
	clause   []int // by token
	sentence []int
	hits     []hit
	buts     []int // tokens
	words    int
	bangs    int
	sure     bool    // words of sarcasm
	pos, neg float64 // what the words say for and against, see [reading.sum]
	up, down float64 // and what the faces say
	mocks    bool    // praise is meant as blame
	tone     *tones
	tones    []tone // by token
}

func (l *lexicon) read(ts []token, lang string) *reading {
	r := &reading{l: l, lang: lang, ts: ts, clause: make([]int, len(ts)), sentence: make([]int, len(ts))}
	c, s := 0, 0
	r.tone = l.tones[lang]
	r.tones = make([]tone, len(ts))
	for i, t := range ts {
		if t.kind == word {
			r.words++
			f := r.tone.words[t.text]
			r.tones[i] = f
			if f&toneBut != 0 || f&toneButPhrase != 0 && r.tone.but.said(ts, i) > 0 {
				c++
				r.buts = append(r.buts, i)
			}
			if f&toneSurePhrase != 0 && r.tone.sure.said(ts, i) > 1 {
				r.sure = true
			}
		}
		r.clause[i], r.sentence[i] = c, s
		switch t.kind {
		case comma:
			c++
		case stop:
			c, s = c+1, s+1
			r.bangs += t.bangs
		}
	}
	r.find()
	r.place()
	r.sum()
	r.mocks = r.sarcasm()
	return r
}

// negator reports whether a word turns what follows it.
func (r *reading) negator(i int) bool {
	t := r.ts[i]
	if t.kind != word {
		return false
	}
	if r.tones[i]&toneNot == 0 && (r.lang != "en" || !strings.HasSuffix(t.text, "n't")) {
		return false
	}
	if i+1 < len(r.ts) { // not only, ei vain
		switch r.ts[i+1].text {
		case "only", "just", "vain", "ainoastaan", "pelkästään", "ainoastaankaan":
			return false
		}
	}
	return true
}

// scope is how many words a negation reaches.
const scope = 5

// find finds the hits and weighs each with the words around it.
func (r *reading) find() {
	feel := r.l.feel[r.lang]
	left := 0 // what is left of the scope of a negation
	not := map[string]string{"fi": "ei", "en": "not"}[r.lang]
	for i := 0; i < len(r.ts); i++ {
		t := r.ts[i]
		if t.kind == face {
			r.hits = append(r.hits, hit{at: i, n: 1, weight: r.l.faces[t.text], face: true})
			continue
		}
		if feel == nil {
			continue
		}
		if t.kind != word || r.tones[i]&toneBut != 0 {
			left = 0
			continue
		}
		first, negates := t.text, r.negator(i)
		if negates {
			first = not
		}
		w, n, ok := feel.at(r.ts, i, first, negates)
		if !ok && negates && first != t.text {
			w, n, ok = feel.at(r.ts, i, t.text, false)
		}
		switch {
		case ok && n == 1 && r.raises(i, feel):
			left--
		case ok && w != 0:
			h := hit{at: i, n: n, weight: w * r.force(i)}
			if left > 0 && !negates && !r.utmost(i, w) {
				h.weight = turned(h.weight)
			}
			r.hits = append(r.hits, h)
			left = max(0, left-n)
			i += n - 1
			if negates {
				left = scope - n
			}
		case ok: // taken out
			left, i = max(0, left-n), i+n-1
		case negates:
			left = scope
			if k := len(r.hits) - 1; k >= 0 && r.hits[k].at+r.hits[k].n == i && !r.hits[k].face && r.closes(i) {
				r.hits[k].weight = turned(r.hits[k].weight) // "hyvä ei"
			}
		case left > 0:
			left--
		}
	}
}

// utmost reports whether a negation before word i makes it no smaller: "never
// been treated so badly", "en ole koskaan saanut näin huonoa".
func (r *reading) utmost(i int, w float64) bool {
	if w > 0 || i == 0 {
		return false
	}
	switch r.ts[i-1].text {
	case "so", "such", "this", "näin", "noin", "niin", "yhtä":
		return true
	}
	return false
}

// closes reports whether little comes behind token i in its clause.
func (r *reading) closes(i int) bool {
	n := 0
	for j := i + 1; j < len(r.ts) && r.ts[j].kind == word; j++ {
		n++
	}
	return n <= 2 && r.lang == "fi"
}

// raises reports whether word i only makes the next feeling stronger or
// weaker: "hirveän" in "hirveän hyvä".
func (r *reading) raises(i int, feel *table[float64]) bool {
	if r.tones[i]&(toneMore|toneLess) == 0 || i+1 >= len(r.ts) || r.ts[i+1].kind != word {
		return false
	}
	w, ok := feel.one(r.ts[i+1].text)
	return ok && w != 0
}

// turned is a weight behind a negation. "Not bad" is less than "good".
func turned(w float64) float64 {
	if w > 0 {
		return -0.85 * w
	}
	return -0.5 * w
}

// force is how much the words before token i, and its letters, raise it.
func (r *reading) force(i int) float64 {
	f := 1.0
	for j := i - 1; j >= 0 && j >= i-2 && r.ts[j].kind == word; j-- {
		switch {
		case r.tones[j]&toneMore != 0:
			f *= 1.3
		case r.tones[j]&toneLess != 0:
			f *= 0.7
		}
	}
	if r.ts[i].loud {
		f *= 1.3
	}
	if r.ts[i].long {
		f *= 1.2
	}
	return f
}

// place weighs the hits by where they stand: what comes after a "but" counts
// more, what is asked less.
func (r *reading) place() {
	asks := map[int]bool{}
	for i, t := range r.ts {
		if t.kind == stop && t.asks {
			asks[r.sentence[i]] = true
		}
	}
	for k := range r.hits {
		h := &r.hits[k]
		h.clause, h.sentence, h.more = r.clause[h.at], r.sentence[h.at], 1
		for _, b := range r.buts {
			begins := b == 0 || r.ts[b-1].kind == stop
			switch {
			case h.face:
			case r.sentence[b] == h.sentence && h.at < b, begins && r.sentence[b] == h.sentence+1:
				h.more = 0.5
			case r.sentence[b] == h.sentence && h.at > b:
				h.more = 1.4
			}
		}
		if asks[h.sentence] && !h.face {
			h.more *= 0.6
		}
	}
}

// sum adds up what speaks for and against, by words and by faces.
func (r *reading) sum() {
	for _, h := range r.hits {
		w := h.weight * h.more
		switch {
		case h.face && w > 0:
			r.up = min(4, r.up+w)
		case h.face:
			r.down = min(4, r.down-w)
		case w > 0:
			r.pos += w
		default:
			r.neg -= w
		}
	}
}

// squash brings a sum into −1 … 1.
func squash(sum float64) float64 { return sum / math.Sqrt(sum*sum+8) }
