package monitor_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/internal/crowd"
	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/notify"
	"github.com/puskaradio/puskaradio/sentiment"
	"github.com/puskaradio/puskaradio/store"
)

var toldBrands = flag.Int("told.brands", 200, "brands of BenchmarkTold")

// A tap is a source that tells what is put into it, or is read.
type tap struct {
	mu      sync.Mutex
	history []puskaradio.Mention
	pages   chan crawler.Page
	streams bool
}

func (s *tap) Fetch(context.Context, *crawler.Client, crawler.Query) (crawler.Page, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return crawler.Page{Mentions: slices.Clone(s.history)}, nil
}

// A pipe is a tap that streams.
type pipe struct{ *tap }

func (s pipe) Listen(ctx context.Context, _ *crawler.Client, _ crawler.Query, emit func(crawler.Page) error) error {
	for {
		select {
		case p := <-s.pages:
			if err := emit(p); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// A witness is Slack: it notes when it was first told of each brand.
type witness struct {
	slackLedger
	told sync.Map // by brand
}

func (w *witness) RoundTrip(r *http.Request) (*http.Response, error) {
	at := time.Now()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	if i := strings.Index(string(body), "Brand"); i >= 0 && strings.HasSuffix(r.URL.Path, "postMessage") {
		var n int
		fmt.Sscanf(string(body[i:]), "Brand%d", &n)
		w.told.LoadOrStore(n, at)
	}
	return w.slackLedger.RoundTrip(r)
}

// BenchmarkTold measures how long it takes from a post that can be had until
// Slack is called, with 200 brands and the defaults: by a stream, and by a
// source that is read every five seconds.
func BenchmarkTold(b *testing.B) {
	for _, way := range []string{"stream", "polled"} {
		b.Run(way, func(b *testing.B) {
			for b.Loop() {
				lags := tellAll(b, way == "stream", 5*time.Second)
				slices.Sort(lags)
				b.ReportMetric(lags[len(lags)/2].Seconds()*1000, "ms-p50")
				b.ReportMetric(lags[len(lags)*99/100].Seconds()*1000, "ms-p99")
			}
		})
	}
}

func tellAll(b *testing.B, streams bool, every time.Duration) (lags []time.Duration) {
	brands := *toldBrands
	model, err := sentiment.Shipped()
	if err != nil {
		b.Fatal(err)
	}
	st, err := store.OpenBolt(b.TempDir(), &store.BoltOptions{Zone: time.UTC})
	if err != nil {
		b.Fatal(err)
	}
	c := crowd.New(1, 1, 10_000)
	now := time.Now().UTC()
	w := &witness{}
	ch := channel(&testing.T{}, "team", false)
	ch.Notifier = told{ch.Notifier, w}
	plan := &monitor.Plan{Channels: []monitor.Channel{ch}, Zone: time.UTC, DigestAt: -1, Collect: time.Second}
	taps := make([]*tap, brands)
	for i := range taps {
		t := &tap{pages: make(chan crawler.Page), streams: streams}
		for k := range 40 {
			m := c.Mention(now.Add(-time.Duration(k+1) * 12 * time.Hour))
			m.Brand, m.Source, m.Score, m.Flag = "", "", nil, ""
			t.history = append(t.history, m)
		}
		taps[i] = t
		var con crawler.Connector = t
		if streams {
			con = pipe{t}
		}
		id := fmt.Sprint("brand", i)
		plan.Brands = append(plan.Brands, puskaradio.Brand{ID: id, Name: fmt.Sprint("Brand", i)})
		plan.Sources = append(plan.Sources, monitor.Source{Source: puskaradio.Source{ID: id, Every: every, About: id}, Connector: con})
	}
	m := &monitor.Monitor{Store: st, HTTP: http.DefaultClient, Scorer: sentiment.NewScorer(model), Log: slog.New(slog.DiscardHandler)}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	if err := m.SetPlan(ctx, plan, time.Now()); err != nil {
		b.Fatal(err)
	}
	go func() { done <- m.Run(ctx) }()
	until(b, func() bool {
		for i := range taps {
			if cur, err := st.Cursor(ctx, fmt.Sprint("begun/brand", i)); err != nil || cur == nil {
				return false
			}
		}
		return true
	})
	sent := make([]time.Time, brands)
	for i, t := range taps { // twenty brands in trouble a second
		var p crawler.Page
		at := time.Now().UTC()
		for k := range 12 {
			x := c.Mention(at.Add(-time.Duration(k) * time.Second))
			x.Brand, x.Source, x.Score, x.Flag = "", "", nil, ""
			x.Text = "Surkea toimitus, pettymys. En suosittele. " + x.Text
			p.Mentions = append(p.Mentions, x)
		}
		sent[i] = time.Now()
		if streams {
			t.pages <- p
		} else {
			t.mu.Lock()
			t.history = append(p.Mentions, t.history...)
			t.mu.Unlock()
		}
		time.Sleep(50 * time.Millisecond)
	}
	until(b, func() bool { // not every twelve made-up posts are a burst beside what was said before
		n := 0
		w.told.Range(func(any, any) bool { n++; return true })
		return n >= brands*9/10
	})
	time.Sleep(every + 3*time.Second)
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
	for i := range sent {
		if at, ok := w.told.Load(i); ok {
			lags = append(lags, at.(time.Time).Sub(sent[i]))
		}
	}
	if err := st.Close(); err != nil {
		b.Fatal(err)
	}
	return lags
}

// told is a channel that tells a witness.
type told struct {
	notify.Notifier
	to http.RoundTripper
}

func (r told) Notify(ctx context.Context, _ *http.Client, m notify.Message) (string, error) {
	return r.Notifier.Notify(ctx, &http.Client{Transport: r.to}, m)
}
