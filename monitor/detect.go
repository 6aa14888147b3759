package monitor

import (
	"context"
	"fmt"
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
	if a.Waits() { // who has one of its posts has it
		if a, err = m.byCase(ctx, a); err != nil {
			return j, err
		}
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
	if over && (a.Muted || next.Muted) { // who was not told that it began need not hear that it is over
		next.Muted = true
		if jobs, err = m.edits(ctx, &next); err != nil {
			return j, err
		}
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
