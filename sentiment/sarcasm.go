package sentiment

import (
	"slices"
	"strings"
)

// sarcasm reports whether praise is meant as blame: words that are said for
// nothing else beside a complaint, thanks before one, laughter behind one.
func (r *reading) sarcasm() bool {
	if r.sure && (r.lang == "fi" || r.neg > 0) {
		return true
	}
	if r.up > 0 && r.pos == 0 && r.neg >= 1 {
		for i, h := range r.hits {
			if h.face && h.weight > 0 && i > 0 && laughs(r.ts[h.at].text) {
				return true
			}
		}
	}
	for i, h := range r.hits {
		if h.face || h.weight <= 0 || h.at > 0 && r.ts[h.at-1].kind != stop {
			continue
		}
		if _, _, ok := r.tone.maybe.at(r.ts, h.at, r.ts[h.at].text, false); !ok {
			continue
		}
		for _, g := range r.hits[i+1:] {
			if g.weight <= -1 && g.more >= 1 && g.sentence == h.sentence && g.at-h.at < 9 && !r.butBetween(h.at, g.at) {
				return true
			}
		}
	}
	return false
}

// laughs reports whether a face laughs, or claps, rather than loves.
func laughs(f string) bool {
	return slices.Contains([]string{":D", ":-D", "=D", "xD", "XD", "😂", "🤣", "😆", "👏", "👍", "🙃", ":)", "😄"}, f)
}

func (r *reading) butBetween(a, b int) bool {
	return slices.ContainsFunc(r.buts, func(i int) bool { return a < i && i < b })
}

// written is n tokens as they stand in the text.
func (r *reading) written(at, n int) string {
	if n == 1 {
		return r.ts[at].src
	}
	var b strings.Builder
	for i := at; i < at+n; i++ {
		if i > at {
			b.WriteByte(' ')
		}
		b.WriteString(r.ts[i].src)
	}
	return b.String()
}
