package main

import (
	"embed"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed demo
var demoFiles embed.FS

// A demoPost is a text of the demo: written by us, dated when it is served.
type demoPost struct {
	id     int
	place  string // shop, forum, social
	ago    time.Duration
	crisis bool
	stars  int // zero: none
	lang   string
	author string
	title  string
	text   string
	reply  string // what the shop answered
}

// demoPosts reads the texts: demo/*.tsv, a line a post. ago is 12d05h before
// now; a post of the crisis has c180: so many minutes before now, and is not
// there until the crisis breaks.
func demoPosts() ([]demoPost, error) {
	files, err := demoFiles.ReadDir("demo")
	if err != nil {
		return nil, err
	}
	var out []demoPost
	for _, f := range files {
		b, err := demoFiles.ReadFile("demo/" + f.Name())
		if err != nil {
			return nil, err
		}
		for i, line := range strings.Split(strings.TrimSuffix(string(b), "\n"), "\n") {
			if i == 0 {
				continue // the names of the columns
			}
			p, err := demoPostOf(strings.Split(line, "\t"))
			if err != nil {
				return nil, fmt.Errorf("%s:%d: %w", f.Name(), i+1, err)
			}
			p.id = len(out) + 1
			out = append(out, p)
		}
	}
	return out, nil
}

func demoPostOf(f []string) (p demoPost, err error) {
	if len(f) != 8 {
		return p, fmt.Errorf("%d columns, want 8", len(f))
	}
	p = demoPost{place: f[0], lang: f[3], author: f[4], title: f[5], text: f[6], reply: f[7]}
	if !slices.Contains([]string{"shop", "forum", "social"}, p.place) || p.text == "" {
		return p, fmt.Errorf("place %q or an empty text", p.place)
	}
	if f[2] != "" {
		if p.stars, err = strconv.Atoi(f[2]); err != nil {
			return p, err
		}
	}
	if minutes, ok := strings.CutPrefix(f[1], "c"); ok {
		n, err := strconv.Atoi(minutes)
		p.crisis, p.ago = true, time.Duration(n)*time.Minute
		return p, err
	}
	days, hours, ok := strings.Cut(strings.TrimSuffix(f[1], "h"), "d")
	d, err1 := strconv.Atoi(days)
	h, err2 := strconv.Atoi(hours)
	if !ok || err1 != nil || err2 != nil {
		return p, fmt.Errorf("ago %q, want 12d05h or c180", f[1])
	}
	p.ago = time.Duration(24*d+h) * time.Hour
	return p, nil
}

// A demoSite serves the posts as the web would: a shop with marked-up
// reviews, the feed of a forum, and a social network with Mastodon's API.
type demoSite struct {
	now   time.Time
	posts []demoPost // the newest first
	base  map[string]string

	mu     sync.Mutex
	broken bool   // the crisis has broken
	told   []byte // what Slack was sent last
	count  int    // how often
}

// serveDemo starts the servers, each with an address of its own where the
// machine has more than one, and gives how to stop them.
func serveDemo(now time.Time) (s *demoSite, stop func(), err error) {
	posts, err := demoPosts()
	if err != nil {
		return nil, nil, err
	}
	slices.SortStableFunc(posts, func(a, b demoPost) int { return int(a.ago - b.ago) })
	s = &demoSite{now: now, posts: posts, base: map[string]string{}}
	var servers []*http.Server
	var wg sync.WaitGroup
	stop = func() {
		for _, srv := range servers {
			_ = srv.Close() // nobody waits for an answer any more
		}
		wg.Wait()
	}
	for i, place := range []string{"shop", "forum", "social", "slack"} {
		ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.%d:0", i+1))
		if err != nil { // some systems have but one loopback address
			ln, err = net.Listen("tcp", "127.0.0.1:0")
		}
		if err != nil {
			stop()
			return nil, nil, err
		}
		s.base[place] = "http://" + ln.Addr().String()
		mux := http.NewServeMux()
		map[string]func(*http.ServeMux){"shop": s.shop, "forum": s.forum, "social": s.social, "slack": s.slack}[place](mux)
		srv := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
		servers = append(servers, srv)
		wg.Go(func() { _ = srv.Serve(ln) }) // ends with Close
	}
	return s, stop, nil
}

// breakOut lets the posts of the crisis appear.
func (s *demoSite) breakOut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = true
}

// at are the posts of a place that are there, the newest first.
func (s *demoSite) at(place string) []demoPost {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []demoPost
	for _, p := range s.posts {
		if p.place == place && (s.broken || !p.crisis) {
			out = append(out, p)
		}
	}
	return out
}

func (s *demoSite) published(p demoPost) time.Time {
	return s.now.Add(-p.ago).UTC().Truncate(time.Second)
}

// part cuts page n, from 1, out of posts, and reports whether more follow.
func part(ps []demoPost, n, size int) ([]demoPost, bool) {
	from := min(len(ps), (n-1)*size)
	to := min(len(ps), from+size)
	return ps[from:to], to < len(ps)
}

func pageOf(r *http.Request, key string) int {
	n, err := strconv.Atoi(r.FormValue(key))
	if err != nil || n < 1 {
		return 1
	}
	return n
}

var shopPage = template.Must(template.New("").Funcs(template.FuncMap{"date": func(t time.Time) string { return t.Format(time.RFC3339) }}).Parse(`<!DOCTYPE html>
<html lang="fi"><head><meta charset="utf-8"><title>Tuulikello – asiakkaiden arvostelut, sivu {{.Page}}</title>
{{with .Next}}<link rel="next" href="{{.}}">{{end}}</head><body><h1>Asiakkaiden arvostelut</h1>
<div itemscope itemtype="https://schema.org/Store"><span itemprop="name">Tuulikello</span>
<p itemprop="aggregateRating" itemscope itemtype="https://schema.org/AggregateRating"><span itemprop="ratingValue">{{printf "%.1f" .Mean}}</span>/<span itemprop="bestRating">5</span>, <span itemprop="ratingCount">{{.Rated}}</span> arvostelua vuodesta 2019</p>
{{range .Posts}}<article itemprop="review" itemscope itemtype="https://schema.org/Review" itemid="/arvostelut#r{{.ID}}">
<h2 itemprop="name">{{.Title}}</h2><span itemprop="author">{{.Author}}</span>
<span itemprop="reviewRating" itemscope itemtype="https://schema.org/Rating"><meta itemprop="worstRating" content="1"><span itemprop="ratingValue">{{.Stars}}</span>/<span itemprop="bestRating">5</span></span>
<time itemprop="datePublished" datetime="{{date .At}}">{{date .At}}</time>
<p itemprop="reviewBody">{{.Text}}</p></article>
{{end}}</div>{{with .Next}}<a rel="next" href="{{.}}">Seuraava</a>{{end}}</body></html>
`))

// shopRating is the mean that the shop shows: of all years, not only of the
// ninety days that it lists.
func shopRating(ps []demoPost) (mean float64, n int) {
	n = 1480 // of before, at 4.2 on average
	sum := 4.2 * float64(n)
	for _, p := range ps {
		sum += float64(p.stars)
		n++
	}
	return sum / float64(n), n
}

func (s *demoSite) shop(mux *http.ServeMux) {
	mux.HandleFunc("GET /robots.txt", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "User-agent: *\nDisallow: /kassa\n") })
	mux.HandleFunc("GET /arvostelut", func(w http.ResponseWriter, r *http.Request) {
		type review struct {
			ID                  int
			Title, Author, Text string
			Stars               int
			At                  time.Time
		}
		data := struct {
			Page  int
			Next  string
			Mean  float64
			Rated int
			Posts []review
		}{Page: pageOf(r, "sivu")}
		all := s.at("shop")
		data.Mean, data.Rated = shopRating(all)
		ps, more := part(all, data.Page, 25)
		for _, p := range ps {
			data.Posts = append(data.Posts, review{p.id, p.title, p.author, p.text, p.stars, s.published(p)})
		}
		if more {
			data.Next = fmt.Sprintf("/arvostelut?sivu=%d", data.Page+1)
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = shopPage.Execute(w, data) // the reader has gone
	})
}

type rssItem struct {
	Title   string `xml:"title"`
	Link    string `xml:"link"`
	GUID    string `xml:"guid"`
	Creator string `xml:"dc:creator"`
	Date    string `xml:"pubDate"`
	Text    string `xml:"description"`
}

func (s *demoSite) forum(mux *http.ServeMux) {
	mux.HandleFunc("GET /feed.xml", func(w http.ResponseWriter, r *http.Request) {
		n := pageOf(r, "page")
		ps, more := part(s.at("forum"), n, 50)
		type link struct {
			Rel  string `xml:"rel,attr"`
			Href string `xml:"href,attr"`
		}
		doc := struct {
			XMLName xml.Name  `xml:"rss"`
			Version string    `xml:"version,attr"`
			Atom    string    `xml:"xmlns:atom,attr"`
			DC      string    `xml:"xmlns:dc,attr"`
			Title   string    `xml:"channel>title"`
			Next    *link     `xml:"channel>atom:link"`
			Items   []rssItem `xml:"channel>item"`
		}{Version: "2.0", Title: "Kotipiha-foorumi", Atom: "http://www.w3.org/2005/Atom", DC: "http://purl.org/dc/elements/1.1/"}
		if more {
			doc.Next = &link{"next", fmt.Sprintf("%s/feed.xml?page=%d", s.base["forum"], n+1)}
		}
		for _, p := range ps {
			doc.Items = append(doc.Items, rssItem{
				Title: p.title, Link: fmt.Sprintf("%s/viesti/%d", s.base["forum"], p.id), GUID: fmt.Sprint("kotipiha-", p.id),
				Creator: p.author, Date: s.published(p).Format(time.RFC1123Z), Text: p.text,
			})
		}
		w.Header().Set("Content-Type", "application/rss+xml; charset=utf-8")
		_ = xml.NewEncoder(w).Encode(doc) // the reader has gone
	})
}

// social serves the timeline of a hashtag as Mastodon does: with min_id the
// oldest of what is newer, and a Link to the next.
func (s *demoSite) social(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/v1/timelines/tag/{tag}", func(w http.ResponseWriter, r *http.Request) {
		limit := min(40, max(1, pageOf(r, "limit")))
		all := s.at("social")
		slices.SortStableFunc(all, func(a, b demoPost) int { return int(b.ago - a.ago) }) // the oldest first
		id := func(p demoPost) int64 { return s.published(p).UnixMilli()<<8 | int64(p.id&0xff) }
		var page []demoPost
		least, hasMin := r.FormValue("min_id"), r.FormValue("min_id") != ""
		from, _ := strconv.ParseInt(least, 10, 64)
		most, err := strconv.ParseInt(r.FormValue("max_id"), 10, 64)
		for _, p := range all {
			if id(p) > from && (err != nil || id(p) < most) {
				page = append(page, p)
			}
		}
		if hasMin {
			page = page[:min(len(page), limit)]
		} else {
			page = page[max(0, len(page)-limit):]
		}
		slices.Reverse(page)
		out := []any{}
		for _, p := range page {
			out = append(out, s.status(p, id(p)))
		}
		if len(page) > 0 {
			u := fmt.Sprintf("%s/api/v1/timelines/tag/%s?limit=%d", s.base["social"], r.PathValue("tag"), limit)
			w.Header().Set("Link", fmt.Sprintf(`<%s&max_id=%d>; rel="next", <%s&min_id=%d>; rel="prev"`, u, id(page[len(page)-1]), u, id(page[0])))
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(out) // the reader has gone
	})
	mux.HandleFunc("GET /api/v1/statuses/{id}", func(w http.ResponseWriter, r *http.Request) {
		for _, p := range s.at("social") {
			if n := s.published(p).UnixMilli()<<8 | int64(p.id&0xff); fmt.Sprint(n) == r.PathValue("id") {
				w.Header().Set("Content-Type", "application/json")
				_ = json.NewEncoder(w).Encode(s.status(p, n)) // the reader has gone
				return
			}
		}
		http.Error(w, `{"error":"Record not found"}`, http.StatusNotFound)
	})
}

func (s *demoSite) status(p demoPost, id int64) any {
	user := strings.ToLower(strings.ReplaceAll(p.author, " ", "_"))
	return map[string]any{
		"id": fmt.Sprint(id), "uri": fmt.Sprintf("%s/users/%s/statuses/%d", s.base["social"], user, id),
		"url": fmt.Sprintf("%s/@%s/%d", s.base["social"], user, id), "created_at": s.published(p).Format("2006-01-02T15:04:05.000Z"),
		"edited_at": nil, "content": "<p>" + template.HTMLEscapeString(p.text) + "</p>", "language": p.lang, "visibility": "public",
		"in_reply_to_id": nil, "reblog": nil, "sensitive": false, "spoiler_text": "", "media_attachments": []any{}, "mentions": []any{}, "tags": []any{}, "emojis": []any{},
		"replies_count": 0, "reblogs_count": 0, "favourites_count": 0,
		"account": map[string]any{
			"id": user, "username": user, "acct": user, "display_name": p.author, "url": s.base["social"] + "/@" + user,
			"created_at": "2024-01-01T00:00:00.000Z", "followers_count": 40 + len(p.author)*13, "noindex": false, "discoverable": true,
		},
	}
}

// slack takes messages as Slack's API does.
func (s *demoSite) slack(mux *http.ServeMux) {
	mux.HandleFunc("POST /api/{method}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.PathValue("method") {
		case "auth.test":
			fmt.Fprint(w, `{"ok":true,"user":"puskaradio","team":"the demo","user_id":"U1","team_id":"T1"}`)
		case "conversations.history", "conversations.replies":
			fmt.Fprint(w, `{"ok":true,"messages":[]}`)
		case "chat.update":
			s.mu.Lock()
			s.told = []byte(r.FormValue("blocks"))
			s.mu.Unlock()
			fmt.Fprintf(w, `{"ok":true,"channel":%q,"ts":%q}`, r.FormValue("channel"), r.FormValue("ts"))
		case "chat.postMessage":
			s.mu.Lock()
			if r.FormValue("thread_ts") == "" { // what stands below a message is not shown
				s.told = []byte(r.FormValue("blocks"))
			}
			s.count++
			n := s.count
			s.mu.Unlock()
			fmt.Fprintf(w, `{"ok":true,"channel":%q,"ts":"1700000000.%06d"}`, r.FormValue("channel"), n)
		default:
			fmt.Fprint(w, `{"ok":false,"error":"unknown_method"}`)
		}
	})
}
