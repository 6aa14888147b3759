package crawler

import (
	"net/url"
	"strings"
)

// AddressOf is the address that a connector asks most; empty if it is not
// known. api says that it is a programming interface, which robots.txt does
// not speak of.
func AddressOf(c Connector) (address string, api bool) {
	if h, ok := c.(interface{ home() (string, bool) }); ok {
		address, api = h.home()
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
