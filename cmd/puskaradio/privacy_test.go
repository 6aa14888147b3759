package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEraseByAddress has the author of a post forgotten, whoever else has the
// same name elsewhere or stands in the same place.
func TestEraseByAddress(t *testing.T) {
	for _, by := range []string{byName, byPseudonym} {
		t.Run(by, func(t *testing.T) { eraseByAddress(t, by) })
	}
}

func eraseByAddress(t *testing.T, authors string) {
	dir := t.TempDir()
	file := filepath.Join(dir, "puskaradio.yaml")
	config := "contact: test@puskaradio.example\ndata: data\nauthors: " + authors + "\nbrands: [{id: acme, name: Acme}]\nsources: [{id: blog, kind: feed, options: {url: \"https://shop.example/feed\"}}]\n"
	csv := filepath.Join(dir, "in.csv")
	rows := "brand;source;published;author;ref;rating;url;text\n" +
		"acme;shop;2026-11-20;Maija;1;1;https://shop.example/1;Paketti ei tullut\nacme;shop;2026-11-21;Maija;2;5;https://shop.example/2;Nyt tuli\n" +
		"acme;shop;2026-11-21;Matti;3;1;https://shop.example/3;Ei tullut\nacme;other;2026-11-21;Maija;4;1;https://other.example/4;Toinen Maija\nacme;shop;2026-11-21;;5;1;https://shop.example/5;Joku\n" +
		"acme;app;2026-11-20;Liisa;6;1;https://app.example/;Kaatuu\nacme;app;2026-11-21;Olli;7;1;https://app.example/;Kaatuu aina\nacme;app;2026-11-22;Liisa;8;2;https://app.example/;Ei kaadu\n"
	for name, text := range map[string]string{file: config, csv: rows} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	do := func(want int, args ...string) string {
		t.Helper()
		var out bytes.Buffer
		a := &app{in: strings.NewReader(""), out: &out, err: &out}
		if code := a.run(context.Background(), append([]string{"-c", file}, args...)); code != want {
			t.Fatalf("%q: exit code %d\n%s", args, code, &out)
		}
		return out.String()
	}
	do(exitDone, "import", csv)
	for _, tt := range []struct {
		want int
		args []string
		says string
	}{
		{exitUsage, nil, "--source and --author, or the --url"},
		{exitUsage, []string{"--url", "https://shop.example/1", "--source", "shop", "--author", "Maija"}, "--url"},
		{1, []string{"--url", "https://shop.example/9"}, "nothing with that address"},
		{1, []string{"--url", "https://shop.example/5"}, "names no author"},
		{1, []string{"--url", "https://app.example/"}, "more than one author"},
		{exitDone, []string{"--url", "https://shop.example/2"}, "2 mentions forgotten"},
		{1, []string{"--url", "https://shop.example/1"}, "nothing with that address"},
	} {
		if got := do(tt.want, append([]string{"privacy", "erase"}, tt.args...)...); !strings.Contains(got, tt.says) {
			t.Errorf("%q: %q is not in\n%s", tt.args, tt.says, got)
		}
	}
	left := do(exitDone, "export", "--json")
	for text, want := range map[string]bool{"Paketti": false, "Nyt tuli": false, "Matti": authors == byName, "Ei tullut": true, "Toinen Maija": true, "Joku": true, "Kaatuu": true, "Ei kaadu": true} {
		if strings.Contains(left, text) != want {
			t.Errorf("%q is left: %v\n%s", text, !want, left)
		}
	}
	do(exitDone, "import", csv)
	if again := do(exitDone, "export", "--json"); strings.Contains(again, "Paketti") {
		t.Errorf("it came back:\n%s", again)
	}
}
