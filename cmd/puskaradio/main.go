// Puskaradio listens to the grapevine for a brand: it gathers public reviews
// and posts, says how people feel, remembers it, and speaks up in time.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/store"
)

// version is set by the release build.
var version = "0.1"

// The exit codes.
const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2
	exitRefused = 3 // the data directory cannot be used as it is
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() { // the first signal asks, the second does not
		<-ctx.Done()
		stop()
	}()
	a := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr, tty: isTerminal(os.Stderr)}
	os.Exit(a.run(ctx, os.Args[1:]))
}

// An app is one call of the program.
type app struct {
	in       io.Reader
	out, err io.Writer
	tty      bool           // err is a terminal
	private  []netip.Prefix // that init may look at besides global addresses; for tests
	ports    []uint16
	dir      string // where relative paths begin; empty is the working directory

	args    []string // of the call
	file    string   // of the configuration
	json    bool
	verbose bool

	cfg    *loaded
	served store.Store // the store of the process that serves this call
	opened store.Store
	web    *dashboard // of the process that serves this call; nil if it has none
}

// run does one command line and gives its exit code.
func (a *app) run(ctx context.Context, args []string) int {
	a.args = args
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	err := root.ExecuteContext(ctx)
	if a.opened != nil {
		err = errors.Join(err, a.opened.Close())
	}
	code := exitCode(ctx, err)
	if done, ok := errors.AsType[*servedError](err); ok {
		return done.code
	}
	if err != nil && code != exitDone {
		fmt.Fprintf(a.err, "puskaradio: %v\n", err)
	}
	if code == exitUsage {
		fmt.Fprintln(a.err, "See: puskaradio help")
	}
	return code
}

// A usageError says that the command line is wrong.
type usageError struct{ error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func exitCode(ctx context.Context, err error) int {
	switch {
	case err == nil, errors.Is(err, context.Canceled) && ctx.Err() != nil: // interrupted is not failed
		return exitDone
	case errorIs[usageError](err):
		return exitUsage
	case errorIs[*store.RefusedError](err):
		return exitRefused
	}
	return exitFailed
}

func errorIs[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "puskaradio",
		Short: "Hear what customers say about you, and answer in time",
		Long: `Puskaradio gathers public reviews and posts about a brand, says how people feel,
remembers it, and tells Slack when negative talk spikes.

  puskaradio demo       shows it all, without configuration or network
  puskaradio init       asks five things and writes puskaradio.yaml
  puskaradio doctor     checks everything, and says what to do
  puskaradio run        does everything, by the clock

What a command finds goes to standard output, what it says about its work to
standard error. It exits with 0 when done, 1 when it failed, 2 when the command
line was wrong, 3 when the data directory cannot be used as it is.`,
		SilenceUsage: true, SilenceErrors: true,
		Version: version,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				return usage("there is no command %q; did you mean %q?", args[0], near[0])
			}
			return usage("there is no command %q", args[0])
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SuggestionsMinimumDistance = 2
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	f := root.PersistentFlags()
	f.StringVarP(&a.file, "config", "c", "puskaradio.yaml", "the configuration")
	f.BoolVar(&a.json, "json", false, "print JSON, for programs")
	f.BoolVarP(&a.verbose, "verbose", "v", false, "say more about the work")
	for _, c := range append(a.releaseCommands(), []*cobra.Command{
		a.runCommand(), a.workCommand(), a.webCommand(), a.linkCommand(), a.userCommand(), a.tokenCommand(), a.privacyCommand(), a.crawlCommand(), a.extractCommand(), a.scoreCommand(), a.evalCommand(), a.trainCommand(),
		a.digestCommand(), a.trendsCommand(), a.inboxCommand(), a.correctCommand(), a.sourcesCommand(), a.kindsCommand(), a.spikesCommand(), a.rehearseCommand(), a.alertsCommand(), a.muteCommand(), a.searchCommand(), a.mcpCommand(),
		a.importCommand(), a.exportCommand(), a.backupCommand(), a.restoreCommand(), a.compactCommand(), a.migrateCommand(),
		a.doctorCommand(), a.testAlertCommand(), a.initCommand(), a.demoCommand(), a.schemaCommand(),
	}...) {
		if c.Args == nil {
			c.Args = cobra.NoArgs
		}
		args := c.Args
		c.Args = func(cmd *cobra.Command, list []string) error {
			if err := args(cmd, list); err != nil {
				return usageError{err}
			}
			return nil
		}
		root.AddCommand(c)
	}
	return root
}

// path is where a path of the command line leads.
func (a *app) path(p string) string {
	if a.dir == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(a.dir, p)
}

// config is the configuration, read once.
func (a *app) config() (*loaded, error) {
	if a.cfg != nil {
		return a.cfg, nil
	}
	var err error
	a.cfg, err = loadConfig(a.path(a.file))
	return a.cfg, err
}

// store opens the data directory. While another process has it open, the
// command is done there, and the error says how it ended: that process has the
// configuration and its secrets already.
func (a *app) store(cmd *cobra.Command) (store.Store, *loaded, error) {
	if a.served == nil && a.opened == nil {
		if code, served := a.callServer(cmd, dataDir(a.path(a.file))); served {
			return nil, nil, &servedError{code}
		}
	}
	l, err := a.config()
	if err != nil {
		return nil, nil, err
	}
	if a.served != nil {
		return a.served, l, nil
	}
	if a.opened == nil {
		a.opened, err = openStore(cmd.Context(), l, a.logger())
	}
	return a.opened, l, err
}

// monitored is what several commands work with: a monitor that schedules nothing,
// its store and its configuration.
func (a *app) monitored(cmd *cobra.Command) (*monitor.Monitor, store.Store, *loaded, error) {
	s, l, err := a.store(cmd)
	if err != nil {
		return nil, nil, nil, err
	}
	m, err := a.monitorOnly(s, l)
	return m, s, l, err
}

// monitorOnly is a monitor that looks at a plan but schedules nothing.
func (a *app) monitorOnly(s store.Store, l *loaded) (*monitor.Monitor, error) {
	log := a.logger()
	model, err := monitorModel(l.Data, log)
	if err != nil {
		return nil, err
	}
	scorer := new(liveScorer)
	scorer.now.Store(model)
	if t, ok := s.(crawler.Turns); ok {
		l.client.Turns = t
	}
	m := &monitor.Monitor{Store: s, Client: l.client, HTTP: httpClient(), Scorer: scorer, Log: log}
	m.UsePlan(l.plan)
	return m, nil
}

// httpClient is for channels, which the configuration names; sources are read
// through a crawler.Client.
func httpClient() *http.Client {
	return &http.Client{Timeout: time.Minute, Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
		MaxIdleConns: 10, IdleConnTimeout: 90 * time.Second,
		TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 30 * time.Second,
	}}
}

// modelClient is for models, which say nothing until they have thought: how long
// one may take is in its own configuration, and can be more than for a channel.
func modelClient() *http.Client {
	return &http.Client{Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
		MaxIdleConns: 10, IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: 10 * time.Second,
	}}
}

func (a *app) logger() *slog.Logger {
	level := slog.LevelInfo
	if a.verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: level}))
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
