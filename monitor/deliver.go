package monitor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/internal/fault"
	"github.com/puskaradio/puskaradio/notify"
	"github.com/puskaradio/puskaradio/store"
)

// The promise: what was decided is in its channel or in the queue. While a
// channel is away it is tried for giveUp, in order; after fallBack another
// channel hears of it; what has waited for fold comes as one summary.
const (
	giveUp    = 72 * time.Hour
	fallBack  = 15 * time.Minute
	fold      = time.Hour
	parked    = time.Hour       // until a person mends it, or the configuration is read again
	attemptIn = 2 * time.Minute // the longest that one try takes
	grace     = 6 * time.Second // that it may still take when the program is to end
)

// deliveries are the jobs that say something in every channel that wants it.
// The keys sort by the time of the decision, for a channel says things in
// order. what is a/ID for an alert, g/BRAND/DATE for a digest.
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
	switch {
	case err != nil && ctx.Err() != nil:
		return j, err
	case err != nil:
		return m.notSaid(ctx, p, c, j, what, now, err)
	case len(queue) > 1 && queue[0].Key == j.Key && queue[1].Fails > 0: // the channel is back: the next need not wait
		queue[1].Due = now
		return store.Job{}, m.Store.Schedule(context.WithoutCancel(ctx), queue[1])
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

// say sends the newest version of an alert or a digest, unless it was sent.
func (m *Monitor) say(ctx context.Context, p *Plan, c *Channel, what string) error {
	msg, rev, err := m.message(ctx, p, c, what)
	if errors.Is(err, puskaradio.ErrNotFound) {
		return nil // it was forgotten meanwhile
	}
	if err != nil {
		return err
	}
	key := c.ID + "/" + what
	sent, err := m.Store.Sent(ctx, key)
	if err == nil && sent.Rev >= rev {
		return nil
	}
	if err != nil && !errors.Is(err, puskaradio.ErrNotFound) {
		return err
	}
	if !strings.HasPrefix(sent.Ref, inSummary) { // what came in a summary is told of in a message of its own
		msg.Ref = sent.Ref
	}
	// That a try was begun is written first: after a crash it is looked for.
	try := "try/" + key
	if _, err := m.Store.Sent(ctx, try); err == nil {
		msg.Again = true
	} else if err := m.Store.SetSent(ctx, try, store.Sent{Rev: rev, At: time.Now().UTC()}); err != nil {
		return err
	}
	if fault.Point("monitor: before post"); msg.Ref != "" {
		fault.Point("monitor: before edit")
	}
	work, cancel := attempt(ctx)
	defer cancel()
	ref, err := c.Notify(work, m.HTTP, msg)
	if err != nil {
		return err
	}
	fault.Point("monitor: posted")
	return m.Store.SetSent(context.WithoutCancel(ctx), key, store.Sent{Ref: ref, Rev: rev, At: time.Now().UTC()})
}

// attempt is the time that one try has. When the program is asked to end, a
// message that is on its way gets some seconds to arrive: else it would be
// said twice.
func attempt(ctx context.Context) (context.Context, context.CancelFunc) {
	work, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), attemptIn, errors.New("the channel did not answer in time"))
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(grace):
			cancel()
		case <-work.Done():
		}
	})
	return work, func() { stop(); cancel() }
}

// message puts together what a delivery says.
func (m *Monitor) message(ctx context.Context, p *Plan, c *Channel, what string) (notify.Message, int, error) {
	msg := notify.Message{Key: what, Lang: c.Lang, Zone: p.Zone, Link: p.Link}
	switch parts := strings.Split(what, "/"); {
	case parts[0] == "a" && len(parts) == 2:
		a, err := m.Store.Alert(ctx, parts[1])
		msg.Alert = &a
		return msg, a.Rev + 1, err
	case parts[0] == "g" && len(parts) == 3:
		d, err := m.Store.Digest(ctx, parts[1], parts[2])
		msg.Digest = &d
		return msg, 1, err
	}
	return msg, 0, &puskaradio.PermanentError{Err: fmt.Errorf("nothing is known of %q", what)}
}

// notSaid decides what becomes of what did not get through.
func (m *Monitor) notSaid(ctx context.Context, p *Plan, c *Channel, j store.Job, what string, now time.Time, cause error) (store.Job, error) {
	_, permanent := errors.AsType[*puskaradio.PermanentError](cause)
	waited := now.Sub(j.Since)
	if other := p.channel(c.Fallback); other != nil && other.ID != c.ID && (permanent || waited >= fallBack) {
		d := redirected(j, other.ID, now)
		if _, err := m.Store.Sent(ctx, other.ID+"/"+what); errors.Is(err, puskaradio.ErrNotFound) {
			if err := m.Store.Schedule(ctx, d); err != nil {
				return j, err
			}
		}
	}
	if waited >= giveUp {
		m.Log.Error("given up", "channel", c.ID, "message", what, "err", cause)
		return store.Job{}, m.Store.SetSent(ctx, c.ID+"/"+what, store.Sent{Ref: "", Rev: 1 << 30, At: now})
	}
	if permanent { // it stays in the queue: a person has to do something
		if err := m.Store.SetSent(ctx, parkedKey(j), store.Sent{At: now.Add(parked)}); err != nil {
			return j, err
		}
		// Not the error itself: one that is for good would end the delivery.
		return j, &puskaradio.RetryError{After: parked, Err: errors.New(cause.Error())}
	}
	return j, cause
}

// redirected is a delivery in another channel. Its key is the one that the
// channel's own delivery of it has or would have.
func redirected(j store.Job, channel string, now time.Time) store.Job {
	parts := strings.SplitN(j.Key, "/", 4)
	return store.Job{
		Key:  "deliver/" + channel + "/" + parts[2] + "/" + parts[3],
		Kind: "deliver", Lane: "deliver/" + channel, Due: now,
	}
}

// orphan deals with what waits for a channel that is gone from the
// configuration: an alert goes to the first of the others that wants to hear
// of its brand and has not.
func (m *Monitor) orphan(ctx context.Context, p *Plan, j store.Job, now time.Time) (store.Job, error) {
	parts := strings.SplitN(j.Key, "/", 4)
	if len(parts) < 4 || !strings.HasPrefix(parts[3], "a/") {
		return store.Job{}, nil
	}
	a, err := m.Store.Alert(ctx, strings.TrimPrefix(parts[3], "a/"))
	if errors.Is(err, puskaradio.ErrNotFound) {
		return store.Job{}, nil
	}
	if err != nil {
		return j, err
	}
	for i := range p.Channels {
		c := &p.Channels[i]
		if !c.Alerts || !c.wants(a.Brand) {
			continue
		}
		switch _, err := m.Store.Sent(ctx, c.ID+"/"+parts[3]); {
		case errors.Is(err, puskaradio.ErrNotFound):
			return store.Job{}, m.Store.Schedule(ctx, redirected(j, c.ID, now))
		case err != nil:
			return j, err
		}
	}
	return store.Job{}, nil
}

// inSummary marks the reference of a summary.
const inSummary = "summary/"

// foldable are those of a channel's deliveries that have waited for long and
// of which it has heard nothing yet. What only updates a message that stands
// in the channel is said by an edit of it, and folds into nothing.
func (m *Monitor) foldable(ctx context.Context, c *Channel, queue []store.Job, now time.Time) (due []store.Job, err error) {
	for _, j := range queue {
		if now.Sub(j.Since) < fold {
			break
		}
		_, err := m.Store.Sent(ctx, c.ID+"/"+strings.SplitN(j.Key, "/", 4)[3])
		switch {
		case errors.Is(err, puskaradio.ErrNotFound):
			due = append(due, j)
		case err != nil:
			return nil, err
		}
	}
	return due, nil
}

// summary says in one message what has waited for a channel that was away.
func (m *Monitor) summary(ctx context.Context, p *Plan, c *Channel, j store.Job, due []store.Job, now time.Time) (store.Job, error) {
	var lines, keys []string
	revs := map[string]int{}
	for _, d := range due {
		what := strings.SplitN(d.Key, "/", 4)[3]
		msg, rev, err := m.message(ctx, p, c, what)
		_, permanent := errors.AsType[*puskaradio.PermanentError](err)
		if permanent || errors.Is(err, puskaradio.ErrNotFound) {
			continue // forgotten meanwhile
		}
		if err != nil {
			return j, err
		}
		revs[what] = rev
		lines, keys = append(lines, notify.Sentence(msg)), append(keys, what)
	}
	if len(keys) > 0 {
		work, cancel := attempt(ctx)
		defer cancel()
		ref, err := c.Notify(work, m.HTTP, notify.Message{
			Key: "summary/" + due[0].Key, Text: notify.Summary(c.Lang, lines), Lang: c.Lang, Zone: p.Zone, Again: due[0].Fails > 0,
		})
		if err != nil {
			return m.notSaid(ctx, p, c, j, strings.SplitN(j.Key, "/", 4)[3], now, err)
		}
		for _, what := range keys {
			if err := m.Store.SetSent(context.WithoutCancel(ctx), c.ID+"/"+what, store.Sent{Ref: inSummary + ref, Rev: revs[what], At: now}); err != nil {
				return j, err
			}
		}
	}
	var others []string
	for _, d := range due {
		if d.Key != j.Key {
			others = append(others, d.Key)
		}
	}
	return store.Job{}, m.Store.Unschedule(context.WithoutCancel(ctx), others...)
}
