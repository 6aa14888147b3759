package monitor_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/store"
)

// TestClockJumps: a machine whose clock is set while it is off, by an hour or by
// ten years, either way. What was open is not told again, everything is read,
// counted, detected and told as before, each thing once; what it keeps stays.
func TestClockJumps(t *testing.T) {
	const decade = 10 * 365 * 24 * time.Hour
	for name, jump := range map[string]time.Duration{"an hour ahead": time.Hour, "an hour back": -time.Hour, "ten years ahead": decade, "ten years back": -decade, "not at all": 0} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var before []sent
			var byKey map[string]string
			var off time.Time
			play := func(sc *scene) *int {
				fetches := 0
				sc.talk.fail = func(time.Time) error { fetches++; return nil }
				sc.plan.Channels[0].Fallback, sc.plan.Keep = "", 365*24*time.Hour
				sc.plan.Watch = monitor.Watch{Remind: 15 * time.Minute}
				sc.plan.Rules.Silence = true
				return &fetches
			}
			synctest.Test(t, func(t *testing.T) {
				start := time.Now().Add(decade + 24*time.Hour)
				time.Sleep(time.Until(start))
				sc := stage(t, dir, &talk{posts: append(history(start), burst(start.Add(20*time.Hour), 30)...)})
				defer sc.close(t)
				play(sc)
				sc.run(t, 22*time.Hour)
				if got := sc.slack.alerts(); len(got) != 1 || len(sc.slack.said("r")) != 1 {
					t.Fatalf("before: %v", sc.slack.posts)
				}
				before, byKey, off = sc.slack.posts, sc.slack.byKey, time.Now()
			})
			synctest.Test(t, func(t *testing.T) {
				now := off.Add(jump)
				time.Sleep(time.Until(now))
				var posts []puskaradio.Mention
				for i := range 60 { // talk goes on, and bursts again
					posts = append(posts, post(now.Add(time.Duration(i)*3*time.Hour), fmt.Sprint("fine again ", i)))
				}
				breaks := now.Add(54 * time.Hour)
				for i := range 60 {
					posts = append(posts, post(breaks.Add(time.Duration(i)*3*time.Minute), fmt.Sprint("bad price ", i)))
				}
				sc := stage(t, dir, &talk{posts: posts})
				defer sc.close(t)
				fetches := play(sc)
				sc.slack.posts, sc.slack.byKey = append([]sent(nil), before...), byKey
				const long = 62 * time.Hour
				sc.run(t, long)
				if most := int(long/sc.plan.Sources[0].Every) + 2; *fetches > most || *fetches < most-20 {
					t.Errorf("%d fetches, want about %d", *fetches, most)
				}
				var alerts, digests, reminders []sent
				for _, p := range sc.slack.posts[len(before):] {
					switch p.key[0] {
					case 'a', 's':
						alerts = append(alerts, p)
					case 'g':
						digests = append(digests, p)
					case 'r':
						reminders = append(reminders, p)
					}
				}
				if len(alerts) != 1 || len(reminders) != 1 {
					t.Fatalf("told %v, reminded %v, want the new burst once each\n%s", alerts, reminders, sc.log.String())
				}
				if late := alerts[0].at.Sub(breaks); late < 0 || late > 2*time.Hour {
					t.Errorf("told %v after it began", late)
				}
				if n := len(digests); n < 2 || n > 3 {
					t.Errorf("%d digests in %v: %v", n, long, digests)
				}
				kept, err := sc.store.Stamps(t.Context(), "acme", off.AddDate(0, 0, -40), off.Add(time.Hour))
				if err != nil || jump < decade && len(kept) < 200 {
					t.Errorf("%d of what was kept is there, %v", len(kept), err)
				}
			})
		})
	}
}

// TestClockAheadForAnHour: the clock is ten years ahead for an hour of the night
// and then right again. Nothing is forgotten, given up or put off.
func TestClockAheadForAnHour(t *testing.T) {
	dir := t.TempDir()
	var right time.Time
	count := func(t *testing.T, sc *scene) int {
		t.Helper()
		kept, err := sc.store.Stamps(t.Context(), "acme", right.AddDate(-1, 0, 0), right.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		return len(kept)
	}
	var posts []puskaradio.Mention
	was := 0
	for i, step := range []string{"right", "ahead", "right again"} {
		synctest.Test(t, func(t *testing.T) {
			if i == 0 {
				right = time.Now().Add(22*time.Hour + 10*time.Minute) // midnight in Helsinki
				posts = append(history(right), burst(right.Add(-2*time.Hour), 30)...)
				posts = append(posts, burst(right.Add(60*time.Hour), 40)...)
			}
			time.Sleep(time.Until([]time.Time{right.Add(-2 * time.Hour), right.AddDate(10, 0, 0), right.Add(6 * time.Hour)}[i]))
			sc := stage(t, dir, &talk{posts: posts})
			defer sc.close(t)
			sc.plan.Keep, sc.plan.DigestAt, sc.plan.Channels[0].Fallback = 365*24*time.Hour, -1, ""
			if i < 2 { // the channel is away; by such a clock no certificate is valid
				sc.slack.respond = func(string, int) *http.Response { return answer(503, "") }
			}
			if i == 1 {
				sc.talk.fail = func(time.Time) error {
					return &crawler.FetchError{State: crawler.StateUnreachable, Err: fmt.Errorf("no valid certificate")}
				}
			}
			sc.run(t, []time.Duration{7, 7, 60}[i]*time.Hour)
			switch n := count(t, sc); {
			case i == 0:
				was = n
			case n < was:
				t.Errorf("%s: %d of %d mentions are there", step, n, was)
			}
			if got := len(sc.slack.alerts()); got != i/2*2 { // the one that waited, and a later one
				t.Errorf("%s: told %d times\n%s", step, got, sc.log.String())
			}
		})
	}
}

// TestFarOff: what a clock that was ahead has put off by years is done, and what
// a person has put off is not.
func TestFarOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		sc := stage(t, t.TempDir(), &talk{})
		defer sc.close(t)
		sc.plan.DigestAt = -1
		sc.plan.Brands = append(sc.plan.Brands, puskaradio.Brand{ID: "muted", Name: "Muted"})
		a := puskaradio.Alert{ID: "FAR", Brand: "acme", Name: "Acme", Rule: puskaradio.RuleSpike, State: "over", Decided: now}
		if _, err := sc.store.AddAlert(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		sc.UsePlan(sc.plan)
		until := now.AddDate(0, 0, 80)
		if err := sc.SetMute(t.Context(), "muted", monitor.Mute{Until: until}, now); err != nil {
			t.Fatal(err)
		}
		years := now.AddDate(10, 0, 0)
		if err := sc.store.Schedule(t.Context(),
			store.Job{Key: "detect/acme", Kind: "detect", Due: years}, store.Job{Key: "topics/acme", Kind: "topics", Due: years},
			store.Job{Key: "deliver/team/0000000000001/a/FAR", Kind: "deliver", Lane: "deliver/team", Due: years},
		); err != nil {
			t.Fatal(err)
		}
		sc.run(t, 10*time.Minute)
		for prefix, want := range map[string]int{"detect/acme": 0, "topics/": 0, "deliver/": 0, "detect/muted": 1} {
			jobs, err := sc.store.Jobs(t.Context(), prefix)
			if err != nil || len(jobs) != want || want == 1 && !jobs[0].Due.Equal(until) {
				t.Errorf("%s: %v, %v, want %d", prefix, jobs, err, want)
			}
		}
		if len(sc.slack.alerts()) != 1 {
			t.Errorf("told %v", sc.slack.posts)
		}
	})
}
