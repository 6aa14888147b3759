package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/puskaradio/puskaradio"
)

// Past implements [Store].
func (p *Postgres) Past(ctx context.Context, brand, source, author string, most int) (out Past, err error) {
	num, ok, err := p.number(ctx, brandName, brand)
	if err != nil || !ok || sameAuthor(author) == "" {
		return out, err
	}
	// The index is for those who have an author; of a number that is only known
	// later the planner cannot tell that.
	const said = `(SELECT hash FROM texts WHERE author = $1 AND author <> 0 ORDER BY sec DESC, hash DESC LIMIT $2)`
	const ofBrand = ` m WHERE hash IN (SELECT hash FROM ` + said + ` t) AND m.seq IS NOT NULL AND m.brand = $3`
	digest := int64(p.Pseudonyms().digest(source, author))
	var looked int
	err = p.pool.QueryRow(ctx, `
		SELECT (SELECT count(*) FROM (SELECT FROM texts WHERE author = $1 AND author <> 0 LIMIT $2 + 1) a), count(*), count(*) FILTER (WHERE label = $4)
		FROM mentions`+ofBrand, digest, authorMost, num, int16(labelNumber(puskaradio.Negative))).Scan(&looked, &out.Total, &out.Negative)
	if err != nil {
		return Past{}, closedPool(err)
	}
	out.More = looked > authorMost
	if most <= 0 || out.Total == 0 {
		return out, nil
	}
	all, err := p.fulls(ctx, `SELECT * FROM mentions`+ofBrand+` ORDER BY sec DESC, hash DESC LIMIT $4`, []any{digest, authorMost, num, most})
	if err != nil {
		return Past{}, fmt.Errorf("past of an author: %w", err)
	}
	for i := range all {
		out.Cases = append(out.Cases, all[i].asCase())
	}
	return out, nil
}

// SetCustomer implements [Store].
func (p *Postgres) SetCustomer(ctx context.Context, c puskaradio.Customer) error {
	if err := c.Check(); err != nil {
		return fmt.Errorf("store: customer: %w", err)
	}
	c.At = c.At.UTC()
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	digest := int64(p.Pseudonyms().digest(c.Source, c.Author))
	return p.update(ctx, func(tx pgx.Tx) error {
		var hours uint32
		var gone bool
		var b pgx.Batch
		p.enter(&b, &hours) // so that nobody is erased meanwhile
		b.Queue(`SELECT EXISTS (SELECT FROM erased WHERE digest = $1)`, digest).QueryRow(func(row pgx.Row) error { return row.Scan(&gone) })
		if err := tx.SendBatch(ctx, &b).Close(); err != nil {
			return err
		}
		if gone {
			return errErasedAuthor
		}
		if c.Key == "" {
			_, err := tx.Exec(ctx, `DELETE FROM customers WHERE digest = $1`, digest)
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO customers VALUES ($1, $2, $3) ON CONFLICT (digest) DO UPDATE SET key = excluded.key, data = excluded.data`, digest, c.Key, data)
		return err
	})
}

// Customers implements [Store].
func (p *Postgres) Customers(ctx context.Context) ([]puskaradio.Customer, error) {
	out, err := listRows[puskaradio.Customer](ctx, p, `SELECT data FROM customers`)
	slices.SortFunc(out, customersInOrder)
	return out, err
}
