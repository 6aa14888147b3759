package notify

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/puskaradio/puskaradio"
)

var update = flag.Bool("update", false, "write what the tests want anew")

// hostile is what a stranger may write to reach into Slack or a terminal.
var hostile = map[string]string{
	"calls":     "Odotin 40 minuuttia. <!channel> <!here> <@U1> <#C1> <!subteam^S1> ei koskaan enää!",
	"link":      "Kirjaudu tästä: <http://evil.example/x|Pankki> & <mailto:a@b.example|posti>",
	"backticks": "```rm -rf``` `x` *bold* _it_ ~no~ > quote",
	"bidi":      "hyvä \u202Eahor ätivliap\u202C \u2066x\u2069 \u200Floppu",
	"zalgo":     "z" + strings.Repeat("\u0301\u0334\u0489", 100) + "algo",
	"long":      strings.Repeat("ä", 100_000),
	"emoji":     strings.Repeat("👩‍👩‍👧‍👦", 200),
	"terminal":  "\x1b[2J\x1b]0;title\x07\u009b31mpunainen\r\nuusi rivi\x00",
}

func helsinki(t testing.TB) *time.Location {
	t.Helper()
	z, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	return z
}

var at = time.Date(2026, 11, 21, 6, 12, 0, 0, time.UTC)

func quoteOf(what, lang string) puskaradio.Quote {
	return puskaradio.Quote{
		ID: puskaradio.NewID(at.Unix(), uint64(len(what))), Source: "trustpilot", Author: "Maija <@U2>", Title: what,
		Text: hostile[what], Lang: lang, Rating: &puskaradio.Rating{Value: 1, Best: 5},
		URL:   "https://reviews.example/r/1?q=" + what + "\u202E\u009b<!here>",
		Label: puskaradio.Negative, Value: -0.9, Published: at.Add(-time.Hour),
	}
}

func anAlert() *puskaradio.Alert {
	a := &puskaradio.Alert{
		ID: "7F3KQ2AA", Brand: "acme", Name: "Acme & <!channel>", Rule: "negative spike",
		From: at.Add(-2 * time.Hour), To: at, Negative: 14, Total: 19, Usual: 2.04, UsualAll: 12.4, Odds: 3.2e-7, UsualHigh: 5.01, Severity: puskaradio.Serious, MoreNeg: 0.998, Words: []string{"jono", "<!here>"},
		Topic: "service", TopicN: 9, Coverage: "11/12 (forum: <unreachable>)", Decided: at, State: "open",
		Quotes: []puskaradio.Quote{quoteOf("calls", "fi"), quoteOf("link", "fi"), quoteOf("bidi", "ar"), quoteOf("long", "")},
	}
	for i, v := range []float64{1, 0, 1, 2, 5, 9} {
		a.Hours = append(a.Hours, puskaradio.Point{At: at.Truncate(time.Hour).Add(time.Duration(i-5) * time.Hour), Value: v})
	}
	return a
}

func aDigest() *puskaradio.Digest {
	good := quoteOf("emoji", "en")
	good.Label, good.Value, good.Rating = puskaradio.Positive, 0.8, &puskaradio.Rating{Value: 4.5, Best: 5}
	d := &puskaradio.Digest{
		Brand: "acme", Name: "Acme", Date: "2026-11-20", Zone: "Europe/Helsinki", Total: 1042, Negative: 313, Neutral: 629, Positive: 100,
		Usual: 812.5, UsualNeg: 106.25, Waiting: 3, Oldest: at.Add(-29 * time.Hour), Need: []puskaradio.Quote{quoteOf("zalgo", "fi"), quoteOf("backticks", "fi"), quoteOf("terminal", "fi")},
		Topics: []puskaradio.Topic{{Name: "delivery", Total: 40, Negative: 31, Quote: "x"}, {Name: "price", Total: 12, Negative: 2}},
		Good:   []puskaradio.Quote{good}, Sources: 12, Decided: at,
		Reputation: &puskaradio.Reputation{Method: 1, Value: 61.4, Low: 55.5, High: 67.25, Mentions: 9000}, Before: &puskaradio.Reputation{Method: 1, Value: 65.2},
		Share: []puskaradio.Voice{{Brand: "rival", Total: 2000, Share: 0.6575}, {Brand: "acme", Total: 1042, Share: 0.3425}},
	}
	for i := range 14 {
		d.Days = append(d.Days, puskaradio.Point{At: at.AddDate(0, 0, i-14), Value: float64(i * i % 11)})
	}
	return d
}

func aWeek() *puskaradio.Digest {
	d := aDigest()
	d.Date, d.Topics = "2026-W47", d.Topics[:1]
	told := quoteOf("link", "fi")
	told.Copies = 12
	d.Week = &puskaradio.Week{
		From: "2026-11-16", To: "2026-11-22", Before: 4, Change: -3.8, Stories: []puskaradio.Quote{told},
		Pulls:   []puskaradio.Pull{{Aspect: "delivery", Points: -6.12}, {Aspect: "service", Points: 2}},
		Replies: puskaradio.Replies{Cases: 40, Answered: 31, Hour: 22, HourOf: 39, Median: 14 * 60, P90: 5 * 3600},
	}
	return d
}

// messages are what the golden files hold, each in both languages.
func messages(t testing.TB) map[string]Message {
	over, quiet, empty, failed := anAlert(), anAlert(), aDigest(), aDigest()
	over.State, over.Rev = "over", 3
	quiet.Topic, quiet.Quotes, quiet.Hours, quiet.Odds = "", nil, nil, 0
	*empty = puskaradio.Digest{Brand: "acme", Name: "Acme", Date: "2026-11-20", Sources: 12, Decided: at}
	*failed = puskaradio.Digest{Brand: "acme", Name: "Acme", Date: "2026-11-20", Sources: 12, Failed: []string{"forum: unreachable", "shop: <!channel>"}, Late: true, Decided: at}
	one := anAlert().Quotes[:1]
	urgent := &puskaradio.Alert{
		ID: "URGENT22", Brand: "acme", Name: "Acme", Rule: puskaradio.RuleUrgent, From: at, To: at, Negative: 1, Total: 1, Topic: "safety", TopicN: 1,
		Words: []string{"tuleen", "<!here>"}, Quotes: one, Decided: at, State: "over", Severity: puskaradio.Serious, Coverage: "3/3",
	}
	live := &puskaradio.Alert{
		ID: "LIVE2222", Brand: "acme", Name: "Acme", Rule: puskaradio.RuleLive, From: at, To: at, Negative: 1, Total: 1, Decided: at, State: "over", Coverage: "3/3",
		Quotes: []puskaradio.Quote{{Source: "tripadvisor", Rating: &puskaradio.Rating{Value: 1, Best: 5, Worst: 1}, URL: "https://trip.example/hotel", Label: puskaradio.Negative, Published: at}},
	}
	kinds := map[string]Message{
		"alert": {Key: "a/7F3KQ2AA", Alert: anAlert()}, "alert-over": {Key: "a/7F3KQ2AA", Alert: over}, "alert-bare": {Key: "a/7F3KQ2AA", Alert: quiet},
		"digest": {Key: "g/acme/2026-11-20", Digest: aDigest()}, "digest-empty": {Key: "g/acme/2026-11-20", Digest: empty},
		"digest-week":   {Key: "g/acme/2026-W47", Digest: aWeek()},
		"digest-failed": {Key: "g/acme/2026-11-20", Digest: failed},
		"urgent":        {Key: "a/URGENT22", Alert: urgent}, "live": {Key: "a/LIVE2222", Alert: live},
		"summary": {Key: "summary/1", Text: Summary("fi", []string{"Yksi <!channel>.", hostile["bidi"]})},
	}
	maps.Copy(kinds, lifeMessages())
	out := map[string]Message{}
	for name, m := range kinds {
		for _, lang := range []string{"fi", "en"} {
			m.Lang, m.Zone, m.Link = lang, helsinki(t), "https://puskaradio.example/"
			out[name+"-"+lang] = m
		}
	}
	return out
}

// golden compares with a file, or writes it with -update.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got\n%s", path, got)
	}
}

func TestSlackGolden(t *testing.T) {
	for name, m := range messages(t) {
		t.Run(name, func(t *testing.T) {
			sent := deliver(t, m)
			var b bytes.Buffer
			enc := json.NewEncoder(&b)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			if err := enc.Encode(sent); err != nil {
				t.Fatal(err)
			}
			golden(t, "../testdata/notify/slack/"+name+".json", b.Bytes())
			checkSafe(t, sent)
		})
	}
}

// checkSafe looks for texts of strangers where Slack would read them.
func checkSafe(t *testing.T, sent map[string]any) {
	t.Helper()
	if sent["unfurl_links"] != "false" || sent["unfurl_media"] != "false" {
		t.Errorf("unfurl = %v, %v, want false", sent["unfurl_links"], sent["unfurl_media"])
	}
	if s := sent["text"].(string); strings.ContainsAny(s, "<>") || s == "" || strings.Contains(s, "\u202E") {
		t.Errorf("text = %q: empty or not escaped", s)
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				walk(x)
			}
		case map[string]any:
			if text, _ := v["text"].(string); v["type"] == "mrkdwn" {
				// The only markup is our link to our own page.
				if i := strings.LastIndex(text, " · <https://puskaradio.example/a/"); i >= 0 {
					text = text[:i]
				}
				if strings.ContainsAny(text, "<>") {
					t.Errorf("mrkdwn holds %q", text)
				}
			}
			for _, x := range v {
				walk(x)
			}
		case string:
			if strings.ContainsAny(v, "\u202E\u2066\u200F\x1b\u009b\x00") {
				t.Errorf("%q holds characters that turn or control", v)
			}
		}
	}
	walk(sent["blocks"])
}

func TestTerminalGolden(t *testing.T) {
	for name, m := range messages(t) {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			b.WriteString(Sentence(m) + "\n\n" + Terminal(m, 80))
			if m.Digest != nil {
				for _, q := range m.Digest.Need {
					b.WriteString("\n" + QuoteText(m, q, 80))
				}
			}
			golden(t, "../testdata/notify/terminal/"+name+".txt", []byte(b.String()))
			if i := strings.IndexFunc(b.String(), hidden); i >= 0 {
				t.Errorf("%q can move a cursor or turn the text", b.String()[i:i+8])
			}
		})
	}
}

// TestKinds: whoever adds a kind of channel records what it sends.
func TestKinds(t *testing.T) {
	for _, kind := range Kinds() {
		files, err := filepath.Glob("../testdata/notify/" + kind + "/*")
		if err != nil || len(files) == 0 {
			t.Errorf("kind %s: nothing in testdata/notify/%s (%v)", kind, kind, err)
		}
		if Options(kind) == nil {
			t.Errorf("Options(%q) = nil", kind)
		}
	}
}
