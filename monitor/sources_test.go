package monitor

import (
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{time.Hour: "1h", 15 * time.Minute: "15m", 90 * time.Minute: "1h30m", 20 * time.Second: "20s", 10 * time.Hour: "10h"} {
		if got := Short(d); got != want {
			t.Errorf("Short(%d) = %q, want %q", d, got, want)
		}
	}
}

// TestSilent: a source that answers and brings nothing is silent when luck does
// not explain it.
func TestSilent(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	// hours are the ledger of a source that is read every hour for a week and
	// brought so many a day, and nothing in the last hours.
	hours := func(perDay float64, quiet int) (out []puskaradio.Coverage) {
		owed := 0.0
		for h := 7 * 24; h > 0; h-- {
			at := now.Add(-time.Duration(h) * time.Hour)
			c := puskaradio.Coverage{Hour: at, At: at.Add(10 * time.Minute), Fetches: 1, State: "ok"}
			if owed += perDay / 24; owed >= 1 && h > quiet {
				c.New, owed = 1, owed-1
			}
			out = append(out, c)
		}
		return out
	}
	for _, tt := range []struct {
		name   string
		perDay float64
		quiet  int
		state  string
	}{
		{"12 a day, none for a day", 12, 24, "silent"},
		{"12 a day, none for 5 hours", 12, 5, "ok"},
		{"one in two days, none for three", 0.5, 72, "ok"},
		{"never anything", 0, 168, "ok"},
	} {
		var x SourceState
		if x.read(hours(tt.perDay, tt.quiet), now); x.State != tt.state {
			t.Errorf("%s: %s (%s), want %s", tt.name, x.State, x.Problem, tt.state)
		}
	}
	failing := hours(12, 24)
	for i := range failing[144:] {
		failing[144+i].State, failing[144+i].Failed = "refused", 1
	}
	var x SourceState
	if x.read(failing, now); x.State != "refused" || !x.Last.Before(now.Add(-23*time.Hour)) {
		t.Errorf("one that fails: %s, last %v", x.State, x.Last)
	}
}
