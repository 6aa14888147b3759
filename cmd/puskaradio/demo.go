package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/notify"
	"github.com/puskaradio/puskaradio/store"
)

func (a *app) demoCommand() *cobra.Command {
	var once bool
	var lang string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See it work, without configuration or network",
		Long: `Serves a shop, a forum and a social network on this machine, with ninety days of
reviews and posts about a made-up shop in Finnish and English, crawls them as
the web would be crawled, and shows what comes of it: the alert as Slack shows
it, the digest and the trend. Without --once it goes on until interrupted, and
the other commands can be tried on it.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if lang != "fi" && lang != "en" {
				return usage("--language %q: write fi or en", lang)
			}
			return a.demo(cmd.Context(), lang, once)
		},
	}
	cmd.Flags().BoolVar(&once, "once", false, "end after it was shown")
	cmd.Flags().StringVar(&lang, "language", "en", "fi or en")
	return cmd
}

// demoConfig is the configuration of the demo, as a user would write it.
const demoConfig = `contact: demo@puskaradio.example
data: %[1]s
zone: Europe/Helsinki
language: %[2]s
authors: name # none of them is real
brands:
  - id: tuulikello
    name: Tuulikello
    rivals: [havupuoti]
  - id: havupuoti
    name: Havupuoti
sources:
  - id: shop
    kind: reviews
    every: 1m
    about: tuulikello
    options: {url: "%[3]s/arvostelut"}
  - id: forum
    kind: feed
    every: 1m
    options: {url: "%[4]s/feed.xml", pages: 20}
  - id: social
    kind: mastodon
    every: 1m
    authors: pseudonym # as it is unless something else is said
    options: {server: "%[5]s", tags: [tuulikello]}
channels:
  - id: slack
    kind: slack
    options: {channel: C0DEMO, token_env: PUSKARADIO_DEMO_TOKEN, api: "%[6]s/api/"}
alerts: {collect: 0s}
fetch:
  delay: 1ms
  private: [127.0.0.0/8]
  ports: [%[7]s]
`

func (a *app) demo(ctx context.Context, lang string, once bool) error {
	now := time.Now()
	site, stop, err := serveDemo(now)
	if err != nil {
		return err
	}
	defer stop()
	dir, err := os.MkdirTemp("", "puskaradio-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var ports []string
	for _, base := range site.base {
		u, err := url.Parse(base)
		if err != nil {
			return err
		}
		ports = append(ports, u.Port())
	}
	text := fmt.Sprintf(demoConfig, strconv.Quote(dir+"/data"), lang, site.base["shop"], site.base["forum"], site.base["social"], site.base["slack"], strings.Join(ports, ", "))
	if err := os.Setenv("PUSKARADIO_DEMO_TOKEN", "xoxb-demo"); err != nil {
		return err
	}
	a.file = dir + "/puskaradio.yaml"
	if err := os.WriteFile(a.file, []byte(text), 0o600); err != nil {
		return err
	}
	l, err := a.config()
	if err != nil {
		return err
	}
	s, err := store.OpenBolt(l.Data, &store.BoltOptions{Zone: l.plan.Zone})
	if err != nil {
		return err
	}
	defer s.Close()
	m, err := a.monitorOnly(s, l)
	if err != nil {
		return err
	}
	if err := a.show(ctx, site, s, l, m, now); err != nil || once {
		return err
	}
	fmt.Fprintf(a.err, "\nIt goes on until Ctrl-C. Try in another terminal:\n  puskaradio -c %s inbox\n  puskaradio -c %s search toimitus\n", a.file, a.file)
	if err := m.SetPlan(ctx, l.plan, time.Now()); err != nil {
		return err
	}
	r := &runner{app: a, store: s, monitor: m, log: m.Log}
	r.current.Store(l)
	r.app.web = r.newWeb()
	return r.run(ctx)
}

// show crawls the history, lets the crisis break, crawls again and prints what
// the three users see.
func (a *app) show(ctx context.Context, site *demoSite, s store.Store, l *loaded, m *monitor.Monitor, now time.Time) error {
	fmt.Fprintf(a.err, "A shop at %s, a forum at %s and a social network at %s.\n", site.base["shop"], site.base["forum"], site.base["social"])
	if err := a.round(ctx, l, m, "ninety days of history"); err != nil {
		return err
	}
	site.breakOut()
	if err := a.round(ctx, l, m, "what is new"); err != nil {
		return err
	}
	if err := a.drain(ctx, s, m); err != nil {
		return err
	}
	site.mu.Lock()
	told, n := site.told, site.count
	site.mu.Unlock()
	if n == 0 {
		return errors.New("the demo raised no alert")
	}
	fmt.Fprintf(a.out, "═══ Slack was told, in %d message ═══\n\n", n)
	if err := printBlocks(a.out, told, width()); err != nil {
		return err
	}
	b := l.plan.Brands[0]
	// The day on which most of the crisis fell: it is young at night.
	d, err := m.Digest(ctx, b, now.Add(-170*time.Minute), now)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, "\n═══ The digest ═══\n\n%s", notify.Terminal(notify.Message{Digest: &d, Lang: l.Language, Zone: l.plan.Zone}, width()))
	fmt.Fprintf(a.out, "\n═══ The trend of ninety days ═══\n\n")
	return a.trends(ctx, s, l, b, 90, false, now)
}

// round crawls every source to its end.
func (a *app) round(ctx context.Context, l *loaded, m *monitor.Monitor, what string) error {
	var sum monitor.Round
	began := time.Now()
	for _, src := range l.plan.Sources {
		for done := false; !done; {
			var r monitor.Round
			var err error
			if r, done, err = m.Crawl(ctx, src.ID); err != nil {
				return fmt.Errorf("source %s: %w", src.ID, err)
			}
			sum.Pages, sum.New = sum.Pages+r.Pages, sum.New+r.New
		}
	}
	fmt.Fprintf(a.err, "Crawled %s: %d pages, %d new mentions, in %v.\n", what, sum.Pages, sum.New, time.Since(began).Round(time.Millisecond))
	return nil
}

// drain does what is due, until nothing is.
func (a *app) drain(ctx context.Context, s store.Store, m *monitor.Monitor) error {
	for range 50 {
		jobs, err := s.Jobs(ctx, "")
		if err != nil {
			return err
		}
		did := false
		for _, j := range jobs {
			if (j.Kind != "detect" && j.Kind != "deliver") || j.Due.After(time.Now()) {
				continue
			}
			did = true
			next, err := m.Do(ctx, j)
			if err != nil {
				return err
			}
			if err := s.Unschedule(ctx, j.Key); err != nil {
				return err
			}
			if !next.Due.IsZero() {
				if err := s.Schedule(ctx, next); err != nil {
					return err
				}
			}
		}
		if !did {
			return nil
		}
	}
	return errors.New("the demo found no end")
}
