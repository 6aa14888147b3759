package main

import (
	"os"
	"testing"
)

// TestSourcesPage: docs/sources.md says what the code does.
func TestSourcesPage(t *testing.T) {
	const file = "../../docs/sources.md"
	if *update {
		if err := os.WriteFile(file, []byte(kindsMarkdown()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if page, err := os.ReadFile(file); err != nil || string(page) != kindsMarkdown() {
		t.Errorf("%s is out of date (%v): puskaradio kinds --markdown > docs/sources.md", file, err)
	}
}
