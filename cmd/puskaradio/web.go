package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/net/http/httpguts"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/web"
)

// defaultListen is where the dashboard is if the configuration does not say.
// If another program is there, it is wherever there is room.
const defaultListen = "127.0.0.1:8080"

// A dashboard is the server of pages, and where it is.
type dashboard struct {
	server *web.Server
	base   atomic.Pointer[string] // its address, once it listens
	public string                 // the address that others reach it at; empty if none
}

// link is a link that lets one person in, once.
func (d *dashboard) link() (string, error) {
	base := d.base.Load()
	if base == nil {
		return "", errors.New("the dashboard does not listen yet")
	}
	return *base + "/in?ticket=" + d.server.Ticket(), nil
}

// invite is a link by which a person of the store chooses a password.
func (d *dashboard) invite(name string) (string, error) {
	base := d.base.Load()
	if base == nil {
		return "", errors.New("the dashboard does not listen yet")
	}
	at := *base
	if d.public != "" {
		at = strings.TrimRight(d.public, "/")
	}
	return at + "/in?ticket=" + d.server.Invite(name), nil
}

func (l *loaded) checkWeb(d *decoder) {
	for i, s := range l.Web.Proxies {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			d.fault(l.node("web", "proxies", i), "web.proxies: %q is no network; write one such as 127.0.0.1/32 or 10.0.0.0/8", s)
			continue
		}
		l.proxies = append(l.proxies, p)
	}
	k := &l.plan.Reply
	k.Target, k.Warn = time.Duration(l.Web.Target), 2.0/3
	if w := l.Web.Warn; w != nil {
		if k.Warn = *w; *w < 0 || *w >= 1 {
			d.fault(l.node("web", "warn"), "web.warn: %g is no share of the target; write one from 0 (never) to less than 1, such as 0.67", *w)
		}
	}
	for i, t := range l.Web.Targets {
		k.Targets = append(k.Targets, puskaradio.Target{Brand: t.Brand, Source: t.Source, Within: time.Duration(t.Within)})
		if t.Within <= 0 {
			d.fault(l.node("web", "targets", i), "web.targets: within is missing, or is no time; write one such as 3m")
		}
		if !slices.ContainsFunc(l.Brands, func(b brandConfig) bool { return t.Brand == "" || b.ID == t.Brand }) {
			d.fault(l.node("web", "targets", i, "brand"), "web.targets: there is no brand %q", t.Brand)
		}
		if !slices.ContainsFunc(l.Sources, func(s sourceConfig) bool { return t.Source == "" || s.ID == t.Source }) {
			d.fault(l.node("web", "targets", i, "source"), "web.targets: there is no source %q", t.Source)
		}
	}
	if h := l.Web.TrustedHeader; h != nil {
		if h.Name == "" || !httpguts.ValidHeaderFieldName(h.Name) {
			d.fault(l.node("web", "trusted_header", "name"), "web.trusted_header.name: %q is no name of a header; write one such as X-Forwarded-User", h.Name)
		}
		if h.Role != "" && !slices.Contains(puskaradio.Roles(), h.Role) {
			d.fault(l.node("web", "trusted_header", "role"), "web.trusted_header.role: %q: write reader, agent or owner, or nothing", h.Role)
		}
		if len(l.Web.Proxies) == 0 {
			d.fault(l.node("web", "trusted_header"), "web.trusted_header: web.proxies is missing: anybody could send that header; write where the proxy sends from")
		}
	}
	if at := l.Web.Metrics; at != "" && !isLocal(at) {
		d.fault(l.node("web", "metrics"), "web.metrics: %q is no address of this machine, and nobody is asked who they are there; write one such as 127.0.0.1:9090", at)
	}
	if l.Web.Listen == "" {
		return
	}
	host, _, err := net.SplitHostPort(l.Web.Listen)
	if err != nil {
		d.fault(l.node("web", "listen"), "web.listen: %q is not an address; write one such as %s", l.Web.Listen, defaultListen)
		return
	}
	if ip := net.ParseIP(host); host != "" && host != "localhost" && ip == nil {
		d.fault(l.node("web", "listen"), "web.listen: %q is not an address; write one such as %s", l.Web.Listen, defaultListen)
		return
	}
	if l.isOpen() && !strings.HasPrefix(l.Link, "https://") {
		d.fault(l.node("web", "listen"), "web.listen: %q is open to others, and passwords must not travel in the clear; let a proxy serve it over HTTPS, and write the address that people reach it at as link: https://…", l.Web.Listen)
	}
}

// isLocal reports whether an address is reached by this machine only.
func isLocal(address string) bool {
	host, port, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && port != "" && (host == "localhost" || ip != nil && ip.IsLoopback())
}

// isOpen reports whether others than this machine reach the dashboard.
func (l *loaded) isOpen() bool {
	host, _, err := net.SplitHostPort(l.Web.Listen)
	ip := net.ParseIP(host)
	return l.Web.Listen != "" && err == nil && host != "localhost" && (ip == nil || !ip.IsLoopback())
}

// newWeb is the dashboard of a runner; nil if it is off.
func (r *runner) newWeb() *dashboard {
	if r.current.Load().Web.Off {
		return nil
	}
	return &dashboard{public: r.current.Load().Link, server: web.New(web.Options{
		Store: r.store, Log: r.log, Correction: correction, SurveyOf: crawler.SurveyOf, Settings: settings{r},
		Digest: r.monitor.Digest, Week: r.monitor.WeekDigest, Rehearse: r.rehearse, Alerts: r.monitor, Answers: answerer{r.monitor}, Moved: r.monitor.Moved, CaseJobs: r.monitor.CaseJobs,
		Erase: func(ctx context.Context, source, author string) (int, error) {
			out, err := r.monitor.Erase(ctx, source, author)
			return out.Mentions, err
		},
		Mute: func(ctx context.Context, brand string, until time.Time, who string) error {
			return r.monitor.SetMute(ctx, brand, monitor.Mute{Until: until, Why: who}, time.Now().UTC())
		},
		Muted: func(ctx context.Context, brand string, now time.Time) (time.Time, error) {
			x, err := r.monitor.Muted(ctx, brand, now)
			return x.Until, err
		},
		Plan: func() web.Plan {
			l := r.current.Load()
			p := web.Plan{Brands: l.plan.Brands, Zone: l.plan.Zone, Lang: l.Language, Link: l.Link, Reply: l.plan.Reply, Proxies: l.proxies, OIDC: l.oidc, Hook: l.hook, Second: l.plan.Second}
			if h := l.Web.TrustedHeader; h != nil {
				p.Header, p.HeaderRole = h.Name, h.Role
			}
			return p
		},
		Sources: r.sources,
	})}
}

// sources are how the sources are, for the dashboard.
func (r *runner) sources(ctx context.Context, now time.Time) ([]web.Source, error) {
	lines, err := r.monitor.Sources(ctx, now)
	brands := map[string][]string{}
	for _, src := range r.current.Load().plan.Sources {
		brands[src.ID] = src.Brands
		if src.About != "" {
			brands[src.ID] = []string{src.About}
		}
	}
	var out []web.Source
	for _, x := range lines {
		out = append(out, webSource(x, brands[x.ID]))
	}
	return out, err
}

func webSource(x monitor.SourceState, brands []string) web.Source {
	return web.Source{
		ID: x.ID, Brands: brands, Kind: x.Kind, State: x.State, Problem: x.Problem, Last: x.Last, Next: x.Next, New: x.New, Usual: x.Usual,
		Fetches: x.Fetches, Failed: x.Failed, Delay: x.Delay, Keep: x.Keep, Terms: x.Terms.Note,
	}
}

// mayOpen is why the dashboard may not be open to others, or nil.
func (r *runner) mayOpen(ctx context.Context) error {
	l := r.current.Load()
	if !l.isOpen() || l.Web.TrustedHeader != nil || l.oidc != nil {
		return nil
	}
	people, err := r.store.People(ctx)
	if err != nil || slices.ContainsFunc(people, func(p puskaradio.Person) bool { return p.Role == puskaradio.Owner && p.Hash != "" }) {
		return err
	}
	return fmt.Errorf("web.listen: %s is open to others, and no owner has a password yet; add one with: puskaradio user add NAME --role owner --password-stdin", l.Web.Listen)
}

// serveWeb serves the dashboard until ctx is done. It tells of it once others
// may ask for a link too, when answers is closed.
func (r *runner) serveWeb(ctx context.Context, answers <-chan struct{}) error {
	d := r.app.web
	if d == nil {
		return nil
	}
	l := r.current.Load()
	said := l.Web.Listen
	if err := errors.Join(r.mayOpen(ctx), r.mayApprove(ctx, l)); err != nil {
		return err
	}
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
	select {
	case <-answers:
	case <-ctx.Done():
		return ln.Close()
	}
	fmt.Fprintf(r.app.err, "The dashboard, for one person, once, within half an hour: %s\n", link)
	return serveUntil(ctx, d.server.HTTP(), ln, "dashboard")
}

// serveUntil serves until ctx is done, and some seconds more to those who are
// being answered.
func serveUntil(ctx context.Context, srv *http.Server, ln net.Listener, what string) error {
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer cancel()
		if srv.Shutdown(end) != nil {
			_ = srv.Close() // those who are slow are cut off
		}
	})
	if err := srv.Serve(ln); stop() { // it ended by itself
		return fmt.Errorf("%s: %w", what, err)
	}
	<-ended
	return nil
}

func (a *app) linkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "link",
		Short: "Print a link into the dashboard, for one person",
		Long: `Prints a link that lets one person into the dashboard of puskaradio run or puskaradio
web on this machine, once, within half an hour. Each person needs a link of their own.
Of several web processes it opens the one that answers the commands of this machine.`,
		Annotations: served,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.served == nil {
				if _, _, err := a.store(cmd); err != nil {
					return err
				}
				return errors.New("the dashboard is not running; start it with: puskaradio run, or with puskaradio web where store.url is set")
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
