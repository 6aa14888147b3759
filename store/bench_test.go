package store_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// A crowd makes up mentions as many brands get them: texts of 380 bytes of
// words that follow Zipf's law, 20 sources, two years up to now.
type crowd struct {
	r      *rand.Rand
	zipf   *rand.Zipf
	brands int
	run    int // mentions in a row about one brand
	n      int
	brand  int
	words  []string
	start  time.Time
	step   time.Duration
}

func newCrowd(brands, run, total int) *crowd {
	r := rand.New(rand.NewPCG(1, 2))
	c := &crowd{r: r, zipf: rand.NewZipf(r, 1.1, 20, 29_999), brands: brands, run: run}
	c.start = time.Date(2024, 11, 21, 0, 0, 0, 0, time.UTC)
	c.step = 730 * 24 * time.Hour / time.Duration(total)
	syllables := strings.Fields("pal ve lu toi mi tus kah vi ran kai su lap si ko ti hin ta laa tu mer ki van ha uu si py sy va lii an ne ku hyl ky")
	endings := strings.Fields("a n ssa sta lla lta lle ksi t ja on in kin")
	for range 2500 { // the more often said first, each in twelve forms
		var w strings.Builder
		for range 3 + r.IntN(2) {
			w.WriteString(syllables[r.IntN(len(syllables))])
		}
		for _, e := range endings {
			c.words = append(c.words, w.String()+e)
		}
	}
	return c
}

// page makes the next n mentions.
func (c *crowd) page(n int) []puskaradio.Mention {
	out := make([]puskaradio.Mention, n)
	for i := range out {
		if c.n%c.run == 0 {
			// Zipf over brands, as agencies have them: the first gets 4 %.
			c.brand = min(c.brands-1, int(math.Exp(c.r.Float64()*math.Log(float64(c.brands)+1)))-1)
		}
		at := c.start.Add(time.Duration(c.n) * c.step)
		out[i] = c.mention(at)
		c.n++
	}
	return out
}

func (c *crowd) mention(at time.Time) puskaradio.Mention {
	var b strings.Builder
	for b.Len() < 372 {
		b.WriteString(c.words[c.zipf.Uint64()])
		b.WriteByte(' ')
	}
	source := "source" + strconv.Itoa(c.r.IntN(20))
	ref := strconv.Itoa(c.n) + "-" + strconv.FormatUint(c.r.Uint64(), 36)
	v := c.r.Float64()*2 - 1
	label, flag := puskaradio.Neutral, ""
	switch {
	case v < -0.5:
		label, flag = puskaradio.Negative, "1/5"
	case v > -0.1:
		label = puskaradio.Positive
	}
	return puskaradio.Mention{
		Brand: "brand" + strconv.Itoa(c.brand), Source: source, Genre: puskaradio.Review, Ref: ref,
		URL: "https://" + source + ".example/reviews/" + ref, Author: "user" + strconv.Itoa(c.r.IntN(100_000)),
		Text: b.String(), Lang: "fi", Rating: &puskaradio.Rating{Value: math.Round(v*2 + 3), Best: 5, Worst: 1},
		Published: at, DateFrom: puskaradio.DatePublished, FirstSeen: at.Add(5 * time.Minute),
		Score: &puskaradio.Score{Label: label, Value: v, Confidence: 0.8, Lang: "fi", Model: "bench"}, Flag: flag,
	}
}

// written is how many bytes this process has sent to the disk.
func written() int64 {
	b, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, "write_bytes: "); ok {
			n, _ := strconv.ParseInt(strings.TrimSpace(v), 10, 64)
			return n
		}
	}
	return 0
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // it does not fail for oneself
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func sizeOf(dir string) (size int64) {
	files, _ := filepath.Glob(filepath.Join(dir, "*.db"))
	for _, f := range files {
		if info, err := os.Stat(f); err == nil {
			size += info.Size()
		}
	}
	return size
}

// BenchmarkCommit inserts pages of 1,000 mentions, each on the disk before the
// next, with every index, count and word.
func BenchmarkCommit(b *testing.B) {
	for _, run := range []int{1, 20} {
		b.Run(fmt.Sprintf("run=%d", run), func(b *testing.B) {
			const pages = 300
			dir := b.TempDir()
			s, err := store.OpenBolt(dir, nil)
			if err != nil {
				b.Fatal(err)
			}
			c := newCrowd(10_000, run, 1000*pages)
			b.ResetTimer()
			n := 0
			var spent, used time.Duration
			var wrote int64
			for range pages {
				ms := c.page(1000)
				w0, c0, t0 := written(), cpu(), time.Now()
				if _, err := s.Commit(b.Context(), store.Crawl{Source: "bench", Mentions: ms}); err != nil {
					b.Fatal(err)
				}
				spent, used, wrote = spent+time.Since(t0), used+cpu()-c0, wrote+written()-w0
				n += len(ms)
			}
			b.StopTimer()
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(n)/spent.Seconds(), "mentions/s")
			b.ReportMetric(float64(used.Microseconds())/float64(n), "cpu-µs/mention")
			b.ReportMetric(float64(wrote)/float64(n), "written-B/mention")
			b.ReportMetric(float64(sizeOf(dir))/float64(n), "disk-B/mention")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// history opens the store that PUSKARADIO_BENCH_DIR holds, or makes one there
// of PUSKARADIO_BENCH_N mentions, 200,000 unless said.
func history(b *testing.B) (*store.Bolt, *crowd) {
	n, _ := strconv.Atoi(os.Getenv("PUSKARADIO_BENCH_N"))
	if n == 0 {
		n = 200_000
	}
	dir := os.Getenv("PUSKARADIO_BENCH_DIR")
	if dir == "" {
		dir = b.TempDir()
	}
	_, err := os.Stat(filepath.Join(dir, "main.db"))
	s, openErr := store.OpenBolt(dir, nil)
	if openErr != nil {
		b.Fatal(openErr)
	}
	b.Cleanup(func() { _ = s.Close() })
	c := newCrowd(10_000, 1, n)
	if err == nil {
		return s, c
	}
	for range n / 1000 {
		if _, err := s.Commit(b.Context(), store.Crawl{Source: "bench", Mentions: c.page(1000)}); err != nil {
			b.Fatal(err)
		}
	}
	b.Logf("%d mentions, %d B each on disk", n, sizeOf(dir)/int64(n))
	if _, err := s.Compact(b.Context(), false); err != nil { // as every night
		b.Fatal(err)
	}
	if index, err := s.IndexSize(); err == nil {
		b.Logf("the index takes %.2f of the text", float64(index)/float64(n*380))
	}
	return s, c
}

// quantiles runs something and reports how long it took.
func quantiles(b *testing.B, do func()) {
	var took []time.Duration
	for b.Loop() {
		t0 := time.Now()
		do()
		took = append(took, time.Since(t0))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1e3, "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1e3, "p99-µs")
}

// BenchmarkHistory reads what the dashboard reads, of the biggest brand and of
// others.
func BenchmarkHistory(b *testing.B) {
	s, c := history(b)
	ctx := context.Background()
	from, to := c.start, c.start.AddDate(2, 0, 1)
	r := rand.New(rand.NewPCG(3, 4))
	some := func() string { return "brand" + strconv.Itoa(int(math.Exp(r.Float64()*math.Log(10_000)))-1) }
	for _, q := range []struct {
		name string
		do   func(brand string) error
	}{
		{"Trend2Years", func(brand string) error {
			_, err := s.Series(ctx, brand, from, to, store.Day)
			return err
		}},
		{"Inbox50", func(brand string) error {
			_, _, err := s.Inbox(ctx, store.Filter{Brand: brand})
			return err
		}},
		{"Newest50", func(brand string) error {
			_, _, err := s.Mentions(ctx, store.Filter{Brand: brand})
			return err
		}},
		{"SearchRare", func(brand string) error {
			_, _, err := s.Search(ctx, `"`+c.words[20_000+r.IntN(9000)]+`"`, store.Filter{Brand: brand})
			return err
		}},
		{"SearchCommon", func(brand string) error {
			_, _, err := s.Search(ctx, `"`+c.words[r.IntN(20)]+`"`, store.Filter{Brand: brand})
			return err
		}},
		{"SearchStem", func(brand string) error {
			_, _, err := s.Search(ctx, c.words[r.IntN(2000)], store.Filter{Brand: brand})
			return err
		}},
		{"SearchTwoWords", func(brand string) error {
			_, _, err := s.Search(ctx, c.words[r.IntN(100)]+" "+c.words[r.IntN(100)], store.Filter{Brand: brand})
			return err
		}},
	} {
		for name, brand := range map[string]func() string{"biggest": func() string { return "brand0" }, "any": some} {
			b.Run(q.name+"/"+name, func(b *testing.B) {
				quantiles(b, func() {
					if err := q.do(brand()); err != nil {
						b.Fatal(err)
					}
				})
			})
		}
	}
}

// BenchmarkOpen opens a store that was closed as it should be.
func BenchmarkOpen(b *testing.B) {
	s, _ := history(b)
	dir := b.TempDir()
	path, err := s.Backup(b.Context(), dir, time.Now())
	if err != nil {
		b.Fatal(err)
	}
	runtime.GC()
	quantiles(b, func() {
		s, err := store.OpenBolt(path, nil)
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	})
}
