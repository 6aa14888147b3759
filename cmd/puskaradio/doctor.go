package main

import (
	"context"
	_ "embed" // the schema
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/internal/under"
	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/notify"
	"github.com/puskaradio/puskaradio/store"
)

// A check is one thing that doctor looked at.
type check struct {
	Name   string `json:"name"`
	State  string `json:"state"` // ok, warning, fault
	Found  string `json:"found"`
	Advice string `json:"advice,omitempty"`
}

type checkup struct {
	app    *app
	checks []check
}

func (c *checkup) add(state, name, found, advice string) {
	c.checks = append(c.checks, check{name, state, found, advice})
	if c.app.json {
		return
	}
	mark := map[string]string{"ok": "✓", "warning": "!", "fault": "✗"}[state]
	fmt.Fprintf(c.app.out, "%s %s: %s\n", mark, name, found)
	if advice != "" {
		fmt.Fprintf(c.app.out, "    → %s\n", advice)
	}
}

// see adds a check that is good, or a fault with what to do.
func (c *checkup) see(name, found string, err error, advice string) {
	if err != nil {
		c.add("fault", name, err.Error(), advice)
		return
	}
	c.add("ok", name, found, "")
}

func (a *app) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Check everything, and say what to do",
		Long: `Checks the configuration, the data directory, the time zone and the clock, each
source (robots.txt, and whether something can be read), each channel and who
signs people in. It exits with 0 if all is well or there are only warnings (!),
with 1 if there are faults (✗).`,
		Annotations: served,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.served == nil {
				if code, served := a.callServer(cmd, dataDir(a.path(a.file))); served {
					return &servedError{code}
				}
			}
			c := &checkup{app: a}
			c.run(cmd)
			if a.json {
				if err := a.print(c.checks); err != nil {
					return err
				}
			}
			faults := 0
			for _, x := range c.checks {
				if x.State == "fault" {
					faults++
				}
			}
			if faults > 0 {
				return fmt.Errorf("%d of %d checks found a fault", faults, len(c.checks))
			}
			return nil
		},
	}
}

func (c *checkup) run(cmd *cobra.Command) {
	ctx := cmd.Context()
	l, err := c.app.config()
	if err != nil {
		c.see("configuration", "", err, "mend the file; puskaradio schema prints what may stand in it")
		return
	}
	c.see("configuration", fmt.Sprintf("%s: %d brands, %d sources, %d channels", l.file, len(l.Brands), len(l.Sources), len(l.Channels)), nil, "")
	if b, err := under.ReadFile(reloadFault(l.Data)); err == nil {
		c.add("fault", "reload", "the running process could not take the changed configuration: "+string(b), "mend it; the old one is in force")
	}
	c.add("ok", "authors", l.authorsBy(), "")
	c.data(cmd, l)
	c.clock(ctx, l)
	for i := range l.plan.Sources {
		c.source(ctx, l, &l.plan.Sources[i])
	}
	if len(l.plan.Channels) == 0 {
		c.add("warning", "channels", "there is none: nobody hears of an alert", "add one under channels; puskaradio init prints the manifest of the Slack app")
	}
	for i := range l.plan.Channels {
		ch := &l.plan.Channels[i]
		p, ok := ch.Notifier.(notify.Prober)
		if !ok {
			continue
		}
		found, err := p.Probe(ctx, httpClient())
		c.see("channel "+ch.ID, found, err, "puskaradio test-alert sends a test message")
	}
	if l.oidc != nil {
		found, err := l.oidc.Probe(ctx)
		c.see("sign-in", found, err, "compare web.oidc.issuer with what the issuer calls itself; people with a password can sign in meanwhile")
	}
}

func (c *checkup) data(cmd *cobra.Command, l *loaded) {
	if err := os.MkdirAll(l.Data, 0o700); err != nil {
		c.see("data directory", "", err, "name another under data, or make it writable for this user")
		return
	}
	if free, err := diskFree(l.Data); err == nil {
		free >>= 20
		switch {
		case free < 100:
			c.add("fault", "disk", fmt.Sprintf("%d MB are free", free), "make room: without it nothing more can be kept")
		case free < 1024:
			c.add("warning", "disk", fmt.Sprintf("%d MB are free", free), "make room soon")
		default:
			c.add("ok", "disk", fmt.Sprintf("%d GB are free", free>>10), "")
		}
	}
	s, _, err := c.app.store(cmd)
	if err != nil {
		c.see("data directory", "", err, "")
		return
	}
	c.budget(cmd.Context(), s, l)
	switch s := s.(type) {
	case *store.Bolt:
		c.encryption(l)
		c.see("data directory", l.Data+" is whole", s.Check(cmd.Context()), "restore a backup with: puskaradio restore BACKUP")
		if free, size := s.Waste(); size > 0 && free > 50_000 {
			c.add("warning", "data directory", fmt.Sprintf("%d free pages slow every write", free), "it is compacted at night; puskaradio run does it")
		}
	case *store.Postgres:
		c.see("store", "PostgreSQL answers, and its counts are those of its mentions", s.Check(cmd.Context()), "restore what pg_dump has saved")
	}
}

// encryption says whether what lies on the disk can be read by who takes it.
func (c *checkup) encryption(l *loaded) {
	const advice = "the program encrypts nothing: use LUKS, FileVault or BitLocker, for what others wrote lies there with their names"
	switch is, err := encrypted(l.Data); {
	case err != nil:
		c.add("warning", "encryption", "whether the disk of the data directory is encrypted cannot be seen here", advice)
	case is:
		c.add("ok", "encryption", "the disk of the data directory is encrypted", "")
	default:
		c.add("warning", "encryption", "the disk of the data directory is not seen to be encrypted", advice)
	}
}

// clock compares ours with that of a source, and looks at the time zone.
func (c *checkup) clock(ctx context.Context, l *loaded) {
	c.add("ok", "time zone", time.Now().In(l.plan.Zone).Format("MST, 2 Jan 2006 15:04"), "")
	if len(l.plan.Channels) == 0 {
		return
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, "https://slack.com/", nil)
	if err != nil {
		return
	}
	resp, err := httpClient().Do(req)
	if err != nil {
		c.add("warning", "clock", "slack.com cannot be reached to compare it", "see whether this machine may reach the web")
		return
	}
	_ = resp.Body.Close()
	if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		if off := time.Since(at).Abs(); off > 30*time.Second {
			c.add("fault", "clock", fmt.Sprintf("it is off by %v", off.Round(time.Second)), "set it, best with chrony or systemd-timesyncd")
			return
		}
		c.add("ok", "clock", "right", "")
	}
}

// source reads one page, without keeping it.
func (c *checkup) source(ctx context.Context, l *loaded, src *monitor.Source) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	page, err := src.Connector.Fetch(ctx, l.client, crawler.Query{Source: src.Source, Brands: l.plan.Brands, Now: time.Now().UTC()})
	switch {
	case err != nil:
		c.add("fault", "source "+src.ID, fmt.Sprintf("%s: %v", crawler.StateOf(err), err), "see whether the address is right and the site may be read")
	case len(page.Mentions) == 0:
		found := "it answers, but nothing was found on its first page"
		if len(page.Faults) > 0 {
			found += ": " + page.Faults[0].Error()
		}
		c.add("warning", "source "+src.ID, found, "see with: puskaradio extract --url ADDRESS FILE")
	default:
		c.add("ok", "source "+src.ID, fmt.Sprintf("%d texts on its first page", len(page.Mentions)), "")
	}
}

func (a *app) testAlertCommand() *cobra.Command {
	var only string
	cmd := &cobra.Command{
		Use:   "test-alert",
		Short: "Send a marked test message to the channels",
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := a.config()
			if err != nil {
				return err
			}
			if len(l.plan.Channels) == 0 {
				return fmt.Errorf("%s: there is no channel to test; add one under channels", l.file)
			}
			var errs []error
			n := 0
			for i := range l.plan.Channels {
				c := &l.plan.Channels[i]
				if only != "" && c.ID != only {
					continue
				}
				n++
				ref, err := tryChannel(cmd.Context(), l, c)
				if err != nil {
					errs = append(errs, fmt.Errorf("channel %s: %w", c.ID, err))
					continue
				}
				fmt.Fprintf(a.out, "%s: sent (%s)\n", c.ID, ref)
			}
			if n == 0 {
				return usage("there is no channel %q", only)
			}
			return errors.Join(errs...)
		},
	}
	cmd.Flags().StringVar(&only, "channel", "", "the id of one channel; all unless said")
	return cmd
}

// testMessage is an alert as it would come, marked as a test.
func testMessage(l *loaded, c *monitor.Channel, now time.Time) notify.Message {
	b := l.plan.Brands[0]
	q := puskaradio.Quote{Source: "test", Text: "This is a test. Tämä on koe. <!channel> must call nobody.", Label: puskaradio.Negative, Value: -1, Published: now, Rating: &puskaradio.Rating{Value: 1, Best: 5}}
	al := &puskaradio.Alert{
		ID: puskaradio.AlertID(b.ID, "test", now), Brand: b.ID, Name: b.Name + " (TEST)", Rule: "test", From: now.Add(-2 * time.Hour), To: now,
		Negative: 14, Total: 19, Usual: 2, UsualAll: 12, Odds: 1e-6, Quotes: []puskaradio.Quote{q}, Coverage: "1/1", Decided: now, State: "open",
	}
	for i := range 6 {
		al.Hours = append(al.Hours, puskaradio.Point{At: now.Add(time.Duration(i-5) * time.Hour), Value: float64(i)})
	}
	return notify.Message{Key: "a/" + al.ID, Alert: al, Lang: c.Lang, Zone: l.plan.Zone, Link: l.Link}
}

// configSchema is the JSON schema of the configuration, which TestSchema makes
// and compares.
//
//go:embed schema.json
var configSchema string

func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON schema of puskaradio.yaml, for editors",
		Long: `Prints the schema. Put it beside the configuration, and begin that with:

  # yaml-language-server: $schema=puskaradio.schema.json`,
		RunE: func(*cobra.Command, []string) error {
			_, err := io.WriteString(a.out, configSchema)
			return err
		},
	}
}

// writeNew writes a file that must not be there yet; if it is, NAME.new is
// written instead, or NAME.new2 and so on. It gives the path.
func writeNew(path string, b []byte, mode os.FileMode) (string, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	name := path
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	for i := 1; errors.Is(err, os.ErrExist) && i < 100; i++ {
		name = path + ".new"
		if i > 1 {
			name += strconv.Itoa(i)
		}
		f, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	}
	if err != nil {
		return "", err
	}
	_, err = f.Write(b)
	return name, errors.Join(err, f.Close())
}
