package trend

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/puskaradio/puskaradio"
)

// A Telling is one time that a story was told.
type Telling struct {
	At     time.Time
	Source string
	Author string // empty if it is not known
}

// A Spread is how a story went round.
type Spread struct {
	Tellings int // the first among them
	Authors  int // different ones, those who are known
	From, To time.Time
	Sources  []puskaradio.Voice // by how often each told it; Brand is the source
	Hours    []puskaradio.Point // tellings by the hour, those without any too; at most the last week
	Peak     float64            // tellings in the hour that had most
	PerHour  float64            // of the last six hours of the story, or of all of it if it is younger
	Before   int                // tellings in Span before the answer
	After    int                // and in Span after it
	Span     time.Duration
	Turn     Turn
}

// A Turn says what became of a story after an answer.
type Turn string

// The turns.
const (
	Unanswered Turn = ""
	TooEarly   Turn = "too early" // there are too few tellings to tell
	Slowed     Turn = "slowed"    // fewer than before, more surely than 19 of 20
	GoesOn     Turn = "goes on"   // no fewer than before
)

// longestSpan is how far before and after an answer it is looked.
const longestSpan = 24 * time.Hour

// NewSpread tells how a story went round. answered is when its author was first
// answered; zero is not yet. Whether it slowed is the conditional test of two
// Poisson rates over spans of equal length (Przyborowski and Wilenski, 1940):
// of the tellings in both, as few after the answer would come by luck in less
// than one of twenty. An answer need not be why.
func NewSpread(told []Telling, answered, now time.Time) Spread {
	if len(told) == 0 {
		return Spread{}
	}
	told = slices.Clone(told)
	slices.SortFunc(told, func(a, b Telling) int { return a.At.Compare(b.At) })
	s := Spread{Tellings: len(told), From: told[0].At, To: told[len(told)-1].At}
	authors, sources, hours := map[string]bool{}, map[string]int{}, map[time.Time]float64{}
	for _, t := range told {
		if t.Author != "" {
			authors[t.Source+"\x00"+t.Author] = true
		}
		sources[t.Source]++
		hours[t.At.Truncate(time.Hour)]++
	}
	s.Authors = len(authors)
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		s.Sources = append(s.Sources, puskaradio.Voice{Brand: name, Total: sources[name], Share: float64(sources[name]) / float64(len(told))})
	}
	slices.SortStableFunc(s.Sources, func(a, b puskaradio.Voice) int { return cmp.Compare(b.Total, a.Total) })
	from := s.From.Truncate(time.Hour)
	if week := s.To.Truncate(time.Hour).Add(-167 * time.Hour); week.After(from) {
		from = week
	}
	for at := from; !at.After(s.To); at = at.Add(time.Hour) {
		s.Hours = append(s.Hours, puskaradio.Point{At: at, Value: hours[at]})
	}
	for _, n := range hours {
		s.Peak = max(s.Peak, n)
	}
	last := min(max(time.Hour, s.To.Sub(s.From)), 6*time.Hour)
	s.PerHour = float64(count(told, s.To.Add(-last), s.To.Add(time.Second))) / last.Hours()
	if answered.IsZero() {
		return s
	}
	s.Turn = TooEarly
	s.Span = min(now.Sub(answered), answered.Sub(s.From), longestSpan)
	if s.Span <= 0 {
		return s
	}
	s.Before, s.After = count(told, answered.Add(-s.Span), answered), count(told, answered, answered.Add(s.Span))
	n := s.Before + s.After
	switch {
	case binomialTail(s.After, n) < 0.05:
		s.Turn = Slowed
	case s.After >= s.Before && n >= 5:
		s.Turn = GoesOn
	}
	return s
}

// count is how many tellings were in [from, to); told is by time.
func count(told []Telling, from, to time.Time) int {
	at := func(t time.Time) int {
		i, _ := slices.BinarySearchFunc(told, t, func(x Telling, t time.Time) int { return x.At.Compare(t) })
		return i
	}
	return at(to) - at(from)
}

// binomialTail is the chance of at most k heads in n throws of a fair coin.
func binomialTail(k, n int) float64 {
	p := 0.0
	lg := func(x int) float64 { v, _ := math.Lgamma(float64(x) + 1); return v }
	for i := range k + 1 {
		p += math.Exp(lg(n) - lg(i) - lg(n-i) - float64(n)*math.Ln2)
	}
	return min(1, p)
}
