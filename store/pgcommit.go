package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/puskaradio/puskaradio"
)

// pgHash is a hash as a number with a sign that sorts in the same way, and
// unHash the other way round.
func pgHash(hash uint64) int64 { return int64(hash ^ 1<<63) }
func unHash(hash int64) uint64 { return uint64(hash) ^ 1<<63 }

// Commit implements [Store].
func (p *Postgres) Commit(ctx context.Context, c Crawl) (st Stored, err error) {
	if err := c.check(); err != nil {
		return st, err
	}
	names, err := p.meet(ctx, &c)
	if err != nil {
		return st, fmt.Errorf("store: %w", err)
	}
	err = p.update(ctx, func(tx pgx.Tx) error {
		s, err := p.newShelf(ctx, tx, &c, names)
		if err != nil {
			return fmt.Errorf("store: %w", err)
		}
		f := s.filing(p)
		if st, err = f.crawl(c); err != nil {
			return err
		}
		if err := p.write(ctx, tx, s, f); err != nil {
			return fmt.Errorf("store: %w", err)
		}
		if c.Ledger.Source != "" {
			line := c.Ledger
			line.New = len(st.New)
			if err := noteTx(ctx, tx, line); err != nil {
				return fmt.Errorf("store: %w", err)
			}
		}
		if c.Job != "" && c.Cursor != nil {
			_, err := tx.Exec(ctx, `INSERT INTO cursors VALUES ($1, $2) ON CONFLICT (job) DO UPDATE SET cursor = excluded.cursor`, []byte(c.Job), c.Cursor)
			if err != nil {
				return fmt.Errorf("store: cursor of %s: %w", c.Job, err)
			}
		}
		if len(st.New)+len(st.Changed)+len(st.Gone) == 0 {
			return nil
		}
		return p.scheduleTx(ctx, tx, c.Jobs)
	})
	if err != nil {
		return Stored{}, err
	}
	return st, nil
}

// meet gives the numbers of the names that a crawl holds, new ones too, before
// its transaction begins.
func (p *Postgres) meet(ctx context.Context, c *Crawl) (map[string]uint32, error) {
	names := map[string]uint32{}
	brands, sources := map[string]uint32{}, map[string]uint32{}
	for i := range c.Mentions {
		brands[c.Mentions[i].Brand], sources[c.Mentions[i].Source] = 0, 0
	}
	for kind, of := range map[string]map[string]uint32{brandName: brands, sourceName: sources} {
		if err := p.newNumbers(ctx, kind, of); err != nil {
			return nil, err
		}
		for name, num := range of {
			names[kind+name] = num
		}
	}
	if len(c.Gone) == 0 {
		return names, nil
	}
	for _, brand := range c.Brands {
		if num, ok, err := p.number(ctx, brandName, brand); err != nil {
			return nil, err
		} else if ok {
			names[brandName+brand] = num
		}
	}
	return names, nil
}

// A pgShelf is what a transaction knows of the mentions that it may write: it
// has read it beforehand, and locked what will change.
type pgShelf struct {
	names  map[string]uint32
	digest func(source, author string) uint64
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

// isErased implements [shelf].
func (s *pgShelf) isErased(source, author string) bool {
	return len(s.erased) > 0 && author != "" && s.erased[s.digest(source, author)]
}

// name implements [shelf].
func (s *pgShelf) name(kind, name string) (uint32, error) { return s.names[kind+name], nil }

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
		names: names, digest: p.salted().digest, erased: map[uint64]bool{},
		rows: map[uint64]*pgRow{}, texts: map[uint64][]byte{}, cases: map[uint64]*caseRecord{}, logged: map[uint64]bool{},
	}
	says := map[uint64][]uint32{} // digests by hash
	authors := map[int64]bool{}
	for i := range c.Mentions {
		m := &c.Mentions[i]
		hash := m.Hash()
		says[hash] = append(says[hash], digest(m))
		if m.Author != "" {
			authors[int64(s.digest(m.Source, m.Author))] = true
		}
	}
	gone := map[uint64]bool{}
	for _, key := range c.Gone {
		for _, brand := range c.Brands {
			m := puskaradio.Mention{Brand: brand, Source: c.Source, Ref: key}
			gone[m.Hash()] = true
			says[m.Hash()] = append(says[m.Hash()], 0)
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
			return errors.New("another store is moving in here: let that end first")
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

// write writes what was filed: first what is new, for somebody else may have
// filed it meanwhile, and then all begins again.
func (p *Postgres) write(ctx context.Context, tx pgx.Tx, s *pgShelf, f *filing) error {
	made := map[uint64]bool{}
	for _, k := range f.made {
		made[k.hash] = true
	}
	var fresh, changed []*pending
	for _, q := range f.order {
		if made[q.key.hash] {
			fresh = append(fresh, q)
		} else {
			changed = append(changed, q)
		}
	}
	if err := insertMentions(ctx, tx, fresh); err != nil {
		return err
	}
	var b pgx.Batch
	for _, q := range changed {
		queueUpdate(&b, q.key, q.entry)
		b.Queue(`UPDATE texts SET author = $2, record = $3, words = $4 WHERE seq = $1`,
			q.seq, s.authorOf(&q.mention), appendMention(nil, &q.mention), wordsOf(q))
	}
	for _, h := range slices.Sorted(maps.Keys(s.logged)) {
		if err := queueCase(&b, h, s.cases[h]); err != nil {
			return err
		}
	}
	if b.Len() > 0 {
		if err := tx.SendBatch(ctx, &b).Close(); err != nil {
			return err
		}
	}
	if err := insertTexts(ctx, tx, s, fresh); err != nil {
		return err
	}
	return addCounts(ctx, tx, f.counts)
}

func queueUpdate(b *pgx.Batch, k mentionKey, e entry) {
	b.Queue(`UPDATE mentions SET digest = $2, label = $3, value = $4, status = $5, flags = $6, rating = $7 WHERE hash = $1`,
		pgHash(k.hash), int32(e.digest), int16(e.label), int16(e.value), int16(e.status), int16(e.flags), int16(e.rating))
}

// authorOf is what is kept beside a text to find it by its author.
func (s *pgShelf) authorOf(m *puskaradio.Mention) int64 {
	if m.Author == "" {
		return 0
	}
	return int64(s.digest(m.Source, m.Author))
}

// insertMentions writes the rows of what is new, and sets where its texts go.
func insertMentions(ctx context.Context, tx pgx.Tx, fresh []*pending) error {
	n := len(fresh)
	if n == 0 {
		return nil
	}
	hashes, secs := make([]int64, n), make([]int64, n)
	brands, sources, digests := make([]int32, n), make([]int32, n), make([]int32, n)
	var small [5][]int16
	for i := range small {
		small[i] = make([]int16, n)
	}
	byHash := make(map[int64]*pending, n)
	for i, q := range fresh {
		e := q.entry
		if e.source > math.MaxInt32 || q.key.brand > math.MaxInt32 {
			return errors.New("too many names")
		}
		hashes[i], secs[i], brands[i], sources[i], digests[i] = pgHash(q.key.hash), int64(q.key.sec), int32(q.key.brand), int32(e.source), int32(e.digest)
		for j, v := range []int16{int16(e.label), int16(e.value), int16(e.status), int16(e.flags), int16(e.rating)} {
			small[j][i] = v
		}
		byHash[hashes[i]] = q
	}
	rows, err := tx.Query(ctx, `
		INSERT INTO mentions (hash, brand, sec, seq, source, digest, label, value, status, flags, rating)
		SELECT w.hash, w.brand, w.sec, nextval('texts_seq'), w.source, w.digest, w.label, w.value, w.status, w.flags, w.rating
		FROM unnest($1::bigint[], $2::int[], $3::bigint[], $4::int[], $5::int[], $6::smallint[], $7::smallint[], $8::smallint[], $9::smallint[], $10::smallint[])
			AS w (hash, brand, sec, source, digest, label, value, status, flags, rating)
		ORDER BY w.hash ON CONFLICT DO NOTHING RETURNING hash, seq`,
		hashes, brands, secs, sources, digests, small[0], small[1], small[2], small[3], small[4])
	if err != nil {
		return err
	}
	var hash, seq int64
	written := 0
	_, err = pgx.ForEachRow(rows, []any{&hash, &seq}, func() error {
		byHash[hash].seq = seq
		written++
		return nil
	})
	if err == nil && written < n {
		err = errRace
	}
	return err
}

// insertTexts writes what the new ones say.
func insertTexts(ctx context.Context, tx pgx.Tx, s *pgShelf, fresh []*pending) error {
	if len(fresh) == 0 {
		return nil
	}
	slices.SortFunc(fresh, func(a, b *pending) int { return int(a.seq - b.seq) })
	i := -1
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"texts"}, []string{"seq", "hash", "sec", "author", "record", "words"},
		pgx.CopyFromFunc(func() ([]any, error) {
			if i++; i == len(fresh) {
				return nil, nil
			}
			q := fresh[i]
			m := &q.mention
			return []any{
				q.seq, pgHash(q.key.hash), int64(q.key.sec), s.authorOf(m),
				appendMention(make([]byte, 0, len(m.Text)+256), m), wordsOf(q),
			}, nil
		}))
	return err
}

// mostWords is how many bytes of words a text is found by: PostgreSQL takes
// no more than a megabyte.
const mostWords = 900_000

// wordsOf are the words that a mention is found by, each once, and its brand.
func wordsOf(q *pending) pgtype.TSVector {
	m := &q.mention
	var words []string
	for _, text := range []string{m.Title, m.Text, m.About} {
		words = appendWords(words, text)
	}
	words = append(words, brandWord(q.key.brand))
	slices.Sort(words)
	words = slices.Compact(words)
	out, size := make([]pgtype.TSVectorLexeme, 0, len(words)), 0
	for _, w := range words {
		if size += len(w); size > mostWords {
			break
		}
		out = append(out, pgtype.TSVectorLexeme{Word: w})
	}
	return pgtype.TSVector{Lexemes: out, Valid: true}
}

// brandWord stands for a brand among the words of a text; no word of a text is
// like it. It sorts before all of them.
func brandWord(brand uint32) string { return fmt.Sprintf("#%d", brand) }
