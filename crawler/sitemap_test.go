package crawler

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestReadSitemap(t *testing.T) {
	deep := "<urlset>" + strings.Repeat("<a>", maxMapDepth) + strings.Repeat("</a>", maxMapDepth) + "</urlset>"
	for name, tt := range map[string]struct {
		in, want, err string
	}{
		"pages": {
			`<?xml version="1.0"?><urlset xmlns:image="i"><url><loc> https://a.example/?a=1&amp;b=2 </loc><image:image><image:loc>https://a.example/x.png</image:loc></image:image></url>` +
				`<url><lastmod>2026-11-20</lastmod><loc>https://a.example/2</loc></url><url/></urlset>`,
			"https://a.example/?a=1&b=2 0001-01-01T00:00 false, https://a.example/2 2026-11-21T12:00 false", "",
		},
		"index":   {`<sitemapindex><sitemap><loc>https://a.example/1.xml</loc><lastmod>2026-11-20T10:00:00+02:00</lastmod></sitemap></sitemapindex>`, "https://a.example/1.xml 2026-11-20T08:00 true", ""},
		"lines":   {"https://a.example/1\r\n\r\nhttps://a.example/2", "https://a.example/1 0001-01-01T00:00 false, https://a.example/2 0001-01-01T00:00 false", ""},
		"cut":     {`<urlset><url><loc>https://a.example/1</loc></url><url><loc>https://a`, "https://a.example/1 0001-01-01T00:00 false", "unexpected EOF"},
		"entity":  {`<!DOCTYPE u [<!ENTITY x "y">]><urlset><url><loc>&x;</loc></url></urlset>`, "", "entity"},
		"deep":    {deep, "", "nest deeper"},
		"rss":     {`<rss version="2.0"></rss>`, "", `it is a "rss"`},
		"nothing": {"", "", "empty"},
		"ends":    {"</urlset>", "", "not begun"},
	} {
		var got []string
		err := readSitemap([]byte(tt.in), func(e mapEntry) {
			got = append(got, fmt.Sprintf("%s %s %v", e.URL, e.Changed.UTC().Format("2006-01-02T15:04"), e.Map))
		})
		if s := strings.Join(got, ", "); s != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %s, %v\nwant %s, %s", name, s, err, tt.want, tt.err)
		}
	}
}

// A shop has pages behind a packed sitemap that lies in its own ways.
type shop struct {
	changed map[string]string // what the sitemap says of a page
	asked   []string
}

func (s *shop) client(t *testing.T) *Client {
	c := local(t)
	c.wire = wire(func(r *http.Request) (*http.Response, error) {
		rec := httptest.NewRecorder()
		switch {
		case r.URL.Path == "/robots.txt":
			rec.WriteHeader(http.StatusNotFound)
		case strings.HasSuffix(r.URL.Path, ".xml.gz"):
			var b strings.Builder
			b.WriteString("<urlset>")
			for _, u := range slices.Sorted(mapKeys(s.changed)) {
				fmt.Fprintf(&b, "<url><loc>https://shop.example%s</loc><lastmod>%s</lastmod></url>", u, s.changed[u])
			}
			rec.Header().Set("Content-Type", "application/gzip")
			rec.Write(pack(t, []byte(b.String()+"</urlset>"), "gzip"))
		default:
			s.asked = append(s.asked, r.URL.Path)
			rec.Header().Set("Content-Type", "text/html")
			fmt.Fprintf(rec, `<script type="application/ld+json">{"@type":"Review","author":"A","reviewBody":"of %s"}</script><a href="/p1?page=2">2</a>`, r.URL.Path)
		}
		return rec.Result(), nil
	})
	return c
}

func mapKeys(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// round reads a round and gives the pages that were asked for.
func (s *shop) round(t *testing.T, con Connector, c *Client, q *Query) string {
	t.Helper()
	s.asked = nil
	for more := true; more; {
		p, err := con.Fetch(t.Context(), c, *q)
		if err != nil || len(p.Faults) > 0 {
			t.Fatalf("Fetch = %v, %v", err, p.Faults)
		}
		q.Cursor, more = p.Cursor, p.More
	}
	q.Now = q.Now.Add(2 * time.Hour)
	return strings.Join(s.asked, " ")
}

func TestSweep(t *testing.T) {
	con, err := New("reviews", json.RawMessage(`{"sitemap":"https://shop.example/map.xml.gz","max_pages":2}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{changed: map[string]string{"/p1": "2026-11-01T00:00:00Z", "/p2": "", "/p3": "2026-11-21", "/p4": "2026-11-02T00:00:00Z", "/p5": "2026-11-02T00:00:00Z"}}
	c := s.client(t)
	q := &Query{Now: fuzzNow}
	for i, step := range []struct {
		change func()
		want   string
	}{
		{nil, "/p1 /p2"},
		{nil, "/p3 /p4"},
		{nil, "/p5"},
		{nil, "/p2 /p3"}, // of p2 nothing is known, and the day of p3 was not over
		{func() { s.changed["/p4"] = q.Now.Format(time.RFC3339) }, "/p2 /p3"},
		{nil, "/p4"},
		{func() { // a sitemap that says on each look that all has changed: all have their turn
			for u := range s.changed {
				s.changed[u] = q.Now.Format(time.RFC3339)
			}
		}, "/p1 /p2"},
		{func() {
			for u := range s.changed {
				s.changed[u] = q.Now.Format(time.RFC3339)
			}
		}, "/p3 /p4"},
		{nil, "/p5"},
		{func() { s.changed = map[string]string{"/p1": q.Now.Add(-30 * time.Minute).Format(time.RFC3339)} }, "/p1"},
		{func() { s.changed["/p2"] = q.Now.Add(-150 * time.Minute).Format(time.RFC3339) }, "/p1 /p2"}, // its clock is behind ours
	} {
		if step.change != nil {
			step.change()
		}
		if got := s.round(t, con, c, q); got != step.want {
			t.Errorf("round %d: %s, want %s", i+1, got, step.want)
		}
	}
}

func TestFollowLinks(t *testing.T) {
	con, err := New("reviews", json.RawMessage(`{"url":"https://shop.example/start","follow":"links","include":"/p[0-9]"}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	s := new(shop)
	if got, want := s.round(t, con, s.client(t), &Query{Now: fuzzNow}), "/start /p1"; got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
}

// TestCollyEnvironment sets what colly would take from the environment.
func TestCollyEnvironment(t *testing.T) {
	for k, v := range map[string]string{
		"COLLY_MAX_BODY_SIZE": "5", "COLLY_USER_AGENT": "Mozilla/5.0", "COLLY_DISALLOWED_DOMAINS": "shop.example", "COLLY_CACHE_DIR": t.TempDir(),
		"COLLY_MAX_REQUESTS": "0", "COLLY_PARSE_HTTP_ERROR_RESPONSE": "1", "COLLY_IGNORE_ROBOTSTXT": "0", "COLLY_ALLOWED_DOMAINS": "x",
	} {
		t.Setenv(k, v)
	}
	s := new(shop)
	got, err := visit(t.Context(), s.client(t), "https://shop.example/p1", Validator{})
	if err != nil || !strings.Contains(string(got.Body), "of /p1") {
		t.Errorf("visit = %+v, %v", got, err)
	}
}
