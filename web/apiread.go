package web

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

type apiBrands struct {
	Brands []puskaradio.Brand `json:"brands"`
}

func (s *Server) apiBrands(_ *http.Request, v *view, _ *asked) (any, error) {
	return apiBrands{append([]puskaradio.Brand{}, v.Plan.Brands...)}, nil
}

// An apiMention is a mention, with the verdict that counts.
type apiMention struct {
	ID     puskaradio.ID     `json:"id"`
	Label  puskaradio.Label  `json:"label"`            // the verdict that counts: a person's, else the scorer's; negative is what is so by any scorer
	Status puskaradio.Status `json:"status,omitempty"` // of its case; empty if it has none
	puskaradio.Mention
}

// mentionOf is a mention as it leaves the house: its link leads to the web.
func mentionOf(id puskaradio.ID, m puskaradio.Mention, status puskaradio.Status) apiMention {
	m.URL, _ = webLink(m.URL)
	return apiMention{id, caseView{Case: puskaradio.Case{Mention: m}}.Label(), status, m}
}

type apiMentions struct {
	Mentions []apiMention `json:"mentions"`
	Next     string       `json:"next,omitempty"` // is after of the next page; without it this is the last
}

func (s *Server) apiMentions(r *http.Request, v *view, a *asked) (any, error) {
	brand, err := v.brandOf(a)
	if err != nil {
		return nil, err
	}
	f, err := a.filter(brand)
	if err != nil {
		return nil, err
	}
	out := apiMentions{Mentions: []apiMention{}}
	var found []store.Entry
	if a.q != "" {
		found, out.Next, err = s.o.Store.Search(r.Context(), a.q, f)
	} else {
		found, out.Next, err = s.o.Store.Mentions(r.Context(), f)
	}
	for _, e := range found {
		out.Mentions = append(out.Mentions, mentionOf(e.ID, e.Mention, e.Status))
	}
	return out, err
}

// An apiCase is a case with its reply clock.
type apiCase struct {
	ID      puskaradio.ID       `json:"id"`
	Status  puskaradio.Status   `json:"status"`
	Who     string              `json:"who,omitempty"`    // who has it
	Until   time.Time           `json:"until,omitzero"`   // when a snooze ends
	Alerted time.Time           `json:"alerted,omitzero"` // when a channel first told of it
	Changes []puskaradio.Change `json:"changes,omitempty"`
	// Waits is an answer that waits for a second person, who approves it on the
	// page of the case or in Slack: no program does.
	Waits *puskaradio.Waiting `json:"waits,omitempty"`
	// Customer is what the author at that source is called in the books of the
	// house; a person or a program has said so.
	Customer string     `json:"customer,omitempty"`
	Clock    apiClock   `json:"clock"`
	Mention  apiMention `json:"mention"`
}

// An apiClock tells how long an author waits or has waited, in seconds from
// the moment of publication.
type apiClock struct {
	Wait   float64 `json:"wait"`
	Target float64 `json:"target"`
	// Spent is how much of the target was used up, in seconds: of business hours
	// where the brand has them.
	Spent float64   `json:"spent"`
	Due   time.Time `json:"due"`   // when the target is used up
	Soon  bool      `json:"soon"`  // it is time to warn that it will be
	Over  bool      `json:"over"`  // it took longer than the target
	Ended bool      `json:"ended"` // there was a reply, or nobody waits any more
	Exact bool      `json:"exact"` // the source said when it was published
	// Whose is the part that took longest, if it took too long: heard (the source
	// and our reading of it), taken, answered.
	Whose string `json:"whose,omitempty"`
}

func (v *view) caseFor(c *puskaradio.Case) apiCase {
	k := clockOf(c, &v.Plan.Reply, v.Now)
	return apiCase{
		c.ID, c.Status, c.Who, c.Until, c.Alerted, c.Changes, c.Waits(), c.Customer,
		apiClock{k.Wait.Seconds(), k.Target.Seconds(), k.Spent.Seconds(), k.Due, k.Soon, k.Over, k.Ended, k.Exact, k.Whose},
		mentionOf(c.ID, c.Mention, c.Status),
	}
}

type apiCases struct {
	Cases []apiCase `json:"cases"`
	Next  string    `json:"next,omitempty"` // is after of the next page; without it this is the last
}

func (s *Server) apiCases(r *http.Request, v *view, a *asked) (any, error) {
	brand, err := v.brandOf(a)
	if err != nil {
		return nil, err
	}
	f, err := a.filter(brand)
	if err != nil {
		return nil, err
	}
	cases, next, err := s.o.Store.Inbox(r.Context(), f)
	out := apiCases{Cases: []apiCase{}, Next: next}
	for i := range cases {
		out.Cases = append(out.Cases, v.caseFor(&cases[i]))
	}
	return out, err
}

type apiAlerts struct {
	Alerts []puskaradio.Alert `json:"alerts"`
	Next   string             `json:"next,omitempty"` // is after of the next page; without it this is the last
}

// alertPlace is where an alert stands in a list: what a page ends with.
func alertPlace(a *puskaradio.Alert) string {
	return fmt.Sprintf("%020d.%s", a.Decided.UnixNano(), a.ID)
}

func (s *Server) apiAlerts(r *http.Request, v *view, a *asked) (any, error) {
	brand, err := v.brandOf(a)
	if err != nil {
		return nil, err
	}
	if a.to.IsZero() {
		a.to = v.Now.Add(time.Second)
	}
	if a.from.IsZero() {
		a.from = a.to.AddDate(0, 0, -30)
	}
	found, err := s.o.Store.Alerts(r.Context(), brand, a.from, a.to)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(x, y puskaradio.Alert) int { return cmp.Compare(alertPlace(&y), alertPlace(&x)) })
	out := apiAlerts{Alerts: []puskaradio.Alert{}}
	for i := range found {
		x := &found[i]
		if a.open != nil && *a.open == (x.State == "over") || a.after != "" && alertPlace(x) >= a.after {
			continue
		}
		if len(out.Alerts) == a.limit {
			out.Next = alertPlace(&out.Alerts[a.limit-1])
			break
		}
		out.Alerts = append(out.Alerts, alertFor(*x))
	}
	return out, nil
}

// alertFor is an alert whose links lead to the web.
func alertFor(a puskaradio.Alert) puskaradio.Alert {
	a.Quotes = webQuotes(a.Quotes)
	return a
}

func webQuotes(qs []puskaradio.Quote) []puskaradio.Quote {
	qs = slices.Clone(qs)
	for i := range qs {
		qs[i].URL, _ = webLink(qs[i].URL)
	}
	return qs
}

func (s *Server) apiAlert(r *http.Request, v *view, _ *asked) (any, error) {
	a, err := s.alertSeen(r, v)
	return alertFor(a), err
}

// alertSeen is the alert that a path names, of a brand that may be seen.
func (s *Server) alertSeen(r *http.Request, v *view) (puskaradio.Alert, error) {
	a, err := s.o.Store.Alert(r.Context(), r.PathValue("id"))
	if err == nil {
		err = v.sees(a.Brand)
	}
	return a, err
}

type apiSeries struct {
	Brand string             `json:"brand"`
	Zone  string             `json:"zone"` // whose dates the days are
	Step  string             `json:"step"` // hour or day
	From  time.Time          `json:"from"`
	To    time.Time          `json:"to"`
	Steps []puskaradio.Count `json:"steps"`
}

// The most that a series may span: hours are not kept for longer.
const (
	mostHours = 62 * 24 * time.Hour
	mostSpan  = 3700 * 24 * time.Hour
)

func (s *Server) apiSeries(r *http.Request, v *view, a *asked) (any, error) {
	b, err := v.oneBrand(a)
	if err != nil {
		return nil, err
	}
	if a.to.IsZero() {
		a.to = v.Now
	}
	if a.from.IsZero() {
		a.from = a.to.AddDate(0, 0, -30)
	}
	most, step := mostSpan, "day"
	if a.step == store.Hour {
		most, step = mostHours, "hour"
	}
	if d := a.to.Sub(a.from); d < 0 || d > most {
		return nil, wrong("from", "a series by the %s may span %d days", step, int(most/(24*time.Hour)))
	}
	read := s.o.Store.Series
	if a.bySource {
		read = s.o.Store.SeriesBySource
	}
	counts, err := read(r.Context(), b.ID, a.from, a.to, a.step)
	return apiSeries{b.ID, v.zone.String(), step, a.from.UTC(), a.to.UTC(), append([]puskaradio.Count{}, counts...)}, err
}

type apiScores struct {
	Brand string   `json:"brand"`
	Days  []apiDay `json:"days"`
	// Since is Monday, Change how much the score has changed since then, and
	// Pulls by what.
	Since  time.Time         `json:"since,omitzero"`
	Change float64           `json:"change"`
	Pulls  []puskaradio.Pull `json:"pulls"`
}

// An apiDay is the reputation score at the end of a date.
type apiDay struct {
	Date string `json:"date"`
	Kept bool   `json:"kept"` // as it was sent; else as it comes out now
	puskaradio.Reputation
}

func (s *Server) apiReputation(r *http.Request, v *view, a *asked) (any, error) {
	b, err := v.oneBrand(a)
	if err != nil {
		return nil, err
	}
	v.Brand = b
	days, err := s.yearOf(r.Context(), v, a.days)
	if err != nil {
		return nil, err
	}
	x, err := s.score(r.Context(), v, days, a.days)
	out := apiScores{Brand: b.ID, Days: []apiDay{}, Pulls: []puskaradio.Pull{}}
	if err != nil || x == nil {
		return out, err
	}
	for _, d := range x.Days {
		out.Days = append(out.Days, apiDay{d.At.Format(time.DateOnly), d.Kept, d.Reputation})
	}
	for _, p := range x.Pulls {
		out.Pulls = append(out.Pulls, puskaradio.Pull{Aspect: p.Aspect, Points: p.Points})
	}
	out.Since, out.Change = x.Since.UTC(), x.Change
	return out, nil
}

type apiDigestKept struct {
	Sent   bool              `json:"sent"` // it is as it was sent; else as it comes out now
	Digest puskaradio.Digest `json:"digest"`
}

func (s *Server) apiDigest(r *http.Request, v *view, _ *asked) (any, error) {
	b, err := v.oneBrand(&asked{brand: r.PathValue("brand")})
	if err != nil {
		return nil, puskaradio.ErrNotFound
	}
	date := r.PathValue("date")
	day, week := puskaradio.Monday(date, v.zone)
	if !week {
		if day, err = time.ParseInLocation(time.DateOnly, date, v.zone); err != nil {
			return nil, puskaradio.ErrNotFound
		}
		day = day.Add(12 * time.Hour)
	}
	if day.Add(-12*time.Hour).After(v.Now) || day.Year() < 1990 {
		return nil, puskaradio.ErrNotFound
	}
	d, sent, err := s.digestOf(r.Context(), b, date, day, v.Now)
	if d.Week != nil {
		d.Week.Stories = webQuotes(d.Week.Stories)
	}
	d.Need, d.Good = webQuotes(d.Need), webQuotes(d.Good)
	return apiDigestKept{sent, d}, err
}

type apiSources struct {
	Sources []apiSource `json:"sources"`
}

// An apiSource is how a source is.
type apiSource struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind"`
	State   string    `json:"state"` // ok, silent, never read, or what is wrong with it in a word
	Problem string    `json:"problem,omitempty"`
	Last    time.Time `json:"last,omitzero"` // when it was last read with success
	Next    time.Time `json:"next,omitzero"`
	New     int       `json:"new"`     // mentions of the last 24 hours
	Usual   float64   `json:"usual"`   // and of a usual day
	Fetches int       `json:"fetches"` // of the last 24 hours
	Failed  int       `json:"failed"`
	Delay   string    `json:"delay,omitempty"` // how soon a post is heard at best
	Keep    string    `json:"keep"`            // how long texts are kept
	Terms   string    `json:"terms,omitempty"`
}

func (s *Server) apiSources(r *http.Request, _ *view, _ *asked) (any, error) {
	all, err := s.allSources(r.Context())
	out := apiSources{[]apiSource{}}
	for _, x := range all {
		out.Sources = append(out.Sources, apiSource{
			x.ID, x.Kind, x.State, strings.ToValidUTF8(x.Problem, ""), x.Last, x.Next, x.New, x.Usual, x.Fetches, x.Failed, x.Delay, x.Keep.String(), x.Terms,
		})
	}
	return out, err
}
