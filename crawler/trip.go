package crawler

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

const (
	maxBody = 8 << 20
	maxHops = 5
)

// A trip is one fetch on its way, with its redirects.
type trip struct {
	client  *Client
	request Request
	api     bool // robots.txt is not asked
	robots  bool // this is the fetch of a robots.txt: it may be cut, and asks nobody

	url    *url.URL
	method string
	body   []byte
	header http.Header // of the request that is next
	left   time.Duration
	seen   map[string]bool
	visit  Visit
}

// run makes the trip and writes the ledger.
func (t *trip) run(ctx context.Context) (resp *Response, err error) {
	err = t.noted(func() error {
		t.seen = map[string]bool{t.method + t.url.String(): true}
		for hops := 0; ; hops++ {
			var next string
			if next, resp, err = t.step(ctx); err != nil || next == "" {
				return err
			}
			if err := t.follow(next, hops); err != nil {
				return t.fail(StateRefused, fmt.Errorf("redirect: %w", err))
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return resp, nil
}

// noted makes the first request ready, lets walk make the trip, and writes the
// ledger.
func (t *trip) noted(walk func() error) (err error) {
	began := time.Now()
	t.visit = Visit{At: began.UTC(), Robots: t.robots}
	t.left = t.client.timeout()
	defer func() {
		if t.client.Ledger != nil {
			t.visit.State, t.visit.Err = StateOf(err), err
			t.visit.Waited = max(time.Since(began)-t.visit.Took, 0)
			t.client.Ledger(t.visit)
		}
	}()
	if t.url, err = checkURL(t.request.URL); err != nil {
		t.visit.URL = redactText(t.request.URL)
		return &puskaradio.PermanentError{Err: &FetchError{URL: t.visit.URL, State: StateRefused, Err: err}}
	}
	t.visit.Host, t.visit.URL = t.url.Hostname(), redact(t.url)
	t.method, t.body = cmp.Or(t.request.Method, http.MethodGet), t.request.Body
	t.header = t.client.headers(&t.request)
	return walk()
}

// headers are those of the first request: ours, and of the caller's those
// that are not ours to give away. A made-up browser and a cookie never leave.
func (c *Client) headers(r *Request) http.Header {
	h := http.Header{}
	for k, v := range r.Header {
		switch k = http.CanonicalHeaderKey(k); k {
		case "User-Agent", "Cookie", "Host", "Accept-Encoding", "Content-Length", "Transfer-Encoding", "Trailer", "Te", "Upgrade",
			"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authorization", "Range", "If-Range", "Expect", "Referer", "X-Forwarded-For":
		default:
			h[k] = append([]string(nil), v...)
		}
	}
	h.Set("User-Agent", c.Agent)
	h.Set("Accept-Encoding", "gzip")
	if r.Accept != "" {
		h.Set("Accept", r.Accept)
	} else if h.Get("Accept") == "" {
		h.Set("Accept", "*/*")
	}
	if r.If.ETag != "" {
		h.Set("If-None-Match", r.If.ETag)
	}
	if r.If.LastModified != "" {
		h.Set("If-Modified-Since", r.If.LastModified)
	}
	return h
}

// fail is an error at the present address.
func (t *trip) fail(state string, err error) *FetchError {
	return &FetchError{Host: t.url.Hostname(), URL: redact(t.url), State: state, Err: err}
}

// follow turns the trip to where a redirect points.
func (t *trip) follow(to string, hops int) error {
	ref, err := url.Parse(strings.TrimSpace(to))
	if err != nil {
		return errors.New("its target is not an address")
	}
	u, err := checkURL(t.url.ResolveReference(ref).String())
	if err != nil {
		return err
	}
	switch {
	case hops >= maxHops:
		return fmt.Errorf("more than %d in a row", maxHops)
	case t.url.Scheme == "https" && u.Scheme == "http":
		return errors.New("from https to http")
	case t.seen[t.method+u.String()]:
		return errors.New("in a circle")
	}
	if !sameHost(t.url, u) {
		if len(t.body) > 0 {
			return errors.New("what we send is not for another host")
		}
		h := t.header
		t.header = http.Header{}
		for _, k := range []string{"User-Agent", "Accept", "Accept-Encoding", "Accept-Language"} {
			if v := h.Values(k); v != nil {
				t.header[k] = v
			}
		}
		t.api = false
	}
	t.seen[t.method+u.String()] = true
	t.url = u
	t.visit.URL = redact(u)
	return nil
}

// step makes one request in its turn. It gives the target of a redirect, a
// response, or an error.
func (t *trip) step(ctx context.Context) (next string, resp *Response, err error) {
	if err := t.asked(ctx); err != nil {
		return "", nil, err
	}
	err = t.turn(ctx, func(out *outcome) (err error) {
		next, resp, err = t.exchange(ctx, out)
		return err
	})
	return next, resp, err
}

// asked asks robots.txt, where that has a say.
func (t *trip) asked(ctx context.Context) error {
	if t.api || t.robots {
		return nil
	}
	v, err := t.client.ask(ctx, t.url)
	if err != nil {
		return err
	}
	if !v.Allowed {
		return v.refuse(t)
	}
	return nil
}

// turn lets exchange ask the host when it is our turn.
func (t *trip) turn(ctx context.Context, exchange func(out *outcome) error) error {
	c := t.client
	l := c.lane(t.url.Hostname())
	defer l.drop()
	if err := l.enter(ctx, c.patience()); err != nil {
		return t.placed(err)
	}
	done, err := l.breaker.Allow()
	if err != nil {
		l.free()
		return t.placed(cmp.Or(l.resting(), error(&puskaradio.RetryError{After: time.Second, Err: t.fail(StateLimited, err)})))
	}
	began := time.Now()
	if t.visit.Took == 0 {
		t.visit.At = began.UTC()
	}
	out := outcome{began: began}
	err = exchange(&out)
	spent := time.Since(began)
	t.left -= spent
	t.visit.Took += spent
	l.leave(out)
	done(l.blame(ctx, err))
	return err
}

// placed adds the address to an error of the lane.
func (t *trip) placed(err error) error {
	if _, ok := errors.AsType[*puskaradio.RetryError](err); !ok {
		return t.fail(StateUnreachable, err) // the caller's context
	}
	if fe, ok := errors.AsType[*FetchError](err); ok {
		fe.URL = redact(t.url)
	}
	return err
}

// blame is what the breaker counts: that the host gives no answers, not that
// it has not got one document.
func (l *lane) blame(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errNoFault
	}
	fe, ok := errors.AsType[*FetchError](err)
	if !ok {
		return nil
	}
	switch fe.State {
	case StateRefused:
		if fe.Status != http.StatusForbidden {
			return nil
		}
	case StateUnreachable, StateLimited, StateChallenge:
	default:
		return nil
	}
	l.mu.Lock()
	l.state = fe.State
	l.mu.Unlock()
	return err
}

// exchange sends the request and reads the answer.
func (t *trip) exchange(ctx context.Context, out *outcome) (next string, _ *Response, _ error) {
	began := time.Now()
	tooLong := fmt.Errorf("no whole answer within %v", t.client.timeout())
	hop, cancel := context.WithTimeoutCause(ctx, t.left, tooLong)
	defer cancel()
	req, err := http.NewRequestWithContext(hop, t.method, t.url.String(), bytes.NewReader(t.body))
	if err != nil {
		return "", nil, &puskaradio.PermanentError{Err: t.fail(StateRefused, errors.New("this request cannot be made"))}
	}
	if len(t.body) == 0 {
		req.Body, req.GetBody = nil, nil
	}
	req.Header = maps.Clone(t.header)
	raw, err := t.client.wire.RoundTrip(req)
	out.began = time.Now()
	if err != nil {
		return "", nil, t.lost(ctx, hop, err)
	}
	out.latency = out.began.Sub(began)
	defer raw.Body.Close()
	t.visit.Status = raw.StatusCode
	if to := raw.Header.Get("Location"); to != "" && isRedirect(raw.StatusCode) {
		if raw.StatusCode <= http.StatusSeeOther && t.method != http.MethodHead && t.method != http.MethodGet {
			t.method, t.body = http.MethodGet, nil
			t.header.Del("Content-Type")
		}
		io.CopyN(io.Discard, raw.Body, 4<<10) // so that the connection can be used again
		return to, nil, nil
	}
	body, n, err := readBody(raw, cmp.Or(t.request.Max, maxBody), t.robots)
	t.visit.Bytes += n
	if err := t.verdict(raw.StatusCode, raw.Header, body, out); err != nil {
		return "", nil, err
	}
	if err != nil {
		if hop.Err() != nil {
			return "", nil, t.lost(ctx, hop, err)
		}
		fe := t.fail(StateUnreadable, fmt.Errorf("body: %w", err))
		fe.Status = raw.StatusCode
		return "", nil, fe
	}
	out.ok = raw.StatusCode == http.StatusOK
	resp, err := t.response(raw, body)
	return "", resp, err
}

// verdict is what is wrong with an answer, or nil; and what it tells the lane.
func (t *trip) verdict(status int, h http.Header, body []byte, out *outcome) error {
	hold := holdOf(status, h, out.began)
	state, verdict := judge(status, h, body, hold)
	if verdict == nil {
		return nil
	}
	fe := t.fail(state, verdict)
	fe.Status, fe.Body = status, body[:min(len(body), 4<<10)]
	out.hold, out.limited = hold, state == StateLimited
	if out.limited && hold == 0 {
		out.hold = min(max(4*t.client.delay(t.url.Hostname()), 2*out.latency), time.Minute)
	}
	return wrap(fe, out.hold)
}

func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// lost is the error where no answer came: the caller's context, our clock,
// or the network.
func (t *trip) lost(ctx, hop context.Context, err error) error {
	if ctx.Err() != nil {
		return t.fail(StateUnreachable, context.Cause(ctx))
	}
	if hop.Err() != nil {
		return t.fail(StateUnreachable, context.Cause(hop))
	}
	if refusedAddress(err) {
		return t.fail(StateUnreachable, fmt.Errorf("an address that is not reached from here: %w", err))
	}
	return t.fail(StateUnreachable, fmt.Errorf("no answer: %w", err))
}
