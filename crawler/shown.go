package crawler

import (
	"cmp"
	"fmt"

	"github.com/puskaradio/puskaradio"
)

// shows takes what a page claims of the ratings of things. What cannot be is a
// fault. Of what is told twice, in two notations or by two plug-ins, the one
// stays that most have rated.
func (p *Page) shows(here, asked string, found []Aggregate) {
	at, bad := map[string]int{}, 0
	for i := range found {
		if bad >= maxFaults || len(p.Shown) >= 100 {
			return // a page of nonsense, or one that lists a whole shop
		}
		a := &found[i]
		x := puskaradio.Shown{About: a.About, URL: asked, Rating: a.Rating, Count: a.Count, Reviews: a.Reviews}
		if x.Rating.Best == 0 && x.Rating.Value <= 5 {
			x.Rating.Best = 5 // as schema.org says of what is not told
		}
		if err := x.Check(); err != nil {
			bad++
			p.Faults = append(p.Faults, fmt.Errorf("page %s: aggregate rating of %.60q: %w", redactText(here), a.About, err))
			continue
		}
		switch j, ok := at[x.About]; {
		case !ok:
			at[x.About] = len(p.Shown)
			p.Shown = append(p.Shown, x)
		case x.N() > p.Shown[j].N():
			p.Shown[j] = x
		}
	}
}

// total takes what an interface says of the ratings of a list, if it says
// anything. What cannot be is a fault.
func (p *listPage) total(where string, x puskaradio.Shown) {
	if x.Rating.Value == 0 || x.Count == 0 && x.Reviews == 0 { // nobody has rated, or it does not tell
		return
	}
	if err := x.Check(); err != nil {
		p.faults = append(p.faults, fmt.Errorf("%s: the rating of %s: %w", where, cmp.Or(x.About, "all"), err))
		return
	}
	p.shown = append(p.shown, x)
}

// ratingsOf is a count that an interface gives, as it can be checked.
func ratingsOf(n int64) int { return int(min(max(n, -1), 1<<31-1)) }
