package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
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
	// Suggest asks the model of [Answer] for a draft, for five minutes at most. An
	// error says to the person what is wrong. Nothing of it is sent or kept.
	Suggest(ctx context.Context, c *puskaradio.Case) (string, error)
	// Send sends a text that by has approved, or keeps it until a second person
	// approves it: in place of the answer that waits since over, unless that is
	// zero. An error says to the person what is wrong; it wraps
	// [puskaradio.ErrTaken] where somebody else was first.
	Send(ctx context.Context, id puskaradio.ID, text, by string, over time.Time) (Sent, error)
	// Approve sends the answer that waits since over, as a second person. An error
	// wraps [puskaradio.ErrOwn] for who wrote it, and [puskaradio.ErrChanged] where
	// it answers what the post says no more.
	Approve(ctx context.Context, id puskaradio.ID, by string, over time.Time) (Sent, error)
	// Return gives the answer that waits since over back to who wrote it.
	Return(ctx context.Context, id puskaradio.ID, note, by string, over time.Time) error
}

// A Sent is what became of an answer.
type Sent struct {
	Ref   string // the source's name for it
	Waits bool   // it waits for a second person
}

// suggestFor is how long the connection of a person who waits for a draft is
// kept open: longer than a model may take.
const suggestFor = 5*time.Minute + 30*time.Second

// busy are the people for whom something is under way.
type busy struct {
	mu  sync.Mutex
	who map[string]bool
}

// begin reports whether nothing was under way for somebody; now it is.
func (b *busy) begin(who string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.who[who] {
		return false
	}
	if b.who == nil {
		b.who = map[string]bool{}
	}
	b.who[who] = true
	return true
}

func (b *busy) end(who string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.who, who)
}

// A written is an answer in a form that a person has sent off.
type written struct {
	w    http.ResponseWriter
	r    *http.Request
	v    *view
	was  puskaradio.Status // where the case stood on their page
	text string
	over time.Time // since when the answer waits that stood on their page
}

// again shows the page of the case as it is now, with a message and the text:
// in its form, or beside it where there is none any more.
func (s *Server) again(x *written, status int, message string) error {
	c, err := s.caseOf(x.r, x.v)
	if errors.Is(err, puskaradio.ErrNotFound) && status != http.StatusOK { // it was erased meanwhile
		s.render(x.w, x.r, status, x.v, "fail", &failView{x.v, status, message})
		return nil
	}
	if err != nil {
		return err
	}
	p, err := s.mentionView(x.r.Context(), x.v, c)
	if err != nil {
		return err
	}
	switch {
	case p.Answer != nil:
		p.Answer.Text = x.text
	case status == http.StatusOK:
		status, message = http.StatusConflict, x.v.unanswerable(&c)
		fallthrough
	default:
		p.Unsent = x.text
	}
	x.v.Message = message
	s.render(x.w, x.r, status, x.v, "mention", p)
	return nil
}

// suggest puts the draft of a model in place of the text of the form.
func (s *Server) suggest(x *written, c *puskaradio.Case) error {
	v := x.v
	if !answerable(v, c) {
		return s.again(x, http.StatusConflict, v.unanswerable(c))
	}
	if !s.drafting.begin(v.Who) {
		return s.again(x, http.StatusTooManyRequests, v.T("A draft is under way for you already. Wait for it."))
	}
	defer s.drafting.end(v.Who)
	if err := s.record(x.r, v.Who, "asked a model for a draft", c.Mention.Source+" "+string(c.ID)); err != nil {
		return err
	}
	until := time.Now().Add(suggestFor) // by the clock of the machine, as the connection goes
	if err := http.NewResponseController(x.w).SetWriteDeadline(until); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	draft, err := s.o.Answers.Suggest(x.r.Context(), c)
	if err != nil {
		return s.again(x, http.StatusBadGateway, v.T("No draft: %s", err.Error()))
	}
	x.text = draft
	return s.again(x, http.StatusOK, v.T("A model has drafted this from the title, the text and the stars of the post, the name of the brand and the style of the house. Nothing was sent. Check every word."))
}

// answerable reports whether the page of a case has a form for an answer.
func answerable(v *view, c *puskaradio.Case) bool {
	return v.May("agent") && c.Status.Open() && c.Mention.State != puskaradio.Deleted && !v.another(c)
}

// unanswerable says why a case has no form for an answer any more.
func (v *view) unanswerable(c *puskaradio.Case) string {
	if c.Mention.State == puskaradio.Deleted { // who did what last has not to do with it
		return v.T("This has changed since you saw it. Nothing was done.")
	}
	return v.tooLate(c)
}

// another reports whether somebody else has a case.
func (v *view) another(c *puskaradio.Case) bool {
	return c.Status == puskaradio.Claimed && c.Who != v.Who
}

// answer sends what a person wrote and approved by sending the form off; where
// the source takes no answers from here, it notes that they answered by hand.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, v *view) error {
	if err := r.ParseForm(); err != nil {
		return errForm
	}
	x := &written{w: w, r: r, v: v, was: puskaradio.Status(r.PostForm.Get("was"))}
	x.text = strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(r.PostForm.Get("text"), "\r\n", "\n"), ""))
	c, err := s.caseOf(r, v)
	if err != nil {
		return err
	}
	do := r.PostForm.Get("do")
	if over := r.PostForm.Get("over"); over != "" {
		if x.over, err = time.Parse(time.RFC3339Nano, over); err != nil {
			return errForm
		}
	}
	switch {
	case do == "approve", do == "back", do == "change":
		return s.second(x, &c, do)
	case do == "suggest":
		return s.suggest(x, &c)
	case do != "send" && do != "noted":
		return errForm
	case x.text == "":
		return s.again(x, http.StatusUnprocessableEntity, v.T("Write an answer."))
	case do == "noted":
		return s.answered(x, &c)
	case !answerable(v, &c):
		return s.again(x, http.StatusConflict, v.unanswerable(&c))
	}
	return s.send(x, &c)
}

// send sends what a person wrote, or has it wait for a second person.
func (s *Server) send(x *written, c *puskaradio.Case) error {
	v := x.v
	if v.Plan.Second[c.Mention.Brand] && !v.account {
		return s.again(x, http.StatusForbidden, v.T(noAccount))
	}
	sent, err := s.o.Answers.Send(x.r.Context(), c.ID, x.text, v.Who, x.over)
	switch {
	case errors.Is(err, puskaradio.ErrTaken):
		return s.again(x, http.StatusConflict, v.T("Somebody else was first. Nothing was sent; your text is kept below."))
	case err != nil:
		return s.again(x, http.StatusBadGateway, v.T("It was not sent: %s", err.Error()))
	}
	what := "sent an answer"
	said := "sent"
	if sent.Waits {
		what = "wrote an answer for a second person"
		said, sent.Ref = "waits", string(c.ID)
	}
	if err := s.record(x.r, v.Who, what, c.Mention.Source+" "+sent.Ref); err != nil {
		s.log.Error("the audit log does not tell of an answer", "case", c.ID, "err", err) // it was sent all the same
	}
	http.Redirect(x.w, x.r, back("", c.ID, said), http.StatusSeeOther)
	return nil
}

// answered notes that a person has answered by hand, if the case is as they
// saw it and with nobody else.
func (s *Server) answered(x *written, c *puskaradio.Case) error {
	v := x.v
	if !x.was.Open() {
		return errForm
	}
	if v.another(c) {
		return s.again(x, http.StatusConflict, v.tooLate(c))
	}
	now, err := s.step(x.r.Context(), v, c, x.was, puskaradio.Change{At: s.now().UTC(), Who: v.Who, To: puskaradio.Answered, Note: clipRunes(x.text, 5000)}, time.Time{})
	if errors.Is(err, puskaradio.ErrTaken) {
		return s.again(x, http.StatusConflict, v.tooLate(&now))
	}
	if err != nil {
		return err
	}
	http.Redirect(x.w, x.r, s.after(v, back("", c.ID, "answered"), "", stepOf(c, &now)), http.StatusSeeOther)
	return nil
}
