package monitor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/notify"
)

// A guard is Slack with one token that is good.
type guard struct {
	slack *slackLedger
	good  string
}

func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, _ := url.ParseQuery(string(body))
	r.Body = io.NopCloser(bytes.NewReader(body))
	if form.Get("token") != g.good && r.Header.Get("Authorization") != "Bearer "+g.good {
		resp := answer(200, `{"ok":false,"error":"token_revoked"}`)
		resp.Request = r
		return resp, nil
	}
	return g.slack.RoundTrip(r)
}

// through sends what a channel says through a transport.
type through struct {
	notify.Notifier
	to http.RoundTripper
}

func (x through) Notify(ctx context.Context, _ *http.Client, m notify.Message) (string, error) {
	return x.Notifier.Notify(ctx, &http.Client{Transport: x.to}, m)
}

// TestTokenRotated: a token is revoked while it runs. What is decided waits, the
// second channel hears of it, and once the configuration is read again, with the
// new token, it is said at once; neither token is in the log.
func TestTokenRotated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		breaks := begin.Add(26 * time.Hour)
		sc := stage(t, t.TempDir(), &talk{posts: append(history(begin), burst(breaks, 12)...)})
		defer sc.close(t)
		g := &guard{sc.slack, "xoxb-old-canary"}
		with := func(token string) *monitor.Plan {
			n, err := notify.New("slack", json.RawMessage(`{"channel":"C1"}`), func(string) (string, error) { return token, nil })
			if err != nil {
				t.Fatal(err)
			}
			p := *sc.plan
			p.DigestAt = -1
			p.Channels = slices.Clone(p.Channels)
			p.Channels[0].Notifier = through{n, g}
			return &p
		}
		sc.plan = with("xoxb-old-canary")
		sc.run(t, 25*time.Hour)
		g.good = "xoxb-new-canary"
		sc.run(t, 4*time.Hour)
		if len(sc.slack.alerts()) != 0 || len(sc.other.alerts()) != 1 {
			t.Fatalf("with a revoked token: told %v, elsewhere %v", sc.slack.alerts(), sc.other.alerts())
		}
		reloaded := time.Now()
		sc.plan = with("xoxb-new-canary")
		sc.run(t, time.Minute)
		if got := sc.slack.alerts(); len(got) != 1 || got[0].at.Sub(reloaded) > 5*time.Second {
			t.Errorf("with the new token: told %v, want at once", got)
		}
		if strings.Contains(sc.log.String(), "canary") {
			t.Error("a token stands in the log")
		}
	})
}

// A box takes mail as a server of mails would, and can be told not to.
type box struct {
	got   []string // keys, in the order in which they came
	tries int
	err   func(now time.Time, key string) error
}

func (b *box) Notify(_ context.Context, _ *http.Client, m notify.Message) (string, error) {
	b.tries++
	if err := b.err(time.Now(), m.Key); err != nil {
		return "", err
	}
	if m.Ref == "" {
		b.got = append(b.got, m.Key)
	}
	return m.Key, nil
}

// TestMailIsAway: a server of mails that is down, defers, has no valid
// certificate or refuses. What was decided waits, is said once when it is back,
// and a digest is said once for its date whatever happens.
func TestMailIsAway(t *testing.T) {
	for name, fault := range map[string]error{
		"down":        errors.New("mail: mail.example:587: connection refused"),
		"greylisted":  errors.New("mail: mail.example:587: 450 4.7.1 come back later"),
		"certificate": errors.New("mail: mail.example:587: x509: certificate has expired"),
		"refused":     &puskaradio.PermanentError{Err: errors.New("mail: mail.example:587 does not take it: 550 no such user")},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now() // 02:00 in Helsinki
				breaks := begin.Add(26 * time.Hour)
				dir := t.TempDir()
				b := &box{err: func(now time.Time, _ string) error {
					if now.After(breaks) && now.Before(breaks.Add(6*time.Hour)) { // over the hour of the digest
						return fault
					}
					return nil
				}}
				tk := &talk{posts: append(history(begin), burst(breaks, 12)...)}
				for range 12 { // a restart every four hours
					sc := stage(t, dir, tk)
					sc.plan.Channels = sc.plan.Channels[:1]
					sc.plan.Channels[0].Notifier, sc.plan.Channels[0].Fallback = b, ""
					sc.run(t, 4*time.Hour)
					sc.close(t)
				}
				kinds, keys := map[string]int{}, map[string]int{}
				for _, key := range b.got {
					kind, _, _ := strings.Cut(key, "/")
					kinds[kind]++
					if keys[key]++; keys[key] > 1 {
						t.Errorf("said %s again", key)
					}
				}
				// What has waited for hours may have come in one summary.
				if kinds["a"]+kinds["summary"] != 1 || kinds["g"] < 1 || kinds["g"] > 2 {
					t.Errorf("said %v, want the alert and the digests", b.got)
				}
				if b.tries > 200 {
					t.Errorf("%d tries", b.tries)
				}
			})
		})
	}
}
