package web

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/internal/crowd"
	"github.com/puskaradio/puskaradio/store"
	"github.com/puskaradio/puskaradio/trend"
)

// BenchmarkReaders has fifty people read pages over a history of mentions,
// each a page every second and a half, while a page of a crawl is kept every
// second. PUSKARADIO_BENCH_N says how many mentions, 20,000 unless said.
func BenchmarkReaders(b *testing.B) {
	n := 20_000
	if s := os.Getenv("PUSKARADIO_BENCH_N"); s != "" {
		n, _ = strconv.Atoi(s)
	}
	s, err := store.OpenBolt(b.TempDir(), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	const brands, people, rounds = 50, 50, 20
	c := crowd.New(brands, 1, n)
	c.Start = testNow.AddDate(-2, 0, 0)
	plan := Plan{Lang: "en", Zone: time.UTC}
	for i := range brands {
		id := "brand" + strconv.Itoa(i)
		plan.Brands = append(plan.Brands, puskaradio.Brand{ID: id, Name: strings.ToUpper(id[:1]) + id[1:]})
	}
	var ids []string
	for done := 0; done < n; done += 1000 {
		kept, err := s.Commit(b.Context(), crawlOf(c.Page(1000)...))
		if err != nil {
			b.Fatal(err)
		}
		if done%20_000 == 0 || done+1000 >= n {
			ids = append(ids, string(kept.New[len(kept.New)-1]))
		}
	}
	server := New(Options{
		Store: s, Plan: func() Plan { return plan }, Now: func() time.Time { return testNow }, Log: slog.New(slog.DiscardHandler),
		Sources: func(context.Context, time.Time) ([]Source, error) { return make([]Source, 20), nil },
		Digest: func(_ context.Context, x puskaradio.Brand, on, now time.Time) (puskaradio.Digest, error) {
			return trend.MakeDigest(trend.Material{Brand: x, Zone: time.UTC, Now: now, Days: []trend.Day{{At: on, Negative: 4}}, Sources: 2}), nil
		},
		Answers: &place{},
	})
	srv := httptest.NewServer(server)
	defer srv.Close()
	client := srv.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	client.Transport.(*http.Transport).MaxIdleConnsPerHost = people
	resp, err := client.PostForm(srv.URL+"/in", url.Values{"ticket": {server.Ticket()}, "who": {"Maija"}})
	if err != nil || resp.StatusCode != http.StatusSeeOther {
		b.Fatalf("enter: %v, %v", resp, err)
	}
	cookie := resp.Cookies()[0]
	resp.Body.Close()
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	var crawling sync.WaitGroup
	crawling.Go(func() { // crawling goes on
		for tick := time.NewTicker(time.Second); ; {
			select {
			case <-ctx.Done():
				tick.Stop()
				return
			case <-tick.C:
				if _, err := s.Commit(context.WithoutCancel(ctx), crawlOf(c.Page(200)...)); err != nil {
					b.Error(err)
				}
			}
		}
	})
	var mu sync.Mutex
	var waits []float64
	worst := map[string]float64{}
	largest := 0
	b.ResetTimer()
	var wg sync.WaitGroup
	for p := range people {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(p), 7))
			time.Sleep(time.Duration(r.Int64N(int64(1500 * time.Millisecond)))) // they do not come in step
			for range rounds {
				brand := "brand=brand" + strconv.Itoa(r.IntN(brands)*r.IntN(brands)/brands)
				paths := []string{"/digest/2026-11-20?" + brand, "/inbox", "/inbox?" + brand, "/mentions?" + brand, "/mentions?q=" + c.Words[r.IntN(2000)] + "&" + brand, "/m/" + ids[r.IntN(len(ids))], "/trends?" + brand, "/sources"}
				path := paths[r.IntN(len(paths))]
				req, _ := http.NewRequestWithContext(ctx, "GET", srv.URL+path, nil)
				req.AddCookie(cookie)
				began := time.Now()
				resp, err := client.Do(req)
				if err != nil {
					b.Error(err)
					return
				}
				size, err := discard(resp)
				took := float64(time.Since(began).Microseconds()) / 1000
				if err != nil || resp.StatusCode != http.StatusOK {
					b.Errorf("%s: %d, %v", path, resp.StatusCode, err)
				}
				kind, _, _ := strings.Cut(path[1:], "/")
				kind, _, _ = strings.Cut(kind, "?")
				mu.Lock()
				waits, largest = append(waits, took), max(largest, size)
				worst[kind] = max(worst[kind], took)
				mu.Unlock()
				time.Sleep(time.Second + time.Duration(r.Int64N(int64(time.Second))))
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	cancel()
	crawling.Wait()
	slices.Sort(waits)
	for _, p := range []int{50, 95, 99} {
		b.ReportMetric(waits[len(waits)*p/100], fmt.Sprintf("ms-p%d", p))
	}
	b.ReportMetric(float64(largest)/1024, "KiB-page")
	b.ReportMetric(0, "ns/op")
	b.Logf("%d pages, the slowest of each in ms: %v", len(waits), worst)
}

// discard reads an answer to its end and gives its size.
func discard(resp *http.Response) (n int, err error) {
	defer resp.Body.Close()
	buf := make([]byte, 32<<10)
	for {
		k, err := resp.Body.Read(buf)
		n += k
		if err != nil {
			if err.Error() == "EOF" {
				return n, nil
			}
			return n, err
		}
	}
}
