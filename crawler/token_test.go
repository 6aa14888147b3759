package crawler

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/puskaradio/puskaradio"
)

// testKeys are made for this run of the tests.
var testKeys = sync.OnceValue(func() (k struct {
	rsa         *rsa.PrivateKey
	ec          *ecdsa.PrivateKey
	account, p8 string
},
) {
	k.rsa, _ = rsa.GenerateKey(rand.Reader, 2048)
	k.ec, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	text := func(key any) string {
		b, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			panic(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: b}))
	}
	b, _ := json.Marshal(map[string]string{"type": "service_account", "client_email": "robot@project.example", "private_key_id": "k1", "private_key": text(k.rsa)})
	k.account, k.p8 = string(b), text(k.ec)
	return k
})

// keySecret is a key for a name that asks for one.
func keySecret(name string) (string, bool) {
	switch {
	case strings.Contains(name, "SERVICE_ACCOUNT"):
		return testKeys().account, true
	case strings.Contains(name, "EC_KEY"):
		return testKeys().p8, true
	case strings.Contains(name, "BOT_TOKEN"):
		return "123456:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQ", true
	}
	return "", false
}

// TestServiceAccount reads what is sent to Google as Google would.
func TestServiceAccount(t *testing.T) {
	a, err := readServiceAccount(testKeys().account)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	c := local(t)
	c.wire = wire(func(r *http.Request) (*http.Response, error) {
		r.ParseForm()
		claims := jwt.MapClaims{}
		_, err := jwt.ParseWithClaims(r.Form.Get("assertion"), claims, func(tk *jwt.Token) (any, error) {
			if tk.Header["kid"] != "k1" {
				return nil, errors.New("kid")
			}
			return &testKeys().rsa.PublicKey, nil
		}, jwt.WithValidMethods([]string{"RS256"}), jwt.WithAudience(googleTokens), jwt.WithIssuer("robot@project.example"), jwt.WithTimeFunc(func() time.Time { return now }))
		if err != nil || claims["scope"] != "scope-1" || r.URL.String() != googleTokens || r.Form.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
			t.Errorf("assertion: %v, claims %v to %s", err, claims, r.URL)
		}
		rec := httptest.NewRecorder()
		rec.WriteString(`{"access_token":"ya29.x","expires_in":3599,"token_type":"Bearer"}`)
		return rec.Result(), nil
	})
	got, lasts, err := a.ask(t.Context(), c, now, "scope-1")
	if err != nil || got != "ya29.x" || lasts != 3599*time.Second {
		t.Errorf("ask = %q, %v, %v", got, lasts, err)
	}
}

func TestReadServiceAccount(t *testing.T) {
	for text, want := range map[string]string{
		"{": "not the JSON key file", `{"type":"authorized_user"}`: "no client_email",
		`{"client_email":"a@b.example","private_key":"-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----"}`: "no RSA key",
	} {
		if _, err := readServiceAccount(text); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("readServiceAccount(%q) = %v, want %q", text, err, want)
		}
	}
}

// TestAppleToken reads what is sent to Apple as Apple would.
func TestAppleToken(t *testing.T) {
	con, err := New("appstoreconnect", minimal("appstoreconnect"), anySecret)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	c, seen := local(t), map[string]bool{}
	c.wire = wire(func(r *http.Request) (*http.Response, error) {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		seen[token] = true
		tk, err := jwt.Parse(token, func(*jwt.Token) (any, error) { return &testKeys().ec.PublicKey, nil },
			jwt.WithValidMethods([]string{"ES256"}), jwt.WithAudience("appstoreconnect-v1"), jwt.WithIssuedAt(), jwt.WithTimeFunc(func() time.Time { return now }))
		if err != nil {
			t.Errorf("token: %v", err)
		} else if end, _ := tk.Claims.GetExpirationTime(); tk.Header["kid"] != "2X9R4HXF34" || end.Sub(now) > 20*time.Minute {
			t.Errorf("token: kid %v, ends %v", tk.Header["kid"], end)
		}
		rec := httptest.NewRecorder()
		rec.WriteString(`{"data":[]}`)
		return rec.Result(), nil
	})
	for range 4 { // 14 minutes are one token
		if _, err := con.Fetch(t.Context(), c, Query{Now: now}); err != nil {
			t.Fatal(err)
		}
		now = now.Add(5 * time.Minute)
	}
	if len(seen) != 2 {
		t.Errorf("%d tokens in 15 minutes, want 2", len(seen))
	}
}

// TestAskToken says of every refusal whether a person has to act.
func TestAskToken(t *testing.T) {
	for _, tt := range []struct {
		status    int
		body      string
		state     string
		permanent bool
		want      string
	}{
		{400, `{"error":"invalid_grant","error_description":"Token has been revoked: hunter2"}`, StateLogin, true, "token invalid_grant: set the key up anew"},
		{401, `{"error":"invalid_client"}`, StateLogin, true, "token invalid_client"},
		{400, `{"error":{"code":"hunter2"}}`, StateLogin, true, "token refused"},
		{429, ``, StateLimited, false, "429"},
		{500, ``, StateUnreachable, false, "500"},
		{200, `{"access_token":""}`, StateUnreadable, false, "no access_token"},
		{200, `hunter2`, StateUnreadable, false, "not the JSON"},
	} {
		c := local(t)
		c.wire = wire(func(*http.Request) (*http.Response, error) {
			rec := httptest.NewRecorder()
			rec.WriteHeader(tt.status)
			rec.WriteString(tt.body)
			return rec.Result(), nil
		})
		_, _, err := askToken(t.Context(), c, "https://o.example/token", url.Values{"refresh_token": {"hunter2"}}, nil, "the key")
		_, permanent := errors.AsType[*puskaradio.PermanentError](err)
		if err == nil || StateOf(err) != tt.state || permanent != tt.permanent || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("askToken of %d %s = %s, permanent %v, %v; want %s, %v, %q", tt.status, tt.body, StateOf(err), permanent, err, tt.state, tt.permanent, tt.want)
		}
	}
}
