package monitor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// The promise: what was decided is in its channel or in the queue. While a
// channel is away it is tried for giveUp, in order; after fallBack another
// channel hears of it; what has waited for fold comes as one summary.
const (
	giveUp = 72 * time.Hour
	// giveUpTries have been made by then, or several times as many: else it was
	// the clock that was set.
	giveUpTries = 60
	fallBack    = 15 * time.Minute
	fold        = time.Hour
	parked      = time.Hour       // until a person mends it, or the configuration is read again
	attemptIn   = 2 * time.Minute // the longest that one try takes
	grace       = 6 * time.Second // that it may still take when the program is to end
)

// deliveries are the jobs that say something in every channel that wants it.
// The keys sort by the time of the decision, for a channel says things in
// order. what is
//
//	a/ID            an alert
//	e/ID            that nobody has claimed it, told to somebody else
//	n/ID            what is new of it, below the message of it
//	r/ID, r/ID/SEC  a reminder; after a snooze that ended then
//	w/ID, o/ID      that the post of it must be answered soon; that it was not in time
//	g/BRAND/DATE    a digest of a date or a week
func (p *Plan) deliveries(brand string, decided time.Time, what string, now time.Time, digest bool) []store.Job {
	var jobs []store.Job
	for i := range p.Channels {
		c := &p.Channels[i]
		if c.wants(brand) && (digest && c.Digests || !digest && c.Alerts) {
			jobs = append(jobs, delivery(c.ID, decided, what, now))
		}
	}
	return jobs
}

// tellings are the jobs that tell of an alert: in the channels that want to hear
// of its brand, or of any that its source is read for.
func (p *Plan) tellings(a *puskaradio.Alert, now time.Time) []store.Job {
	jobs := p.deliveries(a.Brand, a.Decided, "a/"+a.ID, now, false)
	for i := range p.Sources {
		if p.Sources[i].ID != a.Source {
			continue
		}
		for _, b := range p.brandsOf(&p.Sources[i]) {
			for _, j := range p.deliveries(b.ID, a.Decided, "a/"+a.ID, now, false) {
				if !slices.ContainsFunc(jobs, func(x store.Job) bool { return x.Key == j.Key }) {
					jobs = append(jobs, j)
				}
			}
		}
	}
	return jobs
}

func delivery(channel string, decided time.Time, what string, now time.Time) store.Job {
	return store.Job{
		Key:  fmt.Sprintf("deliver/%s/%013d/%s", channel, decided.UnixMilli(), what),
		Kind: "deliver", Lane: "deliver/" + channel, Due: now,
	}
}

func (p *Plan) channel(id string) *Channel {
	for i := range p.Channels {
		if p.Channels[i].ID == id {
			return &p.Channels[i]
		}
	}
	return nil
}

// deliver says one thing in one channel.
func (m *Monitor) deliver(ctx context.Context, j store.Job, rest string) (store.Job, error) {
	p, now := m.Plan(), time.Now().UTC()
	channel, rest, _ := strings.Cut(rest, "/")
	_, what, _ := strings.Cut(rest, "/")
	c := p.channel(channel)
	if c == nil {
		return m.orphan(ctx, p, j, now)
	}
	queue, err := m.Store.Jobs(ctx, "deliver/"+channel+"/")
	if err != nil {
		return j, err
	}
	if len(queue) == 0 {
		return store.Job{}, nil // taken off meanwhile
	}
	head, err := m.head(ctx, queue, now)
	if err != nil {
		return j, err
	}
	if head.Key < j.Key {
		return j, &puskaradio.RetryError{After: max(0, head.Due.Sub(now)) + time.Millisecond, Err: errors.New("waits for what was decided before it")}
	}
	due, err := m.foldable(ctx, c, queue, now)
	if err != nil {
		return j, err
	}
	if len(due) >= 2 { // j is the first of them, or updates what was said before
		if next, err := m.summary(ctx, p, c, j, due, now); err != nil || due[0].Key == j.Key {
			return next, err
		}
	}
	err = m.say(ctx, p, c, what)
	if wait, ok := errors.AsType[*laterError](err); ok {
		j.Due = wait.at
		return j, nil
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return j, err
	case err != nil:
		return m.notSaid(ctx, p, c, j, what, now, err)
	}
	for _, q := range queue { // the channel is back: the next need not wait
		if q.Key > j.Key && q.Fails > 0 {
			q.Due = now
			return store.Job{}, m.Store.Schedule(context.WithoutCancel(ctx), q)
		}
	}
	return store.Job{}, nil
}

// head is what a channel has to say first. What waits for a person does not
// hold up the rest: the channel may be well and only that message bad.
func (m *Monitor) head(ctx context.Context, queue []store.Job, now time.Time) (store.Job, error) {
	for _, q := range queue {
		if q.Fails == 0 && q.Due.After(now) {
			continue // it waits for the end of the quiet hours
		}
		s, err := m.Store.Sent(ctx, parkedKey(q))
		if errors.Is(err, puskaradio.ErrNotFound) || err == nil && !s.At.After(now) {
			return q, nil
		}
		if err != nil {
			return q, err
		}
	}
	return queue[len(queue)-1], nil
}

// parkedKey is where it is noted until when a delivery waits for a person.
func parkedKey(j store.Job) string { return "parked/" + j.Key }
