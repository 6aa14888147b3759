package web

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// rsaKeys are two keys of issuers: to make one takes a while.
var rsaKeys = sync.OnceValues(func() ([]*rsa.PrivateKey, error) {
	var out []*rsa.PrivateKey
	for range 2 {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	return out, nil
})

// A grant is what an issuer keeps of a code.
type grant struct{ challenge, nonce, redirect string }

// An idp is an issuer of OpenID Connect that checks what it is asked, and lies
// as a test wants it to.
type idp struct {
	t        *testing.T
	srv      *httptest.Server
	client   string
	secret   string // empty: none was agreed on
	key      *rsa.PrivateKey
	kid      string
	claims   map[string]any                         // what it says beside the usual; nil takes a claim away
	discover func(map[string]any)                   // changes what it says of itself
	token    func(jwt string) string                // changes what it signed
	answer   func(map[string]any)                   // changes the answer of the token endpoint
	back     func(url.Values)                       // changes what it sends the browser back with
	fail     func(http.ResponseWriter, string) bool // answers a path itself
	seen     url.Values                             // how it was last asked to sign somebody in
	pad      string                                 // makes its keys larger

	mu     sync.Mutex
	codes  map[string]grant
	asked  map[string]int // by path
	styles []string       // how we said who we are
}

func newIDP(t *testing.T) *idp {
	t.Helper()
	keys, err := rsaKeys()
	if err != nil {
		t.Fatal(err)
	}
	x := &idp{t: t, client: "puskaradio", secret: "s3cret canary", key: keys[0], kid: "one", claims: map[string]any{}, codes: map[string]grant{}, asked: map[string]int{}}
	x.srv = httptest.NewServer(x)
	t.Cleanup(x.srv.Close)
	return x
}

func (x *idp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.asked[r.URL.Path]++
	if x.fail != nil && x.fail(w, r.URL.Path) {
		return
	}
	switch r.Method + " " + r.URL.Path {
	case "GET /.well-known/openid-configuration":
		about := map[string]any{
			"issuer": x.srv.URL, "authorization_endpoint": x.srv.URL + "/authorize", "token_endpoint": x.srv.URL + "/token", "jwks_uri": x.srv.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"}, "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		}
		if x.discover != nil {
			x.discover(about)
		}
		x.write(w, http.StatusOK, about)
	case "GET /keys":
		e := big.NewInt(int64(x.key.E)).Bytes()
		x.write(w, http.StatusOK, map[string]any{"keys": []any{map[string]any{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": x.kid, "n": b64(x.key.N.Bytes()), "e": b64(e)}}, "x": x.pad})
	case "GET /authorize":
		x.authorize(w, r)
	case "POST /token":
		x.exchange(w, r)
	default:
		http.NotFound(w, r)
	}
}

// now has the issuer do something between two requests.
func (x *idp) now(do func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	do()
}

func (x *idp) write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // it may have hung up: an answer may be too large
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// authorize takes the person for signed in, and sends them back.
func (x *idp) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	x.seen = q
	for name, want := range map[string]string{"response_type": "code", "client_id": x.client, "code_challenge_method": "S256"} {
		if q.Get(name) != want {
			x.t.Errorf("authorize: %s = %q, want %q", name, q.Get(name), want)
		}
	}
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if len(q.Get(name)) < 43 {
			x.t.Errorf("authorize: %s = %q is short", name, q.Get(name))
		}
	}
	code := rand.Text()
	x.codes[code] = grant{q.Get("code_challenge"), q.Get("nonce"), q.Get("redirect_uri")}
	back := url.Values{"code": {code}, "state": {q.Get("state")}}
	if x.back != nil {
		x.back(back)
	}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

// exchange gives a token for a code, once, to who has the verifier.
func (x *idp) exchange(w http.ResponseWriter, r *http.Request) {
	client, secret, basic := r.BasicAuth()
	style := "basic"
	if client, _ = url.QueryUnescape(client); !basic {
		client, secret, style = r.PostFormValue("client_id"), r.PostFormValue("client_secret"), "post"
	} else if s, err := url.QueryUnescape(secret); err == nil {
		secret = s
	}
	x.styles = append(x.styles, style)
	code := r.PostFormValue("code")
	g, ok := x.codes[code]
	delete(x.codes, code)
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	switch {
	case client != x.client || secret != x.secret:
		x.write(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client", "error_description": "secret " + secret})
		return
	case !ok || b64(sum[:]) != g.challenge || g.redirect != r.PostFormValue("redirect_uri") || r.PostFormValue("grant_type") != "authorization_code":
		x.write(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
		return
	}
	claims := map[string]any{
		"iss": x.srv.URL, "sub": "4711", "aud": x.client, "nonce": g.nonce, "iat": testNow.Unix(), "exp": testNow.Add(5 * time.Minute).Unix(),
		"email": "maija@acme.example", "email_verified": true,
	}
	maps.Copy(claims, x.claims)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	jwt := x.sign(claims)
	if x.token != nil {
		jwt = x.token(jwt)
	}
	answer := map[string]any{"access_token": "a", "token_type": "Bearer", "expires_in": 60, "id_token": jwt}
	if x.answer != nil {
		x.answer(answer)
	}
	x.write(w, http.StatusOK, answer)
}

func (x *idp) sign(claims map[string]any) string {
	head, err := json.Marshal(map[string]any{"alg": "RS256", "kid": x.kid, "typ": "JWT"})
	if err != nil {
		x.t.Error(err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		x.t.Error(err)
	}
	text := b64(head) + "." + b64(body)
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(nil, x.key, crypto.SHA256, sum[:])
	if err != nil {
		x.t.Error(err)
	}
	return text + "." + b64(sig)
}

// unsigned is a token whose head says that nobody signed it.
func unsigned(jwt string) string {
	return b64([]byte(`{"alg":"none"}`)) + "." + strings.Split(jwt, ".")[1] + "."
}

// bySecret is a token that is signed with what everybody knows: the public key.
func (x *idp) bySecret(jwt string) string {
	text := b64([]byte(`{"alg":"HS256","kid":"`+x.kid+`"}`)) + "." + strings.Split(jwt, ".")[1]
	mac := hmac.New(sha256.New, x509.MarshalPKCS1PublicKey(&x.key.PublicKey))
	mac.Write([]byte(text))
	return text + "." + b64(mac.Sum(nil))
}

// byAnother is a token that another key signed, under the name of this one.
func (x *idp) byAnother(jwt string) string {
	keys, err := rsaKeys()
	if err != nil {
		x.t.Error(err)
	}
	text := jwt[:strings.LastIndex(jwt, ".")]
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(nil, keys[1], crypto.SHA256, sum[:])
	if err != nil {
		x.t.Error(err)
	}
	return text + "." + b64(sig)
}
