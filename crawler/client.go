package crawler

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Request asks for one document.
type Request struct {
	URL    string
	Method string      // empty is GET
	Header http.Header // added to ours; User-Agent, Cookie, Range and what concerns the connection are ours alone
	Body   []byte
	Accept string    // what we want; empty is anything
	If     Validator // of the copy we have; makes the fetch conditional
	API    bool      // a documented programming interface, which robots.txt does not speak of
	Max    int64     // the most decoded bytes; zero is 8 MiB
}

// A Validator names a version of a document.
type Validator struct {
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last_modified,omitempty"`
}

// A Response is a document that arrived whole.
type Response struct {
	URL       string // where it was in the end
	Status    int
	Header    http.Header // corrected: it speaks of Body, not of what was on the wire
	Type      string      // the media type, lower case, without parameters
	Body      []byte      // decompressed; text is UTF-8
	Validator Validator
	Same      bool    // 304: the copy we have is current
	Lossy     float64 // the share of characters that could not be read in their charset, 0 … 1
}

// A Resolver finds the addresses of a host. A *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// A Client is the only way out to the web. It asks robots.txt, keeps one
// lane for each host, reaches only global addresses, and gives documents
// whole and in UTF-8 or an error; [StateOf] puts the error in a word.
//
// Its fields must not change after the first use. The zero value wants only
// an Agent. It is safe for concurrent use.
type Client struct {
	// Agent is who we say we are: a product, whose name is looked up in
	// robots.txt, and where the owner can be reached, as in
	// "puskaradio/0.1 (+https://example.com/contact)". It is required.
	Agent string

	Delay    time.Duration            // the least time between two requests to a host; zero is 5 s, negative none
	Delays   map[string]time.Duration // instead of Delay for some hosts, by name without port; zero is none
	MaxDelay time.Duration            // the most that a slow host stretches its delay to; zero is 60 s
	Timeout  time.Duration            // wall clock of one fetch with its body, without waiting for its turn; zero is 60 s
	Patience time.Duration            // the longest wait for a turn, beyond it Fetch says when to come back; zero is 2 min
	Rest     time.Duration            // how long a host is left alone that failed again and again; zero is 5 min

	Private []netip.Prefix // addresses that may be reached though they are not global
	Ports   []uint16       // ports that may be reached besides 80 and 443

	Roots    *x509.CertPool // of TLS; nil is the system's
	Resolver Resolver       // nil is the system's
	Ledger   func(Visit)    // is told of every fetch, from the goroutine that fetched; may be nil
	Turns    Turns          // of the processes that share the hosts; nil: there is only this one

	once   sync.Once
	fault  error
	token  string                                                                                     // the product in Agent, lower case
	wire   http.RoundTripper                                                                          // under everything; tests set it to replay what was recorded
	call   func(ctx context.Context, address string, safe bool, secure *tls.Config) (net.Conn, error) // under every Talk; so do they
	lanes  lanes
	robots robots
}

// A Visit is one line of the ledger: what became of one fetch.
type Visit struct {
	At     time.Time     // when its turn came, UTC; when it was asked for, if it never came
	Host   string        // that was asked first
	URL    string        // of the last request, without secrets
	Robots bool          // a robots.txt that was wanted before the document
	Status int           // of the last answer; zero is none
	Bytes  int64         // on the wire
	Took   time.Duration // of the exchanges
	Waited time.Duration // for its turn
	State  string        // as by [StateOf]
	Err    error
}

var (
	agentName    = regexp.MustCompile(`^([A-Za-z][A-Za-z_-]*)(/[0-9A-Za-z._-]+)?( |$)`)
	agentContact = regexp.MustCompile(`(https?://|mailto:)[^\s()]+|[^\s@()<>+]+@[^\s@()<>]+`)
)

// Check reports every fault of the configuration.
func (c *Client) Check() error {
	var errs []error
	const sample = `write your product and where you can be reached, as in "puskaradio/0.1 (+https://your-site.example/contact)"`
	name := agentName.FindStringSubmatch(c.Agent)
	switch {
	case c.Agent == "":
		errs = append(errs, errors.New("agent is missing: "+sample))
	case name == nil || strings.ContainsAny(c.Agent, "\r\n\x00"):
		errs = append(errs, fmt.Errorf("agent %q does not begin with a product name of letters: %s", c.Agent, sample))
	case strings.EqualFold(name[1], "mozilla"):
		errs = append(errs, fmt.Errorf("agent %q passes for a browser: %s", c.Agent, sample))
	case !agentContact.MatchString(c.Agent):
		errs = append(errs, fmt.Errorf("agent %q names no contact: %s", c.Agent, sample))
	}
	for _, v := range []struct {
		what string
		d    time.Duration
	}{{"max delay", c.MaxDelay}, {"timeout", c.Timeout}, {"patience", c.Patience}, {"rest", c.Rest}} {
		if v.d < 0 {
			errs = append(errs, fmt.Errorf("%s %v is negative", v.what, v.d))
		}
	}
	for _, host := range slices.Sorted(maps.Keys(c.Delays)) {
		u := &url.URL{Scheme: "http", Host: host}
		if strings.Count(host, ":") > 1 {
			u.Host = "[" + host + "]"
		}
		if err := checkHost(u); err != nil || u.Hostname() != host {
			errs = append(errs, fmt.Errorf("delays: %q is not the name of a host as it is asked, such as %q", host, u.Hostname()))
		}
	}
	for _, p := range c.Private {
		if !p.IsValid() {
			errs = append(errs, errors.New("private: not a range of addresses such as 192.168.1.10/32"))
		}
	}
	return errors.Join(errs...)
}

func (c *Client) setup() error {
	c.once.Do(func() {
		if c.fault = c.Check(); c.fault != nil {
			c.fault = fmt.Errorf("client: %w", c.fault)
			return
		}
		c.token = strings.ToLower(agentName.FindStringSubmatch(c.Agent)[1])
		if c.wire == nil {
			c.wire = c.newWire()
		}
		if c.call == nil {
			c.call = c.dialed
		}
	})
	return c.fault
}

// Close gives up the connections that are kept for the next request.
func (c *Client) Close() {
	if c.setup() != nil {
		return
	}
	if w, ok := c.wire.(*http.Transport); ok {
		w.CloseIdleConnections()
	}
}

func (c *Client) timeout() time.Duration  { return cmp.Or(c.Timeout, time.Minute) }
func (c *Client) patience() time.Duration { return cmp.Or(c.Patience, 2*time.Minute) }

// delay is the least time between two requests to a host, as configured.
func (c *Client) delay(host string) time.Duration {
	if d, ok := c.Delays[host]; ok {
		return max(d, 0)
	}
	return max(cmp.Or(c.Delay, 5*time.Second), 0)
}

// Fetch gets one document, whole. It waits for its turn in the lane of the
// host, but no longer than Patience. Its errors are *[FetchError], inside a
// *puskaradio.RetryError where the host or robots.txt says to come back later
// and inside a *puskaradio.PermanentError where it is of no use; and those of
// ctx.
func (c *Client) Fetch(ctx context.Context, r Request) (*Response, error) {
	if err := c.setup(); err != nil {
		return nil, err
	}
	t := &trip{client: c, request: r, api: r.API}
	return t.run(ctx)
}

// checkURL parses an address that we are asked to fetch. Its error does not
// hold what a careless person may have put into the address.
func checkURL(s string) (*url.URL, error) {
	if len(s) > 8<<10 {
		return nil, errors.New("the address is longer than 8 KiB")
	}
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil {
		return nil, errors.New("this is not an address")
	}
	if u.User != nil {
		return nil, errors.New("the address holds a name or a password")
	}
	u.Scheme = strings.ToLower(u.Scheme)
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("only http and https are fetched")
	}
	if err := checkHost(u); err != nil {
		return nil, err
	}
	u.Fragment, u.RawFragment = "", ""
	if u.Path == "" {
		u.Path = "/"
	}
	return u, nil
}
