package crawler

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// far starts a server on another address of this machine.
func far(t *testing.T, address string, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	l, err := net.Listen("tcp", address+":0")
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(h)
	srv.Listener.Close()
	srv.Listener = l
	srv.Start()
	t.Cleanup(srv.Close)
	return srv
}

func TestRedirects(t *testing.T) {
	other := far(t, "127.0.0.2", func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/robots.txt":
			w.Write([]byte("User-agent: puskaradio\nDisallow: /secret"))
		case "/secret":
			t.Error("a redirect led past robots.txt")
		default:
			fmt.Fprintf(w, "%s %q %q %q", r.Method, r.Header.Get("Authorization"), r.Header.Get("X-Api-Key"), r.Header.Get("Accept-Language"))
		}
	})
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		go1 := func(status int, to string) { w.Header().Set("Location", to); w.WriteHeader(status) }
		switch p := r.URL.Path; {
		case p == "/1", p == "/2", p == "/3", p == "/4", p == "/5", p == "/6":
			go1(http.StatusFound, "/"+string(p[1]-1))
		case p == "/circle":
			go1(http.StatusMovedPermanently, "/circle2")
		case p == "/circle2":
			go1(http.StatusMovedPermanently, "/circle#again")
		case p == "/private":
			go1(http.StatusFound, "http://169.254.169.254/latest/meta-data/")
		case p == "/file":
			go1(http.StatusFound, "file:///etc/passwd")
		case p == "/user":
			go1(http.StatusFound, "http://u:p@127.0.0.1/")
		case p == "/far":
			go1(http.StatusFound, other.URL+"/near")
		case p == "/far307":
			go1(http.StatusTemporaryRedirect, other.URL+"/near")
		case p == "/secret":
			go1(http.StatusFound, other.URL+"/secret")
		case p == "/same307":
			go1(http.StatusPermanentRedirect, "/echo")
		case p == "/same303":
			go1(http.StatusSeeOther, "/echo")
		case p == "/nowhere":
			w.WriteHeader(http.StatusFound)
		default:
			fmt.Fprintf(w, "%s %q %q %d", r.Method, r.Header.Get("Authorization"), r.Header.Get("X-Api-Key"), r.ContentLength)
		}
	})
	tests := []struct {
		path, method string
		want         string // of the body, or of the error
		state        string
	}{
		{"/5", "", `GET "Bearer t" "k" 0`, StateOK},
		{"/6", "", "more than 5", StateRefused},
		{"/circle", "", "in a circle", StateRefused},
		{"/private", "", "not reached from here", StateUnreachable},
		{"/file", "", "only http and https", StateRefused},
		{"/user", "", "a name or a password", StateRefused},
		{"/far", "", `GET "" "" "fi"`, StateOK},
		{"/far307", "POST", "not for another host", StateRefused},
		{"/secret", "", "Disallow: /secret", StateBlocked},
		{"/same307", "POST", `POST "Bearer t" "k" 4`, StateOK},
		{"/same303", "POST", `GET "Bearer t" "k" 0`, StateOK},
		{"/nowhere", "", "status 302", StateUnreadable},
	}
	for _, tt := range tests {
		c := local(t, srv.URL, other.URL)
		r := Request{URL: srv.URL + tt.path, Method: tt.method, API: true, Header: http.Header{
			"Authorization": {"Bearer t"}, "X-Api-Key": {"k"}, "Accept-Language": {"fi"},
		}}
		if tt.method == "POST" {
			r.Body = []byte("body")
		}
		resp, err := c.Fetch(t.Context(), r)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = string(resp.Body)
		}
		if !strings.Contains(got, tt.want) || StateOf(err) != tt.state {
			t.Errorf("Fetch(%s %s) = %s (%s), want %s (%s)", tt.method, tt.path, got, StateOf(err), tt.want, tt.state)
		}
	}
}

func TestOursAlone(t *testing.T) {
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "id", Value: "1"})
		fmt.Fprintf(w, "%s|%s|%s|%s", r.UserAgent(), r.Header.Get("Cookie"), r.Header.Get("Range"), r.Header.Get("Accept"))
	})
	c := local(t, srv.URL)
	for range 2 {
		got, err := c.Fetch(t.Context(), Request{URL: srv.URL, Accept: "text/html", Header: http.Header{
			"user-agent": {"Mozilla/5.0"}, "Cookie": {"id=2"}, "Range": {"bytes=0-1"},
		}})
		if want := c.Agent + "|||text/html"; err != nil || string(got.Body) != want {
			t.Errorf("Fetch = %q, %v, want %q", got.Body, err, want)
		}
	}
}

func TestConditional(t *testing.T) {
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/always" || r.Header.Get("If-None-Match") == `"1"` && r.Header.Get("If-Modified-Since") == "Sat, 21 Nov 2026 10:00:00 GMT" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("ETag", `"1"`)
		w.Header().Set("Last-Modified", "Sat, 21 Nov 2026 10:00:00 GMT")
		w.Write([]byte("news"))
	})
	c := local(t, srv.URL)
	first, err := c.Fetch(t.Context(), Request{URL: srv.URL})
	if err != nil || first.Same {
		t.Fatalf("Fetch = %v, %v", first, err)
	}
	second, err := c.Fetch(t.Context(), Request{URL: srv.URL, If: first.Validator})
	if err != nil || !second.Same || second.Validator != first.Validator {
		t.Errorf("Fetch again = %+v, %v, want the same", second, err)
	}
	if _, err := c.Fetch(t.Context(), Request{URL: srv.URL + "/always"}); StateOf(err) != StateUnreadable {
		t.Errorf("304 without a copy = %v, want unreadable", err)
	}
}

func TestSlowHost(t *testing.T) {
	stop := make(chan struct{})
	slow := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/headers":
			<-stop
			return
		case "/1", "/2", "/3", "/4": // each in time, but not all of them
			time.Sleep(400 * time.Millisecond)
			http.Redirect(w, r, "/"+string(r.URL.Path[1]-1), http.StatusFound)
			return
		case "/0":
			return
		}
		for {
			w.Write([]byte("a"))
			w.(http.Flusher).Flush()
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	t.Cleanup(func() { close(stop) }) // before the server is closed
	quick := far(t, "127.0.0.2", func(http.ResponseWriter, *http.Request) {})
	c := local(t, slow.URL, quick.URL)
	c.Timeout = time.Second
	for _, path := range []string{"/headers", "/body", "/4"} {
		var wg sync.WaitGroup
		var quickly time.Time
		wg.Go(func() { // another host does not notice
			time.Sleep(20 * time.Millisecond)
			if _, err := c.Fetch(t.Context(), Request{URL: quick.URL, API: true}); err != nil {
				t.Errorf("Fetch from another host = %v", err)
			}
			quickly = time.Now()
		})
		start := time.Now()
		_, err := c.Fetch(t.Context(), Request{URL: slow.URL + path, API: true})
		slowly := time.Now()
		wg.Wait()
		if quickly.After(slowly) {
			t.Errorf("another host had to wait for %s", path)
		}
		if StateOf(err) != StateUnreachable || !strings.Contains(err.Error(), "within 1s") {
			t.Errorf("Fetch(%s) = %v, want unreachable", path, err)
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("Fetch(%s) took %v", path, took)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("the lease ran out")
	time.AfterFunc(50*time.Millisecond, func() { cancel(why) })
	if _, err := c.Fetch(ctx, Request{URL: slow.URL, API: true}); !errors.Is(err, why) {
		t.Errorf("Fetch = %v, want %v", err, why)
	}
}

func TestLedger(t *testing.T) {
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("twelve bytes")) })
	c := local(t, srv.URL)
	var got []Visit
	c.Ledger = func(v Visit) { got = append(got, v) }
	if _, err := c.Fetch(t.Context(), Request{URL: srv.URL + "/a?token=x"}); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || !got[0].Robots || got[0].Status != 404 || got[0].State != StateGone {
		t.Fatalf("ledger = %+v, want robots.txt and the document", got)
	}
	v := got[1]
	if v.Robots || v.Host != "127.0.0.1" || v.Status != 200 || v.Bytes != 12 || v.State != StateOK || v.Err != nil ||
		v.Took <= 0 || v.At.IsZero() || v.At.Location() != time.UTC || v.URL != srv.URL+"/a?token=***" {
		t.Errorf("ledger = %+v", v)
	}
}

func TestNames(t *testing.T) {
	c := local(t)
	c.Resolver = missing{}
	for host, want := range map[string]string{"nowhere.example": "no such host", "late.example": "timeout"} {
		_, err := c.Fetch(t.Context(), Request{URL: "https://" + host})
		if StateOf(err) != StateUnreachable || !strings.Contains(err.Error(), want) {
			t.Errorf("Fetch(%s) = %v, want unreachable, %s", host, err, want)
		}
		if _, ok := errors.AsType[*puskaradio.PermanentError](err); ok {
			t.Errorf("Fetch(%s) = %v is permanent", host, err)
		}
	}
}

// certificate makes one for names, by itself.
func certificate(t *testing.T, until time.Time, names ...string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, DNSNames: names,
		NotBefore: until.Add(-48 * time.Hour), NotAfter: until, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestTLS(t *testing.T) {
	var plain atomic.Int64
	tests := []struct {
		name    string
		until   time.Duration
		host    string
		trusted bool
		want    string
	}{
		{"good", time.Hour, "shop.example", true, ""},
		{"expired", -time.Hour, "shop.example", true, "expired"},
		{"wrong host", time.Hour, "other.example", true, "not shop.example"},
		{"self-signed", time.Hour, "shop.example", false, "unknown authority"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.TLS == nil {
					plain.Add(1)
				}
				if r.URL.Path == "/down" {
					http.Redirect(w, r, "http://shop.example/", http.StatusFound)
				}
			}))
			srv.Config.ErrorLog = quiet
			cert := certificate(t, time.Now().Add(tt.until), tt.host)
			srv.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
			srv.StartTLS()
			defer srv.Close()
			c := local(t, srv.URL)
			c.Resolver = &names{addrs: []string{"127.0.0.1"}}
			c.Roots = x509.NewCertPool()
			if tt.trusted {
				leaf, err := x509.ParseCertificate(cert.Certificate[0])
				if err != nil {
					t.Fatal(err)
				}
				c.Roots.AddCert(leaf)
			}
			base := "https://shop.example" + srv.URL[strings.LastIndexByte(srv.URL, ':'):]
			_, err := c.Fetch(t.Context(), Request{URL: base + "/"})
			if tt.want == "" {
				if err != nil {
					t.Fatalf("Fetch = %v", err)
				}
				if _, err := c.Fetch(t.Context(), Request{URL: base + "/down"}); StateOf(err) != StateRefused || !strings.Contains(err.Error(), "https to http") {
					t.Errorf("redirect to http = %v, want it refused", err)
				}
				return
			}
			if StateOf(err) != StateUnreachable || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Fetch = %v (%s), want unreachable, %s", err, StateOf(err), tt.want)
			}
		})
	}
	if plain.Load() != 0 {
		t.Error("a host was asked again without TLS")
	}
}
