package monitor_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/trend"
)

// TestBudget: when more alerts were told than people are willing to hear, it is
// said each week, with the sensitivity that would have kept the budget.
func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		var posts []puskaradio.Mention
		for i := range 100 * 8 {
			posts = append(posts, post(now.Add(-time.Duration(i)*3*time.Hour), fmt.Sprint("bad ", i)))
		}
		posts = append(posts, burst(now.AddDate(0, 0, -10), 60)...) // what none would be silent about
		for i, day := range []int{4, 9, 14, 19, 24, 31, 40} {       // what only the keenest tells
			for k := range 9 {
				posts = append(posts, post(now.AddDate(0, 0, -day).Add(time.Duration(k)*40*time.Minute), fmt.Sprint("bad small ", i, k)))
			}
		}
		sc := stage(t, t.TempDir(), &talk{posts: posts})
		defer sc.close(t)
		sc.plan.DigestAt, sc.plan.Budget = -1, 0.5
		threshold, err := trend.High.Threshold()
		if err != nil {
			t.Fatal(err)
		}
		sc.plan.Burst.Threshold = threshold
		sc.run(t, time.Hour)
		counts := map[trend.Sensitivity]int{}
		history, err := sc.Rehearse(t.Context(), "acme", now.AddDate(0, 0, -84), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		var want trend.Sensitivity
		for _, word := range trend.Sensitivities() {
			threshold, err := word.Threshold()
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range history.With(threshold) {
				if x.At.After(now.AddDate(0, 0, -28)) {
					counts[word]++
				}
			}
			if want == "" && counts[word] <= 2 {
				want = word
			}
		}
		if counts[trend.High] < 3 || want == "" {
			t.Fatalf("the history gives %v: nothing to tell apart", counts)
		}
		add := func(n int, rule string, muted bool) {
			for i := range n {
				a := puskaradio.Alert{ID: fmt.Sprint(rule, i, muted), Brand: "acme", Rule: rule, State: "over", Muted: muted, Decided: time.Now().AddDate(0, 0, -i*4)}
				if _, err := sc.store.AddAlert(t.Context(), a); err != nil {
					t.Fatal(err)
				}
			}
		}
		check := func(name string, spikes, others int, over bool, keeps trend.Sensitivity) {
			t.Helper()
			got, err := sc.Spendings(t.Context(), time.Now())
			if err != nil || len(got) != 1 {
				t.Fatalf("%s: %v, %v", name, got, err)
			}
			if s := got[0]; s.Spikes != spikes || s.Others != others || s.Over() != over || s.Keeps != keeps {
				t.Errorf("%s: %+v, over %v; want %d and %d, %v, %q", name, s, s.Over(), spikes, others, over, keeps)
			}
		}
		add(9, puskaradio.RuleTopic, true)
		check("muted ones are not heard", 0, 0, false, "")
		add(2, puskaradio.RuleSpike, false)
		check("as many as the budget has", 2, 0, false, "")
		add(6, puskaradio.RuleSpike, false)
		check("too many spikes", 6, 0, true, want)
		sc.run(t, 8*24*time.Hour) // a Monday is among them
		if n := strings.Count(sc.log.String(), "more alerts than the budget"); n != 1 {
			t.Errorf("said %d times in a week: %s", n, sc.log.String())
		}
		add(3, puskaradio.RuleUrgent, false)
		got, err := sc.Spendings(t.Context(), time.Now())
		if err != nil || got[0].Keeps != "" || !got[0].Over() {
			t.Errorf("single posts alone are too many: %+v, %v", got, err)
		}
	})
}
