package trend

import (
	"math/rand/v2"
	"testing"
)

// simTopics cuts the posts of a brand up by what they are about: fifteen topics,
// the first far more common than the last, some posts about none, some about
// two; who posts soon after another often speaks of the same.
func simTopics(rng *rand.Rand, counts []int) (topics [][]int) {
	const kinds = 15
	weights, sum := make([]float64, kinds), 0.0
	for k := range weights {
		weights[k] = 1 / float64(k+1)
		sum += weights[k]
	}
	topics = make([][]int, kinds)
	for k := range topics {
		topics[k] = make([]int, len(counts))
	}
	draw := func() int {
		x := rng.Float64() * sum
		for k, w := range weights {
			if x -= w; x < 0 {
				return k
			}
		}
		return kinds - 1
	}
	last, at := -1, -TicksPerDay
	for i, n := range counts {
		for range n {
			if rng.Float64() < 0.3 {
				continue
			}
			for range 1 + rng.IntN(4)/3 {
				k := draw()
				if last >= 0 && i-at < 6*ticksPerHour && rng.Float64() < 0.3 {
					k = last
				}
				topics[k][i]++
				last, at = k, i
			}
		}
	}
	return topics
}

// openings gives when a detector of a topic opens alerts while none of the brand
// is open, nor has been for a day.
func openings(o BurstOptions, counts []int, topics [][]int) (at [][]int, brand []int) {
	threshold, _ := Normal.Threshold()
	all := NewBurst(BurstOptions{Threshold: threshold})
	busy := make([]bool, len(counts))
	last := -TicksPerDay
	for i, n := range counts {
		if e := all.Tick(n, i%TicksPerDay, false).Event; e == Opened {
			brand = append(brand, i)
		}
		if all.Alerting() {
			last = i
		}
		busy[i] = i-last < TicksPerDay
	}
	at = make([][]int, len(topics))
	for k, series := range topics {
		d := RareTopicBurst(o)
		for i, n := range series {
			if d.Tick(n, i%TicksPerDay, false).Event == Opened && !busy[i] {
				at[k] = append(at[k], i)
			}
		}
	}
	return at, brand
}

// TestSimulatedTopics: how often an alert about a topic is raised where nothing
// happens, and how often a burst of one topic is found, by that or by the brand's
// own alert.
func TestSimulatedTopics(t *testing.T) {
	n, thresholds := max(1, min(16, *simBrands/6)), []float64{TopicThreshold}
	if *simBrands >= 100 {
		thresholds = []float64{5.2, TopicThreshold} // that of the sensitivity quiet beside it
	}
	for _, threshold := range thresholds {
		o := BurstOptions{Threshold: threshold}
		var bySize []float64
		mean := 0.0
		hits, missed, own := 0, 0, 0
		for size, rate := range simRates {
			alerts := 0
			for k := range n {
				rng := rand.New(rand.NewPCG(*simSeed+2, uint64(size*1000+k)))
				b := newSimBrand(rng, rate)
				counts, _ := b.counts(simWarm+92, nil)
				topics := simTopics(rng, counts)
				at, _ := openings(o, counts, topics)
				for _, is := range at {
					for _, i := range is {
						if i >= simWarm*TicksPerDay {
							alerts++
						}
					}
				}
				// Then twelve posts about a rare topic within six hours.
				const start = 60 * TicksPerDay
				for range 12 {
					i := start + rng.IntN(6*ticksPerHour)
					topics[9][i]++
					counts[i]++
				}
				at, brand := openings(o, counts, topics)
				found, by := false, false
				for _, i := range at[9] {
					found = found || i >= start && i < start+TicksPerDay
				}
				for _, i := range brand {
					by = by || i >= start && i < start+TicksPerDay
				}
				switch {
				case by:
					own++
				case found:
					hits++
				default:
					missed++
				}
			}
			bySize = append(bySize, float64(alerts)/(float64(n)*92/30))
			mean += bySize[size] / float64(len(simRates))
		}
		t.Logf("topics at %.1f: %.3f; %.3f false alerts a brand-month; twelve posts about one topic: %d by the topic, %d by the brand's own alert, %d missed", threshold, bySize, mean, hits, own, missed)
		if threshold == TopicThreshold && mean > 0.2 {
			t.Errorf("%.3f false alerts a brand-month about topics, want 0.2 at most", mean)
		}
		if threshold == TopicThreshold && missed > (hits+own)/5 {
			t.Errorf("%d of %d bursts of one topic are missed", missed, hits+own+missed)
		}
	}
}
