package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

const canaryApp = "xapp-canary-987654321"

// A socketServer speaks Slack's Socket Mode beside its other methods.
type socketServer struct {
	*slackServer
	conns chan *websocket.Conn
}

func newSocket(t *testing.T) *socketServer {
	t.Helper()
	s := &socketServer{newSlack(t), make(chan *websocket.Conn, 10)}
	var mux http.ServeMux
	mux.HandleFunc("/socket", func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
		if err != nil {
			t.Error(err)
			return
		}
		s.conns <- c
		<-r.Context().Done()
	})
	mux.Handle("/", s.slackServer)
	s.Config.Handler = &mux
	s.answer = func(w http.ResponseWriter, call map[string]any) bool {
		w.Header().Set("Content-Type", "application/json")
		switch call["method"] {
		case "apps.connections.open":
			if call["token"] != canaryApp {
				fmt.Fprint(w, `{"ok":false,"error":"invalid_auth"}`)
				return true
			}
			fmt.Fprintf(w, `{"ok":true,"url":"ws%s/socket"}`, strings.TrimPrefix(s.URL, "http"))
		case "views.open", "views.update", "views.publish", "chat.postEphemeral":
			fmt.Fprint(w, `{"ok":true,"view":{"id":"V1"}}`)
		case "users.info":
			fmt.Fprint(w, `{"ok":true,"user":{"id":"U1","name":"maija"}}`)
		default:
			return false
		}
		return true
	}
	return s
}

// heard is a notifier that hears, with everything that was asked of it.
type heard struct {
	*socketServer
	conn   *websocket.Conn
	mu     sync.Mutex
	wishes []Wish
	ended  chan error
	log    lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func hear(t *testing.T, options string, act Act) *heard {
	t.Helper()
	h := &heard{socketServer: newSocket(t), ended: make(chan error, 1)}
	n, err := New("slack", fmt.Appendf(nil, `{"channel":"C1","api":%q,"app_token_env":"APP"%s}`, h.URL+"/api", options),
		secrets(map[string]string{"SLACK_BOT_TOKEN": canaryToken, "APP": canaryApp}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		h.ended <- n.(Hearer).Hear(ctx, Hearing{HTTP: client(), Log: slog.New(slog.NewTextHandler(&h.log, nil)), Lang: "en", Act: func(ctx context.Context, w Wish) (Outcome, error) {
			h.mu.Lock()
			h.wishes = append(h.wishes, w)
			h.mu.Unlock()
			return act(ctx, w)
		}})
	})
	t.Cleanup(func() {
		cancel()
		wg.Wait()
		if log := h.log.String(); strings.Contains(log, "canary") {
			t.Errorf("a secret is in the log: %s", log)
		}
	})
	select {
	case h.conn = <-h.conns:
	case err := <-h.ended:
		t.Fatal(err)
	}
	h.send(t, `{"type":"hello","num_connections":1,"connection_info":{"app_id":"A1"}}`)
	return h
}

func (h *heard) send(t *testing.T, frame string) {
	t.Helper()
	if err := h.conn.Write(t.Context(), websocket.MessageText, []byte(frame)); err != nil {
		t.Fatal(err)
	}
}

// acked reads the next acknowledgement.
func (h *heard) acked(t *testing.T) map[string]any {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, b, err := h.conn.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// calledFor waits until a method has been called so often, and gives the calls.
func (h *heard) calledFor(t *testing.T, method string, n int) (out []map[string]any) {
	t.Helper()
	for range 3000 {
		h.slackServer.mu.Lock()
		out = nil
		for _, c := range h.calls {
			if c["method"] == method {
				out = append(out, c)
			}
		}
		h.slackServer.mu.Unlock()
		if len(out) >= n {
			return out
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s was called %d times, want %d; log: %s", method, len(out), n, h.log.String())
	return nil
}

// asked waits until so much was asked for.
func (h *heard) asked(t *testing.T, n int) []Wish {
	t.Helper()
	for range 300 {
		h.mu.Lock()
		out := slices.Clone(h.wishes)
		h.mu.Unlock()
		if len(out) >= n {
			return out
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("asked for %v, want %d wishes; log: %s", h.wishes, n, h.log.String())
	return nil
}

func press(envelope, action, value string) string {
	return fmt.Sprintf(`{"type":"interactive","envelope_id":%q,"accepts_response_payload":true,"payload":{"type":"block_actions","trigger_id":"T1",
"user":{"id":"U1","name":"maija"},"channel":{"id":"C1"},"container":{"type":"message","message_ts":"1700000000.000000","channel_id":"C1"},
"actions":[{"type":"button","action_id":%q,"block_id":"a-7F3K-1","value":%q,"action_ts":"1700000001.1"}]}}`, envelope, action, value)
}
