package crawler

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/puskaradio/puskaradio"
)

var extractNow = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

const extractURL = "https://shop.example/tuote/1"

// TestExtract reads every page of testdata and wants what stands beside it.
func TestExtract(t *testing.T) {
	pages, err := filepath.Glob("../testdata/crawler/extract/*.html")
	if err != nil || len(pages) == 0 {
		t.Fatalf("pages = %d, %v", len(pages), err)
	}
	for _, path := range pages {
		t.Run(filepath.Base(path), func(t *testing.T) {
			page, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			x := ExtractAt(page, extractURL, extractNow)
			faults := []string{}
			for _, f := range x.Faults {
				faults = append(faults, f.Error())
			}
			x.Faults = nil
			var got bytes.Buffer
			enc := json.NewEncoder(&got)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "\t")
			if err := enc.Encode(struct {
				Extraction
				Faults []string
			}{x, faults}); err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(path, ".html") + ".json"
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("ExtractAt(%s), -want +got:\n%s", path, diff)
			}
		})
	}
}

// TestExtractEncodings wants the same of a page whatever it is written in.
func TestExtractEncodings(t *testing.T) {
	const page = `<html><head>%s<script type="application/ld+json">{"@type":"Review","author":"Päivi","reviewBody":"Älä osta täältä “mitään” – 5 €"}</script>`
	utf16 := []byte{0xFF, 0xFE}
	for _, r := range fmt.Sprintf(page, "") {
		utf16 = append(utf16, byte(r), byte(r>>8))
	}
	cp1252 := strings.NewReplacer("ä", "\xe4", "Ä", "\xc4", "“", "\x93", "”", "\x94", "–", "\x96", "€", "\x80")
	tests := map[string][]byte{
		"utf-8":                  fmt.Appendf(nil, page, ""),
		"utf-8 with a mark":      fmt.Appendf(nil, "\ufeff"+page, ""),
		"utf-8 called latin-1":   fmt.Appendf(nil, page, `<meta charset="latin1">`),
		"utf-16":                 utf16,
		"windows-1252":           []byte(cp1252.Replace(fmt.Sprintf(page, ""))),
		"windows-1252 as latin1": []byte(cp1252.Replace(fmt.Sprintf(page, `<meta http-equiv="content-type" content="text/html; charset=iso-8859-1">`))),
		"windows-1252 as utf-8":  []byte(cp1252.Replace(fmt.Sprintf(page, `<meta charset="utf-8">`))),
	}
	for name, page := range tests {
		x := Extract(page, extractURL)
		if len(x.Reviews) != 1 || x.Reviews[0].Author != "Päivi" || x.Reviews[0].Text != "Älä osta täältä “mitään” – 5 €" {
			t.Errorf("%s: Extract = %+v", name, x.Reviews)
		}
	}
}

// TestExtractHostile bounds the time and the memory of pages made to cost.
func TestExtractHostile(t *testing.T) {
	const mb = 1 << 20
	review := `<div itemscope itemtype="https://schema.org/Review"><p itemprop="reviewBody">found</p></div>`
	data := `<script type="application/ld+json">{"@type":"Review","author":"A","reviewBody":"found"}</script>`
	many := `<script type="application/ld+json">[` + strings.Repeat(`{"@type":"Review","author":"A","reviewBody":"same"},`, 100_000)
	tests := []struct {
		name, page string
		reviews    int
		faults     bool
	}{
		{"deep elements", data + review + strings.Repeat("<div>", 2000), 1, true},
		{"million elements", data + review + strings.Repeat("<b></b>", 1_000_000), 1, true},
		{"as many elements as are read", review + strings.Repeat("<b>x</b>", maxTags-1000), 1, false},
		{"as many attributes as are read", review + strings.Repeat("<b a=1>x</b>", maxAttrs-100), 1, false},
		{"nested products", review + strings.Repeat("<div class=h-product>", 400) + strings.Repeat("<b>x</b>", 100_000), 1, false},
		{"nested properties", review + strings.Repeat("<div itemprop=name>", 400) + strings.Repeat("xxxx ", mb), 1, false},
		{"nested properties of an item", data + strings.Repeat("<p itemscope itemprop=review><i itemprop=name>", 200) + strings.Repeat("xxxx ", mb), 1, false},
		{"many attributes", data + review + "<p " + strings.Repeat("a=1 ", 300_000) + ">", 1, true},
		{"deep JSON", data + `<script type="application/ld+json">` + strings.Repeat("[", mb), 1, true},
		{"deep objects", data + `<script type="application/ld+json">` + strings.Repeat(`{"a":`, mb), 1, true},
		{"wide JSON", data + `<script type="application/ld+json">[` + strings.Repeat("1,", mb), 1, true},
		{"backslashes", data + `<script type="application/ld+json">{"a":"` + strings.Repeat(`\\`, mb), 1, true},
		{"quotes", data + `<script type="application/ld+json">{"a":` + strings.Repeat(`"" `, mb), 1, true},
		{"comments in JSON", data + `<script type="application/ld+json">` + strings.Repeat(`//{}`, mb/2), 1, true},
		{"empty blocks", data + strings.Repeat(`<script type="application/ld+json"></script>`, 200_000), 1, true},
		{"open scripts", data + strings.Repeat(`<script>`, mb), 1, false},
		{"open comment", data + strings.Repeat("<!--", mb), 1, false},
		{"open tag", data + "<a " + strings.Repeat("href='", mb), 1, false},
		{"links", data + strings.Repeat("<a href=/x>next</a>", 100_000), 1, false},
		{"class next", data + strings.Repeat("<a class='x next-y' href=/x>1</a>", 100_000), 1, false},
		{"the same review", many, 1, true},
		{"nested items", data + strings.Repeat(`<p itemscope itemprop="review">`, 400), 1, false},
		{"references in a ring", `<script type="application/ld+json">[{"@id":"a","x":1,"name":{"@id":"b"}},{"@id":"b","x":1,"name":{"@id":"a"}},{"@type":"Review","reviewBody":"found","author":{"@id":"a"}}]</script>`, 1, false},
		{"NULs", "\x00\x00" + strings.Replace(data, "found", "\\u0000found", 1) + strings.Repeat("\x00", mb), 1, false},
		{"empty", "", 0, false},
		{"cut in a tag", "<script type=", 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			from := time.Now()
			x := ExtractAt([]byte(tt.page), extractURL, extractNow)
			took := time.Since(from)
			runtime.ReadMemStats(&after)
			if len(x.Reviews) != tt.reviews || len(x.Faults) > 0 != tt.faults {
				t.Errorf("Extract = %d reviews, faults %v, want %d, %v", len(x.Reviews), x.Faults, tt.reviews, tt.faults)
			}
			if took > 20*time.Second {
				t.Errorf("Extract took %v", took)
			}
			if used := (after.TotalAlloc - before.TotalAlloc) / mb; used > 150 {
				t.Errorf("Extract allocated %d MB", used)
			}
		})
	}
}

func TestParseRating(t *testing.T) {
	tests := []struct {
		s           string
		value, best float64
		ok          bool
	}{
		{"4", 4, 0, true},
		{"4,5", 4.5, 0, true},
		{"4/5", 4, 5, true},
		{"4 / 5", 4, 5, true},
		{"Rated 4.50 out of 5", 4.5, 5, true},
		{"4,5 tähteä / 5", 4.5, 5, true},
		{"80 %", 80, 100, true},
		{"★★★★☆", 4, 5, true},
		{"3 av 6", 3, 6, true},
		{"5.0", 5, 0, true},
		{"-1", -1, 0, true},
		{"1e9", 0, 0, false},
		{"NaN", 0, 0, false},
		{"", 0, 0, false},
		{"good", 0, 0, false},
	}
	for _, tt := range tests {
		if value, best, ok := parseRating(tt.s); value != tt.value || best != tt.best || ok != tt.ok {
			t.Errorf("parseRating(%q) = %v, %v, %v, want %v, %v, %v", tt.s, value, best, ok, tt.value, tt.best, tt.ok)
		}
	}
}

func FuzzExtract(f *testing.F) {
	pages, err := filepath.Glob("../testdata/crawler/extract/*.html")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range pages {
		page, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(page)
	}
	f.Fuzz(func(t *testing.T, page []byte) {
		x := ExtractAt(page, extractURL, extractNow)
		for _, m := range x.Reviews {
			for _, s := range []string{m.Author, m.Title, m.Text, m.About, m.Ref} {
				if !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\n\u202e\u200b") {
					t.Fatalf("text %q", s)
				}
			}
			if m.Text == "" && m.Title == "" && m.Rating == nil {
				t.Fatalf("an empty review: %+v", m)
			}
			if m.DateFrom == puskaradio.DateSeen != m.Published.IsZero() || m.Published.After(extractNow.Add(15*time.Hour)) {
				t.Fatalf("date %v, %v", m.Published, m.DateFrom)
			}
		}
		for _, l := range append(x.Links, x.Next) {
			if l != "" && !strings.HasPrefix(l, "http://") && !strings.HasPrefix(l, "https://") {
				t.Fatalf("link %q", l)
			}
		}
	})
}
