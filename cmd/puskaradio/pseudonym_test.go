package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/puskaradio/puskaradio"
)

// rowsHolding are the rows of a database that hold a word, as text or as bytes.
func rowsHolding(t *testing.T, url, word string) (rows []string, all int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	var tables []string
	r, err := conn.Query(t.Context(), `SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`)
	if err == nil {
		tables, err = pgx.CollectRows(r, pgx.RowTo[string])
	}
	if err != nil || len(tables) < 10 {
		t.Fatalf("%d tables, %v", len(tables), err)
	}
	for _, table := range tables {
		r, err := conn.Query(t.Context(), `SELECT t::text FROM `+table+` t`)
		if err != nil {
			t.Fatal(err)
		}
		said, err := pgx.CollectRows(r, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range said {
			if s = strings.ToLower(s); strings.Contains(s, word) || strings.Contains(s, hex.EncodeToString([]byte(word))) {
				rows = append(rows, table+": "+s)
			}
		}
		all += len(said)
	}
	return rows, all
}

func filesHolding(t *testing.T, dir, word string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(bytes.ToLower(b), []byte(word)) {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestNamesAreNotKept takes in what somebody said and what they are called in
// the books, in both engines: the name is in no file, row, export or message,
// and it finds all all the same, what was kept by it before too.
func TestNamesAreNotKept(t *testing.T) {
	for _, engine := range []string{"files", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			dir, url := t.TempDir(), ""
			more := ""
			if engine == "postgres" {
				url = startPostgres(t)
				more = "store: {url: \"" + url + "\"}\n"
			}
			config := func(authors string) {
				text := "contact: test@puskaradio.example\ndata: data\n" + more + authors + "brands: [{id: acme, name: Acme}]\nsources: [{id: blog, kind: feed, options: {url: \"https://shop.example/feed\"}}]\n"
				if err := os.WriteFile(filepath.Join(dir, "puskaradio.yaml"), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var told bytes.Buffer
			do := func(in string, args ...string) string {
				t.Helper()
				var out bytes.Buffer
				a := &app{in: strings.NewReader(in), out: &out, err: &told}
				if code := a.run(context.Background(), append([]string{"-c", filepath.Join(dir, "puskaradio.yaml")}, args...)); code != exitDone {
					t.Fatalf("%q: exit code %d\n%s", args, code, &told)
				}
				told.Write(out.Bytes())
				return out.String()
			}
			rows := func(from, n int) string {
				var out strings.Builder
				out.WriteString("brand;source;published;author;rating;text\n")
				for i := range n {
					fmt.Fprintf(&out, "acme;shop;2026-11-20;Canarybird M.;1;Paketti %d ei tullut\n", from+i)
				}
				return out.String()
			}
			config("")
			do(rows(0, 3), "import", "-")
			do("source,author,customer\nshop,CANARYBIRD m.,A-17\n", "inbox", "customers", "import", "-")
			for _, args := range [][]string{{"export"}, {"export", "--json"}, {"inbox"}, {"inbox", "customers", "export"}, {"search", "paketti"}, {"digest"}, {"doctor"}} {
				a := &app{in: strings.NewReader(""), out: &told, err: &told}
				a.run(context.Background(), append([]string{"-c", filepath.Join(dir, "puskaradio.yaml")}, args...)) // doctor finds that nobody is told
			}
			if !strings.Contains(told.String(), "author-") || !strings.Contains(told.String(), "A-17") || strings.Contains(strings.ToLower(told.String()), "canarybird") {
				t.Errorf("it was said:\n%s", &told)
			}
			if files := filesHolding(t, filepath.Join(dir, "data"), "canarybird"); len(files) > 0 {
				t.Errorf("%v hold the name", files)
			}
			if url == "" {
				if len(filesHolding(t, filepath.Join(dir, "data"), "a-17")) == 0 {
					t.Error("no file holds the key either; it proves nothing")
				}
			} else if rows, all := rowsHolding(t, url, "anarybird"); len(rows) > 0 || all < 10 {
				t.Errorf("of %d rows these hold the name: %q", all, rows)
			} else if rows, _ := rowsHolding(t, url, "aketti 1"); len(rows) == 0 {
				t.Error("no row holds the text either; it proves nothing")
			}

			config("authors: name\n") // one more by name, and those again
			do(rows(0, 4), "import", "-")
			config("")
			do(rows(0, 4), "import", "-")
			held := do("", "privacy", "export", "--source", "shop", "--author", "Canarybird M.", "--json")
			if n := strings.Count(held, `"author":"author-`); strings.Count(held, "\n") != 5 || n != 4 || !strings.Contains(held, `"key":"A-17"`) {
				t.Errorf("three by pseudonym with the key of them, and one by name, are held:\n%s", held)
			}
			_, pseudonym, _ := strings.Cut(held, `"author":"author-`)
			pseudonym = "author-" + pseudonym[:13]
			if !puskaradio.IsPseudonym(pseudonym) || do("", "privacy", "export", "--source", "shop", "--author", pseudonym, "--json") != held {
				t.Errorf("%s is held otherwise", pseudonym)
			}
			if said := do("", "privacy", "erase", "--source", "shop", "--author", "canarybird m."); !strings.Contains(said, "4 mentions forgotten") {
				t.Errorf("erased: %s", said)
			}
			for _, authors := range []string{"", "authors: name\n"} {
				config(authors)
				do(rows(0, 5), "import", "-")
				if left := do("", "export", "--json"); left != "" {
					t.Errorf("%q: taken again: %s", authors, left)
				}
			}
			if files := filesHolding(t, filepath.Join(dir, "data"), "canarybird"); len(files) > 0 {
				t.Errorf("after the erasure %v hold the name", files)
			}
		})
	}
}
