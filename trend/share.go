package trend

import "math"

// Wilson is the interval of 95 % for a share p, 0 to 1, that was seen in n:
// Wilson, Probable Inference, the Law of Succession, and Statistical Inference,
// JASA 22 (1927).
func Wilson(p, n float64) (low, high float64) {
	zz := z95 * z95
	mid := (p + zz/(2*n)) / (1 + zz/n)
	half := z95 / (1 + zz/n) * math.Sqrt(p*(1-p)/n+zz/(4*n*n))
	return max(0, mid-half), min(1, mid+half)
}

// Differ reports whether a share of k in n is surely another than one of j in
// m: whether zero is outside of the interval of 95 % for their difference of
// Newcombe, Interval Estimation for the Difference Between Independent
// Proportions, Statistics in Medicine 17 (1998), method 10.
func Differ(k, n, j, m int) bool {
	if n == 0 || m == 0 {
		return false
	}
	p, q := float64(k)/float64(n), float64(j)/float64(m)
	l1, u1 := Wilson(p, float64(n))
	l2, u2 := Wilson(q, float64(m))
	d := p - q
	return d-math.Hypot(p-l1, u2-q) > 0 || d+math.Hypot(u1-p, q-l2) < 0
}
