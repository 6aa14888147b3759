package monitor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/notify"
	"github.com/puskaradio/puskaradio/store"
)

// A Watch says what becomes of an alert that nobody claims. Both spans begin
// when a channel was first told of it.
type Watch struct {
	Remind     time.Duration // until one reminder in the same channel; zero is never
	Escalate   time.Duration // until somebody else is told, half of it for a crisis; zero is never
	EscalateTo string        // the channel that is told then, whether or not it hears of alerts
}

// escalation is how long an alert may wait until somebody else is told.
func (w *Watch) escalation(a *puskaradio.Alert) time.Duration {
	if a.Severity == puskaradio.Crisis {
		return w.Escalate / 2
	}
	return w.Escalate
}

// beside are the jobs that go with an update of an alert: news below the message
// of it, an edit of what somebody else was told. What has become a crisis does
// not wait for them as long as it would have.
func (m *Monitor) beside(ctx context.Context, p *Plan, a *puskaradio.Alert, now time.Time) (jobs []store.Job, err error) {
	for i := range p.Channels {
		c := &p.Channels[i]
		if a.Rule != puskaradio.RuleSpike && a.Rule != puskaradio.RuleTopic {
			break // nothing of it is counted
		}
		thread, err := m.threadOf(ctx, c, a.ID)
		if err != nil {
			return nil, err
		}
		if thread != "" {
			jobs = append(jobs, delivery(c.ID, a.Decided, "n/"+a.ID, now))
		}
	}
	to := p.channel(p.Watch.EscalateTo)
	if to == nil {
		return jobs, nil
	}
	e := delivery(to.ID, a.Decided, "e/"+a.ID, now)
	switch _, err := m.Store.Sent(ctx, to.ID+"/e/"+a.ID); {
	case err == nil:
		return append(jobs, e), nil
	case !errors.Is(err, puskaradio.ErrNotFound):
		return nil, err
	}
	waiting, err := m.Store.Jobs(ctx, e.Key)
	if err == nil && len(waiting) > 0 && a.Severity == puskaradio.Crisis {
		e.Due = maxTime(now, waiting[0].Since.Add(-p.Watch.Escalate/2)) // it was due a whole span after it was told
		jobs = append(jobs, e)
	}
	return jobs, err
}

// A laterError says that something is not to be said before a time.
type laterError struct{ at time.Time }

func (e *laterError) Error() string { return "not before " + e.at.Format(time.RFC3339) }

// lookAfter schedules what follows when a channel has heard of an alert for the
// first time and nobody claims it.
func (m *Monitor) lookAfter(ctx context.Context, p *Plan, c *Channel, a *puskaradio.Alert, now time.Time) error {
	if a == nil || !a.Waits() {
		return nil
	}
	var jobs []store.Job
	if p.Watch.Remind > 0 {
		jobs = append(jobs, delivery(c.ID, a.Decided, "r/"+a.ID, now.Add(p.Watch.Remind)))
	}
	if p.Watch.Escalate > 0 && p.channel(p.Watch.EscalateTo) != nil {
		jobs = append(jobs, delivery(p.Watch.EscalateTo, a.Decided, "e/"+a.ID, now.Add(p.Watch.escalation(a))))
	}
	jobs = append(jobs, p.dues(c, a, now)...)
	if len(jobs) == 0 {
		return nil
	}
	return m.Store.Schedule(ctx, jobs...)
}

// unclaimed gives an alert that still waits for somebody, and says how long a
// channel must not hear of that: while it is snoozed, in a maintenance window
// and, but for a crisis, in quiet hours. One that does not wait is not found.
func (m *Monitor) unclaimed(ctx context.Context, p *Plan, c *Channel, id string) (puskaradio.Alert, error) {
	now := time.Now().UTC()
	a, err := m.Store.Alert(ctx, id)
	if err != nil {
		return a, err
	}
	if a.Waits() { // who has one of its posts has it
		if a, err = m.byCase(ctx, a); err != nil {
			return a, err
		}
	}
	if !a.Waits() {
		return a, fmt.Errorf("alert %s waits for nobody: %w", id, puskaradio.ErrNotFound)
	}
	held, err := m.held(ctx, p, a.Brand, now)
	if err != nil {
		return a, err
	}
	if a.Snoozed.After(held) {
		held = a.Snoozed
	}
	if a.Severity != puskaradio.Crisis {
		if quiet := c.Quiet.until(now, p.Zone); quiet.After(held) {
			held = quiet
		}
	}
	if held.After(now) {
		return a, &laterError{held}
	}
	return a, nil
}

// reminder says once that nobody has claimed an alert: below the message of it
// where that can be done.
func (m *Monitor) reminder(ctx context.Context, p *Plan, c *Channel, msg notify.Message, parts []string) (notify.Message, int, error) {
	id := parts[1]
	if _, err := m.Store.Sent(ctx, c.ID+"/"+msg.Key); err == nil {
		return msg, 0, fmt.Errorf("reminder of %s was sent: %w", id, puskaradio.ErrNotFound)
	}
	a, err := m.unclaimed(ctx, p, c, id)
	if err != nil {
		return msg, 0, err
	}
	if len(parts) == 3 && parts[2] != fmt.Sprint(a.Snoozed.Unix()) {
		return msg, 0, fmt.Errorf("%s was snoozed anew: %w", id, puskaradio.ErrNotFound)
	}
	msg.Alert, msg.Turn = &a, notify.Reminder
	msg.Thread, err = m.threadOf(ctx, c, id)
	return msg, 1, err
}

// escalation tells somebody else of an alert that nobody has claimed; what was
// told is edited as that changes.
func (m *Monitor) escalation(ctx context.Context, p *Plan, c *Channel, msg notify.Message, id string) (notify.Message, int, error) {
	msg.Turn = notify.Escalated
	_, err := m.Store.Sent(ctx, c.ID+"/"+msg.Key)
	var a puskaradio.Alert
	switch {
	case err == nil:
		a, err = m.Store.Alert(ctx, id)
	case errors.Is(err, puskaradio.ErrNotFound):
		a, err = m.unclaimed(ctx, p, c, id)
	}
	msg.Alert = &a
	return msg, a.Rev + 1, err
}

// over is the version of the last news of an alert.
const over = 1 << 29

// news says what is new of an alert below the message of it. Its version is
// the number of mentions, so that nothing is counted twice.
func (m *Monitor) news(ctx context.Context, c *Channel, msg notify.Message, id string) (notify.Message, int, error) {
	nothing := fmt.Errorf("no news of %s: %w", id, puskaradio.ErrNotFound)
	a, err := m.Store.Alert(ctx, id)
	if err != nil {
		return msg, 0, err
	}
	if msg.Thread, err = m.threadOf(ctx, c, id); err != nil {
		return msg, 0, err
	}
	last, err := m.Store.Sent(ctx, c.ID+"/n/"+id)
	if err != nil && !errors.Is(err, puskaradio.ErrNotFound) {
		return msg, 0, err
	}
	rev, now := a.Negative, time.Now()
	before := cmp.Or(last.Rev, a.First)
	switch due := maxTime(last.At, a.Decided).Add(updateEvery); {
	case msg.Thread == "" || a.Calmed != nil:
		return msg, 0, nothing
	case a.State == "over":
		rev = over
	case a.Negative <= before:
		return msg, 0, nothing
	case due.After(now) && due.Sub(now) <= updateEvery:
		return msg, 0, &laterError{due}
	}
	a.Quotes = nil
	if a.Fresh != "" {
		switch e, err := m.Store.Mention(ctx, a.Brand, a.Fresh); {
		case err == nil && e.Mention.State != puskaradio.Deleted:
			a.Quotes = []puskaradio.Quote{puskaradio.QuoteOf(e.ID, &e.Mention)}
		case err != nil && !errors.Is(err, puskaradio.ErrNotFound):
			return msg, 0, err
		}
	}
	msg.Alert, msg.Turn, msg.Since = &a, notify.News, a.Negative-before
	msg.Key = fmt.Sprintf("n/%s/%d", id, rev)
	return msg, rev, nil
}

// threadOf is what the message of an alert was sent as in a channel that can
// answer below it; empty in others, and where it came in a summary.
func (m *Monitor) threadOf(ctx context.Context, c *Channel, id string) (string, error) {
	if t, ok := c.Notifier.(notify.Threader); !ok || !t.Threads() {
		return "", nil
	}
	sent, err := m.Store.Sent(ctx, c.ID+"/a/"+id)
	if errors.Is(err, puskaradio.ErrNotFound) || isSummary(sent.Ref) {
		return "", nil
	}
	return sent.Ref, err
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
