package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/puskaradio/puskaradio"
)

type weekView struct {
	*view
	Digest     puskaradio.Digest
	From, To   time.Time // its Monday and its Sunday, at noon
	Prev, Next string    // weeks; Next is empty on the last
	Going      bool      // it is not over
	Need, Good []quoteView
	Stories    []quoteView
}

// WeekOf is the week that a time is in, as it stands in addresses.
func (v *view) WeekOf(at time.Time) string { return puskaradio.WeekID(at.In(v.zone)) }

// Median is what half of the answers took at most.
func (p *weekView) Median() time.Duration { return seconds(p.Digest.Week.Replies.Median) }

// P90 is what nine of ten answers took at most.
func (p *weekView) P90() time.Duration { return seconds(p.Digest.Week.Replies.P90) }

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// Sentence says the week in one.
func (p *weekView) Sentence() string {
	d := &p.Digest
	if d.Total == 0 {
		return p.T("No mentions in this period.")
	}
	neg := p.T("%s negative", p.Num(d.Negative))
	if d.Total >= 30 {
		neg += " (" + p.Percent(d.Negative, d.Total) + ")"
	}
	s := p.T("%s mentions, %s.", p.Num(d.Total), neg)
	if d.Usual > 0 {
		s += " " + p.T("The weeks before it had %s on average, of which %s negative.", p.Float(d.Usual, 0), p.Float(d.UsualNeg, 0))
	}
	return s
}

// digestOf is a digest as it was sent, else as gather makes it now.
func (s *Server) digestOf(ctx context.Context, b puskaradio.Brand, date string, on, now time.Time) (d puskaradio.Digest, sent bool, err error) {
	d, err = s.o.Store.Digest(ctx, b.ID, date)
	if !errors.Is(err, puskaradio.ErrNotFound) {
		return d, err == nil, err
	}
	gather := s.o.Digest
	if date == puskaradio.WeekID(on) {
		gather = s.o.Week
	}
	d, err = gather(ctx, b, on, now)
	return d, false, err
}

// weekPage shows the digest of a week, of which monday is the first day.
func (s *Server) weekPage(w http.ResponseWriter, r *http.Request, v *view, monday time.Time) error {
	if monday.Add(-12*time.Hour).After(v.Now) || monday.Year() < 1990 {
		return puskaradio.ErrNotFound
	}
	p := &weekView{view: v, From: monday, To: monday.AddDate(0, 0, 6), Prev: v.WeekOf(monday.AddDate(0, 0, -7))}
	if next := monday.AddDate(0, 0, 7); !next.Add(-12 * time.Hour).After(v.Now) {
		p.Next = v.WeekOf(next)
	} else {
		p.Going = true
	}
	var err error
	if p.Digest, _, err = s.digestOf(r.Context(), v.Brand, v.WeekOf(monday), monday, v.Now); err != nil {
		return err
	}
	if p.Digest.Week == nil { // it was made of no days
		p.Digest.Week = new(puskaradio.Week)
	}
	p.Need, p.Good, p.Stories = v.quotes(p.Digest.Need), v.quotes(p.Digest.Good), v.quotes(p.Digest.Week.Stories)
	return s.show(w, r, v, "week", p)
}
