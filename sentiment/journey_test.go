package sentiment

import (
	"strings"
	"testing"
)

// TestJourneyFigures counts stages and touchpoints of our own reviews, over
// each part of a set. What tells none is right where none is found, but counts
// for nothing.
func TestJourneyFigures(t *testing.T) {
	s := newScorer(t)
	for _, c := range []struct {
		lang         string
		stage, point float64 // floors for the part whose errors were not read
	}{{"fi", 0.67, 0.63}, {"en", 0.72, 0.71}} {
		stage := map[string]*tally{"dev": {}, "test": {}}
		point := map[string]*tally{"dev": {}, "test": {}}
		count := func(n *tally, got, want string) {
			if got != "" {
				n.got++
			}
			if want != "" {
				n.want++
				if got == want {
					n.right++
				}
			}
		}
		for _, r := range reviews(t, c.lang) {
			got := s.Score([]Text{r.in()})[0]
			count(stage[r.split], got.Stage, r.stage)
			count(point[r.split], got.Touchpoint, r.touchpoint)
			if (got.Stage != "") != (len(got.JourneyWords) > 0) {
				t.Errorf("%q: stage %q by words %q", r.text, got.Stage, got.JourneyWords)
			}
			for _, w := range got.JourneyWords {
				for part := range strings.FieldsSeq(w) {
					if !strings.Contains(r.text, part) {
						t.Errorf("%q: no %q in it", r.text, part)
					}
				}
			}
		}
		for split, floor := range map[string]float64{"dev": 0, "test": 1} {
			stage[split].log(t, c.lang+" "+split+" stage", floor*c.stage)
			point[split].log(t, c.lang+" "+split+" touchpoint", floor*c.point)
		}
	}
}
