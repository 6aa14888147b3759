package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio/internal/chromium"
)

var allLooks = flag.Bool("browser.all", false, "go through the tasks in all combinations of language, width, light and scripts")

// maxWeight is the most that a page may cost whoever opens it, in bytes on the
// wire.
const maxWeight = 150_000

// demoLink runs the demo until the test ends, and gives the address of its
// dashboard and the link that lets one person in.
func demoLink(t *testing.T) (base, link string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var errs said
	a := &app{in: strings.NewReader(""), out: io.Discard, err: &errs}
	ended := make(chan int)
	go func() { ended <- a.run(ctx, []string{"demo"}) }()
	t.Cleanup(func() {
		cancel()
		if code := <-ended; code != exitDone {
			t.Errorf("the demo ends with %d:\n%s", code, &errs)
		}
	})
	link = linkIn(t, &errs)
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	return "http://" + u.Host, link
}

// A visit is what one look at the dashboard goes through: three people at one
// demo.
type visit struct {
	t          *testing.T
	browser    *chromium.Browser
	base, lang string
	look       chromium.Look
	tabs       []*chromium.Tab
	pages      int
	heaviest   int64
}

// tab opens a window of another person, of which every page is looked at.
func (v *visit) tab() *chromium.Tab {
	x := v.browser.Tab(v.t, v.base, v.look)
	x.Each = v.page
	v.tabs = append(v.tabs, x)
	return x
}

// page looks at what holds for every page.
func (v *visit) page(x *chromium.Tab) {
	v.t.Helper()
	v.pages++
	here := x.URL()
	if wide := chromium.Ask[int64](x, "document.scrollingElement.scrollWidth"); wide > v.look.Width {
		v.t.Errorf("%s is %d px wide: %s", here, wide, chromium.Ask[string](x, `[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth && !e.closest(".wide")).map(e => e.outerHTML.slice(0, 100)).slice(0, 5).join("\n")`))
	}
	if small := chromium.Ask[[]string](x, `[...document.querySelectorAll("button, .button, summary, header nav a, .views a, select, textarea, input:not([type=hidden], [type=checkbox])")].filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 43.99).map(e => e.outerHTML)`); len(small) > 0 {
		v.t.Errorf("%s has things to press that are lower than 44 px: %q", here, small)
	}
	if got := chromium.Ask[string](x, "document.documentElement.lang"); got != v.lang {
		v.t.Errorf("%s is in %s", here, got)
	}
	n := x.Weight()
	v.heaviest = max(v.heaviest, n)
	if n < 1000 || n > maxWeight {
		v.t.Errorf("%s has %d bytes", here, n)
	}
}

// say is a text in the language of the visit.
func (v *visit) say(en, fi string) string {
	if v.lang == "fi" {
		return fi
	}
	return en
}

// end tells what should not have happened.
func (v *visit) end() {
	for _, x := range v.tabs {
		if faults := x.Faults(); len(faults) > 0 {
			v.t.Errorf("the browser complains: %q", faults)
		}
		if x.Hosts() != 1 {
			v.t.Errorf("%d hosts were asked", x.Hosts())
		}
	}
}

// TestTasksInChromium goes through what the dashboard is for, as the three
// people who use it do: an owner, a community manager and somebody of
// marketing, each in a browser of their own.
func TestTasksInChromium(t *testing.T) {
	b := chromium.Start(t)
	few := []int{0, 1, 8, 9, 13, 14, 18, 23} // each language, width and look, with scripts and without
	for i := range 2 * 2 * 3 * 2 {
		if !*allLooks && !slices.Contains(few, i) {
			continue
		}
		lang := []string{"en", "fi"}[i%2]
		look := chromium.Look{Width: []int64{320, 375, 1280}[i%3], Dark: i/6%2 == 1, Scripts: i/12 == 1}
		t.Run(fmt.Sprint(lang, ", ", look), func(t *testing.T) {
			t.Parallel()
			base, link := demoLink(t)
			v := &visit{t: t, browser: b, base: base, lang: lang, look: look}
			began := time.Now()
			owner := v.tab()
			owner.Each = nil // the language is still to be chosen
			owner.Open(link)
			owner.Each = v.page
			owner.Press("a[hreflang=" + lang + "]")
			owner.Type("input[name=who]", "Olli")
			owner.Press("form button")
			owner.Wants(v.say("signed in as Olli", "kirjautunut: Olli"))
			anna := v.invite(owner, "Anna", "reader")
			ville := v.invite(owner, "Ville", "agent")
			v.marketing(anna)
			v.manager(ville)
			v.owner(owner)
			v.end()
			t.Logf("%d pages in %v, %d bytes at most", v.pages, time.Since(began).Round(time.Millisecond), v.heaviest)
		})
	}
}

// invite adds a person, who chooses a password in another browser, leaves and
// signs in with it.
func (v *visit) invite(owner *chromium.Tab, name, role string) *chromium.Tab {
	owner.Press(`footer a[href="/me"]`)
	owner.Press(`a[href="/people"]`)
	owner.Type(".narrow input[name=name]", name)
	owner.Choose(".narrow select[name=role]", role)
	owner.Press(".narrow button[value=set]")
	owner.Wants(v.say("Give this link to "+name, "Anna tämä linkki"))
	link := strings.TrimSpace(owner.Text("pre"))
	x := v.tab()
	x.Each = nil
	x.Open(link)
	x.Press("a[hreflang=" + v.lang + "]") // of the invitation itself
	x.Each = v.page
	password := "seitsemän kaunista " + name + " laulua"
	x.Type("input[name=password]", password)
	x.Press("form.narrow button")
	x.Wants(v.say("signed in as "+name, "kirjautunut: "+name))
	x.Press("footer button")
	x.Type("input[name=who]", name)
	x.Type("input[name=password]", password)
	x.Press("form.narrow button")
	x.Wants(v.say("signed in as "+name, "kirjautunut: "+name))
	return x
}

// marketing reads the digest, goes back a day and on again, looks at the
// mentions of a day and finds one by its words; nothing there can be changed.
func (v *visit) marketing(x *chromium.Tab) {
	x.Wants(v.say("Digest · Tuulikello", "Kooste · Tuulikello"), v.say("Negative share", "Kielteisten osuus"))
	day := x.Text("h1")
	x.Press(`a[rel=prev]`)
	if got := x.Text("h1"); got == day {
		v.t.Errorf("the day before is the same day: %s", got)
	}
	x.Press(`a[rel=next]`)
	if got := x.Text("h1"); got != day {
		v.t.Errorf("back again it is %s, was %s", got, day)
	}
	x.Press(`a[rel=next]`) // today, with the crisis
	x.Wants(v.say("This day is not over.", "Päivä on vielä kesken."))
	x.Press(`a[href^="/mentions?"]`)
	x.Press(`header nav a[href^="/mentions"]`)
	x.Type("input[name=q]", "Vantaa")
	x.Press("form[role=search] button")
	x.Wants("Vantaa")
	x.Press(".card h2 a")
	if x.Has(`form[action$="/move"], form[action$="/correct"]`) {
		v.t.Error("a reader is shown what only an agent may do")
	}
	x.Press(`header nav a[href^="/sources"]`)
	x.Wants("shop", "forum", "social")
}

// manager takes a case, writes a note and marks it answered; takes another and
// puts it off; corrects a verdict and takes that back; takes an alert, mutes
// the brand and lets it speak again.
func (v *visit) manager(x *chromium.Tab) {
	x.Press(`header nav a[href^="/inbox"]`)
	x.Press(`a[href*="view=unassigned"]`)
	first := x.Text(".card h2")
	x.Press(".card button[value=claimed]")
	x.Wants(first, v.say("You have taken this.", "Otit tämän."), "Ville")
	x.Type("textarea[name=note]", "Soitin & pahoittelin <näin>.")
	x.Press(`form[action$="/move"] button[value=answered]`)
	x.Wants(v.say("Marked as answered.", "Merkitty vastatuksi."), "Soitin & pahoittelin <näin>.")
	x.Press(`header nav a[href^="/inbox"]`)
	x.Press(`a[href*="view=answered"]`)
	x.Wants(first)

	x.Press(`a[href*="view=unassigned"]`)
	second := x.Text(".card h2")
	x.Press(".card button[value=claimed]")
	x.Choose("select[name=for]", "24h0m0s")
	x.Press(`form[action$="/move"] button[value=snoozed]`)
	x.Wants(second, v.say("Put off.", "Torkutettu."))
	x.Press(`form[action$="/correct"] button[value=positive]`)
	x.Wants(v.say("Your verdict counts from now on.", "Sinun arviosi on tästä lähtien voimassa."), v.say("a person's verdict", "ihmisen arvio"))
	x.Press(`form[action$="/correct"] button[value=undo]`)
	x.Wants(v.say("The scorer's verdict counts again.", "Koneen arvio on taas voimassa."))
	x.Press(`header nav a[href^="/inbox"]`)
	if first == second || x.Text(".card h2") == first {
		v.t.Errorf("%q waits for an answer still", first)
	}
	x.Press(`a[href*="view=snoozed"]`)
	x.Wants(second)

	x.Press(`header nav a[href^="/trends"]`)
	x.Press(`a[href^="/a/"]`)
	x.Press("button[value=claim]")
	x.Wants(v.say("You have taken this.", "Otit tämän."), "Ville")
	x.Choose("select[name=for]", "1h0m0s")
	x.Press("button[value=mute]")
	x.Wants(v.say("Nobody is told of this brand's alerts for a while.", "Tämän brändin hälytyksistä ei hetkeen kerrota."), v.say("are muted until", "on vaiennettu"))
	x.Press("button[value=unmute]")
	x.Wants(v.say("Alerts of this brand are told again.", "Tämän brändin hälytyksistä kerrotaan taas."))
	if x.Has("button[value=unmute]") {
		v.t.Error("it is muted still")
	}
}

// owner reads the trends, changes the period, sees what a buyer sees, opens the mentions behind a day
// and the story behind one of them, tries another budget for alerts, and reads
// what the others have done.
func (v *visit) owner(x *chromium.Tab) {
	x.Press(`header nav a[href^="/trends"]`)
	lead := x.Text(".lead")
	x.Press(`.views a[href*="period=7d"]`)
	if got := x.Text(".lead"); got == lead {
		v.t.Errorf("a week says the same as a month: %s", got)
	}
	x.Wants(v.say("Reputation", "Maine"), v.say("Share of voice", "Osuus puheesta"))
	x.Press(`a[href^="/trends/ratings"]`)
	x.Wants(v.say("the site itself shows 4.1 of 5, ", "sivusto itse näyttää 4,1/5, "), v.say("The mean of the newest 100 ratings held", "100 uusimman tallennetun arvion"))
	x.Press(`header nav a[href^="/trends"]`)
	x.Press(`.views a[href*="period=7d"]`)
	x.Unfold("summary")
	x.Press("details th a")
	x.Press(".card h2 a")
	id := strings.TrimPrefix(x.URL(), v.base+"/m/")
	x.Open("/s/" + id)
	x.Wants(v.say("Who told it first", "Kuka kertoi ensin"))
	x.Open("/rehearse")
	x.Type("input[name=budget]", v.say("0.01", "0,01"))
	x.Choose("select[name=sensitivity]", "high")
	x.Press("form.filter button")
	x.Wants(v.say("over the budget", "yli budjetin"))
	x.Press(`footer a[href="/me"]`)
	x.Press(`a[href="/log"]`)
	x.Wants("Olli", "Ville", "Anna", v.say("chose a password", "valitsi salasanan"), "127.0.0.1")
}
