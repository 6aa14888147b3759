package web

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/trend"
)

// heardMost is how many days a page looks back at, of all sources together, and
// heardLong how many days are read from the store at once.
const (
	heardMost = 40_000
	heardLong = 7
)

// A ledger keeps what became of the sources on dates that are over, for a year
// of it is long to read.
type ledger struct {
	most int // [heardMost]
	mu   sync.Mutex
	days map[string][]puskaradio.Coverage // a line for each source, by zone and date
}

// hearings are how the sources were heard on days, and how many of the first of
// these are not looked at, where there are too many sources.
func (s *Server) hearings(ctx context.Context, v *view, days []trend.Day, sources int) (trend.Hearings, int, error) {
	skip := max(0, len(days)-s.ledger.most/max(1, sources))
	days = days[skip:]
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	if s.ledger.days == nil || len(s.ledger.days) > 4*366 {
		s.ledger.days = map[string][]puskaradio.Coverage{}
	}
	key := func(d trend.Day) string { return v.zone.String() + " " + d.At.Format(time.DateOnly) }
	var all []puskaradio.Coverage
	for i := 0; i < len(days); {
		if known, ok := s.ledger.days[key(days[i])]; ok {
			all = append(all, known...)
			i++
			continue
		}
		to := min(i+heardLong, len(days))
		until := v.Now.Add(time.Second)
		if to < len(days) {
			until = days[to].At
		}
		lines, err := s.o.Store.Coverage(ctx, days[i].At, until)
		if err != nil {
			return nil, 0, err
		}
		by := foldLedger(lines, v.zone)
		for ; i < to; i++ {
			day := by[days[i].At.Format(time.DateOnly)]
			all = append(all, day...)
			if i < len(days)-1 { // it is over
				s.ledger.days[key(days[i])] = day
			}
		}
	}
	return trend.HearingsOf(all, days), skip, nil
}

// foldLedger adds the lines of each date up, one for each source.
func foldLedger(lines []puskaradio.Coverage, zone *time.Location) map[string][]puskaradio.Coverage {
	by := map[string]map[string]puskaradio.Coverage{}
	for _, c := range lines {
		date := c.Hour.In(zone).Format(time.DateOnly)
		if by[date] == nil {
			by[date] = map[string]puskaradio.Coverage{}
		}
		x, ok := by[date][c.Source]
		if !ok {
			x = puskaradio.Coverage{Source: c.Source, Hour: c.Hour}
		}
		x.Fetches, x.Failed = x.Fetches+c.Fetches, x.Failed+c.Failed
		by[date][c.Source] = x
	}
	out := map[string][]puskaradio.Coverage{}
	for date, sources := range by {
		out[date] = slices.Collect(maps.Values(sources))
	}
	return out
}

// of are the ids of the sources that a brand is read from.
func sourcesOf(all []Source, brand string) (out []string) {
	for _, x := range all {
		if len(x.Brands) == 0 || slices.Contains(x.Brands, brand) {
			out = append(out, x.ID)
		}
	}
	return out
}

// outages are the sources of the brand that were not heard, by date.
func outages(h trend.Hearings, sources []string) map[string][]string {
	out := map[string][]string{}
	for date := range h {
		if deaf := h.DeafOn(date, sources); len(deaf) > 0 {
			out[date] = deaf
		}
	}
	return out
}
