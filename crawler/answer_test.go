package crawler

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

func TestStates(t *testing.T) {
	page := "<html><title>Shop</title><p>" + strings.Repeat("A long review of a good shop. ", 60)
	tests := []struct {
		name      string
		status    int
		header    map[string]string
		body      string
		want      string
		permanent bool
	}{
		{"document", 200, nil, page, StateOK, false},
		{"no content", 204, nil, "", StateOK, false},
		{"part of it", 206, nil, page, StateUnreadable, false},
		{"400", 400, nil, "", StateRefused, false},
		{"401", 401, nil, "", StateLogin, true},
		{"402", 402, nil, "", StateLogin, true},
		{"403", 403, nil, "", StateRefused, false},
		{"403, limit used up", 403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "60"}, "", StateLimited, false},
		{"404", 404, nil, page, StateGone, true},
		{"410", 410, nil, "", StateGone, true},
		{"429", 429, nil, "", StateLimited, false},
		{"451", 451, nil, "", StateRefused, true},
		{"500", 500, nil, "", StateUnreachable, false},
		{"503", 503, nil, "", StateLimited, false},
		{"999", 999, nil, "", StateUnreachable, false},
		{"header of Cloudflare", 403, map[string]string{"cf-mitigated": "challenge"}, "", StateChallenge, false},
		{"header of Vercel", 200, map[string]string{"x-vercel-mitigated": "challenge"}, page, StateChallenge, false},
		{"captcha with 200", 200, nil, `<html><title>Just a moment...</title><script src="/cdn-cgi/challenge-platform/h/b"></script>`, StateChallenge, false},
		{"captcha with 403", 403, nil, `<html><script src="https://geo.captcha-delivery.com/c.js"></script><p>Please enable JS`, StateChallenge, false},
		{"a script of a challenge in a document", 200, nil, page + `<script src="/cdn-cgi/challenge-platform/scripts/jsd/main.js"></script>`, StateOK, false},
		{"a form with a captcha in a document", 200, nil, page + `<div class="g-recaptcha"></div>`, StateOK, false},
		{"a word of it in JSON", 200, map[string]string{"Content-Type": "application/json"}, `{"text":"g-recaptcha, are you a robot"}`, StateOK, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				for k, v := range tt.header {
					w.Header().Set(k, v)
				}
				w.WriteHeader(tt.status)
				w.Write([]byte(tt.body))
			})
			c := local(t, srv.URL)
			var told Visit
			c.Ledger = func(v Visit) { told = v }
			resp, err := c.Fetch(t.Context(), Request{URL: srv.URL})
			if got := StateOf(err); got != tt.want || (err == nil) != (resp != nil) {
				t.Fatalf("Fetch = %v, %v (%s), want %s", resp, err, got, tt.want)
			}
			if told.State != tt.want || told.Status != tt.status {
				t.Errorf("the ledger says %s, status %d, want %s, %d", told.State, told.Status, tt.want, tt.status)
			}
			if _, ok := errors.AsType[*puskaradio.PermanentError](err); ok != tt.permanent {
				t.Errorf("Fetch = %#v, want permanent %v", err, tt.permanent)
			}
			if fe, ok := errors.AsType[*FetchError](err); ok && fe.Status != tt.status {
				t.Errorf("status %d, want %d", fe.Status, tt.status)
			}
		})
	}
}

func TestStateOf(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{nil, StateOK},
		{fmt.Errorf("connector x: %w", &puskaradio.PermanentError{Err: &FetchError{State: StateGone}}), StateGone},
		{context.DeadlineExceeded, StateUnreachable},
		{&puskaradio.RetryError{Err: errors.New("x")}, StateLimited},
		{errors.New("no such field"), StateUnreadable},
	} {
		if got := StateOf(tt.err); got != tt.want {
			t.Errorf("StateOf(%v) = %s, want %s", tt.err, got, tt.want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	for s, want := range map[string]time.Duration{
		"":                                 0,
		"120":                              2 * time.Minute,
		" 120 ":                            2 * time.Minute,
		"1.5":                              1500 * time.Millisecond,
		"0":                                0,
		"-1":                               0,
		"NaN":                              0,
		"+Inf":                             maxHold,
		"1e300":                            maxHold,
		"99999999999999999999":             maxHold,
		"soon":                             0,
		"Sat, 21 Nov 2026 10:01:30 GMT":    90 * time.Second,
		"Sat, 21 Nov 2026 09:00:00 GMT":    0,
		"Saturday, 21-Nov-26 10:00:05 GMT": 5 * time.Second,
		"Fri, 31 Dec 9999 23:59:59 GMT":    maxHold,
	} {
		if got := retryAfter(s, now); got != want {
			t.Errorf("retryAfter(%q) = %v, want %v", s, got, want)
		}
	}
	for s, want := range map[string]time.Duration{
		"30": 30 * time.Second, fmt.Sprint(now.Unix() + 60): time.Minute, "2026-11-21T10:05:00.000Z": 5 * time.Minute, "x": 0, "": 0,
	} {
		if got := rateReset(s, now); got != want {
			t.Errorf("rateReset(%q) = %v, want %v", s, got, want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"120", "-1", "1e99", "Sat, 21 Nov 2026 10:01:30 GMT", "NaN", "0x1p-2"} {
		f.Add(s, int64(1763700000))
	}
	f.Fuzz(func(t *testing.T, s string, now int64) {
		for _, got := range []time.Duration{retryAfter(s, time.Unix(now, 0)), rateReset(s, time.Unix(now, 0))} {
			if got < 0 || got > maxHold {
				t.Errorf("%q = %v", s, got)
			}
		}
	})
}
