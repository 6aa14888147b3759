package main

import (
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/web"
)

type oidcConfig struct {
	Name       string                     `json:"name" jsonschema:"required,description=What people call it: the button says Sign in with this"`
	Issuer     string                     `json:"issuer" jsonschema:"required,description=Its address such as https://login.acme.example/realms/acme; its endpoints are found from there. The address to register there is that of link with /in/oidc/back"`
	Client     string                     `json:"client" jsonschema:"required,description=The id that it gave this program"`
	SecretEnv  string                     `json:"secret_env,omitempty" jsonschema:"description=The environment variable that holds the secret it gave; none is sent unless said"`
	Claim      string                     `json:"claim,omitempty" jsonschema:"description=The claim that says who somebody is; the verified mail address unless said. It must be one that people cannot change themselves"`
	TrustEmail bool                       `json:"trust_email,omitempty" jsonschema:"description=Whether an address is good of which the issuer does not say that it is verified; one that it says is not verified is never; false unless said"`
	People     map[string]string          `json:"people,omitempty" jsonschema:"description=The names of puskaradio user by what the claim says; who is not here goes by what the claim says"`
	Scopes     []string                   `json:"scopes,omitempty" jsonschema:"description=What is asked for besides openid; email unless said"`
	Groups     string                     `json:"groups,omitempty" jsonschema:"description=The claim that lists the groups of somebody; groups unless said"`
	Roles      map[string]puskaradio.Role `json:"roles,omitempty" jsonschema:"description=What the members of a group may who are not listed by puskaradio user; nothing unless said"`
}

// checkOIDC checks who signs people in, and takes the secret from where it is.
func (l *loaded) checkOIDC(d *decoder) {
	c := l.Web.OIDC
	if c == nil {
		return
	}
	fault := func(key, format string, args ...any) {
		d.fault(l.node("web", "oidc", key), "web.oidc."+key+": "+format, args...)
	}
	for key, v := range map[string]string{"name": c.Name, "client": c.Client} {
		if strings.TrimSpace(v) == "" || web.NameOf(v) != v && key == "name" {
			fault(key, "%q: write what the issuer is called, and what it calls this program", v)
		}
	}
	u, err := url.Parse(c.Issuer)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || u.Scheme != "https" && !(u.Scheme == "http" && isLoopback(u.Hostname())) {
		fault("issuer", "%q is no address of an issuer; write one such as https://login.acme.example", c.Issuer)
	}
	if link, err := url.Parse(l.Link); err != nil || link.Host == "" || link.Scheme != "https" && !(link.Scheme == "http" && isLoopback(link.Hostname())) {
		fault("issuer", "link: %q: the issuer must send people back to the dashboard; write the address that they reach it at as link: https://…", l.Link)
	}
	for _, group := range slices.Sorted(maps.Keys(c.Roles)) {
		if role := c.Roles[group]; !slices.Contains(puskaradio.Roles(), role) {
			fault("roles", "%s: %q: write reader, agent or owner", group, role)
		}
	}
	for _, value := range slices.Sorted(maps.Keys(c.People)) {
		if name := c.People[value]; checkName(name) != nil {
			fault("people", "%s: %q is no name; write one of puskaradio user", value, name)
		}
	}
	l.oidc = &web.OIDC{
		Name: c.Name, Issuer: c.Issuer, Client: c.Client, Claim: c.Claim, TrustEmail: c.TrustEmail,
		Scopes: c.Scopes, People: c.People, Groups: c.Groups, Roles: c.Roles,
	}
	if c.SecretEnv != "" {
		if l.oidc.Secret, err = secret(c.SecretEnv); err != nil {
			fault("secret_env", "%v", err)
		}
	}
}

// isLoopback reports whether a host is this machine.
func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
