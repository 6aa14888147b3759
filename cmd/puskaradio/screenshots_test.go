//go:build screenshots

package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestScreenshots takes the pictures of docs/img from the demo, with Chromium.
// It is run by: make screenshots
func TestScreenshots(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var errs said
	a := &app{in: strings.NewReader(""), out: io.Discard, err: &errs}
	ended := make(chan int)
	go func() { ended <- a.run(ctx, []string{"demo"}) }()
	link, err := url.Parse(linkIn(t, &errs))
	if err != nil {
		t.Fatal(err)
	}
	base := &url.URL{Scheme: "http", Host: link.Host}
	noRedirect := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := noRedirect.PostForm(base.String()+"/in", url.Values{"ticket": {link.Query().Get("ticket")}, "who": {"Maija"}})
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	// A browser that is called for one picture has no session: this lends it one.
	front := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(base)
		for _, c := range resp.Cookies() {
			r.Out.AddCookie(c)
		}
	}})
	defer front.Close()
	first := func(path, link string) string { // what the first such link on a page leads to
		for range 120 {
			_, page := ask(t, front.Client(), front.URL+path)
			if _, rest, ok := strings.Cut(page, `href="`+link); ok {
				id, _, _ := strings.Cut(rest, `"`)
				return link + id
			}
			time.Sleep(time.Second)
		}
		t.Fatalf("%s has no link to %s", path, link)
		return ""
	}
	alert := first("/trends", "/a/")
	out, err := filepath.Abs("../../docs/img")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, shot := range []struct{ name, path, size, scheme string }{
		{"digest-en-light", "/digest?lang=en", "1280,1000", "1"},
		{"inbox-fi-dark", "/inbox?lang=fi", "1280,1000", "0"},
		{"mention-en-light", first("/inbox", "/m/") + "?lang=en", "1280,1000", "1"},
		{"trends-fi-light", "/trends?lang=fi", "1280,1100", "1"},
		{"alert-en-dark", alert + "?lang=en", "375,1500", "0"},
		{"rehearse-fi-light", "/rehearse?lang=fi", "1280,900", "1"},
	} {
		file := filepath.Join(out, shot.name+".png")
		cmd := exec.CommandContext(ctx, "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
			"--user-data-dir="+t.TempDir(), "--window-size="+shot.size, "--blink-settings=preferredColorScheme="+shot.scheme,
			"--virtual-time-budget=2000", "--screenshot="+file, front.URL+shot.path)
		if b, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", shot.name, err, b)
		}
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > 150<<10 {
			t.Errorf("%s has %d bytes, more than a README should load", shot.name, info.Size())
		}
	}
	cancel()
	if code := <-ended; code != exitDone {
		t.Errorf("the demo ends with %d", code)
	}
}
