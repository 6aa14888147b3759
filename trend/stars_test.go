package trend_test

import (
	"math"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio/trend"
)

func TestStars(t *testing.T) {
	at := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	rated := []trend.Rated{{at, 1}, {at.AddDate(0, 0, 1), 0}, {at.AddDate(0, 0, -1), 0.5}, {at, 0.74}, {at, 0.9}, {at, 1.5}}
	s := trend.StarsOf(rated)
	if s.N != 6 || s.Bars != [5]int{1, 0, 1, 1, 3} || math.Abs(s.Mean-(1+4*(1+0+0.5+0.74+0.9+1)/6)) > 1e-9 {
		t.Errorf("got %+v", s)
	}
	if !s.Newest.Equal(at.AddDate(0, 0, 1)) || !s.Oldest.Equal(at.AddDate(0, 0, -1)) || s.Low < 1 || s.Low >= s.Mean || s.High <= s.Mean || s.High > 5 {
		t.Errorf("got %+v", s)
	}
	if s := trend.StarsOf(nil); s.N != 0 || s.Mean != 0 || s.Low != 1 || s.High != 5 {
		t.Errorf("of none: %+v", s)
	}
}
