package trend

import "math"

// An Estimate is a figure of a survey, with the interval in which it would be
// if everybody had answered, 95 times out of 100. N is the number of answers;
// without any, the figure is zero and the interval all that is possible.
type Estimate struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	N     int     `json:"answers"`
}

// z95 is the quantile of the normal distribution that leaves 2.5 % above it.
const z95 = 1.959963984540054

// NPS is the net promoter score of answers from 0 to 10: the percentage of
// promoters (9 and 10) less that of detractors (0 to 6), -100 to 100. After
// Reichheld, The One Number You Need to Grow, Harvard Business Review 12/2003.
//
// Its interval is the adjusted Wald interval of Rocks, Interval Estimation for
// the Net Promoter Score, The American Statistician 70 (2016): the usual one
// with three answers added, 3/4 of them promoters and 3/4 detractors, which
// stays right for few answers and for scores near the ends.
func NPS(answers []float64) Estimate {
	if len(answers) == 0 {
		return Estimate{Low: -100, High: 100}
	}
	var promoters, detractors float64
	for _, a := range answers {
		switch {
		case a >= 9:
			promoters++
		case a <= 6:
			detractors++
		}
	}
	n := float64(len(answers))
	p, d := (promoters+0.75)/(n+3), (detractors+0.75)/(n+3)
	half := z95 * math.Sqrt((p+d-(p-d)*(p-d))/(n+3))
	v := 100 * (promoters - detractors) / n
	// Where all agree, the figure itself would lie outside.
	return Estimate{Value: v, Low: min(v, max(-100, 100*(p-d-half))), High: max(v, min(100, 100*(p-d+half))), N: len(answers)}
}

// CSAT is the customer satisfaction score of answers from 1 to 5: the
// percentage of the satisfied (4 and 5), 0 to 100, known as the top-two-box share.
//
// Its interval is that of [Wilson].
func CSAT(answers []float64) Estimate {
	if len(answers) == 0 {
		return Estimate{High: 100}
	}
	satisfied := 0.0
	for _, a := range answers {
		if a >= 4 {
			satisfied++
		}
	}
	n := float64(len(answers))
	low, high := Wilson(satisfied/n, n)
	return Estimate{Value: 100 * satisfied / n, Low: 100 * low, High: 100 * high, N: len(answers)}
}

// CES is the customer effort score of answers from 1 to 7 to how far one agrees
// that it was easy: their mean, 1 to 7, more is easier. After Dixon, Toman and
// DeLisi, The Effortless Experience (2013), which calls it CES 2.0.
//
// Its interval is Student's, of the mean, within the scale; its quantile is the
// expansion of Cornish and Fisher to the third term. Fewer than three answers
// tell nothing.
func CES(answers []float64) Estimate {
	n := float64(len(answers))
	if n == 0 {
		return Estimate{Low: 1, High: 7}
	}
	sum := 0.0
	for _, a := range answers {
		sum += a
	}
	mean := sum / n
	if n < 3 {
		return Estimate{Value: mean, Low: 1, High: 7, N: len(answers)}
	}
	squares := 0.0
	for _, a := range answers {
		squares += (a - mean) * (a - mean)
	}
	free := n - 1
	z3, z5 := z95*z95*z95, z95*z95*z95*z95*z95
	t := z95 + (z3+z95)/(4*free) + (5*z5+16*z3+3*z95)/(96*free*free)
	half := t * math.Sqrt(squares/free/n)
	return Estimate{Value: mean, Low: max(1, mean-half), High: min(7, mean+half), N: len(answers)}
}
