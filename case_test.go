package puskaradio

import (
	"testing"
	"time"
)

// TestStanding: what was taken back does not count, and a note is no step.
func TestStanding(t *testing.T) {
	at := func(i int) time.Time { return time.Date(2026, 11, 22, 10, i, 0, 0, time.UTC) }
	step := func(i int, to Status) Change { return Change{At: at(i), Who: "Maija", To: to} }
	note := Change{At: at(9), Who: "Pekka", To: Claimed, Aside: true}
	undo := func(i, of int, to Status) Change {
		return Change{At: at(i), Who: "Maija", To: to, Undoes: at(of)}
	}
	for name, tt := range map[string]struct {
		changes []Change
		stand   int
		last    Status
		reply   int // the minute of the first reply; -1 is none
	}{
		"none":                   {nil, 0, "", -1},
		"steps":                  {[]Change{step(1, Claimed), step(2, Answered)}, 2, Answered, 2},
		"a note at the end":      {[]Change{step(1, Claimed), note}, 2, Claimed, -1},
		"an answer taken back":   {[]Change{step(1, Claimed), step(2, Answered), undo(3, 2, Claimed)}, 1, Claimed, -1},
		"and answered later":     {[]Change{step(1, Claimed), step(2, Answered), undo(3, 2, Claimed), step(5, Answered)}, 2, Answered, 5},
		"an undo of nothing":     {[]Change{step(1, Claimed), undo(3, 2, New)}, 1, Claimed, -1},
		"all of it":              {[]Change{step(1, Claimed), undo(2, 1, New)}, 0, "", -1},
		"an undo at the outset":  {[]Change{undo(2, 1, New), step(3, Claimed)}, 1, Claimed, -1},
		"two, one after another": {[]Change{step(1, Claimed), step(2, Done), undo(3, 2, Claimed), undo(4, 1, New)}, 0, "", -1},
	} {
		c := Case{Changes: tt.changes}
		if got := c.Standing(); len(got) != tt.stand {
			t.Errorf("%s: %d changes stand, want %d", name, len(got), tt.stand)
		}
		if got := c.Last().To; got != tt.last {
			t.Errorf("%s: last %q, want %q", name, got, tt.last)
		}
		want := time.Time{}
		if tt.reply >= 0 {
			want = at(tt.reply)
		}
		if got := c.FirstReply(); !got.Equal(want) {
			t.Errorf("%s: first reply at %v, want %v", name, got, want)
		}
	}
}
