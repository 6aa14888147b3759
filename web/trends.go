package web

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
	"github.com/puskaradio/puskaradio/trend"
)

// The periods that can be looked at, in days.
var periods = []int{7, 30, 90, 365}

// talked is how many of the newest mentions topics are counted in: more would
// be read for longer than somebody waits for a page.
const talked = 500

type trendsView struct {
	span
	Days    []trend.Day
	Is, Was tally // this period, and the one before
	Chart   chart
	Voices  []voice
	Fair    int // of the days, those that the voices are counted on
	Stars   []starRow
	Topics  []puskaradio.Topic
	Talked  int
	Score   *scoreView
	Service *serviceView
	Stories []storyRow // that were repeated most among them
	Alerts  []puskaradio.Alert
	Events  []event             // on its days, the newest first
	on      map[string][]string // their texts, by date
	Unheard int                 // of its first days, those whose outages are not looked at
}

// A tally is the counts of a period, or of a source in it.
type tally struct {
	Negative, Neutral, Positive int
	Rated                       int
	Rating                      float64
}

func (t *tally) add(neg, neu, pos, rated int, rating float64) {
	t.Negative, t.Neutral, t.Positive = t.Negative+neg, t.Neutral+neu, t.Positive+pos
	t.Rated, t.Rating = t.Rated+rated, t.Rating+rating
}

func (t tally) Total() int   { return t.Negative + t.Neutral + t.Positive }
func (t tally) Net() float64 { return trend.NetSentiment(t.Negative, t.Neutral, t.Positive) }

// Mean is the mean of the ratings, as stars from 1 to 5.
func (t tally) Mean() float64 {
	if t.Rated == 0 {
		return 0
	}
	return 1 + 4*t.Rating/float64(t.Rated)
}

type voice struct {
	puskaradio.Voice
	Name string
}

type starRow struct {
	Source string
	tally
}

// Sentence says what there is to see.
func (p *trendsView) Sentence() string {
	n, m := p.Is.Total(), p.Was.Total()
	switch {
	case n == 0:
		return p.T("No mentions in this period.")
	case n < 30 || m < 30:
		return p.T("%s mentions, %s negative. There are too few to compare with the period before (%s).", p.Num(n), p.Num(p.Is.Negative), p.Num(m))
	}
	s := p.T("The negative share went from %s to %s against the period before", p.Percent(p.Was.Negative, m), p.Percent(p.Is.Negative, n))
	if trend.Differ(p.Is.Negative, n, p.Was.Negative, m) {
		return s + p.T(": more than luck explains.")
	}
	return s + p.T(": the change is within normal variation.")
}

func (s *Server) trendsPage(w http.ResponseWriter, r *http.Request, v *view) error {
	p := &trendsView{span: v.spanOf()}
	ctx := r.Context()
	from, before := p.From(), p.Before()
	whole, err := s.yearOf(ctx, v, p.Period)
	if err != nil {
		return err
	}
	all := whole
	for len(all) > 0 && all[0].At.Before(before) {
		all = all[1:]
	}
	split := max(0, len(all)-p.Period)
	p.Days = all[split:]
	for i, d := range all {
		t := &p.Is
		if i < split {
			t = &p.Was
		}
		t.add(d.Negative, d.Neutral, d.Positive, d.Rated, d.Rating)
	}
	if err := s.happened(ctx, p, from); err != nil {
		return err
	}
	if v.wantsCSV() {
		return s.trendsCSV(w, r, p)
	}
	p.Chart = stacked(v.tongue, p.Days)
	p.Chart.mark(v.tongue, p.Days, p.Events)
	if p.Score, err = s.score(ctx, v, whole, p.Period); err != nil {
		return err
	}
	if p.Service, err = s.service(ctx, v, from); err != nil {
		return err
	}
	if err := s.stars(ctx, p, from); err != nil {
		return err
	}
	if err := s.voices(ctx, p, from); err != nil {
		return err
	}
	if err := s.talk(ctx, p, from); err != nil {
		return err
	}
	return s.show(w, r, v, "trends", p)
}

// happened gathers what the chart shows beside the counts.
func (s *Server) happened(ctx context.Context, p *trendsView, from time.Time) (err error) {
	if p.Alerts, err = s.o.Store.Alerts(ctx, p.Brand.ID, from, p.Now.Add(time.Second)); err != nil {
		return err
	}
	slices.Reverse(p.Alerts) // the newest first
	notes, err := s.annotations(ctx, p.view, from, p.dateStart(annotateAhead))
	if err != nil {
		return err
	}
	sources, err := s.allSources(ctx)
	if err != nil {
		return err
	}
	own := sourcesOf(sources, p.Brand.ID)
	heard, skip, err := s.hearings(ctx, p.view, p.Days, len(sources))
	p.Unheard = skip
	p.addEvents(notes, outages(heard, own))
	return err
}

// yearOf are the last so many days of the brand, and before them a year: what
// the score of the first day counts.
func (s *Server) yearOf(ctx context.Context, v *view, days int) ([]trend.Day, error) {
	from := v.dateStart(1 - scoreDays - days)
	counts, err := s.o.Store.Series(ctx, v.Brand.ID, from, v.Now, store.Day)
	return trend.Days(counts, from, v.Now, v.zone), err
}

// dateStart is when the date begins that is so many days after today's.
func (v *view) dateStart(days int) time.Time {
	y, m, d := v.Now.In(v.zone).Date()
	return time.Date(y, m, d+days, 0, 0, 0, 0, v.zone)
}

// Newest are the days for the table, the newest first.
func (p *trendsView) Newest() []trend.Day {
	days := slices.Clone(p.Days)
	slices.Reverse(days)
	return days
}

func (v *view) periodID(days int) string { return v.Float(float64(days), 0) + "d" }

// PeriodPath is the address of another period.
func (v *view) PeriodPath(days int) string { return v.With("period", v.periodID(days)) }

// stars are the ratings of each source that gives any.
func (s *Server) stars(ctx context.Context, p *trendsView, from time.Time) error {
	counts, err := s.o.Store.SeriesBySource(ctx, p.Brand.ID, from, p.Now, store.Day)
	if err != nil {
		return err
	}
	by := map[string]*tally{}
	for _, c := range counts {
		if by[c.Source] == nil {
			by[c.Source] = new(tally)
		}
		by[c.Source].add(c.Negative, c.Neutral, c.Positive, c.Rated, c.Rating)
	}
	for source, t := range by {
		p.Stars = append(p.Stars, starRow{source, *t})
	}
	slices.SortFunc(p.Stars, func(a, b starRow) int { return b.Total() - a.Total() })
	return nil
}

// voices are the shares of voice of the brand and its rivals, on the days that
// all of them were heard equally on.
func (s *Server) voices(ctx context.Context, p *trendsView, from time.Time) error {
	if len(p.Brand.Rivals) == 0 {
		return nil
	}
	sources, err := s.allSources(ctx)
	if err != nil {
		return err
	}
	heard, _, err := s.hearings(ctx, p.view, p.Days, len(sources))
	if err != nil {
		return err
	}
	ids := append([]string{p.Brand.ID}, p.Brand.Rivals...)
	var readFrom [][]string
	for _, id := range ids {
		readFrom = append(readFrom, sourcesOf(sources, id))
	}
	fair := map[string]bool{}
	for _, d := range p.Days {
		if heard.Fair(date(d), readFrom...) {
			fair[date(d)] = true
		}
	}
	if p.Fair = len(fair); p.Fair == 0 {
		return nil
	}
	totals := map[string]int{}
	for _, id := range ids {
		days := p.Days // the brand's own are read
		if id != p.Brand.ID {
			if days, err = s.daysOf(ctx, p.view, id, from); err != nil {
				return err
			}
		}
		totals[id] = 0
		for _, d := range days {
			if fair[date(d)] {
				totals[id] += d.Negative + d.Neutral + d.Positive
			}
		}
	}
	plan := s.o.Plan() // a rival may be none that the person sees
	for _, x := range trend.ShareOfVoice(totals) {
		b, _ := plan.Brand(x.Brand)
		p.Voices = append(p.Voices, voice{x, b.Name})
	}
	return nil
}

// talk is what the newest mentions of the period are about.
func (s *Server) talk(ctx context.Context, p *trendsView, from time.Time) error {
	found, _, err := s.o.Store.Mentions(ctx, store.Filter{Brand: p.Brand.ID, From: from, Limit: talked})
	if err != nil {
		return err
	}
	var said []trend.Said
	for _, e := range found {
		said = append(said, trend.Said{Quote: puskaradio.QuoteOf(e.ID, &e.Mention), Aspects: e.Mention.Verdict().Aspects})
	}
	p.Topics, p.Talked = trend.Topics(said, 10), len(found)
	p.Stories, err = s.storiesIn(ctx, p.view, found)
	return err
}
