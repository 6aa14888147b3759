package crawler

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A board is a place where people write while it is read. Its texts are
// numbers, the newest first.
type board struct {
	texts []int
	reads int
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

func (b *board) cut(from, n int) []int {
	from = min(max(from, 0), len(b.texts))
	return b.texts[from:min(from+n, len(b.texts))]
}

var boardDay = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func boardTime(n int) string {
	return boardDay.Add(time.Duration(n) * time.Minute).Format("2006-01-02T15:04:05")
}

// boards are servers in the form of each kind with pages.
var boards = map[string]struct {
	options string
	remove  bool // texts go while the list is read
	serve   func(b *board, u *url.URL) (string, error)
}{
	"reviews": {`{"url":"https://shop.example/p"}`, false, func(b *board, u *url.URL) (string, error) {
		page, _ := strconv.Atoi(u.Query().Get("page"))
		var items []string
		for _, n := range b.cut(5*page, 5) {
			items = append(items, fmt.Sprintf(`{"@type":"Review","author":"A","datePublished":"%s","reviewBody":"text %d"}`, boardTime(n), n))
		}
		next := ""
		if 5*page+5 < len(b.texts) {
			next = fmt.Sprintf(`<a rel=next href="/p?page=%d">next</a>`, page+1)
		}
		return fmt.Sprintf(`<script type="application/ld+json">{"@type":"Product","name":"P","review":[%s]}</script>%s`, strings.Join(items, ","), next), nil
	}},
	"mastodon": {`{"server":"https://m.example","tags":["acme"],"recheck":0}`, true, func(b *board, u *url.URL) (string, error) {
		least, _ := strconv.Atoi(u.Query().Get("min_id"))
		most, err := strconv.Atoi(u.Query().Get("max_id"))
		if err != nil {
			most = 1 << 30
		}
		var in []int
		for _, n := range b.texts {
			if n > least && n < most {
				in = append(in, n)
			}
		}
		if u.Query().Has("min_id") {
			in = in[max(0, len(in)-5):]
		}
		var items []string
		for _, n := range in[:min(5, len(in))] {
			items = append(items, fmt.Sprintf(`{"id":"%d","uri":"urn:%d","visibility":"public","created_at":"%sZ","content":"<p>text %d</p>"}`, n, n, boardTime(n), n))
		}
		return "[" + strings.Join(items, ",") + "]", nil
	}},
	"wordpress": {`{"site":"https://w.example","per_page":10}`, true, func(b *board, u *url.URL) (string, error) {
		if u.Query().Has("feed") {
			return "<rss/>", nil
		}
		from, _ := strconv.Atoi(u.Query().Get("offset"))
		id := strings.TrimPrefix(u.Path, "/wp-json/wp/v2/comments/")
		show := func(n int) string {
			return fmt.Sprintf(`{"id":%d,"date_gmt":"%s","author_name":"A","content":{"rendered":"<p>text %d</p>"},"type":"comment"}`, n, boardTime(n), n)
		}
		if n, err := strconv.Atoi(id); err == nil {
			if slices.Contains(b.texts, n) {
				return show(n), nil
			}
			return `{"code":"rest_comment_invalid_id"}`, errors.New("404")
		}
		var items []string
		for _, n := range b.cut(from, 10) {
			items = append(items, show(n))
		}
		return "[" + strings.Join(items, ",") + "]", nil
	}},
}

// TestShift reads boards that change under the reading: after two rounds of
// quiet everything that stands there was told, under one key each, and what
// was deleted is not told to be there.
func TestShift(t *testing.T) {
	for kind, tt := range boards {
		t.Run(kind, func(t *testing.T) {
			b := newBoard(33)
			con, err := New(kind, json.RawMessage(tt.options), nil)
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
				b.reads++
				body, err := tt.serve(b, r.URL)
				if err != nil {
					rec.WriteHeader(http.StatusNotFound)
				}
				rec.WriteString(body)
				return rec.Result(), nil
			})
			keys, gone := map[string]map[string]bool{}, map[string]bool{}
			q := Query{Now: boardDay.Add(48 * time.Hour)}
			q.Source.ID = "s"
			for round := range 5 {
				for pages := 0; ; pages++ {
					if pages > 60 {
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
					}
					for _, g := range p.Gone {
						gone[g] = true
					}
					q.Cursor = p.Cursor
					if !p.More {
						break
					}
					if round < 3 {
						b.stir(tt.remove)
					}
				}
				q.Now = q.Now.Add(2 * time.Hour)
			}
			for _, n := range b.texts {
				if text := fmt.Sprintf("text %d", n); len(keys[text]) != 1 {
					t.Errorf("%s has the keys %v", text, keys[text])
				}
				if gone[strconv.Itoa(n)] {
					t.Errorf("%d is there and was told to be gone", n)
				}
			}
			if kind == "wordpress" {
				for n := range b.next {
					if text := fmt.Sprintf("text %d", n); keys[text] != nil && !slices.Contains(b.texts, n) && !gone[strconv.Itoa(n)] {
						t.Errorf("%d was deleted and not told to be gone", n)
					}
				}
			}
		})
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
