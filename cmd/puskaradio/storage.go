package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio/store"
)

// storeConfig says where the history is kept, where that is not the data
// directory.
type storeConfig struct {
	URL string `json:"url,omitempty" jsonschema:"description=The PostgreSQL database of several machines such as postgres://puskaradio@db.example/puskaradio; its password is read from PUSKARADIO_STORE_PASSWORD. Kept in data unless said"`
}

// storePassword is the name of the secret that lets us into the database.
const storePassword = "PUSKARADIO_STORE_PASSWORD"

const storeSample = "write one such as postgres://puskaradio@db.example:5432/puskaradio?sslmode=verify-full"

func (l *loaded) checkStore(d *decoder) {
	if l.Store.URL == "" {
		return
	}
	u, err := url.Parse(l.Store.URL)
	node := l.node("store", "url")
	switch {
	case err != nil || !slices.Contains([]string{"postgres", "postgresql"}, u.Scheme):
		d.fault(node, "store.url: it is not the address of a PostgreSQL database; %s", storeSample)
	case u.Path == "" || u.Path == "/":
		d.fault(node, "store.url: the name of the database is missing; %s", storeSample)
	default:
		if _, has := u.User.Password(); has || u.Query().Has("password") {
			d.fault(node, "store.url: a password does not belong in a file; write it into the environment variable %s, or the path of its file into %s_FILE", storePassword, storePassword)
		}
	}
}

// databaseURL is store.url with its password, if there is one.
func (l *loaded) databaseURL() (string, error) {
	u, err := url.Parse(l.Store.URL)
	if err != nil {
		return "", errors.New("store.url is not an address") // it was checked
	}
	if os.Getenv(storePassword) == "" && os.Getenv(storePassword+"_FILE") == "" {
		return l.Store.URL, nil // the server may know us without one
	}
	password, err := secret(storePassword)
	if err != nil {
		return "", err
	}
	u.User = url.UserPassword(u.User.Username(), password)
	return u.String(), nil
}

// openStore opens the store of a configuration.
func openStore(ctx context.Context, l *loaded, log *slog.Logger) (store.Store, error) {
	if l.Store.URL == "" {
		s, err := store.OpenBolt(l.Data, &store.BoltOptions{Zone: l.plan.Zone})
		if err != nil {
			return nil, err
		}
		return s, nil
	}
	address, err := l.databaseURL()
	if err != nil {
		return nil, err
	}
	// What belongs to a machine and not to the history is beside the
	// configuration still: what corrections have taught, the socket of commands.
	if err := os.MkdirAll(l.Data, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	s, err := store.OpenPostgres(ctx, address, store.PostgresOptions{Zone: l.plan.Zone, Log: log})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// ownFiles is the store of a command that copies or tidies files, which
// PostgreSQL has its own tools for.
func ownFiles(s store.Store, instead string) (*store.Bolt, error) {
	b, ok := s.(*store.Bolt)
	if !ok {
		return nil, fmt.Errorf("the history is in PostgreSQL, see store.url; use %s", instead)
	}
	return b, nil
}

// A role is which half of the program a process of several is.
type role string

// The roles. Alone it is both.
const (
	both   role = ""
	worker role = "work"
	shower role = "web"
)

func (r role) works() bool { return r != shower }
func (r role) shows() bool { return r != worker }

func (a *app) workCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "work",
		Short: "Do the half of run that goes by the clock, on as many machines as you like",
		Long: `Crawls, scores, keeps, looks for spikes and tells the channels, and shows nothing.
Any number of these share the work of one PostgreSQL database, see store.url: each
source is read, each alert decided and each message sent by one of them, and a site
is never asked by two at a time. One that dies is replaced by the others within a
minute.

The pages are shown by puskaradio web.`,
		Example: "  puskaradio work --config /etc/puskaradio.yaml",
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.half(cmd, worker) },
	}
}

func (a *app) webCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "web",
		Short: "Do the half of run that people see, on as many machines as you like",
		Long: `Serves the dashboard and the programming interface, and crawls nothing, see
puskaradio work. Several of these behind one proxy need it to send a person to the
same one each time: who has signed in is known to the process that was signed in at.`,
		Example: "  puskaradio web --config /etc/puskaradio.yaml",
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.half(cmd, shower) },
	}
}

// half does the work of one role.
func (a *app) half(cmd *cobra.Command, is role) error {
	l, err := a.config()
	if err != nil {
		return err
	}
	if l.Store.URL == "" {
		return errors.New("work and web are for several processes on one PostgreSQL database; say where that is with store.url, or do both with puskaradio run")
	}
	return a.runAs(cmd, is)
}

func (a *app) migrateCommand() *cobra.Command {
	var to string
	c := &cobra.Command{
		Use:   "migrate --to postgres|files",
		Short: "Move the history from the data directory into PostgreSQL, or back",
		Long: `Copies everything that is kept to the other engine, and then reads both and compares
them. One that was interrupted goes on where it was when it is called again. The
configuration names both: data, the directory, and store.url, the database; the one
that is copied to must be empty, and nothing may run on either meanwhile. The one that
is copied from is left as it is.`,
		Example: "  puskaradio migrate --to postgres\n  puskaradio migrate --to files",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if to != "postgres" && to != "files" {
				return usageError{fmt.Errorf("--to %q: write postgres or files", to)}
			}
			l, err := a.config()
			if err != nil {
				return err
			}
			if l.Store.URL == "" {
				return errors.New("store.url is missing in the configuration: it says where the database is")
			}
			return a.migrate(cmd.Context(), l, to == "postgres")
		},
	}
	c.Flags().StringVar(&to, "to", "", "where to: postgres or files")
	return c
}

// migrate copies from the data directory to the database, or back.
func (a *app) migrate(ctx context.Context, l *loaded, there bool) (err error) {
	files, err := store.OpenBolt(l.Data, &store.BoltOptions{Zone: l.plan.Zone})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, files.Close()) }()
	base, err := openStore(ctx, l, a.logger())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, base.Close()) }()
	from, to := store.Store(files), base
	if !there {
		from, to = to, from
	}
	p := a.progress(-1, "moving")
	kind, last := "", 0
	err = store.Migrate(ctx, from, to, func(what string, n int) {
		if what != kind {
			kind, last = what, 0
			p.at(what)
		}
		p.add(n - last)
		last = n
	})
	p.done()
	if err != nil {
		return err
	}
	fmt.Fprintln(a.out, "everything is there, and both hold the same")
	return nil
}
