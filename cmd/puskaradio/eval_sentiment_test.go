//go:build eval

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/puskaradio/puskaradio/sentiment"
)

// TestEvalSentiment measures the shipped weights on sets under DATA/sentiment:
// whole ones that nothing was trained on, and of the others what was held out.
// The floors are what the weights must reach.
func TestEvalSentiment(t *testing.T) {
	dir := filepath.Join(os.Getenv("DATA"), "sentiment")
	type figures struct {
		Lang              string
		N                 int
		F1                float64 `json:"macro_f1"`
		Recall            float64 `json:"macro_recall"`
		Sign              float64 `json:"sign_accuracy"`
		ECE               float64 `json:"expected_calibration_error"`
		Accuracy, Covered float64
		Error             float64 `json:"error_when_covered"`
		NegAt70           float64 `json:"negative_precision_at_recall_70"`
		Told              float64 `json:"language_told"`
	}
	for _, c := range []struct {
		set, lang, split, kind string
		floor                  func(f figures) (name string, got, want float64)
	}{
		{"tweeteval_en", "en", "dev", "social", func(f figures) (string, float64, float64) { return "recall", f.Recall, 0.65 }},
		{"scandisent_mt", "en", "", "review", func(f figures) (string, float64, float64) { return "sign", f.Sign, 0.90 }},
		{"m_absa", "en", "", "review", func(f figures) (string, float64, float64) { return "F1", f.F1, 0.57 }},
		{"hotel_en", "en", "", "review", func(f figures) (string, float64, float64) { return "sign", f.Sign, 0.85 }},
		{"amazon_music_en", "en", "", "review", func(f figures) (string, float64, float64) { return "sign", f.Sign, 0.80 }},
		{"finnsentiment", "fi", "dev", "social", func(f figures) (string, float64, float64) { return "F1", f.F1, 0.62 }},
		{"xed", "fi", "dev", "other", func(f figures) (string, float64, float64) { return "F1", f.F1, 0.60 }},
		{"fi_probe", "fi", "", "review", func(f figures) (string, float64, float64) { return "F1", f.F1, 0.85 }},
		{"umsab", "de", "", "social", func(f figures) (string, float64, float64) { return "F1", f.F1, 0.50 }},
		{"umsab", "fr", "", "social", func(f figures) (string, float64, float64) { return "F1", f.F1, 0.48 }},
		{"umsab", "es", "", "social", func(f figures) (string, float64, float64) { return "F1", f.F1, 0.46 }},
		{"umsab", "it", "", "social", func(f figures) (string, float64, float64) { return "F1", f.F1, 0.46 }},
		{"umsab", "pt", "", "social", func(f figures) (string, float64, float64) { return "F1", f.F1, 0.46 }},
		{"swe_emoji", "sv", "", "social", func(f figures) (string, float64, float64) { return "F1", f.F1, 0.50 }},
		{"norec_no", "no", "dev", "review", func(f figures) (string, float64, float64) { return "F1", f.F1, 0.50 }},
	} {
		t.Run(c.set+" "+c.lang, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(dir, c.set, "data.tsv"))
			if err != nil {
				t.Fatal(err)
			}
			var some strings.Builder
			for i, line := range strings.SplitAfter(string(data), "\n") {
				f := strings.SplitN(line, "\t", 3)
				if i == 0 || len(f) == 3 && strings.HasSuffix(f[0], c.split) && strings.HasPrefix(f[1], c.lang) {
					some.WriteString(line)
				}
			}
			if c.set == "tweeteval_en" {
				some = fresh(t, string(data))
			}
			var out, talk bytes.Buffer
			a := &app{in: strings.NewReader(some.String()), out: &out, err: &talk}
			if code := a.run(t.Context(), []string{"eval", "--json", "--kind", c.kind, "-"}); code != exitDone {
				t.Fatalf("exit code %d: %s", code, talk.String())
			}
			var f figures
			if err := json.Unmarshal(out.Bytes()[:bytes.IndexByte(out.Bytes(), '\n')], &f); err != nil {
				t.Fatal(err)
			}
			t.Log(fmt.Sprintf("%6d rows: F1 %.3f, recall %.3f, accuracy %.3f, sign %.3f, negative precision at recall 0.70 %.3f, calibration error %.3f, sure of %.3f and wrong in %.3f of that, language told %.3f",
				f.N, f.F1, f.Recall, f.Accuracy, f.Sign, f.NegAt70, f.ECE, f.Covered, f.Error, f.Told))
			if name, got, want := c.floor(f); got < want {
				t.Errorf("%s %.3f, want %.2f", name, got, want)
			}
			if f.ECE > 0.12 {
				t.Errorf("calibration error %.3f, want 0.12", f.ECE)
			}
		})
	}
}

// fresh are the rows that were held out and repeat none that is trained on.
func fresh(t *testing.T, data string) (some strings.Builder) {
	rows, err := sentiment.ReadRows(strings.NewReader(data), "data.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var train, dev []sentiment.Row
	for _, r := range rows {
		switch r.Split {
		case "train":
			train = append(train, r)
		case "dev":
			dev = append(dev, r)
		}
	}
	some.WriteString("lang\tlabel\ttext\n")
	for _, r := range sentiment.Fresh(train, dev) {
		fmt.Fprintf(&some, "%s\t%s\t%s\n", r.Lang, r.Label, r.Text)
	}
	return some
}

// TestEvalCorrections learns from judged rows of kinds of talk that nothing was
// trained on, and prints how much better others of them are judged then.
func TestEvalCorrections(t *testing.T) {
	for _, c := range []struct{ set, kind string }{{"hotel_en", "review"}, {"amazon_music_en", "review"}, {"germeval17_de", "social"}} {
		t.Run(c.set, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(os.Getenv("DATA"), "sentiment", c.set, "data.tsv"))
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.SplitAfter(strings.TrimSuffix(string(data), "\n"), "\n")
			const n = 1867 // of which a fifth is held out in turn
			var some strings.Builder
			some.WriteString(lines[0])
			for i := range n {
				some.WriteString(lines[1+i*(len(lines)-1)/n])
			}
			file := filepath.Join(t.TempDir(), "rows.tsv")
			if err := os.WriteFile(file, []byte(some.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			var out, talk bytes.Buffer
			a := &app{in: strings.NewReader(""), out: &out, err: &talk}
			if code := a.run(t.Context(), []string{"train", "--corrections", file, "--kind", c.kind, "--force", "--out", file + ".model"}); code != exitDone {
				t.Fatalf("exit code %d: %s", code, talk.String())
			}
			var before, after float64
			for line := range strings.Lines(talk.String() + out.String()) {
				if f := strings.Fields(line); len(f) > 5 && f[1] == "%" {
					if fmt.Sscan(f[4], &after); f[0] == "0" {
						before = after
					}
				}
			}
			t.Logf("macro-F1 %.3f before, %.3f after", before, after)
			if after < before+0.03 {
				t.Errorf("macro-F1 went from %.3f to %.3f, want 0.03 more", before, after)
			}
		})
	}
}

// TestEvalLanguage tells the language of about 5,400 texts in ten languages
// that were held out, or that nothing was trained on: subtitles, posts and
// reviews, an even part of each.
func TestEvalLanguage(t *testing.T) {
	dir := filepath.Join(os.Getenv("DATA"), "sentiment")
	m, err := sentiment.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	var n, right, short, shortRight int
	for _, c := range []struct {
		set, langs, split string
		most              int
	}{
		{"xed", "fi en sv no da et de fr es nl", "dev", 300},
		{"umsab", "de fr es en", "", 260},
		{"finnsentiment", "fi", "dev", 260},
		{"swe_emoji", "sv", "", 260},
		{"m_absa", "de sv en", "", 260},
		{"norec_no", "no", "dev", 260},
		{"fi_probe", "fi", "", 260},
	} {
		rows, err := readRows(nil, filepath.Join(dir, c.set, "data.tsv"))
		if err != nil {
			t.Fatal(err)
		}
		for lang := range strings.FieldsSeq(c.langs) {
			var of []sentiment.Row
			for _, r := range rows {
				if r.Lang == lang && strings.HasSuffix(r.Split, c.split) {
					of = append(of, r)
				}
			}
			for i := range min(c.most, len(of)) {
				text := of[i*len(of)/min(c.most, len(of))].Text
				ok := m.Language(text) == lang
				n++
				if ok {
					right++
				}
				if utf8.RuneCountInString(text) < 25 {
					short++
					if ok {
						shortRight++
					}
				}
			}
		}
	}
	all, few := float64(right)/float64(n), float64(shortRight)/float64(short)
	t.Logf("%d texts: language told in %.3f; %d under 25 letters: %.3f", n, all, short, few)
	if all < 0.95 || few < 0.865 {
		t.Error("want 0.95, and 0.865 of the short ones")
	}
}
