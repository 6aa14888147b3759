package trend

import (
	"math"
	"slices"
	"time"

	"github.com/puskaradio/puskaradio"
)

// A RatingDrop is how the ratings of some days stand beside those of the year
// before them. Ratings are shares of their scale, 0 to 1.
type RatingDrop struct {
	From  time.Time // the first of these days
	Mean  float64
	N     int     // ratings
	Usual float64 // the mean to expect, by the mean of each source in the year before
	Year  int     // ratings in that year
	Odds  float64 // the chance of it if nothing had changed but by the half of the least fall
}

// Fall is by how much the mean has fallen.
func (d RatingDrop) Fall() float64 { return d.Usual - d.Mean }

// DropOptions are when ratings have fallen. The zero value of a field means its
// default.
type DropOptions struct {
	Fall  float64 // the least fall, as a share of the scale; 0.075, which is 0.3 stars of five
	Least int     // the fewest ratings of the last seven days; 10
	Odds  float64 // the highest chance; 0.005
}

const (
	dropDays  = 7  // that are looked at, if they have enough ratings;
	dropLong  = 60 // else the last days that have dropMost of them, so many at the most
	dropMost  = 30
	dropYear  = 365 // days before them
	dropKnown = 20  // ratings of a source in that year, without which its own do not count
	dropSure  = 50  // and of all together
)

// FindRatingDrop compares the ratings of the last seven days, or of as many as
// thirty ratings take, with the year before them. counts are by day and source.
// It gives false if there are too few ratings, or if they have not fallen.
//
// A source is compared with itself, so that one which falls silent changes
// nothing. No single rating is looked at: a mean m of values from 0 to 1 has a
// variance of at most m(1−m) (Bhatia and Davis, A Better Bound on the Variance,
// American Mathematical Monthly 107, 2000), which reviews, mostly of the best
// and the worst, nearly have. So both means are taken for Beta distributed, after
// Jeffreys' prior, and their difference for normal; what is tested is that it is
// more than half of the least fall.
func FindRatingDrop(counts []puskaradio.Count, now time.Time, o DropOptions) (RatingDrop, bool) {
	if o.Fall == 0 {
		o.Fall = 0.075
	}
	if o.Least == 0 {
		o.Least = 10
	}
	if o.Odds == 0 {
		o.Odds = 0.005
	}
	counts = slices.Clone(counts)
	slices.SortStableFunc(counts, func(a, b puskaradio.Count) int { return b.At.Compare(a.At) }) // the newest first
	from, n := now.AddDate(0, 0, -dropDays), 0
	for _, c := range counts {
		if c.At.After(from) {
			n += c.Rated
		}
	}
	if n < o.Least { // they come slowly
		longest := now.AddDate(0, 0, -dropLong)
		n = 0
		for _, c := range counts {
			if c.At.Before(longest) {
				return RatingDrop{}, false
			}
			if c.At.Before(from) && n >= dropMost {
				break
			}
			from, n = c.At.Add(-time.Second), n+c.Rated
		}
		if n < dropMost {
			return RatingDrop{}, false
		}
	}
	d := compareRatings(counts, from)
	d.From = from
	enough := d.Year >= dropSure && d.N >= min(n, o.Least)
	if !enough {
		return d, false
	}
	a, v := beta(d.Mean*float64(d.N), float64(d.N))
	_, v0 := beta(d.Usual*float64(d.Year), float64(d.Year))
	d.Odds = 0.5 * math.Erfc((d.Usual-o.Fall/2-a)/math.Sqrt(2*(v+v0)))
	return d, d.Fall() >= o.Fall && d.Odds < o.Odds
}

// compareRatings adds up what is after from, and the year before it.
func compareRatings(counts []puskaradio.Count, from time.Time) (d RatingDrop) {
	type sum struct{ n, rating float64 }
	now, year := map[string]sum{}, map[string]sum{}
	begin := from.AddDate(0, 0, -dropYear)
	for _, c := range counts {
		in := year
		switch {
		case c.At.After(from):
			in = now
		case c.At.Before(begin):
			continue
		}
		s := in[c.Source]
		in[c.Source] = sum{s.n + float64(c.Rated), s.rating + c.Rating}
	}
	var mean, usual, n float64
	for source, s := range now {
		y := year[source]
		if y.n < dropKnown {
			continue
		}
		n += s.n
		mean += s.rating
		usual += s.n * y.rating / y.n
		d.Year += int(y.n)
	}
	if n > 0 {
		d.N, d.Mean, d.Usual = int(n), mean/n, usual/n
	}
	return d
}

// beta is the mean and the variance of a share of which k of n were seen, after
// Jeffreys' prior.
func beta(k, n float64) (mean, variance float64) {
	a, b := k+0.5, max(n-k, 0)+0.5
	return a / (a + b), a * b / ((a + b) * (a + b) * (a + b + 1))
}
