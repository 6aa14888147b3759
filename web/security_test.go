package web

import (
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// TestSignInTakesAsLong: who is not known waits as long for the refusal as who
// is, has no password, or has one.
func TestSignInTakesAsLong(t *testing.T) {
	p := newPlace(t)
	p.join("Maija", puskaradio.Agent)
	if err := p.store.SetPerson(t.Context(), puskaradio.Person{Name: "Ville", Role: puskaradio.Agent}); err != nil {
		t.Fatal(err)
	}
	now := testNow
	p.server.now = func() time.Time { return now }
	best := map[string]time.Duration{}
	for range 5 { // the quickest of some, for a machine is busy at times
		for _, name := range []string{"Maija", "Ville", "Nobody"} {
			now = now.Add(time.Hour) // past every pause
			began := time.Now()
			w := p.do("POST", "/in", url.Values{"who": {name}, "password": {"wrong wrong wrong"}}, nil)
			took := time.Since(began)
			if w.Code != http.StatusUnauthorized {
				t.Fatalf("%s: %d", name, w.Code)
			}
			if b, ok := best[name]; !ok || took < b {
				best[name] = took
			}
		}
	}
	for name, d := range best {
		if d*2 < best["Maija"] || d > best["Maija"]*2 {
			t.Errorf("%s is refused in %v, Maija in %v", name, d, best["Maija"])
		}
	}
}

// TestLongHead: a head that is too long is refused on the wire.
func TestLongHead(t *testing.T) {
	h := newPlace(t).server.HTTP()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- h.Serve(ln) }()
	for size, want := range map[int]int{1 << 10: http.StatusUnauthorized, 64 << 10: http.StatusRequestHeaderFieldsTooLarge} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+ln.Addr().String()+"/inbox", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Long", strings.Repeat("x", size))
		resp, err := new(http.Client).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("a head of %d bytes: %d, want %d", size, resp.StatusCode, want)
		}
	}
	_ = h.Close() // nobody is connected any more
	<-ended
}
