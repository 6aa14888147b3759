package peers

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	ahocorasick "github.com/petar-dambovaliev/aho-corasick"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/internal/crowd"
)

// matchBrands makes names of one word and of two, and posts of 380 bytes of
// which one in seven names a brand in an inflected form.
func matchBrands(n int) ([]puskaradio.Brand, []string) {
	c := crowd.New(n, 1, 1)
	parts := strings.Fields("bri do gra fle xi zo cha mer qui sto wal ber nor dex fi ga sun tek vel mi la ro sa po no")
	var brands []puskaradio.Brand
	seen := map[string]bool{}
	for len(brands) < n {
		name := ""
		for range 2 + c.Rand.IntN(3) {
			name += parts[c.Rand.IntN(len(parts))]
		}
		name = strings.ToUpper(name[:1]) + name[1:] + "mo"
		if c.Rand.IntN(4) == 0 {
			name = strings.ToUpper(c.Words[c.Rand.IntN(len(c.Words))][:1]) + "olli " + name
		}
		if !seen[name] {
			seen[name] = true
			brands = append(brands, puskaradio.Brand{ID: fmt.Sprint("b", len(brands)), Name: name})
		}
	}
	var posts []string
	for i := range 20_000 {
		text := c.Mention(time.Now()).Text
		if i%7 == 0 {
			name := brands[c.Rand.IntN(n)].Name
			text = text[:180] + " " + name + []string{"", "n", "ssa", "sta", "lla", "lta", "lle"}[c.Rand.IntN(7)] + " " + text[180:]
		}
		posts = append(posts, text)
	}
	return brands, posts
}

// BenchmarkMatch looks for 10,000 brands in posts: ours with the endings of
// Finnish, and an Aho-Corasick automaton with checks of both ends of the word.
func BenchmarkMatch(b *testing.B) {
	brands, posts := matchBrands(10_000)
	names := make([]string, len(brands))
	for i, br := range brands {
		names[i] = strings.ToLower(br.Name)
	}
	m := crawler.NewMatcher(brands)
	builder := ahocorasick.NewAhoCorasickBuilder(ahocorasick.Opts{MatchKind: ahocorasick.LeftMostLongestMatch, DFA: true})
	ac := builder.Build(names)
	endings := map[string]bool{"": true}
	for _, e := range strings.Fields("n a ta ssa sta lla lta lle ksi t en an on in hin seen ja ia issa ista illa ilta ille ien jen kin ko han nsa mme") {
		endings[e] = true
	}
	matchers := []func(string) int{
		func(p string) int { return len(m.Match(p)) },
		func(p string) (n int) {
			p = strings.ToLower(p) // the automaton knows no letters
			for _, hit := range ac.FindAll(p) {
				rest := p[hit.End():]
				end := 0
				for end < len(rest) && isLetter(rest[end]) {
					end++
				}
				if (hit.Start() == 0 || !isLetter(p[hit.Start()-1])) && endings[rest[:end]] {
					n++
				}
			}
			return n
		},
	}
	var used [2]time.Duration
	var found [2]int
	const rounds = 8 // in turn, so that a busy machine is busy for both
	for range rounds {
		for i, match := range matchers {
			runtime.GC() // what was left by the other, or the making of both
			c0 := crowd.CPU()
			found[i] = 0
			for _, p := range posts {
				found[i] += match(p)
			}
			used[i] += crowd.CPU() - c0
		}
	}
	var rate [2]float64
	for i, name := range []string{"ours", "aho-corasick"} {
		rate[i] = rounds * float64(len(posts)) / used[i].Seconds()
		b.ReportMetric(rate[i], name+"-posts/cpu-s")
		b.ReportMetric(float64(found[i]), name+"-found")
	}
	b.ReportMetric(rate[0]/rate[1], "times-faster")
	b.ReportMetric(0, "ns/op")
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80 }
