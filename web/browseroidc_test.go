package web

import (
	"fmt"
	"html"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/puskaradio/puskaradio/internal/chromium"
)

// TestOIDCInChromium: a browser follows the way to another site and back, with
// scripts and without: the policy of our pages does not hold it, the cookie
// comes back with it, and it ends at the page that was asked for.
func TestOIDCInChromium(t *testing.T) {
	b := chromium.Start(t)
	for _, scripts := range []bool{true, false} {
		p := newIssued(t)
		srv := httptest.NewServer(p.server)
		defer srv.Close()
		p.plan.Link = srv.URL
		site := otherSite(t, p.idp)
		x := b.Tab(t, srv.URL, chromium.Look{Width: 390, Scripts: scripts})
		x.OpenAs("/mentions?label=negative", http.StatusUnauthorized)
		x.Press("a.button")
		if !strings.HasPrefix(x.URL(), site+"/ask?") {
			t.Fatalf("the button leads to %s", x.URL())
		}
		x.Press("form button")
		if got := x.URL(); got != srv.URL+"/mentions?label=negative" {
			t.Errorf("signed in, it is at %s", got)
		}
		x.Wants("signed in as Maija@acme.example")
		if faults := slices.DeleteFunc(x.Faults(), func(s string) bool { return strings.HasPrefix(s, "it asked for "+site) }); len(faults) > 0 {
			t.Errorf("the browser complains: %q", faults)
		}
	}
}

// otherSite shows a form of the issuer at another address, which for a browser
// is another site.
func otherSite(t *testing.T, issuer *idp) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/ask" {
			issuer.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, `<!doctype html><html lang="en"><title>x</title><link rel="icon" href="data:,"><form action="/authorize">`)
		for name, values := range r.URL.Query() {
			fmt.Fprintf(w, `<input type="hidden" name="%s" value="%s">`, html.EscapeString(name), html.EscapeString(values[0]))
		}
		fmt.Fprint(w, `<button>This is me</button></form>`)
	}))
	if err := srv.Listener.Close(); err != nil {
		t.Fatal(err)
	}
	srv.Listener = ln
	srv.Start()
	t.Cleanup(srv.Close)
	issuer.discover = func(about map[string]any) { about["authorization_endpoint"] = srv.URL + "/ask" }
	return srv.URL
}
