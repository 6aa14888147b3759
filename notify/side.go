package notify

import (
	"fmt"
	"time"

	slackapi "github.com/slack-go/slack"

	"github.com/puskaradio/puskaradio"
)

// sideWords are what messages say of stars that have fallen, of a source that has
// gone quiet, and of one topic among what is said.
type sideWords struct{ topic, rating, silence, topicFacts, ratingFacts, silenceFacts, spoke string }

func sideWordsOf(lang string) sideWords {
	if lang == "fi" {
		return sideWords{
			topic: "Aiheen piikki", rating: "Tähdet ovat laskeneet", silence: "Lähde on hiljentynyt",
			topicFacts:   "%d kielteistä %s tunnissa aiheesta %s (tavallisesti %s); muu puhe on tavallista.",
			ratingFacts:  "%s/5 tähteä %s alkaen (%d arviota); tavallisesti %s (%d arviota vuodessa sitä ennen); sattumalta %s.",
			silenceFacts: "Ei mitään uutta %s jälkeen, tavallisesti %s vuorokaudessa; luettu onnistuneesti %d kertaa sen jälkeen; sattumalta %s.",
			spoke:        "Lähteestä tulee taas uutta. Hiljaista oli %s – %s.",
		}
	}
	return sideWords{
		topic: "Topic spike", rating: "Stars have fallen", silence: "Gone quiet",
		topicFacts:   "%d negative in %s h about %s (usually %s); other talk is as usual.",
		ratingFacts:  "%s of 5 stars since %s (%d ratings); usually %s (%d ratings in the year before); by luck %s.",
		silenceFacts: "Nothing new since %s, usually %s a day; read well %d times since then; by luck %s.",
		spoke:        "It brings something new again. It was quiet from %s to %s.",
	}
}

// isSide reports whether an alert has a layout of its own, in which nothing is
// counted.
func isSide(a *puskaradio.Alert) bool {
	return a.Rule == puskaradio.RuleRating || a.Rule == puskaradio.RuleSilence
}

// sideHeadline is the title of an alert by a rule beside that of spikes; empty if
// it is by none of these.
func sideHeadline(m Message) string {
	w, a := sideWordsOf(m.Lang), m.Alert
	h := ""
	switch a.Rule {
	case puskaradio.RuleTopic:
		h = w.topic + ": " + plain(a.Name) + " · " + topicName(m.Lang, a.Topic)
	case puskaradio.RuleRating:
		h = w.rating + ": " + plain(a.Name)
	case puskaradio.RuleSilence:
		h = w.silence + ": " + clip(plain(a.Source), 60) + " · " + plain(a.Name)
	default:
		return ""
	}
	if a.State == "over" {
		h = wordsOf(m.Lang).over + ": " + h
	}
	return h
}

// sideFacts says why such an alert was raised; empty for others.
func sideFacts(m Message) string {
	w, a := sideWordsOf(m.Lang), m.Alert
	switch {
	case a.Rule == puskaradio.RuleTopic:
		return fmt.Sprintf(w.topicFacts, a.Negative, number(m.Lang, max(1, a.To.Sub(a.From).Round(time.Hour).Hours())), topicName(m.Lang, a.Topic), number(m.Lang, a.Usual))
	case a.Rule == puskaradio.RuleRating && a.Stars != nil:
		return fmt.Sprintf(w.ratingFacts, number(m.Lang, a.Stars.Now), date(m.Lang, a.From.In(zoneOr(m.Zone)).Format(time.DateOnly)), a.Stars.N, number(m.Lang, a.Stars.Usual), a.Stars.Year, odds(m.Lang, a.Odds))
	case a.Rule == puskaradio.RuleSilence && a.State == "over":
		return fmt.Sprintf(w.spoke, clock(m.Lang, a.From, m.Zone), clock(m.Lang, a.To, m.Zone))
	case a.Rule == puskaradio.RuleSilence:
		return fmt.Sprintf(w.silenceFacts, clock(m.Lang, a.From, m.Zone), number(m.Lang, a.UsualAll), a.Reads, odds(m.Lang, a.Odds))
	}
	return ""
}

// sideSentence says such an alert in one go; empty for others.
func sideSentence(m Message) string {
	facts := sideFacts(m)
	if facts == "" {
		return ""
	}
	s := headline(m) + ". " + facts
	if len(m.Alert.Quotes) > 0 {
		q := m.Alert.Quotes[0]
		s += " " + wordsOf(m.Lang).worst + ": "
		if r := stars(m.Lang, q.Rating); r != "" {
			s += r + ", "
		}
		s += quoted(m.Lang, clip(plain(q.Text), 160)) + "."
	}
	if link := alertLink(m); link != "" {
		s += " " + wordsOf(m.Lang).open + ": " + link
	}
	return s
}

// sideBlocks lays out an alert in which nothing is counted.
func sideBlocks(m Message) []slackapi.Block {
	w, a := wordsOf(m.Lang), m.Alert
	id := func(part string) string { return fmt.Sprintf("%s-%s-%d", part, clip(a.ID, maxID), a.Rev) }
	bs := []slackapi.Block{
		header(id("h"), headline(m)),
		slackapi.NewRichTextBlock(id("s"), slackapi.NewRichTextSection(slackapi.NewRichTextSectionTextElement(clip(sideFacts(m), maxField)+" ", nil))),
	}
	for i, q := range a.Quotes[:min(3, len(a.Quotes))] {
		bs = append(bs, quoteBlock(m, fmt.Sprintf("%s-%d", id("q"), i), q))
	}
	bs = append(bs, actions(m, id("a"))...)
	why := markup(sideFoot(m), maxField-maxURL/2)
	if link := alertLink(m); link != "" && len(link) < maxURL/2 {
		why += " · <" + link + "|" + w.why + ">"
	}
	return append(bs, slackapi.NewContextBlock(id("c"), &slackapi.TextBlockObject{Type: slackapi.MarkdownType, Text: why}))
}

// terminalSide is the same for a terminal.
func terminalSide(m Message, line func(indent, s string)) {
	a := m.Alert
	line("", sideFacts(m))
	for _, q := range a.Quotes[:min(3, len(a.Quotes))] {
		line("", "")
		terminalQuote(m, q, line)
	}
	line("", sideFoot(m))
}

// sideFoot says by which rule it was raised, when, and what was heard at the time.
func sideFoot(m Message) string {
	w, a := wordsOf(m.Lang), m.Alert
	return w.rule + " " + topicName(m.Lang, a.Rule) + " · " + w.coverage + " " + plain(a.Coverage) + " · " + clock(m.Lang, a.Decided, m.Zone)
}
