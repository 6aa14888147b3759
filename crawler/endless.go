package crawler

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/puskaradio/puskaradio"
)

// A messages is a connection to a source that tells what is new. Read waits for
// the next message and gives it with the time when it had arrived; every error
// ends the connection. A *Conn is one, a *Lines is another.
type messages interface {
	Read(ctx context.Context) (message []byte, at time.Time, err error)
}

// A Lines is an answer that does not end: a line is a message. One goroutine may
// read it.
type Lines struct {
	body   io.ReadCloser
	br     *bufio.Reader
	host   string
	url    string        // without secrets
	quiet  time.Duration // after which the other side is given up
	most   int           // bytes of a line
	cancel context.CancelCauseFunc
	dead   atomic.Bool // the other side gave no sign
}

// Endless asks for an answer that does not end, with all the care of
// [Client.Fetch]: it waits for its turn in the lane of the host, which is free
// again once the answer has begun, reaches only addresses that Fetch reaches,
// and is one line of the ledger. It follows no redirect. Its errors are those of
// Fetch. Max is the most bytes of a line, 1 MiB if it is zero; quiet is how long
// not a byte may come. The Lines end with ctx; the caller must close them.
func (c *Client) Endless(ctx context.Context, r Request, quiet time.Duration) (*Lines, error) {
	if err := c.setup(); err != nil {
		return nil, err
	}
	t := &trip{client: c, request: r, api: r.API}
	var lines *Lines
	err := t.noted(func() error {
		if err := t.asked(ctx); err != nil {
			return err
		}
		return t.turn(ctx, func(out *outcome) (err error) {
			lines, err = t.begin(ctx, quiet, out)
			return err
		})
	})
	return lines, err
}

// begin asks, and waits for the answer to begin.
func (t *trip) begin(ctx context.Context, quiet time.Duration, out *outcome) (*Lines, error) {
	open, cancel := context.WithCancelCause(ctx)
	late := time.AfterFunc(t.left, func() { cancel(fmt.Errorf("no answer within %v", t.client.timeout())) })
	defer late.Stop()
	began := time.Now()
	req, err := http.NewRequestWithContext(open, t.method, t.url.String(), bytes.NewReader(t.body))
	if err != nil {
		cancel(nil)
		return nil, &puskaradio.PermanentError{Err: t.fail(StateRefused, errors.New("this request cannot be made"))}
	}
	if len(t.body) == 0 {
		req.Body, req.GetBody = nil, nil
	}
	req.Header = t.header.Clone()
	req.Header.Del("Accept-Encoding") // a packed answer comes in lumps
	raw, err := t.client.wire.RoundTrip(req)
	out.began = time.Now()
	if err != nil {
		defer cancel(nil)
		return nil, t.lost(ctx, open, err)
	}
	out.latency = out.began.Sub(began)
	t.visit.Status = raw.StatusCode
	if raw.StatusCode == http.StatusOK {
		out.ok = true
		return &Lines{
			body: raw.Body, br: bufio.NewReader(raw.Body), host: t.url.Hostname(), url: redact(t.url), quiet: quiet,
			most: int(cmp.Or(t.request.Max, maxMessage)), cancel: cancel,
		}, nil
	}
	defer cancel(nil)
	defer raw.Body.Close()
	if isRedirect(raw.StatusCode) {
		fe := t.fail(StateRefused, fmt.Errorf("status %d: a stream is not looked for elsewhere", raw.StatusCode))
		fe.Status = raw.StatusCode
		return nil, fe
	}
	body, n, err := readBody(raw, 64<<10, true)
	t.visit.Bytes += n
	if verdict := t.verdict(raw.StatusCode, raw.Header, body, out); verdict != nil {
		return nil, verdict
	}
	fe := t.fail(StateUnreadable, cmp.Or(err, fmt.Errorf("status %d: not an answer that goes on", raw.StatusCode)))
	fe.Status = raw.StatusCode
	return nil, fe
}

// Read waits for the next line that is not empty. Empty ones are signs of life.
// Every error is a *[FetchError].
func (l *Lines) Read(ctx context.Context) (message []byte, at time.Time, err error) {
	stop := context.AfterFunc(ctx, func() { l.cancel(context.Cause(ctx)); _ = l.body.Close() })
	defer stop()
	silent := time.AfterFunc(l.quiet, func() {
		l.dead.Store(true)
		l.cancel(nil)
		_ = l.body.Close() // Read tells what is wrong
	})
	defer silent.Stop()
	var line []byte
	for {
		part, err := l.br.ReadSlice('\n')
		silent.Reset(l.quiet)
		if len(line)+len(part) > l.most {
			return nil, time.Time{}, l.lost(ctx, errTooLong)
		}
		line = append(line, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil:
			return nil, time.Time{}, l.lost(ctx, err)
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			return line, time.Now(), nil
		}
	}
}

var errTooLong = errors.New("a message that is too long")

func (l *Lines) lost(ctx context.Context, err error) error {
	fe := &FetchError{Host: l.host, URL: l.url, State: StateUnreachable}
	switch {
	case l.dead.Load():
		fe.Err = fmt.Errorf("no sign of life for %v", l.quiet)
	case ctx.Err() != nil:
		fe.Err = context.Cause(ctx)
	case errors.Is(err, errTooLong):
		fe.State, fe.Err = StateUnreadable, err
	case errors.Is(err, io.EOF):
		fe.Err = errors.New("the answer has ended")
	default:
		fe.Err = fmt.Errorf("the connection broke: %w", err)
	}
	return fe
}

// Close ends the answer.
func (l *Lines) Close() {
	l.cancel(nil)
	_ = l.body.Close() // there is nobody to tell
}
