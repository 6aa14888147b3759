package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/notify"
	"github.com/puskaradio/puskaradio/store"
)

// TestClaimFromEverywhere: two agents in the dashboard, one in Slack and one at
// the command line claim one case at once. One has it, every other is told who,
// and the case, the alert and the log all say the same.
func TestClaimFromEverywhere(t *testing.T) {
	for round := range 20 {
		t.Run(fmt.Sprint(round), func(t *testing.T) { claimFromEverywhere(t, round) })
	}
}

func claimFromEverywhere(t *testing.T, round int) {
	dir := t.TempDir()
	l, err := parseConfig("puskaradio.yaml", []byte(`contact: it@acme.example
brands: [{id: acme, name: Acme}]
sources: [{id: shop, kind: feed, about: acme, options: {url: "https://shop.example/feed"}}]
`))
	if err != nil {
		t.Fatal(err)
	}
	l.Data = dir
	s, err := store.OpenBolt(dir, &store.BoltOptions{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var out, talk strings.Builder
	a := &app{out: &out, err: &talk, dir: dir}
	m, err := a.monitorOnly(s, l)
	if err != nil {
		t.Fatal(err)
	}
	r := &runner{app: a, store: s, monitor: m, log: m.Log}
	r.current.Store(l)
	dash := r.newWeb()
	now := time.Now().UTC().Truncate(time.Second)
	bad := puskaradio.Mention{
		Brand: "acme", Source: "shop", Ref: "1", Text: "The charger caught fire", Published: now, FirstSeen: now, Flag: "safety",
		Score: &puskaradio.Score{Label: puskaradio.Negative, Value: -1},
	}
	kept, err := s.Commit(t.Context(), store.Crawl{Source: "shop", Brands: []string{"acme"}, Mentions: []puskaradio.Mention{bad}})
	if err != nil || len(kept.New) != 1 {
		t.Fatalf("kept %v, %v", kept, err)
	}
	id := kept.New[0]
	alert := puskaradio.Alert{
		ID: puskaradio.AlertID("acme", puskaradio.RuleUrgent+" "+string(id), now), Brand: "acme", Name: "Acme", Rule: puskaradio.RuleUrgent, State: "over",
		Decided: now, Quotes: []puskaradio.Quote{puskaradio.QuoteOf(id, &bad)},
	}
	if _, err := s.AddAlert(t.Context(), alert); err != nil {
		t.Fatal(err)
	}
	web := func(name string) func() (bool, string) {
		w := send(dash.server, "POST", "/in", "", url.Values{"ticket": {dash.server.Ticket()}, "who": {name}})
		cookie := w.Result().Cookies()[0].Value
		return func() (bool, string) {
			w := send(dash.server, "POST", "/m/"+string(id)+"/move", cookie, url.Values{"to": {"claimed"}, "was": {"new"}, "note": {"my note of " + name}})
			if w.Code == http.StatusConflict && !strings.Contains(w.Body.String(), "my note of "+name) {
				t.Errorf("the note of %s is lost", name)
			}
			return w.Code == http.StatusSeeOther, w.Body.String()
		}
	}
	people := map[string]func() (bool, string){
		"Maija": web("Maija"), "Liisa": web("Liisa"),
		"slack": func() (bool, string) {
			_, err := m.Act(context.Background(), notify.Wish{Do: notify.DoClaim, Alert: alert.ID, Who: "slack"})
			return err == nil, takenBy(err)
		},
		"shell": func() (bool, string) {
			err := a.step(context.Background(), s, l, id, puskaradio.Claimed, "shell", "", 0)
			return err == nil, takenBy(err)
		},
	}
	var mu sync.Mutex
	won, told := []string{}, map[string]string{}
	var wg sync.WaitGroup
	for name, claim := range people {
		wg.Go(func() {
			ok, what := claim()
			mu.Lock()
			defer mu.Unlock()
			if told[name] = what; ok {
				won = append(won, name)
			}
		})
	}
	wg.Wait()
	if len(won) != 1 {
		t.Fatalf("round %d: %v have it: %v", round, won, told)
	}
	for name, what := range told {
		if name != won[0] && !strings.Contains(what, won[0]) {
			t.Errorf("%s is not told that %s has it: %s", name, won[0], what)
		}
	}
	c, err := s.Case(t.Context(), "acme", id)
	if err != nil || c.Who != won[0] || len(c.Changes) != 1 {
		t.Errorf("the case is with %q after %d changes, %v", c.Who, len(c.Changes), err)
	}
	got, err := s.Alert(t.Context(), alert.ID)
	if err != nil || got.Claimed == nil || got.Claimed.By != won[0] {
		t.Errorf("the alert is with %+v, %v; want %s", got.Claimed, err, won[0])
	}
}

// send sends a form as a browser on this machine does.
func send(h http.Handler, method, path, cookie string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://127.0.0.1:8080"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if cookie != "" {
		r.AddCookie(&http.Cookie{Name: "puskaradio", Value: cookie})
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func takenBy(err error) string {
	if taken, ok := errors.AsType[*puskaradio.TakenError](err); ok {
		return taken.By
	}
	return fmt.Sprint(err)
}
