package notify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/puskaradio/puskaradio"
)

// An outcome is what an answer of Slack must come to.
type outcome string

const (
	later     outcome = "later" // a *RetryError
	permanent outcome = "permanent"
	plainly   outcome = "plain" // tried again, with backoff
)

func outcomeOf(err error) (outcome, time.Duration) {
	if r, ok := errors.AsType[*puskaradio.RetryError](err); ok {
		return later, r.After
	}
	if _, ok := errors.AsType[*puskaradio.PermanentError](err); ok {
		return permanent, 0
	}
	return plainly, 0
}

func limited(header string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		if header != "" {
			w.Header().Set("Retry-After", header)
		}
		w.WriteHeader(http.StatusTooManyRequests)
		fmt.Fprint(w, "rate_limited")
	}
}

func status(code int, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.WriteHeader(code)
		fmt.Fprint(w, body)
	}
}

func notOK(what string) func(http.ResponseWriter) {
	return status(200, fmt.Sprintf(`{"ok":false,"error":%q}`, what))
}

func TestSlackAnswers(t *testing.T) {
	for _, c := range []struct {
		name    string
		answer  func(http.ResponseWriter)
		want    outcome
		min     time.Duration // of After
		max     time.Duration
		says    string
		hook    bool // only to a webhook
		botOnly bool
	}{
		{name: "429 in 1 s", answer: limited("1"), want: later, min: time.Second, max: time.Second},
		{name: "429 in 30 s", answer: limited("30"), want: later, min: 30 * time.Second, max: 30 * time.Second},
		{name: "429 in an hour", answer: limited("3600"), want: later, min: time.Hour, max: time.Hour},
		{name: "429 in a year", answer: limited("31536000"), want: later, min: 6 * time.Hour, max: 6 * time.Hour},
		{name: "429 absent", answer: limited(""), want: later, min: 30 * time.Second, max: 30 * time.Second},
		{name: "429 date", answer: limited(time.Now().Add(2 * time.Minute).UTC().Format(http.TimeFormat)), want: later, min: 110 * time.Second, max: 2 * time.Minute},
		{name: "429 past date", answer: limited("Sun, 06 Nov 1994 08:49:37 GMT"), want: later, min: time.Second, max: time.Second},
		{name: "429 negative", answer: limited("-7"), want: later, min: time.Second, max: time.Second},
		{name: "429 garbage", answer: limited("soon"), want: later, min: 30 * time.Second, max: 30 * time.Second},
		{name: "429 overflow", answer: limited("99999999999999999999"), want: later, min: 30 * time.Second, max: 30 * time.Second},
		{name: "500", answer: status(500, "<html>oops"), want: plainly, says: "HTTP 500"},
		{name: "503", answer: status(503, "service_unavailable"), want: plainly, says: "HTTP 503"},
		{name: "hung up", answer: func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, want: plainly, says: "no answer"},
		{name: "ratelimited", answer: notOK("ratelimited"), want: plainly, botOnly: true},
		{name: "internal_error", answer: notOK("internal_error"), want: plainly, botOnly: true},
		{name: "not JSON", answer: status(200, "<html>maintenance"), want: plainly, botOnly: true},
		{name: "empty", answer: status(200, ""), want: plainly, botOnly: true},
		{name: "channel_not_found", answer: notOK("channel_not_found"), want: permanent, says: "/invite", botOnly: true},
		{name: "not_in_channel", answer: notOK("not_in_channel"), want: permanent, says: "/invite", botOnly: true},
		{name: "is_archived", answer: notOK("is_archived"), want: permanent, says: "name another", botOnly: true},
		{name: "invalid_blocks", answer: notOK("invalid_blocks"), want: permanent, says: "layout", botOnly: true},
		{name: "msg_too_long", answer: notOK("msg_too_long"), want: permanent, says: "too long", botOnly: true},
		{name: "token_revoked", answer: notOK("token_revoked"), want: permanent, says: "install the app anew", botOnly: true},
		{name: "account_inactive", answer: notOK("account_inactive"), want: permanent, says: "install it anew", botOnly: true},
		{name: "invalid_auth", answer: notOK("invalid_auth"), want: permanent, says: "copy it again", botOnly: true},
		{name: "unheard of", answer: notOK("brand_new_fault"), want: permanent, says: "brand_new_fault", botOnly: true},
		{name: "400", answer: status(400, "invalid_payload"), want: permanent, says: "400", hook: true},
		{name: "403", answer: status(403, "action_prohibited"), want: permanent, says: "make a new one", hook: true},
		{name: "404", answer: status(404, "no_service"), want: permanent, says: "make a new one", hook: true},
		{name: "410", answer: status(410, "channel_is_archived"), want: permanent, says: "make a new one", hook: true},
	} {
		for _, hook := range []bool{false, true} {
			if hook && c.botOnly || !hook && c.hook {
				continue
			}
			t.Run(fmt.Sprintf("%s webhook %v", c.name, hook), func(t *testing.T) {
				s := newSlack(t)
				s.answer = func(w http.ResponseWriter, _ map[string]any) bool { c.answer(w); return true }
				n := s.bot(t)
				if hook {
					n = s.webhook(t)
				}
				_, err := n.Notify(t.Context(), client(), alertMessage(t))
				got, after := outcomeOf(err)
				if err == nil || got != c.want || after < c.min || after > c.max || !strings.Contains(err.Error(), c.says) {
					t.Errorf("Notify = %v: %s after %v, want %s after %v to %v, with %q", err, got, after, c.want, c.min, c.max, c.says)
				}
				leaks(t, s, err)
			})
		}
	}
}

// leaks looks for secrets in an error, however it is printed.
func leaks(t *testing.T, s *slackServer, err error) {
	t.Helper()
	for _, text := range []string{fmt.Sprint(err), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
		if strings.Contains(text, "canary") || strings.Contains(text, s.URL) {
			t.Errorf("a secret in %q", text)
		}
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if strings.Contains(e.Error(), "canary") {
			t.Errorf("a secret in the cause %q", e)
		}
	}
}

func TestSlackDoesNotAnswer(t *testing.T) {
	hang := make(chan struct{})
	for _, hook := range []bool{false, true} {
		s := newSlack(t)
		s.answer = func(http.ResponseWriter, map[string]any) bool { <-hang; return true }
		n := s.bot(t)
		if hook {
			n = s.webhook(t)
		}
		_, err := n.Notify(t.Context(), &http.Client{Timeout: 50 * time.Millisecond}, alertMessage(t))
		if got, _ := outcomeOf(err); got != plainly || err == nil {
			t.Errorf("a timeout is %v (%s), want it tried again", err, got)
		}
		leaks(t, s, err)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, err = n.Notify(ctx, client(), alertMessage(t))
		cancel()
		if got, _ := outcomeOf(err); got != plainly || err == nil {
			t.Errorf("a deadline is %v (%s), want it tried again", err, got)
		}
		leaks(t, s, err)
		s.CloseClientConnections()
	}
	close(hang)

	gone := newSlack(t)
	bot, hook := gone.bot(t), gone.webhook(t)
	gone.Close()
	for _, n := range []Notifier{bot, hook} {
		_, err := n.Notify(t.Context(), client(), alertMessage(t))
		if got, _ := outcomeOf(err); got != plainly || err == nil {
			t.Errorf("nobody there is %v (%s), want it tried again", err, got)
		}
		leaks(t, gone, err)
	}
}

// TestRetryAfterDate: the wait until a date is reckoned from now.
func TestRetryAfterDate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := http.Header{"Retry-After": {time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat)}}
		if got := retrySeconds(h, time.Now()); got != 90*time.Second {
			t.Errorf("retrySeconds = %v, want 90s", got)
		}
		time.Sleep(time.Minute)
		if got := retrySeconds(h, time.Now()); got != 30*time.Second {
			t.Errorf("retrySeconds a minute later = %v, want 30s", got)
		}
	})
}
