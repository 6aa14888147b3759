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
	wants(t, "fi", maija.get("/digest/2026-11-20?lang=fi"), "13 edeltävän päivän rinnalla: ▼ vähemmän kielteistä kuin sattuma selittää.")
}
