package monitor

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// Quiet is a span of the day, after midnight in local time, in which a channel
// hears of nothing but a crisis; it may go over midnight. Where both ends are
// the same there is none.
type Quiet struct{ From, To time.Duration }

// until is the end of the quiet hours that hold now; zero if none do.
func (q Quiet) until(now time.Time, zone *time.Location) time.Time {
	if q.From == q.To {
		return time.Time{}
	}
	local := now.In(zone)
	y, mo, d := local.Date()
	at := func(day int, after time.Duration) time.Time {
		return time.Date(y, mo, d+day, int(after/time.Hour), int(after%time.Hour/time.Minute), 0, 0, zone)
	}
	for day := -1; day <= 0; day++ { // begun yesterday or today
		from, to := at(day, q.From), at(day, q.To)
		if q.To < q.From {
			to = at(day+1, q.To)
		}
		if !now.Before(from) && now.Before(to) {
			return to
		}
	}
	return time.Time{}
}

// A Mute keeps the alerts of a brand from being told. They are decided all the
// same, and one that is still open at its end is told then.
type Mute struct {
	Until time.Time `json:"until"`
	Why   string    `json:"why,omitempty"`
	By    string    `json:"by,omitempty"`
}

func muteKey(brand string) string { return "mute/" + brand }

// SetMute mutes a brand; a mute that is over takes it back.
func (m *Monitor) SetMute(ctx context.Context, brand string, x Mute, now time.Time) error {
	b, err := json.Marshal(x)
	if err != nil {
		return err
	}
	if _, err := m.Store.Commit(ctx, store.Crawl{Job: muteKey(brand), Cursor: b}); err != nil {
		return err
	}
	due := x.Until
	if due.Before(now) {
		due = now
	}
	jobs, err := m.Store.Jobs(ctx, "urgent/"+brand+"/") // what was held back until now
	if err != nil {
		return err
	}
	for i := range jobs {
		jobs[i].Due = due
	}
	return m.Store.Schedule(ctx, append(jobs, store.Job{Key: "detect/" + brand, Kind: "detect", Due: due})...)
}

// Muted is the mute of a brand that is in force; its Until is zero if none is.
func (m *Monitor) Muted(ctx context.Context, brand string, now time.Time) (Mute, error) {
	var x Mute
	b, err := m.Store.Cursor(ctx, muteKey(brand))
	if err != nil || len(b) == 0 {
		return Mute{}, err
	}
	if err := json.Unmarshal(b, &x); err != nil {
		return Mute{}, fmt.Errorf("mute of %s: %w", brand, err)
	}
	if !x.Until.After(now) {
		return Mute{}, nil
	}
	return x, nil
}

// held is until when nobody is told of the alerts of a brand; zero is not at
// all.
func (m *Monitor) held(ctx context.Context, p *Plan, brand string, now time.Time) (time.Time, error) {
	mute, err := m.Muted(ctx, brand, now)
	until := mute.Until
	for i := range p.Windows {
		if w := &p.Windows[i]; len(w.Brands) == 0 || slices.Contains(w.Brands, brand) {
			until = maxTime(until, w.Until(now, p.Zone))
		}
	}
	return until, err
}

// tell gives the jobs that tell of an alert, and notes in it whether it is
// muted: then there are none, and it is looked at again when the mute ends.
func (m *Monitor) tell(ctx context.Context, p *Plan, a *puskaradio.Alert, now time.Time) ([]store.Job, time.Time, error) {
	held, err := m.held(ctx, p, a.Brand, now)
	if err != nil {
		return nil, time.Time{}, err
	}
	if a.Muted = !held.IsZero(); a.Muted {
		return nil, held, nil
	}
	jobs, err := m.beside(ctx, p, a, now)
	if err != nil {
		return nil, time.Time{}, err
	}
	jobs = append(p.tellings(a, now), jobs...)
	if a.Severity == puskaradio.Crisis {
		return jobs, time.Time{}, nil
	}
	for i := range jobs {
		for k := range p.Channels {
			c := &p.Channels[k]
			if jobs[i].Lane != "deliver/"+c.ID {
				continue
			}
			if until := c.Quiet.until(now, p.Zone); until.After(jobs[i].Due) {
				jobs[i].Due = until
			}
		}
	}
	return jobs, time.Time{}, nil
}
