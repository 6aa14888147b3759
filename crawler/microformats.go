package crawler

import (
	"strings"

	"golang.org/x/net/html"
)

// mfProps are the properties of h-review and hReview by their classes, in the
// words of schema.org. What stands first wins.
var mfProps = map[string]string{
	"p-name": "name", "p-summary": "summary", "summary": "name",
	"p-author": "author", "p-reviewer": "author", "reviewer": "author", "author": "author",
	"e-content": "reviewbody", "e-description": "reviewbody", "p-content": "reviewbody", "p-description": "reviewbody", "description": "reviewbody", "entry-content": "reviewbody",
	"p-rating": "ratingvalue", "rating": "ratingvalue", "p-average": "ratingvalue", "average": "ratingvalue",
	"p-best": "bestrating", "best": "bestrating", "p-worst": "worstrating", "worst": "worstrating",
	"dt-published": "datepublished", "dt-reviewed": "datepublished", "dtreviewed": "datepublished", "reviewed": "datepublished", "published": "datepublished",
	"p-item": "itemreviewed", "item": "itemreviewed",
	"u-url": "url", "permalink": "url", "u-uid": "identifier",
	"p-count": "reviewcount", "count": "reviewcount", "p-votes": "ratingcount", "votes": "ratingcount",
}

// mf finds the reviews in microformats.
func (t *tree) mf(n *html.Node) {
	var about *node
	var find func(n *html.Node, about *node)
	find = func(n *html.Node, about *node) {
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if c.Type != html.ElementNode {
				continue
			}
			class := attrOf(c, "class")
			switch {
			case hasWord(class, "h-review"), hasWord(class, "hreview"):
				t.formats = append(t.formats, t.mfReview(c, "Review", hasWord(class, "h-review"), about))
				continue
			case hasWord(class, "h-review-aggregate"), hasWord(class, "hreview-aggregate"):
				t.formats = append(t.formats, t.mfReview(c, "AggregateRating", hasWord(class, "h-review-aggregate"), about))
				continue
			}
			inner := about
			if hasWord(class, "h-product") || hasWord(class, "h-item") || hasWord(class, "hproduct") {
				inner = &node{key: "itemreviewed", kind: plainNode, text: t.mfName(c)}
			}
			find(c, inner)
		}
	}
	find(n, about)
}

// mfReview reads one review, of the second version of microformats or of the
// classic one.
func (t *tree) mfReview(n *html.Node, kind string, second bool, about *node) node {
	out := node{kind: objectNode, kids: []node{{key: "@type", kind: plainNode, text: kind}}}
	if id := attrOf(n, "id"); id != "" {
		out.kids = append(out.kids, node{key: "@id", kind: plainNode, text: "#" + id})
	}
	t.mfProps(n, &out, second)
	if out.get("itemreviewed") == nil && about != nil {
		out.kids = append(out.kids, *about)
	}
	if out.get("reviewbody") == nil && out.get("summary") != nil {
		v := *out.get("summary")
		v.key = "reviewbody"
		out.kids = append(out.kids, v)
	}
	return out
}

func (t *tree) mfProps(n *html.Node, out *node, second bool) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if t.size++; c.Type != html.ElementNode || t.size > maxJSONNodes {
			continue
		}
		class := attrOf(c, "class")
		deeper := true
		for w := range strings.FieldsSeq(class) {
			prop := mfProps[w]
			if prop == "" || strings.Contains(w, "-") != second && w != "entry-content" {
				continue
			}
			if out.get(prop) == nil {
				out.kids = append(out.kids, t.mfValue(c, prop))
			}
			if prop == "author" || prop == "itemreviewed" {
				deeper = false
			}
			if prop == "ratingvalue" { // hReview has the scale within the rating
				t.mfProps(c, out, second)
			}
		}
		if hasWord(attrOf(c, "rel"), "bookmark") && out.get("url") == nil && hasAttr(c, "href") {
			out.kids = append(out.kids, node{key: "url", kind: plainNode, text: attrOf(c, "href")})
		}
		if strings.HasPrefix(class, "h-") || strings.Contains(class, " h-") {
			deeper = false // has properties of its own
		}
		if deeper {
			t.mfProps(c, out, second)
		}
	}
}

// mfValue is the value of a property.
func (t *tree) mfValue(n *html.Node, prop string) node {
	v := node{key: prop, kind: plainNode}
	switch {
	case prop == "author" || prop == "itemreviewed":
		v.text = t.mfName(n)
	case prop == "url" && hasAttr(n, "href"):
		v.text = attrOf(n, "href")
	default:
		v.text = t.mfText(n, maxTextBytes)
	}
	return v
}

// mfText is the value of an element by the rules of value classes: what
// machines read before what people see.
func (t *tree) mfText(n *html.Node, limit int) string {
	if s := machineText(n); s != "" {
		return s
	}
	var parts []string
	for c := range n.Descendants() {
		if t.size++; t.size > maxJSONNodes {
			break
		}
		if c.Type != html.ElementNode {
			continue
		}
		switch class := attrOf(c, "class"); {
		case hasWord(class, "value-title"):
			parts = append(parts, attrOf(c, "title"))
		case hasWord(class, "value"):
			s := machineText(c)
			if s == "" {
				s = strings.TrimSpace(t.text(c, limit))
			}
			parts = append(parts, s)
		}
		if len(parts) > 8 {
			break
		}
	}
	if len(parts) > 0 {
		return strings.Join(parts, " ")
	}
	return t.text(n, limit)
}

func machineText(n *html.Node) string {
	switch n.Data {
	case "time", "ins", "del":
		return attrOf(n, "datetime")
	case "abbr":
		return attrOf(n, "title")
	case "data", "input", "meter":
		return attrOf(n, "value")
	case "img", "area":
		return attrOf(n, "alt")
	}
	return ""
}

// mfName is the name of a card or a thing: its own name property, else its
// text.
func (t *tree) mfName(n *html.Node) string {
	for c := range n.Descendants() {
		if t.size++; t.size > maxJSONNodes {
			break
		}
		if c.Type != html.ElementNode {
			continue
		}
		if class := attrOf(c, "class"); hasWord(class, "p-name") || hasWord(class, "fn") {
			return t.mfText(c, 1000)
		}
	}
	return t.mfText(n, 1000)
}
