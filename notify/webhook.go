package notify

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

// webhook posts what happens as JSON to an address of yours, signed as Standard
// Webhooks are (https://www.standardwebhooks.com): the receiver takes the id for
// a message that comes twice, and the signature for proof of who sent it.
type webhook struct {
	URL       string `json:"url" jsonschema:"required,description=Where to post; https or this machine"`
	SecretEnv string `json:"secret_env,omitempty" jsonschema:"description=The environment variable that holds the secret that messages are signed with (whsec_ and base64); PUSKARADIO_WEBHOOK_SECRET unless said"`

	secret []byte
}

// Check implements the check of [New].
func (h *webhook) Check(secret Secret) error {
	if h.URL == "" {
		return errors.New("url is missing: write where to post")
	}
	if err := checkPost("url", h.URL); err != nil {
		return err
	}
	name := cmp.Or(h.SecretEnv, "PUSKARADIO_WEBHOOK_SECRET")
	v, err := secret(name)
	if err != nil {
		return err
	}
	h.secret, err = base64.StdEncoding.DecodeString(strings.TrimPrefix(v, "whsec_"))
	if err != nil || len(h.secret) < 24 {
		return fmt.Errorf("%s does not hold a secret: make one with: echo whsec_$(head -c 32 /dev/urandom | base64)", name)
	}
	return nil
}

// checkPost checks an address that secrets are sent to.
func checkPost(option, address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.User != nil:
		return fmt.Errorf("%s is not an address, or holds a name or a password", option)
	case u.Scheme == "http":
		if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return fmt.Errorf("%s must begin with https://, as others could read what is posted", option)
		}
	case u.Scheme != "https":
		return fmt.Errorf("%s must begin with https://", option)
	}
	return nil
}

// An event is the body of a webhook.
type event struct {
	Type      string             `json:"type"` // alert.open, alert.updated, alert.over, alert.reminder, alert.escalated, digest, case.opened, case.claimed, case.answered, case.closed, case.snoozed, case.reopened, case.noted, case.undone, text
	Timestamp time.Time          `json:"timestamp"`
	Key       string             `json:"key"`  // the same for all versions of one thing
	Text      string             `json:"text"` // it in one sentence
	Link      string             `json:"link,omitempty"`
	Alert     *puskaradio.Alert  `json:"alert,omitempty"`
	Digest    *puskaradio.Digest `json:"digest,omitempty"`
	Case      *CaseStep          `json:"case,omitempty"`
}

// eventOf is a message as an event, with the id that it has for ever.
func eventOf(m Message) (e event, id string) {
	e = event{Type: "text", Key: m.Key, Text: Sentence(m), Link: m.Link, Alert: m.Alert, Digest: m.Digest}
	id = m.Key
	switch {
	case m.Alert != nil:
		e.Type, e.Timestamp = "alert."+cmp.Or(string(m.Turn), m.Alert.State), m.Alert.Decided.UTC()
		id += "/" + strconv.Itoa(m.Alert.Rev)
	case m.Digest != nil:
		e.Type, e.Timestamp = "digest", m.Digest.Decided.UTC()
	case m.Case != nil:
		e.Type, e.Timestamp, e.Case = "case."+m.Case.Step, m.Case.At, m.Case
		if m.Link != "" {
			e.Link = strings.TrimRight(m.Link, "/") + "/m/" + string(m.Case.ID)
		}
	}
	return e, id
}

// TakesCases implements [CaseTaker].
func (h *webhook) TakesCases() {}

// Notify implements [Notifier].
func (h *webhook) Notify(ctx context.Context, hc *http.Client, m Message) (string, error) {
	e, id := eventOf(m)
	body, err := json.Marshal(e)
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(body))
	if err != nil {
		return "", errors.New("webhook: the request could not be made")
	}
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "puskaradio")
	req.Header.Set("Webhook-Id", id)
	req.Header.Set("Webhook-Timestamp", stamp)
	req.Header.Set("Webhook-Signature", h.sign(id, stamp, body))
	resp, err := send(hc, req)
	if err != nil {
		return "", fmt.Errorf("webhook: %w", err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // what it says does not matter
	said := fmt.Errorf("webhook: %s answered %d", req.URL.Host, resp.StatusCode)
	switch s := resp.StatusCode; {
	case s >= 200 && s < 300:
		return id, nil
	case s == http.StatusTooManyRequests, s == http.StatusServiceUnavailable:
		return "", &puskaradio.RetryError{After: retrySeconds(resp.Header, time.Now()), Err: said}
	case s >= 500, s == http.StatusRequestTimeout:
		return "", said
	case s >= 300 && s < 400:
		return "", &puskaradio.PermanentError{Err: fmt.Errorf("%w, and leads elsewhere: write the address where it ends under url", said)}
	}
	return "", &puskaradio.PermanentError{Err: fmt.Errorf("%w: see what it wants, its url and its secret", said)}
}

// send sends a request that holds a secret: it is led nowhere else.
func send(hc *http.Client, req *http.Request) (*http.Response, error) {
	c := *hc
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.Timeout = cmp.Or(hc.Timeout, 30*time.Second)
	resp, err := c.Do(req)
	if err == nil {
		return resp, nil
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("%w from %s", errNoAnswer, req.URL.Host)
}

// sign is the signature of a body: version 1 of Standard Webhooks.
func (h *webhook) sign(id, stamp string, body []byte) string {
	mac := hmac.New(sha256.New, h.secret)
	fmt.Fprintf(mac, "%s.%s.%s", id, stamp, body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
