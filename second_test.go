package puskaradio

import (
	"testing"
	"time"
)

// TestWaits: an answer waits until it is settled, replaced, or the case takes a
// step; notes and steps that were taken back change nothing.
func TestWaits(t *testing.T) {
	at := func(n int) time.Time { return time.Date(2026, 11, 20, 12, n, 0, 0, time.UTC) }
	maija := Change{At: at(0), Who: "Maija", To: Claimed, Proposes: &Proposal{Text: "Sorry!", Via: ViaWeb}}
	pekka := Change{At: at(1), Who: "Pekka", To: Claimed, Aside: true, Proposes: &Proposal{Text: "So sorry!", Via: ViaWeb}, Settles: at(0)}
	unsent := Change{At: at(2), Who: "Liisa", To: Claimed, Aside: true, Proposes: &Proposal{Text: "Sorry!", Via: ViaWeb, Writer: "Maija"}}
	note := Change{At: at(3), Who: "Liisa", To: Claimed, Aside: true, Note: "I know her"}
	sent := Change{At: at(4), Who: "Liisa", To: Claimed, Aside: true, Settles: at(0)}
	done := Change{At: at(5), Who: "Maija", To: Done}
	undone := Change{At: at(6), Who: "Maija", To: Claimed, Undoes: at(5)}
	for name, tt := range map[string]struct {
		changes []Change
		want    string
	}{
		"nothing": {nil, ""}, "a note": {[]Change{note}, ""}, "written": {[]Change{maija, note}, "Maija"}, "changed": {[]Change{maija, pekka, note}, "Pekka"},
		"settled": {[]Change{maija, sent, note}, ""}, "not sent": {[]Change{maija, sent, unsent}, "Maija"}, "done": {[]Change{maija, done}, ""},
		"taken by another": {[]Change{maija, {At: at(5), Who: "Pekka", To: Claimed}}, ""}, "and back": {[]Change{maija, done, undone}, "Maija"},
	} {
		got := ""
		w := (&Case{Changes: tt.changes}).Waits()
		if w != nil {
			got = w.Who
		}
		if got != tt.want {
			t.Errorf("%s: the answer of %q waits, want %q", name, got, tt.want)
		}
		for _, over := range []time.Time{at(0), at(1)} {
			if ok := Settled(tt.changes, &Change{Settles: over}); ok != (w != nil && w.At.Equal(over)) {
				t.Errorf("%s: %v may be settled: %v", name, over, ok)
			}
		}
	}
}

// TestSecond: a second person is another, known in the same place.
func TestSecond(t *testing.T) {
	for _, tt := range []struct {
		via, account, who string // of who approves
		writer            Waiting
		want              bool
	}{
		{ViaWeb, "", "Pekka", Waiting{Who: "Maija", Proposal: Proposal{Via: ViaWeb}}, true},
		{ViaWeb, "", "Maija", Waiting{Who: "Maija", Proposal: Proposal{Via: ViaWeb}}, false},
		{ViaWeb, "", " maija ", Waiting{Who: "Maija", Proposal: Proposal{Via: ViaWeb}}, false},
		{ViaWeb, "", "", Waiting{Who: "Maija", Proposal: Proposal{Via: ViaWeb}}, false},
		{ViaSlack, "U2", "pekka", Waiting{Who: "maija", Proposal: Proposal{Via: ViaSlack, Account: "U1"}}, true},
		{ViaSlack, "U1", "renamed", Waiting{Who: "maija", Proposal: Proposal{Via: ViaSlack, Account: "U1"}}, false},
		{ViaWeb, "", "Pekka", Waiting{Who: "maija", Proposal: Proposal{Via: ViaSlack, Account: "U1"}}, false},
		{ViaSlack, "U2", "pekka", Waiting{Who: "Maija", Proposal: Proposal{Via: ViaWeb}}, false},
		{ViaWeb, "", "Pekka", Waiting{Who: "Maija", Proposal: Proposal{Via: ViaConsole}}, true},
		{ViaConsole, "", "Pekka", Waiting{Who: "Maija", Proposal: Proposal{Via: ViaConsole}}, false},
		{ViaConsole, "", "Pekka", Waiting{Who: "Maija", Proposal: Proposal{Via: ViaWeb}}, false},
	} {
		if got := tt.writer.Second(tt.who, tt.account, tt.via); got != tt.want {
			t.Errorf("%q (%s) by %s for %+v: %v, want %v", tt.who, tt.account, tt.via, tt.writer, got, tt.want)
		}
	}
}
