package web

import (
	"context"
	"errors"
	"math"
	"net/http"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
	"github.com/puskaradio/puskaradio/trend"
)

type digestView struct {
	*view
	Digest       puskaradio.Digest
	At           time.Time // its day, at noon
	Prev, Next   string    // dates; Next is empty on the last day
	Today        bool      // it is not over
	Spark        chart
	Total, Score chart // mentions and reputation of the same days
	Recent       []trend.Day
	Scores       []scoreDay // of these
	Moves        trend.Part // its negative share beside that of these before it
	Need, Good   []quoteView
	Alerts       []puskaradio.Alert
}

type quoteView struct {
	*view
	Quote      puskaradio.Quote
	Link, Host string
	Clock      *clock
}

func (v *view) quotes(qs []puskaradio.Quote) (out []quoteView) {
	for _, q := range qs {
		x := quoteView{view: v, Quote: q}
		x.Link, x.Host = webLink(q.URL)
		out = append(out, x)
	}
	return out
}

// Few reports whether there are too few mentions for a share to say much.
func (d *digestView) Few() bool { return d.Digest.Total < 30 }

// Change says how a number stands to its usual.
func (v *view) Change(n int, usual float64) string {
	d := n - int(math.Round(usual)) // as the numbers beside it are rounded
	switch {
	case usual == 0:
		return v.T("nothing to compare with yet")
	case d > 0:
		return "▲ " + v.T("%s more than usual", v.Num(d))
	case d < 0:
		return "▼ " + v.T("%s fewer than usual", v.Num(-d))
	}
	return v.T("as usual")
}

// Sentence says the day in one.
func (d *digestView) Sentence() string {
	if d.Digest.Total == 0 {
		return d.T("No mentions on this day.")
	}
	neg := d.T("%s negative", d.Num(d.Digest.Negative))
	if !d.Few() {
		neg += " (" + d.Percent(d.Digest.Negative, d.Digest.Total) + ")"
	}
	s := d.T("%s mentions, %s.", d.Num(d.Digest.Total), neg)
	if d.Digest.Total == 1 {
		s = d.T("One mention, %s.", neg)
	}
	if d.Digest.Usual > 0 {
		s += " " + d.T("A usual such weekday has %s, of which %s negative.", d.Float(d.Digest.Usual, 0), d.Float(d.Digest.UsualNeg, 0))
	}
	if len(d.Digest.Topics) > 0 {
		s += " " + d.T("Mostly: %s.", d.Word(d.Digest.Topics[0].Name))
	}
	return s
}

// digestPage shows the digest of a day as it was sent, else what there is of
// it now. Without a date it is yesterday.
func (s *Server) digestPage(w http.ResponseWriter, r *http.Request, v *view) error {
	now := v.Now.In(v.zone)
	noon := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 12, 0, 0, 0, v.zone) }
	at := noon(now.AddDate(0, 0, -1))
	if monday, ok := puskaradio.Monday(r.PathValue("date"), v.zone); ok {
		return s.weekPage(w, r, v, monday)
	}
	if date := r.PathValue("date"); date != "" {
		day, err := time.ParseInLocation(time.DateOnly, date, v.zone)
		if err != nil || day.After(now) || day.Year() < 1990 {
			return puskaradio.ErrNotFound
		}
		at = noon(day)
	}
	p := &digestView{view: v, At: at, Today: v.Day(at) == v.Day(now), Prev: v.Day(at.AddDate(0, 0, -1))}
	if !p.Today {
		p.Next = v.Day(at.AddDate(0, 0, 1))
	}
	var sent bool
	var err error
	if p.Digest, sent, err = s.digestOf(r.Context(), v.Brand, v.Day(at), at, v.Now); err != nil {
		return err
	}
	p.Need, p.Good = v.quotes(p.Digest.Need), v.quotes(p.Digest.Good)
	for i := range p.Need {
		c, err := s.o.Store.Case(r.Context(), v.Brand.ID, p.Need[i].Quote.ID)
		if err == nil {
			k := clockOf(&c, &v.Plan.Reply, v.Now)
			p.Need[i].Clock = &k
		} else if !errors.Is(err, puskaradio.ErrNotFound) { // it may have been forgotten
			return err
		}
	}
	y, m, d := at.Date()
	p.Alerts, err = s.o.Store.Alerts(r.Context(), v.Brand.ID, time.Date(y, m, d, 0, 0, 0, 0, v.zone), time.Date(y, m, d+1, 0, 0, 0, 0, v.zone))
	if err != nil {
		return err
	}
	p.Spark = points(v.tongue, p.Digest.Days, 60)
	if err := s.sparks(r.Context(), p, sent); err != nil {
		return err
	}
	return s.show(w, r, v, "digest", p)
}

// Week says what became of the reputation in a week; empty if that cannot be
// said.
func (p *digestView) Week() string {
	is, was := p.Digest.Reputation, p.Digest.Before
	if is == nil || was == nil || is.Method != was.Method {
		return ""
	}
	return p.T("%s in a week", p.Signed(math.Round(is.Value)-math.Round(was.Value)))
}

// sparkDays are the days of the small charts of a digest.
const sparkDays = 14

// sparks draws the mentions and the reputation of the days up to that of a
// digest, and puts its negative share beside theirs. What was sent stands as it
// was sent, in the charts as in the tiles.
func (s *Server) sparks(ctx context.Context, p *digestView, sent bool) error {
	y, m, d := p.At.Date()
	from, to := time.Date(y, m, d-scoreDays-sparkDays, 0, 0, 0, 0, p.zone), time.Date(y, m, d+1, 0, 0, 0, 0, p.zone)
	counts, err := s.o.Store.Series(ctx, p.Brand.ID, from, to, store.Day)
	if err != nil {
		return err
	}
	days := trend.Days(counts, from, p.At, p.zone)
	p.Recent = days[len(days)-sparkDays:]
	if p.Scores, err = s.scoresOf(ctx, p.Brand.ID, days, trend.Reputations(days, sparkDays)); err != nil {
		return err
	}
	if last := &p.Recent[sparkDays-1]; sent {
		last.Negative, last.Neutral, last.Positive = p.Digest.Negative, p.Digest.Neutral, p.Digest.Positive
	}
	if r := p.Digest.Reputation; r != nil {
		p.Scores[sparkDays-1].Reputation = *r
	}
	p.Moves.Total, p.Moves.Negative = p.Digest.Total, p.Digest.Negative
	var all, scores []puskaradio.Point
	for i, day := range p.Recent {
		all = append(all, puskaradio.Point{At: day.At, Value: float64(day.Total())})
		scores = append(scores, puskaradio.Point{At: day.At, Value: p.Scores[i].Value})
		if i < sparkDays-1 {
			p.Moves.WasTotal, p.Moves.WasNegative = p.Moves.WasTotal+day.Total(), p.Moves.WasNegative+day.Negative
		}
	}
	title := func(x puskaradio.Point) string { return p.Date(x.At) + ": " + p.Float(x.Value, 0) }
	p.Total, p.Score = spark(all, 60, "neutral", title), spark(scores, 60, "positive", title)
	return nil
}

// DayTotal and DayScore are the numbers of the small charts.
func (p *digestView) DayTotal(i int) string { return p.Num(p.Recent[i].Total()) }
func (p *digestView) DayScore(i int) string { return p.Float(p.Scores[i].Value, 0) }

// Heard reports whether anything was said on the days of the small charts.
func (p *digestView) Heard() bool { return p.Moves.WasTotal+p.Recent[len(p.Recent)-1].Total() > 0 }
