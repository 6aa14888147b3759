package main

import (
	"strings"
	"testing"
)

func TestHookConfig(t *testing.T) {
	const config = "contact: a@acme.example\nbrands: [{id: acme, name: Acme}]\nsources: [{id: blog, kind: feed, options: {url: \"https://b.example/f\"}}]\nweb: {hook: {}}\n"
	one, two := "whsec_"+strings.Repeat("AAAA", 8), strings.Repeat("BBBB", 11)
	for _, tt := range []struct {
		config, secret, want string
		keys                 int
	}{
		{config, one, "", 1},
		{config, one + "  " + two, "", 2},
		{config, "", "PUSKARADIO_HOOK_SECRET is missing", 0},
		{config, "whsec_AAAA", "does not hold a secret", 0},
		{config, one + " canary-secret", "does not hold a secret", 0},
		{strings.Replace(config, "{}", "{brands: [bolt]}", 1), one, `there is no brand "bolt"`, 0},
		{strings.Replace(config, "{}", `{name: "a\tb"}`, 1), one, "is no name", 0},
		{strings.Replace(config, "{hook: {}}", "{}", 1), "", "", 0},
	} {
		t.Setenv("PUSKARADIO_HOOK_SECRET", tt.secret)
		l, err := parseConfig("puskaradio.yaml", []byte(tt.config))
		if tt.want != "" {
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "canary") {
				t.Errorf("%q: %v, want %q", tt.secret, err, tt.want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", tt.secret, err)
			continue
		}
		if tt.keys == 0 && l.hook != nil || tt.keys > 0 && (len(l.hook.Keys) != tt.keys || l.hook.Name != "crm (hook)") {
			t.Errorf("%q: %+v", tt.secret, l.hook)
		}
	}
}
