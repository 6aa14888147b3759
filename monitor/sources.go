package monitor

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/crawler"
)

// A SourceState is how a source is.
type SourceState struct {
	ID      string             `json:"id"`
	Kind    string             `json:"kind"`
	State   string             `json:"state"` // of the last fetch; or silent, never read
	Problem string             `json:"problem,omitempty"`
	Last    time.Time          `json:"last_success,omitzero"`
	Next    time.Time          `json:"next,omitzero"`
	Items   int                `json:"items_24h"`
	New     int                `json:"new_24h"`
	Usual   float64            `json:"new_usual_24h"`
	Fetches int                `json:"fetches_24h"`
	Failed  int                `json:"failed_24h"`
	Delay   string             `json:"best_delay"` // between a post and our hearing of it
	Spend   *crawler.Spend     `json:"spend,omitempty"`
	Keep    puskaradio.Keeping `json:"keep,omitempty"`
	Terms   crawler.Terms      `json:"terms"`
}

// Sources tells how each source of the plan is.
func (m *Monitor) Sources(ctx context.Context, now time.Time) ([]SourceState, error) {
	ledger, err := m.Store.Coverage(ctx, now.AddDate(0, 0, -8), now)
	if err != nil {
		return nil, err
	}
	jobs, err := m.Store.Jobs(ctx, "crawl/")
	if err != nil {
		return nil, err
	}
	bySource := map[string][]puskaradio.Coverage{}
	for _, c := range ledger {
		bySource[c.Source] = append(bySource[c.Source], c)
	}
	due := map[string]time.Time{}
	for _, j := range jobs {
		due[j.Key] = j.Due
	}
	p := m.Plan()
	var out []SourceState
	for i := range p.Sources {
		src := &p.Sources[i]
		kind, _ := crawler.KindOf(src.Kind)
		x := SourceState{ID: src.ID, Kind: src.Kind, State: "never read", Keep: kind.Keep, Terms: kind.Terms, Delay: bestDelay(src), Next: due["crawl/"+src.ID]}
		x.read(bySource[src.ID], now)
		if sp, ok := src.Connector.(crawler.Spender); ok {
			key := "crawl/" + src.ID
			if !crawler.Polls(src.Connector) {
				key = "listen/" + src.ID
			}
			cursor, err := m.Store.Cursor(ctx, key)
			if err != nil {
				return nil, err
			}
			spent := sp.Spent(cursor, now)
			x.Spend = &spent
		}
		out = append(out, x)
	}
	return out, nil
}

// bestDelay is how soon a post is heard of at best: at once where the source
// tells, else when it is read the next time.
func bestDelay(s *Source) string {
	if _, ok := crawler.StreamOf(s.Connector); ok {
		return "seconds"
	}
	return Short(s.Every)
}

// read adds up the ledger of a source, the oldest first.
func (x *SourceState) read(ledger []puskaradio.Coverage, now time.Time) {
	day := now.Add(-24 * time.Hour)
	quiet, runs := time.Time{}, 0 // since when nothing new, and the fetches since
	first := now
	for _, c := range ledger {
		x.State, x.Problem = c.State, c.Problem
		if c.Failed < c.Fetches {
			x.Last = c.At
		}
		if c.Hour.Before(first) {
			first = c.Hour
		}
		if runs += c.Fetches - c.Failed; c.New > 0 || quiet.IsZero() {
			quiet, runs = c.At, 0
		}
		if c.Hour.Before(day) {
			x.Usual += float64(c.New)
			continue
		}
		x.Items, x.New = x.Items+c.Items, x.New+c.New
		x.Fetches, x.Failed = x.Fetches+c.Fetches, x.Failed+c.Failed
	}
	if span := day.Sub(first); span > 24*time.Hour { // less says little of a day
		x.Usual /= span.Hours() / 24
	} else {
		x.Usual = 0
	}
	// By the law of Poisson the chance of nothing in that time is e^-expected.
	expected := x.Usual * now.Sub(quiet).Hours() / 24
	if x.State == crawler.StateOK && runs >= 3 && math.Exp(-expected) < 0.005 {
		x.State = "silent"
		x.Problem = fmt.Sprintf("usually %.0f a day, none for %d runs", math.Max(1, x.Usual), runs)
	}
}

// Short writes a span without the zeros at its end: 15m, 1h.
func Short(d time.Duration) string {
	s := d.String()
	if d%time.Minute == 0 {
		s = strings.TrimSuffix(s, "0s")
	}
	if d%time.Hour == 0 {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
