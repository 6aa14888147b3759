package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

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
	if len(st.New)+len(st.Changed) > 0 {
		p.mergeSoon()
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
	fresh := map[uint64]bool{}
	for _, k := range f.made {
		fresh[k.hash] = true
	}
	var made, changed, edited []*pending
	for _, q := range f.order {
		if fresh[q.key.hash] {
			made = append(made, q)
		} else {
			changed = append(changed, q)
		}
	}
	if err := insertMentions(ctx, tx, made); err != nil {
		return err
	}
	var b pgx.Batch
	for _, q := range changed {
		queueUpdate(&b, q.key, q.entry)
		// What was read from the store does not know its source, and has its author still.
		b.Queue(`UPDATE texts SET author = CASE WHEN $4 THEN $2 ELSE author END, record = $3 WHERE seq = $1`,
			q.seq, s.authorOf(&q.mention), appendMention(nil, &q.mention), q.mention.Source != "")
		if anew, err := s.saysOther(q); err != nil {
			return err
		} else if anew {
			// Its words are in the index under the old number, which is nobody's now.
			b.Queue(`WITH n AS (SELECT nextval('texts_seq') AS seq), t AS (UPDATE texts SET seq = n.seq FROM n WHERE texts.seq = $1)
				UPDATE mentions m SET seq = n.seq FROM n WHERE m.hash = $2 RETURNING m.seq`, q.seq, pgHash(q.key.hash)).QueryRow(func(row pgx.Row) error { return row.Scan(&q.seq) })
			edited = append(edited, q)
		}
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
	if err := insertTexts(ctx, tx, s, made); err != nil {
		return err
	}
	if err := indexTexts(ctx, tx, append(made, edited...)); err != nil {
		return err
	}
	return p.addCounts(ctx, tx, f.counts)
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
	return int64(s.who.digest(m.Source, m.Author))
}

// saysOther reports whether a mention that is to be written has other words
// than the one that is there.
func (s *pgShelf) saysOther(q *pending) (bool, error) {
	was, err := decodeMention(s.texts[q.key.hash])
	return indexed(&was) != indexed(&q.mention), err
}

// insertMentions writes the rows of what is new, and sets where its texts go.
func insertMentions(ctx context.Context, tx pgx.Tx, fresh []*pending) error {
	if len(fresh) == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, `SELECT nextval('texts_seq') FROM generate_series(1, $1)`, len(fresh))
	if err != nil {
		return err
	}
	seqs, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return err
	}
	for i, q := range fresh {
		q.seq = seqs[i]
		if q.entry.source > math.MaxInt32 || q.key.brand > math.MaxInt32 {
			return errors.New("too many names")
		}
	}
	byHash := slices.SortedFunc(slices.Values(fresh), func(a, b *pending) int { return cmp.Compare(a.key.hash, b.key.hash) })
	i := -1
	_, err = tx.CopyFrom(ctx, pgx.Identifier{"mentions"}, []string{"hash", "brand", "sec", "seq", "source", "digest", "label", "value", "status", "flags", "rating"},
		pgx.CopyFromFunc(func() ([]any, error) {
			if i++; i == len(byHash) {
				return nil, nil
			}
			q := byHash[i]
			e := q.entry
			return []any{
				pgHash(q.key.hash), int32(q.key.brand), int64(q.key.sec), q.seq, int32(e.source), int32(e.digest),
				int16(e.label), int16(e.value), int16(e.status), int16(e.flags), int16(e.rating),
			}, nil
		}))
	return raced(err)
}

// raced tells what failed as another has written the same.
func raced(err error) error {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == "23505" { // unique
		return errRace
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
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"texts"}, []string{"seq", "hash", "sec", "author", "record"},
		pgx.CopyFromFunc(func() ([]any, error) {
			if i++; i == len(fresh) {
				return nil, nil
			}
			q := fresh[i]
			m := &q.mention
			return []any{
				q.seq, pgHash(q.key.hash), int64(q.key.sec), s.authorOf(m),
				appendMention(make([]byte, 0, len(m.Text)+256), m),
			}, nil
		}))
	return err
}
