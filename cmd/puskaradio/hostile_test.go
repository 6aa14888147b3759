package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio/monitor"
)

const goodReview = `<script type="application/ld+json">{"@context":"https://schema.org","@type":"Product","name":"X","review":[{"@type":"Review","author":"Maija %s","datePublished":"2026-11-01","reviewBody":"Surkea palvelu, pettymys. Tämä on %s ä ö <!channel>","reviewRating":{"ratingValue":1,"bestRating":5}}]}</script>`

// hostilePages are what a site may do to us, by path. want is the state that
// the ledger must have, or the text that must be found.
var hostilePages = map[string]struct {
	serve http.HandlerFunc
	state string
	found string
}{
	"/good":  {state: "ok", found: "good", serve: func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, goodReview, "good", "good") }},
	"/bomb":  {state: "unreadable", serve: bomb},
	"/loris": {state: "unreachable", serve: loris},
	"/private": {state: "unreachable", serve: func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://10.1.2.3/admin", http.StatusFound)
	}},
	"/meta": {state: "unreachable", serve: func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://169.254.169.254/latest/meta-data/", http.StatusFound)
	}},
	"/file": {state: "refused", serve: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "file:///etc/passwd")
		w.WriteHeader(http.StatusFound)
	}},
	"/loop":    {state: "refused", serve: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) }},
	"/large":   {state: "unreadable", serve: large},
	"/endless": {state: "ok", found: "endless", serve: endless},
	"/charset": {state: "ok", found: "charset", serve: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8") // it is not
		s := fmt.Sprintf(goodReview, "charset", "charset")
		_, _ = io.WriteString(w, strings.NewReplacer("ä", "\xe4", "ö", "\xf6").Replace(s)) // the reader sees
	}},
	"/deep": {state: "ok", serve: func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, strings.Repeat("<div itemscope>", 300_000))
	}},
	"/robots-no": {state: "blocked", serve: func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, goodReview, "no", "no") }},
	"/login":     {state: "login", serve: func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "log in", http.StatusUnauthorized) }},
	"/captcha": {state: "challenge", serve: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cf-Mitigated", "challenge")
		w.WriteHeader(http.StatusForbidden)
	}},
	"/garbage": {state: "ok", serve: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		for i := range 1 << 16 {
			_, _ = w.Write([]byte{byte(i * 7), byte(i >> 3), 0}) // the reader sees
		}
	}},
}

// bomb is 1 GB of zeros in 1 MB.
func bomb(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	zeros := make([]byte, 1<<20)
	for range 1 << 10 {
		if _, err := z.Write(zeros); err != nil {
			return
		}
	}
	_ = z.Close() // the reader has hung up
}

func loris(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	for range 600 {
		if _, err := w.Write([]byte("a")); err != nil {
			return
		}
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func large(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	for range 10 << 10 {
		if _, err := w.Write(bytes.Repeat([]byte("<p>ä</p> "), 103)); err != nil {
			return
		}
	}
}

// endless has always a next page, with one more review on each.
func endless(w http.ResponseWriter, r *http.Request) {
	n, _ := strconv.Atoi(r.FormValue("p")) // none is the first
	fmt.Fprintf(w, `<link rel="next" href="/endless?p=%d">`, n+1)
	fmt.Fprintf(w, goodReview, "endless", fmt.Sprint("endless ", n))
}

// TestHostileSites crawls sites that do their worst, each a source: the good
// one is read, each of the others has its state, nothing takes more than 150 MB
// or goes on for ever.
func TestHostileSites(t *testing.T) {
	bin, err := build()
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/robots.txt", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "User-agent: *\nDisallow: /robots-no\n") })
	for path, p := range hostilePages {
		mux.HandleFunc(path, p.serve)
	}
	srv := httptest.NewServer(mux)
	defer srv.Close()
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var config strings.Builder
	fmt.Fprintf(&config, "contact: test@puskaradio.example\ndata: data\nauthors: name\nbrands: [{id: acme, name: Acme}]\nfetch: {delay: 1ms, timeout: 3s, private: [127.0.0.0/8], ports: [%s]}\nsources:\n", u.Port())
	i := 0
	for path := range hostilePages { // each on a host of its own, so that none waits for another
		i++
		fmt.Fprintf(&config, "  - {id: %q, kind: reviews, about: acme, options: {url: \"http://127.0.0.%d:%s%s\", max_pages: 30}}\n", strings.Trim(path, "/"), i, u.Port(), path)
	}
	if err := os.WriteFile(filepath.Join(dir, "puskaradio.yaml"), []byte(config.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	others := &http.Server{Handler: mux}
	defer others.Close()
	for i := 2; i <= len(hostilePages); i++ { // the first is served already
		ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.%d:%s", i, u.Port()))
		if err != nil {
			t.Fatal(err)
		}
		go func() { _ = others.Serve(ln) }() // ends with Close
	}

	run := func(args ...string) (string, int) {
		cmd := exec.Command(bin, args...)
		cmd.Dir = dir
		var out, talk bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &talk
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		most := make(chan int)
		ended := make(chan struct{})
		go func() { most <- mostMemory(cmd.Process.Pid, ended) }()
		_ = cmd.Wait() // crawl fails for those that fail
		close(ended)
		t.Logf("%v:\n%s", args, talk.String())
		return out.String(), <-most
	}
	began := time.Now()
	_, mb := run("crawl")
	if took := time.Since(began); took > time.Minute {
		t.Errorf("the crawl took %v", took)
	}
	if mb == 0 || mb > 150 {
		t.Errorf("the crawl took %d MB, want at most 150", mb)
	} else {
		t.Logf("the crawl took at most %d MB and %v", mb, time.Since(began).Round(time.Second))
	}
	out, _ := run("sources", "--json")
	var lines []monitor.SourceState
	if err := json.Unmarshal([]byte(out), &lines); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, l := range lines {
		if want := hostilePages["/"+l.ID].state; l.State != want {
			t.Errorf("%s: state %q (%s), want %q", l.ID, l.State, l.Problem, want)
		}
	}
	out, _ = run("export", "--json")
	for path, p := range hostilePages {
		n := strings.Count(out, "Tämä on "+p.found)
		switch {
		case p.found == "" && strings.Contains(out, "Tämä on "+strings.Trim(path, "/")):
			t.Errorf("%s was read", path)
		case p.found == "endless" && (n < 1 || n > 40):
			t.Errorf("endless was read %d times, want up to the cap of pages", n)
		case p.found != "" && n == 0:
			t.Errorf("%s was not read", path)
		}
	}
	if !slices.ContainsFunc(strings.Split(out, "\n"), func(l string) bool { return strings.Contains(l, "charset ä ö") }) {
		t.Error("ä and ö of the page that lies about its charset are lost")
	}
}

// mostMemory is the most memory that a process has had, in MiB, as it says of
// itself until it has ended. What wait tells would count the memory of this
// process, of which the other was begun as a copy.
func mostMemory(pid int, ended <-chan struct{}) (mb int) {
	for tick := time.NewTicker(10 * time.Millisecond); ; {
		raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) // it may have ended
		if _, rest, ok := strings.Cut(string(raw), "VmHWM:"); ok {
			kb, _ := strconv.Atoi(strings.Fields(rest)[0])
			mb = max(mb, kb>>10)
		}
		select {
		case <-ended:
			tick.Stop()
			return mb
		case <-tick.C:
		}
	}
}
