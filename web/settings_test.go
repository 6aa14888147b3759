package web

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

const settingsFile = "brands:\n  - id: acme\n    name: Acme <b>\nchannels:\n  - id: slack\n    kind: slack\n    options: {channel: C0123, token: \"hunter2\", token_env: SLACK_BOT_TOKEN}\n"

func (p *place) Configured(context.Context) (Configured, error) {
	return Configured{File: "puskaradio.yaml", Text: settingsFile, Keep: 365 * 24 * time.Hour, Channels: []Channel{{ID: "slack", Kind: "slack", Lang: "fi", Alerts: true}}}, nil
}

func (p *place) TestChannel(_ context.Context, id string) (string, error) {
	return "C0123/17", p.do1("test " + id)
}

func (p *place) TestSource(_ context.Context, id string) (Crawled, error) {
	if id == "forum" {
		return Crawled{}, errors.New("get https://user:geheim@forum.example/: status 403: refused")
	}
	return Crawled{Pages: 2, Items: 40, New: 3, Faults: []string{"a page without a date"}}, p.do1("read " + id)
}

// TestSettings: an owner sees the file with its lines and no secrets, and tries
// what stands in it; nobody else does.
func TestSettings(t *testing.T) {
	p := newPlace(t)
	olli, ville := p.join("Olli", puskaradio.Owner), p.join("Ville", puskaradio.Agent)
	page := olli.get("/settings")
	wants(t, "settings", page, "<li><code>    name: Acme &lt;b&gt;</code></li>", "token_env: SLACK_BOT_TOKEN", masked, "1 lines hold what looks like a secret", "365 days, as configured", "Send a test message", "Read it now", `href="/people"`, `href="/tokens"`)
	if contains(page, "hunter2") || strings.Count(page, "<li><code>") != 7 {
		t.Errorf("the file: %s", page)
	}
	wants(t, "fi", olli.get("/settings?lang=fi"), "Asetukset", "Lähetä koeviesti", "365 päivää, asetusten mukaan")
	try := func(who *person, do, id string) (int, string) {
		w := who.do("POST", "/settings/try", url.Values{"do": {do}, "id": {id}}, nil)
		return w.Code, w.Body.String()
	}
	for _, tt := range []struct {
		do, id string
		code   int
		text   string
	}{
		{"channel", "slack", 200, "A test message went to slack (C0123/17)."},
		{"source", "shop", 200, "shop was read: 2 pages, 40 texts, 3 new, 0 changed, 0 deleted."},
		{"source", "forum", 502, "status 403: refused"},
		{"channel", "nobody", 404, "no such page"},
		{"source", "slack", 404, "no such page"},
		{"erase", "shop", 400, "could not be read"},
	} {
		code, text := try(olli, tt.do, tt.id)
		if code != tt.code || !contains(text, tt.text) || contains(text, "geheim") {
			t.Errorf("%s %s: %d %s", tt.do, tt.id, code, text)
		}
	}
	if code, _ := try(ville, "channel", "slack"); code != 403 {
		t.Errorf("an agent tests: %d", code)
	}
	if got := strings.Join(p.done, ", "); got != "test slack, read shop" {
		t.Errorf("did %s", got)
	}
	wants(t, "the log", olli.get("/log"), "tested a channel", "tested a source", "forum")
	if contains(ville.get("/inbox"), "/settings") {
		t.Error("an agent is shown the way to the settings")
	}
}

func TestMask(t *testing.T) {
	for give, want := range map[string]string{
		"    token: hunter2":                                       "    token: " + masked,
		"  password: \"a b c\"":                                    "  password: " + masked,
		"    token_env: SLACK_BOT_TOKEN":                           "    token_env: SLACK_BOT_TOKEN",
		"    url: https://shop.example/reviews?page=2":             "    url: https://shop.example/reviews?page=2",
		"    url: https://u:p@shop.example/":                       "    url: https://" + masked + "@shop.example/",
		"    url: https://shop.example/?api_key=abc&x=1":           "    url: https://shop.example/?api_key=" + masked + "&x=1",
		"  # xoxb-1234567890-abcdef":                               "  # " + masked,
		"url: https://hooks.slack.com/services/T0/B0/xyz":          "url: https://hooks.slack.com/services/" + masked,
		"options: {key_env: A, secret: 'x, y', channel: C0}":       "options: {key_env: A, secret: " + masked + ", channel: C0}",
		"  x: 0123456789abcdef0123456789abcdef":                    "  x: " + masked,
		"  # yaml-language-server: $schema=puskaradio.schema.json": "  # yaml-language-server: $schema=puskaradio.schema.json",
		"  - postitoimipaikka-ja-verkkokaupan-palautusosoite-2026": "  - postitoimipaikka-ja-verkkokaupan-palautusosoite-2026",
		"    key: |":                            "    key: " + masked,
		"  x: k3JdP0sQ9vXz1LmN8bTr7WcYhAfGuEoi": "  x: " + masked,
	} {
		if got := maskLine(give); got != want {
			t.Errorf("%q: got %q, want %q", give, got, want)
		}
	}
	if got := maskText("a:\n  key: |\n    geheim\n\n    auch\nb: 2"); got != "a:\n  key: "+masked+"\n    "+masked+"\n\n    "+masked+"\nb: 2" {
		t.Errorf("a block: %q", got)
	}
	pem := "a: 1\nkey: |\n  -----BEGIN PRIVATE KEY-----\n  MIIB\n  -----END PRIVATE KEY-----\nb: 2"
	if got := maskText(pem); strings.Contains(got, "MIIB") || !strings.HasSuffix(got, "\nb: 2") || strings.Count(got, "\n") != 5 {
		t.Errorf("a key in lines: %q", got)
	}
}

// FuzzMask: no line is added or lost, and a secret under its name is never shown.
func FuzzMask(f *testing.F) {
	for _, s := range []string{settingsFile, "a: |\n -----BEGIN X-----\n", "token:\t\"", "- token: x", "\xff\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		const secret = "Zq7geheimWort"
		if strings.Contains(s, "-----") || strings.Contains(s, secret) {
			return
		}
		lines := append(strings.Split(s, "\n"), "  api_token: "+secret)
		got, changed := maskLines(lines)
		if len(got) != len(lines) || changed < 1 || strings.Contains(strings.Join(got, "\n"), secret) {
			t.Errorf("%q: %q", lines, got)
		}
	})
}
