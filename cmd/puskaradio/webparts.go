package main

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/sentiment"
	"github.com/puskaradio/puskaradio/trend"
	"github.com/puskaradio/puskaradio/web"
)

// answerer drafts and sends answers for the dashboard.
type answerer struct{ m *monitor.Monitor }

// Draft implements [web.Answerer].
func (a answerer) Draft(_ context.Context, c *puskaradio.Case) (web.Answer, error) {
	d, send := a.m.BeginAnswer(c)
	out := web.Answer{Text: d.Text, Send: send, As: d.As, To: d.To}
	if m := a.m.Plan().Drafter; m != nil {
		out.Model = m.Model + ", " + m.Host()
	}
	return out, nil
}

// Suggest implements [web.Answerer]. The model is not told who wrote the post.
func (a answerer) Suggest(ctx context.Context, c *puskaradio.Case) (string, error) {
	p, m := a.m.Plan(), &c.Mention
	if p.Drafter == nil {
		return "", errors.New("no model is configured; see answers.model in the configuration")
	}
	ask := sentiment.Request{Brand: m.Brand, Lang: m.Verdict().Lang, Title: m.Title, Text: m.Text, Rating: m.Rating}
	for _, b := range p.Brands {
		if b.ID == m.Brand {
			ask.Brand = b.Name
		}
	}
	return p.Drafter.Draft(ctx, ask)
}

// Send implements [web.Answerer].
func (a answerer) Send(ctx context.Context, id puskaradio.ID, text, by string, over time.Time) (web.Sent, error) {
	d, err := a.m.SendAnswer(ctx, id, text, approver(by, over), by)
	return web.Sent{Ref: d.Ref, Waits: d.Waits}, err
}

func approver(who string, over time.Time) monitor.Approver {
	return monitor.Approver{Who: who, Via: puskaradio.ViaWeb, Over: over}
}

// Approve implements [web.Answerer].
func (a answerer) Approve(ctx context.Context, id puskaradio.ID, by string, over time.Time) (web.Sent, error) {
	d, err := a.m.ApproveAnswer(ctx, id, approver(by, over))
	return web.Sent{Ref: d.Ref}, err
}

// Return implements [web.Answerer].
func (a answerer) Return(ctx context.Context, id puskaradio.ID, note, by string, over time.Time) error {
	return a.m.ReturnAnswer(ctx, id, note, approver(by, over))
}

// rehearse is what the dashboard shows of a rehearsal.
func (r *runner) rehearse(ctx context.Context, brand string, from, now time.Time) (web.Rehearsal, error) {
	l := r.current.Load()
	history, err := r.monitor.Rehearse(ctx, brand, from, now)
	if err != nil {
		return web.Rehearsal{}, err
	}
	out := web.Rehearsal{Mentions: history.Mentions(), Weeks: history.Weeks(), Own: string(cmp.Or(l.Alerts.Sensitivity, trend.Normal)), Budget: l.plan.Budget}
	for _, each := range trend.Sensitivities() {
		threshold, err := each.Threshold()
		if err != nil {
			return web.Rehearsal{}, err
		}
		x := web.Rehearsed{Sensitivity: string(each)}
		for _, a := range history.With(threshold) {
			x.Alerts = append(x.Alerts, web.RehearsedAlert(a))
		}
		out.By = append(out.By, x)
	}
	return out, nil
}
