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
	inviteFor   = 48 * time.Hour
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
	person      bool // they are in the store, which says what they may do; else they run this program
	began, last time.Time
	groups      []string // by which an issuer vouched for who is not in the store
}

// A ticket lets somebody in once.
type ticket struct {
	until time.Time
	who   string // the person who is to choose a password; empty: whoever runs this program
}

// sessions are those who may enter, and those who have. They end with the
// process.
type sessions struct {
	mu      sync.Mutex
	tickets map[secretDigest]ticket
	open    map[secretDigest]session
}

// Ticket makes a token that lets who runs this program in, once, within half
// an hour.
func (s *Server) Ticket() string { return s.invite("", ticketFor) }

// Invite makes a token with which a person of the store chooses a password,
// once, within two days.
func (s *Server) Invite(name string) string { return s.invite(name, inviteFor) }

func (s *Server) invite(who string, long time.Duration) string {
	t := rand.Text() + rand.Text() // 260 bits
	now := s.now()
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	if s.sessions.tickets == nil {
		s.sessions.tickets = map[secretDigest]ticket{}
	}
	for d, x := range s.sessions.tickets {
		if now.After(x.until) || who != "" && x.who == who {
			delete(s.sessions.tickets, d)
		}
	}
	s.sessions.tickets[digestOf(t)] = ticket{now.Add(long), who}
	return t
}

// holder is whose ticket a token is, if it is one.
func (s *sessions) holder(token string, now time.Time) (who string, ok bool) {
	given := digestOf(token)
	s.mu.Lock()
	defer s.mu.Unlock()
	for d, x := range s.tickets {
		if subtle.ConstantTimeCompare(d[:], given[:]) == 1 && now.Before(x.until) {
			who, ok = x.who, true
		}
	}
	return who, ok
}

// use takes a ticket away, and reports whether it was there.
func (s *sessions) use(token string, now time.Time) bool {
	if _, ok := s.holder(token, now); !ok {
		return false
	}
	given := digestOf(token)
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.tickets[given]
	delete(s.tickets, given)
	return ok
}

// begin gives the secret of a new session.
func (s *sessions) begin(who string, person bool, now time.Time, groups ...string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
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
	s.open[digestOf(secret)] = session{who, person, now, now, groups}
	return secret, true
}

// endAll ends the sessions of a person.
func (s *sessions) endAll(who string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for d, x := range s.open {
		if x.person && x.who == who {
			delete(s.open, d)
		}
	}
}

func (x session) over(now time.Time) bool {
	return now.Sub(x.last) > sessionIdle || now.Sub(x.began) > sessionMost
}

// of is the session that a secret is of, if it lasts. A page that only asks what
// is new, by itself, does not use it.
func (s *sessions) of(secret string, now time.Time, used bool) (session, bool) {
	if secret == "" {
		return session{}, false
	}
	d := digestOf(secret)
	s.mu.Lock()
	defer s.mu.Unlock()
	x, ok := s.open[d]
	if !ok || x.over(now) {
		delete(s.open, d)
		return session{}, false
	}
	if used {
		x.last = now
		s.open[d] = x
	}
	return x, true
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

// NameOf is a name as a person gave it, fit to be shown to others.
func NameOf(given string) string {
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
