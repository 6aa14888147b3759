package crawler

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/puskaradio/puskaradio"
)

// maxHold is the longest time that a host can make us stay away by one answer.
const maxHold = 24 * time.Hour

// lanes are the lanes of all hosts that were asked lately.
type lanes struct {
	mu sync.Mutex
	m  map[string]*lane
}

// Turns are how several processes keep one lane for each host between them.
type Turns interface {
	// Take waits until no other process is on the way to the host, takes the
	// way and gives what is known of the host. Where the last one who took it
	// has died on it, Last is now, for nobody knows what that one has asked.
	Take(ctx context.Context, host string) (puskaradio.Turn, error)
	// Give gives the way back. Where that cannot be said, the next one waits as
	// after one who has died.
	Give(host string, t puskaradio.Turn)
}

// errNoFault tells the breaker that an exchange says nothing of the host.
var errNoFault = errors.New("no fault of the host")

// A lane is the way to one host. One request is on it at a time, and between
// the answer to one and the start of the next passes at least the gap: so two
// requests never arrive closer than that, whatever the network does.
type lane struct {
	host    string
	least   time.Duration // as configured
	most    time.Duration // that delay may become
	slot    chan struct{} // holds one item while a request is on the lane
	turns   Turns         // of other processes; may be nil
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]

	mu    sync.Mutex
	users int           // that wait or are on the lane
	delay time.Duration // adapted to how fast the host answers
	floor time.Duration // Crawl-delay
	last  time.Time     // when the last answer began
	held  time.Time     // the host wants no request before
	opens time.Time     // when the breaker lets one try
	state string        // of the last failure
}

// lane finds the lane of a host and makes the caller a user of it; who is
// done calls drop.
func (c *Client) lane(host string) *lane {
	c.lanes.mu.Lock()
	defer c.lanes.mu.Unlock()
	if c.lanes.m == nil {
		c.lanes.m = map[string]*lane{}
	}
	l := c.lanes.m[host]
	if l == nil {
		if len(c.lanes.m) >= 4096 {
			c.lanes.sweep(time.Now())
		}
		l = c.newLane(host)
		c.lanes.m[host] = l
	}
	l.mu.Lock()
	l.users++
	l.mu.Unlock()
	return l
}

func (c *Client) newLane(host string) *lane {
	l := &lane{host: host, least: c.delay(host), slot: make(chan struct{}, 1), turns: c.Turns}
	l.most = max(l.least, cmp.Or(c.MaxDelay, time.Minute))
	l.delay = l.least
	rest := cmp.Or(c.Rest, 5*time.Minute)
	l.breaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name:        host,
		Timeout:     rest,
		ReadyToTrip: func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= 5 },
		IsExcluded: func(err error) bool {
			return err == errNoFault
		},
		OnStateChange: func(_ string, _, to gobreaker.State) {
			if to == gobreaker.StateOpen {
				l.mu.Lock()
				l.opens = time.Now().Add(rest)
				l.mu.Unlock()
			}
		},
	})
	return l
}

// sweep forgets the lanes that remember nothing: nobody is on them, and a new
// lane would let the next request go at the same time.
func (ls *lanes) sweep(now time.Time) {
	for host, l := range ls.m {
		l.mu.Lock()
		idle := l.users == 0 && now.After(l.next()) && now.After(l.opens) && now.Sub(l.last) > time.Hour
		l.mu.Unlock()
		if idle {
			delete(ls.m, host)
		}
	}
}

func (l *lane) drop() {
	l.mu.Lock()
	l.users--
	l.mu.Unlock()
}

// gap is the least time between an answer and the next request. l.mu is held.
func (l *lane) gap() time.Duration { return max(l.least, l.floor, l.delay) }

// next is the earliest time of the next request. l.mu is held.
func (l *lane) next() time.Time {
	at := l.held
	if !l.last.IsZero() {
		if t := l.last.Add(l.gap()); t.After(at) {
			at = t
		}
	}
	return at
}

// slower makes a Crawl-delay the floor of the gap. Zero takes it away.
func (l *lane) slower(floor time.Duration) {
	l.mu.Lock()
	l.floor = floor
	l.mu.Unlock()
}

// enter waits for the caller's turn. Where that would take longer than
// patience, and where the host is resting, it answers at once with a
// *puskaradio.RetryError. After nil, the caller must call leave or free.
func (l *lane) enter(ctx context.Context, patience time.Duration) error {
	l.mu.Lock()
	wait := max(time.Until(l.next()), 0) + time.Duration(l.users-1)*l.gap()
	l.mu.Unlock()
	if err := l.resting(); err != nil {
		return err
	}
	if wait > patience {
		return l.later(wait)
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case l.slot <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return l.later(max(wait, l.least))
	}
	if err := l.take(ctx, patience); err != nil {
		<-l.slot
		return err
	}
	for {
		l.mu.Lock()
		wait := time.Until(l.next())
		l.mu.Unlock()
		if wait <= 0 {
			return nil
		}
		if wait > patience {
			l.free()
			return l.later(wait)
		}
		pause := time.NewTimer(wait)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			l.free()
			return context.Cause(ctx)
		}
	}
}

// take waits for the turn of this process and learns what the others know.
func (l *lane) take(ctx context.Context, patience time.Duration) error {
	if l.turns == nil {
		return nil
	}
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	t, err := l.turns.Take(waiting, l.host)
	switch {
	case ctx.Err() != nil:
		if err == nil {
			l.turns.Give(l.host, t)
		}
		return context.Cause(ctx)
	case waiting.Err() != nil && err != nil:
		return l.later(max(patience, l.least))
	case err != nil:
		fault := &FetchError{Host: l.host, State: StateLimited, Err: fmt.Errorf("ask the other processes for a turn: %w", err)}
		return &puskaradio.RetryError{After: l.least, Err: fault}
	}
	l.mu.Lock()
	if t.Last.After(l.last) {
		l.last = t.Last
	}
	if t.Held.After(l.held) {
		l.held = t.Held
	}
	if t.Delay > 0 {
		l.delay = min(max(t.Delay, l.least), l.most)
	}
	l.mu.Unlock()
	return nil
}

// free lets the next one on the lane, of this process and of others.
func (l *lane) free() {
	if l.turns != nil {
		l.mu.Lock()
		t := puskaradio.Turn{Last: l.last, Held: l.held, Delay: l.delay}
		l.mu.Unlock()
		l.turns.Give(l.host, t)
	}
	<-l.slot
}

// later is the answer to who would have to wait too long.
func (l *lane) later(wait time.Duration) error {
	err := &FetchError{Host: l.host, State: StateLimited, Err: fmt.Errorf("the next turn is in %v", wait.Round(time.Second))}
	return &puskaradio.RetryError{After: wait, Err: err}
}

// resting is the answer while the breaker is open: the state of the failures
// that opened it, so that nobody takes the silence for calm.
func (l *lane) resting() error {
	if l.breaker.State() != gobreaker.StateOpen {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	wait := max(time.Until(l.opens), time.Second)
	err := &FetchError{Host: l.host, State: l.state, Err: fmt.Errorf("the host failed again and again and is left alone for %v", wait.Round(time.Second))}
	return &puskaradio.RetryError{After: wait, Err: err}
}

// An outcome is what one exchange tells the lane.
type outcome struct {
	began   time.Time     // when the answer began, or the exchange failed
	latency time.Duration // until the answer began
	ok      bool          // a whole answer of success
	hold    time.Duration // the host wants to be left alone so long
	limited bool          // the host has had too many requests
}

// leave ends a turn and adapts the delay as Scrapy's AutoThrottle does: to
// the mean of the old one and the latency, at once to the latency if that is
// more, and never down because of an error, which is often fast.
func (l *lane) leave(o outcome) {
	l.mu.Lock()
	l.last = o.began
	d := min(max((l.delay+o.latency)/2, o.latency, l.least), l.most)
	if o.limited {
		d = min(max(d, 2*l.delay), l.most)
	}
	if o.ok || d > l.delay {
		l.delay = d
	}
	if at := o.began.Add(min(o.hold, maxHold)); o.hold > 0 && at.After(l.held) {
		l.held = at
	}
	l.mu.Unlock()
	l.free()
}
