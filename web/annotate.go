package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// An annotation is what somebody noted on a date of a brand: a campaign, a
// strike, a new price.
type annotation struct {
	ID   string    `json:"id"`
	Date string    `json:"date"` // 2026-11-03, in the zone of the dashboard
	Text string    `json:"text"`
	Who  string    `json:"who"`
	At   time.Time `json:"at"`
}

const (
	annotationRunes = 200
	mostAnnotations = 100 // of a brand in a month
	annotateAhead   = 366 // days: a campaign is known before it begins
)

// annotationsKey is where those of a month are kept, as the state of a job that
// never runs. Those of two months never stand in each other's way.
func annotationsKey(brand, date string) string {
	return "annotations/" + brand + "/" + date[:len("2026-11")]
}

// monthOf are the annotations of the month of a date, by date.
func (s *Server) monthOf(ctx context.Context, brand, date string) (out []annotation, err error) {
	b, err := s.o.Store.Cursor(ctx, annotationsKey(brand, date))
	if err != nil || len(b) == 0 {
		return nil, err
	}
	if err := json.Unmarshal(b, &out); err != nil {
		return nil, fmt.Errorf("annotations of %s: %w", annotationsKey(brand, date), err)
	}
	return out, nil
}

// annotations are those of the dates from one time to another, by date.
func (s *Server) annotations(ctx context.Context, v *view, from, to time.Time) (out []annotation, err error) {
	first, last := v.Day(from), v.Day(to)
	y, m, _ := from.In(v.zone).Date()
	for at := time.Date(y, m, 1, 12, 0, 0, 0, v.zone); v.Day(at)[:7] <= last[:7]; at = at.AddDate(0, 1, 0) {
		month, err := s.monthOf(ctx, v.Brand.ID, v.Day(at))
		if err != nil {
			return nil, err
		}
		for _, a := range month {
			if first <= a.Date && a.Date <= last {
				out = append(out, a)
			}
		}
	}
	return out, nil
}

// changeMonth replaces the annotations of a month by what change makes of them.
func (s *Server) changeMonth(ctx context.Context, brand, date string, change func([]annotation) ([]annotation, error)) error {
	s.annotating.Lock()
	defer s.annotating.Unlock()
	all, err := s.monthOf(ctx, brand, date)
	if err != nil {
		return err
	}
	if all, err = change(all); err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b annotation) int { return cmp.Or(cmp.Compare(a.Date, b.Date), a.At.Compare(b.At)) })
	b, err := json.Marshal(all)
	if err != nil {
		return err
	}
	_, err = s.o.Store.Commit(ctx, store.Crawl{Job: annotationsKey(brand, date), Cursor: b})
	return err
}

// annotate adds an annotation to the brand that is looked at, or takes one away.
func (s *Server) annotate(w http.ResponseWriter, r *http.Request, v *view) error {
	if err := r.ParseForm(); err != nil {
		return errForm
	}
	form := func(name string) string {
		return strings.Join(strings.Fields(strings.ToValidUTF8(r.PostForm.Get(name), "")), " ")
	}
	date := form("date")
	day, err := time.ParseInLocation(time.DateOnly, date, v.zone)
	if err != nil || day.Year() < 1990 || day.After(v.dateStart(annotateAhead)) {
		return errForm
	}
	if _, ok := v.Plan.Brand(form("brand")); !ok {
		return puskaradio.ErrNotFound // never another brand than the one that was meant
	}
	brand := form("brand")
	what := "noted on a date"
	var change func([]annotation) ([]annotation, error)
	switch text := clipRunes(form("text"), annotationRunes); {
	case form("do") == "add" && text != "":
		change = func(all []annotation) ([]annotation, error) {
			if len(all) >= mostAnnotations {
				return nil, errForm
			}
			return append(all, annotation{rand.Text()[:12], date, text, v.Who, s.now().UTC().Truncate(time.Second)}), nil
		}
	case form("do") == "drop":
		what = "took a note away"
		change = func(all []annotation) ([]annotation, error) {
			n := len(all)
			all = slices.DeleteFunc(all, func(a annotation) bool { return a.ID == form("id") })
			if len(all) == n {
				return nil, puskaradio.ErrNotFound
			}
			return all, nil
		}
	default:
		return errForm
	}
	if err := s.changeMonth(r.Context(), brand, date, change); err != nil {
		return err
	}
	if err := s.record(r, v.Who, what, brand+" "+date); err != nil {
		return err
	}
	q := url.Values{"brand": {brand}, "said": {what}}
	if p := form("period"); slices.ContainsFunc(periods, func(d int) bool { return p == v.periodID(d) }) {
		q.Set("period", p)
	}
	http.Redirect(w, r, "/trends?"+q.Encode(), http.StatusSeeOther)
	return nil
}

// An event is what the chart of days shows beside the counts.
type event struct {
	At         time.Time // its date
	Kind       string    // note, alert, outage
	Text       string
	Path       string // where it leads; empty for none
	Annotation *annotation
}

// events are what was noted, what was told of and what was not heard in the
// days of a page, and what is noted for later, the newest first.
func (p *trendsView) addEvents(notes []annotation, outages map[string][]string) {
	for i := range notes {
		a := &notes[i]
		day, err := time.ParseInLocation(time.DateOnly, a.Date, p.zone)
		if err != nil {
			continue // it was not written by us
		}
		p.Events = append(p.Events, event{At: day, Kind: "note", Text: a.Text, Annotation: a})
	}
	for _, a := range p.Alerts {
		p.Events = append(p.Events, event{At: a.Decided, Kind: "alert", Text: p.Word(a.Rule), Path: "/a/" + a.ID})
	}
	for _, d := range p.Days {
		if deaf := outages[d.At.Format(time.DateOnly)]; len(deaf) > 0 {
			p.Events = append(p.Events, event{At: d.At, Kind: "outage", Text: p.T("not heard: %s", strings.Join(deaf, ", ")), Path: "/sources"})
		}
	}
	slices.SortStableFunc(p.Events, func(a, b event) int { return strings.Compare(p.Day(b.At), p.Day(a.At)) })
	p.on = map[string][]string{}
	for _, e := range p.Events {
		p.on[p.Day(e.At)] = append(p.on[p.Day(e.At)], e.Text)
	}
}

// eventsListed is how many events stand in the list; all are on the chart and in
// its table.
const eventsListed = 40

// Listed are the newest events.
func (p *trendsView) Listed() []event { return p.Events[:min(len(p.Events), eventsListed)] }

// On is what happened on a date, in words, for the table.
func (p *trendsView) On(at time.Time) string { return strings.Join(p.on[p.Day(at)], "; ") }

// DayOf is the beginning of a date.
func (p *trendsView) DayOf(date string) time.Time {
	at, err := time.ParseInLocation(time.DateOnly, date, p.zone)
	if err != nil {
		return time.Time{}
	}
	return at
}

// Shown is how many of the days are looked at for outages.
func (p *trendsView) Shown() int { return len(p.Days) - p.Unheard }
