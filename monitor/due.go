package monitor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/notify"
	"github.com/puskaradio/puskaradio/store"
)

// dues are what a channel that has heard of a single post is told of its reply
// clock: that an answer is due soon, and that there was none in time. What has
// passed by the time that the channel hears of it is not told: the message says
// when the post was written.
func (p *Plan) dues(c *Channel, a *puskaradio.Alert, now time.Time) (jobs []store.Job) {
	if t, ok := c.Notifier.(notify.Threader); !ok || !t.Threads() || a.Rule != puskaradio.RuleUrgent || len(a.Quotes) == 0 {
		return nil
	}
	q := &a.Quotes[0]
	warn, due := p.Reply.Due(&puskaradio.Mention{Brand: a.Brand, Source: q.Source, Published: q.Published})
	for what, at := range map[string]time.Time{"w": warn, "o": due} {
		if at.After(now) && at.Sub(now) < farOff {
			jobs = append(jobs, delivery(c.ID, a.Decided, what+"/"+a.ID, at))
		}
	}
	return jobs
}

// due says below the message of a single post that it must be answered soon or,
// where it is over, that it was not in time; once each, and only while somebody
// has still to answer. As a reminder it keeps quiet hours and windows of
// maintenance.
func (m *Monitor) due(ctx context.Context, p *Plan, c *Channel, msg notify.Message, id string, over bool) (notify.Message, int, error) {
	nothing := fmt.Errorf("no answer to %s is due: %w", id, puskaradio.ErrNotFound)
	now := time.Now().UTC()
	a, err := m.Store.Alert(ctx, id)
	if err != nil {
		return msg, 0, err
	}
	if a.Calmed != nil || a.Muted || len(a.Quotes) == 0 {
		return msg, 0, nothing
	}
	x, err := m.Store.Case(ctx, a.Brand, a.Quotes[0].ID)
	if err != nil {
		return msg, 0, err
	}
	if !x.FirstReply().IsZero() || x.Status != "" && x.Status != puskaradio.New && x.Status != puskaradio.Claimed || x.Mention.State == puskaradio.Deleted {
		return msg, 0, nothing
	}
	warn, due := p.Reply.Due(&x.Mention)
	at := due
	if !over {
		if at = warn; warn.IsZero() || !due.After(now) {
			return msg, 0, nothing
		}
	}
	held, err := m.held(ctx, p, a.Brand, now)
	if err != nil {
		return msg, 0, err
	}
	if until := maxTime(maxTime(held, at), c.Quiet.until(now, p.Zone)); until.After(now) {
		return msg, 0, &laterError{until}
	}
	if msg.Thread, err = m.threadOf(ctx, c, id); err != nil {
		return msg, 0, err
	}
	if _, err := m.Store.Sent(ctx, c.ID+"/"+msg.Key); msg.Thread == "" || err == nil {
		return msg, 0, nothing
	} else if !errors.Is(err, puskaradio.ErrNotFound) {
		return msg, 0, err
	}
	msg.Alert, msg.Turn, msg.Due, msg.Who = &a, notify.DueSoon, due, x.Who
	if over {
		msg.Turn = notify.Overdue
	}
	return msg, 1, nil
}
