package trend_test

import (
	"slices"
	"testing"

	"github.com/puskaradio/puskaradio/trend"
)

func TestGaps(t *testing.T) {
	answers := map[string][]float64{
		"nps": slices.Concat(slices.Repeat([]float64{10}, 80), slices.Repeat([]float64{3}, 20)), "csat": slices.Repeat([]float64{5, 5, 2}, 20), "ces": {7, 6},
	}
	gaps := trend.Gaps(answers, 50, 100, 50)
	if len(gaps) != 3 {
		t.Fatalf("got %v", gaps)
	}
	nps, csat, ces := gaps[0], gaps[1], gaps[2]
	if nps.Survey != "nps" || nps.Asked.Value != 60 || nps.Unasked.Value != 0 || nps.Unasked.N != 200 || nps.Points() != 60 || !nps.Sure() {
		t.Errorf("nps: %+v", nps)
	}
	if csat.Unasked.N != 100 || csat.Unasked.Value != 50 || csat.Sure() { // 67 of 60, 50 of 100
		t.Errorf("csat: %+v", csat)
	}
	if ces.Unasked.N != 0 || ces.Sure() || ces.Asked.Value != 6.5 {
		t.Errorf("ces: %+v", ces)
	}
	if few := trend.Gaps(map[string][]float64{"nps": {10, 9}}, 1, 0, 0); few[0].Sure() {
		t.Errorf("two answers are sure: %+v", few)
	}
	if g := trend.Gaps(nil, 5, 5, 5); g != nil {
		t.Errorf("without surveys: %v", g)
	}
}

func TestFair(t *testing.T) {
	h := trend.Hearings{
		"old":   {"shop": trend.Unread, "forum": trend.Unread, "theirs": trend.Unread},
		"new":   {"shop": trend.Answered, "forum": trend.Answered, "theirs": trend.Answered},
		"mixed": {"shop": trend.Answered, "forum": trend.Answered, "theirs": trend.Unread},
		"both":  {"shop": trend.Answered, "forum": trend.Unread, "theirs": trend.Answered},
		"deaf":  {"shop": trend.Answered, "forum": trend.Deaf, "theirs": trend.Answered},
	}
	for date, want := range map[string]bool{"old": true, "new": true, "mixed": false, "both": true, "deaf": false, "none": false} {
		if got := h.Fair(date, []string{"shop", "forum"}, []string{"forum", "theirs"}); got != want {
			t.Errorf("%s: %v", date, got)
		}
	}
	for date, want := range map[string]bool{"old": true, "new": true, "mixed": false, "both": false, "deaf": false} { // a third is not read from the forum
		if got := h.Fair(date, []string{"shop", "forum"}, []string{"forum", "theirs"}, []string{"shop"}); got != want {
			t.Errorf("three brands, %s: %v", date, got)
		}
	}
}
