package crawler

import (
	"bytes"
	"net/http"
	"strings"

	"golang.org/x/net/html"
)

const (
	maxChallenge = 128 << 10 // bytes of a page that may be a test
	maxReadable  = 700       // bytes to read on one
)

// challengeMarks are found in the pages that test for a browser or a person.
// They are in lower case and not shorter than markWindow.
var challengeMarks = []string{
	"cdn-cgi/challenge-platform", "cf-chl-", "_cf_chl_opt", "challenges.cloudflare.com", "cf-turnstile", // Cloudflare
	"vercel security checkpoint", "captcha-delivery.com", "px-captcha", "_incapsula_resource", "awswafintegration", "aws-waf-token",
	"g-recaptcha", "hcaptcha.com", "h-captcha", "/_guce/", "anubis_challenge", "checking your browser", "are you a robot", "unusual traffic",
}

const markWindow = 7

// markSkips says by two bytes, in any case, how far a window that ends with
// them may move on before a mark can begin in it; 0 is that it may be one.
// This is the search of Wu and Manber.
var markSkips = func() (t [1 << 14]uint8) {
	for i := range t {
		t[i] = markWindow - 1
	}
	for _, mark := range challengeMarks {
		for i := 1; i < markWindow; i++ {
			pair := &t[markPair(mark[i-1], mark[i])]
			*pair = min(*pair, uint8(markWindow-1-i))
		}
	}
	return t
}()

// markPair is a place in markSkips. Letters of both cases have one.
func markPair(a, b byte) int {
	const low = 0x1f
	return int(a&low|a>>1&^low)<<7 | int(b&low|b>>1&^low)
}

// foldPrefix reports whether a page begins with a mark, in any case.
func foldPrefix(page []byte, mark string) bool {
	if len(page) < len(mark) {
		return false
	}
	for i := range len(mark) {
		if c := page[i]; c != mark[i] && (!isLetter(c) || c|0x20 != mark[i]) {
			return false
		}
	}
	return true
}

// challengeMark is the first mark in a page, or empty.
func challengeMark(page []byte) string {
	for end := markWindow - 1; end < len(page); {
		if skip := markSkips[markPair(page[end-1], page[end])]; skip > 0 {
			end += int(skip)
			continue
		}
		rest := page[end-markWindow+1:]
		for _, mark := range challengeMarks {
			if foldPrefix(rest, mark) {
				return mark
			}
		}
		end++
	}
	return ""
}

// challenge names the mark of a page that is a test for browsers, or nothing.
// Documents carry such scripts as well, so that a page without a header that
// says so must also have next to nothing to read.
func challenge(status int, h http.Header, body []byte) string {
	for _, name := range []string{"Cf-Mitigated", "X-Vercel-Mitigated"} {
		if strings.EqualFold(h.Get(name), "challenge") {
			return strings.ToLower(name)
		}
	}
	if v := h.Get("X-Amzn-Waf-Action"); strings.EqualFold(v, "captcha") || strings.EqualFold(v, "challenge") {
		return "x-amzn-waf-action"
	}
	if len(body) == 0 || len(body) > maxChallenge || status == http.StatusNotModified || !looksHTML(h, body) {
		return ""
	}
	if mark := challengeMark(body); mark != "" && !readable(body, maxReadable) {
		return mark
	}
	return ""
}

func looksHTML(h http.Header, body []byte) bool {
	return foldContains(h.Get("Content-Type"), "html") || bytes.HasPrefix(bytes.TrimSpace(body), []byte("<!"))
}

// readable reports whether a person would see so many bytes of a page.
func readable(page []byte, enough int) bool {
	n, hidden := 0, ""
	z := html.NewTokenizer(bytes.NewReader(page))
	for n < enough {
		switch z.Next() {
		case html.ErrorToken:
			return false
		case html.StartTagToken:
			if name, _ := z.TagName(); hidden == "" && (string(name) == "script" || string(name) == "style") {
				hidden = string(name)
			}
		case html.EndTagToken:
			if name, _ := z.TagName(); string(name) == hidden {
				hidden = ""
			}
		case html.TextToken:
			if hidden == "" {
				n += len(bytes.Join(bytes.Fields(z.Text()), []byte(" ")))
			}
		}
	}
	return true
}
