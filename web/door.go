package web

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/puskaradio/puskaradio"
)

type doorView struct {
	*view
	Ticket string
	Name   string // whose ticket it is: they choose a password
	Ask    bool   // there are people with passwords
	Used   bool   // what was given opened nothing
	Next   string // the page that was asked for; empty at the door itself
}

// door asks who enters. It does not use the ticket up: something else than a
// person may follow a link, and to ask for a page changes nothing.
func (s *Server) door(w http.ResponseWriter, r *http.Request) {
	v := s.stranger(r)
	token := clipRunes(r.URL.Query().Get("ticket"), 100)
	who, _ := s.sessions.holder(token, s.now())
	s.keepLang(w, r, v)
	s.showDoor(w, r, v, http.StatusOK, &doorView{view: v, Ticket: token, Name: who})
}

func (s *Server) showDoor(w http.ResponseWriter, r *http.Request, v *view, status int, d *doorView) {
	people, err := s.o.Store.People(r.Context())
	if err != nil {
		s.fault(w, r, v, err)
		return
	}
	if r.Method == http.MethodGet && v.Here != "/in" {
		d.Next = v.Self()
	}
	d.Ask = slices.ContainsFunc(people, func(p puskaradio.Person) bool { return p.Hash != "" })
	s.render(w, r, status, v, "in", d)
}

// enter lets somebody in, by a ticket or by name and password.
func (s *Server) enter(w http.ResponseWriter, r *http.Request) {
	v := s.stranger(r)
	if err := r.ParseForm(); err != nil {
		s.fault(w, r, v, errForm)
		return
	}
	token := r.PostForm.Get("ticket")
	var who string
	person := true
	var err error
	switch owner, ok := s.sessions.holder(token, s.now()); {
	case token != "" && ok && owner != "":
		who, err = s.choose(r, owner, token)
	case token != "":
		who, person = NameOf(r.PostForm.Get("who")), false
		err = s.takeTicket(r, who, token)
	default:
		who, err = s.signIn(r)
	}
	refused, ok := errors.AsType[*refusal](err)
	switch {
	case ok:
		if refused.wait > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(refused.wait.Seconds()))))
		}
		d := &doorView{view: v, Used: refused.used}
		if !refused.used && refused.status == http.StatusUnprocessableEntity { // the ticket is still good
			d.Ticket, d.Name = token, who
		}
		if refused.reason != "" {
			v.Message = v.T(refused.reason)
			if refused.wait > 0 {
				v.Message = v.T(refused.reason, v.Span(refused.wait))
			}
		}
		s.showDoor(w, r, v, refused.status, d)
		return
	case err != nil:
		s.fault(w, r, v, err)
		return
	}
	secret, ok := s.sessions.begin(who, person, s.now())
	if !ok {
		s.fail(w, r, v, http.StatusServiceUnavailable, "There are too many sessions open.")
		return
	}
	s.setCookie(w, r, secret, int(sessionMost/time.Second))
	http.Redirect(w, r, "/digest", http.StatusSeeOther)
}

// A refusal is why somebody may not enter.
type refusal struct {
	status int
	used   bool // the ticket opened nothing
	reason string
	wait   time.Duration
}

func (e *refusal) Error() string { return "refused: " + e.reason }

// takeTicket uses a ticket up. There is no brake on it: nobody guesses one.
func (s *Server) takeTicket(r *http.Request, who, token string) error {
	if !s.sessions.use(token, s.now()) {
		return &refusal{status: http.StatusUnauthorized, used: true}
	}
	return s.record(r, who, "signed in by a link", "")
}

// choose sets the password that an invited person chose.
func (s *Server) choose(r *http.Request, who, token string) (string, error) {
	password := r.PostForm.Get("password")
	people, err := s.o.Store.People(r.Context())
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(people, func(p puskaradio.Person) bool { return p.Name == who })
	if i < 0 {
		return "", &refusal{status: http.StatusUnauthorized, used: true}
	}
	if err := s.checkPassword(password, who); err != nil {
		return who, &refusal{status: http.StatusUnprocessableEntity, reason: err.Error()}
	}
	if !s.sessions.use(token, s.now()) { // somebody else with the same link was faster
		return "", &refusal{status: http.StatusUnauthorized, used: true}
	}
	if err := s.setPassword(r.Context(), people[i], password); err != nil {
		return "", err
	}
	return who, s.record(r, who, "chose a password", "")
}

// checkPassword is [CheckPassword] with the names of the brands.
func (s *Server) checkPassword(password, who string) error {
	var brands []string
	for _, b := range s.o.Plan().Brands {
		brands = append(brands, b.Names()...)
	}
	return CheckPassword(password, who, brands)
}

// setPassword keeps another password of a person, whose sessions end with it.
func (s *Server) setPassword(ctx context.Context, p puskaradio.Person, password string) error {
	p.Hash = HashPassword(password)
	if err := s.o.Store.SetPerson(ctx, p); err != nil {
		return err
	}
	s.sessions.endAll(p.Name)
	return nil
}

// signIn lets somebody in by name and password. Who is not known, has no
// password or gives a wrong one gets the same answer, after the same work.
func (s *Server) signIn(r *http.Request) (string, error) {
	name, password := NameOf(r.PostForm.Get("who")), r.PostForm.Get("password")
	h := fnv.New32a()
	h.Write([]byte(name))
	keys := []string{"from " + s.clientOf(r), fmt.Sprintf("name %04x", h.Sum32()&0xffff)}
	now := s.now()
	if wait := s.brake.wait(now, keys...); wait > 0 {
		return "", &refusal{http.StatusTooManyRequests, false, "There were too many wrong tries. Wait for %s.", wait}
	}
	people, err := s.o.Store.People(r.Context())
	if err != nil {
		return "", err
	}
	hash := ""
	for _, p := range people {
		if p.Name == name {
			hash = p.Hash
		}
	}
	if !isPassword(hash, password) {
		s.brake.wrong(now, keys...)
		if err := s.record(r, name, "was refused", ""); err != nil {
			return "", err
		}
		return "", &refusal{status: http.StatusUnauthorized, reason: "Name or password is wrong."}
	}
	s.brake.right(keys[1])
	return name, s.record(r, name, "signed in", "")
}

// record writes into the audit log.
func (s *Server) record(r *http.Request, who, what, on string) error {
	s.log.Info("audit", "who", who, "what", what, "on", on, "from", s.clientOf(r))
	return s.o.Store.Record(r.Context(), puskaradio.Deed{At: s.now().UTC(), Who: who, What: what, On: on, From: s.clientOf(r)})
}

func (s *Server) signOut(w http.ResponseWriter, r *http.Request, v *view) error {
	s.sessions.end(s.cookie(r))
	s.setCookie(w, r, "", -1)
	if err := s.record(r, v.Who, "signed out", ""); err != nil {
		return err
	}
	http.Redirect(w, r, "/in", http.StatusSeeOther)
	return nil
}
