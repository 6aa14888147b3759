package web

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/internal/chromium"
)

// keyed presses a key where the focus is.
func keyed(x *chromium.Tab, key string) {
	chromium.Ask[bool](x, fmt.Sprintf(`document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key: %q, bubbles: true, cancelable: true})), true`, key))
}

// until waits for something to be so in a page, for some seconds.
func until(t *testing.T, x *chromium.Tab, what string) {
	t.Helper()
	for range 150 { // a page that is on its way cannot be asked
		time.Sleep(300 * time.Millisecond)
		if chromium.Ask[bool](x, "Boolean("+what+")") {
			return
		}
	}
	t.Fatalf("%s: it is not so that %s", x.URL(), what)
}

// TestKeysInChromium: keys move through the list, take, close and undo, and do
// nothing while somebody writes, nor when they are switched off; what is new is
// said without the list moving.
func TestKeysInChromium(t *testing.T) {
	p := newPlace(t)
	ids := p.several(3)
	p.server.every = 100 * time.Millisecond
	var late atomic.Int64
	p.server.now = func() time.Time { return testNow.Add(time.Duration(late.Load())) }
	srv := httptest.NewServer(p.server)
	defer srv.Close()
	x := chromium.Start(t).Tab(t, srv.URL, chromium.Look{Width: 1280, Scripts: true})
	x.Open("/in?ticket=" + p.server.Ticket())
	x.Type("input[name=who]", "Maija")
	x.Press("form button")
	x.Open("/inbox")
	focused := `document.activeElement.textContent.trim()`
	for i, step := range []struct{ key, want string }{{"j", "Case number 0."}, {"j", "Case number 1."}, {"k", "Case number 0."}, {"k", "Case number 0."}, {"j", "Case number 1."}, {"j", "Case number 2."}, {"j", "Case number 2."}} {
		keyed(x, step.key)
		if got := chromium.Ask[string](x, focused); got != step.want {
			t.Fatalf("%d, %s: %q has the focus, want %q", i, step.key, got, step.want)
		}
	}
	keyed(x, "?")
	if !chromium.Ask[bool](x, `document.querySelector("#keys").open`) {
		t.Fatal("there is no help")
	}
	keyed(x, "e") // in the dialog it does nothing
	chromium.Ask[bool](x, `document.querySelector("#keys form button").click(), document.querySelector("#keys").open`)
	if c := p.caseOf(ids[2]); c.Status != puskaradio.New {
		t.Fatalf("done from the dialog: %s", c.Status)
	}

	top := `document.querySelector(".card").getBoundingClientRect().top + scrollY`
	before := chromium.Ask[float64](x, top)
	m := sample()
	m.Ref, m.FirstSeen = "fresh", testNow.Add(time.Second)
	p.add(m)
	until(t, x, `document.querySelector(".news a")?.textContent === "1 new — show"`)
	if after := chromium.Ask[float64](x, top); after != before {
		t.Errorf("the list moved from %v to %v", before, after)
	}
	if role := chromium.Ask[string](x, `document.querySelector(".news").getAttribute("role")`); role != "status" {
		t.Errorf("what is new has the role %s", role)
	}
	late.Store(int64(2 * time.Second))
	x.Press(".news a")
	x.Wants("Never again")

	for range 3 {
		keyed(x, "j")
	}
	keyed(x, "e")
	until(t, x, `document.querySelector(".message")?.textContent.includes("Closed.")`)
	if c := p.caseOf(ids[2]); c.Status != puskaradio.Done {
		t.Fatalf("e has made it %s", c.Status)
	}
	keyed(x, "u")
	until(t, x, `document.querySelector(".message")?.textContent.includes("Taken back.")`)
	if c := p.caseOf(ids[2]); c.Status != puskaradio.New {
		t.Fatalf("u has made it %s", c.Status)
	}
	// The bar of those that were chosen is there when some are.
	x.Open("/inbox")
	shown := `document.querySelector(".bulk").checkVisibility()`
	if chromium.Ask[bool](x, shown) {
		t.Error("the bar is there before anything was chosen")
	}
	chromium.Ask[bool](x, `[...document.querySelectorAll(".pick input")].slice(1, 3).forEach(e => e.click()), true`)
	if !chromium.Ask[bool](x, shown) {
		t.Fatal("there is no bar")
	}
	x.Press(".bulk button[value=done]")
	x.Wants("2 of 2: done.", "Undo")
	if b, c := p.caseOf(ids[1]), p.caseOf(ids[2]); b.Status != puskaradio.Done || c.Status != puskaradio.Done {
		t.Errorf("chosen and done: %s, %s", b.Status, c.Status)
	}
	x.Open("/m/" + string(ids[0]))
	keyed(x, "r")
	if got := chromium.Ask[string](x, "document.activeElement.name"); got != "text" {
		t.Fatalf("r has led to %s", got)
	}
	for _, key := range []string{"c", "e", "s", "j", "/", "?"} {
		keyed(x, key)
	}
	if c := p.caseOf(ids[0]); c.Status != puskaradio.New || chromium.Ask[bool](x, `document.querySelector("#keys").open`) {
		t.Fatalf("keys act while somebody writes: %s", c.Status)
	}
	p.server.looks.open(ids[0], "Pekka", p.server.now())
	until(t, x, `document.querySelector("[data-poll]").textContent === "Pekka is looking at this too."`)
	chromium.Ask[bool](x, "document.activeElement.blur(), true")
	keyed(x, "c")
	until(t, x, `document.querySelector(".message")?.textContent.includes("You have taken this.")`)
	x.Open("/mentions")
	keyed(x, "/")
	until(t, x, `document.activeElement.name === "q"`)

	x.Open("/me")
	x.Press(`button[name=keys]`)
	x.Open("/inbox")
	for _, key := range []string{"j", "c", "?"} {
		keyed(x, key)
	}
	if got := chromium.Ask[string](x, "document.activeElement.localName"); got != "body" || !strings.HasSuffix(x.URL(), "/inbox") {
		t.Errorf("switched off, they lead to %s at %s", got, x.URL())
	}
	faults := slices.DeleteFunc(x.Faults(), func(s string) bool { return strings.Contains(s, "NavigationEntryMarkedSkippable") }) // these keys are of no hand
	if len(faults) > 0 || x.Hosts() != 1 {
		t.Errorf("the browser complains: %q, of %d hosts", faults, x.Hosts())
	}
}
