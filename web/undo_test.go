package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

func (p *place) caseOf(id puskaradio.ID) puskaradio.Case {
	p.t.Helper()
	c, err := p.store.Case(p.t.Context(), "", id)
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

// TestNotes: a note moves nothing, whoever writes it, and stands in the history.
func TestNotes(t *testing.T) {
	p := newPlace(t)
	id := p.add(sample())[0]
	maija, pekka := p.enter("Maija"), p.enter("Pekka")
	maija.move(id, "was", "new", "to", "claimed")
	p.moves.Store(0)
	w := pekka.move(id, "was", "claimed", "to", "claimed", "note", "She called <b>twice</b>.")
	if to, _ := leadsTo(w); w.Code != 303 || to != "/m/"+string(id)+"?said=noted" {
		t.Fatalf("a note: %d %s", w.Code, to)
	}
	if c := p.caseOf(id); c.Status != puskaradio.Claimed || c.Who != "Maija" || len(c.Changes) != 2 || !c.Changes[1].Aside || p.moves.Load() != 0 {
		t.Errorf("after a note: %+v, %d moves told", c, p.moves.Load())
	}
	wants(t, "the page", maija.get("/m/"+string(id)), "with Maija", "<bdi>Pekka</bdi>: note", "She called &lt;b&gt;twice&lt;/b&gt;.")
	if w := pekka.move(id, "was", "claimed", "to", "claimed", "note", " \n"); w.Code != 422 && w.Code != 409 {
		t.Errorf("an empty note: %d", w.Code)
	}
	if w := pekka.move(id, "was", "new", "to", "new", "note", "late"); w.Code != 409 || !contains(w.Body.String(), "late</textarea>") {
		t.Errorf("a note on a case as it is not: %d", w.Code)
	}
	maija.move(id, "was", "claimed", "to", "snoozed", "for", "1h0m0s")
	pekka.move(id, "was", "snoozed", "to", "snoozed", "note", "Back on Monday.")
	if c := p.caseOf(id); c.Status != puskaradio.Snoozed || !c.Until.Equal(testNow.Add(time.Hour)) {
		t.Errorf("a note wakes it: %+v", c)
	}
}

// TestUndo: who has changed a case can take that back within a minute, if nothing
// has happened since; both stay in the history.
func TestUndo(t *testing.T) {
	steps := []struct {
		to   puskaradio.Status
		more []string
	}{{"claimed", nil}, {"answered", nil}, {"done", nil}, {"snoozed", []string{"for", "1h0m0s"}}, {"false_alarm", nil}, {"new", nil}}
	for _, from := range []puskaradio.Status{puskaradio.New, puskaradio.Claimed, puskaradio.Snoozed} {
		for _, step := range steps {
			t.Run(string(from)+" to "+string(step.to), func(t *testing.T) {
				p := newPlace(t)
				id := p.add(sample())[0]
				maija, pekka := p.enter("Maija"), p.enter("Pekka")
				if from != puskaradio.New {
					maija.move(id, "was", "new", "to", string(from), "for", "4h0m0s")
				}
				p.late += time.Minute
				before := p.caseOf(id)
				who, other := pekka, maija
				if from == puskaradio.Claimed && step.to == puskaradio.Claimed {
					who, other = maija, pekka
				}
				fields := append([]string{"was", string(from), "to", string(step.to), "note", "because"}, step.more...)
				_, token := leadsTo(who.move(id, fields...))
				moved := p.caseOf(id)
				if token == "" {
					t.Fatal("there is no way back")
				}
				page := who.get("/m/" + string(id) + "?said=done&undo=" + token)
				if !contains(page, `action="/undo"`) || contains(other.get("/m/"+string(id)+"?undo="+token), `action="/undo"`) {
					t.Error("it is offered to the wrong ones, or not at all")
				}
				p.late += undoShown + time.Second
				if contains(who.get("/m/"+string(id)+"?undo="+token), `action="/undo"`) {
					t.Error("it is offered for longer than it should be")
				}
				p.late += undoFor - 2*undoShown
				w := who.do("POST", "/undo", form("undo", token, "back", "/m/"+string(id)+"?said=done&undo="+token), nil)
				to, said := leadsTo(w)
				if w.Code != 303 || to != "/m/"+string(id) {
					t.Fatalf("undo: %d %s", w.Code, to)
				}
				wants(t, "the page after it", who.get(to+"?undo="+said), "Taken back.", "undone", "because")
				got := p.caseOf(id)
				if got.Status != before.Status || got.Who != before.Who || !got.Until.Equal(before.Until) || len(got.Changes) != len(moved.Changes)+1 || len(got.Standing()) != len(before.Standing()) || !got.FirstReply().IsZero() {
					t.Errorf("undone: %+v\nbefore: %+v", got, before)
				}
				again := who.do("POST", "/undo", form("undo", token, "back", "//evil.example"), nil)
				if to, said := leadsTo(again); to != "/inbox" || !contains(who.get("/inbox?undo="+said), "It is too late to take that back.") || len(p.caseOf(id).Changes) != len(got.Changes) {
					t.Errorf("undone twice: %s", to)
				}
			})
		}
	}
}

// TestNoUndo: what somebody else has touched, what is too old, and what another
// has done, stays.
func TestNoUndo(t *testing.T) {
	for name, between := range map[string]func(p *place, pekka *person, id puskaradio.ID){
		"a note of another": func(_ *place, pekka *person, id puskaradio.ID) {
			pekka.move(id, "was", "claimed", "to", "claimed", "note", "x")
		},
		"a minute": func(p *place, _ *person, _ puskaradio.ID) { p.late = undoFor + time.Second },
		"an edit of the verdict": func(_ *place, pekka *person, id puskaradio.ID) {
			pekka.do("POST", "/m/"+string(id)+"/correct", form("label", "positive"), nil)
		},
	} {
		p := newPlace(t)
		id := p.add(sample())[0]
		maija, pekka := p.enter("Maija"), p.enter("Pekka")
		_, token := leadsTo(maija.move(id, "was", "new", "to", "claimed"))
		if w := pekka.do("POST", "/undo", form("undo", token), nil); w.Code != http.StatusSeeOther || p.caseOf(id).Who != "Maija" {
			t.Errorf("another takes it back: %d", w.Code)
		}
		between(p, pekka, id)
		was := len(p.caseOf(id).Changes)
		maija.do("POST", "/undo", form("undo", token), nil)
		if c := p.caseOf(id); c.Who != "Maija" || len(c.Changes) != was {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

// TestUndoOnce: of many forms that are sent at once one is heard.
func TestUndoOnce(t *testing.T) {
	p := newPlace(t)
	id := p.add(sample())[0]
	maija := p.enter("Maija")
	_, token := leadsTo(maija.move(id, "was", "new", "to", "claimed"))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { maija.do("POST", "/undo", form("undo", token), nil) })
	}
	wg.Wait()
	if c := p.caseOf(id); c.Status != puskaradio.New || len(c.Changes) != 2 {
		t.Errorf("undone: %+v", c)
	}
}

// TestUndoVerdict: a verdict is a line of the history and can be taken back, on
// a case and on a mention that is none; of the open copies too.
func TestUndoVerdict(t *testing.T) {
	p := newPlace(t)
	var ms []puskaradio.Mention
	for i := range 4 {
		m := sample()
		m.Ref, m.Published = fmt.Sprint("c", i), testNow.Add(-time.Duration(60-i)*time.Minute)
		if i > 0 && i < 3 {
			m.Story = puskaradio.NewID(ms[0].Published.Unix(), ms[0].Hash())
		}
		if i == 3 {
			m.Flag = ""
		}
		ms = append(ms, m)
	}
	ids := p.add(ms...)
	maija := p.enter("Maija")
	page := maija.get("/m/" + string(ids[1]))
	wants(t, "the preview", page, "the 2 other open cases that say the same, too", "/m/"+string(ids[0]), "/m/"+string(ids[2]), "It changes this mention, and the counts", `name="aspect.service"`)
	if page := maija.get("/m/" + string(ids[3])); contains(page, "say the same") {
		t.Error("what has no copies offers them")
	}
	for _, tt := range []struct {
		at     int
		copies string
		judged int
	}{{1, "", 1}, {1, "1", 3}, {3, "", 1}} {
		before := p.caseOf(ids[tt.at])
		w := maija.do("POST", "/m/"+string(ids[tt.at])+"/correct", form("label", "positive", "copies", tt.copies, "aspect.service", "none"), nil)
		_, token := leadsTo(w)
		n := 0
		for _, id := range ids {
			if c := p.caseOf(id); c.Mention.Corrected != nil {
				n++
				if len(c.Mention.Corrected.Aspects) != 0 {
					t.Errorf("it is about %v still", c.Mention.Corrected.Aspects)
				}
			}
		}
		if n != tt.judged {
			t.Errorf("%+v: %d were judged", tt, n)
		}
		if before.Status != "" {
			wants(t, "the history", maija.get("/m/"+string(ids[tt.at])), "verdict: positive")
		}
		maija.do("POST", "/undo", form("undo", token), nil)
		for _, id := range ids {
			if c := p.caseOf(id); c.Mention.Corrected != nil || len(c.Standing()) != 0 {
				t.Errorf("%+v: judged still: %+v", tt, c)
			}
		}
	}
	wants(t, "aspects", strings.Join(aspectNames(aspectsOf(form("aspect.service", "positive"), t, maija)), " "), "service positive")
}

// aspectsOf is what a correction with such a form leaves of aspects.
func aspectsOf(f url.Values, t *testing.T, maija *person) []puskaradio.Aspect {
	t.Helper()
	m := sample()
	m.Ref = "aspects"
	id := maija.add(m)[0]
	f.Set("label", "positive")
	maija.do("POST", "/m/"+string(id)+"/correct", f, nil)
	return maija.caseOf(id).Mention.Corrected.Aspects
}

func aspectNames(as []puskaradio.Aspect) (out []string) {
	for _, a := range as {
		out = append(out, a.Name+" "+string(a.Label))
	}
	return out
}

// TestNotUs: a text about another is a false alarm with that reason, and the page
// offers the words that would have kept it out.
func TestNotUs(t *testing.T) {
	p := newPlace(t)
	p.plan.Brands[0].Forbid = []string{"looney"}
	other := sample()
	other.Ref, other.Title, other.Text = "r2", "Acme skateboards", "The skateboards of Acme \"break\"; nobody answered."
	ids := p.add(sample(), other)
	maija := p.enter("Maija")
	wants(t, "the page", maija.get("/m/"+string(ids[1])), "This is not about Acme")
	w := maija.move(ids[1], "was", "new", "to", "false_alarm", "reason", "not_us")
	if to, _ := leadsTo(w); to != "/m/"+string(ids[1])+"?said=not_us" {
		t.Fatal(to)
	}
	if c := p.caseOf(ids[1]); c.Status != puskaradio.FalseAlarm || c.Changes[0].Note != notUs {
		t.Errorf("%+v", c)
	}
	for _, lang := range []string{"en", "fi"} {
		page := maija.get("/m/" + string(ids[1]) + "?lang=" + lang)
		wants(t, lang, page, "forbid: [&#34;looney&#34;, &#34;skateboards&#34;, &#34;break&#34;]")
		if contains(page, "&#34;nobody&#34;") || contains(page, "&#34;acme") {
			t.Error("it offers words of the brand's own mentions")
		}
	}
	if contains(maija.get("/m/"+string(ids[0])), "forbid:") {
		t.Error("what is about the brand offers words")
	}
	maija.move(ids[0], "was", "new", "to", "false_alarm")
	if contains(maija.get("/m/"+string(ids[0])), "forbid:") {
		t.Error("a false alarm for another reason offers words")
	}
}
