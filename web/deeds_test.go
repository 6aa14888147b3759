package web

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// varied is what stands before or behind the words of a deed that are put
// together.
var varied = map[string][]string{
	"made a person ": {"reader", "agent", "owner"}, "made a token ": {"reader", "agent"}, "tested a ": {"channel", "source"},
	" of an alert": {"claim", "calm", "snooze", "mute", "unmute"},
}

// deedsIn are the words of the audit log that a file writes.
func deedsIn(t *testing.T, name string) (out []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	set := map[string][]string{} // what variables are set to
	ast.Inspect(f, func(n ast.Node) bool {
		if a, ok := n.(*ast.AssignStmt); ok && len(a.Lhs) == 1 {
			if v, ok := a.Lhs[0].(*ast.Ident); ok {
				if s := literal(a.Rhs[0]); s != "" {
					set[v.Name] = append(set[v.Name], s)
				}
			}
		}
		return true
	})
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) != 4 {
			return true
		}
		if fn, ok := call.Fun.(*ast.SelectorExpr); !ok || fn.Sel.Name != "record" && fn.Sel.Name != "recordDeed" {
			return true
		}
		var words []string
		switch what := call.Args[2].(type) {
		case *ast.BasicLit:
			words = []string{literal(what)}
		case *ast.Ident:
			words = set[what.Name]
		case *ast.BinaryExpr:
			for _, v := range varied[literal(what.X)] {
				words = append(words, literal(what.X)+v)
			}
			for _, v := range varied[literal(what.Y)] {
				words = append(words, v+literal(what.Y))
			}
		}
		if len(words) == 0 {
			t.Errorf("%s: a deed of which nothing is known", name)
		}
		out = append(out, words...)
		return true
	})
	return out
}

func literal(x ast.Expr) string {
	l, ok := x.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return ""
	}
	s, err := strconv.Unquote(l.Value)
	if err != nil {
		return ""
	}
	return s
}

// TestEveryDeedIsFinnishToo finds what the dashboard and the commands write into
// the audit log.
func TestEveryDeedIsFinnishToo(t *testing.T) {
	var found []string
	for _, pattern := range []string{"*.go", "../cmd/puskaradio/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, name := range files {
			if !strings.HasSuffix(name, "_test.go") {
				found = append(found, deedsIn(t, name)...)
			}
		}
	}
	slices.Sort(found)
	if found = slices.Compact(found); len(found) < 25 {
		t.Fatalf("found %d deeds only: %q", len(found), found)
	}
	for _, what := range found {
		if fi := names[what][1]; fi == "" || fi == what {
			t.Errorf("no Finnish for the deed %q", what)
		}
	}
}
