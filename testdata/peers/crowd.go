// Package peers measures the program beside what people would use instead, in
// one run. It is a module of its own, so that the peers are no dependency of
// the program. Run it with: make bench-peers
package peers

import (
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/puskaradio/puskaradio"
)

// A crowd makes up mentions: texts of 380 bytes whose words follow Zipf's law,
// about brands that do too, from 20 sources over two years.
type crowd struct {
	r      *rand.Rand
	zipf   *rand.Zipf
	brands int
	run    int // mentions in a row about one brand
	n      int
	brand  int
	words  []string
	start  time.Time
	step   time.Duration
}

func newCrowd(brands, run, total int) *crowd {
	r := rand.New(rand.NewPCG(1, 2))
	c := &crowd{r: r, zipf: rand.NewZipf(r, 1.1, 20, 29_999), brands: brands, run: run}
	c.start = time.Date(2024, 11, 21, 0, 0, 0, 0, time.UTC)
	c.step = 730 * 24 * time.Hour / time.Duration(total)
	syllables := strings.Fields("pal ve lu toi mi tus kah vi ran kai su lap si ko ti hin ta laa tu mer ki van ha uu si py sy va lii an ne ku hyl ky")
	endings := strings.Fields("a n ssa sta lla lta lle ksi t ja on in kin")
	for range 2500 { // the more often said first, each in twelve forms
		w := ""
		for range 3 + r.IntN(2) {
			w += syllables[r.IntN(len(syllables))]
		}
		for _, e := range endings {
			c.words = append(c.words, w+e)
		}
	}
	return c
}

func (c *crowd) page(n int) []puskaradio.Mention {
	out := make([]puskaradio.Mention, n)
	for i := range out {
		if c.n%c.run == 0 {
			c.brand = min(c.brands-1, int(math.Exp(c.r.Float64()*math.Log(float64(c.brands)+1)))-1)
		}
		out[i] = c.mention(c.start.Add(time.Duration(c.n) * c.step))
		c.n++
	}
	return out
}

func (c *crowd) mention(at time.Time) puskaradio.Mention {
	var b strings.Builder
	for b.Len() < 372 {
		b.WriteString(c.words[c.zipf.Uint64()])
		b.WriteByte(' ')
	}
	source := "source" + strconv.Itoa(c.r.IntN(20))
	ref := strconv.Itoa(c.n) + "-" + strconv.FormatUint(c.r.Uint64(), 36)
	v := c.r.Float64()*2 - 1
	label, flag := puskaradio.Neutral, ""
	switch {
	case v < -0.5:
		label, flag = puskaradio.Negative, "1/5"
	case v > -0.1:
		label = puskaradio.Positive
	}
	return puskaradio.Mention{
		Brand: "brand" + strconv.Itoa(c.brand), Source: source, Genre: puskaradio.Review, Ref: ref,
		URL: "https://" + source + ".example/reviews/" + ref, Author: "user" + strconv.Itoa(c.r.IntN(100_000)),
		Text: b.String(), Lang: "fi", Rating: &puskaradio.Rating{Value: math.Round(v*2 + 3), Best: 5, Worst: 1},
		Published: at, DateFrom: puskaradio.DatePublished, FirstSeen: at.Add(5 * time.Minute),
		Score: &puskaradio.Score{Label: label, Value: v, Confidence: 0.8, Lang: "fi", Model: "bench"}, Flag: flag,
	}
}

// written is how many bytes this process has sent to the disk.
func written() int64 {
	b, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, "write_bytes: "); ok {
			n, _ := strconv.ParseInt(strings.TrimSpace(v), 10, 64)
			return n
		}
	}
	return 0
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // it does not fail for oneself
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
