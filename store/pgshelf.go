package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/puskaradio/puskaradio"
)

// A pgShelf is what a transaction knows of the mentions that it may write: it
// has read it beforehand, and locked what will change.
type pgShelf struct {
	names  map[string]uint32
	who    Pseudonyms
	erased map[uint64]bool
	hours  uint32
	rows   map[uint64]*pgRow
	texts  map[uint64][]byte
	cases  map[uint64]*caseRecord
	logged map[uint64]bool // whose case has changed
}

// A pgRow is a row of mentions.
type pgRow struct {
	key   mentionKey
	entry entry
	seq   int64 // zero: forgotten
}

const rowColumns = `m.hash, m.brand, m.sec, coalesce(m.seq, 0), m.source, m.digest, m.label, m.value, m.status, m.flags, m.rating`

// scan gives where the columns of a row go, and then more; done must be called
// when they are there.
func (r *pgRow) scan(more ...any) (into []any, done func() error) {
	var hash, sec int64
	var digest int32
	into = append([]any{
		&hash, &r.key.brand, &sec, &r.seq, &r.entry.source, &digest,
		&r.entry.label, &r.entry.value, &r.entry.status, &r.entry.flags, &r.entry.rating,
	}, more...)
	return into, func() error {
		r.key.hash, r.key.sec, r.entry.digest = unHash(hash), uint32(sec), uint32(digest)
		if int(r.entry.label) >= len(labels) || int(r.entry.status) >= len(statuses) {
			return errRecord
		}
		return nil
	}
}

func (s *pgShelf) filing(p *Postgres) *filing {
	return &filing{shelf: s, zone: p.zone(), counts: counts{}, fresh: map[uint64]*pending{}}
}

// pseudonyms implements [shelf].
func (s *pgShelf) pseudonyms() Pseudonyms { return s.who }

// isErased implements [shelf].
func (s *pgShelf) isErased(source, author string) bool {
	return len(s.erased) > 0 && author != "" && s.erased[s.who.digest(source, author)]
}

// name implements [shelf].
func (s *pgShelf) name(kind, name string) (uint32, error) {
	num, ok := s.names[kind+name]
	if !ok {
		return 0, fmt.Errorf("%q has no number", name) // 0 stands for what was forgotten
	}
	return num, nil
}

// number implements [shelf].
func (s *pgShelf) number(kind, name string) (uint32, bool) {
	num, ok := s.names[kind+name]
	return num, ok
}

// stored implements [shelf].
func (s *pgShelf) stored(k *mentionKey) (*pending, error) {
	r := s.rows[k.hash]
	if r == nil {
		return nil, nil
	}
	k.sec = r.key.sec
	if r.seq == 0 {
		return nil, puskaradio.ErrNotFound
	}
	return &pending{key: *k, entry: r.entry, seq: r.seq}, nil
}

// text implements [shelf].
func (s *pgShelf) text(p *pending) (puskaradio.Mention, error) {
	return decodeMention(s.texts[p.key.hash])
}

// logChange implements [shelf].
func (s *pgShelf) logChange(p *pending, c puskaradio.Change) error {
	rec := s.cases[p.key.hash]
	if rec == nil {
		rec = new(caseRecord)
		s.cases[p.key.hash] = rec
	}
	rec.Changes = append(rec.Changes, c)
	p.entry.flags |= flagCase
	s.logged[p.key.hash] = true
	return nil
}

// setStatus implements [shelf].
func (s *pgShelf) setStatus(p *pending, status byte) error {
	p.entry.status = status
	return nil
}

// keptFrom implements [shelf].
func (s *pgShelf) keptFrom() uint32 { return s.hours }

// newShelf reads what there is of the mentions of a crawl.
func (p *Postgres) newShelf(ctx context.Context, tx pgx.Tx, c *Crawl, names map[string]uint32) (*pgShelf, error) {
	s := &pgShelf{
		names: names, who: p.Pseudonyms(), erased: map[uint64]bool{},
		rows: map[uint64]*pgRow{}, texts: map[uint64][]byte{}, cases: map[uint64]*caseRecord{}, logged: map[uint64]bool{},
	}
	says := map[uint64][]uint32{} // digests by hash
	authors := map[int64]bool{}
	for i := range c.Mentions {
		m := &c.Mentions[i]
		hash := m.Hash()
		says[hash] = append(says[hash], digest(m))
		if other, ok := s.who.other(m); ok { // it may be kept so
			says[other.Hash()] = append(says[other.Hash()], digest(m))
		}
		if m.Author != "" {
			authors[int64(s.who.digest(m.Source, m.Author))] = true
		}
	}
	gone := map[uint64]bool{}
	for _, key := range c.Gone {
		for _, brand := range c.Brands {
			m := puskaradio.Mention{Brand: brand, Source: c.Source, Ref: key}
			other, _ := s.who.other(&m)
			for _, h := range []uint64{m.Hash(), other.Hash()} {
				gone[h] = true
				says[h] = append(says[h], 0)
			}
		}
	}
	hashes := make([]int64, 0, len(says))
	for h := range says {
		hashes = append(hashes, pgHash(h))
	}
	if err := p.read(ctx, tx, s, hashes, slices.Collect(maps.Keys(authors))); err != nil {
		return nil, err
	}
	var change []int64
	for h, r := range s.rows {
		differs := r.entry.flags&flagDeleted != 0 || gone[h] || slices.ContainsFunc(says[h], func(d uint32) bool { return d != r.entry.digest })
		if r.seq != 0 && differs {
			change = append(change, pgHash(h))
		}
	}
	return s, p.hold(ctx, tx, s, change)
}

// enter begins to file mentions: nobody changes the rules until the end of the
// transaction. It gives the first hour whose counts are kept.
func (p *Postgres) enter(b *pgx.Batch, hours *uint32) {
	// All is asked for by its key; no guess of how many rows there are may lead
	// to a plan that reads a whole table.
	b.Queue(`SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)`)
	b.Queue(`SELECT pg_advisory_xact_lock_shared($1)`, p.lock+lockRules)
	b.Queue(`SELECT zone, hours, moving IS NOT NULL FROM meta`).QueryRow(func(row pgx.Row) error {
		var zone string
		var moving bool
		if err := row.Scan(&zone, hours, &moving); err != nil {
			return err
		}
		if moving {
			return errMoving
		}
		if zone != p.zone().String() {
			return fmt.Errorf("another process counts by the dates of %s by now, and this one by those of %s: give both the same zone and start them again", zone, p.zone())
		}
		return nil
	})
}

// read reads the rows of mentions, and which authors are erased.
func (p *Postgres) read(ctx context.Context, tx pgx.Tx, s *pgShelf, hashes, authors []int64) error {
	var b pgx.Batch
	p.enter(&b, &s.hours)
	b.Queue(`SELECT digest FROM erased WHERE digest = ANY($1)`, authors).Query(func(rows pgx.Rows) error {
		var d int64
		_, err := pgx.ForEachRow(rows, []any{&d}, func() error { s.erased[uint64(d)] = true; return nil })
		return err
	})
	b.Queue(`SELECT `+rowColumns+` FROM mentions m WHERE hash = ANY($1)`, hashes).Query(func(rows pgx.Rows) error { return s.keep(rows) })
	return tx.SendBatch(ctx, &b).Close()
}

func (s *pgShelf) keep(rows pgx.Rows) error {
	var r pgRow
	into, done := r.scan()
	_, err := pgx.ForEachRow(rows, into, func() error {
		err := done()
		row := r
		s.rows[r.key.hash] = &row
		return err
	})
	return err
}

// hold locks rows, reads them again as they are now, and what they say.
func (p *Postgres) hold(ctx context.Context, tx pgx.Tx, s *pgShelf, hashes []int64) error {
	if len(hashes) == 0 {
		return nil
	}
	var b pgx.Batch
	b.Queue(`SELECT `+rowColumns+` FROM mentions m WHERE hash = ANY($1) ORDER BY hash FOR UPDATE`, hashes).Query(func(rows pgx.Rows) error { return s.keep(rows) })
	b.Queue(`SELECT m.hash, t.record, c.data FROM mentions m JOIN texts t ON t.seq = m.seq LEFT JOIN cases c ON c.hash = m.hash WHERE m.hash = ANY($1)`, hashes).Query(func(rows pgx.Rows) error {
		var hash int64
		var record []byte
		var data []byte
		_, err := pgx.ForEachRow(rows, []any{&hash, &record, &data}, func() error {
			h := unHash(hash)
			s.texts[h] = record
			rec, err := readCase(data)
			if data != nil {
				s.cases[h] = &rec
			}
			return err
		})
		return err
	})
	return tx.SendBatch(ctx, &b).Close()
}
