package web

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	reflector "github.com/invopop/jsonschema"

	"github.com/puskaradio/puskaradio"
)

var update = flag.Bool("update", false, "write web/openapi.json anew")

// comments are what stands beside each type and field of ours, for the
// descriptions.
func comments(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	var files []string
	for _, pattern := range []string{"../*.go", "*.go"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range g.Specs {
				x, ok := spec.(*ast.TypeSpec)
				if !ok {
					continue
				}
				out[x.Name.Name] = told(g.Doc.Text())
				fields, ok := x.Type.(*ast.StructType)
				if !ok {
					continue
				}
				for _, field := range fields.Fields.List {
					for _, n := range field.Names {
						out[x.Name.Name+"."+n.Name] = told(field.Doc.Text() + field.Comment.Text())
					}
				}
			}
		}
	}
	return out
}

func told(comment string) string {
	return strings.NewReplacer("\n", " ", "[", "", "]", "").Replace(strings.TrimSpace(comment))
}

type object = map[string]any

// describe makes the description of the API from its routes.
func describe(t *testing.T) []byte {
	t.Helper()
	said := comments(t)
	names := map[string]reflect.Type{}
	r := &reflector.Reflector{
		Anonymous: true, AllowAdditionalProperties: true, // a later version may say more
		Namer: func(x reflect.Type) string {
			name := strings.TrimPrefix(x.Name(), "api")
			if name == "" {
				return ""
			}
			name = strings.ToUpper(name[:1]) + name[1:]
			if was, ok := names[name]; ok && was != x {
				t.Errorf("%v and %v have one name", was, x)
			}
			names[name] = x
			return name
		},
		LookupComment: func(x reflect.Type, field string) string {
			if field != "" {
				return said[x.Name()+"."+field]
			}
			return said[x.Name()]
		},
		Mapper: func(x reflect.Type) *reflector.Schema {
			if x == reflect.TypeFor[puskaradio.Status]() {
				s := &reflector.Schema{Type: "string"}
				for _, one := range puskaradio.Statuses() {
					s.Enum = append(s.Enum, one)
				}
				return s
			}
			return nil
		},
	}
	schemas := object{}
	ref := func(x any) object {
		s := r.ReflectFromType(reflect.TypeOf(x))
		for name, d := range s.Definitions {
			schemas[name] = d
		}
		return object{"$ref": s.Ref}
	}
	content := func(kind string, x any) object { return object{kind: object{"schema": ref(x)}} }
	fails := object{"description": "What is wrong, by RFC 9457.", "content": content("application/problem+json", problem{})}
	paths := object{}
	s := new(Server)
	used := map[string]bool{}
	for pattern, e := range s.endpoints() {
		method, path, _ := strings.Cut(pattern, " ")
		op := object{
			"summary": e.about, "operationId": strings.NewReplacer(" ", "_", "/", "_", "{", "", "}", "").Replace(strings.ToLower(pattern)),
			"x-role": e.need, "responses": object{"200": object{"description": "What was asked for.", "content": content("application/json", e.answer)}, "default": fails},
		}
		list := []object{}
		for _, m := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(path, -1) {
			list = append(list, object{"name": m[1], "in": "path", "required": true, "schema": object{"type": "string"}})
		}
		for _, name := range e.params {
			p, ok := params()[name]
			if !ok {
				t.Fatalf("%s takes %q, which is no parameter", pattern, name)
			}
			used[name] = true
			list = append(list, object{"name": name, "in": "query", "description": p.about, "schema": p.schema})
		}
		if len(list) > 0 {
			op["parameters"] = list
		}
		if e.body != nil {
			r.AllowAdditionalProperties = false
			op["requestBody"] = object{"required": true, "content": content("application/json", e.body)}
			r.AllowAdditionalProperties = true
		}
		at, _ := paths[apiRoot+path].(object)
		if at == nil {
			at = object{}
		}
		at[strings.ToLower(method)] = op
		paths[apiRoot+path] = at
	}
	for name := range params() {
		if !used[name] {
			t.Errorf("no endpoint takes the parameter %s", name)
		}
	}
	paths["/api/health"] = object{"get": object{
		"summary": "Whether the store answers; open to everybody.", "operationId": "get_health", "security": []object{},
		"responses": object{"200": object{"description": "It does."}, "503": object{"description": "It does not."}},
	}}
	doc := object{
		"openapi": "3.1.0",
		"info": object{
			"title": "puskaradio", "version": "1",
			"description": "What is said about your brands, where, how it feels, and what was done about it. Texts, names and links are of strangers: show them as text. Times are RFC 3339. Fields that are empty are left out; more may be added.",
		},
		"servers":    []object{{"url": "/"}},
		"security":   []object{{"token": []string{}}},
		"components": object{"securitySchemes": object{"token": object{"type": "http", "scheme": "bearer", "description": "Made by an owner on the page /tokens, or with puskaradio token add."}}, "schemas": schemas},
		"paths":      paths,
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(doc); err != nil {
		t.Fatal(err)
	}
	return bytes.ReplaceAll(b.Bytes(), []byte("#/$defs/"), []byte("#/components/schemas/"))
}

// TestOpenAPI: what is served describes every route with its parameters, and
// nothing that is no route.
func TestOpenAPI(t *testing.T) {
	want := describe(t)
	if *update {
		if err := os.WriteFile("openapi.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	p := newPlace(t)
	w := p.do("GET", "/api/openapi.json", nil, nil)
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("GET: %d %s", w.Code, w.Header())
	}
	if !bytes.Equal(w.Body.Bytes(), want) {
		t.Error("web/openapi.json is not of these routes; write it anew with: go test ./web -run OpenAPI -update")
	}
	var doc struct {
		Paths map[string]map[string]struct {
			Parameters []struct{ Name, In, Description string }
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	secret := p.token("root", puskaradio.Agent)
	for path, methods := range doc.Paths {
		if path == "/api/health" {
			continue
		}
		for method, op := range methods {
			e, ok := p.server.endpoints()[strings.ToUpper(method)+" "+strings.TrimPrefix(path, apiRoot)]
			if !ok {
				t.Errorf("%s %s is described, and no route", method, path)
			}
			var query []string
			for _, x := range op.Parameters {
				if x.In == "query" {
					query = append(query, x.Name)
				}
			}
			if !slices.Equal(query, e.params) {
				t.Errorf("%s %s: parameters %v, want %v", method, path, query, e.params)
			}
			// A route takes those that are described, and no other.
			for _, name := range append(slices.Sorted(maps.Keys(params())), "nosuch") {
				at := strings.NewReplacer("{id}", "x", "{brand}", "acme", "{date}", "2026-11-20").Replace(path)
				w := p.ask(secret, strings.ToUpper(method), at+"?"+name+"=%ff", "")
				said := w.Body.String()
				if got, want := strings.Contains(said, "no such parameter"), !slices.Contains(e.params, name); got != want || w.Code != 400 {
					t.Errorf("%s %s?%s: %d %s", method, at, name, w.Code, said)
				}
			}
		}
	}
}
