package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// notUs is the reason of a false alarm that names another.
const notUs = "This is not about the brand."

const (
	copiesIn   = 14 * 24 * time.Hour // on either side of a mention its open copies are looked for
	copiesRead = 200                 // open cases that are looked at
	copiesSeen = 5                   // that are listed
	wordsRead  = 200                 // mentions that a word must not stand in, to be offered
	wordsMost  = 5
)

// A ripple is what a correction would change beside the mention itself: nothing
// by itself, and the open copies of its story if that is asked for.
type ripple struct {
	Copies []puskaradio.Case
	Part   bool // there were more open cases than are looked at
}

// Listed are the first of them.
func (x *ripple) Listed() []puskaradio.Case { return x.Copies[:min(copiesSeen, len(x.Copies))] }

// ripple finds the other open cases that tell the same story as a mention,
// nearly word for word.
func (s *Server) ripple(ctx context.Context, c *puskaradio.Case) (x ripple, err error) {
	root := c.ID
	if c.Mention.Story != "" {
		root = c.Mention.Story
	}
	at := c.Mention.Published
	open, more, err := s.o.Store.Inbox(ctx, store.Filter{Brand: c.Mention.Brand, From: at.Add(-copiesIn), To: at.Add(copiesIn), Limit: copiesRead})
	for _, o := range open {
		if o.ID != c.ID && (o.ID == root || o.Mention.Story == root) {
			x.Copies = append(x.Copies, o)
		}
	}
	x.Part = more != ""
	return x, err
}

// judge puts a person's verdict beside the scorer's, or takes it away where it
// is nil, and writes so into the history of the case, if there is one.
func (s *Server) judge(ctx context.Context, v *view, have *puskaradio.Case, verdict *puskaradio.Score) (doneTo, error) {
	brand := have.Mention.Brand
	x := doneTo{brand: brand, id: have.ID, was: have.Status, who: have.Who, until: have.Until, corrected: true, before: have.Mention.Corrected, after: verdict}
	if err := s.o.Store.Correct(ctx, brand, have.ID, verdict); err != nil {
		return x, err
	}
	m := have.Mention
	m.Corrected = verdict
	for range 5 { // the case may be moving meanwhile
		now, err := s.o.Store.Case(ctx, brand, have.ID)
		if err != nil || now.Status == "" {
			return x, err
		}
		c, err := s.o.Store.Move(ctx, brand, have.ID, now.Status, puskaradio.Change{At: s.now().UTC(), Who: v.Who, To: now.Status, Verdict: m.Verdict().Label}, time.Time{}, s.caseJobs(brand, have.ID, s.now().UTC())...)
		if errors.Is(err, puskaradio.ErrTaken) {
			continue
		}
		if err == nil && len(c.Changes) > 0 {
			x.step, x.was, x.who, x.until = &c.Changes[len(c.Changes)-1], now.Status, now.Who, now.Until
		}
		return x, err
	}
	return x, puskaradio.ErrTaken
}

// correct puts a person's verdict beside the scorer's, or takes it back; of the
// open copies too, if that is asked for.
func (s *Server) correct(w http.ResponseWriter, r *http.Request, v *view) error {
	if err := r.ParseForm(); err != nil {
		return errForm
	}
	ctx, label := r.Context(), r.PostForm.Get("label")
	c, err := s.caseOf(r, v)
	if err != nil {
		return err
	}
	all := []puskaradio.Case{c}
	if r.PostForm.Get("copies") != "" {
		x, err := s.ripple(ctx, &c)
		if err != nil {
			return err
		}
		all = append(all, x.Copies...)
	}
	var items []doneTo
	said := "restored"
	for i := range all {
		var verdict *puskaradio.Score
		if label != "undo" {
			score, ok := s.o.Correction(&all[i].Mention, label)
			if !ok {
				return errForm
			}
			score.Aspects = aspectsSaid(r, all[i].Mention.Verdict().Aspects)
			verdict, said = &score, "corrected"
		}
		item, err := s.judge(ctx, v, &all[i], verdict)
		if err != nil {
			return err
		}
		items = append(items, item)
	}
	text := ""
	if len(all) > 1 {
		text = v.T("Your verdict counts from now on, for %s mentions.", v.Num(len(all)))
	}
	http.Redirect(w, r, s.after(v, back("", c.ID, said), text, items), http.StatusSeeOther)
	return nil
}

// aspectsSaid are aspects as a form says them: with another feeling, or left
// out. What it does not speak of stays.
func aspectsSaid(r *http.Request, have []puskaradio.Aspect) []puskaradio.Aspect {
	var out []puskaradio.Aspect
	for _, a := range have {
		switch said := puskaradio.Label(r.PostForm.Get("aspect." + a.Name)); {
		case said == "none":
			continue
		case slices.Contains(labels, said):
			a.Label = said
		}
		out = append(out, a)
	}
	return out
}

// NotUs reports whether the case is closed as one that is about another.
func (m *mentionView) NotUs() bool {
	last := m.Case.Last()
	return m.Case.Status == puskaradio.FalseAlarm && (last.Note == notUs || last.Note == finnish[notUs])
}

// Forbidding is a line of the configuration that keeps texts with some words
// out; empty if there are none to offer.
func (m *mentionView) Forbidding() string {
	if len(m.Words) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("brands:\n  - id: " + m.Brand.ID + "\n    forbid: [")
	for i, w := range append(slices.Clone(m.Brand.Forbid), m.Words...) {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", " ").Replace(w) + `"`)
	}
	return b.String() + "]\n"
}

// tellingWords are words of a mention that stand in none of the newest others
// of its brand, but for false alarms: they may tell it from the brand's own.
func (s *Server) tellingWords(ctx context.Context, c *puskaradio.Case, brand puskaradio.Brand) (words []string, read int, err error) {
	others, _, err := s.o.Store.Mentions(ctx, store.Filter{Brand: c.Mention.Brand, Limit: wordsRead})
	if err != nil {
		return nil, 0, err
	}
	var said strings.Builder
	for _, e := range others {
		if e.ID != c.ID && e.Status != puskaradio.FalseAlarm {
			read++
			said.WriteString(strings.ToLower(e.Mention.Title + "\n" + e.Mention.Text + "\n"))
		}
	}
	said.WriteString(strings.ToLower(strings.Join(brand.Names(), "\n")))
	all := said.String()
	for _, w := range strings.FieldsFunc(c.Mention.Title+" "+c.Mention.Text, func(r rune) bool { return !unicode.IsLetter(r) && r != '-' }) {
		w = strings.Trim(strings.ToLower(w), "-")
		n := len([]rune(w))
		stem := string([]rune(w)[:min(n, max(5, n-3))]) // it is found inflected too
		if n >= 5 && n <= 40 && !slices.Contains(words, w) && !strings.Contains(all, stem) {
			words = append(words, w)
		}
	}
	slices.SortStableFunc(words, func(a, b string) int { return len(b) - len(a) }) // the longest tell most
	return words[:min(wordsMost, len(words))], read, nil
}
