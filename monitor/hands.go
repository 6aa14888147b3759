package monitor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/notify"
	"github.com/puskaradio/puskaradio/store"
)

// snoozeLongest is how long nobody is reminded of an alert at the most.
const snoozeLongest = 7 * 24 * time.Hour

// ClaimAlert says that somebody looks after an alert: nobody is reminded of it
// any more, and what the channels were told is edited to say who has it. Who
// claims it twice has it once; the second to come is answered with a
// *[puskaradio.TakenError], as is who claims what was called a false alarm. The
// case of a single post is claimed with it.
func (m *Monitor) ClaimAlert(ctx context.Context, id, who string) error {
	now := time.Now().UTC()
	if err := m.takeCase(ctx, id, puskaradio.Change{At: now, Who: who, To: puskaradio.Claimed}); err != nil {
		return err
	}
	return m.hand(ctx, id, func(a *puskaradio.Alert) (bool, error) {
		switch {
		case a.Calmed != nil:
			return false, &puskaradio.TakenError{By: a.Calmed.By, At: a.Calmed.At, As: puskaradio.FalseAlarm}
		case a.Claimed != nil && a.Claimed.By != who:
			return false, &puskaradio.TakenError{By: a.Claimed.By, At: a.Claimed.At, As: puskaradio.Claimed}
		case a.Claimed != nil:
			return false, nil
		}
		a.Claimed = &puskaradio.Hand{By: who, At: now}
		return true, nil
	})
}

// Calm says that an alert is a false alarm: no more is told of it. While
// another has it, that is for them to say, and who comes second is answered
// with a *[puskaradio.TakenError].
func (m *Monitor) Calm(ctx context.Context, id, who string) error {
	now := time.Now().UTC()
	if err := m.takeCase(ctx, id, puskaradio.Change{At: now, Who: who, To: puskaradio.FalseAlarm}); err != nil {
		return err
	}
	return m.hand(ctx, id, func(a *puskaradio.Alert) (bool, error) {
		switch {
		case a.Calmed != nil && a.Calmed.By != who:
			return false, &puskaradio.TakenError{By: a.Calmed.By, At: a.Calmed.At, As: puskaradio.FalseAlarm}
		case a.Calmed != nil:
			return false, nil
		case a.Claimed != nil && a.Claimed.By != who:
			return false, &puskaradio.TakenError{By: a.Claimed.By, At: a.Claimed.At, As: puskaradio.Claimed}
		}
		a.Calmed = &puskaradio.Hand{By: who, At: now}
		return true, nil
	})
}

// SnoozeAlert keeps everybody from being reminded of an alert for a while, a
// week at the most; then the channels that were reminded of it
// are once more, and those that were not are once. One that somebody
// has is a *[puskaradio.TakenError].
func (m *Monitor) SnoozeAlert(ctx context.Context, id, who string, long time.Duration) error {
	now := time.Now().UTC()
	if long <= 0 || long > snoozeLongest {
		return fmt.Errorf("snooze of %v: it is more than nothing, and %v at the most", long, snoozeLongest)
	}
	return m.hand(ctx, id, func(a *puskaradio.Alert) (bool, error) {
		for as, h := range map[puskaradio.Status]*puskaradio.Hand{puskaradio.Claimed: a.Claimed, puskaradio.FalseAlarm: a.Calmed} {
			if h != nil && h.By != who {
				return false, &puskaradio.TakenError{By: h.By, At: h.At, As: as}
			}
		}
		a.Snoozed = now.Add(long).Truncate(time.Second)
		return true, nil
	})
}

// snoozed are the reminders to come when a snooze is over, in channels that were
// reminded before it: a reminder that is still to come is put off by itself.
func (m *Monitor) snoozed(ctx context.Context, p *Plan, a *puskaradio.Alert) (jobs []store.Job, err error) {
	if !a.Waits() || a.Snoozed.IsZero() {
		return nil, nil
	}
	for i := range p.Channels {
		c := &p.Channels[i]
		switch _, err := m.Store.Sent(ctx, c.ID+"/r/"+a.ID); {
		case err == nil:
			jobs = append(jobs, delivery(c.ID, a.Decided, fmt.Sprintf("r/%s/%d", a.ID, a.Snoozed.Unix()), a.Snoozed))
		case !errors.Is(err, puskaradio.ErrNotFound):
			return nil, err
		}
	}
	return jobs, nil
}

// hand changes who has to do with an alert, and has what was told of it edited.
// It tries again when the alert has changed meanwhile.
func (m *Monitor) hand(ctx context.Context, id string, change func(*puskaradio.Alert) (bool, error)) error {
	for range 20 {
		a, err := m.Store.Alert(ctx, id)
		if err != nil {
			return err
		}
		if changed, err := change(&a); err != nil || !changed {
			return err
		}
		jobs, err := m.edits(ctx, &a)
		if err != nil {
			return err
		}
		again, err := m.snoozed(ctx, m.Plan(), &a)
		if err != nil {
			return err
		}
		a.Rev++
		if added, err := m.Store.AddAlert(ctx, a, append(jobs, again...)...); err != nil || added {
			return err
		}
	}
	return fmt.Errorf("alert %s: it changes all the time", id)
}

// edits are the jobs that change what channels were told of an alert, where
// that calls nobody: quiet hours do not hold them.
func (m *Monitor) edits(ctx context.Context, a *puskaradio.Alert) (jobs []store.Job, err error) {
	p, now := m.Plan(), time.Now().UTC()
	for i := range p.Channels {
		c := &p.Channels[i]
		if e, ok := c.Notifier.(notify.Editor); !ok || !e.Edits() {
			continue
		}
		for _, what := range []string{"a/" + a.ID, "e/" + a.ID} {
			switch _, err := m.Store.Sent(ctx, c.ID+"/"+what); {
			case err == nil:
				jobs = append(jobs, delivery(c.ID, a.Decided, what, now))
			case !errors.Is(err, puskaradio.ErrNotFound):
				return nil, err
			}
		}
	}
	return jobs, nil
}

// takeCase does to the case of an alert of a single post what is to be done to
// the alert. The case is where two people meet who claim in different places:
// who is too late there gets a *[puskaradio.TakenError], and the alert is left
// alone.
func (m *Monitor) takeCase(ctx context.Context, id string, step puskaradio.Change) error {
	a, err := m.Store.Alert(ctx, id)
	if err != nil || a.Rule != puskaradio.RuleUrgent || len(a.Quotes) == 0 {
		return err
	}
	for _, h := range []*puskaradio.Hand{a.Calmed, a.Claimed} { // the alert knows already
		if h != nil && h.By != step.Who {
			return nil
		}
	}
	for range 20 {
		c, err := m.Store.Case(ctx, a.Brand, a.Quotes[0].ID)
		if err != nil {
			return ignore(err, puskaradio.ErrNotFound)
		}
		last := c.Last()
		switch {
		case c.Status == step.To && cmp.Or(c.Who, last.Who) == step.Who:
			return nil
		case c.Status == puskaradio.Claimed && c.Who != step.Who, !c.Status.Open():
			return &puskaradio.TakenError{By: cmp.Or(c.Who, last.Who), At: last.At, As: c.Status}
		}
		if _, err = m.Store.Move(ctx, a.Brand, c.ID, c.Status, step, time.Time{}, m.CaseJobs(a.Brand, c.ID, step.At)...); !errors.Is(err, puskaradio.ErrTaken) {
			return err
		}
	}
	return fmt.Errorf("case of alert %s: it changes all the time", id)
}

// Moved tells the alerts that show a post that its case has moved: who has the
// case of a single post has the alert, and what stands in the channels says so.
func (m *Monitor) Moved(ctx context.Context, c *puskaradio.Case) error {
	brand, x := c.Mention.Brand, &c.Mention
	var alerts []puskaradio.Alert
	single, err := m.Store.Alert(ctx, puskaradio.AlertID(brand, puskaradio.RuleUrgent+" "+string(c.ID), x.Published))
	if err == nil {
		alerts = append(alerts, single)
	}
	if err := ignore(err, puskaradio.ErrNotFound); err != nil {
		return err
	}
	open, err := m.openAlert(ctx, brand, time.Now().UTC())
	if err != nil {
		return err
	}
	if open != nil {
		alerts = append(alerts, *open)
	}
	if n := len(c.Changes); n > 0 && !c.Changes[n-1].Undoes.IsZero() {
		for _, a := range alerts {
			if err := m.letGo(ctx, a.ID, &c.Changes[n-1]); err != nil {
				return err
			}
		}
		return nil
	}
	for _, a := range alerts {
		if a.Claimed != nil || a.Calmed != nil || !slices.ContainsFunc(a.Quotes, func(q puskaradio.Quote) bool { return q.ID == c.ID }) {
			continue
		}
		if _, err := m.byCase(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

// letGo takes an alert from who had it by a change of a case that was taken back.
func (m *Monitor) letGo(ctx context.Context, id string, undo *puskaradio.Change) error {
	return m.hand(ctx, id, func(a *puskaradio.Alert) (changed bool, err error) {
		for _, h := range []**puskaradio.Hand{&a.Claimed, &a.Calmed} {
			if x := *h; x != nil && x.By == undo.Who && x.At.Equal(undo.Undoes) {
				*h, changed = nil, true
			}
		}
		return changed, nil
	})
}

func ignore(err, target error) error {
	if errors.Is(err, target) {
		return nil
	}
	return err
}

// byCase looks whether somebody has claimed or answered one of the posts that
// an alert quotes: then they have the alert. It gives the alert as it is then.
func (m *Monitor) byCase(ctx context.Context, a puskaradio.Alert) (puskaradio.Alert, error) {
	for _, q := range a.Quotes {
		if q.ID == "" {
			continue
		}
		c, err := m.Store.Case(ctx, a.Brand, q.ID)
		if errors.Is(err, puskaradio.ErrNotFound) {
			continue
		}
		if err != nil {
			return a, err
		}
		last := c.Last()
		hand := puskaradio.Hand{By: cmp.Or(c.Who, last.Who), At: last.At}
		if at := c.FirstReply(); !at.IsZero() && hand.By == "" {
			hand = puskaradio.Hand{By: a.Name, At: at}
		}
		calmed := c.Status == puskaradio.FalseAlarm && a.Rule == puskaradio.RuleUrgent
		if taken := c.Status == puskaradio.Claimed || c.Status == puskaradio.Answered || c.Status == puskaradio.Done; !taken && !calmed && c.FirstReply().IsZero() {
			continue
		}
		err = m.hand(ctx, a.ID, func(a *puskaradio.Alert) (bool, error) {
			if a.Claimed != nil || a.Calmed != nil {
				return false, nil
			}
			if calmed {
				a.Calmed = &hand
			} else {
				a.Claimed = &hand
			}
			return true, nil
		})
		if err != nil {
			return a, err
		}
		return m.Store.Alert(ctx, a.ID)
	}
	return a, nil
}
