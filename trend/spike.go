// Package trend turns counts into what people want to know: whether
// negative talk has spiked, what a day was like, who speaks of whom.
//
// Its functions are pure: they take numbers and times, and no clock, context
// or store.
package trend

import (
	"math"
	"time"

	"github.com/puskaradio/puskaradio"
)

// An Hour is what was said about a brand in one hour.
type Hour struct {
	At       time.Time
	Negative int
	Total    int
	// Deaf is set where the sources could not be read: its counts say nothing.
	Deaf bool
}

// Hours lines counts up by the hour, from the one that holds from to the one
// that holds to, with zeros where nothing was said.
func Hours(counts []puskaradio.Count, from, to time.Time) []Hour {
	from = from.UTC().Truncate(time.Hour)
	n := int(to.Sub(from)/time.Hour) + 1
	if n <= 0 {
		return nil
	}
	out := make([]Hour, n)
	for i := range out {
		out[i].At = from.Add(time.Duration(i) * time.Hour)
	}
	for _, c := range counts {
		if i := int(c.At.Sub(from) / time.Hour); i >= 0 && i < n && !c.At.Before(from) {
			out[i].Negative += c.Negative
			out[i].Total += c.Total()
		}
	}
	return out
}

// SpikeOptions say what counts as a spike. The zero value of a field means
// its default.
type SpikeOptions struct {
	Windows []time.Duration // what is looked at, ending now; default 2, 6 and 24 hours
	Odds    float64         // the most chance that luck alone would do it, for each window; default 1e-4
	Least   int             // the fewest negative mentions; default 5
	Times   float64         // the least multiple of what is usual; default 3
}

func (o SpikeOptions) withDefaults() SpikeOptions {
	if len(o.Windows) == 0 {
		o.Windows = []time.Duration{2 * time.Hour, 6 * time.Hour, 24 * time.Hour}
	}
	if o.Odds == 0 {
		o.Odds = 1e-4
	}
	if o.Least == 0 {
		o.Least = 5
	}
	if o.Times == 0 {
		o.Times = 3
	}
	return o
}

// A Spike is a window with more negative talk than luck explains.
type Spike struct {
	From, To        time.Time
	Negative, Total int
	Usual, UsualAll float64 // what such a window usually has
	Odds            float64
}

// least is how many hours of history a judgement needs.
const leastHistory = 48

// FindSpike looks for a spike at the end of a run of hours, of which the last
// is still running, and gives the least likely window.
//
// The number of negative mentions in a window is taken for a Poisson count
// whose rate is not known: a Gamma with the mean of the hours before and, as
// people post in clumps, no more certainty than the spread of those hours
// allows. The odds are the upper tail of the negative binomial that this
// gives (Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.6).
func FindSpike(hours []Hour, o SpikeOptions) (Spike, bool) {
	o = o.withDefaults()
	var best Spike
	found := false
	for _, w := range o.Windows {
		n := max(1, int(w/time.Hour))
		// What the longest window holds is not history yet.
		past := len(hours) - max(n, 24)
		if past < leastHistory {
			continue
		}
		s, ok := judge(hours[:past], hours[len(hours)-n:], o)
		if ok && (!found || s.Odds < best.Odds) {
			best, found = s, true
		}
	}
	return best, found
}

func judge(past, window []Hour, o SpikeOptions) (Spike, bool) {
	s := Spike{From: window[0].At, To: window[len(window)-1].At.Add(time.Hour)}
	heard := 0
	for _, h := range window {
		s.Negative += h.Negative
		s.Total += h.Total
		if !h.Deaf {
			heard++
		}
	}
	if heard == 0 {
		return s, false
	}
	var hours, sum, all float64
	var blocks []float64 // of the length of the window, for the spread
	block, filled := 0.0, 0
	for i := len(past) - 1; i >= 0; i-- {
		h := past[i]
		if h.Deaf {
			continue
		}
		hours++
		sum += float64(h.Negative)
		all += float64(h.Total)
		block += float64(h.Negative)
		if filled++; filled == len(window) {
			blocks = append(blocks, block)
			block, filled = 0, 0
		}
	}
	if hours < leastHistory {
		return s, false
	}
	width := float64(len(window))
	const prior = 0.5 // Jeffreys
	s.Usual = (sum + prior) / hours * width
	s.UsualAll = all / hours * width
	shape := sum + prior
	if m, v := meanVar(blocks); v > m && m > 0 {
		shape = min(shape, m*m/(v-m))
	}
	s.Odds = upperTail(s.Negative, shape, s.Usual)
	return s, s.Negative >= o.Least && float64(s.Negative) >= o.Times*s.Usual && s.Odds <= o.Odds
}

func meanVar(xs []float64) (mean, variance float64) {
	for _, x := range xs {
		mean += x
	}
	if len(xs) < 2 {
		return mean, 0
	}
	mean /= float64(len(xs))
	for _, x := range xs {
		variance += (x - mean) * (x - mean)
	}
	return mean, variance / float64(len(xs)-1)
}

// upperTail is the chance that a negative binomial count of a shape and a
// mean is k or more.
func upperTail(k int, shape, mean float64) float64 {
	if k <= 0 {
		return 1
	}
	// Each term from the one before: the logarithms of gamma functions would
	// leave nothing of the tail of a large shape.
	q := math.Log(mean) - math.Log(shape+mean)
	term := -shape * math.Log1p(mean/shape) // its logarithm
	next := func(i int) float64 {
		return term + q + math.Log(float64(i)+shape) - math.Log(float64(i)+1)
	}
	below := 0.0
	for i := range k {
		below += math.Exp(term)
		term = next(i)
	}
	if below < 1-1e-6 {
		return max(0, 1-below)
	}
	// The rest of one is noise there: sum the tail itself.
	tail := 0.0
	for i := k; i < k+10_000; i++ {
		t := math.Exp(term)
		tail += t
		if t < tail*1e-12 {
			break
		}
		term = next(i)
	}
	return tail
}
