package monitor_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/store"
)

// A wire is a source that pushes: what is sent over it goes to who listens.
type wire struct {
	talk

	mu      sync.Mutex
	pages   []crawler.Page // all that was ever said; the cursor is how many were heard
	cut     chan error
	opened  []opening
	fetched []time.Time
	refuse  func(n int) error
}

type opening struct {
	at     time.Time
	cursor string
}

func (w *wire) Fetch(_ context.Context, _ *crawler.Client, q crawler.Query) (crawler.Page, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fetched = append(w.fetched, q.Now)
	return crawler.Page{Cursor: []byte("{}")}, nil
}

func (w *wire) Listen(ctx context.Context, _ *crawler.Client, q crawler.Query, emit func(crawler.Page) error) error {
	w.mu.Lock()
	w.opened = append(w.opened, opening{time.Now(), string(q.Cursor)})
	n := len(w.opened)
	w.cut = make(chan error, 1)
	cut := w.cut
	w.mu.Unlock()
	if w.refuse != nil {
		if err := w.refuse(n); err != nil {
			return err
		}
	}
	if err := emit(crawler.Page{More: true}); err != nil {
		return err
	}
	at := 0
	_, _ = fmt.Sscan(string(q.Cursor), &at) // it is empty at first
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		w.mu.Lock()
		for ; at < len(w.pages); at++ {
			p := w.pages[at]
			p.Mentions = slices.Clone(p.Mentions)
			p.Cursor = fmt.Append(nil, at+1)
			w.mu.Unlock()
			if err := emit(p); err != nil {
				return err
			}
			w.mu.Lock()
		}
		w.mu.Unlock()
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case err := <-cut:
			return err
		case <-tick.C:
		}
	}
}

func (w *wire) say(texts ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, text := range texts {
		m := post(time.Now(), text)
		m.Ref = strings.Fields(text)[0]
		w.pages = append(w.pages, crawler.Page{Mentions: []puskaradio.Mention{m}})
	}
}

func (w *wire) takeBack(ref string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pages = append(w.pages, crawler.Page{Gone: []string{ref}})
}

// onWire is a scene with a source that pushes.
func onWire(t *testing.T, w *wire) *scene {
	sc := stage(t, t.TempDir(), &w.talk)
	sc.plan.Sources[0].ID, sc.plan.Sources[0].Connector = "wire", w
	return sc
}

func (sc *scene) texts(t *testing.T) (out []string) {
	t.Helper()
	es, _, err := sc.store.Mentions(t.Context(), store.Filter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range es {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s v%d %s", e.Mention.Text, len(e.Mention.Versions), e.Mention.State)))
	}
	slices.Sort(out)
	return out
}

func TestStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := new(wire)
		sc := onWire(t, w)
		defer sc.close(t)
		w.say("a fine", "b fine")
		go func() {
			time.Sleep(time.Minute)
			w.say("c bad")
			time.Sleep(2 * time.Second)
			if got, want := sc.texts(t), []string{"a fine v0", "b fine v0", "c bad v0"}; !slices.Equal(got, want) {
				t.Errorf("two seconds after it was said: %q, want %q", got, want)
			}
			w.say("a better now")
			w.takeBack("b")
			w.say("b is back")
			w.takeBack("c")
			w.cut <- errors.New("cut")
			time.Sleep(time.Minute)
			w.say("d fine") // a moment before the end
		}()
		sc.run(t, 2*time.Minute+2*time.Second+40*time.Millisecond)
		if got, want := sc.texts(t), []string{"a better now v1", "b is back v1", "c bad v0 deleted", "d fine v0"}; !slices.Equal(got, want) {
			t.Errorf("kept %q, want %q", got, want)
		}
		if len(w.opened) != 2 || w.opened[0].cursor != "" || w.opened[1].cursor != "7" && w.opened[1].cursor != "3" {
			t.Errorf("opened %v", w.opened)
		}
		cov, err := sc.store.Coverage(t.Context(), time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		var items, failed, fresh int
		for _, c := range cov {
			items, failed, fresh = items+c.Items, failed+c.Failed, fresh+c.New
		}
		if items != 6 || failed != 1 || fresh != 4 {
			t.Errorf("ledger: %d items, %d failed, %d new: %+v", items, failed, fresh, cov)
		}
		// What may have been missed is fetched at once: after each opening.
		if len(w.fetched) < 2 || w.opened[1].at.Add(time.Second).Before(w.fetched[1]) {
			t.Errorf("fetched %v, opened %v", w.fetched, w.opened)
		}
	})
}

// TestStreamComesBack opens a stream that fails, later and later.
func TestStreamComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{refuse: func(n int) error {
			switch {
			case n == 3:
				panic("a fault of ours")
			case n == 6:
				return &puskaradio.RetryError{After: 20 * time.Minute, Err: errors.New("busy")}
			case n == 7:
				return &puskaradio.PermanentError{Err: errors.New("no")}
			case n < 9:
				return errors.New("no answer")
			}
			return nil
		}}
		sc := onWire(t, w)
		defer sc.close(t)
		w.say("a fine")
		sc.run(t, 2*time.Hour)
		if got := sc.texts(t); len(got) != 1 {
			t.Errorf("kept %q", got)
		}
		least := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 20 * time.Minute, 5 * time.Minute, 128 * time.Second}
		if len(w.opened) != 9 {
			t.Fatalf("opened %d times, want 9", len(w.opened))
		}
		for i := range least {
			if gap := w.opened[i+1].at.Sub(w.opened[i].at); gap < least[i] || gap > 4*least[i] {
				t.Errorf("opened #%d after %v, want from %v", i+2, gap, least[i])
			}
		}
	})
}

// TestStreamFollowsPlan: a new plan ends streams that are no longer in it, and
// goes on with those that are.
func TestStreamFollowsPlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two := new(wire), new(wire)
		sc := onWire(t, one)
		defer sc.close(t)
		one.say("a fine")
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		if err := sc.SetPlan(ctx, sc.plan, time.Now()); err != nil {
			t.Fatal(err)
		}
		go func() {
			time.Sleep(time.Minute)
			p := *sc.plan
			p.Sources = append(slices.Clone(p.Sources), monitor.Source{Source: puskaradio.Source{ID: "two", Kind: "test", Every: 5 * time.Minute, About: "acme"}, Connector: two})
			if err := sc.SetPlan(ctx, &p, time.Now()); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Second) // what was open ends
			one.say("b fine")
			two.say("c fine")
			time.Sleep(time.Minute)
			p2 := p
			p2.Sources = p2.Sources[1:]
			if err := sc.SetPlan(ctx, &p2, time.Now()); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Second)
			one.say("never heard")
			two.say("d fine")
		}()
		if err := sc.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if got, want := sc.texts(t), []string{"a fine v0", "b fine v0", "c fine v0", "d fine v0"}; !slices.Equal(got, want) {
			t.Errorf("kept %q, want %q", got, want)
		}
		if len(one.opened) != 2 || one.opened[1].cursor != "1" || len(two.opened) != 2 || two.opened[1].cursor != "1" {
			t.Errorf("opened %v and %v", one.opened, two.opened)
		}
	})
}
