package web

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/puskaradio/puskaradio"
)

// policy lets a page use what this server has as files, and nothing else: no
// script or style that stands in the page, nothing of another host.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// maxBody is the most that a form may send.
const maxBody = 64 << 10

// guard is what every request goes through: whom it asks for, where it comes
// from and how large it is are looked at before anything else, and every
// answer has the headers that keep a browser from doing more than it should.
func (s *Server) guard(next http.Handler) http.Handler {
	crossOrigin := http.NewCrossOriginProtection()
	crossOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isAPI(r) {
			s.apiFail(w, r, crossSite())
			return
		}
		s.fail(w, r, s.stranger(r), http.StatusForbidden, "This form was sent from another site.")
	}))
	inner := crossOrigin.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				s.log.Error("page", "path", r.URL.Path, "panic", fmt.Sprint(p))
				if isAPI(r) {
					s.apiFail(w, r, broken())
					return
				}
				s.fail(w, r, s.stranger(r), http.StatusInternalServerError, "Something went wrong here. It was written to the log.")
			}
		}()
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		// Not no-referrer: a browser would then send a form without its origin.
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Embedder-Policy", "require-corp")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Cache-Control", "no-store")
		if s.secure(r) {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		// A name that somebody else has pointed at this machine is not ours.
		if !isLoopback(r.Host) && (r.Host == "" || !strings.EqualFold(r.Host, hostOf(s.o.Plan().Link))) {
			http.Error(w, "puskaradio does not answer to this name; write it as link in the configuration", http.StatusMisdirectedRequest)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		inner.ServeHTTP(w, r)
	})
}

// secure reports whether the browser reached us over HTTPS, itself or through
// the proxy that the link leads to.
func (s *Server) secure(r *http.Request) bool {
	link := s.o.Plan().Link
	return r.TLS != nil || strings.HasPrefix(link, "https://") && strings.EqualFold(r.Host, hostOf(link))
}

// signedIn lets those see a page who may.
func (s *Server) signedIn(need puskaradio.Role, p page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := s.stranger(r)
		x, ok := s.sessions.of(s.cookie(r), s.now(), false)
		v.account = !ok || x.person // before person: a session that ends meanwhile makes nobody more than they were
		who, err := s.person(r)
		if errors.Is(err, puskaradio.ErrNotFound) {
			s.showDoor(w, r, v, http.StatusUnauthorized, &doorView{view: v})
			return
		}
		if err == nil {
			v.as(who)
			err = s.furnish(r, v)
		}
		switch {
		case err != nil:
			s.fault(w, r, v, err)
			return
		case !who.Role.May(need), need == puskaradio.Owner && len(who.Brands) > 0: // an owner of some brands could give themselves all
			s.fail(w, r, v, http.StatusForbidden, "You may not do this. Ask an owner.")
			return
		}
		s.keepLang(w, r, v)
		if s.tooMany(w, r, v) {
			return
		}
		if err := p(w, r, v); err != nil {
			s.fault(w, r, v, err)
		}
	})
}

// keepLang has the browser keep a language that was chosen.
func (s *Server) keepLang(w http.ResponseWriter, r *http.Request, v *view) {
	if v.chosen != "" {
		http.SetCookie(w, &http.Cookie{Name: "lang", Value: v.chosen, Path: "/", MaxAge: 365 * 86400, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.secure(r)})
	}
}

// person is who asks: by their session, or as the proxy before us says. It is
// looked up each time, so that a role that was taken away is away.
func (s *Server) person(r *http.Request) (puskaradio.Person, error) {
	x, ok := s.sessions.of(s.cookie(r), s.now(), r.URL.Path != newsPath)
	if ok && !x.person { // who runs this program
		return puskaradio.Person{Name: x.who, Role: puskaradio.Owner}, nil
	}
	name, plan := x.who, s.o.Plan()
	if !ok {
		if name = s.vouched(r, &plan); name == "" {
			return puskaradio.Person{}, puskaradio.ErrNotFound
		}
	}
	people, err := s.o.Store.People(r.Context())
	if err != nil {
		return puskaradio.Person{}, err
	}
	for _, p := range people {
		if p.Name == name {
			return p, nil
		}
	}
	if !ok && plan.HeaderRole != "" {
		return puskaradio.Person{Name: name, Role: plan.HeaderRole}, nil
	}
	if role := plan.OIDC.role(x.groups); role != "" {
		return puskaradio.Person{Name: name, Role: role}, nil
	}
	return puskaradio.Person{}, puskaradio.ErrNotFound
}

// vouched is the name that a proxy of ours gives; empty if the request does not
// come from one.
func (s *Server) vouched(r *http.Request, p *Plan) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	at, err2 := netip.ParseAddr(host)
	if p.Header == "" || err != nil || err2 != nil || !within(at, p.Proxies) {
		return ""
	}
	name := r.Header.Values(p.Header)
	if len(name) != 1 || strings.TrimSpace(name[0]) == "" { // two are one too many: somebody sent the first
		return ""
	}
	return NameOf(name[0])
}

// fault answers with what an error means to the person.
func (s *Server) fault(w http.ResponseWriter, r *http.Request, v *view, err error) {
	switch {
	case errors.Is(err, puskaradio.ErrNotFound):
		s.fail(w, r, v, http.StatusNotFound, "There is no such page.")
	case errors.Is(err, errForm):
		s.fail(w, r, v, http.StatusBadRequest, "The form could not be read.")
	case r.Context().Err() != nil:
		return // nobody is there to read it
	default:
		s.log.Error("page", "path", r.URL.Path, "err", err)
		s.fail(w, r, v, http.StatusInternalServerError, "Something went wrong here. It was written to the log.")
	}
}

var errForm = errors.New("form")
