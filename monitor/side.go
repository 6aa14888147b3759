package monitor

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
	"github.com/puskaradio/puskaradio/trend"
)

// Rules are what is looked for beside bursts of negative talk. What is nil or
// false is not.
type Rules struct {
	Topic   *trend.BurstOptions // one topic among what is said, while all of it is as usual
	Rating  *trend.DropOptions  // stars that have fallen
	Silence bool                // sources that are read well and bring nothing any more
}

const (
	afterSpike = 24 * time.Hour // after a spike was over, in which nothing is told beside it
)

// sideCool is how long nothing is said of the same thing after an alert of a
// rule was over. What stars have fallen to is the usual after as long.
var sideCool = map[string]time.Duration{
	puskaradio.RuleTopic: 48 * time.Hour, puskaradio.RuleSilence: 72 * time.Hour, puskaradio.RuleRating: 14 * 24 * time.Hour,
}

// A side is where a rule stands with one thing that it watches: a brand, a
// source. The id of its last alert is kept under key.
type side struct {
	key  string
	last *puskaradio.Alert // nil: there was none
}

func (m *Monitor) side(ctx context.Context, key string) (s side, err error) {
	s.key = "side/" + key
	id, err := m.Store.Cursor(ctx, s.key)
	if err != nil || len(id) == 0 {
		return s, err
	}
	a, err := m.Store.Alert(ctx, string(id))
	if errors.Is(err, puskaradio.ErrNotFound) {
		return s, nil
	}
	s.last = &a
	return s, err
}

// open reports whether an alert of it is not over, free whether another may be
// raised.
func (s *side) open() bool { return s.last != nil && s.last.State != "over" }

func (s *side) free(now time.Time) bool {
	return s.last == nil || s.last.State == "over" && now.After(s.last.Until)
}

// raise keeps a new alert and tells of it.
func (m *Monitor) raise(ctx context.Context, p *Plan, s side, a puskaradio.Alert, now time.Time) error {
	a.Decided, a.State, a.First = now, "open", a.Negative
	var err error
	if a.Coverage, err = m.coverage(ctx, p, a.Brand, now); err != nil {
		return err
	}
	jobs, _, err := m.tell(ctx, p, &a, now)
	if err != nil {
		return err
	}
	if _, err := m.Store.AddAlert(ctx, a, jobs...); err != nil {
		return err
	}
	m.Log.Info(a.Rule, "brand", a.Brand, "source", a.Source, "topic", a.Topic, "odds", a.Odds)
	_, err = m.Store.Commit(ctx, store.Crawl{Job: s.key, Cursor: []byte(a.ID)})
	return err
}

// settle keeps what has become of an alert, and tells of it: that it has grown,
// that it is over, or that it is there, if it was held back until now and still
// is. Where nothing has become of it, next is the last itself.
func (m *Monitor) settle(ctx context.Context, p *Plan, s side, next puskaradio.Alert, changed, over bool, now time.Time) error {
	held, err := m.held(ctx, p, next.Brand, now)
	if err != nil {
		return err
	}
	if unmuted := s.last.Muted && held.IsZero(); !changed && !over && !unmuted {
		return nil
	}
	next.Rev, next.State = s.last.Rev+1, "updated"
	if over {
		next.State, next.To, next.Until = "over", now, now.Add(sideCool[next.Rule])
	}
	jobs, _, err := m.tell(ctx, p, &next, now)
	if err != nil {
		return err
	}
	if over && (s.last.Muted || next.Muted) { // who was not told that it began need not hear that it is over
		next.Muted = true
		if jobs, err = m.edits(ctx, &next); err != nil {
			return err
		}
	}
	if next.Calmed != nil { // nobody wants to hear more of it
		jobs = nil
	}
	_, err = m.Store.AddAlert(ctx, next, jobs...) // if somebody claims it meanwhile, it is for the next look
	return err
}

// spiked reports whether a spike of a brand goes on, or was over not long ago:
// then what happens beside it is known.
func (m *Monitor) spiked(ctx context.Context, brand string, within time.Duration, now time.Time) (bool, error) {
	alerts, err := m.Store.Alerts(ctx, brand, now.Add(-longest-within), now.Add(time.Hour))
	if err != nil {
		return false, err
	}
	for _, a := range alerts {
		if a.Rule == puskaradio.RuleSpike && (a.State != "over" || now.Sub(a.To) < within) {
			return true, nil
		}
	}
	return false, nil
}

// listened is since when all sources of a brand have been listened to; zero if
// that is not yet so.
func (m *Monitor) listened(ctx context.Context, p *Plan, brand string) (since time.Time, err error) {
	for _, src := range p.sourcesOf(brand) {
		at, err := m.begunAt(ctx, src.ID)
		if err != nil || at.IsZero() {
			return time.Time{}, err
		}
		since = maxTime(since, at)
	}
	return since, nil
}

// ratings looks whether the stars of a brand have fallen.
func (m *Monitor) ratings(ctx context.Context, j store.Job, id string) (store.Job, error) {
	p, now := m.Plan(), time.Now().UTC()
	brand, ok := p.brand(id)
	if !ok || p.Rules.Rating == nil {
		return store.Job{}, nil
	}
	j.Due = now.Add(j.Every)
	s, err := m.side(ctx, "rating/"+id)
	if err != nil || !s.open() && !s.free(now) {
		return j, err
	}
	counts, err := m.Store.SeriesBySource(ctx, id, now.AddDate(0, 0, -440), now.Add(time.Hour), store.Day)
	if err != nil {
		return j, err
	}
	d, fallen := trend.FindRatingDrop(counts, now, *p.Rules.Rating)
	if s.open() {
		// Half of it is as good as gone; what lasts for weeks is the usual now.
		over := d.N > 0 && d.Fall() < (s.last.Stars.Usual-s.last.Stars.Now)/4/2 || now.Sub(s.last.Decided) > sideCool[puskaradio.RuleRating]
		return j, m.settle(ctx, p, s, *s.last, false, over, now)
	}
	if !fallen {
		return j, nil
	}
	since, err := m.listened(ctx, p, id)
	if err != nil || since.IsZero() || now.Sub(since) < 7*24*time.Hour {
		return j, err // it may have fallen before we began to listen
	}
	if spiked, err := m.spiked(ctx, id, 7*24*time.Hour, now); err != nil || spiked {
		return j, err
	}
	a := puskaradio.Alert{
		ID: puskaradio.AlertID(id, puskaradio.RuleRating, now.Truncate(24*time.Hour)), Brand: id, Name: brand.Name, Rule: puskaradio.RuleRating,
		From: d.From, To: now, Odds: d.Odds, Severity: puskaradio.Notice,
		Stars: &puskaradio.Stars{Now: 1 + 4*d.Mean, Usual: 1 + 4*d.Usual, N: d.N, Year: d.Year},
	}
	found, _, err := m.Store.Mentions(ctx, store.Filter{Brand: id, From: d.From, Labels: []puskaradio.Label{puskaradio.Negative}, Limit: 200})
	if err != nil {
		return j, err
	}
	e := evidence{}
	for _, x := range found {
		if x.Mention.Rating != nil && x.Mention.Story == "" {
			e.quotes = append(e.quotes, puskaradio.QuoteOf(x.ID, &x.Mention))
		}
	}
	e.worst()
	a.Quotes = e.quotes
	return j, m.raise(ctx, p, s, a, now)
}

// silence looks whether sources have gone quiet.
func (m *Monitor) silence(ctx context.Context, j store.Job) (store.Job, error) {
	p, now := m.Plan(), time.Now().UTC()
	if !p.Rules.Silence {
		return store.Job{}, nil
	}
	j.Due = now.Add(j.Every)
	ledger, err := m.Store.Coverage(ctx, now.AddDate(0, 0, -35), now.Add(time.Hour))
	if err != nil {
		return j, err
	}
	of := map[string][]puskaradio.Coverage{}
	for _, c := range ledger {
		of[c.Source] = append(of[c.Source], c)
	}
	var errs []error
	for i := range p.Sources {
		if err := m.silent(ctx, p, &p.Sources[i], of[p.Sources[i].ID], now); err != nil { // the others are looked at all the same
			errs = append(errs, err)
		}
	}
	return j, errors.Join(append(errs, m.leave(ctx, p, now))...)
}

// leave closes the alerts of sources that are no longer read; nobody is told.
func (m *Monitor) leave(ctx context.Context, p *Plan, now time.Time) error {
	alerts, err := m.Store.Alerts(ctx, "", now.AddDate(0, 0, -90), now.Add(time.Hour))
	if err != nil {
		return err
	}
	for _, a := range alerts {
		read := slices.ContainsFunc(p.Sources, func(s Source) bool { return s.ID == a.Source })
		if a.Rule != puskaradio.RuleSilence || a.State == "over" || read {
			continue
		}
		a.State, a.To, a.Rev = "over", now, a.Rev+1
		if _, err := m.Store.AddAlert(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

// silent looks whether one source has gone quiet, or speaks again.
func (m *Monitor) silent(ctx context.Context, p *Plan, src *Source, ledger []puskaradio.Coverage, now time.Time) error {
	s, err := m.side(ctx, "silence/"+src.ID)
	if err != nil {
		return err
	}
	if s.open() {
		over := false
		for _, c := range ledger {
			over = over || c.New > 0 && c.At.After(s.last.From)
		}
		return m.settle(ctx, p, s, *s.last, false, over, now)
	}
	brands := p.brandsOf(src)
	begun, err := m.begunAt(ctx, src.ID)
	if err != nil || begun.IsZero() || !s.free(now) || len(brands) == 0 {
		return err
	}
	for len(ledger) > 0 && !ledger[0].Hour.After(begun) { // what it brought at first was history
		ledger = ledger[1:]
	}
	x, ok := trend.FindSilence(ledger, now, p.Zone)
	if !ok {
		return nil
	}
	return m.raise(ctx, p, s, puskaradio.Alert{
		ID: puskaradio.AlertID(brands[0].ID, puskaradio.RuleSilence+" "+src.ID, x.Since), Brand: brands[0].ID, Name: names(brands), Rule: puskaradio.RuleSilence,
		Source: src.ID, From: x.Since, To: now, Reads: x.Reads, UsualAll: x.PerDay, Odds: x.Odds, Severity: puskaradio.Notice,
	}, now)
}

// names are the names of brands, of many the first.
func names(brands []puskaradio.Brand) string {
	var out []string
	for _, b := range brands[:min(3, len(brands))] {
		out = append(out, b.Name)
	}
	if len(brands) > 3 {
		out = append(out, "…")
	}
	return strings.Join(out, ", ")
}
