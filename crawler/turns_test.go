package crawler

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/puskaradio/puskaradio"
)

// cluster is what processes share, kept in memory: one way to each host, and
// what the last one on it has said.
type cluster struct {
	mu    sync.Mutex
	ways  map[string]chan struct{}
	turns map[string]puskaradio.Turn
	fault error
}

func (c *cluster) way(host string) chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ways[host] == nil {
		c.ways[host] = make(chan struct{}, 1)
	}
	return c.ways[host]
}

func (c *cluster) Take(ctx context.Context, host string) (puskaradio.Turn, error) {
	if c.fault != nil {
		return puskaradio.Turn{}, c.fault
	}
	select {
	case c.way(host) <- struct{}{}:
	case <-ctx.Done():
		return puskaradio.Turn{}, context.Cause(ctx)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.turns[host], nil
}

func (c *cluster) Give(host string, t puskaradio.Turn) {
	c.mu.Lock()
	c.turns[host] = t
	c.mu.Unlock()
	<-c.way(host)
}

func newCluster() *cluster {
	return &cluster{ways: map[string]chan struct{}{}, turns: map[string]puskaradio.Turn{}}
}

func TestProcessesShareALane(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := newCluster()
		var mu sync.Mutex
		var at []time.Duration
		start := time.Now()
		var wg sync.WaitGroup
		for range 3 {
			c := &Client{Delay: time.Second, Patience: time.Hour, Turns: shared}
			for range 4 {
				wg.Go(func() {
					l := c.lane("a.example")
					defer l.drop()
					if err := l.enter(t.Context(), c.patience()); err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					at = append(at, time.Since(start))
					mu.Unlock()
					time.Sleep(300 * time.Millisecond) // until it answers
					l.leave(outcome{began: time.Now(), latency: 300 * time.Millisecond, ok: true})
				})
			}
		}
		wg.Wait()
		slices.Sort(at)
		for i, got := range at {
			if want := time.Duration(i) * 1300 * time.Millisecond; got != want {
				t.Errorf("request %d after %v, want %v", i, got, want)
			}
		}
	})
}

// What one process is told by a host holds for the others.
func TestProcessesShareWhatAHostWants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := newCluster()
		one, two := &Client{Delay: time.Second, Turns: shared}, &Client{Delay: time.Second, Turns: shared}
		l := one.lane("a.example")
		if err := l.enter(t.Context(), one.patience()); err != nil {
			t.Fatal(err)
		}
		l.leave(outcome{began: time.Now(), hold: time.Hour, latency: 8 * time.Second})

		err := two.lane("a.example").enter(t.Context(), two.patience())
		if re, ok := errors.AsType[*puskaradio.RetryError](err); !ok || re.After != time.Hour || StateOf(err) != StateLimited {
			t.Fatalf("the other process: %v, want to come back in an hour", err)
		}
		time.Sleep(time.Hour)
		if err := two.lane("a.example").enter(t.Context(), two.patience()); err != nil {
			t.Fatal(err)
		}
		if got := two.lane("a.example").delay; got != 8*time.Second {
			t.Errorf("delay = %v, want that of the other process, 8 s", got)
		}
		// It has the way: the first one waits no longer than its patience.
		begin := time.Now()
		err = one.lane("a.example").enter(t.Context(), time.Minute)
		if _, ok := errors.AsType[*puskaradio.RetryError](err); !ok || time.Since(begin) != time.Minute {
			t.Errorf("a way that is taken: %v after %v, want to come back, after a minute", err, time.Since(begin))
		}
	})
}

// Who cannot ask the others does not ask the host.
func TestNoTurnNoRequest(t *testing.T) {
	shared := newCluster()
	shared.fault = errors.New("the database is away")
	c := &Client{Delay: time.Second, Turns: shared}
	for range 2 { // the lane is free again after the first
		err := c.lane("a.example").enter(t.Context(), time.Minute)
		if _, ok := errors.AsType[*puskaradio.RetryError](err); !ok || !errors.Is(err, shared.fault) {
			t.Fatalf("enter = %v, want to come back because of %v", err, shared.fault)
		}
	}
}
