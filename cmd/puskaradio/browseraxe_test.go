package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio/internal/chromium"
)

// axe is the script of axe-core, as it was installed.
func axe(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(cache, "puskaradio", "axe")
	want, err := os.ReadFile("../../testdata/web/axe/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(home, "ready")); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("axe-core is not installed (%v); make needs installs it, by testdata/web/axe/install.sh", err)
	}
	b, err := os.ReadFile(filepath.Join(home, "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A violation is what axe-core found.
type violation struct {
	ID, Help string
	Nodes    []struct{ HTML, Summary string }
}

// unfold opens what is folded on the page that is shown, and gives it axe-core.
func unfold(x *chromium.Tab, script string) {
	chromium.Ask[bool](x, script+`; document.querySelectorAll("details").forEach(d => d.open = true), true`)
}

// violations looks at the page: all rules of the success criteria of WCAG 2.2
// A and AA, and those of good practice. It gives how many rules were kept, too.
func violations(t *testing.T, x *chromium.Tab) (found []violation, passed int) {
	t.Helper()
	s := chromium.Ask[string](x, `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations"]}).then(r => JSON.stringify({
		passed: r.passes.length,
		found: r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.map(n => ({html: n.html, summary: n.failureSummary}))})),
	}))`)
	var got struct {
		Passed int
		Found  []violation
	}
	if err := json.Unmarshal([]byte(s), &got); err != nil {
		t.Fatal(err)
	}
	return got.Found, got.Passed
}

// TestAxe: axe-core finds nothing on any page, in either language, light or
// dark, narrow or wide; and it does find what is wrong with a page that is.
func TestAxe(t *testing.T) {
	script := axe(t)
	base, link := demoLink(t)
	b := chromium.Start(t)
	scripted := chromium.Look{Width: 1280, Scripts: true, Lawless: true}
	olli, anna := b.Tab(t, base, scripted), b.Tab(t, base, scripted)
	olli.Open(link)
	olli.Type("input[name=who]", "Olli")
	olli.Press("form button")
	mention := chromium.Ask[string](olli, `document.querySelector("a[href^='/m/']").getAttribute("href")`)
	olli.Open("/mentions?source=social")
	veiled := chromium.Ask[string](olli, `document.querySelector("a[href^='/m/']").getAttribute("href")`) // by a pseudonym
	olli.Open("/trends?period=7d")
	alert := chromium.Ask[string](olli, `document.querySelector("a[href^='/a/']").getAttribute("href")`)
	invite := func(name string) string {
		olli.Open("/people")
		olli.Type(".narrow input[name=name]", name)
		olli.Choose(".narrow select[name=role]", "owner")
		olli.Press(".narrow button[value=set]")
		return strings.TrimPrefix(strings.TrimSpace(olli.Text("pre")), base)
	}
	invited := invite("Ville")
	anna.Open(invite("Anna"))
	anna.Type("input[name=password]", "kuusi pientä sammakkoa")
	anna.Press("form.narrow button")
	olli.Open("/inbox")
	olli.Press(".card button[value=claimed]")
	olli.Type("textarea[name=note]", "a note")
	olli.Press(`form[action$="/move"] button[value=answered]`)
	answered := strings.TrimPrefix(olli.URL(), base)

	paths := []string{
		"/digest", "/digest/" + time.Now().Format(time.DateOnly), "/inbox", "/inbox?view=snoozed", "/mentions?q=Vantaa", mention, veiled, "/erase", answered, alert,
		strings.Replace(mention, "/m/", "/s/", 1), "/rehearse?sensitivity=high", "/trends", "/trends/journey?period=30d", "/trends/ratings", "/trends/compare?period=30d", "/mentions?stage=during", "/settings", "/sources", "/me", "/people", "/log", "/in", invited, "/nowhere",
	}
	t.Run("pages", func(t *testing.T) {
		for lang, x := range map[string]*chromium.Tab{"en": olli, "fi": anna} {
			t.Run(lang, func(t *testing.T) {
				t.Parallel()
				n, fewest := 0, 1000
				x.Each = func(x *chromium.Tab) {
					unfold(x, script)
					for i, width := range []int64{1280, 320, 320, 1280} {
						x.Restyle(width, i >= 2)
						found, passed := violations(t, x)
						for _, v := range found {
							t.Errorf("%s (%v): %s: %s (%d times, first %s\n%s)", x.URL(), x.Look, v.ID, v.Help, len(v.Nodes), v.Nodes[0].HTML, v.Nodes[0].Summary)
						}
						n++
						fewest = min(fewest, passed)
					}
				}
				for _, path := range paths {
					mark, status := "?", int64(200)
					if strings.Contains(path, "?") {
						mark = "&"
					}
					if path == "/nowhere" {
						status = 404
					}
					x.OpenAs(path+mark+"lang="+lang, status)
				}
				if n != 4*len(paths) || fewest < 10 {
					t.Errorf("%d looks, %d rules at least", n, fewest)
				}
				t.Logf("%d looks at %d pages, each kept %d rules at least", n, len(paths), fewest)
			})
		}
	})

	olli.Each = nil
	olli.Open("/digest")
	unfold(olli, script)
	chromium.Ask[bool](olli, `document.querySelector("main").insertAdjacentHTML("beforeend", "<img src=x><input><p style='color:#eee;background:#fff'>pale</p>"), true`)
	found, _ := violations(t, olli)
	var ids []string
	for _, v := range found {
		ids = append(ids, v.ID)
	}
	for _, want := range []string{"image-alt", "label", "color-contrast"} {
		if !slices.Contains(ids, want) {
			t.Errorf("axe-core does not find %s on a page that is made wrong, but %q", want, ids)
		}
	}
}
