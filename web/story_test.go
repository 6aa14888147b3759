package web

import (
	"fmt"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// TestStory: a story shows who told it first, where it went and what became of
// it after an answer; its copies lead to it.
func TestStory(t *testing.T) {
	p := newPlace(t)
	first := sample()
	first.Published = testNow.Add(-6 * time.Hour)
	id := p.add(first)[0]
	var copies []puskaradio.Mention
	for i := range 20 { // the last before the answer
		m := sample()
		m.Ref, m.Source, m.Author, m.Story = fmt.Sprint("c", i), "forum", fmt.Sprint("Repeats ", i), id
		m.Published, m.Flag = testNow.Add(-5*time.Hour+time.Duration(i)*time.Minute), ""
		copies = append(copies, m)
	}
	other := sample()
	other.Ref, other.Author, other.Published = "r9", "Another", testNow.Add(-4*time.Hour)
	ids := p.add(append(copies, other)...)
	maija := p.enter("Maija")
	page := maija.get("/s/" + string(id))
	wants(t, "the story", page, "21 have told it in 1\u00a0h 19\u00a0min, at 2 sources", "Maija M.", "Nobody of us has answered it yet.", "Repeats 19", "95%", "<rect")
	if got := maija.do("GET", "/s/"+string(ids[3]), nil, nil); got.Code != 303 || got.Header().Get("Location") != "/s/"+string(id) {
		t.Errorf("a copy leads to %d %s", got.Code, got.Header().Get("Location"))
	}
	if _, err := p.store.Move(t.Context(), "acme", id, puskaradio.New, puskaradio.Change{At: testNow.Add(-3 * time.Hour), Who: "Maija", To: puskaradio.Answered}, time.Time{}); err != nil {
		t.Fatal(err)
	}
	wants(t, "the answered story", maija.get("/s/"+string(id)), "It has slowed since the answer: 0 tellings in 3\u00a0h after it, 21 in as long before.", "answered 22 Nov 2026, 09:00")
	wants(t, "the story in Finnish", maija.get("/s/"+string(id)+"?lang=fi"), "Kuka kertoi ensin", "Se on hidastunut vastauksen jälkeen")
	wants(t, "trends", maija.get("/trends"), `href="/s/`+string(id)+`"`, "repeated 20 times")
	wants(t, "a copy", maija.get("/m/"+string(ids[0])), "It repeats a story that others have told too.")
	wants(t, "another post", maija.get("/s/"+string(ids[20])), "Nobody has repeated it.")
}
