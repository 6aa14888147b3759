package peers

import (
	"os"
	"strings"
	"testing"

	"github.com/jonreiter/govader"

	"github.com/puskaradio/puskaradio/sentiment"
)

// feelTexts are the English texts of TEXTS, one on a line, or those of our
// own.
func feelTexts(b *testing.B) (texts []string) {
	name := os.Getenv("TEXTS")
	column := 0
	if name == "" {
		name, column = "../sentiment/en.tsv", 5
	}
	data, err := os.ReadFile(name)
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		texts = append(texts, strings.Split(strings.TrimSpace(line), "\t")[column])
	}
	return texts
}

// BenchmarkFeel is language and polarity by ours, polarity alone by govader.
func BenchmarkFeel(b *testing.B) {
	texts := feelTexts(b)
	bytes := 0
	for _, t := range texts {
		bytes += len(t)
	}
	rate := func(b *testing.B, one func(string)) {
		one(texts[0])
		n := 0
		for b.Loop() {
			for _, t := range texts {
				one(t)
			}
			n += len(texts)
		}
		b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "texts/s")
		b.ReportMetric(float64(bytes)/float64(len(texts)), "B/text")
	}
	b.Run("ours", func(b *testing.B) {
		m, err := sentiment.Shipped()
		if err != nil {
			b.Fatal(err)
		}
		rate(b, func(t string) { m.Polarity(sentiment.Text{Text: t, Genre: "social"}) })
	})
	b.Run("govader", func(b *testing.B) {
		g := govader.NewSentimentIntensityAnalyzer()
		rate(b, func(t string) { g.PolarityScores(t) })
	})
}
