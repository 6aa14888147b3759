package sentiment

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// Each list has enough words, says each once, and repeats none behind a
// shorter stem that says the same.
func TestWordLists(t *testing.T) {
	for _, lang := range langs {
		b, err := os.ReadFile("words/" + lang + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		weights := map[string]float64{}
		stems := 0
		for line := range strings.Lines(string(b)) {
			f := strings.Fields(line)
			if len(f) == 0 || f[0] == "#" {
				continue
			}
			w, err := strconv.ParseFloat(f[0], 64)
			if err != nil || w < -3 || w > 3 {
				t.Fatalf("%s: weight %q", lang, f[0])
			}
			for _, entry := range f[1:] {
				if _, ok := weights[entry]; ok {
					t.Errorf("%s: %s stands there twice", lang, entry)
				}
				if entry != strings.ToLower(entry) {
					t.Errorf("%s: %q is never found: texts are looked up in lower case", lang, entry)
				}
				if lang == "fi" {
					checkShort(t, entry)
				}
				weights[entry] = w
				if w != 0 && !strings.Contains(entry, "_") {
					stems++
				}
			}
		}
		if stems < 600 {
			t.Errorf("%s: %d stems, want 600", lang, stems)
		}
		t.Logf("%s: %d stems that feel, %d entries in all", lang, stems, len(weights))
		if lang == "fi" {
			checkShorter(t, weights)
		}
	}
}

// checkShort fails for a part of a phrase that looks like a stem and is read
// as a word: a stem of up to three letters wants its *.
func checkShort(t *testing.T, entry string) {
	t.Helper()
	whole := strings.Fields("ei en huh iso ja jo jäi ku kun näe näy ok ole oli ota saa sai sen tee voi yhä yli")
	parts := strings.Split(entry, "_")
	for _, part := range parts[1:] {
		if utf8.RuneCountInString(part) <= 3 && !strings.HasSuffix(part, "*") && !slices.Contains(whole, part) {
			t.Errorf("%s: %s is read as a whole word", entry, part)
		}
	}
}

// checkShorter fails for a stem whose nearest shorter stem has its weight.
func checkShorter(t *testing.T, weights map[string]float64) {
	t.Helper()
	for entry, w := range weights {
		if strings.Contains(entry, "_") || strings.HasSuffix(entry, "=") {
			continue
		}
		for n := len(entry) - 1; n > 1; n-- {
			if short, ok := weights[entry[:n]]; ok {
				if short == w {
					t.Errorf("%s says no more than %s", entry, entry[:n])
				}
				break
			}
		}
	}
}

// No part of a phrase is empty, in whatever list.
func TestPhrasesHaveParts(t *testing.T) {
	for _, file := range []string{"fi.txt", "en.txt", "aspects.txt", "journey.txt", "tone.txt"} {
		phrases := 0
		err := readWords(file, func(fields []string) error {
			for _, entry := range fields {
				parts := strings.Split(entry, "_")
				phrases += len(parts) - 1
				for _, part := range parts {
					if strings.Trim(part, "=*") == "" {
						t.Errorf("%s: %q has an empty part", file, entry)
					}
				}
			}
			return nil
		})
		if err != nil || phrases == 0 {
			t.Errorf("%s: %d phrases, %v", file, phrases, err)
		}
	}
}
