package monitor_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/notify"
	"github.com/puskaradio/puskaradio/store"
)

// TestActOnAnAlert: of many who press at once one has the alert, and every
// other is told who; what stands in the channel says so too, once.
func TestActOnAnAlert(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sc, a := watched(t, 30, nil)
		defer sc.close(t)
		var wg sync.WaitGroup
		var had atomic.Int64
		for i := range 8 {
			wg.Go(func() {
				for range 3 { // Slack sends what it believes was lost again
					_, err := sc.Act(t.Context(), notify.Wish{Do: notify.DoClaim, Alert: a.ID, Who: fmt.Sprint("agent ", i)})
					taken, ok := errors.AsType[*puskaradio.TakenError](err)
					switch {
					case err == nil:
						had.Add(1)
					case !ok || !strings.HasPrefix(taken.By, "agent ") || taken.By == fmt.Sprint("agent ", i):
						t.Errorf("agent %d: %v", i, err)
					}
				}
			})
		}
		wg.Wait()
		if had.Load() != 3 {
			t.Errorf("claimed %d times, want three times by one", had.Load())
		}
		by := sc.alert(t).Claimed
		sc.run(t, time.Minute)
		if n := len(sc.slack.edits); by == nil || n != 1 {
			t.Fatalf("claimed by %v, %d edits, want one", by, n)
		}
		if _, err := sc.Act(t.Context(), notify.Wish{Do: notify.DoSnooze, Alert: a.ID, Who: "Liisa"}); !errors.Is(err, puskaradio.ErrTaken) {
			t.Errorf("Liisa's snooze: %v, want that it is taken", err)
		}
		if _, err := sc.Act(t.Context(), notify.Wish{Do: notify.DoCalm, Alert: a.ID, Who: by.By}); err != nil {
			t.Errorf("a false alarm: %v", err)
		}
		if _, err := sc.Act(t.Context(), notify.Wish{Do: notify.DoClaim, Alert: a.ID, Who: "Liisa"}); !errors.Is(err, puskaradio.ErrTaken) {
			t.Errorf("a claim of a false alarm: %v", err)
		}
		for _, do := range []string{notify.DoClaim, notify.DoSnooze, notify.DoCalm, notify.DoDraft} {
			if _, err := sc.Act(t.Context(), notify.Wish{Do: do, Alert: "NOSUCHID", Who: "Liisa"}); !errors.Is(err, puskaradio.ErrNotFound) {
				t.Errorf("%s of an alert that is not there: %v", do, err)
			}
		}
		if _, err := sc.Act(t.Context(), notify.Wish{Do: "dance"}); err == nil {
			t.Error("it dances")
		}
	})
}

// TestActAsks: what people ask about, in words, and what they mute.
func TestActAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sc, _ := watched(t, 30, nil)
		defer sc.close(t)
		ask := func(w notify.Wish) notify.Outcome {
			t.Helper()
			w.Who, w.Lang = "Maija", "en"
			out, err := sc.Act(t.Context(), w)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		if s := ask(notify.Wish{Do: notify.DoStatus}).Text; !strings.Contains(s, "Negative spike: Acme") || !strings.Contains(s, "nobody has it") || !strings.Contains(s, "1 of 1 sources answer") {
			t.Errorf("status: %s", s)
		}
		if d := ask(notify.Wish{Do: notify.DoDigest, Brand: "ACME"}).Digest; d == nil || d.Negative < 5 {
			t.Errorf("digest: %+v", d)
		}
		home := ask(notify.Wish{Do: notify.DoHome})
		if len(home.Mine) != 0 || len(home.Others) < 5 {
			t.Fatalf("home: %d and %d", len(home.Mine), len(home.Others))
		}
		c := home.Others[0]
		if _, err := sc.store.Move(t.Context(), "acme", c.ID, c.Status, puskaradio.Change{At: time.Now(), Who: "Maija", To: puskaradio.Claimed}, time.Time{}); err != nil {
			t.Fatal(err)
		}
		if home = ask(notify.Wish{Do: notify.DoHome}); len(home.Mine) != 1 || home.Mine[0].ID != c.ID {
			t.Errorf("home after a claim: %v", home.Mine)
		}
		if s := ask(notify.Wish{Do: notify.DoMute, For: 4 * time.Hour}).Text; !strings.Contains(s, "Acme is muted until") {
			t.Errorf("mute: %s", s)
		}
		if x, err := sc.Muted(t.Context(), "acme", time.Now()); err != nil || x.Why != "Maija" || time.Until(x.Until) < 3*time.Hour {
			t.Errorf("muted: %+v, %v", x, err)
		}
		if _, err := sc.Act(t.Context(), notify.Wish{Do: notify.DoDigest, Brand: "nobody"}); !errors.Is(err, puskaradio.ErrNotFound) {
			t.Errorf("the digest of nobody: %v", err)
		}
	})
}

// TestActAnswers: a post of an alert is drafted for, checked and answered at a
// server that speaks Mastodon's interface; by hand where it cannot be.
func TestActAnswers(t *testing.T) {
	var sent atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/v1/statuses" {
			sent.Add(1)
			fmt.Fprint(w, `{"id":"99","uri":"https://m.example/statuses/99"}`)
			return
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	defer srv.Close()
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, _ := strconv.Atoi(u.Port())
	con, err := crawler.New("mastodon", json.RawMessage(fmt.Sprintf(`{"server":%q,"tags":["acme"],"reply_token_env":"W"}`, srv.URL)), func(string) (string, error) { return "write-token", nil })
	if err != nil {
		t.Fatal(err)
	}
	sc := stage(t, t.TempDir(), &talk{})
	defer sc.close(t)
	sc.Client = &crawler.Client{Agent: "puskaradio/0.1 (+https://puskaradio.example/contact)", Delay: -1, Private: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Ports: []uint16{uint16(port)}}
	defer sc.Client.Close()
	sc.plan.Sources = append(sc.plan.Sources, monitor.Source{Source: puskaradio.Source{ID: "social", Kind: "mastodon", About: "acme"}, Connector: con})
	sc.UsePlan(sc.plan)
	now := time.Now().UTC()
	ms := []puskaradio.Mention{}
	for i, source := range []string{"social", "talk"} {
		m := post(now.Add(-time.Duration(i)*time.Minute), fmt.Sprint("bad delivery ", i))
		m.Brand, m.Source, m.Lang, m.Flag, m.Author = "acme", source, "fi", "x", "maija@m.example"
		m.Ref, m.URL = srv.URL+"/users/maija/statuses/1", "https://m.example/1"
		m.Score = &puskaradio.Score{Label: puskaradio.Negative, Aspects: []puskaradio.Aspect{{Name: "delivery", Label: puskaradio.Negative}}}
		ms = append(ms, m)
	}
	kept, err := sc.store.Commit(t.Context(), store.Crawl{Source: "social", Brands: []string{"acme"}, Mentions: ms})
	if err != nil || len(kept.New) != 2 {
		t.Fatalf("kept %v, %v", kept, err)
	}
	a := puskaradio.Alert{ID: "7F3KQ2AA", Brand: "acme", Name: "Acme", Rule: puskaradio.RuleSpike, Decided: now, State: "open"}
	for i := range ms {
		a.Quotes = append(a.Quotes, puskaradio.QuoteOf(kept.New[i], &ms[i]))
	}
	if _, err := sc.store.AddAlert(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	act := func(w notify.Wish) (notify.Outcome, error) {
		w.Alert, w.Who, w.Lang = a.ID, "Maija", "fi"
		return sc.Act(t.Context(), w)
	}
	out, err := act(notify.Wish{Do: notify.DoDraft})
	if err != nil || out.Draft == nil || !out.Draft.Send || out.Draft.Post.ID != kept.New[0] || len(out.Draft.Posts) != 2 || !strings.Contains(out.Draft.Text, "toimitus ei sujunut") {
		t.Fatalf("draft: %+v, %v", out.Draft, err)
	}
	if _, err := act(notify.Wish{Do: notify.DoCheck, Post: kept.New[0], Text: strings.Repeat("pitkä ", 200)}); err == nil || !strings.Contains(err.Error(), "are the most there") {
		t.Errorf("a long answer: %v", err)
	}
	if _, err := act(notify.Wish{Do: notify.DoCheck, Post: kept.New[0], Text: out.Draft.Text}); err != nil {
		t.Errorf("check: %v", err)
	}
	if sent.Load() != 0 {
		t.Fatalf("%d answers were sent before anybody approved one", sent.Load())
	}
	if out, err = act(notify.Wish{Do: notify.DoSend, Post: kept.New[0], Text: "Anteeksi!"}); err != nil || !strings.Contains(out.Text, "Vastaus lähti") {
		t.Errorf("send: %+v, %v", out, err)
	}
	if _, err = act(notify.Wish{Do: notify.DoSend, Post: kept.New[0], Text: "Anteeksi!"}); err == nil || sent.Load() != 1 {
		t.Errorf("sent %d times, %v", sent.Load(), err)
	}
	c, err := sc.store.Case(t.Context(), "acme", kept.New[0])
	if err != nil || c.Status != puskaradio.Answered || c.FirstReply().IsZero() {
		t.Errorf("the case: %+v, %v", c, err)
	}
	if out, err = act(notify.Wish{Do: notify.DoDraft, Post: kept.New[1]}); err != nil || out.Draft.Send || out.Draft.Post.ID != kept.New[1] {
		t.Errorf("draft by hand: %+v, %v", out.Draft, err)
	}
	for i, want := range []error{nil, puskaradio.ErrTaken} {
		if _, err = act(notify.Wish{Do: notify.DoAnswered, Post: kept.New[1], Text: "Soitin."}); !errors.Is(err, want) {
			t.Errorf("answered %d: %v, want %v", i, err, want)
		}
	}
}

// TestErase: an author who is erased is gone from the store and from what
// stands in Slack, and does not come back with the next crawl.
func TestErase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sc, a := watched(t, 30, func(sc *scene) {
			for i := range sc.talk.posts {
				sc.talk.posts[i].Author = "Maija"
			}
		})
		defer sc.close(t)
		before := len(sc.slack.edits)
		out, err := sc.Erase(t.Context(), "talk", "maija")
		if err != nil || out.Mentions < 100 || len(out.Alerts) != 1 {
			t.Fatalf("erased %+v, %v", out, err)
		}
		sc.run(t, 30*time.Minute)
		if got, _, err := sc.store.Mentions(t.Context(), store.Filter{}); err != nil || len(got) != 0 {
			t.Errorf("%d are back, %v", len(got), err)
		}
		now := sc.alert(t)
		if now.ID != a.ID || now.Rev <= a.Rev || len(sc.slack.edits) == before || strings.Contains(sc.slack.edits[before].text, "bad delivery") {
			t.Errorf("the alert %+v; edits %v", now, sc.slack.edits[before:])
		}
	})
}

// A hearer counts how often it is asked to hear.
type hearer struct {
	routed
	ear  string
	ends func(ctx context.Context, n int) error
	n    atomic.Int64
}

func (h *hearer) Ear() string { return h.ear }
func (h *hearer) Hear(ctx context.Context, _ notify.Hearing) error {
	return h.ends(ctx, int(h.n.Add(1)))
}

// TestEars: of channels with one ear one hears; what breaks is opened again
// with pauses, what a person must mend seldom, and a panic harms nobody.
func TestEars(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sc := stage(t, t.TempDir(), &talk{})
		defer sc.close(t)
		steady := func(ctx context.Context, _ int) error { <-ctx.Done(); return ctx.Err() }
		ears := []*hearer{
			{ear: "one", ends: steady},
			{ear: "one", ends: steady},
			{ear: "", ends: steady},
			{ear: "refused", ends: func(context.Context, int) error {
				return &puskaradio.PermanentError{Err: errors.New("the token is wrong")}
			}},
			{ear: "flaps", ends: func(context.Context, int) error { return errors.New("too_many_websockets") }},
			{ear: "panics", ends: func(context.Context, int) error { panic("x") }},
			{ear: "hours", ends: func(ctx context.Context, _ int) error { // Slack closes each after some
				select {
				case <-time.After(time.Hour):
				case <-ctx.Done():
				}
				return errors.New("refresh")
			}},
		}
		for i, h := range ears {
			h.routed = routed{sc.plan.Channels[0].Notifier.(routed).Notifier, sc.slack}
			sc.plan.Channels = append(sc.plan.Channels, monitor.Channel{ID: fmt.Sprint("c", i), Notifier: h})
		}
		sc.plan.DigestAt = -1
		sc.run(t, 10*time.Hour)
		for i, want := range [][2]int64{{1, 1}, {0, 0}, {0, 0}, {60, 125}, {90, 260}, {90, 260}, {10, 10}} {
			if n := ears[i].n.Load(); n < want[0] || n > want[1] {
				t.Errorf("ear %d (%q) was opened %d times in ten hours, want %v", i, ears[i].ear, n, want)
			}
		}
	})
}
