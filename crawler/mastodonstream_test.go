package crawler

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/puskaradio/puskaradio"
)

// A tagServer streams as Mastodon does: it tells what follows to each who
// listens, once.
type tagServer struct {
	*httptest.Server
	instance string        // what /api/v2/instance says; empty is 404
	tell     chan string   // messages
	asked    chan *url.URL // of streams
	subs     chan string   // what was sent to us
	refuse   int
	talking  sync.RWMutex // while somebody listens
}

func newTagServer(t *testing.T) *tagServer {
	s := &tagServer{tell: make(chan string, 100), asked: make(chan *url.URL, 10), subs: make(chan string, 10)}
	ctx, cancel := context.WithCancel(context.Background())
	s.Server = serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/v2/instance" && s.instance != "" {
			fmt.Fprint(w, s.instance)
			return
		}
		if r.URL.Path != "/api/v1/streaming" || s.refuse != 0 {
			w.WriteHeader(cmp.Or(s.refuse, http.StatusNotFound))
			return
		}
		if r.Header.Get("Authorization") != "Bearer hunter2" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		s.talking.RLock()
		defer s.talking.RUnlock()
		defer ws.CloseNow()
		s.asked <- r.URL
		ctx, hungUp := context.WithCancel(ctx)
		go func() {
			defer hungUp()
			for {
				_, b, err := ws.Read(ctx)
				if err != nil {
					return
				}
				s.subs <- string(b)
			}
		}()
		for {
			select {
			case m, ok := <-s.tell:
				if !ok || ws.Write(ctx, websocket.MessageText, []byte(m)) != nil {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	})
	t.Cleanup(func() {
		cancel()
		s.alone()
	})
	return s
}

// alone waits until the server has seen that nobody listens.
func (s *tagServer) alone() {
	for !s.talking.TryLock() {
		time.Sleep(time.Millisecond)
	}
	s.talking.Unlock()
}

// statusEvent is a message about a status.
func statusEvent(kind, id, text, more string) string {
	payload := fmt.Sprintf(`{"id":%q,"uri":"https://m.example/s/%s","url":"https://m.example/@a/%s","created_at":%q,"visibility":"public","language":"fi","content":"<p>%s</p>","account":{"acct":"a@m.example"}%s}`,
		id, id, id, time.Now().UTC().Format(time.RFC3339), text, more)
	b, _ := json.Marshal(map[string]any{"stream": []string{"hashtag", "acme"}, "event": kind, "payload": payload})
	return string(b)
}

// overhear listens until so much was heard.
func overhear(t *testing.T, s *tagServer, options string, cursor []byte, n int) (log []string, last []byte, more int, err error) {
	t.Helper()
	con, err := New("mastodon", fmt.Appendf(nil, `{"server":%q,"tags":["acme","oy"],"stream":true,"token_env":"T"%s}`, s.URL, options), func(string) (string, error) { return "hunter2", nil })
	if err != nil {
		t.Fatal(err)
	}
	stream, ok := StreamOf(con)
	if !ok || !Polls(con) {
		t.Fatal("it does not both listen and fetch")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	q := Query{Cursor: cursor, Now: time.Now().UTC()}
	q.Source.ID = "s"
	err = stream.Listen(ctx, local(t, s.URL), q, func(p Page) error {
		if p.More {
			more++
		}
		for _, m := range p.Mentions {
			log = append(log, strings.TrimPrefix(m.Ref, "https://m.example/s/")+" "+m.Text)
		}
		for _, g := range p.Gone {
			log = append(log, strings.TrimPrefix(g, "https://m.example/s/")+" gone")
		}
		for _, f := range p.Faults {
			log = append(log, f.Error())
		}
		if p.Cursor != nil {
			last = p.Cursor
		}
		if len(log) >= n {
			cancel()
		}
		return nil
	})
	return log, last, more, err
}

func TestMastodonStream(t *testing.T) {
	s := newTagServer(t)
	for _, m := range []string{
		statusEvent("update", "1", "yksi #acme", ""),
		`{"stream":["hashtag","acme"],"event":"filters_changed"}`,
		statusEvent("status.update", "1", "yksi korjattu", `,"edited_at":"2026-11-21T11:30:00Z"`),
		statusEvent("update", "2", "kaksi", `,"visibility":"private"`),
		statusEvent("update", "3", "kolme", `,"account":{"acct":"b","noindex":true}`),
		statusEvent("update", "4", "neljä", ""),
		statusEvent("update", "5", "", ""),
		`{"event":"delete","payload":"999"}`,
		`{"event":"update","payload":"{"}`,
		`{"event":"delete","payload":"1"}`,
	} {
		s.tell <- m
	}
	log, cursor, more, err := overhear(t, s, "", nil, 5)
	if want := []string{"1 yksi #acme", "1 yksi korjattu", "4 neljä", "1 gone", "stream: not as a status is"}; !slices.Equal(log, want) || more != 1 {
		t.Errorf("heard %q, %v, want %q; %d times to be fetched", log, err, want, more)
	}
	if u := <-s.asked; u.RawQuery != "stream=hashtag&tag=acme" {
		t.Errorf("asked %s", u)
	}
	if got := <-s.subs; got != `{"stream":"hashtag","tag":"oy","type":"subscribe"}` {
		t.Errorf("subscribed %s", got)
	}
	s.alone()
	// Who comes back knows what can be deleted. Some servers send numbers.
	s.tell <- `{"event":"delete","payload":4}`
	if log, _, _, err = overhear(t, s, `,"local":true`, cursor, 1); !slices.Equal(log, []string{"4 gone"}) {
		t.Errorf("heard %q, %v", log, err)
	}
	if u := <-s.asked; u.RawQuery != "stream=hashtag%3Alocal&tag=acme" {
		t.Errorf("asked %s", u)
	}
	s.alone()
	s.tell <- `{"error":"Missing access token","status":401}`
	if _, _, _, err := overhear(t, s, "", nil, 1); StateOf(err) != StateRefused {
		t.Errorf("Listen = %v", err)
	}
	s.refuse = http.StatusUnauthorized
	if _, _, _, err := overhear(t, s, "", nil, 1); StateOf(err) != StateLogin || !strings.Contains(err.Error(), "token is not valid") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("Listen = %v", err)
	} else if _, never := errors.AsType[*puskaradio.PermanentError](err); !never {
		t.Errorf("Listen = %v, want that it is of no use", err)
	}
}

// TestMastodonStreamOfAll hears a server that has no streams of hashtags.
func TestMastodonStreamOfAll(t *testing.T) {
	s := newTagServer(t)
	s.instance = `{"version":"0.20.0","source_url":"https://codeberg.org/superseriousbusiness/gotosocial","configuration":{"urls":{"streaming":"wss://m.example"}}}`
	s.tell <- statusEvent("update", "1", "not for us", `,"tags":[{"name":"other"}]`)
	s.tell <- statusEvent("update", "2", "for us", `,"tags":[{"name":"x"},{"name":"ACME"}]`)
	s.tell <- statusEvent("update", "3", "for us too", `,"tags":[{"name":"oy"}]`)
	s.tell <- statusEvent("status.update", "3", "not any more", `,"tags":[]`)
	log, _, _, err := overhear(t, s, "", nil, 3)
	if want := []string{"2 for us", "3 for us too", "3 gone"}; !slices.Equal(log, want) {
		t.Errorf("heard %q, %v, want %q", log, err, want)
	}
	if u := <-s.asked; u.RawQuery != "stream=public" || len(s.subs) != 0 {
		t.Errorf("asked %s", u)
	}
}

// TestMastodonStreaming asks a server where its streams are.
func TestMastodonStreaming(t *testing.T) {
	for says, want := range map[string]string{
		"wss://streaming.m.example":    "https://streaming.m.example/",
		"wss://m.example":              "https://m.example/",
		"wss://evil.example":           "https://m.example/", // the token is for nobody else
		"ws://streaming.m.example":     "https://m.example/",
		"wss://streaming.m.example:81": "https://m.example/",
		"wss://a:b@m.example":          "https://m.example/",
		"":                             "https://m.example/",
	} {
		c := local(t)
		c.wire = wire(func(*http.Request) (*http.Response, error) {
			rec := httptest.NewRecorder()
			fmt.Fprintf(rec, `{"configuration":{"urls":{"streaming":%q}}}`, says)
			return rec.Result(), nil
		})
		u, _ := url.Parse("https://m.example/")
		got, all, err := (&mastodonTags{server: u}).streaming(t.Context(), c)
		if err != nil || got.String() != want || all {
			t.Errorf("streaming where it says %q = %v, %v, want %s", says, got, err, want)
		}
	}
}

func FuzzMastodonStream(f *testing.F) {
	f.Add([]byte(statusEvent("update", "1", "yksi #acme", "")))
	f.Add([]byte(statusEvent("status.update", "1", "yksi", `,"reblog":{"id":"2","uri":"x"}`)))
	f.Add([]byte(`{"event":"delete","payload":"1"}`))
	f.Add([]byte(`{"event":"delete","payload":7}`))
	f.Add([]byte(`{"error":"x"}`))
	u, _ := url.Parse("https://m.example/")
	f.Fuzz(func(t *testing.T, b []byte) {
		l := &mastodonListener{o: &mastodonTags{server: u, OptOut: true}, emit: func(p Page) error {
			for _, m := range p.Mentions {
				if m.Ref == "" || m.Published.IsZero() || m.DateFrom == "" || m.Text == "" && m.Title == "" || len(m.Text) > maxTextBytes {
					t.Errorf("not whole: %+v", m)
				}
			}
			if !json.Valid(p.Cursor) {
				t.Errorf("cursor %s", p.Cursor)
			}
			return nil
		}}
		for range 2 {
			if _, err := l.take(readMastodonEvent(b), fuzzNow); err != nil {
				return
			}
		}
		if _, err := l.flush(true); err != nil {
			t.Fatal(err)
		}
	})
}
