package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// A said is what a program has written so far.
type said struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// linkIn waits for a link into the dashboard.
func linkIn(t *testing.T, s *said) string {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if _, rest, ok := strings.Cut(s.String(), "within half an hour: "); ok {
			if link, _, ok := strings.Cut(rest, "\n"); ok {
				return link
			}
		}
	}
	t.Fatalf("no link was printed:\n%s", s)
	return ""
}

// TestRunServesTheDashboard: run prints a link that lets one person in; the
// command link prints another; both end with the program.
func TestRunServesTheDashboard(t *testing.T) {
	feed := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/feed.xml" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, `<rss version="2.0"><channel><title>x</title></channel></rss>`)
	}))
	defer feed.Close()
	_, port, err := net.SplitHostPort(feed.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "puskaradio.yaml")
	config := fmt.Sprintf(`contact: it@acme.example
data: d
language: en
brands: [{id: acme, name: Acme}]
sources: [{id: blog, kind: feed, options: {url: "%s/feed.xml"}}]
fetch: {delay: 1ms, private: [127.0.0.0/8], ports: [%s]}
link: http://localhost:1
web: {listen: "127.0.0.1:0", target: 10m, metrics: "127.0.0.1:0", oidc: {name: Acme ID, issuer: "http://127.0.0.1:1", client: puskaradio}}
`, feed.URL, port)
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var errs said
	a := &app{in: strings.NewReader(""), out: io.Discard, err: &errs}
	ended := make(chan int)
	go func() { ended <- a.run(ctx, []string{"run", "-c", file}) }()
	link := linkIn(t, &errs)

	second := askRunning(t, filepath.Join(dir, "d"), "link", "-c", file)
	for _, link := range []string{link, strings.TrimSpace(second)} {
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		browser := &http.Client{Jar: jar}
		u, err := url.Parse(link)
		if err != nil {
			t.Fatal(err)
		}
		base := "http://" + u.Host
		if code, body := ask(t, browser, base+"/sources"); code != http.StatusUnauthorized || !strings.Contains(body, "Sign in with Acme ID") { // which is away
			t.Errorf("without a session: %d %s", code, body)
		}
		resp, err := browser.PostForm(base+"/in", url.Values{"ticket": {u.Query().Get("ticket")}, "who": {"Maija"}})
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		for path, want := range map[string]string{"/sources": "blog", "/digest": "Digest · Acme", "/inbox": "Nothing here.", "/trends": "No mentions in this period.", "/api/health": `"ok"`} {
			if code, body := ask(t, browser, base+path); code != http.StatusOK || !strings.Contains(body, want) {
				t.Errorf("%s: %d without %q", path, code, want)
			}
		}
	}
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	token := strings.TrimSpace(askRunning(t, filepath.Join(dir, "d"), "token", "add", "crm", "-c", file))
	for name, want := range map[string]int{token: http.StatusOK, token + "x": http.StatusUnauthorized} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+u.Host+"/api/v1/sources", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+name)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("GET /api/v1/sources: %d, want %d", resp.StatusCode, want)
		}
	}
	testMetrics(t, &errs)
	cancel()
	select {
	case code := <-ended:
		if code != exitDone {
			t.Errorf("run ends with %d:\n%s", code, &errs)
		}
	case <-time.After(time.Minute):
		t.Fatal("run does not end")
	}
}

var metricsAt = regexp.MustCompile(`http://[^ "]+/metrics`)

// testMetrics reads metrics until they tell of a fetch.
func testMetrics(t *testing.T, log *said) {
	t.Helper()
	var body string
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		at := metricsAt.FindString(log.String())
		if at == "" {
			continue
		}
		_, body = ask(t, http.DefaultClient, at)
		if strings.Contains(body, "\npuskaradio_fetches_total{source=\"blog\"} 1\n") && strings.Contains(body, `puskaradio_source_state{source="blog",state="ok"} 1`) {
			return
		}
	}
	t.Errorf("metrics tell of no fetch:\n%s", body)
}

func ask(t *testing.T, c *http.Client, link string) (int, string) {
	t.Helper()
	resp, err := c.Get(link)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// askRunning has a command done by the process that has a data directory, and
// gives what it prints.
func askRunning(t *testing.T, data string, args ...string) string {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "unix", controlPath(data))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := json.NewEncoder(conn).Encode(call{Args: args}); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for d := json.NewDecoder(conn); ; {
		var f frame
		if err := d.Decode(&f); err != nil {
			t.Fatal(err)
		}
		out.Write(f.Out)
		if f.Code != nil {
			if *f.Code != exitDone {
				t.Errorf("%v ends with %d", args, *f.Code)
			}
			return out.String()
		}
	}
}
