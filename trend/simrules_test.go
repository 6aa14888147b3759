package trend

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// simReviews makes a brand's ratings by day and source: most of five stars, some
// of one, in a mood that drifts over weeks.
func simReviews(rng *rand.Rand, perDay float64, days int, end time.Time) (out []puskaradio.Count) {
	share := []float64{0.95, 0.75, 0.5, 0.25, 0} // stars as shares
	mood, level := 0.0, -1.5+rng.Float64()
	for d := range days {
		mood = mood*0.97 + 0.08*rng.NormFloat64()
		bad := 1 / (1 + math.Exp(-(level + mood)))
		for i, part := range []float64{0.7, 0.3} {
			c := puskaradio.Count{At: end.AddDate(0, 0, d-days), Source: string(rune('a' + i))}
			b := simBrand{rng: rng}
			for range b.poisson(perDay * part) {
				c.Rated++
				if rng.Float64() < bad {
					c.Rating += share[3+rng.IntN(2)]
				} else {
					c.Rating += share[rng.IntN(3)]
				}
			}
			if c.Rated > 0 {
				out = append(out, c)
			}
		}
	}
	return out
}

// TestSimulatedRatings: how often ratings are said to have fallen where nothing
// happens but a mood that drifts, and whether a fall by a star is seen.
func TestSimulatedRatings(t *testing.T) {
	end := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	const days = 365 + 92
	n := max(8, *simBrands/2)
	mean := 0.0
	var bySize []float64
	found, brands := 0, 0
	for size, rate := range simRates {
		alerts := 0
		for k := range n {
			rng := rand.New(rand.NewPCG(*simSeed+3, uint64(size*1000+k)))
			counts := simReviews(rng, rate, days, end)
			quiet := 0 // days until it may speak again
			for d := range 92 {
				now := end.AddDate(0, 0, d-91)
				if quiet--; quiet > 0 {
					continue
				}
				if _, ok := FindRatingDrop(until(counts, now), now, DropOptions{}); ok {
					alerts++
					quiet = 14
				}
			}
			if rate < 2 {
				continue
			}
			brands++
			for i := range counts { // a star less, from ten days before the end on
				if c := &counts[i]; end.Sub(c.At) <= 10*24*time.Hour {
					c.Rating = max(0, c.Rating-0.25*float64(c.Rated))
				}
			}
			for d := range 10 {
				now := end.AddDate(0, 0, d-9)
				if _, ok := FindRatingDrop(until(counts, now), now, DropOptions{}); ok {
					found++
					break
				}
			}
		}
		bySize = append(bySize, float64(alerts)/(float64(n)*92/30))
		mean += bySize[size] / float64(len(simRates))
	}
	t.Logf("rating drop: %.3f; %.3f false alerts a brand-month; a star less for ten days is seen with %d of %d brands of two reviews a day or more", bySize, mean, found, brands)
	if mean > 0.2 {
		t.Errorf("%.3f false alerts a brand-month, want 0.2 at most", mean)
	}
	if float64(found) < 0.5*float64(brands) {
		t.Errorf("a star less is seen with %d of %d", found, brands)
	}
}

// until is what was known at a time.
func until(counts []puskaradio.Count, now time.Time) (out []puskaradio.Count) {
	for _, c := range counts {
		if c.At.Before(now) {
			out = append(out, c)
		}
	}
	return out
}

// simLedger is what a source brings that is read so often, by the hour.
func simLedger(counts []int, begin time.Time, every int) (out []puskaradio.Coverage) {
	waiting := 0
	for h := range len(counts) / ticksPerHour {
		for _, n := range counts[h*ticksPerHour : (h+1)*ticksPerHour] {
			waiting += n
		}
		if h%every != 0 {
			continue
		}
		at := begin.Add(time.Duration(h) * time.Hour)
		out = append(out, puskaradio.Coverage{Hour: at, At: at.Add(30 * time.Minute), Fetches: 1, New: waiting, State: "ok"})
		waiting = 0
	}
	return out
}

// TestSimulatedSilence: how often a source is said to have fallen silent that has
// not, and how soon one that has.
func TestSimulatedSilence(t *testing.T) {
	begin := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	n := max(4, *simBrands/4)
	mean := 0.0
	var bySize, days []float64
	for size, rate := range simRates {
		alerts := 0
		late := []float64{}
		for k := range n {
			rng := rand.New(rand.NewPCG(*simSeed+4, uint64(size*1000+k)))
			counts, _ := newSimBrand(rng, rate).counts(28+92, nil)
			ledger := simLedger(counts, begin, []int{1, 1, 6, 12}[k%4])
			var told time.Time
			for i := range ledger {
				now := ledger[i].At.Add(10 * time.Minute)
				if now.Sub(begin) < 28*24*time.Hour {
					continue
				}
				j := max(0, i-28*24)
				if s, ok := FindSilence(ledger[j:i+1], now, time.UTC); ok && !s.Since.Equal(told) {
					told = s.Since
					alerts++
				}
			}
			end := begin.AddDate(0, 0, 28+92)
			for now := end; ; now = now.Add(time.Hour) { // and then it says nothing any more
				ledger = append(ledger, puskaradio.Coverage{Hour: now, At: now.Add(time.Minute), Fetches: 1, State: "ok"})
				if _, ok := FindSilence(ledger[max(0, len(ledger)-28*24):], now, time.UTC); ok || now.Sub(end) > 40*24*time.Hour {
					late = append(late, now.Sub(end).Hours()/24)
					break
				}
			}
		}
		bySize = append(bySize, float64(alerts)/(float64(n)*92/30))
		mean += bySize[size] / float64(len(simRates))
		days = append(days, median(late))
	}
	t.Logf("gone quiet: %.3f; %.3f false alerts a source-month at %v a day; told after %.1f days", bySize, mean, simRates, days)
	if mean > 0.2 {
		t.Errorf("%.3f false alerts a source-month, want 0.2 at most", mean)
	}
	if days[len(days)-1] > 2 || math.IsNaN(days[0]) {
		t.Errorf("told after %.1f days", days)
	}
}
