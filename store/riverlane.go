package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
)

// A planWorker sets the lanes going that have something due.
type planWorker struct {
	river.WorkerDefaults[planArgs]
	p *Postgres
}

// Work implements [river.Worker].
func (w *planWorker) Work(ctx context.Context, _ *river.Job[planArgs]) error {
	rows, err := w.p.pool.Query(ctx, `SELECT CASE WHEN lane <> '' THEN 'lane ' || lane ELSE 'key ' || key END AS what
FROM jobs WHERE due <= now() GROUP BY what ORDER BY min(due) LIMIT $1`, planMost)
	if err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	due, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	slices.Sort(due)
	return w.p.update(ctx, func(tx pgx.Tx) error { return w.p.setGoing(ctx, tx, due) })
}

// lanes are what [Postgres.Run] does while it runs.
type lanes struct {
	p      *Postgres
	handle func(context.Context, Job) (Job, error)
	ctx    context.Context // of Run: a lane goes on for longer than River waits
}

// A laneWorker does what is due in a lane.
type laneWorker struct {
	river.WorkerDefaults[laneArgs]
	lanes *lanes
}

// NextRetry implements [river.Worker].
func (w *laneWorker) NextRetry(*river.Job[laneArgs]) time.Time { return time.Now().Add(tryAgain) }

// Work implements [river.Worker]. It takes no notice of River's context, which
// is done when the run could be that of a dead process: the lock of the lane
// says whether it is.
func (w *laneWorker) Work(_ context.Context, job *river.Job[laneArgs]) error {
	r := w.lanes
	ctx, cancel := context.WithCancelCause(r.ctx)
	defer cancel(nil)
	got, err := r.p.locks.try(ctx, job.Args.Lane, func() { cancel(errLockLost) })
	if err != nil {
		if r.ctx.Err() != nil {
			return nil
		}
		return err
	}
	if !got {
		return river.JobSnooze(tryAgain) // its holder lives
	}
	defer r.p.locks.drop(job.Args.Lane)
	for end := time.Now().Add(sliceOf); time.Now().Before(end) && ctx.Err() == nil; {
		some, err := r.next(ctx, job.Args.Lane)
		switch {
		case ctx.Err() != nil:
			return nil // what is due stays due, for the planner to find
		case err != nil:
			return err
		case !some:
			return nil
		}
	}
	return nil
}

// next does the first job that is due in a lane.
func (r *lanes) next(ctx context.Context, lane string) (some bool, err error) {
	where, of := `lane = $1`, strings.TrimPrefix(lane, "lane ")
	if key, ok := strings.CutPrefix(lane, "key "); ok {
		where, of = `lane = '' AND key = $1`, key
	}
	rows, err := r.p.pool.Query(ctx, `SELECT `+jobColumns+` FROM jobs WHERE `+where+` AND due <= now() ORDER BY due, key LIMIT 1`, of)
	if err != nil {
		return false, fmt.Errorf("lane %s: %w", of, err)
	}
	j, err := pgx.CollectExactlyOneRow(rows, scanJob)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("lane %s: %w", of, err)
	}
	next, err := r.handle(ctx, j)
	if ctx.Err() != nil && err != nil {
		return true, nil // interrupted is not failed: it is there as it was, and due
	}
	// ctx may be done; the job must go back.
	putting, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	if err := r.p.putBack(putting, j, after(j, next, err, time.Now())); err != nil {
		return false, fmt.Errorf("job %s: %w", j.Key, err)
	}
	return true, nil
}

// putBack keeps what a job is to be after a run.
func (p *Postgres) putBack(ctx context.Context, j, next Job) error {
	return p.update(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT `+jobColumns+` FROM jobs WHERE key = $1 FOR UPDATE`, j.Key)
		if err != nil {
			return err
		}
		have, err := pgx.CollectExactlyOneRow(rows, scanJob)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil // taken off meanwhile
		}
		if err != nil {
			return err
		}
		next := settled(j, have, next).rounded()
		if next.Due.IsZero() {
			_, err = tx.Exec(ctx, `DELETE FROM jobs WHERE key = $1`, j.Key)
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE jobs SET kind = $2, lane = $3, due = $4, every_ms = $5, fails = $6, since = $7, asked = $8, again = $9 WHERE key = $1`,
			j.Key, next.Kind, next.Lane, next.Due, next.Every.Milliseconds(), next.Fails, stampOf(next.Since), next.Asked, stampOf(next.Again))
		return err
	})
}
