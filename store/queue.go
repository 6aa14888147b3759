package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"github.com/puskaradio/puskaradio"
)

func dueKey(j *Job) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(j.Due.UnixMilli())), j.Key...)
}

// Schedule implements [Queue].
func (s *Bolt) Schedule(ctx context.Context, jobs ...Job) error {
	return s.update(ctx, 1, func(b *batch) error { return b.schedule(jobs) })
}

func (b *batch) schedule(jobs []Job) error {
	for _, j := range jobs {
		var have Job
		switch err := getJSON(b.tx.Bucket([]byte("j")), []byte(j.Key), &have); {
		case errors.Is(err, puskaradio.ErrNotFound):
			j.Since = cmp.Or(j.Since, j.Due)
			if err := b.putJob(nil, &j); err != nil {
				return err
			}
			continue
		case err != nil:
			return fmt.Errorf("job %s: %w", j.Key, err)
		}
		next := have
		next.Every, next.Lane = j.Every, j.Lane
		next.Asked, next.Again = have.Asked+1, j.Due
		if j.Due.Before(have.Due) {
			next.Due = j.Due
		}
		if err := b.putJob(&have, &next); err != nil {
			return err
		}
	}
	return nil
}

// putJob replaces a job by another of the same key, or by none.
func (b *batch) putJob(was, is *Job) error {
	jobs, due := b.tx.Bucket([]byte("j")), b.tx.Bucket([]byte("o"))
	b.wake = true
	if was != nil {
		if err := due.Delete(dueKey(was)); err != nil {
			return err
		}
	}
	if is == nil {
		return jobs.Delete([]byte(was.Key))
	}
	*is = is.rounded()
	if err := due.Put(dueKey(is), []byte(is.Lane)); err != nil {
		return err
	}
	return putJSON(jobs, []byte(is.Key), is)
}

// Unschedule implements [Queue].
func (s *Bolt) Unschedule(ctx context.Context, keys ...string) error {
	return s.update(ctx, 1, func(b *batch) error {
		for _, key := range keys {
			var have Job
			err := getJSON(b.tx.Bucket([]byte("j")), []byte(key), &have)
			if errors.Is(err, puskaradio.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if err := b.putJob(&have, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// Jobs implements [Queue].
func (s *Bolt) Jobs(ctx context.Context, prefix string) (out []Job, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte("j")).Cursor()
		for k, v := c.Seek([]byte(prefix)); k != nil && bytes.HasPrefix(k, []byte(prefix)); k, v = c.Next() {
			var j Job
			if err := json.Unmarshal(v, &j); err != nil {
				return fmt.Errorf("job %s: %w", k, err)
			}
			out = append(out, j)
		}
		return nil
	})
	return out, err
}

// A runner is what [Bolt.Run] knows while it runs.
type runner struct {
	s       *Bolt
	handle  func(context.Context, Job) (Job, error)
	free    chan struct{}
	changed chan struct{} // a job has ended

	mu      sync.Mutex
	running map[string]bool // keys
	lanes   map[string]bool
	held    map[string]time.Time // what could not be put back, and until when it waits
}

// Run implements [Queue]. It goes by the clock of the machine. What is due is
// found by reading; only what a job leaves is written, for every write waits
// for the disk.
func (s *Bolt) Run(ctx context.Context, handle func(context.Context, Job) (Job, error)) error {
	r := &runner{
		s: s, handle: handle,
		free:    make(chan struct{}, cmp.Or(s.opts.Workers, 16)),
		changed: make(chan struct{}, 1),
		running: map[string]bool{}, lanes: map[string]bool{}, held: map[string]time.Time{},
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	err := s.view(ctx, func(tx *bbolt.Tx) error {
		if tx.Bucket([]byte("meta")).Get([]byte("moving")) != nil {
			return errMoving
		}
		return nil
	})
	if err != nil {
		return err
	}
	last := time.Now()
	if err := r.mend(ctx, last); err != nil {
		return err
	}
	for {
		now := time.Now()
		if wall, real := now.Round(0).Sub(last.Round(0)), now.Sub(last); (wall - real).Abs() > time.Minute {
			if err := r.mend(ctx, now); err != nil { // somebody has set the clock
				return err
			}
		}
		last = now
		jobs, next, err := r.due(ctx, now)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("queue: %w", err)
		}
		for _, j := range jobs {
			r.begin(j)
			wg.Go(func() {
				r.run(ctx, j)
				r.end(j)
			})
		}
		timer := time.NewTimer(min(max(next.Sub(now), time.Millisecond), time.Minute))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		case <-s.wake:
		case <-r.changed:
		}
		timer.Stop()
	}
}

// due lists what is due and not running, no more than can begin at once, and
// when the next one will be. What is in a busy lane is passed by unread: there
// may be many of it.
func (r *runner) due(ctx context.Context, now time.Time) (jobs []Job, next time.Time, err error) {
	next = now.Add(time.Minute)
	r.mu.Lock()
	defer r.mu.Unlock()
	lanes := map[string]bool{}
	err = r.s.view(ctx, func(tx *bbolt.Tx) error {
		all := tx.Bucket([]byte("j"))
		c := tx.Bucket([]byte("o")).Cursor()
		for k, lane := c.First(); k != nil && len(jobs) < cap(r.free)-len(r.free); k, lane = c.Next() {
			if at := time.UnixMilli(int64(binary.BigEndian.Uint64(k))); at.After(now) {
				next = minTime(next, at)
				return nil
			}
			key := k[8:]
			if r.running[string(key)] || len(lane) > 0 && (r.lanes[string(lane)] || lanes[string(lane)]) {
				continue
			}
			if until, ok := r.held[string(key)]; ok {
				if until.After(now) {
					next = minTime(next, until)
					continue
				}
				delete(r.held, string(key))
			}
			var j Job
			if err := getJSON(all, key, &j); err != nil {
				return fmt.Errorf("job %s: %w", key, err)
			}
			if j.Lane != "" && (r.lanes[j.Lane] || lanes[j.Lane]) {
				continue
			}
			lanes[j.Lane] = true
			jobs = append(jobs, j)
		}
		return nil
	})
	return jobs, next, err
}

func minTime(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// begin takes a place for a job that due gave. Only the one who calls it
// does, so that there is one.
func (r *runner) begin(j Job) {
	r.free <- struct{}{}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running[j.Key], r.lanes[j.Lane] = true, true
}

func (r *runner) end(j Job) {
	r.mu.Lock()
	delete(r.running, j.Key)
	delete(r.lanes, j.Lane)
	r.mu.Unlock()
	<-r.free
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

func (r *runner) run(ctx context.Context, j Job) {
	next, err := r.handle(ctx, j)
	if ctx.Err() != nil && err != nil {
		return // interrupted is not failed: it is there as it was, and due
	}
	next = after(j, next, err, time.Now())
	// ctx may be done; the job must go back.
	err = r.s.update(context.WithoutCancel(ctx), 1, func(b *batch) error {
		var have Job
		if err := getJSON(b.tx.Bucket([]byte("j")), []byte(j.Key), &have); err != nil {
			if errors.Is(err, puskaradio.ErrNotFound) {
				return nil // taken off meanwhile
			}
			return err
		}
		next := settled(j, have, next)
		if next.Due.IsZero() {
			return b.putJob(&have, nil)
		}
		return b.putJob(&have, &next)
	})
	if err != nil { // it stays due; but on a full disk nothing may run without a pause
		r.mu.Lock()
		r.held[j.Key] = time.Now().Add(heldFor)
		r.mu.Unlock()
	}
}

// settled is what a job is to be after a run that makes it next, where it has
// changed meanwhile: j is as it was then, have as it is.
func settled(j, have, next Job) Job {
	next.Every, next.Lane, next.Asked, next.Again = have.Every, have.Lane, have.Asked, have.Again
	if have.Asked != j.Asked && (next.Due.IsZero() || have.Again.Before(next.Due)) {
		next.Due = have.Again // somebody wants it again
	}
	return next
}

// The pauses after a failure.
const (
	firstPause = time.Second
	lastPause  = 15 * time.Minute
	heldFor    = time.Minute // what could not be written down
)

// after is what a job is to be after a run.
func after(j, next Job, err error, now time.Time) Job {
	if err == nil {
		next.Fails, next.Since = 0, now.UTC()
		return next
	}
	next = j
	next.Fails++
	pause := min(lastPause, firstPause<<min(j.Fails, 20))
	if retry, ok := errors.AsType[*puskaradio.RetryError](err); ok {
		pause = max(pause, retry.After) // who says "in a second" for hours is not asked every second
	}
	next.Due = now.Add(pause)
	if _, ok := errors.AsType[*puskaradio.PermanentError](err); ok {
		next.Due = time.Time{}
		if j.Every > 0 {
			next.Due = now.Add(j.Every)
		}
	}
	return next
}

// mend brings back recurring jobs that a wrong clock has put too far off.
func (r *runner) mend(ctx context.Context, now time.Time) error {
	jobs, err := r.s.Jobs(ctx, "")
	if err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	var far []Job
	for _, j := range jobs {
		limit := max(j.Every, lastPause)
		if j.Fails > 0 { // a source may have asked for as much
			limit = max(limit, 24*time.Hour)
		}
		if j.Every > 0 && j.Due.Sub(now) > limit+time.Minute {
			far = append(far, j)
		}
	}
	if len(far) == 0 {
		return nil
	}
	return r.s.update(ctx, 1, func(b *batch) error {
		for _, was := range far {
			is := was
			is.Due = now.Add(was.Every)
			if err := b.putJob(&was, &is); err != nil {
				return err
			}
		}
		return nil
	})
}
