package crawler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/internal/jetstream"
)

// event is an event of the stream of posts, n microseconds after base.
func event(base time.Time, n int, operation, key, text string) map[string]any {
	commit := map[string]any{"rev": fmt.Sprintf("3k%011d", n), "operation": operation, "collection": postCollection, "rkey": key}
	if operation != "delete" {
		commit["cid"] = "bafyrei" + key
		commit["record"] = map[string]any{"$type": postCollection, "text": text, "createdAt": base.Format(time.RFC3339), "langs": []string{"fi"}}
	}
	return map[string]any{"did": "did:plc:a", "time_us": base.UnixMicro() + int64(n), "kind": "commit", "commit": commit}
}

// An ear listens to a bluesky source and keeps what comes as the store would.
type ear struct {
	t      *testing.T
	con    Stream
	client *Client
	cursor []byte
	log    []string // what was told, in order
	faults []error
}

func newEar(t *testing.T, servers ...*httptest.Server) *ear {
	t.Helper()
	var addresses []string
	for _, s := range servers {
		addresses = append(addresses, s.URL)
	}
	list, _ := json.Marshal(addresses)
	con, err := New("bluesky", fmt.Appendf(nil, `{"stream":true,"honour_opt_out":false,"jetstream":%s}`, list), nil)
	if err != nil {
		t.Fatal(err)
	}
	s, ok := StreamOf(con)
	if !ok || Polls(con) {
		t.Fatal("it does not only listen")
	}
	return &ear{t: t, con: s, client: local(t, addresses...)}
}

// hear listens until the log ends with what is wanted.
func (e *ear) hear(until func(log []string) bool) error {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(e.t.Context(), 30*time.Second)
	defer cancel()
	q := Query{Cursor: e.cursor, Now: time.Now().UTC(), Brands: []puskaradio.Brand{{ID: "acme", Name: "Acme"}}}
	q.Source.ID = "s"
	return e.con.Listen(ctx, e.client, q, func(p Page) error {
		for _, m := range p.Mentions {
			e.log = append(e.log, m.Ref[strings.LastIndexByte(m.Ref, '/')+1:]+" "+m.Text)
			if m.Published.IsZero() || m.Genre == "" || m.Source != "s" || m.Lang != "fi" {
				e.t.Errorf("not whole: %+v", m)
			}
		}
		for _, g := range p.Gone {
			e.log = append(e.log, g[strings.LastIndexByte(g, '/')+1:]+" gone")
		}
		e.faults = append(e.faults, p.Faults...)
		if p.Cursor != nil {
			e.cursor = p.Cursor
		}
		if until(e.log) {
			cancel()
		}
		return nil
	})
}

func (e *ear) want(log ...string) {
	e.t.Helper()
	err := e.hear(func(got []string) bool { return len(got) >= len(log) })
	if !slices.Equal(e.log, log) {
		e.t.Fatalf("heard %q, %v; want %q", e.log, err, log)
	}
}

func TestJetstream(t *testing.T) {
	for _, legacy := range []bool{false, true} {
		t.Run(fmt.Sprint("legacy ", legacy), func(t *testing.T) {
			js := &jetstream.Server{Legacy: legacy}
			srv := httptest.NewServer(js)
			defer srv.Close()
			e := newEar(t, srv)
			base := time.Now().Add(-time.Hour)
			e.cursor = fmt.Appendf(nil, `{"host":%q,"time_us":%d}`, strings.TrimPrefix(srv.URL, "http://"), base.UnixMicro())
			for i := range 50 {
				js.Tell(event(base, i, "create", fmt.Sprint("x", i), "about something else"))
			}
			js.Tell(map[string]any{"did": "did:plc:b", "time_us": base.UnixMicro() + 60, "kind": "identity", "identity": map[string]any{"handle": "x.example"}})
			js.Tell(event(base, 100, "create", "a", "Acmen palvelu"))
			js.Tell(event(base, 101, "delete", "x1", ""))
			e.want("a Acmen palvelu")
			// What happened while nobody listened is told again, and nothing twice.
			js.Tell(event(base, 200, "update", "a", "Acmen palvelu, korjattu"))
			js.Tell(event(base, 201, "create", "b", "acme"))
			e.want("a Acmen palvelu", "a Acmen palvelu, korjattu", "b acme")
			js.Tell(event(base, 300, "update", "b", "no names any more"))
			js.Tell(event(base, 301, "delete", "a", ""))
			js.Tell(event(base, 302, "create", "c", "Acme taas"))
			e.want("a Acmen palvelu", "a Acmen palvelu, korjattu", "b acme", "c Acme taas", "b gone", "a gone")
			if len(e.faults) > 0 {
				t.Errorf("faults %v", e.faults)
			}
		})
	}
}

// TestJetstreamMoves goes on at another server, by the time and a little
// earlier, without telling twice what was heard.
func TestJetstreamMoves(t *testing.T) {
	one, two := new(jetstream.Server), new(jetstream.Server)
	srv1, srv2 := httptest.NewServer(one), httptest.NewServer(two)
	defer srv1.Close()
	defer srv2.Close()
	base := time.Now().Add(-time.Minute)
	for i := range 500 { // so that their numbers differ
		two.Tell(event(base, i-1000, "create", fmt.Sprint("y", i), "nothing"))
	}
	tell := func(n int, operation, key, text string) {
		one.Tell(event(base, n, operation, key, text))
		other := event(base, n, operation, key, text)
		other["time_us"] = base.UnixMicro() + int64(n) + 5 // by its own clock
		two.Tell(other)
	}
	e := newEar(t, srv1, srv2)
	e.cursor = fmt.Appendf(nil, `{"host":"elsewhere","time_us":%d}`, base.UnixMicro())
	tell(1, "create", "a", "Acme 1")
	tell(2, "update", "a", "Acme 2")
	tell(3, "create", "b", "Acme b")
	tell(4, "delete", "b", "")
	tell(5, "create", "c", "Acme c")
	e.want("a Acme 1", "a Acme 2", "c Acme c", "b gone")
	one.Refuse.Store(503)
	tell(6, "update", "c", "Acme c 2")
	e.want("a Acme 1", "a Acme 2", "c Acme c", "b gone", "c Acme c 2")
	if n := two.Dialled.Load(); n != 1 {
		t.Errorf("the other server was dialled %d times", n)
	}
}

// TestJetstreamCountsAnew is at a server that has lost its count: it is asked
// by the time, for at the number it would begin with what is new.
func TestJetstreamCountsAnew(t *testing.T) {
	js := new(jetstream.Server)
	srv := httptest.NewServer(js)
	defer srv.Close()
	base := time.Now().Add(-time.Minute)
	e := newEar(t, srv)
	e.cursor = fmt.Appendf(nil, `{"host":%q,"seq":90000,"time_us":%d}`, strings.TrimPrefix(srv.URL, "http://"), base.UnixMicro())
	js.Tell(event(base, 1, "create", "a", "Acme 1"))
	go func() {
		for range 1500 {
			time.Sleep(20 * time.Millisecond)
			if js.Dialled.Load() > 0 {
				break
			}
		}
		time.Sleep(50 * time.Millisecond)
		js.Tell(event(base, 2, "create", "b", "Acme 2"))
	}()
	e.want("a Acme 1", "b Acme 2")
}

// TestJetstreamCursor keeps the cursor of a stream that says nothing of a
// brand, and says when it was away for longer than servers remember.
func TestJetstreamCursor(t *testing.T) {
	l := &jetstreamListener{o: new(bluesky), emit: func(Page) error { return nil }}
	names := NewMatcher([]puskaradio.Brand{{ID: "acme", Name: "Acme"}})
	now := time.Now()
	flushes := 0
	for i := range 10_000 {
		b, _ := json.Marshal(event(now, i, "create", fmt.Sprint("k", i), []string{"nothing", "Acme"}[i/9000]))
		at := now.Add(time.Duration(i) * 10 * time.Millisecond)
		due, err := l.take(readEvent(b, names), at)
		if err != nil {
			t.Fatal(err)
		}
		if due && i < 9000 {
			flushes++
			if _, err := l.flush(true); err != nil {
				t.Fatal(err)
			}
		}
	}
	if flushes != 2 { // in 90 seconds
		t.Errorf("the cursor was kept %d times, want 2", flushes)
	}
	if b, _ := json.Marshal(&l.cur); len(b) > 100<<10 {
		t.Errorf("a cursor of %d bytes", len(b))
	}
	var told []error
	l = &jetstreamListener{o: new(bluesky), q: Query{Now: now}, emit: func(p Page) error {
		told = append(told, p.Faults...)
		return nil
	}}
	l.cur.Time = now.Add(-40 * time.Hour).UnixMicro()
	if err := l.opened(); err != nil || len(told) != 1 || !strings.Contains(told[0].Error(), "40h0m0s") {
		t.Errorf("opened = %v, told %v", err, told)
	}
}

// TestJetstreamHostile hears servers that mean no good.
func TestJetstreamHostile(t *testing.T) {
	js := new(jetstream.Server)
	srv := httptest.NewServer(js)
	defer srv.Close()
	base := time.Now().Add(-time.Minute)
	e := newEar(t, srv)
	e.cursor = fmt.Appendf(nil, `{"host":"elsewhere","time_us":%d}`, base.UnixMicro())
	js.Tell(event(base, 1, "create", "x", "nothing"))
	for _, s := range []string{
		"", "null", "[]", `"x"`, "{", `{"kind":"commit"}`, `{"time_us":1,"kind":7}`, `{"time_us":-5,"kind":"commit"}`, "\xff\xfe", strings.Repeat("[", 60_000),
		`{"did":"did:plc:a","time_us":99999999999999999,"kind":"identity"}`,
		fmt.Sprintf(`{"did":"x","time_us":%d,"kind":"commit","commit":{"operation":"create","collection":"app.bsky.feed.post","rkey":"../../x","record":{"text":"Acme"}}}`, base.UnixMicro()+1),
		fmt.Sprintf(`{"did":"did:plc:a","time_us":%d,"kind":"commit","commit":{"operation":"create","collection":"app.bsky.feed.post","rkey":"x","record":{"text":{"Acme":1}}}}`, base.UnixMicro()+1),
	} {
		js.Say([]byte(s))
	}
	js.Tell(event(base, 2, "create", "a", "Acme "+strings.Repeat("x", 400_000)))
	js.Tell(event(base, 3, "create", "b", "Acme"))
	err := e.hear(func(log []string) bool { return len(log) >= 2 })
	if len(e.log) != 2 || !strings.HasPrefix(e.log[0], "a Acme") || e.log[1] != "b Acme" || len(e.faults) < 8 {
		t.Errorf("heard %.100q, faults %v, %v", e.log, e.faults, err)
	}
	js.Say([]byte(strings.Repeat(" ", 2<<20)))
	if err := e.hear(func([]string) bool { return false }); StateOf(err) != StateUnreadable {
		t.Errorf("a message of 2 MiB: %v", err)
	}
}

func TestJetstreamEmitFails(t *testing.T) {
	js := new(jetstream.Server)
	srv := httptest.NewServer(js)
	defer srv.Close()
	e := newEar(t, srv)
	full := errors.New("the disk is full")
	base := time.Now().Add(-time.Minute)
	js.Tell(event(base, 2, "create", "a", "Acme"))
	q := Query{Cursor: fmt.Appendf(nil, `{"host":"elsewhere","time_us":%d}`, base.UnixMicro()), Now: time.Now(), Brands: []puskaradio.Brand{{Name: "Acme"}}}
	err := e.con.Listen(t.Context(), e.client, q, func(p Page) error {
		if len(p.Mentions) > 0 {
			return full
		}
		return nil
	})
	if !errors.Is(err, full) {
		t.Errorf("Listen = %v, want that the disk is full", err)
	}
}

func FuzzJetstream(f *testing.F) {
	base := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for _, e := range []map[string]any{event(base, 1, "create", "a", "Acme"), event(base, 2, "update", "a", "Acme 2"), event(base, 3, "delete", "a", "")} {
		b, _ := json.Marshal(e)
		f.Add(b)
	}
	f.Add([]byte(`{"did":"did:plc:a","time_us":1795262400000001,"cursor":7,"kind":"account","account":{"active":false,"status":"deleted"}}`))
	names := NewMatcher([]puskaradio.Brand{{ID: "acme", Name: "Acme"}})
	f.Fuzz(func(t *testing.T, b []byte) {
		var ms []puskaradio.Mention
		l := &jetstreamListener{o: &bluesky{OptOut: true}, emit: func(p Page) error {
			ms = append(ms, p.Mentions...)
			if !json.Valid(p.Cursor) {
				t.Errorf("cursor %s", p.Cursor)
			}
			return nil
		}}
		for range 2 {
			if _, err := l.take(readEvent(b, names), base); err != nil && !errors.Is(err, errCounterReset) {
				t.Fatal(err)
			}
		}
		if _, err := l.flush(true); err != nil {
			t.Fatal(err)
		}
		for _, m := range ms {
			if !isPostRef(m.Ref) || m.Published.IsZero() || m.DateFrom == "" || m.Text == "" || len(m.Text) > maxTextBytes {
				t.Errorf("not whole: %+v", m)
			}
		}
	})
}
