package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/puskaradio/puskaradio"
)

// Retain implements [Store].
func (p *Postgres) Retain(ctx context.Context, texts, hours time.Time) (int, error) {
	if err := p.dropHours(ctx, hours); err != nil {
		return 0, fmt.Errorf("store: retain: %w", err)
	}
	end := max(0, texts.Unix())
	n := 0
	for {
		hits, err := p.hashes(ctx, `SELECT hash FROM mentions WHERE seq IS NOT NULL AND sec < $1 ORDER BY sec, hash LIMIT $2`, end, maxGroup)
		if err != nil || len(hits) == 0 {
			return n, err
		}
		dropped, err := p.drop(ctx, hits, `sec < $2`, end)
		if n += dropped; err != nil {
			return n, fmt.Errorf("store: retain: %w", err)
		}
	}
}

// dropHours forgets the counts by the hour of before a time. Whoever files
// mentions from then on knows of it, and adds to none of them.
func (p *Postgres) dropHours(ctx context.Context, before time.Time) error {
	end := max(0, before.Unix()) / 3600
	if end == 0 {
		return nil
	}
	err := p.update(ctx, func(tx pgx.Tx) error {
		if err := p.lockRules(ctx, tx); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE meta SET hours = greatest(hours, $1)`, end)
		return err
	})
	if err != nil {
		return err
	}
	_, err = p.pool.Exec(ctx, `DELETE FROM counts WHERE kind = $1 AND step < $2`, pgKinds["h"], end)
	return closedPool(err)
}

func (p *Postgres) hashes(ctx context.Context, sql string, args ...any) ([]int64, error) {
	rows, err := p.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, closedPool(err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	return out, closedPool(err)
}

// drop forgets mentions that still fulfil a condition, at most a group of them
// in a transaction. Of each a row is left, which keeps it from coming back and
// says how it was counted.
func (p *Postgres) drop(ctx context.Context, hashes []int64, cond string, args ...any) (n int, err error) {
	for part := range slices.Chunk(hashes, maxGroup) {
		dropped := 0
		err := p.update(ctx, func(tx pgx.Tx) error {
			rows, err := tx.Query(ctx, `SELECT hash, seq, sec FROM mentions m WHERE hash = ANY($1) AND seq IS NOT NULL AND `+cond+` ORDER BY hash FOR UPDATE`, append([]any{part}, args...)...)
			if err != nil {
				return err
			}
			var hash, seq, sec int64
			var gone, texts, secs []int64
			_, err = pgx.ForEachRow(rows, []any{&hash, &seq, &sec}, func() error {
				gone, texts, secs = append(gone, hash), append(texts, seq), append(secs, sec)
				return nil
			})
			if err != nil {
				return err
			}
			dropped = len(gone)
			var b pgx.Batch
			b.Queue(`DELETE FROM texts WHERE seq = ANY($1)`, texts)
			b.Queue(`DELETE FROM cases WHERE hash = ANY($1)`, gone)
			b.Queue(`UPDATE mentions SET seq = NULL, digest = 0, status = 0, flags = 0 WHERE hash = ANY($1)`, gone)
			markStaleTx(&b, secs)
			return tx.SendBatch(ctx, &b).Close()
		})
		if n += dropped; err != nil {
			return n - dropped, err
		}
	}
	return n, nil
}

// Forget implements [Store].
func (p *Postgres) Forget(ctx context.Context, limits ...Limit) (n int, err error) {
	bounds := map[string]Limit{}
	for _, l := range limits {
		bounds[l.Source] = l
	}
	known := false
	for _, source := range slices.Sorted(maps.Keys(bounds)) {
		num, ok, err := p.number(ctx, sourceName, source)
		if err != nil {
			return n, fmt.Errorf("store: forget: %w", err)
		}
		if !ok {
			continue
		}
		known = true
		l := bounds[source]
		const cond = `source = $2 AND (sec < $3 OR $4 AND flags & 1 <> 0)`
		args := []any{int32(num), max(0, l.Before.Unix()), l.Gone}
		hits, err := p.hashes(ctx, `SELECT hash FROM mentions WHERE $1::bigint[] IS NULL AND seq IS NOT NULL AND `+cond, append([]any{nil}, args...)...)
		if err != nil {
			return n, fmt.Errorf("store: forget: %w", err)
		}
		dropped, err := p.drop(ctx, hits, cond, args...)
		if n += dropped; err != nil {
			return n, fmt.Errorf("store: forget: %w", err)
		}
	}
	if !known {
		return 0, nil
	}
	if _, err := p.scrub(ctx, limits); err != nil {
		return n, fmt.Errorf("store: forget: %w", err)
	}
	return n, nil
}

// Pseudonyms implements [Store].
func (p *Postgres) Pseudonyms() Pseudonyms { return Pseudonyms{[]byte(p.id)} }

// Erase implements [Store].
func (p *Postgres) Erase(ctx context.Context, source, author string) (out Erased, err error) {
	if source == "" || sameAuthor(author) == "" {
		return out, errors.New("store: erase: no source or no author")
	}
	d := int64(p.Pseudonyms().digest(source, author))
	// First nothing more is taken, and what is being taken is waited for; then
	// what is there goes.
	err = p.update(ctx, func(tx pgx.Tx) error {
		if err := p.lockRules(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM customers WHERE digest = $1`, d); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO erased VALUES ($1, $2) ON CONFLICT DO NOTHING`, d, time.Now().UTC().Format(time.DateOnly))
		return err
	})
	if err != nil {
		return out, fmt.Errorf("store: erase: %w", err)
	}
	num, ok, err := p.number(ctx, sourceName, source)
	if err != nil || !ok { // it was never read
		return out, err
	}
	hits, err := p.hashes(ctx, `SELECT m.hash FROM texts t JOIN mentions m ON m.hash = t.hash WHERE t.author = $1 AND m.source = $2`, d, num)
	if err != nil {
		return out, fmt.Errorf("store: erase: %w", err)
	}
	if out.Mentions, err = p.drop(ctx, hits, `source = $2`, num); err != nil {
		return out, fmt.Errorf("store: erase: %w", err)
	}
	if out.Alerts, err = p.scrub(ctx, []Limit{{Source: source}}); err != nil {
		return out, fmt.Errorf("store: erase: %w", err)
	}
	return out, nil
}

// scrub takes out of alerts and digests what they quote of mentions that were
// forgotten, and gives the ids of the alerts that have changed.
func (p *Postgres) scrub(ctx context.Context, limits []Limit) (alerts []string, err error) {
	var quoted []string
	for _, l := range limits {
		name, err := json.Marshal(l.Source)
		if err != nil {
			return nil, err
		}
		quoted = append(quoted, `"source":`+string(name))
	}
	err = p.update(ctx, func(tx pgx.Tx) error {
		alerts = nil
		changed, err := scrubTx(ctx, tx, p, limits, `SELECT id, ''::bytea, data FROM alerts a WHERE EXISTS (SELECT FROM unnest($1::text[]) q WHERE position(q IN a.data::text) > 0) ORDER BY sec, id FOR UPDATE`, quoted,
			func(a *puskaradio.Alert) *string { return &a.Brand })
		if err != nil {
			return err
		}
		for _, c := range changed {
			alerts = append(alerts, string(c.key[0]))
			if _, err := tx.Exec(ctx, `UPDATE alerts SET data = $2 WHERE id = $1`, c.key[0], c.data); err != nil {
				return err
			}
		}
		changed, err = scrubTx(ctx, tx, p, limits, `SELECT date, brand, data FROM digests a WHERE EXISTS (SELECT FROM unnest($1::text[]) q WHERE position(q IN a.data::text) > 0) ORDER BY date, brand FOR UPDATE`, quoted,
			func(d *puskaradio.Digest) *string { return &d.Brand })
		if err != nil {
			return err
		}
		for _, c := range changed {
			if _, err := tx.Exec(ctx, `UPDATE digests SET data = $3 WHERE date = $1 AND brand = $2`, c.key[0], c.key[1], c.data); err != nil {
				return err
			}
		}
		return nil
	})
	return alerts, err
}

// A scrubbed is a row that has changed.
type scrubbed struct {
	key  [2][]byte
	data []byte
}

func scrubTx[T any](ctx context.Context, tx pgx.Tx, p *Postgres, limits []Limit, sql string, quoted []string, brand func(*T) *string) (out []scrubbed, err error) {
	rows, err := tx.Query(ctx, sql, quoted)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (s scrubbed, err error) {
		err = row.Scan(&s.key[0], &s.key[1], &s.data)
		return s, err
	})
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		x := new(T)
		if err := json.Unmarshal(s.data, x); err != nil {
			return nil, fmt.Errorf("%s %s: %w", s.key[0], s.key[1], err)
		}
		changed, err := scrub(x, limits, func(id puskaradio.ID) (bool, error) { return p.there(ctx, tx, *brand(x), id) })
		if err != nil {
			return nil, err
		}
		if !changed {
			continue
		}
		if s.data, err = json.Marshal(x); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// there reports whether a mention is kept. Of a brand that was never heard of
// nothing is known, and nothing is taken away.
func (p *Postgres) there(ctx context.Context, tx pgx.Tx, brand string, id puskaradio.ID) (ok bool, err error) {
	sec, hash, err := id.Parts()
	if err != nil {
		return false, err
	}
	num, known, err := p.numberBy(ctx, tx, brandName, brand)
	if err != nil || !known {
		return true, err
	}
	err = tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM mentions WHERE hash = $1 AND sec = $2 AND brand = $3 AND seq IS NOT NULL)`, pgHash(hash), sec, num).Scan(&ok)
	return ok, err
}
