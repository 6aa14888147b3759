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
	"testing"
	"time"

	"github.com/puskaradio/puskaradio/internal/crowd"
	"github.com/puskaradio/puskaradio/store"
)

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
			c := crowd.New(10_000, run, 1000*pages)
			b.ResetTimer()
			n := 0
			var spent, used time.Duration
			var wrote int64
			for range pages {
				ms := c.Page(1000)
				w0, c0, t0 := crowd.Written(), crowd.CPU(), time.Now()
				if _, err := s.Commit(b.Context(), store.Crawl{Source: "bench", Mentions: ms}); err != nil {
					b.Fatal(err)
				}
				spent, used, wrote = spent+time.Since(t0), used+crowd.CPU()-c0, wrote+crowd.Written()-w0
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
func history(b *testing.B) (*store.Bolt, *crowd.Crowd) {
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
	c := crowd.New(10_000, 1, n)
	if err == nil {
		return s, c
	}
	for range n / 1000 {
		if _, err := s.Commit(b.Context(), store.Crawl{Source: "bench", Mentions: c.Page(1000)}); err != nil {
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
	// The program has its model beside the store, 50 MB: its garbage collector
	// comes as seldom as it does there, and not every sixty reads.
	model := make([]byte, 50<<20)
	defer runtime.KeepAlive(model)
	s, c := history(b)
	ctx := context.Background()
	from, to := c.Start, c.Start.AddDate(2, 0, 1)
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
			_, _, err := s.Search(ctx, `"`+c.Words[20_000+r.IntN(9000)]+`"`, store.Filter{Brand: brand})
			return err
		}},
		{"SearchCommon", func(brand string) error {
			_, _, err := s.Search(ctx, `"`+c.Words[r.IntN(20)]+`"`, store.Filter{Brand: brand})
			return err
		}},
		{"SearchStem", func(brand string) error {
			_, _, err := s.Search(ctx, c.Words[r.IntN(2000)], store.Filter{Brand: brand})
			return err
		}},
		{"SearchTwoWords", func(brand string) error {
			_, _, err := s.Search(ctx, c.Words[r.IntN(100)]+" "+c.Words[r.IntN(100)], store.Filter{Brand: brand})
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
