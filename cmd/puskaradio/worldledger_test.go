package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio/store"
)

// ledger opens the store and gives its alerts and its mentions by reference.
func (w *world) ledger() (alerts []string, refs map[string]int) {
	w.t.Helper()
	l, err := parseConfigAt(filepath.Join(w.dir, "puskaradio.yaml"))
	if err != nil {
		w.t.Fatal(err)
	}
	s, err := store.OpenBolt(l.Data, &store.BoltOptions{Zone: l.plan.Zone})
	if err != nil {
		w.t.Fatalf("open after the kills: %v", err)
	}
	defer s.Close()
	if err := s.Check(context.Background()); err != nil {
		w.t.Errorf("check: %v", err)
	}
	return ledgerOf(w.t, s, len(l.Brands))
}

// ledgerOf gives the alerts of a store and its mentions by reference, of brands
// b0, b1 and so on, and checks that the counts are those of the lists.
func ledgerOf(t *testing.T, s store.Store, brands int) (alerts []string, refs map[string]int) {
	t.Helper()
	ctx := context.Background()
	as, err := s.Alerts(ctx, "", time.Unix(0, 0), time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range as {
		alerts = append(alerts, "a/"+a.ID)
	}
	refs = map[string]int{}
	counted, found := 0, 0
	f := store.Filter{Limit: 1000}
	for {
		es, next, err := s.Mentions(ctx, f)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range es {
			refs[e.Mention.Ref]++
			found++
		}
		if f.After = next; next == "" {
			break
		}
	}
	for i := range brands {
		cs, err := s.Series(ctx, fmt.Sprint("b", i), time.Now().AddDate(0, 0, -30), time.Now().Add(24*time.Hour), store.Day)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cs {
			counted += c.Total()
		}
	}
	if counted != found {
		t.Errorf("the counts hold %d mentions, the lists %d", counted, found)
	}
	return alerts, refs
}

func parseConfigAt(file string) (*loaded, error) {
	if err := os.Setenv("SLACK_BOT_TOKEN", "xoxb-test"); err != nil {
		return nil, err
	}
	return loadConfig(file)
}

// queued are the alerts that wait in the queue to be told.
func (w *world) queued() (keys []string) {
	w.t.Helper()
	s, err := store.OpenBolt(filepath.Join(w.dir, "data"), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	defer s.Close()
	jobs, err := s.Jobs(context.Background(), "deliver/")
	if err != nil {
		w.t.Fatal(err)
	}
	for _, j := range jobs {
		if _, key, ok := strings.Cut(j.Key, "/a/"); ok {
			keys = append(keys, "a/"+key)
		}
	}
	return keys
}

// drain starts the program until it has read what is left and told what it must.
func (w *world) drain() {
	w.t.Helper()
	for range 12 {
		last := w.start("", "run")
		time.Sleep(5 * time.Second)
		w.stop(last)
		if len(w.queued()) == 0 {
			return
		}
	}
}

// account checks what must hold whatever was killed: everything that was
// served is there once, every decided alert was told, and none more often than
// the kills explain, or whatever else takes the answer to a message away.
func (w *world) account(kills int) {
	w.t.Helper()
	alerts, refs := w.ledger()
	queued := w.queued()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.posts {
		if refs[p.id] != 1 {
			w.t.Errorf("post %s is there %d times", p.id, refs[p.id])
		}
	}
	twice := 0
	for _, key := range alerts {
		if w.told[key] == 0 {
			w.t.Errorf("alert %s was decided and not told; it waits: %v", key, slices.Contains(queued, key))
		}
	}
	for key, n := range w.told {
		if twice += n - 1; strings.HasPrefix(key, "g/") && n > 1+kills {
			w.t.Errorf("digest %s was sent %d times", key, n)
		}
	}
	if twice > kills {
		w.t.Errorf("%d messages too many after %d kills", twice, kills)
	}
	w.t.Logf("%d kills, %d posts, %d alerts, %d messages too many, %d edits", kills, len(w.posts), len(alerts), twice, w.edits)
}
