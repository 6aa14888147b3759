package main

import (
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/notify"
	"github.com/puskaradio/puskaradio/store"
)

// TestSecondApprover: an answer is sent when another person than who wrote it has
// approved it as it stands, once, and never blindly.
func TestSecondApprover(t *testing.T) { bothStores(t, testSecondApprover) }

func testSecondApprover(t *testing.T, s store.Store) {
	h := newHouse(t, s)
	maija, pekka, liisa, reader := h.join("Maija", puskaradio.Agent), h.join("Pekka", puskaradio.Agent), h.join("Liisa", puskaradio.Owner), h.join("Risto", puskaradio.Reader)
	page := func(g *guest, n int) string { return g.do("GET", "/m/"+string(h.ids[n]), nil).Body.String() }

	// Written, refused to the writer and to a reader, approved by another.
	maija.wants(0, "send", "Anteeksi!", 303, "", 0)
	c := h.caseOf(0)
	if w := c.Waits(); w == nil || w.Who != "Maija" || w.Text != "Anteeksi!" || c.Status != puskaradio.Claimed || c.Who != "Maija" || !c.FirstReply().IsZero() {
		t.Fatalf("written: %+v", c)
	}
	if p := page(maija, 0); !strings.Contains(p, "Waits for a second person") || strings.Contains(p, `value="approve"`) || !strings.Contains(p, "Take it back") {
		t.Error("her own page: no word of it, or a button to approve")
	}
	if p := page(pekka, 0); !strings.Contains(p, `value="approve"`) || !strings.Contains(p, "Written by Maija") || !strings.Contains(p, "Anteeksi!") {
		t.Error("the page of another: no text, or no button")
	}
	if p := page(reader, 0); !strings.Contains(p, "Anteeksi!") || strings.Contains(p, `value="approve"`) {
		t.Error("the page of a reader")
	}
	if list := pekka.do("GET", "/inbox?view=second", nil).Body.String(); strings.Count(list, "<article") != 1 || !strings.Contains(list, "An answer of Maija waits for a second person") {
		t.Error("the inbox does not say that one waits")
	}
	maija.wants(0, "approve", "", 403, "Another person than who wrote it", 0)
	reader.wants(0, "approve", "", 403, "You may not do this", 0)
	pekka.wants(0, "approve", "ignored", 303, "", 1)
	c = h.caseOf(0)
	last := c.Last()
	if c.Status != puskaradio.Answered || last.Who != "Pekka" || !strings.HasPrefix(last.Note, "written by Maija, approved by Pekka and sent as ") || !c.FirstReply().Equal(last.At) || !last.At.After(c.Changes[0].At) {
		t.Errorf("sent: %+v", last)
	}
	liisa.wants(0, "approve", "", 400, "", 1)

	// Two approvers at once.
	maija.wants(1, "send", "Anteeksi!", 303, "", 1)
	over := h.caseOf(1).Waits().At.Format(time.RFC3339Nano)
	codes := map[int]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			w := []*guest{pekka, liisa}[i%2].do("POST", "/m/"+string(h.ids[1])+"/answer", url.Values{"do": {"approve"}, "over": {over}})
			mu.Lock()
			defer mu.Unlock()
			codes[w.Code]++
		})
	}
	wg.Wait()
	if h.sent.Load() != 2 || codes[303] != 1 || h.caseOf(1).Status != puskaradio.Answered {
		t.Errorf("eight at once: %v, %d sent", codes, h.sent.Load())
	}

	// Given back, taken back, changed: who changes it is its writer.
	maija.wants(2, "send", "Anteeksi!", 303, "", 2)
	pekka.wants(2, "back", "Too short.", 303, "", 2)
	if c := h.caseOf(2); c.Waits() != nil || c.Status != puskaradio.Claimed || c.Who != "Maija" || c.Changes[1].Note != "given back: Too short." {
		t.Errorf("given back: %+v", c)
	}
	maija.wants(2, "send", "Anteeksi, Maija!", 303, "", 2)
	pekka.wants(2, "change", "Anteeksi kovasti!", 303, "", 2)
	pekka.wants(2, "approve", "", 403, "Another person than who wrote it", 2)
	maija.wants(2, "approve", "", 303, "", 3)
	if n := h.caseOf(2).Last().Note; !strings.HasPrefix(n, "written by Pekka, approved by Maija") || !strings.HasSuffix(n, "Anteeksi kovasti!") {
		t.Errorf("changed: %s", n)
	}
	maija.wants(3, "send", "Anteeksi!", 303, "", 3)
	maija.wants(3, "back", "", 303, "", 3)

	// What has moved on meanwhile is not sent.
	maija.wants(4, "send", "Anteeksi!", 303, "", 3)
	h.post(4, "Kamala palvelu, ja kallis")
	pekka.wants(4, "approve", "", 409, "The post has changed", 3)
	maija.wants(5, "send", "Anteeksi!", 303, "", 3)
	stale := url.Values{"do": {"approve"}, "over": {h.caseOf(5).Waits().At.Format(time.RFC3339Nano)}}
	if _, err := s.Commit(t.Context(), store.Crawl{Source: "social", Brands: []string{"acme"}, Gone: []string{h.base + "/users/maija/statuses/5"}}); err != nil {
		t.Fatal(err)
	}
	if w := pekka.do("POST", "/m/"+string(h.ids[5])+"/answer", stale); w.Code != 409 || h.sent.Load() != 3 {
		t.Errorf("deleted: %d, %d sent", w.Code, h.sent.Load())
	}
	maija.wants(6, "send", "Anteeksi!", 303, "", 3)
	stale.Set("over", h.caseOf(6).Waits().At.Format(time.RFC3339Nano))
	maija.do("POST", "/m/"+string(h.ids[6])+"/move", url.Values{"was": {"claimed"}, "to": {"done"}})
	if w := pekka.do("POST", "/m/"+string(h.ids[6])+"/answer", stale); w.Code != 409 || h.sent.Load() != 3 || h.caseOf(6).Status != puskaradio.Done {
		t.Errorf("resolved: %d, %d sent", w.Code, h.sent.Load())
	}

	// What the source refuses waits again, of the same writer.
	h.refuse.Store(true)
	maija.wants(7, "send", "Anteeksi!", 303, "", 3)
	pekka.wants(7, "approve", "", 502, "It was not sent", 3)
	if w := h.caseOf(7).Waits(); w == nil || w.Who != "Maija" {
		t.Errorf("refused by the source: %+v", w)
	}
	h.refuse.Store(false)
	maija.wants(7, "approve", "", 403, "Another person", 3)
	pekka.wants(7, "approve", "", 303, "", 4)

	// Who came in by the link for one person has no account.
	nobody := h.enter("nobody", url.Values{"who": {"Pekka II"}, "ticket": {h.server.Ticket()}})
	maija.wants(8, "send", "Anteeksi!", 303, "", 4)
	nobody.wants(8, "approve", "", 403, "each with an account of their own", 4)
	nobody.wants(9, "send", "Anteeksi!", 403, "each with an account of their own", 4)

	// What was written at the console is approved on the page, never at it.
	by := monitor.Approver{Who: "Maija", Via: puskaradio.ViaConsole}
	if a, err := h.SendAnswer(t.Context(), h.ids[10], "Anteeksi!", by, "Maija"); err != nil || !a.Waits || a.Sent {
		t.Errorf("at the console: %+v, %v", a, err)
	}
	by.Who, by.Over = "Pekka", h.caseOf(10).Waits().At
	if _, err := h.ApproveAnswer(t.Context(), h.ids[10], by); !errors.Is(err, puskaradio.ErrOwn) {
		t.Errorf("approved at the console: %v", err)
	}
	pekka.wants(10, "approve", "", 303, "", 5)

	log := liisa.do("GET", "/log", nil).Body.String()
	for _, want := range []string{"wrote an answer for a second person", "approved and sent an answer", "written by Maija", "gave an answer back"} {
		if !strings.Contains(log, want) {
			t.Errorf("the audit log lacks %q", want)
		}
	}
	testSecondInSlack(t, h, pekka)
}

// testSecondInSlack: what is written in Slack is approved there, by another
// account, whatever it calls itself.
func testSecondInSlack(t *testing.T, h *house, pekka *guest) {
	const n = 11
	c := h.caseOf(n)
	a := puskaradio.Alert{ID: "7F3KQ2AA", Brand: "acme", Name: "Acme", Rule: puskaradio.RuleSpike, Decided: time.Now(), State: "open", Quotes: []puskaradio.Quote{puskaradio.QuoteOf(c.ID, &c.Mention)}}
	if _, err := h.Store.AddAlert(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	act := func(do, account, who, text string, over time.Time) (notify.Outcome, error) {
		return h.Act(t.Context(), notify.Wish{Do: do, Alert: a.ID, Post: c.ID, Text: text, Who: who, Account: account, Lang: "en", Over: over})
	}
	was := h.sent.Load()
	if out, err := act(notify.DoDraft, "U1", "maija", "", time.Time{}); err != nil || !out.Draft.Second || out.Draft.Waits != nil {
		t.Fatalf("draft: %+v, %v", out.Draft, err)
	}
	if out, err := act(notify.DoSend, "U1", "maija", "Sorry!", time.Time{}); err != nil || !strings.Contains(out.Text, "waits for a second person") {
		t.Fatalf("written: %+v, %v", out, err)
	}
	out, err := act(notify.DoDraft, "U2", "pekka", "", time.Time{})
	if err != nil || out.Draft.Waits == nil || out.Draft.Waits.Who != "maija" || out.Draft.Text != "Sorry!" {
		t.Fatalf("the form of another: %+v, %v", out.Draft, err)
	}
	over := out.Draft.Waits.At
	for _, do := range []string{notify.DoCheck, notify.DoSend} {
		if _, err := act(do, "U1", "maija", "Sorry!", over); !errors.Is(err, puskaradio.ErrOwn) {
			t.Errorf("%s by the writer: %v", do, err)
		}
		if _, err := act(do, "U1", "mikko", "Sorry!", over); !errors.Is(err, puskaradio.ErrOwn) {
			t.Errorf("%s by the writer under another name: %v", do, err)
		}
		if _, err := act(do, "U2", "pekka", "Sorry!", over.Add(-time.Second)); !errors.Is(err, puskaradio.ErrTaken) {
			t.Errorf("%s over what does not wait: %v", do, err)
		}
	}
	pekka.wants(n, "approve", "", 403, "Another person", was)
	pekka.wants(n, "change", "Mine", 409, "It was written in Slack", was)
	if _, err := act(notify.DoBack, "U2", "pekka", "Say when.", over); err != nil || h.caseOf(n).Waits() != nil {
		t.Errorf("given back: %v", err)
	}
	if ds, err := h.Store.Deeds(t.Context(), time.Now().Add(time.Hour), 1); err != nil || len(ds) != 1 || ds[0].Who != "pekka (Slack)" || ds[0].What != "gave an answer back" {
		t.Errorf("the audit log: %+v, %v", ds, err)
	}
	if _, err := act(notify.DoSend, "U1", "maija", "Sorry! We will call today.", time.Time{}); err != nil {
		t.Fatal(err)
	}
	over = h.caseOf(n).Waits().At
	if out, err := act(notify.DoSend, "U2", "pekka", "Sorry! We call today.", over); err != nil || !strings.Contains(out.Text, "waits") || h.sent.Load() != was {
		t.Errorf("changed: %+v, %v", out, err)
	}
	over = h.caseOf(n).Waits().At
	if _, err := act(notify.DoSend, "U2", "pekka", "Sorry! We call today.", over); !errors.Is(err, puskaradio.ErrOwn) {
		t.Errorf("who changed it: %v", err)
	}
	if out, err := act(notify.DoSend, "U1", "maija", "Sorry! We call today.", over); err != nil || !strings.Contains(out.Text, "The answer was sent") || h.sent.Load() != was+1 {
		t.Errorf("approved: %+v, %v", out, err)
	}
	if note := h.caseOf(n).Last().Note; !strings.HasPrefix(note, "written by pekka, approved by maija") {
		t.Errorf("the case: %s", note)
	}
}

// TestSecondNeedsTwo: the setting is refused where nobody could be the second
// person, and a brand may have its own.
func TestSecondNeedsTwo(t *testing.T) {
	s, err := store.OpenBolt(t.TempDir(), &store.BoltOptions{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	on, off := true, false
	l := &loaded{plan: &monitor.Plan{}}
	l.Answers.SecondApprover = true
	l.Brands = []brandConfig{{ID: "acme"}, {ID: "bolt", SecondApprover: &off}, {ID: "core", SecondApprover: &on}}
	l.buildSecond(&decoder{})
	if got := l.plan.Second; len(got) != 2 || !got["acme"] || !got["core"] {
		t.Errorf("second = %v, want acme and core", got)
	}
	r := &runner{store: s}
	r.current.Store(l)
	for _, x := range []struct {
		who  puskaradio.Person
		want string // of the error after that person was added; empty if there is none
	}{
		{puskaradio.Person{Name: "Maija", Role: puskaradio.Agent, Hash: "x"}, "answers of acme need two people who sign in with their own password and may answer, and there are 1 (Maija)"},
		{puskaradio.Person{Name: "Risto", Role: puskaradio.Reader, Hash: "x"}, "there are 1 (Maija)"},
		{puskaradio.Person{Name: "Uusi", Role: puskaradio.Agent}, "there are 1 (Maija)"},
		{puskaradio.Person{Name: "Pekka", Role: puskaradio.Owner, Brands: []string{"acme"}, Hash: "x"}, "answers of core need two people"},
		{puskaradio.Person{Name: "Liisa", Role: puskaradio.Owner, Hash: "x"}, ""},
	} {
		if err := s.SetPerson(t.Context(), x.who); err != nil {
			t.Fatal(err)
		}
		if err := r.mayApprove(t.Context(), l); (err == nil) != (x.want == "") || err != nil && !strings.Contains(err.Error(), x.want) {
			t.Errorf("with %s: %v, want %q", x.who.Name, err, x.want)
		}
	}
}
