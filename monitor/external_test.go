package monitor_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/sentiment"
	"github.com/puskaradio/puskaradio/store"
)

// A stranger is an external scorer that finds the same in every text, until
// it falls silent.
type stranger struct {
	says  string
	asked int
	away  bool
}

func (s *stranger) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked++
	var body struct{ Texts []json.RawMessage }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return nil, err
	}
	if s.away {
		return answer(503, ""), nil
	}
	return answer(200, `{"scores":[`+strings.TrimSuffix(strings.Repeat(s.says+",", len(body.Texts)), ",")+`]}`), nil
}

func (s *stranger) scorer() *sentiment.External {
	return &sentiment.External{URL: "http://127.0.0.1/score", Client: &http.Client{Transport: s}}
}

// TestExternalSilencesNothing: a scorer that likes everything keeps no alert
// back, no case and no count.
func TestExternalSilencesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		breaks := begin.Add(20 * time.Hour)
		sc := stage(t, t.TempDir(), &talk{posts: append(history(begin), burst(breaks, 30)...)})
		defer sc.close(t)
		sc.plan.External = (&stranger{says: `{"label":"positive","value":1,"confidence":1}`}).scorer()
		sc.run(t, 40*time.Hour)
		if got := sc.slack.alerts(); len(got) != 1 || !strings.Contains(got[0].text, "delivery") {
			t.Errorf("told %d times, want once: %v\n%s", len(got), got, sc.log.String())
		}
		es, _, err := sc.store.Mentions(t.Context(), store.Filter{From: breaks, Labels: []puskaradio.Label{puskaradio.Negative}, Limit: 100})
		if err != nil || len(es) != 30 {
			t.Fatalf("%d negative, %v, want 30", len(es), err)
		}
		for _, e := range es {
			v := e.Mention.Verdict()
			if v.Label != puskaradio.Positive || v.Embedded == nil || v.Embedded.Label != puskaradio.Negative || v.Why != "two verdicts" || e.Mention.Flag == "" || e.Status != puskaradio.New {
				t.Fatalf("%q: %+v, flag %q, status %q", e.Mention.Text, v, e.Mention.Flag, e.Status)
			}
		}
		digest, err := sc.store.Digest(t.Context(), "acme", breaks.In(sc.plan.Zone).Format(time.DateOnly))
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range digest.Good {
			if strings.Contains(q.Text, "bad") {
				t.Errorf("the digest would share %q", q.Text)
			}
		}
		if sc.ExternalFaults() != 0 || strings.Contains(sc.log.String(), "embedded verdict") {
			t.Errorf("%d faults\n%s", sc.ExternalFaults(), sc.log.String())
		}
	})
}

// TestExternalRaises: what only the external scorer finds negative counts too.
func TestExternalRaises(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sc := stage(t, t.TempDir(), &talk{posts: []puskaradio.Mention{post(time.Now(), "fine")}})
		defer sc.close(t)
		sc.plan.External = (&stranger{says: `{"label":"negative","value":-1,"confidence":1}`}).scorer()
		sc.run(t, time.Hour)
		if cases, _, err := sc.store.Inbox(t.Context(), store.Filter{}); err != nil || len(cases) != 1 {
			t.Errorf("%d cases, %v, want 1", len(cases), err)
		}
	})
}

// TestExternalAway: while it is away the embedded verdict stands; that is told
// once, and again when it is back.
func TestExternalAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var posts []puskaradio.Mention
		for i := range 48 {
			posts = append(posts, post(begin.Add(time.Duration(i)*10*time.Minute), "bad luck"))
		}
		sc := stage(t, t.TempDir(), &talk{posts: posts})
		defer sc.close(t)
		s := &stranger{away: true, says: `{"label":"neutral","value":0,"confidence":1}`}
		sc.plan.External = s.scorer()
		sc.run(t, 4*time.Hour-30*time.Second) // ends between two questions
		if n := strings.Count(sc.log.String(), "the embedded verdict stands"); n != 1 || sc.ExternalFaults() != s.asked || s.asked < 10 {
			t.Errorf("told %d times, %d faults of %d questions\n%s", n, sc.ExternalFaults(), s.asked, sc.log.String())
		}
		s.away = false
		sc.run(t, 4*time.Hour)
		if strings.Count(sc.log.String(), "answers again") != 1 {
			t.Errorf("it is back, and nobody says so:\n%s", sc.log.String())
		}
		es, _, err := sc.store.Mentions(t.Context(), store.Filter{Limit: 100})
		if err != nil || len(es) < 40 {
			t.Fatalf("%d mentions, %v", len(es), err)
		}
		first, last := es[len(es)-1].Mention.Verdict(), es[0].Mention.Verdict()
		if first.Embedded != nil || first.Label != puskaradio.Negative || last.Embedded == nil || last.Label != puskaradio.Neutral {
			t.Errorf("first %+v, last %+v", first, last)
		}
	})
}
