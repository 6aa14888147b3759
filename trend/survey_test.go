package trend

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSurveys(t *testing.T) {
	many := func(counts map[float64]int) (out []float64) {
		for v, n := range counts {
			for range n {
				out = append(out, v)
			}
		}
		slices.Sort(out)
		return out
	}
	for _, tc := range []struct {
		name string
		got  Estimate
		want Estimate
	}{
		{"no NPS", NPS(nil), Estimate{0, -100, 100, 0}},
		{"no CSAT", CSAT(nil), Estimate{0, 0, 100, 0}},
		{"no CES", CES(nil), Estimate{0, 1, 7, 0}},
		// 60 promoters, 25 passives, 15 detractors: p = 60.75/103, d = 15.75/103.
		{"NPS", NPS(many(map[float64]int{10: 40, 9: 20, 8: 15, 7: 10, 6: 5, 0: 10})), Estimate{45, 29.3431, 58.0355, 100}},
		{"NPS of one promoter", NPS([]float64{10}), Estimate{100, -48.4986, 100, 1}},
		// The textbook case of Wilson, 9 of 10: 0.5958 to 0.9821.
		{"CSAT", CSAT(many(map[float64]int{5: 6, 4: 3, 3: 1})), Estimate{90, 59.5850, 98.2124, 10}},
		// The variance is 0.9, and Student's t of nine degrees 2.2622: 5.7 ± 0.6787.
		{"CES", CES([]float64{5, 6, 7, 4, 6, 5, 7, 6, 5, 6}), Estimate{5.7, 5.0214, 6.3786, 10}},
		{"CES of two", CES([]float64{5, 6}), Estimate{5.5, 1, 7, 2}},
		{"CES of equals", CES([]float64{7, 7, 7, 7}), Estimate{7, 7, 7, 4}},
	} {
		near := func(a, b float64) bool { return math.Abs(a-b) < 0.01 }
		if g, w := tc.got, tc.want; !near(g.Value, w.Value) || !near(g.Low, w.Low) || !near(g.High, w.High) || g.N != w.N {
			t.Errorf("%s = %+v, want %+v", tc.name, g, w)
		}
	}
}

// TestSurveyIntervals draws samples of a known whole and counts how often the
// interval has it.
func TestSurveyIntervals(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{10, 30, 200} {
		hit := [3]int{}
		const rounds = 4000
		for range rounds {
			var nps, csat, ces []float64
			for range n {
				nps = append(nps, []float64{10, 9, 9, 8, 7, 10, 3, 6, 9, 8}[r.IntN(10)]) // 50 − 20
				csat = append(csat, []float64{5, 4, 4, 5, 3, 5, 1, 4, 5, 2}[r.IntN(10)]) // 70
				ces = append(ces, []float64{7, 6, 5, 6, 4, 7, 2, 5, 6, 5}[r.IntN(10)])   // 5.3
			}
			for i, x := range []struct {
				e     Estimate
				truth float64
			}{{NPS(nps), 30}, {CSAT(csat), 70}, {CES(ces), 5.3}} {
				if x.e.Low <= x.truth && x.truth <= x.e.High {
					hit[i]++
				}
			}
		}
		for i, name := range []string{"NPS", "CSAT", "CES"} {
			if share := float64(hit[i]) / rounds; share < 0.92 || share > 0.985 {
				t.Errorf("%s of %d answers: the interval holds the truth %.3f of the time, want 0.95", name, n, share)
			}
		}
	}
}
