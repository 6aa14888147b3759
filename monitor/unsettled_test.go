package monitor

import (
	"testing"

	"github.com/puskaradio/puskaradio"
)

// TestUnsettled: an answer of which nobody knows whether it was sent stays so
// until a step or the program says what became of it; a note does not.
func TestUnsettled(t *testing.T) {
	sending := puskaradio.Change{Who: "Maija", To: puskaradio.Claimed, Note: sendingNote + "Sorry!"}
	again := sending
	again.Aside = true
	note := puskaradio.Change{Who: "Pekka", To: puskaradio.Claimed, Note: "I know her", Aside: true}
	for name, tt := range map[string]struct {
		changes []puskaradio.Change
		want    string
	}{
		"nothing":          {nil, ""},
		"a note":           {[]puskaradio.Change{note}, ""},
		"sending":          {[]puskaradio.Change{sending}, "Maija"},
		"and a note":       {[]puskaradio.Change{note, again, note, note}, "Maija"},
		"was not sent":     {[]puskaradio.Change{sending, {Who: "Maija", To: puskaradio.Claimed, Note: unsentNote, Aside: true}, note}, ""},
		"answered":         {[]puskaradio.Change{sending, {Who: "Maija", To: puskaradio.Answered}}, ""},
		"put back":         {[]puskaradio.Change{sending, note, {Who: "Maija", To: puskaradio.New}, note}, ""},
		"and sending anew": {[]puskaradio.Change{sending, {Who: "Maija", To: puskaradio.New}, sending}, "Maija"},
	} {
		if got := unsettled(&puskaradio.Case{Changes: tt.changes}); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
