package monitor

import "time"

// A Window is a time of maintenance, in which no alert of some brands is told,
// a crisis neither. Alerts are decided all the same, and what still stands at its
// end is told then.
type Window struct {
	From, To time.Time
	Every    string   // "day" or "week": it comes again, at the same time on the clock; else it is once
	Brands   []string // empty is all
}

// Until is the end of the window that holds now; zero if it does not.
func (w *Window) Until(now time.Time, zone *time.Location) time.Time {
	from, to := w.From.In(zone), w.To.In(zone)
	step := 0
	switch w.Every {
	case "day":
		step = 1
	case "week":
		step = 7
	default:
		if !now.Before(from) && now.Before(to) {
			return w.To
		}
		return time.Time{}
	}
	// By dates and not by hours: the clock may change in between.
	at := func(t time.Time, days int) time.Time {
		y, mo, d := t.Date()
		return time.Date(y, mo, d+days, t.Hour(), t.Minute(), 0, 0, zone)
	}
	n := int(now.Sub(from).Hours()/24) / step
	for k := max(0, n-1); k <= n+1; k++ {
		if !now.Before(at(from, k*step)) && now.Before(at(to, k*step)) {
			return at(to, k*step).UTC()
		}
	}
	return time.Time{}
}
