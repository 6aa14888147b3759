package web

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// TestHands: what people do on the page of an alert is done in their name, and
// who is too late is told by whom.
func TestHands(t *testing.T) {
	p := newPlace(t)
	if _, err := p.store.AddAlert(t.Context(), puskaradio.Alert{ID: "7F3K", Brand: "bolt", Name: "Bolt", Rule: puskaradio.RuleSpike, Decided: testNow, State: "open"}); err != nil {
		t.Fatal(err)
	}
	maija := p.enter("Maija")
	wants(t, "the alert", maija.get("/a/7F3K"), `value="claim"`, `value="snooze"`, "Mute all alerts of Bolt", `href="/rehearse?brand=bolt"`)
	post := func(form url.Values) *http.Response {
		return maija.do("POST", "/a/7F3K/do", form, nil).Result()
	}
	for _, c := range []struct {
		form url.Values
		code int
		want string
	}{
		{url.Values{"do": {"claim"}}, http.StatusSeeOther, "claim 7F3K Maija"},
		{url.Values{"do": {"calm"}}, http.StatusSeeOther, "calm 7F3K Maija"},
		{url.Values{"do": {"snooze"}, "for": {"4h0m0s"}}, http.StatusSeeOther, "snooze 7F3K Maija 4h0m0s"},
		{url.Values{"do": {"mute"}, "for": {"24h0m0s"}}, http.StatusSeeOther, "mute bolt Maija"},
		{url.Values{"do": {"mute"}, "for": {"87600h"}}, http.StatusBadRequest, ""},
		{url.Values{"do": {"snooze"}}, http.StatusBadRequest, ""},
		{url.Values{"do": {"explode"}}, http.StatusBadRequest, ""},
	} {
		p.done = nil
		resp := post(c.form)
		if got := slices.Concat(p.done, []string{""})[0]; resp.StatusCode != c.code || got != c.want {
			t.Errorf("%v: %d, did %q, want %d, %q", c.form, resp.StatusCode, got, c.code, c.want)
		}
	}
	if until := p.muted.Sub(testNow); until != 24*time.Hour {
		t.Errorf("muted for %v", until)
	}
	wants(t, "the muted alert", maija.get("/a/7F3K?said=mute"), "muted until 23 Nov 2026, 12:00", "Nobody is told of this brand&#39;s alerts for a while.")
	if post(url.Values{"do": {"unmute"}}); !p.muted.IsZero() {
		t.Error("still muted")
	}
	p.had = &puskaradio.TakenError{By: "Liisa", At: testNow.Add(-20 * time.Second), As: puskaradio.Claimed}
	w := maija.do("POST", "/a/7F3K/do", url.Values{"do": {"claim"}}, nil)
	if w.Code != http.StatusConflict {
		t.Errorf("too late: %d", w.Code)
	}
	wants(t, "the page of who is too late", w.Body.String(), "Liisa was first: claimed, 20\u00a0s ago. Nothing was done.")
	if w := maija.do("POST", "/a/NOSUCH/do", url.Values{"do": {"claim"}}, nil); w.Code != http.StatusNotFound {
		t.Errorf("an alert that is not there: %d", w.Code)
	}
}

// TestSideAlerts: what is not about counts says what it is about.
func TestSideAlerts(t *testing.T) {
	p := newPlace(t)
	for _, a := range []puskaradio.Alert{
		{ID: "STARS", Brand: "acme", Name: "Acme", Rule: puskaradio.RuleRating, From: testNow.AddDate(0, 0, -7), Stars: &puskaradio.Stars{Now: 3.14, N: 40, Usual: 4.2, Year: 900}, Odds: 0.0001, Decided: testNow, State: "open"},
		{ID: "SILENT", Brand: "acme", Name: "Acme", Rule: puskaradio.RuleSilence, Source: "shop", From: testNow.AddDate(0, 0, -3), UsualAll: 12, Reads: 41, Odds: 0.0001, Decided: testNow, State: "open"},
	} {
		if _, err := p.store.AddAlert(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	maija := p.enter("Maija")
	wants(t, "stars", maija.get("/a/STARS"), "there are 3.1 of 5 stars, in 40 ratings; usually 4.2, in 900 of the year before.", "by luck alone is 1 in 10,000")
	wants(t, "silence", maija.get("/a/SILENT"), "shop has brought nothing new since 19 Nov 2026, 12:00. Usually it brings 12.0 a day; it was read well 41 times since then.")
}

// TestRehearsal: what each sensitivity would have told stands beside the budget.
func TestRehearsal(t *testing.T) {
	p := newPlace(t)
	maija := p.enter("Maija")
	wants(t, "rehearsal", maija.get("/rehearse"), "“normal” would have told of 4 spikes in 4.0 weeks, 1.00 a week.", "That is within your budget of 1.0 a week.", "21 Nov 2026", "80 days", "! 2 h", "! over the budget", "in force")
	wants(t, "a smaller budget", maija.get("/rehearse?budget=0,5"), "over your budget of 0.5 a week; “low” would keep to it.", `value="0.5"`)
	wants(t, "none", maija.get("/rehearse?budget=0.1&sensitivity=high&lang=fi"), "”herkkä” olisi kertonut 8 piikistä", "ja niin jokainen muukin herkkyys")
	wants(t, "a wrong budget", maija.get("/rehearse?budget=-1&sensitivity=x"), `value="1.0"`)
}
