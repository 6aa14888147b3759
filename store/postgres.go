package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/puddle/v2"
	"github.com/riverqueue/river"
)

// Postgres keeps everything in one schema of a PostgreSQL database, for any
// number of processes. Its tables stand in migrations/*.sql.
//
// Every transaction takes its locks in one order, so that none waits for
// another in a ring: the lock of the schema, mentions that are there by hash,
// mentions that are new by hash, the locks of counts in order, then the
// ledger, the cursor and the jobs.
type Postgres struct {
	pool   *pgxpool.Pool
	opts   PostgresOptions
	lock   int64  // the advisory locks of this schema begin here
	server string // postgres://host/database, without user and password
	id     string // of the store, which salts the names of the erased
	names  pgNames
	river  *river.Client[pgx.Tx] // inserts, and runs nothing
	locks  locks
	tidy   tidier
	close  sync.Once
}

// PostgresOptions change how [OpenPostgres] works. The zero value is good.
type PostgresOptions struct {
	Zone    *time.Location // whose dates the daily counts go by; nil is UTC
	Workers int            // jobs that run at a time in this process; zero is 16
	Conns   int            // connections at most; zero is Workers and 8 more
	Log     *slog.Logger   // nil says nothing
}

// The advisory locks of a schema, counted from Postgres.lock.
const (
	lockMigrate = iota
	lockRules   // shared by who commits mentions; whole by who changes what is to be taken or counted
	lockMerge   // held while segments of the index are merged
)

func lockOf(schema string) int64 {
	h := fnv.New64a()
	h.Write([]byte("puskaradio " + schema))
	return int64(h.Sum64() &^ 0xf)
}

// OpenPostgres connects to the database of a URL, such as
// postgres://user:password@host/database, and makes its tables or brings them
// up to date. It answers a [RefusedError] where the server cannot be used as
// it is; no error holds the password.
func OpenPostgres(ctx context.Context, url string, o PostgresOptions) (*Postgres, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, &RefusedError{"postgres://…", "the address cannot be read", "write it as postgres://user:password@host:5432/database"} // err may hold parts of it
	}
	o.Zone, o.Workers = cmp.Or(o.Zone, time.UTC), cmp.Or(o.Workers, 16)
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	config.MaxConns = int32(cmp.Or(o.Conns, o.Workers+8))
	config.MaxConnIdleTime = 5 * time.Minute
	for name, value := range map[string]string{
		"application_name": "puskaradio",
		"TimeZone":         "UTC",
		// A plan for any brand reads far more than one for this brand.
		"plan_cache_mode": "force_custom_plan",
		"jit":             "off", // no query here is long enough to be worth compiling
	} {
		if _, ok := config.ConnConfig.RuntimeParams[name]; !ok {
			config.ConnConfig.RuntimeParams[name] = value
		}
	}
	c := config.ConnConfig
	p := &Postgres{opts: o, server: "postgres://" + net.JoinHostPort(c.Host, fmt.Sprint(c.Port)) + "/" + c.Database}
	if strings.HasPrefix(c.Host, "/") {
		p.server = "postgres://" + c.Host + "/" + c.Database
	}
	if p.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, p.refuse(err)
	}
	if err := p.migrate(ctx); err != nil {
		p.pool.Close()
		return nil, p.refuse(err)
	}
	if err := p.begin(ctx); err != nil {
		p.pool.Close()
		return nil, p.refuse(err)
	}
	p.locks.pool, p.locks.base = p.pool, p.lock
	p.tidy.ctx, p.tidy.cancel = context.WithCancel(context.WithoutCancel(ctx))
	p.tidy.written.Store(wordWidth - 1) // others may have left something to merge
	if p.river, err = p.inserter(); err != nil {
		p.pool.Close()
		return nil, err
	}
	return p, nil
}

// Close ends the connections. What is being written is waited for.
func (p *Postgres) Close() error {
	p.close.Do(func() {
		p.tidy.close()
		p.locks.close()
		p.pool.Close()
	})
	return nil
}

func (p *Postgres) refused(reason, advice string) error {
	return &RefusedError{p.server, reason, advice}
}

// refuse says what to do about an error of the beginning. The password is in
// none of what it says.
func (p *Postgres) refuse(err error) error {
	if errors.As(err, new(*RefusedError)) {
		return err
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch e.Code {
		case "28P01", "28000":
			return p.refused(e.Message, "set the user and the password in the address, and look at the server's pg_hba.conf")
		case "3D000":
			return p.refused(e.Message, "make it: createdb "+p.pool.Config().ConnConfig.Database)
		case "42501":
			return p.refused(e.Message, "as a superuser: GRANT CREATE, USAGE ON SCHEMA public TO "+p.pool.Config().ConnConfig.User+", or make that user the owner of the database")
		case "53300":
			return p.refused(e.Message, "raise max_connections of the server, or start fewer processes")
		case "57P03":
			return p.refused(e.Message, "wait until the server has started")
		}
		return fmt.Errorf("%s: %s (%s)", p.server, e.Message, e.Code)
	}
	if errors.As(err, new(*net.OpError)) || errors.As(err, new(*net.DNSError)) {
		return p.refused("no answer", "start PostgreSQL there, or set another host and port in the address")
	}
	if errors.As(err, new(*pgconn.ConnectError)) {
		return p.refused("no connection", "look at the host, the port and sslmode in the address") // err may hold more than it should
	}
	return err
}

// tries is how often a transaction is begun that the server has given up in
// favour of another, or that was slower than another.
const tries = 50

// errRace says that another process was faster, and that a transaction must
// see what it has done.
var errRace = errors.New("another process was faster")

// update does something in one transaction. do may be called more than once.
func (p *Postgres) update(ctx context.Context, do func(tx pgx.Tx) error) error {
	for try := 1; ; try++ {
		err := pgx.BeginFunc(ctx, p.pool, do)
		if err == nil || try == tries || ctx.Err() != nil || !again(err) {
			return closedPool(err)
		}
	}
}

// again reports whether a transaction that has failed may succeed.
func again(err error) bool {
	if errors.Is(err, errRace) {
		return true
	}
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == "40001" || e.Code == "40P01") // serialization, deadlock
}

func closedPool(err error) error {
	if errors.Is(err, puddle.ErrClosedPool) {
		return errClosed
	}
	return err
}
