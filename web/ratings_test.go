package web

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// TestRatingsPage: each site has its newest ratings as bars and a mean with how
// many it is of; surveys and what was deleted are none that a buyer sees.
func TestRatingsPage(t *testing.T) {
	p := newPlace(t)
	var ms []puskaradio.Mention
	add := func(n int, source string, genre puskaradio.Genre, rating *puskaradio.Rating, ago time.Duration) {
		for range n {
			m := sample()
			m.Ref, m.Source, m.Genre, m.Rating = fmt.Sprint("s", len(ms)), source, genre, rating
			m.Published = testNow.Add(-ago - time.Duration(len(ms))*time.Minute)
			ms = append(ms, m)
		}
	}
	five, one := &puskaradio.Rating{Value: 5, Best: 5}, &puskaradio.Rating{Value: 1, Best: 5}
	add(20, "shop", puskaradio.Review, one, time.Hour)
	add(80, "shop", puskaradio.Review, five, 3*time.Hour)
	add(60, "shop", puskaradio.Review, five, 48*time.Hour) // before the newest hundred
	add(3, "forum", puskaradio.Review, &puskaradio.Rating{Value: 8, Best: 10}, time.Hour)
	add(2, "forum", puskaradio.Social, nil, time.Hour)
	add(5, "survey", puskaradio.Survey, &puskaradio.Rating{Value: 10, Best: 10}, time.Hour)
	p.add(ms...)
	anna := p.join("Anna", puskaradio.Reader)
	page := anna.get("/trends/ratings?brand=acme")
	wants(t, "ratings", page, `4.2/5 <span>n = 100</span>`, "The mean of the newest 100 ratings held", "The 60 before these: 5.0/5.", "The difference is more than luck explains.",
		`<tr><th scope="row">5/5</th>`, `width="80"`, `<td class="n">20</td>`, `4.2/5 <span>n = 3</span>`, "The mean of all 3 ratings held", ">8/10</a>")
	if contains(page, "survey") || strings.Count(page, `class="big"`) != 2 {
		t.Errorf("it has other sites: %s", page)
	}
	wants(t, "fi", anna.get("/trends/ratings?brand=acme&lang=fi"), "Mitä ostaja näkee nyt", "4,2/5", "100 uusimman tallennetun arvion keskiarvo")
	wants(t, "CSV", anna.get("/trends/ratings?brand=acme&format=csv"), "shop,100,4.20,", ",20,0,0,0,80,", ",60,5.00,,,,,,\r\n")
	wants(t, "none", anna.get("/trends/ratings?brand=bolt"), "No ratings have been read yet.")
}

// TestShownOnRatings: what a site itself shows stands beside our own mean and
// beside the rivals', with when it was seen, and is marked when that is long ago.
func TestShownOnRatings(t *testing.T) {
	p := newPlace(t)
	m := sample()
	m.Genre, m.Rating = puskaradio.Review, &puskaradio.Rating{Value: 2, Best: 5}
	p.add(m)
	show := func(source string, at time.Time, xs ...puskaradio.Shown) {
		t.Helper()
		if err := store.AddShown(t.Context(), p.store, source, xs, nil, at, p.plan.Zone); err != nil {
			t.Fatal(err)
		}
	}
	of := func(brand, about, url string, value, best float64, count, reviews int) puskaradio.Shown {
		return puskaradio.Shown{Brand: brand, About: about, URL: url, Rating: puskaradio.Rating{Value: value, Best: best}, Count: count, Reviews: reviews}
	}
	show(m.Source, testNow.AddDate(0, 0, -40), of("acme", "", "https://shop.example/", 4.25, 5, 1400, 1290))
	show(m.Source, testNow.Add(-time.Hour), of("acme", "", "https://shop.example/", 4.2, 5, 1500, 1318),
		of("acme", "<b>Kettle</b>", "javascript:alert(1)", 3, 5, 0, 9), of("acme", "Pan", "", 5, 5, 0, 8), of("acme", "Pot", "", 4, 5, 0, 7), of("bolt", "", "", 87, 100, 12, 0))
	show("trustworthy", testNow.AddDate(0, 0, -6), of("acme", "", "", 9, 10, 0, 20))
	show("of old", testNow.AddDate(0, 0, -70), of("acme", "", "", 1, 10, 0, 20))
	anna := p.join("Anna", puskaradio.Reader)
	page := anna.get("/trends/ratings?brand=acme")
	wants(t, "page", page, "the site itself shows <b>4.2 of 5, 1,500 ratings, 1,318 reviews</b>", "it was 4.25 of 5, 1,400 ratings, 1,290 reviews.",
		"&lt;b&gt;Kettle&lt;/b&gt;", "<b>9 of 10, 20 reviews</b>", `<b class="bad">! last seen 6`, "No ratings have been read there in the last year.",
		"1 more things are in the table.", `href="https://shop.example/"`, "2.0/5 <span>n = 1</span>",
		"Beside rivals, as the sites show it", `<th scope="row">Bolt</th>`, "<td>87 of 100, 12 ratings</td>")
	for _, not := range []string{"javascript:", "of old", "<b>Kettle", "<bdi>Pot</bdi>: "} {
		if contains(page, not) {
			t.Errorf("the page has %q", not)
		}
	}
	wants(t, "fi", anna.get("/trends/ratings?brand=acme&lang=fi"), "sivusto itse näyttää <b>4,2/5, 1\u00a0500 arviota, 1\u00a0318 tekstiarviota</b>", "nähty viimeksi 6", "Kilpailijoiden rinnalla")
	wants(t, "CSV", anna.get("/trends/ratings?brand=acme&format=csv"), "\r\ntrustworthy,0,", ",,9,10,,20,", m.Source+",1,2.00,", ",,4.2,5,1500,1318,", ",Pot,4,5,,7,", ",<b>Kettle</b>,3,5,,9,")
	rival := anna.get("/trends/ratings?brand=bolt")
	wants(t, "the rival", rival, "<b>87 of 100, 12 ratings</b>")
	bob := p.join("Bob", puskaradio.Reader, "bolt")
	if page := bob.get("/trends/ratings?brand=acme"); contains(page, "1,318") {
		t.Error("who sees bolt only sees what is shown of acme")
	}
}
