package crawler

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gocolly/colly/v2"
	"github.com/mattn/go-mastodon"

	"github.com/puskaradio/puskaradio"
)

func TestTransport(t *testing.T) {
	var docs atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/robots.txt":
			w.Write([]byte("User-agent: *\nDisallow: /no\n"))
		case "/old":
			http.Redirect(w, r, "/page?x=1", http.StatusMovedPermanently)
		case "/page":
			w.Header().Set("Content-Type", "text/html; charset=iso-8859-1")
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(pack(t, []byte("<p>hyv\xe4\xe4</p>"), "gzip"))
		case "/busy":
			w.Header().Set("Retry-After", "60")
			w.WriteHeader(http.StatusTooManyRequests)
		case "/echo":
			io.Copy(w, r.Body)
		case "/no":
			docs.Add(1)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer srv.Close()
	c := local(t, srv.URL)
	web, api := &http.Client{Transport: c.Transport()}, &http.Client{Transport: c.APITransport()}

	resp, err := web.Get(srv.URL + "/old")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if want := "<p>hyvää</p>"; string(body) != want || err != nil || resp.ContentLength != int64(len(want)) ||
		resp.Header.Get("Content-Length") != fmt.Sprint(len(want)) || resp.Header.Get("Content-Encoding") != "" ||
		resp.Header.Get("Content-Type") != "text/html; charset=utf-8" || resp.Request.URL.String() != srv.URL+"/page?x=1" {
		t.Errorf("Get = %q, %v, %+v", body, err, resp)
	}
	if _, err := web.Get(srv.URL + "/no"); StateOf(err) != StateBlocked || docs.Load() != 0 {
		t.Errorf("Get of what robots.txt forbids = %v", err)
	}
	if resp, err := api.Get(srv.URL + "/no"); err != nil || resp.StatusCode != 200 || docs.Load() != 1 {
		t.Errorf("Get of an interface = %v, %v", resp, err)
	}
	_, err = web.Get(srv.URL + "/missing")
	if _, ok := errors.AsType[*puskaradio.PermanentError](err); !ok || StateOf(err) != StateGone {
		t.Errorf("Get of what is not there = %v", err)
	}
	resp, err = api.Post(srv.URL+"/echo", "text/plain", strings.NewReader("sent"))
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(resp.Body); string(body) != "sent" || err != nil {
		t.Errorf("Post = %q, %v", body, err)
	}
	if _, err := api.Post(srv.URL+"/echo", "text/plain", strings.NewReader(strings.Repeat("x", maxSent+1))); err == nil {
		t.Error("Post of 4 MiB and a byte = nil")
	}
	_, err = web.Get(srv.URL + "/busy")
	if re, ok := errors.AsType[*puskaradio.RetryError](err); !ok || re.After.Seconds() < 59 {
		t.Errorf("Get of a busy host = %v", err)
	}
}

func TestColly(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/robots.txt":
			w.Write([]byte("User-agent: *\nDisallow: /no\n"))
		case "/start":
			if strings.Contains(r.UserAgent(), "colly") {
				t.Errorf("colly says who we are: %s", r.UserAgent())
			}
			http.SetCookie(w, &http.Cookie{Name: "id", Value: "1"})
			http.Redirect(w, r, "/list", http.StatusFound)
		case "/list":
			w.Header().Set("Content-Type", "text/html")
			w.Write([]byte("<meta charset=windows-1252><a href=/a>\xe4</a><a href=/no>no</a><a href=/long>long</a>"))
		case "/a":
			if r.Header.Get("Cookie") != "" {
				t.Error("a cookie was sent")
			}
			w.Write([]byte("<h1>A</h1>"))
		case "/long":
			w.Header().Set("Content-Type", "text/html")
			w.Write([]byte(strings.Repeat("<p>x</p>", 2<<20)))
		}
	}))
	defer srv.Close()
	col := colly.NewCollector()
	col.WithTransport(local(t, srv.URL).Transport())
	var words, states []string
	var last string
	col.OnHTML("a", func(e *colly.HTMLElement) {
		words = append(words, e.Text)
		last = e.Request.URL.Path
		e.Request.Visit(e.Attr("href"))
	})
	col.OnError(func(r *colly.Response, err error) { states = append(states, r.Request.URL.Path+" "+StateOf(err)) })
	if err := col.Visit(srv.URL + "/start"); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(words, " "); got != "ä no long" || last != "/list" {
		t.Errorf("colly read %q at %s", got, last)
	}
	if got := strings.Join(states, ", "); got != "/no blocked, /long unreadable" {
		t.Errorf("colly failed at %q", got)
	}
}

func TestMastodon(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/robots.txt":
			t.Error("an interface was asked for robots.txt")
		case r.Header.Get("Authorization") != "Bearer t":
			w.WriteHeader(http.StatusUnauthorized)
			w.Write([]byte(`{"error":"The access token is invalid"}`))
		default:
			w.Header().Set("Content-Type", "application/json")
			w.Write([]byte(`[{"id":"1","content":"<p>hyvää</p>"}]`))
		}
	}))
	defer srv.Close()
	c := local(t, srv.URL)
	for token, want := range map[string]string{"t": StateOK, "x": StateLogin} {
		m := mastodon.NewClient(&mastodon.Config{Server: srv.URL, AccessToken: token})
		m.Client.Transport = c.APITransport()
		got, err := m.GetTimelineHashtag(t.Context(), "puskaradio", false, nil)
		if StateOf(err) != want {
			t.Errorf("GetTimelineHashtag = %v (%s), want %s", err, StateOf(err), want)
		}
		if want == StateOK && (len(got) != 1 || got[0].Content != "<p>hyvää</p>") {
			t.Errorf("GetTimelineHashtag = %+v", got)
		}
	}
}
