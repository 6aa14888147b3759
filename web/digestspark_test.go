package web

import (
	"fmt"
	"strings"
	"testing"

	"github.com/puskaradio/puskaradio"
)

// TestDigestSparks: the tiles of a digest have their fourteen days, and its
// negative share is told from normal variation.
func TestDigestSparks(t *testing.T) {
	p := newPlace(t)
	maija := p.enter("Maija")
	if page := maija.get("/digest/2026-11-20"); contains(page, "Mentions by day") || contains(page, "Beside the") {
		t.Error("a chart of nothing")
	}
	var ms []puskaradio.Mention
	for i := range 100 {
		m := sample()
		m.Ref, m.Published = fmt.Sprint("d", i), testNow.AddDate(0, 0, -3-i%10)
		if i%2 == 0 {
			m.Score = &puskaradio.Score{Label: puskaradio.Positive}
		}
		ms = append(ms, m)
	}
	p.add(ms...)
	page := maija.get("/digest/2026-11-20") // 4 of 35, where half were
	wants(t, "digest", page, "Mentions by day, to 20 Nov 2026", "Reputation by day, to 20 Nov 2026", "Beside the 13 days before: ▼ less negative than luck explains.", `<rect class="neutral"`, `<rect class="positive"`)
	if n := strings.Count(page, `<rect class="positive"`); n != sparkDays {
		t.Errorf("%d days of reputation, want %d", n, sparkDays)
	}
	kept := puskaradio.Digest{Brand: "acme", Date: "2026-11-20", Zone: "Europe/Helsinki", Total: 7, Negative: 4, Neutral: 3, Decided: testNow, Reputation: &puskaradio.Reputation{Method: 1, Value: 61}}
	if _, err := p.store.AddDigest(t.Context(), kept); err != nil {
		t.Fatal(err)
	}
	row := `20 Nov 2026</th><td class="n">7</td><td class="n">61</td>`
	wants(t, "what was sent", maija.get("/digest/2026-11-20"), `<p class="big">61 `, `<p class="big">7</p>`, `<title>20 Nov 2026: 61</title>`, `<title>20 Nov 2026: 7</title>`, row)
	wants(t, "the day after", maija.get("/digest/2026-11-21"), `<title>20 Nov 2026: 61</title>`)
	wants(t, "fi", maija.get("/digest/2026-11-19?lang=fi"), "13 edeltävän päivän rinnalla: ▼ vähemmän kielteistä kuin sattuma selittää.")
}
