package web

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

// A token is told by how it begins, so that those who look for secrets in what
// is about to be published find it.
const tokenStart = "pr_"

// NewToken makes the secret of a token, of 260 bits, and the hash that is kept
// of it. So long a secret cannot be guessed from a hash that is fast.
func NewToken() (secret, hash string) {
	secret = tokenStart + rand.Text() + rand.Text()
	return secret, tokenHash(secret)
}

func tokenHash(secret string) string {
	d := digestOf(secret)
	return hex.EncodeToString(d[:])
}

// TokenRoles are what a token may be: who may enter is said by people only.
func TokenRoles() []puskaradio.Role { return []puskaradio.Role{puskaradio.Reader, puskaradio.Agent} }

// usedEvery is how often it is noted that a token was used.
const usedEvery = time.Minute

// tokenOf is the token that a secret is of; false if there is none. It compares
// with all of them, so that its time tells nothing.
func (s *Server) tokenOf(ctx context.Context, secret string) (found puskaradio.Token, ok bool, err error) {
	given := tokenHash(secret)
	all, err := s.o.Store.Tokens(ctx)
	for _, t := range all {
		if subtle.ConstantTimeCompare([]byte(t.Hash), []byte(given)) == 1 {
			found, ok = t, true
		}
	}
	return found, ok, err
}

// useToken notes that a token was used.
func (s *Server) useToken(ctx context.Context, t *puskaradio.Token) error {
	now := s.now().UTC().Truncate(time.Second)
	if now.Sub(t.Used) < usedEvery {
		return nil
	}
	return s.o.Store.UseToken(ctx, t.Name, t.Hash, now)
}

// tokenDays are how long a token can last; zero is without end.
var tokenDays = []int{90, 30, 365, 0}

type tokensView struct {
	*view
	Tokens []puskaradio.Token
	Roles  []puskaradio.Role
	Every  []puskaradio.Brand
	Days   []int
	Secret string // of the one that was just made, For
	For    string
}

func (s *Server) tokensPage(w http.ResponseWriter, r *http.Request, v *view) error {
	return s.showTokens(w, r, v, "", "", http.StatusOK)
}

func (s *Server) showTokens(w http.ResponseWriter, r *http.Request, v *view, who, secret string, status int) error {
	all, err := s.o.Store.Tokens(r.Context())
	if err != nil {
		return err
	}
	v.Here = "/tokens"
	s.render(w, r, status, v, "tokens", &tokensView{view: v, Tokens: all, Roles: TokenRoles(), Every: s.o.Plan().Brands, Days: tokenDays, For: who, Secret: secret})
	return nil
}

// setTokens makes a token, or takes one away.
func (s *Server) setTokens(w http.ResponseWriter, r *http.Request, v *view) error {
	if err := r.ParseForm(); err != nil {
		return errForm
	}
	ctx, name := r.Context(), strings.TrimSpace(r.PostForm.Get("name"))
	all, err := s.o.Store.Tokens(ctx)
	if err != nil {
		return err
	}
	known := slices.ContainsFunc(all, func(t puskaradio.Token) bool { return t.Name == name })
	if name == "" || name != NameOf(name) {
		return errForm
	}
	switch r.PostForm.Get("do") {
	case "drop":
		if !known {
			return puskaradio.ErrNotFound
		}
		if err := s.o.Store.SetToken(ctx, puskaradio.Token{Name: name}); err != nil {
			return err
		}
		if err := s.record(r, v.Who, "took away a token", name); err != nil {
			return err
		}
		http.Redirect(w, r, "/tokens", http.StatusSeeOther)
		return nil
	case "add":
		if known {
			v.Message = v.T("There is a token of that name.")
			return s.showTokens(w, r, v, "", "", http.StatusConflict)
		}
	default:
		return errForm
	}
	t := puskaradio.Token{Name: name, Role: puskaradio.Role(r.PostForm.Get("role")), Since: s.now().UTC().Truncate(time.Second)}
	days := slices.IndexFunc(tokenDays, func(d int) bool { return v.Float(float64(d), 0) == r.PostForm.Get("days") })
	if days < 0 || !slices.Contains(TokenRoles(), t.Role) {
		return errForm
	}
	if d := tokenDays[days]; d > 0 {
		t.Expires = t.Since.AddDate(0, 0, d)
	}
	for _, b := range s.o.Plan().Brands {
		if slices.Contains(r.PostForm["brand"], b.ID) {
			t.Brands = append(t.Brands, b.ID)
		}
	}
	if len(r.PostForm["brand"]) != len(t.Brands) { // else a brand that is no more would give all of them
		return errForm
	}
	secret, hash := NewToken()
	t.Hash = hash
	if err := s.o.Store.SetToken(ctx, t); err != nil {
		return err
	}
	if err := s.record(r, v.Who, "made a token "+string(t.Role), strings.TrimSpace(name+" "+strings.Join(t.Brands, " "))); err != nil {
		return err
	}
	return s.showTokens(w, r, v, name, secret, http.StatusOK)
}
