package crawler

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a web server that allows everything but what h answers itself.
func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/robots.txt" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		h(w, r)
	}))
	t.Cleanup(srv.Close)
	return srv
}

// local is a client that may reach the servers of this machine, fast.
func local(t *testing.T, addresses ...string) *Client {
	t.Helper()
	c := &Client{
		Agent:   "puskaradio/0.1 (+https://puskaradio.example/contact)",
		Delay:   -1,
		Timeout: 20 * time.Second,
		Private: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
	}
	for _, s := range addresses {
		u, err := url.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		port, err := strconv.ParseUint(u.Port(), 10, 16)
		if err != nil {
			t.Fatal(err)
		}
		c.Ports = append(c.Ports, uint16(port))
	}
	t.Cleanup(c.Close)
	return c
}

func TestFetch(t *testing.T) {
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=ISO-8859-1")
		w.Header().Set("ETag", `"1"`)
		w.Write([]byte("<p>hyv\xe4\xe4 y\xf6t\xe4"))
	})
	got, err := local(t, srv.URL).Fetch(t.Context(), Request{URL: srv.URL})
	if err != nil {
		t.Fatal(err)
	}
	if want := "<p>hyvää yötä"; string(got.Body) != want || got.Type != "text/html" || got.Validator.ETag != `"1"` {
		t.Errorf("Fetch = %q, %s, %v, want %q", got.Body, got.Type, got.Validator, want)
	}
}

// A wire answers in place of the web.
type wire func(*http.Request) (*http.Response, error)

func (w wire) RoundTrip(r *http.Request) (*http.Response, error) { return w(r) }

func TestReplay(t *testing.T) {
	c := local(t)
	c.wire = wire(func(r *http.Request) (*http.Response, error) {
		rec := httptest.NewRecorder()
		if r.URL.String() != "https://blog.example/feed.xml" {
			rec.WriteHeader(http.StatusNotFound)
		}
		rec.WriteString("<rss/>")
		return rec.Result(), nil
	})
	if got, err := c.Fetch(t.Context(), Request{URL: "https://blog.example/feed.xml"}); err != nil || string(got.Body) != "<rss/>" {
		t.Errorf("Fetch = %v, %v", got, err)
	}
	if _, err := c.Fetch(t.Context(), Request{URL: "https://blog.example/"}); StateOf(err) != StateGone {
		t.Errorf("Fetch = %v, want gone", err)
	}
}

// missing is a resolver that finds nothing.
type missing struct{}

func (missing) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if host == "late.example" {
		return nil, &net.DNSError{Err: "i/o timeout", Name: host, IsTimeout: true}
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

// quiet is where servers complain that a client did not like their certificate.
var quiet = log.New(io.Discard, "", 0)
