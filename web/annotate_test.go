package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// TestAnnotations: what an agent notes on a date is on the chart, in the list,
// in the tables of both kinds and in the log, until it is taken away; a reader
// changes nothing, and nobody notes anything on another brand.
func TestAnnotations(t *testing.T) {
	p := newPlace(t)
	p.add(sample())
	ville, anna := p.join("Ville", puskaradio.Agent, "acme"), p.join("Anna", puskaradio.Reader)
	note := func(who *person, brand, date, text string) int {
		return who.do("POST", "/trends/notes", url.Values{"do": {"add"}, "brand": {brand}, "date": {date}, "text": {text}, "period": {"30d"}}, nil).Code
	}
	for _, tt := range []struct {
		who               *person
		brand, date, text string
		want              int
	}{
		{ville, "acme", "2026-11-03", " A  campaign <b> began ", 303},
		{ville, "acme", "2026-12-24", "=Closed", 303},
		{ville, "bolt", "2026-11-03", "theirs", 404},
		{ville, "acme", "2026-11-03", " ", 422},
		{ville, "acme", "2026-13-03", "x", 422},
		{ville, "acme", "2029-01-01", "x", 422},
		{anna, "acme", "2026-11-03", "x", 403},
	} {
		if got := note(tt.who, tt.brand, tt.date, tt.text); got != tt.want && (tt.want != 422 || got < 400 || got >= 500) {
			t.Errorf("%s %s %q: %d, want %d", tt.brand, tt.date, tt.text, got, tt.want)
		}
	}
	const text = "A campaign &lt;b&gt; began"
	page := anna.get("/trends?period=30d")
	wants(t, "trends", page, `class="noted"`, "<title>3 Nov 2026: "+text, "<td>"+text+"</td>", "3 Nov 2026 · "+text, "24 Dec 2026", "Ville")
	if contains(page, "/trends/notes") {
		t.Error("a reader is shown forms")
	}
	if contains(anna.get("/trends?period=7d"), text) || contains(anna.get("/trends?brand=bolt"), text) {
		t.Error("a note is shown where it is not")
	}
	wants(t, "fi", anna.get("/trends?period=30d&lang=fi"), "Mitä tapahtui", "3.11.2026 · ")
	wants(t, "CSV", anna.get("/trends?period=30d&format=csv"), "2026-11-03,0,0,0,0,0,,A campaign <b> began")
	again := New(p.server.o) // as after a restart
	if got, err := again.monthOf(t.Context(), "acme", "2026-11-30"); err != nil || len(got) != 1 || got[0].Text != "A campaign <b> began" || got[0].Who != "Ville" {
		t.Errorf("kept %v, %v", got, err)
	}
	_, rest, _ := strings.Cut(ville.get("/trends?period=30d"), `name="date" value="2026-11-03"><input type="hidden" name="id" value="`)
	id, _, _ := strings.Cut(rest, `"`)
	form := url.Values{"do": {"drop"}, "brand": {"acme"}, "date": {"2026-11-03"}, "id": {id}}
	if w := ville.do("POST", "/trends/notes", form, nil); w.Code != http.StatusSeeOther {
		t.Fatalf("drop: %d %s", w.Code, w.Body)
	}
	if w := ville.do("POST", "/trends/notes", form, nil); w.Code != http.StatusNotFound {
		t.Errorf("dropped twice: %d", w.Code)
	}
	if contains(anna.get("/trends?period=30d"), text) {
		t.Error("it is there still")
	}
	wants(t, "the log", p.join("Olli", puskaradio.Owner).get("/log"), "noted on a date", "took a note away", "acme 2026-11-03")
}

// TestOutages: a date on which a source was asked and never answered is hatched
// and said, unless the source is of another brand.
func TestOutages(t *testing.T) {
	p := newPlace(t)
	p.add(sample())
	line := func(source string, at time.Time, failed int) {
		if err := p.store.Note(t.Context(), puskaradio.Coverage{Source: source, Hour: at.Truncate(time.Hour), At: at, Fetches: 1, Failed: failed}); err != nil {
			t.Fatal(err)
		}
	}
	for day := -6; day <= 0; day++ {
		line("shop", testNow.AddDate(0, 0, day), 0)
		line("forum", testNow.AddDate(0, 0, day), map[bool]int{true: 1}[day == -2 || day == -3])
		line("stranger", testNow.AddDate(0, 0, day), 1)
	}
	line("forum", testNow.AddDate(0, 0, -3).Add(time.Hour), 0) // it came back
	maija := p.enter("Maija")
	for range 2 { // the second time from what is kept
		page := maija.get("/trends?period=7d")
		wants(t, "trends", page, `class="outage"`, "20 Nov 2026: not heard: forum")
		if contains(page, "not heard: stranger") || contains(page, "19 Nov 2026: not heard") {
			t.Error("an outage that was none")
		}
	}
}
