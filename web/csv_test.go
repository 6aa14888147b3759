package web

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/puskaradio/puskaradio"
)

// TestCSV takes the tables of the pages: all rows of the filter, of one's own
// brands, and nothing that a spreadsheet would run.
func TestCSV(t *testing.T) {
	p := newPlace(t)
	for i := range 30 { // more than a page
		m := sample()
		m.Ref, m.Published = fmt.Sprint("p", i), testNow.Add(-time.Duration(i)*time.Minute)
		m.Author, m.Title, m.Text, m.URL = "@SUM(A1)", "＝1+1", "=cmd|' /C calc'!A0\r\n\"quoted\", text", "javascript:alert(1)"
		p.add(m)
	}
	other := sample()
	other.Brand, other.Text = "bolt", "the secret of Bolt"
	p.add(other)
	ville := p.join("Ville", puskaradio.Reader, "acme")
	for path, want := range map[string]struct {
		rows int
		name string
	}{
		"/mentions?format=csv": {30, "mentions"}, "/mentions?format=csv&label=positive": {0, "mentions"}, "/mentions?format=csv&q=quoted": {30, "mentions"}, "/mentions?format=csv&brand=bolt": {30, "mentions"},
		"/inbox?format=csv": {30, "cases"}, "/inbox?format=csv&view=mine": {0, "cases"}, "/trends?format=csv&period=7d": {7, "trends"},
	} {
		w := ville.do("GET", path, nil, nil)
		if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/csv") || w.Header().Get("Content-Disposition") != `attachment; filename="`+want.name+`.csv"` {
			t.Errorf("GET %s: %d %v", path, w.Code, w.Header())
		}
		body := w.Body.String()
		rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
		if err != nil || len(rows) != want.rows+1 {
			t.Errorf("%s: %d rows, want %d, %v", path, len(rows)-1, want.rows, err)
		}
		for _, row := range rows {
			for _, cell := range row {
				if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") || strings.HasPrefix(cell, "＝") || strings.Contains(cell, "javascript:") {
					t.Errorf("%s: a cell %q", path, cell)
				}
			}
		}
		if strings.Contains(body, "secret of Bolt") || !strings.HasSuffix(body, "\r\n") {
			t.Errorf("%s: %q", path, body)
		}
	}
	wants(t, "the page", ville.get("/mentions?label=negative&after=x"), "/mentions?after=x&amp;format=csv&amp;label=negative")
	deeds, err := p.store.Deeds(t.Context(), testNow.Add(time.Hour), 3)
	if err != nil || len(deeds) == 0 || deeds[0].What != "took a table" {
		t.Errorf("the log: %+v, %v", deeds, err)
	}
}

// FuzzCSVCell: no cell begins as a formula does, and what is harmless stays.
func FuzzCSVCell(f *testing.F) {
	for _, s := range []string{"", "x", "=1", " =1", "\x00=1", "\ufeff=1", "+1", "-1", "@x", "\t=", "\r=", "＝1", "＠x", "\u200f=1", "−1", "a\x00b", "\xff=1", "\n=1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := csvCell(s)
		if !utf8.ValidString(got) {
			t.Fatalf("%q is no text", got)
		}
		first, _ := utf8.DecodeRuneInString(strings.TrimLeft(got, " \u00a0\ufeff\u200b\u200e\u200f\n"))
		if strings.ContainsRune("=+-@\t\r\x00＝＋－＠", first) && got != "" {
			t.Fatalf("%q becomes %q", s, got)
		}
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		if err := w.Write([]string{got, "x"}); err != nil {
			t.Fatal(err)
		}
		w.Flush()
		row, err := csv.NewReader(&b).Read()
		if err != nil || row[0] != strings.ReplaceAll(got, "\r\n", "\n") {
			t.Fatalf("%q is read as %q, %v", got, row, err)
		}
	})
}
