//go:build !race

// The race detector makes this a matter of minutes, and has nothing to find in
// it that it does not find elsewhere.

package web

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/internal/chromium"
)

// census counts, in a browser, what a text must never become: elements that
// run, load, lead or ask, and attributes that do. The document is what its
// argument says.
const census = `(d => {
	const n = {};
	for (const e of d.querySelectorAll("*")) {
		if (/^(script|iframe|frame|frameset|fencedframe|portal|object|embed|applet|base|meta|link|form|style|svg|math|img|image|picture|video|audio|track|source|template|marquee|dialog|textarea|button|input|select|noscript|body|html|title)$/i.test(e.localName)) n[e.localName] = (n[e.localName] || 0) + 1;
		for (const a of e.attributes) {
			if (/^on|^style$|^srcdoc$|^formaction$|^action$|^hx-|^x-|^popover|^is$|^slot$|^accesskey$|^autofocus$|^contenteditable$|^name$|^id$/i.test(a.name)) n["@" + a.name] = (n["@" + a.name] || 0) + 1;
			if (/^(href|src|action|formaction|data|ping|xlink:href)$/i.test(a.name) && !/^(https?:|\/(?![\/\\])|#content$)/.test(a.value)) n["to " + a.value] = 1;
		}
	}
	return JSON.stringify(Object.entries(n).sort());
})`

// TestHostileTextsInChromium: a browser that runs scripts makes of payloads
// what it makes of harmless texts, on every page. Nothing opens, nothing is
// reported, and nobody else is asked. Pages that show one payload are read by
// the browser's own parser; those that show all of them are shown.
func TestHostileTextsInChromium(t *testing.T) {
	payloads := payloads(t)
	harmless := make([]string, len(payloads))
	for i := range payloads {
		harmless[i] = fmt.Sprint("harmless ", i)
	}
	b := chromium.Start(t)
	want := censuses(t, b, harmless, 1)
	got := censuses(t, b, payloads, len(payloads))
	if len(got) < len(payloads)*3 {
		t.Fatalf("%d pages", len(got))
	}
	for name, n := range got {
		kind, _, _ := strings.Cut(name, " ") // of single ones
		if w, ok := want[name]; n != cmp.Or(w, want[kind+" 0"]) || !ok && want[kind+" 0"] == "" {
			t.Errorf("%s has %s, want %s", name, n, cmp.Or(w, want[kind+" 0"]))
		}
	}
	// The census sees what a page would be that wrote texts as they are.
	raw, err := json.Marshal(payloads)
	if err != nil {
		t.Fatal(err)
	}
	x := b.Tab(t, "about://", chromium.Look{Width: 320, Scripts: true})
	n := chromium.Ask[int](x, `(c => `+string(raw)+`.filter(s => c(new DOMParser().parseFromString('<p title="' + s + '">' + s + "</p>", "text/html")) !== c(new DOMParser().parseFromString("<p></p>", "text/html"))).length)(`+census+`)`)
	if n < len(payloads)*2/3 {
		t.Errorf("the census sees %d of %d payloads", n, len(payloads))
	}
	t.Logf("%d payloads on %d pages; written as they are, %d of them change a page", len(payloads), len(got), n)
}

// censuses are those of all pages that say texts, and of those that say one of
// the first few, by name.
func censuses(t *testing.T, b *chromium.Browser, texts []string, singles int) map[string]string {
	p, _, ids := hostilePlace(t, texts)
	all := puskaradio.Alert{ID: "ALL", Brand: "acme", Rule: puskaradio.RuleSpike, Words: texts, Decided: testNow, State: "open"}
	m := hostile(texts[0])
	m.Ref, m.Score.Words = "all", texts
	for i, s := range texts {
		x := hostile(s)
		all.Quotes = append(all.Quotes, puskaradio.QuoteOf(ids[i], &x))
		m.Versions = append(m.Versions, x.Versions...)
		m.Score.Aspects = append(m.Score.Aspects, x.Score.Aspects...)
	}
	if _, err := p.store.AddAlert(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	whole := string(p.add(m)[0])
	srv := httptest.NewServer(p.server)
	defer srv.Close()
	out := map[string]string{}
	x := b.Tab(t, srv.URL, chromium.Look{Width: 1280, Scripts: true})
	x.Open("/in?ticket=" + p.server.Ticket())
	x.Type("input[name=who]", "Pekka")
	x.Each = func(x *chromium.Tab) {
		name := strings.NewReplacer(srv.URL, "", whole, "ALL").Replace(x.URL())
		if i := strings.Index(name, "after="); i >= 0 {
			name = fmt.Sprint(name[:i], len(out))
		}
		out[name] = chromium.Ask[string](x, census+"(document)")
	}
	x.Press("form button")
	for x.Open("/inbox"); x.Has("a[rel=next]"); {
		x.Press("a[rel=next]")
	}
	for _, path := range []string{"/mentions", "/digest/2026-11-21", "/a/ALL", "/m/" + whole, "/trends?period=7d", "/rehearse", "/sources", "/people", "/log"} {
		x.Open(path)
	}

	var single []struct{ Name, Path string }
	add := func(path string, i int, link string) {
		single = append(single, struct{ Name, Path string }{fmt.Sprint(path, " ", i), link})
	}
	for i, s := range texts[:singles] {
		add("mention", i, "/m/"+string(ids[i]))
		add("alert", i, fmt.Sprint("/a/ALERT", i))
		add("search", i, "/mentions?"+form("q", s, "date", s, "source", s, "label", s, "brand", s, "said", s).Encode())
	}
	// It is asked past the policy of the pages.
	y := b.Tab(t, srv.URL, chromium.Look{Width: 1280, Scripts: true, Lawless: true})
	y.Open("/in?ticket=" + p.server.Ticket())
	y.Type("input[name=who]", "Olli")
	y.Press("form button")
	for some := range slices.Chunk(single, 60) {
		links, err := json.Marshal(some)
		if err != nil {
			t.Fatal(err)
		}
		for _, pair := range chromium.Ask[[][2]string](y, `Promise.all(`+string(links)+`.map(async one => {
			const answer = await fetch(one.Path);
			return [one.Name, answer.status + " " + `+census+`(new DOMParser().parseFromString(await answer.text(), "text/html"))];
		}))`) {
			out[pair[0]] = pair[1]
		}
	}
	for _, x := range []*chromium.Tab{x, y} {
		if faults := x.Faults(); len(faults) > 0 || x.Hosts() != 1 {
			t.Errorf("the browser complains: %q, of %d hosts", faults, x.Hosts())
		}
	}
	return out
}
