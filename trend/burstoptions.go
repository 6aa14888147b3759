package trend

import (
	"fmt"
	"math"
)

// A Sensitivity says how much evidence an alert needs, in a word. One step
// is about half, or twice, as many alerts.
type Sensitivity string

// The sensitivities. On brands that nothing happens to they give about 1, 0.5,
// 0.25 and 0.1 false alerts a month.
const (
	High   Sensitivity = "high"
	Normal Sensitivity = "normal"
	Low    Sensitivity = "low"
	Quiet  Sensitivity = "quiet"
)

// Sensitivities are all of them, the keenest first.
func Sensitivities() []Sensitivity { return []Sensitivity{High, Normal, Low, Quiet} }

// Threshold is the evidence that a small brand's alert needs, as in
// [BurstOptions]; an empty sensitivity is normal.
func (s Sensitivity) Threshold() (float64, error) {
	switch s {
	case High:
		return 2.6, nil
	case Normal, "":
		return 3.1, nil
	case Low:
		return 4.1, nil
	case Quiet:
		return 5.2, nil
	}
	return 0, fmt.Errorf("sensitivity %q: write one of: high, normal, low, quiet", string(s))
}

// BurstOptions are how bursts are found. The zero value of a field means its
// default. Evidence is a power of ten: at 3 a moment such as this comes once in
// 10³ hours where nothing happens.
type BurstOptions struct {
	Threshold    float64 // least evidence of an alert for a brand of few posts; 3.2
	ThresholdBig float64 // and for one of far more than 200 a day; 1
	LeastPosts   float64 // in the last 24 hours; 3
	CoolHours    float64 // after an alert was over, half of it; without the machine, after it was opened; 24
	MaxDays      float64 // an alert that is open for longer has become the usual; 7
	// Once makes it fire and then be silent for CoolHours, with no closing: for
	// series that only want to be marked.
	Once bool
}

func (o BurstOptions) withDefaults() BurstOptions {
	set := func(v *float64, def float64) {
		if *v == 0 {
			*v = def
		}
	}
	set(&o.Threshold, 3.2)
	set(&o.ThresholdBig, 1)
	set(&o.LeastPosts, 3)
	set(&o.CoolHours, 24)
	set(&o.MaxDays, 7)
	return o
}

// What the detector believes of every series. A setting found once, on made-up
// brands, and left alone: choosing it anew on a few real series does not carry
// over to others.
const (
	priorRate   = 3.0   // posts a day of a brand that nothing is known of
	priorPosts  = 2.0   // what that belief weighs, in posts
	halfLife    = 14.0  // days, of the level
	lagPosts    = 100.0 // a count waits for so many posts to come, before it is part of the usual,
	lagMin      = 1.0   // in hours at least
	lagMax      = 48.0  // and at most
	blockCap    = 4.0   // standard deviations that a part of the usual may be above it
	levelCV2    = 0.10  // relative variance of the true level around its estimate
	phi0        = 1.6   // clumpiness, variance by mean of days: what is believed at first,
	phiDays     = 30.0  // for how many days it weighs,
	phiMax      = 4.0   // and the most
	warmDays    = 2.0   // learned as they come, without alerts
	kappa       = 30.0  // posts that draw the factor of each hour of the day to 1
	hourVisits  = 2016. // half-life of that factor, in ticks of that hour
	slack       = 0.30  // so much over the usual is usual
	temper      = 0.30  // share of the clumpiness that takes from the evidence
	leakPosts   = 12.0  // evidence lives for so many usual posts,
	leakMin     = 1.0   // in hours at least
	leakMax     = 36.0  // and at most
	clipSD      = 4.0   // residuals are cut there
	spreadTicks = 8064. // half-life of the dispersion of ticks
	spreadRate  = 100.0 // it counts in full from so many posts a day
	peakTicks   = 2016. // half-life of the remembered peak
	bigRate     = 200.0 // posts a day between a small brand and a big one
)

var (
	levelDecay  = math.Pow(0.5, 1/(halfLife*TicksPerDay))
	hourDecay   = math.Pow(0.5, 1/hourVisits)
	peakDecay   = math.Pow(0.5, 1/peakTicks)
	spreadShare = 1 - math.Pow(0.5, 1/spreadTicks)
)
