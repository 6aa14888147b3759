package web

import (
	"bytes"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// An issued is a place whose people sign in by an issuer.
type issued struct {
	*place
	idp *idp
	log bytes.Buffer
}

func newIssued(t *testing.T) *issued {
	t.Helper()
	p := &issued{place: newPlace(t), idp: newIDP(t)}
	p.plan.Link = "http://127.0.0.1:8080"
	p.plan.OIDC = &OIDC{Name: "Acme ID", Issuer: p.idp.srv.URL, Client: p.idp.client, Secret: p.idp.secret}
	p.server.log = slog.New(slog.NewTextHandler(&p.log, nil))
	for _, x := range []puskaradio.Person{{Name: "Maija@acme.example", Role: puskaradio.Agent}, {Name: "Ville", Role: puskaradio.Reader}} {
		if err := p.store.SetPerson(t.Context(), x); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// begin is what the door sends a browser away with: where to, and the cookie.
func (p *issued) begin(query string) (to string, cookie *http.Cookie) {
	p.t.Helper()
	w := p.do("GET", "/in/oidc"+query, nil, nil)
	to = w.Header().Get("Location")
	if w.Code != http.StatusSeeOther || !strings.HasPrefix(to, p.idp.srv.URL+"/authorize?") || len(w.Result().Cookies()) != 1 {
		p.t.Fatalf("GET /in/oidc: %d to %q, %v", w.Code, to, w.Result().Cookies())
	}
	return to, w.Result().Cookies()[0]
}

// visit signs in at the issuer, which sends the browser back to a path of ours.
func (p *issued) visit(to string) string {
	p.t.Helper()
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := c.Get(to)
	if err != nil {
		p.t.Fatal(err)
	}
	_ = resp.Body.Close()
	back, ok := strings.CutPrefix(resp.Header.Get("Location"), p.plan.Link)
	if !ok || resp.StatusCode != http.StatusFound {
		p.t.Fatalf("the issuer sends back to %q: %s", resp.Header.Get("Location"), resp.Status)
	}
	return back
}

// come is the answer to a browser that comes back with some cookies.
func (p *issued) come(back string, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	return p.do("GET", back, nil, func(r *http.Request) {
		for _, c := range cookies {
			r.AddCookie(c)
		}
	})
}

func (p *issued) signInBy() *httptest.ResponseRecorder {
	p.t.Helper()
	to, cookie := p.begin("")
	return p.come(p.visit(to), cookie)
}

// sessionIn is that of an answer; empty if it gives none.
func sessionIn(w *httptest.ResponseRecorder) string {
	for _, c := range w.Result().Cookies() {
		if c.Name == "puskaradio" && c.MaxAge > 0 {
			return c.Value
		}
	}
	return ""
}

// deeds are the words of the audit log, the newest first.
func (p *issued) deeds() (out []string) {
	p.t.Helper()
	all, err := p.store.Deeds(p.t.Context(), testNow.Add(24*time.Hour), 100)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, d := range all {
		out = append(out, d.Who+" "+d.What+" "+d.On)
	}
	return out
}

// TestOIDC: who is known by a verified address enters, with a session of their
// own, as what our own list says.
func TestOIDC(t *testing.T) {
	p := newIssued(t)
	wants(t, "the door", p.do("GET", "/in", nil, nil).Body.String(), `href="/in/oidc"`, "Sign in with Acme ID")
	wants(t, "the door in Finnish", p.do("GET", "/in?lang=fi", nil, nil).Body.String(), "Kirjaudu: Acme ID")
	wants(t, "a page", p.do("GET", "/mentions?q=a%26b", nil, nil).Body.String(), `href="/in/oidc?next=%2fmentions%3fq%3da%2526b"`)
	to, cookie := p.begin("?next=/mentions%3Fq%3Da")
	if cookie.Name != "puskaradio-oidc" || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.MaxAge != 600 || cookie.Path != "/" {
		t.Errorf("the cookie: %+v", cookie)
	}
	back := p.visit(to)
	p.idp.now(func() {
		if got := p.idp.seen.Get("redirect_uri") + " " + p.idp.seen.Get("scope"); got != "http://127.0.0.1:8080/in/oidc/back openid email" {
			t.Errorf("redirect_uri and scope = %q", got)
		}
	})
	before := p.enter("Root")
	w := p.come(back, cookie, &http.Cookie{Name: "puskaradio", Value: before.cookie})
	secret := sessionIn(w)
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/mentions?q=a" || secret == "" || secret == before.cookie {
		t.Fatalf("came back: %d to %q, %v", w.Code, w.Header().Get("Location"), w.Result().Cookies())
	}
	if !slices.ContainsFunc(w.Result().Cookies(), func(c *http.Cookie) bool { return c.Name == cookie.Name && c.MaxAge < 0 }) {
		t.Error("the cookie of the sign-in stays")
	}
	if got := before.do("GET", "/inbox", nil, nil).Code; got != http.StatusUnauthorized {
		t.Errorf("the session of before lasts: %d", got)
	}
	maija := &person{p.place, secret}
	wants(t, "signed in", maija.get("/me"), "Maija@acme.example", "agent", "there is no password of yours here")
	if got := maija.do("GET", "/people", nil, nil).Code; got != http.StatusForbidden {
		t.Errorf("an agent sees the people: %d", got)
	}
	if got := p.deeds()[0]; got != "Maija@acme.example signed in Acme ID" {
		t.Errorf("the log: %s", got)
	}
	p.late = 13 * time.Hour
	if got := maija.do("GET", "/inbox", nil, nil).Code; got != http.StatusUnauthorized {
		t.Errorf("a session without use: %d", got)
	}
	p.late = 0
	again := &person{p.place, sessionIn(p.signInBy())}
	again.get("/inbox")
	if err := p.store.SetPerson(t.Context(), puskaradio.Person{Name: "Maija@acme.example"}); err != nil {
		t.Fatal(err)
	}
	if got := again.do("GET", "/inbox", nil, nil).Code; got != http.StatusUnauthorized {
		t.Errorf("somebody who was taken away: %d", got)
	}
	p.plan.OIDC = nil
	for _, path := range []string{"/in/oidc", "/in/oidc/back"} {
		if got := p.do("GET", path, nil, nil).Code; got != http.StatusNotFound {
			t.Errorf("GET %s without an issuer: %d", path, got)
		}
	}
}

// TestOIDCBehindHTTPS: the cookie is the host's own, and the sign-in begins at
// the address that the issuer sends people back to.
func TestOIDCBehindHTTPS(t *testing.T) {
	p := newIssued(t)
	p.plan.Link = "https://rep.example.fi/"
	w := p.do("GET", "/in/oidc?next=/inbox", nil, nil)
	if got := w.Header().Get("Location"); got != "https://rep.example.fi/in/oidc?next=%2Finbox" || len(w.Result().Cookies()) > 0 {
		t.Errorf("from this machine: to %q, %v", got, w.Result().Cookies())
	}
	host := func(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }
	w = p.do("GET", "/in/oidc", nil, host("rep.example.fi"))
	if got, want := w.Header().Get("Set-Cookie"), "__Host-puskaradio-oidc="; !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "; Path=/; Max-Age=600; HttpOnly; Secure; SameSite=Lax") {
		t.Errorf("Set-Cookie: %s", got)
	}
	u, err := url.Parse(w.Header().Get("Location"))
	if err != nil || u.Query().Get("redirect_uri") != "https://rep.example.fi/in/oidc/back" {
		t.Errorf("redirect_uri = %q, %v", u.Query().Get("redirect_uri"), err)
	}
	w = p.do("GET", "/in/oidc", nil, host("evil.example"))
	if w.Code != http.StatusMisdirectedRequest {
		t.Errorf("under another name: %d", w.Code)
	}
}

// TestOIDCFaults: whatever does not hold lets nobody in, is said, and is in the
// audit log.
func TestOIDCFaults(t *testing.T) {
	const (
		distrust = "What Acme ID answered cannot be trusted."
		stranger = "nobody of that name may enter here"
		yours    = "does not say that the address"
	)
	for _, c := range []struct {
		name   string
		change func(*issued)
		code   int
		says   string
		log    string
	}{
		{"another nonce", func(p *issued) { p.idp.claims["nonce"] = "x" }, 401, distrust, "– was refused Acme ID"},
		{"no nonce", func(p *issued) { p.idp.claims["nonce"] = nil }, 401, distrust, ""},
		{"another audience", func(p *issued) { p.idp.claims["aud"] = "shop" }, 401, distrust, ""},
		{"two audiences", func(p *issued) { p.idp.claims["aud"] = []string{"shop", "puskaradio"} }, 401, distrust, ""},
		{"made for another", func(p *issued) { p.idp.claims["azp"] = "shop" }, 401, distrust, ""},
		{"expired", func(p *issued) { p.idp.claims["exp"] = testNow.Add(-time.Second).Unix() }, 401, distrust, ""},
		{"another issuer", func(p *issued) { p.idp.claims["iss"] = "https://evil.example" }, 401, distrust, ""},
		{"not signed", func(p *issued) { p.idp.token = unsigned }, 401, distrust, ""},
		{"signed with the public key", func(p *issued) { p.idp.token = p.idp.bySecret }, 401, distrust, ""},
		{"signed with another key", func(p *issued) { p.idp.token = p.idp.byAnother }, 401, distrust, ""},
		{"no token", func(p *issued) { p.idp.answer = func(m map[string]any) { delete(m, "id_token") } }, 401, distrust, ""},
		{"garbage", func(p *issued) { p.idp.token = func(string) string { return "a.b.c" } }, 401, distrust, ""},
		{"another secret", func(p *issued) { p.plan.OIDC.Secret = "wrong" }, 401, distrust, ""},
		{"another verifier", func(p *issued) {
			p.idp.back = func(q url.Values) {
				g := p.idp.codes[q.Get("code")]
				g.challenge = strings.Repeat("x", 43)
				p.idp.codes[q.Get("code")] = g
			}
		}, 401, distrust, ""},
		{"another issuer sends them back", func(p *issued) { p.idp.back = func(q url.Values) { q.Set("iss", "https://evil.example") } }, 401, distrust, ""},
		{"another state", func(p *issued) { p.idp.back = func(q url.Values) { q.Set("state", rand.Text()) } }, 400, "was begun in another browser", ""},
		{"refused there", func(p *issued) {
			p.idp.back = func(q url.Values) { q.Del("code"); q.Set("error", "access_denied") }
		}, 401, "Acme ID let nobody in.", ""},
		{"not verified", func(p *issued) { p.idp.claims["email_verified"] = false }, 403, yours, "maija@acme.example was refused as unverified Acme ID"},
		{"not verified, as a text", func(p *issued) { p.idp.claims["email_verified"] = "false" }, 403, yours, ""},
		{"nothing said of it", func(p *issued) { p.idp.claims["email_verified"] = nil }, 403, yours, ""},
		{"not verified, and trusted where nothing is said", func(p *issued) { p.idp.claims["email_verified"], p.plan.OIDC.TrustEmail = false, true }, 403, yours, ""},
		{"unknown", func(p *issued) { p.idp.claims["email"] = "kalle@acme.example" }, 403, stranger, "kalle@acme.example was refused as unknown Acme ID"},
		{"a look-alike", func(p *issued) {
			p.idp.claims["email"] = "ma\u0131ja@acme.example"
		}, 403, stranger, ""},
		{"a sign for kelvin", func(p *issued) {
			p.plan.OIDC.People = map[string]string{"k@acme.example": "Ville"}
			p.idp.claims["email"] = "\u212a@acme.example"
		}, 403, stranger, ""},
		{"a name for an address", func(p *issued) { p.idp.claims["email"] = "ville" }, 403, "does not say who you are", "– was refused as unknown Acme ID"},
		{"no address", func(p *issued) { p.idp.claims["email"] = nil }, 403, "does not say who you are", ""},
		{"a sign that cannot be seen", func(p *issued) { p.idp.claims["email"] = "maija\u200b@acme.example" }, 403, "does not say who you are", ""},
		{"a number for a claim", func(p *issued) { p.plan.OIDC.Claim, p.idp.claims["employee"] = "employee", 7 }, 403, "does not say who you are", ""},
		{"groups without roles", func(p *issued) {
			p.idp.claims["email"], p.idp.claims["groups"] = "kalle@acme.example", []string{"owner", "admins"}
		}, 403, stranger, ""},
		{"groups of which none has a role", func(p *issued) {
			p.plan.OIDC.Roles = map[string]puskaradio.Role{"press": puskaradio.Agent, "odd": "emperor"}
			p.idp.claims["email"], p.idp.claims["groups"] = "kalle@acme.example", []any{"odd", 7}
		}, 403, stranger, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newIssued(t)
			c.change(p)
			w := p.signInBy()
			page := w.Body.String()
			if w.Code != c.code || !strings.Contains(page, c.says) || sessionIn(w) != "" {
				t.Errorf("%d %v, want %d without a session and %q: %s", w.Code, w.Result().Cookies(), c.code, c.says, page)
			}
			deeds := p.deeds()
			if len(deeds) != 1 || !strings.Contains(deeds[0], "was refused") || c.log != "" && deeds[0] != c.log {
				t.Errorf("the log: %q, want %q", deeds, c.log)
			}
			if log := p.log.String() + page; strings.Contains(log, "canary") || strings.Contains(log, "eyJ") {
				t.Errorf("a secret or a token stands in %s", log)
			}
		})
	}
}

// TestOIDCState: a sign-in ends in the browser that began it, once, within ten
// minutes.
func TestOIDCState(t *testing.T) {
	p := newIssued(t)
	to, cookie := p.begin("")
	back := p.visit(to)
	for name, w := range map[string]*httptest.ResponseRecorder{
		"a browser that began nothing": p.come(back),
		"one that made its cookie up":  p.come(back, &http.Cookie{Name: cookie.Name, Value: rand.Text()}),
	} {
		if w.Code != http.StatusBadRequest || sessionIn(w) != "" || !strings.Contains(w.Body.String(), "was begun in another browser") {
			t.Errorf("%s: %d, %v", name, w.Code, w.Result().Cookies())
		}
	}
	_, other := p.begin("") // of another browser, which has begun one too
	if w := p.come(back, other); sessionIn(w) != "" || w.Code != http.StatusBadRequest {
		t.Errorf("another browser: %d", w.Code)
	}
	if n := len(p.deeds()); n != 2 {
		t.Errorf("%d lines in the log, want 2: who has no cookie writes nothing", n)
	}
	if w := p.come(back, cookie); sessionIn(w) == "" {
		t.Errorf("the browser itself, after others have tried: %d %s", w.Code, w.Body)
	}
	if w := p.come(back, cookie); sessionIn(w) != "" || w.Code != http.StatusBadRequest {
		t.Errorf("a second time: %d", w.Code)
	}
	to, cookie = p.begin("")
	back = p.visit(to)
	was := p.plan.OIDC
	p.plan.OIDC = &OIDC{Name: was.Name, Issuer: was.Issuer, Client: "another"} // the configuration was read anew
	if w := p.come(back, cookie); w.Code != http.StatusBadRequest {
		t.Errorf("of another client: %d", w.Code)
	}
	p.plan.OIDC = was
	to, cookie = p.begin("")
	back = p.visit(to)
	p.late = 10 * time.Minute
	if w := p.come(back, cookie); sessionIn(w) != "" || w.Code != http.StatusBadRequest {
		t.Errorf("after ten minutes: %d", w.Code)
	}
	if w := p.come(back, cookie); w.Code != http.StatusTooManyRequests {
		t.Errorf("after five wrong tries: %d", w.Code)
	}
	if p.join("Liisa", puskaradio.Reader) == nil { // passwords are not held back by it
		t.Error("no password")
	}
	to, cookie = p.begin("")
	back = p.visit(to)
	for range signInsEach {
		p.begin("")
		p.late += time.Second
	}
	p.late += time.Minute
	if w := p.come(back, cookie); sessionIn(w) != "" {
		t.Error("more sign-ins are kept of one address than are meant to be")
	}
	if n := len(p.server.signIns.open); n > signInsEach {
		t.Errorf("%d sign-ins are kept", n)
	}
	full := signIns{open: map[secretDigest]signIn{}}
	for i := range signInsMost {
		full.open[secretDigest{byte(i), byte(i >> 8)}] = signIn{until: testNow.Add(time.Minute), from: "elsewhere"}
	}
	if full.begin(signIn{state: "x", until: testNow.Add(time.Minute)}, testNow) || !full.begin(signIn{state: "x"}, testNow.Add(time.Hour)) {
		t.Error("the sign-ins have no end, or never end")
	}
}

// TestOIDCNext: nobody is sent to another site by signing in.
func TestOIDCNext(t *testing.T) {
	for given, want := range map[string]string{
		"": "/digest", "/inbox?view=mine": "/inbox?view=mine", "/m/x": "/m/x",
		"https://evil.example": "/inbox", "//evil.example": "/inbox", `/\evil.example`: "/inbox", `\\evil.example`: "/inbox", "/%2Fevil.example": "/inbox", "/%5cevil.example": "/inbox",
		"javascript:alert(1)": "/inbox", "/\tevil": "/inbox", "evil": "/inbox", "http:evil": "/inbox", "https:/evil.example": "/inbox",
		"/in": "/digest", "/in?ticket=x": "/digest", "/in/oidc?next=/x": "/digest",
	} {
		p := newIssued(t)
		to, cookie := p.begin("?" + url.Values{"next": {given}}.Encode())
		if got := p.come(p.visit(to), cookie).Header().Get("Location"); got != want {
			t.Errorf("next %q leads to %q, want %q", given, got, want)
		}
	}
}
