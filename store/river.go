package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// migrateQueue makes the tables of the queue, once those of the store are up to
// date.
func (p *Postgres) migrateQueue(context.Context) error { return nil }

// scheduleTx adds jobs in the transaction that decides them.
func (p *Postgres) scheduleTx(ctx context.Context, tx pgx.Tx, jobs []Job) error {
	jobs = slices.Clone(jobs)
	slices.SortStableFunc(jobs, func(a, b Job) int { return strings.Compare(a.Key, b.Key) })
	for _, j := range jobs {
		due := j.Due.UTC().Truncate(time.Millisecond)
		_, err := tx.Exec(ctx, `
			INSERT INTO jobs AS j (key, kind, lane, due, every_ms, fails, since, asked, again)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (key) DO UPDATE SET every_ms = excluded.every_ms, lane = excluded.lane,
				asked = j.asked + 1, again = excluded.due, due = least(j.due, excluded.due)`,
			j.Key, j.Kind, j.Lane, due, j.Every.Milliseconds(), j.Fails, timeOrNil(cmp.Or(j.Since, j.Due)), j.Asked, timeOrNil(j.Again))
		if err != nil {
			return fmt.Errorf("job %s: %w", j.Key, err)
		}
	}
	return nil
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// Schedule implements [Queue].
func (p *Postgres) Schedule(ctx context.Context, jobs ...Job) error {
	return p.update(ctx, func(tx pgx.Tx) error { return p.scheduleTx(ctx, tx, jobs) })
}

// Unschedule implements [Queue].
func (p *Postgres) Unschedule(ctx context.Context, keys ...string) error {
	_, err := p.pool.Exec(ctx, `DELETE FROM jobs WHERE key = ANY($1)`, keys)
	return closedPool(err)
}

// Jobs implements [Queue].
func (p *Postgres) Jobs(ctx context.Context, prefix string) ([]Job, error) {
	rows, err := p.pool.Query(ctx, `
		SELECT key, kind, lane, due, every_ms, fails, since, asked, again FROM jobs
		WHERE starts_with(key, $1) AND key >= $1 ORDER BY key`, prefix)
	if err != nil {
		return nil, closedPool(err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (j Job, err error) {
		var every int64
		var since, again *time.Time
		err = row.Scan(&j.Key, &j.Kind, &j.Lane, &j.Due, &every, &j.Fails, &since, &j.Asked, &again)
		j.Due, j.Every = j.Due.UTC(), time.Duration(every)*time.Millisecond
		if since != nil {
			j.Since = since.UTC()
		}
		if again != nil {
			j.Again = again.UTC()
		}
		return j, err
	})
}

// Run implements [Queue].
func (p *Postgres) Run(context.Context, func(context.Context, Job) (Job, error)) error {
	return errors.New("store: not yet")
}
