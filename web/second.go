package web

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

// noAccount is what those are told who came in by the link of who runs the
// program: they may call themselves anything, and so be a second person.
const noAccount = "Answers of this brand need two people, each with an account of their own. Sign in with yours; your text is kept below."

// Waits is the answer of the case that waits for a second person; nil if there
// is none.
func (c caseView) Waits() *puskaradio.Waiting { return c.Case.Waits() }

// Second reports whether answers to it need a second person.
func (c caseView) Second() bool { return c.Plan.Second[c.Case.Mention.Brand] }

// Approves reports whether the person may approve the answer that waits.
func (c caseView) Approves() bool {
	w := c.Waits()
	return w != nil && c.May("agent") && c.account && w.Second(c.view.Who, "", puskaradio.ViaWeb)
}

// Own reports whether they wrote it.
func (c caseView) Own() bool {
	w := c.Waits()
	return w != nil && c.May("agent") && strings.EqualFold(w.Who, c.view.Who)
}

// Outdated reports whether it answers what the post says no more.
func (c caseView) Outdated() bool {
	w := c.Waits()
	return w != nil && w.To != c.Case.Mention.Said()
}

// Over names the answer that waits, in a form.
func (c caseView) Over() string { return c.Waits().At.Format(time.RFC3339Nano) }

// second does what a second person wants with the answer that waits: send it,
// give it back, or have another in its place wait for somebody else.
func (s *Server) second(x *written, c *puskaradio.Case, do string) error {
	v, ctx := x.v, x.r.Context()
	if x.over.IsZero() {
		return errForm
	}
	if !v.account {
		return s.again(x, http.StatusForbidden, v.T(noAccount))
	}
	var sent Sent
	var err error
	on, said := c.Mention.Source+" "+string(c.ID), "back"
	what := "gave an answer back"
	switch do {
	case "back":
		note := x.text
		x.text = ""
		err = s.o.Answers.Return(ctx, c.ID, clipRunes(note, longestNote), v.Who, x.over)
		if err != nil {
			x.text = note
		}
	case "change":
		if x.text == "" {
			return s.again(x, http.StatusUnprocessableEntity, v.T("Write an answer."))
		}
		if w := c.Waits(); w != nil && w.Via != puskaradio.ViaWeb && w.Via != puskaradio.ViaConsole {
			return s.again(x, http.StatusConflict, v.T("It was written in Slack: whoever approves or changes it does so there."))
		}
		what = "wrote an answer for a second person"
		said = "waits"
		sent, err = s.o.Answers.Send(ctx, c.ID, x.text, v.Who, x.over)
	default:
		x.text = ""
		what = "approved and sent an answer"
		said = "sent"
		if w := c.Waits(); w != nil {
			on += ", written by " + w.Who
		}
		sent, err = s.o.Answers.Approve(ctx, c.ID, v.Who, x.over)
	}
	switch {
	case errors.Is(err, puskaradio.ErrTaken):
		return s.again(x, http.StatusConflict, v.T("Somebody else was first, or the case has moved on. You have sent nothing."))
	case errors.Is(err, puskaradio.ErrOwn):
		return s.again(x, http.StatusForbidden, v.T("Another person than who wrote it must approve it, each with an account of their own."))
	case errors.Is(err, puskaradio.ErrChanged):
		return s.again(x, http.StatusConflict, v.T("The post has changed since the answer was written. Nothing was sent: read it again, and write the answer anew."))
	case err != nil:
		return s.again(x, http.StatusBadGateway, v.T("It was not sent: %s", err.Error()))
	}
	if sent.Ref != "" {
		on += " " + sent.Ref
	}
	if err := s.record(x.r, v.Who, what, on); err != nil {
		s.log.Error("the audit log does not tell of an answer", "case", c.ID, "err", err) // it is done all the same
	}
	http.Redirect(x.w, x.r, back("", c.ID, said), http.StatusSeeOther)
	return nil
}
