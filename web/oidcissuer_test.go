package web

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/puskaradio/puskaradio"
)

// TestOIDCAway: while the issuer does not answer, or answers what cannot be
// used, the door says so and passwords open it; it is asked again later.
func TestOIDCAway(t *testing.T) {
	for name, fail := range map[string]func(*idp, http.ResponseWriter, string) bool{
		"down": func(_ *idp, w http.ResponseWriter, _ string) bool {
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		},
		"cut off": func(*idp, http.ResponseWriter, string) bool { panic(http.ErrAbortHandler) },
		"slow":    func(*idp, http.ResponseWriter, string) bool { time.Sleep(1500 * time.Millisecond); return false },
		"large": func(x *idp, _ http.ResponseWriter, _ string) bool {
			x.discover = func(about map[string]any) { about["x"] = strings.Repeat("x", issuerAnswer) } // it is whole
			return false
		},
		"elsewhere": func(x *idp, w http.ResponseWriter, path string) bool {
			if path == "/moved" { // where all would be well
				x.write(w, http.StatusOK, map[string]any{"issuer": x.srv.URL, "authorization_endpoint": x.srv.URL + "/authorize", "token_endpoint": x.srv.URL + "/token", "jwks_uri": x.srv.URL + "/keys"})
				return true
			}
			w.Header().Set("Location", x.srv.URL+"/moved")
			w.WriteHeader(http.StatusFound)
			return true
		},
		"another": func(x *idp, w http.ResponseWriter, _ string) bool {
			x.write(w, http.StatusOK, map[string]any{"issuer": "https://evil.example", "authorization_endpoint": x.srv.URL, "token_endpoint": x.srv.URL, "jwks_uri": x.srv.URL})
			return true
		},
		"a script": func(x *idp, w http.ResponseWriter, _ string) bool {
			x.write(w, http.StatusOK, map[string]any{"issuer": x.srv.URL, "authorization_endpoint": "javascript:alert(1)", "token_endpoint": x.srv.URL, "jwks_uri": x.srv.URL})
			return true
		},
		"not JSON": func(_ *idp, w http.ResponseWriter, _ string) bool { fmt.Fprint(w, "<html>"); return true },
	} {
		t.Run(name, func(t *testing.T) {
			p := newIssued(t)
			p.server.issuers.client = issuerClient(time.Second)
			p.idp.fail = func(w http.ResponseWriter, path string) bool { return fail(p.idp, w, path) }
			for range 3 { // the second and third time it is not asked
				w := p.do("GET", "/in/oidc", nil, nil)
				if w.Code != http.StatusBadGateway || len(w.Result().Cookies()) > 0 || !strings.Contains(w.Body.String(), "Acme ID does not answer as it should right now.") {
					t.Errorf("%d %v", w.Code, w.Result().Cookies())
				}
			}
			p.idp.now(func() {
				if n := p.idp.asked["/.well-known/openid-configuration"]; n != 1 {
					t.Errorf("it was asked %d times", n)
				}
				p.idp.fail, p.idp.discover = nil, nil
			})
			if n := strings.Count(p.log.String(), "\n"); n != 3 || len(p.log.String()) > 3000 {
				t.Errorf("the log has %d lines: %.200s", n, p.log.String())
			}
			p.join("Liisa", puskaradio.Reader)
			p.late = issuerPause
			if w := p.signInBy(); sessionIn(w) == "" {
				t.Errorf("after it is back: %d %s", w.Code, w.Body)
			}
		})
	}
}

// TestOIDCAwayInBetween: an issuer that goes away while somebody is there lets
// nobody in, and nobody is held for a guesser; what was known of it stays.
func TestOIDCAwayInBetween(t *testing.T) {
	for name, fail := range map[string]func(http.ResponseWriter, string) bool{
		"no token": func(w http.ResponseWriter, path string) bool {
			if path == "/token" {
				panic(http.ErrAbortHandler)
			}
			return false
		},
		"a large token": func(w http.ResponseWriter, path string) bool {
			if path == "/token" {
				w.Header().Set("Content-Type", "application/json")
				fmt.Fprintf(w, `{"access_token":"a","id_token":%q}`, strings.Repeat("x", issuerAnswer))
			}
			return path == "/token"
		},
	} {
		p := newIssued(t)
		to, cookie := p.begin("")
		back := p.visit(to)
		p.idp.now(func() { p.idp.fail = fail })
		if w := p.come(back, cookie); w.Code != http.StatusBadGateway || sessionIn(w) != "" || len(p.deeds()) > 0 {
			t.Errorf("%s: %d, %v", name, w.Code, p.deeds())
		}
		p.idp.now(func() {
			p.idp.fail = func(w http.ResponseWriter, path string) bool { return path == "/.well-known/openid-configuration" }
			p.idp.claims["exp"] = testNow.Add(2 * issuerFresh).Unix()
		})
		p.late = issuerFresh + time.Minute
		if w := p.signInBy(); sessionIn(w) == "" {
			t.Errorf("%s: what was known of it is forgotten: %d", name, w.Code)
		}
		p.idp.now(func() {
			if n := p.idp.asked["/.well-known/openid-configuration"]; n != 2 {
				t.Errorf("%s: it was asked %d times what it is, want 2: once an hour", name, n)
			}
		})
	}
}

// TestOIDCKeys: keys may change between two sign-ins; a large answer of keys
// lets nobody in.
func TestOIDCKeys(t *testing.T) {
	p := newIssued(t)
	if w := p.signInBy(); sessionIn(w) == "" {
		t.Fatalf("with the first key: %d %s", w.Code, w.Body)
	}
	keys, err := rsaKeys()
	if err != nil {
		t.Fatal(err)
	}
	p.idp.now(func() { p.idp.key, p.idp.kid = keys[1], "two" })
	if w := p.signInBy(); sessionIn(w) == "" {
		t.Errorf("with the second key: %d %s", w.Code, w.Body)
	}
	p.idp.now(func() {
		if n := p.idp.asked["/keys"]; n != 2 {
			t.Errorf("keys were asked for %d times", n)
		}
		p.idp.kid, p.idp.pad = "three", strings.Repeat("x", issuerAnswer)
	})
	if w := p.signInBy(); sessionIn(w) != "" || w.Code != http.StatusUnauthorized {
		t.Errorf("with keys that are too large: %d", w.Code)
	}
}

// TestOIDCWho: who somebody is stands in the configuration or in our list, and
// a role of theirs in our list or, where it is configured, in their groups.
func TestOIDCWho(t *testing.T) {
	for _, c := range []struct {
		name   string
		o      OIDC
		claims map[string]any
		want   string // name and role; empty: nobody
	}{
		{"an address in capitals", OIDC{}, map[string]any{"email": "MAIJA@acme.example"}, "Maija@acme.example agent"},
		{"verified, as a text", OIDC{}, map[string]any{"email_verified": "true"}, "Maija@acme.example agent"},
		{"an address with a name", OIDC{People: map[string]string{"Ville@Acme.example": "Ville"}}, map[string]any{"email": "ville@acme.example"}, "Ville reader"},
		{"an address with the name of nobody", OIDC{People: map[string]string{"ville@acme.example": "Nobody"}}, map[string]any{"email": "ville@acme.example"}, ""},
		{"nothing said of the address, and trusted", OIDC{TrustEmail: true}, map[string]any{"email_verified": nil}, "Maija@acme.example agent"},
		{"another claim", OIDC{Claim: "preferred_username"}, map[string]any{"preferred_username": "Ville", "email": nil}, "Ville reader"},
		{"another claim in capitals", OIDC{Claim: "preferred_username"}, map[string]any{"preferred_username": "VILLE"}, ""},
		{"another claim with a name", OIDC{Claim: "sub", People: map[string]string{"4711": "Ville"}}, nil, "Ville reader"},
		{"a group", OIDC{Roles: map[string]puskaradio.Role{"press": puskaradio.Agent}}, map[string]any{"email": "kalle@acme.example", "groups": []string{"x", "press"}}, "kalle@acme.example agent"},
		{"the highest of some groups", OIDC{Groups: "roles", Roles: map[string]puskaradio.Role{"press": puskaradio.Agent, "it": puskaradio.Owner, "all": puskaradio.Reader}}, map[string]any{"email": "kalle@acme.example", "roles": []string{"all", "it", "press"}}, "kalle@acme.example owner"},
		{"a single group", OIDC{Roles: map[string]puskaradio.Role{"press": puskaradio.Agent}}, map[string]any{"email": "kalle@acme.example", "groups": "press"}, "kalle@acme.example agent"},
		{"our list before a group", OIDC{Roles: map[string]puskaradio.Role{"it": puskaradio.Owner}}, map[string]any{"groups": []string{"it"}}, "Maija@acme.example agent"},
		{"another name for the groups", OIDC{Groups: "roles", Roles: map[string]puskaradio.Role{"it": puskaradio.Owner}}, map[string]any{"email": "kalle@acme.example", "groups": []string{"it"}}, ""},
	} {
		p := newIssued(t)
		o := *p.plan.OIDC
		o.Claim, o.TrustEmail, o.People, o.Groups, o.Roles = c.o.Claim, c.o.TrustEmail, c.o.People, c.o.Groups, c.o.Roles
		p.plan.OIDC = &o
		maps.Copy(p.idp.claims, c.claims)
		w := p.signInBy()
		secret := sessionIn(w)
		if (secret != "") != (c.want != "") {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
			continue
		}
		if secret == "" {
			continue
		}
		who := &person{p.place, secret}
		got, err := p.server.person(request(who))
		if err != nil || got.Name+" "+string(got.Role) != c.want {
			t.Errorf("%s: %+v, %v, want %s", c.name, got, err, c.want)
		}
		if len(c.o.Roles) == 0 || strings.HasPrefix(c.want, "Maija") {
			continue
		}
		o.Roles = nil // taken out of the configuration
		if _, err := p.server.person(request(who)); err == nil {
			t.Errorf("%s: a role that was taken away is not away", c.name)
		}
	}
}

func request(who *person) *http.Request {
	r, err := http.NewRequest(http.MethodGet, "http://127.0.0.1:8080/inbox", nil)
	if err != nil {
		who.t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: "puskaradio", Value: who.cookie})
	return r
}

// TestOIDCClient: the secret travels as the issuer wants it, and only once; a
// client without one is held by its verifier.
func TestOIDCClient(t *testing.T) {
	for _, c := range []struct {
		name, secret string
		methods      []string
		want         string
	}{
		{"nothing said", "s", nil, "basic"},
		{"both", "s", []string{"client_secret_post", "client_secret_basic"}, "basic"},
		{"in the body only", "s", []string{"client_secret_post", "private_key_jwt"}, "post"},
		{"a secret of odd signs", "a:b c%d+é", nil, "basic"},
		{"without a secret", "", []string{"none"}, "post"},
	} {
		p := newIssued(t)
		p.idp.secret, p.plan.OIDC.Secret = c.secret, c.secret
		p.idp.discover = func(about map[string]any) {
			if c.methods != nil {
				about["token_endpoint_auth_methods_supported"] = c.methods
			}
		}
		w := p.signInBy()
		p.idp.now(func() {
			if sessionIn(w) == "" || strings.Join(p.idp.styles, " ") != c.want {
				t.Errorf("%s: %d, by %v, want %s", c.name, w.Code, p.idp.styles, c.want)
			}
		})
	}
}

// TestOIDCEndpoints: what is secret goes to an issuer over HTTPS alone, unless
// the issuer itself is asked in the clear.
func TestOIDCEndpoints(t *testing.T) {
	for _, c := range []struct {
		issuer, auth, token, keys string
		ok                        bool
	}{
		{"https://id.example", "https://id.example/a", "https://id.example/t", "https://keys.example/k", true},
		{"https://id.example", "http://id.example/a", "https://id.example/t", "https://id.example/k", false},
		{"https://id.example", "https://id.example/a", "http://id.example/t", "https://id.example/k", false},
		{"https://id.example", "https://id.example/a", "https://id.example/t", "http://id.example/k", false},
		{"https://id.example", "https://id.example/a", "", "https://id.example/k", false},
		{"http://127.0.0.1:1", "http://127.0.0.1:1/a", "http://127.0.0.1:1/t", "http://127.0.0.1:1/k", true},
		{"http://127.0.0.1:1", "javascript:alert(1)", "http://127.0.0.1:1/t", "http://127.0.0.1:1/k", false},
	} {
		x := newIDP(t)
		x.discover = func(about map[string]any) {
			about["authorization_endpoint"], about["token_endpoint"], about["jwks_uri"] = c.auth, c.token, c.keys
		}
		p, err := oidc.NewProvider(t.Context(), x.srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		if err := checkEndpoints(c.issuer, p); (err == nil) != c.ok {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// FuzzOIDCBack sends a browser back with anything at all: nobody enters, and
// nothing fails.
func FuzzOIDCBack(f *testing.F) {
	for _, s := range []string{"", "state=x&code=y", "state=&code=", "error=access_denied&state=x", "state=%00&iss=%zz", "state=a&state=b"} {
		f.Add(s, "cookie")
	}
	f.Fuzz(func(t *testing.T, query, cookie string) {
		p := newPlace(t)
		p.plan.OIDC = &OIDC{Name: "Acme ID", Issuer: "http://127.0.0.1:1", Client: "x"}
		w := p.do("GET", "/in/oidc/back", nil, func(r *http.Request) {
			r.URL = &url.URL{Path: "/in/oidc/back", RawQuery: query}
			r.Header.Set("Cookie", "puskaradio-oidc="+cookie)
		})
		if w.Code < 400 || w.Code >= 500 || sessionIn(w) != "" {
			t.Errorf("%q: %d", query, w.Code)
		}
	})
}

// TestOIDCProbe: what doctor says of an issuer that is well, has no keys, or is
// not there.
func TestOIDCProbe(t *testing.T) {
	p := newIssued(t)
	o := p.plan.OIDC
	if found, err := o.Probe(t.Context()); err != nil || !strings.Contains(found, "people sign in at "+p.idp.srv.URL+"/authorize") {
		t.Errorf("Probe = %q, %v", found, err)
	}
	for want, fail := range map[string]func(w http.ResponseWriter, path string) bool{
		"no keys": func(w http.ResponseWriter, path string) bool {
			if path != "/keys" {
				return false
			}
			fmt.Fprint(w, `{"keys":[]}`)
			return true
		},
		"503": func(w http.ResponseWriter, _ string) bool {
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		},
	} {
		p.idp.fail = fail
		if found, err := o.Probe(t.Context()); err == nil || !strings.Contains(err.Error(), want) || found != "" {
			t.Errorf("Probe = %q, %v, want %q", found, err, want)
		}
	}
}
