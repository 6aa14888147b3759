package crawler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/puskaradio/puskaradio"
)

// A blueskySession is a login, which is good for many requests.
type blueskySession struct {
	mu              sync.Mutex
	access, refresh string
}

// unreadable is the error of an answer that is none.
func (o *bluesky) unreadable(got *Response, why string) error {
	return &FetchError{URL: redactText(got.URL), State: StateUnreadable, Status: got.Status, Err: errors.New(why)}
}

// ask asks the server, as the account if there is one.
func (o *bluesky) ask(ctx context.Context, c *Client, method string, v url.Values) (*Response, error) {
	u := o.server.JoinPath("/xrpc/" + method)
	u.RawQuery = v.Encode()
	r := Request{URL: u.String(), Accept: "application/json", API: true, Header: http.Header{}}
	if o.AppView != "" {
		r.Header.Set("Atproto-Proxy", o.AppView)
	}
	if o.Handle == "" {
		got, err := c.Fetch(ctx, r)
		fe, ok := errors.AsType[*FetchError](err)
		if ok && (fe.Status == http.StatusUnauthorized || fe.Status == http.StatusForbidden) {
			fe.State = StateLogin
			return nil, &puskaradio.PermanentError{Err: fmt.Errorf("bluesky: this server searches only for those who sign in, set handle and password_env: %w", fe)}
		}
		return got, err
	}
	for again := false; ; again = true {
		token, err := o.login(ctx, c, again)
		if err != nil {
			return nil, err
		}
		r.Header.Set("Authorization", "Bearer "+token)
		got, err := c.Fetch(ctx, r)
		if again || !expired(err) {
			return got, err
		}
	}
}

// expired reports whether an error says that the session is over: by its
// name, as the status is that of many others.
func expired(err error) bool {
	fe, ok := errors.AsType[*FetchError](err)
	if !ok || fe.Status != http.StatusBadRequest && fe.Status != http.StatusUnauthorized {
		return false
	}
	var said struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal(fe.Body, &said) // what is no JSON says nothing
	return said.Error == "ExpiredToken" || said.Error == "InvalidToken" || said.Error == "AuthMissing" || said.Error == "AuthenticationRequired"
}

// login gives the token of the session: the one there is, or after that was
// refused a new one.
func (o *bluesky) login(ctx context.Context, c *Client, again bool) (string, error) {
	s := o.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.access != "" && !again {
		return s.access, nil
	}
	if again && s.refresh != "" {
		refresh := s.refresh
		s.access, s.refresh = "", ""
		err := o.open(ctx, c, "com.atproto.server.refreshSession", refresh, nil)
		if err == nil || ctx.Err() != nil || StateOf(err) != StateLogin && !expired(err) {
			return s.access, err
		}
	}
	body, err := json.Marshal(map[string]string{"identifier": o.Handle, "password": o.password})
	if err != nil {
		return "", err
	}
	err = o.open(ctx, c, "com.atproto.server.createSession", "", body)
	fe, ok := errors.AsType[*FetchError](err)
	if ok && (fe.Status == http.StatusUnauthorized || fe.Status == http.StatusBadRequest) {
		fe.State = StateLogin
		return "", &puskaradio.PermanentError{Err: fmt.Errorf("bluesky: the handle or the app password is not valid at this server: %w", fe)}
	}
	return s.access, err
}

// open begins a session, or goes on with it.
func (o *bluesky) open(ctx context.Context, c *Client, method, token string, body []byte) error {
	r := Request{URL: o.server.JoinPath("/xrpc/" + method).String(), Method: http.MethodPost, Accept: "application/json", API: true, Header: http.Header{}, Body: body}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	got, err := c.Fetch(ctx, r)
	if err != nil {
		return err
	}
	var doc struct {
		Access  string `json:"accessJwt"`
		Refresh string `json:"refreshJwt"`
		Active  *bool  `json:"active"`
		Status  string `json:"status"`
	}
	err = json.Unmarshal(got.Body, &doc)
	if err != nil || doc.Access == "" || strings.ContainsAny(doc.Access+doc.Refresh, "\r\n \x00") {
		return o.unreadable(got, "the answer is no session")
	}
	if doc.Active != nil && !*doc.Active {
		fe := &FetchError{URL: redactText(got.URL), State: StateLogin, Status: got.Status, Err: fmt.Errorf("the account is not active: %.40q", doc.Status)}
		return &puskaradio.PermanentError{Err: fe}
	}
	o.session.access, o.session.refresh = doc.Access, doc.Refresh
	return nil
}
