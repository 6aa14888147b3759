package main

import (
	"errors"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

const maxReadme = 200 // lines: what is longer belongs in docs

var (
	yamlBlock   = regexp.MustCompile("(?ms)^```ya?ml\\n(.*?)^```")
	consoleLine = regexp.MustCompile(`(?m)^(?:\$ )?puskaradio ([a-z-]+)`)
)

// TestReadme: what the README tells people to write, loads, and the commands
// that it names are there.
func TestReadme(t *testing.T) {
	setSecrets(t)
	b, err := os.ReadFile("../../README.md")
	if errors.Is(err, fs.ErrNotExist) {
		return // there is nothing yet that could be wrong
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range readmeFaults(string(b)) {
		t.Error(fault)
	}
}

// readmeFaults lists what is wrong with a README.
func readmeFaults(text string) (faults []string) {
	if n := strings.Count(text, "\n"); n > maxReadme {
		faults = append(faults, "README.md: too long")
	}
	for _, m := range yamlBlock.FindAllStringSubmatchIndex(text, -1) {
		block := text[m[2]:m[3]]
		// Errors name the line of the README.
		if _, err := parseConfig("README.md", []byte(strings.Repeat("\n", strings.Count(text[:m[2]], "\n"))+block)); err != nil {
			faults = append(faults, err.Error())
		}
	}
	root := (&app{}).root()
	for _, m := range consoleLine.FindAllStringSubmatch(text, -1) {
		if c, _, err := root.Find([]string{m[1]}); m[1] != "help" && (err != nil || c == root) {
			faults = append(faults, "README.md: there is no command "+m[1])
		}
	}
	return faults
}

func TestReadmeFaults(t *testing.T) {
	setSecrets(t)
	good := "# Puskaradio\n\n```yaml\n" + reloadConfig + "```\n\n```\n$ puskaradio demo\npuskaradio help\n```\n"
	for _, c := range []struct {
		text string
		want string
	}{
		{good, ""},
		{"", ""},
		{strings.Replace(good, "contact:", "kontact:", 1), "README.md:4:"},
		{strings.Replace(good, "puskaradio demo", "puskaradio dance", 1), "README.md: there is no command dance"},
		{good + strings.Repeat("\n", maxReadme), "README.md: too long"},
	} {
		got := strings.Join(readmeFaults(c.text), "\n")
		if !strings.HasPrefix(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("readmeFaults = %q, want %q", got, c.want)
		}
	}
}
