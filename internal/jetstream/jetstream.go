// Package jetstream is a small server that speaks as Jetstream does, for
// tests: it tells events over WebSockets, and again from a cursor on. Only
// tests import it.
package jetstream

import (
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/coder/websocket"
)

// A Server tells events to who listens.
type Server struct {
	// Legacy leaves the sequence numbers out, as servers of before 2026 do;
	// their cursor is the time alone.
	Legacy bool
	// Dialled counts connections, and Refuse is the status that new ones get;
	// zero lets them in.
	Dialled, Refuse atomic.Int64

	mu     sync.Mutex
	cond   sync.Cond
	base   int64
	events []event
	broken int // counts the times when all connections were cut
}

type event struct {
	seq, time int64
	text      []byte
}

// smallest is the least cursor that is a time and not a sequence number.
const smallest = 1_000_000_000_000_000

// Tell adds an event: an object without a cursor. Its time_us must not be
// less than that of the one before.
func (s *Server) Tell(e map[string]any) {
	s.lock()
	defer s.mu.Unlock()
	seq := s.base + int64(len(s.events)) + 1
	if !s.Legacy {
		e["cursor"] = seq
	}
	b, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	var t struct {
		Time float64 `json:"time_us"`
	}
	_ = json.Unmarshal(b, &t) // an event without a time is of time 0
	s.events = append(s.events, event{seq, int64(t.Time), b})
	s.cond.Broadcast()
}

// Say adds a message as it is, which no cursor counts.
func (s *Server) Say(b []byte) {
	s.lock()
	defer s.mu.Unlock()
	last := event{seq: s.base}
	if len(s.events) > 0 {
		last = s.events[len(s.events)-1]
	}
	last.text = b
	s.events = append(s.events, last)
	s.base--
	s.cond.Broadcast()
}

// Break cuts all connections.
func (s *Server) Break() {
	s.lock()
	defer s.mu.Unlock()
	s.broken++
	s.cond.Broadcast()
}

// Reset forgets all events and counts from the start.
func (s *Server) Reset() {
	s.lock()
	defer s.mu.Unlock()
	s.events, s.base = nil, 0
	s.broken++
	s.cond.Broadcast()
}

func (s *Server) lock() {
	s.mu.Lock()
	if s.cond.L == nil {
		s.cond.L = &s.mu
	}
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.Dialled.Add(1)
	if status := s.Refuse.Load(); status != 0 {
		http.Error(w, "refused", int(status))
		return
	}
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // it has answered
	}
	defer ws.CloseNow()
	ctx := ws.CloseRead(r.Context())
	s.lock()
	at, broken := len(s.events), s.broken
	if cursor, err := strconv.ParseInt(r.URL.Query().Get("cursor"), 10, 64); err == nil {
		for i := range s.events {
			e := &s.events[i]
			if cursor >= smallest && e.time >= cursor || cursor < smallest && !s.Legacy && e.seq >= cursor {
				at = i
				break
			}
		}
	}
	s.mu.Unlock()
	go func() { // wakes the wait below
		<-ctx.Done()
		s.lock()
		s.cond.Broadcast()
		s.mu.Unlock()
	}()
	for {
		s.lock()
		for at >= len(s.events) && s.broken == broken && ctx.Err() == nil {
			s.cond.Wait()
		}
		if s.broken != broken || ctx.Err() != nil {
			s.mu.Unlock()
			return
		}
		text := s.events[at].text
		at++
		s.mu.Unlock()
		if ws.Write(ctx, websocket.MessageText, text) != nil {
			return
		}
	}
}
