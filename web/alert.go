package web

import (
	"net/http"
	"time"

	"github.com/puskaradio/puskaradio"
)

type alertView struct {
	*view
	Alert   puskaradio.Alert
	Quotes  []quoteView
	Chart   chart
	Snoozes []time.Duration
	muted   time.Time
}

// Single reports whether the alert is about one post, and no spike.
func (p *alertView) Single() bool {
	return p.Alert.Odds == 0 && p.Alert.UsualAll == 0 && p.Alert.Total <= 1
}

// Side says why an alert was raised in which nothing is counted: about stars
// that fell, or a source that says nothing. It is empty for others.
func (p *alertView) Side() string {
	switch a := &p.Alert; {
	case a.Rule == puskaradio.RuleRating && a.Stars != nil:
		return p.T("Since %s there are %s of 5 stars, in %s ratings; usually %s, in %s of the year before.", p.When(a.From), p.Float(a.Stars.Now, 1), p.Num(a.Stars.N), p.Float(a.Stars.Usual, 1), p.Num(a.Stars.Year))
	case a.Rule == puskaradio.RuleSilence:
		return p.T("%s has brought nothing new since %s. Usually it brings %s a day; it was read well %s times since then.", a.Source, p.When(a.From), p.Float(a.UsualAll, 1), p.Num(a.Reads))
	}
	return ""
}

// alertPage answers why somebody was told.
func (s *Server) alertPage(w http.ResponseWriter, r *http.Request, v *view) error {
	p, err := s.alertView(r, v, r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.show(w, r, v, "alert", p)
}

func (s *Server) alertView(r *http.Request, v *view, id string) (*alertView, error) {
	a, err := s.o.Store.Alert(r.Context(), id)
	if err == nil {
		err = v.sees(a.Brand)
	}
	if err != nil {
		return nil, err
	}
	if b, ok := v.Plan.Brand(a.Brand); ok { // what the page links to is about that brand
		v.Brand = b
	}
	muted, err := s.o.Muted(r.Context(), a.Brand, v.Now)
	return &alertView{view: v, Alert: a, Quotes: v.quotes(a.Quotes), Chart: points(v.tongue, a.Hours, 60), Snoozes: snoozes, muted: muted}, err
}

type sourcesView struct {
	*view
	Sources []Source
}

// sourcesPage shows how the sources are.
func (s *Server) sourcesPage(w http.ResponseWriter, r *http.Request, v *view) error {
	all, err := s.allSources(r.Context())
	if err != nil {
		return err
	}
	return s.show(w, r, v, "sources", &sourcesView{v, all})
}
