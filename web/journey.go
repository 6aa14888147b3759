package web

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
	"github.com/puskaradio/puskaradio/trend"
)

// journeyMost is how many mentions of a period the journey is counted in.
const journeyMost = 5000

// A span is a period that can be chosen, and the one before it.
type span struct {
	*view
	Periods []int
	Period  int
}

// spanOf is the period that the address chooses.
func (v *view) spanOf() span {
	p := span{view: v, Period: 90}
	for _, d := range periods {
		if v.Query("period") == v.periodID(d) {
			p.Period = d
		}
	}
	p.Periods = periods
	return p
}

// From is when the period begins, Before when the one before it does.
func (p span) From() time.Time   { return p.dateStart(1 - p.Period) }
func (p span) Before() time.Time { return p.dateStart(1 - 2*p.Period) }

// A section is one of the pages of the trends.
type section struct {
	Name, Path string
	Here       bool
}

// Sections are the pages of the trends, each of the same brand and period.
func (p span) Sections() (out []section) {
	for _, x := range []section{
		{p.T("Overview"), "/trends", false}, {p.T("Journey"), "/trends/journey", false}, {p.T("What a buyer sees"), "/trends/ratings", false}, {p.T("Comparison"), "/trends/compare", false},
	} {
		x.Here = x.Path == p.Here
		x.Path += "?" + p.choose("period", p.periodID(p.Period), "brand")
		out = append(out, x)
	}
	return out
}

type journeyView struct {
	span
	Tables           []partTable
	Read, ReadBefore int       // mentions that were counted
	Cut, CutBefore   time.Time // where a period was cut: the oldest that was read; zero if all of it was
}

// A partTable is a table of what was said of the parts of something.
type partTable struct {
	ID, Name string // stage, touchpoint, aspect
	Parts    []trend.Part
}

// The columns that the tables can be sorted by.
var partColumns = map[string]func(a, b trend.Part) int{
	"total":    func(a, b trend.Part) int { return cmp.Compare(b.Total, a.Total) },
	"was":      func(a, b trend.Part) int { return cmp.Compare(b.WasTotal, a.WasTotal) },
	"negative": func(a, b trend.Part) int { return cmp.Compare(b.Negative, a.Negative) },
	"share":    func(a, b trend.Part) int { return cmp.Compare(b.Share(), a.Share()) },
	"change":   func(a, b trend.Part) int { return cmp.Compare(b.Share()-b.Was(), a.Share()-a.Was()) },
}

// verdicts are those of the newest mentions of a stretch; where it is cut, the
// time of the oldest that was read comes too.
func (s *Server) verdicts(ctx context.Context, brand string, from, to time.Time) (out []puskaradio.Score, cut time.Time, err error) {
	f := store.Filter{Brand: brand, From: from, To: to, Limit: csvPage}
	for {
		found, next, err := s.o.Store.Mentions(ctx, f)
		if err != nil {
			return nil, cut, err
		}
		for i := range found {
			if out = append(out, found[i].Mention.Verdict()); len(out) == journeyMost && (i < len(found)-1 || next != "") {
				return out, found[i].Mention.Published, nil
			}
		}
		if f.After = next; next == "" {
			return out, cut, nil
		}
	}
}

// journeyPage shows what was said along a customer's journey.
func (s *Server) journeyPage(w http.ResponseWriter, r *http.Request, v *view) error {
	p := &journeyView{span: v.spanOf()}
	is, cut, err := s.verdicts(r.Context(), v.Brand.ID, p.From(), v.Now.Add(time.Second))
	if err != nil {
		return err
	}
	was, cutBefore, err := s.verdicts(r.Context(), v.Brand.ID, p.Before(), p.From())
	if err != nil {
		return err
	}
	p.Read, p.ReadBefore, p.Cut, p.CutBefore = len(is), len(was), cut, cutBefore
	j := trend.JourneyOf(is, was)
	p.Tables = []partTable{{"stage", v.T("Stages of the journey"), j.Stages}, {"touchpoint", v.T("Touchpoints"), j.Touchpoints}, {"aspect", v.T("Topics"), j.Aspects}}
	if by, ok := partColumns[v.Query("sort")]; ok {
		for _, t := range p.Tables {
			slices.SortStableFunc(t.Parts, func(a, b trend.Part) int {
				if v.Query("order") == "up" {
					return by(b, a)
				}
				return by(a, b)
			})
		}
	}
	if v.wantsCSV() {
		return s.journeyCSV(w, r, p)
	}
	return s.show(w, r, v, "journey", p)
}

func (s *Server) journeyCSV(w http.ResponseWriter, r *http.Request, p *journeyView) error {
	rows := [][]string{{"kind", "name", "mentions", "negative", "mentions before", "negative before", "more than luck"}}
	for _, t := range p.Tables {
		for _, x := range t.Parts {
			rows = append(rows, []string{t.ID, x.Name, strconv.Itoa(x.Total), strconv.Itoa(x.Negative), strconv.Itoa(x.WasTotal), strconv.Itoa(x.WasNegative), strconv.FormatBool(x.Differs())})
		}
	}
	return s.exportCSV(w, r, p.view, "journey", rows)
}

// Sentence says where on the journey the trouble is.
func (p *journeyView) Sentence() string {
	var worst trend.Part
	told := 0
	for _, x := range p.Tables[0].Parts {
		if x.Name == "" {
			continue
		}
		told += x.Total
		if x.Negative > worst.Negative {
			worst = x
		}
	}
	switch {
	case p.Read == 0:
		return p.T("No mentions in this period.")
	case worst.Negative == 0:
		return p.T("%s of %s mentions tell a stage, none of them negative.", p.Num(told), p.Num(p.Read))
	}
	return p.T("%s of %s mentions tell a stage. Most of the negative ones: %s (%s of %s).", p.Num(told), p.Num(p.Read), p.Word("stage "+worst.Name), p.Num(worst.Negative), p.Num(worst.Total))
}

// A heading is one of a table that can be sorted, without a script.
type heading struct{ Name, Path, Sort string }

// Head is the heading of a column, and where it leads to sort by it.
func (p *journeyView) Head(table, column, name string) heading {
	h := heading{Name: name, Path: p.with("/trends/journey", "sort", column)}
	order := "down"
	if p.Query("sort") == column {
		h.Sort = "descending"
		if p.Query("order") == "up" {
			h.Sort = "ascending"
		} else {
			order = "up"
		}
	}
	u, err := url.Parse(h.Path)
	if err != nil {
		return h // as it is
	}
	q := u.Query()
	q.Set("order", order)
	u.RawQuery, u.Fragment = q.Encode(), table
	h.Path = u.String()
	return h
}

// PartName is the name of a part in words.
func (p *journeyView) PartName(table, name string) string {
	switch {
	case name == "":
		return p.T("not told")
	case table == "stage":
		return p.Word("stage " + name)
	}
	return p.Word(name)
}

// AboutPath is the address of the mentions of the period that are about a part,
// which must have a name.
func (p span) AboutPath(table, name string) string {
	return "/mentions?" + url.Values{"brand": {p.Brand.ID}, table: {name}, "from": {p.Day(p.From())}, "to": {p.Day(p.Now)}}.Encode()
}

// Moved says how the negative share stands to that of the period before.
func (p *view) Moved(x trend.Part) string {
	switch {
	case x.Total == 0 || x.WasTotal == 0:
		return p.T("nothing to compare with")
	case !x.Differs():
		return p.T("within normal variation")
	case x.Share() > x.Was():
		return "▲ " + p.T("more negative than luck explains")
	}
	return "▼ " + p.T("less negative than luck explains")
}

// ShareOf is a share in percent, unless it is of so few that it says nothing.
func (p *journeyView) ShareOf(part, whole int) string {
	if whole < 5 {
		return "–"
	}
	return p.Percent(part, whole)
}

// An about is what the mentions of a list must be about, beside the filter of the
// store.
type about struct{ Stage, Touchpoint, Aspect string }

// aboutOf is what the address chooses.
func (v *view) aboutOf() about {
	return about{clipRunes(v.Query("stage"), 40), clipRunes(v.Query("touchpoint"), 40), clipRunes(v.Query("aspect"), 40)}
}

// chosenBeside are what the address chooses of the mentions beside the fields of their
// form.
func (v *view) chosenBeside() (out []chosen) {
	for _, name := range []string{"stage", "touchpoint", "aspect", "from", "to"} {
		value := clipRunes(v.Query(name), 40)
		text := v.Word(value)
		switch {
		case value == "":
			continue
		case name == "stage":
			text = v.Word("stage " + value)
		case name == "from" || name == "to":
			at, err := time.ParseInLocation(time.DateOnly, value, v.zone)
			if err != nil || v.Query("date") != "" {
				continue
			}
			if text = v.T("from %s", v.Date(at)); name == "to" {
				text = v.T("to %s", v.Date(at))
			}
		}
		out = append(out, chosen{name, value, text})
	}
	return out
}

// Any reports whether anything is chosen.
func (a about) Any() bool { return a != about{} }

// is reports whether a mention is about that.
func (a about) is(m *puskaradio.Mention) bool {
	s := m.Verdict()
	return (a.Stage == "" || s.Stage == a.Stage) && (a.Touchpoint == "" || s.Touchpoint == a.Touchpoint) &&
		(a.Aspect == "" || slices.ContainsFunc(s.Aspects, func(x puskaradio.Aspect) bool { return x.Name == a.Aspect }))
}

// aboutPage is how many mentions are read at once for a list of those that are
// about something.
const aboutPage = 100

// sift gathers a page of the mentions that are about something, and the token to
// go on with. It gives up after [journeyMost] others: read is how many it read.
func sift(a about, f store.Filter, list func(store.Filter) ([]store.Entry, string, error)) (out []store.Entry, next string, read int, err error) {
	f.Limit = aboutPage
	for read < journeyMost {
		found, more, err := list(f)
		if err != nil {
			return nil, "", 0, err
		}
		read += len(found)
		for _, e := range found {
			if a.is(&e.Mention) {
				out = append(out, e)
			}
		}
		if next, f.After = more, more; more == "" || len(out) >= pageSize {
			break
		}
	}
	return out, next, read, nil
}
