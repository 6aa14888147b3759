package crawler

import (
	"html"
	"net/url"
	"strings"
)

// scan goes through the page once and notes the blocks of JSON-LD, the links,
// what the head says, and whether the elements are marked up. It builds
// nothing: most pages need no more.
func (x *extractor) scan() {
	x.base, _ = url.Parse(x.url)
	x.rawSeen, x.linked = make(map[string]bool, 100), make(map[string]bool, 100)
	s := x.page
	for p := 0; ; {
		i := strings.IndexByte(s[p:], '<')
		if i < 0 || p+i+1 >= len(s) {
			return
		}
		p += i + 1
		switch c := s[p]; {
		case strings.HasPrefix(s[p:], "!--"):
			p = afterMark(s, p+3, "-->")
		case c == '!' || c == '?' || c == '/':
			p = afterMark(s, p, ">")
		case isLetter(c):
			p = x.tag(p)
		}
	}
}

// afterMark is the place behind the next mark, or the end.
func afterMark(s string, from int, mark string) int {
	if from > len(s) {
		return len(s)
	}
	if i := strings.Index(s[from:], mark); i >= 0 {
		return from + i + len(mark)
	}
	return len(s)
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' }

// The attributes that a tag is read for. Values are as they are written, with
// their entities.
type tagAttrs struct {
	href, rel, class, label, kind, name, content, lang, equiv, itemprop string
}

// tag reads the tag whose name begins at p and gives the place behind it, or
// behind the element if its content is no markup.
func (x *extractor) tag(p int) int {
	s := x.page
	from := p
	for p < len(s) && !isSpace(s[p]) && s[p] != '>' && s[p] != '/' {
		p++
	}
	name := s[from:p]
	x.tags++
	var a tagAttrs
	for {
		for p < len(s) && (isSpace(s[p]) || s[p] == '/') {
			p++
		}
		if p >= len(s) {
			return p
		}
		if s[p] == '>' {
			p++
			break
		}
		var key, val string
		key, val, p = attribute(s, p)
		x.attrs++
		x.attr(&a, key, val)
	}
	return x.element(strings.ToLower(name), &a, p)
}

// attribute reads one attribute at p, which is neither space nor the end of
// the tag.
func attribute(s string, p int) (key, val string, next int) {
	from := p
	for p++; p < len(s) && !isSpace(s[p]) && s[p] != '=' && s[p] != '>' && s[p] != '/'; {
		p++
	}
	key = s[from:p]
	for p < len(s) && isSpace(s[p]) {
		p++
	}
	if p >= len(s) || s[p] != '=' {
		return key, "", p
	}
	for p++; p < len(s) && isSpace(s[p]); {
		p++
	}
	if p >= len(s) {
		return key, "", p
	}
	if q := s[p]; q == '"' || q == '\'' {
		end := strings.IndexByte(s[p+1:], q)
		if end < 0 {
			return key, "", len(s)
		}
		return key, s[p+1 : p+1+end], p + end + 2
	}
	from = p
	for p < len(s) && !isSpace(s[p]) && s[p] != '>' {
		p++
	}
	return key, s[from:p], p
}

// attr keeps an attribute that matters.
func (x *extractor) attr(a *tagAttrs, key, val string) {
	switch len(key) {
	case 3:
		if strings.EqualFold(key, "rel") {
			a.rel = val
		}
	case 4:
		switch strings.ToLower(key) {
		case "href":
			a.href = val
		case "type":
			a.kind = val
		case "name":
			a.name = val
		case "lang":
			a.lang = val
		}
	case 5:
		if strings.EqualFold(key, "class") {
			a.class = val
			x.marked = x.marked || foldContains(val, "h-review") || foldContains(val, "hreview")
		}
	case 6:
		if strings.EqualFold(key, "typeof") {
			x.mark(val)
		}
	case 7:
		if strings.EqualFold(key, "content") {
			a.content = val
		}
	case 8:
		switch strings.ToLower(key) {
		case "itemtype":
			x.mark(val)
		case "itemprop":
			x.mark(val)
			a.itemprop = val
		case "property":
			if a.name == "" {
				a.name = val
			}
		}
	case 10:
		switch strings.ToLower(key) {
		case "aria-label":
			a.label = val
		case "http-equiv":
			a.equiv = val
		}
	}
}

// mark notes that the page marks up reviews or ratings in its elements.
func (x *extractor) mark(val string) {
	x.marked = x.marked || foldContains(val, "review") || foldContains(val, "rating")
}

// foldContains reports whether s has sub, which is in lower case.
func foldContains(s, sub string) bool {
	for i := 0; i+len(sub) <= len(s); i++ {
		if s[i]|0x20 == sub[0] && strings.EqualFold(s[i:i+len(sub)], sub) {
			return true
		}
	}
	return false
}

// element takes a start tag whose content begins at p.
func (x *extractor) element(name string, a *tagAttrs, p int) int {
	switch name {
	case "script":
		end := rawEnd(x.page, p, "script")
		if foldContains(a.kind, "ld+json") && len(x.blocks) < maxBlocks {
			x.blocks = append(x.blocks, byteSpan{p, end})
		}
		return end
	case "style", "textarea", "xmp":
		return rawEnd(x.page, p, name)
	case "title":
		end := rawEnd(x.page, p, name)
		if x.out.Title == "" {
			x.out.Title = plainText(x.page[p:end], 1000)
		}
		return end
	case "html":
		if x.lang == "" {
			x.lang = a.lang
		}
	case "base":
		if u := x.resolve(a.href); u != nil && a.href != "" {
			x.base = u
		}
	case "meta":
		x.meta(a)
	case "link":
		if hasWord(a.rel, "next") {
			x.next(a.href, 3)
		}
	case "a", "area":
		x.link(a, p)
	}
	return p
}

// rawEnd is where the content of a raw text element that begins at p ends.
func rawEnd(s string, p int, name string) int {
	for from := p; ; {
		i := strings.Index(s[from:], "</")
		if i < 0 {
			return len(s)
		}
		from += i + 2
		if len(s)-from >= len(name) && strings.EqualFold(s[from:from+len(name)], name) {
			return from - 2
		}
	}
}

// hasWord reports whether a list of words has one, in any case.
func hasWord(list, word string) bool {
	if len(list) < len(word) || !foldContains(list, word) {
		return false
	}
	for w := range strings.FieldsSeq(list) {
		if strings.EqualFold(w, word) {
			return true
		}
	}
	return false
}

func (x *extractor) meta(a *tagAttrs) {
	content := strings.ToLower(a.content)
	switch strings.ToLower(a.name) {
	case "robots", "puskaradio":
		for w := range strings.FieldsFuncSeq(content, func(r rune) bool { return r == ',' || r == ' ' }) {
			if w == "noindex" || w == "none" {
				x.out.NoIndex = true
			}
		}
	case "tdm-reservation":
		if strings.TrimSpace(content) == "1" {
			x.out.NoIndex = true
		}
	case "og:locale":
		if x.lang == "" {
			x.lang = content
		}
	}
	if strings.EqualFold(a.equiv, "content-language") && x.lang == "" {
		x.lang = content
	}
}

// unescapeAttr is the value of an attribute.
func unescapeAttr(s string) string {
	if strings.IndexByte(s, '&') >= 0 {
		s = html.UnescapeString(s)
	}
	return strings.TrimSpace(s)
}
