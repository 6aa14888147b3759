package monitor

import (
	"context"
	"fmt"
	"time"

	"github.com/puskaradio/puskaradio/notify"
)

// ears are the channels that hear what people ask for, one for each ear.
func (p *Plan) ears() (out []*Channel) {
	known := map[string]bool{}
	for i := range p.Channels {
		h, ok := p.Channels[i].Notifier.(notify.Hearer)
		if !ok || h.Ear() == "" || known[h.Ear()] {
			continue
		}
		known[h.Ear()] = true
		out = append(out, &p.Channels[i])
	}
	return out
}

// keepHearing hears what people ask for in a channel, and again when the
// connection ends.
func (m *Monitor) keepHearing(ctx context.Context, p *Plan, c *Channel) {
	log := m.Log.With("channel", c.ID)
	for fails := 0; ; {
		began := time.Now()
		err := m.hearChannel(ctx, p, c)
		if ctx.Err() != nil {
			return
		}
		if fails++; time.Since(began) >= steadyFor {
			fails = 0
		}
		pause := again(err, fails, longPause)
		log.Warn("hears nothing", "err", err, "after", time.Since(began).Round(time.Second), "again in", pause.Round(time.Second))
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

func (m *Monitor) hearChannel(ctx context.Context, p *Plan, c *Channel) (err error) {
	defer func() { // a fault in one channel must not end the others
		if r := recover(); r != nil {
			err = fmt.Errorf("channel %s: %v", c.ID, r)
		}
	}()
	return c.Notifier.(notify.Hearer).Hear(ctx, notify.Hearing{
		HTTP: m.HTTP, Log: m.Log.With("channel", c.ID), Act: m.Act, Lang: c.Lang, Zone: p.Zone, Link: p.Link,
	})
}
