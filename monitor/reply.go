package monitor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/notify"
)

// sendingNote begins the note of the change that stands in a case from before
// an answer is sent until it is known what became of it.
const sendingNote = "approved, being sent: "

// unsentNote is the note of the change that says that it was not.
const unsentNote = "was not sent"

// An Answer is an answer to a case, as it would be sent or was.
type Answer struct {
	ID   puskaradio.ID `json:"id"`
	As   string        `json:"as"` // the account that answers, as far as it is known
	To   string        `json:"to"` // where it will stand
	Text string        `json:"text"`
	Sent bool          `json:"sent"`
	// Waits says that it waits for a second person now.
	Waits bool   `json:"waits,omitempty"`
	Ref   string `json:"ref,omitempty"` // the source's name for it
}

// DraftAnswer is an answer to a case as it would be sent. It sends nothing. An
// error that wraps [crawler.ErrNoReply] says why the source cannot be answered
// from here, and where a person can do it.
func (m *Monitor) DraftAnswer(ctx context.Context, id puskaradio.ID, text string) (Answer, error) {
	c, err := m.Store.Case(ctx, "", id)
	if err != nil {
		return Answer{}, err
	}
	out, _, err := m.draft(&c, text)
	return out, err
}

func (m *Monitor) draft(c *puskaradio.Case, text string) (Answer, crawler.Replier, error) {
	p, x := m.Plan(), &c.Mention
	i := slices.IndexFunc(p.Sources, func(src Source) bool { return src.ID == x.Source })
	if i < 0 {
		return Answer{}, nil, fmt.Errorf("source %s is not in the configuration: %w; answer by hand: %s", x.Source, crawler.ErrNoReply, linkOf(x))
	}
	con := p.Sources[i].Connector
	d, err := crawler.DraftReply(con, x, text)
	if errors.Is(err, crawler.ErrNoReply) {
		return Answer{}, nil, fmt.Errorf("source %s: %w; answer by hand: %s", x.Source, err, linkOf(x))
	}
	if err != nil {
		return Answer{}, nil, fmt.Errorf("source %s: %w", x.Source, err)
	}
	out := Answer{ID: c.ID, As: d.As, To: d.To, Text: d.Text}
	if out.To == "" {
		out.To = linkOf(x)
	}
	return out, con.(crawler.Replier), nil
}

// BeginAnswer is how an answer to a case may begin, for a person to change; send
// says whether it can be sent from here.
func (m *Monitor) BeginAnswer(c *puskaradio.Case) (out Answer, send bool) {
	name := c.Mention.Brand
	if b, ok := m.Plan().brand(name); ok {
		name = b.Name
	}
	text := notify.FirstReply(name, &c.Mention)
	out, _, err := m.draft(c, text)
	if err != nil { // one that is not yet as it must be is for the person to mend
		return Answer{ID: c.ID, Text: text}, !errors.Is(err, crawler.ErrNoReply)
	}
	out.Text = text
	return out, true
}

// SendAnswer sends an answer to a case, which by approved; as is who works on
// the case. It writes down that a text is being sent, sends it, and writes
// down what became of it. Of two who do so at a time one gets
// [puskaradio.ErrTaken]. Where a second person approves the answers of the brand,
// it sends nothing, and the text waits for them: see [Monitor.ApproveAnswer].
func (m *Monitor) SendAnswer(ctx context.Context, id puskaradio.ID, text string, by Approver, as string) (Answer, error) {
	c, err := m.Store.Case(ctx, "", id)
	if err != nil {
		return Answer{}, err
	}
	if m.Plan().Second[c.Mention.Brand] {
		return m.propose(ctx, &c, text, by, as)
	}
	out, r, err := m.draft(&c, text)
	if err != nil {
		return Answer{}, err
	}
	if err := sendable(&c, by.Who, as); err != nil {
		return Answer{}, err
	}
	if out.Ref, err = m.send(ctx, &c, r, out.Text, by.Who, nil); err != nil {
		return Answer{}, err
	}
	out.Sent = true
	return out, nil
}

// sendable is why a case must not be answered now, or nil.
func sendable(c *puskaradio.Case, by, as string) error {
	switch {
	case !c.Status.Open():
		return fmt.Errorf("the case is %s already; puskaradio inbox reopen %s if it wants another answer", c.Status, c.ID)
	case c.Mention.State == puskaradio.Deleted:
		return errors.New("its author has deleted it; there is nothing to answer")
	case c.Status == puskaradio.Claimed && c.Who != by && c.Who != as:
		return fmt.Errorf("%s has it: %w", c.Who, puskaradio.ErrTaken)
	}
	if who := unsettled(c); who != "" {
		return fmt.Errorf("an answer that %s approved may have been sent; look at %s, then say puskaradio inbox answered %s, or reopen it", who, linkOf(&c.Mention), c.ID)
	}
	return nil
}

// unsettled is who approved an answer of which it is not known whether it was
// sent; empty if there is none. Notes that came after it settle nothing.
func unsettled(c *puskaradio.Case) string {
	for _, ch := range slices.Backward(c.Changes) {
		switch {
		case strings.HasPrefix(ch.Note, sendingNote):
			return ch.Who
		case !ch.Aside, ch.Note == unsentNote:
			return ""
		}
	}
	return ""
}

// send sends a text that by has approved; w is what waited for that, nil if
// nothing did.
func (m *Monitor) send(ctx context.Context, c *puskaradio.Case, r crawler.Replier, text, by string, w *puskaradio.Waiting) (string, error) {
	note := func(was puskaradio.Status, ch puskaradio.Change) (puskaradio.Case, error) {
		ch.At, ch.Who = time.Now().UTC(), by
		return m.Store.Move(context.WithoutCancel(ctx), c.Mention.Brand, c.ID, was, ch, time.Time{}, m.CaseJobs(c.Mention.Brand, c.ID, ch.At)...)
	}
	begin, who := puskaradio.Change{To: puskaradio.Claimed, Note: sendingNote + text}, "approved by "+by
	unsent := puskaradio.Change{To: puskaradio.Claimed, Note: unsentNote}
	if w != nil {
		begin.Settles, who = w.At, "written by "+w.Who+", "+who
		unsent.Proposes = &puskaradio.Proposal{Text: w.Text, Via: w.Via, Account: w.Account, To: w.To, Writer: w.Who}
	} else if still := c.Waits(); still != nil { // from when a second person was asked for
		begin.Settles = still.At
	}
	now, err := note(c.Status, begin)
	if err == nil && w == nil && len(now.Changes) != len(c.Changes)+1 {
		err = puskaradio.ErrTaken
	}
	if err != nil {
		return "", fmt.Errorf("somebody else is at it: %w", err)
	}
	ref, err := r.Reply(ctx, m.Client, &c.Mention, text)
	switch {
	case errors.Is(err, crawler.ErrMaybeSent):
		return "", fmt.Errorf("%w; look at %s before you send it again, then say puskaradio inbox answered %s, or reopen it", err, linkOf(&c.Mention), c.ID)
	case err != nil:
		_, moved := note(puskaradio.Claimed, unsent)
		return "", errors.Join(fmt.Errorf("it was not sent: %w", err), moved)
	}
	if now, err = note(puskaradio.Claimed, puskaradio.Change{To: puskaradio.Answered, Note: who + " and sent as " + ref + ": " + text}); err != nil {
		return "", fmt.Errorf("it was sent as %s, but the case does not say so: %w", ref, err)
	}
	if err := m.Moved(context.WithoutCancel(ctx), &now); err != nil { // the answer stands all the same
		m.Log.Error("the alerts that show it do not know yet", "case", c.ID, "err", err)
	}
	return ref, nil
}

// linkOf is where a mention stands.
func linkOf(x *puskaradio.Mention) string {
	if x.URL != "" {
		return x.URL
	}
	return x.Source + " " + x.Ref
}
