package web

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// TestJourneyPage counts by stage, touchpoint and topic, sorts by links, leads
// to the mentions of each, and says when it has not read all.
func TestJourneyPage(t *testing.T) {
	p := newPlace(t)
	var ms []puskaradio.Mention
	add := func(n int, ago time.Duration, label puskaradio.Label, stage, touchpoint, aspect string) {
		for i := range n {
			m := sample()
			m.Ref, m.Title = fmt.Sprint("j", len(ms)), fmt.Sprintf("%s %s %d.", stage, label, i)
			m.Published = testNow.Add(-ago - time.Duration(len(ms))*time.Second)
			m.Score = &puskaradio.Score{Label: label, Stage: stage, Touchpoint: touchpoint, Aspects: []puskaradio.Aspect{{Name: aspect, Label: label}}}
			ms = append(ms, m)
		}
	}
	const day = 24 * time.Hour
	add(40, day, puskaradio.Negative, "after", "support", "service")
	add(10, day, puskaradio.Positive, "after", "support", "service")
	add(3, 2*day, puskaradio.Positive, "before", "advert", "price")
	add(5, 8*day, puskaradio.Negative, "after", "support", "service")
	add(45, 8*day, puskaradio.Positive, "after", "support", "service")
	p.add(ms...)
	anna := p.join("Anna", puskaradio.Reader, "acme")
	page := anna.get("/trends/journey?period=7d")
	wants(t, "journey", page, "53 of 53 mentions tell a stage. Most of the negative ones: after buying (40 of 50).", "more negative than luck explains", "nothing to compare with",
		`<td class="n">50</td><td class="n">50</td><td class="n">40</td><td class="n">80%</td><td class="n">10%</td>`,
		`href="/mentions?brand=acme&amp;from=2026-11-16&amp;stage=after&amp;to=2026-11-22"`, "touchpoint=advert", "aspect=price", "expectations")
	if contains(page, "newest") {
		t.Error("it says that it was cut")
	}
	wants(t, "fi", anna.get("/trends/journey?period=7d&lang=fi"), "53/53 maininnasta kertoo vaiheen", "oston jälkeen", "tuki")
	wants(t, "CSV", anna.get("/trends/journey?period=7d&format=csv"), "stage,after,50,40,50,5,true\r\n", "aspect,price,3,0,0,0,false\r\n")
	wants(t, "trends", anna.get("/trends?period=7d"), `href="/trends/journey?period=7d"`, "aspect=service")
	for sort, want := range map[string]string{"sort=share": "descending", "sort=share&order=up": "ascending"} {
		page := anna.get("/trends/journey?period=7d&" + sort)
		wants(t, sort, page, `aria-sort="`+want+`"`)
		touch := page[strings.Index(page, `id="touchpoint"`):strings.Index(page, `id="aspect"`)]
		if first := strings.Index(touch, ">support<") < strings.Index(touch, ">advertising<"); first != (want == "descending") {
			t.Errorf("%s: support comes first: %v", sort, first)
		}
	}

	list := anna.get("/mentions?brand=acme&from=2026-11-16&stage=before&to=2026-11-22")
	if n := strings.Count(list, "<article"); n != 3 {
		t.Errorf("%d mentions of before, want 3", n)
	}
	wants(t, "mentions", list, "<b>before buying</b>", "<b>from 16 Nov 2026</b>", `<input type="hidden" name="stage" value="before">`)
	seen := 0
	for path := "/mentions?brand=acme&touchpoint=support&label=negative"; path != ""; path = nextOf(list) {
		list = anna.get(path)
		seen += strings.Count(list, "<article")
	}
	if seen != 45 {
		t.Errorf("%d negative mentions about support on all pages, want 45", seen)
	}
	if n := strings.Count(anna.get("/mentions?aspect=price&format=csv"), "shop.example/r1"); n != 3 {
		t.Errorf("a table of %d mentions, want 3", n)
	}
}

// TestJourneyIsCut: of a busy brand the newest are counted, and that is said.
func TestJourneyIsCut(t *testing.T) {
	p := newPlace(t)
	for i := range journeyMost/1000 + 1 {
		var ms []puskaradio.Mention
		for k := range 1000 {
			m := sample()
			m.Ref, m.Flag, m.Published = fmt.Sprint(i, " ", k), "", testNow.Add(-time.Duration(i*1000+k)*time.Second)
			m.Score = &puskaradio.Score{Label: puskaradio.Neutral, Stage: "during"}
			ms = append(ms, m)
		}
		p.add(ms...)
	}
	anna := p.join("Anna", puskaradio.Reader)
	wants(t, "journey", anna.get("/trends/journey?period=7d"), "Only the newest 5,000 mentions of the period were read, back to 22 Nov 2026, 10:36: compare shares, not counts.")
	wants(t, "mentions", anna.get("/mentions?stage=after"), "5,000 mentions were read for these", `rel="next"`)
}
