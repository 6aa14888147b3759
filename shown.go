package puskaradio

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// A Shown is how a site itself says that a brand, or a thing of it, is rated:
// what a buyer sees who looks it up there. It names no person, and is never
// reckoned from mentions.
type Shown struct {
	Brand  string `json:"brand,omitempty"`
	Source string `json:"source,omitempty"`
	About  string `json:"about,omitempty"` // the thing that is rated: a product, a branch; empty is what the source is about
	URL    string `json:"url,omitempty"`   // where it stands
	// Rating is on the scale of the site, which is always told.
	Rating  Rating    `json:"rating"`
	Count   int       `json:"count,omitempty"`   // ratings, as the site says; zero if it does not
	Reviews int       `json:"reviews,omitempty"` // of these with a text, as the site says
	Seen    time.Time `json:"seen"`              // when it was last seen there
	// Days are what it was, the oldest first: one for each date on which it was
	// another than before.
	Days []ShownDay `json:"days,omitempty"`
}

// A ShownDay is what a site showed at the end of a date.
type ShownDay struct {
	Date    string  `json:"date"`
	Value   float64 `json:"value"`
	Best    float64 `json:"best"`
	Count   int     `json:"count,omitempty"`
	Reviews int     `json:"reviews,omitempty"`
}

const (
	// ShownStale is after how long without a sight a Shown may be no more so.
	ShownStale = 3 * 24 * time.Hour
	// ShownFor is after how long it is forgotten.
	ShownFor    = 60 * 24 * time.Hour
	shownDays   = 60
	shownOf     = 12 // things of a brand at a source
	shownMost   = 60 // things of a source
	mostRatings = 500_000_000
)

// N is how many have rated, as far as the site says.
func (x *Shown) N() int { return max(x.Count, x.Reviews) }

// Stale reports whether it was last seen so long ago that it may be otherwise
// by now.
func (x *Shown) Stale(now time.Time) bool { return now.Sub(x.Seen) > ShownStale }

// Check says what is wrong with it, as it comes from strangers.
func (x *Shown) Check() error {
	r := x.Rating
	for _, v := range []float64{r.Value, r.Best, r.Worst} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return errors.New("a rating that is no number")
		}
	}
	switch {
	case r.Best == 0:
		return fmt.Errorf("a rating of %g without a scale that holds it", r.Value)
	case r.Best <= r.Worst:
		return fmt.Errorf("a scale from %g to %g", r.Worst, r.Best)
	case r.Worst < 0 || r.Best > 1000:
		return fmt.Errorf("a scale from %g to %g, which no site has", r.Worst, r.Best)
	case r.Value < r.Worst || r.Value > r.Best:
		return fmt.Errorf("a rating of %g on a scale from %g to %g", r.Value, r.Worst, r.Best)
	case min(x.Count, x.Reviews) < 0 || x.N() > mostRatings:
		return fmt.Errorf("%d ratings, which nothing has", x.N())
	}
	return nil
}

func (x *Shown) sameFigures(y *Shown) bool {
	return x.Rating == y.Rating && x.Count == y.Count && x.Reviews == y.Reviews
}

// A Board is what a source shows of all things there.
type Board []Shown

// See puts what was seen in its place; date is that of its Seen, in the zone of
// the reader. Of more things than are kept, those that most have rated stay. It
// reports whether something was there that was not before.
func (b Board) See(x Shown, date string) (_ Board, changed bool) {
	i := slices.IndexFunc(b, func(y Shown) bool { return y.Brand == x.Brand && y.About == x.About })
	if i < 0 {
		if len(b) >= shownMost || b.of(x.Brand) >= shownOf {
			least := b.least(x.Brand)
			if least < 0 || b[least].N() >= x.N() {
				return b, false
			}
			b = slices.Delete(slices.Clone(b), least, least+1)
		}
		b, i, changed = append(slices.Clip(b), x), len(b), true
		b[i].Days = nil
	} else {
		y := &b[i]
		if y.URL != x.URL && y.sameFigures(&x) { // the next page of the same reviews
			x.URL = y.URL
		} else if y.URL != x.URL && y.N() > x.N() && x.Seen.Sub(y.Seen) < ShownStale { // another thing without a name of its own
			return b, false
		}
		changed = !y.sameFigures(&x) || y.URL != x.URL
		x.Days = y.Days
		*y = x
	}
	return b, b[i].note(date) || changed
}

// note keeps what is shown on a date, if it is another than before.
func (x *Shown) note(date string) bool {
	d := ShownDay{date, x.Rating.Value, x.Rating.Best, x.Count, x.Reviews}
	n := len(x.Days)
	if n > 0 {
		last := x.Days[n-1]
		if last.Date >= date {
			d.Date = last.Date
			x.Days[n-1] = d
			return last != d
		}
		if last.Date = date; last == d {
			return false
		}
	}
	x.Days = append(x.Days, d)
	x.Days = x.Days[max(0, len(x.Days)-shownDays):]
	return true
}

// Again says that what stands at an address is as it was seen there.
func (b Board) Again(url string, at time.Time) {
	for i := range b {
		if b[i].URL == url && at.After(b[i].Seen) {
			b[i].Seen = at
		}
	}
}

// Without is the board without what has not been seen for a long time.
func (b Board) Without(now time.Time) Board {
	return slices.DeleteFunc(b, func(x Shown) bool { return now.Sub(x.Seen) > ShownFor })
}

// Newest is when something of it was last seen.
func (b Board) Newest() (at time.Time) {
	for i := range b {
		if b[i].Seen.After(at) {
			at = b[i].Seen
		}
	}
	return at
}

// Of are the things of a brand, those first that most have rated.
func (b Board) Of(brand string) (out Board) {
	for _, x := range b {
		if x.Brand == brand {
			out = append(out, x)
		}
	}
	slices.SortStableFunc(out, func(x, y Shown) int {
		return cmp.Or(cmp.Compare(y.N(), x.N()), cmp.Compare(x.About, y.About))
	})
	return out
}

func (b Board) of(brand string) (n int) {
	for i := range b {
		if b[i].Brand == brand {
			n++
		}
	}
	return n
}

// least is the thing of a brand that the fewest have rated; below zero if there
// is none.
func (b Board) least(brand string) int {
	least := -1
	for i := range b {
		if b[i].Brand == brand && (least < 0 || b[i].N() < b[least].N()) {
			least = i
		}
	}
	return least
}
