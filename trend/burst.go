package trend

import "math"

// What a series is cut into.
const (
	TicksPerDay  = 288 // of five minutes
	ticksPerHour = 12
	ringHours    = 64
	rcap         = 1e30 // evidence is kept below
)

// ratios are the multiples of the usual rate that evidence is gathered for.
var ratios = [2]float64{3, 6}

// An Event is what became of the alert of a series at a tick.
type Event int8

// The events.
const (
	NoEvent   Event = 0
	Opened    Event = 1
	Escalated Event = 2  // it has doubled since the last notice
	Resolved  Event = -1 // as usual for three hours
	NewLevel  Event = -2 // it has lasted for so long that it is the usual now
)

// A Beat is what a tick meant.
type Beat struct {
	Event      Event
	Evidence   float64 // one such moment in 10^Evidence hours, where nothing happens
	Remembered float64 // the strongest evidence of more than a day ago, fading by half in a week
	Threshold  float64 // that Evidence must reach
	Level      float64 // posts a day that are usual
	Expected   float64 // posts in this tick
	Last24     float64 // posts of the last 24 hours
	Expected24 float64
}

// A Burst watches one series of counts for bursts. It gathers evidence over
// time by a leaky Shiryaev–Roberts mixture of likelihood ratios, for three and
// six times the usual rate, over a robust baseline: a Gamma level that forgets,
// with factors for the hours of the day and negative binomial spread. Evidence
// is worth less the clumpier people post. What was seen more than a day ago
// raises what an alert needs, so that a brand with a stormy past is not cried
// over anew. Its state is constant, and it never looks ahead.
//
// The statistic is that of Shiryaev (1963) and Roberts (1966): where nothing
// changes, the statistic less the time that passed is a martingale, so that a
// threshold of 10^S hours is a mean time between false alarms of at least that.
type Burst struct {
	o BurstOptions
	s burstState
}

// A burstState is all that a Burst remembers: numbers only.
type burstState struct {
	Ticks      int64 // that came
	A, B       float64
	Seen       float64
	RingN      [ringHours]float64 // by hour: posts, exposure and ticks that wait for the baseline
	RingE      [ringHours]float64
	RingT      [ringHours]float64
	Head, Tail int64
	HN, HE, HT float64 // the hour under way
	BN, BE, BT float64 // the block under way
	DN, DE, DT float64 // the day under way
	PS, PN     float64 // clumpiness
	HourN      [24]float64
	HourE      [24]float64
	HourMean   float64
	C          float64 // dispersion of ticks
	R          [len(ratios)]float64
	Peaks      [24]float64
	PeakNow    float64
	M          float64
	Day        [TicksPerDay]float32
	DayE       [TicksPerDay]float64
	N24, E24   float64
	Open       int64 // tick when the alert was opened; −1 if none is
	LastOpen   int64
	LastClose  int64
	Noted      float64 // posts of 24 hours at the last notice
	Calm       int64   // ticks
}

const longAgo = -1_000_000_000

// NewBurst watches a series of which nothing is known.
func NewBurst(o BurstOptions) *Burst {
	d := &Burst{o: o.withDefaults()}
	d.s = burstState{
		A: priorPosts, B: priorPosts / (priorRate / TicksPerDay), PS: phi0 * phiDays, PN: phiDays, HourMean: 1, C: 0.05,
		Open: -1, LastOpen: longAgo, LastClose: longAgo,
	}
	return d
}

// Warm reports whether it has seen enough to raise an alert: two days.
func (d *Burst) Warm() bool { return d.s.Seen > warmDays*TicksPerDay }

// Alerting reports whether an alert is open.
func (d *Burst) Alerting() bool { return d.s.Open >= 0 }

// Tick takes the posts of the next five minutes. tod is the tick of the day, 0
// to 287, in the time that people live in. gap says that nothing could be heard:
// then the count says nothing.
func (d *Burst) Tick(count int, tod int, gap bool) Beat {
	s, x := &d.s, float64(count)
	i := s.Ticks
	f := s.hourFactor(tod)
	level := s.A / s.B
	m := 1e-9
	if !gap {
		m = max(level*f, 1e-9)
	}
	warm := d.Warm()
	if !gap {
		s.Seen++
	}
	v := m + s.C*min(1, level*TicksPerDay/spreadRate)*level*level // the floor is that of the mean level, not of the night
	b := Beat{Expected: m, Evidence: s.gather(x, level, m, v, gap, warm)}
	s.remember(b.Evidence, warm)
	b.Remembered = s.M
	s.last24(x, m, gap)
	b.Last24, b.Expected24 = s.N24, s.E24
	b.Threshold = max(d.o.ThresholdBig+(d.o.Threshold-d.o.ThresholdBig)/(1+level*TicksPerDay/bigRate), s.M)
	b.Event = d.decide(b, warm)
	if !gap {
		s.HN += x
		s.HE += f
	}
	s.HT++
	if i%ticksPerHour == ticksPerHour-1 {
		j := s.Head % ringHours
		s.RingN[j], s.RingE[j], s.RingT[j] = s.HN, s.HE, s.HT
		s.Head++
		s.HN, s.HE, s.HT = 0, 0, 0
	}
	s.learn(level, warm)
	if !gap {
		s.spread(x, m, v, tod, warm)
	}
	s.Ticks++
	b.Level = s.A / s.B * TicksPerDay
	return b
}

// hourFactor is how much more than on average is usual at a tick of the day:
// linear between the middles of two hours.
func (s *burstState) hourFactor(tod int) float64 {
	q := float64(tod)/ticksPerHour - 0.5
	fl := math.Floor(q)
	h0 := (int(fl) + 24) % 24
	h1, fr := (h0+1)%24, q-fl
	return ((s.HourN[h0]+kappa)/(s.HourE[h0]+kappa)*(1-fr) + (s.HourN[h1]+kappa)/(s.HourE[h1]+kappa)*fr) / s.HourMean
}

// gather adds a tick to the evidence, and gives it as a power of ten.
func (s *burstState) gather(x, level, m, v float64, gap, warm bool) float64 {
	phi := min(max(s.PS/s.PN, 1), phiMax)
	discount := 1 + (phi-1)*temper
	r := m * m / (v - m)
	usual := m * (1 + slack) * (1 + 1/math.Sqrt(max(s.A, 1))) // the rate may be higher than its estimate
	leak := math.Exp(-1 / (ticksPerHour * min(max(leakPosts/(level*ticksPerHour), leakMin), leakMax)))
	sum := 0.0
	for k, g := range ratios {
		if !gap {
			ll := (x*math.Log(g*(usual+r)/(g*usual+r)) - r*math.Log((g*usual+r)/(usual+r))) / discount
			s.R[k] = min((s.R[k]*leak+1.0/ticksPerHour)*math.Exp(min(ll, 20)), rcap)
			if !warm {
				s.R[k] = 0
			}
		}
		sum += s.R[k]
	}
	return math.Log10(sum/float64(len(ratios)) + 1e-12)
}

// remember keeps the strongest evidence of each hour; it counts a day later.
func (s *burstState) remember(evidence float64, warm bool) {
	if warm {
		s.PeakNow = max(s.PeakNow, evidence)
	}
	if s.Ticks%ticksPerHour == ticksPerHour-1 {
		j := s.Ticks / ticksPerHour % 24
		s.M = max(s.M, s.Peaks[j])
		s.Peaks[j], s.PeakNow = s.PeakNow, 0
	}
	s.M *= peakDecay
}

func (s *burstState) last24(x, m float64, gap bool) {
	if gap {
		m = 0
	}
	j := s.Ticks % TicksPerDay
	s.N24 += x - float64(s.Day[j])
	s.Day[j] = float32(x)
	s.E24 += m - s.DayE[j]
	s.DayE[j] = m
}

// decide runs the alert of the series.
func (d *Burst) decide(b Beat, warm bool) Event {
	s, i := &d.s, d.s.Ticks
	ready := warm && b.Evidence >= b.Threshold && s.N24 >= d.o.LeastPosts
	switch {
	case d.o.Once:
		if ready && float64(i-s.LastOpen) > d.o.CoolHours*ticksPerHour {
			s.LastOpen = i
			return Opened
		}
		return NoEvent
	case s.Open < 0:
		if ready && float64(i-s.LastClose) > d.o.CoolHours*ticksPerHour*0.5 {
			s.Open, s.Noted, s.Calm = i, s.N24, 0
			return Opened
		}
		return NoEvent
	}
	e := NoEvent
	if s.N24 >= 2*s.Noted && s.N24 >= s.Noted+5 && b.Evidence >= b.Threshold {
		e, s.Noted = Escalated, s.N24
	}
	if s.N24 <= max(1, 1.5*s.E24) {
		s.Calm++
	} else {
		s.Calm = 0
	}
	switch {
	case s.Calm >= 3*ticksPerHour:
		s.close()
		return Resolved
	case float64(i-s.Open) > d.o.MaxDays*TicksPerDay:
		s.close()
		s.settle()
		return NewLevel
	}
	return e
}

// close ends the alert, and what was gathered for it.
func (s *burstState) close() {
	s.Open, s.LastClose = -1, s.Ticks
	s.R = [len(ratios)]float64{}
}

// settle takes the last 48 hours for the usual.
func (s *burstState) settle() {
	var n, e float64
	for k := int64(1); k <= 48 && s.Head-k >= 0; k++ {
		n, e = n+s.RingN[(s.Head-k)%ringHours], e+s.RingE[(s.Head-k)%ringHours]
	}
	if e > 0 {
		s.A = max(n, 1)
		s.B = s.A / max(n/e, 1e-6)
	}
	s.Tail = s.Head
}

// learn lets hours that have waited into the baseline, in blocks of at least
// five expected posts or a day, none of them far above it.
func (s *burstState) learn(level float64, warm bool) {
	lag := 0.0
	if warm {
		lag = min(max(lagPosts/(level*ticksPerHour), lagMin), lagMax)
	}
	for s.Tail < s.Head && float64(s.Head-s.Tail) > lag {
		j := s.Tail % ringHours
		s.Tail++
		s.BN, s.BE, s.BT = s.BN+s.RingN[j], s.BE+s.RingE[j], s.BT+s.RingT[j]
		s.DN, s.DE, s.DT = s.DN+s.RingN[j], s.DE+s.RingE[j], s.DT+s.RingT[j]
		if mu := s.A / s.B * s.BE; mu >= 5 || s.BT >= TicksPerDay {
			if s.BE > 0 {
				y := s.BN
				if warm {
					y = min(y, mu+blockCap*math.Sqrt(mu*s.PS/s.PN+max(levelCV2, min(s.C, 2))*mu*mu)+0.5)
				}
				w := math.Pow(levelDecay, s.BT)
				s.A, s.B = max(s.A*w+y, 0.2), s.B*w+s.BE
			}
			s.BN, s.BE, s.BT = 0, 0, 0
		}
		if s.DT >= TicksPerDay {
			if mu := s.A / s.B * s.DE; warm && mu > 0 {
				y := min(s.DN, mu+blockCap*math.Sqrt(mu*s.PS/s.PN+levelCV2*mu*mu)+0.5)
				z := max(0, ((y-mu)*(y-mu)-levelCV2*mu*mu)/mu)
				w := min(1, mu)
				s.PS = s.PS*0.98 + z*w + 0.02*phi0*phiDays
				s.PN = s.PN*0.98 + w + 0.02*phiDays
			}
			s.DN, s.DE, s.DT = 0, 0, 0
		}
	}
}

// spread learns the dispersion of ticks and the factors of the hours.
func (s *burstState) spread(x, m, v float64, tod int, warm bool) {
	const early = warmDays * TicksPerDay * 0.25
	if s.Seen <= early {
		return
	}
	level := s.A / s.B
	z := min(max((x-m)/math.Sqrt(v), -clipSD), clipSD)
	share := spreadShare
	if s.Seen < spreadTicks {
		share = max(share, 1/(s.Seen-early+50))
	}
	s.C += share * ((z*z*v-m)/(level*level) - s.C)
	s.C = min(max(s.C, 0.005), 50)
	if !warm {
		return
	}
	if m > 1 {
		x = min(x, m+clipSD*math.Sqrt(v))
	}
	h := tod / ticksPerHour
	s.HourN[h] = s.HourN[h]*hourDecay + x
	s.HourE[h] = s.HourE[h]*hourDecay + level
	if s.Ticks%ticksPerHour == 0 {
		s.HourMean = 0
		for k := range 24 {
			s.HourMean += (s.HourN[k] + kappa) / (s.HourE[k] + kappa) / 24
		}
	}
}
