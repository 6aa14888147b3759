package monitor

import (
	"context"
	"time"

	"github.com/puskaradio/puskaradio/store"
)

// farOff is how far off a delivery can be: a snooze is the longest.
const farOff = snoozeLongest + 24*time.Hour

// mend brings back what was scheduled by a clock that was ahead: the queue does
// so for jobs that recur. What is early finds out by itself that it is.
func (m *Monitor) mend(ctx context.Context, now time.Time) error {
	p := m.Plan()
	all, err := m.Store.Jobs(ctx, "")
	if err != nil {
		return err
	}
	var jobs []store.Job
	for _, j := range all {
		limit := now.Add(farOff)
		switch j.Kind {
		case "detect", "topics", "urgent":
			brand, _, _ := cutKey(j.Key)
			held, err := m.held(ctx, p, brand, now)
			if err != nil {
				return err
			}
			limit = maxTime(now.Add(2*time.Hour), held.Add(time.Minute))
		case "deliver":
		default:
			continue
		}
		if j.Due.After(limit) {
			j.Due = now
			jobs = append(jobs, j)
		}
	}
	if len(jobs) == 0 {
		return nil
	}
	m.Log.Warn("the clock was ahead", "jobs brought back", len(jobs))
	return m.Store.Schedule(ctx, jobs...)
}

// steady reports whether the clock has gone on from where it was: something was
// read a day ago by it, or nothing ever was. Until then nothing is forgotten.
func (m *Monitor) steady(ctx context.Context, now time.Time) (bool, error) {
	ledger, err := m.Store.Coverage(ctx, now.Add(-retainAfter), now.Add(-20*time.Hour))
	if err != nil || len(ledger) > 0 {
		return err == nil, err
	}
	ledger, err = m.Store.Coverage(ctx, time.Unix(0, 0), now.Add(-retainAfter))
	return len(ledger) == 0, err
}

// retainAfter is how long a machine may have been off.
const retainAfter = 30 * 24 * time.Hour
