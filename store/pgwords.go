package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"
)

// The full-text index is the one of the files, in segments of a quarter of a
// year each; see segment.go. Its blocks are rows.
const (
	wordBlock = 2000    // bytes of terms in a row, about
	wordWidth = 16      // segments become one: writing rows anew costs more than asking for them
	copyBytes = 2 << 20 // are gathered before they are sent
	pageRows  = 64      // of a segment are read at a time to merge it
)

var errSeqs = errors.New("more texts than the index can number, 4294967295")

var builders = sync.Pool{New: func() any { return &builder{number: map[string]uint32{}} }}

// A segmentWriter writes the rows of a segment.
type segmentWriter struct {
	ctx   context.Context
	tx    pgx.Tx
	id    int32
	docs  [][]any
	words [][]any
	bytes int
}

func newSegmentWriter(ctx context.Context, tx pgx.Tx) (*segmentWriter, error) {
	w := &segmentWriter{ctx: ctx, tx: tx}
	return w, tx.QueryRow(ctx, `SELECT nextval('segments_id')`).Scan(&w.id)
}

// Put implements [sink].
func (w *segmentWriter) Put(key, value []byte) error {
	switch string(key[:1]) {
	case segDocs:
		w.docs = append(w.docs, []any{w.id, int32(binary.BigEndian.Uint32(key[5:])), int64(binary.BigEndian.Uint32(key[1:])), value})
	case segTerm:
		w.words = append(w.words, []any{w.id, slices.Clone(key[1:]), value})
	}
	if w.bytes += len(value); w.bytes > copyBytes {
		return w.flush()
	}
	return nil
}

func (w *segmentWriter) flush() error {
	for _, t := range []struct {
		table   string
		columns []string
		rows    *[][]any
	}{
		{"segment_docs", []string{"segment", "ord", "brand", "places"}, &w.docs},
		{"segment_words", []string{"segment", "word", "block"}, &w.words},
	} {
		if len(*t.rows) == 0 {
			continue
		}
		if _, err := w.tx.CopyFrom(w.ctx, pgx.Identifier{t.table}, t.columns, pgx.CopyFromRows(*t.rows)); err != nil {
			return err
		}
		*t.rows = (*t.rows)[:0]
	}
	w.bytes = 0
	return nil
}

// finish sends the rest, and makes the segment one that is searched.
func (w *segmentWriter) finish(quarter uint16, s segment) error {
	if err := w.flush(); err != nil {
		return err
	}
	_, err := w.tx.Exec(w.ctx, `INSERT INTO segments (id, quarter, level, docs, first, last) VALUES ($1, $2, $3, $4, $5, $6)`,
		w.id, int16(quarter), int16(s.level), int32(s.docs), int64(s.first), int64(s.last))
	return err
}

// indexTexts makes a segment for each quarter of what was written, which has
// its seq.
func indexTexts(ctx context.Context, tx pgx.Tx, ps []*pending) error {
	byQuarter := map[uint16][]*document{}
	for _, q := range ps {
		if q.seq > math.MaxUint32 {
			return errSeqs
		}
		q.doc = document{brand: q.key.brand, sec: q.key.sec, seq: uint32(q.seq), text: indexed(&q.mention)}
		id := quarterOf(int64(q.key.sec))
		byQuarter[id] = append(byQuarter[id], &q.doc)
	}
	b := builders.Get().(*builder)
	defer builders.Put(b)
	defer b.reset() // lets go of the texts
	for _, id := range slices.Sorted(maps.Keys(byQuarter)) {
		docs := byQuarter[id]
		w, err := newSegmentWriter(ctx, tx)
		if err != nil {
			return err
		}
		s := segment{docs: uint32(len(docs)), first: math.MaxUint32}
		for _, d := range docs {
			s.first, s.last = min(s.first, d.seq), max(s.last, d.seq)
		}
		if err := putDocs(w, docs, b, wordBlock); err != nil {
			return err
		}
		if err := w.finish(id, s); err != nil {
			return err
		}
	}
	return nil
}

// indexOld makes the index of what was written before there were segments. It
// goes on where another has stopped, and is done when the store opens: under
// the lock of migrations.
func (p *Postgres) indexOld(ctx context.Context, conn *pgx.Conn) error {
	const most = 20_000
	for done := 0; ; {
		n := 0
		err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			var after int64
			if err := tx.QueryRow(ctx, `SELECT seq FROM unindexed`).Scan(&after); err != nil {
				return err
			}
			rows, err := tx.Query(ctx, `SELECT t.seq, t.record, m.brand, m.sec FROM texts t JOIN mentions m ON m.hash = t.hash WHERE t.seq > $1 ORDER BY t.seq LIMIT $2`, after, most)
			if err != nil {
				return err
			}
			var ps []*pending
			var record []byte
			var q pending
			_, err = pgx.ForEachRow(rows, []any{&q.seq, &record, &q.key.brand, &q.key.sec}, func() (err error) {
				one := q
				one.mention, err = decodeMention(record)
				ps = append(ps, &one)
				return err
			})
			if err != nil {
				return err
			}
			if n = len(ps); n == 0 {
				_, err := tx.Exec(ctx, `DELETE FROM unindexed`)
				return err
			}
			if err := indexTexts(ctx, tx, ps); err != nil {
				return err
			}
			_, err = tx.Exec(ctx, `UPDATE unindexed SET seq = $1`, ps[n-1].seq)
			return err
		})
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("full-text index of what was there before: %w", err)
		}
		if n == 0 {
			return nil
		}
		done += n
		p.opts.Log.Info("the full-text index is made anew", "texts so far", done)
	}
}
