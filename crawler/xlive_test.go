package crawler

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/puskaradio/puskaradio"
)

const anotherDay = 24 * time.Hour

// An xLive is an xServer with rules and a stream. A test writes to the stream
// what comes over it.
type xLive struct {
	xServer
	rules   []xRule
	made    int
	out     *io.PipeWriter // of the stream that is open
	opened  []string       // the addresses that streams were opened at
	noRules string         // the answer to who wants a rule
	closed  func() (int, string)
}

// post is one that was written minutes after the one before.
func (s *xLive) post(n int, text string) xServed {
	return xServed{id: fmt.Sprint(1990000000000000000 + n*(60_000<<22)), text: text}
}

func (s *xLive) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	switch r.URL.Path {
	case "/2/tweets/search/stream/rules":
		s.serveRules(rec, r)
	case "/2/tweets/search/stream":
		s.opened = append(s.opened, r.URL.RawQuery)
		if s.closed != nil {
			if status, body := s.closed(); status != 0 {
				rec.WriteHeader(status)
				io.WriteString(rec, body)
				break
			}
		}
		if r.Header.Get("Authorization") != "Bearer secret-of-X" || r.Header.Get("Accept-Encoding") != "" {
			s.t.Errorf("header %v", r.Header)
		}
		in, out := io.Pipe()
		s.out = out
		context.AfterFunc(r.Context(), func() { in.CloseWithError(context.Cause(r.Context())) })
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: in, Request: r}, nil
	default:
		s.ServeHTTP(rec, r)
	}
	return rec.Result(), nil
}

func (s *xLive) serveRules(w http.ResponseWriter, r *http.Request) {
	var change struct {
		Add    []xRule
		Delete struct{ IDs []string }
	}
	answer := map[string]any{"meta": map[string]any{"sent": "2026-11-22T10:00:00Z"}}
	if r.Method == http.MethodGet {
		answer["data"] = s.rules
	} else if err := json.NewDecoder(r.Body).Decode(&change); err != nil {
		s.t.Error(err)
	}
	if len(change.Add) > 0 && s.noRules != "" {
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, s.noRules)
		return
	}
	for _, id := range change.Delete.IDs {
		s.rules = slices.DeleteFunc(s.rules, func(r xRule) bool { return r.ID == id })
	}
	var made []xRule
	for _, r := range change.Add {
		s.made++
		r.ID = fmt.Sprint("made", s.made)
		made = append(made, r)
	}
	if s.rules = append(s.rules, made...); made != nil {
		answer["data"] = made
	}
	json.NewEncoder(w).Encode(answer)
}

// tell sends a post over the stream, which is billed.
func (s *xLive) tell(p xServed, rules ...string) {
	s.t.Helper()
	synctest.Wait()
	s.billed++
	var matching []xRule
	for _, id := range rules {
		matching = append(matching, xRule{ID: id})
	}
	b, _ := json.Marshal(map[string]any{"data": map[string]any{
		"id": p.id, "text": p.text, "author_id": "99", "created_at": time.Now().UTC().Format(time.RFC3339), "lang": "fi",
		"edit_history_tweet_ids": append(slices.Clone(p.history), p.id),
	}, "matching_rules": matching})
	s.say(string(b))
}

func (s *xLive) say(line string) {
	s.t.Helper()
	synctest.Wait()
	if _, err := io.WriteString(s.out, line+"\r\n"); err != nil {
		s.t.Logf("the stream takes no more: %v", err)
	}
	synctest.Wait()
}

// A heardX is what a listening gave.
type heardX struct {
	o     *x
	mu    sync.Mutex
	pages []Page
	last  []byte
	err   chan error
	stop  context.CancelFunc
}

func (h *heardX) told() []Page {
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.pages)
}

func (h *heardX) cursor() []byte {
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last
}

func (h *heardX) mentions() (ms []puskaradio.Mention) {
	for _, p := range h.told() {
		ms = append(ms, p.Mentions...)
	}
	return ms
}

// listen opens a stream and waits until it stands.
func (s *xLive) listen(options string, cursor []byte) *heardX {
	s.t.Helper()
	con, err := New("x", json.RawMessage(`{"token_env":"X","stream":true`+options+`}`), anySecret)
	if err != nil {
		s.t.Fatal(err)
	}
	stream, ok := StreamOf(con)
	if !ok || Polls(con) {
		s.t.Fatal("this is no stream that only listens")
	}
	ctx, stop := context.WithCancel(s.t.Context())
	h := &heardX{o: con.(*x), last: cursor, err: make(chan error, 1), stop: stop}
	c := local(s.t)
	c.wire = s
	q := Query{Now: time.Now().UTC(), Brands: []puskaradio.Brand{{ID: "acme", Name: "Acme"}}, Cursor: cursor}
	q.Source.ID = "x"
	go func() {
		h.err <- stream.Listen(ctx, c, q, func(p Page) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			h.mu.Lock()
			defer h.mu.Unlock()
			h.pages = append(h.pages, p)
			if p.Cursor != nil {
				h.last = p.Cursor
			}
			return nil
		})
	}()
	time.Sleep(30 * time.Second)
	synctest.Wait()
	return h
}

// xBubble runs a test on the morning of a day, in no time.
func xBubble(t *testing.T, test func(t *testing.T, s *xLive)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)))
		s := &xLive{xServer: xServer{t: t}}
		test(t, s)
	})
}
