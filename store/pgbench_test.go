package store_test

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/internal/crowd"
	"github.com/puskaradio/puskaradio/internal/postgres"
	"github.com/puskaradio/puskaradio/store"
)

// BenchmarkPostgres files PUSKARADIO_BENCH_N mentions, 100,000 unless said, on two
// connections, each page of 1,000 on the disk before the next, with every
// index, count and word; then it reads what the dashboard reads.
func BenchmarkPostgres(b *testing.B) {
	n, _ := strconv.Atoi(os.Getenv("PUSKARADIO_BENCH_N"))
	if n == 0 {
		n = 100_000
	}
	server, err := postgres.Start(postgres.Options{Durable: true, Dir: os.Getenv("PUSKARADIO_BENCH_DIR"), Settings: []string{
		"shared_buffers=2GB", "max_wal_size=8GB", "work_mem=16MB", "maintenance_work_mem=256MB",
	}})
	if err != nil {
		b.Fatal(err)
	}
	defer server.Stop()
	url, err := server.Schema(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	s, err := store.OpenPostgres(b.Context(), url, store.PostgresOptions{Conns: 2})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	c := crowd.New(10_000, 1, n)
	c.Repeat(min(n, 50_000)) // what is measured is the store, not the crowd
	b.Run("Ingest", func(b *testing.B) { ingest(b, s, c, n) })
	conn, err := pgx.Connect(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(b.Context())
	begin := time.Now()
	if _, err := conn.Exec(b.Context(), "VACUUM ANALYZE"); err != nil { // as the server does by itself in time
		b.Fatal(err)
	}
	b.Logf("vacuum: %v", time.Since(begin).Round(time.Millisecond))
	rows, err := conn.Query(b.Context(), `SELECT relname::text, pg_table_size(oid) / 1048576.0 FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND pg_table_size(oid) > 1e6 ORDER BY 1`)
	if err != nil {
		b.Fatal(err)
	}
	var name string
	var size float64
	if _, err := pgx.ForEachRow(rows, []any{&name, &size}, func() error { b.Logf("%-20s %6.0f MB", name, size); return nil }); err != nil {
		b.Fatal(err)
	}
	readHistory(b, s, c)
}

func ingest(b *testing.B, s store.Store, c *crowd.Crowd, n int) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	left := n / 1000
	page := func() []puskaradio.Mention {
		mu.Lock()
		defer mu.Unlock()
		if left == 0 {
			return nil
		}
		if left--; left%500 == 499 {
			b.Logf("%d mentions after %v", n-left*1000, b.Elapsed().Round(time.Millisecond))
		}
		return c.Page(1000)
	}
	b.ResetTimer()
	for range 2 {
		wg.Go(func() {
			for ms := page(); ms != nil; ms = page() {
				if st, err := s.Commit(b.Context(), store.Crawl{Source: "bench", Mentions: ms}); err != nil || len(st.New) != len(ms) {
					b.Errorf("%d of %d are new, %v", len(st.New), len(ms), err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(n/1000*1000)/b.Elapsed().Seconds(), "mentions/s")
	b.ReportMetric(0, "ns/op")
}

// readHistory reads what the dashboard reads, of the biggest brand and of
// others.
func readHistory(b *testing.B, s store.Store, c *crowd.Crowd) {
	ctx := context.Background()
	from, to := c.Start, c.Start.AddDate(2, 0, 1)
	r := rand.New(rand.NewPCG(3, 4))
	some := func() string { return "brand" + strconv.Itoa(int(math.Exp(r.Float64()*math.Log(10_000)))-1) }
	search := func(brand, query string) error {
		_, _, err := s.Search(ctx, query, store.Filter{Brand: brand})
		return err
	}
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
		{"Waiting", func(brand string) error {
			_, err := s.Waiting(ctx, brand)
			return err
		}},
		{"SearchRare", func(brand string) error { return search(brand, `"`+c.Words[20_000+r.IntN(9000)]+`"`) }},
		{"SearchCommon", func(brand string) error { return search(brand, `"`+c.Words[r.IntN(20)]+`"`) }},
		{"SearchStem", func(brand string) error { return search(brand, c.Words[r.IntN(2000)]) }},
		{"SearchTwoWords", func(brand string) error { return search(brand, c.Words[r.IntN(100)]+" "+c.Words[r.IntN(100)]) }},
		{"SearchNothing", func(brand string) error { return search(brand, `"olematonsana"`) }},
	} {
		for _, of := range []struct {
			name  string
			brand func() string
		}{{"biggest", func() string { return "brand0" }}, {"any", some}, {"all", func() string { return "" }}} {
			if of.name == "all" && (q.name == "Trend2Years" || q.name == "Waiting") {
				continue
			}
			b.Run(q.name+"/"+of.name, func(b *testing.B) {
				quantiles(b, func() {
					if err := q.do(of.brand()); err != nil {
						b.Fatal(err)
					}
				})
			})
		}
	}
}
