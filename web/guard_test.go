package web

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// TestHeaders looks at every route, and at answers that are errors.
func TestHeaders(t *testing.T) {
	p := newPlace(t)
	id := string(p.add(sample())[0])
	maija := p.enter("Maija")
	asset, err := assetPath("style.css")
	if err != nil {
		t.Fatal(err)
	}
	do := map[string]func(method, path string, form url.Values, change func(*http.Request)) *httptest.ResponseRecorder{"stranger": p.do, "Maija": maija.do}
	for who, do := range do {
		for _, path := range []string{
			"/", "/digest", "/digest/2026-11-20", "/digest/x", "/inbox", "/mentions", "/m/" + id, "/m/x", "/a/x", "/s/" + id, "/rehearse", "/trends", "/sources",
			"/in", "/in?ticket=x", "/api/health", "/api/openapi.json", "/api/v1/brands", "/api/v1/nosuch", "POST /api/v1/cases/x/move", asset, "/assets/x", "/nowhere", "//twice",
			"POST /in", "POST /out", "POST /m/" + id + "/move", "POST /m/" + id + "/correct", "POST /a/x/do", "POST /nowhere", "PUT /inbox", "DELETE /m/" + id,
		} {
			method := "GET"
			if m, rest, ok := strings.Cut(path, " "); ok {
				method, path = m, rest
			}
			h := do(method, path, url.Values{}, nil).Header()
			for name, want := range map[string]string{
				"Content-Security-Policy":      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
				"X-Content-Type-Options":       "nosniff",
				"Cross-Origin-Opener-Policy":   "same-origin",
				"Cross-Origin-Resource-Policy": "same-origin",
				"Referrer-Policy":              "same-origin",
			} {
				if got := h.Get(name); got != want {
					t.Errorf("%s: %s %s: %s is %q, want %q", who, method, path, name, got, want)
				}
			}
			if got := h.Get("Cache-Control"); got != "no-store" && path != asset {
				t.Errorf("%s: %s %s: may be kept: %q", who, method, path, got)
			}
			if h.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s: %s %s is shared with other origins", who, method, path)
			}
		}
	}
}

func TestStrangersSeeNothing(t *testing.T) {
	p := newPlace(t)
	id := string(p.add(sample())[0])
	for _, path := range []string{"/", "/digest", "/digest/2026-11-20", "/inbox", "/mentions", "/m/" + id, "/a/x", "/s/" + id, "/rehearse", "/trends", "/sources", "/nowhere", "/assets", "/api/none"} {
		for _, cookie := range []string{"", "x", strings.Repeat("A", 52)} {
			w := p.do("GET", path, nil, func(r *http.Request) {
				if cookie != "" {
					r.AddCookie(&http.Cookie{Name: "puskaradio", Value: cookie})
				}
			})
			page := w.Body.String()
			if w.Code != http.StatusUnauthorized || !strings.Contains(page, "puskaradio link") {
				t.Errorf("GET %s: %d, want the sign-in page", path, w.Code)
			}
			for _, secret := range []string{"Acme", "Never again", "shop", "Last fetched"} {
				if strings.Contains(page, secret) {
					t.Errorf("GET %s tells a stranger %q", path, secret)
				}
			}
		}
	}
	for _, path := range []string{"/m/" + id + "/move", "/m/" + id + "/correct", "/a/x/do", "/out"} {
		if w := p.do("POST", path, url.Values{"was": {"new"}, "to": {"done"}, "label": {"positive"}}, nil); w.Code != http.StatusUnauthorized {
			t.Errorf("POST %s: %d", path, w.Code)
		}
	}
	p.unchanged(puskaradio.ID(id))
}

// unchanged looks whether a case is as it was found.
func (p *place) unchanged(id puskaradio.ID) {
	p.t.Helper()
	c, err := p.store.Case(p.t.Context(), "", id)
	if err != nil {
		p.t.Fatal(err)
	}
	if c.Status != puskaradio.New || c.Mention.Corrected != nil || len(c.Changes) != 0 {
		p.t.Errorf("the case has changed: %+v", c)
	}
}

func TestCrossSite(t *testing.T) {
	p := newPlace(t)
	id := p.add(sample())[0]
	maija := p.enter("Maija")
	for _, tt := range []struct {
		name   string
		change func(r *http.Request)
		code   int
	}{
		{"another site", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403},
		{"a sibling", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") }, 403},
		{"an old browser", func(r *http.Request) {
			r.Header.Del("Sec-Fetch-Site")
			r.Header.Set("Origin", "https://evil.example")
		}, 403},
		{"no origin", func(r *http.Request) { r.Header.Del("Sec-Fetch-Site"); r.Header.Set("Origin", "null") }, 403},
		{"another port", func(r *http.Request) {
			r.Header.Del("Sec-Fetch-Site")
			r.Header.Set("Origin", "http://127.0.0.1:9999")
		}, 403},
		{"ours", func(r *http.Request) {
			r.Header.Del("Sec-Fetch-Site")
			r.Header.Set("Origin", "http://127.0.0.1:8080")
		}, 303},
	} {
		for _, path := range []string{"/out", "/in", "/m/" + string(id) + "/correct", "/m/" + string(id) + "/move"} {
			if tt.code != 403 && !strings.HasSuffix(path, "/move") {
				continue
			}
			w := maija.do("POST", path, url.Values{"was": {"new"}, "to": {"done"}, "label": {"positive"}}, tt.change)
			if w.Code != tt.code {
				t.Errorf("%s: POST %s: %d, want %d", tt.name, path, w.Code, tt.code)
			}
		}
		if tt.code == 403 {
			p.unchanged(id)
		}
	}
	// What only asks changes nothing.
	for _, path := range []string{"/m/" + string(id) + "/move?was=done&to=new", "/out"} {
		if w := maija.do("GET", path, nil, nil); w.Code == http.StatusSeeOther {
			t.Errorf("GET %s: %d", path, w.Code)
		}
	}
	if w := maija.do("GET", "/inbox", nil, nil); w.Code != 200 {
		t.Errorf("signed out: %d", w.Code)
	}
}

func TestHost(t *testing.T) {
	p := newPlace(t)
	maija := p.enter("Maija")
	for host, code := range map[string]int{
		"127.0.0.1:8080": 200, "localhost:8080": 200, "[::1]:8080": 200, "127.0.0.1": 200, "localhost": 200,
		"evil.example": 421, "evil.example:8080": 421, "127.0.0.1.evil.example": 421, "localhost.evil.example": 421, "192.168.1.7:8080": 421, "0.0.0.0:8080": 421, "": 421,
		"rep.example.fi": 401, "REP.example.fi": 401, "rep.example.fi:8080": 421, // the cookie over HTTPS has another name
	} {
		w := maija.do("GET", "/inbox", nil, func(r *http.Request) { r.Host = host })
		if w.Code != code {
			t.Errorf("host %q: %d, want %d", host, w.Code, code)
		}
	}
	p.plan.Link = ""
	if w := maija.do("GET", "/inbox", nil, func(r *http.Request) { r.Host = "" }); w.Code != 421 {
		t.Errorf("no host and no link: %d", w.Code)
	}
}

func TestTicket(t *testing.T) {
	p := newPlace(t)
	now := testNow
	var mu sync.Mutex
	p.server.now = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	pass := func(d time.Duration) { mu.Lock(); defer mu.Unlock(); now = now.Add(d) }
	code := func(ticket string) int {
		return p.do("POST", "/in", url.Values{"ticket": {ticket}, "who": {"Maija"}}, nil).Code
	}
	ticket := p.server.Ticket()
	for range 3 { // to look does not use it up
		if w := p.do("GET", "/in?ticket="+ticket, nil, nil); w.Code != 200 || !strings.Contains(w.Body.String(), ticket) {
			t.Fatalf("the door: %d", w.Code)
		}
	}
	for _, wrong := range []string{"", "x", ticket[1:], ticket + "A", strings.ToLower(ticket)} {
		if got := code(wrong); got != 401 {
			t.Errorf("ticket %q: %d", wrong, got)
		}
	}
	var wg sync.WaitGroup
	codes := make([]int, 20)
	for i := range codes {
		wg.Go(func() { codes[i] = code(ticket) })
	}
	wg.Wait()
	in := 0
	for _, c := range codes {
		if c == 303 {
			in++
		}
	}
	if in != 1 {
		t.Errorf("one ticket let %d in", in)
	}
	old := p.server.Ticket()
	pass(31 * time.Minute)
	if got := code(old); got != 401 {
		t.Errorf("an old ticket: %d", got)
	}
}

func TestSession(t *testing.T) {
	p := newPlace(t)
	now := testNow
	p.server.now = func() time.Time { return now }
	maija := p.enter("Maija")
	code := func() int { return maija.do("GET", "/inbox", nil, nil).Code }
	for range 13 { // in use
		now = now.Add(11 * time.Hour)
		if got := code(); got != 200 {
			t.Fatalf("after %v: %d", now.Sub(testNow), got)
		}
	}
	now = now.Add(13 * time.Hour)
	if got := code(); got != 401 {
		t.Errorf("after 13 hours without use: %d", got)
	}
	maija = p.enter("Maija")
	began := now
	for now.Sub(began) < 7*24*time.Hour {
		if got := code(); got != 200 {
			t.Fatalf("after %v: %d", now.Sub(began), got)
		}
		now = now.Add(11 * time.Hour)
	}
	if got := code(); got != 401 {
		t.Errorf("after a week: %d", got)
	}
	maija = p.enter("Maija")
	if w := maija.do("POST", "/out", url.Values{}, nil); w.Code != 303 {
		t.Errorf("sign out: %d", w.Code)
	}
	if got := code(); got != 401 {
		t.Errorf("after signing out: %d", got)
	}
}

func TestCookie(t *testing.T) {
	p := newPlace(t)
	for host, want := range map[string]http.Cookie{
		"127.0.0.1:8080": {Name: "puskaradio"},
		"rep.example.fi": {Name: "__Host-puskaradio", Secure: true},
	} {
		w := p.do("POST", "/in", url.Values{"ticket": {p.server.Ticket()}}, func(r *http.Request) { r.Host = host })
		c := w.Result().Cookies()[0]
		if c.Name != want.Name || c.Secure != want.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || len(c.Value) < 50 {
			t.Errorf("%s: %+v", host, c)
		}
		if got := w.Header().Get("Strict-Transport-Security") != ""; got != want.Secure {
			t.Errorf("%s: strict transport %v", host, got)
		}
	}
}

func TestLargeForm(t *testing.T) {
	p := newPlace(t)
	id := p.add(sample())[0]
	w := p.enter("Maija").do("POST", "/m/"+string(id)+"/move", url.Values{"was": {"new"}, "to": {"done"}, "note": {strings.Repeat("x", maxBody)}}, nil)
	if w.Code != http.StatusBadRequest {
		t.Errorf("a form of more than %d bytes: %d", maxBody, w.Code)
	}
	p.unchanged(id)
}

func TestPanicIsAPage(t *testing.T) {
	p := newPlace(t)
	maija := p.enter("Maija")
	p.server.o.Digest = nil
	if w := maija.do("GET", "/digest", nil, nil); w.Code != 500 || !strings.Contains(w.Body.String(), "Something went wrong here.") || strings.Contains(w.Body.String(), "nil pointer") {
		t.Errorf("a panic: %d %s", w.Code, w.Body)
	}
}

// TestAssets: nothing that a page loads is of another host, and pages are small.
func TestAssets(t *testing.T) {
	p := newPlace(t)
	for name, a := range allAssets() {
		w := p.do("GET", "/assets/"+a.name, nil, nil)
		if w.Code != 200 || w.Header().Get("Content-Type") == "" || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
		if bytes.Contains(a.body, []byte("url(")) || bytes.Contains(a.body, []byte("@import")) {
			t.Errorf("%s loads something", name)
		}
		if len(a.body) > 20<<10 {
			t.Errorf("%s has %d bytes", name, len(a.body))
		}
	}
}
