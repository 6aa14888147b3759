package crawler

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/temoto/robotstxt"

	"github.com/puskaradio/puskaradio"
)

func TestRules(t *testing.T) {
	tests := []struct {
		name, text, path string
		want             bool
		line             string
	}{
		{"empty", "", "/a", true, ""},
		{"all", "User-agent: *\nDisallow: /", "/a", false, "Disallow: /"},
		{"robots.txt itself", "User-agent: *\nDisallow: /", "/robots.txt", true, ""},
		{"disallow nothing", "User-agent: *\nDisallow:", "/a", true, ""},
		{"ours beats all", "User-agent: *\nDisallow: /\nUser-agent: PuskaRadio\nAllow: /", "/a", true, "Allow: /"},
		{"ours, empty, beats all", "User-agent: *\nDisallow: /\nUser-agent: puskaradio\nDisallow:", "/a", true, ""},
		{"ours comes first", "User-agent: puskaradio\nDisallow: /a\n\nUser-agent: *\nDisallow: /b", "/b", true, ""},
		{"with a version", "User-agent: puskaradio/2.0\nDisallow: /", "/a", false, "Disallow: /"},
		{"only a prefix of our name", "User-agent: puska\nDisallow: /", "/a", true, ""},
		{"longer than our name", "User-agent: puskaradiobot\nDisallow: /", "/a", true, ""},
		{"two agents, one group", "User-agent: other\nUser-agent: puskaradio\nDisallow: /a", "/a", false, "Disallow: /a"},
		{"blank lines do not end a group", "User-agent: puskaradio\n\n\nDisallow: /a", "/a", false, "Disallow: /a"},
		{"two groups are one", "User-agent: puskaradio\nDisallow: /a\nUser-agent: x\nDisallow: /\nUser-agent: puskaradio\nDisallow: /b", "/b", false, "Disallow: /b"},
		{"longest wins", "User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", true, "Allow: /a/b"},
		{"allow wins a tie", "User-agent: *\nDisallow: /a\nAllow: /a", "/a", true, "Allow: /a"},
		{"star", "User-agent: *\nDisallow: *", "/a", false, "Disallow: *"},
		{"wildcard", "User-agent: *\nDisallow: /*.pdf", "/a/b.pdf?x", false, "Disallow: /*.pdf"},
		{"wildcard is anchored", "User-agent: *\nDisallow: /a*b", "/x/a-b", true, ""},
		{"end", "User-agent: *\nDisallow: /*.pdf$", "/b.pdf?x", true, ""},
		{"end fits", "User-agent: *\nDisallow: /*.pdf$", "/b.pdf.pdf", false, "Disallow: /*.pdf$"},
		{"overlap", "User-agent: *\nDisallow: /ab*ba$", "/aba", true, ""},
		{"only the root", "User-agent: *\nDisallow: /\nAllow: /$", "/", true, "Allow: /$"},
		{"query", "User-agent: *\nDisallow: /*?sort=", "/list?sort=new", false, "Disallow: /*?sort="},
		{"case of paths", "User-agent: *\nDisallow: /A", "/a", true, ""},
		{"case of keys", "USER-AGENT: *\ndisAllow: /a", "/a", false, "Disallow: /a"},
		{"escapes", "User-agent: *\nDisallow: /%7Eme/%c3%a4", "/~me/ä", false, "Disallow: /~me/%C3%A4"},
		{"an escaped slash is none", "User-agent: *\nDisallow: /a%2Fb", "/a/b", true, ""},
		{"no slash", "User-agent: *\nDisallow: a", "/a", false, "Disallow: /a"},
		{"comment", "User-agent: * # all\nDisallow: /a # no", "/a", false, "Disallow: /a"},
		{"byte order mark", "\ufeffUser-agent: *\nDisallow: /a", "/a", false, "Disallow: /a"},
		{"old line ends", "User-agent: *\rDisallow: /a\r", "/a", false, "Disallow: /a"},
		{"rules before agents", "Disallow: /\nUser-agent: *\nDisallow: /b", "/a", true, ""},
		{"a bad line spoils nothing", "Crawl-delay: x\nfoo\n: :\nUser-agent: *\nCrawl-delay: soon\nDisallow: /a", "/a", false, "Disallow: /a"},
		{"a page instead", "<!doctype html><p>Not found: Disallow: /", "/a", true, ""},
	}
	for _, tt := range tests {
		u, err := url.Parse("https://a.example" + tt.path)
		if err != nil {
			t.Fatal(err)
		}
		r := rulesFor([]byte(tt.text), "puskaradio")
		if got, line := r.allow(u); got != tt.want || line != tt.line {
			t.Errorf("%s: %s = %v by %q, want %v by %q", tt.name, tt.path, got, line, tt.want, tt.line)
		}
	}
	for text, want := range map[string]time.Duration{
		"User-agent: *\nCrawl-delay: 2.5":                                   2500 * time.Millisecond,
		"User-agent: *\nCrawl-delay: 1\nUser-agent: puskaradio\nAllow: /":   0,
		"User-agent: puskaradio\nCrawl-delay: 7":                            7 * time.Second,
		"User-agent: *\nCrawl-delay: -1":                                    0,
		"User-agent: *\nCrawl-delay: NaN":                                   0,
		"User-agent: *\nCrawl-delay: 1e300":                                 maxHold,
		"User-agent: *\nCrawl-delay: 3\nUser-agent: other\nCrawl-delay: 30": 3 * time.Second,
	} {
		if got := rulesFor([]byte(text), "puskaradio").delay; got != want {
			t.Errorf("delay of %q = %v, want %v", text, got, want)
		}
	}
}

// Where a robots.txt is plain, the widely used package must read it as we do.
func TestRulesAgree(t *testing.T) {
	texts := []string{
		"User-agent: *\nDisallow: /a\nAllow: /a/b\nDisallow: /a/b/c",
		"User-agent: puskaradio\nDisallow: /a/\nCrawl-delay: 4\n\nUser-agent: *\nDisallow: /",
		"User-agent: *\nAllow: /\nDisallow: /c",
		"User-agent: x\nDisallow: /",
		"User-agent: *\nDisallow: /*/c\nDisallow: /d$",
	}
	for _, text := range texts {
		theirs, err := robotstxt.FromString(text)
		if err != nil {
			t.Fatal(err)
		}
		ours := rulesFor([]byte(text), "puskaradio")
		for _, path := range []string{"/", "/a", "/a/", "/a/b", "/a/b/c", "/c", "/d", "/d/e", "/x?y"} {
			got, _ := ours.allow(&url.URL{Path: path})
			if want := theirs.TestAgent(path, "puskaradio"); got != want {
				t.Errorf("%q: %s = %v, robotstxt says %v", text, path, got, want)
			}
		}
		if want := theirs.FindGroup("puskaradio").CrawlDelay; ours.delay != want {
			t.Errorf("%q: delay = %v, robotstxt says %v", text, ours.delay, want)
		}
	}
}

// robotsCases is what becomes of a fetch for every answer to robots.txt.
var robotsCases = []struct {
	name   string
	answer http.HandlerFunc
	ok     bool
	state  string
	retry  bool
}{
	{"200 allows", say(200, "User-agent: *\nDisallow: /no"), true, StateOK, false},
	{"200 forbids", say(200, "User-agent: *\nDisallow: /doc"), false, StateBlocked, false},
	{"204", say(204, ""), true, StateOK, false},
	{"404", say(404, "User-agent: *\nDisallow: /"), true, StateOK, false},
	{"410", say(410, ""), true, StateOK, false},
	{"400", say(400, ""), true, StateOK, false},
	{"451", say(451, ""), true, StateOK, false},
	{"401", say(401, ""), false, StateBlocked, false},
	{"403", say(403, ""), false, StateBlocked, false},
	{"429", say(429, ""), false, StateBlocked, true},
	{"500", say(500, ""), false, StateBlocked, true},
	{"503", say(503, "User-agent: *\nAllow: /"), false, StateBlocked, true},
	{"999", say(999, ""), false, StateBlocked, true},
	{"a test for browsers", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cf-Mitigated", "challenge")
		w.WriteHeader(403)
	}, false, StateBlocked, false},
	{"circle", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/robots.txt", http.StatusFound) }, false, StateBlocked, true},
	{"redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/real-robots", http.StatusFound) }, false, StateBlocked, false},
	{"never", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, false, StateUnreachable, false},
	{"cut short", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.Write([]byte("User-agent: *"))
	}, false, StateBlocked, true},
	{"600 KiB", say(200, "User-agent: *\nDisallow: /doc\n"+strings.Repeat("Disallow: /x\n", 50000)), false, StateBlocked, false},
	{"cut inside a permission", say(200, cutRules), false, StateBlocked, false},
	{"600 KiB, rule after 500", say(200, "User-agent: *\n"+strings.Repeat("Disallow: /x\n", 50000)+"Disallow: /doc\n"), true, StateOK, false},
}

// cutRules allow /document, but what is read of them ends after "/doc".
var cutRules = func() string {
	head, tail := "User-agent: *\nDisallow: /d\n#", "\nAllow: /doc"
	return head + strings.Repeat("x", maxRobots-len(head)-len(tail)) + tail + "ument\n"
}()

func say(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		w.Write([]byte(body))
	}
}

func TestRobotsAnswers(t *testing.T) {
	for _, tt := range robotsCases {
		t.Run(tt.name, func(t *testing.T) {
			var docs, asked atomic.Int64
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case "/robots.txt":
					asked.Add(1)
					tt.answer(w, r)
				case "/real-robots":
					w.Write([]byte("User-agent: *\nDisallow: /doc"))
				default:
					docs.Add(1)
				}
			}))
			defer srv.Close()
			c := local(t, srv.URL)
			if tt.state == StateUnreachable {
				c.Timeout = time.Second
			}
			for range 2 {
				_, err := c.Fetch(t.Context(), Request{URL: srv.URL + "/doc"})
				if (err == nil) != tt.ok || StateOf(err) != tt.state {
					t.Errorf("Fetch = %v (%s), want %s", err, StateOf(err), tt.state)
				}
				if re, ok := errors.AsType[*puskaradio.RetryError](err); ok != tt.retry || ok && re.After < time.Minute {
					t.Errorf("Fetch = %#v, want retry %v", err, tt.retry)
				}
			}
			if (docs.Load() > 0) != tt.ok {
				t.Errorf("%d documents were asked for", docs.Load())
			}
			if asked.Load() != 1 && tt.state != StateUnreachable {
				t.Errorf("robots.txt was asked for %d times, want once", asked.Load())
			}
			if _, err := c.Fetch(t.Context(), Request{URL: srv.URL + "/doc", API: true}); err != nil {
				t.Errorf("Fetch of an interface = %v", err)
			}
			if tt.state == StateUnreachable {
				return
			}
			v, err := c.Robots(t.Context(), srv.URL+"/doc")
			if err != nil || v.Allowed != tt.ok || v.Reason == "" {
				t.Errorf("Robots = %+v, %v", v, err)
			}
		})
	}
}

func TestRobotsIsAskedOnce(t *testing.T) {
	var asked atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			asked.Add(1)
			time.Sleep(20 * time.Millisecond)
		}
	}))
	defer srv.Close()
	c := local(t, srv.URL)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if _, err := c.Fetch(t.Context(), Request{URL: fmt.Sprint(srv.URL, "/", i)}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if asked.Load() != 1 {
		t.Errorf("robots.txt was asked for %d times, want once", asked.Load())
	}
	c.robots.m[srv.URL].until = time.Now() // a day later
	if _, err := c.Fetch(t.Context(), Request{URL: srv.URL}); err != nil || asked.Load() != 2 {
		t.Errorf("a day later: %v, asked for %d times, want twice", err, asked.Load())
	}
}

func TestRobotsCancelled(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" && r.Header.Get("X") == "" {
			time.Sleep(50 * time.Millisecond)
		}
	}))
	defer srv.Close()
	c := local(t, srv.URL)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := c.Fetch(ctx, Request{URL: srv.URL}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Fetch = %v, want the deadline", err)
	}
	if _, err := c.Fetch(t.Context(), Request{URL: srv.URL}); err != nil {
		t.Errorf("Fetch after somebody gave up = %v", err)
	}
}

// A robots.txt that was made to be slow is not.
func TestHostileRules(t *testing.T) {
	path := &url.URL{Path: "/" + strings.Repeat("a", 8000)}
	for _, line := range []string{
		"Disallow: " + strings.Repeat("*a", 4000) + "b$\n",
		"Disallow: /*b\n", "Disallow: *" + strings.Repeat("a", 7000) + "b\n", "User-agent: *\n", "Crawl-delay: 1\n",
	} {
		text := "User-agent: *\n" + strings.Repeat(line, maxRobots/len(line))
		start := time.Now()
		rulesFor([]byte(text), "puskaradio").allow(path)
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("%.30q took %v", line, took)
		} else {
			t.Logf("%.30q took %v", line, took)
		}
	}
}

func FuzzRules(f *testing.F) {
	for _, tt := range robotsCases[:1] {
		f.Add([]byte("User-agent: *\nDisallow: /a*b$\nAllow: /%c3%a4\nCrawl-delay: 3"), "/a/b?c", tt.name)
	}
	f.Add([]byte("\ufeffuser-agent:puskaradio/1\rdisallow:*\r\n\r\n"), "/%", "puskaradio")
	f.Add([]byte("User-agent: *\nDisallow: "+strings.Repeat("*a", 3000)), "/"+strings.Repeat("a", 3000), "x")
	f.Fuzz(func(t *testing.T, text []byte, path, token string) {
		r := rulesFor(text, strings.ToLower(token))
		if r.delay < 0 || r.delay > maxHold {
			t.Errorf("delay = %v", r.delay)
		}
		u := &url.URL{Path: path}
		ok, line := r.allow(u)
		if line == "" && !ok {
			t.Error("refused by no rule")
		}
		if again := plainPath(target(u)); again != target(u) {
			t.Errorf("plainPath twice = %q, once %q", again, target(u))
		}
		if !rulesFor([]byte("User-agent: "+token+"\nAllow: /x"), token).sound() {
			t.Error("unsound rules")
		}
	})
}

// sound reports whether every rule fits itself when it has no wildcards.
func (r rules) sound() bool {
	for _, r := range r.list {
		if !strings.ContainsAny(r.path, "*$") && !fits(r.path, r.path) {
			return false
		}
	}
	return true
}
