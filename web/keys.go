package web

import (
	"net/http"
	"slices"

	"github.com/puskaradio/puskaradio"
)

// setKeys switches single keys on or off: with the person, if the store has them,
// else in their browser.
func (s *Server) setKeys(w http.ResponseWriter, r *http.Request, v *view) error {
	if err := r.ParseForm(); err != nil {
		return errForm
	}
	to := r.PostForm.Get("keys")
	if to != "on" && to != "off" {
		return errForm
	}
	people, err := s.o.Store.People(r.Context())
	if err != nil {
		return err
	}
	x, signed := s.sessions.of(s.cookie(r), s.now(), true)
	i := slices.IndexFunc(people, func(p puskaradio.Person) bool { return p.Name == v.Who })
	if i >= 0 && (!signed || x.person) { // who runs this program may have the name of another
		people[i].NoKeys = to == "off"
		if err := s.o.Store.SetPerson(r.Context(), people[i]); err != nil {
			return err
		}
		to = "on" // the browser has no say of its own
	}
	c := &http.Cookie{Name: "keys", Value: to, Path: "/", MaxAge: 365 * 86400, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.secure(r)}
	if to == "on" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
	http.Redirect(w, r, "/me", http.StatusSeeOther)
	return nil
}
