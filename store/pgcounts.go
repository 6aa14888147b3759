package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/puskaradio/puskaradio"
)

func (p *Postgres) zone() *time.Location { return p.opts.Zone }

// pgKinds are the numbers that the buckets of counts have as kinds.
var pgKinds = map[string]int16{"r": 0, "h": 1}

// countLocks is how many locks guard the rows of counts: a brand has one of
// them.
const countLocks = 32

// addCounts adds to the rows of counts, in the transaction of what is counted.
// Whoever adds to a brand holds its lock until the end of the transaction, so
// that no two make a row at once; locks and rows are taken in one order.
func (p *Postgres) addCounts(ctx context.Context, tx pgx.Tx, cs counts) error {
	if len(cs) == 0 {
		return nil
	}
	todo := make([]row, 0, len(cs))
	locks := map[int32]bool{}
	for r := range cs {
		todo = append(todo, r)
		locks[int32(r.brand%countLocks)] = true
	}
	slices.SortFunc(todo, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.brand, b.brand), cmp.Compare(b.bucket, a.bucket), cmp.Compare(a.step, b.step))
	})
	_, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1, w.n) FROM (SELECT n FROM unnest($2::int[]) n ORDER BY n) w`, int32(p.lock>>32), slices.Sorted(maps.Keys(locks)))
	if err != nil {
		return fmt.Errorf("counts: %w", err)
	}
	have, err := readCounts(ctx, tx, todo)
	if err != nil {
		return fmt.Errorf("counts: %w", err)
	}
	var is columns
	var fresh []row
	for _, r := range todo {
		packed, ok := have[r]
		if !ok {
			fresh = append(fresh, r)
			continue
		}
		was, err := decodeTallies(nil, packed)
		if err != nil {
			return fmt.Errorf("counts: %w", err)
		}
		is.add(r, appendTallies(nil, mergeTallies(was, cs[r])))
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
	if len(fresh) == 0 {
		return nil
	}
	_, err = tx.CopyFrom(ctx, pgx.Identifier{"counts"}, []string{"brand", "kind", "step", "packed"}, pgx.CopyFromSlice(len(fresh), func(i int) ([]any, error) {
		r := fresh[i]
		return []any{int32(r.brand), pgKinds[r.bucket], int64(r.step), appendTallies(nil, cs[r])}, nil
	}))
	if err = raced(err); err != nil {
		return fmt.Errorf("counts: %w", err)
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

// readCounts gives the rows that are there.
func readCounts(ctx context.Context, tx pgx.Tx, todo []row) (map[row][]byte, error) {
	var want columns
	for _, r := range todo {
		want.add(r, nil)
	}
	rows, err := tx.Query(ctx, `
		SELECT c.brand, c.kind, c.step, c.packed
		FROM unnest($1::int[], $2::smallint[], $3::bigint[]) AS w (brand, kind, step)
		JOIN counts c ON c.brand = w.brand AND c.kind = w.kind AND c.step = w.step`, want.brands, want.kinds, want.steps)
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
	return p.addCounts(ctx, tx, cs)
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
