package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio/internal/under"
	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/notify"
	"github.com/puskaradio/puskaradio/web"
)

// settings shows the configuration on the dashboard, and tries it.
type settings struct{ r *runner }

// Configured implements [web.Settings].
func (s settings) Configured(context.Context) (web.Configured, error) {
	l := s.r.current.Load()
	file := s.r.app.path(s.r.app.file)
	text, err := os.ReadFile(file)
	if err != nil {
		return web.Configured{}, fmt.Errorf("configuration: %w", err)
	}
	out := web.Configured{File: filepath.Base(file), Text: string(text), Keep: time.Duration(l.Keep)}
	fault, err := under.ReadFile(reloadFault(l.Data))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return out, err
	}
	out.Fault = strings.TrimSpace(string(fault))
	for i := range l.plan.Channels {
		c := &l.plan.Channels[i]
		x := web.Channel{ID: c.ID, Lang: c.Lang, Alerts: c.Alerts, Digests: c.Digests, Weeklys: c.Weekly}
		for _, given := range l.Channels {
			if given.ID == c.ID {
				x.Kind = given.Kind
			}
		}
		out.Channels = append(out.Channels, x)
	}
	return out, nil
}

// TestChannel implements [web.Settings].
func (s settings) TestChannel(ctx context.Context, id string) (string, error) {
	l := s.r.current.Load()
	for i := range l.plan.Channels {
		if c := &l.plan.Channels[i]; c.ID == id {
			return tryChannel(ctx, l, c)
		}
	}
	return "", fmt.Errorf("there is no channel %q", id)
}

// tryChannel sends a test message, or asks a channel that is told of cases
// alone whether it would take one.
func tryChannel(ctx context.Context, l *loaded, c *monitor.Channel) (string, error) {
	if k, ok := c.Notifier.(notify.CaseKeeper); ok {
		return k.Probe(ctx, httpClient())
	}
	return c.Notify(ctx, httpClient(), testMessage(l, c, time.Now()))
}

// testPages is how often a test asks a source for more.
const testPages = 3

// TestSource implements [web.Settings].
func (s settings) TestSource(ctx context.Context, id string) (out web.Crawled, err error) {
	for range testPages {
		round, done, err := s.r.monitor.Crawl(ctx, id)
		out.Pages, out.Items, out.New = out.Pages+round.Pages, out.Items+round.Items, out.New+round.New
		out.Changed, out.Gone = out.Changed+round.Changed, out.Gone+round.Gone
		for _, f := range round.Faults {
			out.Faults = append(out.Faults, f.Error())
		}
		out.More = !done
		if err != nil || done {
			return out, err
		}
	}
	return out, nil
}
