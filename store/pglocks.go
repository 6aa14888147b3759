package store

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/puskaradio/puskaradio"
)

var errLockLost = errors.New("the connection to the database was lost, and with it the lock of the lane")

// locks are what this process has and no other on the same database can: the
// advisory locks of one connection. They end with it, and it ends with the
// process, whatever becomes of that.
type locks struct {
	pool *pgxpool.Pool
	base int64 // of the schema, see lockOf

	mu   sync.Mutex
	conn *pgx.Conn         // nil until the first is wanted, and after a fault
	held map[string]func() // by name: what to do when it is lost
}

// key is the number of a lock, which is none of the first few of its schema.
func (l *locks) key(name string) int64 {
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, l.base, " ", name)
	return int64(h.Sum64() | 0xf)
}

// lockWait is the longest that the server may take to answer about a lock.
const lockWait = 10 * time.Second

// try takes a lock unless someone has it, in this process or in another. lost is
// called when the connection fails that it hangs on. Who gives up waiting does
// not interrupt it: that would close the connection, and all locks hang on it.
func (l *locks) try(ctx context.Context, name string, lost func()) (bool, error) {
	if err := context.Cause(ctx); err != nil {
		return false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.held[name]; ok {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lockWait)
	defer cancel()
	if err := l.connect(ctx); err != nil {
		return false, err
	}
	var got bool
	err := l.conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, l.key(name)).Scan(&got)
	if err != nil {
		l.fail()
		return false, fmt.Errorf("lock %s: %w", name, err)
	}
	if got {
		l.held[name] = lost
	}
	return got, nil
}

// drop gives a lock back.
func (l *locks) drop(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.held[name]; !ok {
		return // lost meanwhile
	}
	delete(l.held, name)
	ctx, cancel := context.WithTimeout(context.Background(), lockWait)
	defer cancel()
	if _, err := l.conn.Exec(ctx, `SELECT pg_advisory_unlock($1)`, l.key(name)); err != nil {
		l.fail()
	}
}

// check finds out whether the connection still is one.
func (l *locks) check() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), lockWait)
	defer cancel()
	if err := l.conn.Ping(ctx); err != nil {
		l.fail()
	}
}

// connect opens the connection. The server gives up one that is silent, for
// the machine at its other end may be gone without a word.
func (l *locks) connect(ctx context.Context) error {
	if l.conn != nil {
		return nil
	}
	cfg := l.pool.Config().ConnConfig.Copy()
	maps.Copy(cfg.RuntimeParams, map[string]string{"tcp_keepalives_idle": "5", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"})
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return fmt.Errorf("locks: %w", err)
	}
	l.conn = conn
	if l.held == nil {
		l.held = map[string]func(){}
	}
	return nil
}

// fail lets go of everything: with its connection a lock is gone.
func (l *locks) fail() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = l.conn.Close(ctx) // it has failed already
	l.conn = nil
	for name, lost := range l.held {
		delete(l.held, name)
		lost()
	}
}

func (l *locks) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil {
		l.fail()
	}
}

// Hold waits until no other process holds a name, and holds it until release is
// called. The context it gives is done when it is lost, and with ctx.
func (p *Postgres) Hold(ctx context.Context, name string) (holding context.Context, release func(), err error) {
	holding, cancel := context.WithCancelCause(ctx)
	for {
		got, err := p.locks.try(ctx, "hold "+name, func() { cancel(errLockLost) })
		if got {
			return holding, func() {
				p.locks.drop("hold " + name)
				cancel(nil)
			}, nil
		}
		if err == nil {
			err = wait(ctx, time.Second)
		}
		if err != nil {
			cancel(nil)
			return nil, nil, err
		}
	}
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// Take waits until no other process is on the way to a host, takes the way and
// gives what is known of the host. Where the last one on it has died, Last is
// now.
func (p *Postgres) Take(ctx context.Context, host string) (puskaradio.Turn, error) {
	for {
		got, err := p.locks.try(ctx, "host "+host, func() {})
		if err != nil {
			return puskaradio.Turn{}, err
		}
		if got {
			break
		}
		if err := wait(ctx, 20*time.Millisecond); err != nil {
			return puskaradio.Turn{}, err
		}
	}
	var ago, left *float64
	var delay int64
	err := p.pool.QueryRow(ctx, `INSERT INTO turns (host, busy, delay_us) VALUES ($1, true, 0)
ON CONFLICT (host) DO UPDATE SET busy = true, last = CASE WHEN turns.busy THEN clock_timestamp() ELSE turns.last END
RETURNING extract(epoch FROM clock_timestamp() - last)::float8, extract(epoch FROM held - clock_timestamp())::float8, delay_us`, host).Scan(&ago, &left, &delay)
	if err != nil {
		p.locks.drop("host " + host)
		return puskaradio.Turn{}, fmt.Errorf("turn of %s: %w", host, err)
	}
	now := time.Now() // later than the server's answer, so never too early
	t := puskaradio.Turn{Delay: time.Duration(delay) * time.Microsecond}
	if ago != nil {
		t.Last = now.Add(-seconds(*ago))
	}
	if left != nil && *left > 0 {
		t.Held = now.Add(seconds(*left))
	}
	return t, nil
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// Give gives the way to a host back, with what is known of it now.
func (p *Postgres) Give(host string, t puskaradio.Turn) {
	ctx, cancel := context.WithTimeout(context.Background(), lockWait)
	defer cancel()
	var ago, left *float64
	if !t.Last.IsZero() {
		s := max(time.Since(t.Last), 0).Seconds()
		ago = &s
	}
	if d := time.Until(t.Held); d > 0 {
		s := d.Seconds()
		left = &s
	}
	// Where this fails the row stays busy, and the next one waits its full turn.
	_, _ = p.pool.Exec(ctx, `UPDATE turns SET busy = false, delay_us = $2,
	last = GREATEST(last, clock_timestamp() - $3::float8 * interval '1 s'),
	held = COALESCE(clock_timestamp() + $4::float8 * interval '1 s', held)
WHERE host = $1`, host, t.Delay.Microseconds(), ago, left)
	p.locks.drop("host " + host)
}
