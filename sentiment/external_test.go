package sentiment

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// asked is what an external scorer is sent.
type asked struct {
	Texts []struct {
		Text, Title, Lang, Kind string
		Rating                  *puskaradio.Rating
	}
}

// external serves a scorer that gives each text the verdict that of gives it.
func external(t *testing.T, of func(text string) string) (*External, *[]asked) {
	t.Helper()
	var seen []asked
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var a asked
		if err := json.NewDecoder(r.Body).Decode(&a); err != nil || r.Method != http.MethodPost || r.Header.Get("Authorization") != "Bearer canary" {
			t.Errorf("%s with %v: %v", r.Method, r.Header, err)
		}
		seen = append(seen, a)
		var out []string
		for _, x := range a.Texts {
			if s := of(x.Text); s != "" {
				out = append(out, s)
			}
		}
		_, _ = w.Write([]byte(`{"scores":[` + strings.Join(out, ",") + `]}`))
	}))
	t.Cleanup(srv.Close)
	return &External{URL: srv.URL + "/score?key=canary", Token: "canary", Batch: 2}, &seen
}

func embeddedOnes(n int) []puskaradio.Score {
	out := make([]puskaradio.Score, n)
	for i := range out {
		out[i] = puskaradio.Score{Label: puskaradio.Negative, Value: -0.5, Confidence: 0.7, Lang: "en", Model: "m", Words: []string{"bad"}}
	}
	return out
}

func TestExternal(t *testing.T) {
	e, seen := external(t, func(text string) string {
		switch text {
		case "a":
			return `{"label":"positive","value":0.75,"confidence":0.9,"lang":"fi"}`
		case "b":
			return `{"label":"negative","value":-1,"confidence":0.95}`
		}
		return `{"label":"neutral","value":0,"confidence":0.2}`
	})
	texts := []Text{{Text: "a", Title: "T", Lang: "en", Genre: puskaradio.Review, Rating: &puskaradio.Rating{Value: 4, Best: 5}}, {Text: "b"}, {Text: "c"}}
	got := embeddedOnes(3)
	if err := e.Weigh(t.Context(), texts, got); err != nil {
		t.Fatal(err)
	}
	embedded := &puskaradio.Score{Label: puskaradio.Negative, Value: -0.5, Confidence: 0.7, Model: "m"}
	name := e.Name()
	want := []puskaradio.Score{
		{Label: puskaradio.Positive, Value: 0.75, Confidence: 0.9, Unsure: true, Why: "two verdicts", Lang: "fi", Model: name, Words: []string{"bad"}, Embedded: embedded},
		{Label: puskaradio.Negative, Value: -1, Confidence: 0.95, Lang: "en", Model: name, Words: []string{"bad"}, Embedded: embedded},
		{Label: puskaradio.Neutral, Confidence: 0.2, Unsure: true, Why: "close", Lang: "en", Model: name, Words: []string{"bad"}, Embedded: embedded},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("scores %+v\nwant %+v", got, want)
	}
	for i := range got {
		if !got[i].Alarming() {
			t.Errorf("score %d: the embedded verdict is silenced", i)
		}
	}
	if len(*seen) != 2 || len((*seen)[0].Texts) != 2 || len((*seen)[1].Texts) != 1 {
		t.Fatalf("batches: %+v", *seen)
	}
	if x := (*seen)[0].Texts[0]; x.Title != "T" || x.Lang != "en" || x.Kind != "review" || x.Rating == nil || x.Rating.Value != 4 {
		t.Errorf("sent %+v", x)
	}
	if strings.Contains(name, "canary") {
		t.Errorf("the name %q holds the secret", name)
	}
}

// TestExternalFaults: whatever is wrong with an answer, the embedded verdict
// stands, the error says why, and holds no secret.
func TestExternalFaults(t *testing.T) {
	one := func(s string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(s)) }
	}
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer elsewhere.Close()
	release := make(chan struct{})
	for name, c := range map[string]struct {
		do   http.HandlerFunc
		want string
	}{
		"count":      {one(`{"scores":[]}`), "0 scores of 1 texts"},
		"too many":   {one(`{"scores":[{"label":"neutral","value":0,"confidence":1},{"label":"neutral","value":0,"confidence":1}]}`), "2 scores of 1 texts"},
		"not JSON":   {one(`<html>`), "not the JSON"},
		"NaN":        {one(`{"scores":[{"label":"neutral","value":NaN,"confidence":1}]}`), "not the JSON"},
		"huge":       {one(`{"scores":[{"label":"neutral","value":1e999,"confidence":1}]}`), "not the JSON"},
		"range":      {one(`{"scores":[{"label":"positive","value":1.01,"confidence":1}]}`), "value is not between"},
		"no value":   {one(`{"scores":[{"label":"positive","confidence":1}]}`), "value is not between"},
		"confidence": {one(`{"scores":[{"label":"positive","value":1,"confidence":-0.1}]}`), "confidence is not between"},
		"label":      {one(`{"scores":[{"label":"great","value":1,"confidence":1}]}`), `label "great" is none`},
		"sign":       {one(`{"scores":[{"label":"positive","value":-1,"confidence":1}]}`), "positive by its label"},
		"lang":       {one(`{"scores":[{"label":"neutral","value":0,"confidence":1,"lang":"<b>"}]}`), "not a language"},
		"large":      {one(`{"scores":[` + strings.Repeat(" ", maxExternal)), "larger than"},
		"status":     {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "it answered 500"},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}, "it answered 307"},
		"cut": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "99")
			_, _ = w.Write([]byte("{"))
		}, "the answer broke off"},
		"slow": {func(http.ResponseWriter, *http.Request) { <-release }, "no answer within 200ms"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(c.do)
			defer srv.Close()
			e := &External{URL: srv.URL + "/?key=canary", Token: "canary"}
			if name == "slow" {
				defer close(release)
				e.Timeout = 200 * time.Millisecond
			}
			got := embeddedOnes(1)
			err := e.Weigh(t.Context(), []Text{{Text: "x"}}, got)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "127.0.0.1") {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if !reflect.DeepEqual(got, embeddedOnes(1)) {
				t.Errorf("the score is now %+v", got)
			}
		})
	}
}

// TestExternalAway: where nobody listens the rest is not tried, and where one
// batch is wrong the others count.
func TestExternalAway(t *testing.T) {
	e, seen := external(t, func(text string) string {
		if text == "drop" {
			return ""
		}
		return `{"label":"positive","value":1,"confidence":1}`
	})
	got := embeddedOnes(5)
	err := e.Weigh(t.Context(), []Text{{Text: "a"}, {Text: "drop"}, {Text: "b"}, {Text: "c"}, {Text: "d"}}, got)
	if err == nil || got[0].Embedded != nil || got[2].Embedded == nil || got[4].Embedded == nil || len(*seen) != 3 {
		t.Errorf("%v, %d batches, %+v", err, len(*seen), got)
	}
	srv := httptest.NewServer(nil)
	srv.Close()
	e.URL = srv.URL
	got = embeddedOnes(5)
	if err := e.Weigh(t.Context(), make([]Text, 5), got); err == nil || !strings.Contains(err.Error(), "3 more were not asked about") {
		t.Errorf("nobody listens: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the work is over"))
	if err := e.Weigh(ctx, make([]Text, 1), got); err == nil || !strings.Contains(err.Error(), "the work is over") {
		t.Errorf("cancelled: %v", err)
	}
	if !reflect.DeepEqual(got, embeddedOnes(5)) {
		t.Errorf("the scores are now %+v", got)
	}
}

func TestExternalCheck(t *testing.T) {
	for _, e := range []External{
		{},
		{URL: "score"},
		{URL: "ftp://a.example"},
		{URL: "http://u:p@a.example"},
		{URL: "https://a.example", Batch: -1},
		{URL: "https://a.example", Batch: 1001},
		{URL: "https://a.example", Timeout: time.Hour},
		{URL: "http://\x7f"},
	} {
		if e.Check() == nil {
			t.Errorf("%+v will do", e)
		}
	}
	for _, e := range []External{{URL: "http://127.0.0.1:8080/score"}, {URL: "https://a.example", Batch: 8, Timeout: time.Second}} {
		if err := e.Check(); err != nil {
			t.Errorf("%+v: %v", e, err)
		}
	}
}

func TestCut(t *testing.T) {
	for _, s := range []string{"", "hyvä", strings.Repeat("ä", maxSent), "x" + strings.Repeat("😀", maxSent)} {
		if got := cut(s, maxSent); len(got) > maxSent || !strings.HasPrefix(s, got) || strings.ContainsRune(got, '\ufffd') || len(s) > maxSent && len(got) < maxSent-4 {
			t.Errorf("%d bytes are cut to %d", len(s), len(got))
		}
	}
}

func FuzzReadExternal(f *testing.F) {
	f.Add([]byte(`{"scores":[{"label":"negative","value":-0.5,"confidence":0.9,"lang":"fi"}]}`), 1)
	f.Add([]byte(`{"scores":[{"label":"neutral","value":1e999,"confidence":null}]}`), 1)
	f.Add([]byte(`{"scores":null}`), 0)
	f.Add([]byte(`[`), 3)
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		got, err := readExternal(b, n)
		if err != nil {
			return
		}
		if len(got) != n {
			t.Fatalf("%d scores, want %d", len(got), n)
		}
		for _, g := range got {
			sc := puskaradio.Score{Label: puskaradio.Neutral, Model: "m"}
			(&External{URL: "http://a.example"}).put(&sc, g)
			checkScore(t, string(b), sc)
		}
	})
}
