package web

import (
	"cmp"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/puskaradio/puskaradio"
)

// Where a sign-in by an issuer begins, and where the issuer sends people back.
// It begins by a link and not by a form: browsers hold redirects of forms to
// form-action, and an issuer may send people on to others. Nothing is changed
// by it but what this browser is given.
const (
	oidcBegin = "/in/oidc"
	oidcBack  = "/in/oidc/back"
)

const begunElsewhere = "This sign-in was begun in another browser, has been used, or took too long. Begin again."

const (
	signInFor   = 10 * time.Minute
	signInsEach = 20     // that are open from one address: the oldest goes
	signInsMost = 10_000 // that are open at all
)

// A signIn has been begun, and waits for its browser to come back.
type signIn struct {
	until                        time.Time
	from, issuer, client         string
	verifier, nonce, next, state string
}

// signIns are those that have been begun. They end with the process.
type signIns struct {
	mu   sync.Mutex
	open map[secretDigest]signIn
}

// begin keeps a sign-in; false if there are too many.
func (s *signIns) begin(x signIn, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, oldest := 0, secretDigest{}
	for d, o := range s.open {
		switch {
		case !now.Before(o.until):
			delete(s.open, d)
		case o.from == x.from:
			if n++; n == 1 || o.until.Before(s.open[oldest].until) {
				oldest = d
			}
		}
	}
	if n >= signInsEach {
		delete(s.open, oldest)
	}
	if len(s.open) >= signInsMost {
		return false
	}
	if s.open == nil {
		s.open = map[secretDigest]signIn{}
	}
	d := digestOf(x.state)
	x.state = ""
	s.open[d] = x
	return true
}

// take gives a sign-in once, to the browser that began it: who knows a state
// and has not the cookie does not use it up.
func (s *signIns) take(state, cookie string, now time.Time) (signIn, bool) {
	if subtle.ConstantTimeCompare([]byte(state), []byte(cookie)) != 1 {
		return signIn{}, false
	}
	d := digestOf(state)
	s.mu.Lock()
	defer s.mu.Unlock()
	x, ok := s.open[d]
	delete(s.open, d)
	return x, ok && now.Before(x.until)
}

func (s *Server) setOIDCCookie(w http.ResponseWriter, r *http.Request, state string, age int) {
	secure := s.secure(r)
	http.SetCookie(w, &http.Cookie{
		Name: cookieName(secure) + "-oidc", Value: state, Path: "/", MaxAge: age,
		HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode,
	})
}

// beginOIDC sends a browser to the issuer.
func (s *Server) beginOIDC(w http.ResponseWriter, r *http.Request) {
	v, o := s.atDoor(r), s.o.Plan().OIDC
	if o == nil {
		s.fault(w, r, v, puskaradio.ErrNotFound)
		return
	}
	next := r.URL.Query().Get("next")
	link := strings.TrimRight(v.Plan.Link, "/")
	if !strings.EqualFold(r.Host, hostOf(link)) { // the cookie must be where the issuer sends them back
		http.Redirect(w, r, link+oidcBegin+"?"+url.Values{"next": {next}}.Encode(), http.StatusSeeOther)
		return
	}
	p, err := s.issuers.of(r.Context(), o.Issuer, s.now())
	if err != nil {
		s.away(w, r, v, o, err)
		return
	}
	x := signIn{
		until: s.now().Add(signInFor), from: s.clientOf(r), issuer: o.Issuer, client: o.Client,
		verifier: oauth2.GenerateVerifier(), nonce: rand.Text() + rand.Text(), state: rand.Text() + rand.Text(), next: nextPage(next),
	}
	if !s.signIns.begin(x, s.now()) {
		s.fail(w, r, v, http.StatusServiceUnavailable, "There are too many sessions open.")
		return
	}
	s.setOIDCCookie(w, r, x.state, int(signInFor/time.Second))
	http.Redirect(w, r, o.oauth(p, link).AuthCodeURL(x.state, oidc.Nonce(x.nonce), oauth2.S256ChallengeOption(x.verifier)), http.StatusSeeOther)
}

// nextPage is the page of ours that was asked for before signing in.
func nextPage(given string) string {
	next := ours(given)
	if path, _, _ := strings.Cut(next, "?"); given == "" || path == "/in" || strings.HasPrefix(path, "/in/") {
		return "/digest"
	}
	return next
}

// atDoor is the view of a stranger at the door, whose address and parameters
// are the issuer's business and stand in no link.
func (s *Server) atDoor(r *http.Request) *view {
	v := s.stranger(r)
	v.Here, v.query = "/in", url.Values{}
	return v
}

// away shows the door while the issuer does not answer: passwords work.
func (s *Server) away(w http.ResponseWriter, r *http.Request, v *view, o *OIDC, err error) {
	s.log.Warn("sign-in", "issuer", o.Issuer, "err", clipRunes(err.Error(), 300))
	v.Message = v.T("%s does not answer as it should right now. Try again in a moment, or enter in another way.", o.Name)
	s.showDoor(w, r, v, http.StatusBadGateway, &doorView{view: v})
}

// endOIDC lets in whom the issuer has sent back, if they are known here.
func (s *Server) endOIDC(w http.ResponseWriter, r *http.Request) {
	v, o := s.atDoor(r), s.o.Plan().OIDC
	if o == nil {
		s.fault(w, r, v, puskaradio.ErrNotFound)
		return
	}
	begun, err := r.Cookie(cookieName(s.secure(r)) + "-oidc")
	if err != nil { // anybody can send a browser here: nothing is written of it
		v.Message = v.T(begunElsewhere)
		s.showDoor(w, r, v, http.StatusBadRequest, &doorView{view: v})
		return
	}
	s.setOIDCCookie(w, r, "", -1)
	key := "oidc " + s.clientOf(r)
	if wait := s.brake.wait(s.now(), key); wait > 0 {
		v.Message = v.T("There were too many wrong tries. Wait for %s.", v.Span(wait))
		s.showDoor(w, r, v, http.StatusTooManyRequests, &doorView{view: v})
		return
	}
	x, err := s.returned(r, v, o, begun.Value)
	no, refused := errors.AsType[*notIn](err)
	switch {
	case err == nil:
		s.admit(w, r, v, x)
	case refused && no.status == http.StatusBadGateway: // nobody was refused: the issuer is not there
		s.away(w, r, v, o, no.err)
	case refused:
		s.brake.wrong(s.now(), key)
		if no.err != nil {
			s.log.Warn("sign-in", "issuer", o.Issuer, "err", clipRunes(no.err.Error(), 300))
		}
		what := "was refused"
		switch no.as {
		case "unknown":
			what = "was refused as unknown"
		case "unverified":
			what = "was refused as unverified"
		}
		if err := s.record(r, cmp.Or(x.who, "–"), what, o.Name); err != nil {
			s.fault(w, r, v, err)
			return
		}
		v.Message = no.text
		s.showDoor(w, r, v, no.status, &doorView{view: v})
	default:
		s.fault(w, r, v, err)
	}
}

// An entrant is whom the issuer sent back: a name of the store, or one with
// groups that a role is configured for.
type entrant struct {
	who    string
	groups []string
	next   string
}

// admit begins a session of somebody, with another name than any before it.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, v *view, x entrant) {
	if err := s.record(r, x.who, "signed in", v.Plan.OIDC.Name); err != nil {
		s.fault(w, r, v, err)
		return
	}
	secret, ok := s.sessions.begin(x.who, true, s.now(), x.groups...)
	if !ok {
		s.fail(w, r, v, http.StatusServiceUnavailable, "There are too many sessions open.")
		return
	}
	s.sessions.end(s.cookie(r))
	s.setCookie(w, r, secret, int(sessionMost/time.Second))
	http.Redirect(w, r, x.next, http.StatusSeeOther)
}

// A notIn is why somebody whom the issuer sent back may not enter.
type notIn struct {
	status int
	as     string // unknown, unverified, or nothing
	text   string // for them
	err    error  // what was wrong with the issuer, if something was
}

func (e *notIn) Error() string { return "refused: " + e.text }

// returned is who came back. With an error it is who they say that they are,
// as far as they say it.
func (s *Server) returned(r *http.Request, v *view, o *OIDC, cookie string) (entrant, error) {
	q := r.URL.Query()
	x, ok := s.signIns.take(q.Get("state"), cookie, s.now())
	switch {
	case !ok, x.issuer != o.Issuer, x.client != o.Client:
		return entrant{}, &notIn{status: http.StatusBadRequest, text: v.T(begunElsewhere)}
	case q.Has("iss") && q.Get("iss") != o.Issuer: // RFC 9207: another issuer answers for it
		return entrant{}, &notIn{status: http.StatusUnauthorized, text: v.T("What %s answered cannot be trusted. It was written to the log.", o.Name)}
	case q.Get("error") != "" || q.Get("code") == "":
		return entrant{}, &notIn{status: http.StatusUnauthorized, text: v.T("%s let nobody in.", o.Name)}
	}
	p, err := s.issuers.of(r.Context(), o.Issuer, s.now())
	var claims map[string]any
	if err == nil {
		claims, err = o.claims(s.issuers.on(r.Context()), p, v.Plan.Link, q.Get("code"), x, s.now)
	}
	switch {
	case errors.Is(err, errUntrusted):
		return entrant{}, &notIn{status: http.StatusUnauthorized, text: v.T("What %s answered cannot be trusted. It was written to the log.", o.Name), err: err}
	case err != nil:
		return entrant{}, &notIn{status: http.StatusBadGateway, err: err}
	}
	name, groups, err := o.identify(claims)
	in := entrant{name, groups, x.next}
	switch {
	case errors.Is(err, errUnverified):
		return in, &notIn{status: http.StatusForbidden, as: "unverified", text: v.T("%s does not say that the address %s is yours. Have it verified there.", o.Name, name)}
	case err != nil:
		return in, &notIn{status: http.StatusForbidden, as: "unknown", text: v.T("%s does not say who you are in a way that is known here. Ask an owner.", o.Name)}
	}
	people, err := s.o.Store.People(r.Context())
	if err != nil {
		return in, err
	}
	for _, p := range people {
		if p.Name == name || o.claim() == "email" && strings.Contains(name, "@") && lowerASCII(p.Name) == name {
			in.who = p.Name
			return in, nil
		}
	}
	if o.role(groups) == "" {
		return in, &notIn{status: http.StatusForbidden, as: "unknown", text: v.T("%s knows you as %s, and nobody of that name may enter here. Ask an owner.", o.Name, name)}
	}
	return in, nil
}
