package monitor_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/crawler"
)

// TestDay lives through the days around a night on which the clock changes: a
// quiet start, a burst during which Slack is away twice and the source once, so
// that half of the posts come late; then quiet again. Of it come one message,
// updates of it in place, and one end.
func TestDay(t *testing.T) {
	for _, night := range []string{"2026-03-28", "2026-10-24"} { // the clock changes in the next one
		t.Run(night, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start, err := time.ParseInLocation("2006-01-02 15:04", night+" 08:30", helsinki(t))
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Until(start))
				breaks := start.Add(11*time.Hour + 7*time.Minute) // an evening before the night
				tk := &talk{posts: append(history(start), burst(breaks, 45)...)}
				away := func(now time.Time, from, to time.Duration) bool {
					return now.After(breaks.Add(from)) && now.Before(breaks.Add(to))
				}
				tk.fail = func(now time.Time) error { // it is not to be had, then tells all that was missed
					if away(now, time.Hour, 2*time.Hour) {
						return &crawler.FetchError{State: crawler.StateUnreachable, Err: fmt.Errorf("no answer")}
					}
					return nil
				}
				sc := stage(t, t.TempDir(), tk)
				defer sc.close(t)
				sc.plan.DigestAt = -1
				sc.slack.respond = func(string, int) *http.Response {
					if now := time.Now(); away(now, 0, 25*time.Minute) || away(now, 130*time.Minute, 150*time.Minute) {
						return answer(503, "")
					}
					return nil
				}
				sc.plan.Channels[0].Fallback = ""
				sc.run(t, 60*time.Hour)
				got := sc.slack.alerts()
				if len(got) != 1 {
					t.Fatalf("told %d times, want once: %v\n%s", len(got), got, sc.log.String())
				}
				if late := got[0].at.Sub(breaks); late < 25*time.Minute || late > 45*time.Minute {
					t.Errorf("told %v after it began, want soon after Slack was back", late)
				}
				over, updates := 0, 0
				for i, e := range sc.slack.edits {
					switch {
					case e.ts != got[0].ts:
						t.Errorf("edited %s, want %s", e.ts, got[0].ts)
					case strings.HasPrefix(e.text, "Over"):
						if over++; i != len(sc.slack.edits)-1 {
							t.Error("something was told after it was over")
						}
					default:
						updates++
					}
				}
				if over != 1 || updates < 1 || updates > 12 {
					t.Errorf("%d updates, over %d times", updates, over)
				}
				as, err := sc.store.Alerts(t.Context(), "acme", start, time.Now())
				if err != nil || len(as) != 1 || as[0].State != "over" || as[0].Negative < 45 || as[0].Negative > 48 {
					t.Errorf("alerts: %+v, %v, want one over 45 posts", as, err)
				}
				if q := as[0].Quotes; len(q) == 0 || q[0].Label != puskaradio.Negative {
					t.Errorf("quotes: %+v", q)
				}
			})
		})
	}
}

// TestStoryCountsOnce: one complaint that is pasted in fifteen places is no
// burst; fifteen people who complain in their own words are one.
func TestStoryCountsOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		text func(i int) string
		want int
	}{
		"a story": {func(int) string {
			return "My parcel went missing and nobody at Acme answers the phone, such bad service I have never seen"
		}, 0},
		"own words": {func(i int) string { return fmt.Sprintf("bad %d", i) }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				now := time.Now()
				posts := history(now)
				for i := range 15 {
					p := post(now.Add(20*time.Hour+time.Duration(i)*6*time.Minute), tt.text(i))
					p.Ref = fmt.Sprint("place", i)
					posts = append(posts, p)
				}
				sc := stage(t, t.TempDir(), &talk{posts: posts})
				defer sc.close(t)
				sc.plan.DigestAt = -1
				sc.run(t, 23*time.Hour)
				if got := sc.slack.alerts(); len(got) != tt.want {
					t.Errorf("told %d times, want %d: %v", len(got), tt.want, got)
				}
			})
		})
	}
}
