package sentiment

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/puskaradio/puskaradio"
)

var update = flag.Bool("update", false, "rewrite the table of sentences in README.md")

// The table of sentences in the README is what the scorer says, and hardly
// anything in it is wrong.
func TestReadmeSentences(t *testing.T) {
	b, err := os.ReadFile("../testdata/sentiment/readme.tsv")
	if err != nil {
		t.Fatal(err)
	}
	s := newScorer(t)
	var table strings.Builder
	table.WriteString("| text | verdict | because of |\n|---|---|---|\n")
	n, wrong := map[string]int{}, 0
	for i, line := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		f := strings.Split(line, "\t")
		if i == 0 || len(f) != 5 {
			continue
		}
		n[f[0]]++
		sc := s.Score([]Text{{Text: f[3], Lang: f[0], Genre: puskaradio.Genre(f[1]), Rating: RatingOf(f[2])}})[0]
		got, sure := string(sc.Label), fmt.Sprintf("%s %.2f", sc.Label, sc.Confidence)
		if sc.Unsure {
			got, sure = "unsure:"+sc.Why, "not sure: "+sc.Why
		}
		if got != f[4] {
			wrong++
			t.Logf("%q: %s, expected %s", f[3], got, f[4])
			sure += " ✗"
		}
		text := f[3]
		if f[2] != "" {
			text += " (" + f[2] + "★)"
		}
		var why []string
		why = append(why, strings.Join(sc.Words, ", "))
		for _, a := range sc.Aspects {
			why = append(why, a.Name+map[puskaradio.Label]string{puskaradio.Positive: "+", puskaradio.Negative: "−"}[a.Label])
		}
		fmt.Fprintf(&table, "| %s | %s | %s |\n", text, sure, strings.Trim(strings.Join(why, "; "), "; "))
	}
	if n["fi"] != 20 || n["en"] != 20 || wrong > 4 {
		t.Errorf("%v sentences, %d of them judged otherwise than expected; at most 4 may be", n, wrong)
	}
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(readme), "<!-- sentences -->\n")
	old, after, ok := strings.Cut(rest, "<!-- /sentences -->")
	if !ok {
		t.Fatal("README.md has no table of sentences")
	}
	if *update {
		if err := os.WriteFile("../README.md", []byte(before+"<!-- sentences -->\n"+table.String()+"<!-- /sentences -->"+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if old != table.String() {
		t.Error("the table of sentences in README.md is not what the scorer says: go test ./sentiment -run Readme -update")
	}
}
