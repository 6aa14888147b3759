package web

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode"
)

// How long a ticket can be used, and a session goes without being used, and
// lasts at all.
const (
	ticketFor   = 30 * time.Minute
	sessionIdle = 12 * time.Hour
	sessionMost = 7 * 24 * time.Hour
	maxSessions = 1000
)

// A digest of a secret is what is kept of it: who reads the memory of the
// process cannot enter with it, and to look one up tells nothing by its time.
type secretDigest [sha256.Size]byte

func digestOf(secret string) secretDigest { return sha256.Sum256([]byte(secret)) }

type session struct {
	who         string
	began, last time.Time
}

// sessions are those who may enter, and those who have. They end with the
// process.
type sessions struct {
	mu      sync.Mutex
	tickets map[secretDigest]time.Time // until when
	open    map[secretDigest]session
}

// Ticket makes a token that lets one person in, once, within half an hour.
func (s *Server) Ticket() string {
	t := rand.Text() + rand.Text() // 260 bits
	now := s.now()
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	if s.sessions.tickets == nil {
		s.sessions.tickets = map[secretDigest]time.Time{}
	}
	for d, until := range s.sessions.tickets {
		if now.After(until) {
			delete(s.sessions.tickets, d)
		}
	}
	s.sessions.tickets[digestOf(t)] = now.Add(ticketFor)
	return t
}

// begin takes a ticket and gives the secret of a new session.
func (s *sessions) begin(ticket, who string, now time.Time) (string, bool) {
	given := digestOf(ticket)
	s.mu.Lock()
	defer s.mu.Unlock()
	ok := false
	for d, until := range s.tickets {
		if subtle.ConstantTimeCompare(d[:], given[:]) == 1 && now.Before(until) {
			ok = true
		}
	}
	if !ok {
		return "", false
	}
	delete(s.tickets, given)
	for d, x := range s.open {
		if x.over(now) {
			delete(s.open, d)
		}
	}
	if len(s.open) >= maxSessions {
		return "", false
	}
	if s.open == nil {
		s.open = map[secretDigest]session{}
	}
	secret := rand.Text() + rand.Text()
	s.open[digestOf(secret)] = session{who, now, now}
	return secret, true
}

func (x session) over(now time.Time) bool {
	return now.Sub(x.last) > sessionIdle || now.Sub(x.began) > sessionMost
}

// who is whose session a secret is of, if it lasts.
func (s *sessions) who(secret string, now time.Time) (string, bool) {
	if secret == "" {
		return "", false
	}
	d := digestOf(secret)
	s.mu.Lock()
	defer s.mu.Unlock()
	x, ok := s.open[d]
	if !ok || x.over(now) {
		delete(s.open, d)
		return "", false
	}
	x.last = now
	s.open[d] = x
	return x.who, true
}

func (s *sessions) end(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, digestOf(secret))
}

// cookieName is bound to the host where a browser can hold it to that.
func cookieName(secure bool) string {
	if secure {
		return "__Host-puskaradio"
	}
	return "puskaradio"
}

// cookie is the secret that a request brings; empty if it brings none.
func (s *Server) cookie(r *http.Request) string {
	c, err := r.Cookie(cookieName(s.secure(r)))
	if err != nil {
		return ""
	}
	return c.Value
}

func (s *Server) setCookie(w http.ResponseWriter, r *http.Request, secret string, age int) {
	secure := s.secure(r)
	http.SetCookie(w, &http.Cookie{
		Name: cookieName(secure), Value: secret, Path: "/", MaxAge: age,
		HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode,
	})
}

type doorView struct {
	*view
	Ticket string
	Used   bool // what was given opened nothing
}

// door asks who enters. It does not use the ticket up: something else than a
// person may follow a link, and to ask for a page changes nothing.
func (s *Server) door(w http.ResponseWriter, r *http.Request) {
	v := s.stranger(r)
	s.render(w, r, http.StatusOK, v, "in", &doorView{view: v, Ticket: clipRunes(r.URL.Query().Get("ticket"), 100)})
}

func (s *Server) enter(w http.ResponseWriter, r *http.Request) {
	v := s.stranger(r)
	if err := r.ParseForm(); err != nil {
		s.fault(w, r, v, errForm)
		return
	}
	secret, ok := s.sessions.begin(r.PostForm.Get("ticket"), nameOf(r.PostForm.Get("who")), s.now())
	if !ok {
		s.render(w, r, http.StatusUnauthorized, v, "in", &doorView{view: v, Used: true})
		return
	}
	s.setCookie(w, r, secret, int(sessionMost/time.Second))
	http.Redirect(w, r, "/digest", http.StatusSeeOther)
}

func (s *Server) signOut(w http.ResponseWriter, r *http.Request, _ *view) error {
	s.sessions.end(s.cookie(r))
	s.setCookie(w, r, "", -1)
	http.Redirect(w, r, "/in", http.StatusSeeOther)
	return nil
}

// nameOf is a name as a person gave it, fit to be shown to others.
func nameOf(given string) string {
	name := strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(given, ""))), " ")
	if name = clipRunes(name, 40); name == "" {
		return "web"
	}
	return name
}

func clipRunes(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}
