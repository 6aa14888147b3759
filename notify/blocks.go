package notify

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	slackapi "github.com/slack-go/slack"

	"github.com/puskaradio/puskaradio"
)

// What Slack takes, in characters and in numbers. See
// https://docs.slack.dev/reference/block-kit/blocks.
const (
	maxBlocks     = 50
	maxHeader     = 150
	maxName       = 100 // ours: a line over a value
	maxField      = 2000
	maxQuote      = 600 // ours: three lines on a phone; Slack would take 3,000
	maxURL        = 3000
	maxID         = 200 // Slack takes 255; the rest is for the number of a quote
	maxChartLabel = 20
	maxChartTitle = 50
	maxPoints     = 20
)

// Escape makes a text safe where Slack reads markup: it calls nobody and
// links nowhere.
func Escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// Blocks is a message as Slack lays it out. Texts of strangers stand only in
// text elements of rich text, which Slack does not read for mentions or links.
func Blocks(m Message) []slackapi.Block {
	var bs []slackapi.Block
	switch {
	case m.Alert != nil && m.Turn.isLine():
		return nil // it is a line of text
	case m.Alert != nil:
		bs = append(alertBlocks(m), handBlocks(m)...)
	case m.Digest != nil:
		bs = digestBlocks(m)
	default:
		return nil
	}
	return bs[:min(len(bs), maxBlocks)]
}

func header(id, text string) slackapi.Block {
	off := false
	return slackapi.NewHeaderBlock(&slackapi.TextBlockObject{Type: slackapi.PlainTextType, Text: clip(text, maxHeader), Emoji: &off},
		slackapi.HeaderBlockOptionBlockID(id))
}

// field is a name and a value of ours; both are escaped.
func field(name, value string) *slackapi.TextBlockObject {
	name = "*" + markup(name, maxName) + "*\n"
	return &slackapi.TextBlockObject{Type: slackapi.MarkdownType, Text: name + markup(value, maxField-units(name))}
}

// markup escapes a text and cuts what comes of it to at most n units, never
// within an escape.
func markup(s string, n int) string {
	return clipBy(s, n, Escape)
}

func alertBlocks(m Message) []slackapi.Block {
	w, a := wordsOf(m.Lang), m.Alert
	switch a.Rule {
	case puskaradio.RuleLive:
		return liveBlocks(m)
	case puskaradio.RuleUrgent:
		return urgentBlocks(m)
	case puskaradio.RuleRating, puskaradio.RuleSilence:
		return sideBlocks(m)
	}
	id := func(part string) string { return fmt.Sprintf("%s-%s-%d", part, clip(a.ID, maxID), a.Rev) }
	last := fmt.Sprintf("%d %s / %d", a.Negative, w.negative, a.Total)
	bs := []slackapi.Block{
		header(id("h"), headline(m)),
		&slackapi.SectionBlock{Type: slackapi.MBTSection, BlockID: id("s"), Fields: []*slackapi.TextBlockObject{
			field(fmt.Sprintf(w.last, span(w, a.To.Sub(a.From))), last), field(w.usual, usually(m)),
			field(w.topic, theme(m)), field(w.coverage, plain(a.Coverage)),
		}},
	}
	for i, q := range a.Quotes[:min(3, len(a.Quotes))] {
		bs = append(bs, quoteBlock(m, fmt.Sprintf("%s-%d", id("q"), i), q))
	}
	if c := chartBlock(m, id("d"), w.chart, a.Hours); c != nil {
		bs = append(bs, c)
	}
	why := because(m)
	why = markup(why, maxField-maxURL/2)
	if link := alertLink(m); link != "" && len(link) < maxURL/2 {
		why += " · <" + link + "|" + w.why + ">"
	}
	bs = append(bs, actions(m, id("a"))...)
	return append(bs, slackapi.NewContextBlock(id("c"), &slackapi.TextBlockObject{Type: slackapi.MarkdownType, Text: why}))
}

// actions are the buttons of an alert that somebody has still to see to.
func actions(m Message, id string) []slackapi.Block {
	a := m.Alert
	if !m.Buttons || a.State == "over" && a.Rule != puskaradio.RuleUrgent || a.Calmed != nil {
		return nil
	}
	w, value := wordsOf(m.Lang), toValue(m)
	button := func(do, text string) *slackapi.ButtonBlockElement {
		return slackapi.NewButtonBlockElement("alert_"+do, value, plainText(text))
	}
	take, calm := button(DoClaim, w.take), button(DoCalm, w.calm)
	take.Style = slackapi.StylePrimary
	calm.Confirm = slackapi.NewConfirmationBlockObject(plainText(w.calmSure), plainText(w.calmWhy), plainText(w.calm), plainText(w.cancel))
	var elements []slackapi.BlockElement
	if a.Claimed == nil {
		elements = append(elements, take)
	}
	if len(a.Quotes) > 0 {
		elements = append(elements, button(DoDraft, w.draft))
	}
	if a.Claimed == nil {
		elements = append(elements, button(DoSnooze, w.snooze))
	}
	return []slackapi.Block{slackapi.NewActionBlock(id, append(elements, calm)...)}
}

// urgentBlocks tells of one post that must not wait, and why.
func urgentBlocks(m Message) []slackapi.Block {
	w, a := wordsOf(m.Lang), m.Alert
	id := func(part string) string { return fmt.Sprintf("%s-%s-%d", part, clip(a.ID, maxID), a.Rev) }
	bs := []slackapi.Block{header(id("h"), headline(m))}
	for i, q := range a.Quotes[:min(1, len(a.Quotes))] {
		bs = append(bs, quoteBlock(m, fmt.Sprintf("%s-%d", id("q"), i), q))
	}
	bs = append(bs, actions(m, id("a"))...)
	why := w.rule + " " + topicName(m.Lang, a.Rule) + " · " + theme(m) + " · " + clock(m.Lang, a.Decided, m.Zone)
	return append(bs, slackapi.NewContextBlock(id("c"), &slackapi.TextBlockObject{Type: slackapi.MarkdownType, Text: markup(why, maxField)}))
}

// liveBlocks tells of a text that may not be shown.
func liveBlocks(m Message) []slackapi.Block {
	bs := []slackapi.Block{header(fmt.Sprintf("h-%s-%d", clip(m.Alert.ID, maxID), m.Alert.Rev), headline(m))}
	for i, q := range m.Alert.Quotes[:min(3, len(m.Alert.Quotes))] {
		q.Text = wordsOf(m.Lang).there
		q.ID = ""
		bs = append(bs, quoteBlock(m, fmt.Sprintf("q-%s-%d", clip(m.Alert.ID, maxID), i), q))
	}
	return bs
}

// quoteBlock shows what somebody wrote and links to where.
func quoteBlock(m Message, id string, q puskaradio.Quote) slackapi.Block {
	w := wordsOf(m.Lang)
	text := quoteText(q, maxQuote)
	if text == "" {
		text = "–"
	}
	elements := []slackapi.RichTextElement{
		slackapi.NewRichTextSection(slackapi.NewRichTextSectionTextElement(quoteHead(m, q), &slackapi.RichTextSectionTextStyle{Bold: true})),
		&slackapi.RichTextQuote{Type: slackapi.RTEQuote, Elements: []slackapi.RichTextSectionElement{slackapi.NewRichTextSectionTextElement(text, nil)}},
	}
	var links []slackapi.RichTextSectionElement
	if u := webLink(strings.TrimRight(m.Link, "/") + "/m/" + string(q.ID)); u != "" && q.ID != "" {
		links = append(links, slackapi.NewRichTextSectionLinkElement(u, w.inbox, nil))
	}
	if u := webLink(q.URL); u != "" {
		if len(links) > 0 {
			links = append(links, slackapi.NewRichTextSectionTextElement("  ·  ", nil))
		}
		links = append(links, slackapi.NewRichTextSectionLinkElement(u, w.original, nil))
	}
	if len(links) > 0 {
		elements = append(elements, slackapi.NewRichTextSection(links...))
	}
	return slackapi.NewRichTextBlock(id, elements...)
}

// webLink gives back a link that leads to the web, and nothing else.
func webLink(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return ""
	}
	u.RawQuery = asciiQuery(u.RawQuery)
	if s = u.String(); len(s) > maxURL {
		return ""
	}
	return s
}

// asciiQuery writes what does not belong in a query as its octets: package url
// does so everywhere but there, and it could turn the text around the link.
func asciiQuery(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if s[i] > ' ' && s[i] < 0x7F && !strings.ContainsRune(`<>"`, rune(s[i])) {
			b.WriteByte(s[i])
			continue
		}
		fmt.Fprintf(&b, "%%%02X", s[i])
	}
	return b.String()
}

// chartBlock draws up to twenty points; fewer than two are no chart.
func chartBlock(m Message, id, title string, points []puskaradio.Point) slackapi.Block {
	points = points[max(0, len(points)-maxPoints):]
	if len(points) < 2 {
		return nil
	}
	w := wordsOf(m.Lang)
	day := "2 Jan"
	if m.Lang == "fi" {
		day = "2.1."
	}
	layout := "15"
	if points[1].At.Sub(points[0].At).Hours() > 20 {
		layout = day
	}
	var labels []string
	var data []slackapi.DataVisualizationDataPoint
	for _, p := range points {
		label := p.At.In(zoneOr(m.Zone)).Format(layout)
		for _, more := range []string{day + " 15", day + " 15 MST", day + " 15:04:05"} { // each must be of its own
			if !slices.Contains(labels, label) {
				break
			}
			label = clip(p.At.In(zoneOr(m.Zone)).Format(more), maxChartLabel)
		}
		if slices.Contains(labels, label) {
			continue // the same point again
		}
		labels = append(labels, label)
		data = append(data, slackapi.NewDataVisualizationDataPoint(label, p.Value))
	}
	if len(data) < 2 {
		return nil
	}
	axis := slackapi.NewDataVisualizationAxisConfig(labels...)
	axis.YLabel = w.count
	if layout == "15" {
		axis.XLabel = w.hour
	}
	chart := slackapi.NewDataVisualizationLineChart(axis, slackapi.NewDataVisualizationDataSeries(w.negative, data...))
	return slackapi.NewDataVisualizationBlock(clip(title, maxChartTitle), chart, slackapi.DataVisualizationBlockOptionBlockID(id))
}

func digestBlocks(m Message) []slackapi.Block {
	w, d := wordsOf(m.Lang), m.Digest
	fi := m.Lang == "fi"
	pick := func(a, b string) string {
		if fi {
			return a
		}
		return b
	}
	id := func(part string) string { return clip("g-"+part+"-"+d.Brand+"-"+d.Date, maxID) }
	waiting := number(m.Lang, float64(d.Waiting))
	if !d.Oldest.IsZero() && d.Waiting > 0 {
		waiting += pick(", vanhin ", ", oldest ") + clock(m.Lang, d.Oldest, m.Zone)
	}
	share := pick("vain yksi brändi", "one brand only")
	for _, v := range d.Share {
		if v.Brand == d.Brand {
			share = percent(m.Lang, v.Share)
		}
	}
	facts := &slackapi.SectionBlock{Type: slackapi.MBTSection, BlockID: id("f"), Fields: []*slackapi.TextBlockObject{
		field(pick("Mainintoja", "Mentions"), fmt.Sprintf("%d (%s %s)", d.Total, strings.ToLower(w.usual), number(m.Lang, d.Usual))),
		field(pick("Kielteisiä", "Negative"), fmt.Sprintf("%d/%d (%s %s)", d.Negative, d.Total, strings.ToLower(w.usual), number(m.Lang, d.UsualNeg))),
		field(pick("Odottaa vastausta", "Waiting for a reply"), waiting),
		field(pick("Osuus puheesta", "Share of voice"), share),
	}}
	if s := reputation(m); s != "" {
		facts.Fields = append(facts.Fields, field(pick("Maine, 0–100", "Reputation, 0–100"), s))
	}
	for _, f := range weekFacts(m) {
		facts.Fields = append(facts.Fields, field(f[0], f[1]))
	}
	bs := []slackapi.Block{
		header(id("h"), headline(m)),
		slackapi.NewRichTextBlock(id("s"), slackapi.NewRichTextSection(slackapi.NewRichTextSectionTextElement(clip(digestSentence(m), maxField), nil))),
		facts,
	}
	if c := chartBlock(m, id("d"), pick("Kielteiset päivittäin", "Negative mentions by day"), d.Days); c != nil {
		bs = append(bs, c)
	}
	for i, q := range d.Need {
		bs = append(bs, quoteBlock(m, fmt.Sprintf("%s-%d", id("q"), i), q))
	}
	if d.Week != nil {
		for i, q := range d.Week.Stories {
			bs = append(bs, quoteBlock(m, fmt.Sprintf("%s-%d", id("t"), i), q))
		}
	}
	return append(bs, slackapi.NewContextBlock(id("c"), &slackapi.TextBlockObject{Type: slackapi.MarkdownType, Text: markup(healthLine(m), maxField)}))
}

// healthLine says which sources answered: silence must not look like calm.
func healthLine(m Message) string {
	d := m.Digest
	s := fmt.Sprintf("%d/%d sources answered", d.Sources-len(d.Failed), d.Sources)
	if m.Lang == "fi" {
		s = fmt.Sprintf("%d/%d lähdettä vastasi", d.Sources-len(d.Failed), d.Sources)
	}
	for _, f := range d.Failed {
		s += " · " + plain(f)
	}
	if d.Late {
		s += map[bool]string{true: " · myöhässä", false: " · late"}[m.Lang == "fi"]
	}
	return s
}
