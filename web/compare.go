package web

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
	"github.com/puskaradio/puskaradio/trend"
)

type compareView struct {
	span
	Is, Was tally // of the days that were covered alike in both periods
	Pairs   int   // of them
	Unheard int   // of the first days of both periods, those that are not looked at
	Rivals  []rivalRow
	Gaps    []trend.Gap
	Street  tally     // what was said unasked
	Read    int       // mentions that the surveys were looked for among
	Cut     time.Time // the oldest of these, if there are more
}

// A rivalRow is the brand beside a rival, on the days that both were heard on
// equally.
type rivalRow struct {
	ID, Name    string
	Days        int // of the period
	Own, Theirs tally
	OwnFrom     int // sources
	TheirsFrom  int
}

// Part is a comparison of negative shares as a part of something has it.
func partOf(a, b tally) trend.Part {
	return trend.Part{Total: a.Total(), Negative: a.Negative, WasTotal: b.Total(), WasNegative: b.Negative}
}

// Change is the brand against the period before, Against it against the rival.
func (p *compareView) Change() trend.Part        { return partOf(p.Is, p.Was) }
func (x rivalRow) Against() trend.Part           { return partOf(x.Own, x.Theirs) }
func (p *compareView) IsRow() compareRow         { return compareRow{p.T("This period"), p.Is} }
func (p *compareView) WasRow() compareRow        { return compareRow{p.T("The period before"), p.Was} }
func (p *compareView) Own(x rivalRow) compareRow { return compareRow{p.Brand.Name, x.Own} }

// A compareRow is a tally with its name.
type compareRow struct {
	Name string
	tally
}

// Row is a rival as a row.
func (x rivalRow) Row() compareRow { return compareRow{x.Name, x.Theirs} }

// A comparison is two rows beside each other.
type comparison struct {
	*view
	Name string
	Rows []compareRow
}

// Pair puts two rows beside each other.
func (p *compareView) Pair(a, b compareRow) comparison {
	return comparison{p.view, a.Name + " – " + b.Name, []compareRow{a, b}}
}

// comparePage compares a period with the one before it, the brand with its
// rivals, and what surveys say with what is said unasked.
func (s *Server) comparePage(w http.ResponseWriter, r *http.Request, v *view) error {
	p := &compareView{span: v.spanOf()}
	ctx := r.Context()
	sources, err := s.allSources(ctx)
	if err != nil {
		return err
	}
	all, err := s.daysOf(ctx, v, v.Brand.ID, p.Before())
	if err != nil {
		return err
	}
	heard, skip, err := s.hearings(ctx, v, all, len(sources))
	if err != nil {
		return err
	}
	p.Unheard = skip
	own := sourcesOf(sources, v.Brand.ID)
	split := len(all) - p.Period
	for i := max(0, split); i < len(all); i++ {
		is, was := all[i], all[max(0, i-p.Period)]
		if i-p.Period >= 0 && heard.Alike(date(is), date(was), own) {
			p.Pairs++
			p.Is.addDay(is)
			p.Was.addDay(was)
		}
	}
	for _, id := range v.Brand.Rivals {
		x, err := s.against(ctx, p, id, all[max(0, split):], heard, sources)
		if err != nil {
			return err
		}
		p.Rivals = append(p.Rivals, x)
	}
	if err := s.surveys(ctx, p); err != nil {
		return err
	}
	if v.wantsCSV() {
		return s.compareCSV(w, r, p)
	}
	return s.show(w, r, v, "compare", p)
}

// Heard is how many of the last days are looked at, of both periods together.
func (p *compareView) Heard() int { return 2*p.Period - p.Unheard }

func date(d trend.Day) string { return d.At.Format(time.DateOnly) }

func (t *tally) addDay(d trend.Day) { t.add(d.Negative, d.Neutral, d.Positive, d.Rated, d.Rating) }

// daysOf are the days of a brand from a time on.
func (s *Server) daysOf(ctx context.Context, v *view, brand string, from time.Time) ([]trend.Day, error) {
	counts, err := s.o.Store.Series(ctx, brand, from, v.Now, store.Day)
	return trend.Days(counts, from, v.Now, v.zone), err
}

// against is the brand beside a rival.
func (s *Server) against(ctx context.Context, p *compareView, rival string, own []trend.Day, heard trend.Hearings, sources []Source) (rivalRow, error) {
	plan := s.o.Plan() // a rival may be none that the person sees
	named, _ := plan.Brand(rival)
	x := rivalRow{ID: rival, Name: named.Name}
	theirs, err := s.daysOf(ctx, p.view, rival, p.From())
	if err != nil {
		return x, err
	}
	a, b := sourcesOf(sources, p.Brand.ID), sourcesOf(sources, rival)
	x.OwnFrom, x.TheirsFrom = len(a), len(b)
	for i := range min(len(own), len(theirs)) {
		if heard.Fair(date(own[i]), a, b) {
			x.Days++
			x.Own.addDay(own[i])
			x.Theirs.addDay(theirs[i])
		}
	}
	return x, nil
}

// surveys finds the answers to surveys among the newest mentions of the period,
// and what the others say.
func (s *Server) surveys(ctx context.Context, p *compareView) error {
	answers := map[string][]float64{}
	f := store.Filter{Brand: p.Brand.ID, From: p.From(), Limit: csvPage}
	for p.Read < journeyMost {
		found, next, err := s.o.Store.Mentions(ctx, f)
		if err != nil {
			return err
		}
		p.Read += len(found)
		for i := range found {
			m := &found[i].Mention
			switch {
			case m.State != puskaradio.Live:
			case m.Genre == puskaradio.Survey:
				if kind := s.o.SurveyOf(m.Rating); kind != "" {
					answers[kind] = append(answers[kind], m.Rating.Value)
				}
			default:
				p.Street.say(trend.HeardOf(m).Label)
			}
		}
		if f.After = next; next == "" {
			break
		}
		if p.Read >= journeyMost {
			p.Cut = found[len(found)-1].Mention.Published
		}
	}
	p.Gaps = trend.Gaps(answers, p.Street.Negative, p.Street.Neutral, p.Street.Positive)
	return nil
}

// say counts a mention.
func (t *tally) say(l puskaradio.Label) {
	switch l {
	case puskaradio.Negative:
		t.Negative++
	case puskaradio.Positive:
		t.Positive++
	default:
		t.Neutral++
	}
}

// Figure writes an estimate of a survey with its interval and how many it is of.
func (p *compareView) Figure(survey string, e trend.Estimate) string {
	digits, unit := 0, ""
	switch survey {
	case "csat":
		unit = " %"
	case "ces":
		digits, unit = 1, "/7"
	}
	return p.T("%s (%s … %s, n = %s)", p.Float(e.Value, digits)+unit, p.Float(e.Low, digits), p.Float(e.High, digits), p.Num(e.N))
}

// Verdict says what there is between a survey and the street.
func (p *compareView) Verdict(g trend.Gap) string {
	points := p.Float(max(g.Points(), -g.Points()), 0)
	switch {
	case g.Unasked.N == 0:
		return p.T("Nothing that is said unasked compares with it.")
	case !g.Sure():
		return p.T("They agree, as far as can be told from so many.")
	case g.Points() > 0:
		return p.T("The street is %s points worse than the survey: more than luck explains. Who is angry writes, and does not answer, or is not asked.", points)
	}
	return p.T("The street is %s points better than the survey: more than luck explains.", points)
}

func (s *Server) compareCSV(w http.ResponseWriter, r *http.Request, p *compareView) error {
	rows := [][]string{{"what", "days", "negative", "neutral", "positive", "rated", "mean stars"}}
	add := func(what string, days int, t tally) {
		rows = append(rows, []string{what, strconv.Itoa(days), strconv.Itoa(t.Negative), strconv.Itoa(t.Neutral), strconv.Itoa(t.Positive), strconv.Itoa(t.Rated), csvMean(t.Rated, t.Mean())})
	}
	add("period", p.Pairs, p.Is)
	add("before", p.Pairs, p.Was)
	for _, x := range p.Rivals {
		add(p.Brand.ID+" beside "+x.ID, x.Days, x.Own)
		add(x.ID, x.Days, x.Theirs)
	}
	return s.exportCSV(w, r, p.view, "comparison", rows)
}
