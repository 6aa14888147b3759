package web

import (
	"net/http"

	"github.com/puskaradio/puskaradio"
)

type alertView struct {
	*view
	Alert  puskaradio.Alert
	Quotes []quoteView
	Chart  chart
}

// Single reports whether the alert is about one post, and no spike.
func (p *alertView) Single() bool {
	return p.Alert.Odds == 0 && p.Alert.UsualAll == 0 && p.Alert.Total <= 1
}

// alertPage answers why somebody was told.
func (s *Server) alertPage(w http.ResponseWriter, r *http.Request, v *view) error {
	a, err := s.o.Store.Alert(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	p := &alertView{view: v, Alert: a, Quotes: v.quotes(a.Quotes), Chart: points(v.tongue, a.Hours, 60)}
	return s.show(w, r, v, "alert", p)
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
