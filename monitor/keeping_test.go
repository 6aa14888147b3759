package monitor_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// TestNothingKept reads a source whose terms let nothing be kept: neither the
// mentions nor the alert nor the files hold a word of it, and a bad review that
// was not there before is told by its stars and its address.
func TestNothingKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		old := post(now.Add(-48*time.Hour), "bad canaryword of old")
		fresh := post(now.Add(2*time.Hour), "bad canaryword of today")
		fresh.Rating, fresh.URL = &puskaradio.Rating{Value: 1, Best: 5, Worst: 1}, "https://trip.example/hotel"
		good := post(now.Add(3*time.Hour), "fine canaryword")
		sc := stage(t, t.TempDir(), &talk{posts: []puskaradio.Mention{old, fresh, good}})
		defer sc.close(t)
		sc.plan.Sources[0].Keep = puskaradio.Nothing
		sc.run(t, 30*time.Hour)
		alerts, err := sc.store.Alerts(t.Context(), "acme", now.AddDate(0, 0, -9), now.AddDate(0, 0, 9))
		if err != nil || len(alerts) != 1 {
			t.Fatalf("%d alerts, %v, want one", len(alerts), err)
		}
		if q := alerts[0].Quotes; len(q) != 1 || q[0].Rating.Value != 1 || q[0].URL == "" || q[0].Text+q[0].Author+q[0].Title != "" {
			t.Errorf("the alert quotes %+v", q)
		}
		if es, _, err := sc.store.Mentions(t.Context(), store.Filter{}); err != nil || len(es) != 0 {
			t.Errorf("%d mentions are kept, %v", len(es), err)
		}
		told := 0
		for _, p := range sc.slack.posts {
			if strings.Contains(p.text, "canaryword") {
				t.Errorf("Slack was told %q", p.text)
			}
			if strings.HasPrefix(p.text, "New bad review") && strings.Contains(p.text, "trip.example/hotel") {
				told++
			}
		}
		if told != 1 {
			t.Errorf("told %d times, want once: %+v", told, sc.slack.posts)
		}
		if cs, err := sc.store.Coverage(t.Context(), now, now.AddDate(0, 0, 2)); err != nil || len(cs) == 0 || cs[0].Items == 0 {
			t.Errorf("the ledger says %+v, %v", cs, err)
		}
	})
}

// holds tells which files under a directory hold a word.
func holds(t *testing.T, dir, word string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(word)) {
			files = append(files, d.Name())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestKeptForAMonth: what a source lets be kept for thirty days is gone a
// night later, and so is what was deleted there; what was counted stays.
func TestKeptForAMonth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		dir := t.TempDir()
		sc := stage(t, dir, &talk{posts: []puskaradio.Mention{post(now, "bad canarytext one"), post(now.Add(time.Hour), "fine two")}})
		defer sc.close(t)
		sc.plan.Sources[0].Keep, sc.plan.Sources[0].Every = puskaradio.Month, time.Hour
		left := func() int {
			es, _, err := sc.store.Mentions(t.Context(), store.Filter{})
			if err != nil {
				t.Fatal(err)
			}
			return len(es)
		}
		sc.run(t, 28*24*time.Hour)
		if n := left(); n != 2 {
			t.Errorf("%d mentions after 28 days, want 2", n)
		}
		sc.run(t, 4*24*time.Hour)
		if n := left(); n != 0 {
			t.Errorf("%d mentions after 32 days, want none", n)
		}
		for _, want := range []bool{true, false} { // within another week nor does any file
			if files := holds(t, dir, "anarytext"); (len(files) > 0) != want {
				t.Errorf("on %s %v hold a word of it, want any: %t", time.Now().Format(time.DateOnly), files, want)
			}
			sc.run(t, 7*24*time.Hour)
		}
		days, err := sc.store.Series(t.Context(), "acme", now.AddDate(0, 0, -1), now.AddDate(0, 0, 50), store.Day)
		total := 0
		for _, d := range days {
			total += d.Total()
		}
		if err != nil || total != 2 {
			t.Errorf("%d are counted, %v, want 2", total, err)
		}
	})
}
