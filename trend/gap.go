package trend

import "slices"

// A Gap is what a survey says beside what people say unasked, on the scale of
// the survey.
type Gap struct {
	Survey  string // nps, csat, ces
	Asked   Estimate
	Unasked Estimate // N is 0 where nothing that was said compares with the survey
}

// Points is by how much the unasked stand below those who were asked; negative
// if they stand above.
func (g Gap) Points() float64 { return g.Asked.Value - g.Unasked.Value }

// Sure reports whether that is more than luck explains: the intervals do not
// meet.
func (g Gap) Sure() bool {
	return g.Asked.N > 0 && g.Unasked.N > 0 && (g.Asked.Low > g.Unasked.High || g.Asked.High < g.Unasked.Low)
}

// Gaps puts the answers to surveys, by their kind, beside mentions. The net
// promoter score stands beside the net sentiment, which is made the same way: the
// percentage of positive mentions less that of negative ones. The satisfied
// stand beside the positive among those that feel anything. Nothing that is said
// unasked compares with the effort.
func Gaps(answers map[string][]float64, negative, neutral, positive int) (out []Gap) {
	said := func(bad, good float64) []float64 {
		return slices.Concat(slices.Repeat([]float64{bad}, negative), slices.Repeat([]float64{good}, positive))
	}
	if v := answers["nps"]; len(v) > 0 {
		out = append(out, Gap{"nps", NPS(v), NPS(slices.Concat(said(0, 10), slices.Repeat([]float64{8}, neutral)))})
	}
	if v := answers["csat"]; len(v) > 0 {
		out = append(out, Gap{"csat", CSAT(v), CSAT(said(1, 5))})
	}
	if v := answers["ces"]; len(v) > 0 {
		out = append(out, Gap{"ces", CES(v), Estimate{}})
	}
	return out
}
