package main

import (
	"cmp"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/puskaradio/puskaradio/web"
)

// checkHook checks who may send signed messages, and takes the secrets from
// where they are.
func (l *loaded) checkHook(d *decoder) {
	c := l.Web.Hook
	if c == nil {
		return
	}
	name := cmp.Or(c.Name, "crm")
	if web.NameOf(name) != name {
		d.fault(l.node("web", "hook", "name"), "web.hook.name: %q is no name; write one such as crm", c.Name)
	}
	for i, id := range c.Brands {
		if !slices.ContainsFunc(l.Brands, func(b brandConfig) bool { return b.ID == id }) {
			d.fault(l.node("web", "hook", "brands", i), "web.hook.brands: there is no brand %q", id)
		}
	}
	l.hook = &web.Hook{Name: name + " (hook)", Brands: c.Brands}
	env := cmp.Or(c.SecretEnv, "PUSKARADIO_HOOK_SECRET")
	v, err := secret(env)
	if err != nil {
		d.fault(l.node("web", "hook"), "web.hook: %v", err)
		return
	}
	for one := range strings.FieldsSeq(v) {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(one, "whsec_"))
		if err != nil || len(key) < 24 {
			d.fault(l.node("web", "hook"), "web.hook: %s does not hold a secret: make one with: echo whsec_$(head -c 32 /dev/urandom | base64)", env)
			return
		}
		l.hook.Keys = append(l.hook.Keys, key)
	}
}
