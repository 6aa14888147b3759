package trend

import (
	"encoding/json"
	"flag"
	"math"
	"os"
	"slices"
	"testing"
	"unsafe"
)

// goldenSeries are twenty days of a few posts, with a burst on day 15 and
// nothing heard in the first half of day 10: by a linear congruence, so that
// anyone can make the same.
func goldenSeries() (counts []int, gap []bool) {
	st := uint64(12345)
	for i := range 20 * TicksPerDay {
		st = (st*1103515245 + 12345) % (1 << 31)
		day := float64(i) / TicksPerDay
		rate := 4.0 / TicksPerDay
		if day >= 15 && day < 15.5 {
			rate *= 10
		}
		deaf, n := day >= 10 && day < 10.5, 0
		if float64(st)/(1<<31) < rate && !deaf {
			n = 1
		}
		counts, gap = append(counts, n), append(gap, deaf)
	}
	return counts, gap
}

var update = flag.Bool("update", false, "write what the tests want anew")

// TestBurstGolden: evidence, level and events stay as they are. make eval
// compares them with those of a reference in another language.
func TestBurstGolden(t *testing.T) {
	got := runGolden(t)
	const file = "../testdata/trend/golden.json"
	if *update {
		b, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var want goldenRun
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	got.compare(t, &want)
}

// A goldenRun is what a detector made of the golden series.
type goldenRun struct {
	Ticks    []int     `json:"ticks_with_a_post"`
	Events   [][2]int  `json:"events"`
	Evidence []float64 `json:"S_every_288"`
	Level    []float64 `json:"level_every_288"`
}

func (got *goldenRun) compare(t *testing.T, want *goldenRun) {
	t.Helper()
	if !slices.Equal(got.Ticks, want.Ticks) {
		t.Fatalf("the series has posts in %v, want %v", got.Ticks, want.Ticks)
	}
	if !slices.Equal(got.Events, want.Events) || len(got.Events) != 3 {
		t.Errorf("events %v, want %v", got.Events, want.Events)
	}
	if len(want.Evidence) != 20 || len(want.Level) != 20 {
		t.Fatalf("%d and %d figures are wanted, not 20", len(want.Evidence), len(want.Level))
	}
	for i := range got.Evidence {
		if e, l := want.Evidence[i], want.Level[i]; math.Abs(got.Evidence[i]-e) > 1e-6 || math.Abs(got.Level[i]-l) > 1e-6 {
			t.Errorf("day %d: evidence %.9f, level %.9f, want %.9f, %.9f", i, got.Evidence[i], got.Level[i], e, l)
		}
	}
}

func runGolden(t *testing.T) *goldenRun {
	var out goldenRun
	counts, gap := goldenSeries()
	d := NewBurst(BurstOptions{})
	for i, n := range counts {
		if n > 0 {
			out.Ticks = append(out.Ticks, i)
		}
		beat := d.Tick(n, i%TicksPerDay, gap[i])
		if beat.Event != NoEvent {
			out.Events = append(out.Events, [2]int{i, int(beat.Event)})
		}
		if i%288 == 287 {
			out.Evidence, out.Level = append(out.Evidence, beat.Evidence), append(out.Level, beat.Level)
		}
		if i == 3000 { // a state that went through the store goes on as it was
			kept, err := d.MarshalBinary()
			if err != nil {
				t.Fatal(err)
			}
			d = NewBurst(BurstOptions{})
			if err := d.UnmarshalBinary(kept); err != nil {
				t.Fatal(err)
			}
		}
	}
	return &out
}

func TestBurstSize(t *testing.T) {
	if n := unsafe.Sizeof(Burst{}); n > 8<<10 {
		t.Errorf("a series takes %d bytes, want 8 KiB at most", n)
	}
	d := NewBurst(BurstOptions{})
	if n := testing.AllocsPerRun(1000, func() { d.Tick(1, 5, false) }); n != 0 {
		t.Errorf("a tick allocates %v times", n)
	}
}

func TestSensitivity(t *testing.T) {
	last := 0.0
	for _, s := range Sensitivities() {
		v, err := s.Threshold()
		if err != nil || v <= last {
			t.Errorf("%s needs %v, %v, want more than %v", s, v, err, last)
		}
		last = v
	}
	if _, err := Sensitivity("loud").Threshold(); err == nil {
		t.Error("any word is a sensitivity")
	}
}

func FuzzBurst(f *testing.F) {
	f.Add([]byte{1, 2, 255, 0, 0, 9})
	f.Fuzz(func(t *testing.T, b []byte) {
		d := NewBurst(BurstOptions{})
		if err := d.UnmarshalBinary(b); err == nil && len(b) != stateSize+1 {
			t.Fatal("a state of another length was read")
		}
		d = NewBurst(BurstOptions{})
		for i := range 4000 {
			n := 0
			if len(b) > 0 {
				n = int(b[i%len(b)])
				n *= n * n // up to 16 million in five minutes
			}
			beat := d.Tick(n, i%TicksPerDay, n == 8)
			if math.IsNaN(beat.Evidence) || math.IsInf(beat.Evidence, 0) || math.IsNaN(beat.Level) || beat.Level < 0 {
				t.Fatalf("tick %d: %+v", i, beat)
			}
		}
	})
}

func BenchmarkBurst(b *testing.B) {
	counts, gap := goldenSeries()
	d := NewBurst(BurstOptions{})
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		d.Tick(counts[i], i%TicksPerDay, gap[i])
		if i++; i == len(counts) {
			i = 0
		}
	}
	b.ReportMetric(float64(unsafe.Sizeof(*d)), "B/series")
}
