package main

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// A configFault is one thing that is wrong with a configuration.
type configFault struct {
	file      string
	line, col int
	msg       string // what is wrong, and what to write instead
}

func (f *configFault) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", f.file, f.line, f.col, f.msg)
}

// A decoder puts YAML into structs, strictly, and goes on after a fault.
type decoder struct {
	file   string
	faults []*configFault
}

func (d *decoder) fault(n ast.Node, format string, args ...any) {
	switch m := n.(type) { // what stands for a mapping there is its first colon
	case *ast.MappingNode:
		if !m.IsFlowStyle && len(m.Values) > 0 {
			n = m.Values[0].Key
		}
	case *ast.MappingValueNode:
		n = m.Key
	}
	p := n.GetToken().Position
	d.faults = append(d.faults, &configFault{d.file, p.Line, p.Column, fmt.Sprintf(format, args...)})
}

// decode puts a node into v, which can be set. where names the place in words.
func (d *decoder) decode(n ast.Node, v reflect.Value, where string) {
	switch node := n.(type) {
	case *ast.AnchorNode:
		d.decode(node.Value, v, where)
		return
	case *ast.NullNode:
		return // nothing is said
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	if v.Type() == reflect.TypeFor[rawNode]() {
		v.Set(reflect.ValueOf(rawNode{n}))
		return
	}
	_, isText := v.Addr().Interface().(encoding.TextUnmarshaler)
	switch {
	case v.Kind() == reflect.Struct && !isText:
		d.mapping(n, v, where)
	case v.Kind() == reflect.Slice:
		d.sequence(n, v, where)
	default:
		if err := yaml.NodeToValue(n, v.Addr().Interface()); err != nil {
			d.fault(n, "%s: %s wanted, %s given", where, wanted(v), clip(strings.TrimSpace(n.String()), 60))
		}
	}
}

// wanted says in words what a value must be.
func wanted(v reflect.Value) string {
	if h, ok := v.Addr().Interface().(interface{ wanted() string }); ok {
		return h.wanted()
	}
	switch v.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64, reflect.Uint16:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Map:
		return "names with values (name: value)"
	}
	return "a value"
}

func (d *decoder) mapping(n ast.Node, v reflect.Value, where string) {
	var values []*ast.MappingValueNode
	switch m := n.(type) {
	case *ast.MappingNode:
		values = m.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{m}
	default:
		d.fault(n, "%s: keys with values (key: value) wanted, %s given", where, clip(strings.TrimSpace(n.String()), 60))
		return
	}
	fields := map[string]reflect.Value{}
	var known []string
	for i := range v.NumField() {
		if name := keyOf(v.Type().Field(i)); name != "" {
			fields[name] = v.Field(i)
			known = append(known, name)
		}
	}
	seen := map[string]bool{}
	for _, kv := range values {
		key := strings.Trim(strings.TrimSpace(kv.Key.String()), `"'`)
		f, ok := fields[key]
		switch {
		case !ok:
			d.fault(kv.Key, "%s: %q is not known; %s", where, key, suggest(key, known))
		case seen[key]:
			d.fault(kv.Key, "%s: %q stands here twice; keep one", where, key)
		default:
			seen[key] = true
			d.decode(kv.Value, f, path(where, key))
		}
	}
}

func path(where, key string) string {
	if where == top {
		return key
	}
	return where + "." + key
}

// top is the name of the whole file in messages.
const top = "the configuration"

func (d *decoder) sequence(n ast.Node, v reflect.Value, where string) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		d.fault(n, "%s: a list wanted, %s given; write - before each item", where, clip(strings.TrimSpace(n.String()), 60))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(seq.Values), len(seq.Values)))
	for i, item := range seq.Values {
		d.decode(item, v.Index(i), fmt.Sprintf("%s[%d]", where, i))
	}
}

// keyOf is what a field is called in the file; empty if it is not in it.
func keyOf(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "-" || !f.IsExported() {
		return ""
	}
	return name
}

// suggest names the key that was likely meant, or all of them.
func suggest(key string, known []string) string {
	best, least := "", 3
	for _, k := range known {
		if d := distance(strings.ToLower(key), k); d < least {
			best, least = k, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	slices.Sort(known)
	return "write one of: " + strings.Join(known, ", ")
}

// distance counts the letters to change, add, drop or swap (optimal string
// alignment).
func distance(a, b string) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}

func clip(s string, n int) string {
	s, _, _ = strings.Cut(s, "\n")
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}

// A rawNode is a part of the file that its owner decodes.
type rawNode struct{ ast.Node }
