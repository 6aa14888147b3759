package crawler

import (
	"net/url"
	"strings"
)

// HostOf is the host that a connector asks most, in lower case and without a
// port; empty if it is not known. Sources of one host are read one after
// another, so that they do not wait for each other's turn.
func HostOf(c Connector) string {
	address := ""
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
		address = c.Server
	case *wordPress:
		address = c.Site
	case *appStore:
		address = "https://itunes.apple.com"
	}
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}
