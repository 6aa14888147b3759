package sentiment

import (
	"cmp"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/puskaradio/puskaradio"
)

// A review is a row of a set of reviews.
type review struct {
	split, lang, kind, label, stars, text string
	aspects                               map[string]string // polarity by name
	stage, touchpoint, note               string
}

// in is the review as the scorer gets it: without its stars.
func (r review) in() Text {
	return Text{Text: r.text, Lang: r.lang, Genre: puskaradio.Genre(r.kind)}
}

func reviews(t testing.TB, lang string) (rows []review) {
	t.Helper()
	b, err := os.ReadFile("../testdata/sentiment/" + lang + ".tsv")
	if err != nil {
		t.Fatal(err)
	}
	head, body, _ := strings.Cut(string(b), "\n")
	if want := "split\tlang\tkind\tlabel\tstars\ttext\taspects\tstage\ttouchpoint\tnote"; head != want {
		t.Fatalf("%s: columns %q, want %q", lang, head, want)
	}
	for line := range strings.Lines(body) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 10 {
			t.Fatalf("%q has %d columns", line, len(f))
		}
		r := review{f[0], f[1], f[2], f[3], f[4], f[5], map[string]string{}, f[7], f[8], f[9]}
		for pair := range strings.SplitSeq(f[6], ",") {
			if pair == "" {
				continue
			}
			name, polarity, ok := strings.Cut(pair, ":")
			if _, twice := r.aspects[name]; !ok || twice || !slices.Contains([]string{"-1", "0", "1"}, polarity) {
				t.Fatalf("%q: aspect %q", r.text, pair)
			}
			r.aspects[name] = polarity
		}
		rows = append(rows, r)
	}
	return rows
}

// begins is the first four words of a text.
func begins(s string) string {
	ws := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if len(ws) == 0 {
		return s
	}
	return strings.Join(ws[:min(4, len(ws))], " ")
}

func TestReviewSets(t *testing.T) {
	for lang, least := range map[string]int{"fi": 600, "en": 250} {
		rows := reviews(t, lang)
		if len(rows) < least {
			t.Errorf("%s: %d rows, want %d", lang, len(rows), least)
		}
		seen, labels, kinds, notes, splits := map[string]string{}, map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
		for _, r := range rows {
			first := begins(r.text)
			if other, ok := seen[first]; ok {
				t.Errorf("%q begins as %q does", r.text, other)
			}
			seen[first] = r.text
			labels[r.label]++
			kinds[r.kind]++
			splits[r.split]++
			for n := range strings.SplitSeq(r.note, ", ") {
				n, _, _ = strings.Cut(n, " ")
				notes[n]++
			}
			stars, err := strconv.Atoi(cmp.Or(r.stars, "3"))
			if err != nil || stars < 1 || stars > 5 || r.lang != lang {
				t.Errorf("%q: stars %q, language %q", r.text, r.stars, r.lang)
			}
			for name := range r.aspects {
				if componentOf[name] == "" {
					t.Errorf("%q: no aspect %q", r.text, name)
				}
			}
			if r.touchpoint != "" && stageOf[r.touchpoint] == "" || !slices.Contains([]string{"", "expectation", "before", "during", "after"}, r.stage) {
				t.Errorf("%q: stage %q, touchpoint %q", r.text, r.stage, r.touchpoint)
			}
		}
		for label, share := range map[string]float64{"-1": 0.40, "1": 0.35, "0": 0.25} {
			if got := float64(labels[label]) / float64(len(rows)); got < share-0.05 || got > share+0.05 {
				t.Errorf("%s: %.2f of the labels are %s, want %.2f", lang, got, label, share)
			}
		}
		want := map[string]int{"negation": 25, "irony": 15, "question": 15, "short": 20, "emoji": 9, "mixed": 10, "comparative": 10, "typo": 3}
		if lang == "fi" {
			want = map[string]int{"negation": 60, "irony": 25, "question": 30, "short": 40, "emoji": 20, "mixed": 15, "comparative": 20, "typo": 8, "dialect": 35, "brand": 30, "puhekieli": 15}
		}
		for note, n := range want {
			if notes[note] < n {
				t.Errorf("%s: %d with %s, want %d", lang, notes[note], note, n)
			}
		}
		if d := splits["dev"] - splits["test"]; len(splits) != 2 || d < -1 || d > 1 {
			t.Errorf("%s: parts %v", lang, splits)
		}
		if kinds["social"] < len(rows)/8 || len(kinds) != 2 {
			t.Errorf("%s: kinds %v", lang, kinds)
		}
		t.Logf("%s: %d rows, labels %v, notes %v", lang, len(rows), labels, slices.Sorted(maps.Keys(notes)))
	}
}

// TestReadmeSet checks the form of the texts that show verdicts and reasons,
// and that the scorer tells most of them as they are meant to be.
func TestReadmeSet(t *testing.T) {
	b, err := os.ReadFile("../testdata/sentiment/readme.tsv")
	if err != nil {
		t.Fatal(err)
	}
	head, body, _ := strings.Cut(string(b), "\n")
	if head != "lang\tkind\tstars\ttext\texpected" {
		t.Fatalf("columns %q", head)
	}
	s := newScorer(t)
	count, right, wants := map[string]int{}, map[string]int{}, map[string]int{}
	for line := range strings.Lines(body) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 5 {
			t.Fatalf("%q has %d columns", line, len(f))
		}
		in := Text{Text: f[3], Lang: f[0], Genre: puskaradio.Genre(f[1])}
		if f[2] != "" {
			stars, err := strconv.ParseFloat(f[2], 64)
			if err != nil {
				t.Fatal(err)
			}
			in.Rating = &puskaradio.Rating{Value: stars, Best: 5}
		}
		got := s.Score([]Text{in})[0]
		verdict := string(got.Label)
		if got.Unsure {
			verdict = "unsure:" + got.Why
		}
		count[f[0]]++
		wants[f[4]]++
		if verdict == f[4] {
			right[f[0]]++
		} else {
			t.Logf("%q: %s %v, want %s", f[3], verdict, got.Words, f[4])
		}
	}
	for _, lang := range langs {
		if count[lang] != 20 || right[lang] < 15 {
			t.Errorf("%s: %d of %d are told as they are meant, want 15 of 20", lang, right[lang], count[lang])
		}
	}
	for _, want := range []string{"positive", "negative", "neutral", "unsure:sarcasm", "unsure:mixed", "unsure:stars against text", "unsure:language", "unsure:short"} {
		if wants[want] < 2 {
			t.Errorf("%d texts are %s, want 2", wants[want], want)
		}
	}
}
