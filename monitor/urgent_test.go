package monitor_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/monitor"
)

// TestUrgent: one negative post about something that must not wait is told at
// once and once; what was there before, what is positive and what repeats
// another is not; and where there are many they are told as what they are.
func TestUrgent(t *testing.T) {
	long := strings.Repeat("bad and long ", 60)
	for name, tt := range map[string]struct {
		posts []string
		post  func(m *puskaradio.Mention)
		want  int
		says  string
	}{
		"safety":           {[]string{"bad: the charger caught fire"}, nil, 1, "Urgent: Acme · safety (“caught fire”)"},
		"a good one":       {[]string{"fine, nothing caught fire"}, nil, 0, ""},
		"an ordinary one":  {[]string{"bad coffee"}, nil, 0, ""},
		"reach":            {[]string{"bad coffee"}, func(m *puskaradio.Mention) { m.Reach = 20_000 }, 1, "Urgent: Acme · reach"},
		"author":           {[]string{"bad coffee"}, func(m *puskaradio.Mention) { m.Author = "@Toimittaja" }, 1, "author"},
		"long":             {[]string{long}, func(m *puskaradio.Mention) { m.Rating = &puskaradio.Rating{Value: 1, Best: 5, Worst: 1} }, 1, "1/5"},
		"answered already": {[]string{"bad: it caught fire"}, func(m *puskaradio.Mention) { m.Owner = &puskaradio.Reply{Text: "sorry"} }, 0, ""},
		"long ago":         {[]string{"bad: it caught fire"}, func(m *puskaradio.Mention) { m.Published = m.Published.Add(-72 * time.Hour) }, 0, ""},
		"a copy": {[]string{
			"bad news: the new Acme charger caught fire in my kitchen last night, beware", "bad news: the new Acme charger caught fire in my kitchen last night, beware!!",
		}, nil, 1, "safety"},
		"what spreads":    {spreading(5), nil, 1, "Urgent: Acme · spreading"},
		"what some say":   {spreading(4), nil, 0, ""},
		"one who repeats": {spreading(12), func(m *puskaradio.Mention) { m.Author = "Maija" }, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				tk := &talk{posts: append(history(begin), post(begin.Add(-time.Hour), "bad: it caught fire, of old"))}
				at := begin.Add(10*time.Hour + time.Minute)
				for i, text := range tt.posts {
					m := post(at, text)
					m.Ref = fmt.Sprint("new", i)
					if tt.post != nil {
						tt.post(&m)
					}
					tk.posts = append(tk.posts, m)
				}
				hidden := len(tk.posts) - len(tt.posts)
				sc := stage(t, t.TempDir(), tk)
				defer sc.close(t)
				sc.plan.DigestAt, sc.plan.Urgent = -1, monitor.Urgent{Reach: 10_000, Long: 600, Authors: []string{"toimittaja"}, Spread: 5}
				sc.plan.Burst.LeastPosts = 1000 // no spike beside it
				all := tk.posts
				tk.posts = all[:hidden]
				sc.run(t, 10*time.Hour)
				tk.posts = all
				sc.run(t, 8*time.Hour)
				got := sc.slack.alerts()
				if len(got) != tt.want || len(sc.slack.edits) != 0 {
					t.Fatalf("told %d times, want %d: %+v", len(got), tt.want, got)
				}
				if tt.want > 0 && (!strings.Contains(got[0].text, tt.says) || got[0].at.Sub(at) > 6*time.Minute) {
					t.Errorf("told %v after: %q, want %q", got[0].at.Sub(at), got[0].text, tt.says)
				}
			})
		})
	}
}

// spreading is a bad post and so many that repeat it.
func spreading(n int) []string {
	out := []string{"bad service: they lost my parcel twice and nobody at Acme answers the phone any more"}
	for i := range n {
		out = append(out, out[0]+strings.Repeat("!", i+1))
	}
	return out
}

// TestUrgentFlood: fifty posts that must not wait are five messages and a spike.
func TestUrgentFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		tk := &talk{posts: history(begin)}
		for i := range 50 {
			tk.posts = append(tk.posts, post(begin.Add(10*time.Hour+time.Duration(i)*time.Second), fmt.Sprintf("bad %d: number %d caught fire", i, i)))
		}
		sc := stage(t, t.TempDir(), tk)
		defer sc.close(t)
		sc.plan.DigestAt = -1
		sc.run(t, 11*time.Hour)
		urgent, spikes := 0, 0
		for _, p := range sc.slack.alerts() {
			if strings.HasPrefix(p.text, "Urgent") {
				urgent++
			} else {
				spikes++
			}
		}
		if urgent != 5 || spikes != 1 {
			t.Errorf("%d urgent ones and %d spikes, want 5 and 1", urgent, spikes)
		}
	})
}
