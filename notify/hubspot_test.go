package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// A hubspotServer answers as HubSpot does, with what is recorded, and keeps
// what it was asked. fail answers a request instead.
type hubspotServer struct {
	*httptest.Server
	t     *testing.T
	mu    sync.Mutex // held while it answers
	asked []string
	body  map[string]any // of the last
	fail  func(w http.ResponseWriter, r *http.Request) bool
	known string // what a search gives
}

func newHubspotServer(t *testing.T) *hubspotServer {
	s := &hubspotServer{t: t, known: "nothing"}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asked = append(s.asked, r.Method+" "+r.URL.Path)
		s.body = nil
		if b, err := io.ReadAll(r.Body); err != nil || len(b) > 0 && json.Unmarshal(b, &s.body) != nil {
			t.Errorf("body %q, %v", b, err)
		}
		if r.Header.Get("Authorization") != "Bearer pat-canary" {
			t.Errorf("authorization %q", r.Header.Get("Authorization"))
		}
		if s.fail != nil && s.fail(w, r) {
			return
		}
		switch r.Method + " " + r.URL.Path {
		case "POST /crm/v3/objects/tickets":
			w.WriteHeader(http.StatusCreated)
			s.write(w, "created")
		case "POST /crm/v3/objects/tickets/search":
			s.write(w, s.known)
		case "PATCH /crm/v3/objects/tickets/5468262591":
			s.write(w, "created")
		case "GET /crm/v3/pipelines/tickets/0/stages":
			s.write(w, "stages")
		default:
			t.Errorf("asked %s %s", r.Method, r.URL)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *hubspotServer) write(w http.ResponseWriter, name string) {
	b, err := os.ReadFile("../testdata/notify/hubspot/" + name + ".json")
	if err != nil {
		s.t.Error(err)
	}
	_, _ = w.Write(b)
}

func (s *hubspotServer) notifier(options string) Notifier {
	s.t.Helper()
	n, err := New("hubspot", json.RawMessage(fmt.Sprintf(`{"server":%q%s}`, s.URL, options)), func(string) (string, error) { return "pat-canary", nil })
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// caseStep is a step of a case.
func caseStep(step string, status puskaradio.Status) *CaseStep {
	at := time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)
	return &CaseStep{ID: "71ppj0533yxgavh0j5ng", Step: step, Status: status, Brand: "acme", Source: "shop", Customer: "A-1029", At: at, Quote: puskaradio.Quote{
		Author: "Maija M.", Title: "Never\u202e again", Text: "I waited forty minutes.", URL: "https://shop.example/r1", Label: puskaradio.Negative, Published: at.Add(-time.Hour),
	}}
}

// TestHubspot takes a case from its opening to its end and back: one ticket,
// whose stage follows.
func TestHubspot(t *testing.T) {
	s := newHubspotServer(t)
	n := s.notifier("")
	if _, ok := n.(CaseKeeper); !ok {
		t.Fatal("it does not keep cases")
	}
	ref := ""
	for _, step := range []struct {
		name   string
		status puskaradio.Status
		asks   string
		stage  string
	}{
		{"opened", puskaradio.New, "POST /crm/v3/objects/tickets", "1"},
		{"claimed", puskaradio.Claimed, "", ""},
		{"noted", puskaradio.Claimed, "", ""},
		{"answered", puskaradio.Answered, "", ""},
		{"closed", puskaradio.Done, "PATCH /crm/v3/objects/tickets/5468262591", "4"},
		{"undone", puskaradio.Answered, "PATCH /crm/v3/objects/tickets/5468262591", "1"},
		{"closed", puskaradio.FalseAlarm, "PATCH /crm/v3/objects/tickets/5468262591", "4"},
		{"reopened", puskaradio.New, "PATCH /crm/v3/objects/tickets/5468262591", "1"},
	} {
		s.asked, s.body = nil, nil
		got, err := n.Notify(t.Context(), http.DefaultClient, Message{Key: "c/acme/x", Case: caseStep(step.name, step.status), Ref: ref, Link: "https://rep.example.fi/"})
		if err != nil || got != "5468262591" {
			t.Fatalf("%s: %q, %v", step.name, got, err)
		}
		ref = got
		if asked := strings.Join(s.asked, ", "); asked != step.asks {
			t.Errorf("%s: asked %q, want %q", step.name, asked, step.asks)
		}
		p, _ := s.body["properties"].(map[string]any)
		if step.stage != "" && p["hs_pipeline_stage"] != step.stage {
			t.Errorf("%s: %v, want the stage %s", step.name, s.body, step.stage)
		}
		if step.name == "opened" {
			want := "Never again\n\nI waited forty minutes.\n\nMaija M. · shop · https://shop.example/r1\n\nCustomer: A-1029\n\nhttps://rep.example.fi/m/71ppj0533yxgavh0j5ng\n\n71ppj0533yxgavh0j5ng"
			if p["content"] != want || p["subject"] != "acme, shop: Never again" || p["hs_ticket_priority"] != "HIGH" || p["hs_pipeline"] != "0" {
				t.Errorf("the ticket: %q", p)
			}
		}
	}
}

// TestHubspotOnce: a ticket whose making was not heard of is looked for before
// another is made.
func TestHubspotOnce(t *testing.T) {
	s := newHubspotServer(t)
	n := s.notifier("")
	made := 0
	s.fail = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/crm/v3/objects/tickets" {
			made++
			panic(http.ErrAbortHandler) // it is made, and the answer is lost
		}
		return false
	}
	m := Message{Key: "c/acme/x", Case: caseStep("opened", puskaradio.New)}
	if ref, err := n.Notify(t.Context(), http.DefaultClient, m); err == nil || ref != "" {
		t.Fatalf("%q, %v", ref, err)
	}
	s.mu.Lock()
	s.fail, s.known, m.Again = nil, "found", true
	s.mu.Unlock()
	if ref, err := n.Notify(t.Context(), http.DefaultClient, m); err != nil || ref != "5468262591" || made != 1 {
		t.Errorf("%q, %v after %d", ref, err, made)
	}
	if last := s.asked[len(s.asked)-1]; last != "POST /crm/v3/objects/tickets/search" {
		t.Errorf("asked %s last", last)
	}
	s.known = "nothing"
	if ref, err := n.Notify(t.Context(), http.DefaultClient, m); err != nil || ref != "5468262591" || !slices.Contains(s.asked[len(s.asked)-1:], "POST /crm/v3/objects/tickets") {
		t.Errorf("where there is none: %q, %v, %v", ref, err, s.asked)
	}
}

// TestHubspotClaimed makes a ticket when somebody takes the case.
func TestHubspotClaimed(t *testing.T) {
	s := newHubspotServer(t)
	n := s.notifier(`,"at":"claimed"`)
	for step, want := range map[string]string{"opened": "", "noted": "", "closed": "", "claimed": "5468262591"} {
		if ref, err := n.Notify(t.Context(), http.DefaultClient, Message{Case: caseStep(step, puskaradio.Claimed)}); err != nil || ref != want {
			t.Errorf("%s: %q, %v, want %q", step, ref, err, want)
		}
	}
	if len(s.asked) != 1 {
		t.Errorf("asked %v", s.asked)
	}
	_, err := n.Notify(t.Context(), http.DefaultClient, Message{Text: "hello"})
	if _, permanent := errors.AsType[*puskaradio.PermanentError](err); !permanent || !strings.Contains(err.Error(), "cases alone") {
		t.Errorf("a text: %v", err)
	}
}

func TestHubspotRefused(t *testing.T) {
	for _, tt := range []struct {
		status    int
		file      string
		permanent bool
		after     time.Duration
		want      string
	}{
		{429, "limited", false, 30 * time.Second, "ten_secondly_rolling"},
		{429, "daily", false, time.Hour, "daily limit"},
		{401, "expired", true, 0, "make a new token"},
		{403, "scopes", true, 0, "scope tickets"},
		{400, "wrong", true, 0, "77 was not one of the allowed options"},
		{404, "wrong", true, 0, "doctor lists the stages"},
		{302, "wrong", true, 0, "302"},
		{500, "wrong", false, 0, "500"},
	} {
		s := newHubspotServer(t)
		s.fail = func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Location", "http://169.254.169.254/")
			w.WriteHeader(tt.status)
			s.write(w, tt.file)
			return true
		}
		n := s.notifier("")
		_, err := n.Notify(t.Context(), http.DefaultClient, Message{Case: caseStep("opened", puskaradio.New)})
		_, permanent := errors.AsType[*puskaradio.PermanentError](err)
		after := time.Duration(0)
		if re, ok := errors.AsType[*puskaradio.RetryError](err); ok {
			after = re.After
		}
		if err == nil || permanent != tt.permanent || after != tt.after || !strings.Contains(err.Error(), tt.want) || len(s.asked) != 1 {
			t.Errorf("%d: %v, for good %v, after %v, asked %v", tt.status, err, permanent, after, s.asked)
		}
	}
	for name, body := range map[string]string{
		"no JSON": "<html>", "no id": "{}", "a wrong type": `{"id":{}}`, "too long": `{"id":"` + strings.Repeat("1", 2<<20) + `"}`, "nothing": "",
	} {
		s := newHubspotServer(t)
		s.fail = func(w http.ResponseWriter, _ *http.Request) bool { fmt.Fprint(w, body); return true }
		if ref, err := s.notifier("").Notify(t.Context(), http.DefaultClient, Message{Case: caseStep("opened", puskaradio.New)}); err == nil || ref != "" || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %.20q, %v", name, ref, err)
		}
	}
	s := newHubspotServer(t)
	s.fail = func(w http.ResponseWriter, r *http.Request) bool { // it says the token again
		w.WriteHeader(http.StatusUnauthorized)
		_ = json.NewEncoder(w).Encode(map[string]string{"message": "no such token: " + strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")})
		return true
	}
	if _, err := s.notifier("").Notify(t.Context(), http.DefaultClient, Message{Case: caseStep("opened", puskaradio.New)}); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("the token: %v", err)
	}
}

func TestHubspotProbe(t *testing.T) {
	s := newHubspotServer(t)
	if found, err := s.notifier("").(Prober).Probe(t.Context(), http.DefaultClient); err != nil || found != `tickets begin as "New" and end as "Closed"` {
		t.Errorf("Probe = %q, %v", found, err)
	}
	if _, err := s.notifier(`,"closed":"77"`).(Prober).Probe(t.Context(), http.DefaultClient); err == nil || !strings.Contains(err.Error(), "no stage 77; it has 1 (New), 2 (Waiting on contact), 4 (Closed)") {
		t.Errorf("Probe of a wrong stage: %v", err)
	}
	for options, want := range map[string]string{`{"at":"x"}`: "write opened or claimed", `{"server":"http://example.com"}`: "must begin with https", `{"x":1}`: "unknown field"} {
		if _, err := New("hubspot", json.RawMessage(options), func(string) (string, error) { return "t", nil }); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New(%s) = %v", options, err)
		}
	}
}
