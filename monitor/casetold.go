package monitor

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/notify"
	"github.com/puskaradio/puskaradio/store"
)

// caseFresh is how old a post may be when it is first seen whose case is told
// of at once: what is older is history, and told when its case next moves.
const caseFresh = 7 * 24 * time.Hour

// A channel is told of the steps of a case by a job of that case, in a lane
// beside that of its alerts: thousands of cases hold no alert up. What is sent
// is named
//
//	c/BRAND/ID   all steps that the channel has not been told of
//
// and how many it was told of is kept as its revision.
func isCase(what string) bool { return strings.HasPrefix(what, "c/") }

// CaseJobs are the deliveries that tell of a step that a case takes at a time,
// for the transaction that takes it; none where no channel wants to hear of
// cases of the brand.
func (m *Monitor) CaseJobs(brand string, id puskaradio.ID, at time.Time) (jobs []store.Job) {
	p := m.Plan()
	if p == nil {
		return nil
	}
	for i := range p.Channels {
		if c := &p.Channels[i]; c.Cases && c.wants(brand) {
			jobs = append(jobs, store.Job{Key: "case/" + c.ID + "/" + brand + "/" + string(id), Kind: "case", Lane: "case/" + c.ID, Due: at})
		}
	}
	return jobs
}

// openedJobs tell of the cases that a page opens.
func (m *Monitor) openedJobs(ms []puskaradio.Mention, now time.Time) (jobs []store.Job) {
	for i := range ms {
		x := &ms[i]
		if x.Flag != "" && now.Sub(x.Published) < caseFresh {
			jobs = append(jobs, m.CaseJobs(x.Brand, puskaradio.NewID(x.Published.Unix(), x.Hash()), now)...)
		}
	}
	return jobs
}

// changedJobs tell of what a page has reopened or closed.
func (m *Monitor) changedJobs(ctx context.Context, st *store.Stored, now time.Time) error {
	any := false
	for i := range m.Plan().Channels {
		any = any || m.Plan().Channels[i].Cases
	}
	if !any {
		return nil
	}
	var jobs []store.Job
	for _, ids := range [][]puskaradio.ID{st.Changed, st.Gone} {
		for _, id := range ids {
			e, err := m.Store.Mention(ctx, "", id)
			if errors.Is(err, puskaradio.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if e.Status != "" {
				jobs = append(jobs, m.CaseJobs(e.Mention.Brand, id, now)...)
			}
		}
	}
	if len(jobs) == 0 {
		return nil
	}
	return m.Store.Schedule(ctx, jobs...)
}

// ofCase does the job of a case.
func (m *Monitor) ofCase(ctx context.Context, j store.Job, rest string) (store.Job, error) {
	p := m.Plan()
	channel, which, _ := strings.Cut(rest, "/")
	c := p.channel(channel)
	if c == nil || !c.Cases {
		return store.Job{}, nil // nobody wants to hear of it any more
	}
	what := "c/" + which
	err := m.tellCase(ctx, p, c, what)
	if err != nil && ctx.Err() == nil {
		return m.notSaid(ctx, p, c, j, what, time.Now().UTC(), err)
	}
	if err != nil {
		return j, err
	}
	return store.Job{}, nil
}

// tellCase tells a channel of the steps of a case that it has not been told of,
// in their order. Each has an id for ever, so that one that comes twice is
// known.
func (m *Monitor) tellCase(ctx context.Context, p *Plan, c *Channel, what string) error {
	brand, id, _ := strings.Cut(strings.TrimPrefix(what, "c/"), "/")
	x, err := m.Store.Case(ctx, brand, puskaradio.ID(id))
	if errors.Is(err, puskaradio.ErrNotFound) {
		return nil // it was forgotten meanwhile
	}
	if err != nil {
		return err
	}
	key := c.ID + "/" + what
	sent, err := m.Store.Sent(ctx, key)
	if err := ignore(err, puskaradio.ErrNotFound); err != nil {
		return err
	}
	for n := sent.Rev; n < notify.CaseSteps(&x); n++ {
		msg := notify.Message{Key: what + "/" + strconv.Itoa(n), Case: notify.CaseStepOf(&x, n), Lang: c.Lang, Zone: p.Zone, Link: p.Link}
		if _, ok := c.Notifier.(notify.CaseKeeper); ok {
			msg.Ref = sent.Ref
			if err := m.tried(ctx, c, &msg, n+1); err != nil {
				return err
			}
		}
		work, cancel := attempt(ctx)
		ref, err := c.Notify(work, m.HTTP, msg)
		cancel()
		if err != nil {
			return err
		}
		sent = store.Sent{Ref: ref, Rev: n + 1, At: time.Now().UTC()}
		if err := m.Store.SetSent(context.WithoutCancel(ctx), key, sent); err != nil {
			return err
		}
	}
	return nil
}
