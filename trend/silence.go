package trend

import (
	"math"
	"time"

	"github.com/puskaradio/puskaradio"
)

// A Silence is a time in which a source was read and brought nothing new.
type Silence struct {
	Since  time.Time // when it last brought something
	Reads  int       // how often it was read well since then
	PerDay float64   // what it usually brings
	Odds   float64   // the chance of nothing in that time, if it is as usual
}

const (
	silenceOdds  = 0.001 // what luck does not explain
	silenceReads = 5     // reads without which nothing is said
	silenceKnown = 10    // days that must be known before it
	silenceTimes = 1.5   // of the longest silence of those days
	hourShare    = 30    // posts that draw the factors of hours and weekdays to 1
)

// FindSilence looks for a silence at the end of the ledger of one source, which is
// by hour, the oldest first, and reaches back some weeks. It gives false while the
// source cannot be read, and while luck, or what is usual there, explains it.
//
// By the law of Poisson the chance of nothing where so many are expected is
// e^−expected; what is expected is the mean of the hours before, by hour of the
// day and day of the week in zone, as far as they are known. A source that brings
// much at a time and then nothing has fewer, independent, chances: the expected
// number is divided by the variance of its days over their mean. And a silence
// that is not half as long again as the longest before it is none.
func FindSilence(ledger []puskaradio.Coverage, now time.Time, zone *time.Location) (s Silence, ok bool) {
	if len(ledger) == 0 {
		return s, false
	}
	last := -1
	for i, c := range ledger {
		if c.New > 0 {
			last = i
		}
	}
	if last < 0 || ledger[len(ledger)-1].State != "ok" {
		return s, false
	}
	s.Since = ledger[last].At
	for _, c := range ledger[last+1:] {
		s.Reads += c.Fetches - c.Failed
	}
	begin := ledger[0].Hour
	known := s.Since.Sub(begin)
	if known < silenceKnown*24*time.Hour {
		return s, false
	}
	u := usualHours(ledger[:last+1], begin, s.Since, zone)
	s.PerDay = u.mean * 24
	expected := 0.0
	for h := s.Since; h.Before(now); h = h.Add(time.Hour) {
		expected += u.at(h)
	}
	s.Odds = math.Exp(-expected / u.clumps)
	return s, s.Reads >= silenceReads && s.Odds < silenceOdds && now.Sub(s.Since) > time.Duration(silenceTimes*float64(u.longest))
}

// hourly is what a source brings by hour of the day and day of the week.
type hourly struct {
	mean    float64 // an hour
	hours   [24]float64
	days    [7]float64
	clumps  float64 // variance of days by their mean, 1 at the least
	longest time.Duration
	zone    *time.Location
}

func usualHours(ledger []puskaradio.Coverage, begin, end time.Time, zone *time.Location) hourly {
	u := hourly{zone: zone, clumps: 1}
	total := 0.0
	perDay := map[int]float64{}
	before := begin
	for _, c := range ledger {
		if c.New == 0 {
			continue
		}
		n := float64(c.New)
		total += n
		local := c.At.In(zone)
		u.hours[local.Hour()] += n
		u.days[local.Weekday()] += n
		perDay[int(c.At.Sub(begin)/(24*time.Hour))] += n
		u.longest = max(u.longest, c.At.Sub(before))
		before = c.At
	}
	spans := max(1, end.Sub(begin).Hours())
	u.mean = total / spans
	for h, n := range u.hours {
		u.hours[h] = (n + hourShare) / (total/24 + hourShare)
	}
	for d, n := range u.days {
		u.days[d] = (n + hourShare) / (total/7 + hourShare)
	}
	days := max(1, int(spans/24))
	mean := total / float64(days)
	square := 0.0
	for d := range days {
		square += (perDay[d] - mean) * (perDay[d] - mean)
	}
	if days > 1 && mean > 0 {
		u.clumps = max(1, square/float64(days-1)/mean)
	}
	return u
}

func (u *hourly) at(t time.Time) float64 {
	local := t.In(u.zone)
	return u.mean * u.hours[local.Hour()] * u.days[local.Weekday()]
}
