package monitor_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/monitor"
)

// weekPosts are so many good texts on each day from one time on, and each of
// them, but on the first days, with a bad one.
func weekPosts(from time.Time, days int) (ps []puskaradio.Mention) {
	for i := range days {
		at := from.AddDate(0, 0, i).Add(12 * time.Hour)
		for j := range 3 {
			ps = append(ps, post(at.Add(time.Duration(j)*time.Minute), fmt.Sprint("fine ", i, " ", j)))
		}
		if i >= days-14 {
			ps = append(ps, post(at.Add(time.Hour), fmt.Sprint("bad luck number ", i)))
		}
	}
	return ps
}

// TestWeekOncePerWeek runs through both nights on which the clock changes and
// the week after, and through the turn of a year of 53 weeks, with a restart
// every seven hours.
func TestWeekOncePerWeek(t *testing.T) {
	for night, weeks := range map[string][]string{
		"2026-03-28": {"2026-W13", "2026-W14"}, "2026-10-24": {"2026-W43", "2026-W44"}, "2026-12-26": {"2026-W52", "2026-W53"},
	} {
		for _, on := range []time.Weekday{time.Monday, time.Sunday} {
			t.Run(fmt.Sprint(night, " ", on), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					zone := helsinki(t)
					start, err := time.ParseInLocation(time.DateOnly, night, zone)
					if err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Until(start))
					dir, tk := t.TempDir(), &talk{posts: weekPosts(start.AddDate(0, 0, -42), 42)}
					var all []sent
					for range 35 { // ten days
						sc := stage(t, dir, tk)
						sc.plan.DigestAt, sc.plan.Weekly = -1, &monitor.Weekly{On: on, At: 8 * time.Hour}
						sc.plan.Channels[0].Weekly = true
						sc.plan.Sources[0].Every = 3 * time.Hour
						sc.run(t, 7*time.Hour)
						all = append(all, sc.slack.said("g")...)
						if len(sc.other.posts) > 0 {
							t.Errorf("a channel that wants none was told: %v", sc.other.posts)
						}
						sc.close(t)
					}
					var keys []string
					for _, p := range all {
						keys = append(keys, p.key)
						local := p.at.In(zone)
						if h := local.Hour(); local.Weekday() != on || h < 8 || h > 15 {
							t.Errorf("%s was sent %v", p.key, local)
						}
					}
					want := []string{"g/acme/" + weeks[0], "g/acme/" + weeks[1]}
					if on == time.Sunday { // of the whole week before
						first, _ := puskaradio.Monday(weeks[0], zone)
						want = []string{"g/acme/" + puskaradio.WeekID(first.AddDate(0, 0, -7)), want[0]}
					}
					if !slices.Equal(keys, want) {
						t.Errorf("sent %v, want %v", keys, want)
					}
				})
			})
		}
	}
}

// TestWeekLate: a machine that was down at the hour sends the digest for a day
// and a half, and says that it is late; after that no more.
func TestWeekLate(t *testing.T) {
	for down, want := range map[time.Duration]bool{20 * time.Hour: true, 35 * time.Hour: true, 60 * time.Hour: false} {
		t.Run(down.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				zone := helsinki(t)
				monday := time.Date(2026, 11, 16, 8, 0, 0, 0, zone)
				time.Sleep(time.Until(monday.Add(-24 * time.Hour)))
				posts := weekPosts(monday.Add(-8*time.Hour).AddDate(0, 0, -42), 42)
				story := &posts[len(posts)-1]
				story.Text = "My parcel went missing and nobody at Acme answers the phone, such bad service I have never seen"
				var more []puskaradio.Mention
				for i := range 2 { // somebody pastes it twice
					again := *story
					again.Ref, again.Published = fmt.Sprint("again", i), story.Published.Add(time.Duration(i+1)*time.Minute)
					more = append(more, again)
				}
				dir, tk := t.TempDir(), &talk{posts: append(posts, more...)}
				run := func(long time.Duration) (out []sent, d puskaradio.Digest, err error) {
					sc := stage(t, dir, tk)
					defer sc.close(t)
					sc.plan.DigestAt, sc.plan.Weekly = -1, &monitor.Weekly{On: time.Monday, At: 8 * time.Hour}
					sc.plan.Channels[0].Weekly = true
					sc.run(t, long)
					d, err = sc.store.Digest(t.Context(), "acme", "2026-W46")
					return sc.slack.said("g"), d, err
				}
				run(7 * time.Hour)
				time.Sleep(time.Until(monday.Add(down)))
				got, d, err := run(3 * time.Hour)
				if !want {
					if len(got) != 0 || !errors.Is(err, puskaradio.ErrNotFound) {
						t.Errorf("sent %v, kept %v", got, err)
					}
					return
				}
				if err != nil || len(got) != 1 {
					t.Fatalf("sent %v, kept %v", got, err)
				}
				w := d.Week
				if w == nil || !d.Late || d.Date != "2026-W46" || w.From != "2026-11-09" || w.To != "2026-11-15" || w.Before != 4 {
					t.Fatalf("the digest: %+v, %+v", d, w)
				}
				if d.Negative < 7 || d.Total != d.Negative+21 || d.Usual != 22.75 || d.UsualNeg != 1.75 {
					t.Errorf("%d of %d negative, usually %v of %v", d.Negative, d.Total, d.UsualNeg, d.Usual)
				}
				if len(w.Stories) != 1 || w.Stories[0].Copies != 2 || w.Stories[0].Text != story.Text {
					t.Errorf("stories: %+v", w.Stories)
				}
			})
		})
	}
}
