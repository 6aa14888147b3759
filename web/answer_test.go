package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/puskaradio/puskaradio"
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
		w := maija.do("POST", "/m/"+string(id)+"/answer", url.Values{"do": {do}, "text": {text}}, nil)
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
