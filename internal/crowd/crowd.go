// Package crowd makes up talk for benchmarks, and reads what it cost. Only
// tests import it.
package crowd

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

// A Crowd makes up mentions: texts of 380 bytes whose words follow Zipf's law,
// about brands that do too, from 20 sources over two years.
type Crowd struct {
	Rand  *rand.Rand // its dice
	Words []string   // all that it knows, the more often said first
	Start time.Time  // of the two years

	zipf   *rand.Zipf
	texts  []string // what it says, again and again; nil: always something else
	brands int
	run    int // mentions in a row about one brand
	n      int
	brand  int
	step   time.Duration
}

// New returns a crowd that talks about so many brands, run mentions in a row
// about each, and spreads total of them over the two years. The same figures
// give the same mentions.
func New(brands, run, total int) *Crowd {
	r := rand.New(rand.NewPCG(1, 2))
	c := &Crowd{Rand: r, zipf: rand.NewZipf(r, 1.1, 20, 29_999), brands: brands, run: run}
	c.Start = time.Date(2024, 11, 21, 0, 0, 0, 0, time.UTC)
	c.step = 730 * 24 * time.Hour / time.Duration(total)
	syllables := strings.Fields("pal ve lu toi mi tus kah vi ran kai su lap si ko ti hin ta laa tu mer ki van ha uu si py sy va lii an ne ku hyl ky")
	endings := strings.Fields("a n ssa sta lla lta lle ksi t ja on in kin")
	for range 2500 { // the more often said first, each in twelve forms
		var w strings.Builder
		for range 3 + r.IntN(2) {
			w.WriteString(syllables[r.IntN(len(syllables))])
		}
		for _, e := range endings {
			c.Words = append(c.Words, w.String()+e)
		}
	}
	return c
}

// Repeat lets it say the same n texts again and again, about others, so that
// making them up costs nearly nothing.
func (c *Crowd) Repeat(n int) {
	for range n {
		c.texts = append(c.texts, c.text())
	}
}

// text makes up what somebody says.
func (c *Crowd) text() string {
	var b strings.Builder
	for b.Len() < 372 {
		b.WriteString(c.Words[c.zipf.Uint64()])
		b.WriteByte(' ')
	}
	return b.String()
}

// Page makes the next n mentions.
func (c *Crowd) Page(n int) []puskaradio.Mention {
	out := make([]puskaradio.Mention, n)
	for i := range out {
		if c.n%c.run == 0 {
			// Zipf over brands, as agencies have them: the first gets 4 %.
			c.brand = min(c.brands-1, int(math.Exp(c.Rand.Float64()*math.Log(float64(c.brands)+1)))-1)
		}
		out[i] = c.Mention(c.Start.Add(time.Duration(c.n) * c.step))
		c.n++
	}
	return out
}

// Mention makes one, published at a time.
func (c *Crowd) Mention(at time.Time) puskaradio.Mention {
	text := ""
	if c.texts != nil {
		text = c.texts[c.n%len(c.texts)]
	} else {
		text = c.text()
	}
	source := "source" + strconv.Itoa(c.Rand.IntN(20))
	ref := strconv.Itoa(c.n) + "-" + strconv.FormatUint(c.Rand.Uint64(), 36)
	v := c.Rand.Float64()*2 - 1
	label, flag := puskaradio.Neutral, ""
	switch {
	case v < -0.5:
		label, flag = puskaradio.Negative, "1/5"
	case v > -0.1:
		label = puskaradio.Positive
	}
	return puskaradio.Mention{
		Brand: "brand" + strconv.Itoa(c.brand), Source: source, Genre: puskaradio.Review, Ref: ref,
		URL: "https://" + source + ".example/reviews/" + ref, Author: "user" + strconv.Itoa(c.Rand.IntN(100_000)),
		Text: text, Lang: "fi", Rating: &puskaradio.Rating{Value: math.Round(v*2 + 3), Best: 5, Worst: 1},
		Published: at, DateFrom: puskaradio.DatePublished, FirstSeen: at.Add(5 * time.Minute),
		Score: &puskaradio.Score{Label: label, Value: v, Confidence: 0.8, Lang: "fi", Model: "bench"}, Flag: flag,
	}
}
