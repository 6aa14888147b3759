package web

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/puskaradio/puskaradio"
)

const (
	newsPath  = "/inbox/new"
	newsEvery = time.Minute // that a page asks, and what it says changes, at most
	newsMost  = 50
	newsKind  = "application/json"
)

// News is what a page asks for that stays open.
type news struct {
	Say     string `json:"say"`     // how many cases are new, for the link that shows them; empty if none
	Looking string `json:"looking"` // who else looks at the case; empty if nobody does
}

// newsOf says what is new since a list was shown, and who else looks at a case.
// It does not count as using the session.
func (s *Server) newsOf(w http.ResponseWriter, r *http.Request, v *view) error {
	var out news
	if id := puskaradio.ID(v.Query("case")); id != "" {
		c, err := s.caseBy(r.Context(), v, id)
		if err != nil {
			return err
		}
		out.Looking = v.looking(s.looks.open(c.ID, v.Who, s.now()))
		s.writeJSON(w, r, http.StatusOK, newsKind, out)
		return nil
	}
	sec, err := strconv.ParseInt(v.Query("since"), 10, 64)
	if err != nil {
		return errForm
	}
	since := time.UnixMilli(sec)
	f, view := v.filter(), v.savedView()
	f.Statuses, f.Limit, f.After = view.Statuses, newsMost, ""
	cases, more, err := s.o.Store.Inbox(r.Context(), f)
	if err != nil {
		return err
	}
	n := 0
	for _, c := range cases {
		if c.Mention.FirstSeen.After(since) && view.keeps(&c, v.Who) {
			n++
		}
	}
	switch {
	case n == newsMost && more != "":
		out.Say = v.T("%s or more new — show", v.Num(n))
	case n > 0:
		out.Say = v.T("%s new — show", v.Num(n))
	}
	s.writeJSON(w, r, http.StatusOK, newsKind, out)
	return nil
}

// Poll is where a list asks what is new since it was shown.
func (p *inboxView) Poll() string {
	return newsPath + "?view=" + url.QueryEscape(p.Current.ID) + "&" + p.choose("since", strconv.FormatInt(p.Now.UnixMilli(), 10), narrowing...)
}

// Fresh is this list from its beginning.
func (p *inboxView) Fresh() string { return p.narrowed("", "") }

// Poll is where the page of a case asks who else looks at it.
func (m *mentionView) Poll() string {
	return newsPath + "?" + url.Values{"case": {string(m.Case.ID)}}.Encode()
}
