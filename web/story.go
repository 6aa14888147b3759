package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
	"github.com/puskaradio/puskaradio/trend"
)

const (
	storyLong = 14 * 24 * time.Hour // after its beginning a story is followed for so long
	storyRead = 10_000              // mentions that are read to find its tellings
	storyList = 20                  // tellings that are shown
)

type storyView struct {
	*view
	First  quoteView
	Spread trend.Spread
	Answer time.Time // when it was first answered; zero is not yet
	Told   []quoteView
	Part   bool // there was more than was read
	Chart  chart
}

// storyPage shows how a story went round: who told it first, where it went,
// how fast, and what became of it after an answer.
func (s *Server) storyPage(w http.ResponseWriter, r *http.Request, v *view) error {
	ctx := r.Context()
	c, err := s.caseOf(r, v)
	if err != nil {
		return err
	}
	if first := c.Mention.Story; first != "" && first != c.ID { // a copy leads to its story
		http.Redirect(w, r, "/s/"+string(first), http.StatusSeeOther)
		return nil
	}
	p := &storyView{view: v, Answer: c.FirstReply()}
	told := []trend.Telling{s.tellingOf(&c.Mention)}
	quotes := []puskaradio.Quote{}
	p.Part, err = s.tellings(ctx, &c, func(e *store.Entry) error {
		told, quotes = append(told, s.tellingOf(&e.Mention)), append(quotes, puskaradio.QuoteOf(e.ID, &e.Mention))
		at, err := s.answeredAt(ctx, e)
		if !at.IsZero() && (p.Answer.IsZero() || at.Before(p.Answer)) {
			p.Answer = at
		}
		return err
	})
	if err != nil {
		return err
	}
	p.Spread = trend.NewSpread(told, p.Answer, v.Now)
	p.Chart = points(v.tongue, p.Spread.Hours, 60)
	first := puskaradio.QuoteOf(c.ID, &c.Mention)
	p.First = v.quotes([]puskaradio.Quote{first})[0]
	p.Told = v.quotes(quotes[:min(storyList, len(quotes))])
	return s.show(w, r, v, "story", p)
}

// tellingOf counts authors, and knows one by name and by pseudonym.
func (s *Server) tellingOf(m *puskaradio.Mention) trend.Telling {
	return trend.Telling{At: m.Published, Source: m.Source, Author: s.o.Store.Pseudonyms().Author(m.Source, m.Author)}
}

// tellings calls found with each mention that repeats a story, the newest
// first, and reports whether there was more to read than is read for a page.
func (s *Server) tellings(ctx context.Context, c *puskaradio.Case, found func(*store.Entry) error) (part bool, err error) {
	from := c.Mention.Published
	f := store.Filter{Brand: c.Mention.Brand, From: from, To: from.Add(storyLong), Limit: 500}
	for read := 0; read < storyRead; read += f.Limit {
		page, next, err := s.o.Store.Mentions(ctx, f)
		if err != nil {
			return false, err
		}
		for i := range page {
			if page[i].Mention.Story == c.ID && page[i].ID != c.ID {
				if err := found(&page[i]); err != nil {
					return false, err
				}
			}
		}
		if f.After = next; next == "" {
			return false, nil
		}
	}
	return true, nil
}

// answeredAt is when a telling was answered; zero if it was not.
func (s *Server) answeredAt(ctx context.Context, e *store.Entry) (time.Time, error) {
	if o := e.Mention.Owner; o != nil && e.Status != puskaradio.Answered {
		return o.At, nil
	}
	if e.Status != puskaradio.Answered && e.Status != puskaradio.Done {
		return time.Time{}, nil
	}
	c, err := s.o.Store.Case(ctx, e.Mention.Brand, e.ID)
	return c.FirstReply(), err
}

// Sentence says what there is to see.
func (p *storyView) Sentence() string {
	x := &p.Spread
	if x.Tellings == 1 {
		return p.T("Nobody has repeated it.")
	}
	return p.T("%s have told it in %s, at %s sources; %s an hour lately, %s in the hour that had most.",
		p.Num(x.Tellings), p.Span(x.To.Sub(x.From)), p.Num(len(x.Sources)), p.Float(x.PerHour, 1), p.Num(int(x.Peak)))
}

// Turn says what became of it after an answer.
func (p *storyView) Turn() string {
	x := &p.Spread
	switch x.Turn {
	case trend.Slowed:
		return p.T("It has slowed since the answer: %s tellings in %s after it, %s in as long before. Luck alone does that less than once in twenty times; the answer need not be why.", p.Num(x.After), p.Span(x.Span), p.Num(x.Before))
	case trend.GoesOn:
		return p.T("It goes on after the answer: %s tellings in %s after it, %s in as long before.", p.Num(x.After), p.Span(x.Span), p.Num(x.Before))
	case trend.TooEarly:
		return p.T("It is too early to say what the answer did: %s tellings in %s after it, %s in as long before.", p.Num(x.After), p.Span(x.Span), p.Num(x.Before))
	}
	return p.T("Nobody of us has answered it yet.")
}

// A storyRow is a story in a list.
type storyRow struct {
	puskaradio.Quote
	Head string
}

// storiesIn are the stories that mentions repeat most, at most five.
func (s *Server) storiesIn(ctx context.Context, v *view, found []store.Entry) (out []storyRow, err error) {
	copies := map[puskaradio.ID]int{}
	for i := range found {
		if id := found[i].Mention.Story; id != "" {
			copies[id]++
		}
	}
	for id, n := range copies {
		out = append(out, storyRow{Quote: puskaradio.Quote{ID: id, Copies: n}})
	}
	slices.SortFunc(out, func(a, b storyRow) int {
		return cmp.Or(cmp.Compare(b.Copies, a.Copies), cmp.Compare(b.ID, a.ID))
	})
	out = out[:min(5, len(out))]
	for i := range out {
		e, err := s.o.Store.Mention(ctx, v.Brand.ID, out[i].ID)
		if err != nil {
			continue // forgotten meanwhile: its copies tell of it
		}
		n := out[i].Copies
		out[i].Quote = puskaradio.QuoteOf(e.ID, &e.Mention)
		out[i].Quote.Copies = n
		out[i].Head = caseView{view: v, Case: puskaradio.Case{Mention: e.Mention}}.Head()
	}
	return slices.DeleteFunc(out, func(r storyRow) bool { return r.Head == "" }), nil
}
