package store

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sort"

	"github.com/jackc/pgx/v5"

	"github.com/puskaradio/puskaradio"
)

// Search implements [Store]. It goes through the quarters, the newest first,
// and stops when a page is full.
func (p *Postgres) Search(ctx context.Context, query string, f Filter) ([]Entry, string, error) {
	terms, phrases := parseQuery(query)
	if len(terms) == 0 {
		return nil, "", nil
	}
	w, some, err := p.where(ctx, f)
	if err != nil || !some {
		return nil, "", err
	}
	w.status(f)
	from, to := f.span()
	if f.After != "" {
		if sec, _, err := puskaradio.ID(f.After).Parts(); err == nil && sec != 0 { // where has looked at it
			to = min(to, uint32(sec)+1)
		}
	}
	s := pgSearch{p: p, w: w, scan: scan{terms: terms, phrases: phrases, brand: w.brand, all: w.brand == 0, from: from, to: to}}
	limit := f.limit()
	hits, err := s.find(ctx, limit+1)
	if err != nil {
		return nil, "", fmt.Errorf("search: %w", closedPool(err))
	}
	out, next := entriesOf(hits, limit)
	return out, next, nil
}

// A pgSearch is a search on its way.
type pgSearch struct {
	p *Postgres
	w *where
	scan
}

// find gives the newest so many.
func (s *pgSearch) find(ctx context.Context, want int) (hits []full, err error) {
	rows, err := s.p.pool.Query(ctx, `SELECT DISTINCT quarter FROM segments ORDER BY quarter DESC`)
	if err != nil {
		return nil, err
	}
	quarters, err := pgx.CollectRows(rows, pgx.RowTo[int16])
	if err != nil {
		return nil, err
	}
	quarters = slices.DeleteFunc(quarters, func(id int16) bool {
		return firstSecond(uint16(id)) >= int64(s.to) || firstSecond(uint16(id)+1) <= int64(s.from)
	})
	// What is not in the newest is rare, and is looked for in more at a time.
	for n := 1; len(quarters) > 0 && len(hits) < want; n *= 2 {
		part := quarters[:min(n, len(quarters))]
		quarters = quarters[len(part):]
		more, err := s.among(ctx, part, want-len(hits))
		if err != nil {
			return nil, err
		}
		hits = append(hits, more...)
	}
	return hits, nil
}

// among gives up to limit of some quarters. What the index finds is looked up:
// it may have been edited or forgotten.
func (s *pgSearch) among(ctx context.Context, quarters []int16, limit int) ([]full, error) {
	for take := 2*limit + 16; ; take *= 8 {
		places, err := s.places(ctx, quarters, take)
		if err != nil || len(places) == 0 {
			return nil, err
		}
		// Of the last second there may be more than fit, see [Bolt.searchQuarter].
		all, cut := len(places) < take, uint32(0)
		if !all {
			cut = places[len(places)-1].sec
		}
		hits, err := s.look(ctx, places, cut, limit)
		if err != nil {
			return nil, err
		}
		if all || len(hits) >= limit {
			return hits, nil
		}
	}
}

// look reads up to limit of those that are where the index says, after a
// second, if they are what the filter wants and say what was asked for.
func (s *pgSearch) look(ctx context.Context, places []place, after uint32, limit int) (hits []full, err error) {
	seqs := make([]int64, 0, len(places))
	for _, at := range places {
		if at.sec > after || after == 0 {
			seqs = append(seqs, int64(at.seq))
		}
	}
	w := *s.w
	w.args = slices.Clone(w.args)
	sql := `SELECT m.hash FROM texts t JOIN mentions m ON m.hash = t.hash AND m.seq = t.seq WHERE t.seq = ANY(` + w.arg(seqs) + `) AND ` + w.sql() + ` ORDER BY m.sec DESC, m.hash DESC`
	var found []int64
	var b pgx.Batch // one transaction
	// However many there are of the brand, these are asked for by their keys.
	b.Queue(`SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)`)
	b.Queue(sql, w.args...).Query(func(rows pgx.Rows) (err error) {
		found, err = pgx.CollectRows(rows, pgx.RowTo[int64])
		return err
	})
	if err := s.p.pool.SendBatch(ctx, &b).Close(); err != nil {
		return nil, err
	}
	for len(found) > 0 && len(hits) < limit {
		n := limit - len(hits)
		if len(s.phrases) > 0 { // of which few may say them
			n = max(n, 256)
		}
		part := found[:min(len(found), n)]
		found = found[len(part):]
		all, err := s.p.fulls(ctx, `SELECT * FROM mentions WHERE hash = ANY($1) AND seq IS NOT NULL`, []any{part})
		if err != nil {
			return nil, err
		}
		for _, f := range all {
			if len(s.phrases) == 0 || says(&f.mention, s.phrases) {
				hits = append(hits, f)
			}
		}
	}
	return hits[:min(len(hits), limit)], nil
}

// places gives the newest take documents of some quarters that have all terms.
func (s *pgSearch) places(ctx context.Context, quarters []int16, take int) (out []place, err error) {
	err = pgx.BeginTxFunc(ctx, s.p.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		parts, err := s.open(ctx, tx, quarters)
		if err != nil {
			return err
		}
		out, err = s.pick(ctx, tx, parts, take)
		return err
	})
	slices.SortFunc(out, func(a, b place) int { return (place{0, b.sec, b.seq}).compare(place{0, a.sec, a.seq}) })
	return out[:min(len(out), take)], err
}

// A part is a segment, as far as a search needs it.
type part struct {
	docs   uint32
	rows   rowsOf
	ords   []uint32          // that have all terms, the last first
	chunks map[uint32][]byte // documents, by the number of the first
	taken  int
}

// open reads the rows that have the terms, and looks which documents have all
// of them.
func (s *pgSearch) open(ctx context.Context, tx pgx.Tx, quarters []int16) (map[int32]*part, error) {
	parts := map[int32]*part{}
	var b pgx.Batch
	b.Queue(`SELECT id, docs FROM segments WHERE quarter = ANY($1)`, quarters).Query(func(rows pgx.Rows) error {
		var id int32
		var docs uint32
		_, err := pgx.ForEachRow(rows, []any{&id, &docs}, func() error {
			parts[id] = &part{docs: docs, chunks: map[uint32][]byte{}}
			return nil
		})
		return err
	})
	var id int32
	words := func(rows pgx.Rows) error {
		var word, block []byte
		_, err := pgx.ForEachRow(rows, []any{&id, &word, &block}, func() error {
			parts[id].rows = append(parts[id].rows, keyValue{append([]byte(segTerm), word...), block})
			return nil
		})
		return err
	}
	const atOrBefore = `SELECT s.id, w.word, w.block FROM segments s, LATERAL (SELECT word, block FROM segment_words w WHERE w.segment = s.id AND w.word <= $2 ORDER BY w.word DESC LIMIT 1) w WHERE s.quarter = ANY($1)`
	for _, t := range s.terms {
		if t.word != "" {
			b.Queue(atOrBefore, quarters, []byte(t.word)[:cut([]byte(t.word), maxWord)]).Query(words)
			continue
		}
		for _, prefix := range t.prefixes {
			b.Queue(atOrBefore, quarters, []byte(prefix)).Query(words)
			b.Queue(`SELECT s.id, w.word, w.block FROM segments s, LATERAL (SELECT word, block FROM segment_words w WHERE w.segment = s.id AND w.word > $2 AND w.word < $3) w WHERE s.quarter = ANY($1)`,
				quarters, []byte(prefix), append([]byte(prefix), 0xff)).Query(words) // no word has that byte
		}
	}
	if !s.all {
		for _, brand := range []int64{int64(s.brand), int64(s.brand) + 1} {
			b.Queue(`SELECT s.id, d.brand, d.ord, d.places FROM segments s, LATERAL (SELECT brand, ord, places FROM segment_docs d WHERE d.segment = s.id AND (d.brand, d.ord) <= ($2, 0) ORDER BY d.brand DESC, d.ord DESC LIMIT 1) d WHERE s.quarter = ANY($1)`, quarters, brand).Query(func(rows pgx.Rows) error {
				var first, ord int64
				var places []byte
				_, err := pgx.ForEachRow(rows, []any{&id, &first, &ord, &places}, func() error {
					parts[id].rows = append(parts[id].rows, keyValue{docsKey(first, ord), places})
					parts[id].chunks[uint32(ord)] = places
					return nil
				})
				return err
			})
		}
	}
	if err := tx.SendBatch(ctx, &b).Close(); err != nil {
		return nil, err
	}
	for id, d := range parts {
		d.rows.sort()
		lo, hi := uint32(0), d.docs
		if !s.all {
			lo, hi = brandRange(d.rows, s.brand, d.docs)
		}
		if lo >= hi {
			delete(parts, id)
			continue
		}
		set, some, err := matching(d.rows, s.terms, lo, hi)
		if err != nil {
			return nil, err
		}
		if !some {
			delete(parts, id)
			continue
		}
		d.ords = slices.Collect(set.down)
	}
	return parts, nil
}

// pick looks documents up: of one brand the newest take of each segment, for
// they are in order of time, and else all.
func (s *pgSearch) pick(ctx context.Context, tx pgx.Tx, parts map[int32]*part, take int) (out []place, err error) {
	for most := 16; len(parts) > 0; most *= 4 {
		var ids, ords []int32
		for id, d := range parts {
			asked := 0
			for last, i := uint32(0), 0; i < len(d.ords) && (s.all || asked < most); i++ {
				first := d.ords[i] / docsPerChunk * docsPerChunk
				if _, have := d.chunks[first]; have || asked > 0 && first == last {
					continue
				}
				asked, last = asked+1, first
				ids, ords = append(ids, id), append(ords, int32(first))
			}
		}
		if len(ids) > 0 {
			rows, err := tx.Query(ctx, `SELECT d.segment, d.ord, d.places FROM unnest($1::int[], $2::int[]) w (segment, ord) JOIN segment_docs d ON d.segment = w.segment AND d.ord = w.ord`, ids, ords)
			if err != nil {
				return nil, err
			}
			var id, ord int32
			var places []byte
			_, err = pgx.ForEachRow(rows, []any{&id, &ord, &places}, func() error {
				parts[id].chunks[uint32(ord)] = places
				return nil
			})
			if err != nil {
				return nil, err
			}
			for i, id := range ids {
				if parts[id].chunks[uint32(ords[i])] == nil {
					return nil, fmt.Errorf("segment %d: %w", id, errRecord)
				}
			}
		}
		for id, d := range parts {
			var done bool
			if out, done, err = s.walk(d, out, take); err != nil {
				return nil, err
			}
			if done {
				delete(parts, id)
			}
		}
	}
	return out, nil
}

// walk looks at the documents of a segment as far as they have been read, and
// reports whether that is enough.
func (s *pgSearch) walk(d *part, out []place, take int) ([]place, bool, error) {
	for len(d.ords) > 0 {
		ord := d.ords[0]
		first := ord / docsPerChunk * docsPerChunk
		chunk, have := d.chunks[first]
		if !have {
			return out, false, nil
		}
		at := int(ord-first) * docSize
		if at+docSize > len(chunk) {
			return out, false, errRecord
		}
		d.ords = d.ords[1:]
		switch p := placeAt(chunk[at:]); {
		case p.sec >= s.to:
		case p.sec >= s.from:
			out = append(out, p)
			if d.taken++; d.taken == take && !s.all {
				return out, true, nil
			}
		case !s.all:
			return out, true, nil
		}
	}
	return out, true, nil
}

// rowsOf are rows of a segment in order of their keys.
type rowsOf []keyValue

// sort puts them in order, each once.
func (r *rowsOf) sort() {
	slices.SortFunc(*r, func(a, b keyValue) int { return bytes.Compare(a.key, b.key) })
	*r = slices.CompactFunc(*r, func(a, b keyValue) bool { return bytes.Equal(a.key, b.key) })
}

// Cursor implements [bucket].
func (r rowsOf) Cursor() cursor { return &sliceCursor{rows: r} }

type sliceCursor struct {
	rows []keyValue
	at   int
}

func (c *sliceCursor) here() (k, v []byte) {
	if c.at < 0 || c.at >= len(c.rows) {
		return nil, nil
	}
	return c.rows[c.at].key, c.rows[c.at].value
}

// Seek implements [cursor].
func (c *sliceCursor) Seek(key []byte) (k, v []byte) {
	c.at = sort.Search(len(c.rows), func(i int) bool { return bytes.Compare(c.rows[i].key, key) >= 0 })
	return c.here()
}

// Last implements [cursor].
func (c *sliceCursor) Last() (k, v []byte) {
	c.at = len(c.rows) - 1
	return c.here()
}

// Next implements [cursor].
func (c *sliceCursor) Next() (k, v []byte) {
	c.at++
	return c.here()
}

// Prev implements [cursor].
func (c *sliceCursor) Prev() (k, v []byte) {
	c.at = max(-1, c.at-1)
	return c.here()
}
