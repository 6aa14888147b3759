package monitor

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/notify"
	"github.com/puskaradio/puskaradio/store"
)

// notSaid decides what becomes of what did not get through.
func (m *Monitor) notSaid(ctx context.Context, p *Plan, c *Channel, j store.Job, what string, now time.Time, cause error) (store.Job, error) {
	_, permanent := errors.AsType[*puskaradio.PermanentError](cause)
	waited := now.Sub(j.Since)
	if other := p.channel(c.Fallback); other != nil && other.ID != c.ID && !isCase(what) && (permanent || waited >= fallBack) {
		d := redirected(j, other.ID, now)
		if _, err := m.Store.Sent(ctx, other.ID+"/"+what); errors.Is(err, puskaradio.ErrNotFound) {
			if err := m.Store.Schedule(ctx, d); err != nil {
				return j, err
			}
		}
	}
	if waited >= giveUp && j.Fails >= giveUpTries && (waited < 10*giveUp || j.Fails >= 5*giveUpTries) {
		m.Log.Error("given up", "channel", c.ID, "message", what, "err", cause)
		if isCase(what) { // it is told when the case next moves
			return store.Job{}, nil
		}
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

func isSummary(ref string) bool { return strings.HasPrefix(ref, inSummary) }

// foldable are those of a channel's deliveries that have waited for long and
// of which it has heard nothing yet. What only updates a message that stands
// in the channel is said by an edit of it, and folds into nothing.
func (m *Monitor) foldable(ctx context.Context, c *Channel, queue []store.Job, now time.Time) (due []store.Job, err error) {
	for _, j := range queue {
		what := strings.SplitN(j.Key, "/", 4)[3]
		if now.Sub(j.Since) < fold || !strings.HasPrefix(what, "a/") && !strings.HasPrefix(what, "g/") {
			continue
		}
		_, err := m.Store.Sent(ctx, c.ID+"/"+what)
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
	revs, told := map[string]int{}, map[string]*puskaradio.Alert{}
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
		revs[what], told[what] = rev, msg.Alert
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
			if err := m.lookAfter(context.WithoutCancel(ctx), p, c, told[what], now); err != nil {
				return j, err
			}
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
