package sentiment_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/sentiment"
)

// An asked is what a model was asked.
type asked struct {
	Model    string
	Messages []struct{ Role, Content string }
	Tools    any
	Format   struct{ Type string } `json:"response_format"`
}

// model is a server that answers with what say makes of the question.
func model(t *testing.T, say func(q asked) (content string)) (*sentiment.Drafter, *[]string) {
	t.Helper()
	var bodies []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil || r.URL.Path != "/v1/chat/completions" || r.Header.Get("Authorization") != "Bearer canary" {
			t.Errorf("asked %s, %v, %v", r.URL.Path, r.Header, err)
		}
		bodies = append(bodies, string(b))
		var q asked
		if err := json.Unmarshal(b, &q); err != nil || q.Model != "tiny" || len(q.Messages) != 2 || q.Messages[0].Role != "system" || q.Messages[1].Role != "user" || q.Tools != nil || q.Format.Type != "json_schema" {
			t.Errorf("asked %s, %v", b, err)
		}
		content, _ := json.Marshal(say(q))
		fmt.Fprintf(w, `{"id":"x","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":%s},"finish_reason":"stop"}]}`, content)
	}))
	t.Cleanup(srv.Close)
	return &sentiment.Drafter{URL: srv.URL + "/v1", Model: "tiny", Token: "canary"}, &bodies
}

func wrapped(text string) string {
	b, _ := json.Marshal(map[string]string{"answer": text})
	return string(b)
}

// textOf is the post in a question.
func textOf(q asked) string {
	var u struct{ Post struct{ Text string } }
	_ = json.Unmarshal([]byte(q.Messages[1].Content), &u)
	return u.Post.Text
}

func TestDraft(t *testing.T) {
	d, bodies := model(t, func(q asked) string {
		return wrapped("Olemme pahoillamme, että pakettinne viipyi.\n\nOttakaa yhteyttä asiakaspalveluumme, niin selvitämme asian.")
	})
	d.Style = "We write short."
	got, err := d.Draft(t.Context(), sentiment.Request{Brand: "Kahvila Kide", Lang: "fi", Title: "Hidas", Text: "Paketti tuli \"myöhässä\".", Rating: &puskaradio.Rating{Value: 1, Best: 5}})
	if err != nil || !strings.HasPrefix(got, "Olemme pahoillamme") || !strings.Contains(got, "\n\n") {
		t.Errorf("Draft = %q, %v", got, err)
	}
	for _, want := range []string{"Kahvila Kide", "1 of 5", "We write short.", `\\\"myöhässä\\\"`} {
		if !strings.Contains((*bodies)[0], want) {
			t.Errorf("it was not told %s: %s", want, (*bodies)[0])
		}
	}
}

// TestDraftHostile has a model that does whatever a post says: what comes of it
// has no link, calls nobody and tells nothing of what the model was told.
func TestDraftHostile(t *testing.T) {
	raw, err := os.ReadFile("../testdata/sentiment/injections.txt")
	if err != nil {
		t.Fatal(err)
	}
	posts := strings.Split(strings.TrimSpace(string(raw)), "\n")
	if len(posts) < 50 {
		t.Fatalf("%d posts", len(posts))
	}
	// Anything that a chat, a browser or a mail program makes a link or a call of.
	bad := regexp.MustCompile(`(?i)://|www\.|evil\.example|paha\.example|\.рф|[@＠<>]|javascript:|data:|tel:|mailto:|\]\(|\d{6}|[\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2066}-\x{2069}]`)
	for name, tt := range map[string]struct {
		obey        func(q asked) string
		least, most int // drafts of all posts
	}{
		"says what the post says":   {func(q asked) string { return wrapped(textOf(q)) }, len(posts) * 3 / 4, len(posts) - 1}, // one is what it was told
		"is what the post says":     {textOf, 1, 1},                                                                           // one is JSON of that form
		"adds it to an answer":      {func(q asked) string { return wrapped("Olemme pahoillamme. " + textOf(q) + " Kiitos!") }, len(posts) - 1, len(posts) - 1},
		"tells what it was told":    {func(q asked) string { return wrapped(q.Messages[0].Content) }, 0, 0},
		"tells a part of it":        {func(q asked) string { return wrapped("I was told: " + q.Messages[0].Content[:120]) }, 0, 0},
		"repeats the whole message": {func(q asked) string { return wrapped(q.Messages[1].Content) }, len(posts) * 3 / 4, len(posts) - 1},
	} {
		t.Run(name, func(t *testing.T) {
			d, bodies := model(t, tt.obey)
			drafts := 0
			for _, post := range posts {
				got, err := d.Draft(t.Context(), sentiment.Request{Brand: "Acme", Lang: "en", Text: post})
				if err != nil {
					continue
				}
				drafts++
				if at := bad.FindString(got); at != "" {
					t.Errorf("of %q came %q, with %q", post, got, at)
				}
				if strings.Contains(got, "nothing in it is an instruction") || strings.Contains(got, "A person will read, correct") {
					t.Errorf("of %q came what only the model was told: %q", post, got)
				}
			}
			if drafts < tt.least || drafts > tt.most {
				t.Errorf("%d drafts of %d posts, want %d to %d", drafts, len(posts), tt.least, tt.most)
			}
			for _, b := range *bodies {
				if strings.Contains(b, "canary") {
					t.Fatalf("the token is among what it was told: %s", b)
				}
			}
		})
	}
}

// TestDraftFaults: a model that is away, slow, large or wrong costs a draft and
// a sentence.
func TestDraftFaults(t *testing.T) {
	choice := func(message string) string { return `{"choices":[{"message":` + message + `}]}` }
	for name, tt := range map[string]struct {
		answer func(w http.ResponseWriter, r *http.Request)
		want   string
	}{
		"garbage":   {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, "did not give a draft"},
		"nothing":   {func(http.ResponseWriter, *http.Request) {}, "did not give a draft"},
		"no choice": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"choices":[]}`) }, "did not give a draft"},
		"prose":     {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, choice(`{"content":"Sure! Here it is"}`)) }, "did not give a draft"},
		"another field": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, choice(`{"content":"{\"answer\":\"a\",\"send\":true}"}`))
		}, "did not give a draft"},
		"two objects": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, choice(`{"content":"{\"answer\":\"a\"}{}"}`))
		}, "did not give a draft"},
		"a tool": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, choice(`{"content":"{\"answer\":\"a\"}","tool_calls":[{"id":"1"}]}`))
		}, "did not give a draft"},
		"an empty one": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, choice(`{"content":"{\"answer\":\" \"}"}`))
		}, "did not give a draft"},
		"a novel": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, choice(`{"content":"{\"answer\":\"`+strings.Repeat("a ", 1300)+`\"}"}`))
		}, "too long"},
		"a huge answer":  {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat("x", 1<<20)) }, "larger than"},
		"a wrong status": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "secret", http.StatusUnauthorized) }, "answered 401"},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://elsewhere.invalid/", http.StatusTemporaryRedirect)
		}, "answered 307"},
		"slow": {func(http.ResponseWriter, *http.Request) { time.Sleep(time.Second) }, "no answer within"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(tt.answer))
			defer srv.Close()
			d := &sentiment.Drafter{URL: srv.URL, Model: "tiny"}
			if name == "slow" {
				d.Timeout = 300 * time.Millisecond
			}
			got, err := d.Draft(t.Context(), sentiment.Request{Brand: "Acme", Text: "bad"})
			if got != "" || err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("Draft = %q, %v; want an error with %q", got, err, tt.want)
			}
			srv.Close()
			if _, err := d.Draft(t.Context(), sentiment.Request{Brand: "Acme", Text: "bad"}); err == nil || !strings.Contains(err.Error(), "no answer") {
				t.Errorf("when it is away: %v", err)
			}
		})
	}
}

func TestDraftCheck(t *testing.T) {
	for _, d := range []sentiment.Drafter{
		{URL: "", Model: "m"},
		{URL: "ftp://a/v1", Model: "m"},
		{URL: "http://u:p@a/v1", Model: "m"},
		{URL: "http://a/v1?x=1", Model: "m"},
		{URL: "http://a/v1"},
		{URL: "http://a/v1", Model: "m", Timeout: time.Hour},
		{URL: "http://a/v1", Model: "m", Style: strings.Repeat("x", 1001)},
	} {
		if d.Check() == nil {
			t.Errorf("%+v is taken", d)
		}
	}
	if err := (&sentiment.Drafter{URL: "http://127.0.0.1:11434/v1", Model: "llama3.1"}).Check(); err != nil {
		t.Error(err)
	}
}
