package monitor_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// TestShown: what a source shows of ratings is kept of the brand that the source
// is about, else of those that it names; where the terms let nothing be kept,
// neither is this.
func TestShown(t *testing.T) {
	rated := func(about string, value float64) puskaradio.Shown {
		return puskaradio.Shown{About: about, Rating: puskaradio.Rating{Value: value, Best: 5, Worst: 1}, Reviews: 10}
	}
	for name, tt := range map[string]struct {
		about string
		keep  puskaradio.Keeping
		want  []float64
	}{
		"about": {"acme", puskaradio.UntilGone, []float64{4.2, 3.1}},
		"named": {"", puskaradio.Free, []float64{4.2}},
		"none":  {"acme", puskaradio.Nothing, nil},
		"month": {"acme", puskaradio.Month, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sc := stage(t, t.TempDir(), &talk{shown: []puskaradio.Shown{rated("The kettle of Acme", 4.2), rated("something else", 3.1)}})
				defer sc.close(t)
				sc.plan.Sources[0].About, sc.plan.Sources[0].Keep = tt.about, tt.keep
				sc.run(t, 3*time.Hour)
				got, err := store.Shown(t.Context(), sc.store, "acme")
				if err != nil || len(got) != len(tt.want) {
					t.Fatalf("shown = %+v, %v, want %v", got, err, tt.want)
				}
				for i, x := range got {
					if x.Rating.Value != tt.want[i] || x.Brand != "acme" || x.Source != sc.plan.Sources[0].ID || time.Since(x.Seen) > 2*time.Hour || len(x.Days) != 1 {
						t.Errorf("%d: %+v", i, x)
					}
				}
			})
		})
	}
}
