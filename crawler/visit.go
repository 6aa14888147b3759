package crawler

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/gocolly/colly/v2"
)

// visit reads one web page with colly. Its errors are those of
// [Client.Fetch], and unreadable for what is no web page.
func visit(ctx context.Context, c *Client, address string, have Validator) (*Response, error) {
	if _, err := checkURL(address); err != nil {
		return nil, &FetchError{URL: redactText(address), State: StateRefused, Err: err}
	}
	col := walker(ctx, c)
	through := &handOver{RoundTripper: c.Transport()}
	col.WithTransport(through)
	var got *Response
	col.OnResponse(func(r *colly.Response) {
		r.Body = through.body
		got = responseOf(r)
	})
	col.OnError(func(r *colly.Response, _ error) {
		if r.StatusCode == http.StatusNotModified { // to colly, an error
			got = responseOf(r)
			got.Same = true
		}
	})
	h := http.Header{"Accept": {"text/html,application/xhtml+xml;q=0.9,*/*;q=0.1"}}
	if have.ETag != "" {
		h.Set("If-None-Match", have.ETag)
	}
	if have.LastModified != "" {
		h.Set("If-Modified-Since", have.LastModified)
	}
	err := col.Request(http.MethodGet, address, nil, nil, h)
	if got == nil {
		if ue, ok := errors.AsType[*url.Error](err); ok {
			err = ue.Err // the rest is the address, with its secrets
		}
		if err == nil {
			err = errors.New("no answer")
		}
		if _, ok := errors.AsType[*FetchError](err); !ok && ctx.Err() == nil {
			err = &FetchError{URL: redactText(address), State: StateUnreadable, Err: err}
		}
		return nil, err
	}
	if got.Same {
		got.Validator = have
		return got, nil
	}
	if kind, _, _ := strings.Cut(got.Header.Get("Content-Type"), ";"); !strings.Contains(kind, "html") && kind != "text/plain" && kind != "" {
		return nil, &FetchError{URL: redactText(got.URL), State: StateUnreadable, Status: got.Status, Err: fmt.Errorf("%.60q is no web page", kind)}
	}
	return got, nil
}

// walker is a collector for one page. The limits are the client's; what
// COLLY_… in the environment says of colly's own is put back.
func walker(ctx context.Context, c *Client) *colly.Collector {
	col := colly.NewCollector()
	col.Context = ctx
	col.UserAgent = c.Agent
	col.AllowURLRevisit, col.IgnoreRobotsTxt = true, true // the client asks robots.txt
	col.AllowedDomains, col.DisallowedDomains = nil, nil
	col.MaxDepth, col.MaxRequests, col.MaxBodySize = 0, 0, 0
	col.CacheDir, col.DetectCharset, col.ParseHTTPErrorResponse, col.TraceHTTP = "", false, false, false
	col.DisableCookies()
	col.SetRequestTimeout(0) // waiting for the turn of the host takes its time
	return col
}

// A handOver keeps the body of an answer, which colly would copy.
type handOver struct {
	http.RoundTripper
	body []byte
}

func (t *handOver) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.RoundTripper.RoundTrip(req)
	if err == nil {
		if d, ok := resp.Body.(*document); ok {
			t.body, resp.Body, resp.ContentLength = d.whole, http.NoBody, 0
		}
	}
	return resp, err
}

func responseOf(r *colly.Response) *Response {
	out := &Response{URL: r.Request.URL.String(), Status: r.StatusCode, Body: r.Body, Header: http.Header{}}
	if r.Headers != nil {
		out.Header = *r.Headers
	}
	out.Validator = Validator{ETag: out.Header.Get("ETag"), LastModified: out.Header.Get("Last-Modified")}
	return out
}

// reserved reports whether the header of a page asks that programs take
// nothing from it: all of them, or the one of our product.
func reserved(h http.Header, product string) bool {
	for _, v := range h.Values("X-Robots-Tag") {
		who := ""
		for part := range strings.SplitSeq(strings.ToLower(v), ",") {
			rule := strings.TrimSpace(part)
			if name, rest, ok := strings.Cut(rule, ":"); ok && !strings.HasPrefix(name, "max-") && name != "unavailable_after" {
				who, rule = strings.TrimSpace(name), strings.TrimSpace(rest)
			}
			if (rule == "noindex" || rule == "none") && (who == "" || who == product) {
				return true
			}
		}
	}
	return strings.TrimSpace(h.Get("TDM-Reservation")) == "1"
}
