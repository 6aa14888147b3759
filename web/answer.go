package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

// An Answer is an answer to a mention, as it would be sent.
type Answer struct {
	Text string
	Send bool   // it can be sent from here
	As   string // the account that answers, where it can
	To   string // where it will stand
	// Model is who else can draft one, when asked to; empty if nobody can.
	Model string
}

// An Answerer drafts and sends answers.
type Answerer interface {
	// Draft is how an answer may begin.
	Draft(ctx context.Context, c *puskaradio.Case) (Answer, error)
	// Suggest asks the model of [Answer] for a draft. An error says to the person
	// what is wrong. Nothing of it is sent or kept.
	Suggest(ctx context.Context, c *puskaradio.Case) (string, error)
	// Send sends a text that by has approved, and gives the source's name for it.
	// An error says to the person what is wrong; it wraps [puskaradio.ErrTaken]
	// where somebody else was first.
	Send(ctx context.Context, id puskaradio.ID, text, by string) (ref string, err error)
}

// suggest puts the draft of a model in place of the text of the form.
func (s *Server) suggest(r *http.Request, v *view, c *puskaradio.Case, text *string, again func(status int, message string) error) error {
	draft, err := s.o.Answers.Suggest(r.Context(), c)
	if err != nil {
		return again(http.StatusBadGateway, v.T("No draft: %s", err.Error()))
	}
	if err := s.record(r, v.Who, "asked a model for a draft", c.Mention.Source+" "+string(c.ID)); err != nil {
		return err
	}
	*text = draft
	return again(http.StatusOK, v.T("A model has drafted this from the text of the post alone. Nothing was sent. Check every word."))
}

// answerable reports whether the page of a case has a form for an answer.
func answerable(v *view, c *puskaradio.Case) bool {
	return v.May("agent") && c.Status.Open() && c.Mention.State != puskaradio.Deleted && (c.Status != puskaradio.Claimed || c.Who == v.Who)
}

// answer sends what a person wrote and approved by sending the form off; where
// the source takes no answers from here, it notes that they answered by hand.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, v *view) error {
	if err := r.ParseForm(); err != nil {
		return errForm
	}
	text := strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(r.PostForm.Get("text"), "\r\n", "\n"), ""))
	c, err := s.caseOf(r, v)
	if err != nil {
		return err
	}
	again := func(status int, message string) error {
		if c, err = s.caseOf(r, v); err != nil { // as it is now
			return err
		}
		p, err := s.mentionView(r.Context(), v, c)
		if err != nil {
			return err
		}
		p.Answer.Text, v.Message = text, message
		s.render(w, r, status, v, "mention", p)
		return nil
	}
	if r.PostForm.Get("do") == "suggest" {
		return s.suggest(r, v, &c, &text, again)
	}
	if text == "" {
		return again(http.StatusUnprocessableEntity, v.T("Write an answer."))
	}
	done, have := "answered", c
	var items []doneTo
	switch r.PostForm.Get("do") {
	case "send":
		var ref string
		if ref, err = s.o.Answers.Send(r.Context(), c.ID, text, v.Who); err == nil {
			done, err = "sent", s.record(r, v.Who, "sent an answer", c.Mention.Source+" "+ref)
		}
	case "noted":
		c, err = s.o.Store.Move(r.Context(), c.Mention.Brand, c.ID, c.Status, puskaradio.Change{At: s.now().UTC(), Who: v.Who, To: puskaradio.Answered, Note: clipRunes(text, 5000)}, time.Time{})
		if err == nil {
			items = stepOf(&have, &c)
			s.moved(r.Context(), &c)
		}
	default:
		return errForm
	}
	switch {
	case errors.Is(err, puskaradio.ErrTaken):
		return again(http.StatusConflict, v.T("Somebody else was first. Nothing was sent; your text is kept below."))
	case err != nil:
		return again(http.StatusBadGateway, v.T("It was not sent: %s", err.Error()))
	}
	http.Redirect(w, r, s.after(v, back("", c.ID, done), "", items), http.StatusSeeOther)
	return nil
}
