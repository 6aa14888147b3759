//go:build !race

// Under the race detector it would take ten times as long; what runs side by side
// is in the other tests.

package monitor_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"testing"
	"testing/synctest"
	"time"

	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/sentiment"
	"github.com/puskaradio/puskaradio/store"
)

// A stroll is a source that says a little all the time, and is away now and
// then.
type stroll struct {
	start time.Time
	reads int
}

func (s *stroll) Fetch(_ context.Context, _ *crawler.Client, q crawler.Query) (crawler.Page, error) {
	if s.reads++; s.reads%50 == 0 {
		return crawler.Page{}, &crawler.FetchError{State: crawler.StateUnreachable, Err: fmt.Errorf("no answer")}
	}
	var page crawler.Page
	// One every half hour for a day back, so that each is read over and over.
	for at := q.Now.Truncate(30 * time.Minute); q.Now.Sub(at) < 24*time.Hour && at.After(s.start); at = at.Add(-30 * time.Minute) {
		n := at.Unix() / 1800
		text := fmt.Sprintf("fine number %d", n)
		if n%9 == 0 {
			text = fmt.Sprintf("bad number %d", n)
		}
		page.Mentions = append(page.Mentions, post(at, text))
		if n%336 < 4 { // a burst every week
			for i := range 6 {
				page.Mentions = append(page.Mentions, post(at.Add(-time.Duration(i)*time.Minute), fmt.Sprintf("bad delivery %d of %d", i, n)))
			}
		}
	}
	return page, nil
}

// descriptors counts the open files of this process; 0 where they cannot be
// seen.
func descriptors() int {
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(fds)
}

// TestTenThousandCycles crawls, detects, tells and sends digests for five weeks
// of five minutes each: what is open and what runs at the end is what was after
// the first days, and the heap and the files have not grown but for what they
// hold.
func TestTenThousandCycles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tk := &stroll{start: time.Now().Add(-20 * 24 * time.Hour)}
		dir := t.TempDir()
		sc := stage(t, dir, nil)
		defer sc.close(t)
		sc.plan.Sources[0].Connector = tk
		sc.plan.Keep = 5 * 24 * time.Hour // what is older goes at night, so that the store has a size of its own
		type state struct {
			goroutines, descriptors int
			heap                    uint64
			files                   int64
		}
		look := func() (s state) {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return state{runtime.NumGoroutine(), descriptors(), m.HeapAlloc >> 10, sizeOf(t, dir) >> 10}
		}
		sc.run(t, 7*24*time.Hour)
		early := look()
		sc.run(t, 28*24*time.Hour)
		late := look()
		if tk.reads < 10_000 {
			t.Errorf("%d cycles, want 10,000", tk.reads)
		}
		if late.goroutines > early.goroutines+5 || late.descriptors > early.descriptors {
			t.Errorf("%d goroutines and %d descriptors, after a week %d and %d", late.goroutines, late.descriptors, early.goroutines, early.descriptors)
		}
		if late.heap > early.heap+4096 || late.files > 2*early.files {
			t.Errorf("a heap of %d KiB and files of %d, after a week %d and %d", late.heap, late.files, early.heap, early.files)
		}
		alerts, err := sc.store.Alerts(t.Context(), "acme", tk.start, time.Now())
		if err != nil || len(alerts) == 0 || len(sc.slack.said("g")) < 30 {
			t.Errorf("%d alerts, %v, and %d digests in five weeks", len(alerts), err, len(sc.slack.said("g")))
		}
		t.Logf("%d cycles, %d alerts; after a week %+v, after five %+v", tk.reads, len(alerts), early, late)
	})
}

// mostStorm is how many MiB the program may take in a storm.
const mostStorm = 300

// TestTenThousandsOfBadPosts takes in a hundred thousand bad posts of the last
// ten minutes: one alert, and no more memory than a small machine has. How fast
// that is, [BenchmarkStorm] tells.
func TestTenThousandsOfBadPosts(t *testing.T) {
	model, err := sentiment.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	debug.FreeOSMemory()                                       // what tests before it have left
	took := weather(t, model, store.BoltOptions{NoSync: true}) // the disk takes time, and no memory
	if mb := took.peak >> 20; mb == 0 || mb > mostStorm {
		t.Errorf("it took %d MiB, want %d at most", mb, mostStorm)
	}
	t.Logf("%v, told after %v, %d MiB", took.all, took.told, took.peak>>20)
}

// sizeOf is the size of all files in a directory.
func sizeOf(t *testing.T, dir string) (n int64) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			n += info.Size()
		}
	}
	return n
}
