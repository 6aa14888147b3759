package sentiment

import (
	"slices"
	"strings"
)

// stageOf is the stage of a touchpoint, where nothing else tells it.
var stageOf = map[string]string{
	"advert": "before", "recommendation": "before", "search": "before",
	"order": "during", "payment": "during", "chat": "during", "delivery": "during",
	"packaging": "after", "use": "after", "support": "after", "return": "after",
	"complaint": "after", "repurchase": "after", "referral": "after",
}

// telling orders the touchpoints for a draw: the rarer say more.
var telling = []string{
	"complaint", "return", "payment", "chat", "packaging", "advert", "support", "recommendation",
	"repurchase", "referral", "search", "delivery", "order", "use",
}

// faint touchpoints stand in many a text that is about another: people say
// that they ordered, or use a thing, before they come to the point.
var faint = []string{"order", "use", "delivery"}

// maxTold is how many words may tell of a stage and a touchpoint.
const maxTold = 4

// journey says where on a customer's way the text stands, and the words that
// told.
func (r *reading) journey() (stage, touchpoint string, words []string) {
	found := r.spot(r.l.journey)
	if len(found) == 0 {
		return "", "", nil
	}
	names := r.l.journey.names
	counts := make([]int, len(names))
	for _, s := range found {
		for i := range each(s.set) {
			counts[i] += 2
			if counts[i] == 2 && slices.Contains(faint, names[i]) {
				counts[i]--
			}
		}
	}
	point, at := -1, -1
	for i, n := range counts {
		name, isStage := strings.CutPrefix(names[i], "stage-")
		switch {
		case n == 0:
		case isStage:
			if at < 0 || n > counts[at] {
				stage, at = name, i
			}
		case point < 0 || n > counts[point] || n == counts[point] && slices.Index(telling, name) < slices.Index(telling, touchpoint):
			touchpoint, point = name, i
		}
	}
	if stage == "" {
		stage = stageOf[touchpoint]
	}
	for _, i := range []int{point, at} {
		if i < 0 {
			continue
		}
		for _, s := range found {
			if s.set>>i&1 == 0 || len(words) == maxTold {
				continue
			}
			if w := r.written(s.at, s.n); !slices.Contains(words, w) {
				words = append(words, w)
			}
		}
	}
	return stage, touchpoint, words
}
