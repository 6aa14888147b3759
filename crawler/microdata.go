package crawler

import (
	"errors"
	"strings"

	"golang.org/x/net/html"
)

// readTree reads the elements of a page that marks them up.
func (x *extractor) readTree() {
	if x.tags > maxTags || x.attrs > maxAttrs {
		x.fault(errors.New("markup: unreadable: more elements or attributes than are read"))
		return
	}
	doc, err := html.Parse(strings.NewReader(x.page))
	if err != nil {
		x.fault(errors.New("markup: unreadable: " + err.Error()))
		return
	}
	t := &tree{ids: map[string]*html.Node{}, x: x}
	t.index(doc)
	t.items(doc)
	x.roots = append(x.roots, dataRoot{"microdata", 0, t.micro}, dataRoot{"rdfa", 0, t.rdfa}, dataRoot{"microformats", 0, t.formats})
}

// A tree turns marked up elements into nodes, as if they were JSON-LD.
type tree struct {
	x                    *extractor
	ids                  map[string]*html.Node
	busy                 map[*html.Node]bool // whose items are being read, by itemref
	size                 int
	micro, rdfa, formats []node
}

func (t *tree) index(n *html.Node) {
	for c := range n.Descendants() {
		if c.Type == html.ElementNode {
			if id := attrOf(c, "id"); id != "" && t.ids[id] == nil {
				t.ids[id] = c
			}
		}
	}
}

func attrOf(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return strings.TrimSpace(a.Val)
		}
	}
	return ""
}

func hasAttr(n *html.Node, key string) bool {
	for _, a := range n.Attr {
		if a.Key == key {
			return true
		}
	}
	return false
}

// items finds the outermost item of every notation.
func (t *tree) items(n *html.Node) {
	t.busy = map[*html.Node]bool{}
	t.outer(n, microdata{}, &t.micro)
	t.outer(n, rdfa{}, &t.rdfa)
	t.mf(n)
}

// A notation says how elements carry items and their properties.
type notation interface {
	item(n *html.Node) (types string, ok bool) // n is an item
	props(n *html.Node) string                 // of which properties n is the value
	id(n *html.Node) string
	refs(n *html.Node) string // ids of elements that belong to the item n
}

type microdata struct{}

func (microdata) item(n *html.Node) (string, bool) {
	return attrOf(n, "itemtype"), hasAttr(n, "itemscope")
}
func (microdata) props(n *html.Node) string { return attrOf(n, "itemprop") }
func (microdata) id(n *html.Node) string    { return attrOf(n, "itemid") }
func (microdata) refs(n *html.Node) string  { return attrOf(n, "itemref") }

type rdfa struct{}

func (rdfa) item(n *html.Node) (string, bool) {
	t := attrOf(n, "typeof")
	return t, t != ""
}

func (rdfa) props(n *html.Node) string {
	if p := attrOf(n, "property"); p != "" {
		return p
	}
	if rel := attrOf(n, "rel"); strings.Contains(rel, ":") {
		return rel
	}
	return ""
}

func (rdfa) id(n *html.Node) string {
	if r := attrOf(n, "resource"); r != "" {
		return r
	}
	return attrOf(n, "about")
}
func (rdfa) refs(*html.Node) string { return "" }

func (t *tree) outer(n *html.Node, by notation, out *[]node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type != html.ElementNode {
			continue
		}
		if _, ok := by.item(c); ok {
			*out = append(*out, t.item(c, by))
			continue
		}
		t.outer(c, by, out)
	}
}

// item reads the item of an element.
func (t *tree) item(n *html.Node, by notation) node {
	out := node{kind: objectNode}
	if t.size++; t.size > maxJSONNodes || t.busy[n] {
		return out
	}
	t.busy[n] = true
	defer delete(t.busy, n)
	types, _ := by.item(n)
	list := node{key: "@type", kind: listNode}
	for w := range strings.FieldsSeq(types) {
		list.kids = append(list.kids, node{kind: plainNode, text: w})
	}
	if list.kids != nil {
		out.kids = append(out.kids, list)
	}
	id := by.id(n)
	if own := attrOf(n, "id"); id == "" && own != "" && foldContains(types, "review") {
		id = "#" + own
	}
	if id != "" {
		out.kids = append(out.kids, node{key: "@id", kind: plainNode, text: id})
	}
	t.props(n, by, &out)
	for ref := range strings.FieldsSeq(by.refs(n)) {
		if e := t.ids[ref]; e != nil {
			t.prop(e, by, &out)
		}
	}
	return out
}

// props adds the properties within an element to an item.
func (t *tree) props(n *html.Node, by notation, out *node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.ElementNode {
			t.prop(c, by, out)
		}
	}
}

func (t *tree) prop(n *html.Node, by notation, out *node) {
	if t.size++; t.size > maxJSONNodes {
		return
	}
	names := by.props(n)
	_, isItem := by.item(n)
	if isItem {
		v := t.item(n, by)
		if names == "" {
			names = "@nested" // an item of its own, whose surroundings are still what it is about
		}
		for name := range strings.FieldsSeq(names) {
			v.key = localName(name)
			out.kids = append(out.kids, v)
		}
		return
	}
	for name := range strings.FieldsSeq(names) {
		name = localName(name)
		if v, ok := t.value(n, name, by); ok {
			out.add(name, v)
		}
	}
	t.props(n, by, out)
}

// add adds a value to a property; several become a list.
func (n *node) add(name string, v node) {
	for i := range n.kids {
		k := &n.kids[i]
		if k.key != name || k.kind == objectNode {
			continue
		}
		if k.kind != listNode {
			first := *k
			first.key = ""
			*k = node{key: name, kind: listNode, kids: []node{first}}
		}
		k.kids = append(k.kids, v)
		return
	}
	v.key = name
	n.kids = append(n.kids, v)
}

// addresses are the properties whose value is where a link leads; the text of
// the others is what a reader sees.
var addresses = map[string]bool{"url": true, "sameas": true, "image": true, "mainentityofpage": true, "itemreviewed": false}

// value is what an element says as the value of a property.
func (t *tree) value(n *html.Node, name string, by notation) (node, bool) {
	v := node{kind: plainNode}
	name = strings.ToLower(name)
	_, isRDFa := by.(rdfa)
	switch {
	case hasAttr(n, "content"):
		v.text = attrOf(n, "content")
		v.kind = textNode
	case n.Data == "time" && hasAttr(n, "datetime"):
		v.text = attrOf(n, "datetime")
	case (n.Data == "data" || n.Data == "meter") && hasAttr(n, "value"):
		v.text = attrOf(n, "value")
	case n.Data == "img" && strings.Contains(name, "rating"):
		v.text = attrOf(n, "alt")
	case n.Data == "link", addresses[name] && hasAttr(n, "href"):
		v.text = attrOf(n, "href")
	case isRDFa && hasAttr(n, "resource"):
		v = node{kind: objectNode, kids: []node{{key: "@id", kind: plainNode, text: attrOf(n, "resource")}}}
	case n.Data == "img" || n.Data == "iframe" || n.Data == "video" || n.Data == "audio" || n.Data == "source":
		v.text = attrOf(n, "src")
	case n.Data == "meta":
		return v, false
	default:
		v.text = t.text(n, maxTextBytes)
		if v.text == "" && strings.Contains(name, "rating") {
			v.text = attrOf(n, "title")
		}
	}
	return v, v.text != "" || v.kind == objectNode
}

// text is the text of an element, with blanks where blocks part it.
func (t *tree) text(n *html.Node, limit int) string {
	var b strings.Builder
	writeText(&b, n, limit)
	t.size += b.Len() / 50
	return b.String()
}

func writeText(b *strings.Builder, n *html.Node, limit int) {
	for c := n.FirstChild; c != nil && b.Len() < limit; c = c.NextSibling {
		switch c.Type {
		case html.TextNode:
			b.WriteString(c.Data)
		case html.ElementNode:
			if c.Data == "script" || c.Data == "style" || c.Data == "template" {
				continue
			}
			if !inline[c.Data] {
				b.WriteByte(' ')
			}
			writeText(b, c, limit)
			if !inline[c.Data] {
				b.WriteByte(' ')
			}
		}
	}
}
