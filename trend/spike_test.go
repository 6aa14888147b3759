package trend

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/puskaradio/puskaradio"
)

var start = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// TestUpperTail compares with sums of exact fractions for whole shapes, with
// sums of sixty decimals for others, and with Poisson where the shape is vast.
func TestUpperTail(t *testing.T) {
	for _, c := range []struct {
		k           int
		shape, mean float64
		want        float64
		within      float64 // of it
	}{
		{0, 3, 2, 1, 0},
		{-1, 3, 2, 1, 0},
		{1, 1, 1, 0.5, 1e-12},
		{5, 1, 1, 1.0 / 32, 1e-12},
		{10, 2, 3, 0.030233088, 1e-9},
		{14, 4, 2, 4.66082732139652e-05, 1e-9},
		{30, 4, 2, 8.243659059177168e-12, 1e-9},
		{40, 3, 2, 3.8709804744060425e-14, 1e-9},
		{5, 500, 0.5, 0.00017489196270985838, 1e-8},
		{3, 0.5, 1, 0.13397459621556135, 1e-12},
		{14, 0.5, 2, 0.01321922300271056, 1e-12},
		{12, 2.5, 0.3, 7.09942845183019e-11, 1e-9},
		{5, 1e7, 0.5, 0.00017211562995584078, 1e-4},
		{10, 1e7, 2, 4.6498075017263805e-05, 1e-4},
		{20, 1e7, 2, 6.443731393112094e-14, 1e-4},
		{50, 1e7, 10, 1.8547268838697993e-19, 1e-3},
	} {
		got := upperTail(c.k, c.shape, c.mean)
		if math.Abs(got-c.want) > c.within*c.want {
			t.Errorf("upperTail(%d, %v, %v) = %v, want %v", c.k, c.shape, c.mean, got, c.want)
		}
	}
}

func TestUpperTailFalls(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape, mean := rapid.Float64Range(0.01, 1e5).Draw(t, "shape"), rapid.Float64Range(0.001, 500).Draw(t, "mean")
		k := rapid.IntRange(0, 2000).Draw(t, "k")
		a, b := upperTail(k, shape, mean), upperTail(k+1, shape, mean)
		if !(a >= 0 && a <= 1+1e-9) || b > a*(1+1e-6)+1e-12 {
			t.Errorf("upperTail(%d, %v, %v) = %v, and of one more %v", k, shape, mean, a, b)
		}
	})
}

// series is a run of hours; negative says how many at each.
func series(n int, negative func(i int) int) []Hour {
	out := make([]Hour, n)
	for i := range out {
		k := negative(i)
		out[i] = Hour{At: start.Add(time.Duration(i) * time.Hour), Negative: k, Total: k + 3}
	}
	return out
}

func TestFindSpike(t *testing.T) {
	const month = 29 * 24
	last := func(n int, at func(i int) int, burst ...int) []Hour {
		return series(n, func(i int) int {
			if j := i - (n - len(burst)); j >= 0 {
				return burst[j]
			}
			return at(i)
		})
	}
	none := func(int) int { return 0 }
	daily := func(i int) int { // one negative mention at noon
		if i%24 == 12 {
			return 1
		}
		return 0
	}
	clumpy := func(i int) int { // a post that twenty repeat, every four days
		if i%96 == 40 {
			return 20
		}
		return 0
	}
	deaf := func(hs []Hour, from, to int) []Hour {
		for i := from; i < to; i++ {
			hs[i].Deaf = true
		}
		return hs
	}
	for _, c := range []struct {
		name  string
		hours []Hour
		o     SpikeOptions
		want  bool
		width time.Duration // of the window that is found
		neg   int
	}{
		{name: "nothing", hours: nil},
		{name: "a quiet brand", hours: last(month, none)},
		{name: "four on a quiet brand are too few", hours: last(month, none, 4)},
		{name: "five on a quiet brand", hours: last(month, none, 5), want: true, width: 2 * time.Hour, neg: 5},
		{name: "a usual day", hours: last(month, daily)},
		{name: "a burst", hours: last(month, daily, 6, 8), want: true, width: 2 * time.Hour, neg: 14},
		{name: "a burst in the running hour", hours: last(month, daily, 0, 9), want: true, width: 2 * time.Hour, neg: 9},
		{name: "a slow burn", hours: last(month, daily, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1), want: true, width: 24 * time.Hour, neg: 24},
		{name: "a brand that is talked of in clumps", hours: last(month, clumpy, 20)},
		{name: "as much, less in clumps", hours: last(month, func(i int) int { return btoi(i%5 == 0) }, 20), want: true, width: 2 * time.Hour, neg: 20},
		{name: "two days of history and a day", hours: last(72, none, 9), want: true, width: 2 * time.Hour, neg: 9},
		{name: "an hour less", hours: last(71, none, 9)},
		{name: "a month, mostly deaf", hours: deaf(last(month, none, 9), 0, month-24-47)},
		{name: "a month, deaf but for two days", hours: deaf(last(month, none, 9), 0, month-24-48), want: true, width: 2 * time.Hour, neg: 9},
		{name: "a deaf window", hours: deaf(last(month, none, 0, 0), month-24, month)},
		{name: "three times a busy brand", hours: last(month, func(int) int { return 10 }, 31, 31), want: true, width: 2 * time.Hour, neg: 62},
		{name: "less than three times", hours: last(month, func(int) int { return 10 }, 29, 29)},
		{name: "more than twice, where that is asked", hours: last(month, func(int) int { return 10 }, 29, 29), o: SpikeOptions{Times: 2}, want: true, width: 2 * time.Hour, neg: 58},
		{name: "at least ten are asked", hours: last(month, none, 9), o: SpikeOptions{Least: 10}},
		{name: "longer odds are asked", hours: last(month, daily, 5), o: SpikeOptions{Odds: 1e-12}},
		{name: "another window", hours: last(month, none, 5, 0, 0), o: SpikeOptions{Windows: []time.Duration{3 * time.Hour}}, want: true, width: 3 * time.Hour, neg: 5},
	} {
		s, ok := FindSpike(c.hours, c.o)
		if ok != c.want {
			t.Errorf("%s: FindSpike = %+v, %v, want %v", c.name, s, ok, c.want)
			continue
		}
		if ok && (s.To.Sub(s.From) != c.width || s.Negative != c.neg || !s.To.Equal(c.hours[len(c.hours)-1].At.Add(time.Hour)) || !(s.Odds >= 0 && s.Odds <= 1e-4)) {
			t.Errorf("%s: FindSpike = %+v, want %d in %v", c.name, s, c.neg, c.width)
		}
	}
}

// TestDeafIsNotCalm: hours that nobody heard say nothing of what is usual.
func TestDeafIsNotCalm(t *testing.T) {
	hours := series(29*24, func(i int) int { return 2 * btoi(i >= 29*24-124) })
	hours[len(hours)-1].Negative, hours[len(hours)-2].Negative = 20, 20
	calm, ok := FindSpike(hours, SpikeOptions{})
	if !ok || calm.Usual > 1 {
		t.Errorf("after calm hours: %+v, %v, want a spike over less than one", calm, ok)
	}
	for i := range len(hours) - 124 {
		hours[i].Deaf = true
	}
	deaf, ok := FindSpike(hours, SpikeOptions{})
	if !ok || math.Abs(deaf.Usual-4) > 0.1 {
		t.Errorf("after deaf hours: %+v, %v, want a spike over four", deaf, ok)
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func anyHours(t *rapid.T) []Hour {
	most := rapid.IntRange(0, 12).Draw(t, "most")
	n := rapid.IntRange(1, 400).Draw(t, "n")
	return series(n, func(int) int { return rapid.IntRange(0, most).Draw(t, "negative") })
}

// TestMoreIsNotCalmer: a negative mention more never ends a spike, and never
// makes it likelier.
func TestMoreIsNotCalmer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hours := anyHours(t)
		end := &hours[len(hours)-1]
		end.Negative += rapid.IntRange(0, 60).Draw(t, "burst")
		before, was := FindSpike(hours, SpikeOptions{})
		end.Negative += rapid.IntRange(1, 40).Draw(t, "more")
		after, is := FindSpike(hours, SpikeOptions{})
		if was && !is || was && after.Odds > before.Odds*(1+1e-6) {
			t.Errorf("with more: %+v, %v after %+v, %v", after, is, before, was)
		}
	})
}

func TestConstantIsCalm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.IntRange(0, 1000).Draw(t, "k")
		hours := series(rapid.IntRange(0, 24*40).Draw(t, "n"), func(int) int { return k })
		if s, ok := FindSpike(hours, SpikeOptions{}); ok {
			t.Errorf("%d each hour for %d hours is a spike: %+v", k, len(hours), s)
		}
	})
}

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

func BenchmarkFindSpike(b *testing.B) {
	hours := series(29*24, func(i int) int { return i * i % 7 % 3 })
	hours[len(hours)-1].Negative = 20
	for b.Loop() {
		FindSpike(hours, SpikeOptions{})
	}
}
