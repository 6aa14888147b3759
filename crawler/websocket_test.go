package crawler

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/puskaradio/puskaradio"
)

// sockets serves WebSockets; talk has the other end.
func sockets(t *testing.T, talk func(ctx context.Context, ws *websocket.Conn)) *httptest.Server {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var talking sync.RWMutex
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return // it has answered
		}
		talking.RLock()
		defer talking.RUnlock()
		defer ws.CloseNow()
		talk(ctx, ws)
	})
	t.Cleanup(func() { // nobody else ends what was taken from the server
		cancel()
		talking.Lock()
	})
	return srv
}

func TestDial(t *testing.T) {
	var header atomic.Pointer[http.Header]
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		header.Store(&r.Header)
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer ws.CloseNow()
		for {
			kind, b, err := ws.Read(r.Context())
			if err != nil || ws.Write(r.Context(), kind, append([]byte("you said "), b...)) != nil {
				return
			}
		}
	})
	c := local(t, srv.URL)
	var visits []Visit
	c.Ledger = func(v Visit) { visits = append(visits, v) }
	conn, err := c.Dial(t.Context(), Request{
		URL: "ws" + strings.TrimPrefix(srv.URL, "http") + "/x?token=hunter2", API: true,
		Header: http.Header{"Authorization": {"Bearer t"}, "User-Agent": {"Mozilla/5.0"}, "Cookie": {"a=b"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Write(t.Context(), []byte("hi")); err != nil {
		t.Fatal(err)
	}
	if b, at, err := conn.Read(t.Context()); string(b) != "you said hi" || err != nil || time.Since(at) > time.Minute {
		t.Errorf("Read = %q, %v, %v", b, at, err)
	}
	h := *header.Load()
	if h.Get("User-Agent") != c.Agent || h.Get("Cookie") != "" || h.Get("Authorization") != "Bearer t" || h.Get("Sec-Websocket-Extensions") != "" {
		t.Errorf("header %v", h)
	}
	if len(visits) != 1 || visits[0].Status != 101 || visits[0].State != StateOK || strings.Contains(visits[0].URL, "hunter2") {
		t.Errorf("visits %+v", visits)
	}
	// The lane is free while the socket is open.
	if _, err := c.Fetch(t.Context(), Request{URL: srv.URL, API: true}); StateOf(err) == StateLimited {
		t.Errorf("Fetch beside a socket = %v", err)
	}
}

// TestDialRefused dials where it must not, and where nobody wants it.
func TestDialRefused(t *testing.T) {
	answer := func(status int, header ...string) *httptest.Server {
		return serve(t, func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(status)
		})
	}
	elsewhere := sockets(t, func(context.Context, *websocket.Conn) { t.Error("a redirect was followed") })
	forged := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Sec-Websocket-Accept", "x")
		w.WriteHeader(http.StatusSwitchingProtocols)
	})
	for name, tt := range map[string]struct {
		url, state string
		private    bool // the client may reach this machine
		retry      time.Duration
		never      bool
	}{
		"not global":     {elsewhere.URL, StateUnreachable, false, 0, false},
		"a redirect":     {answer(302, "Location", elsewhere.URL).URL, StateRefused, true, 0, false},
		"no socket":      {answer(200).URL, StateUnreadable, true, 0, false},
		"a login":        {answer(401).URL, StateLogin, true, 0, true},
		"refused":        {answer(403).URL, StateRefused, true, 0, false},
		"too many":       {answer(429, "Retry-After", "30").URL, StateLimited, true, 30 * time.Second, false},
		"no such stream": {answer(404).URL, StateGone, true, 0, true},
		"forged":         {forged.URL, StateUnreadable, true, 0, false},
		"another scheme": {"ftp://x.example", StateRefused, true, 0, true},
		"a password":     {"wss://a:hunter2@x.example", StateRefused, true, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			c := local(t, elsewhere.URL)
			if strings.HasPrefix(tt.url, "http") {
				c = local(t, tt.url)
			}
			if !tt.private {
				c.Private = nil
			}
			conn, err := c.Dial(t.Context(), Request{URL: tt.url, API: true})
			if err == nil {
				conn.Close()
			}
			if _, never := errors.AsType[*puskaradio.PermanentError](err); StateOf(err) != tt.state || never != tt.never || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("Dial = %v, state %s, for good %v; want %s, %v", err, StateOf(err), never, tt.state, tt.never)
			}
			retry, _ := errors.AsType[*puskaradio.RetryError](err)
			if tt.retry != 0 && (retry == nil || retry.After != tt.retry) {
				t.Errorf("Dial = %v, want to come back in %v", err, tt.retry)
			}
		})
	}
}

func TestDialTLS(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		_ = ws.Write(r.Context(), websocket.MessageText, []byte("hi"))
		_ = ws.CloseNow()
	}))
	srv.EnableHTTP2 = true // as those do that stream; WebSockets are of HTTP/1.1
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	c := local(t, srv.URL)
	if _, err := c.Dial(t.Context(), Request{URL: srv.URL, API: true}); StateOf(err) != StateUnreachable {
		t.Errorf("a certificate of nobody: %v", err)
	} else if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok {
		t.Errorf("a certificate of nobody: %v", err)
	}
	c = local(t, srv.URL)
	c.Roots = srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	if _, err := c.Fetch(t.Context(), Request{URL: srv.URL, API: true}); StateOf(err) != StateRefused { // the connection of this is kept
		t.Errorf("Fetch where a WebSocket is spoken = %v", err)
	}
	conn, err := c.Dial(t.Context(), Request{URL: "wss" + strings.TrimPrefix(srv.URL, "https"), API: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if b, _, err := conn.Read(t.Context()); string(b) != "hi" || err != nil {
		t.Errorf("Read = %q, %v", b, err)
	}
}

// TestConnEnds reads sockets that end, in one way or another.
func TestConnEnds(t *testing.T) {
	hang := func(ctx context.Context, _ *websocket.Conn) { <-ctx.Done() } // reads nothing, so it answers no ping
	silent := serve(t, func(w http.ResponseWriter, r *http.Request) {
		raw, _, _ := http.NewResponseController(w).Hijack()
		defer raw.Close()
		_, _ = bufio.NewReader(raw).ReadByte()
	})
	trickle := func(ctx context.Context, ws *websocket.Conn) {
		w, err := ws.Writer(ctx, websocket.MessageText)
		for err == nil && ctx.Err() == nil {
			time.Sleep(20 * time.Millisecond)
			_, err = w.Write(make([]byte, 5000)) // more than is gathered before it is sent
		}
	}
	endless := func(ctx context.Context, ws *websocket.Conn) {
		w, err := ws.Writer(ctx, websocket.MessageText)
		chunk := make([]byte, 32<<10)
		for err == nil {
			_, err = w.Write(chunk)
		}
	}
	for name, tt := range map[string]struct {
		talk  func(context.Context, *websocket.Conn)
		state string
		words string
	}{
		"closed":       {func(_ context.Context, ws *websocket.Conn) { _ = ws.Close(websocket.StatusGoingAway, "bye") }, StateUnreachable, `"bye"`},
		"refused":      {func(_ context.Context, ws *websocket.Conn) { _ = ws.Close(websocket.StatusPolicyViolation, "no") }, StateRefused, `"no"`},
		"busy":         {func(_ context.Context, ws *websocket.Conn) { _ = ws.Close(websocket.StatusTryAgainLater, "") }, StateLimited, "1013"},
		"cut":          {func(_ context.Context, ws *websocket.Conn) { _ = ws.CloseNow() }, StateUnreachable, "broke"},
		"no sign":      {hang, StateUnreachable, "no sign of life"},
		"slow":         {trickle, StateUnreachable, "no whole message"},
		"endless":      {endless, StateUnreadable, "too long"},
		"no handshake": {nil, StateUnreachable, "no handshake"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := silent
			if tt.talk != nil {
				srv = sockets(t, tt.talk)
			}
			c := local(t, srv.URL)
			if strings.HasPrefix(tt.words, "no ") {
				c.Timeout = time.Second
			}
			conn, err := c.Dial(t.Context(), Request{URL: srv.URL, API: true})
			if err == nil {
				_, _, err = conn.Read(t.Context())
				conn.Close()
			}
			if err == nil || StateOf(err) != tt.state || !strings.Contains(err.Error(), tt.words) {
				t.Errorf("Read = %v, state %s; want %s with %q", err, StateOf(err), tt.state, tt.words)
			}
		})
	}
}

// TestConnQuiet is at a source that says nothing for long, but is there.
func TestConnQuiet(t *testing.T) {
	srv := sockets(t, func(ctx context.Context, ws *websocket.Conn) {
		ctx = ws.CloseRead(ctx)
		time.Sleep(2 * time.Second)
		_ = ws.Write(ctx, websocket.MessageText, []byte("at last"))
		<-ctx.Done()
	})
	c := local(t, srv.URL)
	c.Timeout = time.Second
	conn, err := c.Dial(t.Context(), Request{URL: srv.URL, API: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if b, _, err := conn.Read(t.Context()); string(b) != "at last" || err != nil {
		t.Errorf("Read = %q, %v", b, err)
	}
	time.Sleep(1200 * time.Millisecond) // nobody reads, and nobody is taken for dead
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, _, err := conn.Read(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Read = %v, want that the time ran out", err)
	}
}
