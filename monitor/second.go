package monitor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/notify"
)

// The notes of the changes that say what became of an answer that waited for a
// second person.
const (
	waitsNote = "written, waits for a second person: "
	backNote  = "given back"
	ownNote   = "taken back by who wrote it"
)

// An Approver is who approves a text.
type Approver struct {
	Who string
	Via string // where they are known by that name: see [puskaradio.ViaWeb]
	// Account is what no rename changes there; empty if there is no such thing.
	Account string
	// Over is when the answer was proposed that the person has read, and which
	// theirs is in place of; zero if none waited.
	Over time.Time
}

// propose keeps an answer with its case until a second person approves it. One
// in place of an answer that waits makes who changed it its writer, and waits
// for another person in turn.
func (m *Monitor) propose(ctx context.Context, c *puskaradio.Case, text string, by Approver, as string) (Answer, error) {
	out, _, err := m.draft(c, text)
	if err != nil {
		return Answer{}, err
	}
	w := c.Waits()
	switch {
	case w == nil && !by.Over.IsZero(), w != nil && !by.Over.IsZero() && !w.At.Equal(by.Over):
		return Answer{}, fmt.Errorf("the answer that you read waits no more: %w", puskaradio.ErrTaken)
	case w != nil && by.Over.IsZero() && !strings.EqualFold(w.Who, by.Who):
		return Answer{}, fmt.Errorf("an answer of %s waits already: %w", w.Who, puskaradio.ErrTaken)
	case w != nil:
		as = c.Who // the case is with who wrote the first
	}
	if err := sendable(c, by.Who, as); err != nil {
		return Answer{}, err
	}
	ch := puskaradio.Change{
		At: time.Now().UTC(), Who: by.Who, To: puskaradio.Claimed, Note: waitsNote + text,
		Proposes: &puskaradio.Proposal{Text: text, Via: by.Via, Account: by.Account, To: c.Mention.Said()},
	}
	if w != nil {
		ch.Settles = w.At
	}
	brand := c.Mention.Brand
	now, err := m.Store.Move(ctx, brand, c.ID, c.Status, ch, time.Time{}, m.CaseJobs(brand, c.ID, ch.At)...)
	if err != nil {
		return Answer{}, fmt.Errorf("somebody else is at it: %w", err)
	}
	if c.Status != puskaradio.Claimed {
		if err := m.Moved(context.WithoutCancel(ctx), &now); err != nil { // it waits all the same
			m.Log.Error("the alerts that show it do not know yet", "case", c.ID, "err", err)
		}
	}
	out.Waits = true
	return out, nil
}

// proposed is a case with the answer that by.Over names, if it waits still.
func (m *Monitor) proposed(ctx context.Context, id puskaradio.ID, by Approver) (puskaradio.Case, *puskaradio.Waiting, error) {
	c, err := m.Store.Case(ctx, "", id)
	if err != nil {
		return c, nil, err
	}
	w := c.Waits()
	if w == nil || !w.At.Equal(by.Over) {
		return c, nil, fmt.Errorf("the answer that you read waits no more: %w", puskaradio.ErrTaken)
	}
	return c, w, nil
}

// ApproveAnswer sends the answer that waits, as it is, once a second person has
// approved it: of two who do so at a time one gets [puskaradio.ErrTaken]. Who
// wrote it gets [puskaradio.ErrOwn], and where the post says something else by
// now, everybody [puskaradio.ErrChanged]. The first reply is when it is sent.
func (m *Monitor) ApproveAnswer(ctx context.Context, id puskaradio.ID, by Approver) (Answer, error) {
	c, w, err := m.proposed(ctx, id, by)
	if err != nil {
		return Answer{}, err
	}
	if err := sendable(&c, by.Who, c.Who); err != nil {
		return Answer{}, err
	}
	switch {
	case !w.Second(by.Who, by.Account, by.Via):
		return Answer{}, puskaradio.ErrOwn
	case w.To != c.Mention.Said():
		return Answer{}, puskaradio.ErrChanged
	}
	out, r, err := m.draft(&c, w.Text)
	if err != nil {
		return Answer{}, err
	}
	if out.Ref, err = m.send(ctx, &c, r, out.Text, by.Who, w); err != nil {
		return Answer{}, err
	}
	out.Sent = true
	return out, nil
}

// ReturnAnswer gives an answer that waits back to who wrote it, with a note; who
// wrote it takes it back so. Nothing is sent.
func (m *Monitor) ReturnAnswer(ctx context.Context, id puskaradio.ID, note string, by Approver) error {
	c, w, err := m.proposed(ctx, id, by)
	if err != nil {
		return err
	}
	said := backNote
	if strings.EqualFold(w.Who, by.Who) {
		said = ownNote
	}
	if note = strings.TrimSpace(note); note != "" {
		said += ": " + note
	}
	ch := puskaradio.Change{At: time.Now().UTC(), Who: by.Who, To: c.Status, Note: said, Settles: w.At}
	_, err = m.Store.Move(ctx, c.Mention.Brand, c.ID, c.Status, ch, time.Time{}, m.CaseJobs(c.Mention.Brand, c.ID, ch.At)...)
	return err
}

func approverOf(w notify.Wish) Approver {
	return Approver{Who: w.Who, Via: puskaradio.ViaSlack, Account: w.Account, Over: w.Over}
}

// asWritten reports whether a text is that of the answer that waits, and that
// the person has read.
func asWritten(c *puskaradio.Case, w notify.Wish) bool {
	x := c.Waits()
	return x != nil && x.At.Equal(w.Over) && strings.TrimSpace(x.Text) == strings.TrimSpace(w.Text)
}

// checkSecond is why an answer must not be sent off as it is, or nil.
func (m *Monitor) checkSecond(c *puskaradio.Case, w notify.Wish) error {
	x, as := c.Waits(), w.Who
	if x != nil && !w.Over.IsZero() {
		as = c.Who
	}
	switch {
	case !w.Over.IsZero() && (x == nil || !x.At.Equal(w.Over)):
		return fmt.Errorf("the answer that you read waits no more: %w", puskaradio.ErrTaken)
	case asWritten(c, w) && !x.Second(w.Who, w.Account, puskaradio.ViaSlack), x != nil && x.Via == puskaradio.ViaWeb:
		return puskaradio.ErrOwn
	case asWritten(c, w) && x.To != c.Mention.Said():
		return puskaradio.ErrChanged
	}
	return sendable(c, w.Who, as)
}

// returnFor gives an answer back that waits, with the note in place of a text.
func (m *Monitor) returnFor(ctx context.Context, w notify.Wish) (notify.Outcome, error) {
	c, err := m.Store.Case(ctx, "", w.Post)
	if err != nil {
		return notify.Outcome{}, err
	}
	if err := m.ReturnAnswer(ctx, w.Post, w.Text, approverOf(w)); err != nil {
		return notify.Outcome{}, err
	}
	m.recordFor(ctx, w, "gave an answer back", c.Mention.Source+" "+string(c.ID))
	return notify.Outcome{Text: notify.WaitsFor(w.Lang, true)}, nil
}

// recordFor has the audit log tell of what somebody in Slack has done.
func (m *Monitor) recordFor(ctx context.Context, w notify.Wish, what, on string) {
	deed := puskaradio.Deed{At: time.Now().UTC(), Who: w.Who + " (Slack)", What: what, On: on}
	if err := m.Store.Record(context.WithoutCancel(ctx), deed); err != nil {
		m.Log.Error("the audit log does not tell of an answer", "case", w.Post, "err", err) // it is done all the same
	}
}

// sendFor sends off an answer: one that waits and that the person has not
// changed as its second approver, any other as its writer.
func (m *Monitor) sendFor(ctx context.Context, w notify.Wish) (notify.Outcome, error) {
	c, err := m.Store.Case(ctx, "", w.Post)
	if err != nil {
		return notify.Outcome{}, err
	}
	if err := m.checkSecond(&c, w); err != nil {
		return notify.Outcome{}, err
	}
	what, wrote := "sent an answer", ""
	var a Answer
	if x := c.Waits(); asWritten(&c, w) {
		what, wrote = "approved and sent an answer", ", written by "+x.Who
		a, err = m.ApproveAnswer(ctx, w.Post, approverOf(w))
	} else {
		a, err = m.SendAnswer(ctx, w.Post, w.Text, approverOf(w), w.Who)
	}
	if err != nil {
		return notify.Outcome{}, err
	}
	on := c.Mention.Source + " " + a.Ref + wrote
	if a.Waits {
		what, on = "wrote an answer for a second person", c.Mention.Source+" "+string(c.ID)
	}
	m.recordFor(ctx, w, what, on)
	if a.Waits {
		return notify.Outcome{Text: notify.WaitsFor(w.Lang, false)}, nil
	}
	return notify.Outcome{Text: notify.SentAs(w.Lang, a.As, a.To)}, nil
}
