package monitor_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/puskaradio/puskaradio/monitor"
)

// TestMute: while a brand is muted nobody is told; an alert that is open at the
// end is told then, one that is over never is.
func TestMute(t *testing.T) {
	for name, tt := range map[string]struct {
		length time.Duration
		want   int
	}{"ends while it is open": {4 * time.Hour, 1}, "outlasts it": {60 * time.Hour, 0}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				breaks := begin.Add(20 * time.Hour)
				sc := stage(t, t.TempDir(), &talk{posts: append(history(begin), burst(breaks, 30)...)})
				defer sc.close(t)
				sc.plan.DigestAt = -1
				sc.run(t, 19*time.Hour)
				until := time.Now().Add(tt.length)
				if err := sc.SetMute(t.Context(), "acme", monitor.Mute{Until: until}, time.Now()); err != nil {
					t.Fatal(err)
				}
				sc.run(t, 70*time.Hour)
				got := sc.slack.alerts()
				if len(got) != tt.want || len(got) == 1 && (got[0].at.Before(until) || got[0].at.After(until.Add(time.Minute))) {
					t.Errorf("told %d times: %+v; want %d, at %v", len(got), got, tt.want, until)
				}
				as, err := sc.store.Alerts(t.Context(), "acme", begin, time.Now())
				if err != nil || len(as) != 1 || as[0].State != "over" {
					t.Errorf("alerts %+v, %v, want one that is kept", as, err)
				}
			})
		})
	}
}

// TestQuietHours: at night only a crisis is told; the rest waits for the morning.
func TestQuietHours(t *testing.T) {
	for name, tt := range map[string]struct {
		posts  int
		crisis bool
	}{"a few": {6, false}, "many": {60, true}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now() // two at night in Helsinki
				sc := stage(t, t.TempDir(), &talk{posts: append(history(begin), burst(begin.Add(21*time.Hour), tt.posts)...)})
				defer sc.close(t)
				sc.plan.DigestAt, sc.plan.Channels[0].Fallback = -1, ""
				sc.plan.Channels[0].Quiet = monitor.Quiet{From: 22 * time.Hour, To: 7 * time.Hour}
				sc.run(t, 36*time.Hour)
				got := sc.slack.alerts()
				if len(got) != 1 {
					t.Fatalf("told %+v, want once", got)
				}
				at := got[0].at.In(sc.plan.Zone).Format("15:04")
				if crisis := strings.HasPrefix(got[0].text, "Crisis"); crisis != tt.crisis || crisis == (at == "07:00") {
					t.Errorf("told at %s: %q", at, got[0].text)
				}
			})
		})
	}
}

// TestMutedWhileItGoesOn: an alert that was told before its brand was muted is
// not left standing as if it went on.
func TestMutedWhileItGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sc, _ := watched(t, 30, func(sc *scene) { sc.plan.Watch = monitor.Watch{} })
		defer sc.close(t)
		said := len(sc.slack.posts)
		if err := sc.SetMute(t.Context(), "acme", monitor.Mute{Until: time.Now().Add(60 * time.Hour)}, time.Now()); err != nil {
			t.Fatal(err)
		}
		sc.run(t, 59*time.Hour)
		if n := len(sc.slack.posts); n != said {
			t.Errorf("said while muted: %v", sc.slack.posts[said:])
		}
		if n := len(sc.slack.edits); n == 0 || !strings.HasPrefix(sc.slack.edits[n-1].text, "Over: ") {
			t.Errorf("it still stands as open: %v", sc.slack.edits)
		}
	})
}
