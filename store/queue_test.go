package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// testQueue is what every queue must do while it runs. Each test is an hour or
// more of the queue's clock.
func testQueue(t *testing.T, open func(t *testing.T) store.Store) {
	for name, test := range map[string]func(*testing.T, store.Store){
		"Recurs":      testRecurs,
		"BacksOff":    testBacksOff,
		"RetryAfter":  testRetryAfter,
		"Permanent":   testPermanent,
		"Lanes":       testLanes,
		"Again":       testAgain,
		"Interrupted": testInterrupted,
		"ClockJump":   testClockJump,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := open(t)
				defer s.Close()
				test(t, s)
			})
		})
	}
}

func TestBoltQueue(t *testing.T) {
	testQueue(t, func(t *testing.T) store.Store {
		s, err := store.OpenBolt(t.TempDir(), &store.BoltOptions{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

// runFor runs a queue for a time and gives when each job ran.
func runFor(t *testing.T, s store.Store, d time.Duration, handle func(context.Context, store.Job) (store.Job, error)) map[string][]time.Duration {
	t.Helper()
	begin := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	var mu sync.Mutex
	ran := map[string][]time.Duration{}
	err := s.Run(ctx, func(ctx context.Context, j store.Job) (store.Job, error) {
		mu.Lock()
		ran[j.Key] = append(ran[j.Key], time.Since(begin).Round(time.Second))
		mu.Unlock()
		return handle(ctx, j)
	})
	if err != nil {
		t.Fatalf("Run: %v", err)
	}
	return ran
}

func schedule(t *testing.T, s store.Queue, jobs ...store.Job) {
	t.Helper()
	if err := s.Schedule(t.Context(), jobs...); err != nil {
		t.Fatal(err)
	}
}

func testRecurs(t *testing.T, s store.Store) {
	now := time.Now()
	schedule(t, s, store.Job{Key: "a", Due: now, Every: 10 * time.Minute}, store.Job{Key: "once", Due: now.Add(time.Minute)})
	ran := runFor(t, s, time.Hour-time.Second, func(_ context.Context, j store.Job) (store.Job, error) {
		j.Due = time.Time{}
		if j.Every > 0 {
			j.Due = time.Now().Add(j.Every)
		}
		return j, nil
	})
	if len(ran["a"]) != 6 || len(ran["once"]) != 1 || ran["once"][0] != time.Minute {
		t.Errorf("ran %v, want a six times and once after a minute", ran)
	}
	if jobs, _ := s.Jobs(t.Context(), ""); len(jobs) != 1 {
		t.Errorf("left: %v, want the recurring one", jobs)
	}
}

func testBacksOff(t *testing.T, s store.Store) {
	schedule(t, s, store.Job{Key: "a", Due: time.Now()})
	fails := 0
	ran := runFor(t, s, 2*time.Hour, func(_ context.Context, j store.Job) (store.Job, error) {
		if j.Fails != fails {
			t.Errorf("Fails = %d, want %d", j.Fails, fails)
		}
		fails++
		return j, errors.New("no answer")
	})["a"]
	for i := 1; i < len(ran); i++ {
		want := min(15*time.Minute, time.Second<<(i-1))
		if gap := ran[i] - ran[i-1]; gap < want || gap > want+time.Minute {
			t.Errorf("pause %d = %v, want %v", i, gap, want)
		}
	}
	if len(ran) < 12 || len(ran) > 20 {
		t.Errorf("ran %d times in two hours", len(ran))
	}
}

func testRetryAfter(t *testing.T, s store.Store) {
	schedule(t, s, store.Job{Key: "a", Due: time.Now()})
	ran := runFor(t, s, 2*time.Hour, func(_ context.Context, j store.Job) (store.Job, error) {
		return j, fmt.Errorf("wrapped: %w", &puskaradio.RetryError{After: 50 * time.Minute, Err: errors.New("later")})
	})["a"]
	if len(ran) != 3 || ran[1] < 50*time.Minute {
		t.Errorf("ran at %v, want every 50 minutes", ran)
	}
}

func testPermanent(t *testing.T, s store.Store) {
	schedule(t, s, store.Job{Key: "once", Due: time.Now()}, store.Job{Key: "recurs", Due: time.Now(), Every: time.Hour})
	ran := runFor(t, s, 90*time.Minute, func(_ context.Context, j store.Job) (store.Job, error) {
		return j, &puskaradio.PermanentError{Err: errors.New("gone")}
	})
	if len(ran["once"]) != 1 || len(ran["recurs"]) != 2 {
		t.Errorf("ran %v, want once one time, and recurs every hour", ran)
	}
}

func testLanes(t *testing.T, s store.Store) {
	for i := range 40 {
		schedule(t, s, store.Job{Key: fmt.Sprint("j", i), Lane: fmt.Sprint("lane", i%2), Due: time.Now()})
	}
	var mu sync.Mutex
	in, most := map[string]int{}, 0
	ran := runFor(t, s, time.Hour, func(_ context.Context, j store.Job) (store.Job, error) {
		mu.Lock()
		in[j.Lane]++
		if in[j.Lane] > 1 {
			t.Errorf("two jobs in %s", j.Lane)
		}
		most = max(most, in["lane0"]+in["lane1"])
		mu.Unlock()
		time.Sleep(time.Minute)
		mu.Lock()
		in[j.Lane]--
		mu.Unlock()
		return store.Job{}, nil
	})
	if len(ran) != 40 || most != 2 {
		t.Errorf("%d jobs ran, %d lanes at a time; want 40 and 2", len(ran), most)
	}
}

// testAgain schedules a job while it runs: it must run once more.
func testAgain(t *testing.T, s store.Store) {
	schedule(t, s, store.Job{Key: "a", Due: time.Now()})
	n := 0
	ran := runFor(t, s, time.Hour, func(ctx context.Context, j store.Job) (store.Job, error) {
		if n++; n == 1 {
			if err := s.Schedule(ctx, store.Job{Key: "a", Due: time.Now()}); err != nil {
				t.Error(err)
			}
		}
		return store.Job{}, nil
	})["a"]
	if len(ran) != 2 {
		t.Errorf("ran %d times, want twice", len(ran))
	}
}

func testInterrupted(t *testing.T, s store.Store) {
	schedule(t, s, store.Job{Key: "a", Due: time.Now()})
	runFor(t, s, time.Minute, func(ctx context.Context, j store.Job) (store.Job, error) {
		<-ctx.Done()
		return j, context.Cause(ctx)
	})
	jobs, err := s.Jobs(t.Context(), "a")
	if err != nil || len(jobs) != 1 || jobs[0].Fails != 0 || jobs[0].Due.After(time.Now()) {
		t.Errorf("after an interruption: %+v, %v, want it due and not failed", jobs, err)
	}
}

// testClockJump is a machine whose clock was ten years ahead for a while.
func testClockJump(t *testing.T, s store.Store) {
	schedule(t, s, store.Job{Key: "a", Due: time.Now().AddDate(10, 0, 0), Every: 10 * time.Minute})
	ran := runFor(t, s, time.Hour, func(_ context.Context, j store.Job) (store.Job, error) {
		j.Due = time.Now().Add(j.Every)
		return j, nil
	})["a"]
	if len(ran) < 5 {
		t.Errorf("ran %d times in an hour, want it not to wait for ten years", len(ran))
	}
}
