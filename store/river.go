package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"
)

// What is to be done when is in the table jobs, one row for each key, as the
// contract of [Queue] has it. Who does it is for River to say: for each lane
// with something due there is one River job in the whole cluster, which does
// what is due in that lane, one after another; a job without a lane is a lane
// of its own. A lane's River job is inserted in the transaction that schedules
// what is due at once, and by the planner, another River job that the leader
// inserts every second, for what becomes due later. So a missed tick of the
// planner does no harm: what is due stays due.
//
// River may run a lane a second time while the first still goes on, for it
// takes a job that has run for rescueAfter for one whose process has died. The
// lock of the lane, which ends with the process that has it, lets only one in.

const (
	sliceOf     = 8 * time.Second  // how long one run of a lane goes on taking what is due
	rescueAfter = 10 * time.Second // the lane of a dead process is free after this and half a minute at most
	stuckAfter  = time.Hour        // no job takes as long
	tryAgain    = 5 * time.Second  // after a lane that is held, or that failed as a lane
	tidyAfter   = 5 * time.Minute  // River's own rows of what was done
	planMost    = 5000             // lanes that one tick sets going
)

// live are the states of a River job that is still to end. Completed is not
// one of them: a lane that was done once must run again.
var live = []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
	rivertype.JobStateRunning, rivertype.JobStateScheduled,
}

// laneArgs asks for what is due in a lane.
type laneArgs struct {
	Lane string `json:"lane" river:"unique"` // see laneOf
}

func (laneArgs) Kind() string { return "lane" }

func (laneArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{MaxAttempts: 1000, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: live}}
}

// planArgs asks for the lanes that have something due.
type planArgs struct{}

func (planArgs) Kind() string { return "plan" }

func (planArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{MaxAttempts: 1, Priority: 1, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: live}}
}

// laneOf names the lane of a job for River: its own, or one of its key's.
func laneOf(lane, key string) string {
	if lane != "" {
		return "lane " + lane
	}
	return "key " + key
}

// migrateQueue makes River's own tables.
func (p *Postgres) migrateQueue(ctx context.Context) error {
	m, err := rivermigrate.New(riverpgxv5.New(p.pool), &rivermigrate.Config{Logger: warnings(p.opts.Log)})
	if err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	return nil
}

// inserter is a client of River that runs nothing.
func (p *Postgres) inserter() (*river.Client[pgx.Tx], error) {
	return river.NewClient(riverpgxv5.New(p.pool), &river.Config{Logger: warnings(p.opts.Log)})
}

// Schedule implements [Queue].
func (p *Postgres) Schedule(ctx context.Context, jobs ...Job) error {
	if len(jobs) == 0 {
		return nil
	}
	return p.update(ctx, func(tx pgx.Tx) error { return p.scheduleTx(ctx, tx, jobs) })
}

const upsertJob = `INSERT INTO jobs (key, kind, lane, due, every_ms, fails, since, asked, again)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (key) DO UPDATE SET every_ms = excluded.every_ms, lane = excluded.lane,
	asked = jobs.asked + 1, again = excluded.due, due = LEAST(jobs.due, excluded.due)`

// scheduleTx schedules jobs in a transaction. They are put in by key, and so are
// the lanes, so that two transactions never wait for each other.
func (p *Postgres) scheduleTx(ctx context.Context, tx pgx.Tx, jobs []Job) error {
	if len(jobs) == 0 {
		return nil
	}
	sorted := slices.Clone(jobs)
	slices.SortStableFunc(sorted, func(a, b Job) int { return cmp.Compare(a.Key, b.Key) })
	now := time.Now()
	var batch pgx.Batch
	var lanes []string
	for i := range sorted {
		j := &sorted[i]
		*j = j.rounded()
		j.Since = cmp.Or(j.Since, j.Due)
		batch.Queue(upsertJob, j.Key, j.Kind, j.Lane, j.Due, j.Every.Milliseconds(), j.Fails, stampOf(j.Since), j.Asked, stampOf(j.Again))
		if !j.Due.After(now) {
			lanes = append(lanes, laneOf(j.Lane, j.Key))
		}
	}
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("schedule: %w", err)
	}
	slices.Sort(lanes)
	return p.setGoing(ctx, tx, slices.Compact(lanes))
}

// setGoing inserts a River job for each of some lanes, sorted and without
// repetition, that has none yet.
func (p *Postgres) setGoing(ctx context.Context, tx pgx.Tx, lanes []string) error {
	if len(lanes) == 0 {
		return nil
	}
	params := make([]river.InsertManyParams, len(lanes))
	for i, lane := range lanes {
		params[i].Args = laneArgs{Lane: lane}
	}
	if _, err := p.river.InsertManyTx(ctx, tx, params); err != nil {
		return fmt.Errorf("schedule: %w", err)
	}
	return nil
}

// stampOf is a time for the database, where the zero time is none.
func stampOf(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// Unschedule implements [Queue].
func (p *Postgres) Unschedule(ctx context.Context, keys ...string) error {
	if len(keys) == 0 {
		return nil
	}
	if _, err := p.pool.Exec(ctx, `DELETE FROM jobs WHERE key = ANY($1)`, keys); err != nil {
		return fmt.Errorf("unschedule: %w", closedPool(err))
	}
	return nil
}

const jobColumns = `key, kind, lane, due, every_ms, fails, since, asked, again`

func scanJob(row pgx.CollectableRow) (j Job, err error) {
	var every int64
	var since, again *time.Time
	if err := row.Scan(&j.Key, &j.Kind, &j.Lane, &j.Due, &every, &j.Fails, &since, &j.Asked, &again); err != nil {
		return j, err
	}
	j.Due, j.Every = j.Due.UTC(), time.Duration(every)*time.Millisecond
	if since != nil {
		j.Since = since.UTC()
	}
	if again != nil {
		j.Again = again.UTC()
	}
	return j, nil
}

// Jobs implements [Queue].
func (p *Postgres) Jobs(ctx context.Context, prefix string) ([]Job, error) {
	rows, err := p.pool.Query(ctx, `SELECT `+jobColumns+` FROM jobs WHERE starts_with(key, $1) AND key >= $1 ORDER BY key`, prefix)
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", closedPool(err))
	}
	jobs, err := pgx.CollectRows(rows, scanJob)
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", closedPool(err))
	}
	return jobs, nil
}

// Run implements [Queue], with those of other processes on the same database.
func (p *Postgres) Run(ctx context.Context, handle func(context.Context, Job) (Job, error)) error {
	var moving bool
	if err := p.pool.QueryRow(ctx, `SELECT moving IS NOT NULL FROM meta`).Scan(&moving); err != nil {
		return fmt.Errorf("queue: %w", closedPool(err))
	}
	if moving {
		return errMoving
	}
	if err := p.mend(ctx); err != nil {
		return err
	}
	r := &lanes{p: p, handle: handle, ctx: ctx}
	workers := river.NewWorkers()
	river.AddWorker(workers, &laneWorker{lanes: r})
	river.AddWorker(workers, &planWorker{p: p})
	host, _ := os.Hostname() // only a name for people
	client, err := river.NewClient(riverpgxv5.New(p.pool), &river.Config{
		ID: fmt.Sprintf("%s-%d-%s", host, os.Getpid(), rand.Text()[:8]),
		Queues: map[string]river.QueueConfig{
			river.QueueDefault: {MaxWorkers: p.opts.Workers},
		},
		Workers: workers,
		PeriodicJobs: []*river.PeriodicJob{river.NewPeriodicJob(
			river.PeriodicInterval(time.Second),
			func() (river.JobArgs, *river.InsertOpts) { return planArgs{}, nil },
			&river.PeriodicJobOpts{RunOnStart: true},
		)},
		Logger:                      warnings(p.opts.Log),
		FetchCooldown:               20 * time.Millisecond,
		FetchPollInterval:           time.Second,
		JobTimeout:                  rescueAfter,
		RescueStuckJobsAfter:        rescueAfter,
		JobStuckThreshold:           stuckAfter,
		CompletedJobRetentionPeriod: tidyAfter,
		DiscardedJobRetentionPeriod: tidyAfter,
		CancelledJobRetentionPeriod: tidyAfter,
	})
	if err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { p.upkeep(ctx) })
	<-ctx.Done()
	wg.Wait()
	// What runs has ctx, and ends with it; River notes that it has.
	if err := client.Stop(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	return nil
}

// upkeep keeps the locks of this process alive, and the queue from a clock that
// was wrong.
func (p *Postgres) upkeep(ctx context.Context) {
	alive, hourly := time.NewTicker(5*time.Second), time.NewTicker(time.Hour)
	defer alive.Stop()
	defer hourly.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-alive.C:
			p.locks.check()
		case <-hourly.C:
			if err := p.mend(ctx); err != nil && ctx.Err() == nil {
				p.opts.Log.Warn("queue", "err", err)
			}
		}
	}
}

// mend brings back recurring jobs that a wrong clock has put too far off. One
// that fails may have been asked by its source to wait for a day.
func (p *Postgres) mend(ctx context.Context) error {
	_, err := p.pool.Exec(ctx, `UPDATE jobs SET due = now() + every_ms * interval '1 ms'
WHERE every_ms > 0 AND due > now() + interval '1 min' + GREATEST(every_ms * interval '1 ms', $1, CASE WHEN fails > 0 THEN interval '24 h' ELSE interval '0' END)`, lastPause)
	if err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	return nil
}

// warnings is a logger that hears only what a person must know: River tells of
// each start and stop.
func warnings(log *slog.Logger) *slog.Logger {
	return slog.New(&onlyWarnings{log.Handler()})
}

type onlyWarnings struct{ slog.Handler }

func (h *onlyWarnings) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && h.Handler.Enabled(ctx, l)
}

func (h *onlyWarnings) WithAttrs(as []slog.Attr) slog.Handler {
	return &onlyWarnings{h.Handler.WithAttrs(as)}
}

func (h *onlyWarnings) WithGroup(name string) slog.Handler {
	return &onlyWarnings{h.Handler.WithGroup(name)}
}
