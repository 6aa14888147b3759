package web

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

var (
	inTemplates = regexp.MustCompile(`\.T "((?:[^"\\]|\\.)*)"`)
	inCode      = regexp.MustCompile(`(?:\.T\(|http\.Status\w+, |passwordFault\(|reason: |false, |again\()"((?:[^"\\]|\\.)*)"`)
	verbs       = regexp.MustCompile(`%[a-z]`)
)

// TestEveryTextIsFinnishToo finds the texts in the templates and in the code.
func TestEveryTextIsFinnishToo(t *testing.T) {
	found := map[string]bool{}
	look := func(files fs.FS, pattern string, re *regexp.Regexp) {
		names, err := fs.Glob(files, pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "api") { // programs are told in English
				continue
			}
			b, err := fs.ReadFile(files, name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range re.FindAllSubmatch(b, -1) {
				found[string(m[1])] = true
			}
		}
	}
	look(files, "templates/*.html", inTemplates)
	look(os.DirFS("."), "*.go", inCode)
	found[notUs], found[begunElsewhere], found[noAccount] = true, true, true
	for _, k := range []clock{{}, {Over: true}, {Soon: true}} {
		found[k.State()] = true
	}
	for _, v := range savedViews {
		found[v.Name] = true
	}
	for _, k := range []puskaradio.Keeping{puskaradio.Free, puskaradio.UntilGone, puskaradio.Month, puskaradio.Hours, puskaradio.Nothing} {
		found[k.String()] = true
	}
	if len(found) < 100 {
		t.Fatalf("found %d texts only", len(found))
	}
	for text := range found {
		f, ok := finnish[text]
		if !ok {
			t.Errorf("no Finnish for %q", text)
		}
		if len(verbs.FindAllString(f, -1)) != len(verbs.FindAllString(text, -1)) {
			t.Errorf("%q and %q take other parameters", text, f)
		}
	}
	for text := range finnish {
		if !found[text] {
			t.Errorf("nothing says %q", text)
		}
	}
}

func TestFormats(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	fi, en := tongue{"fi", zone}, tongue{"en", zone}
	at := time.Date(2026, 11, 21, 6, 12, 0, 0, time.UTC)
	for _, tt := range []struct{ got, want string }{
		{fi.When(at), "21.11.2026 klo\u00a08.12"},
		{en.When(at), "21 Nov 2026, 08:12"},
		{en.When(time.Time{}), "–"},
		{fi.Float(1234.5, 1), "1\u00a0234,5"},
		{en.Float(1234.5, 1), "1,234.5"},
		{en.Num(-1234567), "−1,234,567"},
		{fi.Num(999), "999"},
		{en.Float(-0.04, 1), "0.0"},
		{fi.Share(0.314), "31\u00a0%"},
		{en.Share(0.314), "31%"},
		{en.Percent(1, 0), "–"},
		{en.Signed(5.4), "+5"},
		{en.Signed(-5.4), "−5"},
		{en.Signed(-0.2), "0"},
		{en.Span(-time.Hour), "0\u00a0s"},
		{en.Span(59 * time.Second), "59\u00a0s"},
		{en.Span(150 * time.Second), "2\u00a0min 30\u00a0s"},
		{fi.Span(59 * time.Minute), "59\u00a0min"},
		{fi.Span(90 * time.Minute), "1\u00a0t 30\u00a0min"},
		{en.Span(47 * time.Hour), "47\u00a0h"},
		{fi.Span(50 * time.Hour), "2\u00a0pv"},
		{en.Odds(0.0001), "1 in 10,000"},
		{fi.Odds(1e-12), "alle 1 : 1\u00a0000\u00a0000\u00a0000"},
		{en.Odds(1), "1"},
		{en.Stars(&puskaradio.Rating{Value: 4, Best: 5}), "4/5"},
		{fi.Stars(&puskaradio.Rating{Value: 4.5, Best: 5}), "4,5/5"},
		{en.Stars(&puskaradio.Rating{Value: 7}), "7"},
		{en.Stars(nil), ""},
		{fi.Word("false_alarm"), "väärä hälytys"},
		{fi.Word("strange"), "strange"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
	for give, want := range map[string]string{
		"https://a.example/x": "a.example", "http://a.example:81/": "a.example:81", "javascript:alert(1)": "", "//a.example": "", "/x": "", "": "", "https://": "", "ftp://a.example": "", "https://u:p@a.example/": "",
	} {
		if link, host := webLink(give); host != want || (link == "") != (want == "") {
			t.Errorf("webLink(%q) = %q, %q", give, link, host)
		}
	}
}

func TestClock(t *testing.T) {
	at := func(m int) time.Time { return testNow.Add(time.Duration(m) * time.Minute) }
	base := puskaradio.Case{Status: puskaradio.New, Mention: puskaradio.Mention{Published: at(-20), FirstSeen: at(-12), DateFrom: puskaradio.DatePublished}}
	for name, tt := range map[string]struct {
		change func(c *puskaradio.Case)
		want   string
	}{
		"nobody has taken it": {func(*puskaradio.Case) {}, "20m0s over heard 8m0s taken 12m0s… taken"},
		"the source was slow": {func(c *puskaradio.Case) { c.Mention.FirstSeen = at(-2) }, "20m0s over heard 18m0s taken 2m0s… heard"},
		"taken":               {func(c *puskaradio.Case) { c.Changes = []puskaradio.Change{{At: at(-10), To: puskaradio.Claimed}} }, "20m0s over heard 8m0s taken 2m0s answered 10m0s… answered"},
		"answered": {func(c *puskaradio.Case) {
			c.Changes = []puskaradio.Change{{At: at(-10), To: puskaradio.Claimed}, {At: at(-9), To: puskaradio.Answered}}
			c.Status = puskaradio.Answered
		}, "11m0s over ended heard 8m0s taken 2m0s answered 1m0s heard"},
		"answered at the source": {func(c *puskaradio.Case) { c.Mention.Owner = &puskaradio.Reply{At: at(-18)} }, "2m0s ended heard 2m0s taken 0s"},
		"closed without an answer": {func(c *puskaradio.Case) {
			c.Status = puskaradio.Done
			c.Changes = []puskaradio.Change{{At: at(-5), To: puskaradio.Done}}
		}, "15m0s over ended heard 8m0s taken 7m0s heard"},
		"seen before it was said": {func(c *puskaradio.Case) { c.Mention.FirstSeen = at(-30) }, "20m0s over heard 0s taken 20m0s… taken"},
	} {
		c := base
		tt.change(&c)
		k := clockOf(&c, new(puskaradio.ReplyClock), testNow)
		var got strings.Builder
		got.WriteString(k.Wait.String())
		if k.Over {
			got.WriteString(" over")
		}
		if k.Ended {
			got.WriteString(" ended")
		}
		sum := time.Duration(0)
		for _, p := range k.Parts {
			got.WriteString(" " + p.What + " " + p.Took.String())
			if p.Going {
				got.WriteString("…")
			}
			sum += p.Took
		}
		if k.Whose != "" {
			got.WriteString(" " + k.Whose)
		}
		if got.String() != tt.want {
			t.Errorf("%s: got %q, want %q", name, got.String(), tt.want)
		}
		if sum != k.Wait {
			t.Errorf("%s: the parts are %v of %v", name, sum, k.Wait)
		}
	}
}
