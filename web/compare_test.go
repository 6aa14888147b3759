package web

import (
	"fmt"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// TestComparePage counts only what was covered alike, says how many days that
// is, and calls out what is between a survey and the street.
func TestComparePage(t *testing.T) {
	p := newPlace(t)
	var ms []puskaradio.Mention
	add := func(n int, brand string, days int, label puskaradio.Label) {
		for range n {
			m := sample()
			m.Brand, m.Ref, m.Rating = brand, fmt.Sprint("c", len(ms)), nil
			m.Published = testNow.AddDate(0, 0, -days).Add(-time.Duration(len(ms)) * time.Second)
			m.Score = &puskaradio.Score{Label: label}
			ms = append(ms, m)
		}
	}
	add(40, "acme", 1, puskaradio.Negative)
	add(10, "acme", 1, puskaradio.Positive)
	add(30, "acme", 2, puskaradio.Negative) // on which a source was deaf
	add(5, "acme", 8, puskaradio.Negative)
	add(45, "acme", 8, puskaradio.Positive)
	add(20, "acme", 10, puskaradio.Positive) // a week before a day that is not counted: of three days ago
	add(50, "bolt", 1, puskaradio.Positive)
	add(9, "bolt", 2, puskaradio.Positive)
	for i := range 40 {
		m := sample()
		m.Ref, m.Genre, m.Rating = fmt.Sprint("nps", i), puskaradio.Survey, &puskaradio.Rating{Value: 10, Best: 10}
		m.Published, m.Score = testNow.Add(-time.Duration(i)*time.Minute), &puskaradio.Score{Label: puskaradio.Positive}
		ms = append(ms, m)
	}
	p.add(ms...)
	for day := -14; day <= 0; day++ {
		for _, source := range []string{"shop", "forum"} {
			at, failed := testNow.AddDate(0, 0, day), 0
			if source == "forum" && (day == -2 || day == -10) {
				failed = 1
			}
			if err := p.store.Note(t.Context(), puskaradio.Coverage{Source: source, Hour: at.Truncate(time.Hour), At: at, Fetches: 1, Failed: failed}); err != nil {
				t.Fatal(err)
			}
		}
	}
	anna := p.join("Anna", puskaradio.Reader)
	page := anna.get("/trends/compare?period=7d&brand=acme")
	wants(t, "compare", page, "5 of 7 days were covered alike in both periods", // not the second, nor that a week after the tenth
		`<th scope="row">This period</th><td class="n">90</td><td class="n">40</td><td class="n">44%</td>`, `<th scope="row">The period before</th><td class="n">50</td><td class="n">5</td><td class="n">10%</td>`,
		"more negative than luck explains", "With Bolt", "6 of 7 days were covered equally for both", `<th scope="row">Bolt</th><td class="n">50</td><td class="n">0</td>`,
		"NPS", "100 (", "n = 40)", "−75 (", "The street is 175 points worse than the survey")
	wants(t, "fi", anna.get("/trends/compare?period=7d&brand=acme&lang=fi"), "5/7 päivää", "Katu on 175 pistettä huonompi")
	wants(t, "CSV", anna.get("/trends/compare?period=7d&brand=acme&format=csv"), "period,5,40,0,50,40,5.00\r\n", "before,5,5,0,45,0,\r\n", "bolt,6,0,0,50,0,\r\n")
	wants(t, "who does not see the rival", p.join("Oili", puskaradio.Reader, "acme").get("/trends?period=7d"), "6 of 7 days were covered equally for all", `<th scope="row">Bolt</th>`)
	p.server.ledger.most = 2 * 10 // ten days of two sources
	few := anna.get("/trends/compare?period=7d&brand=acme")
	wants(t, "days that are not looked at", few, "Only the last 10 days are looked at", "2 of 7 days were covered alike in both periods", // of three one was deaf
		`<th scope="row">This period</th><td class="n">90</td><td class="n">40</td>`, `<th scope="row">The period before</th><td class="n">50</td><td class="n">5</td>`, "6 of 7 days were covered equally for both")
	p.server.ledger.most = 2 * 3
	wants(t, "days of this period alone", anna.get("/trends/compare?period=7d&brand=acme"), "No day of the period was covered like", "2 of 7 days were covered equally for both")
	p.server.ledger.most = heardMost
	wants(t, "bolt", anna.get("/trends/compare?period=7d&brand=bolt"), "days were covered alike")
}
