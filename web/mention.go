package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

type mentionView struct {
	caseView
	Link, Host string // the original, if it is on the web
	Labels     []puskaradio.Label
	Note       string // what was written when somebody else was first
	Snoozes    []time.Duration
	Answer     *Answer // nil where there is none to give
	Unsent     string  // an answer that was written when there still was
	Ripple     ripple
	Brand      puskaradio.Brand // of the mention
	Words      []string         // that may tell it from the brand's own
	Read       int              // mentions that they stand in none of
	Looking    string           // who else looks at it
	Past       *pastView        // nil where the author has said nothing else
}

// snoozes are how long a case can be put off.
var snoozes = []time.Duration{time.Hour, 4 * time.Hour, 24 * time.Hour, 72 * time.Hour}

// Steps are what can be done with the case as it stands.
func (m *mentionView) Steps() []puskaradio.Status {
	switch m.Case.Status {
	case puskaradio.New, puskaradio.Snoozed, "":
		return []puskaradio.Status{puskaradio.Claimed, puskaradio.Answered, puskaradio.Done, puskaradio.FalseAlarm}
	case puskaradio.Claimed:
		return []puskaradio.Status{puskaradio.Answered, puskaradio.Done, puskaradio.New, puskaradio.FalseAlarm}
	case puskaradio.Answered:
		return []puskaradio.Status{puskaradio.Done, puskaradio.New}
	}
	return []puskaradio.Status{puskaradio.New}
}

func (m *mentionView) CanSnooze() bool {
	return m.Case.Status == puskaradio.New || m.Case.Status == puskaradio.Claimed
}

// CanDeny reports whether it can be said that this is about another.
func (m *mentionView) CanDeny() bool {
	return m.Case.Status == "" || m.Case.Status == puskaradio.New || m.Case.Status == puskaradio.Claimed
}

// Verb is what the button of a step says.
func (v *view) Verb(to puskaradio.Status) string {
	switch to {
	case puskaradio.Claimed:
		return v.T("Take it")
	case puskaradio.Answered:
		return v.T("Mark answered")
	case puskaradio.Done:
		return v.T("Done")
	case puskaradio.FalseAlarm:
		return v.T("False alarm")
	case puskaradio.Snoozed:
		return v.T("Snooze")
	}
	return v.T("Put back")
}

// A line is one of the history of a case.
type line struct {
	puskaradio.Change
	What   string
	Undone bool // it was taken back
}

// History is what has been done, in words.
func (m *mentionView) History() []line {
	var out []line
	for _, ch := range m.Case.Changes {
		x := line{Change: ch, What: m.Word(string(ch.To))}
		switch {
		case !ch.Undoes.IsZero():
			x.What = m.T("undone")
			if n := len(out); n > 0 && out[n-1].At.Equal(ch.Undoes) {
				out[n-1].Undone = true
			}
		case ch.Verdict != "":
			x.What = m.T("verdict: %s", m.Word(string(ch.Verdict)))
		case ch.Aside:
			x.What = m.T("note")
		}
		out = append(out, x)
	}
	return out
}

// caseOf is the case that a path names, under a brand that the person sees.
func (s *Server) caseOf(r *http.Request, v *view) (puskaradio.Case, error) {
	return s.caseBy(r.Context(), v, puskaradio.ID(r.PathValue("id")))
}

func (s *Server) mentionPage(w http.ResponseWriter, r *http.Request, v *view) error {
	c, err := s.caseOf(r, v)
	if err != nil {
		return err
	}
	p, err := s.mentionView(r.Context(), v, c)
	if err != nil {
		return err
	}
	return s.show(w, r, v, "mention", p)
}

func (s *Server) mentionView(ctx context.Context, v *view, c puskaradio.Case) (*mentionView, error) {
	v.Here = "/m/" + string(c.ID)
	p := &mentionView{caseView: caseView{v, c, clockOf(&c, &v.Plan.Reply, v.Now), v.Here}, Labels: labels, Snoozes: snoozes}
	p.Looking = v.looking(s.looks.open(c.ID, v.Who, v.Now))
	p.Link, p.Host = webLink(c.Mention.URL)
	p.Brand, _ = v.Plan.Brand(c.Mention.Brand)
	var err error
	if p.Past, err = s.past(ctx, v, &c); err != nil {
		return nil, err
	}
	if v.May("agent") {
		if p.Ripple, err = s.ripple(ctx, &c); err != nil {
			return nil, err
		}
	}
	if p.NotUs() {
		if p.Words, p.Read, err = s.tellingWords(ctx, &c, p.Brand); err != nil {
			return nil, err
		}
	}
	if !answerable(v, &c) {
		return p, nil
	}
	a, err := s.o.Answers.Draft(ctx, &c)
	if w := c.Waits(); w != nil {
		a.Text = w.Text
	}
	p.Answer = &a
	return p, err
}

// move takes a case a step on, unless somebody else has moved it since the
// page was seen: that is said, with what was written kept.
func (s *Server) move(w http.ResponseWriter, r *http.Request, v *view) error {
	if err := r.ParseForm(); err != nil {
		return errForm
	}
	form := func(name string) string { return strings.ToValidUTF8(r.PostForm.Get(name), "") }
	to, was := puskaradio.Status(form("to")), puskaradio.Status(form("was"))
	if !slices.Contains(puskaradio.Statuses(), to) || was != "" && !slices.Contains(puskaradio.Statuses(), was) {
		return errForm
	}
	now := s.now().UTC()
	note := clipRunes(strings.TrimSpace(form("note")), 2000)
	said, aside := string(to), to == was
	var until time.Time
	switch {
	case aside:
		said = "noted"
	case form("reason") == "not_us" && to == puskaradio.FalseAlarm:
		said, note = "not_us", v.T(notUs)
	case to == puskaradio.Snoozed:
		long, err := time.ParseDuration(form("for"))
		if err != nil || !slices.Contains(snoozes, long) {
			return errForm
		}
		until = now.Add(long)
	}
	have, err := s.caseOf(r, v)
	if err != nil {
		return err
	}
	if aside && note == "" && (to != puskaradio.Claimed || have.Who == v.Who) {
		return s.noNote(w, r, v, have)
	}
	c, err := s.step(r.Context(), v, &have, was, puskaradio.Change{At: now, Who: v.Who, To: to, Note: note}, until)
	if errors.Is(err, puskaradio.ErrTaken) {
		p, err := s.mentionView(r.Context(), v, c)
		if err != nil {
			return err
		}
		p.Note, v.Message = note, v.tooLate(&c)
		s.render(w, r, http.StatusConflict, v, "mention", p)
		return nil
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, s.after(v, back(form("back"), c.ID, said), "", stepOf(&have, &c)), http.StatusSeeOther)
	return nil
}

// noNote answers who wanted to note nothing.
func (s *Server) noNote(w http.ResponseWriter, r *http.Request, v *view, c puskaradio.Case) error {
	p, err := s.mentionView(r.Context(), v, c)
	if err != nil {
		return err
	}
	v.Message = v.T("Write a note.")
	s.render(w, r, http.StatusUnprocessableEntity, v, "mention", p)
	return nil
}

// caseJobs are what tells others of a step of a case, for the transaction that
// takes it.
func (s *Server) caseJobs(brand string, id puskaradio.ID, at time.Time) []store.Job {
	if s.o.CaseJobs == nil {
		return nil
	}
	return s.o.CaseJobs(brand, id, at)
}

// moved tells of a case that has moved. What fails there does not undo it.
func (s *Server) moved(ctx context.Context, c *puskaradio.Case) {
	if err := s.o.Moved(ctx, c); err != nil {
		s.log.Error("moved", "case", c.ID, "err", err)
	}
}

// tooLate says who was first, and when.
func (v *view) tooLate(c *puskaradio.Case) string {
	last := c.Last()
	if last.At.IsZero() {
		return v.T("This has changed since you saw it. Nothing was done.")
	}
	ago := v.Span(v.Now.Sub(last.At))
	if last.To == puskaradio.Claimed {
		return v.T("%s took this %s ago. Nothing was done; your note is kept below.", last.Who, ago)
	}
	return v.T("%s was first: %s, %s ago. Nothing was done; your note is kept below.", last.Who, v.Word(string(last.To)), ago)
}

// back is where a form leads: to the page that it stood on, if that is one of
// ours. The list is left for the case when it is claimed, to answer it.
func back(given string, id puskaradio.ID, said string) string {
	u, err := url.Parse(given)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Opaque != "" || u.Path != "/inbox" || said == string(puskaradio.Claimed) {
		u = &url.URL{Path: "/m/" + string(id)}
	}
	q := u.Query()
	q.Del("undo")
	q.Set("said", said)
	return (&url.URL{Path: u.Path, RawQuery: q.Encode()}).String()
}
