package puskaradio_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestTables reads the tables of docs: each has every row once and in order, and
// each test that it names is one of ours.
func TestTables(t *testing.T) {
	tests := testNames(t)
	for _, tt := range []struct {
		file, letter string
		rows         int
	}{{"docs/security.md", "S", 30}, {"docs/reliability.md", "F", 36}, {"docs/privacy.md", "G", 10}} {
		b, err := os.ReadFile(tt.file)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for line := range strings.Lines(string(b)) {
			if strings.HasPrefix(line, "| "+tt.letter) {
				n++
				checkRow(t, line, fmt.Sprint(tt.letter, n), tests)
			}
		}
		if n != tt.rows {
			t.Errorf("%s has %d rows, want %d", tt.file, n, tt.rows)
		}
	}
}

// testNames are the tests of the repository.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	tests := map[string]bool{}
	pattern := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(\w+ \*testing\.`)
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && path != "."):
			return fs.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		b, err := os.ReadFile(path)
		for _, m := range pattern.FindAllSubmatch(b, -1) {
			tests[string(m[1])] = true
		}
		return err
	})
	if err != nil || len(tests) < 300 {
		t.Fatalf("%d tests, %v", len(tests), err)
	}
	return tests
}

var codeName = regexp.MustCompile("`(\\w+)`")

// checkRow checks a row: its number, what is asked, its state, its tests, and
// what is missing.
func checkRow(t *testing.T, line, number string, tests map[string]bool) {
	t.Helper()
	cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	if len(cells) != 5 || cells[0] != number {
		t.Errorf("row %s: %q", number, line)
		return
	}
	named := codeName.FindAllStringSubmatch(cells[3], -1)
	for _, m := range named {
		if !tests[m[1]] {
			t.Errorf("%s names %s, which is no test", number, m[1])
		}
	}
	state, missing := cells[2], cells[4] != ""
	if !slices.Contains([]string{"done", "partly", "not built"}, state) || (state == "not built") != (len(named) == 0) || (state == "done") == missing {
		t.Errorf("%s is %q with %d tests, and something missing: %v", number, state, len(named), missing)
	}
}

// TestModules: the program is made of few modules, each with a sum and of a
// licence that lets everybody use it; what only tests use is not in it.
func TestModules(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}", "./cmd/puskaradio").Output()
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile("go.sum")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(lines)
	lines = slices.DeleteFunc(slices.Compact(lines), func(s string) bool { return s == "" })
	if len(lines) < 20 || len(lines) > 75 {
		t.Errorf("%d modules", len(lines))
	}
	for _, line := range lines {
		f := strings.Fields(line)
		if len(f) != 3 {
			t.Fatalf("%q", line)
		}
		if !strings.Contains(string(sums), f[0]+" "+f[1]+" h1:") {
			t.Errorf("%s has no sum", f[0])
		}
		if strings.Contains(f[0], "chromedp") || strings.Contains(f[0], "testscript") {
			t.Errorf("%s is for tests", f[0])
		}
		if !freeLicence(t, f[2]) {
			t.Errorf("%s has no licence that is known", f[0])
		}
	}
	t.Logf("%d modules", len(lines))
}

// freeLicence reports whether a folder has a licence of MIT, BSD, Apache, ISC
// or Mozilla.
func freeLicence(t *testing.T, dir string) bool {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name := strings.ToLower(e.Name()); e.IsDir() || !strings.HasPrefix(name, "licen") && !strings.HasPrefix(name, "copying") {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Join(strings.Fields(string(b)), " ")
		for _, known := range []string{"Permission is hereby granted, free of charge", "Redistribution and use in source and binary forms", "Apache License", "Permission to use, copy, modify, and", "Mozilla Public License"} {
			if strings.Contains(text, known) {
				return true
			}
		}
	}
	return false
}
