//go:build eval

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestEvalExtract reads the saved pages of DATA/pages and compares what extract
// prints with what DATA/pages/index.tsv says of each.
func TestEvalExtract(t *testing.T) {
	dir := filepath.Join(os.Getenv("DATA"), "pages")
	index, err := os.ReadFile(filepath.Join(dir, "index.tsv"))
	if err != nil {
		t.Fatalf("%v; write make eval DATA=…", err)
	}
	lines := strings.Split(strings.TrimSpace(string(index)), "\n")
	column := map[string]int{}
	for i, name := range strings.Split(lines[0], "\t") {
		column[name] = i
	}
	good, n := 0, 0
	for _, line := range lines[1:] {
		f := strings.Split(line, "\t")
		if f[column["kind"]] != "html" {
			continue
		}
		n++
		var out bytes.Buffer
		a := &app{in: strings.NewReader(""), out: &out, err: &bytes.Buffer{}}
		if code := a.run(t.Context(), []string{"extract", filepath.Join(dir, f[0])}); code != exitDone {
			t.Errorf("%s: exit code %d", f[0], code)
			continue
		}
		var got []extracted
		for l := range strings.Lines(out.String()) {
			var e extracted
			if err := json.Unmarshal([]byte(l), &e); err != nil {
				t.Fatal(err)
			}
			got = append(got, e)
		}
		want := func(name string) string { return f[column[name]] }
		if count, _ := strconv.Atoi(want("reviews_distinct")); len(got) != count {
			t.Errorf("%s: %d reviews, want %d", f[0], len(got), count)
			continue
		}
		if len(got) > 0 && !sameFirst(t, f[0], got[0], want) {
			continue
		}
		good++
	}
	t.Logf("%d of %d pages are read as the index says", good, n)
}

func sameFirst(t *testing.T, file string, got extracted, want func(string) string) bool {
	ok := true
	miss := func(what, got, want string) {
		ok = false
		t.Errorf("%s: first %s = %q, want %q", file, what, got, want)
	}
	for what, pair := range map[string][2]string{
		"author": {got.Author, want("first_author")}, "text": {got.Text, want("first_text")}, "title": {got.Title, want("first_title")},
	} {
		if pair[1] != "" && strings.Join(strings.Fields(pair[0]), " ") != strings.Join(strings.Fields(pair[1]), " ") {
			miss(what, pair[0], pair[1])
		}
	}
	number := func(what, want string, get func() float64) {
		if w, err := strconv.ParseFloat(want, 64); err == nil && (got.Rating == nil || get() != w) {
			miss(what, strconv.FormatBool(got.Rating != nil), want)
		}
	}
	number("rating", want("first_rating"), func() float64 { return got.Rating.Value })
	number("best", want("first_best"), func() float64 { return got.Rating.Best })
	if w := want("first_date"); w != "" {
		at, found := time.Time{}, false
		for _, layout := range []string{time.RFC3339, time.DateOnly, "2006-01-02 15:04:05.000000"} {
			if d, err := time.Parse(layout, w); err == nil {
				at, found = d, true
			}
		}
		if !found || got.Published == nil || !got.Published.Equal(at) {
			miss("date", "", w)
		}
	}
	return ok
}
