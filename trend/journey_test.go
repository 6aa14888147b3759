package trend_test

import (
	"testing"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/trend"
)

func TestJourney(t *testing.T) {
	score := func(label puskaradio.Label, stage, touchpoint string, aspects ...puskaradio.Aspect) puskaradio.Score {
		return puskaradio.Score{Label: label, Stage: stage, Touchpoint: touchpoint, Aspects: aspects}
	}
	bad, good := puskaradio.Aspect{Name: "price", Label: puskaradio.Negative}, puskaradio.Aspect{Name: "price", Label: puskaradio.Positive}
	is := []puskaradio.Score{
		score(puskaradio.Negative, "after", "support", bad, good), // one mention, once
		score(puskaradio.Positive, "after", "", good),
		score(puskaradio.Positive, "", ""),
		{Label: puskaradio.Neutral, Stage: "during", Embedded: &puskaradio.Score{Label: puskaradio.Negative}}, // negative by one scorer
	}
	was := []puskaradio.Score{score(puskaradio.Positive, "after", "support"), score(puskaradio.Negative, "before", "advert")}
	j := trend.JourneyOf(is, was)
	for name, tt := range map[string]struct{ got, want []trend.Part }{
		"stages": {j.Stages, []trend.Part{
			{Name: "expectation"},
			{Name: "before", WasTotal: 1, WasNegative: 1},
			{Name: "during", Total: 1, Negative: 1},
			{Name: "after", Total: 2, Negative: 1, WasTotal: 1},
			{Total: 1},
		}},
		"touchpoints": {j.Touchpoints, []trend.Part{{Name: "support", Total: 1, Negative: 1, WasTotal: 1}, {Name: "advert", WasTotal: 1, WasNegative: 1}, {Total: 3, Negative: 1}}},
		"aspects":     {j.Aspects, []trend.Part{{Name: "price", Total: 2, Negative: 1}}},
	} {
		if len(tt.got) != len(tt.want) {
			t.Fatalf("%s: got %v, want %v", name, tt.got, tt.want)
		}
		for i := range tt.got {
			if tt.got[i] != tt.want[i] {
				t.Errorf("%s: got %v, want %v", name, tt.got[i], tt.want[i])
			}
		}
	}
	p := trend.Part{Total: 100, Negative: 60, WasTotal: 100, WasNegative: 30}
	if p.Share() != 0.6 || p.Was() != 0.3 || !p.Differs() || (trend.Part{Total: 3, Negative: 2, WasTotal: 3, WasNegative: 1}).Differs() || (trend.Part{}).Share() != 0 {
		t.Errorf("the share of %v", p)
	}
}
