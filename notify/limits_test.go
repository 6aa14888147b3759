package notify

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/puskaradio/puskaradio"
)

// anyText is what people and hostile people write.
var anyText = rapid.OneOf(
	rapid.String(),
	rapid.StringOfN(rapid.SampledFrom([]rune("aä &<>\u0301\u200d👩👧🏽🇫🇮ᄀ\u0915\u094d\u202e`*_")), 0, 300, -1),
	rapid.SampledFrom([]string{hostile["calls"], hostile["long"][:5000], hostile["emoji"], hostile["zalgo"], strings.Repeat("&", 2500)}),
)

func anyTime() *rapid.Generator[time.Time] {
	return rapid.Map(rapid.Int64Range(0, 1<<32), func(s int64) time.Time { return time.Unix(s, 0).UTC() })
}

func anyQuote() *rapid.Generator[puskaradio.Quote] {
	return rapid.Custom(func(t *rapid.T) puskaradio.Quote {
		q := puskaradio.Quote{
			ID: puskaradio.NewID(1, rapid.Uint64().Draw(t, "id")), Source: anyText.Draw(t, "source"), Author: anyText.Draw(t, "author"),
			Title: anyText.Draw(t, "title"), Text: anyText.Draw(t, "text"), Lang: anyText.Draw(t, "lang"),
			URL: "https://a.example/" + anyText.Draw(t, "path"), Published: anyTime().Draw(t, "published"),
		}
		if rapid.Bool().Draw(t, "rated") {
			q.Rating = &puskaradio.Rating{Value: rapid.Float64Range(-1e300, 1e300).Draw(t, "stars"), Best: rapid.Float64Range(0, 1e300).Draw(t, "best")}
		}
		return q
	})
}

func anyPoints() *rapid.Generator[[]puskaradio.Point] {
	return rapid.Custom(func(t *rapid.T) []puskaradio.Point {
		from := anyTime().Draw(t, "from")
		step := rapid.SampledFrom([]time.Duration{0, time.Second, time.Hour, 24 * time.Hour, 7 * time.Hour, 365 * 24 * time.Hour}).Draw(t, "step")
		ps := make([]puskaradio.Point, rapid.IntRange(0, 40).Draw(t, "n"))
		for i := range ps {
			ps[i] = puskaradio.Point{At: from.Add(time.Duration(i) * step), Value: rapid.Float64Range(0, 1e6).Draw(t, "v")}
		}
		return ps
	})
}

// rules are all that an alert can come from.
var rules = []string{puskaradio.RuleSpike, puskaradio.RuleUrgent, puskaradio.RuleLive, puskaradio.RuleTopic, puskaradio.RuleRating, puskaradio.RuleSilence}

func anyMessage(zone *time.Location, alert bool) *rapid.Generator[Message] {
	return rapid.Custom(func(t *rapid.T) Message {
		m := Message{
			Key: anyText.Draw(t, "key"), Lang: rapid.SampledFrom([]string{"fi", "en", ""}).Draw(t, "lang"),
			Zone:    rapid.SampledFrom([]*time.Location{nil, zone}).Draw(t, "zone"),
			Link:    rapid.SampledFrom([]string{"", "https://p.example", "https://p.example/" + strings.Repeat("x", 4000)}).Draw(t, "link"),
			Buttons: rapid.Bool().Draw(t, "buttons"),
		}
		quotes := rapid.SliceOfN(anyQuote(), 0, 8).Draw(t, "quotes")
		count := rapid.IntRange(0, 1e9)
		if alert {
			m.Alert = &puskaradio.Alert{
				ID: rapid.StringMatching(`[A-Z2-7]{8}`).Draw(t, "id"), Brand: "b", Name: anyText.Draw(t, "name"), Rule: anyText.Draw(t, "rule"), From: anyTime().Draw(t, "from"),
				To: anyTime().Draw(t, "to"), Negative: count.Draw(t, "neg"), Total: count.Draw(t, "total"), Usual: rapid.Float64Range(0, 1e9).Draw(t, "usual"),
				UsualAll: rapid.Float64Range(0, 1e9).Draw(t, "all"), Odds: rapid.Float64Range(0, 1).Draw(t, "odds"), Topic: anyText.Draw(t, "topic"), UsualHigh: rapid.Float64Range(0, 1e9).Draw(t, "high"), Severity: rapid.SampledFrom([]puskaradio.Severity{"", puskaradio.Notice, puskaradio.Crisis}).Draw(t, "severity"),
				MoreNeg: rapid.Float64Range(0, 1).Draw(t, "more"), Words: rapid.SliceOfN(anyText, 0, 6).Draw(t, "words"),
				Quotes: quotes, Hours: anyPoints().Draw(t, "hours"), Coverage: anyText.Draw(t, "coverage"), Decided: anyTime().Draw(t, "decided"),
				State: rapid.SampledFrom([]string{"open", "updated", "over"}).Draw(t, "state"), Rev: rapid.IntRange(0, 1e6).Draw(t, "rev"),
			}
			if rapid.Bool().Draw(t, "known rule") {
				m.Alert.Rule = rapid.SampledFrom(rules).Draw(t, "which")
			}
			m.Alert.Source, m.Alert.Reads = anyText.Draw(t, "source"), count.Draw(t, "reads")
			if rapid.Bool().Draw(t, "stars") {
				m.Alert.Stars = &puskaradio.Stars{Now: rapid.Float64Range(1, 5).Draw(t, "now"), Usual: rapid.Float64Range(1, 5).Draw(t, "then"), N: count.Draw(t, "ratings"), Year: count.Draw(t, "year")}
			}
			m.Turn = rapid.SampledFrom([]Turn{Told, Reminder, Escalated}).Draw(t, "turn")
			hand := &puskaradio.Hand{By: anyText.Draw(t, "by"), At: anyTime().Draw(t, "at")}
			switch rapid.IntRange(0, 3).Draw(t, "hand") {
			case 0:
				m.Alert.Claimed = hand
			case 1:
				m.Alert.Calmed = hand
			case 2:
				m.Alert.Snoozed = hand.At
			}
			return m
		}
		need := quotes
		if len(need) > 0 && rapid.IntRange(0, 9).Draw(t, "flood") == 0 { // more than a digest should ever hold
			for len(need) < 60 {
				need = append(need, quotes[0])
			}
		}
		m.Digest = &puskaradio.Digest{
			Brand: anyText.Draw(t, "brand"), Name: anyText.Draw(t, "name"), Date: anyText.Draw(t, "date"), Total: count.Draw(t, "total"),
			Negative: count.Draw(t, "neg"), Usual: rapid.Float64Range(0, 1e9).Draw(t, "usual"), Waiting: count.Draw(t, "waiting"),
			Oldest: anyTime().Draw(t, "oldest"), Need: need, Days: anyPoints().Draw(t, "days"), Sources: 9,
			Topics: []puskaradio.Topic{{Name: anyText.Draw(t, "topic"), Total: 2, Negative: 2}},
			Failed: rapid.SliceOfN(anyText, 0, 9).Draw(t, "failed"), Late: rapid.Bool().Draw(t, "late"),
		}
		return m
	})
}

// TestSlackLimits: whatever there is to say, Slack takes it.
func TestSlackLimits(t *testing.T) {
	zone := helsinki(t)
	for name, alert := range map[string]bool{"alert": true, "digest": false} {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			checkMessage(t, anyMessage(zone, alert).Draw(t, "message"))
		}))
	}
}

func checkMessage(t *rapid.T, m Message) {
	raw, err := json.Marshal(Blocks(m))
	if err != nil {
		t.Fatal(err)
	}
	var blocks []map[string]any
	if err := json.Unmarshal(raw, &blocks); err != nil {
		t.Fatal(err)
	}
	if len(blocks) == 0 || len(blocks) > 50 {
		t.Fatalf("%d blocks", len(blocks))
	}
	ids, charts := map[string]bool{}, 0
	for _, b := range blocks {
		id := b["block_id"].(string)
		if ids[id] || units(id) > 255 || id == "" {
			t.Errorf("block_id %q is long or not unique", id)
		}
		ids[id] = true
		if b["type"] == "data_visualization" {
			charts++
		}
		checkBlock(t, b)
	}
	if charts > 2 {
		t.Errorf("%d charts", charts)
	}
	s := Sentence(m)
	if !utf8.ValidString(s) || strings.ContainsFunc(s, hidden) {
		t.Errorf("sentence %q", s)
	}
	if m.Alert != nil {
		m.Turn, m.Since = News, m.Alert.Negative
		if s := Sentence(m); !utf8.ValidString(s) || strings.ContainsFunc(s, hidden) {
			t.Errorf("news %q", s)
		}
	}
	if s := Terminal(m, 80); strings.ContainsFunc(s, hidden) {
		t.Errorf("terminal %q", s)
	}
}

func checkBlock(t *rapid.T, b map[string]any) {
	text := func(v any, most int) {
		s, ok := v.(string)
		if !ok || s == "" || units(s) > most || !utf8.ValidString(s) {
			t.Errorf("%v: text of %d, want 1 to %d", b["type"], units(s), most)
		}
	}
	switch b["type"] {
	case "header":
		text(b["text"].(map[string]any)["text"], 150)
	case "section":
		fields := b["fields"].([]any)
		if len(fields) > 10 {
			t.Errorf("%d fields", len(fields))
		}
		for _, f := range fields {
			text(f.(map[string]any)["text"], 2000)
		}
	case "context":
		elements := b["elements"].([]any)
		if len(elements) == 0 || len(elements) > 10 {
			t.Errorf("%d elements of context", len(elements))
		}
		for _, e := range elements {
			text(e.(map[string]any)["text"], 2000)
		}
	case "rich_text":
		for _, part := range b["elements"].([]any) {
			for _, e := range part.(map[string]any)["elements"].([]any) {
				text(e.(map[string]any)["text"], 3000)
				if u, ok := e.(map[string]any)["url"]; ok && units(u.(string)) > 3000 {
					t.Errorf("url of %d", units(u.(string)))
				}
			}
		}
	case "data_visualization":
		checkChart(t, b)
	case "actions":
		elements := b["elements"].([]any)
		if len(elements) == 0 || len(elements) > 25 {
			t.Errorf("%d elements of actions", len(elements))
		}
		for _, e := range elements {
			checkElement(t, e.(map[string]any), text)
		}
	case "input":
		text(b["label"].(map[string]any)["text"], 2000)
		if s, _ := b["element"].(map[string]any)["initial_value"].(string); units(s) > 3000 {
			t.Errorf("initial value of %d", units(s))
		}
	default:
		t.Errorf("block of type %v", b["type"])
	}
}

// checkElement: what buttons and choices hold is short enough.
func checkElement(t *rapid.T, e map[string]any, text func(any, int)) {
	text(e["action_id"], 255)
	if e["type"] == "button" {
		text(e["text"].(map[string]any)["text"], 75)
		text(e["value"], 2000)
		return
	}
	options := e["options"].([]any)
	if e["type"] != "static_select" || len(options) == 0 || len(options) > 100 {
		t.Errorf("element of type %v with %d options", e["type"], len(options))
	}
	for _, o := range options {
		text(o.(map[string]any)["text"].(map[string]any)["text"], 75)
		text(o.(map[string]any)["value"], 150)
	}
}

// TestFormLimits: whatever is to be answered, Slack takes the form.
func TestFormLimits(t *testing.T) {
	zone := helsinki(t)
	rapid.Check(t, func(t *rapid.T) {
		d := &Draft{
			Posts: rapid.SliceOfN(anyQuote(), 1, 8).Draw(t, "posts"), Text: anyText.Draw(t, "text"), As: anyText.Draw(t, "as"), To: anyText.Draw(t, "to"),
		}
		d.Post = rapid.SampledFrom(d.Posts).Draw(t, "post")
		d.Send, d.Second = rapid.Bool().Draw(t, "send"), rapid.Bool().Draw(t, "second")
		if rapid.Bool().Draw(t, "waits") {
			d.Waits = &puskaradio.Waiting{Who: anyText.Draw(t, "writer"), At: time.Now()}
		}
		at := placeFor(d, "7F3KQ2AA", rapid.SampledFrom([]string{"fi", "en"}).Draw(t, "lang"), "C1")
		v := draftView(d, at, zone)
		raw, err := json.Marshal(v.Blocks)
		if err != nil {
			t.Fatal(err)
		}
		var blocks []map[string]any
		if err := json.Unmarshal(raw, &blocks); err != nil {
			t.Fatal(err)
		}
		for _, b := range blocks {
			checkBlock(t, b)
		}
		for _, x := range []string{v.Title.Text, v.Submit.Text, v.Close.Text} {
			if x == "" || units(x) > 24 {
				t.Errorf("%q is longer than the head of a form may be", x)
			}
		}
		if len(v.PrivateMetadata) > 3000 {
			t.Errorf("%d bytes of metadata", len(v.PrivateMetadata))
		}
	})
}

func checkChart(t *rapid.T, b map[string]any) {
	if s := b["title"].(string); s == "" || units(s) > 50 {
		t.Errorf("chart title %q", s)
	}
	chart := b["chart"].(map[string]any)
	var categories []string
	seen := map[string]bool{}
	for _, c := range chart["axis_config"].(map[string]any)["categories"].([]any) {
		s := c.(string)
		if s == "" || units(s) > 20 || seen[s] {
			t.Errorf("label %q is long or not unique", s)
		}
		seen[s] = true
		categories = append(categories, s)
	}
	series := chart["series"].([]any)
	if len(series) == 0 || len(series) > 6 {
		t.Errorf("%d series", len(series))
	}
	for _, s := range series {
		data := s.(map[string]any)["data"].([]any)
		if len(data) != len(categories) || len(data) > 20 || len(data) < 2 {
			t.Fatalf("%d points for %d categories", len(data), len(categories))
		}
		for i, d := range data {
			if got := d.(map[string]any)["label"]; got != categories[i] {
				t.Errorf("point %d is %v, want %v", i, got, categories[i])
			}
		}
	}
}

// TestCutsOnCharacters: what is cut ends where a reader sees a character end.
func TestCutsOnCharacters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, n := plain(anyText.Draw(t, "s")), rapid.IntRange(1, 700).Draw(t, "n")
		c := clip(s, n)
		if units(c) > n {
			t.Errorf("clip(%q, %d) has %d", s, n, units(c))
		}
		onBound(t, s, c)
	})
}
