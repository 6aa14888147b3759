package monitor

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
	"github.com/puskaradio/puskaradio/trend"
)

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
