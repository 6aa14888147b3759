package trend

import (
	"cmp"
	"slices"

	"github.com/puskaradio/puskaradio"
)

// Stages are the stages of a customer's journey, in its order.
func Stages() []string { return []string{"expectation", "before", "during", "after"} }

// A Part is what was said of one stage, touchpoint or aspect in a period, and
// in the one before it.
type Part struct {
	Name                  string
	Total, Negative       int
	WasTotal, WasNegative int
}

// Share is the share of what is negative, 0 to 1; Was that of the period before.
// Both are 0 of nothing.
func (p Part) Share() float64 { return share(p.Negative, p.Total) }
func (p Part) Was() float64   { return share(p.WasNegative, p.WasTotal) }

// Differs reports whether the negative share has changed more than luck
// explains, see [Differ].
func (p Part) Differs() bool { return Differ(p.Negative, p.Total, p.WasNegative, p.WasTotal) }

func share(k, n int) float64 {
	if n == 0 {
		return 0
	}
	return float64(k) / float64(n)
}

// A Journey is what was said along a customer's journey. What tells no stage or
// no touchpoint counts under the name "".
type Journey struct {
	Stages, Touchpoints, Aspects []Part
}

// JourneyOf counts the verdicts of a period and of the one before it. Stages
// stand in their order, the others the most frequent first, and
// what tells none last.
func JourneyOf(is, was []puskaradio.Score) Journey {
	stages, points, aspects := parts{}, parts{}, parts{}
	for _, name := range Stages() {
		stages.of(name)
	}
	count := func(scores []puskaradio.Score, before bool) {
		for i := range scores {
			s := &scores[i]
			stages.add(s.Stage, s.Alarming(), before)
			points.add(s.Touchpoint, s.Alarming(), before)
			bad := map[string]bool{}
			for _, a := range s.Aspects {
				bad[a.Name] = bad[a.Name] || a.Label == puskaradio.Negative
			}
			for name, negative := range bad {
				aspects.add(name, negative, before)
			}
		}
	}
	count(is, false)
	count(was, true)
	j := Journey{stages.list(), points.list(), aspects.list()}
	place := func(p Part) int {
		if i := slices.Index(Stages(), p.Name); i >= 0 {
			return i
		}
		return len(Stages()) // what tells none comes last
	}
	slices.SortStableFunc(j.Stages, func(a, b Part) int { return cmp.Compare(place(a), place(b)) })
	return j
}

type parts map[string]*Part

func (p parts) of(name string) *Part {
	if p[name] == nil {
		p[name] = &Part{Name: name}
	}
	return p[name]
}

func (p parts) add(name string, negative, before bool) {
	x, n := p.of(name), 0
	if negative {
		n = 1
	}
	if before {
		x.WasTotal, x.WasNegative = x.WasTotal+1, x.WasNegative+n
		return
	}
	x.Total, x.Negative = x.Total+1, x.Negative+n
}

func (p parts) list() (out []Part) {
	for _, x := range p {
		out = append(out, *x)
	}
	slices.SortFunc(out, func(a, b Part) int {
		if (a.Name == "") != (b.Name == "") { // what tells none is no answer, however often
			return cmp.Compare(b.Name, a.Name)
		}
		return cmp.Or(cmp.Compare(b.Total, a.Total), cmp.Compare(b.WasTotal, a.WasTotal), cmp.Compare(a.Name, b.Name))
	})
	return out
}
