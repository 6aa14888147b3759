package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/puskaradio/puskaradio"
)

func (p *Postgres) zone() *time.Location { return p.opts.Zone }

// pgKinds are the numbers that the buckets of counts have as kinds.
var pgKinds = map[string]int16{"r": 0, "h": 1}

// addCounts adds to the rows of counts, in the transaction of what is counted:
// those that are there are locked in one order, and those that are new are
// made in the same. What another makes meanwhile is added to.
func addCounts(ctx context.Context, tx pgx.Tx, cs counts) error {
	todo := make([]row, 0, len(cs))
	for r := range cs {
		todo = append(todo, r)
	}
	slices.SortFunc(todo, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.brand, b.brand), cmp.Compare(pgKinds[a.bucket], pgKinds[b.bucket]), cmp.Compare(a.step, b.step))
	})
	for len(todo) > 0 {
		have, err := lockCounts(ctx, tx, todo)
		if err != nil {
			return fmt.Errorf("counts: %w", err)
		}
		var is, isNot columns
		for _, r := range todo {
			if packed, ok := have[r]; ok {
				was, err := decodeTallies(nil, packed)
				if err != nil {
					return fmt.Errorf("counts: %w", err)
				}
				is.add(r, appendTallies(nil, mergeTallies(was, cs[r])))
			} else {
				isNot.add(r, appendTallies(nil, cs[r]))
			}
		}
		if len(is.steps) > 0 {
			_, err := tx.Exec(ctx, `
				UPDATE counts c SET packed = w.packed
				FROM unnest($1::int[], $2::smallint[], $3::bigint[], $4::bytea[]) AS w (brand, kind, step, packed)
				WHERE c.brand = w.brand AND c.kind = w.kind AND c.step = w.step`, is.brands, is.kinds, is.steps, is.packed)
			if err != nil {
				return fmt.Errorf("counts: %w", err)
			}
		}
		if todo, err = makeCounts(ctx, tx, isNot); err != nil {
			return fmt.Errorf("counts: %w", err)
		}
	}
	return nil
}

// columns are rows of counts as a statement takes them.
type columns struct {
	brands []int32
	kinds  []int16
	steps  []int64
	packed [][]byte
}

func (c *columns) add(r row, packed []byte) {
	c.brands, c.kinds, c.steps = append(c.brands, int32(r.brand)), append(c.kinds, pgKinds[r.bucket]), append(c.steps, int64(r.step))
	c.packed = append(c.packed, packed)
}

// lockCounts locks the rows that are there, and gives them.
func lockCounts(ctx context.Context, tx pgx.Tx, todo []row) (map[row][]byte, error) {
	var want columns
	for _, r := range todo {
		want.add(r, nil)
	}
	rows, err := tx.Query(ctx, `
		SELECT c.brand, c.kind, c.step, c.packed
		FROM unnest($1::int[], $2::smallint[], $3::bigint[]) AS w (brand, kind, step)
		JOIN counts c ON c.brand = w.brand AND c.kind = w.kind AND c.step = w.step
		ORDER BY 1, 2, 3 FOR UPDATE OF c`, want.brands, want.kinds, want.steps)
	if err != nil {
		return nil, err
	}
	have := make(map[row][]byte, len(todo))
	var brand, step uint32
	var kind int16
	var packed []byte
	_, err = pgx.ForEachRow(rows, []any{&brand, &kind, &step, &packed}, func() error {
		have[row{bucketOf(kind), brand, step}] = packed
		return nil
	})
	return have, err
}

// makeCounts makes rows, and gives those that another has made meanwhile.
func makeCounts(ctx context.Context, tx pgx.Tx, fresh columns) (late []row, err error) {
	if len(fresh.steps) == 0 {
		return nil, nil
	}
	rows, err := tx.Query(ctx, `
		INSERT INTO counts (brand, kind, step, packed)
		SELECT w.brand, w.kind, w.step, w.packed FROM unnest($1::int[], $2::smallint[], $3::bigint[], $4::bytea[]) AS w (brand, kind, step, packed)
		ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING RETURNING brand, kind, step`, fresh.brands, fresh.kinds, fresh.steps, fresh.packed)
	if err != nil {
		return nil, err
	}
	made := map[row]bool{}
	var brand, step uint32
	var kind int16
	_, err = pgx.ForEachRow(rows, []any{&brand, &kind, &step}, func() error {
		made[row{bucketOf(kind), brand, step}] = true
		return nil
	})
	if err != nil || len(made) == len(fresh.steps) {
		return nil, err
	}
	for i := range fresh.steps {
		if r := (row{bucketOf(fresh.kinds[i]), uint32(fresh.brands[i]), uint32(fresh.steps[i])}); !made[r] {
			late = append(late, r)
		}
	}
	return late, nil
}

func bucketOf(kind int16) string {
	if kind == pgKinds["h"] {
		return "h"
	}
	return "r"
}

// recount makes the counts by date again, for another zone: of all that was
// ever counted, for what is left of a forgotten mention says how it counted.
func (p *Postgres) recount(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, `DELETE FROM counts WHERE kind = $1`, pgKinds["r"]); err != nil {
		return err
	}
	cs, err := p.tallied(ctx, tx)
	if err != nil {
		return err
	}
	return addCounts(ctx, tx, cs)
}

// tallied are the counts by date as the mentions make them, but for those of
// which nothing is known any more.
func (p *Postgres) tallied(ctx context.Context, tx pgx.Tx) (counts, error) {
	rows, err := tx.Query(ctx, `SELECT brand, sec, source, label, value, rating FROM mentions WHERE source <> 0`)
	if err != nil {
		return nil, err
	}
	cs := counts{}
	var brand, source uint32
	var sec int64
	var label, rating uint8
	var value int8
	_, err = pgx.ForEachRow(rows, []any{&brand, &sec, &source, &label, &value, &rating}, func() error {
		if int(label) >= len(labels) {
			return errRecord
		}
		cs.add(row{"r", brand, dayOf(time.Unix(sec, 0), p.zone())}, tallyOf(entry{label: label, value: value, rating: rating, source: source}))
		return nil
	})
	return cs, err
}

// Series implements [Store].
func (p *Postgres) Series(ctx context.Context, brand string, from, to time.Time, step Step) ([]puskaradio.Count, error) {
	return p.series(ctx, brand, from, to, step, true)
}

// SeriesBySource implements [Store].
func (p *Postgres) SeriesBySource(ctx context.Context, brand string, from, to time.Time, step Step) ([]puskaradio.Count, error) {
	return p.series(ctx, brand, from, to, step, false)
}

func (p *Postgres) series(ctx context.Context, brand string, from, to time.Time, step Step, sum bool) ([]puskaradio.Count, error) {
	num, ok, err := p.number(ctx, brandName, brand)
	if err != nil {
		return nil, fmt.Errorf("series of %s: %w", brand, err)
	}
	r, last, at, some := steps(from, to, step, p.zone())
	if !ok || !some {
		return nil, nil
	}
	rows, err := p.pool.Query(ctx, `SELECT step, packed FROM counts WHERE brand = $1 AND kind = $2 AND step BETWEEN $3 AND $4 ORDER BY step`,
		num, pgKinds[r.bucket], r.step, last)
	if err != nil {
		return nil, fmt.Errorf("series of %s: %w", brand, closedPool(err))
	}
	// The rows are read to their end first: for a name that this process has not
	// met it may need another connection, and there are only so many.
	type packed struct {
		step  int64
		tally []byte
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r packed, err error) {
		err = row.Scan(&r.step, &r.tally)
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("series of %s: %w", brand, closedPool(err))
	}
	sources := func(source uint32) string {
		name, nameErr := p.nameOf(ctx, source)
		err = errors.Join(err, nameErr)
		return name
	}
	out := make([]puskaradio.Count, 0, len(all))
	for _, r := range all {
		var rowErr error
		out, rowErr = appendCounts(out, at(uint32(r.step)), r.tally, sum, sources)
		err = errors.Join(err, rowErr)
	}
	if err != nil {
		return nil, fmt.Errorf("series of %s: %w", brand, closedPool(err))
	}
	return out, nil
}
