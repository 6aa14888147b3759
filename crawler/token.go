package crawler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/puskaradio/puskaradio"
)

const googleTokens = "https://oauth2.googleapis.com/token"

// An accessToken is a token that serves for a while. It is safe for concurrent
// use.
type accessToken struct {
	mu    sync.Mutex
	value string
	ends  time.Time
}

// use does something with the token, which is asked for a minute before it
// ends, and again if one that was kept is refused.
func (a *accessToken) use(now time.Time, ask func() (string, time.Duration, error), do func(token string) error) error {
	for again := false; ; again = true {
		token, kept, err := a.get(now, ask)
		if err != nil {
			return err
		}
		if err = do(token); StateOf(err) != StateLogin {
			return err
		}
		a.mu.Lock()
		if a.value == token {
			a.value = ""
		}
		a.mu.Unlock()
		if !kept || again {
			return err
		}
	}
}

func (a *accessToken) get(now time.Time, ask func() (string, time.Duration, error)) (token string, kept bool, _ error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.value != "" && now.Before(a.ends) {
		return a.value, true, nil
	}
	v, lasts, err := ask()
	if err != nil {
		return "", false, err
	}
	a.value, a.ends = v, now.Add(max(lasts-time.Minute, 0))
	return v, false, nil
}

// askToken asks an OAuth server for an access token. who is what a person has
// to set up anew where the server refuses for good.
func askToken(ctx context.Context, c *Client, address string, form url.Values, h http.Header, who string) (token string, lasts time.Duration, err error) {
	h = h.Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set("Content-Type", "application/x-www-form-urlencoded")
	var doc struct {
		Token string      `json:"access_token"`
		Lasts json.Number `json:"expires_in"` // some write it as text
	}
	got, err := getJSON(ctx, c, Request{URL: address, Method: http.MethodPost, Header: h, Body: []byte(form.Encode())}, &doc)
	fe, ok := errors.AsType[*FetchError](err)
	switch {
	case ok && (fe.Status == http.StatusBadRequest || fe.Status == http.StatusUnauthorized || fe.Status == http.StatusForbidden):
		why := "refused"
		var said struct {
			Error json.RawMessage `json:"error"`
		}
		if json.Unmarshal(fe.Body, &said) == nil {
			for _, code := range []string{"invalid_grant", "invalid_client", "unauthorized_client", "invalid_scope", "unsupported_grant_type"} {
				if string(said.Error) == `"`+code+`"` {
					why = code
				}
			}
		}
		return "", 0, noLogin(err, fmt.Sprintf("token %s: set %s up anew", why, who))
	case err != nil:
		return "", 0, fmt.Errorf("token: %w", err)
	case doc.Token == "":
		return "", 0, fmt.Errorf("token: %w", unreadable(got, "the answer has no access_token"))
	}
	sec, _ := doc.Lasts.Float64() // where it is not told the token serves once
	return doc.Token, time.Duration(min(max(sec, 0), 86400)) * time.Second, nil
}

// refresh asks by a refresh token, which stays valid.
func refresh(ctx context.Context, c *Client, address, id, secret, refreshToken, who string) (string, time.Duration, error) {
	form := url.Values{"grant_type": {"refresh_token"}, "client_id": {id}, "client_secret": {secret}, "refresh_token": {refreshToken}}
	return askToken(ctx, c, address, form, nil, who)
}

// A serviceAccount is a robot of Google's that was given rights.
type serviceAccount struct {
	Email string `json:"client_email"`
	KeyID string `json:"private_key_id"`
	Key   string `json:"private_key"`
}

// readServiceAccount reads the key file of a service account. Its error holds
// nothing of it.
func readServiceAccount(text string) (*serviceAccount, error) {
	var a serviceAccount
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		return nil, errors.New("is not the JSON key file of a service account")
	}
	if a.Email == "" || a.Key == "" {
		return nil, errors.New("has no client_email or private_key; it must be the key file of a service account")
	}
	if _, err := jwt.ParseRSAPrivateKeyFromPEM([]byte(a.Key)); err != nil {
		return nil, errors.New("has a private_key that is no RSA key in PEM")
	}
	return &a, nil
}

// ask exchanges an assertion for a token of a scope.
func (a *serviceAccount) ask(ctx context.Context, c *Client, now time.Time, scope string) (string, time.Duration, error) {
	key, err := jwt.ParseRSAPrivateKeyFromPEM([]byte(a.Key))
	if err != nil {
		return "", 0, &puskaradio.PermanentError{Err: errors.New("token: the private key is no RSA key in PEM")}
	}
	t := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": a.Email, "scope": scope, "aud": googleTokens, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	})
	t.Header["kid"] = a.KeyID
	assertion, err := t.SignedString(key)
	if err != nil {
		return "", 0, errors.New("token: the assertion cannot be signed")
	}
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion}}
	return askToken(ctx, c, googleTokens, form, nil, "the key of the service account")
}
