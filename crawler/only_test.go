package crawler

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// ways are what would get past the client: clients without limits, and
// colly's SetClient, which drops the checks of redirects.
var ways = []string{"http.Get", "http.Head", "http.Post", "http.PostForm", "http.DefaultClient", "http.DefaultTransport", ".SetClient"}

// shortcuts lists what a source file uses of them, with its line.
func shortcuts(name string, src any) ([]string, error) {
	files := token.NewFileSet()
	f, err := parser.ParseFile(files, name, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	web := "" // what the file calls net/http
	for _, i := range f.Imports {
		if path, _ := strconv.Unquote(i.Path.Value); path == "net/http" {
			if web = "http"; i.Name != nil {
				web = i.Name.Name
			}
		}
	}
	var found []string
	ast.Inspect(f, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		use := "." + s.Sel.Name
		if x, ok := s.X.(*ast.Ident); ok && x.Name == web && web != "" {
			use = "http" + use
		}
		if slices.Contains(ways, use) {
			found = append(found, files.Position(n.Pos()).String()+": "+use)
		}
		return true
	})
	return found, nil
}

func TestOnlyWayOut(t *testing.T) {
	n := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != ".." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		n++
		found, err := shortcuts(path, nil)
		for _, s := range found {
			t.Errorf("%s goes past the client", s)
		}
		return err
	})
	if err != nil || n < 10 {
		t.Fatalf("read %d files: %v", n, err)
	}
}

func TestShortcuts(t *testing.T) {
	const src = `package x
import web "net/http"
func f() { web.Get(""); c.SetClient(nil); web.NewRequest(); x.Get(); _ = web.DefaultClient }`
	found, err := shortcuts("x.go", src)
	if err != nil || len(found) != 3 {
		t.Errorf("shortcuts = %q, %v, want three", found, err)
	}
}
