package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// Check compares what is kept twice: mentions and their texts, cases and what
// the mentions say of them, the counts by date with the mentions that they
// count, and the texts with those that the full-text index knows. It reads
// every mention, as they are at one moment.
func (p *Postgres) Check(ctx context.Context) error {
	return closedPool(pgx.BeginTxFunc(ctx, p.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		return errors.Join(p.checkRows(ctx, tx), p.checkCounts(ctx, tx), checkIndex(ctx, tx))
	}))
}

// checkRows counts what does not fit together.
func (p *Postgres) checkRows(ctx context.Context, tx pgx.Tx) error {
	var errs []error
	for _, check := range []struct{ what, sql string }{
		{"mentions without a text", `SELECT count(*) FROM mentions m LEFT JOIN texts t ON t.seq = m.seq WHERE m.seq IS NOT NULL AND (t.seq IS NULL OR t.hash <> m.hash OR t.sec <> m.sec)`},
		{"texts without a mention", `SELECT count(*) FROM texts t LEFT JOIN mentions m ON m.seq = t.seq WHERE m.seq IS NULL`},
		{"cases without a mention", `SELECT count(*) FROM cases c LEFT JOIN mentions m ON m.hash = c.hash AND m.seq IS NOT NULL AND m.flags & 2 <> 0 WHERE m.hash IS NULL`},
		{"mentions whose case is missing", `SELECT count(*) FROM mentions m LEFT JOIN cases c ON c.hash = m.hash WHERE m.flags & 2 <> 0 AND c.hash IS NULL`},
		{"mentions of unknown brands or sources", `SELECT count(*) FROM mentions m LEFT JOIN names b ON b.num = m.brand AND b.kind = 'b' LEFT JOIN names s ON s.num = m.source AND s.kind = 's' WHERE (b.num IS NULL OR s.num IS NULL) AND m.source <> 0`},
		{"forgotten mentions with a status", `SELECT count(*) FROM mentions WHERE seq IS NULL AND (status <> 0 OR flags <> 0)`},
	} {
		n := 0
		if err := tx.QueryRow(ctx, check.sql).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			errs = append(errs, fmt.Errorf("%d %s", n, check.what))
		}
	}
	return errors.Join(errs...)
}

// checkIndex looks for each text in the full-text index, which may know more.
func checkIndex(ctx context.Context, tx pgx.Tx) error {
	var known seqSet
	docs := map[uint32]uint32{} // by segment
	rows, err := tx.Query(ctx, `SELECT segment, places FROM segment_docs`)
	if err != nil {
		return err
	}
	var id uint32
	var places []byte
	_, err = pgx.ForEachRow(rows, []any{&id, &places}, func() error {
		for ; len(places) >= docSize; places = places[docSize:] {
			known.set(placeAt(places).seq)
			docs[id]++
		}
		return nil
	})
	if err != nil {
		return err
	}
	all, err := segmentsTx(ctx, tx)
	if err != nil {
		return err
	}
	var errs []error
	for quarter, segs := range all {
		for _, s := range segs {
			if docs[s.id] != s.docs {
				errs = append(errs, fmt.Errorf("segment %d of %s has %d documents, and says %d", s.id, quarterFile(quarter), docs[s.id], s.docs))
			}
			delete(docs, s.id)
		}
	}
	if len(docs) > 0 {
		errs = append(errs, fmt.Errorf("rows of %d segments that do not exist", len(docs)))
	}
	if rows, err = tx.Query(ctx, `SELECT seq FROM texts`); err != nil {
		return err
	}
	missing := 0
	var seq int64
	_, err = pgx.ForEachRow(rows, []any{&seq}, func() error {
		if !known.has(uint32(seq)) {
			missing++
		}
		return nil
	})
	if missing > 0 {
		errs = append(errs, fmt.Errorf("%d texts that the full-text index does not know", missing))
	}
	return errors.Join(append(errs, err)...)
}

// checkCounts counts all mentions again.
func (p *Postgres) checkCounts(ctx context.Context, tx pgx.Tx) error {
	want, err := p.tallied(ctx, tx)
	if err != nil {
		return err
	}
	loose, err := p.looseDays(ctx, tx)
	if err != nil {
		return err
	}
	rows, err := tx.Query(ctx, `SELECT brand, kind, step, packed FROM counts`)
	if err != nil {
		return err
	}
	var errs []error
	var brand, step uint32
	var kind int16
	var packed []byte
	_, err = pgx.ForEachRow(rows, []any{&brand, &kind, &step, &packed}, func() error {
		r := row{bucketOf(kind), brand, step}
		have, err := decodeTallies(nil, packed)
		if err != nil {
			errs = append(errs, fmt.Errorf("counts of brand %d in %s %d: %w", brand, r.bucket, step, err))
			return nil
		}
		if r.bucket == "r" {
			if !sameTallies(have, want[r]) && !loose[step] {
				errs = append(errs, fmt.Errorf("counts of brand %d on %s: %v, and its mentions give %v", brand, time.Unix(int64(step)*86400, 0).UTC().Format(time.DateOnly), have, want[r]))
			}
			delete(want, r)
		}
		return nil
	})
	for r, ts := range want {
		if !sameTallies(nil, ts) {
			errs = append(errs, fmt.Errorf("counts of brand %d on %s are missing", r.brand, time.Unix(int64(r.step)*86400, 0).UTC().Format(time.DateOnly)))
		}
	}
	const most = 20 // the rest is of the same kind
	return errors.Join(append(errs[:min(most, len(errs))], err)...)
}

// looseDays are the dates of mentions that were forgotten before they moved
// here: of what these have added to the counts nothing else is left.
func (p *Postgres) looseDays(ctx context.Context, tx pgx.Tx) (map[uint32]bool, error) {
	rows, err := tx.Query(ctx, `SELECT sec FROM mentions WHERE source = 0`)
	if err != nil {
		return nil, err
	}
	days := map[uint32]bool{}
	var sec int64
	_, err = pgx.ForEachRow(rows, []any{&sec}, func() error {
		days[dayOf(time.Unix(sec, 0), p.zone())] = true
		return nil
	})
	return days, err
}

// sameTallies compares counts of sources, in any order and without those that
// are zero.
func sameTallies(a, b []tally) bool {
	left := slices.Clone(a)
	for _, t := range b {
		left = mergeTallies(left, []tally{t.minus()})
	}
	for _, t := range left {
		t.source = 0
		if t != (tally{}) {
			return false
		}
	}
	return true
}
