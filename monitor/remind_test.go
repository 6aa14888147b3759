package monitor_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/monitor"
)

// watched is a stage with a burst 20 hours in, of so many posts, and somebody
// to tell when nobody claims the alert of it. It has run until one was told.
func watched(t *testing.T, posts int, set func(sc *scene)) (sc *scene, a puskaradio.Alert) {
	t.Helper()
	begin := time.Now()
	sc = stage(t, t.TempDir(), &talk{posts: append(history(begin), burst(begin.Add(20*time.Hour), posts)...)})
	sc.plan.DigestAt, sc.plan.Channels[0].Fallback = -1, ""
	sc.plan.Watch = monitor.Watch{Remind: 15 * time.Minute, Escalate: time.Hour, EscalateTo: "backup"}
	if set != nil {
		set(sc)
	}
	for len(sc.slack.alerts()) == 0 {
		if time.Since(begin) > 40*time.Hour {
			t.Fatalf("nothing was told: %s", sc.log.String())
		}
		sc.run(t, time.Minute)
	}
	return sc, sc.alert(t)
}

func (sc *scene) alert(t *testing.T) puskaradio.Alert {
	t.Helper()
	as, err := sc.store.Alerts(t.Context(), "acme", time.Time{}.Add(1), time.Now().Add(time.Hour))
	if err != nil || len(as) == 0 {
		t.Fatalf("alerts: %v, %v", as, err)
	}
	return as[len(as)-1]
}

// TestUnclaimed: an alert that nobody claims is reminded of once, below its own
// message and in the channel, and told to somebody else once; and so it stays
// over a restart at any moment.
func TestUnclaimed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sc, a := watched(t, 30, nil)
		defer sc.close(t)
		told := sc.slack.alerts()[0]
		for range 40 { // a restart every three minutes
			sc.run(t, 3*time.Minute)
		}
		reminders, escalations := sc.slack.said("r"), sc.other.said("e")
		if len(reminders) != 1 || len(escalations) != 1 {
			t.Fatalf("reminded %d times, escalated %d times: %v %v", len(reminders), len(escalations), reminders, escalations)
		}
		r, e := reminders[0], escalations[0]
		if after := r.at.Sub(told.at); after < 15*time.Minute || after > 19*time.Minute {
			t.Errorf("reminded after %v, want 15 min", after)
		}
		if r.thread != told.ts || !r.shown || !strings.HasPrefix(r.text, "Nobody has taken this yet: ") {
			t.Errorf("the reminder: %+v, want below %s and in the channel", r, told.ts)
		}
		if after := e.at.Sub(told.at); after < time.Hour || after > 64*time.Minute {
			t.Errorf("escalated after %v, want an hour", after)
		}
		if e.thread != "" || !strings.HasPrefix(e.text, "Nobody took this in time: ") {
			t.Errorf("the escalation: %+v", e)
		}
		if len(sc.other.posts) != 1 {
			t.Errorf("the other channel heard more: %v", sc.other.posts)
		}
		// Who claims it now is seen in both.
		if err := sc.ClaimAlert(t.Context(), a.ID, "Maija"); err != nil {
			t.Fatal(err)
		}
		sc.run(t, time.Minute)
		for name, l := range map[string]*slackLedger{"team": sc.slack, "other": sc.other} {
			last := l.edits[len(l.edits)-1]
			if !strings.Contains(last.text, "Maija took this") || strings.HasPrefix(last.text, "Nobody") {
				t.Errorf("%s was edited to %q", name, last.text)
			}
		}
	})
}

// TestReminderKilled: whenever the process dies around a reminder, it is said
// once.
func TestReminderKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sc, _ := watched(t, 12, nil)
		defer sc.close(t)
		sc.slack.lose = func(int) bool { return len(sc.slack.said("r")) > 0 } // said, and the answer is lost
		sc.run(t, 16*time.Minute)
		sc.slack.lose = nil
		sc.run(t, 10*time.Minute)
		if got := sc.slack.said("r"); len(got) != 1 {
			t.Errorf("reminded %d times: %v", len(got), got)
		}
	})
}

// TestLookedAfter: who has an alert, has called it false, has one of its posts,
// or has put it off, is not reminded of it.
func TestLookedAfter(t *testing.T) {
	for name, tt := range map[string]struct {
		do   func(t *testing.T, sc *scene, a puskaradio.Alert)
		want int // reminders, after a day
		edit string
	}{
		"claimed": {func(t *testing.T, sc *scene, a puskaradio.Alert) {
			for range 2 {
				if err := sc.ClaimAlert(t.Context(), a.ID, "Maija"); err != nil {
					t.Fatal(err)
				}
			}
			err := sc.ClaimAlert(t.Context(), a.ID, "Ville")
			if taken, ok := errors.AsType[*puskaradio.TakenError](err); !ok || taken.By != "Maija" || taken.At.IsZero() || taken.As != puskaradio.Claimed || !errors.Is(err, puskaradio.ErrTaken) {
				t.Errorf("the second to claim it: %v", err)
			}
			if err := sc.Calm(t.Context(), a.ID, "Ville"); !errors.Is(err, puskaradio.ErrTaken) {
				t.Errorf("another calls it false: %v", err)
			}
		}, 0, "Maija took this"},
		"false alarm": {func(t *testing.T, sc *scene, a puskaradio.Alert) {
			for range 2 {
				if err := sc.Calm(t.Context(), a.ID, "Maija"); err != nil {
					t.Fatal(err)
				}
			}
			if err := sc.ClaimAlert(t.Context(), a.ID, "Ville"); !errors.Is(err, puskaradio.ErrTaken) {
				t.Errorf("claimed after that: %v", err)
			}
		}, 0, "False alarm: "},
		"one of its posts": {func(t *testing.T, sc *scene, a puskaradio.Alert) {
			_, err := sc.store.Move(t.Context(), "acme", a.Quotes[0].ID, puskaradio.New, puskaradio.Change{At: time.Now(), Who: "Ville", To: puskaradio.Claimed}, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
		}, 0, "Ville took this"},
		"snoozed": {func(t *testing.T, sc *scene, a puskaradio.Alert) {
			if err := sc.SnoozeAlert(t.Context(), a.ID, "Maija", 2*time.Hour); err != nil {
				t.Fatal(err)
			}
		}, 1, "Snoozed until"},
		"snoozed after the reminder, twice": {func(t *testing.T, sc *scene, a puskaradio.Alert) {
			sc.run(t, 20*time.Minute)
			for _, long := range []time.Duration{3 * time.Hour, 4 * time.Hour} {
				if err := sc.SnoozeAlert(t.Context(), a.ID, "Maija", long); err != nil {
					t.Fatal(err)
				}
				sc.run(t, 2*time.Hour)
			}
		}, 2, "Snoozed until"},
		"muted": {func(t *testing.T, sc *scene, _ puskaradio.Alert) {
			if err := sc.SetMute(t.Context(), "acme", monitor.Mute{Until: time.Now().Add(90 * time.Hour)}, time.Now()); err != nil {
				t.Fatal(err)
			}
		}, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sc, a := watched(t, 12, nil)
				defer sc.close(t)
				told := sc.slack.alerts()[0]
				tt.do(t, sc, a)
				sc.run(t, 24*time.Hour)
				got := sc.slack.said("r")
				if len(got) != tt.want {
					t.Errorf("reminded %d times: %v, want %d", len(got), got, tt.want)
				}
				if len(sc.other.said("e")) > min(1, tt.want) {
					t.Errorf("escalated: %v", sc.other.said("e"))
				}
				if n := len(got); n > 0 && got[n-1].at.Sub(told.at) < 2*time.Hour {
					t.Errorf("reminded at %v of what was put off", got[n-1].at)
				}
				seen := tt.edit == ""
				for _, e := range sc.slack.edits {
					seen = seen || strings.Contains(e.text, tt.edit) && e.ts == told.ts
				}
				if !seen {
					t.Errorf("no edit says %q: %v", tt.edit, sc.slack.edits)
				}
			})
		})
	}
}

// TestClaimAtOnce: of twenty who claim an alert at once one has it, and the rest
// are told by whom.
func TestClaimAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sc, a := watched(t, 12, nil)
		defer sc.close(t)
		errs := make([]error, 20)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() { errs[i] = sc.ClaimAlert(t.Context(), a.ID, string(rune('a'+i))) })
		}
		wg.Wait()
		has := sc.alert(t).Claimed
		if has == nil {
			t.Fatal("nobody has it")
		}
		won := 0
		for i, err := range errs {
			taken, _ := errors.AsType[*puskaradio.TakenError](err)
			switch {
			case err == nil && has.By == string(rune('a'+i)):
				won++
			case taken == nil || taken.By != has.By:
				t.Errorf("%c: %v, want that %s has it", 'a'+i, err, has.By)
			}
		}
		if won != 1 {
			t.Errorf("%d have it", won)
		}
	})
}

// TestCrisisEscalates: a crisis is told to somebody else in half the time, also
// if it was none when it was told.
func TestCrisisEscalates(t *testing.T) {
	for name, tt := range map[string]struct {
		posts int
		want  time.Duration
	}{"a few": {8, 4 * time.Hour}, "it grows": {60, 2 * time.Hour}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sc, a := watched(t, tt.posts, func(sc *scene) {
					sc.plan.Watch = monitor.Watch{Escalate: 4 * time.Hour, EscalateTo: "backup"}
				})
				defer sc.close(t)
				if a.Severity == puskaradio.Crisis {
					t.Fatal("it is a crisis from the start")
				}
				told := sc.slack.alerts()[0]
				sc.run(t, 6*time.Hour)
				got := sc.other.said("e")
				if len(got) != 1 {
					t.Fatalf("escalated %v", got)
				}
				if after := got[0].at.Sub(told.at); after < tt.want || after > tt.want+time.Minute {
					t.Errorf("escalated after %v, want %v", after, tt.want)
				}
			})
		})
	}
}

// TestRemindersAtNight: quiet hours hold reminders, but not of a crisis.
func TestRemindersAtNight(t *testing.T) {
	for name, tt := range map[string]struct {
		posts  int
		crisis bool
	}{"a few": {14, false}, "many": {60, true}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sc, _ := watched(t, tt.posts, func(sc *scene) { // 22:00 in Helsinki, and the reminder after midnight
					sc.plan.Channels[0].Quiet = monitor.Quiet{From: 23 * time.Hour, To: 7 * time.Hour}
					sc.plan.Watch.Remind, sc.plan.Watch.Escalate = 3*time.Hour, 0
				})
				defer sc.close(t)
				told := sc.slack.alerts()[0]
				sc.run(t, 10*time.Hour)
				got := sc.slack.said("r")
				if len(got) != 1 {
					t.Fatalf("reminded %v", got)
				}
				at := got[0].at.In(sc.plan.Zone).Format("15:04")
				if crisis := got[0].at.Sub(told.at) < 4*time.Hour; crisis != tt.crisis || !crisis && at != "07:00" {
					t.Errorf("reminded at %s, told at %v", at, told.at.In(sc.plan.Zone))
				}
			})
		})
	}
}

// TestThread: news of an alert stands below its message: what came since, at
// most every ten minutes, the numbers adding up, and its end.
func TestThread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sc, a := watched(t, 40, func(sc *scene) { sc.plan.Watch = monitor.Watch{} })
		defer sc.close(t)
		told := sc.slack.alerts()[0]
		sc.run(t, 50*time.Hour)
		news := sc.slack.said("n")
		if len(news) < 3 {
			t.Fatalf("news: %v", news)
		}
		for i, n := range news {
			if n.thread != told.ts || n.shown {
				t.Errorf("news stands elsewhere: %+v", n)
			}
			last := i == len(news)-1
			if strings.HasPrefix(n.text, "Over after") != last {
				t.Errorf("news %d of %d: %q", i, len(news), n.text)
			}
			if i > 0 && !last && n.at.Sub(news[i-1].at) < 10*time.Minute {
				t.Errorf("news after %v", n.at.Sub(news[i-1].at))
			}
			if !last && (!strings.Contains(n.text, "Worst of the new: talk: “bad delivery")) {
				t.Errorf("news: %q", n.text)
			}
		}
		sum := a.First
		for _, n := range news[:len(news)-1] {
			var more, all int
			if _, err := fmt.Sscanf(n.text, "+%d negative, %d in all", &more, &all); err != nil {
				t.Fatalf("%q: %v", n.text, err)
			}
			if sum += more; sum != all {
				t.Errorf("%q: the news add up to %d", n.text, sum)
			}
		}
		if as := sc.alert(t); as.State != "over" {
			t.Errorf("%+v is not over", as)
		}
	})
}
