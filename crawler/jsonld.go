package crawler

import (
	"strings"
)

// get is the first member that is there and not null. Names are in lower case
// and match in any.
func (n *node) get(names ...string) *node {
	if n == nil || n.kind != objectNode {
		return nil
	}
	for _, name := range names {
		for i := range n.kids {
			if k := &n.kids[i]; len(k.key) == len(name) && k.kind != nullNode && strings.EqualFold(k.key, name) {
				return k
			}
		}
	}
	return nil
}

// each calls f for the elements of a list, or for the node itself, as far as
// they are objects.
func (n *node) each(f func(*node)) {
	switch {
	case n == nil:
	case n.kind == listNode:
		for i := range n.kids {
			n.kids[i].each(f)
		}
	case n.kind == objectNode:
		f(n)
	}
}

// is reports whether one of the types of an object is among some. They are in
// lower case.
func (n *node) is(types []string) bool {
	t := n.get("@type")
	switch {
	case t == nil:
		return false
	case t.kind == listNode:
		for i := range t.kids {
			if among(localName(t.kids[i].text), types) {
				return true
			}
		}
		return false
	}
	return among(localName(t.text), types)
}

func among(s string, words []string) bool {
	for _, w := range words {
		if len(w) == len(s) && strings.EqualFold(w, s) {
			return true
		}
	}
	return false
}

// Fact checks are reviews of claims in schema.org, not of what is sold.
var (
	reviewTypes    = []string{"review", "userreview", "criticreview", "employerreview", "productreview"}
	aggregateTypes = []string{"aggregaterating", "employeraggregaterating", "reviewaggregate", "review-aggregate"}
	// unnamedTypes have names that are not what a review is about.
	unnamedTypes = []string{
		"rating", "person", "itemlist", "listitem", "breadcrumblist", "offer", "comment", "answer", "imageobject", "website",
	}
	firmTypes = []string{
		"organization", "corporation", "localbusiness", "brand", "store", "onlinestore", "onlinebusiness", "restaurant",
		"hotel", "lodgingbusiness",
	}
)

func (n *node) isReview(key string) bool {
	if n.is(reviewTypes) {
		return true
	}
	return (key == "review" || key == "reviews") && n.get("@type") == nil &&
		n.get("reviewbody", "reviewrating", "ratingvalue") != nil
}

func (n *node) isAggregate(key string) bool {
	return n.is(aggregateTypes) || key == "aggregaterating" && n.get("@type") == nil
}

// onlyID is the @id of an object that says nothing else.
func (n *node) onlyID() string {
	id := ""
	for i := range n.kids {
		switch k := &n.kids[i]; {
		case k.key == "@id":
			id = k.text
		case k.key != "@type":
			return ""
		}
	}
	return id
}

// collect finds the reviews and aggregates in what the notations gave.
func (x *extractor) collect() {
	x.ids, x.parents = map[string]*node{}, map[string]*node{}
	for _, r := range x.roots {
		for i := range r.nodes {
			x.index(&r.nodes[i])
		}
	}
	for _, r := range x.roots {
		for i := range r.nodes {
			x.walk(&r.nodes[i], nil, &r)
		}
	}
}

// index notes what has an @id.
func (x *extractor) index(n *node) {
	if n.kind == objectNode {
		if id := n.get("@id"); id != nil && id.text != "" && n.onlyID() == "" && x.ids[id.text] == nil {
			x.ids[id.text] = n
		}
		n.get("review", "reviews").each(func(r *node) {
			if id := r.onlyID(); id != "" {
				x.parents[id] = n
			}
		})
	}
	for i := range n.kids {
		if k := &n.kids[i]; k.kind >= objectNode {
			x.index(k)
		}
	}
}

// whole is the node that a reference stands for, or the node itself.
func (x *extractor) whole(n *node) *node {
	if n != nil && n.kind == objectNode && len(x.ids) > 0 {
		if id := n.onlyID(); id != "" && x.ids[id] != nil {
			return x.ids[id]
		}
	}
	return n
}

// walk takes the reviews from a node. The parent is the nearest thing around
// it that has a name.
func (x *extractor) walk(n, parent *node, from *dataRoot) {
	if n.kind == objectNode {
		key := strings.ToLower(n.key)
		switch {
		case n.isReview(key):
			x.review(n, parent, from)
		case n.isAggregate(key):
			x.aggregate(n, parent)
		case !n.is(unnamedTypes) && n.get("name") != nil:
			parent = n
		}
	}
	for i := range n.kids {
		if k := &n.kids[i]; k.kind >= objectNode {
			x.walk(k, parent, from)
		}
	}
}

// textOf is what a value says in plain text: its own text, the name of an
// object, the first of a list.
func (x *extractor) textOf(n *node, limit int) string { return x.textIn(n, limit, 0) }

func (x *extractor) textIn(n *node, limit, depth int) string {
	if n == nil || depth > 8 {
		return ""
	}
	switch n.kind {
	case wordNode:
		if n.text == "true" || n.text == "false" {
			return ""
		}
		return n.text
	case textNode:
		return plainText(n.text, limit)
	case plainNode:
		return foldText(n.text, limit)
	case listNode:
		for i := range n.kids {
			if s := x.textIn(&n.kids[i], limit, depth+1); s != "" {
				return s
			}
		}
	case objectNode:
		n = x.whole(n)
		for _, name := range [...]string{"@value", "name", "text", "alternatename", "legalname", "headline"} {
			if s := x.textIn(n.get(name), limit, depth+1); s != "" {
				return s
			}
		}
		given := x.textIn(n.get("givenname"), limit, depth+1)
		return strings.TrimSpace(given + " " + x.textIn(n.get("familyname"), limit, depth+1))
	}
	return ""
}

// allText is the text of a value, of every element if it is a list.
func (x *extractor) allText(n *node, limit int, sep string) string {
	if n == nil || n.kind != listNode {
		return x.textOf(n, limit)
	}
	var parts []string
	size := 0
	for i := range n.kids {
		if s := x.textOf(&n.kids[i], limit); s != "" && size < limit {
			parts, size = append(parts, s), size+len(s)
		}
	}
	return strings.Join(parts, sep)
}
