package web

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// TestPast: the page of a case lists what else its author has said there about
// the brand, and nothing of another source, brand or author.
func TestPast(t *testing.T) {
	p := newPlace(t)
	m := sample()
	id := p.add(m)[0]
	maija := p.enter("Maija")
	if page := maija.get("/m/" + string(id)); strings.Contains(page, "from this author here") {
		t.Error("a past of an author who has none")
	}
	var earlier []puskaradio.ID
	for i := range 7 {
		x := sample()
		x.Ref, x.Title, x.Published = fmt.Sprint("old", i), fmt.Sprint("Earlier ", i), testNow.AddDate(0, 0, -i-1)
		if i == 3 {
			x.Score.Label = puskaradio.Positive
		}
		earlier = append(earlier, p.add(x)...)
	}
	for i, change := range []func(*puskaradio.Mention){
		func(x *puskaradio.Mention) { x.Source = "forum" }, func(x *puskaradio.Mention) { x.Brand = "bolt" }, func(x *puskaradio.Mention) { x.Author = "Pekka" },
	} {
		x := sample()
		x.Ref, x.Title, x.Published = fmt.Sprint("other", i), "Stranger", testNow.AddDate(0, 0, -1)
		change(&x)
		p.add(x)
	}
	if w := maija.move(earlier[1], "was", "new", "to", "answered", "note", "We called."); w.Code != 303 {
		t.Fatalf("answered: %d", w.Code)
	}
	page := maija.get("/m/" + string(id))
	wants(t, "the page", page, "Earlier from this author here", "7 other mentions of that name at this source, 6 of them negative.", "/m/"+string(earlier[0]), "/m/"+string(earlier[4]), "1/5", "answered 22 Nov 2026, 12:00", "not answered", "A name may be shared")
	for _, no := range []string{"Stranger", "Earlier 5", "Older ones were not counted", "Earlier and later"} {
		if strings.Contains(page, no) {
			t.Errorf("the page says %q", no)
		}
	}
	if strings.Index(page, "Earlier 0") > strings.Index(page, "Earlier 1") {
		t.Error("the newest does not come first")
	}
	wants(t, "an older one", maija.get("/m/"+string(earlier[6])+"?lang=fi"), "Aiemmin ja myöhemmin tältä kirjoittajalta täällä", "7 muuta mainintaa tällä nimellä tässä lähteessä, niistä 6 kielteistä.", "ei vastattu")
	if _, err := p.store.Erase(t.Context(), "shop", "Maija M."); err != nil {
		t.Fatal(err)
	}
	if w := maija.do("GET", "/m/"+string(id), nil, nil); w.Code != 404 {
		t.Errorf("of an erased author: %d", w.Code)
	}
}

// TestCustomerKey sets a key on one case of an author and finds it on the
// others at that source, in the table, the API and the audit log.
func TestCustomerKey(t *testing.T) {
	p := newPlace(t)
	other, elsewhere, nobody := sample(), sample(), sample()
	other.Ref, other.Published = "r2", testNow.Add(-time.Hour)
	elsewhere.Source, nobody.Ref, nobody.Author = "forum", "r3", " "
	ids := p.add(sample(), other, elsewhere, nobody)
	agent, reader := p.join("Maija", puskaradio.Agent), p.join("Ville", puskaradio.Reader)
	path := "/m/" + string(ids[0]) + "/customer"
	if w := reader.do("POST", path, form("key", "A-17"), nil); w.Code != 403 {
		t.Errorf("a reader sets it: %d", w.Code)
	}
	for _, bad := range []string{strings.Repeat("x", 101), "a\nb", "a\u202eb", "a\x00b"} {
		if w := agent.do("POST", path, form("key", bad), nil); w.Code != 422 || !strings.Contains(w.Body.String(), "A customer key is one line") {
			t.Errorf("%q: %d", bad, w.Code)
		}
	}
	if w := agent.do("POST", "/m/"+string(ids[3])+"/customer", form("key", "A-17"), nil); w.Code != 422 {
		t.Errorf("of nobody: %d", w.Code)
	}
	if page := agent.get("/m/" + string(ids[3])); strings.Contains(page, "Customer key") {
		t.Error("a key is asked for of nobody")
	}
	if page := reader.get("/m/" + string(ids[0])); strings.Contains(page, "Customer key") {
		t.Error("a reader is shown no key")
	}
	if w := agent.do("POST", path, form("key", " =A-17 "), nil); w.Code != 303 {
		t.Fatalf("an agent sets it: %d %s", w.Code, w.Body)
	}
	wants(t, "the page", agent.get("/m/"+string(ids[0])+"?said=set+a+customer+key"), "The customer key is kept.", "<bdi>=A-17</bdi>", `value="=A-17"`)
	page := reader.get("/m/" + string(ids[1]) + "?lang=fi")
	wants(t, "another case", page, "Asiakastunnus", "<bdi>=A-17</bdi>")
	if strings.Contains(page, "/customer") {
		t.Error("a reader is given the form")
	}
	if page := agent.get("/m/" + string(ids[2])); strings.Contains(page, "A-17") {
		t.Error("the key stands on a case at another source")
	}
	table := reader.do("GET", "/inbox?format=csv", nil, nil).Body.String()
	if !strings.Contains(table, ",customer\r\n") || strings.Count(table, ",'=A-17\r\n") != 2 {
		t.Errorf("the table: %q", table)
	}
	deeds, err := p.store.Deeds(t.Context(), testNow.Add(time.Hour), 2)
	if err != nil || len(deeds) < 2 || deeds[1].What != "set a customer key" || deeds[1].Who != "Maija" || deeds[1].On != "shop "+string(ids[0]) {
		t.Errorf("the log: %+v, %v", deeds, err)
	}
	wants(t, "the log in Finnish", p.join("Omistaja", puskaradio.Owner).get("/log?lang=fi"), "antoi asiakastunnuksen")

	secret := p.token("crm", puskaradio.Agent)
	at := "/api/v1/cases/" + string(ids[1]) + "/customer"
	for body, want := range map[string]int{`{"key":"a\nb"}`: 400, `{"name":"x"}`: 400, `{"key":"B-2"}`: 200} {
		if w := p.ask(secret, "POST", at, body); w.Code != want {
			t.Errorf("POST %s: %d %s, want %d", body, w.Code, w.Body, want)
		}
	}
	if w := p.ask(p.token("r", puskaradio.Reader), "POST", at, `{"key":"x"}`); w.Code != 403 {
		t.Errorf("a token of a reader: %d", w.Code)
	}
	if w := p.ask(p.token("b", puskaradio.Agent, "bolt"), "POST", at, `{"key":"x"}`); w.Code != 404 {
		t.Errorf("a token of another brand: %d", w.Code)
	}
	if w := p.ask(secret, "POST", "/api/v1/cases/"+string(ids[3])+"/customer", `{"key":"x"}`); w.Code != 400 {
		t.Errorf("of nobody: %d", w.Code)
	}
	if w := p.ask(secret, "GET", "/api/v1/cases", ""); strings.Count(w.Body.String(), `"customer":"B-2"`) != 2 {
		t.Errorf("GET cases: %s", w.Body)
	}
	if w := agent.do("POST", path, form("key", ""), nil); w.Code != 303 {
		t.Errorf("taken away: %d", w.Code)
	}
	if c := p.caseOf(ids[0]); c.Customer != "" {
		t.Errorf("the key is still %q", c.Customer)
	}
}
