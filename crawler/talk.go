package crawler

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/puskaradio/puskaradio"
)

// mailPorts may be reached by [Client.Talk] besides 80, 443 and those of the
// configuration.
var mailPorts = []uint16{143, 993}

// A Call asks for a conversation with a server that speaks another protocol
// than HTTP.
type Call struct {
	Scheme string // for the ledger: imap, imaps
	Host   string
	Port   int
	TLS    bool  // from the first byte
	Max    int64 // the most bytes that are heard; zero is 8 MiB
}

// errTooMuch says that a server said more in one conversation than we hear.
var errTooMuch = errors.New("it says too much")

// Talk opens a connection and lets do hold a conversation over it, with all the
// care of [Client.Fetch]: it waits for its turn in the lane of the host, which
// it keeps to the end, reaches only addresses that Fetch reaches, takes no
// longer than Timeout, and is one line of the ledger. It asks no robots.txt,
// which speaks of the web alone. An error of do that is a *[FetchError], bare or
// wrapped, stays; others are told as a connection that broke.
func (c *Client) Talk(ctx context.Context, r Call, do func(conn net.Conn, secure *tls.Config) error) error {
	if err := c.setup(); err != nil {
		return err
	}
	t := &trip{client: c, request: Request{URL: "https://" + net.JoinHostPort(r.Host, strconv.Itoa(r.Port))}, api: true}
	return t.noted(func() error {
		if strings.ContainsAny(r.Host, "/?#@") {
			return &puskaradio.PermanentError{Err: t.fail(StateRefused, errors.New("the host is not a name"))}
		}
		t.url.Scheme, t.url.Path, t.url.Host = r.Scheme, "", net.JoinHostPort(t.url.Hostname(), strconv.Itoa(r.Port))
		t.visit.URL = redact(t.url)
		return t.turn(ctx, func(out *outcome) error { return t.talk(ctx, r, do, out) })
	})
}

func (t *trip) talk(ctx context.Context, r Call, do func(net.Conn, *tls.Config) error, out *outcome) error {
	hop, cancel := context.WithTimeoutCause(ctx, t.left, fmt.Errorf("no end within %v", t.client.timeout()))
	defer cancel()
	began := time.Now()
	secure := &tls.Config{RootCAs: t.client.Roots, MinVersion: tls.VersionTLS12, ServerName: t.url.Hostname()}
	raw, err := t.client.call(hop, t.url.Host, r.TLS, secure)
	out.began = time.Now()
	if err != nil {
		return t.lost(ctx, hop, err)
	}
	out.latency = out.began.Sub(began)
	end, _ := hop.Deadline()
	end = end.Add(time.Second) // hop, which ends the connection, says why
	conn := &talkConn{Conn: raw, end: end}
	conn.left.Store(cmp.Or(r.Max, maxBody))
	defer func() { t.visit.Bytes += conn.heard.Load() }()
	stop := context.AfterFunc(hop, func() { _ = raw.Close() }) // whoever reads hears of it
	defer stop()
	defer raw.Close()
	_ = conn.SetDeadline(end) // what breaks shows when it is read
	switch err = do(conn, secure); {
	case err == nil:
		out.ok = true
		return nil
	case hop.Err() != nil:
		return t.lost(ctx, hop, err)
	case conn.left.Load() <= 0:
		return t.fail(StateUnreadable, errTooMuch)
	}
	re, retry := errors.AsType[*puskaradio.RetryError](err)
	fe, ok := errors.AsType[*FetchError](err)
	if !ok {
		return t.lost(ctx, hop, err)
	}
	fe.Host, fe.URL = t.url.Hostname(), redact(t.url)
	if retry {
		out.limited, out.hold = true, re.After
	}
	return err
}

// dialed opens a connection, for [Client.Talk].
func (c *Client) dialed(ctx context.Context, address string, safe bool, secure *tls.Config) (net.Conn, error) {
	conn, err := c.dialer(mailPorts...)(ctx, "tcp", address)
	if err != nil || !safe {
		return conn, err
	}
	s := tls.Client(conn, secure)
	if err := s.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("no TLS: %w", err)
	}
	return s, nil
}

// A talkConn is a connection that ends at its time, whatever a library that
// holds it thinks, and over which no more than so much is heard.
type talkConn struct {
	net.Conn
	end         time.Time
	left, heard atomic.Int64
}

func (c *talkConn) Read(b []byte) (int, error) {
	left := c.left.Load()
	if left <= 0 {
		return 0, errTooMuch
	}
	n, err := c.Conn.Read(b[:min(int64(len(b)), left)])
	c.left.Add(-int64(n))
	c.heard.Add(int64(n))
	return n, err
}

func (c *talkConn) sooner(t time.Time) time.Time {
	if t.IsZero() || t.After(c.end) {
		return c.end
	}
	return t
}

func (c *talkConn) SetDeadline(t time.Time) error      { return c.Conn.SetDeadline(c.sooner(t)) }
func (c *talkConn) SetReadDeadline(t time.Time) error  { return c.Conn.SetReadDeadline(c.sooner(t)) }
func (c *talkConn) SetWriteDeadline(t time.Time) error { return c.Conn.SetWriteDeadline(c.sooner(t)) }

// brokenOff reports whether an error says that the other side is gone.
func brokenOff(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, net.ErrClosed)
}
