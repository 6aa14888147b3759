package trend

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/puskaradio/puskaradio"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// TestDays: where the clock changes, no date is lost or doubled, and each
// mention counts on the date that the clock on the wall shows.
func TestDays(t *testing.T) {
	for _, c := range []struct {
		zone        string
		year        int
		month       time.Month
		day         int           // on which the clock changes
		long        time.Duration // how long it is
		first, last string        // hours of it
	}{
		{"Europe/Helsinki", 2026, time.March, 29, 23 * time.Hour, "00:00", "23:30"},
		{"Europe/Helsinki", 2026, time.October, 25, 25 * time.Hour, "00:00", "23:30"},
		{"Europe/Helsinki", 2026, time.November, 21, 24 * time.Hour, "00:00", "23:30"},
		{"Africa/Cairo", 2026, time.April, 24, 23 * time.Hour, "01:00", "23:30"}, // put forward at midnight
		{"America/Santiago", 2026, time.September, 6, 23 * time.Hour, "01:00", "23:30"},
		{"Pacific/Apia", 2026, time.January, 5, 24 * time.Hour, "00:00", "23:30"},
	} {
		z := zone(t, c.zone)
		from, to := time.Date(c.year, c.month, c.day-3, 15, 0, 0, 0, z), time.Date(c.year, c.month, c.day+3, 1, 0, 0, 0, z)
		var counts []puskaradio.Count
		want := map[string]int{}
		for at := time.Date(c.year, c.month, c.day-3, 12, 0, 0, 0, z); at.Before(to); at = at.Add(30 * time.Minute) {
			counts = append(counts, puskaradio.Count{At: at.UTC(), Negative: 1, Neutral: 2, Positive: 3, Value: -1, Rated: 1, Rating: 0.5})
			want[at.Format(time.DateOnly)]++
		}
		days := Days(counts, from, to, z)
		if len(days) != 7 {
			t.Errorf("%s: %d days, want 7", c.zone, len(days))
		}
		for i, d := range days {
			if got, want := d.At.Format(time.DateOnly), time.Date(c.year, c.month, c.day-3+i, 12, 0, 0, 0, z).Format(time.DateOnly); got != want {
				t.Errorf("%s: day %d is %s, want %s", c.zone, i, got, want)
			}
			if n := want[d.At.Format(time.DateOnly)]; d.Negative != n || d.Total() != 6*n || d.Value != -float64(n) || d.Rated != n || d.Rating != float64(n)/2 {
				t.Errorf("%s: %s has %+v, want %d of each", c.zone, d.At.Format(time.DateOnly), d, n)
			}
		}
		change := days[3]
		if got := days[4].At.Sub(change.At); got != c.long || change.At.Format("15:04") != c.first {
			t.Errorf("%s: %s has %v from %s, want %v from %s", c.zone, change.At.Format(time.DateOnly), got, change.At.Format("15:04"), c.long, c.first)
		}
	}
}

func TestDaysBounds(t *testing.T) {
	z := zone(t, "Europe/Helsinki")
	at := time.Date(2026, 11, 21, 0, 0, 0, 0, z)
	if got := Days(nil, at, at.Add(-time.Second), z); len(got) != 0 {
		t.Errorf("Days that end before they begin = %v", got)
	}
	if got := Days([]puskaradio.Count{{At: at.Add(-time.Second), Negative: 1}, {At: at, Negative: 2}, {At: at.Add(24 * time.Hour), Negative: 4}}, at, at, z); len(got) != 1 || got[0].Negative != 2 {
		t.Errorf("Days = %+v, want one with 2", got)
	}
}

func TestUsual(t *testing.T) {
	days := func(n int) []Day { // day i from the end has i mentions, half of them negative
		out := make([]Day, n)
		for i := range out {
			out[i] = Day{Negative: n - 1 - i, Neutral: n - 1 - i}
		}
		return out
	}
	for _, c := range []struct {
		n        int
		neg, all float64
	}{
		{0, 0, 0},
		{1, 0, 0},
		{7, 0, 0},
		{8, 7, 14},
		{14, 7, 14},
		{15, 10.5, 21},
		{57, 31.5, 63},  // eight weeks: 7, 14 … 56
		{100, 31.5, 63}, // no more than eight
	} {
		all, neg := usual(days(c.n))
		if all != c.all || neg != c.neg {
			t.Errorf("usual of %d days = %v, %v, want %v, %v", c.n, all, neg, c.all, c.neg)
		}
	}
}

func said(value float64, label puskaradio.Label, text string, needs bool, aspects ...puskaradio.Aspect) Said {
	return Said{Quote: puskaradio.Quote{Value: value, Label: label, Text: text}, Needs: needs, Aspects: aspects}
}

func TestTopics(t *testing.T) {
	bad := func(name string) puskaradio.Aspect {
		return puskaradio.Aspect{Name: name, Label: puskaradio.Negative}
	}
	good := func(name string) puskaradio.Aspect {
		return puskaradio.Aspect{Name: name, Label: puskaradio.Positive}
	}
	got := Topics([]Said{
		said(-0.5, puskaradio.Negative, "late", true, bad("delivery"), bad("delivery")), // one text counts once
		said(-0.9, puskaradio.Negative, "very late", true, bad("delivery"), bad("price")),
		said(0.95, puskaradio.Positive, "", false, good("delivery")), // stands out most, but says nothing
		said(0.7, puskaradio.Positive, "cheap", false, good("price")),
		said(0.2, puskaradio.Neutral, "site", false, good("website"), good("premises")),
		said(0, puskaradio.Neutral, "nothing of it", false),
	}, 3)
	want := []puskaradio.Topic{
		{Name: "delivery", Total: 3, Negative: 2, Quote: "very late"},
		{Name: "price", Total: 2, Negative: 1, Quote: "very late"},
		{Name: "premises", Total: 1, Quote: "site"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Topics = %+v, want %+v", got, want)
	}
	if got := Topics(nil, 5); len(got) != 0 {
		t.Errorf("Topics of nothing = %v", got)
	}
}

func TestMakeDigest(t *testing.T) {
	z := zone(t, "Europe/Helsinki")
	var days []Day
	for i := range 57 {
		days = append(days, Day{At: time.Date(2026, 9, 25+i, 0, 0, 0, 0, z), Negative: i % 7, Neutral: 1, Positive: 2})
	}
	long := strings.Repeat("oikein hyvä ", 3)
	var quotes []Said
	for i := range 7 {
		quotes = append(quotes, said(-float64(i)/10, puskaradio.Negative, fmt.Sprint("bad ", i), i != 3))
		quotes = append(quotes, said(float64(i)/10, puskaradio.Positive, fmt.Sprint(long, i), false))
	}
	quotes = append(quotes, said(1, puskaradio.Positive, "hyvä", false)) // too short to share
	before := fmt.Sprint(quotes)
	oldest := time.Date(2026, 11, 18, 3, 0, 0, 0, time.UTC)
	now := time.Date(2026, 11, 21, 6, 0, 0, 0, time.UTC)
	d := MakeDigest(Material{
		Brand: puskaradio.Brand{ID: "acme", Name: "Acme"}, Zone: z, Days: days, Quotes: quotes, Waiting: 6, Oldest: oldest,
		Voices: map[string]int{"acme": 3, "rival": 9}, Sources: 4, Failed: []string{"x: silent"}, Now: now,
	})
	var need, good []string
	for _, q := range d.Need {
		need = append(need, q.Text)
	}
	for _, q := range d.Good {
		good = append(good, q.Text)
	}
	for _, c := range []struct{ name, got, want string }{
		{"what is needed", strings.Join(need, ","), "bad 6,bad 5,bad 4,bad 2,bad 1"},
		{"what is good", strings.Join(good, ","), long + "6," + long + "5," + long + "4"},
		{"date", d.Date, "2026-11-20"},
		{"zone", d.Zone, "Europe/Helsinki"},
		{"counts", fmt.Sprint(d.Total, d.Negative, d.Neutral, d.Positive), "3 0 1 2"},
		{"usual", fmt.Sprint(d.Usual, d.UsualNeg), "3 0"},
		{"days", fmt.Sprint(len(d.Days), d.Days[13].Value, d.Days[12].Value), "14 0 6"},
		{"share", fmt.Sprint(d.Share), "[{rival 9 0.75} {acme 3 0.25}]"},
		{"health", fmt.Sprint(d.Sources, d.Failed, d.Waiting, d.Oldest.Equal(oldest), d.Decided.Equal(now)), "4 [x: silent] 6 true true"},
		{"what it was made of", fmt.Sprint(quotes), before},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, c.got, c.want)
		}
	}
	if d := MakeDigest(Material{Brand: puskaradio.Brand{ID: "acme"}, Zone: z, Voices: map[string]int{"acme": 3}}); d.Share != nil || d.Total != 0 {
		t.Errorf("a digest of nothing = %+v", d)
	}
}

func TestFigures(t *testing.T) {
	for _, c := range []struct {
		neg, neu, pos int
		want          float64
	}{{0, 0, 0, 0}, {1, 0, 0, -100}, {0, 0, 9, 100}, {1, 2, 1, 0}, {1, 1, 2, 25}, {0, 7, 0, 0}} {
		if got := NetSentiment(c.neg, c.neu, c.pos); got != c.want {
			t.Errorf("NetSentiment(%d, %d, %d) = %v, want %v", c.neg, c.neu, c.pos, got, c.want)
		}
	}
	for _, c := range []struct {
		totals map[string]int
		want   string
	}{
		{nil, "[]"},
		{map[string]int{"a": 0, "b": 0}, "[{a 0 0} {b 0 0}]"},
		{map[string]int{"b": 1, "a": 1, "c": 2}, "[{c 2 0.5} {a 1 0.25} {b 1 0.25}]"},
	} {
		if got := fmt.Sprint(ShareOfVoice(c.totals)); got != c.want {
			t.Errorf("ShareOfVoice(%v) = %s, want %s", c.totals, got, c.want)
		}
	}
}
