package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/puskaradio/puskaradio"
)

func (p *Postgres) zone() *time.Location { return p.opts.Zone }

// pgKinds are the numbers that the buckets of counts have as kinds.
var pgKinds = map[string]int16{"r": 0, "h": 1}

// addCounts adds to the rows of counts, in the transaction of what is counted.
// The rows that are new are made first, and all are locked in one order.
func addCounts(ctx context.Context, tx pgx.Tx, cs counts) error {
	if len(cs) == 0 {
		return nil
	}
	rows := make([]row, 0, len(cs))
	for r := range cs {
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.brand, b.brand), cmp.Compare(pgKinds[a.bucket], pgKinds[b.bucket]), cmp.Compare(a.step, b.step))
	})
	brands, kinds, steps := make([]int32, len(rows)), make([]int16, len(rows)), make([]int64, len(rows))
	at := make(map[row]int, len(rows))
	for i, r := range rows {
		brands[i], kinds[i], steps[i] = int32(r.brand), pgKinds[r.bucket], int64(r.step)
		at[row{brand: r.brand, bucket: r.bucket, step: r.step}] = i
	}
	var b pgx.Batch
	b.Queue(`
		INSERT INTO counts (brand, kind, step, packed)
		SELECT w.brand, w.kind, w.step, '' FROM unnest($1::int[], $2::smallint[], $3::bigint[]) AS w (brand, kind, step)
		ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING`, brands, kinds, steps)
	have := make([][]tally, len(rows))
	b.Queue(`
		SELECT c.brand, c.kind, c.step, c.packed
		FROM unnest($1::int[], $2::smallint[], $3::bigint[]) AS w (brand, kind, step)
		JOIN counts c USING (brand, kind, step)
		ORDER BY 1, 2, 3 FOR UPDATE OF c`, brands, kinds, steps).Query(func(found pgx.Rows) error {
		var brand int32
		var kind int16
		var step int64
		var packed []byte
		_, err := pgx.ForEachRow(found, []any{&brand, &kind, &step, &packed}, func() (err error) {
			i := at[row{brand: uint32(brand), bucket: bucketOf(kind), step: uint32(step)}]
			have[i], err = decodeTallies(nil, packed)
			return err
		})
		return err
	})
	if err := tx.SendBatch(ctx, &b).Close(); err != nil {
		return fmt.Errorf("counts: %w", err)
	}
	packed := make([][]byte, len(rows))
	for i, r := range rows {
		packed[i] = appendTallies(nil, mergeTallies(have[i], cs[r]))
	}
	_, err := tx.Exec(ctx, `
		UPDATE counts c SET packed = w.packed
		FROM unnest($1::int[], $2::smallint[], $3::bigint[], $4::bytea[]) AS w (brand, kind, step, packed)
		WHERE c.brand = w.brand AND c.kind = w.kind AND c.step = w.step`, brands, kinds, steps, packed)
	if err != nil {
		return fmt.Errorf("counts: %w", err)
	}
	return nil
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

// tallied are the counts by date as the mentions make them.
func (p *Postgres) tallied(ctx context.Context, tx pgx.Tx) (counts, error) {
	rows, err := tx.Query(ctx, `SELECT brand, sec, source, label, value, rating FROM mentions`)
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
	out := make([]puskaradio.Count, 0, min(int(last-r.step)+1, 1024))
	var number int64
	var packed pgtype.DriverBytes
	sources := func(source uint32) string {
		name, nameErr := p.nameOf(ctx, source)
		err = errors.Join(err, nameErr)
		return name
	}
	_, rowsErr := pgx.ForEachRow(rows, []any{&number, &packed}, func() (err error) {
		out, err = appendCounts(out, at(uint32(number)), packed, sum, sources)
		return err
	})
	err = errors.Join(err, rowsErr)
	if err != nil {
		return nil, fmt.Errorf("series of %s: %w", brand, closedPool(err))
	}
	return out, nil
}
