package peers

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
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

// vader is VADER in Python, as NLTK has it: it scores the lines of a file over
// and over for three CPU seconds and prints how many it scored in one. The lexicon
// ends in no empty line, which NLTK takes for a word.
const vader = `
import sys, time, pathlib
from nltk.sentiment.vader import SentimentIntensityAnalyzer
lexicon = pathlib.Path(sys.argv[1])
lexicon.write_text(lexicon.read_text(encoding="utf-8").rstrip("\n"), encoding="utf-8")
s = SentimentIntensityAnalyzer("file:" + str(lexicon))
texts = open(sys.argv[2], encoding="utf-8").read().split("\n")
assert s.polarity_scores("This is great!")["compound"] > 0.5 > -0.5 > s.polarity_scores("This is horrible.")["compound"]
n, began = 0, time.process_time()
while time.process_time() - began < 3:
    for t in texts:
        s.polarity_scores(t)
    n += len(texts)
print(n / (time.process_time() - began))
`

// vaderRate is how many texts VADER scores in a CPU second, with the word list
// that comes with govader: Debian has NLTK without it.
func vaderRate(b *testing.B, texts []string) float64 {
	b.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/jonreiter/govader").Output()
	if err != nil {
		b.Fatal(err)
	}
	words, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "rawdata", "vaderLexicon.txt"))
	if err != nil {
		b.Fatal(err)
	}
	lexicon, file := filepath.Join(b.TempDir(), "lexicon.txt"), filepath.Join(b.TempDir(), "texts.txt")
	if err := os.WriteFile(lexicon, words, 0o600); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.Join(texts, "\n")), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command("/usr/bin/python3", "-c", vader, lexicon, file)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		b.Fatalf("VADER (Debian: python3-nltk): %v\n%s", err, said.Bytes())
	}
	rate, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		b.Fatal(err)
	}
	return rate
}

// BenchmarkFeel is language and polarity by ours, polarity alone by govader and
// by VADER in Python.
func BenchmarkFeel(b *testing.B) {
	texts := feelTexts(b)
	size := 0
	for _, t := range texts {
		size += len(t)
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
		b.ReportMetric(float64(size)/float64(len(texts)), "B/text")
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
	b.Run("vader", func(b *testing.B) {
		most := 0.0
		for b.Loop() {
			most = max(most, vaderRate(b, texts))
		}
		b.ReportMetric(most, "texts/s")
		b.ReportMetric(0, "ns/op")
	})
}
