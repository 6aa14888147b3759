package trend

import (
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// TestResponseOf: the parts of a wait are the whole, whoever was late.
func TestResponseOf(t *testing.T) {
	at := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	after := func(m int) time.Time { return at.Add(time.Duration(m) * time.Minute) }
	step := func(m int, to puskaradio.Status) puskaradio.Change { return puskaradio.Change{At: after(m), To: to} }
	for _, c := range []struct {
		name   string
		seen   int
		status puskaradio.Status
		steps  []puskaradio.Change
		owner  int // minutes until a reply at the source; zero is none
		want   Response
		no     bool
	}{
		{"answered", 2, puskaradio.Answered, []puskaradio.Change{step(5, puskaradio.Claimed), step(9, puskaradio.Answered)}, 0, Response{9 * time.Minute, true, 2 * time.Minute, 3 * time.Minute, 4 * time.Minute}, false},
		{"answered unclaimed", 2, puskaradio.Answered, []puskaradio.Change{step(9, puskaradio.Answered)}, 0, Response{9 * time.Minute, true, 2 * time.Minute, 7 * time.Minute, 0}, false},
		{"answered at the source before we read it", 20, puskaradio.New, nil, 4, Response{4 * time.Minute, true, 4 * time.Minute, 0, 0}, false},
		{"waits", 2, puskaradio.Claimed, []puskaradio.Change{step(5, puskaradio.Claimed)}, 0, Response{30 * time.Minute, false, 2 * time.Minute, 3 * time.Minute, 25 * time.Minute}, false},
		{"closed without a reply", 2, puskaradio.FalseAlarm, []puskaradio.Change{step(5, puskaradio.FalseAlarm)}, 0, Response{}, true},
	} {
		k := puskaradio.Case{Status: c.status, Changes: c.steps, Mention: puskaradio.Mention{Published: at, FirstSeen: after(c.seen)}}
		if c.owner > 0 {
			k.Mention.Owner = &puskaradio.Reply{At: after(c.owner)}
		}
		got, ok := ResponseOf(&k, after(30))
		if ok == c.no || got != c.want || ok && got.Heard+got.Taken+got.Replied != got.Wait {
			t.Errorf("%s: %+v, %v, want %+v", c.name, got, ok, c.want)
		}
	}
}

func TestResponses(t *testing.T) {
	m := time.Minute
	got := NewResponses([]Response{
		{Wait: 2 * m, Answered: true, Heard: m, Taken: m},
		{Wait: 3 * m, Answered: true, Heard: m, Replied: 2 * m},
		{Wait: 50 * m, Answered: true, Taken: 50 * m},
		{Wait: 30 * time.Hour, Answered: true, Taken: 29 * time.Hour, Replied: time.Hour},
		{Wait: 2 * m},
		{Wait: 2 * time.Hour},
	})
	want := Responses{N: 6, Answered: 4, Within: [3]Share{{2, 5}, {3, 5}, {3, 4}}, Median: 3 * m, P90: 30 * time.Hour, Heard: 0, Taken: m, Replied: 0}
	if got != want {
		t.Errorf("NewResponses = %+v, want %+v", got, want)
	}
	if NewResponses(nil) != (Responses{}) {
		t.Error("of nothing there is something")
	}
}
