package main

import (
	"cmp"
	"fmt"
	"time"

	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/trend"
)

type alertConfig struct {
	// Sensitivity is how much evidence an alert needs.
	Sensitivity   trend.Sensitivity `json:"sensitivity,omitempty" jsonschema:"enum=high,enum=normal,enum=low,enum=quiet,description=How little it takes to raise an alert: high; normal (unless said); low or quiet give about 1; 0.5; 0.25 and 0.1 false alerts a month for a brand"`
	Urgent        urgentConfig      `json:"urgent,omitzero"`
	Least         int               `json:"least,omitempty" jsonschema:"description=The fewest negative mentions of the last 24 hours; 3 unless said"`
	Collect       *span             `json:"collect,omitempty" jsonschema:"description=How long to gather mentions before judging; 1s unless said: an alert that grows is edited in place"`
	Remind        *span             `json:"remind,omitempty" jsonschema:"description=How long after it was told a channel is reminded once of an alert that nobody has claimed; 15m unless said; 0s is never"`
	EscalateAfter span              `json:"escalate_after,omitempty" jsonschema:"description=How long after it was told an alert that nobody has claimed goes to another channel; half of it for a crisis; never unless said"`
	EscalateTo    string            `json:"escalate_to,omitempty" jsonschema:"description=The id of that channel; with alerts: false and digest: false it hears of nothing else"`
	Budget        *float64          `json:"budget,omitempty" jsonschema:"description=How many alerts a week of a brand you are willing to hear; doctor says when there were more; 1 unless said"`
	Rules         rulesConfig       `json:"rules,omitzero"`
	Maintenance   []windowConfig    `json:"maintenance,omitempty" jsonschema:"description=Times in which no alert is told; what still stands at their end is told then"`
}

// A rulesConfig says what is looked for beside bursts of negative talk.
type rulesConfig struct {
	Topic      topicConfig  `json:"topic,omitzero"`
	RatingDrop ratingConfig `json:"rating_drop,omitzero"`
	GoneQuiet  quietConfig  `json:"gone_quiet,omitzero"`
}

type topicConfig struct {
	Off         bool              `json:"off,omitempty" jsonschema:"description=Do not tell when there are many complaints about one thing while talk as a whole is as usual"`
	Sensitivity trend.Sensitivity `json:"sensitivity,omitempty" jsonschema:"enum=high,enum=normal,enum=low,enum=quiet,description=How little it takes; that of all alerts unless said; it always takes more than for the brand as a whole"`
	Least       int               `json:"least,omitempty" jsonschema:"description=The fewest negative mentions of one topic in the last 24 hours; 5 unless said and never fewer"`
}

type ratingConfig struct {
	Off   bool    `json:"off,omitempty" jsonschema:"description=Do not tell when the stars of the last days are fewer than those of the year before"`
	Fall  float64 `json:"fall,omitempty" jsonschema:"description=By how many stars of five at the least; 0.3 unless said"`
	Least int     `json:"least,omitempty" jsonschema:"description=The fewest ratings of the last seven days; 10 unless said"`
}

type quietConfig struct {
	Off bool `json:"off,omitempty" jsonschema:"description=Do not tell when a source that can be read brings nothing for longer than luck explains"`
}

// A windowConfig is a time of maintenance.
type windowConfig struct {
	From   string   `json:"from" jsonschema:"required,description=When it begins, local time: 2026-12-01 22:00"`
	To     string   `json:"to" jsonschema:"required,description=When it ends"`
	Every  string   `json:"every,omitempty" jsonschema:"enum=day,enum=week,description=How often it comes again; never unless said"`
	Brands []string `json:"brands,omitempty" jsonschema:"description=The ids of the brands; all unless said"`
}

// An urgentConfig says which single posts are told at once.
type urgentConfig struct {
	Off     bool     `json:"off,omitempty" jsonschema:"description=Tell of no single post; else negative ones that speak of safety or law or discrimination or an outage are told at once"`
	Reach   *int     `json:"reach,omitempty" jsonschema:"description=Also those with so many followers or votes; 10000 unless said; 0 is never"`
	Long    *int     `json:"long,omitempty" jsonschema:"description=Also those with the worst rating and so many letters; 600 unless said; 0 is never"`
	Spread  *int     `json:"spread,omitempty" jsonschema:"description=Also those that so many others have repeated; 5 unless said; 0 is never"`
	Authors []string `json:"authors,omitempty" jsonschema:"description=Also those by these authors: journalists and others who are listened to"`
}

func after(d time.Duration) *span { s := span(d); return &s }

// buildAlerts puts into the plan when and how alerts are raised and told. It
// comes after the channels.
func (l *loaded) buildAlerts(d *decoder, brands map[string]bool) {
	a := &l.Alerts
	p := l.plan
	p.Urgent = monitor.Urgent{Off: a.Urgent.Off, Authors: a.Urgent.Authors, Reach: given(a.Urgent.Reach, 10_000), Long: given(a.Urgent.Long, 600), Spread: given(a.Urgent.Spread, 5)}
	p.Collect = time.Duration(*a.Collect)
	p.Burst.LeastPosts = float64(a.Least)
	var err error
	if p.Burst.Threshold, err = a.Sensitivity.Threshold(); err != nil {
		d.fault(l.node("alerts", "sensitivity"), "alerts.%v", err)
	}
	if a.Least < 0 {
		d.fault(l.node("alerts", "least"), "alerts.least: %d is less than nothing", a.Least)
	}
	p.Watch = monitor.Watch{Remind: time.Duration(*a.Remind), Escalate: time.Duration(a.EscalateAfter), EscalateTo: a.EscalateTo}
	var ids []string
	found := false
	for _, c := range l.Channels {
		ids, found = append(ids, c.ID), found || c.ID == a.EscalateTo
	}
	switch {
	case a.EscalateTo != "" && !found:
		d.fault(l.node("alerts", "escalate_to"), "alerts.escalate_to: there is no channel %q; %s", a.EscalateTo, suggest(a.EscalateTo, ids))
	case a.EscalateTo == "" && a.EscalateAfter > 0:
		d.fault(l.node("alerts", "escalate_after"), "alerts.escalate_after: escalate_to is missing; write the id of the channel that is told then")
	case a.EscalateTo != "" && a.EscalateAfter == 0:
		d.fault(l.node("alerts", "escalate_to"), "alerts.escalate_to: escalate_after is missing; write after how long, such as 1h")
	}
	p.Budget = 1
	if a.Budget != nil {
		if p.Budget = *a.Budget; p.Budget < 0 {
			d.fault(l.node("alerts", "budget"), "alerts.budget: %g is less than nothing", p.Budget)
		}
	}
	l.buildRules(d)
	l.buildWindows(d, brands)
}

// buildRules puts the rules beside that of spikes into the plan.
func (l *loaded) buildRules(d *decoder) {
	r, p := &l.Alerts.Rules, l.plan
	if !r.Topic.Off {
		threshold, err := cmp.Or(r.Topic.Sensitivity, l.Alerts.Sensitivity).Threshold()
		if err != nil && r.Topic.Sensitivity != "" {
			d.fault(l.node("alerts", "rules", "topic", "sensitivity"), "alerts.rules.topic.%v", err)
		}
		normal, _ := trend.Normal.Threshold()
		p.Rules.Topic = &trend.BurstOptions{Threshold: threshold + trend.TopicThreshold - normal, LeastPosts: float64(max(r.Topic.Least, l.Alerts.Least))}
	}
	if r.RatingDrop.Fall < 0 || r.RatingDrop.Fall > 4 {
		d.fault(l.node("alerts", "rules", "rating_drop", "fall"), "alerts.rules.rating_drop.fall: %g stars cannot be; write one such as 0.3", r.RatingDrop.Fall)
	}
	for where, n := range map[string]int{"topic": r.Topic.Least, "rating_drop": r.RatingDrop.Least} {
		if n < 0 {
			d.fault(l.node("alerts", "rules", where, "least"), "alerts.rules.%s.least: %d is less than nothing", where, n)
		}
	}
	if !r.RatingDrop.Off {
		p.Rules.Rating = &trend.DropOptions{Fall: r.RatingDrop.Fall / 4, Least: r.RatingDrop.Least} // five stars are four steps
	}
	p.Rules.Silence = !r.GoneQuiet.Off
}

// buildWindows puts the times of maintenance into the plan.
func (l *loaded) buildWindows(d *decoder, brands map[string]bool) {
	const form = "2006-01-02 15:04"
	for i, c := range l.Alerts.Maintenance {
		where := fmt.Sprintf("alerts.maintenance[%d]", i)
		w := monitor.Window{Every: c.Every, Brands: c.Brands}
		checkBrands(d, l.node("alerts", "maintenance", i, "brands"), where+".brands", c.Brands, brands)
		bad := false
		for key, end := range map[string]*time.Time{"from": &w.From, "to": &w.To} {
			text := c.From
			if key == "to" {
				text = c.To
			}
			at, err := time.ParseInLocation(form, text, l.plan.Zone)
			if *end = at.UTC(); err != nil {
				bad = true
				d.fault(l.node("alerts", "maintenance", i, key), "%s.%s: %q is not a date and time; write one such as \"2026-12-01 22:00\"", where, key, text)
			}
		}
		most := map[string]time.Duration{"": 90 * 24 * time.Hour, "day": 24 * time.Hour, "week": 7 * 24 * time.Hour}
		longest, ok := most[c.Every]
		switch {
		case !ok:
			d.fault(l.node("alerts", "maintenance", i, "every"), "%s.every: %q is not known; write day or week, or leave it out", where, c.Every)
		case bad:
		case !w.To.After(w.From):
			d.fault(l.node("alerts", "maintenance", i), "%s: it ends before it begins", where)
		case w.To.Sub(w.From) >= longest:
			d.fault(l.node("alerts", "maintenance", i), "%s: it is too long: less than %s wanted", where, monitor.Short(longest))
		default:
			l.plan.Windows = append(l.plan.Windows, w)
		}
	}
}
