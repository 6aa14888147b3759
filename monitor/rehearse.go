package monitor

import (
	"context"
	"math"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
	"github.com/puskaradio/puskaradio/trend"
)

// A Rehearsal is a stretch of a brand's history to try detectors on.
type Rehearsal struct {
	stamps []store.Stamp
	deaf   map[int64]bool // by hour since 1970: no source answered that was asked
	now    time.Time
	plan   *Plan
}

// A Rehearsed is an alert that would have been raised.
type Rehearsed struct {
	At       time.Time `json:"at"`
	Over     time.Time `json:"over,omitzero"` // zero: it would be open now
	Negative float64   `json:"negative_24h"`
	Usual    float64   `json:"usual_24h"`
	Hours    float64   `json:"one_hour_in"` // such a moment comes once in so many hours by luck
	Deaf     int       `json:"deaf_hours"`  // of the day before it, in which no source answered
}

// Rehearse reads a stretch of a brand's history. It changes nothing.
func (m *Monitor) Rehearse(ctx context.Context, brand string, from, now time.Time) (*Rehearsal, error) {
	p := m.Plan()
	stamps, err := m.Store.Stamps(ctx, brand, from, now)
	if err != nil {
		return nil, err
	}
	ledger, err := m.Store.Coverage(ctx, from, now)
	if err != nil {
		return nil, err
	}
	of := map[string]bool{}
	for _, s := range p.sourcesOf(brand) {
		of[s.ID] = true
	}
	heard, deaf := map[int64]bool{}, map[int64]bool{}
	for _, c := range ledger {
		if of[c.Source] && c.Fetches > 0 {
			h := c.Hour.Unix() / 3600
			heard[h] = heard[h] || c.Failed < c.Fetches
			deaf[h] = !heard[h]
		}
	}
	return &Rehearsal{stamps, deaf, now, p}, nil
}

// Mentions is how many there are, Weeks how long they took, one at least.
func (r *Rehearsal) Mentions() int { return len(r.stamps) }

func (r *Rehearsal) Weeks() float64 {
	if len(r.stamps) == 0 {
		return 1
	}
	return max(1, r.now.Sub(r.stamps[0].At).Hours()/(7*24))
}

// With is what a detector of a threshold would have raised, as if it had been
// there all along. The first two days only teach it.
func (r *Rehearsal) With(threshold float64) (out []Rehearsed) {
	if len(r.stamps) == 0 {
		return nil
	}
	o := r.plan.Burst
	o.Threshold = threshold
	d := trend.NewBurst(o)
	i := 0
	for at := r.stamps[0].At.Truncate(tickLong); at.Before(r.now); at = at.Add(tickLong) {
		n := 0
		for ; i < len(r.stamps) && r.stamps[i].At.Before(at.Add(tickLong)); i++ {
			if counts(&r.stamps[i]) {
				n++
			}
		}
		b := d.Tick(n, tickOfDay(at, r.plan.Zone), r.deaf[at.Unix()/3600])
		switch b.Event {
		case trend.Opened:
			x := Rehearsed{At: at.Add(tickLong), Negative: b.Last24, Usual: b.Expected24, Hours: math.Pow(10, b.Evidence)}
			for h := at.Unix()/3600 - 23; h <= at.Unix()/3600; h++ {
				if r.deaf[h] {
					x.Deaf++
				}
			}
			out = append(out, x)
		case trend.Resolved, trend.NewLevel:
			out[len(out)-1].Over = at.Add(tickLong)
		}
	}
	return out
}

// counts reports whether a mention is one more of what detectors count: it is
// negative, and a story counts once however often it is passed on.
func counts(x *store.Stamp) bool { return x.Label == puskaradio.Negative && !x.Copy }

// tickOfDay is the number of a tick within its day, as clocks show it.
func tickOfDay(at time.Time, zone *time.Location) int {
	local := at.In(zone)
	return (local.Hour()*60 + local.Minute()) / 5
}
