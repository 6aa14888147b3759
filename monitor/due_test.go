package monitor_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/monitor"
)

// TestDue: of a single post a channel hears that an answer is due soon and that
// there was none in time, once each, while somebody has still to answer.
func TestDue(t *testing.T) {
	const target = 90 * time.Minute
	move := func(was, to puskaradio.Status) func(t *testing.T, sc *scene, a puskaradio.Alert) {
		return func(t *testing.T, sc *scene, a puskaradio.Alert) {
			t.Helper()
			c, err := sc.store.Move(t.Context(), "acme", a.Quotes[0].ID, was, puskaradio.Change{At: time.Now().UTC(), Who: "Maija", To: to}, time.Now().Add(4*time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			if err := sc.Moved(t.Context(), &c); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, tt := range map[string]struct {
		plan func(p *monitor.Plan)
		do   func(t *testing.T, sc *scene, a puskaradio.Alert)
		warn time.Duration // after the post was published; zero is not
		over time.Duration
		says string
	}{
		"nobody has it": {nil, nil, time.Hour, target, "nobody has it."},
		"somebody has":  {nil, move(puskaradio.New, puskaradio.Claimed), time.Hour, target, "Maija has it."},
		"answered":      {nil, move(puskaradio.New, puskaradio.Answered), 0, 0, ""},
		"put off":       {nil, move(puskaradio.New, puskaradio.Snoozed), 0, 0, ""},
		"false alarm": {nil, func(t *testing.T, sc *scene, a puskaradio.Alert) {
			t.Helper()
			if err := sc.Calm(t.Context(), a.ID, "Maija"); err != nil {
				t.Fatal(err)
			}
		}, 0, 0, ""},
		"no warning": {func(p *monitor.Plan) { p.Reply.Warn = 0 }, nil, 0, target, "nobody has it."},
		"too late to tell of": {func(p *monitor.Plan) {
			p.Reply.Target = time.Nanosecond
		}, nil, 0, 0, ""},
		"business hours": {func(p *monitor.Plan) { // the bubble begins at midnight, on a Saturday; it is told at ten
			h, err := puskaradio.ParseHours(time.UTC, "sat 11:00-13:00")
			if err != nil {
				panic(err)
			}
			p.Reply.Hours = map[string]puskaradio.OpenHours{"acme": h}
		}, nil, 2 * time.Hour, 2*time.Hour + 30*time.Minute, "nobody has it."},
		"quiet hours": {func(p *monitor.Plan) {
			p.Channels[0].Quiet = monitor.Quiet{From: 10*time.Hour + 50*time.Minute, To: 15 * time.Hour}
		}, nil, 0, 5 * time.Hour, "nobody has it."},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now().UTC()
				tk := &talk{posts: history(begin)}
				sc := stage(t, t.TempDir(), tk)
				defer sc.close(t)
				sc.plan.DigestAt, sc.plan.Burst.LeastPosts, sc.plan.Zone = -1, 1000, time.UTC
				sc.plan.Watch = monitor.Watch{}
				sc.plan.Reply = puskaradio.ReplyClock{Target: target, Warn: 2.0 / 3}
				if tt.plan != nil {
					tt.plan(sc.plan)
				}
				sc.run(t, 10*time.Hour-begin.Sub(begin.Truncate(24*time.Hour)))
				at := time.Now().UTC()
				m := post(at, "bad: it caught fire")
				m.Text = "bad: it caught fire and burned my hand"
				tk.posts = append(tk.posts, m)
				for len(sc.slack.alerts()) == 0 && time.Since(at) < time.Hour {
					sc.run(t, time.Minute)
				}
				if len(sc.slack.alerts()) != 1 {
					t.Fatalf("told %d times: %s", len(sc.slack.alerts()), sc.log.String())
				}
				told := sc.slack.alerts()[0]
				if tt.do != nil {
					tt.do(t, sc, sc.alert(t))
				}
				for range 80 { // a restart every five minutes
					sc.run(t, 5*time.Minute)
				}
				for what, want := range map[string]time.Duration{"w": tt.warn, "o": tt.over} {
					got := sc.slack.said(what)
					if want == 0 {
						if len(got) != 0 {
							t.Errorf("%s: said %q at %v", what, got[0].text, got[0].at.Sub(at))
						}
						continue
					}
					if len(got) != 1 {
						t.Errorf("%s: said %d times, want once after %v", what, len(got), want)
						continue
					}
					x := got[0]
					if after := x.at.Sub(at); after < want || after > want+10*time.Second {
						t.Errorf("%s: said after %v, want %v", what, after, want)
					}
					if x.thread != told.ts || !x.shown || !strings.HasSuffix(x.text, tt.says) {
						t.Errorf("%s: %+v, want below %s and in the channel, ending in %q", what, x, told.ts, tt.says)
					}
				}
			})
		})
	}
}
