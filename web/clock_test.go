package web

import (
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// TestClockStates: the inbox says in words that an answer is due soon and that
// it is late, and counts in business hours where the brand has them.
func TestClockStates(t *testing.T) {
	p := newPlace(t)
	h, err := puskaradio.ParseHours(p.plan.Zone, "sun 11:50-20:00") // it is twelve, on a Sunday
	if err != nil {
		t.Fatal(err)
	}
	id := p.add(sample())[0] // of a quarter to twelve
	maija := p.enter("Maija")
	for _, tt := range []struct {
		target time.Duration
		warn   float64
		hours  bool
		en, fi string
	}{
		{time.Hour, 0.5, false, "waiting 15\u00a0min · within the target (1\u00a0h)", "odottanut 15\u00a0min · tavoitteessa"},
		{20 * time.Minute, 0.5, false, "waiting 15\u00a0min · <b>due soon</b> (20\u00a0min) · due at 22 Nov 2026, 12:05", "<b>vastattava pian</b>"},
		{20 * time.Minute, 0, false, "within the target (20\u00a0min)", "tavoitteessa"},
		{12 * time.Minute, 0.5, false, "over the target (12\u00a0min)", "yli tavoitteen"},
		{12 * time.Minute, 0.5, true, "waiting 15\u00a0min · <b>due soon</b> (10\u00a0min of 12\u00a0min in business hours) · due at 22 Nov 2026, 12:02", "(10\u00a0min / 12\u00a0min palveluaikaa)"},
		{9 * time.Minute, 0.5, true, "over the target (10\u00a0min of 9\u00a0min in business hours)", "yli tavoitteen"},
	} {
		p.plan.Reply = puskaradio.ReplyClock{Target: tt.target, Warn: tt.warn}
		if tt.hours {
			p.plan.Reply.Hours = map[string]puskaradio.OpenHours{"acme": h}
		}
		for _, path := range []string{"/inbox", "/m/" + string(id)} {
			wants(t, path, maija.get(path+"?lang=en"), tt.en)
			wants(t, path, maija.get(path+"?lang=fi"), tt.fi)
		}
	}
}
