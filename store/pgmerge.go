package store

import (
	"context"
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// A tidier merges segments beside what is written.
type tidier struct {
	ctx     context.Context
	cancel  context.CancelFunc
	done    sync.WaitGroup
	mu      sync.Mutex
	closed  bool // guarded by mu: nothing more begins
	busy    sync.Mutex
	written atomic.Int32 // segments since the last merge
	damaged atomic.Bool  // a segment could not be merged; others are not tried
}

// mergeSoon merges if there may be something to merge. Of several processes
// only one does.
func (p *Postgres) mergeSoon() {
	t := &p.tidy
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || t.written.Add(1) < wordWidth || t.damaged.Load() || !t.busy.TryLock() {
		return
	}
	t.done.Go(func() {
		defer t.busy.Unlock()
		for t.written.Store(0); ; {
			some, err := p.merge(t.ctx)
			if err != nil && t.ctx.Err() == nil {
				t.damaged.Store(errors.Is(err, errRecord))
				p.opts.Log.Error("segments of the full-text index were not merged; searches take longer", "err", err)
			}
			if err != nil || !some {
				return
			}
		}
	})
}

// mergeGrace is how long closing waits for a merge that is under way: a program
// that is started often and for a moment must come to merge, too.
const mergeGrace = 5 * time.Second

// close waits for a merge that is under way, but not long.
func (t *tidier) close() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	timer := time.AfterFunc(mergeGrace, t.cancel)
	t.done.Wait()
	timer.Stop()
	t.cancel()
}

// merge merges the segments of one quarter that are due, and reports whether
// there were any.
func (p *Postgres) merge(ctx context.Context) (some bool, err error) {
	err = p.update(ctx, func(tx pgx.Tx) error {
		some = false
		mine := false
		if err := tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock($1)`, p.lock+lockMerge).Scan(&mine); err != nil || !mine {
			return err
		}
		all, err := segmentsTx(ctx, tx)
		if err != nil {
			return err
		}
		for id, segs := range all {
			if group := mergeable(segs, wordWidth); group != nil {
				some = true
				return mergeTx(ctx, tx, id, group, nil)
			}
		}
		return nil
	})
	return some, err
}

// segmentsTx lists the segments of each quarter.
func segmentsTx(ctx context.Context, tx pgx.Tx) (map[uint16][]segment, error) {
	rows, err := tx.Query(ctx, `SELECT quarter, id, level, docs, first, last FROM segments ORDER BY quarter, first, id`)
	if err != nil {
		return nil, err
	}
	all := map[uint16][]segment{}
	var id uint16
	var s segment
	_, err = pgx.ForEachRow(rows, []any{&id, &s.id, &s.level, &s.docs, &s.first, &s.last}, func() error {
		all[id] = append(all[id], s)
		return nil
	})
	return all, err
}

// mergeTx makes one segment of several. Nobody else merges meanwhile.
func mergeTx(ctx context.Context, tx pgx.Tx, quarter uint16, group []segment, gone func(seqs []uint32) ([]bool, error)) error {
	in := make([]bucket, len(group))
	read := make([]*segmentRows, len(group))
	ids := make([]int32, len(group))
	for i, s := range group {
		read[i] = &segmentRows{ctx: ctx, tx: tx, id: int32(s.id)}
		in[i], ids[i] = read[i], int32(s.id)
	}
	failed := func(err error) error { // what could not be read is not damaged
		for _, r := range read {
			if r.err != nil {
				return r.err
			}
		}
		return err
	}
	m := merger{group: group, size: wordBlock}
	out, err := newSegmentWriter(ctx, tx)
	if err != nil {
		return err
	}
	if err := failed(m.places(in, out, gone)); err != nil {
		return err
	}
	if m.total > 0 {
		if err := failed(m.terms(in, out, math.MaxInt)); err != nil {
			return err
		}
		if err := out.finish(quarter, m.segment()); err != nil {
			return err
		}
	}
	var b pgx.Batch
	for _, sql := range []string{
		`DELETE FROM segment_words WHERE segment = ANY($1)`, `DELETE FROM segment_docs WHERE segment = ANY($1)`, `DELETE FROM segments WHERE id = ANY($1)`,
	} {
		b.Queue(sql, ids)
	}
	return tx.SendBatch(ctx, &b).Close()
}

// A segmentRows reads the rows of a segment from their beginning.
type segmentRows struct {
	ctx context.Context
	tx  pgx.Tx
	id  int32
	err error
}

// Cursor implements [bucket].
func (r *segmentRows) Cursor() cursor { return &rowCursor{of: r} }

// A rowCursor walks through the documents or the terms of a segment.
type rowCursor struct {
	of   *segmentRows
	rows []keyValue
	at   int
}

type keyValue struct{ key, value []byte }

func docsKey(brand, ord int64) []byte { return placeKey(uint32(brand), uint32(ord)) }

// load reads the next rows that are not before a key, or behind it.
func (c *rowCursor) load(key []byte, behind bool) {
	c.rows, c.at = c.rows[:0], 0
	if c.of.err != nil {
		return
	}
	var rows pgx.Rows
	if string(key[:1]) == segDocs {
		from := int64(-1)
		if behind {
			from = int64(binary.BigEndian.Uint32(key[5:]))
		}
		var brand, ord int64
		var places []byte
		if rows, c.of.err = c.of.tx.Query(c.of.ctx, `SELECT brand, ord, places FROM segment_docs WHERE segment = $1 AND ord > $2 ORDER BY ord LIMIT $3`, c.of.id, from, pageRows); c.of.err != nil {
			return
		}
		_, c.of.err = pgx.ForEachRow(rows, []any{&brand, &ord, &places}, func() error {
			c.rows = append(c.rows, keyValue{docsKey(brand, ord), places})
			return nil
		})
		return
	}
	sql := `SELECT word, block FROM segment_words WHERE segment = $1 AND word >= $2 ORDER BY word LIMIT $3`
	if behind {
		sql = `SELECT word, block FROM segment_words WHERE segment = $1 AND word > $2 ORDER BY word LIMIT $3`
	}
	if rows, c.of.err = c.of.tx.Query(c.of.ctx, sql, c.of.id, key[1:], pageRows); c.of.err != nil {
		return
	}
	var word, block []byte
	_, c.of.err = pgx.ForEachRow(rows, []any{&word, &block}, func() error {
		c.rows = append(c.rows, keyValue{append([]byte(segTerm), word...), block})
		return nil
	})
}

func (c *rowCursor) here() (k, v []byte) {
	if c.at >= len(c.rows) {
		return nil, nil
	}
	return c.rows[c.at].key, c.rows[c.at].value
}

// Seek implements [cursor].
func (c *rowCursor) Seek(key []byte) (k, v []byte) {
	c.load(key, false)
	return c.here()
}

// Next implements [cursor].
func (c *rowCursor) Next() (k, v []byte) {
	if c.at++; c.at == len(c.rows) && c.at > 0 {
		c.load(c.rows[c.at-1].key, true)
	}
	return c.here()
}

// Prev implements [cursor]; a merge only walks from the beginning.
func (c *rowCursor) Prev() (k, v []byte) { return nil, nil }

// Last implements [cursor]; see Prev.
func (c *rowCursor) Last() (k, v []byte) { return nil, nil }

// markStaleTx notes that texts of these seconds are erased, whose words the
// index still has.
func markStaleTx(b *pgx.Batch, secs []int64) {
	quarters := map[uint16]bool{}
	for _, sec := range secs {
		quarters[quarterOf(sec)] = true
	}
	for _, id := range slices.Sorted(maps.Keys(quarters)) {
		b.Queue(`INSERT INTO stale VALUES ($1, $2, 1) ON CONFLICT (quarter) DO UPDATE SET times = stale.times + 1`, int16(id), time.Now().Unix())
	}
}

// Purge makes the index of quarters anew that texts were erased from before a
// time, without the words of those. It gives how many texts left it.
func (p *Postgres) Purge(ctx context.Context, before time.Time) (left int64, err error) {
	rows, err := p.pool.Query(ctx, `SELECT quarter, times FROM stale WHERE since < $1 ORDER BY quarter`, before.Unix())
	if err != nil {
		return 0, closedPool(err)
	}
	type mark struct {
		Quarter int16
		Times   int64
	}
	marks, err := pgx.CollectRows(rows, pgx.RowToStructByPos[mark])
	if err != nil {
		return 0, closedPool(err)
	}
	var errs []error // one quarter that is damaged keeps the others from nothing
	for some := true; some && err == nil; {
		some, err = p.merge(ctx)
	}
	errs = append(errs, err)
	for _, m := range marks {
		n := int64(0)
		err := p.update(ctx, func(tx pgx.Tx) error {
			n = 0
			if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, p.lock+lockMerge); err != nil {
				return err
			}
			all, err := segmentsTx(ctx, tx)
			if err != nil {
				return err
			}
			if group := all[uint16(m.Quarter)]; len(group) > 0 {
				err := mergeTx(ctx, tx, uint16(m.Quarter), group, func(seqs []uint32) ([]bool, error) {
					gone, dropped, err := goneTx(ctx, tx, seqs)
					n += dropped
					return gone, err
				})
				if err != nil {
					return err
				}
			}
			// What was erased meanwhile has been marked anew.
			_, err = tx.Exec(ctx, `DELETE FROM stale WHERE quarter = $1 AND times = $2`, m.Quarter, m.Times)
			return err
		})
		if err != nil {
			errs = append(errs, err)
			continue
		}
		left += n
	}
	return left, errors.Join(errs...)
}

// goneTx tells which of ascending seqs have no text any more.
func goneTx(ctx context.Context, tx pgx.Tx, seqs []uint32) (gone []bool, n int64, err error) {
	gone = make([]bool, len(seqs))
	const part = 20_000
	for from := 0; from < len(seqs); from += part {
		some := seqs[from:min(from+part, len(seqs))]
		wanted := make([]int64, len(some))
		for i, seq := range some {
			wanted[i] = int64(seq)
		}
		rows, err := tx.Query(ctx, `SELECT w.seq FROM unnest($1::bigint[]) WITH ORDINALITY w (seq, at) WHERE NOT EXISTS (SELECT FROM texts t WHERE t.seq = w.seq) ORDER BY w.at`, wanted)
		if err != nil {
			return nil, 0, err
		}
		var seq int64
		i := from
		_, err = pgx.ForEachRow(rows, []any{&seq}, func() error {
			for seqs[i] != uint32(seq) {
				i++
			}
			gone[i] = true
			n++
			return nil
		})
		if err != nil {
			return nil, 0, err
		}
	}
	return gone, n, nil
}
