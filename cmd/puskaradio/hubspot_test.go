package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHubspotConfig: a channel of cases alone gets no alerts and no digests,
// though nothing is said of them, and cannot be given any.
func TestHubspotConfig(t *testing.T) {
	t.Setenv("PUSKARADIO_HUBSPOT_TOKEN", "pat-canary")
	load := func(more string) (*loaded, error) {
		file := filepath.Join(t.TempDir(), "puskaradio.yaml")
		config := `contact: it@acme.example
brands: [{id: acme, name: Acme}]
sources: [{id: blog, kind: feed, options: {url: "https://blog.example/feed.xml"}}]
channels: [{id: hub, kind: hubspot` + more + `}]
`
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		return loadConfig(file)
	}
	l, err := load(", options: {at: claimed}")
	if err != nil {
		t.Fatal(err)
	}
	if c := l.plan.Channels[0]; c.Alerts || c.Digests || c.Weekly || !c.Cases {
		t.Errorf("the channel: %+v", c)
	}
	if r := l.recipients(); len(r) != 1 || r[0].Gets != "cases with quotes, notes and customer keys" || r[0].Names {
		t.Errorf("who gets something: %+v", r)
	}
	if _, err := load(", alerts: true"); err == nil || !strings.Contains(err.Error(), "channels[0].alerts: a channel of kind hubspot is told of cases alone") {
		t.Errorf("with alerts: %v", err)
	}
}
