package main

import (
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
}

// An urgentConfig says which single posts are told at once.
type urgentConfig struct {
	Off     bool     `json:"off,omitempty" jsonschema:"description=Tell of no single post; else negative ones that speak of safety or law or discrimination or an outage are told at once"`
	Reach   *int     `json:"reach,omitempty" jsonschema:"description=Also those with so many followers or votes; 10000 unless said; 0 is never"`
	Long    *int     `json:"long,omitempty" jsonschema:"description=Also those with the worst rating and so many letters; 600 unless said; 0 is never"`
	Authors []string `json:"authors,omitempty" jsonschema:"description=Also those by these authors: journalists and others who are listened to"`
}

func after(d time.Duration) *span { s := span(d); return &s }

// buildAlerts puts into the plan when and how alerts are raised and told. It
// comes after the channels.
func (l *loaded) buildAlerts(d *decoder) {
	a := &l.Alerts
	p := l.plan
	p.Urgent = monitor.Urgent{Off: a.Urgent.Off, Authors: a.Urgent.Authors, Reach: given(a.Urgent.Reach, 10_000), Long: given(a.Urgent.Long, 600)}
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
}
