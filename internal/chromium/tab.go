package chromium

import (
	"context"
	"fmt"
	"strings"

	"github.com/chromedp/chromedp"
)

// do runs steps within patience.
func (x *Tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		x.t.Fatalf("%s: %v\nfaults: %q\n%s", what, err, x.Faults(), x.shown())
	}
}

// shown is the text of the page, for the report of a test that ended.
func (x *Tab) shown() string {
	ctx, cancel := context.WithTimeout(x.ctx, patience)
	defer cancel()
	s, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" + document.documentElement.innerText`))
	if err != nil {
		return err.Error()
	}
	return s
}

// load runs steps that lead to a page, which must answer with want.
func (x *Tab) load(what string, want int64, steps ...chromedp.Action[chromedp.Void]) {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.ctx, patience)
	defer cancel()
	resp, err := chromedp.RunResponse(ctx, steps...)
	if err != nil {
		x.t.Fatalf("%s: %v\nfaults: %q\n%s", what, err, x.Faults(), x.shown())
	}
	if resp.Status != want {
		x.t.Fatalf("%s: status %d, want %d\n%s", what, resp.Status, want, x.shown())
	}
	if x.Each != nil {
		x.Each(x)
	}
}

// Open goes to a path of the site, or to an address of it.
func (x *Tab) Open(path string) {
	x.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = x.base + path
	}
	x.load("open "+path, 200, chromedp.Navigate(path))
}

// Picture is what a window of a size shows of a page, as PNG.
func (x *Tab) Picture(path string, width, height int64, dark bool) []byte {
	x.t.Helper()
	x.Restyle(width, dark)
	x.do("resize", chromedp.EmulateViewport(width, height))
	x.Open(path)
	ctx, cancel := context.WithTimeout(x.ctx, patience)
	defer cancel()
	b, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		x.t.Fatalf("picture of %s: %v", path, err)
	}
	return b
}

// OpenAs goes to a path that must answer with a status.
func (x *Tab) OpenAs(path string, status int64) {
	x.t.Helper()
	x.load("open "+path, status, chromedp.Navigate(x.base+path))
}

// Press clicks with the mouse what leads to a page: the first that a CSS
// selector finds.
func (x *Tab) Press(selector string) {
	x.t.Helper()
	x.load("press "+selector, 200, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// Unfold clicks with the mouse what changes the page.
func (x *Tab) Unfold(selector string) {
	x.t.Helper()
	x.do("unfold "+selector, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// Type empties a field and types a text into it, key by key.
func (x *Tab) Type(selector, text string) {
	x.t.Helper()
	Ask[string](x, fmt.Sprintf(`document.querySelector(%q).value = ""`, selector))
	x.do("type into "+selector, chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Choose chooses what a list offers.
func (x *Tab) Choose(selector, value string) {
	x.t.Helper()
	x.do("choose in "+selector, chromedp.SetValue(chromedp.CSS(selector), value))
	if got := Ask[string](x, fmt.Sprintf("document.querySelector(%q).value", selector)); got != value {
		x.t.Fatalf("%s offers no %q", selector, value)
	}
}

// URL is the address of the page.
func (x *Tab) URL() string {
	x.t.Helper()
	return Ask[string](x, "location.href")
}

// Text is what a person reads on the page, or in the part that a selector
// finds.
func (x *Tab) Text(selector string) string {
	x.t.Helper()
	return Ask[string](x, fmt.Sprintf("document.querySelector(%q).innerText", selector))
}

// Has reports whether the page has such an element.
func (x *Tab) Has(selector string) bool {
	x.t.Helper()
	return Ask[bool](x, fmt.Sprintf("document.querySelector(%q) !== null", selector))
}

// Wants fails the test where the page does not say something.
func (x *Tab) Wants(texts ...string) {
	x.t.Helper()
	got := x.Text("body")
	for _, want := range texts {
		if !strings.Contains(strings.ReplaceAll(got, "\u00a0", " "), want) {
			x.t.Fatalf("%s does not say %q:\n%s", x.URL(), want, got)
		}
	}
}

// Ask is what an expression is on the page. It is asked past the page, which
// may be one that runs no scripts; a promise is awaited.
func Ask[T any](x *Tab, expression string) T {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		x.t.Fatalf("%.200s: %v", expression, err)
	}
	return v
}
