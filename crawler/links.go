package crawler

import (
	"net/url"
	"strings"
)

// link notes where an anchor leads. Its content begins at p.
func (x *extractor) link(a *tagAttrs, p int) {
	if a.href == "" {
		return
	}
	if !x.rawSeen[a.href] && len(x.out.Links) < maxLinks {
		x.rawSeen[a.href] = true
		if to := x.address(a.href); to != "" && !x.linked[to] {
			x.linked[to] = true
			x.out.Links = append(x.out.Links, to)
		}
	}
	switch {
	case hasWord(a.rel, "next"):
		x.next(a.href, 3)
	case x.nextBy < 2 && (nextClass(a.class) || nextWords(a.label)):
		x.next(a.href, 2)
	case x.nextBy < 1:
		if words, ok := anchorWords(x.page[p:]); ok && nextWords(words) {
			x.next(a.href, 1)
		}
	}
}

// next takes an address as the next page. A guess must stay on the host and
// leave the page.
func (x *extractor) next(href string, by int) {
	if by <= x.nextBy {
		return
	}
	to := x.address(href)
	if to == "" {
		return
	}
	if by < 3 {
		here, err := url.Parse(x.url)
		there, err2 := url.Parse(to)
		if err != nil || err2 != nil || here.Host != there.Host {
			return
		}
		here.Fragment = ""
		if here.String() == to {
			return
		}
	}
	x.out.Next, x.nextBy = to, by
}

// anchorWords is the text of an anchor that holds nothing but a short text.
func anchorWords(s string) (string, bool) {
	s = s[:min(len(s), 40)]
	i := strings.IndexByte(s, '<')
	if i <= 0 || !strings.HasPrefix(s[i:], "</") {
		return "", false
	}
	return unescapeAttr(s[:i]), true
}

// nextWords reports whether a link says of itself that it turns the page.
func nextWords(s string) bool {
	if s == "" || len(s) > 40 {
		return false
	}
	s = strings.TrimRight(strings.ToLower(unescapeAttr(s)), " ›»→>")
	switch s {
	case "next", "next page", "seuraava", "seuraava sivu", "seuraavat", "nästa", "nästa sida", "nächste seite", "older reviews", "vanhemmat":
		return true
	}
	return false
}

// nextClasses are what the links to the next page are called.
var nextClasses = []string{
	"next", "next-page", "next_page", "nextpage", "page-next", "pagination-next", "pagination__next", "pagination_next",
	"pagination__item--next", "pager-next", "pager__next", "pager__item--next", "nav-next",
}

// nextClass reports whether a class says so.
func nextClass(class string) bool {
	if len(class) > 200 || !foldContains(class, "next") {
		return false
	}
	for w := range strings.FieldsSeq(class) {
		if among(w, nextClasses) {
			return true
		}
	}
	return false
}

// address is where href leads: an absolute address of the web without its
// fragment, or nothing.
func (x *extractor) address(href string) string {
	href = unescapeAttr(href)
	if i := strings.IndexByte(href, '#'); i >= 0 {
		href = href[:i]
	}
	if href == "" {
		return ""
	}
	if rootPath(href) && x.base != nil && (x.base.Scheme == "https" || x.base.Scheme == "http") && x.base.Host != "" {
		return x.base.Scheme + "://" + x.base.Host + href
	}
	u := x.resolve(href)
	if u == nil {
		return ""
	}
	u.Fragment, u.RawFragment = "", ""
	return u.String()
}

// rootPath reports whether href is a path from the root that needs no
// resolving: most links are.
func rootPath(href string) bool {
	if href[0] != '/' || len(href) > 1 && href[1] == '/' {
		return false
	}
	for i := range len(href) {
		c := href[i]
		switch {
		case isLetter(c), c >= '0' && c <= '9', c == '/', c == '-', c == '_', c == '=', c == '&', c == '?':
		case c == '.' && i > 0 && href[i-1] != '/':
		default:
			return false
		}
	}
	return true
}

// resolve is an address relative to the page's, or nil if it is none of the
// web.
func (x *extractor) resolve(href string) *url.URL {
	u, err := url.Parse(unescapeAttr(href))
	if err != nil {
		return nil
	}
	if x.base != nil {
		u = x.base.ResolveReference(u)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return nil
	}
	return u
}
