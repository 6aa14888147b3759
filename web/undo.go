package web

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

const (
	undoShown = 10 * time.Second // a page offers to take back what was done so long ago
	undoFor   = time.Minute      // and it can be taken back for so long
	mostDeeds = 1000
)

// A deed is what a person has done to cases by one form, and what is to be said
// of it where the address of the next page does not say it.
type deed struct {
	who   string
	at    time.Time
	text  string
	items []doneTo
}

// A doneTo is what was done to one case, and how it stood before.
type doneTo struct {
	brand string
	id    puskaradio.ID
	step  *puskaradio.Change // nil: the case has no line of it, for there is no case
	was   puskaradio.Status
	who   string
	until time.Time
	// Of a correction, the verdicts before and after.
	corrected bool
	before    *puskaradio.Score
	after     *puskaradio.Score
}

// deeds are what people have done within the last minute, by tokens that stand
// in addresses. They end with the process, as sessions do.
type deeds struct {
	mu sync.Mutex
	by map[string]deed
}

// keep remembers a deed and gives its token; empty if there are too many.
func (d *deeds) keep(x deed) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	for k, old := range d.by {
		if x.at.Sub(old.at) > undoFor {
			delete(d.by, k)
		}
	}
	if len(d.by) >= mostDeeds {
		return ""
	}
	if d.by == nil {
		d.by = map[string]deed{}
	}
	token := rand.Text()
	d.by[token] = x
	return token
}

// of is a deed of a person that a token names, if it is not over.
func (d *deeds) of(token, who string, now time.Time) (deed, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	x, ok := d.by[token]
	return x, ok && x.who == who && now.Sub(x.at) <= undoFor
}

// take is of, and it is there no more.
func (d *deeds) take(token, who string, now time.Time) (deed, bool) {
	x, ok := d.of(token, who, now)
	if ok {
		d.mu.Lock()
		defer d.mu.Unlock()
		_, ok = d.by[token] // of two forms that are sent at once one gets it
		delete(d.by, token)
	}
	return x, ok
}

// stepOf is what is to be known to take the last change of a case back, which
// led there from have; nil where it cannot be: the case came to be by it.
func stepOf(have, c *puskaradio.Case) []doneTo {
	n := len(c.Changes)
	if n == 0 || have.Status == "" {
		return nil
	}
	return []doneTo{{brand: c.Mention.Brand, id: c.ID, step: &c.Changes[n-1], was: have.Status, who: have.Who, until: have.Until}}
}

// after is where a form leads, with the token of what it has done.
func (s *Server) after(v *view, to string, text string, items []doneTo) string {
	if len(items) == 0 && text == "" {
		return to
	}
	token := s.deeds.keep(deed{v.Who, s.now(), text, items})
	u, err := url.Parse(to)
	if err != nil || token == "" {
		return to
	}
	q := u.Query()
	q.Set("undo", token)
	u.RawQuery = q.Encode()
	return u.String()
}

// undo takes back what a person has just done, where nothing has happened since.
func (s *Server) undo(w http.ResponseWriter, r *http.Request, v *view) error {
	if err := r.ParseForm(); err != nil {
		return errForm
	}
	x, ok := s.deeds.take(r.PostForm.Get("undo"), v.Who, s.now())
	text := v.T("It is too late to take that back.")
	if ok && len(x.items) > 0 {
		n := 0
		for _, item := range x.items {
			err := s.takeBack(r.Context(), v, item)
			switch {
			case err == nil:
				n++
			case !errors.Is(err, puskaradio.ErrTaken) && !errors.Is(err, puskaradio.ErrNotFound):
				return err
			}
		}
		switch {
		case n == len(x.items):
			text = v.T("Taken back.")
		case n == 0:
			text = v.T("Nothing was taken back: something else has happened since.")
		default:
			text = v.T("%s of %s were taken back: to the others something else has happened since.", v.Num(n), v.Num(len(x.items)))
		}
	}
	http.Redirect(w, r, s.after(v, ours(r.PostForm.Get("back")), text, nil), http.StatusSeeOther)
	return nil
}

// takeBack takes one change back. It is an [puskaradio.ErrTaken] where something
// has happened since.
func (s *Server) takeBack(ctx context.Context, v *view, x doneTo) error {
	have, err := s.o.Store.Case(ctx, x.brand, x.id)
	if err != nil {
		return err
	}
	if err := v.sees(x.brand); err != nil {
		return err
	}
	if x.corrected && !sameScore(have.Mention.Corrected, x.after) {
		return puskaradio.ErrTaken
	}
	if x.step != nil {
		was := x.step.To
		c, err := s.o.Store.Move(ctx, x.brand, x.id, was, puskaradio.Change{At: s.now().UTC(), Who: v.Who, To: x.was, Undoes: x.step.At, For: x.who}, x.until, s.caseJobs(x.brand, x.id, s.now().UTC())...)
		if err != nil {
			return err
		}
		if x.was == puskaradio.Snoozed {
			if err := s.wake(ctx, &c); err != nil {
				return err
			}
		}
		if was != x.was {
			s.moved(ctx, &c)
		}
	}
	if !x.corrected {
		return nil
	}
	return s.o.Store.Correct(ctx, x.brand, x.id, x.before)
}

// wake sees to it that a snooze ends.
func (s *Server) wake(ctx context.Context, c *puskaradio.Case) error {
	return s.o.Store.Schedule(ctx, store.Job{Key: "wake/" + c.Mention.Brand + "/" + string(c.ID), Kind: "wake", Due: c.Until})
}

func sameScore(a, b *puskaradio.Score) bool {
	x, err := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err == nil && err2 == nil && string(x) == string(y)
}

// ours is an address of a page of ours that a form gives; the inbox if it is
// none.
func ours(given string) string {
	u, err := url.Parse(given)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Opaque != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") || strings.Contains(u.Path, `\`) {
		u = &url.URL{Path: "/inbox"}
	}
	q := u.Query()
	q.Del("said")
	q.Del("undo")
	return (&url.URL{Path: u.Path, RawQuery: q.Encode()}).String()
}
