package crawler

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

// The states that a fetch can end in; see [StateOf].
const (
	StateOK          = "ok"
	StateBlocked     = "blocked"     // robots.txt says no, or cannot be read
	StateLimited     = "limited"     // too many requests; come back later
	StateLogin       = "login"       // only for those who sign in
	StateRefused     = "refused"     // the host does not want to
	StateChallenge   = "challenge"   // a captcha or a test of the browser instead of the document
	StateUnreadable  = "unreadable"  // an answer that is no whole document
	StateUnreachable = "unreachable" // no answer, or none of a working host
	StateGone        = "gone"        // there is no such document any more
)

// StateOf puts what became of a fetch in a word: one of the states above. Nil
// is ok, and an error that is none of this package's is unreadable.
func StateOf(err error) string {
	if err == nil {
		return StateOK
	}
	if fe, ok := errors.AsType[*FetchError](err); ok {
		return fe.State
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return StateUnreachable
	}
	if _, ok := errors.AsType[*puskaradio.RetryError](err); ok {
		return StateLimited
	}
	return StateUnreadable
}

// A FetchError says why a fetch brought no document.
type FetchError struct {
	Host   string
	URL    string // without secrets; empty if it was not asked
	State  string // as by [StateOf]
	Status int    // of the answer; zero is none
	Body   []byte // the beginning of the answer, at most 4 KiB, as some interfaces explain themselves there; it is not for logs
	Err    error
}

func (e *FetchError) Error() string {
	where := e.URL
	if where == "" {
		where = e.Host
	}
	return fmt.Sprintf("fetch %s: %v", where, e.Err)
}

func (e *FetchError) Unwrap() error { return e.Err }

// judge says what a status means: nil for a document. The body is the
// beginning of it. hold is how long the host wants to be left alone, zero if
// it does not say.
func judge(status int, h http.Header, body []byte, hold time.Duration) (state string, err error) {
	if mark := challenge(status, h, body); mark != "" {
		return StateChallenge, fmt.Errorf("status %d: a test for browsers (%s) instead of the document", status, mark)
	}
	switch {
	case status >= 200 && status < 300 && status != http.StatusPartialContent, status == http.StatusNotModified:
		return StateOK, nil
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		state, err = StateLimited, fmt.Errorf("status %d: too many requests or too much to do", status)
	case status == http.StatusForbidden && hold > 0:
		state, err = StateLimited, fmt.Errorf("status %d: refused for now", status)
	case status == http.StatusUnauthorized, status == http.StatusProxyAuthRequired, status == http.StatusPaymentRequired, status == 511:
		state, err = StateLogin, fmt.Errorf("status %d: only for those who sign in", status)
	case status == http.StatusForbidden, status == 451:
		state, err = StateRefused, fmt.Errorf("status %d: refused", status)
	case status == http.StatusNotFound, status == http.StatusGone:
		state, err = StateGone, fmt.Errorf("status %d: not there", status)
	case status >= 500:
		state, err = StateUnreachable, fmt.Errorf("status %d: the host is in trouble", status)
	case status >= 400:
		state, err = StateRefused, fmt.Errorf("status %d: the request is refused", status)
	default:
		state, err = StateUnreadable, fmt.Errorf("status %d: not an answer to this request", status)
	}
	return state, err
}

// wrap adds to an error when it is worth to ask again. A document that is
// gone or withheld by law stays so, and a login wants a person; but a 403 is
// as often a passing mood as a rule.
func wrap(fe *FetchError, hold time.Duration) error {
	switch {
	case fe.State == StateLimited, hold > 0 && (fe.State == StateChallenge || fe.State == StateUnreachable):
		return &puskaradio.RetryError{After: hold, Err: fe}
	case fe.State == StateGone, fe.State == StateLogin, fe.Status == 451:
		return &puskaradio.PermanentError{Err: fe}
	}
	return fe
}

// holdOf is how long an answer wants us to stay away: its Retry-After, else
// where the requests of a period are used up the end of that period; zero if
// it does not say.
func holdOf(status int, h http.Header, now time.Time) time.Duration {
	if status < 400 {
		return 0
	}
	if d := retryAfter(h.Get("Retry-After"), now); d > 0 {
		return d
	}
	for _, limit := range []string{"X-RateLimit-", "X-Rate-Limit-", "RateLimit-"} {
		if left := strings.TrimSpace(h.Get(limit + "Remaining")); left == "0" || left == "0.0" {
			return rateReset(h.Get(limit+"Reset"), now)
		}
	}
	return 0
}

// retryAfter reads a Retry-After: seconds or an HTTP date. It gives zero for
// what is neither or past, and at most a day.
func retryAfter(s string, now time.Time) time.Duration {
	s = strings.TrimSpace(s)
	if sec, err := strconv.ParseFloat(s, 64); err == nil {
		return seconds(sec)
	}
	at, err := http.ParseTime(s)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), maxHold)
}

// rateReset reads an X-RateLimit-Reset: seconds to wait, seconds since 1970,
// or a date.
func rateReset(s string, now time.Time) time.Duration {
	s = strings.TrimSpace(s)
	if sec, err := strconv.ParseFloat(s, 64); err == nil {
		if sec > 1e9 {
			sec -= float64(now.Unix())
		}
		return seconds(sec)
	}
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return min(max(at.Sub(now), 0), maxHold)
	}
	return retryAfter(s, now)
}

func seconds(sec float64) time.Duration {
	if math.IsNaN(sec) || sec <= 0 {
		return 0
	}
	return time.Duration(min(sec, maxHold.Seconds()) * float64(time.Second))
}
