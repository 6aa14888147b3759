package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// token makes a token and gives its secret.
func (p *place) token(name string, role puskaradio.Role, brands ...string) string {
	p.t.Helper()
	secret, hash := NewToken()
	if err := p.store.SetToken(p.t.Context(), puskaradio.Token{Name: name, Role: role, Brands: brands, Hash: hash}); err != nil {
		p.t.Fatal(err)
	}
	return secret
}

// ask sends a request as a program does.
func (p *place) ask(secret, method, path, body string) *httptest.ResponseRecorder {
	return p.askWith(method, path, body, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+secret) })
}

func (p *place) askWith(method, path, body string, change func(r *http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://127.0.0.1:8080"+path, strings.NewReader(body))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	change(r)
	w := httptest.NewRecorder()
	p.server.ServeHTTP(w, r)
	return w
}

// A contract holds answers to what openapi.json says of them.
type contract struct {
	t    *testing.T
	c    *jsonschema.Compiler
	seen map[string]bool
}

func newContract(t *testing.T) *contract {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(openAPI)))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range doc.(object)["components"].(object)["schemas"].(object) { // here nothing may be said that is not described
		if x := s.(object); x["properties"] != nil {
			x["additionalProperties"] = false
		}
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource("openapi.json", doc); err != nil {
		t.Fatal(err)
	}
	return &contract{t, c, map[string]bool{}}
}

// check holds the answer to a request of a route.
func (c *contract) check(method, route string, w *httptest.ResponseRecorder) {
	c.t.Helper()
	status, kind := "200", "application/json"
	if w.Code != http.StatusOK {
		status, kind = "default", "application/problem+json"
	}
	if got := w.Header().Get("Content-Type"); got != kind {
		c.t.Errorf("%s %s: %d is %s, want %s", method, route, w.Code, got, kind)
	}
	escape := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D")
	at := fmt.Sprintf("openapi.json#/paths/%s/%s/responses/%s/content/%s/schema", escape.Replace(apiRoot+route), strings.ToLower(method), status, escape.Replace(kind))
	s, err := c.c.Compile(at)
	if err != nil {
		c.t.Fatal(err)
	}
	x, err := jsonschema.UnmarshalJSON(w.Body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, route, err)
	}
	if err := s.Validate(x); err != nil {
		c.t.Errorf("%s %s: %v", method, route, err)
	}
	c.seen[method+" "+route+" "+status] = true
}

// rich is a place with something of everything.
func rich(t *testing.T) (*place, puskaradio.ID) {
	t.Helper()
	p := newPlace(t)
	m := sample()
	m.Versions = []puskaradio.Version{{Text: "before", Rating: &puskaradio.Rating{Value: 2, Best: 5}, Until: testNow}}
	m.Owner = &puskaradio.Reply{Author: "Acme", Text: "We are sorry", At: testNow}
	m.Score.Embedded = &puskaradio.Score{Label: puskaradio.Negative}
	other := sample()
	other.Ref, other.URL, other.Rating, other.Score, other.Flag = "r9", "javascript:alert(1)", nil, nil, ""
	other.Published = other.Published.Add(-time.Hour)
	id := p.add(m, other)[0]
	for i := range 5 {
		a := puskaradio.Alert{
			ID: fmt.Sprint("7F3K", i), Brand: "acme", Name: "Acme", Rule: puskaradio.RuleSpike, State: []string{"open", "over"}[i%2], Severity: puskaradio.Notice,
			Decided: testNow.Add(-time.Duration(i/2) * time.Hour), From: testNow.Add(-time.Hour), To: testNow, Until: testNow,
			Quotes: []puskaradio.Quote{{ID: id, URL: "javascript:alert(1)", Label: puskaradio.Negative}}, Hours: []puskaradio.Point{{At: testNow, Value: 2}},
			Claimed: &puskaradio.Hand{By: "Maija", At: testNow}, Stars: &puskaradio.Stars{N: 3},
		}
		if _, err := p.store.AddAlert(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.store.AddDigest(t.Context(), puskaradio.Digest{Brand: "acme", Date: "2026-11-20", Zone: "Europe/Helsinki", Decided: testNow, Reputation: &puskaradio.Reputation{Method: 1, Value: 61}}); err != nil {
		t.Fatal(err)
	}
	shown := puskaradio.Shown{Brand: "acme", URL: "javascript:alert(1)", Rating: puskaradio.Rating{Value: 4.2, Best: 5}, Reviews: 1318}
	if err := store.AddShown(t.Context(), p.store, m.Source, []puskaradio.Shown{shown}, nil, testNow, time.UTC); err != nil {
		t.Fatal(err)
	}
	return p, id
}

// TestAPI asks for everything, and holds each answer to its description: the
// good ones, and those that say what is wrong.
func TestAPI(t *testing.T) {
	p, id := rich(t)
	c := newContract(t)
	agent := p.token("crm", puskaradio.Agent)
	day := testNow.Add(24 * time.Hour).Format(time.RFC3339)
	for _, x := range []struct {
		pattern, path, body string
		code                int
		want                []string // in the answer
	}{
		{"GET brands", "brands", "", 200, []string{`"id":"acme"`, `"rivals":["bolt"]`}},
		{"GET mentions", "mentions?brand=acme&label=negative&source=shop&from=2026-11-01&to=2026-12-01T00:00:00Z&limit=200", "", 200, []string{string(id), `"label":"negative"`, "Maija M."}},
		{"GET mentions", "mentions?q=%22forty+minutes%22", "", 200, []string{string(id)}},
		{"GET mentions", "mentions?q=nosuchword", "", 200, []string{`{"mentions":[]}`}},
		{"GET mentions", "mentions?limit=201", "", 400, []string{`"field":"limit"`}},
		{"GET mentions", "mentions?brand=nosuch", "", 400, []string{`"field":"brand"`}},
		{"GET mentions", "mentions?after=x", "", 400, []string{`"field":"after"`}},
		{"GET mentions", "mentions?from=2026-12-01&to=2026-11-01", "", 400, []string{`"field":"to"`}},
		{"GET mentions", "mentions?label=bad", "", 400, nil},
		{"GET mentions", "mentions?q=a&q=b", "", 400, []string{"more than once"}},
		{"GET mentions", "mentions?token=" + agent, "", 400, []string{"no such parameter"}},
		{"GET mentions/{id}", "mentions/" + string(id), "", 200, []string{`"versions":[{"text":"before"`, `"owner_reply"`}},
		{"GET mentions/{id}", "mentions/x", "", 404, nil},
		{"GET cases", "cases?statuses=new,claimed", "", 200, []string{`"status":"new"`, `"wait":900`, `"target":180`, `"over":true`}},
		{"GET cases", "cases?statuses=open", "", 400, []string{`"field":"statuses"`}},
		{"GET alerts", "alerts?open=true", "", 200, []string{"7F3K0", "7F3K2"}},
		{"GET alerts", "alerts?from=2026-11-22T11:00:00Z&to=2026-11-22T12:00:00Z", "", 200, []string{`{"alerts":[]}`}},
		{"GET alerts/{id}", "alerts/7F3K0", "", 200, []string{`"negative spike"`}},
		{"GET alerts/{id}", "alerts/nosuch", "", 404, nil},
		{"GET series", "series?brand=acme", "", 200, []string{`"negative":1`, `"step":"day"`, `"zone":"Europe/Helsinki"`}},
		{"GET series", "series?brand=acme&step=hour&by=source&from=2026-11-20", "", 200, []string{`"source":"shop"`}},
		{"GET series", "series?brand=acme&step=hour&from=2025-11-20", "", 400, []string{`"field":"from"`}},
		{"GET series", "series", "", 400, []string{`"field":"brand"`}},
		{"GET reputation", "reputation?brand=acme&days=7", "", 200, []string{`"date":"2026-11-20","kept":true,"method":1,"value":61`, `"date":"2026-11-22","kept":false`}},
		{"GET digests/{brand}/{date}", "digests/acme/2026-11-20", "", 200, []string{`{"sent":true`}},
		{"GET digests/{brand}/{date}", "digests/acme/2026-11-19", "", 200, []string{`{"sent":false`}},
		{"GET digests/{brand}/{date}", "digests/acme/2026-W46", "", 200, []string{`{"sent":false`, `"week":{"from":"2026-11-09"`}},
		{"GET digests/{brand}/{date}", "digests/acme/2026-W48", "", 404, nil},
		{"GET digests/{brand}/{date}", "digests/acme/2026-11-23", "", 404, nil},
		{"GET digests/{brand}/{date}", "digests/acme/tomorrow", "", 404, nil},
		{"GET digests/{brand}/{date}", "digests/nosuch/2026-11-20", "", 404, nil},
		{"GET ratings", "ratings?brand=acme", "", 200, []string{`{"source":"shop","read":{"n":1,`, `"rating":{"value":4.2,"best":5},"reviews":1318`, `"stale":false`}},
		{"GET ratings", "ratings?brand=nosuch", "", 400, []string{`"field":"brand"`}},
		{"GET sources", "sources", "", 200, []string{`"state":"refused"`}},
		{"POST cases/{id}/move", "cases/" + string(id) + "/move", `{"was":"new","to":"claimed","note":"mine"}`, 200, []string{`"status":"claimed"`, `"who":"crm (API)"`}},
		{"POST cases/{id}/move", "cases/" + string(id) + "/move", `{"was":"new","to":"done"}`, 409, []string{`"by":"crm (API)"`, `"as":"claimed"`}},
		{"POST cases/{id}/move", "cases/" + string(id) + "/move", `{"was":"claimed","to":"snoozed","until":"` + day + `"}`, 200, []string{`"until":"2026-11-23`}},
		{"POST cases/{id}/move", "cases/" + string(id) + "/move", `{"was":"snoozed","to":"snoozed"}`, 400, []string{`"field":"until"`}},
		{"POST cases/{id}/move", "cases/" + string(id) + "/move", `{"to":"gone"}`, 400, []string{`"field":"to"`}},
		{"POST cases/{id}/move", "cases/" + string(id) + "/move", `{"too":"done"}`, 400, []string{`"field":"too"`}},
		{"POST cases/{id}/move", "cases/" + string(id) + "/move", `{"to":7}`, 400, []string{`"field":"to"`}},
		{"POST cases/{id}/move", "cases/" + string(id) + "/move", `{"to":"done"}{}`, 400, nil},
		{"POST cases/{id}/move", "cases/" + string(id) + "/move", `{`, 400, nil},
		{"POST cases/{id}/move", "cases/" + string(id) + "/move", ``, 400, nil},
		{"POST cases/{id}/move", "cases/" + string(id) + "/move", `{"note":"` + strings.Repeat("x", maxBody) + `"}`, 413, nil},
		{"POST cases/{id}/move", "cases/x/move", `{"to":"done"}`, 404, nil},
		{"POST cases/{id}/customer", "cases/" + string(id) + "/customer", `{"key":"A-17"}`, 200, []string{`"customer":"A-17"`}},
		{"POST cases/{id}/customer", "cases/" + string(id) + "/customer", `{"key":"A\t17"}`, 400, []string{`"field":"key"`}},
		{"POST cases/{id}/customer", "cases/x/customer", `{"key":""}`, 404, nil},
		{"POST mentions/{id}/correct", "mentions/" + string(id) + "/correct", `{"label":"positive"}`, 200, []string{`"label":"positive"`, `"corrected"`}},
		{"POST mentions/{id}/correct", "mentions/" + string(id) + "/correct", `{"label":"undo"}`, 200, []string{`"label":"negative"`}},
		{"POST mentions/{id}/correct", "mentions/" + string(id) + "/correct", `{"label":"great"}`, 400, []string{`"field":"label"`}},
		{"POST alerts/{id}/claim", "alerts/7F3K0/claim", `{}`, 200, nil},
		{"POST alerts/{id}/claim", "alerts/7F3K0/claim", `{"who":"Maija"}`, 400, []string{`"field":"who"`}},
		{"POST alerts/{id}/calm", "alerts/7F3K0/calm", `{}`, 200, nil},
		{"POST alerts/{id}/snooze", "alerts/7F3K0/snooze", `{"until":"` + day + `"}`, 200, nil},
		{"POST alerts/{id}/snooze", "alerts/7F3K0/snooze", `{"until":"2027-11-22T10:00:00Z"}`, 400, []string{`"field":"until"`}},
		{"POST alerts/{id}/snooze", "alerts/nosuch/snooze", `{"until":"` + day + `"}`, 404, nil},
	} {
		method, route, _ := strings.Cut(x.pattern, " ")
		w := p.ask(agent, method, apiRoot+x.path, x.body)
		said := w.Body.String()
		if w.Code != x.code {
			t.Errorf("%s %s %s: %d, want %d: %s", method, x.path, clipRunes(x.body, 100), w.Code, x.code, said)
		}
		for _, part := range x.want {
			if !strings.Contains(said, part) {
				t.Errorf("%s %s lacks %s: %s", method, x.path, part, said)
			}
		}
		if strings.Contains(said, "javascript:") {
			t.Errorf("%s %s gives a link that is none", method, x.path)
		}
		c.check(method, route, w)
	}
	for pattern := range p.server.endpoints() {
		if !c.seen[pattern+" 200"] {
			t.Errorf("%s was not asked", pattern)
		}
	}
	if want := "[claim 7F3K0 crm (API) calm 7F3K0 crm (API) snooze 7F3K0 crm (API) 24h0m0s]"; fmt.Sprint(p.done) != want {
		t.Errorf("did %v, want %s", p.done, want)
	}
	jobs, err := p.store.Jobs(t.Context(), "wake/acme/")
	if err != nil || len(jobs) != 1 {
		t.Errorf("the snooze has no end: %v, %v", jobs, err)
	}
	p.had = &puskaradio.TakenError{By: "Pekka", At: testNow, As: puskaradio.Claimed}
	w := p.ask(agent, "POST", apiRoot+"alerts/7F3K0/claim", "{}")
	if w.Code != 409 || !strings.Contains(w.Body.String(), `"by":"Pekka"`) {
		t.Errorf("too late: %d %s", w.Code, w.Body)
	}
	c.check("POST", "alerts/{id}/claim", w)
	if w := p.askWith("POST", apiRoot+"alerts/7F3K0/claim", "{}", func(r *http.Request) {
		r.Header.Set("Authorization", "Bearer "+agent)
		r.Header.Set("Content-Type", "text/plain")
	}); w.Code != http.StatusUnsupportedMediaType {
		t.Errorf("text: %d", w.Code)
	}
	if w := p.ask(agent, "PUT", apiRoot+"mentions", ""); w.Code != 405 || w.Header().Get("Allow") != "GET" {
		t.Errorf("PUT: %d %v", w.Code, w.Header())
	}
	if w := p.ask(agent, "GET", apiRoot+"nosuch", ""); w.Code != 404 || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("nowhere: %d %v", w.Code, w.Header())
	}
}

// TestAPIPages: pages of every list hold everything once, in order.
func TestAPIPages(t *testing.T) {
	p, _ := rich(t)
	for i := range 5 {
		m := sample()
		m.Ref, m.Published = fmt.Sprint("p", i), testNow.Add(-time.Duration(i)*time.Hour)
		p.add(m)
	}
	secret := p.token("r", puskaradio.Reader)
	for list, want := range map[string]int{"mentions": 7, "mentions?q=minutes": 7, "cases": 6, "alerts": 5, "alerts?open=true": 3} {
		var got []string
		after, name := "", strings.Split(list, "?")[0]
		for range 10 {
			q := url.Values{"limit": {"2"}}
			if after != "" {
				q.Set("after", after)
			}
			at := apiRoot + list + map[bool]string{true: "&", false: "?"}[strings.Contains(list, "?")] + q.Encode()
			w := p.ask(secret, "GET", at, "")
			var page map[string]json.RawMessage
			var items []struct{ ID string }
			if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || w.Code != 200 {
				t.Fatalf("%s: %d %v", at, w.Code, err)
			}
			if err := json.Unmarshal(page[name], &items); err != nil || len(items) > 2 {
				t.Fatalf("%s: %d items, %v", at, len(items), err)
			}
			for _, x := range items {
				got = append(got, x.ID)
			}
			if page["next"] == nil {
				break
			}
			if err := json.Unmarshal(page["next"], &after); err != nil {
				t.Fatal(err)
			}
		}
		unique := slices.Compact(slices.Sorted(slices.Values(got)))
		if len(got) != want || len(unique) != want {
			t.Errorf("%s: %v, want %d", list, got, want)
		}
	}
}
