package trend_test

import (
	"slices"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/trend"
)

// TestHearings: a source is unread until its first line, deaf where it was asked
// in vain or not at all, and heard where it answered once.
func TestHearings(t *testing.T) {
	zone := time.FixedZone("", 2*3600)
	var days []trend.Day
	for d := range 6 {
		days = append(days, trend.Day{At: time.Date(2026, 11, 10+d, 0, 0, 0, 0, zone)})
	}
	var ledger []puskaradio.Coverage
	line := func(source string, day, hour, fetches, failed int) {
		at := time.Date(2026, 11, day, hour, 0, 0, 0, zone)
		ledger = append(ledger, puskaradio.Coverage{Source: source, Hour: at.UTC(), At: at, Fetches: fetches, Failed: failed})
	}
	for _, day := range []int{10, 11, 12, 13, 14, 15} {
		line("good", day, 0, 2, 0) // the first hour of a local date is of the date before in UTC
	}
	line("new", 12, 9, 1, 0)
	line("new", 13, 9, 2, 2)
	line("new", 13, 12, 3, 2)
	line("broken", 10, 1, 1, 0)
	line("broken", 11, 1, 2, 2)
	line("broken", 11, 2, 1, 1)
	line("noted", 10, 1, 0, 0) // what is no fetch tells nothing
	h := trend.HearingsOf(ledger, days)
	for _, tt := range []struct {
		source string
		want   []trend.Hearing
	}{
		{"good", []trend.Hearing{trend.Answered, trend.Answered, trend.Answered, trend.Answered, trend.Answered, trend.Answered}},
		{"new", []trend.Hearing{trend.Unread, trend.Unread, trend.Answered, trend.Answered, trend.Deaf, trend.Answered}},
		{"broken", []trend.Hearing{trend.Answered, trend.Deaf, trend.Deaf, trend.Deaf, trend.Deaf, trend.Answered}},
	} {
		var got []trend.Hearing
		for _, d := range days {
			got = append(got, h[d.At.Format(time.DateOnly)][tt.source])
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.source, got, tt.want)
		}
	}
	if got := h.DeafOn("2026-11-14", []string{"new", "good", "broken"}); !slices.Equal(got, []string{"broken", "new"}) {
		t.Errorf("deaf: %v", got)
	}
	for _, tt := range []struct {
		a, b    string
		sources []string
		want    bool
	}{
		{"2026-11-10", "2026-11-12", []string{"good"}, true},
		{"2026-11-10", "2026-11-12", []string{"good", "new"}, false},    // one is new
		{"2026-11-10", "2026-11-11", []string{"good", "new"}, true},     // of neither day anything is known but what was shown later
		{"2026-11-11", "2026-11-13", []string{"good", "broken"}, false}, // both alike, and both deaf
		{"2026-11-10", "2026-11-12", []string{"good", "never"}, true},
		{"2026-11-10", "2026-11-09", []string{"never"}, false}, // the day before the first was not looked at
		{"2026-11-16", "2026-11-10", nil, false},
	} {
		if got := h.Alike(tt.a, tt.b, tt.sources); got != tt.want {
			t.Errorf("%s and %s of %v: %v", tt.a, tt.b, tt.sources, got)
		}
	}
	if h.Fair("2026-11-09", []string{"never"}, []string{"never"}) {
		t.Error("a day that was not looked at is fair")
	}
	if len(trend.HearingsOf(ledger, nil)) != 0 {
		t.Error("hearings of no days")
	}
}
