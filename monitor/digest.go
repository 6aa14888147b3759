package monitor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/internal/fault"
	"github.com/puskaradio/puskaradio/store"
	"github.com/puskaradio/puskaradio/trend"
)

// onTime is how long after its hour a digest is not late, lastCall when on
// its day it is no longer sent.
const (
	onTime   = 30 * time.Minute
	lastCall = 12 * time.Hour
)

// digestTime is when the digest of the day before t's local date is due.
func (p *Plan) digestTime(t time.Time) time.Time {
	y, mo, d := t.In(p.Zone).Date()
	return time.Date(y, mo, d, int(p.DigestAt/time.Hour), int(p.DigestAt%time.Hour/time.Minute), 0, 0, p.Zone)
}

// nextDigest is when the next digest is due, which may be now.
func (p *Plan) nextDigest(now time.Time) time.Time {
	at := p.digestTime(now)
	if y, mo, d := now.In(p.Zone).Date(); now.After(at) && now.After(time.Date(y, mo, d, 12, 0, 0, 0, p.Zone)) {
		return p.digestTime(time.Date(y, mo, d+1, 12, 0, 0, 0, p.Zone))
	}
	return at
}

// digest makes the digest of yesterday, once for each local date. A machine
// that was down at the hour sends it until noon and says that it is late.
func (m *Monitor) digest(ctx context.Context, j store.Job, id string) (store.Job, error) {
	p, now := m.Plan(), time.Now()
	brand, ok := p.brand(id)
	if !ok || p.DigestAt < 0 {
		return store.Job{}, nil
	}
	at := p.digestTime(now)
	y, mo, d := now.In(p.Zone).Date()
	j.Due = p.digestTime(time.Date(y, mo, d+1, 12, 0, 0, 0, p.Zone))
	if now.Before(at) {
		j.Due = at
		return j, nil
	}
	if now.Sub(time.Date(y, mo, d, 0, 0, 0, 0, p.Zone)) > max(lastCall, p.DigestAt+4*time.Hour) {
		return j, nil
	}
	dg, err := m.Digest(ctx, brand, time.Date(y, mo, d-1, 12, 0, 0, 0, p.Zone), now)
	if err != nil {
		return j, err
	}
	dg.Late = now.Sub(at) > onTime
	fault.Point("monitor: digest made")
	_, err = m.Store.AddDigest(ctx, dg, p.deliveries(id, dg.Decided, "g/"+id+"/"+dg.Date, now, true)...)
	return j, err
}

// Digest puts the digest of a local date together; on is any time of it.
func (m *Monitor) Digest(ctx context.Context, brand puskaradio.Brand, on, now time.Time) (puskaradio.Digest, error) {
	p := m.Plan()
	y, mo, d := on.In(p.Zone).Date()
	from, to := time.Date(y, mo, d, 0, 0, 0, 0, p.Zone), time.Date(y, mo, d+1, 0, 0, 0, 0, p.Zone)
	back := time.Date(y, mo, d-372, 0, 0, 0, 0, p.Zone) // a year, and a week before it
	mat, err := m.material(ctx, p, brand, back, from, to, now)
	if err != nil {
		return puskaradio.Digest{}, err
	}
	found, _, err := m.Store.Mentions(ctx, store.Filter{Brand: brand.ID, From: from, To: to, Limit: 2000})
	if err != nil {
		return puskaradio.Digest{}, err
	}
	for _, e := range found {
		mat.Quotes = append(mat.Quotes, trend.Said{
			Quote: puskaradio.QuoteOf(e.ID, &e.Mention), Needs: e.Status.Open(), Aspects: e.Mention.Verdict().Aspects,
		})
	}
	return trend.MakeDigest(mat), nil
}

// material is what the digests of a date and of a week, which is [from, to),
// have in common, with the days since back.
func (m *Monitor) material(ctx context.Context, p *Plan, brand puskaradio.Brand, back, from, to, now time.Time) (trend.Material, error) {
	counts, err := m.Store.Series(ctx, brand.ID, back, to, store.Day)
	mat := trend.Material{Brand: brand, Zone: p.Zone, Now: now, Days: trend.Days(counts, back, to.Add(-time.Second), p.Zone), Voices: map[string]int{}}
	if err != nil {
		return mat, err
	}
	if mat.Waiting, mat.Oldest, err = m.waiting(ctx, brand.ID); err != nil {
		return mat, err
	}
	for _, id := range append([]string{brand.ID}, brand.Rivals...) {
		cs, err := m.Store.Series(ctx, id, from, to, store.Day)
		if err != nil {
			return mat, err
		}
		mat.Voices[id] = 0
		for _, c := range cs {
			mat.Voices[id] += c.Total()
		}
	}
	mat.Failed, mat.Sources, err = m.failing(ctx, p, brand.ID, from, minTime(to.Add(24*time.Hour), now.Add(time.Hour)))
	return mat, err
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// waiting counts the cases that nobody has answered, and when the first of
// their authors wrote.
func (m *Monitor) waiting(ctx context.Context, brand string) (n int, oldest time.Time, err error) {
	by, err := m.Store.Waiting(ctx, brand)
	if err != nil {
		return 0, oldest, err
	}
	for status, k := range by {
		if status.Open() {
			n += k
		}
	}
	f := store.Filter{Brand: brand, Limit: 200}
	for {
		cases, next, err := m.Store.Inbox(ctx, f)
		if err != nil {
			return n, oldest, err
		}
		if len(cases) > 0 { // the newest come first
			oldest = cases[len(cases)-1].Mention.Published
		}
		if f.After = next; next == "" {
			return n, oldest, nil
		}
	}
}

// wake ends a snooze, if it still lasts.
func (m *Monitor) wake(ctx context.Context, j store.Job, rest string) (store.Job, error) {
	brand, id, ok := cutLast(rest)
	if !ok {
		return store.Job{}, &puskaradio.PermanentError{Err: fmt.Errorf("no mention in %q", j.Key)}
	}
	c, err := m.Store.Case(ctx, brand, puskaradio.ID(id))
	if err != nil && !errors.Is(err, puskaradio.ErrNotFound) {
		return j, err
	}
	if err != nil || c.Status != puskaradio.Snoozed {
		return store.Job{}, nil // it was forgotten or woken meanwhile
	}
	now := time.Now().UTC()
	if c.Until.After(now) {
		j.Due = c.Until
		return j, nil
	}
	_, err = m.Store.Move(ctx, brand, c.ID, puskaradio.Snoozed, puskaradio.Change{At: now, Who: "puskaradio", To: puskaradio.New, Note: "the snooze is over"}, time.Time{}, m.CaseJobs(brand, c.ID, now)...)
	return store.Job{}, err
}
