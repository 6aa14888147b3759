package puskaradio

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

func TestShownCheck(t *testing.T) {
	for _, tt := range []struct {
		value, best, worst float64
		count              int
		want               string // of the error; empty if it can be
	}{
		{4.2, 5, 1, 1318, ""},
		{5, 5, 0, 0, ""},
		{1, 5, 1, 1, ""},
		{87, 100, 0, 3, ""},
		{0, 10, 0, 3, ""},
		{math.NaN(), 5, 1, 3, "no number"},
		{4, math.Inf(1), 1, 3, "no number"},
		{4, 5, math.Inf(-1), 3, "no number"},
		{8.7, 0, 0, 3, "without a scale"},
		{4, 5, 5, 3, "from 5 to 5"},
		{4, 1, 5, 3, "from 5 to 1"},
		{5.1, 5, 1, 3, "a rating of 5.1"},
		{0.5, 5, 1, 3, "a rating of 0.5"},
		{4, 5000, 1, 3, "which no site has"},
		{4, 5, -5, 3, "which no site has"},
		{4, 5, 1, -1, "-1 ratings"},
		{4, 5, 1, 1 << 30, "which nothing has"},
	} {
		x := Shown{Rating: Rating{Value: tt.value, Best: tt.best, Worst: tt.worst}, Reviews: tt.count}
		err := x.Check()
		if tt.count == -1 {
			tt.want = "0 ratings"
		}
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want %q", x, err, tt.want)
		}
	}
}

// TestBoard: of more things than are kept those stay that most have rated, of
// each brand and of all; of dates the newest.
func TestBoard(t *testing.T) {
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	var b Board
	for brand := range 8 {
		for i := range 30 {
			b, _ = b.See(Shown{Brand: fmt.Sprint("b", brand), About: fmt.Sprint("thing ", i), Rating: Rating{Value: 4, Best: 5}, Count: 1 + i*7%30, Seen: at}, "2026-11-20")
		}
	}
	if len(b) != shownMost {
		t.Errorf("%d things are kept, want %d", len(b), shownMost)
	}
	own := b.Of("b0")
	if len(own) != shownOf || own[0].N() != 30 || own[shownOf-1].N() != 30-shownOf+1 {
		t.Errorf("of a brand: %d things, from %d to %d ratings", len(own), own[0].N(), own[len(own)-1].N())
	}
	x := Shown{Brand: "b0", About: own[0].About, Rating: Rating{Value: 4, Best: 5}, Seen: at}
	for day := range 200 {
		x.Count = 100 + day/2 // another on every second date
		date := at.AddDate(0, 0, day).Format(time.DateOnly)
		b, _ = b.See(x, date)
		if _, changed := b.See(x, date); changed {
			t.Fatalf("%s: the same again is a change", date)
		}
	}
	days := b.Of("b0")[0].Days
	if len(days) != shownDays || days[shownDays-1].Count != 199 || days[0].Count != 199-shownDays+1 || days[0].Date >= days[1].Date {
		t.Errorf("%d dates: %+v … %+v", len(days), days[0], days[len(days)-1])
	}
	b, changed := b.See(Shown{Brand: "b0", About: own[0].About, Rating: Rating{Value: 3, Best: 5}, Count: 200, Seen: at}, "2020-01-01") // a clock that was wrong
	if days := b.Of("b0")[0].Days; !changed || len(days) != shownDays || days[shownDays-1].Value != 3 || days[shownDays-1].Date < "2026" {
		t.Errorf("after a wrong clock: %+v", days[len(days)-1])
	}
}

// TestBoardClash: the next page of the same reviews moves nothing, and of two
// things without a name the one that more have rated stays, while it is seen.
func TestBoardClash(t *testing.T) {
	at := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	thing := func(url string, value float64, n int, seen time.Time) Shown {
		return Shown{Brand: "acme", URL: url, Rating: Rating{Value: value, Best: 5, Worst: 1}, Reviews: n, Seen: seen}
	}
	b, _ := Board(nil).See(thing("https://a.example/", 4, 100, at), "2026-05-04")
	b, _ = b.See(thing("https://a.example/?page=2", 4, 100, at.Add(time.Minute)), "2026-05-04")
	b.Again("https://a.example/", at.Add(time.Hour))
	if len(b) != 1 || b[0].URL != "https://a.example/" || !b[0].Seen.Equal(at.Add(time.Hour)) {
		t.Fatalf("after a second page: %+v", b)
	}
	if b, _ = b.See(thing("https://a.example/other", 3, 10, at.Add(2*time.Hour)), "2026-05-04"); b[0].Reviews != 100 {
		t.Errorf("another thing took its place: %+v", b)
	}
	if b, _ = b.See(thing("https://a.example/bigger", 3, 200, at.Add(3*time.Hour)), "2026-05-04"); b[0].Reviews != 200 {
		t.Errorf("one that more have rated did not: %+v", b)
	}
	if b, _ = b.See(thing("https://a.example/other", 3, 10, at.Add(100*time.Hour)), "2026-05-08"); b[0].Reviews != 10 {
		t.Errorf("what is not seen any more stays: %+v", b)
	}
}
