package trend

import (
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

var start = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func TestHours(t *testing.T) {
	at := func(h, m int) time.Time { return start.Add(time.Duration(h)*time.Hour + time.Duration(m)*time.Minute) }
	counts := []puskaradio.Count{
		{At: at(-1, 59), Negative: 100},
		{At: at(0, 0), Negative: 1, Positive: 2},
		{At: at(1, 0), Negative: 3, Source: "a"},
		{At: at(1, 0), Neutral: 4, Source: "b"},
		{At: at(3, 0), Negative: 5},
		{At: at(4, 0), Negative: 100},
	}
	got := Hours(counts, at(0, 30), at(3, 15))
	want := []Hour{{At: at(0, 0), Negative: 1, Total: 3}, {At: at(1, 0), Negative: 3, Total: 7}, {At: at(2, 0)}, {At: at(3, 0), Negative: 5, Total: 5}}
	if len(got) != len(want) {
		t.Fatalf("Hours = %+v, want %+v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("Hours[%d] = %+v, want %+v", i, got[i], want[i])
		}
	}
	if got := Hours(counts, at(3, 0), at(1, 0)); got != nil {
		t.Errorf("Hours backwards = %v", got)
	}
}
