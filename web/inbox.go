package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

const pageSize = 20

// A saved view of the inbox is an address.
type savedView struct {
	ID, Name string
	Statuses []puskaradio.Status
	Mine     bool
	Second   bool // only where an answer waits for a second person
}

// keeps reports whether a case that has one of its statuses is in a view.
func (x *savedView) keeps(c *puskaradio.Case, who string) bool {
	return (!x.Mine || c.Who == who) && (!x.Second || c.Waits() != nil)
}

var savedViews = []savedView{
	{"needs", "Needs reply", []puskaradio.Status{puskaradio.New, puskaradio.Claimed}, false, false},
	{"mine", "Mine", []puskaradio.Status{puskaradio.Claimed}, true, false},
	{"second", "Waiting for a second person", []puskaradio.Status{puskaradio.Claimed}, false, true},
	{"unassigned", "Unassigned", []puskaradio.Status{puskaradio.New}, false, false},
	{"snoozed", "Snoozed", []puskaradio.Status{puskaradio.Snoozed}, false, false},
	{"answered", "Answered", []puskaradio.Status{puskaradio.Answered}, false, false},
	{"done", "Done", []puskaradio.Status{puskaradio.Done}, false, false},
	{"false_alarm", "False alarms", []puskaradio.Status{puskaradio.FalseAlarm}, false, false},
}

// savedViews are those that there is a use for.
func (v *view) savedViews() []savedView {
	if len(v.Plan.Second) > 0 {
		return savedViews
	}
	return slices.DeleteFunc(slices.Clone(savedViews), func(x savedView) bool { return x.Second })
}

type inboxView struct {
	*view
	Views   []savedView
	Current savedView
	Sources []Source
	Cases   []caseView
	Next    string // the address of the next page; empty on the last
	Back    string // the address of this page
}

// A caseView is a case as a list shows it.
type caseView struct {
	*view
	Case  puskaradio.Case
	Clock clock
	Back  string
}

func (c caseView) Label() puskaradio.Label {
	v := c.Case.Mention.Verdict()
	if v.Alarming() {
		return puskaradio.Negative
	}
	return v.Label
}

// Head is the title of a mention, or how its text begins.
func (c caseView) Head() string {
	m := &c.Case.Mention
	text := strings.Join(strings.Fields(cmp.Or(m.Title, m.Text)), " ")
	if r := []rune(text); len(r) > headRunes {
		text = string(r[:headRunes]) + "…"
	}
	return cmp.Or(text, c.T("no title"))
}

// Body reports whether the text says more than Head does.
func (c caseView) Body() bool {
	m := &c.Case.Mention
	return m.Title != "" && m.Text != "" || len([]rune(m.Text)) > headRunes
}

const headRunes = 80

// WordsOf are the words that told how it feels.
func (c caseView) WordsOf() string { return strings.Join(c.Case.Mention.Verdict().Words, ", ") }

func (s *Server) inboxPage(w http.ResponseWriter, r *http.Request, v *view) error {
	p := &inboxView{view: v, Views: v.savedViews(), Current: v.savedView()}
	var err error
	if p.Sources, err = s.allSources(r.Context()); err != nil {
		return err
	}
	f := v.filter()
	f.Statuses = p.Current.Statuses
	p.Back = v.with("/inbox", "view", p.Current.ID)
	keep := func(c *puskaradio.Case) bool { return p.Current.keeps(c, v.Who) }
	if v.wantsCSV() {
		return s.casesCSV(w, r, v, f, keep)
	}
	cases, next, err := s.inbox(r.Context(), f, keep)
	if err != nil {
		return err
	}
	for _, c := range cases {
		p.Cases = append(p.Cases, caseView{v, c, clockOf(&c, &v.Plan.Reply, v.Now), p.Back})
	}
	if next != "" {
		p.Next = v.With("after", next)
	}
	return s.show(w, r, v, "inbox", p)
}

// inbox gathers a page of the cases that keep keeps. It gives up after a
// number of pages of others, with the token to go on with.
func (s *Server) inbox(ctx context.Context, f store.Filter, keep func(*puskaradio.Case) bool) (out []puskaradio.Case, next string, err error) {
	for range 10 {
		cases, more, err := s.o.Store.Inbox(ctx, f)
		if err != nil {
			return nil, "", err
		}
		for i := range cases {
			if !keep(&cases[i]) {
				continue
			}
			if out = append(out, cases[i]); len(out) == pageSize && (i < len(cases)-1 || more != "") {
				return out, string(cases[i].ID), nil
			}
		}
		if next, f.After = more, more; more == "" {
			break
		}
	}
	return out, next, nil
}

// filter is what the address chooses.
func (v *view) filter() store.Filter {
	f := store.Filter{Limit: pageSize, After: v.Query("after")}
	if _, _, err := puskaradio.ID(f.After).Parts(); err != nil {
		f.After = ""
	}
	if b, ok := v.Plan.Brand(v.Query("brand")); ok {
		f.Brand = b.ID
	}
	if f.Brand == "" && len(v.scoped) > 0 { // all are not theirs to see
		f.Brand = v.Brand.ID
	}
	if src := v.Query("source"); src != "" {
		f.Sources = []string{src}
	}
	if l := puskaradio.Label(v.Query("label")); slices.Contains(labels, l) {
		f.Labels = []puskaradio.Label{l}
	}
	if day, err := time.ParseInLocation(time.DateOnly, v.Query("date"), v.zone); err == nil {
		y, m, d := day.Date()
		f.From, f.To = day, time.Date(y, m, d+1, 0, 0, 0, 0, v.zone)
		return f
	}
	if day, err := time.ParseInLocation(time.DateOnly, v.Query("from"), v.zone); err == nil {
		f.From = day
	}
	if day, err := time.ParseInLocation(time.DateOnly, v.Query("to"), v.zone); err == nil {
		y, m, d := day.Date()
		f.To = time.Date(y, m, d+1, 0, 0, 0, 0, v.zone)
	}
	return f
}

var labels = []puskaradio.Label{puskaradio.Negative, puskaradio.Neutral, puskaradio.Positive}

type mentionsView struct {
	*view
	Sources []Source
	Labels  []puskaradio.Label
	Found   []caseView
	Next    string
	About   []chosen // what they must be about, beside the filter
	Stopped int      // after so many that are not, the search for more was stopped; zero if it was not
}

// A chosen is a parameter of the address that no field of the form has.
type chosen struct{ Name, Value, Text string }

// mentionsPage lists mentions of a day, a source or a feeling, or those that
// words find: what stands behind a point of a chart.
func (s *Server) mentionsPage(w http.ResponseWriter, r *http.Request, v *view) error {
	p := &mentionsView{view: v, Labels: labels}
	var err error
	if p.Sources, err = s.allSources(r.Context()); err != nil {
		return err
	}
	f := v.filter()
	var found []store.Entry
	next := ""
	q := clipRunes(v.Query("q"), 200)
	if v.wantsCSV() {
		return s.mentionsCSV(w, r, v, q, f)
	}
	list := func(f store.Filter) ([]store.Entry, string, error) {
		if q != "" {
			return s.o.Store.Search(r.Context(), q, f)
		}
		return s.o.Store.Mentions(r.Context(), f)
	}
	p.About = v.chosenBeside()
	if a := v.aboutOf(); a.Any() {
		read := 0
		if found, next, read, err = sift(a, f, list); next != "" && len(found) < pageSize {
			p.Stopped = read
		}
	} else {
		found, next, err = list(f)
	}
	if err != nil {
		return err
	}
	for _, e := range found {
		p.Found = append(p.Found, caseView{view: v, Case: puskaradio.Case{ID: e.ID, Mention: e.Mention, Status: e.Status}})
	}
	if next != "" {
		p.Next = v.With("after", next)
	}
	return s.show(w, r, v, "mentions", p)
}

// FourHours is how long the button of a list puts a case off.
func (v *view) FourHours() time.Duration { return snoozes[1] }
