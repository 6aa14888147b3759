package web

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// MetricsOptions are what [Metrics] are read from. All but Server and Now are
// needed.
type MetricsOptions struct {
	Store   store.Store
	Plan    func() Plan
	Sources func(ctx context.Context, now time.Time) ([]Source, error)
	Server  *Server // whose requests are counted; nil if there is none
	Version string
	Now     func() time.Time // nil is [time.Now]
}

// Metrics tell Prometheus how the program does, at /metrics. Labels are names
// of the configuration and of ours: nothing that a stranger wrote.
//
// What counts up begins with zero at the first read, which should be at the
// start.
type Metrics struct {
	o       MetricsOptions
	now     func() time.Time
	started time.Time

	mu     sync.Mutex // guards what follows; one read at a time
	ledger ledgerSums
	alerts alertSums
}

// NewMetrics makes metrics that count from now on.
func NewMetrics(o MetricsOptions) *Metrics {
	m := &Metrics{o: o, now: o.Now}
	if m.now == nil {
		m.now = time.Now
	}
	m.started = m.now()
	return m
}

// ServeHTTP implements [http.Handler].
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	switch {
	case !isLoopback(r.Host): // a name that somebody else has pointed at this machine
		http.Error(w, "this is asked on this machine only", http.StatusMisdirectedRequest)
	case r.URL.Path != "/metrics":
		http.NotFound(w, r)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "ask with GET", http.StatusMethodNotAllowed)
	default:
		ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
		defer cancel()
		b, err := m.read(ctx)
		if err != nil {
			http.Error(w, "the store cannot be read", http.StatusServiceUnavailable)
			return
		}
		h.Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_, _ = w.Write(b) // it may have hung up
	}
}

// Start reads what there is already, so that it is not counted as new.
func (m *Metrics) Start(ctx context.Context) error {
	_, err := m.read(ctx)
	return err
}

func (m *Metrics) read(ctx context.Context) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var e exposition
	now := m.now()
	err := errors.Join(m.readSources(ctx, &e, now), m.readQueue(ctx, &e, now), m.readTalk(ctx, &e, now))
	if m.o.Server != nil {
		m.o.Server.requests.write(&e)
	}
	m.readProcess(&e)
	return e.b.Bytes(), err
}

func (m *Metrics) readSources(ctx context.Context, e *exposition, now time.Time) error {
	all, err := m.o.Sources(ctx, now)
	if err != nil {
		return err
	}
	sums, err := m.ledger.read(ctx, m.o.Store, now)
	if err != nil {
		return err
	}
	var state, last, fetches, failed, items, fresh []measure
	for _, x := range all {
		src := []string{"source", x.ID}
		state = append(state, measure{append(src, "state", x.State), 1})
		if !x.Last.IsZero() {
			last = append(last, measure{src, unixOf(x.Last)})
		}
		c := sums[x.ID]
		fetches = append(fetches, measure{src, float64(c.Fetches)})
		failed = append(failed, measure{src, float64(c.Failed)})
		items = append(items, measure{src, float64(c.Items)})
		fresh = append(fresh, measure{src, float64(c.New)})
	}
	e.family("puskaradio_source_state", "gauge", "How a source is: 1 for the state that it has.", state...)
	e.family("puskaradio_source_last_success_timestamp_seconds", "gauge", "When a source was last read with success.", last...)
	e.family("puskaradio_fetches_total", "counter", "Pages that were asked for, by source.", fetches...)
	e.family("puskaradio_fetch_failures_total", "counter", "Pages that gave no answer that could be read, by source.", failed...)
	e.family("puskaradio_items_total", "counter", "Texts that were read, by source.", items...)
	e.family("puskaradio_mentions_new_total", "counter", "Mentions that had not been seen before, by source.", fresh...)
	return nil
}

func (m *Metrics) readQueue(ctx context.Context, e *exposition, now time.Time) error {
	jobs, err := m.o.Store.Jobs(ctx, "")
	if err != nil {
		return err
	}
	byKind, waiting, failing := map[string]float64{}, map[string]float64{}, map[string]float64{}
	oldest := now
	for _, j := range jobs {
		byKind[j.Kind]++
		if j.Due.Before(oldest) {
			oldest = j.Due
		}
		if kind, rest, _ := strings.Cut(j.Key, "/"); kind == "deliver" || kind == "case" {
			channel, _, _ := strings.Cut(rest, "/")
			waiting[channel]++
			failing[channel] += map[bool]float64{true: 1}[j.Fails > 0]
		}
	}
	e.family("puskaradio_queue_jobs", "gauge", "Jobs of the queue, by kind.", measures("kind", byKind)...)
	e.family("puskaradio_queue_oldest_due_seconds", "gauge", "How long the oldest job that is due has waited.", measure{nil, now.Sub(oldest).Seconds()})
	e.family("puskaradio_deliveries_waiting", "gauge", "Messages that a channel has still to take.", measures("channel", waiting)...)
	e.family("puskaradio_deliveries_failing", "gauge", "Of these, those that have failed and will be tried again.", measures("channel", failing)...)
	return nil
}

func (m *Metrics) readTalk(ctx context.Context, e *exposition, now time.Time) error {
	byRule, err := m.alerts.read(ctx, m.o.Store, m.started, now)
	if err != nil {
		return err
	}
	e.family("puskaradio_alerts_total", "counter", "Alerts that were decided, by rule.", measures("rule", byRule)...)
	var cases []measure
	for _, b := range m.o.Plan().Brands {
		by, err := m.o.Store.Waiting(ctx, b.ID)
		if err != nil {
			return err
		}
		for _, status := range puskaradio.Statuses() {
			if status.Open() {
				cases = append(cases, measure{[]string{"brand", b.ID, "status", string(status)}, float64(by[status])})
			}
		}
	}
	e.family("puskaradio_cases_open", "gauge", "Cases that somebody has still to do something about.", cases...)
	return nil
}

func (m *Metrics) readProcess(e *exposition) {
	e.family("puskaradio_build_info", "gauge", "The version of the program.", measure{[]string{"version", m.o.Version, "goversion", runtime.Version()}, 1})
	e.family("process_start_time_seconds", "gauge", "When counting began.", measure{nil, unixOf(m.started)})
	for _, x := range []struct{ name, kind, help, from string }{
		{"go_goroutines", "gauge", "Goroutines that exist.", "/sched/goroutines:goroutines"},
		{"go_memory_bytes", "gauge", "Memory that the Go runtime has from the system.", "/memory/classes/total:bytes"},
		{"go_heap_objects_bytes", "gauge", "Memory of live objects and of dead ones that are not swept.", "/memory/classes/heap/objects:bytes"},
		{"go_gc_cycles_total", "counter", "Garbage collections that have ended.", "/gc/cycles/total:gc-cycles"},
	} {
		s := []metrics.Sample{{Name: x.from}}
		metrics.Read(s)
		if s[0].Value.Kind() == metrics.KindUint64 {
			e.family(x.name, x.kind, x.help, measure{nil, float64(s[0].Value.Uint64())})
		}
	}
}

func unixOf(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// ledgerSums are the sums of the ledger since the first read: of the hours that
// are over, and what stood there at first. A line of an hour may still grow
// for settled after it is over.
type ledgerSums struct {
	begun  bool
	base   map[string]puskaradio.Coverage // less than nothing at first
	folded time.Time                      // hours before it are in base
}

const settled = 2 * time.Hour

func (l *ledgerSums) read(ctx context.Context, s store.Store, now time.Time) (map[string]puskaradio.Coverage, error) {
	now = now.UTC()
	edge := now.Add(-settled).Truncate(time.Hour)
	if !l.begun {
		l.folded = edge
	}
	lines, err := s.Coverage(ctx, l.folded, now.Add(time.Hour))
	if err != nil {
		return nil, err
	}
	if !l.begun {
		l.begun, l.base = true, map[string]puskaradio.Coverage{}
		for _, c := range lines {
			l.base[c.Source] = plus(l.base[c.Source], c, -1)
		}
	}
	out := map[string]puskaradio.Coverage{}
	for _, c := range lines {
		if c.Hour.Before(edge) {
			l.base[c.Source] = plus(l.base[c.Source], c, 1)
			continue
		}
		out[c.Source] = plus(out[c.Source], c, 1)
	}
	l.folded = maxTime(l.folded, edge)
	for source, c := range l.base {
		out[source] = plus(out[source], c, 1)
	}
	return out, nil
}

func plus(a, b puskaradio.Coverage, sign int) puskaradio.Coverage {
	a.Fetches, a.Failed, a.Items, a.New = a.Fetches+sign*b.Fetches, a.Failed+sign*b.Failed, a.Items+sign*b.Items, a.New+sign*b.New
	return a
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// alertSums count the alerts that were decided since the start: those of long
// ago enough that none of then is still to come once for all.
type alertSums struct {
	base   map[string]float64
	folded time.Time // what was decided before it is in base
}

func (x *alertSums) read(ctx context.Context, s store.Store, started, now time.Time) (map[string]float64, error) {
	if x.base == nil {
		x.base, x.folded = map[string]float64{}, started.Truncate(time.Second) // alerts are kept by the second
		for _, rule := range []string{puskaradio.RuleSpike, puskaradio.RuleUrgent, puskaradio.RuleLive, puskaradio.RuleTopic, puskaradio.RuleRating, puskaradio.RuleSilence} {
			x.base[rule] = 0
		}
	}
	edge := maxTime(x.folded, now.Add(-10*time.Minute).Truncate(time.Second))
	found, err := s.Alerts(ctx, "", x.folded, now.Add(time.Minute))
	if err != nil {
		return nil, err
	}
	out := map[string]float64{}
	for _, a := range found {
		if a.Decided.Before(edge) {
			x.base[a.Rule]++
		} else {
			out[a.Rule]++
		}
	}
	x.folded = edge
	for rule, n := range x.base {
		out[rule] += n
	}
	return out, nil
}

// measures are those of one label, by its values.
func measures(label string, by map[string]float64) (out []measure) {
	for value, n := range by {
		out = append(out, measure{[]string{label, value}, n})
	}
	slices.SortFunc(out, func(a, b measure) int { return strings.Compare(a.labels[1], b.labels[1]) })
	return out
}
