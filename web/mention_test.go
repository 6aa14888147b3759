package web

import (
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// form is a form of names and values.
func form(pairs ...string) url.Values {
	f := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return f
}

func (p *person) move(id puskaradio.ID, pairs ...string) *httptest.ResponseRecorder {
	return p.do("POST", "/m/"+string(id)+"/move", form(pairs...), nil)
}

// TestTwoClaims: of many who want a case at once one gets it, and the others
// are told who that is, with their notes kept.
func TestTwoClaims(t *testing.T) {
	p := newPlace(t)
	id := p.add(sample())[0]
	var people []*person
	names := []string{"Maija", "Pekka", "Aino", "Eino"}
	for _, name := range names {
		people = append(people, p.enter(name))
	}
	answers := make([]*httptest.ResponseRecorder, len(people))
	var wg sync.WaitGroup
	for i, x := range people {
		wg.Go(func() { answers[i] = x.move(id, "was", "new", "to", "claimed", "note", "note of "+names[i]) })
	}
	wg.Wait()
	c, err := p.store.Case(t.Context(), "", id)
	if err != nil {
		t.Fatal(err)
	}
	if c.Status != puskaradio.Claimed || len(c.Changes) != 1 {
		t.Fatalf("the case: %+v", c)
	}
	for i, w := range answers {
		if names[i] == c.Who {
			if got, _ := leadsTo(w); w.Code != 303 || got != "/m/"+string(id)+"?said=claimed" {
				t.Errorf("the first: %d %s", w.Code, got)
			}
			continue
		}
		if w.Code != 409 {
			t.Errorf("%s: %d", names[i], w.Code)
		}
		wants(t, names[i], w.Body.String(), c.Who+" took this 0\u00a0s ago.", "note of "+names[i])
	}
	// Nobody takes it out of the other's hands by asking for it as it is.
	for i, x := range people {
		if w := x.move(id, "was", "claimed", "to", "claimed"); names[i] != c.Who && w.Code != 409 {
			t.Errorf("%s took a taken case: %d", names[i], w.Code)
		}
	}
	if after, err := p.store.Case(t.Context(), "", id); err != nil || after.Who != c.Who {
		t.Errorf("it is now with %s: %v", after.Who, err)
	}
}

// leadsTo is where an answer leads, and the token by which what was done can be
// taken back.
func leadsTo(w *httptest.ResponseRecorder) (to, undo string) {
	u, err := url.Parse(w.Header().Get("Location"))
	if err != nil {
		return err.Error(), ""
	}
	q := u.Query()
	undo = q.Get("undo")
	q.Del("undo")
	u.RawQuery = q.Encode()
	return u.String(), undo
}

func TestLifeOfACase(t *testing.T) {
	p := newPlace(t)
	id := p.add(sample())[0]
	maija := p.enter("  Maija\u202e\nMeikäläinen ")
	for _, tt := range []struct {
		form     []string
		location string
		parts    []string
	}{
		{[]string{"was", "new", "to", "snoozed", "for", "4h0m0s", "back", "/inbox?view=needs"}, "/inbox?said=snoozed&view=needs", []string{"snoozed", "until then it sleeps: 22 Nov 2026, 16:00"}},
		{[]string{"was", "snoozed", "to", "claimed", "back", "/inbox"}, "/m/" + string(id) + "?said=claimed", []string{"with Maija Meikäläinen", "taken after 14\u00a0min (you)", "taken, not answered for"}},
		{[]string{"was", "claimed", "to", "answered", "note", "We called her."}, "/m/" + string(id) + "?said=answered", []string{"We called her.", "answered after 15\u00a0min", "over the target"}},
		{[]string{"was", "answered", "to", "done", "back", "https://evil.example/inbox"}, "/m/" + string(id) + "?said=done", []string{"Closed.", "done"}},
		{[]string{"was", "done", "to", "new", "back", "//evil.example/inbox"}, "/m/" + string(id) + "?said=new", []string{"Put back for anybody to take."}},
		{[]string{"was", "new", "to", "false_alarm", "back", "javascript:alert(1)"}, "/m/" + string(id) + "?said=false_alarm", []string{"false alarm"}},
	} {
		w := maija.move(id, tt.form...)
		if got, _ := leadsTo(w); w.Code != 303 || got != tt.location {
			t.Fatalf("%v: %d %s, want %s", tt.form, w.Code, got, tt.location)
		}
		page := maija.get("/m/" + string(id) + "?said=" + tt.form[3])
		wants(t, tt.form[3], page, tt.parts...)
	}
	c, err := p.store.Case(t.Context(), "acme", id)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Changes) != 6 || c.Changes[2].Who != "Maija Meikäläinen" || c.Changes[2].Note != "We called her." {
		t.Errorf("the changes: %+v", c.Changes)
	}
	jobs, err := p.store.Jobs(t.Context(), "wake/acme/"+string(id))
	if err != nil || len(jobs) != 1 || !jobs[0].Due.Equal(testNow.Add(4*time.Hour)) {
		t.Errorf("the job that wakes it: %+v, %v", jobs, err)
	}
}

func TestWrongForms(t *testing.T) {
	p := newPlace(t)
	id := p.add(sample())[0]
	maija := p.enter("Maija")
	for _, f := range [][]string{
		{}, {"to", "x"}, {"was", "x", "to", "done"}, {"was", "new", "to", ""}, {"was", "new", "to", "snoozed"}, {"was", "new", "to", "snoozed", "for", "9000h"}, {"was", "new", "to", "snoozed", "for", "-4h"},
	} {
		if w := maija.move(id, f...); w.Code != 400 {
			t.Errorf("%v: %d", f, w.Code)
		}
	}
	if w := maija.move("none", "was", "new", "to", "done"); w.Code != 404 {
		t.Errorf("no such case: %d", w.Code)
	}
	if w := maija.do("POST", "/m/"+string(id)+"/correct", form("label", "angry"), nil); w.Code != 400 {
		t.Errorf("no such label: %d", w.Code)
	}
	p.unchanged(id)
}

func TestCorrect(t *testing.T) {
	p := newPlace(t)
	id := p.add(sample())[0]
	maija := p.enter("Maija")
	for _, tt := range []struct{ label, said, part string }{
		{"positive", "corrected", "a person&#39;s verdict"},
		{"undo", "restored", "sure 93%"},
	} {
		w := maija.do("POST", "/m/"+string(id)+"/correct", form("label", tt.label), nil)
		if got, _ := leadsTo(w); w.Code != 303 || got != "/m/"+string(id)+"?said="+tt.said {
			t.Errorf("%s: %d %s", tt.label, w.Code, got)
		}
		wants(t, tt.label, maija.get("/m/"+string(id)), tt.part)
		counts, err := p.store.Series(t.Context(), "acme", testNow.AddDate(0, 0, -2), testNow.Add(time.Hour), 1)
		if err != nil || len(counts) != 1 || (counts[0].Positive == 1) != (tt.label == "positive") {
			t.Errorf("%s: the counts are %+v, %v", tt.label, counts, err)
		}
	}
}

func TestEditedAndDeleted(t *testing.T) {
	p := newPlace(t)
	m := sample()
	id := p.add(m)[0]
	maija := p.enter("Maija")
	m.Text = "They called me. All is well."
	if _, err := p.store.Commit(t.Context(), crawlOf(m)); err != nil {
		t.Fatal(err)
	}
	wants(t, "edited", maija.get("/m/"+string(id)), "They called me.", "What it said before it was edited (1)", "I waited forty minutes\nand")
	gone := crawlOf()
	gone.Gone = []string{"r1"}
	if _, err := p.store.Commit(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	page := maija.get("/m/" + string(id))
	wants(t, "deleted", page, "This was deleted at the source.")
	wants(t, "deleted, in Finnish", maija.get("/m/"+string(id)+"?lang=fi"), "Tämä on poistettu lähteestä. Se huomattiin ")
}

func crawlOf(ms ...puskaradio.Mention) store.Crawl {
	return store.Crawl{Source: "shop", Brands: []string{"acme"}, Job: "crawl/shop", Mentions: ms}
}
