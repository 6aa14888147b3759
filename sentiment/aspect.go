package sentiment

import (
	"math"
	"slices"

	"github.com/puskaradio/puskaradio"
)

// componentOf is the component of the customer's experience that each aspect
// belongs to. What is bought is the product, with its price and the care that
// it does no harm. What is done for a customer is service. Where a brand is
// met are its channels: a shop, a site, a till, a telephone. What a brand
// stands for are its values, and how it meets this one customer is personal
// treatment; so an employer who turns people away is discrimination, and a
// guest who is turned away is (a want of) equality.
var componentOf = map[string]string{
	"service": "service", "staff": "service", "speed": "service", "delivery": "service", "returns": "service",
	"product": "product", "food": "product", "quality": "product", "price": "product", "safety": "product",
	"website": "channels", "premises": "channels", "payment": "channels", "communication": "channels",
	"responsibility": "brand values", "ethics": "brand values", "environment": "brand values",
	"honesty": "brand values", "discrimination": "brand values",
	"respect": "personal treatment", "heard": "personal treatment", "rudeness": "personal treatment",
	"equality": "personal treatment",
}

// A topic is a place in a text that names an aspect.
type topic struct {
	spotted
	part int
	own  *hit // the feeling that the same words tell: expensive, broken
}

// aspects says what the feeling is about. A word that is topic and feeling at
// once tells its own; another topic feels as the nearest feelings of its part
// of the clause do; where there are none, as the next part does that has no
// topic, and where nothing in the sentence feels, as the text does.
func (r *reading) aspects(sc *puskaradio.Score) []puskaradio.Aspect {
	part := r.parts()
	ts := r.topics(part)
	names := r.l.aspects.names
	sums := make([]float64, len(names))
	words := make([][]string, len(names))
	var order []int
	for i := range ts {
		feels, near := r.feels(ts, i, part, sc)
		t := &ts[i]
		tell := []string{r.written(t.at, t.n)}
		if near != nil && (near.at != t.at || near.n > t.n) {
			tell = append(tell, r.written(near.at, near.n))
		}
		each(t.set, func(a int) {
			if !slices.Contains(order, a) {
				order = append(order, a)
			}
			sums[a] += feels
			for _, w := range tell {
				if len(words[a]) < 4 && !slices.Contains(words[a], w) {
					words[a] = append(words[a], w)
				}
			}
		})
	}
	var out []puskaradio.Aspect
	for _, a := range order {
		out = append(out, puskaradio.Aspect{
			Name: names[a], Component: componentOf[names[a]], Label: labelOf(sums[a], 0.1), Words: words[a],
		})
	}
	return out
}

func labelOf(v, bar float64) puskaradio.Label {
	switch {
	case v >= bar:
		return puskaradio.Positive
	case v <= -bar:
		return puskaradio.Negative
	}
	return puskaradio.Neutral
}

// joins are words between two statements of one clause.
var joins = map[string][]string{
	"fi": {"ja", "sekä", "kun", "ku", "koska", "vaikka", "joten", "jotta", "jos", "ennen"},
	"en": {"and", "because", "while", "whereas", "since", "when", "so", "plus", "after", "before", "if"},
}

// parts cuts clauses where words on both sides of a joining word feel.
func (r *reading) parts() []int {
	part := make([]int, len(r.ts))
	feels := make([]bool, len(r.ts))
	for _, h := range r.hits {
		feels[h.at] = true
	}
	p := 0
	for i := 0; i < len(r.ts); {
		j := i
		for j < len(r.ts) && r.clause[j] == r.clause[i] {
			j++
		}
		left := false
		for k := i; k < j; k++ {
			if left && r.ts[k].kind == word && slices.Contains(joins[r.lang], r.ts[k].text) && slices.Contains(feels[k:j], true) {
				p++
				left = false
			}
			left = left || feels[k]
			part[k] = p
		}
		p++
		i = j
	}
	return part
}

// topics are the topics of the text, each with its own feeling if it has one.
func (r *reading) topics(part []int) (out []topic) {
	for _, s := range r.spot(r.l.aspects) {
		t := topic{spotted: s, part: part[s.at]}
		for k := range r.hits {
			if h := &r.hits[k]; h.at < s.at+s.n && s.at < h.at+h.n {
				t.own = h
			}
		}
		out = append(out, t)
	}
	return out
}

// feels is how topic i feels, and the word that told it most.
func (r *reading) feels(ts []topic, i int, part []int, sc *puskaradio.Score) (float64, *hit) {
	t := &ts[i]
	worth := func(h *hit) float64 {
		switch {
		case h.weight <= 0:
			return h.weight
		case sc.Why == "sarcasm" && !r.meant(ts, part, h):
			return -0.5 * h.weight
		case r.asks(h): // who asks for something good has not got it yet
			return 0.1 * h.weight
		}
		return h.weight
	}
	if t.own != nil && math.Abs(t.own.weight) >= 0.25 {
		return 2 * worth(t.own), t.own
	}
	for _, in := range []func(h *hit) bool{
		func(h *hit) bool { return part[h.at] == t.part },
		func(h *hit) bool { return h.clause == r.clause[t.at] },
		func(h *hit) bool { return h.sentence == r.sentence[t.at] && r.idle(ts, part, h) },
		func(h *hit) bool { return h.sentence == r.sentence[t.at]+1 && r.idle(ts, part, h) },
	} {
		sum, best := 0.0, -1
		for k := range r.hits {
			h := &r.hits[k]
			if !in(h) {
				continue
			}
			sum += worth(h) * r.share(ts, i, h)
			if best < 0 || dist(*h, t.at) < dist(r.hits[best], t.at) {
				best = k
			}
		}
		if best >= 0 {
			return sum, &r.hits[best]
		}
	}
	if math.Abs(sc.Value) <= 0.1 || sc.Label == puskaradio.Neutral || r.contrasts(t.at) {
		return 0, nil
	}
	return sc.Value, nil
}

// idle reports whether no topic stands in the part of a feeling.
func (r *reading) idle(ts []topic, part []int, h *hit) bool {
	return !slices.ContainsFunc(ts, func(t topic) bool { return t.part == part[h.at] })
}

// contrasts reports whether the sentence of token i says "but".
func (r *reading) contrasts(i int) bool {
	return slices.ContainsFunc(r.buts, func(b int) bool { return r.sentence[b] == r.sentence[i] })
}

// asks reports whether a feeling stands in a question.
func (r *reading) asks(h *hit) bool {
	for i := h.at; i < len(r.ts) && r.sentence[i] == h.sentence; i++ {
		if r.ts[i].kind == stop {
			return r.ts[i].asks
		}
	}
	return false
}

// meant reports whether praise in a sarcastic text stands in plain contrast:
// beside a topic of its own, where the blame has another.
func (r *reading) meant(ts []topic, part []int, h *hit) bool {
	beside := func(g *hit) bool {
		return slices.ContainsFunc(ts, func(t topic) bool { return t.part == part[g.at] && dist(*g, t.at) <= 1 })
	}
	if !beside(h) {
		return false
	}
	for k := range r.hits {
		if g := &r.hits[k]; g.weight < 0 && part[g.at] != part[h.at] && beside(g) {
			return true
		}
	}
	return false
}

// share is how much of a feeling is about topic i: less the farther it is,
// and little where another topic of the part is nearer.
func (r *reading) share(ts []topic, i int, h *hit) float64 {
	d := dist(*h, ts[i].at)
	s := 2 / (2 + d)
	for k := range ts {
		if k != i && ts[k].part == ts[i].part && ts[k].own == nil && dist(*h, ts[k].at) < d-1 {
			return s * 0.4
		}
	}
	return s
}

// dist is how many tokens lie between a hit and token i.
func dist(h hit, i int) float64 { return float64(max(h.at-i, i-h.at-h.n+1, 0)) }
