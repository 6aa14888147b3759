package web

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

type peopleView struct {
	*view
	People []puskaradio.Person
	Roles  []puskaradio.Role
	Every  []puskaradio.Brand
	Invite string // a link for Invited to choose a password
	For    string
}

// Has reports whether a person is held to some brands, this among them.
func (p *peopleView) Has(who puskaradio.Person, brand string) bool {
	return slices.Contains(who.Brands, brand)
}

func (s *Server) peoplePage(w http.ResponseWriter, r *http.Request, v *view) error {
	return s.showPeople(w, r, v, "", "")
}

func (s *Server) showPeople(w http.ResponseWriter, r *http.Request, v *view, who, invite string) error {
	people, err := s.o.Store.People(r.Context())
	if err != nil {
		return err
	}
	v.Here = "/people"
	return s.show(w, r, v, "people", &peopleView{view: v, People: people, Roles: puskaradio.Roles(), Every: s.o.Plan().Brands, For: who, Invite: invite})
}

// setPeople changes who may enter, and as what.
func (s *Server) setPeople(w http.ResponseWriter, r *http.Request, v *view) error {
	if err := r.ParseForm(); err != nil {
		return errForm
	}
	ctx, name := r.Context(), strings.TrimSpace(r.PostForm.Get("name"))
	people, err := s.o.Store.People(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(people, func(p puskaradio.Person) bool { return p.Name == name })
	do, role := r.PostForm.Get("do"), puskaradio.Role(r.PostForm.Get("role"))
	switch {
	case name == "" || name != NameOf(name) || do != "set" && do != "invite" && do != "drop" || do == "set" && !slices.Contains(puskaradio.Roles(), role):
		return errForm
	case do != "set" && i < 0:
		return puskaradio.ErrNotFound
	case i >= 0 && people[i].Role == puskaradio.Owner && (do == "drop" || do == "set" && role != puskaradio.Owner) && !otherOwner(people, name):
		v.Message = v.T("Somebody must stay an owner.")
		return s.showPeople(w, r, v, "", "")
	}
	switch do {
	case "drop":
		if err := s.o.Store.SetPerson(ctx, puskaradio.Person{Name: name}); err != nil {
			return err
		}
		s.sessions.endAll(name)
		if err := s.record(r, v.Who, "took away a person", name); err != nil {
			return err
		}
	case "set":
		p := puskaradio.Person{Name: name, Since: s.now().UTC().Truncate(time.Second)}
		if i >= 0 {
			p = people[i]
		}
		p.Role, p.Brands = role, nil
		for _, b := range s.o.Plan().Brands {
			if slices.Contains(r.PostForm["brand"], b.ID) {
				p.Brands = append(p.Brands, b.ID)
			}
		}
		if len(r.PostForm["brand"]) > 0 && p.Brands == nil { // none is all, and brands that are no more are not none
			return errForm
		}
		if err := s.o.Store.SetPerson(ctx, p); err != nil {
			return err
		}
		if err := s.record(r, v.Who, "made a person "+string(role), strings.TrimSpace(name+" "+strings.Join(p.Brands, " "))); err != nil {
			return err
		}
		if i >= 0 {
			break
		}
		return s.showPeople(w, r, v, name, s.link(r, s.Invite(name))) // a new one chooses a password
	case "invite":
		if err := s.record(r, v.Who, "invited", name); err != nil {
			return err
		}
		return s.showPeople(w, r, v, name, s.link(r, s.Invite(name)))
	}
	http.Redirect(w, r, "/people", http.StatusSeeOther)
	return nil
}

// link is a link that lets somebody in by a token.
func (s *Server) link(r *http.Request, token string) string {
	base := strings.TrimRight(s.o.Plan().Link, "/")
	if base == "" {
		base = "http://" + r.Host
	}
	return base + "/in?ticket=" + token
}

func otherOwner(people []puskaradio.Person, name string) bool {
	return slices.ContainsFunc(people, func(p puskaradio.Person) bool { return p.Role == puskaradio.Owner && p.Name != name })
}

type meView struct {
	*view
	Person bool // they sign in with a password
}

func (s *Server) mePage(w http.ResponseWriter, r *http.Request, v *view) error {
	x, ok := s.sessions.of(s.cookie(r), s.now(), true)
	people, err := s.o.Store.People(r.Context())
	if err != nil {
		return err
	}
	has := slices.ContainsFunc(people, func(p puskaradio.Person) bool { return p.Name == x.who && p.Hash != "" })
	return s.show(w, r, v, "me", &meView{v, ok && x.person && has})
}

// changePassword changes the password of who asks, and ends their sessions.
func (s *Server) changePassword(w http.ResponseWriter, r *http.Request, v *view) error {
	if err := r.ParseForm(); err != nil {
		return errForm
	}
	x, ok := s.sessions.of(s.cookie(r), s.now(), true)
	if !ok || !x.person {
		return errForm
	}
	people, err := s.o.Store.People(r.Context())
	if err != nil {
		return err
	}
	i := slices.IndexFunc(people, func(p puskaradio.Person) bool { return p.Name == x.who })
	if i < 0 {
		return puskaradio.ErrNotFound
	}
	again := func(message string) error {
		v.Message = v.T(message)
		s.render(w, r, http.StatusUnprocessableEntity, v, "me", &meView{v, true})
		return nil
	}
	key := "own " + x.who
	if s.brake.wait(s.now(), key) > 0 || !isPassword(people[i].Hash, r.PostForm.Get("old")) {
		s.brake.wrong(s.now(), key)
		return again("The old password is wrong.")
	}
	if err := s.checkPassword(r.PostForm.Get("password"), x.who); err != nil {
		return again(err.Error())
	}
	if err := s.setPassword(r.Context(), people[i], r.PostForm.Get("password")); err != nil {
		return err
	}
	s.setCookie(w, r, "", -1)
	if err := s.record(r, v.Who, "changed the password", ""); err != nil {
		return err
	}
	http.Redirect(w, r, "/in", http.StatusSeeOther)
	return nil
}

type logView struct {
	*view
	Deeds []puskaradio.Deed
	Next  string
}

const deedsShown = 100

// logPage shows the audit log, the newest first.
func (s *Server) logPage(w http.ResponseWriter, r *http.Request, v *view) error {
	before := v.Now.Add(time.Minute)
	if at, err := time.Parse(time.RFC3339Nano, v.Query("before")); err == nil {
		before = at
	}
	deeds, err := s.o.Store.Deeds(r.Context(), before, deedsShown)
	if err != nil {
		return err
	}
	p := &logView{view: v, Deeds: deeds}
	if len(deeds) == deedsShown {
		p.Next = v.With("before", deeds[len(deeds)-1].At.Format(time.RFC3339Nano))
	}
	return s.show(w, r, v, "log", p)
}
