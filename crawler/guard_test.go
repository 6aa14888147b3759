package crawler

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"code.dny.dev/ssrf"
	"github.com/google/go-cmp/cmp"
)

// a names answers every name with the next of its addresses.
type names struct {
	addrs []string
	asked atomic.Int64
}

func (n *names) LookupNetIP(_ context.Context, _, _ string) ([]netip.Addr, error) {
	i := n.asked.Add(1) - 1
	return []netip.Addr{netip.MustParseAddr(n.addrs[min(int(i), len(n.addrs)-1)])}, nil
}

// forbidden are hosts that must never be connected to.
var forbidden = []string{
	"127.0.0.1", "127.1.2.3", "localhost", "localhost.", "LOCALHOST", "0.0.0.0", "0.1.2.3",
	"10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.254", "192.168.0.1", "192.168.255.255",
	"169.254.169.254", "169.254.0.1", "100.64.0.1", "100.127.255.254", "100.100.100.200",
	"192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
	"224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
	"0x7f.1", "0x7f000001", "2130706433", "017700000001", "0177.0.0.1", "127.1", "127.0.1", "0", "1.2.3.0x4", "①②⑦.⓪.⓪.①",
	"[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:169.254.169.254]", "[::127.0.0.1]",
	"[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::1]", "[fe80::1]", "[fe80::1%25lo]", "[fc00::1]", "[fd00:ec2::254]", "[fec0::1]",
	"[ff02::1]", "[2001:db8::1]", "[2002:7f00:1::]", "[2001::1]", "[100::1]", "[3fff::1]", "[5f00::1]",
}

func TestForbiddenHosts(t *testing.T) {
	for _, host := range forbidden {
		c := &Client{Agent: "puskaradio/0.1 (+https://puskaradio.example)", Delay: -1, Timeout: 10 * time.Second}
		// A name resolves to what a careless resolver would make of it.
		c.Resolver = &names{addrs: []string{"127.0.0.1"}}
		_, err := c.Fetch(t.Context(), Request{URL: "http://" + host + "/", API: true})
		if err == nil {
			t.Errorf("Fetch(%s) = nil, want an error", host)
			continue
		}
		refused := refusedAddress(err) || StateOf(err) == StateRefused
		if !refused {
			t.Errorf("Fetch(%s) = %v, want the address refused", host, err)
		}
		c.Close()
	}
}

// The addresses of the table above are refused one by one when they are
// dialled, whatever name they came by.
func TestDialRefuses(t *testing.T) {
	dial := (&Client{}).dialer()
	for _, host := range forbidden {
		a, err := netip.ParseAddr(strings.Trim(host, "[]"))
		if err != nil {
			continue
		}
		conn, err := dial(t.Context(), "tcp", net.JoinHostPort(a.String(), "80"))
		if err == nil {
			conn.Close()
			t.Errorf("dial %s: connected", a)
		} else if !refusedAddress(err) && !strings.Contains(err.Error(), "network is unreachable") {
			t.Errorf("dial %s = %v, want it refused", a, err)
		}
	}
	guard := ssrf.New()
	for _, host := range []string{"93.184.216.34", "1.1.1.1", "2606:4700::1111"} {
		if err := guard.SafeAddrPort(netip.AddrPortFrom(netip.MustParseAddr(host), 443)); err != nil {
			t.Errorf("%s is refused: %v", host, err)
		}
	}
}

// A name that is global when it is looked at and local when it is dialled.
func TestRebinding(t *testing.T) {
	hits := atomic.Int64{}
	srv := serve(t, func(http.ResponseWriter, *http.Request) { hits.Add(1) })
	c := local(t, srv.URL)
	c.Private = nil
	port := srv.URL[strings.LastIndexByte(srv.URL, ':'):]
	n := &names{addrs: []string{"192.0.2.1", "127.0.0.1"}}
	c.Resolver = n
	for range 3 {
		if _, err := c.Fetch(t.Context(), Request{URL: "http://rebind.example" + port, API: true}); !refusedAddress(err) {
			t.Fatalf("Fetch = %v, want the address refused", err)
		}
	}
	if n.asked.Load() < 3 || hits.Load() != 0 {
		t.Errorf("resolved %d times, %d requests, want at least 3 and 0", n.asked.Load(), hits.Load())
	}
}

func TestPortsAreOptIn(t *testing.T) {
	srv := serve(t, func(http.ResponseWriter, *http.Request) {})
	c := local(t)
	if _, err := c.Fetch(t.Context(), Request{URL: srv.URL}); !refusedAddress(err) || StateOf(err) != StateUnreachable {
		t.Errorf("Fetch of another port = %v (%s), want it refused", err, StateOf(err))
	}
}

func TestNoProxyFromTheEnvironment(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("direct")) })
	if got, err := local(t, srv.URL).Fetch(t.Context(), Request{URL: srv.URL}); err != nil || string(got.Body) != "direct" {
		t.Errorf("Fetch = %v, %v", got, err)
	}
	if (&Client{}).newWire().Proxy != nil {
		t.Error("the transport has a proxy")
	}
}

func TestCheckURL(t *testing.T) {
	for in, want := range map[string]string{
		"http://Example.COM":                  "http://example.com/",
		"HTTP://example.com.:80/a?b#c":        "http://example.com/a?b",
		"https://example.com:443/":            "https://example.com/",
		"https://example.com:8443/":           "https://example.com:8443/",
		" https://pörssi.example/ä ":          "https://xn--prssi-jua.example/%C3%A4",
		"http://[2606:4700::1111]:80/":        "http://[2606:4700::1111]/",
		"http://[::ffff:1.1.1.1]/":            "http://1.1.1.1/",
		"ftp://example.com/":                  "",
		"file:///etc/passwd":                  "",
		"gopher://example.com/":               "",
		"http://me:pw@example.com/":           "",
		"http:///path":                        "",
		"http://exa mple.com/":                "",
		"http://example.com:0/":               "",
		"http://example.com:99999/":           "",
		"http://127.0.0.1:80\\@example.com/":  "",
		"http://example.com/\x00":             "",
		"//example.com/":                      "",
		"http://" + strings.Repeat("a", 9000): "",
	} {
		u, err := checkURL(in)
		got := ""
		if err == nil {
			got = u.String()
		}
		if got != want {
			t.Errorf("checkURL(%q) = %q, %v, want %q", in, got, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "pw") {
			t.Errorf("checkURL(%q) = %v holds the password", in, err)
		}
	}
}

func TestRedact(t *testing.T) {
	for in, want := range map[string]string{
		"https://a.example/?q=acme&page=2":                          "https://a.example/?q=acme&page=2",
		"https://a.example/?q=acme&token=T&api_key=K#f":             "https://a.example/?q=acme&token=***&api_key=***",
		"https://a.example/?access_token=T&client_secret=S&key=K":   "https://a.example/?access_token=***&client_secret=***&key=***",
		"https://u:p@a.example/?keywords=x&Signature=y&X-Amz-Sig=z": "https://a.example/?keywords=x&Signature=***&X-Amz-Sig=***",
		"https://a.example/?passkey=K&key_env=1&monkey=2":           "https://a.example/?passkey=***&key_env=1&monkey=2",
		"https://a.example/bot123456:AA-bb_CC/getUpdates?offset=1":  "https://a.example/bot***/getUpdates?offset=1",
		"https://a.example/bot123456%3AAA-bb/x":                     "https://a.example/bot***/x",
		"https://a.example/bots/robot12/x":                          "https://a.example/bots/robot12/x",
		"https://a.example/?to%6ben=T;apikey=K":                     "https://a.example/?to%6ben=***&apikey=***",
	} {
		u, err := url.Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, redact(u)); diff != "" {
			t.Errorf("redact(%q) (-want +got):\n%s", in, diff)
		}
	}
}

func TestErrorsHoldNoSecrets(t *testing.T) {
	const secret = "c4n4ry"
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/move":
			w.Header().Set("Location", "ftp://u:"+secret+"@x.example/?token="+secret)
			w.WriteHeader(http.StatusFound)
		case "/garbage":
			w.Header().Set("Location", "http://[::1"+secret)
			w.WriteHeader(http.StatusFound)
		default:
			w.WriteHeader(http.StatusForbidden)
		}
	})
	c := local(t, srv.URL)
	var lines []string
	c.Ledger = func(v Visit) { lines = append(lines, v.URL, v.Err.Error()) }
	host := strings.TrimPrefix(srv.URL, "http://")
	for _, address := range []string{
		srv.URL + "/?access_token=" + secret, "http://u:" + secret + "@" + host + "/", "u:" + secret + "@" + host, "http://[" + secret,
		"http://127.0.0.1:1/?key=" + secret, srv.URL + "/move?secret=" + secret, srv.URL + "/garbage?secret=" + secret,
	} {
		_, err := c.Fetch(t.Context(), Request{URL: address, API: true, Header: http.Header{"Authorization": {"Bearer " + secret}}})
		if err == nil {
			t.Errorf("Fetch(%q) = nil", address)
			continue
		}
		lines = append(lines, err.Error())
	}
	if all := strings.Join(lines, "\n"); strings.Contains(all, secret) {
		t.Errorf("a secret is in\n%s", all)
	}
}

func TestCheck(t *testing.T) {
	for agent, want := range map[string]string{
		"":                                    "agent is missing",
		"puskaradio/0.1":                      "names no contact",
		"Mozilla/5.0 (+https://a.example)":    "passes for a browser",
		"5 (+https://a.example)":              "does not begin with a product name",
		"a/1 (+https://a.example)\r\nX: y":    "does not begin with a product name",
		"puskaradio/0.1 (+https://contact)":   "",
		"puskaradio (mailto:me@shop.example)": "",
		"puskaradio/0.1 (me@shop.example)":    "",
	} {
		c := &Client{Agent: agent}
		err := c.Check()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("Check of %q = %v, want %q", agent, err, want)
		}
		if _, ferr := c.Fetch(t.Context(), Request{URL: "https://a.invalid"}); err != nil && (ferr == nil || !strings.Contains(ferr.Error(), want)) {
			t.Errorf("Fetch as %q = %v, want %q", agent, ferr, want)
		}
	}
	bad := &Client{
		Timeout: -1, Patience: -1, Private: []netip.Prefix{{}},
		Delays: map[string]time.Duration{"A.example": 1, "b.example:80": 1, "c.example": 1, "127.0.0.1": 1, "::1": 1, "0x7f.1": 1},
	}
	if err := bad.Check(); strings.Count(err.Error(), "\n")+1 != 7 {
		t.Errorf("Check = %v, want seven faults", err)
	}
}
