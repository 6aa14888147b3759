package puskaradio_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// layers says which of our packages each may import. A package that is not
// here fails the test: add it, and say in DESIGN or an ADR what it is for.
var layers = map[string][]string{
	"":                   {},
	"crawler":            {""},
	"sentiment":          {""},
	"internal/fault":     {},   // names places for tests; does nothing in a release
	"internal/under":     {},   // opens files under their folder
	"internal/crowd":     {""}, // made-up talk for benchmarks
	"internal/jetstream": {},   // a server of posts for tests
	"internal/chromium":  {},   // a browser for tests
	"internal/postgres":  {},   // a PostgreSQL for tests
	"store":              {"", "internal/fault", "internal/under"},
	"trend":              {""},
	"notify":             {""},
	"monitor":            {"", "crawler", "sentiment", "store", "trend", "notify", "internal/fault"},
	"web":                {"", "store", "trend"},
	"cmd/puskaradio":     {"", "crawler", "sentiment", "store", "trend", "notify", "monitor", "web", "internal/under"},
}

func TestImportsPointLeft(t *testing.T) {
	const module = "github.com/puskaradio/puskaradio"
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	room := func(path string) string { return strings.TrimPrefix(strings.TrimPrefix(path, module), "/") }
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		name := room(f[0])
		allowed, ok := layers[name]
		if !ok {
			t.Errorf("%s is in no layer", name)
		}
		for _, path := range f[1:] {
			if !strings.HasPrefix(path, module) {
				continue
			}
			if to := room(path); !slices.Contains(allowed, to) {
				t.Errorf("%s must not import %q", name, to)
			}
		}
	}
}
