package monitor_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/internal/crowd"
	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/sentiment"
	"github.com/puskaradio/puskaradio/store"
)

// A storm is a source that has a hundred thousand bad posts of the last ten
// minutes, a page of 500 after another; two of three pass one of ten stories on.
type storm struct {
	mu      sync.Mutex
	c       *crowd.Crowd
	left    int
	stories []string
	calm    bool // only the history is to be had
	history []puskaradio.Mention
}

func (s *storm) Fetch(_ context.Context, _ *crawler.Client, q crawler.Query) (crawler.Page, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calm || s.left == 0 {
		return crawler.Page{Mentions: slices.Clone(s.history)}, nil
	}
	var p crawler.Page
	for range min(500, s.left) {
		s.left--
		m := s.c.Mention(q.Now.Add(-time.Duration(s.c.Rand.IntN(600)) * time.Second))
		m.Brand, m.Source, m.Score, m.Flag = "", "", nil, ""
		m.Text = "Surkea toimitus, pettymys. " + m.Text
		if n := s.c.Rand.IntN(30); n < 20 {
			m.Text = s.stories[n%10]
		}
		p.Mentions = append(p.Mentions, m)
	}
	p.More = s.left > 0
	return p, nil
}

// A stormTook is what a storm has cost.
type stormTook struct {
	all, told time.Duration // until it was read, and until Slack heard of it
	peak      uint64        // bytes of this process
}

// weather takes in a hundred thousand bad posts about one brand, as fast as they
// come, with everything that belongs to it: language and feeling, stories, the
// store on the disk, the detector, Slack. All of them are kept, and told of once.
func weather(tb testing.TB, model *sentiment.Model, o store.BoltOptions) (took stormTook) {
	st, err := store.OpenBolt(tb.TempDir(), &o)
	if err != nil {
		tb.Fatal(err)
	}
	c := crowd.New(1, 1, 100_000)
	src := &storm{c: c, left: 100_000, calm: true}
	now := time.Now().UTC()
	for i := range 200 {
		m := c.Mention(now.Add(-time.Duration(i+1) * 3 * time.Hour))
		m.Brand, m.Source, m.Score, m.Flag = "", "", nil, ""
		src.history = append(src.history, m)
	}
	for i := range 10 {
		src.stories = append(src.stories, fmt.Sprintf("Surkea palvelu ja pettymys. Tarina %d: ", i)+c.Mention(now).Text)
	}
	slack := &slackLedger{}
	ch := channel(&testing.T{}, "team", false)
	ch.Notifier = routed{ch.Notifier, slack}
	var log strings.Builder
	m := &monitor.Monitor{Store: st, HTTP: http.DefaultClient, Scorer: sentiment.NewScorer(model), Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	plan := &monitor.Plan{
		Brands:   []puskaradio.Brand{{ID: "acme", Name: "Acme"}},
		Sources:  []monitor.Source{{Source: puskaradio.Source{ID: "storm", Every: time.Second, About: "acme"}, Connector: src}},
		Channels: []monitor.Channel{ch}, Zone: time.UTC, DigestAt: -1, Collect: 0,
	}
	ctx, cancel := context.WithCancel(tb.Context())
	done := make(chan error, 1)
	if err := m.SetPlan(ctx, plan, time.Now()); err != nil {
		tb.Fatal(err)
	}
	go func() { done <- m.Run(ctx) }()
	until(tb, func() bool { // the history is read to its end
		cur, err := st.Cursor(ctx, "begun/storm")
		return err == nil && cur != nil
	})
	src.mu.Lock()
	src.calm = false
	src.mu.Unlock()
	began := time.Now()
	until(tb, func() bool {
		var ms runtime.MemStats
		runtime.ReadMemStats(&ms)
		took.peak = max(took.peak, ms.Sys-ms.HeapReleased)
		slack.mu.Lock()
		if took.told == 0 && len(slack.posts) > 0 {
			took.told = time.Since(began)
		}
		slack.mu.Unlock()
		src.mu.Lock()
		defer src.mu.Unlock()
		return src.left == 0
	})
	took.all = time.Since(began)
	until(tb, func() bool {
		slack.mu.Lock()
		defer slack.mu.Unlock()
		return len(slack.posts) > 0
	})
	time.Sleep(3 * time.Second)
	cancel()
	if err := <-done; err != nil {
		tb.Fatal(err)
	}
	es, err := st.Stamps(context.WithoutCancel(ctx), "acme", now.Add(-time.Hour), time.Now().Add(time.Hour))
	if err != nil || len(es) < 99_000 {
		tb.Errorf("%d posts were kept, %v\n%s", len(es), err, log.String())
	}
	if n := len(slack.alerts()); n != 1 {
		tb.Errorf("told %d times, want once\n%s", n, log.String())
	}
	if err := st.Close(); err != nil {
		tb.Fatal(err)
	}
	return took
}

// BenchmarkStorm says how fast a storm is taken in, see [weather].
func BenchmarkStorm(b *testing.B) {
	model, err := sentiment.Shipped()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		took := weather(b, model, store.BoltOptions{})
		b.ReportMetric(100_000/took.all.Seconds(), "posts/s")
		b.ReportMetric(took.told.Seconds()*1000, "ms-to-Slack")
		b.ReportMetric(float64(took.peak)/(1<<20), "MB")
	}
}

// until waits for something.
func until(tb testing.TB, ok func() bool) {
	tb.Helper()
	for range 6000 {
		if ok() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	tb.Fatal("it never came")
}
