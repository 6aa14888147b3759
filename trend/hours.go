// Package trend turns counts into what people want to know: whether
// negative talk has spiked, what a day was like, who speaks of whom.
//
// Its functions are pure: they take numbers and times, and no clock, context
// or store.
package trend

import (
	"time"

	"github.com/puskaradio/puskaradio"
)

// An Hour is what was said about a brand in one hour.
type Hour struct {
	At       time.Time
	Negative int
	Total    int
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
