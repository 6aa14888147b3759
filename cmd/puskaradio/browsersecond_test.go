package main

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/internal/chromium"
	"github.com/puskaradio/puskaradio/store"
)

// TestSecondInChromium: the pages of an answer that waits and of what sites show
// fit a phone, axe-core
// finds nothing on them, and a button sends the answer.
func TestSecondInChromium(t *testing.T) {
	script := axe(t)
	s, err := store.OpenBolt(t.TempDir(), &store.BoltOptions{NoSync: true, Zone: time.UTC})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	h := newHouse(t, s)
	maija := h.join("Maija", puskaradio.Agent)
	h.join("Pekka", puskaradio.Agent)
	maija.wants(0, "send", "Anteeksi! Otathan yhteyttä, niin selvitämme asian vielä tänään.", 303, "", 0)
	for i, source := range []string{"kaupan-arviot", "trustpilot"} {
		seen := time.Now().AddDate(0, 0, -5*i)
		xs := []puskaradio.Shown{
			{Brand: "acme", About: "Kahvinkeitin", URL: "https://shop.example/", Rating: puskaradio.Rating{Value: 4.2, Best: 5}, Count: 1500, Reviews: 1318},
			{Brand: "bolt", Rating: puskaradio.Rating{Value: 8.7, Best: 10}, Reviews: 411},
		}
		if err := store.AddShown(t.Context(), s, source, xs, nil, seen, time.UTC); err != nil {
			t.Fatal(err)
		}
	}
	srv := httptest.NewServer(h.server)
	defer srv.Close()
	x := chromium.Start(t).Tab(t, srv.URL, chromium.Look{Width: 1280, Scripts: true, Lawless: true})
	x.Open("/in")
	x.Type("input[name=who]", "Pekka")
	x.Type("input[name=password]", "neljä vihreää sammakkoa laulaa")
	x.Press("form button")
	pages := map[string]string{"case": "/m/" + string(h.ids[0]), "inbox": "/inbox?view=second", "ratings": "/trends/ratings"}
	for name, path := range pages {
		for _, lang := range []string{"en", "fi"} {
			mark := "?"
			if name == "inbox" {
				mark = "&"
			}
			x.Open(path + mark + "lang=" + lang)
			unfold(x, script)
			for _, width := range []int64{1280, 320} {
				for _, dark := range []bool{false, true} {
					x.Restyle(width, dark)
					found, passed := violations(t, x)
					for _, v := range found {
						t.Errorf("%s (%v): %s: %s (first %s)", x.URL(), x.Look, v.ID, v.Help, v.Nodes[0].HTML)
					}
					if wide := chromium.Ask[bool](x, `document.documentElement.scrollWidth > innerWidth`); wide || passed < 10 {
						t.Errorf("%s (%v): it is wider than the window: %v; %d rules", x.URL(), x.Look, wide, passed)
					}
				}
			}
		}
	}
	x.Open(pages["case"] + "?lang=en")
	x.Press("#second button[value=approve]")
	x.Wants("The answer was sent.")
	if h.sent.Load() != 1 || h.caseOf(0).Last().Who != "Pekka" {
		t.Errorf("%d sent, %+v", h.sent.Load(), h.caseOf(0).Last())
	}
}
