package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// TestAnswer: an answer is sent once a person sends its form off; what is wrong
// with it is said, and the text never lost.
func TestAnswer(t *testing.T) {
	p := newPlace(t)
	other := sample()
	other.Ref, other.Source = "r2", "forum"
	ids := p.add(sample(), other)
	maija := p.enter("Maija")
	wants(t, "the page", maija.get("/m/"+string(ids[0])), "We are sorry. I waited forty minutes", "From: Acme. To: https://shop.example/r1", `value="send"`)
	if page := maija.get("/m/" + string(ids[1])); !contains(page, "cannot be answered from here") || contains(page, `value="send"`) {
		t.Error("a source that takes no answers has a button to send")
	}
	post := func(id puskaradio.ID, do, text string) (int, string) {
		w := maija.do("POST", "/m/"+string(id)+"/answer", url.Values{"do": {do}, "text": {text}, "was": {"new"}}, nil)
		return w.Code, w.Body.String()
	}
	for _, c := range []struct {
		do, text string
		err      error
		code     int
		want     string
	}{
		{"send", " ", nil, 422, "Write an answer."},
		{"suggest", "", nil, 200, "We read: I waited forty minutes"},
		{"suggest", "Sorry <b>!", errors.New("the model does not answer"), 502, "No draft: the model does not answer"},
		{"send", "Sorry <b>!", errors.New("the answer has 501 letters; 500 are the most there"), 502, "It was not sent: the answer has 501 letters"},
		{"send", "Sorry <b>!", fmt.Errorf("Liisa has it: %w", puskaradio.ErrTaken), 409, "Somebody else was first."},
		{"explode", "Sorry", nil, 400, ""},
	} {
		p.unsent = c.err
		code, page := post(ids[0], c.do, c.text)
		if code != c.code || !contains(page, c.want) || c.err != nil && !contains(page, "Sorry &lt;b&gt;!</textarea>") {
			t.Errorf("%+v: %d, want the reason and the text", c, code)
		}
	}
	if len(p.done) > 0 {
		t.Fatalf("did %v", p.done)
	}
	p.unsent = nil
	if code, _ := post(ids[0], "send", "Sorry!"); code != http.StatusSeeOther || fmt.Sprint(p.done) != "[send "+string(ids[0])+" Maija Sorry!]" {
		t.Errorf("sent: %d, %v", code, p.done)
	}
	if code, _ := post(ids[1], "noted", "I called."); code != http.StatusSeeOther {
		t.Errorf("noted: %d", code)
	}
	c, err := p.store.Case(t.Context(), "acme", ids[1])
	if err != nil || c.Status != puskaradio.Answered || c.Changes[0].Note != "I called." || c.Changes[0].Who != "Maija" {
		t.Errorf("the case: %+v, %v", c, err)
	}
	if p.moves.Load() != 1 {
		t.Errorf("told of %d cases that moved, want one", p.moves.Load())
	}
	if contains(maija.get("/m/"+string(ids[1])), "/answer") {
		t.Error("what was answered has a form to answer it")
	}
	wants(t, "the log", maija.get("/log"), "sent an answer", "shop 99", "asked a model for a draft")
}

// TestAnswerLate: an answer to what wants none any more, or is with somebody
// else, is kept on the page that says so, whatever its form was sent for.
func TestAnswerLate(t *testing.T) {
	const text = "I called <b> her."
	for _, c := range []struct {
		name  string
		meant func(p *place, pekka *person, id puskaradio.ID) // what happens after Maija saw the page
		said  string
		code  map[string]int
	}{
		{"resolved", func(_ *place, pekka *person, id puskaradio.ID) { pekka.move(id, "was", "new", "to", "done") }, "Pekka was first: done", map[string]int{"send": 409, "noted": 409, "suggest": 409}},
		{"taken", func(_ *place, pekka *person, id puskaradio.ID) { pekka.move(id, "was", "new", "to", "claimed") }, "Pekka took this", map[string]int{"send": 409, "noted": 409, "suggest": 409}},
		{"deleted", func(p *place, _ *person, _ puskaradio.ID) {
			if _, err := p.store.Commit(p.t.Context(), store.Crawl{Source: "shop", Brands: []string{"acme"}, Job: "crawl/shop", Gone: []string{"r1"}}); err != nil {
				p.t.Fatal(err)
			}
		}, "This was deleted at the source", map[string]int{"send": 409, "suggest": 409}},
		{"erased", func(p *place, _ *person, _ puskaradio.ID) {
			if _, err := p.store.Erase(p.t.Context(), "shop", "Maija M."); err != nil {
				p.t.Fatal(err)
			}
		}, "There is no such page.", map[string]int{"send": 404, "noted": 404, "suggest": 404}},
	} {
		for do, code := range c.code {
			p := newPlace(t)
			id := p.add(sample())[0]
			maija, pekka := p.enter("Maija"), p.enter("Pekka")
			wants(t, "her page", maija.get("/m/"+string(id)), `action="/m/`+string(id)+`/answer"><input type="hidden" name="was" value="new">`)
			c.meant(p, pekka, id)
			p.unsent = errors.New("it was asked to send")
			p.drafts = func(context.Context) (string, error) {
				t.Errorf("%s, %s: the model was asked", c.name, do)
				return "", nil
			}
			w := maija.do("POST", "/m/"+string(id)+"/answer", url.Values{"do": {do}, "text": {text}, "was": {"new"}}, nil)
			page := w.Body.String()
			if w.Code != code || !contains(page, c.said) || contains(page, "asked to send") || code == 409 && !contains(page, "I called &lt;b&gt; her.") {
				t.Errorf("%s, %s: %d, want %d, %q and the text", c.name, do, w.Code, code, c.said)
			}
		}
	}
}

// TestAnswerNoted: that somebody has answered by hand is noted only of a case
// that is as they saw it, and with nobody else.
func TestAnswerNoted(t *testing.T) {
	p := newPlace(t)
	id := p.add(sample())[0]
	maija, pekka := p.enter("Maija"), p.enter("Pekka")
	noted := func(was string) int {
		return maija.do("POST", "/m/"+string(id)+"/answer", url.Values{"do": {"noted"}, "text": {"I called."}, "was": {was}}, nil).Code
	}
	for _, was := range []string{"", "done", "x"} {
		if code := noted(was); code != 400 {
			t.Errorf("noted of a case that was %q: %d", was, code)
		}
	}
	maija.move(id, "was", "new", "to", "claimed")
	if code := noted("new"); code != 409 {
		t.Errorf("noted of what has changed: %d", code)
	}
	maija.move(id, "was", "claimed", "to", "new")
	pekka.move(id, "was", "new", "to", "claimed")
	if code := noted("claimed"); code != 409 || p.caseOf(id).Status != puskaradio.Claimed {
		t.Errorf("noted of what is with another: %d", code)
	}
	pekka.move(id, "was", "claimed", "to", "new")
	if code := noted("new"); code != 303 || p.caseOf(id).Status != puskaradio.Answered {
		t.Errorf("noted: %d, %s", code, p.caseOf(id).Status)
	}
}

// TestDraftOne: of one person one draft is under way at a time, and the audit log
// tells of it from before the model is asked; a case that is resolved meanwhile
// has no form for it, and the draft is not lost.
func TestDraftOne(t *testing.T) {
	p := newPlace(t)
	other := sample()
	other.Ref = "r2"
	ids := p.add(sample(), other)
	maija, pekka := p.enter("Maija"), p.enter("Pekka")
	ask := func(x *person, id puskaradio.ID) (int, string) {
		w := x.do("POST", "/m/"+string(id)+"/answer", url.Values{"do": {"suggest"}, "text": {"mine"}, "was": {"new"}}, nil)
		return w.Code, w.Body.String()
	}
	asked := 0
	p.drafts = func(ctx context.Context) (string, error) {
		asked++
		deeds, err := p.store.Deeds(ctx, testNow.Add(time.Hour), 1)
		if err != nil || len(deeds) != 1 || deeds[0].What != "asked a model for a draft" {
			t.Errorf("the audit log says %+v, %v", deeds, err)
		}
		if asked > 1 {
			return "Theirs", nil
		}
		if code, page := ask(maija, ids[1]); code != http.StatusTooManyRequests || !contains(page, "under way for you already") || !contains(page, "mine</textarea>") {
			t.Errorf("a second draft: %d", code)
		}
		if code, _ := ask(pekka, ids[1]); code != 200 {
			t.Errorf("somebody else's: %d", code)
		}
		pekka.move(ids[0], "was", "new", "to", "done")
		return "Hers", nil
	}
	if code, page := ask(maija, ids[0]); code != 409 || !contains(page, "Pekka was first") || !contains(page, `dir="auto">Hers</blockquote>`) {
		t.Errorf("a draft for what was resolved meanwhile: %d", code)
	}
	if code, _ := ask(maija, ids[1]); code != 200 || asked != 3 {
		t.Errorf("the next: %d; the model was asked %d times", code, asked)
	}
}

// TestDraftSlow: the page of a draft comes however long the model took, although
// the limits of the server are shorter.
func TestDraftSlow(t *testing.T) {
	p := newPlace(t)
	id := p.add(sample())[0]
	maija := p.enter("Maija")
	p.drafts = func(ctx context.Context) (string, error) {
		select {
		case <-time.After(1500 * time.Millisecond):
			return "At last", nil
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	srv := httptest.NewUnstartedServer(nil)
	srv.Config = p.server.HTTP()
	srv.Config.ReadTimeout, srv.Config.WriteTimeout = time.Second, time.Second
	srv.Start()
	defer srv.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/m/"+string(id)+"/answer", strings.NewReader("do=suggest&was=new"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.AddCookie(&http.Cookie{Name: "puskaradio", Value: maija.cookie})
	resp, err := srv.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 || !contains(string(b), "At last</textarea>") {
		t.Errorf("%d, %v", resp.StatusCode, err)
	}
}
