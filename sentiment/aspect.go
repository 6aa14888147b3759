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

// Of a text at most so much is asked for what it is about: who repeats a word
// a thousand times says no more with it.
const (
	maxTopics = 200
	maxHits   = 400
	reach     = 40 // tokens between a topic and what is felt about it
)

// A topic is a place in a text that names an aspect.
type topic struct {
	spotted
	part int
	own  *hit // the feeling that the same words tell: expensive, broken
}

// A subject is a text with its topics, and what was found out about both.
type subject struct {
	*reading
	sc     *puskaradio.Score
	topics []topic
	hits   []hit
	part   []int  // by token: the part of its clause
	idle   []bool // by part: none of its words is a topic
	asks   []bool // by sentence
	buts   []bool // by sentence
	meant  []bool // by hit: praise in a sarcastic text that is meant
}

// aspects says what the feeling is about. A word that is topic and feeling at
// once tells its own; another topic feels as the nearest feelings of its part
// of the clause do; where there are none, as the next part does that has no
// topic, and where nothing in the sentence feels, as the text does.
func (r *reading) aspects(sc *puskaradio.Score) []puskaradio.Aspect {
	found := r.spot(r.l.aspects)
	if len(found) == 0 {
		return nil
	}
	s := r.subject(sc, found)
	names := r.l.aspects.names
	var sums [32]float64
	var at [32]int // 1 + the index in out
	var out []puskaradio.Aspect
	for i := range s.topics {
		feels, near := s.feels(i)
		t := &s.topics[i]
		tell := [2]string{r.written(t.at, t.n)}
		if near != nil && (near.at != t.at || near.n > t.n) {
			tell[1] = r.written(near.at, near.n)
		}
		for a := range each(t.set) {
			if at[a] == 0 {
				out = append(out, puskaradio.Aspect{Name: names[a], Component: componentOf[names[a]]})
				at[a] = len(out)
			}
			sums[a] += feels
			is := &out[at[a]-1]
			is.Label = labelOf(sums[a], 0.1)
			for _, w := range tell {
				if w != "" && len(is.Words) < 4 && !slices.Contains(is.Words, w) {
					is.Words = append(is.Words, w)
				}
			}
		}
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

func (r *reading) subject(sc *puskaradio.Score, found []spotted) *subject {
	s := &subject{reading: r, sc: sc, part: r.parts(), hits: r.hits[:min(len(r.hits), maxHits)]}
	last := len(r.ts) - 1 // there is one that was found
	s.idle = make([]bool, s.part[last]+1)
	marks := make([]bool, 2*(r.sentence[last]+1))
	s.asks, s.buts = marks[:len(marks)/2], marks[len(marks)/2:]
	for i, t := range r.ts {
		s.idle[s.part[i]] = true
		if t.kind == stop && t.asks {
			s.asks[r.sentence[i]] = true
		}
	}
	for _, b := range r.buts {
		s.buts[r.sentence[b]] = true
	}
	for _, f := range found[:min(len(found), maxTopics)] {
		t := topic{spotted: f, part: s.part[f.at]}
		for k := range s.hits {
			if h := &s.hits[k]; h.at < f.at+f.n && f.at < h.at+h.n {
				t.own = h
			}
		}
		s.idle[t.part] = false
		s.topics = append(s.topics, t)
	}
	s.mean()
	return s
}

// mean finds the praise in a sarcastic text that stands in plain contrast:
// beside a topic of its own, where the blame has another.
func (s *subject) mean() {
	s.meant = make([]bool, len(s.hits))
	blamed, count := make([]bool, len(s.idle)), 0 // parts
	for k := range s.hits {
		h := &s.hits[k]
		s.meant[k] = slices.ContainsFunc(s.topics, func(t topic) bool { return t.part == s.part[h.at] && dist(*h, t.at) <= 1 })
		if part := s.part[h.at]; s.meant[k] && h.weight < 0 && !blamed[part] {
			blamed[part] = true
			count++
		}
	}
	for k := range s.hits {
		others := count
		if blamed[s.part[s.hits[k].at]] {
			others--
		}
		s.meant[k] = s.meant[k] && others > 0
	}
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

// worth is the weight of hit k for what it is about.
func (s *subject) worth(k int) float64 {
	h := &s.hits[k]
	switch {
	case h.weight <= 0:
		return h.weight
	case s.sc.Why == "sarcasm" && !s.meant[k]:
		return -0.5 * h.weight
	case s.asks[h.sentence]: // who asks for something good has not got it yet
		return 0.1 * h.weight
	}
	return h.weight
}

// feels is how topic i feels, and the word that told it most.
func (s *subject) feels(i int) (float64, *hit) {
	t := &s.topics[i]
	clause, sentence := s.clause[t.at], s.sentence[t.at]
	for _, in := range []func(h *hit) bool{
		func(h *hit) bool { return h == t.own && math.Abs(h.weight) >= 0.25 },
		func(h *hit) bool { return s.part[h.at] == t.part },
		func(h *hit) bool { return h.clause == clause },
		func(h *hit) bool { return h.sentence == sentence && s.idle[s.part[h.at]] },
		func(h *hit) bool { return h.sentence == sentence+1 && s.idle[s.part[h.at]] },
	} {
		sum, best := 0.0, -1
		for k := range s.hits {
			h := &s.hits[k]
			if dist(*h, t.at) > reach || !in(h) {
				continue
			}
			if h == t.own {
				sum += 2 * s.worth(k)
			} else {
				sum += s.worth(k) * s.share(i, h)
			}
			if best < 0 || dist(*h, t.at) < dist(s.hits[best], t.at) {
				best = k
			}
		}
		if best >= 0 {
			return sum, &s.hits[best]
		}
	}
	if math.Abs(s.sc.Value) <= 0.1 || s.sc.Label == puskaradio.Neutral || s.buts[sentence] {
		return 0, nil
	}
	return s.sc.Value, nil
}

// share is how much of a feeling is about topic i: less the farther it is,
// and little where another topic of the part is nearer.
func (s *subject) share(i int, h *hit) float64 {
	d := dist(*h, s.topics[i].at)
	v := 2 / (2 + d)
	for k := range s.topics {
		if t := &s.topics[k]; k != i && t.part == s.topics[i].part && t.own == nil && dist(*h, t.at) < d-1 {
			return v * 0.4
		}
	}
	return v
}

// dist is how many tokens lie between a hit and token i.
func dist(h hit, i int) float64 { return float64(max(h.at-i, i-h.at-h.n+1, 0)) }
