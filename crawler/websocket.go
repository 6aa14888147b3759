package crawler

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/puskaradio/puskaradio"
)

const (
	maxMessage = 1 << 20
	maxQuiet   = 20 * time.Second
)

// A Conn is a WebSocket to a source. One goroutine may read it.
type Conn struct {
	ws    *websocket.Conn
	host  string
	url   string        // without secrets
	quiet time.Duration // after which the other side is asked whether it is there
	whole time.Duration // that one message may take

	waits atomic.Int64 // since when Read has waited, in Unix nanoseconds; 0 while it does not
	dead  atomic.Bool  // the other side gave no sign
	done  chan struct{}
	once  sync.Once
	wg    sync.WaitGroup
}

// Dial opens a WebSocket at an address of ws, wss, http or https, with all the
// care of [Client.Fetch]: it waits for its turn in the lane of the host, which
// is free again once the socket stands, reaches only addresses that Fetch
// reaches, and is one line of the ledger. It follows no redirect. Its errors
// are those of Fetch. Of the request only URL, Header, API and Max count; Max
// is the most bytes of a message, 1 MiB if it is zero. The caller must close
// the Conn.
func (c *Client) Dial(ctx context.Context, r Request) (*Conn, error) {
	if err := c.setup(); err != nil {
		return nil, err
	}
	r.URL, r.Method, r.Body, r.If = webScheme(r.URL), "", nil, Validator{}
	t := &trip{client: c, request: r, api: r.API}
	var conn *Conn
	err := t.noted(func() error {
		if err := t.asked(ctx); err != nil {
			return err
		}
		return t.turn(ctx, func(out *outcome) (err error) {
			conn, err = t.upgrade(ctx, out)
			return err
		})
	})
	return conn, err
}

// webScheme is an address of a WebSocket as one of the web.
func webScheme(s string) string {
	s = strings.TrimSpace(s)
	if scheme, rest, ok := strings.Cut(s, "://"); ok {
		switch strings.ToLower(scheme) {
		case "ws":
			return "http://" + rest
		case "wss":
			return "https://" + rest
		}
	}
	return s
}

// upgrade makes the handshake.
func (t *trip) upgrade(ctx context.Context, out *outcome) (*Conn, error) {
	tooLong := fmt.Errorf("no handshake within %v", t.client.timeout())
	hop, cancel := context.WithTimeoutCause(ctx, t.left, tooLong)
	defer cancel()
	t.header.Del("Accept-Encoding")
	began := time.Now()
	ws, raw, err := websocket.Dial(hop, t.url.String(), &websocket.DialOptions{
		HTTPClient: &http.Client{
			Transport:     t.client.wire,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		HTTPHeader:      t.header,
		CompressionMode: websocket.CompressionDisabled, // so that no message is more than what arrives
	})
	out.began = time.Now()
	out.latency = out.began.Sub(began)
	if raw != nil {
		t.visit.Status = raw.StatusCode
	}
	if err != nil {
		return nil, t.unopened(ctx, hop, raw, err, out)
	}
	out.ok = true
	ws.SetReadLimit(cmp.Or(t.request.Max, maxMessage))
	conn := &Conn{
		ws: ws, host: t.url.Hostname(), url: redact(t.url), done: make(chan struct{}),
		quiet: min(maxQuiet, t.client.timeout()/3), whole: t.client.timeout(),
	}
	conn.wg.Go(conn.watch)
	return conn, nil
}

// unopened is the error where a handshake failed.
func (t *trip) unopened(ctx, hop context.Context, raw *http.Response, err error, out *outcome) error {
	if raw == nil {
		if ue, ok := errors.AsType[*url.Error](err); ok {
			err = ue.Err // the rest is the address, with its secrets
		}
		return t.lost(ctx, hop, err)
	}
	var body []byte
	if raw.Body != nil {
		body, _ = io.ReadAll(io.LimitReader(raw.Body, 4<<10)) // the library has read it
	}
	if isRedirect(raw.StatusCode) {
		fe := t.fail(StateRefused, fmt.Errorf("status %d: a stream is not looked for elsewhere", raw.StatusCode))
		fe.Status = raw.StatusCode
		return fe
	}
	if raw.StatusCode != http.StatusSwitchingProtocols {
		if err := t.verdict(raw.StatusCode, raw.Header, body, out); err != nil {
			return err
		}
	}
	fe := t.fail(StateUnreadable, fmt.Errorf("status %d: no WebSocket", raw.StatusCode))
	fe.Status = raw.StatusCode
	return fe
}

// Read waits for the next message and gives it with the time when it had
// arrived. A quiet source is asked whether it is still there: Read ends with
// an error soon after it is not. Every error is a *[FetchError], inside a
// *puskaradio.RetryError where the other side asks for patience, and ends the
// Conn.
func (c *Conn) Read(ctx context.Context) (message []byte, at time.Time, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	c.waits.Store(time.Now().UnixNano())
	_, r, err := c.ws.Reader(ctx)
	c.waits.Store(0)
	if err == nil {
		slow := time.AfterFunc(c.whole, func() { cancel(fmt.Errorf("no whole message within %v", c.whole)) })
		message, err = io.ReadAll(r)
		slow.Stop()
	}
	if err != nil {
		return nil, time.Time{}, c.lost(ctx, err)
	}
	return message, time.Now(), nil
}

// lost is the error where no message comes any more.
func (c *Conn) lost(ctx context.Context, err error) error {
	fe := &FetchError{Host: c.host, URL: c.url, State: StateUnreachable}
	ce, closed := errors.AsType[websocket.CloseError](err)
	switch {
	case c.dead.Load():
		fe.Err = fmt.Errorf("no sign of life for %v", 2*c.quiet)
	case ctx.Err() != nil:
		fe.Err = context.Cause(ctx)
	case errors.Is(err, websocket.ErrMessageTooBig):
		fe.State, fe.Err = StateUnreadable, errors.New("a message that is too long")
	case closed && (ce.Code == websocket.StatusTryAgainLater || ce.Code == websocket.StatusServiceRestart):
		fe.State, fe.Err = StateLimited, fmt.Errorf("it was closed: %d %.100q", ce.Code, ce.Reason)
		return &puskaradio.RetryError{Err: fe}
	case closed && ce.Code == websocket.StatusPolicyViolation:
		fe.State, fe.Err = StateRefused, fmt.Errorf("it was closed: %d %.100q", ce.Code, ce.Reason)
	case closed:
		fe.Err = fmt.Errorf("it was closed: %d %.100q", ce.Code, ce.Reason)
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		fe.Err = errors.New("the connection broke")
	default:
		fe.Err = fmt.Errorf("the connection broke: %w", err)
	}
	return fe
}

// Write sends a text message.
func (c *Conn) Write(ctx context.Context, message []byte) error {
	ctx, cancel := context.WithTimeoutCause(ctx, c.whole, fmt.Errorf("no message taken within %v", c.whole))
	defer cancel()
	if err := c.ws.Write(ctx, websocket.MessageText, message); err != nil {
		return c.lost(ctx, err)
	}
	return nil
}

// watch asks a source that is quiet for a sign of life. While nobody reads, it
// asks nothing, for then no answer would be heard.
func (c *Conn) watch() {
	tick := time.NewTicker(c.quiet / 2)
	defer tick.Stop()
	for {
		select {
		case <-c.done:
			return
		case <-tick.C:
		}
		since := c.waits.Load()
		if since == 0 || time.Since(time.Unix(0, since)) < c.quiet {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), c.quiet)
		err := c.ws.Ping(ctx)
		cancel()
		if err != nil && c.waits.Load() == since {
			c.dead.Store(true)
			_ = c.ws.CloseNow() // Read tells what is wrong
			return
		}
	}
}

// Close ends the connection.
func (c *Conn) Close() {
	c.once.Do(func() {
		close(c.done)
		_ = c.ws.CloseNow() // there is nobody to tell
		c.wg.Wait()
	})
}
