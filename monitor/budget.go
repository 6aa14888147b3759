package monitor

import (
	"context"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/trend"
)

// budgetWeeks is how far back it is looked whether there were too many alerts.
const budgetWeeks = 4

// A Spending is how many alerts of a brand were told in the last four weeks,
// beside how many people are willing to hear.
type Spending struct {
	Brand  string  `json:"brand"`
	Name   string  `json:"name"`
	Budget float64 `json:"budget"` // a week
	Spikes int     `json:"spikes"`
	Others int     `json:"others"` // single posts, and by the rules beside that of spikes
	// Keeps is the keenest sensitivity with which the budget would have been kept;
	// empty if it was kept, or if none would have.
	Keeps trend.Sensitivity `json:"keeps,omitempty"`
}

// Over reports whether there were more than the budget.
func (s *Spending) Over() bool { return float64(s.Spikes+s.Others) > s.Budget*budgetWeeks }

// PerWeek is how many were told in a week.
func (s *Spending) PerWeek() float64 { return float64(s.Spikes+s.Others) / budgetWeeks }

// Spendings tells of each brand of the plan whether more alerts were told than
// the budget has room for, and with which sensitivity there would have been room.
func (m *Monitor) Spendings(ctx context.Context, now time.Time) (out []Spending, err error) {
	p := m.Plan()
	from := now.AddDate(0, 0, -7*budgetWeeks)
	all, err := m.Store.Alerts(ctx, "", from, now.Add(time.Hour))
	if err != nil {
		return nil, err
	}
	for _, b := range p.Brands {
		s := Spending{Brand: b.ID, Name: b.Name, Budget: p.Budget}
		for _, a := range all {
			switch {
			case a.Brand != b.ID || a.Muted:
			case a.Rule == puskaradio.RuleSpike:
				s.Spikes++
			default:
				s.Others++
			}
		}
		if s.Over() {
			if s.Keeps, err = m.keeps(ctx, p, s, from, now); err != nil {
				return nil, err
			}
		}
		out = append(out, s)
	}
	return out, nil
}

// keeps is the keenest sensitivity that would have told no more spikes than the
// budget has room for.
func (m *Monitor) keeps(ctx context.Context, p *Plan, s Spending, from, now time.Time) (trend.Sensitivity, error) {
	history, err := m.Rehearse(ctx, s.Brand, now.Add(-learning-now.Sub(from)), now)
	if err != nil {
		return "", err
	}
	for _, word := range trend.Sensitivities() {
		threshold, err := word.Threshold()
		if err != nil {
			return "", err
		}
		if threshold <= p.Burst.Threshold {
			continue // it is no quieter than what there is
		}
		n := 0
		for _, x := range history.With(threshold) {
			if !x.At.Before(from) {
				n++
			}
		}
		if float64(n+s.Others) <= s.Budget*budgetWeeks {
			return word, nil
		}
	}
	return "", nil
}
