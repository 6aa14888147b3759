package monitor_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/monitor"
)

func TestSpikeIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		breaks := begin.Add(20 * time.Hour)
		sc := stage(t, t.TempDir(), &talk{posts: append(history(begin), burst(breaks, 30)...)})
		defer sc.close(t)
		sc.run(t, 64*time.Hour)
		got := sc.slack.alerts()
		if len(got) != 1 {
			t.Fatalf("told %d times, want once: %v\n%s", len(got), got, sc.log.String())
		}
		if late := got[0].at.Sub(breaks); late > time.Hour {
			t.Errorf("told %v after it began, want within an hour", late)
		}
		if !strings.Contains(got[0].text, "delivery") || !strings.Contains(got[0].text, "Acme") {
			t.Errorf("text = %q, want the brand and the topic", got[0].text)
		}
		over := 0
		for _, e := range sc.slack.edits {
			if e.ts != got[0].ts {
				t.Errorf("edited %s, want %s", e.ts, got[0].ts)
			}
			if strings.HasPrefix(e.text, "Over") {
				over++
			}
		}
		if over != 1 || len(sc.slack.edits) < 2 {
			t.Errorf("%d edits, %d of them over; want updates and one end", len(sc.slack.edits), over)
		}
		as, err := sc.store.Alerts(t.Context(), "acme", begin, time.Now())
		if err != nil || len(as) != 1 || as[0].State != "over" || as[0].Coverage != "1/1" {
			t.Errorf("alerts: %+v, %v", as, err)
		}
	})
}

func TestBackfillIsQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		// The burst was before we began to listen.
		sc := stage(t, t.TempDir(), &talk{posts: append(history(begin), burst(begin.Add(-5*time.Hour), 40)...)})
		defer sc.close(t)
		sc.run(t, 6*time.Hour)
		if got := sc.slack.alerts(); len(got) != 0 {
			t.Errorf("history raised %d alerts: %v", len(got), got)
		}
	})
}

func TestSlackIsAway(t *testing.T) {
	for name, tt := range map[string]struct {
		respond func() *http.Response
		away    time.Duration
	}{
		"five hundred":    {func() *http.Response { return answer(503, "upstream") }, 6 * time.Hour},
		"rate limited":    {func() *http.Response { return answer(429, "", "Retry-After", "30") }, 6 * time.Hour},
		"limited, date":   {func() *http.Response { return answer(429, "", "Retry-After", "Sat, 01 Jan 2000 23:59:00 GMT") }, 2 * time.Hour},
		"limited, unsaid": {func() *http.Response { return answer(429, "") }, 2 * time.Hour},
		"limited, below":  {func() *http.Response { return answer(429, "", "Retry-After", "-7") }, 2 * time.Hour},
		"ok is false":     {func() *http.Response { return answer(200, `{"ok":false,"error":"ratelimited"}`) }, 2 * time.Hour},
		"revoked":         {func() *http.Response { return answer(200, `{"ok":false,"error":"token_revoked"}`) }, 2 * time.Hour},
		"not in channel":  {func() *http.Response { return answer(200, `{"ok":false,"error":"not_in_channel"}`) }, 2 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				breaks := begin.Add(26 * time.Hour)
				sc := stage(t, t.TempDir(), &talk{posts: append(history(begin), burst(breaks, 12)...)})
				defer sc.close(t)
				back := breaks.Add(tt.away)
				sc.slack.respond = func(string, int) *http.Response {
					if now := time.Now(); now.After(breaks) && now.Before(back) {
						return tt.respond()
					}
					return nil
				}
				sc.run(t, 26*time.Hour+tt.away)
				if got := sc.slack.alerts(); len(got) != 0 {
					t.Fatalf("told while away: %v", got)
				}
				if got := sc.other.alerts(); len(got) != 1 {
					t.Errorf("the second channel was told %d times, want once", len(got))
				} else if late := got[0].at.Sub(breaks); late > 90*time.Minute {
					t.Errorf("the second channel was told after %v", late)
				}
				if tries := sc.slack.tries; tries > 800 {
					t.Errorf("%d tries while it was away", tries)
				}
				sc.run(t, 3*time.Hour) // it is back
				if got := sc.slack.alerts(); len(got) != 1 {
					t.Errorf("told %d times when back, want once: %v\n%s", len(got), got, sc.log.String())
				}
				if strings.Contains(sc.log.String(), "xoxb-") {
					t.Error("the token stands in the log")
				}
			})
		})
	}
}

func TestLostAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		sc := stage(t, t.TempDir(), &talk{posts: append(history(begin), burst(begin.Add(20*time.Hour), 12)...)})
		defer sc.close(t)
		lost := 0
		sc.slack.lose = func(int) bool { // the first time
			lost++
			return lost == 1
		}
		sc.plan.DigestAt = -1
		sc.run(t, 30*time.Hour)
		if got := sc.slack.alerts(); len(got) != 1 {
			t.Errorf("told %d times, want once: it can be looked up", len(got))
		}
	})
}

func TestLostAnswerAndNoLookup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		sc := stage(t, t.TempDir(), &talk{posts: append(history(begin), burst(begin.Add(20*time.Hour), 12)...)})
		defer sc.close(t)
		lost := 0
		sc.slack.lose = func(int) bool {
			lost++
			return lost == 1
		}
		sc.slack.respond = func(method string, _ int) *http.Response {
			if method == "conversations.history" {
				return answer(200, `{"ok":false,"error":"missing_scope"}`)
			}
			return nil
		}
		sc.plan.DigestAt = -1
		sc.run(t, 30*time.Hour)
		if got := sc.slack.alerts(); len(got) != 2 {
			t.Errorf("told %d times, want twice: rather that than not at all", len(got))
		}
	})
}

// TestDigestOncePerDate runs through both nights on which the clock changes,
// with a restart every seven hours.
func TestDigestOncePerDate(t *testing.T) {
	for _, night := range []string{"2026-03-28", "2026-10-24"} {
		t.Run(night, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				zone := helsinki(t)
				start, err := time.ParseInLocation(time.DateOnly, night, zone)
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Until(start))
				dir := t.TempDir()
				tk := &talk{posts: history(start)}
				var all []sent
				for range 14 { // four days
					sc := stage(t, dir, tk)
					sc.run(t, 7*time.Hour)
					all = append(all, sc.slack.posts...)
					sc.close(t)
				}
				keys := map[string]int{}
				for _, p := range all {
					keys[p.key]++
					if h, m, _ := p.at.In(zone).Clock(); h < 8 || h > 11 {
						t.Errorf("%s was sent at %02d:%02d", p.key, h, m)
					}
				}
				if len(keys) != 4 || len(all) != 4 {
					t.Errorf("digests: %v, want one for each of four dates", keys)
				}
			})
		})
	}
}

// TestStoppedWhileTelling stops the program while a message is on its way:
// that is no reason to say it again.
func TestStoppedWhileTelling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		sc := stage(t, t.TempDir(), &talk{posts: append(history(begin), burst(begin.Add(20*time.Hour), 12)...)})
		defer sc.close(t)
		sc.plan.DigestAt = -1
		sc.slack.respond = func(method string, _ int) *http.Response {
			if method == "conversations.history" {
				return answer(200, `{"ok":false,"error":"missing_scope"}`)
			}
			return nil
		}
		sc.run(t, 20*time.Hour)
		sc.slack.slow = 4 * time.Second
		for range 1000 { // nearly an hour, in pieces that are shorter than an answer
			sc.run(t, 3*time.Second)
		}
		if got := sc.slack.alerts(); len(got) != 1 {
			t.Errorf("told %d times, want once", len(got))
		}
	})
}

// TestOneBadMessage must not hold up the others of its channel.
func TestOneBadMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		sc := stage(t, t.TempDir(), &talk{posts: append(history(begin), burst(begin.Add(20*time.Hour), 12)...)})
		defer sc.close(t)
		other := &talk{posts: append(history(begin), burst(begin.Add(21*time.Hour), 12)...)}
		sc.plan.Brands = append(sc.plan.Brands, puskaradio.Brand{ID: "rival", Name: "Rival"})
		sc.plan.Sources = append(sc.plan.Sources, monitor.Source{Source: puskaradio.Source{ID: "other", Every: 5 * time.Minute, About: "rival"}, Connector: other})
		sc.plan.DigestAt, sc.plan.Channels[0].Fallback = -1, ""
		sc.slack.refuse = func(text string) bool { return strings.Contains(text, "Acme") }
		sc.run(t, 24*time.Hour)
		if got := sc.slack.alerts(); len(got) != 1 || !strings.Contains(got[0].text, "Rival") {
			t.Errorf("told %v, want what can be told", got)
		}
		sc.slack.refuse = nil
		sc.run(t, 2*time.Hour)
		if got := sc.slack.alerts(); len(got) != 2 {
			t.Errorf("told %d times when both can be told, want twice", len(got))
		}
	})
}

// TestSourceThatFails must not stop the other, nor look like calm.
func TestSourceThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		sc := stage(t, t.TempDir(), &talk{posts: append(history(begin), burst(begin.Add(20*time.Hour), 12)...)})
		defer sc.close(t)
		broken := &talk{fail: func(time.Time) error { return errors.New("login wall") }}
		panics := &talk{fail: func(time.Time) error { panic("nil map") }}
		for id, tk := range map[string]*talk{"broken": broken, "panics": panics} {
			sc.plan.Sources = append(sc.plan.Sources, monitor.Source{Source: puskaradio.Source{ID: id, Every: 5 * time.Minute, About: "acme"}, Connector: tk})
		}
		sc.run(t, 26*time.Hour)
		if got := sc.slack.alerts(); len(got) != 1 {
			t.Fatalf("told %d times, want once\n%s", len(got), sc.log.String())
		}
		as, err := sc.store.Alerts(t.Context(), "acme", begin, time.Now())
		if err != nil || len(as) != 1 || !strings.Contains(as[0].Coverage, "broken") {
			t.Errorf("coverage = %+v, %v, want the broken source in it", as, err)
		}
	})
}
