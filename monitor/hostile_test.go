package monitor_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// addAlert decides an alert by hand, or updates it, and has channels tell it.
func (sc *scene) addAlert(t *testing.T, id string, decided time.Time, rev int, channels ...string) {
	t.Helper()
	a := puskaradio.Alert{ID: id, Brand: "acme", Name: "Acme", From: decided, To: decided.Add(time.Hour), Negative: 5, Decided: decided, Rev: rev, State: "open"}
	var jobs []store.Job
	for _, c := range channels {
		jobs = append(jobs, store.Job{Key: fmt.Sprintf("deliver/%s/%013d/a/%s", c, decided.UnixMilli(), id), Kind: "deliver", Lane: "deliver/" + c, Due: time.Now()})
	}
	if added, err := sc.store.AddAlert(t.Context(), a, jobs...); err != nil || !added {
		t.Fatalf("AddAlert(%s) = %v, %v", id, added, err)
	}
}

// TestUpdateIsNotFolded: what has waited comes as a summary, but the update of
// a message that stands in the channel is an edit of it.
func TestUpdateIsNotFolded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sc := stage(t, t.TempDir(), &talk{})
		defer sc.close(t)
		sc.plan.DigestAt, sc.plan.Channels = -1, sc.plan.Channels[:1]
		begin := time.Now()
		sc.addAlert(t, "X", begin, 0, "team")
		sc.run(t, time.Minute)
		away := true
		sc.slack.respond = func(string, int) *http.Response {
			if away {
				return answer(503, "upstream")
			}
			return nil
		}
		sc.addAlert(t, "X", begin, 1, "team")
		sc.addAlert(t, "Y", time.Now(), 0, "team")
		sc.addAlert(t, "Z", time.Now().Add(time.Second), 0, "team")
		sc.run(t, 2*time.Hour)
		away = false
		sc.run(t, 2*time.Hour)
		posts, edits := sc.slack.alerts(), sc.slack.edits
		if len(posts) != 2 || posts[0].key != "a/X" || !strings.HasPrefix(posts[1].key, "summary/") {
			t.Errorf("posts = %+v, want X and a summary", posts)
		}
		if len(edits) != 1 || edits[0].ts != posts[0].ts {
			t.Errorf("edits = %+v, want one of X", edits)
		}
		if jobs, err := sc.store.Jobs(t.Context(), "deliver/"); len(jobs) != 0 || err != nil {
			t.Errorf("left: %v, %v", jobs, err)
		}
	})
}

// TestOrderOverRestart: what was decided first is said first, though it has
// failed and its next try is later than the other's first.
func TestOrderOverRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sc := stage(t, t.TempDir(), &talk{})
		defer sc.close(t)
		sc.plan.DigestAt, sc.plan.Channels = -1, sc.plan.Channels[:1]
		begin := time.Now()
		sc.addAlert(t, "X", begin, 0, "team")
		sc.slack.respond = func(string, int) *http.Response { return answer(503, "upstream") }
		sc.run(t, 10*time.Minute)
		sc.addAlert(t, "Y", time.Now(), 0, "team") // while nothing runs
		time.Sleep(10 * time.Minute)
		sc.slack.respond = nil
		sc.run(t, 30*time.Minute)
		if got := sc.slack.alerts(); len(got) != 2 || got[0].key != "a/X" || got[1].key != "a/Y" {
			t.Errorf("said %+v, want X, then Y", got)
		}
	})
}

// TestOrphan: what waits for a channel that is gone goes to one that wants to
// hear of the brand.
func TestOrphan(t *testing.T) {
	for _, wants := range []string{"rival", "acme"} {
		synctest.Test(t, func(t *testing.T) {
			sc := stage(t, t.TempDir(), &talk{})
			defer sc.close(t)
			sc.plan.DigestAt = -1
			sc.plan.Channels[0].Brands = []string{wants}
			sc.addAlert(t, "X", time.Now(), 0, "gone")
			sc.run(t, time.Hour)
			got := len(sc.slack.alerts())
			if want := map[string]int{"rival": 0, "acme": 1}[wants]; got != want || len(sc.other.alerts()) != 0 {
				t.Errorf("a channel for %s was told %d times, want %d", wants, got, want)
			}
			if jobs, err := sc.store.Jobs(t.Context(), "deliver/"); len(jobs) != 0 || err != nil {
				t.Errorf("left: %v, %v", jobs, err)
			}
		})
	}
}

// TestLargeBackfillIsQuiet: neither a first reading of any size nor an import
// is news.
func TestLargeBackfillIsQuiet(t *testing.T) {
	for _, imported := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			tk := &talk{posts: history(begin)}
			var old []puskaradio.Mention
			for i := range 900 {
				old = append(old, post(begin.Add(-time.Duration(i)*20*time.Second), fmt.Sprint("bad ", i)))
			}
			if !imported {
				tk.posts = append(tk.posts, old...)
			}
			tk.posts = append(tk.posts, post(begin.Add(time.Hour), "bad luck again"))
			sc := stage(t, t.TempDir(), tk)
			defer sc.close(t)
			sc.plan.DigestAt = -1
			sc.run(t, 30*time.Minute)
			if imported {
				if st, _, err := sc.Import(t.Context(), "survey", "acme", old); err != nil || len(st.New) != len(old) {
					t.Fatalf("Import: %d, %v", len(st.New), err)
				}
			}
			sc.run(t, 3*time.Hour)
			if got := sc.slack.alerts(); len(got) != 0 {
				t.Errorf("imported %v: %d alerts: %v", imported, len(got), got)
			}
		})
	}
}

// TestSilenceEndsAlert: the brand goes silent and the process is started again.
func TestSilenceEndsAlert(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin, dir := time.Now(), t.TempDir()
		tk := &talk{posts: append(history(begin), burst(begin.Add(2*time.Hour), 12)...)}
		sc := stage(t, dir, tk)
		sc.run(t, 3*time.Hour)
		open, err := sc.store.Alerts(t.Context(), "acme", begin, time.Now())
		if err != nil || len(open) != 1 || open[0].State == "over" {
			t.Fatalf("alerts: %+v, %v, want one that is open", open, err)
		}
		sc.close(t)
		time.Sleep(30 * time.Minute)
		sc = stage(t, dir, tk)
		defer sc.close(t)
		sc.run(t, 30*time.Hour)
		if a, err := sc.store.Alert(t.Context(), open[0].ID); err != nil || a.State != "over" {
			t.Errorf("after silence: %+v, %v, want over", a, err)
		}
	})
}

// TestHostileDates: whatever a source says, a mention is filed, once, under a
// date that can be, and can be written as JSON.
func TestHostileDates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		tk := &talk{}
		for i, at := range []time.Time{
			{}, time.Unix(0, 0), time.Unix(-5, 0), time.Unix(math.MaxUint32+9, 0), time.Unix(1<<40, 0), time.Unix(math.MinInt64, 0), begin.Add(24 * time.Hour),
		} {
			tk.posts = append(tk.posts, puskaradio.Mention{
				Text: fmt.Sprint("fine ", i), Published: at, DateFrom: puskaradio.DatePublished, Owner: &puskaradio.Reply{Text: "kiitos", At: at},
			})
		}
		sc := stage(t, t.TempDir(), &talk{})
		defer sc.close(t)
		sc.plan.Sources[0].Connector = always{tk.posts}
		sc.plan.DigestAt = -1
		sc.run(t, 48*time.Hour)
		es, _, err := sc.store.Mentions(t.Context(), store.Filter{})
		if err != nil || len(es) != len(tk.posts) {
			t.Fatalf("%d mentions, %v, want %d", len(es), err, len(tk.posts))
		}
		for _, e := range es {
			if got := e.Mention.Published; got.Before(begin.Add(-time.Second)) || got.After(begin.Add(time.Minute)) {
				t.Errorf("%s is filed under %v", e.Mention.Text, got)
			}
			if _, err := json.Marshal(e); err != nil {
				t.Errorf("%s: %v", e.Mention.Text, err)
			}
		}
	})
}
