package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/internal/under"
	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/store"
)

func (a *app) runCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "run",
		Short: "Do everything, by the clock, until interrupted",
		Long: `Crawls the sources when they are due, scores and keeps what they say, looks for
spikes, tells the channels, sends the daily digest, and tidies up at night.

A changed configuration is read within a few seconds, or at once on SIGHUP. One
that is wrong is reported, and the old one stays in force.`,
		Example: "  puskaradio run\n  puskaradio run --config /etc/puskaradio.yaml",
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.runAs(cmd, both) },
	}
}

// runAs is the program at work in a role.
func (a *app) runAs(cmd *cobra.Command, is role) error {
	s, l, err := a.store(cmd)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	m, err := a.monitorOnly(s, l)
	if err == nil && is.works() {
		err = m.SetPlan(ctx, l.plan, time.Now())
	}
	if err != nil {
		return err
	}
	r := &runner{app: a, role: is, store: s, monitor: m, log: m.Log}
	r.current.Store(l)
	if is.shows() {
		r.app.web = r.newWeb()
	}
	m.Log.Info("running", "brands", len(l.Brands), "sources", len(l.Sources), "channels", len(l.Channels), "data", l.Data)
	return r.run(ctx)
}

// A runner is the program at work.
type runner struct {
	app     *app
	role    role
	store   store.Store
	monitor *monitor.Monitor
	log     *slog.Logger
	current atomic.Pointer[loaded]
}

func (r *runner) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	defer wg.Wait()
	works := []func(context.Context) error{r.serveMetrics}
	if r.role.works() {
		works = append(works, r.monitor.Run)
		wg.Go(func() { r.robots(ctx) })
	}
	if r.role.shows() {
		answers := make(chan struct{}) // closed when other processes are answered
		works = append(works, func(ctx context.Context) error {
			return r.app.serve(ctx, r.store, r.current.Load, sync.OnceFunc(func() { close(answers) }))
		}, func(ctx context.Context) error { return r.serveWeb(ctx, answers) })
	}
	errs := make([]error, len(works))
	for i, work := range works {
		wg.Go(func() {
			if errs[i] = work(ctx); errs[i] != nil {
				cancel(errs[i])
			}
		})
	}
	wg.Go(func() { r.watch(ctx) })
	<-ctx.Done()
	wg.Wait()
	return errors.Join(errs...)
}

// robots says at the start what each site's robots.txt says of reading it.
func (r *runner) robots(ctx context.Context) {
	l := r.current.Load()
	for i := range l.plan.Sources {
		src := &l.plan.Sources[i]
		address, api := crawler.AddressOf(src.Connector)
		if api || address == "" {
			continue
		}
		v, err := l.client.Robots(ctx, address)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			r.log.Warn("robots.txt", "source", src.ID, "err", err)
		default:
			r.log.Info("robots.txt", "source", src.ID, "allowed", v.Allowed, "why", v.Reason, "delay", v.Delay)
		}
	}
}

// watchEvery is how often the configuration is looked at.
const watchEvery = 3 * time.Second

// watch reads the configuration again when it has changed.
func (r *runner) watch(ctx context.Context) {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	file := r.app.path(r.app.file)
	last := stamp(file)
	lessons := lessonsPath(r.current.Load().Data)
	taught := stamp(lessons)
	_ = os.Remove(reloadFault(r.current.Load().Data)) // of an earlier run: this one has begun with the file as it is
	for {
		select {
		case <-ctx.Done():
			return
		case <-hup:
		case <-tick.C:
			if now := stamp(lessons); now != taught {
				taught = now
				r.relearn()
			}
			if now := stamp(file); now == last {
				continue
			}
		}
		last = stamp(file)
		if err := r.reload(ctx); err != nil {
			r.log.Error("the configuration is wrong; the old one stays in force", "err", err)
			if err := under.WriteFile(reloadFault(r.current.Load().Data), []byte(err.Error()+"\n"), 0o600); err != nil {
				r.log.Error("cannot note that for doctor", "err", err)
			}
			continue
		}
		_ = os.Remove(reloadFault(r.current.Load().Data)) // there may be none
		r.log.Info("the configuration was read again")
	}
}

// relearn puts what corrections have taught in force, or leaves what was.
func (r *runner) relearn() {
	m, err := monitorModel(r.current.Load().Data, r.log)
	if err != nil {
		r.log.Error("what corrections have taught cannot be read; the old model stays in force", "err", err)
		return
	}
	r.monitor.Scorer.(*liveScorer).now.Store(m)
	r.log.Info("what corrections have taught was read again", "model", m.ID)
}

// reloadFault is where a configuration that could not be put in force is
// noted for doctor.
func reloadFault(data string) string { return filepath.Join(data, "reload-failed.txt") }

func stamp(file string) string {
	info, err := os.Stat(file)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(info.ModTime().UnixNano(), info.Size())
}

// reload puts a new configuration in force, or leaves the old one.
func (r *runner) reload(ctx context.Context) error {
	next, err := loadConfig(r.app.path(r.app.file))
	if err != nil {
		return err
	}
	was := r.current.Load()
	if next.Data != was.Data || next.Zone != was.Zone || next.Store != was.Store {
		return errors.New("data, store and zone cannot change while it runs; restart it")
	}
	if next.Web.Listen != was.Web.Listen || next.Web.Off != was.Web.Off || next.Web.Metrics != was.Web.Metrics {
		return errors.New("web.listen, web.metrics and web.off cannot change while it runs; restart it")
	}
	if next.Contact != was.Contact || !sameValues(next.Fetch, was.Fetch) {
		return errors.New("contact and fetch cannot change while it runs; restart it")
	}
	if r.app.web != nil {
		if err := r.mayApprove(ctx, next); err != nil {
			return err
		}
	}
	next.client = was.client
	if !r.role.works() {
		r.monitor.UsePlan(next.plan)
	} else if err := r.monitor.SetPlan(ctx, next.plan, time.Now()); err != nil {
		return err
	}
	r.current.Store(next)
	return nil
}
