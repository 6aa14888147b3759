package monitor

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/notify"
	"github.com/puskaradio/puskaradio/store"
)

// putOff is how long a button puts an alert off.
const putOff = 4 * time.Hour

// Act does what somebody asks for where they read a message, see
// [notify.Act].
func (m *Monitor) Act(ctx context.Context, w notify.Wish) (notify.Outcome, error) {
	switch w.Do {
	case notify.DoClaim:
		return notify.Outcome{}, m.ClaimAlert(ctx, w.Alert, w.Who)
	case notify.DoSnooze:
		return notify.Outcome{}, m.SnoozeAlert(ctx, w.Alert, w.Who, putOff)
	case notify.DoCalm:
		return notify.Outcome{}, m.Calm(ctx, w.Alert, w.Who)
	case notify.DoDraft:
		d, err := m.draftFor(ctx, w)
		return notify.Outcome{Draft: d}, err
	case notify.DoCheck:
		c, err := m.Store.Case(ctx, "", w.Post)
		if err != nil {
			return notify.Outcome{}, err
		}
		if _, _, err := m.draft(&c, w.Text); err != nil {
			return notify.Outcome{}, err
		}
		return notify.Outcome{}, m.checkSecond(&c, w)
	case notify.DoSend:
		return m.sendFor(ctx, w)
	case notify.DoBack:
		return m.returnFor(ctx, w)
	case notify.DoAnswered:
		return notify.Outcome{Text: notify.SentAs(w.Lang, "", "")}, m.markAnswered(ctx, w)
	case notify.DoMute:
		return m.muteFor(ctx, w)
	case notify.DoDigest:
		return m.digestFor(ctx, w)
	case notify.DoStatus:
		return m.status(ctx, w)
	case notify.DoHome:
		return m.home(ctx, w)
	}
	return notify.Outcome{}, fmt.Errorf("nobody knows how to %q", w.Do)
}

// draftFor is an answer to a post of an alert, for a person to make their own.
func (m *Monitor) draftFor(ctx context.Context, w notify.Wish) (*notify.Draft, error) {
	a, err := m.Store.Alert(ctx, w.Alert)
	if err != nil {
		return nil, err
	}
	posts := slices.DeleteFunc(slices.Clone(a.Quotes), func(q puskaradio.Quote) bool { return q.ID == "" })
	if len(posts) == 0 {
		return nil, fmt.Errorf("the posts of the alert: %w", puskaradio.ErrNotFound)
	}
	d := &notify.Draft{Posts: posts, Post: posts[0]}
	if i := slices.IndexFunc(posts, func(q puskaradio.Quote) bool { return q.ID == w.Post }); i >= 0 {
		d.Post = posts[i]
	}
	c, err := m.Store.Case(ctx, a.Brand, d.Post.ID)
	if err != nil {
		return nil, err
	}
	d.Post = puskaradio.QuoteOf(c.ID, &c.Mention) // as it is now
	begun, send := m.BeginAnswer(&c)
	d.Text, d.Send, d.As, d.To = begun.Text, send, begun.As, begun.To
	d.Second, d.Waits = m.Plan().Second[a.Brand], c.Waits()
	if d.Waits != nil {
		d.Text = d.Waits.Text
	}
	return d, nil
}

// markAnswered notes that a person has answered by hand.
func (m *Monitor) markAnswered(ctx context.Context, w notify.Wish) error {
	c, err := m.Store.Case(ctx, "", w.Post)
	if err != nil {
		return err
	}
	if !c.Status.Open() || c.Status == puskaradio.Claimed && c.Who != w.Who {
		return &puskaradio.TakenError{By: cmp.Or(c.Who, c.Last().Who), As: c.Status}
	}
	at := time.Now().UTC()
	c, err = m.Store.Move(ctx, c.Mention.Brand, c.ID, c.Status, puskaradio.Change{At: at, Who: w.Who, To: puskaradio.Answered, Note: w.Text}, time.Time{}, m.CaseJobs(c.Mention.Brand, c.ID, at)...)
	if err != nil {
		return err
	}
	return m.Moved(ctx, &c)
}

// brandFor is the brand that a wish names, or the first.
func (m *Monitor) brandFor(w notify.Wish) (puskaradio.Brand, error) {
	p := m.Plan()
	for _, b := range p.Brands {
		if w.Brand == "" || strings.EqualFold(b.ID, w.Brand) || strings.EqualFold(b.Name, w.Brand) {
			return b, nil
		}
	}
	return puskaradio.Brand{}, fmt.Errorf("brand %s: %w", w.Brand, puskaradio.ErrNotFound)
}

func (m *Monitor) muteFor(ctx context.Context, w notify.Wish) (notify.Outcome, error) {
	b, err := m.brandFor(w)
	if err != nil {
		return notify.Outcome{}, err
	}
	now := time.Now().UTC()
	until := now.Add(w.For)
	if err := m.SetMute(ctx, b.ID, Mute{Until: until, Why: w.Who}, now); err != nil {
		return notify.Outcome{}, err
	}
	return notify.Outcome{Text: notify.MutedUntil(w.Lang, b.Name, until, m.Plan().Zone)}, nil
}

func (m *Monitor) digestFor(ctx context.Context, w notify.Wish) (notify.Outcome, error) {
	b, err := m.brandFor(w)
	if err != nil {
		return notify.Outcome{}, err
	}
	now := time.Now()
	d, err := m.Digest(ctx, b, now, now)
	return notify.Outcome{Digest: &d}, err
}

// status says what is open and which sources do not answer.
func (m *Monitor) status(ctx context.Context, w notify.Wish) (notify.Outcome, error) {
	now := time.Now().UTC()
	s := notify.State{}
	alerts, err := m.Store.Alerts(ctx, "", now.Add(-2*longest), now.Add(time.Hour))
	if err != nil {
		return notify.Outcome{}, err
	}
	for _, a := range alerts {
		if a.State != "over" {
			s.Open = append(s.Open, a)
		}
	}
	sources, err := m.Sources(ctx, now)
	if err != nil {
		return notify.Outcome{}, err
	}
	for _, x := range sources {
		if s.Sources++; x.State != crawler.StateOK {
			s.Failing = append(s.Failing, x.ID+": "+x.State)
		}
	}
	cases, more, err := m.Store.Inbox(ctx, store.Filter{Statuses: []puskaradio.Status{puskaradio.New, puskaradio.Claimed}, Limit: 100})
	s.Waiting, s.More = len(cases), more != ""
	return notify.Outcome{Text: s.Say(w.Lang, m.Plan().Zone)}, err
}

// home are the cases of a person and those that nobody has.
func (m *Monitor) home(ctx context.Context, w notify.Wish) (out notify.Outcome, err error) {
	const most = 50
	mine, _, err := m.Store.Inbox(ctx, store.Filter{Statuses: []puskaradio.Status{puskaradio.Claimed}, Limit: 10 * most})
	if err != nil {
		return out, err
	}
	for _, c := range mine {
		if c.Who == w.Who && len(out.Mine) < most {
			out.Mine = append(out.Mine, c)
		}
	}
	out.Others, _, err = m.Store.Inbox(ctx, store.Filter{Statuses: []puskaradio.Status{puskaradio.New}, Limit: most})
	return out, err
}
