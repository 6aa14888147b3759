// Package chromium is Debian's browser, for tests: tabs that press, type and
// read as a person does, and keep what should not have happened on the way.
// Only tests import it.
package chromium

import (
	"context"
	"fmt"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long a step of a [Tab] may take on a busy machine.
const patience = 30 * time.Second

// A Browser is a running Chromium, which reaches no other machine than this.
type Browser struct {
	ctx context.Context
}

// Start starts a browser that ends with the test. Without one the test fails.
func Start(t testing.TB) *Browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("%v: make needs installs it", err)
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE 127.0.0.2"))...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("chromium: %v", err)
	}
	return &Browser{ctx}
}

// A Look is how somebody sees pages.
type Look struct {
	Width   int64 // of the window, in CSS pixels
	Dark    bool
	Scripts bool // pages may run scripts
	Lawless bool // what pages forbid is not forbidden; for a test's own scripts
}

func (l Look) String() string {
	s := fmt.Sprintf("%d px, light", l.Width)
	if l.Dark {
		s = fmt.Sprintf("%d px, dark", l.Width)
	}
	if l.Scripts {
		s += ", scripts"
	}
	return s
}

// A Tab is the only window of somebody: cookies and cache are its own. What
// it cannot do ends the test.
type Tab struct {
	// Each is called on every page that was reached; nil does nothing.
	Each func(x *Tab)
	Look Look

	t    testing.TB
	ctx  context.Context
	base string

	mu     sync.Mutex // guards what follows
	faults []string
	hosts  map[string]bool
	sizes  map[string]int64 // bytes of an answer on the wire, by address
	urls   map[network.RequestID]string
}

// Tab opens a tab on the site at base, such as http://127.0.0.1:8080.
func (b *Browser) Tab(t testing.TB, base string, l Look) *Tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	x := &Tab{Look: l, t: t, ctx: ctx, base: base, hosts: map[string]bool{}, sizes: map[string]int64{}, urls: map[network.RequestID]string{}}
	err := chromedp.Listen(ctx, x.hear)
	if err == nil {
		err = chromedp.Do(ctx,
			tell(audits.Enable, cdp.Empty{}),
			tell(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !l.Scripts}),
			tell(page.SetBypassCSP, page.SetBypassCSPParams{Enabled: l.Lawless}))
	}
	if err != nil {
		t.Fatalf("tab: %v", err)
	}
	x.Restyle(l.Width, l.Dark)
	return x
}

// tell gives the browser an order whose answer says nothing.
func tell[P, R any](order cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, order, params)
		return err
	})
}

// Restyle changes how wide the window is, and whether it is dark.
func (x *Tab) Restyle(width int64, dark bool) {
	x.t.Helper()
	x.Look.Width, x.Look.Dark = width, dark
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	x.do("restyle", chromedp.EmulateViewport(width, 800), tell(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	}))
}

// hear keeps what a page does besides being shown.
func (x *Tab) hear(event any) {
	x.mu.Lock()
	defer x.mu.Unlock()
	fault := func(format string, args ...any) { x.faults = append(x.faults, fmt.Sprintf(format, args...)) }
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		x.urls[e.RequestID] = e.Request.URL
		if strings.HasPrefix(e.Request.URL, "data:") { // a picture of a control of the browser's own
			return
		}
		if u, err := url.Parse(e.Request.URL); err != nil || u.Scheme+"://"+u.Host != x.base {
			fault("it asked for %s", e.Request.URL)
		} else {
			x.hosts[u.Host] = true
		}
	case *network.EventResponseReceived:
		if e.Response.Status >= 400 && e.Type != network.ResourceTypeDocument {
			fault("%s: status %d", e.Response.URL, e.Response.Status)
		}
	case *network.EventLoadingFinished:
		if u := x.urls[e.RequestID]; e.EncodedDataLength > 0 { // else the cache had it
			x.sizes[u] = int64(e.EncodedDataLength)
		}
	case *network.EventLoadingFailed:
		if !e.Canceled || e.BlockedReason != "" {
			fault("%s: %s %s", x.urls[e.RequestID], e.ErrorText, e.BlockedReason)
		}
	case *log.EventEntryAdded:
		// That a page is one of an error is what the page says; the rest is above.
		if e.Entry.Source != log.EntrySourceNetwork {
			fault("%s %s: %s", e.Entry.Source, e.Entry.Level, e.Entry.Text)
		}
	case *audits.EventIssueAdded:
		d := e.Issue.Details
		switch {
		case d != nil && d.ContentSecurityPolicyIssueDetails != nil:
			fault("policy: %s %s", d.ContentSecurityPolicyIssueDetails.ViolatedDirective, d.ContentSecurityPolicyIssueDetails.BlockedURL)
		case d != nil && d.GenericIssueDetails != nil:
			fault("%s: %s %s", e.Issue.Code, d.GenericIssueDetails.ErrorType, d.GenericIssueDetails.ViolatingNodeAttribute)
		default:
			fault("issue: %s", e.Issue.Code)
		}
	case *runtime.EventExceptionThrown:
		fault("exception: %s", e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		fault("console.%s", e.Type)
	case *page.EventJavascriptDialogOpening:
		fault("a dialog: %s", e.Message)
		go func() { // the loop that calls hear must not wait for an answer
			_, _ = chromedp.Call(x.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true}) // the tab may have gone
		}()
	case *page.EventWindowOpen:
		fault("a window: %s", e.URL)
	}
}

// Faults are what should not have happened so far: errors of the console,
// reports of the content security policy, dialogs, requests to other places
// than the site.
func (x *Tab) Faults() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.faults)
}

// Hosts are those that were asked for something.
func (x *Tab) Hosts() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.hosts)
}

// Weight is how many bytes came over the wire for the page that is shown and
// what it uses, as if nothing had been in the cache.
func (x *Tab) Weight() int64 {
	x.t.Helper()
	here, _, _ := strings.Cut(x.URL(), "#")
	x.mu.Lock()
	defer x.mu.Unlock()
	n := x.sizes[here]
	for u, size := range x.sizes {
		if strings.Contains(u, "/assets/") {
			n += size
		}
	}
	return n
}
