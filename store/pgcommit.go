package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

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
		// What was read from the store does not know its source, and has its author still.
		b.Queue(`UPDATE texts SET author = CASE WHEN $5 THEN $2 ELSE author END, record = $3, words = $4 WHERE seq = $1`,
			q.seq, s.authorOf(&q.mention), appendMention(nil, &q.mention), wordsOf(q), q.mention.Source != "")
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
	var buf []byte
	var ends []int
	for _, text := range []string{m.Title, m.Text, m.About} {
		eachWord(text, func(w []byte) {
			buf = append(buf, w...)
			ends = append(ends, len(buf))
		})
	}
	all, from := string(buf), 0
	words := make([]string, 0, len(ends)+1)
	for _, end := range ends {
		words, from = append(words, all[from:end]), end
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
func brandWord(brand uint32) string { return "#" + strconv.FormatUint(uint64(brand), 10) }
