package trend

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/puskaradio/puskaradio"
)

// The reputation score, method 1. docs/reputation.md has it as a formula of a
// spreadsheet, and a test holds the two together.
const (
	ReputationMethod = 1
	reputationDays   = 365 // that count
	reputationHalf   = 90  // days after which a mention counts half
	priorMentions    = 20  // that stand for what is not known yet, in the middle
)

// Reputation is how people speak of a brand on the date of the last day: 0 if
// all is negative, 100 if all is positive, and 50 where nothing is known. Each
// mention gives 1 if it is positive, ½ if neutral, 0 if negative, and weighs
// half as much for each 90 days of its age; twenty mentions of ½ stand for what
// is not known. Low and High hold the truth in nineteen of twenty cases, by the
// normal approximation for as many mentions as the weighted ones are worth
// (Kish, Survey Sampling, 1965, section 11.7), were they drawn at random. Days
// before the last 365 do not count.
func Reputation(days []Day) puskaradio.Reputation {
	days = days[max(0, len(days)-reputationDays):]
	points, weight, squares, n := 0.0, 0.0, 0.0, 0
	for i, d := range days {
		w := math.Exp2(-float64(len(days)-1-i) / reputationHalf)
		points += w * (float64(d.Positive) + float64(d.Neutral)/2)
		weight += w * float64(d.Total())
		squares += w * w * float64(d.Total())
		n += d.Total()
	}
	p := (priorMentions/2 + points) / (priorMentions + weight)
	worth := float64(priorMentions)
	if squares > 0 {
		worth += weight * weight / squares
	}
	half := 1.96 * math.Sqrt(p*(1-p)/worth)
	return puskaradio.Reputation{
		Method: ReputationMethod, Value: 100 * p, Low: 100 * max(0, p-half), High: 100 * min(1, p+half), Mentions: n,
	}
}

// Reputations is the score at the end of each of the last so many days.
func Reputations(days []Day, last int) (out []puskaradio.Reputation) {
	for i := max(0, len(days)-last); i < len(days); i++ {
		out = append(out, Reputation(days[:i+1]))
	}
	return out
}

// A Heard is a mention as it moves the score.
type Heard struct {
	At      time.Time
	Label   puskaradio.Label
	Aspects []string // that it is about, each once
}

// A Pull is what the mentions about an aspect did to the score.
type Pull struct {
	Aspect string  // empty: those about nothing that was recognised, and what has aged
	Points float64 // the score as it is, less what it would be without them
}

// Pulls says what has moved the score since a time: of each aspect, how much
// the score would differ without the mentions about it that came since then.
// One about two aspects counts for both; what is left of the whole change
// stands under no aspect. The largest come first.
func Pulls(days []Day, heard []Heard, since time.Time) (change float64, out []Pull) {
	if len(days) == 0 {
		return 0, nil
	}
	is := Reputation(days)
	was := slices.IndexFunc(days, func(d Day) bool { return !d.At.Before(since) }) // the first day of the span
	if was <= 0 {
		return 0, nil
	}
	change = is.Value - Reputation(days[:was]).Value
	dates := map[string]int{}
	for i, d := range days {
		dates[d.At.Format(time.DateOnly)] = i
	}
	zone := days[0].At.Location()
	by := map[string][]Heard{}
	for _, h := range heard {
		if h.At.Before(since) {
			continue
		}
		for _, a := range h.Aspects {
			by[a] = append(by[a], h)
		}
	}
	left := change
	for aspect, hs := range by {
		without := slices.Clone(days)
		for _, h := range hs {
			i, ok := dates[h.At.In(zone).Format(time.DateOnly)]
			if !ok {
				continue
			}
			d := &without[i]
			switch h.Label {
			case puskaradio.Negative:
				d.Negative = max(0, d.Negative-1)
			case puskaradio.Positive:
				d.Positive = max(0, d.Positive-1)
			default:
				d.Neutral = max(0, d.Neutral-1)
			}
		}
		points := is.Value - Reputation(without).Value
		out, left = append(out, Pull{aspect, points}), left-points
	}
	slices.SortFunc(out, func(a, b Pull) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Points), math.Abs(a.Points)), cmp.Compare(a.Aspect, b.Aspect))
	})
	return change, append(out, Pull{"", left})
}
