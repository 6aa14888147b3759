package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/puskaradio/puskaradio/trend"
)

var update = flag.Bool("update", false, "write what the tests want anew")

// golden compares with a file, or writes it with -update.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
	}
}

// setSecrets sets what the configurations of the tests need.
func setSecrets(t *testing.T) {
	t.Setenv("SLACK_BOT_TOKEN", "xoxb-canary")
	t.Setenv("SLACK_WEBHOOK", "https://hooks.slack.com/services/canary")
	t.Setenv("MASTODON_TOKEN", "canary")
	t.Setenv("SCORER_TOKEN", "canary")
	t.Setenv("OIDC_SECRET", "canary")
}

func configs(t *testing.T, kind string) []string {
	t.Helper()
	files, err := filepath.Glob("../../testdata/config/" + kind + "/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no %s configurations: %v", kind, err)
	}
	return files
}

func TestGoodConfigs(t *testing.T) {
	setSecrets(t)
	for _, file := range configs(t, "good") {
		if _, err := loadConfig(file); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// TestBadConfigs: what is wrong is said with its place, and all at once.
func TestBadConfigs(t *testing.T) {
	setSecrets(t)
	for _, file := range configs(t, "bad") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, err = parseConfig("puskaradio.yaml", text)
		if err == nil {
			t.Errorf("%s loads", file)
			continue
		}
		if strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: a secret in %v", file, err)
		}
		golden(t, strings.TrimSuffix(file, ".yaml")+".err", []byte(err.Error()+"\n"))
	}
}

func TestConfigValues(t *testing.T) {
	setSecrets(t)
	small, err := loadConfig("../../testdata/config/good/small.yaml")
	if err != nil {
		t.Fatal(err)
	}
	full, err := loadConfig("../../testdata/config/good/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	hours, sunday := full.plan.Reply.Hours["acme"], time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name      string
		got, want any
	}{
		{"data stands beside the file", small.Data, filepath.Join("..", "..", "testdata", "config", "good", "puskaradio-data")},
		{"zone", small.plan.Zone.String(), "Europe/Helsinki"},
		{"language", small.Language, "fi"},
		{"digest", small.plan.DigestAt, 8 * time.Hour},
		{"keep", small.plan.Keep, 365 * 24 * time.Hour},
		{"collect", small.plan.Collect, time.Second},
		{"data", full.Data, "/var/lib/puskaradio"},
		{"zone", full.plan.Zone.String(), "Europe/Stockholm"},
		{"digest", full.plan.DigestAt, 7*time.Hour + 30*time.Minute},
		{"keep", full.plan.Keep, 30 * 24 * time.Hour},
		{"collect", full.plan.Collect, time.Duration(0)},
		{"sensitivity", full.plan.Burst.Threshold, 4.1},
		{"remind by default", small.plan.Watch.Remind, 15 * time.Minute},
		{"remind", full.plan.Watch.Remind, time.Duration(0)},
		{"escalate after", full.plan.Watch.Escalate, time.Hour},
		{"escalate to", full.plan.Watch.EscalateTo, "hook"},
		{"budget", full.plan.Budget, 0.5},
		{"budget by default", small.plan.Budget, 1.0},
		{"topic", fmt.Sprintf("%.1f %g", full.plan.Rules.Topic.Threshold, full.plan.Rules.Topic.LeastPosts), "7.9 8"},
		{"topic by default", fmt.Sprintf("%.4f", small.plan.Rules.Topic.Threshold), fmt.Sprintf("%.4f", trend.TopicThreshold)},
		{"rating drop", *full.plan.Rules.Rating, trend.DropOptions{Fall: 0.125, Least: 20}},
		{"gone quiet", full.plan.Rules.Silence, false},
		{"gone quiet by default", small.plan.Rules.Silence, true},
		{"maintenance", full.plan.Windows[0].From, time.Date(2026, 12, 1, 21, 0, 0, 0, time.UTC)},
		{"maintenance again", full.plan.Windows[1].Every, "week"},
		{"least", full.plan.Burst.LeastPosts, 8.0},
		{"every", full.plan.Sources[1].Every, 90 * time.Second},
		{"about", full.plan.Sources[0].About, "acme"},
		{"channel language", full.plan.Channels[0].Lang, "fi"},
		{"channel language by default", full.plan.Channels[1].Lang, "en"},
		{"channel digest", full.plan.Channels[0].Digests, false},
		{"channel digest by default", full.plan.Channels[1].Digests, true},
		{"alias", full.plan.Brands[0].Aliases[1], "Äcmé"},
		{"delay", full.client.Delays["shop.example"], 250 * time.Millisecond},
		{"web listen", full.Web.Listen, "[::1]:9000"},
		{"oidc", full.oidc.Secret + " " + full.oidc.People["maija@acme.example"] + " " + string(full.oidc.Roles["press"]), "canary Maija agent"},
		{"no oidc", small.oidc == nil, true},
		{"web target", time.Duration(full.Web.Target), 10 * time.Minute},
		{"web warn", full.plan.Reply.Warn, 0.5},
		{"hours", hours.Between(sunday, sunday.AddDate(0, 0, 7)), 72 * time.Hour},
		{"zone of the hours", hours.After(sunday, time.Minute), time.Date(2026, 11, 22, 9, 1, 0, 0, time.UTC)},
		{"private", len(full.client.Private), 2},
	} {
		if c.got != c.want {
			t.Errorf("%s = %v, want %v", c.name, c.got, c.want)
		}
	}
}

func TestSecret(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		name, env, file string
		want, says      string
	}{
		{name: "environment", env: " xoxb-canary\n", want: "xoxb-canary"},
		{name: "file", file: file("good", "xoxb-canary\n", 0o600), want: "xoxb-canary"},
		{name: "both: the environment wins", env: "a", file: file("other", "b", 0o600), want: "a"},
		{name: "nothing", says: "the secret PUSKARADIO_TEST_SECRET is missing"},
		{name: "a file that all may read", file: file("open", "xoxb-canary", 0o644), says: "others may read"},
		{name: "a file that the group may read", file: file("group", "xoxb-canary", 0o640), says: "chmod 600"},
		{name: "an empty file", file: file("empty", " \n", 0o600), says: "is empty"},
		{name: "no file", file: filepath.Join(dir, "none"), says: "no such file"},
		{name: "a folder", file: dir, says: "PUSKARADIO_TEST_SECRET_FILE"},
	} {
		t.Setenv("PUSKARADIO_TEST_SECRET", c.env)
		t.Setenv("PUSKARADIO_TEST_SECRET_FILE", c.file)
		got, err := secret("PUSKARADIO_TEST_SECRET")
		if got != c.want || (err != nil) != (c.says != "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: secret = %q, %v, want %q, %q", c.name, got, err, c.want, c.says)
		}
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: the secret stands in %v", c.name, err)
		}
	}
}

func TestSuggest(t *testing.T) {
	known := []string{"language", "zone", "data"}
	for key, want := range map[string]string{
		"langauge": `did you mean "language"?`, "Zone": `did you mean "zone"?`, "dat": `did you mean "data"?`,
		"colour": "write one of: data, language, zone", "": "write one of: data, language, zone",
	} {
		if got := suggest(key, known); got != want {
			t.Errorf("suggest(%q) = %s, want %s", key, got, want)
		}
	}
}

// TestSchema: the schema is what editors are told, that of the structs as they
// are, and knows every key that the good configurations use.
func TestSchema(t *testing.T) {
	got := schemaOf(t)
	golden(t, "schema.json", got)
	if !*update && configSchema != string(got) {
		t.Error("puskaradio schema prints another one")
	}
	var schema map[string]any
	if err := json.Unmarshal(got, &schema); err != nil {
		t.Fatal(err)
	}
	for _, file := range configs(t, "good") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var value any
		if err := yaml.Unmarshal(text, &value); err != nil {
			t.Fatal(err)
		}
		for _, fault := range misfits(schema, value, "") {
			t.Errorf("%s: %s", file, fault)
		}
	}
	if misfits(schema, map[string]any{"contact": 5.0, "brands": []any{map[string]any{"nam": "x"}}}, "") == nil {
		t.Error("the schema takes anything")
	}
}

// misfits lists where a value is not what a schema says, as far as the schema
// of the configuration goes: types, keys, enums, and if and then on a kind.
func misfits(schema map[string]any, value any, where string) (faults []string) {
	if value == nil {
		return nil
	}
	if enum, ok := schema["enum"].([]any); ok {
		found := false
		for _, e := range enum {
			found = found || e == value
		}
		if !found {
			faults = append(faults, where+": not in the enum")
		}
	}
	switch v := value.(type) {
	case map[string]any:
		props, _ := schema["properties"].(map[string]any)
		for k, x := range v {
			p, ok := props[k].(map[string]any)
			switch {
			case ok:
				faults = append(faults, misfits(p, x, where+"."+k)...)
			case schema["additionalProperties"] == false:
				faults = append(faults, where+"."+k+": not known")
			}
		}
		all, _ := schema["allOf"].([]any)
		for _, a := range all {
			rule := a.(map[string]any)
			when := rule["if"].(map[string]any)["properties"].(map[string]any)["kind"].(map[string]any)["const"]
			if when == v["kind"] {
				faults = append(faults, misfits(rule["then"].(map[string]any), value, where)...)
			}
		}
	case []any:
		items, ok := schema["items"].(map[string]any)
		if !ok {
			return append(faults, where+": no list")
		}
		for _, x := range v {
			faults = append(faults, misfits(items, x, where+"[]")...)
		}
	case string:
		if schema["type"] != "string" && schema["type"] != nil {
			faults = append(faults, where+": no text")
		}
	case bool:
		if schema["type"] != "boolean" {
			faults = append(faults, where+": not true or false")
		}
	default:
		if schema["type"] != "number" && schema["type"] != "integer" {
			faults = append(faults, where+": no number")
		}
	}
	return faults
}

func FuzzConfig(f *testing.F) {
	f.Setenv("SLACK_BOT_TOKEN", "xoxb-canary")
	for _, pattern := range []string{"good", "bad"} {
		files, err := filepath.Glob("../../testdata/config/" + pattern + "/*.yaml")
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	for _, s := range []string{"a: &a [*a]", "<<: {contact: x}", "? - a\n: b", "{}", "- 1", "!!binary x: y", "contact: *nobody", "---\n---\n", "contact: |\n", "\"contact\": x\nbrands: [null, ~, 1]"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := parseConfig("puskaradio.yaml", text)
		switch {
		case err == nil && (l == nil || l.plan == nil || l.client == nil || len(l.plan.Brands) == 0):
			t.Errorf("parseConfig = %+v without an error", l)
		case err != nil && !strings.HasPrefix(err.Error(), "puskaradio.yaml:"):
			t.Errorf("parseConfig = %v: no place is named", err)
		}
	})
}

// TestModelTakesItsTime: what the configuration lets a model take, no limit of
// the client that asks it cuts short.
func TestModelTakesItsTime(t *testing.T) {
	file := filepath.Join(t.TempDir(), "puskaradio.yaml")
	config := `contact: it@acme.example
brands: [{id: acme, name: Acme}]
sources: [{id: blog, kind: feed, options: {url: "https://blog.example/feed"}}]
sentiment: {external: {url: "http://127.0.0.1:8080/score", timeout: 5m}}
answers: {model: {url: "http://127.0.0.1:11434/v1", model: tiny, timeout: 5m}}
`
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := loadConfig(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, hc := range map[string]*http.Client{"external": l.plan.External.Client, "drafter": l.plan.Drafter.Client} {
		first := hc.Transport.(*http.Transport).ResponseHeaderTimeout
		for what, limit := range map[string]time.Duration{"an answer": hc.Timeout, "its first byte": first} {
			if limit != 0 && limit < 5*time.Minute {
				t.Errorf("%s: %s may take %v", name, what, limit)
			}
		}
	}
}
