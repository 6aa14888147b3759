package trend

import (
	"math"
	"time"
)

// A Rated is a rating and when it was given.
type Rated struct {
	At    time.Time
	Share float64 // of its scale, 0 to 1
}

// Stars are ratings as a visitor of a review site sees them: how many there are
// of each number of stars, and their mean. Without any, Mean is 0 and means
// nothing.
type Stars struct {
	N              int
	Bars           [5]int // of one star to five
	Mean           float64
	Low, High      float64 // that hold the mean in nineteen of twenty cases
	Newest, Oldest time.Time
}

// StarsOf counts ratings. The interval is that of a mean of values from 0 to 1
// whose variance is at most m(1−m) (Bhatia and Davis 2000), by [Wilson]: it is
// never too narrow.
func StarsOf(rated []Rated) Stars {
	s := Stars{N: len(rated), Low: 1, High: 5}
	if s.N == 0 {
		return s
	}
	sum := 0.0
	for _, r := range rated {
		share := min(1, max(0, r.Share))
		sum += share
		s.Bars[int(math.Round(4*share))]++
		if s.Newest.IsZero() || r.At.After(s.Newest) {
			s.Newest = r.At
		}
		if s.Oldest.IsZero() || r.At.Before(s.Oldest) {
			s.Oldest = r.At
		}
	}
	m := sum / float64(s.N)
	low, high := Wilson(m, float64(s.N))
	s.Mean, s.Low, s.High = 1+4*m, 1+4*low, 1+4*high
	return s
}
