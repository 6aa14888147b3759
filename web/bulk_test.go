package web

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// several keeps so many cases and gives their ids.
func (p *place) several(n int) []puskaradio.ID {
	p.t.Helper()
	var ms []puskaradio.Mention
	for i := range n {
		m := sample()
		m.Ref, m.Title, m.Published = fmt.Sprint("b", i), fmt.Sprintf("Case number %d.", i), testNow.Add(-time.Duration(i+1)*time.Minute)
		ms = append(ms, m)
	}
	return p.add(ms...)
}

func (p *person) bulk(to string, cases ...string) (page string, undo string) {
	p.t.Helper()
	w := p.do("POST", "/inbox/do", url.Values{"to": {to}, "case": cases, "back": {"/inbox?view=needs&said=x"}}, nil)
	at, undo := leadsTo(w)
	if w.Code != 303 || at != "/inbox?view=needs" {
		p.t.Fatalf("%s of %q: %d %s", to, cases, w.Code, at)
	}
	return p.get(at + "&undo=" + undo), undo
}

// TestBulk: of many cases each is moved only if it is as it was seen; who was
// faster for the others is said, and what was done can be taken back.
func TestBulk(t *testing.T) {
	p := newPlace(t)
	ids := p.several(6)
	maija, pekka := p.enter("Maija"), p.enter("Pekka")
	wants(t, "the list", maija.get("/inbox"), `form="bulk"`, `value="`+string(ids[0])+` new"`, `action="/inbox/do"`, "Choose", "Case number 0.")
	pekka.move(ids[1], "was", "new", "to", "claimed")
	pekka.move(ids[2], "was", "new", "to", "done")
	seen := func(at ...int) (out []string) {
		for _, i := range at {
			out = append(out, string(ids[i])+" new")
		}
		return out
	}
	page, undo := maija.bulk("claimed", append(seen(0, 1, 2, 3), "none new", string(ids[4])+" answered")...)
	wants(t, "the answer", page, "2 of 6: claimed.", "Pekka was faster: 2.", "Left as they are: 2.", `action="/undo"`)
	for i, want := range []string{"Maija", "Pekka", "", "Maija", "", ""} {
		if c := p.caseOf(ids[i]); c.Who != want {
			t.Errorf("%d is with %q, want %q", i, c.Who, want)
		}
	}
	pekka.move(ids[3], "was", "claimed", "to", "claimed", "note", "I know him")
	w := maija.do("POST", "/undo", form("undo", undo, "back", "/inbox"), nil)
	_, said := leadsTo(w)
	wants(t, "undone", maija.get("/inbox?undo="+said), "1 of 2 were taken back")
	if a, b := p.caseOf(ids[0]), p.caseOf(ids[3]); a.Status != puskaradio.New || b.Status != puskaradio.Claimed {
		t.Errorf("undone: %s, %s", a.Status, b.Status)
	}
	page, _ = maija.bulk("snoozed", seen(0, 4)...)
	wants(t, "snoozed", page, "2 of 2: snoozed.")
	if jobs, err := p.store.Jobs(t.Context(), "wake/"); err != nil || len(jobs) != 2 {
		t.Errorf("%d jobs wake them, %v", len(jobs), err)
	}
	page, _ = maija.bulk("false_alarm")
	wants(t, "none", page, "Nothing was chosen.")
	for _, to := range []string{"new", "answered", "", "x"} {
		if w := maija.do("POST", "/inbox/do", url.Values{"to": {to}, "case": seen(5)}, nil); w.Code != 400 {
			t.Errorf("to %q: %d", to, w.Code)
		}
	}
	if w := maija.do("POST", "/inbox/do", url.Values{"to": {"done"}, "case": make([]string, mostChosen+1)}, nil); w.Code != 400 {
		t.Errorf("too many: %d", w.Code)
	}
	if c := p.caseOf(ids[5]); len(c.Changes) != 0 {
		t.Errorf("the last was touched: %+v", c)
	}
}

// TestBulkRace: of two people who take the same cases at once each case has one.
func TestBulkRace(t *testing.T) {
	p := newPlace(t)
	ids := p.several(8)
	var seen []string
	for _, id := range ids {
		seen = append(seen, string(id)+" new")
	}
	maija, pekka := p.enter("Maija"), p.enter("Pekka")
	var wg sync.WaitGroup
	for _, x := range []*person{maija, pekka} {
		wg.Go(func() { x.do("POST", "/inbox/do", url.Values{"to": {"claimed"}, "case": seen}, nil) })
	}
	wg.Wait()
	for _, id := range ids {
		if c := p.caseOf(id); len(c.Changes) != 1 || c.Who != c.Changes[0].Who {
			t.Errorf("%+v", c)
		}
	}
}

// TestBulkBrands: nobody moves what they do not see.
func TestBulkBrands(t *testing.T) {
	p := newPlace(t)
	id := p.several(1)[0]
	v := &view{Who: "Bea", scoped: []string{"bolt"}}
	if _, err := p.server.caseBy(t.Context(), v, id); err == nil {
		t.Error("a case of another brand is found")
	}
}

// TestBulkTwoBrands: a text about two brands is two cases, with an id each; what
// is done to one is not done to the other.
func TestBulkTwoBrands(t *testing.T) {
	p := newPlace(t)
	theirs := sample()
	theirs.Brand = "bolt"
	ids := p.add(sample(), theirs)
	if ids[0] == ids[1] {
		t.Fatalf("both are %s", ids[0])
	}
	maija := p.enter("Maija")
	page, _ := maija.bulk("claimed", string(ids[1])+" new")
	wants(t, "the answer", page, "1 of 1: claimed.")
	for i, want := range []puskaradio.Status{puskaradio.New, puskaradio.Claimed} {
		if c := p.caseOf(ids[i]); c.Status != want || c.Mention.Brand != []string{"acme", "bolt"}[i] {
			t.Errorf("%s: %s", c.Mention.Brand, c.Status)
		}
	}
}

// A failing store moves so many cases and no more.
type failing struct {
	store.Store
	left int
}

func (f *failing) Move(ctx context.Context, brand string, id puskaradio.ID, was puskaradio.Status, c puskaradio.Change, until time.Time, jobs ...store.Job) (puskaradio.Case, error) {
	if f.left--; f.left < 0 {
		return puskaradio.Case{}, errors.New("the disk is full")
	}
	return f.Store.Move(ctx, brand, id, was, c, until, jobs...)
}

// TestBulkFails: where the store fails halfway it is said what was done, what was
// not, and what was done can be taken back.
func TestBulkFails(t *testing.T) {
	p := newPlace(t)
	ids := p.several(5)
	var seen []string
	for _, id := range ids {
		seen = append(seen, string(id)+" new")
	}
	maija := p.enter("Maija")
	p.server.o.Store = &failing{p.store, 2}
	page, undo := maija.bulk("claimed", seen...)
	wants(t, "the answer", page, "2 of 5: claimed.", "Something went wrong then: 3 were not done.", `action="/undo"`)
	p.server.o.Store = &failing{p.store, 0}
	if w := maija.do("POST", "/inbox/do", url.Values{"to": {"done"}, "case": seen[2:]}, nil); w.Code != 500 {
		t.Errorf("where nothing was done: %d", w.Code)
	}
	p.server.o.Store = p.store
	maija.do("POST", "/undo", form("undo", undo, "back", "/inbox"), nil)
	for _, id := range ids {
		if c := p.caseOf(id); c.Status != puskaradio.New {
			t.Errorf("%s is %s", id, c.Status)
		}
	}
}

// TestViews: a view says how many cases it has, chips narrow the list, and their
// links lead back.
func TestViews(t *testing.T) {
	p := newPlace(t)
	ids := p.several(3)
	other := sample()
	other.Brand, other.Ref = "bolt", "x"
	p.add(other)
	maija := p.enter("Maija")
	maija.move(ids[0], "was", "new", "to", "claimed")
	maija.move(ids[1], "was", "new", "to", "snoozed", "for", "1h0m0s")
	wants(t, "all", maija.get("/inbox"), "Needs reply (3)", "Unassigned (2)", "Snoozed (1)", "Done (0)", ">Mine</a>", `href="/inbox?label=negative&amp;view=needs"`, `href="/inbox?brand=bolt&amp;view=needs"`, `href="/inbox?source=forum&amp;view=needs"`)
	wants(t, "of a brand", maija.get("/inbox?brand=bolt"), "Needs reply (1)", `href="/inbox?view=needs" aria-current="true">✓ Bolt`, `href="/inbox?brand=bolt&amp;view=snoozed"`)
	page := maija.get("/inbox?label=positive&brand=acme")
	wants(t, "narrowed", page, "Nothing here.", `href="/inbox?brand=acme&amp;view=needs" aria-current="true">✓ positive`)
	if contains(page, "Needs reply (") {
		t.Error("it counts what it does not show")
	}
	page = maija.get("/inbox?date=2026-11-22&from=2026-11-01&to=2026-11-30&source=shop")
	wants(t, "days", page, `href="/inbox?date=2026-11-22&amp;from=2026-11-01&amp;source=shop&amp;to=2026-11-30&amp;view=done"`, // another view
		`href="/inbox?date=2026-11-22&amp;from=2026-11-01&amp;label=negative&amp;source=shop&amp;to=2026-11-30&amp;view=needs"`, // a chip
		`href="/inbox?date=2026-11-22&amp;source=shop&amp;to=2026-11-30&amp;view=needs" aria-current="true">✓ from 2026-11-01`,
		`data-poll="/inbox/new?view=needs&amp;date=2026-11-22&amp;from=2026-11-01&amp;since=`)
	if contains(page, "Needs reply (") {
		t.Error("it counts the cases of all days")
	}
	p.plan.Brands = append(p.plan.Brands, make([]puskaradio.Brand, mostBrandChips)...)
	wants(t, "the form", maija.get("/inbox?date=2026-11-22&label=negative"), `<input type="hidden" name="label" value="negative"><input type="hidden" name="date" value="2026-11-22">`)
}

// TestLooking: who opens a case that another has opened is told so, for a minute,
// and is held back by nothing.
func TestLooking(t *testing.T) {
	p := newPlace(t)
	ids := p.several(2)
	maija, pekka := p.enter("Maija <b>"), p.enter("Pekka")
	path := "/m/" + string(ids[0])
	if contains(maija.get(path), "looking at this") {
		t.Error("she looks at it alone")
	}
	wants(t, "Pekka's page", pekka.get(path), "Maija &lt;b&gt; is looking at this too.")
	wants(t, "what her page asks", maija.get("/inbox/new?case="+string(ids[0])), `"looking":"Pekka is looking at this too."`)
	if contains(pekka.get("/m/"+string(ids[1])), "looking at this") {
		t.Error("another case is looked at")
	}
	p.enter("Aino").get(path)
	wants(t, "three", pekka.get(path), "Aino, Maija &lt;b&gt; are looking at this too.")
	if w := pekka.move(ids[0], "was", "new", "to", "claimed"); w.Code != 303 {
		t.Errorf("he is held back: %d", w.Code)
	}
	p.late = lookFor
	if contains(maija.get(path), "looking at this") {
		t.Error("they look at it for more than a minute")
	}
}

// TestNews: a page that stays open learns how many cases came since; to ask does
// not keep a session alive.
func TestNews(t *testing.T) {
	p := newPlace(t)
	p.several(2)
	maija := p.enter("Maija")
	since := fmt.Sprint(testNow.Add(-time.Second).UnixMilli())
	ask := func(query string) string { return maija.get("/inbox/new?since=" + since + query) }
	wants(t, "nothing new", ask(""), `"say":""`)
	m := sample()
	m.Ref, m.FirstSeen = "new", testNow
	p.add(m)
	wants(t, "one", ask(""), `"say":"1 new — show"`)
	wants(t, "in Finnish", ask("&lang=fi"), "1 uutta — näytä")
	for _, query := range []string{"&brand=bolt", "&source=forum", "&view=mine", "&view=done", "&label=positive"} {
		wants(t, query, ask(query), `"say":""`)
	}
	for _, bad := range []string{"", "x", "99999999999999999999"} {
		if w := maija.do("GET", "/inbox/new?since="+bad, nil, nil); w.Code != 400 {
			t.Errorf("since %q: %d", bad, w.Code)
		}
	}
	if w := maija.do("GET", "/inbox/new?case=none", nil, nil); w.Code != 404 {
		t.Errorf("no such case: %d", w.Code)
	}
	p.late = sessionIdle - time.Minute
	ask("")
	p.late = sessionIdle + time.Minute
	if w := maija.do("GET", "/inbox", nil, nil); w.Code != 401 {
		t.Errorf("asking what is new has kept the session: %d", w.Code)
	}
}

// TestKeysSwitch: single keys can be switched off, and that is kept with the
// person; of who has no person in the store, in their browser.
func TestKeysSwitch(t *testing.T) {
	p := newPlace(t)
	maija := p.enter("Maija")
	page := maija.get("/inbox")
	wants(t, "the page", page, `data-keys="on"`, `<script src="/assets/keys.`, `<dialog id="keys"`)
	w := maija.do("POST", "/me/keys", form("keys", "off"), nil)
	if w.Code != 303 || len(w.Result().Cookies()) != 1 || w.Result().Cookies()[0].Value != "off" {
		t.Fatalf("switched off: %d %v", w.Code, w.Result().Cookies())
	}
	if err := p.store.SetPerson(t.Context(), puskaradio.Person{Name: "Ville", Role: puskaradio.Agent}); err != nil {
		t.Fatal(err)
	}
	secret, _ := p.server.sessions.begin("Ville", true, testNow)
	ville := &person{p, secret}
	for _, to := range []string{"off", "on"} {
		if w := ville.do("POST", "/me/keys", form("keys", to), nil); w.Code != 303 || w.Result().Cookies()[0].MaxAge >= 0 {
			t.Errorf("%s: %d %v", to, w.Code, w.Result().Cookies())
		}
		wants(t, to, ville.get("/me"), `data-keys="`+to+`"`)
		if people, err := p.store.People(t.Context()); err != nil || people[0].NoKeys != (to == "off") || people[0].Role != puskaradio.Agent {
			t.Errorf("%s: %+v, %v", to, people, err)
		}
	}
	if w := ville.do("POST", "/me/keys", form("keys", "x"), nil); w.Code != 400 {
		t.Errorf("neither on nor off: %d", w.Code)
	}
	if contains(p.do("GET", "/in", nil, nil).Body.String(), "<script") {
		t.Error("strangers get a script")
	}
}
