package crawler

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func TestPages(t *testing.T) {
	for _, urls := range [][]string{
		nil,
		{"https://a.example/"},
		{"https://a.example/1", "https://a.example/10", "https://a.example/2", "https://b.example/", "x", ""},
		{strings.Repeat("a", 2048), strings.Repeat("a", 2047) + "b"},
	} {
		text, err := packPages(urls).MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var p pages
		if err := p.UnmarshalText(text); err != nil || !slices.Equal(p.list(), urls) {
			t.Errorf("%q = %q, %v", urls, p.list(), err)
		}
		var popped []string
		for len(p) > 0 {
			popped = append(popped, p.pop())
		}
		if !slices.Equal(popped, urls) {
			t.Errorf("popped %q, want %q", popped, urls)
		}
	}
}

func FuzzPages(f *testing.F) {
	for _, urls := range [][]string{{"https://a.example/1", "https://a.example/2"}, {"a", "", "b"}} {
		text, _ := packPages(urls).MarshalText()
		f.Add(text)
	}
	f.Add([]byte("/////w8A"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var p pages
		if p.UnmarshalText(text) != nil {
			return
		}
		urls := p.list()
		for i := 0; len(p) > 0; i++ {
			if u := p.pop(); i >= len(urls) || u != urls[i] {
				t.Fatalf("popped %q as #%d of %q", u, i, urls)
			}
		}
	})
}

// TestMarksMany keeps many marks beside a list that is looked through.
func TestMarksMany(t *testing.T) {
	const limit = 300
	var m marks
	var list []string
	for i := range 20_000 {
		name := fmt.Sprint(i * i % 1009)
		if i%5 == 0 {
			name = fmt.Sprint("n", i)
		}
		fresh := !slices.Contains(list, name)
		if fresh {
			if list = append(list, name); len(list) > limit {
				list = list[1:]
			}
		}
		if got := m.add(name, limit); got != fresh {
			t.Fatalf("add(%q) #%d = %v, want %v", name, i, got, fresh)
		}
		if i%1000 == 0 { // as from one page to the next
			b, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			m = marks{}
			if err := json.Unmarshal(b, &m); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(m.list) != limit || len(m.table) > 8*limit {
		t.Errorf("%d marks in a table of %d", len(m.list), len(m.table))
	}
	for _, bad := range []string{`"AAAA"`, `"?"`, `[]`} {
		if err := json.Unmarshal([]byte(bad), &m); err == nil {
			t.Errorf("%s are marks", bad)
		}
	}
}

// TestLongSitemap reads 3,500 pages in two rounds of 2,500 with small cursors,
// and each page once. One sitemap of two takes a page from the list.
func TestLongSitemap(t *testing.T) {
	con, err := New("reviews", json.RawMessage(`{"url":"https://shop.example/p0007","sitemap":"https://shop.example/index.xml","max_pages":2500}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]int{}
	c := local(t)
	c.wire = wire(func(r *http.Request) (*http.Response, error) {
		rec := httptest.NewRecorder()
		rec.Header().Set("Content-Type", "text/xml")
		asked[r.URL.Path]++
		switch {
		case r.URL.Path == "/robots.txt":
			rec.WriteHeader(http.StatusNotFound)
		case r.URL.Path == "/index.xml":
			fmt.Fprint(rec, "<sitemapindex><sitemap><loc>https://shop.example/0.xml</loc></sitemap><sitemap><loc>https://shop.example/1.xml</loc></sitemap></sitemapindex>")
		case strings.HasSuffix(r.URL.Path, ".xml"):
			fmt.Fprint(rec, "<urlset>")
			for i := 3499; i >= 0; i-- {
				if i%2 == int(r.URL.Path[1]-'0') {
					fmt.Fprintf(rec, "<url><loc>https://shop.example/p%04d</loc></url>", i)
				}
			}
			fmt.Fprint(rec, "</urlset>")
		default:
			rec.Header().Set("Content-Type", "text/html")
			fmt.Fprintf(rec, `<script type="application/ld+json">{"@type":"Review","author":"A","reviewBody":"of %s"}</script>`, r.URL.Path)
		}
		return rec.Result(), nil
	})
	q := Query{Now: fuzzNow}
	told := map[string]bool{}
	for round, want := range []int{2500, 3500} {
		for more := true; more; {
			p, err := con.Fetch(t.Context(), c, q)
			if err != nil || len(p.Faults) > 0 {
				t.Fatalf("Fetch = %v, %v", err, p.Faults)
			}
			if len(p.Cursor) > 16<<10 {
				t.Fatalf("a cursor of %d bytes", len(p.Cursor))
			}
			for _, m := range p.Mentions {
				told[m.Text] = true
			}
			q.Cursor, more = p.Cursor, p.More
		}
		if len(told) != want {
			t.Errorf("round %d: %d reviews, want %d", round+1, len(told), want)
		}
	}
	for path, n := range asked {
		switch {
		case strings.HasSuffix(path, ".xml") && n != 4: // three times in the first round
			t.Errorf("%s was asked for %d times", path, n)
		case strings.HasPrefix(path, "/p") && n != 1 && path != "/p0007":
			t.Errorf("%s was asked for %d times", path, n)
		}
	}
	if asked["/p0007"] != 2 { // as the start of the list, once a round
		t.Errorf("the start was asked for %d times", asked["/p0007"])
	}
}

func TestChallengeMark(t *testing.T) {
	page := strings.Repeat("<p>Toimitus oli nopea ja paketti tuli ehjänä perille. 123/c-a_h", 3)
	for i, mark := range challengeMarks {
		if len(mark) < markWindow || mark != strings.ToLower(mark) {
			t.Errorf("%q is not as marks must be", mark)
		}
		for _, s := range []string{mark, strings.ToUpper(mark)} {
			for _, at := range []int{0, 1, i, len(page) - 1, len(page)} {
				if got := challengeMark([]byte(page[:at] + s + page[at:])); got != mark {
					t.Errorf("%q at %d: %q", s, at, got)
				}
			}
		}
		if got := challengeMark([]byte(page + mark[:len(mark)-1])); got != "" {
			t.Errorf("%q cut: %q", mark, got)
		}
	}
}

func FuzzChallengeMark(f *testing.F) {
	f.Add([]byte("xCF-Chl-_cf_chl_opt"))
	f.Fuzz(func(t *testing.T, page []byte) {
		want := false
		low := strings.Map(func(r rune) rune {
			if r >= 'A' && r <= 'Z' {
				r |= 0x20
			}
			return r
		}, string(page))
		for _, mark := range challengeMarks {
			want = want || strings.Contains(low, mark)
		}
		if got := challengeMark(page); (got != "") != want {
			t.Errorf("challengeMark(%q) = %q, want %v", page, got, want)
		}
	})
}
