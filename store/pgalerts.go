package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/puskaradio/puskaradio"
)

// unixOf is a time as alerts are filed by.
func unixOf(t time.Time) int64 { return max(0, min(t.Unix(), 1<<32-1)) }

// getRow reads one JSON value; puskaradio.ErrNotFound if there is none.
func getRow(ctx context.Context, q querier, v any, sql string, args ...any) error {
	var data []byte
	err := q.QueryRow(ctx, sql, args...).Scan(&data)
	if errors.Is(err, pgx.ErrNoRows) {
		return puskaradio.ErrNotFound
	}
	if err != nil {
		return closedPool(err)
	}
	return json.Unmarshal(data, v)
}

// listRows reads JSON values.
func listRows[T any](ctx context.Context, p *Postgres, sql string, args ...any) (out []T, err error) {
	rows, err := p.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, closedPool(err)
	}
	var data []byte
	_, err = pgx.ForEachRow(rows, []any{&data}, func() error {
		var v T
		err := json.Unmarshal(data, &v)
		out = append(out, v)
		return err
	})
	return out, closedPool(err)
}

// AddAlert implements [Store].
func (p *Postgres) AddAlert(ctx context.Context, a puskaradio.Alert, jobs ...Job) (added bool, err error) {
	err = p.update(ctx, func(tx pgx.Tx) error {
		added = false
		kept := a
		var old puskaradio.Alert
		err := getRow(ctx, tx, &old, `SELECT data FROM alerts WHERE id = $1 FOR UPDATE`, []byte(a.ID))
		known := err == nil
		switch {
		case known && old.Rev >= a.Rev:
			return nil
		case known:
			kept.Decided = old.Decided // it stays where it is
		case !errors.Is(err, puskaradio.ErrNotFound):
			return err
		}
		data, err := json.Marshal(kept)
		if err != nil {
			return err
		}
		sql := `INSERT INTO alerts (id, sec, brand, rev, data) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`
		if known {
			sql = `UPDATE alerts SET sec = $2, brand = $3, rev = $4, data = $5 WHERE id = $1`
		}
		tag, err := tx.Exec(ctx, sql, []byte(a.ID), unixOf(kept.Decided), []byte(kept.Brand), kept.Rev, data)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return errRace
		}
		added = true
		return p.scheduleTx(ctx, tx, jobs)
	})
	return added && err == nil, err
}

// Alert implements [Store].
func (p *Postgres) Alert(ctx context.Context, id string) (a puskaradio.Alert, err error) {
	if err := getRow(ctx, p.pool, &a, `SELECT data FROM alerts WHERE id = $1`, []byte(id)); err != nil {
		return a, fmt.Errorf("alert %s: %w", id, err)
	}
	return a, nil
}

// Alerts implements [Store].
func (p *Postgres) Alerts(ctx context.Context, brand string, from, to time.Time) ([]puskaradio.Alert, error) {
	return listRows[puskaradio.Alert](ctx, p, `
		SELECT data FROM alerts WHERE sec >= $1 AND sec < $2 AND ($3 = ''::bytea OR brand = $3) ORDER BY sec, id`,
		unixOf(from), unixOf(to), []byte(brand))
}

// AddDigest implements [Store].
func (p *Postgres) AddDigest(ctx context.Context, d puskaradio.Digest, jobs ...Job) (added bool, err error) {
	data, err := json.Marshal(d)
	if err != nil {
		return false, err
	}
	err = p.update(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `INSERT INTO digests VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, []byte(d.Date), []byte(d.Brand), data)
		if added = err == nil && tag.RowsAffected() > 0; !added {
			return err
		}
		return p.scheduleTx(ctx, tx, jobs)
	})
	return added && err == nil, err
}

// Digest implements [Store].
func (p *Postgres) Digest(ctx context.Context, brand, date string) (d puskaradio.Digest, err error) {
	if err := getRow(ctx, p.pool, &d, `SELECT data FROM digests WHERE date = $1 AND brand = $2`, []byte(date), []byte(brand)); err != nil {
		return d, fmt.Errorf("digest of %s for %s: %w", date, brand, err)
	}
	return d, nil
}

// SetSent implements [Store].
func (p *Postgres) SetSent(ctx context.Context, key string, sent Sent) error {
	data, err := json.Marshal(sent)
	if err != nil {
		return err
	}
	_, err = p.pool.Exec(ctx, `INSERT INTO sent VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET data = excluded.data`, []byte(key), data)
	return closedPool(err)
}

// Sent implements [Store].
func (p *Postgres) Sent(ctx context.Context, key string) (sent Sent, err error) {
	if err := getRow(ctx, p.pool, &sent, `SELECT data FROM sent WHERE key = $1`, []byte(key)); err != nil {
		return sent, fmt.Errorf("message %s: %w", key, err)
	}
	return sent, nil
}

// Note implements [Store].
func (p *Postgres) Note(ctx context.Context, c puskaradio.Coverage) error {
	return p.update(ctx, func(tx pgx.Tx) error { return noteTx(ctx, tx, c) })
}

// noteTx adds to the line of a source and hour, which it makes and locks first.
func noteTx(ctx context.Context, tx pgx.Tx, c puskaradio.Coverage) error {
	c.Hour = c.Hour.UTC().Truncate(time.Hour)
	hour, source := c.Hour.Unix()/3600, []byte(c.Source)
	if _, err := tx.Exec(ctx, `INSERT INTO coverage VALUES ($1, $2, '{}') ON CONFLICT DO NOTHING`, hour, source); err != nil {
		return err
	}
	var have puskaradio.Coverage
	if err := getRow(ctx, tx, &have, `SELECT data FROM coverage WHERE hour = $1 AND source = $2 FOR UPDATE`, hour, source); err != nil {
		return fmt.Errorf("ledger of %s: %w", c.Source, err)
	}
	data, err := json.Marshal(addCoverage(have, c))
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE coverage SET data = $3 WHERE hour = $1 AND source = $2`, hour, source, data)
	return err
}

// Coverage implements [Store].
func (p *Postgres) Coverage(ctx context.Context, from, to time.Time) ([]puskaradio.Coverage, error) {
	return listRows[puskaradio.Coverage](ctx, p, `SELECT data FROM coverage WHERE hour >= $1 AND hour < $2 ORDER BY hour, source`,
		max(0, from.Unix())/3600, max(0, to.Unix()+3599)/3600)
}
