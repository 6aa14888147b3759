package chromium_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/puskaradio/puskaradio/internal/chromium"
)

// TestTab: what should not happen on a page is heard when it happens, and
// nothing is heard of a page that does what it should.
func TestTab(t *testing.T) {
	const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'"
	pages := map[string]struct{ policy, body, fault string }{
		"/good":    {policy, `<p lang=en>good</p>`, ""},
		"/style":   {policy, `<p style="color:red">x</p>`, "policy: style-src"},
		"/image":   {policy, `<img src=data:image/gif;base64,R0lGODlhAQABAAAAACw= alt="">`, "policy: img-src"},
		"/script":  {policy, `<script>1</script>`, "policy: script-src"},
		"/away":    {"", `<img src="http://127.0.0.2:1/x.png" alt="">`, "it asked for http://127.0.0.2:1/x.png"},
		"/far":     {"", `<img src="http://example.com/x.png" alt="">`, "ERR_NAME_NOT_RESOLVED"},
		"/dialog":  {"", `<script>alert("hello")</script>`, "a dialog: hello"},
		"/throw":   {"", `<script>throw new Error("oh")</script>`, "exception"},
		"/console": {"", `<script>console.error("oh")</script>`, "console.error"},
		"/window":  {"", `<script>open("/good")</script>`, "window"},
		"/missing": {"", `<img src=/none.png alt="">`, "/none.png: status 404"},
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, ok := pages[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		if p.policy != "" {
			w.Header().Set("Content-Security-Policy", p.policy)
		}
		fmt.Fprintf(w, "<!doctype html><html lang=en><head><link rel=icon href=/good><title>x</title></head><body>%s</body></html>", p.body)
	}))
	defer srv.Close()
	b := chromium.Start(t)
	x := b.Tab(t, srv.URL, chromium.Look{Width: 320, Scripts: true})
	for path, p := range pages {
		before := len(x.Faults())
		x.Open(path)
		chromium.Ask[bool](x, "new Promise(done => setTimeout(() => done(true), 50))")
		faults := x.Faults()[before:]
		if path == "/good" && (len(faults) > 0 || x.Weight() < 100) {
			t.Errorf("%s: %q, %d bytes", path, faults, x.Weight())
		}
		if !slices.ContainsFunc(faults, func(s string) bool { return strings.Contains(s, p.fault) }) && p.fault != "" {
			t.Errorf("%s: %q, want %q", path, faults, p.fault)
		}
	}
	x = b.Tab(t, srv.URL, chromium.Look{Width: 320})
	for _, path := range []string{"/dialog", "/throw", "/console", "/window"} {
		x.Open(path)
	}
	if faults := x.Faults(); len(faults) > 0 {
		t.Errorf("without scripts: %q", faults)
	}
}
