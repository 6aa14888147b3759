package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// The secrets of the tests: no error may hold them.
const (
	canaryToken = "xoxb-canary-1234567890"
	canaryPath  = "/services/T0/B0/canarywebhook"
)

// A slackServer answers as Slack does, and keeps what it was sent.
type slackServer struct {
	*httptest.Server
	mu    sync.Mutex
	calls []map[string]any // each with its "method"
	// answer may answer instead; it gives false to leave that to us.
	answer func(w http.ResponseWriter, call map[string]any) bool
	kept   []map[string]any // messages in the channel, the newest last
}

func newSlack(t testing.TB) *slackServer {
	t.Helper()
	s := &slackServer{}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// ServeHTTP implements http.Handler.
func (s *slackServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := map[string]any{"method": strings.TrimPrefix(r.URL.Path, "/api/")}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		if err := json.NewDecoder(r.Body).Decode(&call); err != nil && !errors.Is(err, io.EOF) {
			http.Error(w, err.Error(), http.StatusTeapot)
			return
		}
	} else {
		_ = r.ParseForm()
		for k, v := range r.PostForm {
			call[k] = v[0]
			var x any
			if k == "blocks" || k == "metadata" {
				if err := json.Unmarshal([]byte(v[0]), &x); err != nil {
					http.Error(w, err.Error(), http.StatusTeapot)
					return
				}
				call[k] = x
			}
		}
	}
	if _, ok := call["token"]; !ok {
		call["token"] = strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	}
	s.mu.Lock()
	s.calls = append(s.calls, call)
	answer := s.answer
	s.mu.Unlock()
	if answer != nil && answer(w, call) {
		return
	}
	s.reply(w, call)
}

func (s *slackServer) reply(w http.ResponseWriter, call map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch call["method"] {
	case "chat.postMessage":
		ts := fmt.Sprintf("1700000000.%06d", len(s.kept))
		s.kept = append(s.kept, map[string]any{"type": "message", "ts": ts, "text": call["text"], "metadata": call["metadata"]})
		fmt.Fprintf(w, `{"ok":true,"channel":"C1","ts":%q}`, ts)
	case "chat.update":
		fmt.Fprintf(w, `{"ok":true,"channel":"C1","ts":%q,"text":""}`, call["ts"])
	case "conversations.history", "conversations.replies":
		_ = json.NewEncoder(w).Encode(map[string]any{"ok": true, "messages": s.kept})
	case "auth.test":
		fmt.Fprint(w, `{"ok":true,"user":"puskaradio","team":"Acme"}`)
	case canaryPath:
		fmt.Fprint(w, "ok")
	default:
		http.NotFound(w, nil)
	}
}

// methods are the methods that were called, in order.
func (s *slackServer) methods() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, c := range s.calls {
		out = append(out, c["method"].(string))
	}
	return strings.Join(out, " ")
}

func secrets(values map[string]string) Secret {
	return func(name string) (string, error) {
		if v := values[name]; v != "" {
			return v, nil
		}
		return "", fmt.Errorf("the secret %s is missing", name)
	}
}

// bot is a notifier with a token, webhook one with a webhook.
func (s *slackServer) bot(t testing.TB) Notifier {
	t.Helper()
	n, err := New("slack", fmt.Appendf(nil, `{"channel":"C1","api":%q}`, s.URL+"/api"), secrets(map[string]string{"SLACK_BOT_TOKEN": canaryToken}))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (s *slackServer) webhook(t testing.TB) Notifier {
	t.Helper()
	n, err := New("slack", []byte(`{"webhook_env":"HOOK"}`), secrets(map[string]string{"HOOK": s.URL + canaryPath}))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// deliver posts a message through the real client and gives what arrived.
func deliver(t testing.TB, m Message) map[string]any {
	t.Helper()
	s := newSlack(t)
	ref, err := s.bot(t).Notify(t.Context(), client(), m)
	if err != nil || ref != "C1/1700000000.000000" {
		t.Fatalf("Notify = %q, %v", ref, err)
	}
	sent := s.calls[0]
	if sent["token"] != canaryToken || sent["method"] != "chat.postMessage" {
		t.Fatalf("sent %v with token %v", sent["method"], sent["token"])
	}
	delete(sent, "token")
	return sent
}

func client() *http.Client { return &http.Client{Timeout: 30 * time.Second} }
