package sentiment

import (
	"os"
	"strings"
	"testing"
)

// speedTexts are the judged texts of our own in a language.
func speedTexts(b *testing.B, lang string) (texts []Text, bytes int) {
	f, err := os.Open("../testdata/sentiment/" + lang + ".tsv")
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	rows, err := ReadRows(f, f.Name())
	if err != nil {
		b.Fatal(err)
	}
	for _, r := range rows {
		texts = append(texts, Text{Text: r.Text, Genre: r.Genre})
		bytes += len(r.Text)
	}
	return texts, bytes / len(rows)
}

func BenchmarkPolarity(b *testing.B) {
	m, err := Shipped()
	if err != nil {
		b.Fatal(err)
	}
	for _, lang := range []string{"en", "fi"} {
		texts, size := speedTexts(b, lang)
		b.Run(lang, func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				m.Polarity(texts[i%len(texts)])
				i++
			}
			b.ReportMetric(float64(i)/b.Elapsed().Seconds(), "texts/s")
			b.ReportMetric(float64(size), "B/text")
		})
	}
}

func BenchmarkLanguage(b *testing.B) {
	m, err := Shipped()
	if err != nil {
		b.Fatal(err)
	}
	texts, _ := speedTexts(b, "fi")
	i := 0
	for b.Loop() {
		m.Language(texts[i%len(texts)].Text)
		i++
	}
	b.ReportMetric(float64(i)/b.Elapsed().Seconds(), "texts/s")
}

// BenchmarkFirst is from nothing to the first verdict.
func BenchmarkFirst(b *testing.B) {
	for b.Loop() {
		m, err := ReadModel([]byte(strings.Clone(string(shipped))))
		if err != nil {
			b.Fatal(err)
		}
		m.Polarity(Text{Text: "Paketti ei tullut perille.", Lang: "fi"})
	}
}
