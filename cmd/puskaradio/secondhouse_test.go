package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/internal/postgres"
	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/store"
	"github.com/puskaradio/puskaradio/web"
)

// A house is a dashboard with people, and a server that takes answers.
type house struct {
	*monitor.Monitor
	t      *testing.T
	server *web.Server
	sent   atomic.Int64
	refuse atomic.Bool
	ids    []puskaradio.ID
	base   string
}

func newHouse(t *testing.T, s store.Store) *house {
	h := &house{t: t}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path != "/api/v1/statuses":
			w.WriteHeader(http.StatusNotFound)
		case h.refuse.Load():
			w.WriteHeader(http.StatusUnprocessableEntity)
		default:
			time.Sleep(20 * time.Millisecond) // two at once are under way together
			fmt.Fprintf(w, `{"id":"99","uri":"https://m.example/statuses/%d"}`, h.sent.Add(1))
		}
	}))
	t.Cleanup(srv.Close)
	h.base = srv.URL
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, _ := strconv.Atoi(u.Port())
	con, err := crawler.New("mastodon", json.RawMessage(fmt.Sprintf(`{"server":%q,"tags":["acme"],"reply_token_env":"W"}`, srv.URL)), func(string) (string, error) { return "write-token", nil })
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	client := &crawler.Client{Agent: "puskaradio/0.1 (+https://puskaradio.example/contact)", Delay: -1, Private: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Ports: []uint16{uint16(port)}}
	t.Cleanup(func() { client.Close() })
	h.Monitor = &monitor.Monitor{Store: s, Client: client, HTTP: http.DefaultClient, Log: log}
	plan := &monitor.Plan{
		Brands:  []puskaradio.Brand{{ID: "acme", Name: "Acme", Rivals: []string{"bolt"}}, {ID: "bolt", Name: "Bolt"}},
		Sources: []monitor.Source{{Source: puskaradio.Source{ID: "social", Kind: "mastodon", About: "acme"}, Connector: con}},
		Zone:    time.UTC, Second: map[string]bool{"acme": true},
	}
	h.UsePlan(plan)
	for i := range 12 {
		h.ids = append(h.ids, h.post(i, "Kamala palvelu"))
	}
	h.server = web.New(web.Options{
		Store: s, Log: log, Answers: answerer{h.Monitor}, Alerts: h.Monitor, Moved: h.Moved, CaseJobs: h.CaseJobs, Correction: correction, SurveyOf: crawler.SurveyOf, Digest: h.Digest,
		Muted:   func(context.Context, string, time.Time) (time.Time, error) { return time.Time{}, nil },
		Plan:    func() web.Plan { return web.Plan{Brands: plan.Brands, Zone: time.UTC, Lang: "en", Second: plan.Second} },
		Sources: func(context.Context, time.Time) ([]web.Source, error) { return nil, nil },
	})
	return h
}

// post is a post as it says now.
func (h *house) post(i int, text string) puskaradio.ID {
	h.t.Helper()
	m := puskaradio.Mention{
		Brand: "acme", Source: "social", Ref: fmt.Sprintf("%s/users/maija/statuses/%d", h.base, i), URL: fmt.Sprintf("https://m.example/%d", i), Author: "maija@m.example",
		Text: text, Flag: "negative", Published: time.Now().UTC().Truncate(time.Hour).Add(-time.Duration(i) * time.Second), DateFrom: puskaradio.DatePublished, FirstSeen: time.Now().UTC(),
		Score: &puskaradio.Score{Label: puskaradio.Negative, Value: -0.8},
	}
	if _, err := h.Store.Commit(h.t.Context(), store.Crawl{Source: "social", Brands: []string{"acme"}, Mentions: []puskaradio.Mention{m}}); err != nil {
		h.t.Fatal(err)
	}
	return puskaradio.NewID(m.Published.Unix(), m.Hash())
}

// A guest is a browser of somebody who is signed in.
type guest struct {
	*house
	cookie *http.Cookie
}

func (h *house) enter(name string, form url.Values) *guest {
	h.t.Helper()
	w := (&guest{h, nil}).do("POST", "/in", form)
	if w.Code != http.StatusSeeOther {
		h.t.Fatalf("%s is not let in: %d %s", name, w.Code, w.Body)
	}
	return &guest{h, w.Result().Cookies()[0]}
}

func (h *house) join(name string, role puskaradio.Role) *guest {
	h.t.Helper()
	const password = "neljä vihreää sammakkoa laulaa"
	if err := h.Store.SetPerson(h.t.Context(), puskaradio.Person{Name: name, Role: role, Hash: web.HashPassword(password)}); err != nil {
		h.t.Fatal(err)
	}
	return h.enter(name, url.Values{"who": {name}, "password": {password}})
}

func (g *guest) do(method, path string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://127.0.0.1:8080"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if g.cookie != nil {
		r.AddCookie(g.cookie)
	}
	w := httptest.NewRecorder()
	g.server.ServeHTTP(w, r)
	return w
}

// answer does something on the page of a case, over what waits there.
func (g *guest) answer(n int, do, text string) (int, string) {
	form := url.Values{"do": {do}, "text": {text}, "was": {"new"}}
	if w := g.caseOf(n).Waits(); w != nil {
		form.Set("over", w.At.Format(time.RFC3339Nano))
	}
	w := g.do("POST", "/m/"+string(g.ids[n])+"/answer", form)
	return w.Code, w.Body.String()
}

func (h *house) caseOf(n int) *puskaradio.Case {
	h.t.Helper()
	c, err := h.Store.Case(h.t.Context(), "acme", h.ids[n])
	if err != nil {
		h.t.Fatal(err)
	}
	return &c
}

// wants is done with what a form gave, and how many answers were sent by then.
func (g *guest) wants(n int, do, text string, code int, said string, sent int64) {
	g.t.Helper()
	got, page := g.answer(n, do, text)
	if got != code || !strings.Contains(page, said) || g.sent.Load() != sent {
		g.t.Errorf("case %d, %s: %d and %d sent, want %d and %d, and %q", n, do, got, g.sent.Load(), code, sent, said)
	}
}

func bothStores(t *testing.T, test func(*testing.T, store.Store)) {
	t.Run("bolt", func(t *testing.T) {
		s, err := store.OpenBolt(t.TempDir(), &store.BoltOptions{NoSync: true, Zone: time.UTC})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		test(t, s)
	})
	t.Run("postgres", func(t *testing.T) {
		pg, err := postgres.Start(postgres.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer pg.Stop()
		at, err := pg.Schema(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s, err := store.OpenPostgres(t.Context(), at, store.PostgresOptions{Zone: time.UTC})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		test(t, s)
	})
}
