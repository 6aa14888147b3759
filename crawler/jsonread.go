package crawler

import (
	"errors"
	"fmt"
	"html"
	"strings"
	"unicode/utf8"
)

// A node is a value of a page's data: of JSON-LD, or of elements that say the
// same. Members of an object have a key, without its vocabulary.
type node struct {
	key  string
	text string // of a string, number or word
	kids []node
	kind nodeKind
	cut  bool // the block ended within it
}

type nodeKind uint8

const (
	nullNode  nodeKind = iota
	wordNode           // a number, true or false
	textNode           // may hold markup and entities
	plainNode          // is text as it stands
	objectNode
	listNode
)

// readJSON reads the values of a block as leniently as is safe: it takes
// comments, trailing and missing commas, raw newlines and, at a second try,
// bare quotes within strings. What was whole before an error is given with it.
func readJSON(s string, budget *int) ([]node, error) {
	if t := strings.TrimSpace(s); strings.HasPrefix(t, "{&") || strings.HasPrefix(t, "[&") || strings.HasPrefix(t, "{ &") {
		s = html.UnescapeString(s)
	}
	used := *budget
	r := &jsonReader{s: s, budget: used}
	nodes, err := r.all()
	if err != nil && !errors.Is(err, errBounds) {
		again := &jsonReader{s: s, budget: used, lenient: true}
		if better, err2 := again.all(); err2 == nil {
			r, nodes, err = again, better, nil
		}
	}
	*budget = r.budget
	if err != nil {
		err = fmt.Errorf("line %d of it: %w", 1+strings.Count(s[:min(r.p, len(s))], "\n"), err)
	}
	return nodes, err
}

var (
	errBounds = errors.New("too much data")
	errEnd    = errors.New("ends too early")
	errEmpty  = errors.New("empty")
)

type jsonReader struct {
	s       string
	p       int
	depth   int
	budget  int // nodes that were made
	lenient bool
}

func (r *jsonReader) all() ([]node, error) {
	var out []node
	for {
		r.space()
		for r.p < len(r.s) && (r.s[r.p] == ',' || r.s[r.p] == ';') {
			r.p++
			r.space()
		}
		if r.p >= len(r.s) {
			if len(out) == 0 {
				return nil, errEmpty
			}
			return out, nil
		}
		if c := r.s[r.p]; c != '{' && c != '[' {
			return out, fmt.Errorf("neither object nor list but %q", clip(r.s[r.p:], 12))
		}
		n, err := r.value()
		out = append(out, n)
		if err != nil {
			return out, err
		}
	}
}

func clip(s string, n int) string { return strings.ToValidUTF8(s[:min(n, len(s))], "") }

// space skips white space, comments and what wraps scripts of old.
func (r *jsonReader) space() {
	for r.p < len(r.s) {
		c := r.s[r.p]
		switch {
		case c <= ' ':
			r.p++
		case c == 0xC2 || c == 0xE2 || c == 0xEF:
			ch, n := utf8.DecodeRuneInString(r.s[r.p:])
			if ch != 0xA0 && ch != 0xFEFF && ch != 0x2028 && ch != 0x2029 && ch != 0x200B {
				return
			}
			r.p += n
		case c == '<' || c == '-' || c == ']' || c == '/':
			if !r.wrapper() {
				return
			}
		default:
			return
		}
	}
}

func (r *jsonReader) wrapper() bool {
	rest := r.s[r.p:]
	for _, w := range []string{"<!--", "-->", "<![CDATA[", "]]>"} {
		if strings.HasPrefix(rest, w) {
			if w == "]]>" && r.depth > 0 {
				return false
			}
			r.p += len(w)
			return true
		}
	}
	switch {
	case strings.HasPrefix(rest, "/*"):
		r.p = afterMark(r.s, r.p+2, "*/")
		return true
	case strings.HasPrefix(rest, "//"):
		line, _, _ := strings.Cut(rest[:min(len(rest), 1000)], "\n")
		if i := strings.Index(line, "<![CDATA["); i >= 0 {
			line = line[:i]
		}
		if i := strings.IndexAny(line, "{["); i >= 0 && r.depth == 0 {
			line = line[:i]
		}
		r.p += len(line)
		return true
	}
	return false
}

func (r *jsonReader) value() (node, error) {
	r.budget++
	if r.budget > maxJSONNodes {
		return node{}, errBounds
	}
	if r.p >= len(r.s) {
		return node{cut: true}, errEnd
	}
	switch c := r.s[r.p]; {
	case c == '{' || c == '[':
		if r.depth++; r.depth > maxJSONDepth {
			return node{}, fmt.Errorf("deeper than %d: %w", maxJSONDepth, errBounds)
		}
		n, err := r.members(c)
		r.depth--
		return n, err
	case c == '"', c == '\'' && r.lenient:
		s, err := r.str(c)
		return node{kind: textNode, text: s, cut: err != nil}, err
	}
	from := r.p
	for r.p < len(r.s) && !strings.ContainsRune(",]}:\"<", rune(r.s[r.p])) && r.s[r.p] > ' ' {
		r.p++
	}
	w := r.s[from:r.p]
	switch {
	case w == "null" || r.lenient && (w == "undefined" || w == "NaN"):
		return node{}, nil
	case w == "true" || w == "false" || w != "" && (w[0] == '-' || w[0] >= '0' && w[0] <= '9'):
		return node{kind: wordNode, text: w}, nil
	case w == "" && r.lenient && r.p < len(r.s) && (r.s[r.p] == ',' || r.s[r.p] == '}'): // "a": ,
		return node{}, nil
	}
	return node{cut: true}, fmt.Errorf("no value at %q", clip(r.s[from:], 12))
}

// members reads an object or a list, whose bracket is at hand.
func (r *jsonReader) members(open byte) (node, error) {
	n := node{kind: objectNode}
	end := byte('}')
	if open == '[' {
		n.kind, end = listNode, ']'
	}
	r.p++
	for {
		r.space()
		for r.p < len(r.s) && r.s[r.p] == ',' {
			r.p++
			r.space()
		}
		if r.p >= len(r.s) {
			n.cut = true
			return n, errEnd
		}
		if r.s[r.p] == end {
			r.p++
			return n, nil
		}
		var key string
		if open == '{' {
			var err error
			if key, err = r.name(); err != nil {
				n.cut = true
				return n, err
			}
		}
		v, err := r.value()
		v.key = key
		if n.kids == nil {
			n.kids = make([]node, 0, 8)
		}
		n.kids = append(n.kids, v)
		if err != nil {
			n.cut = true
			return n, err
		}
	}
}

// name reads the name of a member and its colon.
func (r *jsonReader) name() (string, error) {
	q := r.s[r.p]
	if q != '"' && (q != '\'' || !r.lenient) {
		return "", fmt.Errorf("no name at %q", clip(r.s[r.p:], 12))
	}
	key, err := r.str(q)
	if err != nil {
		return "", err
	}
	r.space()
	if r.p >= len(r.s) || r.s[r.p] != ':' {
		return "", fmt.Errorf("no colon behind %q", clip(key, 20))
	}
	r.p++
	r.space()
	return localName(key), nil
}

// localName is a name without its vocabulary.
func localName(s string) string {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '/' || s[i] == '#' || s[i] == ':' {
			return s[i+1:]
		}
	}
	return s
}
