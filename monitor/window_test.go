package monitor_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/puskaradio/puskaradio/monitor"
)

// TestWindow: a time of maintenance is once, each day or each week, by the clock
// on the wall.
func TestWindow(t *testing.T) {
	zone := helsinki(t)
	at := func(s string) time.Time {
		x, err := time.ParseInLocation("2006-01-02 15:04", s, zone)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	for _, tt := range []struct{ every, now, want string }{
		{"", "2026-03-20 21:59", ""},
		{"", "2026-03-20 22:00", "2026-03-21 04:00"},
		{"", "2026-03-21 03:59", "2026-03-21 04:00"},
		{"", "2026-03-21 04:00", ""},
		{"", "2026-03-21 23:00", ""},
		{"day", "2026-03-20 21:59", ""},
		{"day", "2026-03-19 23:00", ""}, // before the first
		{"day", "2026-03-21 22:00", "2026-03-22 04:00"},
		{"day", "2026-03-28 22:00", "2026-03-29 04:00"}, // the night in which the clock is put forward
		{"day", "2026-03-29 04:00", ""},
		{"day", "2026-10-25 03:30", "2026-10-25 04:00"},
		{"day", "2026-10-25 21:59", ""},
		{"week", "2026-03-21 23:00", ""},
		{"week", "2026-03-27 22:00", "2026-03-28 04:00"},
		{"week", "2026-04-03 21:59", ""},
		{"week", "2026-04-03 22:00", "2026-04-04 04:00"},
		{"week", "2026-10-31 01:00", "2026-10-31 04:00"},
	} {
		w := monitor.Window{From: at("2026-03-20 22:00").UTC(), To: at("2026-03-21 04:00").UTC(), Every: tt.every}
		got := ""
		if u := w.Until(at(tt.now), zone); !u.IsZero() {
			got = u.In(zone).Format("2006-01-02 15:04")
		}
		if got != tt.want {
			t.Errorf("%q at %s: %q, want %q", tt.every, tt.now, got, tt.want)
		}
	}
}

// TestMaintenance: in a time of maintenance nothing is told, a crisis neither;
// what still stands at its end is told then, an urgent post among it, and what
// somebody has seen to is not.
func TestMaintenance(t *testing.T) {
	for name, tt := range map[string]struct {
		text, brand string
		posts       int
		do          func(t *testing.T, sc *scene)
		want        int
		early       bool // it is told during the window
	}{
		"a crisis":         {"bad delivery %d", "acme", 60, nil, 1, false},
		"of another brand": {"bad delivery %d", "other", 60, nil, 1, true},
		"a post":           {"bad mould in the food, I got sick, food poisoning %d", "acme", 1, nil, 1, false},
		"a post that is answered": {"bad mould in the food, I got sick, food poisoning %d", "acme", 1, func(t *testing.T, sc *scene) {
			if err := sc.ClaimAlert(t.Context(), sc.alert(t).ID, "Maija"); err != nil {
				t.Fatal(err)
			}
		}, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				posts := history(begin)
				for _, p := range burst(begin.Add(20*time.Hour), tt.posts) {
					p.Text = strings.ReplaceAll(tt.text, "%d", p.Ref)
					posts = append(posts, p)
				}
				sc := stage(t, t.TempDir(), &talk{posts: posts})
				defer sc.close(t)
				sc.plan.DigestAt, sc.plan.Channels[0].Fallback = -1, ""
				end := begin.Add(26 * time.Hour)
				sc.plan.Windows = []monitor.Window{{From: begin.Add(19 * time.Hour), To: end, Brands: []string{tt.brand}}}
				sc.run(t, 22*time.Hour)
				if tt.do != nil {
					tt.do(t, sc)
				}
				sc.run(t, 8*time.Hour)
				got := sc.slack.alerts()
				if len(got) != tt.want {
					t.Fatalf("told %d times: %v, want %d", len(got), got, tt.want)
				}
				for _, x := range got {
					if x.at.Before(end) != tt.early || !tt.early && x.at.Sub(end) > time.Minute {
						t.Errorf("told %v after the end", x.at.Sub(end))
					}
				}
			})
		})
	}
}
