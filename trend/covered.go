package trend

import (
	"slices"
	"time"

	"github.com/puskaradio/puskaradio"
)

// A Hearing says how a source was heard on a date.
type Hearing int

// The hearings. What was said before a source was first read is known only as
// far as the source still showed it then.
const (
	Unread   Hearing = iota // it was not read yet
	Deaf                    // it was asked, and never answered, or was not asked at all
	Answered                // it answered once at least
)

// Hearings are how sources were heard, by date (2026-11-20) and source. Sources
// that never were read are in none.
type Hearings map[string]map[string]Hearing

// HearingsOf reads the ledger for the days from the first to the last of days. A
// date without a line between two that a source has is a date on which it was
// not heard. ledger may begin before the days, and is by hour.
func HearingsOf(ledger []puskaradio.Coverage, days []Day) Hearings {
	out := Hearings{}
	if len(days) == 0 {
		return out
	}
	zone := days[0].At.Location()
	type line struct{ fetches, failed int }
	lines := map[string]map[string]line{}
	first := map[string]string{}
	for _, c := range ledger {
		if c.Fetches == 0 {
			continue
		}
		date := c.Hour.In(zone).Format(time.DateOnly)
		if f, ok := first[c.Source]; !ok || date < f {
			first[c.Source] = date
		}
		if lines[date] == nil {
			lines[date] = map[string]line{}
		}
		l := lines[date][c.Source]
		lines[date][c.Source] = line{l.fetches + c.Fetches, l.failed + c.Failed}
	}
	for i, d := range days {
		date := d.At.Format(time.DateOnly)
		by := map[string]Hearing{}
		for source, since := range first {
			l, asked := lines[date][source]
			switch {
			case date < since:
				by[source] = Unread
			case l.fetches > l.failed, !asked && i == len(days)-1: // today may be young
				by[source] = Answered
			default:
				by[source] = Deaf
			}
		}
		out[date] = by
	}
	return out
}

// DeafOn are the sources, among some, that were not heard on a date.
func (h Hearings) DeafOn(date string, sources []string) (out []string) {
	for source, how := range h[date] {
		if how == Deaf && slices.Contains(sources, source) {
			out = append(out, source)
		}
	}
	slices.Sort(out)
	return out
}

// Alike reports whether some sources were heard alike on two dates, and none of
// them was deaf. It is false of a date that was not looked at.
func (h Hearings) Alike(date, other string, sources []string) bool {
	if h[date] == nil || h[other] == nil {
		return false
	}
	for _, source := range sources {
		a, b := h[date][source], h[other][source]
		if a == Deaf || b == Deaf || a != b {
			return false
		}
	}
	return true
}

// Fair reports whether brands, each with the sources that it is read from, were
// heard equally on a date: no source of any was deaf, and those that not all of
// them are read from answered, unless none at all was read yet. It is false of a
// date that was not looked at.
func (h Hearings) Fair(date string, brands ...[]string) bool {
	if h[date] == nil {
		return false
	}
	unread, all, missing := 0, 0, false
	for _, sources := range brands {
		for _, source := range sources {
			all++
			switch h[date][source] {
			case Deaf:
				return false
			case Unread:
				unread++
				missing = missing || slices.ContainsFunc(brands, func(other []string) bool { return !slices.Contains(other, source) })
			}
		}
	}
	return !missing || unread == all
}
