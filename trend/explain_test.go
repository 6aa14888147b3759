package trend

import (
	"math"
	"slices"
	"testing"

	"github.com/puskaradio/puskaradio"
)

func TestBand(t *testing.T) {
	for mean, want := range map[float64][2]float64{0: {0, 0}, 1: {0, 3.08}, 10: {3.42, 16.58}, 100: {79.19, 120.81}} {
		if low, high := Band(mean); math.Abs(low-want[0]) > 0.01 || math.Abs(high-want[1]) > 0.01 {
			t.Errorf("Band(%v) = %.2f, %.2f, want %v", mean, low, high, want)
		}
	}
}

func TestSeverityOf(t *testing.T) {
	for _, tt := range []struct {
		posts   int
		usual   float64
		sources int
		want    puskaradio.Severity
	}{{4, 0.2, 1, puskaradio.Notice}, {12, 2, 1, puskaradio.Serious}, {12, 4, 1, puskaradio.Notice}, {40, 3, 1, puskaradio.Crisis}, {40, 5, 1, puskaradio.Serious}, {11, 2, 3, puskaradio.Crisis}, {3, 0, 3, puskaradio.Notice}} {
		if got := SeverityOf(tt.posts, tt.usual, tt.sources); got != tt.want {
			t.Errorf("SeverityOf(%d, %v, %d) = %s, want %s", tt.posts, tt.usual, tt.sources, got, tt.want)
		}
	}
}

func TestMoreNegative(t *testing.T) {
	for _, tt := range []struct {
		neg, total, before, all int
		least, most             float64
	}{
		{12, 14, 20, 200, 0.999, 1}, // nearly all instead of one in ten
		{6, 60, 20, 200, 0.3, 0.7},  // more of everything
		{0, 0, 20, 200, 0.5, 0.95},  // nothing is known
		{0, 40, 20, 200, 0, 0.1},
		{1, 1, 0, 0, 0.6, 0.95},
	} {
		if got := MoreNegative(tt.neg, tt.total, tt.before, tt.all); got < tt.least || got > tt.most {
			t.Errorf("MoreNegative(%d, %d, %d, %d) = %.3f, want %v to %v", tt.neg, tt.total, tt.before, tt.all, got, tt.least, tt.most)
		}
	}
}

func TestSharedWords(t *testing.T) {
	before := []string{
		"Hyvä palvelu ja nopea toimitus", "Tuote oli kallis mutta toimiva", "Palvelu oli hidasta", "Great service and fast delivery",
		"Kahvi oli hyvää ja palvelu ystävällistä", "Paketti tuli ajoissa", "Ihan hyvä tuote", "Kiitos palvelusta",
	}
	posts := []string{
		"Sovellus kaatuu kirjautumisessa, palvelu ei toimi", "Taas sovelluksen kirjautuminen on rikki", "Kirjautuminen ei onnistu, sovellus jumissa",
		"Miksi kirjautumisen koodi ei tule perille? Palvelu tökkii",
	}
	got := SharedWords(posts, before, 2)
	slices.Sort(got)
	if len(got) != 2 || got[0] != "kirjautuminen" || got[1] != "sovellus" {
		t.Errorf("SharedWords = %q, want what they all complain of", got)
	}
	if got := SharedWords(before, before, 5); len(got) != 0 {
		t.Errorf("the usual has the words %q", got)
	}
	if got := SharedWords(nil, nil, 5); len(got) != 0 {
		t.Errorf("nothing has the words %q", got)
	}
}
