package web

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// scraped are metrics as Prometheus reads them: by name and labels.
type scraped map[string]float64

func (p *place) metrics(now *time.Time) *Metrics {
	return NewMetrics(MetricsOptions{
		Store: p.store, Plan: func() Plan { return p.plan }, Sources: p.server.o.Sources, Server: p.server, Version: "1.2", Now: func() time.Time { return *now },
	})
}

func scrape(t *testing.T, m *Metrics) scraped {
	t.Helper()
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest("GET", "http://127.0.0.1:9090/metrics", nil))
	if w.Code != 200 || w.Header().Get("Content-Type") != "text/plain; version=0.0.4; charset=utf-8" {
		t.Fatalf("GET /metrics: %d %v", w.Code, w.Header())
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(w.Body.String()))
	if err != nil {
		t.Fatalf("%v in\n%s", err, w.Body)
	}
	out := scraped{}
	for name, f := range families {
		if f.GetHelp() == "" || f.GetType() == dto.MetricType_UNTYPED {
			t.Errorf("%s has no help or no type", name)
		}
		if counts := f.GetType() == dto.MetricType_COUNTER; counts != strings.HasSuffix(name, "_total") {
			t.Errorf("%s is %v", name, f.GetType())
		}
		for _, x := range f.GetMetric() {
			var key strings.Builder
			key.WriteString(name)
			for _, l := range x.GetLabel() {
				key.WriteString(" " + l.GetValue())
			}
			if _, twice := out[key.String()]; twice {
				t.Errorf("%s stands there twice", key.String())
			}
			out[key.String()] = x.GetCounter().GetValue() + x.GetGauge().GetValue()
			h := x.GetHistogram()
			if h == nil {
				continue
			}
			out[key.String()] = float64(h.GetSampleCount())
			last := uint64(0)
			for _, b := range h.GetBucket() {
				if b.GetCumulativeCount() < last {
					t.Errorf("%s: a bucket holds less than the one before it", key.String())
				}
				last = b.GetCumulativeCount()
			}
			if last != h.GetSampleCount() || len(h.GetBucket()) != len(buckets)+1 {
				t.Errorf("%s: %d buckets with %d of %d", key.String(), len(h.GetBucket()), last, h.GetSampleCount())
			}
		}
	}
	return out
}

func (s scraped) wants(t *testing.T, when string, want scraped) {
	t.Helper()
	for key, n := range want {
		if got, ok := s[key]; !ok || got != n {
			t.Errorf("%s: %s is %v (there: %v), want %v", when, key, got, ok, n)
		}
	}
}

// TestMetrics crawls, decides, asks and fails, and looks whether all of it is
// counted: once, for hours, and not what was there before.
func TestMetrics(t *testing.T) {
	p := newPlace(t)
	ctx, now := context.Background(), testNow
	crawl := func(c puskaradio.Coverage, ms ...puskaradio.Mention) {
		t.Helper()
		c.Source, c.Hour, c.At = "shop", now.Truncate(time.Hour), now
		k := crawlOf(ms...)
		k.Ledger = c
		if _, err := p.store.Commit(ctx, k); err != nil {
			t.Fatal(err)
		}
	}
	crawl(puskaradio.Coverage{Fetches: 7, Failed: 7, Items: 7, New: 7, State: "ok"}) // before the start
	m := p.metrics(&now)
	if err := m.Start(ctx); err != nil {
		t.Fatal(err)
	}
	scrape(t, m).wants(t, "at first", scraped{"puskaradio_fetches_total shop": 0, "puskaradio_mentions_new_total shop": 0, "puskaradio_alerts_total negative spike": 0, "puskaradio_cases_open acme new": 0})

	crawl(puskaradio.Coverage{Fetches: 3, Failed: 1, Items: 20, New: 1, State: "ok"}, sample())
	for i, rule := range []string{puskaradio.RuleSpike, puskaradio.RuleUrgent, puskaradio.RuleUrgent} {
		if _, err := p.store.AddAlert(ctx, puskaradio.Alert{ID: fmt.Sprint("A", i), Brand: "acme", Rule: rule, State: "open", Decided: now}); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.store.Schedule(ctx,
		store.Job{Key: "deliver/team/1/a/X", Kind: "deliver", Due: now.Add(-90 * time.Second)}, store.Job{Key: "deliver/team/2/a/Y", Kind: "deliver", Due: now, Fails: 2},
		store.Job{Key: "deliver/boss/2/a/Y", Kind: "deliver", Due: now.Add(time.Hour)}, store.Job{Key: "crawl/shop", Kind: "crawl", Due: now.Add(time.Minute)},
	); err != nil {
		t.Fatal(err)
	}
	p.do("GET", "/inbox", nil, nil)
	p.enter("Maija").get("/inbox")
	p.do("GET", "/%3Cscript%3E%22%0A", nil, nil)
	p.ask("pr_x", "GET", "/api/v1/mentions/secret", "")
	want := scraped{
		"puskaradio_fetches_total shop": 3, "puskaradio_fetch_failures_total shop": 1, "puskaradio_items_total shop": 20, "puskaradio_mentions_new_total shop": 1,
		"puskaradio_fetches_total forum": 0, "puskaradio_source_state shop ok": 1, "puskaradio_source_state forum refused": 1,
		"puskaradio_source_last_success_timestamp_seconds shop": float64(testNow.Add(-5 * time.Minute).Unix()),
		"puskaradio_alerts_total negative spike":                1, "puskaradio_alerts_total urgent post": 2, "puskaradio_alerts_total gone quiet": 0,
		"puskaradio_cases_open acme new": 1, "puskaradio_cases_open acme claimed": 0, "puskaradio_cases_open bolt new": 0,
		"puskaradio_queue_jobs deliver": 3, "puskaradio_queue_jobs crawl": 1, "puskaradio_queue_oldest_due_seconds": 90,
		"puskaradio_deliveries_waiting team": 2, "puskaradio_deliveries_failing team": 1, "puskaradio_deliveries_waiting boss": 1, "puskaradio_deliveries_failing boss": 0,
		"puskaradio_http_request_duration_seconds GET /inbox 4xx": 1, "puskaradio_http_request_duration_seconds GET /inbox 2xx": 1,
		"puskaradio_http_request_duration_seconds POST /in 3xx": 1, "puskaradio_http_request_duration_seconds GET /{path...} 4xx": 1,
		"puskaradio_http_request_duration_seconds GET /api/v1/mentions/{id} 4xx": 1,
		"process_start_time_seconds": float64(testNow.Unix()),
	}
	got := scrape(t, m)
	got.wants(t, "after a crawl", want)
	if got["go_goroutines"] < 1 || got["go_memory_bytes"] < 1e6 {
		t.Errorf("of the runtime: %v goroutines, %v bytes", got["go_goroutines"], got["go_memory_bytes"])
	}
	for key := range got {
		if strings.Contains(key, "script") || strings.Contains(key, "secret") || strings.Contains(key, "Maija") {
			t.Errorf("a label of a stranger: %q", key)
		}
	}
	// Every half an hour for half a day: what was counted stays, once.
	for i := range 24 {
		now = now.Add(30 * time.Minute)
		if i%4 == 0 {
			crawl(puskaradio.Coverage{Fetches: 1, Items: 2, State: "ok"})
			if _, err := p.store.AddAlert(ctx, puskaradio.Alert{ID: fmt.Sprint("B", i), Brand: "acme", Rule: puskaradio.RuleTopic, Decided: now}); err != nil {
				t.Fatal(err)
			}
		}
		n := float64(i/4 + 1)
		scrape(t, m).wants(t, fmt.Sprint("after ", i), scraped{
			"puskaradio_fetches_total shop": 3 + n, "puskaradio_fetch_failures_total shop": 1, "puskaradio_items_total shop": 20 + 2*n,
			"puskaradio_alerts_total urgent post": 2, "puskaradio_alerts_total topic spike": n,
		})
	}
}

// TestMetricsOnly: only /metrics is there, by a name of this machine.
func TestMetricsOnly(t *testing.T) {
	p := newPlace(t)
	now := testNow
	m := p.metrics(&now)
	for at, want := range map[string]int{
		"GET http://127.0.0.1:9090/metrics": 200, "GET http://[::1]:9090/metrics": 200, "GET http://localhost/metrics": 200,
		"GET http://evil.example/metrics": 421, "GET http://127.0.0.1:9090/": 404, "GET http://127.0.0.1:9090/metrics/x": 404, "POST http://127.0.0.1:9090/metrics": 405,
	} {
		method, target, _ := strings.Cut(at, " ")
		w := httptest.NewRecorder()
		m.ServeHTTP(w, httptest.NewRequest(method, target, nil))
		if w.Code != want {
			t.Errorf("%s: %d, want %d", at, w.Code, want)
		}
	}
}

// TestLabelText: what a label says cannot end it.
func TestLabelText(t *testing.T) {
	var e exposition
	hard := "a\"b\\c\nd\xff}"
	e.family("x", "gauge", "X.", measure{[]string{"l", hard}, 1})
	parser := expfmt.NewTextParser(model.LegacyValidation)
	got, err := parser.TextToMetricFamilies(&e.b)
	if err != nil {
		t.Fatal(err)
	}
	if l := got["x"].GetMetric()[0].GetLabel()[0].GetValue(); l != "a\"b\\c\nd}" {
		t.Errorf("read %q", l)
	}
}
