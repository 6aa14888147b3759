package web

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
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
	wants(t, "CSV", anna.get("/trends/ratings?brand=acme&format=csv"), "shop,100,4.20,", ",20,0,0,0,80,", ",60,5.00\r\n")
	wants(t, "none", anna.get("/trends/ratings?brand=bolt"), "No ratings have been read yet.")
}
