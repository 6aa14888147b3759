package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"

	"github.com/puskaradio/puskaradio/web"
)

// rowsOf are what a file of customers holds, in short.
func rowsOf(in string) (out []string) {
	for row, err := range readCustomers(strings.NewReader(in)) {
		if err != nil {
			out = append(out, fmt.Sprintf("%d: %v", row.N, err))
			continue
		}
		out = append(out, fmt.Sprintf("%d|%s|%s|%s", row.N, row.Source, row.Author, row.Key))
	}
	return out
}

func TestReadCustomers(t *testing.T) {
	latin, err := charmap.Windows1252.NewEncoder().String("lähde;kirjoittaja;asiakastunnus\nkauppa;Äijä;Ö-1\n")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		in   string
		want []string
	}{
		"ours":         {"source,author,customer,who,at\nshop,'=Maija,'+1,Liisa,2026-11-20T12:00:00Z\n", []string{"2|shop|=Maija|+1"}},
		"a bom":        {"\ufeffSource;Author;Customer key\r\nshop;Maija;A-1\r\n\r\n;;\r\nshop;'Matti';\r\n", []string{"2|shop|Maija|A-1", "5|shop|'Matti'|"}},
		"windows-1252": {latin, []string{"2|kauppa|Äijä|Ö-1"}},
		"tabs":         {"customer\tauthor\tsource\nA\t\"B, C\"\tD\n", []string{"2|D|B, C|A"}},
		"wrong rows": {"source,author,customer\n,Maija,A\nshop,,A\nshop,Maija\nshop,\"two\nlines\",\"a\nb\"\nshop,Maija," + strings.Repeat("x", 101) + "\nshop,Maija,A\n", []string{
			"2: no source", "3: no author", "4: column customer is missing", "5: a customer key with signs that cannot be seen", "8: a customer key has at most 100 letters", "9|shop|Maija|A",
		}},
		"no column": {"source,author,key\nshop,Maija,A\n", []string{"1: there is no column customer"}},
		"nothing":   {"", []string{"1: the file is empty, or no CSV"}},
	} {
		if got := rowsOf(tt.in); strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
			t.Errorf("%s: got\n%q\nwant\n%q", name, got, tt.want)
		}
	}
}

// FuzzReadCustomers: a row that is taken is one that the store takes, and
// comes back as it was when it is written as export writes it.
func FuzzReadCustomers(f *testing.F) {
	for _, s := range []string{
		"source,author,customer\nshop,Maija,A-1\n", "\ufeffsource;author;customer\nshop;'=1;'@x\n", "source\tauthor\tcustomer\n\xe4\t\xff\t\"\n", "source,author,customer\n\"a\nb\",c,d\n", "", "\x00",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		last := 0
		for row, err := range readCustomers(strings.NewReader(in)) {
			if row.N < last {
				t.Fatalf("line %d after %d", row.N, last)
			}
			last = row.N
			if err != nil {
				continue
			}
			if err := row.Check(); err != nil {
				t.Fatalf("taken: %+v: %v", row, err)
			}
			if strings.HasPrefix(row.Author, "'") || strings.HasPrefix(row.Source, "'") || strings.HasPrefix(row.Key, "'") {
				continue // of such a name it cannot be told whether it was guarded
			}
			var b bytes.Buffer
			w := csv.NewWriter(&b)
			if err := w.WriteAll([][]string{{"source", "author", "customer"}, {web.GuardCell(row.Source), web.GuardCell(row.Author), web.GuardCell(row.Key)}}); err != nil {
				t.Fatal(err)
			}
			if strings.ContainsAny(row.Source+row.Author, "\r") { // csv reads a CR LF as LF
				continue
			}
			if got, want := rowsOf(b.String()), fmt.Sprintf("2|%s|%s|%s", row.Source, row.Author, row.Key); len(got) != 1 || got[0] != want {
				t.Fatalf("%q comes back as %q", want, got)
			}
		}
	})
}
