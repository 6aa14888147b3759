package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// The queue of PostgreSQL runs by the clock on the wall and with River's
// goroutines, so it cannot be in the bubble of testQueue: here are the same
// promises within seconds, and those to other processes, for which two stores
// on one database stand.

// twoOf opens one database twice, as two processes do.
func twoOf(t *testing.T) [2]*store.Postgres {
	t.Helper()
	url := database(t)
	var both [2]*store.Postgres
	for i := range both {
		p, err := store.OpenPostgres(t.Context(), url, store.PostgresOptions{Zone: time.UTC})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		})
		both[i] = p
	}
	return both
}

// A run is one run of a job.
type run struct {
	key        string
	by         int // which store
	begin, end time.Duration
}

// runBoth runs both queues until done says so of the runs that have ended, or a
// minute is over.
func runBoth(t *testing.T, both [2]*store.Postgres, handle func(context.Context, store.Job) (store.Job, error), done func([]run) bool) []run {
	t.Helper()
	begin := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var mu sync.Mutex
	var runs []run
	var wg sync.WaitGroup
	for i, s := range both {
		wg.Go(func() {
			err := s.Run(ctx, func(ctx context.Context, j store.Job) (store.Job, error) {
				r := run{key: j.Key, by: i, begin: time.Since(begin)}
				next, err := handle(ctx, j)
				mu.Lock()
				defer mu.Unlock()
				r.end = time.Since(begin)
				if runs = append(runs, r); done(runs) {
					cancel()
				}
				return next, err
			})
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		})
	}
	wg.Wait()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Fatalf("after a minute only %v", runs)
	}
	slices.SortFunc(runs, func(a, b run) int { return int(a.begin - b.begin) })
	return runs
}

func once(_ context.Context, j store.Job) (store.Job, error) {
	j.Due = time.Time{}
	return j, nil
}

func countOf(runs []run, key string) (n int) {
	for _, r := range runs {
		if r.key == key {
			n++
		}
	}
	return n
}

func TestPostgresQueueRecurs(t *testing.T) {
	t.Parallel()
	both := twoOf(t)
	now := time.Now()
	schedule(t, both[0], store.Job{Key: "often", Kind: "x", Due: now, Every: 2 * time.Second}, store.Job{Key: "once", Kind: "x", Due: now.Add(time.Second)})
	runs := runBoth(t, both, func(_ context.Context, j store.Job) (store.Job, error) {
		j.Due = time.Time{}
		if j.Every > 0 {
			j.Due = time.Now().Add(j.Every)
		}
		return j, nil
	}, func(rs []run) bool { return countOf(rs, "often") == 3 })
	if n := countOf(runs, "once"); n != 1 {
		t.Errorf("what is to be done once was done %d times", n)
	}
	var last time.Duration
	for _, r := range runs {
		if r.key == "often" {
			if last > 0 && (r.begin-last < 2*time.Second || r.begin-last > 5*time.Second) {
				t.Errorf("again after %v, want 2 s and a planner's tick", r.begin-last)
			}
			last = r.begin
		}
	}
	jobs, err := both[1].Jobs(t.Context(), "")
	if err != nil || len(jobs) != 1 || jobs[0].Key != "often" || jobs[0].Every != 2*time.Second || jobs[0].Since.Before(now) {
		t.Errorf("left: %+v, %v", jobs, err)
	}
}

// Jobs of a lane run one after another in all processes, those of others at the
// same time.
func TestPostgresQueueLanes(t *testing.T) {
	t.Parallel()
	both := twoOf(t)
	var jobs []store.Job
	for i := range 12 {
		jobs = append(jobs, store.Job{Key: fmt.Sprintf("a/%02d", i), Kind: "x", Lane: "a", Due: time.Now()}, store.Job{Key: fmt.Sprintf("b/%02d", i), Kind: "x", Lane: "b", Due: time.Now()})
	}
	for i, j := range jobs { // by turns, as two processes would
		schedule(t, both[i%2], j)
	}
	schedule(t, both[0], store.Job{Key: "solo", Kind: "x", Due: time.Now()})
	runs := runBoth(t, both, func(ctx context.Context, j store.Job) (store.Job, error) {
		time.Sleep(100 * time.Millisecond)
		return once(ctx, j)
	}, func(rs []run) bool { return len(rs) == 25 })
	ends := map[byte]time.Duration{}
	side := 0 // times that one lane ran while the other did
	for _, r := range runs {
		lane := r.key[0]
		if r.begin < ends[lane] {
			t.Errorf("%s began at %v, before the one before it had ended at %v", r.key, r.begin, ends[lane])
		}
		if other := 'a' + 'b' - lane; r.begin < ends[other] {
			side++
		}
		ends[lane] = max(ends[lane], r.end)
	}
	if side == 0 {
		t.Error("the lanes waited for each other")
	}
	if took := runs[len(runs)-1].end; took > time.Minute {
		t.Errorf("it took %v", took)
	}
}

func TestPostgresQueueFails(t *testing.T) {
	t.Parallel()
	both := twoOf(t)
	now := time.Now()
	schedule(t, both[0], store.Job{Key: "fails", Kind: "x", Due: now}, store.Job{Key: "never", Kind: "x", Due: now},
		store.Job{Key: "later", Kind: "x", Due: now}, store.Job{Key: "never, but recurs", Kind: "x", Due: now, Every: time.Hour})
	runs := runBoth(t, both, func(ctx context.Context, j store.Job) (store.Job, error) {
		switch {
		case j.Key == "fails" && j.Fails < 2:
			return j, errors.New("not yet")
		case j.Key == "later":
			return j, &puskaradio.RetryError{After: time.Hour, Err: errors.New("slow down")}
		case j.Key != "fails":
			return j, &puskaradio.PermanentError{Err: errors.New("gone")}
		}
		return once(ctx, j)
	}, func(rs []run) bool { return countOf(rs, "fails") == 3 })
	var at []time.Duration
	for _, r := range runs {
		if r.key == "fails" {
			at = append(at, r.begin)
		}
	}
	if at[1]-at[0] < time.Second || at[2]-at[1] < 2*time.Second {
		t.Errorf("tried again at %v, want after 1 s and 2 s", at)
	}
	jobs, err := both[0].Jobs(t.Context(), "")
	if err != nil || len(jobs) != 2 {
		t.Fatalf("left: %+v, %v", jobs, err)
	}
	for i, want := range []struct {
		key string
		due time.Duration
	}{{"later", time.Hour}, {"never, but recurs", time.Hour}} {
		if j := jobs[i]; j.Key != want.key || j.Fails != 1 || j.Due.Before(now.Add(want.due)) {
			t.Errorf("left: %+v, want %s in %v", j, want.key, want.due)
		}
	}
}

// What is scheduled while it runs runs again, and what is taken off does not.
func TestPostgresQueueAgain(t *testing.T) {
	t.Parallel()
	both := twoOf(t)
	schedule(t, both[0], store.Job{Key: "again", Kind: "x", Due: time.Now()}, store.Job{Key: "off", Kind: "x", Due: time.Now(), Every: time.Second})
	var mu sync.Mutex
	first := true
	runs := runBoth(t, both, func(ctx context.Context, j store.Job) (store.Job, error) {
		if j.Key == "off" {
			if err := both[1].Unschedule(ctx, "off"); err != nil {
				t.Error(err)
			}
			j.Due = time.Now()
			return j, nil
		}
		mu.Lock()
		defer mu.Unlock()
		if first {
			first = false
			schedule(t, both[1], store.Job{Key: "again", Kind: "x", Due: time.Now()})
		}
		return once(ctx, j)
	}, func(rs []run) bool { return countOf(rs, "again") == 2 && countOf(rs, "off") > 0 })
	if n := countOf(runs, "off"); n != 1 {
		t.Errorf("what was taken off ran %d times", n)
	}
	if jobs, err := both[0].Jobs(t.Context(), ""); err != nil || len(jobs) != 0 {
		t.Errorf("left: %+v, %v", jobs, err)
	}
}

// Who is interrupted leaves the job as it was, and another process takes it.
func TestPostgresQueueInterrupted(t *testing.T) {
	t.Parallel()
	both := twoOf(t)
	due := time.Now().UTC().Truncate(time.Millisecond)
	schedule(t, both[0], store.Job{Key: "long", Kind: "x", Due: due})
	ctx, cancel := context.WithCancel(t.Context())
	if err := both[0].Run(ctx, func(ctx context.Context, j store.Job) (store.Job, error) {
		cancel()
		<-ctx.Done()
		return j, ctx.Err()
	}); err != nil {
		t.Fatal(err)
	}
	jobs, err := both[1].Jobs(t.Context(), "long")
	if err != nil || len(jobs) != 1 || jobs[0].Fails != 0 || !jobs[0].Due.Equal(due) {
		t.Fatalf("left: %+v, %v", jobs, err)
	}
	runBoth(t, [2]*store.Postgres{both[1], both[1]}, once, func(rs []run) bool { return len(rs) == 1 })
}

// A turn at a host is one process's at a time, and tells the next what it knows.
func TestPostgresTurns(t *testing.T) {
	t.Parallel()
	both := twoOf(t)
	first, err := both[0].Take(t.Context(), "a.example")
	if err != nil || !first.Last.IsZero() || !first.Held.IsZero() || first.Delay != 0 {
		t.Fatalf("the first turn: %+v, %v", first, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := both[1].Take(ctx, "a.example"); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("a second at the same time: %v", err)
	}
	if _, err := both[1].Take(t.Context(), "b.example"); err != nil {
		t.Fatalf("another host: %v", err)
	}
	asked := time.Now()
	both[0].Give("a.example", puskaradio.Turn{Last: asked, Held: asked.Add(time.Hour), Delay: 1500 * time.Millisecond})
	second, err := both[1].Take(t.Context(), "a.example")
	if err != nil || second.Last.Sub(asked).Abs() > 2*time.Second || second.Held.Sub(asked.Add(time.Hour)).Abs() > 2*time.Second || second.Delay != 1500*time.Millisecond {
		t.Fatalf("the second turn: %+v, %v; want what the first one left", second, err)
	}
	if second.Last.Before(asked) {
		t.Errorf("the last request is %v too early", asked.Sub(second.Last))
	}
	// It dies on the way: what it has asked is not known.
	if err := both[1].Close(); err != nil {
		t.Fatal(err)
	}
	died := time.Now()
	third, err := both[0].Take(t.Context(), "a.example")
	if err != nil || third.Last.Before(died) {
		t.Errorf("after a death: last %v before it, %v; want now", died.Sub(third.Last), err)
	}
}

// Who gives up waiting for a lock takes none from the others of its process.
func TestPostgresLocksOfThoseWhoWait(t *testing.T) {
	t.Parallel()
	both := twoOf(t)
	holding, release, err := both[0].Hold(t.Context(), "stream")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	for i := range 300 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*5*time.Microsecond)
		if _, err := both[0].Take(ctx, fmt.Sprint("host", i)); err == nil {
			both[0].Give(fmt.Sprint("host", i), puskaradio.Turn{})
		}
		cancel()
	}
	if err := holding.Err(); err != nil {
		t.Fatalf("what was held is lost: %v", context.Cause(holding))
	}
	if _, err := both[1].Take(t.Context(), "host299"); err != nil {
		t.Errorf("a host that was waited for: %v", err)
	}
}

// What one process holds no other does, until it lets go or is gone.
func TestPostgresHold(t *testing.T) {
	t.Parallel()
	both := twoOf(t)
	holding, release, err := both[0].Hold(t.Context(), "stream")
	if err != nil || holding.Err() != nil {
		t.Fatal(err, holding.Err())
	}
	ctx, cancel := context.WithTimeout(t.Context(), 1200*time.Millisecond)
	defer cancel()
	if _, _, err := both[1].Hold(ctx, "stream"); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("held twice: %v", err)
	}
	release()
	if holding.Err() == nil {
		t.Error("it was released, and its context goes on")
	}
	again, _, err := both[1].Hold(t.Context(), "stream")
	if err != nil {
		t.Fatal(err)
	}
	if err := both[1].Close(); err != nil {
		t.Fatal(err)
	}
	if again.Err() == nil {
		t.Error("its connection is gone, and its context goes on")
	}
}
