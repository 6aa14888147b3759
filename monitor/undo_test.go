package monitor_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/puskaradio/puskaradio"
)

// TestLetGo: who takes a case and takes that back has the alert no more that
// shows it, and what the channel was told says so.
func TestLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sc, a := watched(t, 12, nil)
		defer sc.close(t)
		id := a.Quotes[0].ID
		move := func(was puskaradio.Status, ch puskaradio.Change) {
			t.Helper()
			c, err := sc.store.Move(t.Context(), "acme", id, was, ch, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			if err := sc.Moved(t.Context(), &c); err != nil {
				t.Fatal(err)
			}
		}
		at := time.Now().UTC()
		move(puskaradio.New, puskaradio.Change{At: at, Who: "Ville", To: puskaradio.Claimed})
		if got := sc.alert(t); got.Claimed == nil || got.Claimed.By != "Ville" {
			t.Fatalf("claimed by %+v, want Ville", got.Claimed)
		}
		sc.run(t, 10*time.Second)
		move(puskaradio.Claimed, puskaradio.Change{At: time.Now().UTC(), Who: "Ville", To: puskaradio.New, Undoes: at})
		if got := sc.alert(t); got.Claimed != nil || !got.Waits() {
			t.Errorf("taken back, and %+v has it", got.Claimed)
		}
		sc.run(t, 20*time.Minute)
		if got := sc.slack.said("r"); len(got) != 1 {
			t.Errorf("reminded %d times, want once: nobody has it", len(got))
		}
	})
}
