package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestInitSite lets init look at a site, and loads what it writes.
func TestInitSite(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, `<link rel=alternate type="application/rss+xml" href="/news?a=1&amp;b='%C3%A4'"><link rel="me" href="https://mastodon.example/@acme">
				<div data-ls-product-id=1></div><a href="https://apps.apple.com/fi/app/acme/id1234567">App</a>`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer srv.Close()
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var out, talk bytes.Buffer
	a := &app{in: strings.NewReader(""), out: &out, err: &talk, dir: dir, private: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, ports: []uint16{uint16(port)}}
	if code := a.run(t.Context(), []string{"init", "--yes", "--brand", "Acme", "--contact", "it@acme.example", "--site", srv.URL}); code != exitDone {
		t.Fatalf("init = %d: %s", code, talk.String())
	}
	l, err := loadConfig(filepath.Join(dir, "puskaradio.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range l.plan.Sources {
		got = append(got, s.Kind+" "+s.About)
	}
	if g, want := strings.Join(got, ", "), "feed , mastodon , appstore acme"; g != want {
		t.Errorf("sources %q, want %q", g, want)
	}
	for _, want := range []string{"lipscore", "set LIPSCORE_KEY and LIPSCORE_SECRET in the environment", "heard up to 15m", "robots.txt does not speak of it"} {
		if !strings.Contains(talk.String(), want) {
			t.Errorf("%q is not told:\n%s", want, talk.String())
		}
	}
	// What is commented out works once its # are taken away.
	text, err := os.ReadFile(filepath.Join(dir, "puskaradio.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("LIPSCORE_KEY", "k")
	t.Setenv("LIPSCORE_SECRET", "s")
	before, block, _ := strings.Cut(string(text), "# - id: lipscore")
	block, after, _ := strings.Cut(block, "\n\n")
	block = strings.ReplaceAll("# - id: lipscore"+block, "\n# ", "\n  ")
	if l, err := parseConfig("puskaradio.yaml", []byte(before+" "+block[1:]+"\n\n"+after)); err != nil || len(l.plan.Sources) != 4 {
		t.Errorf("with the # of lipscore taken away: %v\n%s", err, before+" "+block[1:])
	}
	for _, bad := range []string{"ftp://acme.example", "https://user:hush@acme.example", "://"} {
		talk.Reset()
		if code := a.run(t.Context(), []string{"init", "--yes", "--brand", "Acme", "--contact", "it@acme.example", "--site", bad}); code != exitUsage || strings.Contains(talk.String(), "hush") {
			t.Errorf("init --site %q = %d: %s", bad, code, talk.String())
		}
	}
}
