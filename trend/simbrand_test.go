package trend

import (
	"math"
	"math/rand/v2"
)

// A simBrand is a made-up brand: people post by day and by week, in a mood that
// drifts, and answer each other. It is clumpier than the detector believes.
type simBrand struct {
	rng       *rand.Rand
	rate      float64 // posts a tick
	amplitude float64 // of the day
	weekend   float64
	drift     float64 // standard deviation of the log of the rate, a slow mood
	tau       float64 // ticks, how long a mood lasts
	branching float64 // answers that a post gets
	delay     float64 // ticks, until one comes
}

func newSimBrand(rng *rand.Rand, perDay float64) *simBrand {
	span := func(a, b float64) float64 { return a + (b-a)*rng.Float64() }
	return &simBrand{
		rng: rng, rate: perDay / TicksPerDay, amplitude: span(0.3, 0.9), weekend: span(0.4, 1),
		drift: span(simDrift[0], simDrift[1]), tau: span(3, 20) * TicksPerDay, branching: span(0, 0.5), delay: span(0.5, 6) * ticksPerHour,
	}
}

func (b *simBrand) poisson(mean float64) int {
	if mean > 30 {
		return max(0, int(math.Round(mean+math.Sqrt(mean)*b.rng.NormFloat64())))
	}
	n, p, limit := 0, 1.0, math.Exp(-mean)
	for p *= b.rng.Float64(); p > limit; p *= b.rng.Float64() {
		n++
	}
	return n
}

// counts makes days of it. extra is what a tick has more of, as a multiple of
// the usual; it gives also what was posted because of it.
func (b *simBrand) counts(days int, extra func(i int) float64) (counts, burst []int) {
	n := days * TicksPerDay
	counts, burst = make([]int, n), make([]int, n)
	mood := b.drift * b.rng.NormFloat64()
	keep := math.Exp(-1 / b.tau)
	week := (5 + 2*b.weekend) / 7
	for i := range n {
		mood = mood*keep + b.drift*math.Sqrt(1-keep*keep)*b.rng.NormFloat64()
		usual := b.rate * (1 - b.branching) * math.Exp(mood-b.drift*b.drift/2) * (1 + b.amplitude*math.Sin(2*math.Pi*(float64(i%TicksPerDay)/TicksPerDay-0.4)))
		if d := i / TicksPerDay % 7; d >= 5 {
			usual *= b.weekend
		}
		usual /= week
		counts[i] += b.spread(i, b.poisson(usual), counts)
		if extra != nil {
			if x := extra(i); x > 0 {
				burst[i] += b.spread(i, b.poisson(usual*x), burst)
			}
		}
	}
	for i := range counts {
		counts[i] += burst[i]
	}
	return counts, burst
}

// spread puts the answers to n posts of a tick, and the answers to those, into
// the ticks to come.
func (b *simBrand) spread(i, n int, into []int) int {
	for range n {
		for range b.poisson(b.branching) {
			if j := i + 1 + int(b.rng.ExpFloat64()*b.delay); j < len(into) {
				into[j] += b.spread(j, 1, into)
			}
		}
	}
	return n
}
