package monitor

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/store"
)

// glances is what sources showed whose terms let nothing be kept. It is only
// in memory: after a start the first look finds nothing new.
type glances struct {
	mu   sync.Mutex
	seen map[string]map[string]bool // by source and key
}

// news gives what a source did not show before, and remembers what it shows.
func (g *glances) news(source string, ms []puskaradio.Mention) (fresh []puskaradio.Mention) {
	g.mu.Lock()
	defer g.mu.Unlock()
	was, looked := g.seen[source]
	now := make(map[string]bool, len(ms))
	for i := range ms {
		key := ms[i].Brand + "\x00" + ms[i].Key()
		if now[key] = true; looked && !was[key] {
			fresh = append(fresh, ms[i])
		}
	}
	if g.seen == nil {
		g.seen = map[string]map[string]bool{}
	}
	g.seen[source] = now
	return fresh
}

// glance reads a source of which nothing may be kept: it is counted in the
// ledger, and a bad review that was not there the last time is told with
// nothing but its stars and where it stands.
func (m *Monitor) glance(ctx context.Context, p *Plan, src *Source, now time.Time) (r Round, err error) {
	var all []puskaradio.Mention
	var page crawler.Page
	for r.Pages < maxPages {
		page, err = src.Connector.Fetch(ctx, m.Client, crawler.Query{Source: src.Source, Brands: p.brandsOf(src), Cursor: page.Cursor, Now: now})
		if err != nil {
			return r, m.missed(ctx, src.ID, now, err)
		}
		r.Pages++
		r.Items += len(page.Mentions)
		r.Faults = append(r.Faults, page.Faults...)
		all = append(all, m.prepare(ctx, p, src, p.matchers[src.ID], page.Mentions, now)...)
		if !page.More {
			break
		}
	}
	if err := m.heard(ctx, src.ID, now); err != nil {
		return r, err
	}
	fresh := m.glances.news(src.ID, all)
	line := m.page(p, src, crawler.Page{Faults: r.Faults}, nil, now).Ledger
	line.Fetches, line.Items, line.New = r.Pages, r.Items, len(fresh)
	if err := m.Store.Note(ctx, line); err != nil {
		return r, err
	}
	r.New = len(fresh)
	for i := range fresh {
		if fresh[i].Flag == "" {
			continue
		}
		if err := m.tellLive(ctx, p, &fresh[i], now); err != nil {
			return r, err
		}
	}
	return r, nil
}

// tellLive tells of one text without saying it.
func (m *Monitor) tellLive(ctx context.Context, p *Plan, x *puskaradio.Mention, now time.Time) error {
	brand, ok := p.brand(x.Brand)
	if !ok {
		return nil
	}
	a := puskaradio.Alert{
		ID:    puskaradio.AlertID(brand.ID, fmt.Sprintf("%s %x", puskaradio.RuleLive, x.Hash()), now.Truncate(24*time.Hour)),
		Brand: brand.ID, Name: brand.Name, Rule: puskaradio.RuleLive, From: now.Add(-time.Hour), To: now,
		Negative: 1, Total: 1, Decided: now, State: "over", Until: now, // there is nothing to follow
		Quotes: []puskaradio.Quote{{Source: x.Source, Rating: x.Rating, URL: x.URL, Label: puskaradio.Negative, Published: now}},
	}
	var err error
	if a.Coverage, err = m.coverage(ctx, p, brand.ID, now); err != nil {
		return err
	}
	jobs, _, err := m.tell(ctx, p, &a, now)
	if err != nil {
		return err
	}
	_, err = m.Store.AddAlert(ctx, a, jobs...)
	return err
}

// limits are what the sources' terms want to be forgotten by now.
func (p *Plan) limits(now time.Time) []store.Limit {
	var out []store.Limit
	for i := range p.Sources {
		s := &p.Sources[i]
		l := store.Limit{Source: s.ID, Gone: s.Keep != puskaradio.Free}
		if d := s.Keep.For(); d > 0 {
			l.Before = now.Add(-d)
		}
		if l.Gone {
			out = append(out, l)
		}
	}
	return out
}
