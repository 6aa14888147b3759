package monitor

import (
	"context"
	"errors"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/internal/fault"
	"github.com/puskaradio/puskaradio/store"
	"github.com/puskaradio/puskaradio/trend"
)

// A Weekly says when the digest of the last whole week is sent: on a day of the
// week, at a time after midnight, both local.
type Weekly struct {
	On time.Weekday
	At time.Duration
}

// weekCall is for how long after its hour the digest of a week is still sent.
const weekCall = 36 * time.Hour

// weekTime is when the digest that falls into the local week of a time is due;
// after so many weeks more.
func (p *Plan) weekTime(t time.Time, more int) time.Time {
	y, mo, d := t.In(p.Zone).Date()
	monday := d - (int(t.In(p.Zone).Weekday())+6)%7
	day := monday + (int(p.Weekly.On)+6)%7 + 7*more
	return time.Date(y, mo, day, int(p.Weekly.At/time.Hour), int(p.Weekly.At%time.Hour/time.Minute), 0, 0, p.Zone)
}

// nextWeek is when the next digest of a week is due, which may be now.
func (p *Plan) nextWeek(now time.Time) time.Time {
	for more := -1; ; more++ { // a Sunday's may be late on Monday
		if at := p.weekTime(now, more); now.Sub(at) <= weekCall {
			return at
		}
	}
}

// weekly makes the digest of the last whole week, once for each.
func (m *Monitor) weekly(ctx context.Context, j store.Job, id string) (store.Job, error) {
	p, now := m.Plan(), time.Now()
	brand, ok := p.brand(id)
	if !ok || p.Weekly == nil {
		return store.Job{}, nil
	}
	at := p.nextWeek(now)
	if now.Before(at) {
		j.Due = at
		return j, nil
	}
	j.Due = p.weekTime(at, 1)
	y, mo, d := at.In(p.Zone).Date()
	before := time.Date(y, mo, d-7, 12, 0, 0, 0, p.Zone) // a day of the week before
	if _, err := m.Store.Digest(ctx, id, puskaradio.WeekID(before)); !errors.Is(err, puskaradio.ErrNotFound) {
		return j, err // it was sent before a restart, or cannot be read
	}
	dg, err := m.WeekDigest(ctx, brand, before, now)
	if err != nil {
		return j, err
	}
	dg.Late = now.Sub(at) > onTime
	fault.Point("monitor: digest made")
	var jobs []store.Job
	for i := range p.Channels {
		if c := &p.Channels[i]; c.Weekly && c.wants(id) {
			jobs = append(jobs, delivery(c.ID, dg.Decided, "g/"+id+"/"+dg.Date, now))
		}
	}
	_, err = m.Store.AddDigest(ctx, dg, jobs...)
	return j, err
}

// The most mentions of a week that are read, and at a time.
const (
	weekRead = 20_000
	weekPage = 1000
)

// WeekDigest puts the digest of a local ISO week together; on is any time of it.
func (m *Monitor) WeekDigest(ctx context.Context, brand puskaradio.Brand, on, now time.Time) (puskaradio.Digest, error) {
	p := m.Plan()
	y, mo, d := on.In(p.Zone).Date()
	d -= (int(on.In(p.Zone).Weekday()) + 6) % 7
	from, to := time.Date(y, mo, d, 0, 0, 0, 0, p.Zone), time.Date(y, mo, d+7, 0, 0, 0, 0, p.Zone)
	back := time.Date(y, mo, d-372, 0, 0, 0, 0, p.Zone) // a year, and a week before it
	mat, err := m.material(ctx, p, brand, back, from, to, now)
	if err != nil {
		return puskaradio.Digest{}, err
	}
	w := trend.WeekMaterial{Material: mat}
	f := store.Filter{Brand: brand.ID, From: from, To: to, Limit: weekPage}
	told := map[puskaradio.ID]int{}
	quotes := map[puskaradio.ID]puskaradio.Quote{}
	for read := 0; read < weekRead; {
		found, next, err := m.Store.Mentions(ctx, f)
		if err != nil {
			return puskaradio.Digest{}, err
		}
		for i := range found {
			e := &found[i]
			w.Heard = append(w.Heard, trend.HeardOf(&e.Mention))
			q := puskaradio.QuoteOf(e.ID, &e.Mention)
			if e.Mention.Story != "" {
				told[e.Mention.Story]++
				quotes[e.Mention.Story] = q // an older one of it takes its place
				continue
			}
			w.Quotes = append(w.Quotes, trend.Said{Quote: q, Needs: e.Status.Open(), Aspects: e.Mention.Verdict().Aspects})
			quotes[e.ID] = q
		}
		read += len(found)
		if f.After = next; next == "" {
			break
		}
	}
	for id, n := range told {
		q := quotes[id]
		q.Copies = n
		w.Stories = append(w.Stories, q)
	}
	if w.Responses, err = m.responses(ctx, brand.ID, from, to, now); err != nil {
		return puskaradio.Digest{}, err
	}
	return trend.MakeWeek(w), nil
}

// responses are the responses to what was published in a span.
func (m *Monitor) responses(ctx context.Context, brand string, from, to, now time.Time) (out []trend.Response, err error) {
	f := store.Filter{Brand: brand, From: from, To: to, Limit: weekPage}
	for {
		cases, next, err := m.Store.Inbox(ctx, f)
		if err != nil {
			return nil, err
		}
		for i := range cases {
			if r, ok := trend.ResponseOf(&cases[i], now); ok {
				out = append(out, r)
			}
		}
		if f.After = next; next == "" {
			return out, nil
		}
	}
}
