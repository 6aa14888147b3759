package web

import (
	"context"
	"net/http"
	"strings"

	"github.com/puskaradio/puskaradio"
)

// pastShown is how many other mentions of an author a page lists.
const pastShown = 5

// A pastView is what else the author of a mention has said at that source.
type pastView struct {
	Listed   []caseView // the newest first
	Total    int        // other mentions that were looked at
	Negative int        // of them
	More     bool       // there are older ones
	Later    bool       // some of those listed are newer than the mention
}

// past gathers what else the author of a mention has said at its source about
// the same brand; nil where nothing is known.
func (s *Server) past(ctx context.Context, v *view, c *puskaradio.Case) (*pastView, error) {
	m := &c.Mention
	got, err := s.o.Store.Past(ctx, m.Brand, m.Source, m.Author, pastShown+1)
	if err != nil {
		return nil, err
	}
	p := &pastView{Total: got.Total, Negative: got.Negative, More: got.More}
	among := !got.More // an older one may not be among those that were looked at
	for _, x := range got.Cases {
		if x.ID == c.ID {
			among = true
			continue
		}
		if len(p.Listed) == pastShown {
			break
		}
		p.Later = p.Later || x.ID > c.ID
		p.Listed = append(p.Listed, caseView{v, x, clock{}, ""})
	}
	if among {
		p.Total--
		if (caseView{Case: *c}).Label() == puskaradio.Negative {
			p.Negative--
		}
	}
	if len(p.Listed) == 0 {
		return nil, nil
	}
	return p, nil
}

// Told is what became of a mention, in words.
func (c caseView) Told() string {
	at := c.Case.FirstReply()
	switch {
	case !at.IsZero():
		return c.T("answered %s", c.When(at))
	case c.Case.Status == "" || c.Case.Status.Open():
		return c.T("not answered")
	}
	return c.T("not answered") + " · " + c.Word(string(c.Case.Status))
}

// Alias says that a name is a pseudonym; empty of any other.
func (v *view) Alias(name string) string {
	if puskaradio.IsPseudonym(name) {
		return v.T("pseudonym")
	}
	return ""
}

// Named reports whether a mention says who wrote it.
func (c caseView) Named() bool { return strings.TrimSpace(c.Case.Mention.Author) != "" }

// setCustomer says who the author of a mention is in the books of the house.
func (s *Server) setCustomer(w http.ResponseWriter, r *http.Request, v *view) error {
	if err := r.ParseForm(); err != nil {
		return errForm
	}
	c, err := s.caseOf(r, v)
	if err != nil {
		return err
	}
	key := strings.TrimSpace(strings.ToValidUTF8(r.PostForm.Get("key"), ""))
	if puskaradio.CheckCustomerKey(key) != nil || strings.TrimSpace(c.Mention.Author) == "" {
		p, err := s.mentionView(r.Context(), v, c)
		if err != nil {
			return err
		}
		v.Message = v.T("A customer key is one line of at most 100 letters that can be seen, of an author who is named.")
		s.render(w, r, http.StatusUnprocessableEntity, v, "mention", p)
		return nil
	}
	said, err := s.keepCustomer(r, v, &c, key)
	if err != nil {
		return err
	}
	http.Redirect(w, r, back("", c.ID, said), http.StatusSeeOther)
	return nil
}

// keepCustomer keeps a customer key and writes into the audit log who has set
// it, and on which case: not whose it is, for that may have to be forgotten.
func (s *Server) keepCustomer(r *http.Request, v *view, c *puskaradio.Case, key string) (said string, err error) {
	m := &c.Mention
	err = s.o.Store.SetCustomer(r.Context(), puskaradio.Customer{Source: m.Source, Author: m.Author, Key: key, Who: v.Who, At: s.now().UTC()})
	if err != nil {
		return "", err
	}
	said = "set a customer key"
	if key == "" {
		said = "took a customer key away"
	}
	return said, s.record(r, v.Who, said, m.Source+" "+string(c.ID))
}

// An apiCustomer is what an author at a source is called in the books of the
// house.
type apiCustomer struct {
	Key string `json:"key"` // one line of at most 100 letters; empty takes it away
}

func (s *Server) apiCustomer(r *http.Request, v *view, _ *asked) (any, error) {
	var in apiCustomer
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if err := puskaradio.CheckCustomerKey(in.Key); err != nil {
		return nil, wrong("key", "%s", err.Error())
	}
	c, err := s.caseOf(r, v)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(c.Mention.Author) == "" {
		return nil, wrong("key", "the mention names no author")
	}
	if _, err := s.keepCustomer(r, v, &c, in.Key); err != nil {
		return nil, err
	}
	if c, err = s.caseOf(r, v); err != nil {
		return nil, err
	}
	return v.caseFor(&c), nil
}
