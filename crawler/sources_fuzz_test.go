package crawler

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/puskaradio/puskaradio"
)

var fuzzNow = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// seeds are the recorded answers of a kind.
func seeds(f *testing.F, kind string) {
	files, err := filepath.Glob("../testdata/crawler/" + kind + "/*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds for %s: %v", kind, err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, s := range txtar.Parse(b).Files {
			if s.Name == "want" || s.Name == "options" || s.Name == "query" {
				continue
			}
			if _, body, ok := bytes.Cut(s.Data, []byte("\n\n")); ok && s.Data[3] == '\n' {
				f.Add(body)
			} else {
				f.Add(s.Data)
			}
		}
	}
}

// fuzzKind lets a kind read every answer there is: it ends, its mentions are
// whole and its cursor is one.
func fuzzKind(f *testing.F, kind, options string) {
	seeds(f, kind)
	f.Fuzz(func(t *testing.T, body []byte) {
		con, err := New(kind, json.RawMessage(options), nil)
		if err != nil {
			t.Fatal(err)
		}
		c := local(t)
		c.wire = wire(func(r *http.Request) (*http.Response, error) {
			rec := httptest.NewRecorder()
			if r.URL.Path == "/robots.txt" {
				rec.WriteHeader(http.StatusNotFound)
				return rec.Result(), nil
			}
			rec.Write(body)
			return rec.Result(), nil
		})
		q := Query{Now: fuzzNow, Brands: []puskaradio.Brand{{ID: "acme", Name: "Acme"}}}
		for pages, more := 0, true; more; pages++ {
			if pages > 200 {
				t.Fatal("a round without an end")
			}
			p, err := con.Fetch(t.Context(), c, q)
			if err != nil {
				return
			}
			if n := len(p.Mentions); len(once(p.Mentions)) < n {
				t.Error("a mention is there twice")
			}
			for _, m := range p.Mentions {
				if m.Published.IsZero() || m.DateFrom == "" || m.Text == "" && m.Title == "" && m.Rating == nil || !utf8.ValidString(m.Text+m.Title+m.Author) ||
					len(m.Text) > maxTextBytes || len(m.Ref) > 1000 || len(m.Title) > 1000 {
					t.Errorf("not whole: %+v", m)
				}
				if s := m.Rating; s != nil && (s.Share() < 0 || s.Share() > 1) {
					t.Errorf("rating %+v", s)
				}
			}
			if !json.Valid(p.Cursor) || len(p.Cursor) > 1<<20 {
				t.Fatalf("a cursor of %d bytes", len(p.Cursor))
			}
			q.Cursor, more = p.Cursor, p.More
		}
	})
}

func FuzzBluesky(f *testing.F) {
	fuzzKind(f, "bluesky", `{"server":"https://appview.example","pages":3}`)
}

func FuzzFeed(f *testing.F) { fuzzKind(f, "feed", `{"url":"https://b.example/","pages":3}`) }

func FuzzAppStore(f *testing.F) { fuzzKind(f, "appstore", `{"app":"1234567","pages":2}`) }

func FuzzWordPress(f *testing.F) {
	fuzzKind(f, "wordpress", `{"site":"https://w.example","products":true,"pages":3}`)
}

func FuzzMastodon(f *testing.F) {
	fuzzKind(f, "mastodon", `{"server":"https://m.example","tags":["acme"],"pages":3}`)
}

func FuzzReviews(f *testing.F) {
	fuzzKind(f, "reviews", `{"url":"https://b.example/","sitemap":"https://b.example/s.xml","max_pages":3}`)
}

func FuzzSitemap(f *testing.F) {
	seeds(f, "reviews")
	f.Add([]byte("https://a.example/1\nhttps://a.example/2\n"))
	f.Add([]byte(`<!DOCTYPE x [<!ENTITY a "b">]><urlset><url><loc>&a;</loc></url></urlset>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		n := 0
		readSitemap(body, func(e mapEntry) {
			if n++; e.URL == "" {
				t.Error("an entry without an address")
			}
		})
		if n > len(body) {
			t.Errorf("%d entries of %d bytes", n, len(body))
		}
	})
}

func FuzzImport(f *testing.F) {
	for _, s := range []string{
		"teksti;arvosana\nhyvä;4,5\n", "\ufefftext,date\n\"a\nb\",2026-01-01\n", "{\"text\":\"x\",\"rating\":{\"value\":1}}\n", "sep=\t\nnps\tid\n9\t1\n",
		"\xff\xfet\x00e\x00x\x00t\x00\n\x00", "text\n\"\n\"\"\n\"a\"b\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		last, rows := 0, 0
		for row, err := range ReadMentions(bytes.NewReader(body), "f", &ImportOptions{Now: fuzzNow}) {
			if rows++; rows > len(body)+2 {
				t.Fatal("more rows than bytes")
			}
			if row.N < last {
				t.Fatalf("line %d after %d", row.N, last)
			}
			last = row.N
			m := row.Mention
			if err == nil && (m.Ref == "" || m.Published.IsZero() || m.DateFrom == "" || m.Text == "" && m.Rating == nil || !utf8.ValidString(m.Text)) {
				t.Errorf("not whole: %+v", m)
			}
		}
	})
}
