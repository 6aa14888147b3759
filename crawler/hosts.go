package crawler

import (
	"cmp"
	"net/url"
	"strings"
)

// AddressOf is the address that a connector asks most; empty if it is not
// known. api says that it is a programming interface, which robots.txt does
// not speak of.
func AddressOf(c Connector) (address string, api bool) {
	switch c := c.(type) {
	case *reviews:
		for _, a := range append([]string{c.URL, c.Sitemap}, c.URLs...) {
			if address == "" {
				address = a
			}
		}
	case *feed:
		address = c.URL
	case *mastodonTags:
		address, api = c.Server, true
	case *bluesky:
		address, api = cmp.Or(c.Server, blueskyHome), true
	case *wordPress:
		address = c.Site
	case *appStore:
		address, api = "https://itunes.apple.com", true
	}
	if address != "" && !strings.Contains(address, "://") {
		address = "https://" + address
	}
	return address, api
}

// HostOf is the host of that address, in lower case and without a port.
// Sources of one host are read one after another, so that they do not wait for
// each other's turn.
func HostOf(c Connector) string {
	address, _ := AddressOf(c)
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}
