package monitor_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/sentiment"
	"github.com/puskaradio/puskaradio/trend"
)

// about is a scorer to which a text is about what its last word names.
type about struct{}

func (about) Score(texts []sentiment.Text) []puskaradio.Score {
	out := bad{}.Score(texts)
	for i, t := range texts {
		words := strings.Fields(t.Text)
		if len(out[i].Aspects) > 0 {
			out[i].Aspects[0].Name = words[len(words)-1]
		}
	}
	return out
}

// TestTopicSpike: many complaints about one thing are told, once, while talk as
// a whole is as usual; where all of it bursts, the spike says so alone.
func TestTopicSpike(t *testing.T) {
	for name, tt := range map[string]struct {
		posts int
		rule  string
	}{"one thing": {9, puskaradio.RuleTopic}, "everything": {70, puskaradio.RuleSpike}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				var posts []puskaradio.Mention
				for i := range 32 * 24 {
					topic := []string{"staff", "price", "delivery", "website", "food", "payment"}[i%6]
					posts = append(posts, post(begin.Add(time.Duration(i-30*24)*time.Hour), fmt.Sprintf("bad %d about %s", i, topic)))
				}
				for i := range tt.posts {
					posts = append(posts, post(begin.Add(20*time.Hour+time.Duration(i*180/tt.posts)*time.Minute), fmt.Sprintf("bad parking %d says the parking", i)))
				}
				sc := stage(t, t.TempDir(), &talk{posts: posts})
				defer sc.close(t)
				sc.Scorer, sc.plan.DigestAt = about{}, -1
				sc.plan.Sources[0].Every = 10 * time.Minute
				sc.plan.Rules.Topic = new(trend.BurstOptions)
				sc.run(t, 70*time.Hour)
				as, err := sc.store.Alerts(t.Context(), "acme", begin, time.Now())
				if err != nil || len(as) != 1 {
					t.Fatalf("alerts: %+v, %v\n%s", as, err, sc.log.String())
				}
				a := as[0]
				if a.Rule != tt.rule || a.Topic != "parking" || a.State != "over" {
					t.Errorf("alert %s about %q, %s; want %s", a.Rule, a.Topic, a.State, tt.rule)
				}
				told := sc.slack.alerts()
				if len(told) != 1 {
					t.Fatalf("told %d times: %v", len(told), told)
				}
				if tt.rule == puskaradio.RuleTopic && (!strings.HasPrefix(told[0].text, "Topic spike: Acme · parking. ") || !strings.Contains(told[0].text, "other talk is as usual") || a.Negative < 5 || a.Negative > 9 || len(a.Quotes) == 0) {
					t.Errorf("told %q of %d posts", told[0].text, a.Negative)
				}
				if last := sc.slack.edits[len(sc.slack.edits)-1]; !strings.HasPrefix(last.text, "Over: ") {
					t.Errorf("it ends with %q", last.text)
				}
			})
		})
	}
}

// review is a post with stars that feels like nothing much.
func review(at time.Time, n int, stars float64) puskaradio.Mention {
	p := post(at, fmt.Sprintf("review %d", n))
	p.Rating = &puskaradio.Rating{Value: stars, Best: 5}
	return p
}

// TestRatingDrop: stars that fall are told once, with how much, and not beside a
// spike that tells the same; stars that stay are not.
func TestRatingDrop(t *testing.T) {
	for name, tt := range map[string]struct {
		stars []float64 // of the last days, in turn
		text  string
		want  bool
	}{
		"they stay":     {[]float64{5, 4, 5, 5, 3}, "", false},
		"they fall":     {[]float64{2, 3, 4, 3, 2}, "", true},
		"with a spike":  {[]float64{1, 1, 1, 1, 1}, "bad ", false},
		"they fall bit": {[]float64{5, 4, 5, 4, 3}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				var posts []puskaradio.Mention
				for i := range 3 * 210 {
					at := begin.Add(time.Duration(i-3*200) * 8 * time.Hour)
					posts = append(posts, review(at, i, []float64{5, 4, 5, 5, 3}[i%5]))
				}
				for i := range 30 {
					p := review(begin.Add(10*24*time.Hour+time.Duration(i)*6*time.Hour), 1000+i, tt.stars[i%len(tt.stars)])
					if tt.text != "" {
						p.Published = begin.Add(10*24*time.Hour + time.Duration(i)*20*time.Minute)
					}
					p.Text = tt.text + p.Text
					posts = append(posts, p)
				}
				sc := stage(t, t.TempDir(), &talk{posts: posts})
				defer sc.close(t)
				sc.plan.DigestAt, sc.plan.Sources[0].Every = -1, 3*time.Hour
				sc.plan.Rules.Rating = new(trend.DropOptions)
				sc.run(t, 17*24*time.Hour)
				as, err := sc.store.Alerts(t.Context(), "acme", begin, time.Now())
				if err != nil {
					t.Fatal(err)
				}
				var drops []puskaradio.Alert
				for _, a := range as {
					if a.Rule == puskaradio.RuleRating {
						drops = append(drops, a)
					}
				}
				if !tt.want {
					if tt.text != "" && (len(as) != 1 || as[0].Rule != puskaradio.RuleSpike) {
						t.Errorf("alerts %+v, want a spike", as)
					}
					if len(drops) > 0 {
						t.Errorf("told %+v", drops[0].Stars)
					}
					return
				}
				if len(drops) != 1 || len(sc.slack.alerts()) != 1 {
					t.Fatalf("%d alerts, told %v", len(drops), sc.slack.alerts())
				}
				if s := drops[0].Stars; s.Usual < 4.3 || s.Usual > 4.5 || s.Now > 4.1 || s.Now < 2.5 || s.N < 10 || s.Year < 300 || drops[0].Odds > 0.005 {
					t.Errorf("stars %+v, odds %g", s, drops[0].Odds)
				}
				if text := sc.slack.alerts()[0].text; !strings.HasPrefix(text, "Stars have fallen: Acme. 3.") || !strings.Contains(text, "of 5 stars since") {
					t.Errorf("told %q", text)
				}
			})
		})
	}
}

// TestGoneQuiet: a source that is read well and brings nothing any more is told
// of once, and once more when it speaks again; one that cannot be read is not.
func TestGoneQuiet(t *testing.T) {
	for name, down := range map[string]bool{"silent": false, "down": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				quiet, again := begin.Add(16*24*time.Hour), begin.Add(21*24*time.Hour)
				var posts []puskaradio.Mention
				for i := range 24 * 12 {
					if at := begin.Add(time.Duration(i*2) * time.Hour); at.Before(quiet) || at.After(again) {
						posts = append(posts, post(at, fmt.Sprint("fine ", i)))
					}
				}
				sc := stage(t, t.TempDir(), &talk{posts: posts})
				defer sc.close(t)
				sc.plan.DigestAt, sc.plan.Sources[0].Every = -1, time.Hour
				sc.plan.Rules.Silence = true
				sc.plan.Watch = monitor.Watch{Remind: time.Minute}
				if down {
					sc.talk.fail = func(now time.Time) error {
						if now.After(quiet) && now.Before(again) {
							return fmt.Errorf("no answer")
						}
						return nil
					}
				}
				sc.run(t, 24*24*time.Hour)
				told := sc.slack.alerts()
				if down {
					if len(told) > 0 {
						t.Errorf("told %v of a source that cannot be read", told)
					}
					return
				}
				if len(told) != 1 {
					t.Fatalf("told %v", told)
				}
				if after := told[0].at.Sub(quiet); after < 12*time.Hour || after > 36*time.Hour {
					t.Errorf("told %v after it fell silent", after)
				}
				if text := told[0].text; !strings.HasPrefix(text, "Gone quiet: talk · Acme. Nothing new since ") || !strings.Contains(text, "usually 12 a day; read well ") {
					t.Errorf("told %q", text)
				}
				if n := len(sc.slack.edits); n != 1 || !strings.HasPrefix(sc.slack.edits[0].text, "Over: Gone quiet") || sc.slack.edits[0].at.Sub(again) > 4*time.Hour {
					t.Errorf("edits: %v", sc.slack.edits)
				}
				if len(sc.slack.posts) != 1 {
					t.Errorf("more was said: %v", sc.slack.posts)
				}
			})
		})
	}
}

// TestGoneSource: the alert of a source that is no longer read is closed, and
// nobody is told.
func TestGoneSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sc := stage(t, t.TempDir(), &talk{})
		defer sc.close(t)
		sc.plan.DigestAt, sc.plan.Rules.Silence = -1, true
		for _, source := range []string{"talk", "gone"} {
			a := puskaradio.Alert{ID: source, Brand: "acme", Rule: puskaradio.RuleSilence, Source: source, State: "open", From: time.Now(), Decided: time.Now()}
			if _, err := sc.store.AddAlert(t.Context(), a); err != nil {
				t.Fatal(err)
			}
		}
		sc.run(t, 3*time.Hour)
		for source, want := range map[string]string{"talk": "open", "gone": "over"} {
			if a, err := sc.store.Alert(t.Context(), source); err != nil || a.State != want {
				t.Errorf("%s: %s, %v, want %s", source, a.State, err, want)
			}
		}
		if len(sc.slack.posts) > 0 {
			t.Errorf("told %v", sc.slack.posts)
		}
	})
}
