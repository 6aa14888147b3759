package crawler

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// TestXStream: rules are brought in step, what was missed is searched for, and
// posts come as they are written, edits as the same mention.
func TestXStream(t *testing.T) {
	xBubble(t, func(t *testing.T, s *xLive) {
		s.posts = []xServed{s.post(2, "Acme two"), s.post(1, "Acme one")}
		s.rules = []xRule{{ID: "f1", Value: "cats", Tag: "somebody's"}, {ID: "o1", Value: `("Old")`, Tag: "puskaradio/x"}, {ID: "o2", Value: `("Other")`, Tag: "puskaradio/y"}}
		h := s.listen(`,"backfill_minutes":2,"recheck":0`, nil)
		want := []xRule{{ID: "f1", Value: "cats", Tag: "somebody's"}, {ID: "o2", Value: `("Other")`, Tag: "puskaradio/y"}, {ID: "made1", Value: `("Acme") -is:retweet`, Tag: "puskaradio/x"}}
		if !slices.Equal(s.rules, want) {
			t.Errorf("rules %+v, want %+v", s.rules, want)
		}
		if len(s.opened) != 1 || !strings.Contains(s.opened[0], "backfill_minutes=2") || !strings.Contains(s.opened[0], "edit_history_tweet_ids") {
			t.Errorf("opened at %q", s.opened)
		}
		if ms := h.mentions(); len(ms) != 2 {
			t.Fatalf("what was missed: %+v", ms)
		}
		first := s.post(5, "Acme five")
		s.tell(first, "f1", "made1")
		s.say("")
		s.say(`{"data":{"id":"x"},"matching_rules":[{"id":"made1"}]}`)
		s.say(`{"new_kind":{"of":"message"}}`)
		s.say(`not JSON`)
		time.Sleep(time.Second)
		ms := h.mentions()
		if len(ms) != 3 || ms[2].Ref != first.id || ms[2].Text != "Acme five" || ms[2].Lang != "fi" {
			t.Fatalf("a post that is written: %+v", ms)
		}
		// An edit has a new id; it comes with an older one, and one of another rule.
		edited := s.post(7, "Acme five, edited")
		edited.history = []string{first.id}
		between := s.post(6, "Acme five, half edited")
		between.history = []string{first.id}
		s.tell(edited, "made1")
		s.tell(between, "made1")
		s.tell(s.post(8, "a cat"), "f1")
		time.Sleep(time.Second)
		ms = h.mentions()
		if len(ms) != 4 || ms[3].Ref != first.id || ms[3].Text != "Acme five, edited" {
			t.Fatalf("an edit: %+v", ms)
		}
		faults := 0
		for _, p := range h.told() {
			faults += len(p.Faults)
		}
		if faults != 2 {
			t.Errorf("%d faults, want the two messages that cannot be read", faults)
		}
		h.stop()
		if err := <-h.err; err == nil {
			t.Error("Listen = nil")
		}
		// Another listening asks only for what is newer than a little before the last.
		s.posts = slices.Insert(s.posts, 0, s.post(9, "Acme nine"))
		again := s.listen(`,"recheck":0`, h.cursor())
		if ms := again.mentions(); len(ms) != 1 || ms[0].Text != "Acme nine" || s.made != 1 {
			t.Errorf("after a break: %+v, %d rules made", ms, s.made)
		}
		again.stop()
		<-again.err
	})
}

// TestXStreamCap: what is delivered on a day is never more than the cap, the
// ledger on the disk is never behind the bill, and the next day goes on.
func TestXStreamCap(t *testing.T) {
	xBubble(t, func(t *testing.T, s *xLive) {
		s.posts = []xServed{s.post(1, "Acme one")}
		h := s.listen(`,"daily_cap":1,"recheck":0`, nil) // 200 posts
		sent := 1
		for ; len(h.err) == 0 && sent < 400; sent++ {
			s.tell(s.post(10+sent, fmt.Sprint("Acme ", sent)), "made1")
			if ledger := h.o.Spent(h.cursor(), time.Now().UTC()); len(h.err) == 0 && ledger.Today+1e-9 < float64(s.billed)*0.005 {
				t.Fatalf("%d posts were billed, and the ledger says %+v", s.billed, ledger)
			}
			if sent%7 == 0 {
				time.Sleep(300 * time.Millisecond)
			}
		}
		err := <-h.err
		re, ok := errors.AsType[*puskaradio.RetryError](err)
		if !ok || StateOf(err) != StateLimited || !strings.Contains(err.Error(), "daily cap of 1.00 USD") || re.After > 14*time.Hour || re.After < 13*time.Hour {
			t.Fatalf("Listen = %v", err)
		}
		if s.billed > 200 || s.billed < 170 || len(h.mentions()) != s.billed {
			t.Errorf("%d posts were billed and %d told under a cap of 200", s.billed, len(h.mentions()))
		}
		if ledger := h.o.Spent(h.cursor(), time.Now().UTC()); ledger.Today < float64(s.billed)*0.005-1e-9 || ledger.Today > 1 {
			t.Errorf("the ledger says %+v of %d posts", ledger, s.billed)
		}
		if live := h.o.Spent(nil, time.Now().UTC()); live.Today == 0 {
			t.Error("the ledger of a stream is not shown")
		}
		opened := len(s.opened)
		again := s.listen(`,"daily_cap":1,"recheck":0`, h.cursor())
		if err := <-again.err; StateOf(err) != StateLimited || len(s.opened) != opened {
			t.Errorf("the same day: %v, opened %d times", err, len(s.opened)-opened)
		}
		time.Sleep(anotherDay)
		next := s.listen(`,"daily_cap":1,"recheck":0`, h.cursor())
		s.tell(s.post(9999, "Acme tomorrow"), "made1")
		time.Sleep(time.Second)
		if ms := next.mentions(); len(ms) != 1 || ms[0].Text != "Acme tomorrow" {
			t.Errorf("the next day: %+v, %v", ms, len(next.err))
		}
		// A stop without a word counts what may have come as spent.
		before := next.o.Spent(next.cursor(), time.Now().UTC()).Today
		killed := slices.Clone(next.cursor())
		next.stop()
		<-next.err
		after := s.listen(`,"daily_cap":1,"recheck":0`, killed)
		if got := after.o.Spent(after.cursor(), time.Now().UTC()).Today; got < before {
			t.Errorf("after a stop the ledger says %g, before %g", got, before)
		}
		after.stop()
		<-after.err
	})
}

// TestXStreamLife: signs of life keep a stream open, for days; without them it
// is given up after a minute. Once a day recent posts are looked at again.
func TestXStreamLife(t *testing.T) {
	xBubble(t, func(t *testing.T, s *xLive) {
		s.posts = []xServed{s.post(2, "Acme two"), s.post(1, "Acme one")}
		h := s.listen(``, nil)
		s.posts[0].gone = true
		for range 24 * 60 * 3 {
			time.Sleep(20 * time.Second)
			s.say("")
		}
		if len(h.err) > 0 {
			t.Fatalf("Listen = %v", <-h.err)
		}
		var gone []string
		for _, p := range h.told() {
			gone = append(gone, p.Gone...)
		}
		if len(s.opened) != 2 || len(gone) != 1 || gone[0] != s.posts[0].id {
			t.Errorf("after a day: opened %d times, gone %v", len(s.opened), gone)
		}
		began := time.Now()
		err := <-h.err
		if StateOf(err) != StateUnreachable || !strings.Contains(err.Error(), "no sign of life for 1m0s") || time.Since(began) > 61*time.Second {
			t.Errorf("Listen = %v after %v", err, time.Since(began))
		}
	})
}

// TestXStreamClosed: what X says when it closes a stream, or takes none, and how
// long it is left alone then.
func TestXStreamClosed(t *testing.T) {
	const busy = `{"title":"ConnectionException","detail":"This stream is currently at the maximum allowed connection limit.","connection_issue":"TooManyConnections","type":"https://api.twitter.com/2/problems/streaming-connection"}`
	for _, tt := range []struct {
		name   string
		status int
		body   string // of the refusal, or a message
		rules  string
		says   string
		state  string
		after  time.Duration
		never  bool
	}{
		{name: "operational disconnect", body: `{"errors":[{"title":"operational-disconnect","disconnect_type":"UpstreamOperationalDisconnect","detail":"This stream has been disconnected upstream for operational reasons.","type":"https://api.twitter.com/2/problems/operational-disconnect"}]}`, says: "operational reasons", state: StateUnreachable},
		{name: "too many connections", status: 429, body: busy, says: "another program listens", state: StateLimited, after: time.Minute},
		{name: "too many, in the stream", body: `{"errors":[` + busy + `]}`, says: "another program listens", state: StateLimited, after: time.Minute},
		{name: "used up", body: `{"errors":[{"title":"UsageCapExceeded","detail":"Usage cap exceeded: Monthly product cap","type":"https://api.twitter.com/2/problems/usage-capped"}]}`, says: "used up", state: StateLimited, after: time.Hour},
		{name: "empty 429", status: 429, says: "429", state: StateLimited, after: time.Minute},
		{name: "502", status: 502, says: "502", state: StateUnreachable, after: 5 * time.Second},
		{name: "503", status: 503, says: "503", state: StateLimited, after: 5 * time.Second},
		{name: "401", status: 401, says: "bearer token is not valid", state: StateLogin, never: true},
		{name: "403", status: 403, body: `{"reason":"client-not-enrolled"}`, says: "attach it to a project", state: StateLogin, never: true},
		{name: "too many rules", rules: `{"errors":[{"title":"RulesCapExceeded","detail":"Rules cap exceeded"}]}`, says: "RulesCapExceeded", state: StateUnreadable, never: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			xBubble(t, func(t *testing.T, s *xLive) {
				s.noRules = tt.rules
				s.closed = func() (int, string) { return tt.status, tt.body }
				h := s.listen(``, nil)
				if tt.status == 0 && tt.rules == "" {
					s.tell(s.post(1, "Acme one"), "made1")
					s.say(tt.body)
				}
				err := <-h.err
				if err == nil || StateOf(err) != tt.state || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "secret-of") {
					t.Errorf("%s: %v, want %s with %q", StateOf(err), err, tt.state, tt.says)
				}
				re, _ := errors.AsType[*puskaradio.RetryError](err)
				if got := cmp.Or(re, &puskaradio.RetryError{}).After; got != tt.after {
					t.Errorf("again in %v, want %v", got, tt.after)
				}
				if _, never := errors.AsType[*puskaradio.PermanentError](err); never != tt.never {
					t.Errorf("for good: %v", never)
				}
				if n := len(h.mentions()); tt.status == 0 && tt.rules == "" && n != 1 {
					t.Errorf("%d mentions came before, want 1", n)
				}
			})
		})
	}
}

// TestXPauses: X is left alone longer each time, until the stream brings
// something.
func TestXPauses(t *testing.T) {
	var f xFails
	after := func(fe *FetchError) time.Duration {
		re, ok := errors.AsType[*puskaradio.RetryError](f.pause(fmt.Errorf("x: %w", fe)))
		if !ok {
			return 0
		}
		return re.After
	}
	for _, tt := range []struct {
		fe   FetchError
		want []time.Duration // after the 1st, 2nd and 100th
	}{
		{FetchError{State: StateUnreachable}, []time.Duration{0, 250 * time.Millisecond, 16 * time.Second}},
		{FetchError{State: StateUnreachable, Status: 502}, []time.Duration{5 * time.Second, 10 * time.Second, 320 * time.Second}},
		{FetchError{State: StateLimited, Status: 429}, []time.Duration{time.Minute, 2 * time.Minute, 15 * time.Minute}},
	} {
		f.reset()
		for n, want := 1, 0; n <= 100; n++ {
			got := after(&tt.fe)
			if n > 2 && n < 100 {
				continue
			}
			if got != tt.want[want] {
				t.Errorf("%+v: %v after %d, want %v", tt.fe, got, n, tt.want[want])
			}
			want++
		}
	}
}

// FuzzXStream reads messages that X might send.
func FuzzXStream(f *testing.F) {
	for _, s := range []string{
		`{"data":{"id":"1990000000000000001","text":"Acme","edit_history_tweet_ids":["1"]},"matching_rules":[{"id":"r"}]}`,
		`{"errors":[{"title":"operational-disconnect","disconnect_type":"x"}]}`, `{"title":"ConnectionException","connection_issue":"TooManyConnections"}`, `{"data":[]}`, `{`, `{"data":{"id":"-1"},"includes":{"users":[{}]}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		o := &x{Cap: 1, PostPrice: 0.005, UserPrice: 0.01}
		l := &xListener{o: o, rules: map[string]string{"r": "acme"}, emit: func(p Page) error {
			for _, m := range p.Mentions {
				if m.Text == "" || m.Ref == "" || m.Published.Location() != time.UTC {
					t.Errorf("mention %+v", m)
				}
			}
			return nil
		}}
		l.cur.Lists = map[string]*xPos{}
		if _, err := l.take(readXMessage(b), time.Unix(1795000000, 0)); err != nil && StateOf(err) == StateOK {
			t.Errorf("take = %v", err)
		}
		if l.cur.Spent < 0 {
			t.Errorf("spent %d", l.cur.Spent)
		}
		if _, err := l.flush(true); err != nil {
			t.Error(err)
		}
	})
}
