package web

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/puskaradio/puskaradio"
)

// TestRead: the house reads what a reader's token reads, to the byte, without
// one; what is wrong is said, and no route that writes is there.
func TestRead(t *testing.T) {
	p := newPlace(t)
	secret := p.token("root", puskaradio.Reader)
	given := map[string]string{"brand": "acme", "date": "2026-11-20"}
	fill := strings.NewReplacer("{brand}", "acme", "{date}", "2026-11-20", "{id}", "x")
	for pattern, e := range p.server.endpoints() {
		method, path, _ := strings.Cut(pattern, " ")
		if method != "GET" {
			if _, err := p.server.Read(t.Context(), path, nil); !errors.Is(err, puskaradio.ErrNotFound) {
				t.Errorf("%s is read: %v", pattern, err)
			}
			continue
		}
		ask, query := map[string]string{}, ""
		for name, value := range given {
			if strings.Contains(path, "{"+name+"}") {
				ask[name] = value
			}
		}
		for _, name := range e.params {
			if name == "brand" {
				ask[name], query = "acme", "?brand=acme"
			}
		}
		got, err := p.server.Read(t.Context(), path, ask)
		if err != nil {
			if !strings.Contains(path, "{id}") || !errors.Is(err, puskaradio.ErrNotFound) {
				t.Errorf("Read %s: %v", path, err)
			}
			continue
		}
		b, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if w := p.ask(secret, "GET", apiRoot+fill.Replace(path)+query, ""); w.Code != 200 || strings.TrimSpace(w.Body.String()) != string(b) {
			t.Errorf("%s: Read gives %.200s, the API %d %.200s", path, b, w.Code, w.Body.String())
		}
	}
	for _, tt := range []struct{ what, name, value, want string }{
		{"mentions", "nosuch", "x", "nosuch: there is no such parameter here"},
		{"mentions", "limit", "9999", "limit: it is not as it must be"},
		{"mentions", "brand", "../x", "brand: it is not as it must be"},
		{"series", "", "", "brand: say which brand"},
		{"digests/{brand}/{date}", "brand", "../../tokens", "not found"},
		{"nosuch", "", "", "not found"},
		{"../in", "", "", "not found"},
	} {
		ask := map[string]string{}
		if tt.name != "" {
			ask[tt.name] = tt.value
		}
		if got, err := p.server.Read(t.Context(), tt.what, ask); err == nil || err.Error() != tt.want {
			t.Errorf("Read %s %v = %v, %v, want %q", tt.what, ask, got, err, tt.want)
		}
	}
}
