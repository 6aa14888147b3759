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

// TestManyCommits files one mention at a time, from several quarters in turn:
// the pieces of the index and of the references must not heap up.
func TestManyCommits(t *testing.T) {
	s := openBoltAt(t, t.TempDir())
	const n = 1000
	begin := time.Now()
	for i := range n {
		m := mention("acme", i)
		m.Published = noon.AddDate(0, 0, -i%200)
		commit(t, s, m)
	}
	t.Logf("%v a commit", time.Since(begin)/n)
	time.Sleep(100 * time.Millisecond)
	segs, runs, err := s.Pieces()
	if most := 3 * 8 * 8; err != nil || segs > most || runs > 4*8 {
		t.Errorf("%d segments, %d runs, %v after %d commits", segs, runs, err, n)
	}
	t.Logf("%d segments, %d runs", segs, runs)
	for i := range 200 { // what is known is found in all runs
		if st := commit(t, s, mention("acme", i*5)); st.Same != 1 {
			t.Fatalf("mention %d: %+v, want the same", i*5, st)
		}
	}
}

// TestBusyLane has a lane with many jobs that are due: those of others run
// beside it, and those that were taken off do not run.
func TestBusyLane(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := store.OpenBolt(t.TempDir(), &store.BoltOptions{NoSync: true, Workers: 4})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		now := time.Now()
		var jobs []store.Job
		for i := range 3000 {
			jobs = append(jobs, store.Job{Key: fmt.Sprintf("busy/%04d", i), Lane: "busy", Due: now.Add(-time.Hour)})
		}
		for i := range 20 {
			jobs = append(jobs, store.Job{Key: fmt.Sprint("other/", i), Due: now})
		}
		schedule(t, s, jobs...)
		ran := runFor(t, s, 90*time.Second, func(ctx context.Context, j store.Job) (store.Job, error) {
			if j.Key == "busy/0000" {
				if err := s.Unschedule(ctx, "other/19", "busy/0001"); err != nil {
					t.Error(err)
				}
			}
			time.Sleep(10 * time.Second)
			return store.Job{}, nil
		})
		for i := range 19 {
			if got := ran[fmt.Sprint("other/", i)]; len(got) != 1 {
				t.Errorf("other/%d ran at %v, want once", i, got)
			}
		}
		if len(ran["other/19"])+len(ran["busy/0001"]) != 0 || len(ran["busy/0002"]) != 1 {
			t.Errorf("after Unschedule: %v, %v, then %v", ran["other/19"], ran["busy/0001"], ran["busy/0002"])
		}
	})
}

// TestInterruptedKeepsItsAge: a delivery counts from when it was first due,
// however often the process is started again.
func TestInterruptedKeepsItsAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openBolt(t)
		begin := time.Now()
		schedule(t, s, store.Job{Key: "a", Due: begin})
		runFor(t, s, 5*time.Second, func(context.Context, store.Job) (store.Job, error) { return store.Job{}, errors.New("away") })
		before, _ := s.Jobs(t.Context(), "a")
		runFor(t, s, time.Minute, func(ctx context.Context, j store.Job) (store.Job, error) {
			<-ctx.Done()
			return j, ctx.Err()
		})
		after, err := s.Jobs(t.Context(), "a")
		if err != nil || len(after) != 1 || len(before) != 1 || after[0] != before[0] || !after[0].Since.Equal(begin) || after[0].Fails == 0 {
			t.Errorf("interrupted: %+v, %v, want %+v", after, err, before)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestClosed asks a store that is closed, while many still write.
func TestClosed(t *testing.T) {
	s := openBoltAt(t, t.TempDir())
	old := mention("acme", 1)
	old.Published = noon.AddDate(-1, 0, 0)
	commit(t, s, old)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				_, err := s.Commit(context.Background(), store.Crawl{Mentions: []puskaradio.Mention{mention("acme", 100*w+i)}})
				if err != nil {
					return
				}
			}
		})
	}
	time.Sleep(20 * time.Millisecond)
	begin := time.Now()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	if took := time.Since(begin); took > 30*time.Second {
		t.Errorf("closing took %v", took)
	}
	if _, _, err := s.Search(t.Context(), "toimitus", store.Filter{}); err == nil {
		t.Error("Search of a closed store gave no error")
	}
	again, err := store.OpenBolt(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = again.Close()
}

// TestReadersWhileEditing: a page is whole, whatever is edited under it.
func TestReadersWhileEditing(t *testing.T) {
	s := openBoltAt(t, t.TempDir())
	commit(t, s, mentions("acme", 40)...)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		defer cancel()
		for i := range 20 {
			ms := mentions("acme", 40)
			for j := range ms {
				ms[j].Text = fmt.Sprint("Toimitus muuttui ", i)
			}
			if _, err := s.Commit(context.Background(), store.Crawl{Mentions: ms}); err != nil {
				t.Errorf("Commit: %v", err)
			}
		}
	})
	for range 3 {
		wg.Go(func() {
			for ctx.Err() == nil {
				es, _, err := s.Mentions(context.Background(), store.Filter{Limit: 40})
				if err != nil || len(es) != 40 {
					t.Errorf("Mentions = %d, %v, want 40", len(es), err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestTooManyNames: the number of a source has two bytes.
func TestTooManyNames(t *testing.T) {
	s := openBoltAt(t, t.TempDir())
	commit(t, s, mention("acme", 0))
	s.SpendNames(65535)
	for _, tt := range []struct {
		source string
		ok     bool
	}{{"last", true}, {"one too many", false}, {"last", true}} {
		m := mention("acme", 1)
		m.Source = tt.source
		_, err := s.Commit(t.Context(), store.Crawl{Mentions: []puskaradio.Mention{m}})
		if (err == nil) != tt.ok {
			t.Errorf("Commit of source %q: %v", tt.source, err)
		}
	}
}
