package store

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"
)

// pgNames are the numbers of brands and sources that this process has met. A
// number that is on the disk never changes.
type pgNames struct {
	mu   sync.RWMutex
	num  map[string]uint32 // kind byte and name
	name map[uint32]string
}

func (n *pgNames) set(kind, name string, num uint32) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.num == nil {
		n.num, n.name = map[string]uint32{}, map[uint32]string{}
	}
	n.num[kind+name], n.name[num] = num, name
}

func (n *pgNames) get(kind, name string) (uint32, bool) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	num, ok := n.num[kind+name]
	return num, ok
}

// number gives the number of a name that is known here or to another process.
func (p *Postgres) number(ctx context.Context, kind, name string) (num uint32, ok bool, err error) {
	return p.numberBy(ctx, p.pool, kind, name)
}

// A querier is the pool, or a transaction: who has one must not ask for another
// connection, of which there are only so many.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

func (p *Postgres) numberBy(ctx context.Context, q querier, kind, name string) (num uint32, ok bool, err error) {
	if num, ok := p.names.get(kind, name); ok {
		return num, true, nil
	}
	err = q.QueryRow(ctx, `SELECT num FROM names WHERE kind = $1 AND name = $2`, kind, []byte(name)).Scan(&num)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, closedPool(err)
	}
	p.names.set(kind, name, num)
	return num, true, nil
}

// newNumbers gives the numbers of names of one kind, new ones if it must. They
// are written at once: a name that nothing is filed under does no harm, and no
// transaction has to wait for another that has met it too.
func (p *Postgres) newNumbers(ctx context.Context, kind string, names map[string]uint32) error {
	var unknown [][]byte
	for name := range names {
		if num, ok := p.names.get(kind, name); ok {
			names[name] = num
		} else {
			unknown = append(unknown, []byte(name))
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.SortFunc(unknown, bytes.Compare) // as all others who make them do, for they wait for each other
	_, err := p.pool.Exec(ctx, `
		INSERT INTO names (kind, name) SELECT $1, u.name FROM unnest($2::bytea[]) u (name)
		WHERE NOT EXISTS (SELECT FROM names n WHERE n.kind = $1 AND n.name = u.name) ORDER BY u.name ON CONFLICT DO NOTHING`, kind, unknown)
	if err != nil {
		return closedPool(err)
	}
	rows, err := p.pool.Query(ctx, `SELECT name, num FROM names WHERE kind = $1 AND name = ANY($2)`, kind, unknown)
	if err != nil {
		return closedPool(err)
	}
	var text []byte
	var num uint32
	_, err = pgx.ForEachRow(rows, []any{&text, &num}, func() error {
		name := string(text)
		names[name] = num
		p.names.set(kind, name, num)
		return nil
	})
	return closedPool(err)
}

// nameOf gives the name of a number.
func (p *Postgres) nameOf(ctx context.Context, num uint32) (string, error) {
	p.names.mu.RLock()
	name, ok := p.names.name[num]
	p.names.mu.RUnlock()
	if ok {
		return name, nil
	}
	if err := p.loadNames(ctx); err != nil {
		return "", err
	}
	p.names.mu.RLock()
	defer p.names.mu.RUnlock()
	return p.names.name[num], nil
}

// loadNames reads all of them.
func (p *Postgres) loadNames(ctx context.Context) error {
	rows, err := p.pool.Query(ctx, `SELECT kind, name, num FROM names`)
	if err != nil {
		return closedPool(err)
	}
	var kind string
	var name []byte
	var num uint32
	_, err = pgx.ForEachRow(rows, []any{&kind, &name, &num}, func() error {
		p.names.set(kind, string(name), num)
		return nil
	})
	return closedPool(err)
}
