package trend

import (
	"math"
	"testing"
	"time"
)

func TestSpread(t *testing.T) {
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	every := func(from time.Time, gap time.Duration, n int, source, author string) (out []Telling) {
		for i := range n {
			out = append(out, Telling{from.Add(time.Duration(i) * gap), source, author})
		}
		return out
	}
	for _, c := range []struct {
		name     string
		told     []Telling
		answered time.Duration // after at; negative is never
		now      time.Duration
		want     Spread
	}{
		{
			"nobody answered", append(every(at, 10*time.Minute, 6, "forum", "Maija"), every(at.Add(2*time.Hour), time.Minute, 2, "mastodon", "")...), -1, 3 * time.Hour,
			Spread{Tellings: 8, Authors: 1, Peak: 6, PerHour: 8 / (2 + 1.0/60)},
		},
		{"slowed", every(at, 5*time.Minute, 24, "forum", ""), 2 * time.Hour, 4 * time.Hour, Spread{Tellings: 24, Before: 24, Peak: 12, PerHour: 24 / (23 * 5 / 60.0), Turn: Slowed, Span: 2 * time.Hour}},
		{"goes on", every(at, 5*time.Minute, 48, "forum", ""), 2 * time.Hour, 4 * time.Hour, Spread{Tellings: 48, Before: 24, After: 24, Peak: 12, PerHour: 48 / (47 * 5 / 60.0), Turn: GoesOn, Span: 2 * time.Hour}},
		{"too early", every(at, time.Minute, 3, "forum", ""), 5 * time.Minute, 10 * time.Minute, Spread{Tellings: 3, Before: 3, Peak: 3, PerHour: 3, Turn: TooEarly, Span: 5 * time.Minute}},
		{"answered before it was told", every(at, time.Minute, 9, "forum", ""), 0, time.Hour, Spread{Tellings: 9, Peak: 9, PerHour: 9, Turn: TooEarly}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var answered time.Time
			if c.answered >= 0 {
				answered = at.Add(c.answered)
			}
			got := NewSpread(c.told, answered, at.Add(c.now))
			if got.Tellings != c.want.Tellings || got.Authors != c.want.Authors || got.Peak != c.want.Peak || math.Abs(got.PerHour-c.want.PerHour) > 0.01 ||
				got.Before != c.want.Before || got.After != c.want.After || got.Span != c.want.Span || got.Turn != c.want.Turn {
				t.Errorf("NewSpread = %+v, want %+v", got, c.want)
			}
			sum, n := 0.0, 0
			for _, h := range got.Hours {
				sum += h.Value
			}
			for _, s := range got.Sources {
				n += s.Total
			}
			if int(sum) != got.Tellings || n != got.Tellings {
				t.Errorf("hours hold %v tellings, sources %d, want %d", sum, n, got.Tellings)
			}
		})
	}
	if got := NewSpread(nil, at, at); got.Tellings != 0 {
		t.Errorf("of nothing: %+v", got)
	}
}

// TestBinomialTail: against sums that can be done by hand.
func TestBinomialTail(t *testing.T) {
	for _, c := range []struct {
		k, n int
		want float64
	}{{0, 4, 1.0 / 16}, {1, 4, 5.0 / 16}, {4, 4, 1}, {0, 5, 1.0 / 32}, {2, 10, 56.0 / 1024}} {
		if got := binomialTail(c.k, c.n); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("binomialTail(%d, %d) = %v, want %v", c.k, c.n, got, c.want)
		}
	}
}
