package sentiment

import (
	"math/bits"
	"slices"
	"strings"

	"github.com/puskaradio/puskaradio"
)

// aspects says what the feeling is about. An aspect feels as the words of its
// clause do, the near ones most; a clause without any asks its neighbours in
// the sentence.
func (r *reading) aspects() []puskaradio.Aspect {
	t := r.l.aspects.words[r.lang]
	sums := make([]float64, len(r.l.aspects.names))
	words := make([][]string, len(sums))
	var order []int
	for i, tok := range r.ts {
		if tok.kind != word {
			continue
		}
		set, n, ok := t.at(r.ts, i, tok.text, false)
		if !ok {
			continue
		}
		feels, near := r.around(i)
		for ; set != 0; set &= set - 1 {
			a := bits.TrailingZeros32(set)
			if !slices.Contains(order, a) {
				order = append(order, a)
			}
			sums[a] += feels
			for _, w := range append([]string{r.written(i, n)}, near...) {
				if len(words[a]) < 4 && !slices.Contains(words[a], w) {
					words[a] = append(words[a], w)
				}
			}
		}
	}
	var out []puskaradio.Aspect
	for _, a := range order {
		out = append(out, puskaradio.Aspect{Name: r.l.aspects.names[a], Label: labelOf(sums[a], 0.3), Words: words[a]})
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

// around is the feeling around token i, and the nearest word that told it.
func (r *reading) around(i int) (sum float64, words []string) {
	for _, wide := range []bool{false, true} {
		best := -1
		for k, h := range r.hits {
			if h.sentence != r.sentence[i] || !wide && h.clause != r.clause[i] {
				continue
			}
			far := float64(max(h.at-i, i-h.at-h.n+1, 0))
			sum += h.weight * 2 / (2 + far)
			if best < 0 || far < dist(r.hits[best], i) {
				best = k
			}
		}
		if best >= 0 {
			return sum, []string{r.written(r.hits[best].at, r.hits[best].n)}
		}
	}
	return 0, nil
}

func dist(h hit, i int) float64 { return float64(max(h.at-i, i-h.at-h.n+1, 0)) }

// stageOf is the stage of a touchpoint, where nothing else tells it.
var stageOf = map[string]string{
	"advert": "before", "recommendation": "before", "search": "before",
	"order": "during", "payment": "during", "chat": "during", "delivery": "during",
	"packaging": "after", "use": "after", "support": "after", "return": "after",
	"complaint": "after", "repurchase": "after", "referral": "after",
}

// telling orders the touchpoints for a draw: the rarer say more.
var telling = []string{
	"complaint", "return", "payment", "chat", "packaging", "advert", "delivery", "support",
	"recommendation", "search", "use", "repurchase", "order", "referral",
}

// journey says where on a customer's way the text stands.
func (r *reading) journey() (stage, touchpoint string) {
	t := r.l.journey.words[r.lang]
	counts := make([]int, len(r.l.journey.names))
	for i, tok := range r.ts {
		if tok.kind != word {
			continue
		}
		set, _, ok := t.at(r.ts, i, tok.text, r.negator(i))
		if !ok && r.negator(i) {
			set, _, _ = t.at(r.ts, i, map[string]string{"fi": "ei", "en": "not"}[r.lang], true)
		}
		if one, found := t.one(tok.text); found {
			set |= one
		}
		for ; set != 0; set &= set - 1 {
			counts[bits.TrailingZeros32(set)]++
		}
	}
	most, mostStage := 0, 0
	for i, n := range counts {
		name, isStage := strings.CutPrefix(r.l.journey.names[i], "stage-")
		switch {
		case isStage:
			if n > mostStage {
				stage, mostStage = name, n
			}
		case n > most || n == most && n > 0 && slices.Index(telling, name) < slices.Index(telling, touchpoint):
			touchpoint, most = name, n
		}
	}
	if stage == "" {
		stage = stageOf[touchpoint]
	}
	return stage, touchpoint
}
