package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// TestBearer: who may ask, and with what.
func TestBearer(t *testing.T) {
	p, id := rich(t)
	now := testNow
	p.server.now = func() time.Time { return now }
	reader, agent := p.token("grafana", puskaradio.Reader), p.token("crm", puskaradio.Agent)
	maija := p.join("Maija", puskaradio.Owner)
	from := func(ip, header string) func(r *http.Request) {
		return func(r *http.Request) {
			r.RemoteAddr = ip + ":99"
			if header != "" {
				r.Header.Set("Authorization", header)
			}
		}
	}
	for pattern, e := range p.server.endpoints() {
		method, path, _ := strings.Cut(pattern, " ")
		path = apiRoot + strings.NewReplacer("{id}", "x", "{brand}", "acme", "{date}", "2026-11-20").Replace(path)
		if method != "GET" && e.need == puskaradio.Reader {
			t.Errorf("%s: a reader may change something", pattern)
		}
		for i, c := range []struct {
			change func(r *http.Request)
			want   int
		}{
			{from("192.0.2.1", ""), 401},
			{func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "puskaradio", Value: maija.cookie}) }, 401},
			{func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "puskaradio", Value: agent}) }, 401},
			{func(r *http.Request) { r.URL.RawQuery = "access_token=" + agent + "&token=" + agent }, 401},
		} {
			w := p.askWith(method, path, "{}", c.change)
			if w.Code != c.want || w.Header().Get("WWW-Authenticate") == "" || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%s, %d: %d %v", pattern, i, w.Code, w.Header())
			}
		}
		for secret, role := range map[string]puskaradio.Role{reader: puskaradio.Reader, agent: puskaradio.Agent} {
			if w := p.ask(secret, method, path, "{}"); role.May(e.need) == (w.Code == 403) || w.Code == 401 {
				t.Errorf("%s as %s: %d", pattern, role, w.Code)
			}
		}
	}
	if w := p.do("GET", "/inbox", nil, from("192.0.2.7", "Bearer "+agent)); w.Code != 401 {
		t.Errorf("a token opens a page: %d", w.Code)
	}
	// A page of another site cannot ask even with a token.
	if w := p.askWith("POST", apiRoot+"cases/"+string(id)+"/move", `{"to":"done","was":"new"}`, func(r *http.Request) {
		r.Header.Set("Authorization", "Bearer "+agent)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
	}); w.Code != 403 || w.Header().Get("Content-Type") != "application/problem+json" || w.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("from another site: %d %v", w.Code, w.Header())
	}
	p.unchanged(id)

	used := func() time.Time {
		all, err := p.store.Tokens(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return all[0].Used // crm
	}
	if !used().Equal(testNow) {
		t.Errorf("used %v", used())
	}
	now = now.Add(59 * time.Second)
	p.ask(agent, "GET", apiRoot+"brands", "")
	if !used().Equal(testNow) {
		t.Errorf("noted again within a minute: %v", used())
	}
	now = now.Add(time.Second)
	p.ask(agent, "GET", apiRoot+"brands", "")
	if !used().Equal(now) {
		t.Errorf("used %v, want %v", used(), now)
	}

	// Who guesses waits, and so does who signs in from there.
	for i, header := range []string{"Bearer pr_x", "Bearer " + agent + "x", "Bearer " + strings.ToLower(agent), "Basic " + agent, "Bearer"} {
		if w := p.askWith("GET", apiRoot+"brands", "", from("192.0.2.9", header)); w.Code != 401 {
			t.Errorf("%d: %q: %d", i, header, w.Code)
		}
	}
	if w := p.askWith("GET", apiRoot+"brands", "", from("192.0.2.9", "Bearer "+agent)); w.Code != 429 || w.Header().Get("Retry-After") == "" {
		t.Errorf("after five wrong ones: %d", w.Code)
	}
	if w := p.do("POST", "/in", url.Values{"who": {"Maija"}, "password": {goodPassword}}, from("192.0.2.9", "")); w.Code != 429 {
		t.Errorf("a password after five wrong tokens: %d", w.Code)
	}
	if w := p.askWith("GET", apiRoot+"brands", "", from("192.0.2.8", "bearer "+agent)); w.Code != 200 {
		t.Errorf("from elsewhere: %d", w.Code)
	}

	// What has ended and what was taken away lets nobody in.
	secret, hash := NewToken()
	if err := p.store.SetToken(t.Context(), puskaradio.Token{Name: "old", Role: puskaradio.Agent, Hash: hash, Expires: now.Add(time.Second)}); err != nil {
		t.Fatal(err)
	}
	if w := p.ask(secret, "GET", apiRoot+"brands", ""); w.Code != 200 {
		t.Errorf("before its end: %d", w.Code)
	}
	now = now.Add(time.Second)
	if w := p.ask(secret, "GET", apiRoot+"brands", ""); w.Code != 401 {
		t.Errorf("after its end: %d", w.Code)
	}
	if err := p.store.SetToken(t.Context(), puskaradio.Token{Name: "crm"}); err != nil {
		t.Fatal(err)
	}
	if w := p.ask(agent, "GET", apiRoot+"brands", ""); w.Code != 401 {
		t.Errorf("taken away: %d", w.Code)
	}
}

// TestBrandsOfTokens: a token that is held to a brand learns nothing of others.
func TestBrandsOfTokens(t *testing.T) {
	p, mine := rich(t)
	other := sample()
	other.Brand, other.Text, other.Ref = "bolt", "the secret of Bolt", "r2"
	theirs := string(p.add(other)[0])
	if _, err := p.store.AddAlert(t.Context(), puskaradio.Alert{ID: "BOLT", Brand: "bolt", Name: "Bolt", Rule: puskaradio.RuleSpike, State: "open", Decided: testNow}); err != nil {
		t.Fatal(err)
	}
	one, both, gone := p.token("one", puskaradio.Agent, "acme"), p.token("both", puskaradio.Agent, "acme", "bolt"), p.token("gone", puskaradio.Agent, "nosuch")
	for _, path := range []string{"brands", "mentions", "mentions?q=secret", "cases", "alerts", "series", "reputation"} {
		for _, secret := range []string{one, gone} {
			w := p.ask(secret, "GET", apiRoot+path, "")
			if body := w.Body.String(); strings.Contains(body, "secret of Bolt") || strings.Contains(body, "BOLT") || strings.Contains(body, `"Bolt"`) {
				t.Errorf("GET %s: %s", path, body)
			}
			if secret == one && w.Code != 200 {
				t.Errorf("GET %s: %d", path, w.Code)
			}
		}
	}
	if w := p.ask(gone, "GET", apiRoot+"mentions", ""); w.Code != 400 {
		t.Errorf("who sees no brand: %d %s", w.Code, w.Body)
	}
	if w := p.ask(both, "GET", apiRoot+"mentions", ""); w.Code != 400 {
		t.Errorf("of two brands one must be said: %d", w.Code)
	}
	if w := p.ask(both, "GET", apiRoot+"mentions?brand=bolt", ""); !strings.Contains(w.Body.String(), "the secret of Bolt") {
		t.Errorf("of its own brand: %s", w.Body)
	}
	a, b := p.ask(one, "GET", apiRoot+"mentions?brand=bolt", ""), p.ask(one, "GET", apiRoot+"mentions?brand=nosuch", "")
	if a.Code != 400 || a.Body.String() != b.Body.String() {
		t.Errorf("another brand: %d %s, none: %s", a.Code, a.Body, b.Body)
	}
	until := `{"until":"2026-11-23T10:00:00Z"}`
	for path, body := range map[string]string{
		"mentions/" + theirs: "", "alerts/BOLT": "", "digests/bolt/2026-11-20": "",
		"cases/" + theirs + "/move": `{"to":"claimed","was":"new"}`, "mentions/" + theirs + "/correct": `{"label":"positive"}`,
		"alerts/BOLT/claim": "{}", "alerts/BOLT/calm": "{}", "alerts/BOLT/snooze": until,
	} {
		method := map[bool]string{true: "GET", false: "POST"}[body == ""]
		if w := p.ask(one, method, apiRoot+path, body); w.Code != 404 {
			t.Errorf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
	}
	if len(p.done) > 0 {
		t.Errorf("did %v", p.done)
	}
	if w := p.ask(one, "GET", apiRoot+"mentions/"+string(mine), ""); w.Code != 200 {
		t.Errorf("its own: %d", w.Code)
	}
}
