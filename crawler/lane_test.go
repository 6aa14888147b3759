package crawler

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/puskaradio/puskaradio"
)

// Three hosts, hundreds of targets, many workers: no gap below a host's
// delay, as the hosts see it, and never two requests at once.
func TestNoGapBelowTheDelay(t *testing.T) {
	type host struct {
		mu      sync.Mutex
		arrived []time.Time
		inside  atomic.Int64
	}
	delays := map[string]time.Duration{"127.0.0.1": 8 * time.Millisecond, "127.0.0.2": 15 * time.Millisecond, "127.0.0.3": 5 * time.Millisecond}
	hosts, bases := map[string]*host{}, []string{}
	for address := range delays {
		h := &host{}
		hosts[address] = h
		srv := far(t, address, func(w http.ResponseWriter, r *http.Request) {
			now := time.Now()
			if h.inside.Add(1) > 1 {
				t.Errorf("%s: two requests at once", address)
			}
			defer h.inside.Add(-1)
			h.mu.Lock()
			h.arrived = append(h.arrived, now)
			n := len(h.arrived)
			h.mu.Unlock()
			switch {
			case r.URL.Path == "/robots.txt" && address == "127.0.0.3":
				w.Write([]byte("User-agent: *\nCrawl-delay: 0.012\n"))
			case n%7 == 0:
				time.Sleep(3 * time.Millisecond)
			case n%11 == 0:
				w.WriteHeader(http.StatusNotFound)
			case n%13 == 0 && address == "127.0.0.1":
				http.Redirect(w, r, "/moved", http.StatusFound)
			}
		})
		bases = append(bases, srv.URL)
	}
	c := local(t, bases...)
	c.Delays, c.Patience = delays, time.Minute
	work := make(chan string)
	var wg sync.WaitGroup
	for range 24 {
		wg.Go(func() {
			for address := range work {
				if _, err := c.Fetch(t.Context(), Request{URL: address}); err != nil && StateOf(err) != StateGone {
					t.Error(err)
				}
			}
		})
	}
	for i := range 300 {
		work <- fmt.Sprintf("%s/%d", bases[i%3], i)
	}
	close(work)
	wg.Wait()
	delays["127.0.0.3"] = 12 * time.Millisecond // its Crawl-delay
	for address, h := range hosts {
		least := time.Hour
		from := 1
		if address == "127.0.0.3" {
			from = 2 // nobody knows it before robots.txt is read
		}
		for i := from; i < len(h.arrived); i++ {
			least = min(least, h.arrived[i].Sub(h.arrived[i-1]))
		}
		if least < delays[address] || len(h.arrived) < 100 {
			t.Errorf("%s: %d requests, the least gap was %v, want %v", address, len(h.arrived), least, delays[address])
		}
		t.Logf("%s: %d requests, the least gap was %v of %v", address, len(h.arrived), least, delays[address])
	}
}

func TestAdaptiveDelay(t *testing.T) {
	c := &Client{Delay: time.Second, MaxDelay: 10 * time.Second}
	steps := []struct {
		latency time.Duration
		ok      bool
		limited bool
		want    time.Duration
	}{
		{200 * time.Millisecond, true, false, time.Second},      // never below the configured
		{4 * time.Second, true, false, 4 * time.Second},         // up at once
		{2 * time.Second, true, false, 3 * time.Second},         // down by the mean
		{100 * time.Millisecond, false, false, 3 * time.Second}, // an error does not make it faster
		{5 * time.Second, false, false, 5 * time.Second},        // but may make it slower
		{0, false, true, 10 * time.Second},                      // 429 doubles
		{time.Minute, true, false, 10 * time.Second},            // never above the most
		{0, true, false, 5 * time.Second},
		{0, true, false, 2500 * time.Millisecond},
		{0, true, false, 1250 * time.Millisecond},
		{0, true, false, time.Second},
	}
	l := c.lane("a.example")
	for i, s := range steps {
		l.slot <- struct{}{}
		l.leave(outcome{began: time.Now(), latency: s.latency, ok: s.ok, limited: s.limited})
		if l.delay != s.want {
			t.Errorf("step %d: delay = %v, want %v", i, l.delay, s.want)
		}
	}
}

func TestLaneWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &Client{Delay: 5 * time.Second}
		l := c.lane("a.example")
		start := time.Now()
		turn := func(want time.Duration, o outcome) {
			t.Helper()
			if err := l.enter(t.Context(), c.patience()); err != nil {
				t.Fatal(err)
			}
			if got := time.Since(start); got != want {
				t.Errorf("turn after %v, want %v", got, want)
			}
			o.began = time.Now()
			l.leave(o)
		}
		turn(0, outcome{ok: true})
		turn(5*time.Second, outcome{ok: true})
		l.slower(20 * time.Second)
		turn(25*time.Second, outcome{ok: true, hold: 100 * time.Second})
		turn(125*time.Second, outcome{ok: true})
		l.slower(0)
		turn(130*time.Second, outcome{hold: 10 * time.Minute})

		err := l.enter(t.Context(), c.patience())
		if re, ok := errors.AsType[*puskaradio.RetryError](err); !ok || re.After != 10*time.Minute || StateOf(err) != StateLimited {
			t.Errorf("enter of a lane that is held = %v, want to retry after 10 minutes", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := l.enter(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 131*time.Second {
			t.Errorf("enter = %v after %v, want the deadline after 131 s", err, time.Since(start))
		}
		turn2 := l.enter(t.Context(), time.Hour) // the slot was given back
		if turn2 != nil || time.Since(start) != 730*time.Second {
			t.Errorf("enter = %v after %v", turn2, time.Since(start))
		}
		// While that request is on its way, others wait, but not for ever.
		err = l.enter(t.Context(), time.Minute)
		if _, ok := errors.AsType[*puskaradio.RetryError](err); !ok || time.Since(start) != 790*time.Second {
			t.Errorf("enter of a busy lane = %v after %v", err, time.Since(start))
		}
	})
}

// A long queue is answered at once: its end would be beyond all patience.
func TestQueueBeyondPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &Client{Delay: 5 * time.Second, Patience: 30 * time.Second}
		var mu sync.Mutex
		var turns []time.Duration
		refused := 0
		start := time.Now()
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				l := c.lane("a.example")
				defer l.drop()
				err := l.enter(t.Context(), c.patience())
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					refused++
					return
				}
				turns = append(turns, time.Since(start))
				l.leave(outcome{began: time.Now(), ok: true})
			})
		}
		wg.Wait()
		slices.Sort(turns)
		if len(turns) < 6 || len(turns)+refused != 20 {
			t.Errorf("%d turns, %d refused", len(turns), refused)
		}
		for i, at := range turns {
			if at != time.Duration(i)*5*time.Second {
				t.Errorf("turn %d after %v", i, at)
			}
		}
	})
}

func TestLimited(t *testing.T) {
	var status atomic.Int64
	var after atomic.Value
	after.Store("")
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if s := after.Load().(string); s != "" {
			w.Header().Set("Retry-After", s)
		}
		w.WriteHeader(int(status.Load()))
	})
	for _, tt := range []struct {
		status int
		after  string
		state  string
		retry  bool
		least  time.Duration
	}{
		{429, "120", StateLimited, true, 119 * time.Second},
		{503, "30", StateLimited, true, 29 * time.Second},
		{503, "", StateLimited, true, 0},
		{429, "soon", StateLimited, true, 0},
		{429, "-5", StateLimited, true, 0},
		{429, "999999999999", StateLimited, true, 23 * time.Hour},
		{500, "", StateUnreachable, false, 0},
		{502, "60", StateUnreachable, true, 59 * time.Second},
		{403, "60", StateLimited, true, 59 * time.Second},
	} {
		status.Store(int64(tt.status))
		after.Store(tt.after)
		c := local(t, srv.URL)
		c.Delay = 10 * time.Millisecond
		_, err := c.Fetch(t.Context(), Request{URL: srv.URL, API: true})
		re, ok := errors.AsType[*puskaradio.RetryError](err)
		if ok != tt.retry || StateOf(err) != tt.state {
			t.Errorf("%d, Retry-After %q: %v (%s), want %s, retry %v", tt.status, tt.after, err, StateOf(err), tt.state, tt.retry)
			continue
		}
		if ok && (re.After < tt.least || re.After > maxHold || re.After <= 0) {
			t.Errorf("%d, Retry-After %q: after %v, want at least %v", tt.status, tt.after, re.After, tt.least)
		}
		if tt.least > 0 && tt.least < time.Minute {
			c2 := c.lane("127.0.0.1")
			if wait := time.Until(c2.held); wait < tt.least-time.Second {
				t.Errorf("the lane is held for %v, want %v", wait, tt.least)
			}
			c2.drop()
		}
	}
}

// A host that fails again and again is left alone, and every answer meanwhile
// says what was wrong with it.
func TestBreaker(t *testing.T) {
	var hits, ok atomic.Int64
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		switch {
		case strings.HasPrefix(r.URL.Path, "/gone"):
			w.WriteHeader(http.StatusNotFound)
		case ok.Load() == 0:
			w.WriteHeader(http.StatusForbidden)
		}
	})
	c := local(t, srv.URL)
	c.Rest = 300 * time.Millisecond
	fetch := func(path string) error {
		_, err := c.Fetch(t.Context(), Request{URL: srv.URL + path, API: true})
		return err
	}
	for range 10 {
		if err := fetch("/gone"); StateOf(err) != StateGone {
			t.Fatalf("Fetch = %v, want gone", err)
		}
	}
	hits.Store(0)
	for i := range 8 {
		err := fetch("/")
		_, retry := errors.AsType[*puskaradio.RetryError](err)
		if StateOf(err) != StateRefused || retry != (i >= 5) {
			t.Errorf("Fetch #%d = %v (%s), want refused, retry %v", i, err, StateOf(err), i >= 5)
		}
	}
	if hits.Load() != 5 {
		t.Errorf("%d requests, want 5", hits.Load())
	}
	ok.Store(1)
	time.Sleep(c.Rest + 20*time.Millisecond)
	for range 3 {
		if err := fetch("/"); err != nil {
			t.Errorf("Fetch after the rest = %v", err)
		}
	}
}

func TestLanesAreForgotten(t *testing.T) {
	c := &Client{}
	for i := range 5000 {
		l := c.lane(fmt.Sprintf("%d.example", i))
		l.last = time.Now().Add(-2 * time.Hour)
		l.drop()
	}
	if n := len(c.lanes.m); n > 4096 {
		t.Errorf("%d lanes are kept", n)
	}
}
