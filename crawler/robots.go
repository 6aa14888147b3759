package crawler

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/puskaradio/puskaradio"
)

const (
	maxRobots   = 500 << 10
	robotsFor   = 24 * time.Hour   // how long a robots.txt is believed
	robotsAgain = 10 * time.Minute // when one that could not be read is asked for again
	robotsRoom  = 32 << 20         // bytes of rules that are kept
)

// A Verdict is what robots.txt says about one address.
type Verdict struct {
	Allowed bool
	Rule    string        // the line that decides, such as "Disallow: /search"; empty if none does
	Reason  string        // in words
	Delay   time.Duration // between two requests to the host: the configured one, or Crawl-delay if that is more

	again time.Duration // not zero: a refusal that may be over then
}

// refuse is the error of a fetch that robots.txt does not want.
func (v Verdict) refuse(t *trip) error {
	fe := t.fail(StateBlocked, errors.New(v.Reason))
	if v.again > 0 {
		return &puskaradio.RetryError{After: v.again, Err: fe}
	}
	return &puskaradio.PermanentError{Err: fe}
}

// Robots says whether robots.txt lets us fetch an address, and how fast. It
// fetches robots.txt if it has none that is younger than a day. An error says
// that the host could not be asked; then nothing may be fetched.
func (c *Client) Robots(ctx context.Context, address string) (Verdict, error) {
	if err := c.setup(); err != nil {
		return Verdict{}, err
	}
	u, err := checkURL(address)
	if err != nil {
		return Verdict{}, &puskaradio.PermanentError{Err: &FetchError{URL: redactText(address), State: StateRefused, Err: err}}
	}
	return c.ask(ctx, u)
}

// robots remembers what the robots.txt of each origin says to us.
type robots struct {
	mu   sync.Mutex
	m    map[string]*origin
	size int
}

// An origin is a scheme, a host and a port, which have one robots.txt.
type origin struct {
	slot chan struct{} // holds one item while somebody asks

	// Only who holds the slot may touch the rest.
	until  time.Time
	rules  rules
	closed string // why nothing may be fetched; empty if the rules decide
	again  bool   // closed may change soon
	size   int
}

func (c *Client) origin(key string) *origin {
	r := &c.robots
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.m == nil {
		r.m = map[string]*origin{}
	}
	if r.size > robotsRoom || len(r.m) > 8192 {
		r.size = 0 // the rules of those that are in use stay with them
		clear(r.m)
	}
	o := r.m[key]
	if o == nil {
		o = &origin{slot: make(chan struct{}, 1)}
		r.m[key] = o
	}
	return o
}

// ask is the verdict on an address. One goroutine at a time asks a host.
func (c *Client) ask(ctx context.Context, u *url.URL) (Verdict, error) {
	o := c.origin(u.Scheme + "://" + u.Host)
	select {
	case o.slot <- struct{}{}:
		defer func() { <-o.slot }()
	case <-ctx.Done():
		return Verdict{}, context.Cause(ctx)
	}
	if !time.Now().Before(o.until) {
		if err := c.learn(ctx, u, o); err != nil {
			return Verdict{}, err
		}
	}
	v := Verdict{Delay: max(c.delay(u.Hostname()), o.rules.delay)}
	if o.closed != "" {
		v.Reason = o.closed
		if o.again {
			v.again = max(time.Until(o.until), time.Second)
		}
		return v, nil
	}
	v.Allowed, v.Rule = o.rules.allow(u)
	switch {
	case v.Rule != "" && v.Allowed:
		v.Reason = "robots.txt allows it: " + v.Rule
	case v.Rule != "":
		v.Reason = "robots.txt does not want it: " + v.Rule
	default:
		v.Reason = "robots.txt does not speak of it"
	}
	return v, nil
}

// learn fetches the robots.txt of an origin, as RFC 9309 says, but more
// careful in one thing: a host that answers 401, 403 or 429 does not want us,
// whatever the RFC reads into it. The caller holds the slot.
func (c *Client) learn(ctx context.Context, u *url.URL, o *origin) error {
	t := &trip{client: c, robots: true, request: Request{
		URL: u.Scheme + "://" + u.Host + "/robots.txt", Accept: "text/plain, */*;q=0.1", Max: maxRobots,
	}}
	before := o.size
	resp, err := t.run(ctx)
	fe, known := errors.AsType[*FetchError](err)
	switch {
	case err == nil:
		if len(resp.Body) >= maxRobots { // the last line may be half a line
			resp.Body = resp.Body[:bytes.LastIndexByte(resp.Body, '\n')+1]
		}
		o.set(rulesFor(resp.Body, c.token), "", false, robotsFor)
	case ctx.Err() != nil, !known, fe.Status == 0 && fe.State != StateRefused:
		return err // the network, or our own lane: this says nothing of robots.txt
	case fe.Status == http.StatusUnauthorized, fe.Status == http.StatusForbidden:
		o.set(rules{}, fmt.Sprintf("robots.txt is refused to us (status %d)", fe.Status), false, robotsFor)
	case fe.Status >= 400 && fe.Status < 500 && fe.Status != http.StatusTooManyRequests && fe.State != StateChallenge:
		o.set(rules{}, "", false, robotsFor)
	default:
		wait := robotsAgain
		if re, ok := errors.AsType[*puskaradio.RetryError](err); ok {
			wait = max(wait, re.After)
		}
		o.set(rules{}, fmt.Sprintf("robots.txt cannot be read: %v", fe.Err), true, wait)
	}
	c.robots.mu.Lock()
	c.robots.size += o.size - before
	c.robots.mu.Unlock()
	l := c.lane(u.Hostname())
	l.slower(o.rules.delay)
	l.drop()
	return nil
}

func (o *origin) set(r rules, closed string, again bool, keep time.Duration) {
	o.rules, o.closed, o.again, o.until = r, closed, again, time.Now().Add(keep)
	o.size = len(closed)
	for _, rule := range r.list {
		o.size += len(rule.path) + 64
	}
}

// target is an address as robots.txt speaks of it.
func target(u *url.URL) string {
	s := u.EscapedPath()
	if !strings.HasPrefix(s, "/") {
		s = "/" + s
	}
	if u.RawQuery != "" || u.ForceQuery {
		s += "?" + u.RawQuery
	}
	return plainPath(s)
}
