//go:build screenshots

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/puskaradio/puskaradio/internal/chromium"
)

// TestScreenshots takes the pictures of docs/img from the demo, with Chromium.
// It is run by: make screenshots
func TestScreenshots(t *testing.T) {
	base, link := demoLink(t)
	x := chromium.Start(t).Tab(t, base, chromium.Look{Width: 1280})
	x.Open(link)
	x.Type("input[name=who]", "Maija")
	x.Press("form button")
	first := func(path, link string) string { // what the first such link on a page leads to
		t.Helper()
		x.Open(path)
		return strings.TrimPrefix(chromium.Ask[string](x, `document.querySelector("a[href^='`+link+`']").href`), base)
	}
	mention, alert := first("/inbox", "/m/"), first("/trends", "/a/")
	out := filepath.FromSlash("../../docs/img")
	if err := os.MkdirAll(out, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, shot := range []struct {
		name, path    string
		width, height int64
		dark          bool
	}{
		{"digest-en-light", "/digest?lang=en", 1280, 1000, false},
		{"inbox-fi-dark", "/inbox?lang=fi", 1280, 1000, true},
		{"inbox-en-dark-phone", "/inbox?lang=en", 375, 1500, true},
		{"mention-en-light", mention + "?lang=en", 1280, 1000, false},
		{"trends-fi-light", "/trends?lang=fi", 1280, 1250, false},
		{"trends-en-dark-phone", "/trends?lang=en", 375, 1500, true},
		{"alert-en-dark", alert + "?lang=en", 375, 1500, true},
		{"rehearse-fi-light", "/rehearse?lang=fi", 1280, 900, false},
	} {
		b := x.Picture(shot.path, shot.width, shot.height, shot.dark)
		if len(b) > 150<<10 {
			t.Errorf("%s has %d bytes, more than a README should load", shot.name, len(b))
		}
		if err := os.WriteFile(filepath.Join(out, shot.name+".png"), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
