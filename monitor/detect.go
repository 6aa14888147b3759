package monitor

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/internal/fault"
	"github.com/puskaradio/puskaradio/store"
	"github.com/puskaradio/puskaradio/trend"
)

const (
	history     = 29 * 24 * time.Hour // of counts by the hour, beside an alert
	updateEvery = 10 * time.Minute    // an open alert is looked at again, and told anew at most so often
	longest     = 7 * 24 * time.Hour  // an alert that is older is over, whatever goes on
)

// detect looks for a burst of a brand, or looks after the one that is open.
func (m *Monitor) detect(ctx context.Context, j store.Job, id string) (store.Job, error) {
	p, now := m.Plan(), time.Now().UTC()
	brand, ok := p.brand(id)
	if !ok {
		return store.Job{}, nil
	}
	s, err := m.look(ctx, p, id, nil, now)
	if err != nil {
		return j, err
	}
	open, err := m.openAlert(ctx, id, now)
	if err != nil {
		return j, err
	}
	if open != nil {
		return m.follow(ctx, p, j, *open, s, now)
	}
	if !s.alerting || s.from.IsZero() {
		return store.Job{}, nil
	}
	e, err := m.evidence(ctx, p, brand, s.from, now, now)
	if err != nil {
		return j, err
	}
	// What was there before we began to listen is history, not news.
	if len(e.history) > 0 {
		if s, err = m.look(ctx, p, id, e.history, now); err != nil || !s.alerting || s.from.IsZero() {
			return store.Job{}, err
		}
		if e, err = m.evidence(ctx, p, brand, s.from, now, now); err != nil {
			return j, err
		}
	}
	hours, err := m.hours(ctx, id, now)
	if err != nil {
		return j, err
	}
	alert := e.alert(brand, s.from, now, hours)
	alert.ID = puskaradio.AlertID(brand.ID, puskaradio.RuleSpike, s.from)
	alert.First = s.negative
	alert.Negative, alert.Total, alert.Usual, alert.Odds = s.negative, s.total, s.usual, s.odds()
	alert.UsualAll = usualAll(hours, s.from, now)
	if err := m.explain(ctx, &alert, e, hours); err != nil {
		return j, err
	}
	if alert.Coverage, err = m.coverage(ctx, p, id, now); err != nil {
		return j, err
	}
	fault.Point("monitor: before alert")
	jobs, ends, err := m.tell(ctx, p, &alert, now)
	if err != nil {
		return j, err
	}
	if _, err := m.Store.AddAlert(ctx, alert, jobs...); err != nil {
		return j, err
	}
	m.Log.Info("spike", "brand", id, "saw", s.String())
	fault.Point("monitor: alert decided")
	j.Due = sooner(now.Add(updateEvery), ends)
	return j, nil
}

// hours are the counts of a brand by the hour.
func (m *Monitor) hours(ctx context.Context, brand string, now time.Time) ([]trend.Hour, error) {
	from := now.Add(-history)
	counts, err := m.Store.Series(ctx, brand, from, now.Add(time.Hour), store.Hour)
	return trend.Hours(counts, from, now), err
}

// usualAll is how many mentions of any feeling a span usually has, by the hours
// before it.
func usualAll(hours []trend.Hour, from, to time.Time) float64 {
	n, total := 0, 0
	for _, h := range hours {
		if h.At.Before(from.Add(-time.Hour)) && (n > 0 || h.Total > 0) {
			n, total = n+1, total+h.Total
		}
	}
	if n == 0 {
		return 0
	}
	return float64(total) / float64(n) * to.Sub(from).Hours()
}

// openAlert is the alert of a brand that is not over.
func (m *Monitor) openAlert(ctx context.Context, brand string, now time.Time) (*puskaradio.Alert, error) {
	alerts, err := m.Store.Alerts(ctx, brand, now.Add(-2*longest), now.Add(time.Hour))
	if err != nil {
		return nil, err
	}
	for _, a := range slices.Backward(alerts) {
		if a.Rule == puskaradio.RuleSpike && a.State != "over" {
			return &a, nil
		}
	}
	return nil, nil
}

// follow updates an alert that grows, and ends one that is over.
func (m *Monitor) follow(ctx context.Context, p *Plan, j store.Job, a puskaradio.Alert, s sight, now time.Time) (store.Job, error) {
	stamps, err := m.Store.Stamps(ctx, a.Brand, a.From, now.Add(tickLong))
	if err != nil {
		return j, err
	}
	negative := 0
	for i := range stamps {
		if counts(&stamps[i]) {
			negative++
		}
	}
	over := !s.alerting
	grown := negative >= a.Negative+max(3, a.Negative/4)
	held, err := m.held(ctx, p, a.Brand, now)
	if err != nil {
		return j, err
	}
	unmuted := a.Muted && held.IsZero()
	if j.Due = sooner(now.Add(updateEvery), held); !over && !grown && !unmuted {
		return j, nil
	}
	brand, _ := p.brand(a.Brand)
	e, err := m.evidence(ctx, p, brand, a.From, a.To, now)
	if err != nil {
		return j, err
	}
	hours, err := m.hours(ctx, a.Brand, now)
	if err != nil {
		return j, err
	}
	next := e.alert(brand, a.From, now, hours)
	next.ID, next.Decided, next.Rev, next.State = a.ID, a.Decided, a.Rev+1, "updated"
	next.First, next.Fresh, next.Claimed, next.Calmed, next.Snoozed = a.First, e.fresh.ID, a.Claimed, a.Calmed, a.Snoozed
	next.Negative, next.Total, next.Odds = negative, len(stamps), min(a.Odds, s.odds())
	next.Usual = a.Usual * next.To.Sub(a.From).Hours() / max(1, a.To.Sub(a.From).Hours())
	next.UsualAll = usualAll(hours, a.From, now)
	if err := m.explain(ctx, &next, e, hours); err != nil {
		return j, err
	}
	if over {
		next.State = "over"
		j = store.Job{}
	}
	if next.Coverage, err = m.coverage(ctx, p, a.Brand, now); err != nil {
		return j, err
	}
	jobs, _, err := m.tell(ctx, p, &next, now)
	if err != nil {
		return j, err
	}
	if a.Muted && over { // nobody was told that it began
		jobs, next.Muted = nil, true
	}
	if a.Calmed != nil { // nobody wants to hear more of it
		jobs = nil
	}
	added, err := m.Store.AddAlert(ctx, next, jobs...)
	if err == nil && !added { // somebody has claimed it meanwhile
		j = store.Job{Key: "detect/" + a.Brand, Kind: "detect", Due: now.Add(time.Second)}
	}
	return j, err
}

// sooner is the earlier of two times; zero is none.
func sooner(a, b time.Time) time.Time {
	if !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// An evidence is what stands behind a spike.
type evidence struct {
	quotes  []puskaradio.Quote
	fresh   puskaradio.Quote // the worst of what is new
	topic   string
	topicN  int
	copies  map[puskaradio.ID]int // by the mention that they repeat
	texts   []string              // some of what was said
	sources map[string]int        // negative mentions
	history map[time.Time]int     // by tick: what was there before we listened
}

// evidence reads the negative mentions of the last day, and of all since a
// burst began. What was seen after told is new.
func (m *Monitor) evidence(ctx context.Context, p *Plan, brand puskaradio.Brand, since, told, now time.Time) (evidence, error) {
	e := evidence{history: map[time.Time]int{}, copies: map[puskaradio.ID]int{}, sources: map[string]int{}}
	begun := map[string]time.Time{}
	for _, src := range p.sourcesOf(brand.ID) {
		at, err := m.begunAt(ctx, src.ID)
		if err != nil {
			return e, err
		}
		if at.IsZero() {
			at = now // still being read for the first time
		}
		begun[src.ID] = at
	}
	f := store.Filter{Brand: brand.ID, From: now.Add(-24 * time.Hour), To: now.Add(tickLong), Labels: []puskaradio.Label{puskaradio.Negative}, Limit: 500}
	if since.Before(f.From) {
		f.From = since
	}
	aspects, heard := map[string]int{}, 0
	for x, err := range m.each(ctx, f) {
		if err != nil {
			return e, err
		}
		if x.Mention.Story != "" {
			e.copies[x.Mention.Story]++
			continue
		}
		// A source that is not read has been imported, or has left the plan.
		if at, ok := begun[x.Mention.Source]; !ok || !x.Mention.FirstSeen.After(at) {
			e.history[x.Mention.Published.Truncate(tickLong)]++
			continue
		}
		if x.Mention.Published.Before(since) {
			continue
		}
		heard++
		e.sources[x.Mention.Source]++
		if len(e.texts) < 200 {
			e.texts = append(e.texts, storyText(&x.Mention))
		}
		q := puskaradio.QuoteOf(x.ID, &x.Mention)
		if x.Mention.FirstSeen.After(told) && (e.fresh.ID == "" || severity(q) < severity(e.fresh)) {
			e.fresh = q
		}
		e.quotes = append(e.quotes, q)
		if len(e.quotes) > 200 { // a burst may be of any size
			e.worst()
		}
		v := x.Mention.Verdict()
		for _, name := range negativeAspects(v) {
			aspects[name]++
		}
	}
	for name, n := range aspects {
		if n > e.topicN || n == e.topicN && name < e.topic {
			e.topic, e.topicN = name, n
		}
	}
	if 2*e.topicN < heard { // not shared by half of them
		e.topic, e.topicN = "", 0
	}
	e.worst()
	for i := range e.quotes {
		e.quotes[i].Copies = e.copies[e.quotes[i].ID]
	}
	return e, nil
}

// each reads all mentions that a filter takes, page by page.
func (m *Monitor) each(ctx context.Context, f store.Filter) iter.Seq2[store.Entry, error] {
	return func(yield func(store.Entry, error) bool) {
		for {
			found, next, err := m.Store.Mentions(ctx, f)
			if err != nil {
				yield(store.Entry{}, err)
				return
			}
			for _, x := range found {
				if !yield(x, nil) {
					return
				}
			}
			if f.After = next; next == "" {
				return
			}
		}
	}
}

// worst keeps the five worst quotes.
func (e *evidence) worst() {
	slices.SortStableFunc(e.quotes, func(a, b puskaradio.Quote) int {
		return cmp.Or(cmp.Compare(severity(a), severity(b)), b.Published.Compare(a.Published))
	})
	e.quotes = e.quotes[:min(5, len(e.quotes))]
}

func negativeAspects(v puskaradio.Score) []string {
	var out []string
	for _, a := range v.Aspects {
		if a.Label == puskaradio.Negative && !slices.Contains(out, a.Name) {
			out = append(out, a.Name)
		}
	}
	return out
}

// severity orders quotes, the worst first: by score and stars.
func severity(q puskaradio.Quote) float64 {
	s := q.Value
	if q.Rating != nil {
		s += q.Rating.Share()*2 - 1
	}
	return s
}

// alert is an alert about a burst, without its figures.
func (e evidence) alert(brand puskaradio.Brand, from, now time.Time, hours []trend.Hour) puskaradio.Alert {
	a := puskaradio.Alert{
		Brand: brand.ID, Name: brand.Name, Rule: puskaradio.RuleSpike, From: from, To: now.Add(tickLong).Truncate(tickLong),
		Topic: e.topic, TopicN: e.topicN, Quotes: e.quotes, Decided: now, State: "open",
	}
	for _, h := range hours[max(0, len(hours)-20):] {
		a.Hours = append(a.Hours, puskaradio.Point{At: h.At, Value: float64(h.Negative)})
	}
	return a
}

// coverage says which of a brand's sources were heard in the last hours.
func (m *Monitor) coverage(ctx context.Context, p *Plan, brand string, now time.Time) (string, error) {
	failed, n, err := m.failing(ctx, p, brand, now.Add(-3*time.Hour), now)
	if err != nil {
		return "", err
	}
	s := fmt.Sprintf("%d/%d", n-len(failed), n)
	if len(failed) > 0 {
		s += " (" + strings.Join(failed, ", ") + ")"
	}
	return s, nil
}

// failing names the sources of a brand whose last fetch in a span failed, and
// those that should have been read and were not.
func (m *Monitor) failing(ctx context.Context, p *Plan, brand string, from, to time.Time) (failed []string, sources int, err error) {
	ledger, err := m.Store.Coverage(ctx, from, to)
	if err != nil {
		return nil, 0, err
	}
	last := map[string]puskaradio.Coverage{}
	for _, l := range ledger {
		if !l.At.Before(last[l.Source].At) {
			last[l.Source] = l
		}
	}
	for _, s := range p.sourcesOf(brand) {
		sources++
		l, ok := last[s.ID]
		switch {
		case !ok && s.Every < to.Sub(from):
			failed = append(failed, s.ID+": silent")
		case ok && l.State != crawler.StateOK:
			failed = append(failed, s.ID+": "+l.State)
		}
	}
	return failed, sources, nil
}
