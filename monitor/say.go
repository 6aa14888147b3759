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

// say sends the newest version of an alert or a digest, unless it was sent.
func (m *Monitor) say(ctx context.Context, p *Plan, c *Channel, what string) error {
	msg, rev, err := m.message(ctx, p, c, what)
	if errors.Is(err, puskaradio.ErrNotFound) {
		return nil // it was forgotten meanwhile, or there is nothing to say any more
	}
	if err != nil {
		return err
	}
	key := c.ID + "/" + what
	sent, err := m.Store.Sent(ctx, key)
	if err == nil && sent.Rev >= rev {
		return nil
	}
	first := errors.Is(err, puskaradio.ErrNotFound)
	if err != nil && !first {
		return err
	}
	// What came in a summary is told of in a message of its own, and so is each
	// piece of news.
	if !isSummary(sent.Ref) && msg.Turn != notify.News {
		msg.Ref = sent.Ref
	}
	if err := m.tried(ctx, c, &msg, rev); err != nil {
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
	now := time.Now().UTC()
	if first && msg.Turn == notify.Told { // before it is noted: a crash between the two is mended by doing both again
		if err := m.lookAfter(context.WithoutCancel(ctx), p, c, msg.Alert, now); err != nil {
			return err
		}
	}
	return m.Store.SetSent(context.WithoutCancel(ctx), key, store.Sent{Ref: ref, Rev: rev, At: now})
}

// tried writes that a try is begun, before it is: after a crash the message is
// looked for.
func (m *Monitor) tried(ctx context.Context, c *Channel, msg *notify.Message, rev int) error {
	try := "try/" + c.ID + "/" + msg.Key
	if _, err := m.Store.Sent(ctx, try); err == nil {
		msg.Again = true
		return nil
	}
	return m.Store.SetSent(ctx, try, store.Sent{Rev: rev, At: time.Now().UTC()})
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

// message puts together what a delivery says, with the version of it.
func (m *Monitor) message(ctx context.Context, p *Plan, c *Channel, what string) (notify.Message, int, error) {
	msg := notify.Message{Key: what, Lang: c.Lang, Zone: p.Zone, Link: p.Link}
	switch parts := strings.Split(what, "/"); {
	case parts[0] == "a" && len(parts) == 2:
		a, err := m.Store.Alert(ctx, parts[1])
		msg.Alert = &a
		return msg, a.Rev + 1, err
	case parts[0] == "e" && len(parts) == 2:
		return m.escalation(ctx, p, c, msg, parts[1])
	case parts[0] == "n" && len(parts) == 2:
		return m.news(ctx, c, msg, parts[1])
	case parts[0] == "r" && len(parts) >= 2:
		return m.reminder(ctx, p, c, msg, parts)
	case (parts[0] == "w" || parts[0] == "o") && len(parts) == 2:
		return m.due(ctx, p, c, msg, parts[1], parts[0] == "o")
	case parts[0] == "g" && len(parts) == 3:
		d, err := m.Store.Digest(ctx, parts[1], parts[2])
		msg.Digest = &d
		return msg, 1, err
	}
	return msg, 0, &puskaradio.PermanentError{Err: fmt.Errorf("nothing is known of %q", what)}
}
