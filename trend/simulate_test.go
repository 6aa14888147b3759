package trend

import (
	"flag"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

var (
	simBrands = flag.Int("sim.brands", 12, "made-up brands of each size; make spikes takes 200")
	simSeed   = flag.Uint64("sim.seed", 20261122, "where their dice begin")
)

// simRates are negative posts a day.
var simRates = []float64{0.5, 1, 2, 5, 10, 20}

// simDrift is how moody brands are, from and to.
var simDrift = [2]float64{0.1, 0.3}

const simWarm = 28 // days, before anything is counted

// A simDetector says at which ticks alerts are opened and closed, and at which
// an open one is told anew because it has doubled.
type simDetector func(counts []int, gap func(i int) bool) (opened, closed, again []int)

func simOurs(s Sensitivity) simDetector {
	threshold, _ := s.Threshold()
	return func(counts []int, gap func(int) bool) (opened, closed, again []int) {
		d := NewBurst(BurstOptions{Threshold: threshold})
		for i, n := range counts {
			deaf := gap != nil && gap(i)
			switch d.Tick(n, i%TicksPerDay, deaf).Event {
			case Opened:
				opened = append(opened, i)
			case Escalated:
				again = append(again, i)
			case Resolved, NewLevel:
				closed = append(closed, i)
			}
		}
		return opened, closed, again
	}
}

// episodes makes alerts of hourly verdicts: one is over after a day without.
func episodes(counts []int, hot func(i int, sum func(from, to int) float64) bool) (opened, closed, again []int) {
	sums := make([]float64, len(counts)+1)
	for i, n := range counts {
		sums[i+1] = sums[i] + float64(n)
	}
	sum := func(from, to int) float64 { return sums[max(to, 0)] - sums[max(from, 0)] }
	last := longAgo
	open := false
	for i := 8 * TicksPerDay; i < len(counts); i += ticksPerHour {
		switch {
		case hot(i, sum):
			if last = i; !open {
				opened, open = append(opened, i), true
			}
		case open && i-last > TicksPerDay:
			closed, open = append(closed, i), false
		}
	}
	return opened, closed, nil
}

// simVendor is the rule of several tools: the last 24 hours are more than 150 %
// of the mean day of the last week.
func simVendor(counts []int, _ func(int) bool) (opened, closed, again []int) {
	return episodes(counts, func(i int, sum func(from, to int) float64) bool {
		return sum(i-TicksPerDay, i) > 1.5*sum(i-7*TicksPerDay, i)/7
	})
}

// simZ is a z-score of the last hour against the hours of the last week.
func simZ(counts []int, _ func(int) bool) (opened, closed, again []int) {
	return episodes(counts, func(i int, sum func(from, to int) float64) bool {
		mean, square := 0.0, 0.0
		for h := range 7 * 24 {
			x := sum(i-(h+2)*ticksPerHour, i-(h+1)*ticksPerHour)
			mean, square = mean+x, square+x*x
		}
		mean, square = mean/168, square/168
		x := sum(i-ticksPerHour, i)
		return x >= 3 && x > mean+3*math.Sqrt(max(square-mean*mean, 0))
	})
}

// A simTable is how a detector did.
type simTable struct {
	bySize []float64 // false alerts a brand-month
	mean   float64
	p95    float64 // of brands
	early  float64 // in the first 28 days
}

// simFalse counts alerts on brands that nothing happens to.
func simFalse(d simDetector, gap func(i int) bool, change func(b *simBrand, counts []int)) (t simTable) {
	const days = simWarm + 92
	var brands []float64
	early := 0
	for size, rate := range simRates {
		n := 0
		for k := range *simBrands {
			b := newSimBrand(rand.New(rand.NewPCG(*simSeed, uint64(size*1000+k))), rate)
			counts, _ := b.counts(days, nil)
			if change != nil {
				change(b, counts)
			}
			if gap != nil {
				for i := range counts {
					if gap(i) {
						counts[i] = 0
					}
				}
			}
			opened, _, _ := d(counts, gap)
			late := 0
			for _, i := range opened {
				if i >= simWarm*TicksPerDay {
					late++
				} else {
					early++
				}
			}
			n += late
			brands = append(brands, float64(late)/(92.0/30))
		}
		t.bySize = append(t.bySize, float64(n)/(float64(*simBrands)*92/30))
		t.mean += t.bySize[size] / float64(len(simRates))
	}
	slices.Sort(brands)
	t.p95 = brands[len(brands)*95/100]
	t.early = float64(early) / float64(len(brands)) / (28.0 / 30)
	return t
}

// A simHit is what became of a burst.
type simHit struct {
	times, hours float64 // of the usual, and for how long
	extra, soon  int     // posts that it added; within six hours
	hit          bool
	delay        float64 // minutes from its first post
	posts        int     // of it, until the alert
	openings     int
	after        float64 // hours from its end until the alert was over; −1 if it never was
}

// simBursts puts one burst into each of many brands.
func simBursts(d simDetector) (hits []simHit) {
	const at = 40*TicksPerDay + 100
	k := uint64(0)
	for _, rate := range simRates {
		for _, times := range []float64{3, 5, 10} {
			for _, hours := range []float64{2, 6, 24, 72} {
				for range max(2, *simBrands/8) {
					k++
					b := newSimBrand(rand.New(rand.NewPCG(*simSeed+1, k)), rate)
					start := at + b.rng.IntN(7*TicksPerDay)
					length := int(hours * ticksPerHour)
					shape := b.rng.IntN(3)
					counts, burst := b.counts(56, func(i int) float64 {
						x := float64(i-start) / float64(length)
						switch {
						case x < 0 || x >= 1:
							return 0
						case shape == 1: // it decays
							return (times - 1) * 2 * (1 - x)
						case shape == 2: // it rises and falls
							return (times - 1) * 2 * (1 - math.Abs(2*x-1))
						}
						return times - 1
					})
					hits = append(hits, outcome(d, counts, burst, start, length, times, hours))
				}
			}
		}
	}
	return hits
}

func outcome(d simDetector, counts, burst []int, start, length int, times, hours float64) simHit {
	h := simHit{times: times, hours: hours, after: -1}
	first, end := 0, start
	for i := start; i < len(burst); i++ {
		if h.extra += burst[i]; burst[i] > 0 {
			end = i
			if first == 0 {
				first = i
			}
		}
		if i < start+6*ticksPerHour {
			h.soon += burst[i]
		}
	}
	end = max(end, start+length)
	opened, closed, again := d(counts, nil)
	for _, i := range opened {
		if i >= start && i <= end {
			h.openings++
		}
	}
	told := append(opened, again...)
	slices.Sort(told)
	for _, i := range told {
		if i < start || i > end || h.hit {
			continue
		}
		h.hit, h.delay = true, float64(i-first+1)*5
		for j := start; j <= i; j++ {
			h.posts += burst[j]
		}
		for _, c := range closed {
			if c > i {
				h.after = max(0, float64(c-end)/ticksPerHour)
				break
			}
		}
	}
	return h
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	slices.Sort(v)
	return v[len(v)/2]
}

// recall sums bursts up that are wanted.
func recall(hits []simHit, wanted func(h simHit) bool) (share, delay, posts float64, n int) {
	var delays, ps []float64
	for _, h := range hits {
		if !wanted(h) {
			continue
		}
		if n++; h.hit {
			delays, ps = append(delays, h.delay), append(ps, float64(h.posts))
		}
	}
	return float64(len(delays)) / float64(n), median(delays), median(ps), n
}

func major(h simHit) bool { return h.extra >= 10 && h.times >= 5 }
func sharp(h simHit) bool { return h.soon >= 10 && h.hours <= 6 }

// TestSimulated makes brands up and counts: false alerts where nothing happens,
// bursts that are found, how soon, and how often they are told. Beside it stand
// two rules that other tools use.
func TestSimulated(t *testing.T) {
	full := *simBrands >= 100
	t.Logf("%-22s false alerts a brand-month at %v posts a day; mean, p95 brand, first 28 days | major bursts: recall, minutes, posts | sharp: recall, minutes", "", simRates)
	for _, d := range []struct {
		name string
		find simDetector
	}{
		{"high", simOurs(High)},
		{"normal", simOurs(Normal)},
		{"low", simOurs(Low)},
		{"quiet", simOurs(Quiet)},
		{"150 % of the week", simVendor},
		{"z-score of the hour", simZ},
	} {
		f := simFalse(d.find, nil, nil)
		hits := simBursts(d.find)
		r1, d1, p1, n1 := recall(hits, major)
		r2, d2, _, n2 := recall(hits, sharp)
		t.Logf("%-22s %.2f; %.2f %.1f %.2f | %.3f %.0f %.0f (%d) | %.3f %.0f (%d)", d.name, f.bySize, f.mean, f.p95, f.early, r1, d1, p1, n1, r2, d2, n2)
		if d.name != "normal" {
			continue
		}
		openings, told, after := 0, 0, []float64{}
		for _, h := range hits {
			if h.hit {
				openings, told = openings+h.openings, told+1
				if h.after >= 0 {
					after = append(after, h.after)
				}
			}
		}
		slices.Sort(after)
		p90 := after[len(after)*9/10]
		t.Logf("%-22s %.3f openings of a burst; over %.0f hours after its end (median), %.0f (p90)", "", float64(openings)/float64(told), median(after), p90)
		room := 1.6 // a few brands say little
		if full {
			room = 1
		}
		for _, c := range []struct {
			what      string
			got, most float64
		}{
			{"false alerts", f.mean, 0.6 * room},
			{"false alerts at any size", slices.Max(f.bySize), 0.8 * room * room},
			{"p95 brand", f.p95, 2 * room},
			{"first 28 days", f.early, 0.7 * room},
			{"openings of a burst", float64(openings) / float64(told), 1.05},
			{"hours until it is over", median(after), 30},
			{"posts of a major burst", p1, 8 * room},
			{"minutes of a sharp burst", d2, 80 * room},
			{"major bursts missed", 1 - r1, 0.05 * room * room},
			{"sharp bursts missed", 1 - r2, 0.12 * room * room},
		} {
			if !(c.got <= c.most) {
				t.Errorf("%s: %.3f, want at most %.3f", c.what, c.got, c.most)
			}
		}
	}
}

// TestSimulatedMoody: brands whose mood swings by two thirds either way for weeks;
// what is a burst there is a matter of opinion, and nothing is demanded.
func TestSimulatedMoody(t *testing.T) {
	defer func(was [2]float64) { simDrift = was }(simDrift)
	simDrift = [2]float64{0.3, 0.7}
	d := simOurs(Normal)
	f, hits := simFalse(d, nil, nil), simBursts(d)
	r1, d1, p1, n1 := recall(hits, major)
	r2, d2, _, n2 := recall(hits, sharp)
	t.Logf("normal, moody brands: %.2f; %.2f %.1f %.2f | %.3f %.0f %.0f (%d) | %.3f %.0f (%d)", f.bySize, f.mean, f.p95, f.early, r1, d1, p1, n1, r2, d2, n2)
	if f.mean > 1.5 {
		t.Errorf("%.2f false alerts a brand-month on moody brands", f.mean)
	}
}

// TestSimulatedScenarios: what is not heard, a source that is added, and a story
// that is copied.
func TestSimulatedScenarios(t *testing.T) {
	d := simOurs(Normal)
	plain := simFalse(d, nil, nil)
	outages := func(i int) bool { // four, of 6 to 48 hours
		day := float64(i) / TicksPerDay
		return day >= 35 && day < 35.25 || day >= 55 && day < 57 || day >= 80 && day < 81 || day >= 100 && day < 100.5
	}
	deaf := simFalse(d, outages, nil)
	double := simFalse(d, nil, func(b *simBrand, counts []int) {
		again, _ := b.counts(len(counts)/TicksPerDay, nil)
		for i := 60 * TicksPerDay; i < len(counts); i++ {
			counts[i] += again[i]
		}
	})
	story := func(copies func(b *simBrand) int) func(b *simBrand, counts []int) {
		return func(b *simBrand, counts []int) {
			for at := b.rng.IntN(10 * TicksPerDay); at < len(counts)-24; at += int(5+10*b.rng.Float64()) * TicksPerDay {
				for range copies(b) {
					counts[at+b.rng.IntN(24)]++
				}
			}
		}
	}
	copied := simFalse(d, nil, story(func(b *simBrand) int { return 8 + b.rng.IntN(8) }))
	once := simFalse(d, nil, story(func(*simBrand) int { return 1 }))
	t.Logf("false alerts a brand-month: %.2f; with four outages %.2f; volume doubled on day 60 %.2f; a story copied 8–15 times %.2f, counted once %.2f",
		plain.mean, deaf.mean, double.mean, copied.mean, once.mean)
	if deaf.mean > plain.mean+0.05 {
		t.Errorf("outages add %.2f alerts, want 0.05 at most", deaf.mean-plain.mean)
	}
	if once.mean > plain.mean+0.2 {
		t.Errorf("stories that count once add %.2f alerts, want 0.2 at most", once.mean-plain.mean)
	}
}
