package web

import (
	"strings"
	"testing"

	"github.com/puskaradio/puskaradio"
)

// TestMixedHosts: a name whose words mix scripts is shown in ASCII and marked,
// however it is written; one that people write is not.
func TestMixedHosts(t *testing.T) {
	for host, want := range map[string]string{ // empty: it is shown as it is
		"shop.example": "", "shop.example:8443": "", "127.0.0.1": "", "[::1]:80": "", "blåbär.example": "", "пример.example": "", "παράδειγμα.example": "",
		"ヤフー日本の.example": "", "日本abc.example": "", "한국語.example": "", "xn--e1afmkfd.example": "", "straße.example": "", "kahvi-2.example": "", "": "",
		"аpple.example":         "xn--pple-43d.example",       // a Cyrillic а
		"xn--pple-43d.example":  "xn--pple-43d.example",       // the same in ASCII
		"АPPLE.example:81":      "xn--PPLE-kzd.example:81",    // in capitals
		"www.раypal.example":    "www.xn--ypal-43d9g.example", // only one word of it
		"gοοgle.example":        "xn--ggle-0nda.example",      // a Greek omicron
		"日本ж.example":           "xn--f1a7211cb2a.example",
		"xn--99999999.example.": "xn--99999999.example.",
	} {
		got := shownHost(host)
		if mixes(host) != (want != "") || want != "" && got != want || want == "" && got != host {
			t.Errorf("%q is shown as %q, mixed: %v; want %q", host, got, mixes(host), want)
		}
	}
	p := newPlace(t)
	m := sample()
	m.URL = "https://аpple.example/r1"
	id := string(p.add(m)[0])
	maija := p.enter("Maija")
	wants(t, "the page", maija.get("/m/"+id), "Original at xn--pple-43d.example", "Careful: the name of this site mixes letters of several scripts.")
	wants(t, "in Finnish", maija.get("/m/"+id+"?lang=fi"), "Varo: tämän sivuston nimessä on sekaisin eri kirjaimistojen merkkejä.")
	for link, marked := range map[string]bool{"https://аpple.example/r1": true, "https://shop.example/r1": false} {
		v := &view{tongue: tongue{Lang: "en", zone: p.plan.Zone}}
		q := v.quotes([]puskaradio.Quote{{URL: link, Published: testNow}})[0]
		all, err := pages()
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if err := all["digest"].ExecuteTemplate(&b, "quote", q); err != nil || strings.Contains(b.String(), "Careful:") != marked {
			t.Errorf("a quote with %s, %v: %s", link, err, b.String())
		}
	}
}

// FuzzShownHost: a host is shown in ASCII, or its words are of scripts that
// are written together.
func FuzzShownHost(f *testing.F) {
	for _, s := range []string{"аpple.example", "xn--pple-43d.example:80", "[::1]:80", "日本ж", "a\u0300.b", "xn--"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, host string) {
		if got := shownHost(host); got != host && mixes(got) != mixes(host) {
			t.Errorf("%q is shown as %q, which is marked otherwise", host, got)
		}
	})
}
