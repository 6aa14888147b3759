package crawler

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

// minimal are the least options of a kind.
func minimal(kind string) json.RawMessage { return json.RawMessage(kinds[kind].Example) }

// anySecret is a secret of any name: a key where the name asks for one.
func anySecret(name string) (string, error) {
	if key, ok := keySecret(name); ok {
		return key, nil
	}
	return "secret-of-" + name, nil
}

func TestKinds(t *testing.T) {
	if !slices.IsSorted(Kinds()) {
		t.Errorf("Kinds = %q", Kinds())
	}
	for _, name := range Kinds() {
		k, ok := KindOf(name)
		if !ok || k.Name != name || !strings.HasSuffix(k.Reads, ".") || k.Genre == "" || k.Every < time.Minute || k.Terms.Note == "" || Options(name) == nil {
			t.Errorf("KindOf(%s) = %+v, %v", name, k, ok)
		}
		if _, err := time.Parse(time.DateOnly, k.Terms.Checked); err != nil {
			t.Errorf("%s: terms checked %v", name, err)
		}
		if _, err := New(name, minimal(name), anySecret); err != nil {
			t.Errorf("New(%s, %s) = %v", name, minimal(name), err)
		}
		if _, err := New(name, nil, nil); err == nil && k.Example != `{}` {
			t.Errorf("New(%s) without options = nil", name)
		}
		a, _ := New(name, minimal(name), anySecret)
		if b, _ := New(name, minimal(name), anySecret); a == b {
			t.Errorf("New(%s) gives the same connector twice", name)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, tt := range []struct{ kind, options, want string }{
		{"nope", `{}`, `"nope" is unknown; there are appstore, `},
		{"feed", `{"url":"https://b.example","pgaes":2}`, `option "pgaes" is unknown; there are url, pages, genre`},
		{"feed", `{"url":"https://b.example","pages":"2"}`, `option "pages" is a string`},
		{"feed", `[]`, "not a JSON object"},
		{"feed", `{"url":"ftp://b.example"}`, "only http and https"},
		{"feed", `{"url":"https://me:hunter2@b.example"}`, "a name or a password"},
		{"feed", `{"url":"https://b.example","genre":"gossip"}`, `genre "gossip"`},
		{"reviews", `{"url":"https://b.example","include":"("}`, "include"},
		{"reviews", `{"url":"https://b.example","include":"` + strings.Repeat("a", 1025) + `"}`, "longer than 1 KiB"},
		{"reviews", `{"url":"https://b.example","follow":"links"}`, "include is missing"},
		{"reviews", `{"url":"https://b.example","max_pages":-1,"follow":"x"}`, "max_pages -1"},
		{"mastodon", `{"server":"m.example/x","tags":["a b"]}`, "without a path"},
		{"mastodon", `{"server":"m.example","search":true}`, "token_env is missing"},
		{"mastodon", `{"server":"m.example","tags":["a"],"token_env":"T"}`, "no secrets"},
		{"wordpress", `{"site":"https://w.example","skip_comments":true}`, "leaves nothing"},
		{"appstore", `{"app":"x"}`, "not a number"},
	} {
		_, err := New(tt.kind, json.RawMessage(tt.options), nil)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("New(%s, %.60s) = %v, want %q", tt.kind, tt.options, err, tt.want)
		}
	}
}

// TestCursors gives every kind a cursor that is none: an error, no new start.
func TestCursors(t *testing.T) {
	for _, name := range Kinds() {
		con, err := New(name, minimal(name), anySecret)
		if err != nil {
			t.Fatal(err)
		}
		c := local(t)
		c.wire = wire(nil)
		if _, err := con.Fetch(t.Context(), c, Query{Cursor: []byte("{")}); err == nil || !strings.Contains(err.Error(), "cursor") {
			t.Errorf("%s: Fetch with a broken cursor = %v", name, err)
		}
	}
}

func TestReserved(t *testing.T) {
	for v, want := range map[string]bool{
		"noindex": true, "NONE": true, "nofollow": false, "max-snippet:-1, noindex": true, "puskaradio: noindex": true,
		"googlebot: noindex": false, "unavailable_after: 2027-01-01": false, "googlebot: nofollow, noindex": false,
	} {
		if got := reserved(map[string][]string{"X-Robots-Tag": {v}}, "puskaradio"); got != want {
			t.Errorf("reserved(%q) = %v", v, got)
		}
	}
	if !reserved(map[string][]string{"Tdm-Reservation": {"1"}}, "") {
		t.Error("reserved(tdm-reservation) = false")
	}
}

func TestMarks(t *testing.T) {
	var m marks
	for i, name := range []string{"a", "b", "c", "a"} {
		if got, want := m.add(name, 2), true; got != want { // a was forgotten
			t.Errorf("add #%d = %v, want %v", i, got, want)
		}
	}
	if m.add("a", 2) || m.knows("b") || !m.knows("c") {
		t.Errorf("marks = %x", m)
	}
}
