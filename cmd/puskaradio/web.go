package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/trend"
	"github.com/puskaradio/puskaradio/web"
)

// defaultListen is where the dashboard is if the configuration does not say.
// If another program is there, it is wherever there is room.
const defaultListen = "127.0.0.1:8080"

// A dashboard is the server of pages, and where it is.
type dashboard struct {
	server *web.Server
	base   atomic.Pointer[string] // its address, once it listens
}

// link is a link that lets one person in, once.
func (d *dashboard) link() (string, error) {
	base := d.base.Load()
	if base == nil {
		return "", errors.New("the dashboard does not listen yet")
	}
	return *base + "/in?ticket=" + d.server.Ticket(), nil
}

func (l *loaded) checkWeb(d *decoder) {
	if l.Web.Listen == "" {
		return
	}
	host, _, err := net.SplitHostPort(l.Web.Listen)
	if err != nil {
		d.fault(l.node("web", "listen"), "web.listen: %q is not an address; write one such as %s", l.Web.Listen, defaultListen)
		return
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		d.fault(l.node("web", "listen"), "web.listen: %q is open to others, and the dashboard knows no passwords; write one such as %s, and let a proxy that asks who they are serve it to others", l.Web.Listen, defaultListen)
	}
}

// newWeb is the dashboard of a runner; nil if it is off.
func (r *runner) newWeb() *dashboard {
	if r.current.Load().Web.Off {
		return nil
	}
	return &dashboard{server: web.New(web.Options{
		Store: r.store, Log: r.log, Correction: correction,
		Digest: r.monitor.Digest, Rehearse: r.rehearse, Alerts: r.monitor,
		Mute: func(ctx context.Context, brand string, until time.Time, who string) error {
			return r.monitor.SetMute(ctx, brand, monitor.Mute{Until: until, Why: who}, time.Now().UTC())
		},
		Muted: func(ctx context.Context, brand string, now time.Time) (time.Time, error) {
			x, err := r.monitor.Muted(ctx, brand, now)
			return x.Until, err
		},
		Plan: func() web.Plan {
			l := r.current.Load()
			return web.Plan{Brands: l.plan.Brands, Zone: l.plan.Zone, Lang: l.Language, Link: l.Link, Target: time.Duration(l.Web.Target)}
		},
		Sources: func(ctx context.Context, now time.Time) ([]web.Source, error) {
			lines, err := r.monitor.Sources(ctx, now)
			var out []web.Source
			for _, x := range lines {
				out = append(out, web.Source{
					ID: x.ID, Kind: x.Kind, State: x.State, Problem: x.Problem, Last: x.Last, Next: x.Next, New: x.New, Usual: x.Usual,
					Fetches: x.Fetches, Failed: x.Failed, Delay: x.Delay, Keep: x.Keep, Terms: x.Terms.Note,
				})
			}
			return out, err
		},
	})}
}

// rehearse is what the dashboard shows of a rehearsal.
func (r *runner) rehearse(ctx context.Context, brand string, from, now time.Time) (web.Rehearsal, error) {
	history, err := r.monitor.Rehearse(ctx, brand, from, now)
	if err != nil {
		return web.Rehearsal{}, err
	}
	out := web.Rehearsal{Mentions: history.Mentions(), Weeks: history.Weeks(), Own: string(cmp.Or(r.current.Load().Alerts.Sensitivity, trend.Normal))}
	for _, each := range trend.Sensitivities() {
		threshold, err := each.Threshold()
		if err != nil {
			return web.Rehearsal{}, err
		}
		x := web.Rehearsed{Sensitivity: string(each)}
		for _, a := range history.With(threshold) {
			x.Alerts = append(x.Alerts, web.RehearsedAlert(a))
		}
		out.By = append(out.By, x)
	}
	return out, nil
}

// serveWeb serves the dashboard until ctx is done.
func (r *runner) serveWeb(ctx context.Context) error {
	d := r.app.web
	if d == nil {
		return nil
	}
	said := r.current.Load().Web.Listen
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", cmp.Or(said, defaultListen))
	if err != nil && said == "" { // another program is there
		ln, err = lc.Listen(ctx, "tcp", "127.0.0.1:0")
	}
	if err != nil {
		return fmt.Errorf("dashboard: %w", err)
	}
	base := "http://" + ln.Addr().String()
	d.base.Store(&base)
	link, err := d.link()
	if err != nil {
		return err
	}
	fmt.Fprintf(r.app.err, "The dashboard, for one person, once, within half an hour: %s\n", link)
	srv := d.server.HTTP()
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer cancel()
		if srv.Shutdown(end) != nil {
			_ = srv.Close() // those who are slow are cut off
		}
	})
	if err = srv.Serve(ln); stop() { // it ended by itself
		return fmt.Errorf("dashboard: %w", err)
	}
	<-ended
	return nil
}

func (a *app) linkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "link",
		Short: "Print a link into the dashboard, for one person",
		Long: `Prints a link that lets one person into the dashboard of puskaradio run, once, within
half an hour. Each person needs a link of their own.`,
		Annotations: served,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.served == nil {
				if _, _, err := a.store(cmd); err != nil {
					return err
				}
				return errors.New("the dashboard is not running; start it with: puskaradio run")
			}
			if a.web == nil {
				return errors.New("the dashboard is off (web.off in the configuration)")
			}
			link, err := a.web.link()
			if err != nil {
				return err
			}
			fmt.Fprintln(a.out, link)
			return nil
		},
	}
}
