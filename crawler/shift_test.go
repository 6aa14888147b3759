package crawler

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/puskaradio/puskaradio"
)

// A board is a place where people write while it is read. Its texts are
// numbers, the newest first.
type board struct {
	texts []int
	next  int
}

func newBoard(n int) *board {
	b := &board{next: n + 1}
	for i := n; i > 0; i-- {
		b.texts = append(b.texts, i)
	}
	return b
}

// stir adds two texts and, where some may go, deletes one that was read.
func (b *board) stir(remove bool) {
	b.texts = append([]int{b.next + 1, b.next}, b.texts...)
	b.next += 2
	if remove && len(b.texts) > 12 {
		b.texts = slices.Delete(b.texts, 3, 4)
	}
}

// An ask is a request to a board, as the template of a kind sees it.
type ask struct {
	b      *board
	Path   string
	query  url.Values
	Body   string
	status int
}

// Get is a parameter of the query, Int one that is a number.
func (a *ask) Get(name string) string { return a.query.Get(name) }

// All are all values of a parameter.
func (a *ask) All(name string) []string { return a.query[name] }

func (a *ask) Int(name string, otherwise int) int {
	if n, err := strconv.Atoi(a.query.Get(name)); err == nil {
		return n
	}
	return otherwise
}

// Cut is n texts from a place on, Below the newest n whose number is less,
// Above the oldest n whose number is greater, the newest first in all.
func (a *ask) Cut(from, n int) []int {
	from = min(max(from, 0), len(a.b.texts))
	return a.b.texts[from:min(from+n, len(a.b.texts))]
}

func (a *ask) Below(id, n int) []int {
	in := slices.DeleteFunc(slices.Clone(a.b.texts), func(t int) bool { return t >= id })
	return in[:min(n, len(in))]
}

func (a *ask) Above(id, n int) []int {
	in := slices.DeleteFunc(slices.Clone(a.b.texts), func(t int) bool { return t <= id })
	return in[max(0, len(in)-n):]
}

// Between is the newest n texts with least < number < most.
func (a *ask) Between(least, most, n int) []int {
	in := slices.DeleteFunc(slices.Clone(a.b.texts), func(t int) bool { return t <= least || t >= most })
	return in[:min(n, len(in))]
}

// More reports whether there is a text at a place, Has whether one of a number.
func (a *ask) More(from int) bool { return from < len(a.b.texts) }
func (a *ask) Has(n int) bool     { return slices.Contains(a.b.texts, n) }

// Count is how many texts there are.
func (a *ask) Count() int { return len(a.b.texts) }

// Last is the number that the path or a list ends with.
func (a *ask) Last(v any) int {
	if list, ok := v.([]int); ok {
		if len(list) == 0 {
			return 0
		}
		return list[len(list)-1]
	}
	s := fmt.Sprint(v)
	n, _ := strconv.Atoi(s[strings.LastIndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })+1:])
	return n
}

// Missing makes the answer a 404.
func (a *ask) Missing() string {
	a.status = http.StatusNotFound
	return ""
}

var boardDay = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func boardTime(n int) time.Time { return boardDay.Add(time.Duration(n) * time.Minute) }

var boardFuncs = template.FuncMap{
	"time": func(n int) string { return boardTime(n).Format("2006-01-02T15:04:05") },
	"unix": func(n int) int64 { return boardTime(n).Unix() },
	"unbox": func(sec int) int { // the number of the text of that Unix time
		return int(time.Unix(int64(sec), 0).Sub(boardDay) / time.Minute)
	},
	"minute": func(s string, otherwise int) int { // the number of the text of that time
		if at, err := time.Parse(time.RFC3339, s); err == nil {
			return int(at.Sub(boardDay).Minutes())
		}
		return otherwise
	},
	"add":   func(a, b int) int { return a + b },
	"mul":   func(a, b int) int { return a * b },
	"int":   func(s string) int { n, _ := strconv.Atoi(s); return n },
	"has":   strings.Contains,
	"split": func(s, sep string) []string { return strings.Split(s, sep) },
	"query": url.QueryEscape,
}

// TestShift reads boards that change under the reading: after two rounds of
// quiet everything that stands there was told, under one key each, and what
// was deleted is not told to be there. testdata/crawler/KIND/shift.txt has the
// options and a template of the server's answers; "removes" if texts go while
// the list is read, "tells" if deletions must be told.
func TestShift(t *testing.T) {
	for _, kind := range Kinds() {
		t.Run(kind, func(t *testing.T) {
			a, err := txtar.ParseFile("../testdata/crawler/" + kind + "/shift.txt")
			if err != nil {
				t.Fatal(err)
			}
			part := map[string]string{}
			for _, f := range a.Files {
				part[f.Name] = string(f.Data)
			}
			con, err := New(kind, json.RawMessage(part["options"]), anySecret)
			if err != nil {
				t.Fatal(err)
			}
			_, removes := part["removes"]
			_, tells := part["tells"]
			b := newBoard(33)
			c := local(t)
			if part["mail"] != "" { // a mailbox instead of a web server
				c.call = mailBoard(t, b, template.Must(template.New(kind).Funcs(boardFuncs).Parse(part["mail"])))
				readBoard(t, con, c, b, removes, tells)
				return
			}
			tmpl := template.Must(template.New(kind).Funcs(boardFuncs).Parse(part["board"]))
			c.wire = wire(func(r *http.Request) (*http.Response, error) {
				rec := httptest.NewRecorder()
				if r.URL.Path == "/robots.txt" {
					rec.WriteHeader(http.StatusNotFound)
					return rec.Result(), nil
				}
				q := &ask{b: b, Path: r.URL.Path, query: r.URL.Query(), status: http.StatusOK}
				if r.Body != nil {
					var buf bytes.Buffer
					buf.ReadFrom(r.Body)
					q.Body = buf.String()
				}
				var out bytes.Buffer
				if err := tmpl.Execute(&out, q); err != nil {
					t.Fatal(err)
				}
				rec.WriteHeader(q.status)
				rec.Write(bytes.TrimSpace(out.Bytes()))
				return rec.Result(), nil
			})
			readBoard(t, con, c, b, removes, tells)
		})
	}
}

func readBoard(t *testing.T, con Connector, c *Client, b *board, removes, tells bool) {
	keys, gone := map[string]map[string]bool{}, map[string]bool{}
	number := map[string]int{} // by key
	q := Query{Now: boardDay.Add(48 * time.Hour), Brands: []puskaradio.Brand{{ID: "acme", Name: "Acme"}}}
	q.Source.ID = "s"
	for round := range 5 {
		for pages := 0; ; pages++ {
			if pages > 80 {
				t.Fatal("a round without an end")
			}
			p, err := con.Fetch(t.Context(), c, q)
			if err != nil || len(p.Faults) > 0 {
				t.Fatalf("Fetch = %v, faults %v", err, p.Faults)
			}
			for _, m := range p.Mentions {
				if keys[m.Text] == nil {
					keys[m.Text] = map[string]bool{}
				}
				keys[m.Text][m.Key()] = true
				number[m.Key()], _ = strconv.Atoi(strings.TrimPrefix(m.Text, "text "))
				delete(gone, m.Key())
			}
			for _, g := range p.Gone {
				gone[g] = true
			}
			q.Cursor = p.Cursor
			if !p.More {
				break
			}
			if round < 3 {
				b.stir(removes)
			}
		}
		q.Now = q.Now.Add(2 * time.Hour)
	}
	for _, n := range b.texts {
		if text := fmt.Sprintf("text %d", n); len(keys[text]) != 1 {
			t.Errorf("%s has the keys %v", text, keys[text])
		}
	}
	for key := range gone {
		if n, ok := number[key]; ok && slices.Contains(b.texts, n) {
			t.Errorf("%d is there and was told to be gone", n)
		}
	}
	if !tells {
		return
	}
	for key, n := range number {
		if !slices.Contains(b.texts, n) && !gone[key] {
			t.Errorf("%d was deleted and not told to be gone", n)
		}
	}
}

// TestTraps walks into pages that never end.
func TestTraps(t *testing.T) {
	review := func(n int) string {
		return fmt.Sprintf(`<script type="application/ld+json">{"@type":"Review","author":"A","reviewBody":"text %d"}</script>`, n)
	}
	for name, tt := range map[string]struct {
		page func(n int) string // what the page n says and where it leads
		most int
	}{
		"the same for ever":       {func(n int) string { return review(1) + fmt.Sprintf(`<a rel=next href="?n=%d">`, n+1) }, 2},
		"a calendar":              {func(n int) string { return fmt.Sprintf(`<a rel=next href="?n=%d">`, n+1) }, 1},
		"new ones for ever":       {func(n int) string { return review(n) + fmt.Sprintf(`<a rel=next href="?n=%d">`, n+1) }, 20},
		"a circle":                {func(n int) string { return review(n) + fmt.Sprintf(`<a rel=next href="?n=%d">`, (n+1)%3) }, 4},
		"itself":                  {func(n int) string { return review(n) + `<a rel=next href="#p2">` }, 1},
		"another site":            {func(n int) string { return review(n) + `<a rel=next href="https://evil.example/">` }, 1},
		"the same words by names": {func(n int) string { return review(1) + fmt.Sprintf(`<a rel=next href="?session=%d">`, n*7919+1) }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			con, err := New("reviews", json.RawMessage(`{"url":"https://shop.example/p"}`), nil)
			if err != nil {
				t.Fatal(err)
			}
			c, reads := local(t), 0
			c.wire = wire(func(r *http.Request) (*http.Response, error) {
				rec := httptest.NewRecorder()
				if r.URL.Path == "/robots.txt" {
					rec.WriteHeader(http.StatusNotFound)
					return rec.Result(), nil
				}
				reads++
				n, _ := strconv.Atoi(r.URL.Query().Get("n"))
				rec.WriteString("<!doctype html>" + tt.page(n))
				return rec.Result(), nil
			})
			q := Query{Now: boardDay}
			for round := 1; round <= 3; round++ {
				for more := true; more; {
					p, err := con.Fetch(t.Context(), c, q)
					if err != nil {
						t.Fatal(err)
					}
					if len(p.Cursor) > 64<<10 {
						t.Fatalf("a cursor of %d bytes", len(p.Cursor))
					}
					q.Cursor, more = p.Cursor, p.More
				}
				if reads > round*tt.most {
					t.Fatalf("round %d: %d pages, want at most %d", round, reads, round*tt.most)
				}
			}
		})
	}
}
