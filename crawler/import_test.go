package crawler

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/puskaradio/puskaradio"
)

// line is a mention in a line, as the tests below want it.
func line(m puskaradio.Mention) string {
	rating := "-"
	if m.Rating != nil {
		rating = fmt.Sprintf("%g/%g", m.Rating.Value, m.Rating.Best)
	}
	return strings.Join([]string{m.Brand, m.Source, string(m.Genre), m.Author, m.Title, m.Text, rating, m.Published.Format("2006-01-02T15:04Z"), string(m.DateFrom)}, "|")
}

func readAll(r io.Reader, o *ImportOptions) (got []string) {
	for row, err := range ReadMentions(r, "f", o) {
		if err != nil {
			got = append(got, "error "+err.Error())
			continue
		}
		got = append(got, fmt.Sprintf("%d|%s", row.N, line(row.Mention)))
	}
	return got
}

func TestReadMentions(t *testing.T) {
	helsinki, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	finnish := "Päivä;Nimimerkki;Otsikko;Teksti;Arvosana;Brändi\r\n" +
		"21.11.2026 klo 9.30;Äijä;Hyvä;\"Rivi 1\r\nrivi 2; \"\"lainaus\"\"\";4,5;acme\r\n" +
		"1.2.2026;;;Pelkkä teksti;;\r\n"
	want := []string{
		"2|acme|kysely|other|Äijä|Hyvä|Rivi 1 rivi 2; \"lainaus\"|4.5/0|2026-11-21T07:30Z|published",
		"4||kysely|other|||Pelkkä teksti|-|2026-01-31T22:00Z|published",
	}
	o := &ImportOptions{Source: "kysely", Zone: helsinki, Now: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)}
	latin, err := charmap.Windows1252.NewEncoder().String(finnish)
	if err != nil {
		t.Fatal(err)
	}
	wide, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(finnish)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		in   string
		want []string
	}{
		"utf-8":        {finnish, want},
		"utf-8 bom":    {"\ufeff" + finnish, want},
		"windows-1252": {latin, want},
		"utf-16":       {wide, want},
		"tabs":         {"text\trating\tdate\nhi\t3\t2026-11-01\n", []string{"2||kysely|other|||hi|3/0|2026-10-31T22:00Z|published"}},
		"commas":       {"Text,Stars,Scale,Created_At\n\"a, b\",8,10,2026-11-01T10:00:00Z\n", []string{"2||kysely|other|||a, b|8/10|2026-11-01T10:00Z|published"}},
		"excel's hint": {"sep=,\nteksti,arvosana\nhyvä;huono,2\n", []string{"3||kysely|other|||hyvä;huono|2/0|2026-11-22T00:00Z|seen"}},
		"surveys": {"nps;csat;ces;palaute\n9;;;ok\n;5;;\n;;7;\n11;;;x\n", []string{
			"2||kysely|survey|||ok|9/10|2026-11-22T00:00Z|seen", "3||kysely|survey||||5/5|2026-11-22T00:00Z|seen",
			"4||kysely|survey||||7/7|2026-11-22T00:00Z|seen", `error import f: line 5: column nps: "11" is no whole number from 0 to 10`,
		}},
		"wrong rows": {"teksti;pvm;arvosana;url\na;31.2.2026;;\nb;;viisi;\n\n;;;\nc;1.1.2030;;\nd;;;javascript:1\n;1.1.2026;;\ne;;;;;f\nok;;;\n", []string{
			`error import f: line 2: column date: "31.2.2026" is no date such as 21.11.2026 klo 9.30 or 2026-11-21T09:30:00Z, or one to come`,
			`error import f: line 3: column rating: "viisi" is no rating`,
			`error import f: line 6: column date: "1.1.2030" is no date such as 21.11.2026 klo 9.30 or 2026-11-21T09:30:00Z, or one to come`,
			`error import f: line 7: column url: "javascript:…" is no address of the web`,
			`error import f: line 8: neither text nor rating`,
			`error import f: line 9: 6 cells where there are 4 columns: a text with a ';' wants quotes`,
			"10||kysely|other|||ok|-|2026-11-22T00:00Z|seen",
		}},
		"an open quote": {"teksti;arvosana\n\"auki;1\nkiinni;2\n5\" ruutu;3\n", []string{
			"error import f: line 2: a quote is opened and never closed", "3||kysely|other|||kiinni|2/0|2026-11-22T00:00Z|seen",
			"4||kysely|other|||5\" ruutu|3/0|2026-11-22T00:00Z|seen",
		}},
		"unknown columns": {"teksti;väri\nhei;punainen\n", []string{
			`error import f: line 1: these columns are left out: "väri"; known are ` + knownColumns(), "2||kysely|other|||hei|-|2026-11-22T00:00Z|seen",
		}},
		"no header": {"hei;5\n", []string{`error import f: line 1: no column for a text or a rating: the first row must name the columns, of which these are known: ` + knownColumns()}},
		"empty":     {"", []string{"error import f: line 1: the file is empty"}},
		"list":      {"[{}]", []string{"error import f: line 1: this is a JSON list: write one object on each line, without [ and ,"}},
		"json": {`{"brand":"acme","source":"x","ref":"r","text":"hei","rating":4,"published":"2026-11-01T10:00:00+02:00"}` + "\n\n" +
			`{"text":"moi","rating":{"value":1,"best":5},"date_from":"updated","published":"2026-11-01T10:00:00Z","score":{"label":"negative"},"odd":1}` + "\nnope\n" + `{"text":7}` + "\n" + `{"rating":"x"}` + "\n{}\n", []string{
			"1|acme|x|other|||hei|4/0|2026-11-01T08:00Z|published", "3||kysely|other|||moi|1/5|2026-11-01T10:00Z|updated",
			"error import f: line 4: not a JSON object", "error import f: line 5: column text: a number", `error import f: line 6: column rating: "x" is no rating`,
			"error import f: line 7: neither text nor rating",
		}},
		"json bom": {"\ufeff{\"text\":\"hei\"}", []string{"1||kysely|other|||hei|-|2026-11-22T00:00Z|seen"}},
		"too long": {"teksti\n" + strings.Repeat("a", maxRow+1) + "\nok\n", []string{"error import f: line 2: longer than 1048576 bytes", "3||kysely|other|||ok|-|2026-11-22T00:00Z|seen"}},
	} {
		got := readAll(strings.NewReader(tt.in), o)
		if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
			t.Errorf("%s:\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
		}
	}
}

// TestImportTwice imports the same rows again, in another order and at
// another time: the keys are the same, and equal rows have equal keys.
func TestImportTwice(t *testing.T) {
	keys := func(in string, now time.Time) (out []string) {
		for row, err := range ReadMentions(strings.NewReader(in), "f", &ImportOptions{Now: now}) {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, row.Mention.Key())
		}
		return out
	}
	day := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	a := keys("teksti;arvosana;id\nhyvä;5;\nhyvä;4;\nhyvä;5;\nx;1;7\n", day)
	b := keys("arvosana;id;teksti\n5;;hyvä\n1;7;muutettu\n", day.Add(time.Hour))
	if a[0] != a[2] || a[0] == a[1] || a[0] != b[0] || a[3] != "7" || b[1] != "7" {
		t.Errorf("keys = %q, %q", a, b)
	}
}

// TestImportMemory reads 8 MB that are never whole in memory.
func TestImportMemory(t *testing.T) {
	row := "21.11.2025;" + strings.Repeat("Toimitus oli myöhässä. ", 40) + ";3\n"
	const rows = 8 << 20 / 1000
	r := io.MultiReader(strings.NewReader("pvm;teksti;arvosana\n"), &repeat{text: row, left: rows})
	n, most := 0, uint64(0)
	var s runtime.MemStats
	for _, err := range ReadMentions(r, "f", nil) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n%2000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&s)
			most = max(most, s.HeapAlloc)
		}
	}
	if n != rows || most > 7<<20 {
		t.Errorf("%d rows with %d bytes in use, want %d in less than 7 MB", n, most, rows)
	}
}

// repeat is a text, many times over.
type repeat struct {
	text string
	rest string
	left int
}

func (r *repeat) Read(p []byte) (int, error) {
	if r.rest == "" {
		if r.left == 0 {
			return 0, io.EOF
		}
		r.rest = r.text
		r.left--
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
