package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/puskaradio/puskaradio"
)

// An OIDC is an issuer of OpenID Connect that signs people in.
type OIDC struct {
	Name   string // what people call it
	Issuer string // its address, as it stands in its tokens
	Client string // what it calls us
	Secret string // empty: none was agreed on, and PKCE alone holds the code
	// Claim tells who somebody is. Empty is their mail address, which the issuer
	// must have verified, or say nothing of it where TrustEmail holds.
	Claim      string
	TrustEmail bool
	Scopes     []string // that are asked for besides openid; empty is email
	// People are the names of persons of the store by the value of the claim. A
	// value that is not here is a name itself.
	People map[string]string
	// Roles are what those may who are not in the store, by what stands in the
	// claim Groups (empty is "groups"). The highest counts. Empty: nothing.
	Groups string
	Roles  map[string]puskaradio.Role
}

// role is the highest role that groups give; empty if they give none, or
// there is no issuer.
func (o *OIDC) role(groups []string) (role puskaradio.Role) {
	if o == nil {
		return ""
	}
	for _, g := range groups {
		if r := o.Roles[g]; r.May(puskaradio.Reader) && !role.May(r) {
			role = r
		}
	}
	return role
}

const (
	issuerPatience = 10 * time.Second // for one answer
	issuerAnswer   = 1 << 20          // bytes, unpacked
	issuerFresh    = time.Hour        // for which its endpoints are taken for known
	issuerPause    = 5 * time.Second  // after which one that did not answer is asked again
)

// issuers asks the issuer for its endpoints when they are needed first, and
// keeps them.
type issuers struct {
	client *http.Client

	mu     sync.Mutex
	issuer string // that the rest is about
	known  *oidc.Provider
	asked  time.Time
	err    error // why it is not known
}

// of gives an issuer with its endpoints. While it does not answer, what was
// known of it before counts on.
func (x *issuers) of(ctx context.Context, issuer string, now time.Time) (*oidc.Provider, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.issuer != issuer {
		x.issuer, x.known, x.asked, x.err = issuer, nil, time.Time{}, nil
	}
	age := now.Sub(x.asked)
	switch {
	case x.known != nil && age < issuerFresh, x.err != nil && age < issuerPause:
		return x.known, x.err
	}
	// Who asked first may go away; others wait for the answer.
	p, err := discover(x.on(context.WithoutCancel(ctx)), issuer)
	x.asked = now
	switch {
	case err == nil:
		x.known, x.err = p, nil
	case x.known == nil:
		x.err = fmt.Errorf("issuer %s: %w", issuer, err)
	}
	return x.known, x.err
}

func discover(ctx context.Context, issuer string) (*oidc.Provider, error) {
	p, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		return nil, err
	}
	return p, checkEndpoints(issuer, p)
}

// Probe asks the issuer for its endpoints and its keys, and says where people
// would sign in.
func (o *OIDC) Probe(ctx context.Context) (found string, err error) {
	client := issuerClient(issuerPatience)
	p, err := discover(oidc.ClientContext(ctx, client), o.Issuer)
	if err != nil {
		return "", fmt.Errorf("issuer %s: %w", o.Issuer, err)
	}
	var at struct {
		Keys string `json:"jwks_uri"`
	}
	if err := p.Claims(&at); err != nil {
		return "", fmt.Errorf("issuer %s: %w", o.Issuer, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.Keys, nil)
	if err != nil {
		return "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", fmt.Errorf("issuer %s: its keys: %w", o.Issuer, err)
	}
	defer resp.Body.Close()
	var keys struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&keys); resp.StatusCode != http.StatusOK || err != nil || len(keys.Keys) == 0 {
		return "", fmt.Errorf("issuer %s: it has no keys at %s: status %d", o.Issuer, at.Keys, resp.StatusCode)
	}
	return fmt.Sprintf("%s, with %d keys; people sign in at %s", o.Issuer, len(keys.Keys), p.Endpoint().AuthURL), nil
}

// checkEndpoints refuses endpoints that the secret, the code or the keys would
// travel to in the clear.
func checkEndpoints(issuer string, p *oidc.Provider) error {
	var more struct {
		Keys string `json:"jwks_uri"`
	}
	if err := p.Claims(&more); err != nil {
		return err
	}
	for _, at := range []string{p.Endpoint().AuthURL, p.Endpoint().TokenURL, more.Keys} {
		u, err := url.Parse(at)
		if err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && strings.HasPrefix(issuer, "http://")) {
			return fmt.Errorf("endpoint %q: not https", clipRunes(at, 200))
		}
	}
	return nil
}

// on has a context ask issuers within our limits.
func (x *issuers) on(ctx context.Context) context.Context { return oidc.ClientContext(ctx, x.client) }

// issuerClient is for issuers, which the configuration names. It follows no
// redirect: nothing that is asked of an issuer needs one.
func issuerClient(patience time.Duration) *http.Client {
	return &http.Client{
		Timeout: patience,
		Transport: capped{&http.Transport{
			Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, MaxIdleConns: 4, IdleConnTimeout: time.Minute,
			TLSHandshakeTimeout: patience, MaxResponseHeaderBytes: 64 << 10,
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// capped makes an error of an answer that is too large.
type capped struct{ inner http.RoundTripper }

func (c capped) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := c.inner.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = http.MaxBytesReader(nil, resp.Body, issuerAnswer)
	return resp, nil
}

// oauth is how we speak to an issuer; the redirect leads to our link, whatever
// a request calls us.
func (o *OIDC) oauth(p *oidc.Provider, link string) *oauth2.Config {
	scopes := o.Scopes
	if len(scopes) == 0 {
		scopes = []string{"email"}
	}
	c := &oauth2.Config{
		ClientID: o.Client, ClientSecret: o.Secret, Endpoint: p.Endpoint(),
		RedirectURL: strings.TrimRight(link, "/") + oidcBack, Scopes: append([]string{oidc.ScopeOpenID}, scopes...),
	}
	var can struct {
		Auth []string `json:"token_endpoint_auth_methods_supported"`
	}
	// Not to be found out by trying: a code is good for one try.
	c.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if err := p.Claims(&can); o.Secret == "" || err == nil && len(can.Auth) > 0 && !slices.Contains(can.Auth, "client_secret_basic") {
		c.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return c
}

// errUntrusted is an answer of the issuer that does not hold. Other errors are
// of one that does not answer.
var errUntrusted = errors.New("the token does not hold")

// claims exchanges a code for a token and checks it: its signature, issuer,
// audience, time and nonce. ctx is of [issuers.on].
func (o *OIDC) claims(ctx context.Context, p *oidc.Provider, link, code string, x signIn, now func() time.Time) (map[string]any, error) {
	token, err := o.oauth(p, link).Exchange(ctx, code, oauth2.VerifierOption(x.verifier))
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok { // its text holds the whole answer
		return nil, fmt.Errorf("token: status %d, %q: %w", refused.Response.StatusCode, clipRunes(refused.ErrorCode, 40), errUntrusted)
	}
	if err != nil {
		return nil, fmt.Errorf("token: %w", err)
	}
	raw, _ := token.Extra("id_token").(string)
	if raw == "" {
		return nil, fmt.Errorf("%w: there is no id_token", errUntrusted)
	}
	id, err := p.Verifier(&oidc.Config{ClientID: o.Client, Now: now}).Verify(ctx, raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUntrusted, err)
	}
	var out map[string]any
	if err := id.Claims(&out); err != nil {
		return nil, fmt.Errorf("%w: %w", errUntrusted, err)
	}
	switch to, given := out["azp"]; {
	case id.Nonce != x.nonce:
		return nil, fmt.Errorf("%w: it has another nonce", errUntrusted)
	case given && to != o.Client, !given && len(id.Audience) > 1:
		return nil, fmt.Errorf("%w: it was made for another party", errUntrusted)
	}
	return out, nil
}

var (
	errUnverified = errors.New("the address is not verified")
	errNameless   = errors.New("the token names nobody")
)

// identify is the name that claims give somebody, and their groups.
func (o *OIDC) identify(claims map[string]any) (name string, groups []string, err error) {
	name, _ = claims[o.claim()].(string)
	if name == "" {
		return "", nil, errNameless
	}
	known := o.People
	if o.claim() == "email" {
		if name = lowerASCII(name); !strings.Contains(name, "@") {
			return "", nil, errNameless
		}
		verified, given := claims["email_verified"]
		if verified != true && verified != "true" && (given || !o.TrustEmail) {
			return NameOf(name), nil, errUnverified
		}
		known = map[string]string{}
		for k, v := range o.People {
			known[lowerASCII(k)] = v
		}
	}
	if as, ok := known[name]; ok {
		name = as
	}
	if name != NameOf(name) { // cut, or with signs that cannot be seen, it could be another's
		return NameOf(name), nil, errNameless
	}
	claim := o.Groups
	if claim == "" {
		claim = "groups"
	}
	switch all := claims[claim].(type) {
	case string:
		groups = []string{all}
	case []any:
		for _, g := range all {
			if s, ok := g.(string); ok {
				groups = append(groups, s)
			}
		}
	}
	return name, slices.DeleteFunc(groups, func(g string) bool { _, ok := o.Roles[g]; return !ok }), nil
}

func (o *OIDC) claim() string {
	if o.Claim == "" {
		return "email"
	}
	return o.Claim
}

// lowerASCII is a mail address in small letters. Others than those of ASCII
// stay: the sign for kelvin is no k.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
