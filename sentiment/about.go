package sentiment

import (
	"iter"
	"math/bits"

	"github.com/puskaradio/puskaradio"
)

// about says what a judged text is about and where on a customer's way it
// stands.
func (r *reading) about(sc *puskaradio.Score) {
	sc.Aspects = r.aspects(sc)
	sc.Stage, sc.Touchpoint, sc.JourneyWords = r.journey()
}

// spotted is a place in a text that tells of something by its name.
type spotted struct {
	at, n int    // its tokens
	set   uint32 // bit i is names[i]
}

// maxSpotted is how many tokens of a text are asked what they are about.
const maxSpotted = 3000

// spot finds the words and phrases of a kind. A phrase behind a negation may
// be written with any negation.
func (r *reading) spot(k named) (out []spotted) {
	t := k.words[r.lang]
	not := map[string]string{"fi": "ei", "en": "not"}[r.lang]
	for i, tok := range r.ts[:min(len(r.ts), maxSpotted)] {
		if tok.kind != word {
			continue
		}
		s := spotted{at: i, n: 1}
		s.set, _ = t.one(tok.text)
		set, n, ok := t.at(r.ts, i, tok.text, false)
		if r.negator(i) {
			if deep, m, found := t.at(r.ts, i, not, true); found && m > 1 {
				set, n, ok = set|deep, m, true
			}
		}
		if ok {
			s.set, s.n = s.set|set, n
		}
		if s.set != 0 {
			out = append(out, s)
		}
	}
	return out
}

// each gives the number of every name in a set.
func each(set uint32) iter.Seq[int] {
	return func(yield func(int) bool) {
		for ; set != 0 && yield(bits.TrailingZeros32(set)); set &= set - 1 {
		}
	}
}
