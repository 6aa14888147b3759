package crawler

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"code.dny.dev/ssrf"
	"golang.org/x/net/idna"
)

// newWire is the transport under everything. It takes no proxy from the
// environment, keeps no cookies, follows no redirects and unpacks nothing; and
// it checks every address when it is dialled, after the name was resolved, so
// that a name which changes its mind gains nothing.
func (c *Client) newWire() *http.Transport {
	return &http.Transport{
		DialContext:            c.dialer(),
		TLSClientConfig:        &tls.Config{RootCAs: c.Roots, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true,
		DisableCompression:     true,
		MaxIdleConns:           64,
		MaxIdleConnsPerHost:    1,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    min(c.timeout(), 20*time.Second),
		MaxResponseHeaderBytes: 256 << 10,
	}
}

// dialer dials what may be reached, at the ports of the web and others.
func (c *Client) dialer(others ...uint16) func(ctx context.Context, network, address string) (net.Conn, error) {
	var v4, v6 []netip.Prefix
	for _, p := range c.Private {
		if p = p.Masked(); p.Addr().Is4() {
			v4 = append(v4, p)
		} else {
			v6 = append(v6, p)
		}
	}
	guard := ssrf.New(
		ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...),
		ssrf.WithPorts(slices.Concat([]uint16{80, 443}, others, c.Ports)...),
	)
	d := &net.Dialer{Timeout: min(c.timeout(), 30*time.Second), Control: guard.Safe}
	if c.Resolver == nil {
		return d.DialContext
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		addrs := []netip.Addr{}
		if a, err := netip.ParseAddr(host); err == nil {
			addrs = append(addrs, a)
		} else if addrs, err = c.Resolver.LookupNetIP(ctx, "ip", host); err != nil {
			return nil, err
		}
		err = &net.DNSError{Err: "no address", Name: host, IsNotFound: true}
		for _, a := range addrs {
			conn, e := d.DialContext(ctx, network, net.JoinHostPort(a.String(), port))
			if e == nil {
				return conn, nil
			}
			err = e
		}
		return nil, err
	}
}

// refusedAddress reports whether err is the guard's.
func refusedAddress(err error) bool {
	return errors.Is(err, ssrf.ErrProhibitedIP) || errors.Is(err, ssrf.ErrProhibitedPort) ||
		errors.Is(err, ssrf.ErrProhibitedNetwork) || errors.Is(err, ssrf.ErrInvalidHostPort)
}

// checkHost brings the host of an address to its one spelling. Numbers that
// only some resolvers take for an address, such as 0x7f.1, are refused.
func checkHost(u *url.URL) error {
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if host == "" {
		return errors.New("the address has no host")
	}
	if a, err := netip.ParseAddr(host); err == nil {
		if a.Zone() != "" {
			return errors.New("the address is bound to a network interface")
		}
		host = a.Unmap().String()
	} else {
		if host, err = idna.Lookup.ToASCII(host); err != nil {
			return errors.New("the host is not a name")
		}
		last := host[strings.LastIndexByte(host, '.')+1:]
		_, notDecimal := strconv.ParseUint(last, 10, 64)
		_, notNumber := strconv.ParseUint(last, 0, 64)
		if notDecimal == nil || notNumber == nil || last == "0x" {
			return errors.New("the host is a number")
		}
	}
	port := u.Port()
	if port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return errors.New("the port is not a port")
		}
	}
	if u.Scheme == "http" && port == "80" || u.Scheme == "https" && port == "443" {
		port = ""
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	u.Host = host
	if port != "" {
		u.Host += ":" + port
	}
	return nil
}

// sameHost reports whether credentials for one address may go to the other:
// the same host and port, or the host's plain and its secure web server.
func sameHost(a, b *url.URL) bool {
	port := func(u *url.URL) string { return cmp.Or(u.Port(), "web") }
	return a.Hostname() == b.Hostname() && port(a) == port(b)
}

// redact is an address as the ledger and errors may show it: without a
// password and without the values that look like keys.
func redact(u *url.URL) string {
	if u == nil {
		return ""
	}
	v := *u
	v.User, v.Fragment, v.RawFragment = nil, "", ""
	if v.RawQuery != "" {
		parts := strings.FieldsFunc(v.RawQuery, func(r rune) bool { return r == '&' || r == ';' })
		for i, p := range parts {
			name, _, _ := strings.Cut(p, "=")
			if plain, err := url.QueryUnescape(name); err != nil || secretName(plain) {
				parts[i] = name + "=***"
			}
		}
		v.RawQuery = strings.Join(parts, "&")
	}
	s := botToken.ReplaceAllString(v.String(), "/bot***")
	if len(s) > 500 {
		s = s[:500] + "…"
	}
	return s
}

// botToken is how a token of Telegram stands in an address.
var botToken = regexp.MustCompile(`/bot[0-9]+(:|%3[Aa])[A-Za-z0-9_-]+`)

func secretName(s string) bool {
	s = strings.ToLower(s)
	for _, w := range []string{"token", "secret", "passw", "passwd", "passkey", "apikey", "signature", "credential", "session", "bearer", "jwt"} {
		if strings.Contains(s, w) {
			return true
		}
	}
	for _, w := range []string{"key", "sig", "auth", "pwd", "pass", "sid", "code", "hmac"} {
		if s == w || strings.HasSuffix(s, "_"+w) || strings.HasSuffix(s, "-"+w) {
			return true
		}
	}
	return false
}

// redactText is redact for an address that may not be one.
func redactText(s string) string {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil {
		return fmt.Sprintf("(an address of %d bytes)", len(s))
	}
	if u.Opaque != "" { // mailto:…, and what a missing // makes of user:pass@host
		return u.Scheme + ":…"
	}
	return redact(u)
}
