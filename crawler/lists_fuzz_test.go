package crawler

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/puskaradio/puskaradio"
)

// listKinds are the kinds that are a list of questions to an interface.
func listKinds() (out []string) {
	for _, kind := range Kinds() {
		con, err := New(kind, minimal(kind), anySecret)
		if err != nil {
			panic(err)
		}
		switch con.(type) {
		case interface{ lists(Query) []string }, *googlePlaces, *tripadvisor, *telegram:
			out = append(out, kind)
		}
	}
	return out
}

// hostile are values that a leaf of an answer may turn into.
var hostile = []any{
	nil, true, "", -1, 1e300, "1e999", int64(1) << 62,
	[]any{},
	map[string]any{},
	[]any{map[string]any{"id": "x"}},
	"<b>\u202e\x00</b>\xff https://u:p@h.example/?a=b\r\nX: y " + strings.Repeat("ä\u0301", 3000), "javascript:alert(1)", "9999-12-31T23:59:59Z", "../../x",
}

// change turns the leaf of a number into another value, and reports whether
// there is one.
func change(v any, n *int, to any) (any, bool) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if x, ok := change(v[k], n, to); ok {
				v[k] = x
				return v, true
			}
		}
	case []any:
		for i := range v {
			if x, ok := change(v[i], n, to); ok {
				v[i] = x
				return v, true
			}
		}
	}
	if *n--; *n < 0 {
		return to, true
	}
	return v, false
}

// changed is an answer with one of its values turned into another; the same if
// it has not so many or is no JSON.
func changed(body []byte, at int, to any) ([]byte, bool) {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return body, false
	}
	v, ok := change(v, &at, to)
	out, err := json.Marshal(v)
	if !ok || err != nil {
		return body, false
	}
	return out, true
}

// answersOf are the recorded answers of a kind, without those of refusals and
// those that give tokens.
func answersOf(tb testing.TB, kind string) (out [][]byte) {
	files, err := filepath.Glob("../testdata/crawler/" + kind + "/*.txtar")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no answers of %s: %v", kind, err)
	}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		for _, s := range a.Files {
			if strings.HasPrefix(s.Name, "GET ") && len(s.Data) > 0 && s.Data[0] != '4' && s.Data[0] != '5' {
				out = append(out, s.Data)
			}
		}
	}
	return out
}

// swallow lets a kind read one answer to whatever it asks for a round.
func swallow(t *testing.T, kind string, body []byte) (found, faults int, err error) {
	con, err := New(kind, minimal(kind), anySecret)
	if err != nil {
		t.Fatal(err)
	}
	c := local(t)
	c.wire = wire(func(r *http.Request) (*http.Response, error) {
		rec := httptest.NewRecorder()
		switch {
		case r.URL.Path == "/robots.txt":
			rec.WriteHeader(http.StatusNotFound)
		case r.Method == http.MethodPost:
			rec.WriteString(`{"access_token":"t","expires_in":3600}`)
		case strings.HasSuffix(r.URL.Path, "/me"): // whose token it is
			rec.WriteString(`{"username":"us"}`)
		case strings.HasSuffix(r.URL.Path, "/find"): // the id of a business
			rec.WriteString(`{"id":"aa"}`)
		default:
			rec.Write(body)
		}
		return rec.Result(), nil
	})
	q := Query{Now: fuzzNow, Brands: []puskaradio.Brand{{ID: "acme", Name: "Acme Oy"}}}
	q.Source.ID = "s"
	for pages, more := 0, true; more; pages++ {
		if pages > 200 {
			t.Fatalf("%s: a round without an end", kind)
		}
		p, err := con.Fetch(t.Context(), c, q)
		if err != nil {
			return found, faults, err
		}
		checkWhole(t, kind, p)
		q.Cursor, more = p.Cursor, p.More
		found, faults = found+len(p.Mentions), faults+len(p.Faults)
	}
	return found, faults, nil
}

// TestChanged turns one value of a recorded answer after the other into another:
// a kind reads what it can and never what it cannot. FuzzLists does it for all.
func TestChanged(t *testing.T) {
	for _, kind := range listKinds() {
		t.Run(kind, func(t *testing.T) {
			bodies := answersOf(t, kind)
			longest := slices.MaxFunc(bodies, func(a, b []byte) int { return len(a) - len(b) })
			for n := range 60 {
				if body, ok := changed(longest, n, hostile[n%len(hostile)]); ok {
					swallow(t, kind, body)
				}
			}
		})
	}
}

// renamed is an answer in which a key has another name, wherever it stands, and
// every object one more.
func renamed(v any, key string) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{"uusi kenttä": []any{1, "x"}}
		for k, x := range v {
			if k == key {
				k += "_v2"
			}
			out[k] = renamed(x, key)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = renamed(v[i], key)
		}
		return out
	}
	return v
}

// keysOf adds the keys of an answer.
func keysOf(v any, keys map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			keys[k] = true
			keysOf(x, keys)
		}
	case []any:
		for _, x := range v {
			keysOf(x, keys)
		}
	}
}

// TestRenamed gives every key of a recorded answer another name, one at a
// time: a kind tells what it still can, or that it cannot, and never that there
// is nothing.
func TestRenamed(t *testing.T) {
	for _, kind := range listKinds() {
		t.Run(kind, func(t *testing.T) {
			longest := slices.MaxFunc(answersOf(t, kind), func(a, b []byte) int { return len(a) - len(b) })
			found, faults, err := swallow(t, kind, longest)
			if err != nil || found == 0 {
				t.Fatalf("the answer as it is: %d mentions, %d faults, %v", found, faults, err)
			}
			var v any
			if err := json.Unmarshal(longest, &v); err != nil {
				t.Fatal(err)
			}
			body, err := json.Marshal(renamed(v, "no key"))
			if err != nil {
				t.Fatal(err)
			}
			if n, m, err := swallow(t, kind, body); n != found || m != faults || err != nil {
				t.Errorf("with one key more in every object: %d mentions, %d faults, %v, want %d and %d", n, m, err, found, faults)
			}
			keys := map[string]bool{}
			keysOf(v, keys)
			for key := range keys {
				body, err := json.Marshal(renamed(v, key))
				if err != nil {
					t.Fatal(err)
				}
				if found, faults, err := swallow(t, kind, body); found == 0 && faults == 0 && err == nil {
					t.Errorf("without %s: nothing, and no word of it", key)
				}
			}
		})
	}
}

// FuzzLists gives any bytes as the answer to whatever the kinds ask, and any
// answer with a value that is another: they end, what they tell is whole, and
// their cursors stay small.
func FuzzLists(f *testing.F) {
	kinds := listKinds()
	for i, kind := range kinds {
		for n, body := range answersOf(f, kind) {
			f.Add(byte(i), uint16(n), byte(n), body)
		}
	}
	f.Fuzz(func(t *testing.T, kind byte, at uint16, to byte, body []byte) {
		body, _ = changed(body, int(at), hostile[int(to)%len(hostile)])
		swallow(t, kinds[int(kind)%len(kinds)], body)
	})
}

// checkWhole is what holds for every page, whatever the answer was.
func checkWhole(t *testing.T, kind string, p Page) {
	t.Helper()
	if n := len(p.Mentions); len(once(slices.Clone(p.Mentions))) < n {
		t.Errorf("%s: a mention is there twice", kind)
	}
	for _, m := range p.Mentions {
		text := m.Title + m.Text + m.Author + m.About + m.URL + m.Lang
		switch {
		case m.Published.IsZero() || m.Published.Location() != time.UTC || m.DateFrom == "" || m.Published.Year() < 1995 || m.Published.After(fuzzNow.Add(15*time.Hour)):
			t.Errorf("%s: published %v by %q", kind, m.Published, m.DateFrom)
		case m.Ref == "" || m.Text == "" && m.Title == "" && m.Rating == nil || !utf8.ValidString(text):
			t.Errorf("%s: not whole: %+v", kind, m)
		case len(m.Text) > maxTextBytes || len(m.Ref) > 1000 || len(m.Title) > 1000 || len(m.Author) > 1000 || len(m.About) > 1000 || len(m.URL) > 8<<10 || m.Reach < 0:
			t.Errorf("%s: too long: %.200q, a text of %d bytes", kind, m.Ref, len(m.Text))
		case m.URL != "" && !strings.HasPrefix(m.URL, "https://") && !strings.HasPrefix(m.URL, "http://"):
			t.Errorf("%s: address %q", kind, m.URL)
		case m.Owner != nil && (len(m.Owner.Text) > 4000 || m.Owner.At.Location() != time.UTC):
			t.Errorf("%s: answer %+v", kind, m.Owner)
		}
		if s := m.Rating; s != nil && (s.Share() < 0 || s.Share() > 1) {
			t.Errorf("%s: rating %+v", kind, s)
		}
		if _, err := json.Marshal(m); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if !json.Valid(p.Cursor) || len(p.Cursor) > 1<<20 {
		t.Fatalf("%s: a cursor of %d bytes", kind, len(p.Cursor))
	}
}
