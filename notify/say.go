package notify

import (
	"fmt"
	"math"
	"strings"

	"github.com/puskaradio/puskaradio"
)

// headline is the title of a message.
func headline(m Message) string {
	w := wordsOf(m.Lang)
	switch {
	case m.Alert != nil:
		return turned(m, alertHeadline(m))
	case m.Digest != nil:
		if m.Digest.Week != nil {
			return weekHeadline(m)
		}
		return w.digest + ": " + plain(m.Digest.Name) + " " + date(m.Lang, m.Digest.Date)
	}
	return plain(m.Text)
}

func alertHeadline(m Message) string {
	w, a := wordsOf(m.Lang), m.Alert
	if h := sideHeadline(m); h != "" {
		return h
	}
	h := w.spike + ": " + plain(a.Name)
	if a.Severity == puskaradio.Crisis {
		h = w.crisis + ": " + plain(a.Name)
	}
	if a.Rule == puskaradio.RuleUrgent {
		return w.urgent + ": " + plain(a.Name) + " · " + topicName(m.Lang, a.Topic)
	}
	if a.Rule == puskaradio.RuleLive {
		return w.live + ": " + plain(a.Name)
	}
	if a.Topic != "" {
		h += " · " + topicName(m.Lang, a.Topic)
	}
	if a.State == "over" {
		h = w.over + ": " + h
	}
	return h
}

// Sentence says a message in one sentence, with its number, its place and the
// worst quote: what a phone shows and a screen reader reads.
func Sentence(m Message) string {
	switch {
	case m.Alert != nil && m.Turn == News:
		return newsSentence(m)
	case m.Alert != nil && m.Turn.isLine():
		return dueSentence(m)
	case m.Alert != nil:
		return withHand(m, alertSentence(m))
	case m.Digest != nil:
		return headline(m) + ". " + digestSentence(m)
	case m.Case != nil:
		return caseSentence(m)
	}
	return plain(m.Text)
}

func alertSentence(m Message) string {
	w, a := wordsOf(m.Lang), m.Alert
	switch a.Rule {
	case puskaradio.RuleLive:
		return liveSentence(m)
	case puskaradio.RuleUrgent:
		return urgentSentence(m)
	}
	if side := sideSentence(m); side != "" {
		return side
	}
	s := fmt.Sprintf("%s. %d %s %s %s (%s %s).", headline(m), a.Negative, w.negative, map[bool]string{true: "viimeisten", false: "in the last"}[m.Lang == "fi"],
		span(w, a.To.Sub(a.From)), strings.ToLower(w.usual), number(m.Lang, a.Usual))
	if m.Lang == "fi" {
		s = fmt.Sprintf("%s. %d kielteistä %s tunnissa (tavallisesti %s).", headline(m), a.Negative, number(m.Lang, a.To.Sub(a.From).Hours()), number(m.Lang, a.Usual))
	}
	if len(a.Quotes) > 0 {
		q := a.Quotes[0]
		s += " " + w.worst + ": "
		if r := stars(m.Lang, q.Rating); r != "" {
			s += r + ", "
		}
		s += quoted(m.Lang, clip(plain(q.Text), 160)) + "."
	}
	if link := alertLink(m); link != "" {
		s += " " + w.open + ": " + link
	}
	return s
}

// urgentSentence tells of one post that must not wait, and why.
func urgentSentence(m Message) string {
	a, s := m.Alert, headline(m)
	if len(a.Words) > 0 {
		s += " (" + quoted(m.Lang, clip(plain(strings.Join(a.Words, ", ")), 100)) + ")"
	}
	s += "."
	for _, q := range a.Quotes[:min(1, len(a.Quotes))] {
		if r := stars(m.Lang, q.Rating); r != "" {
			s += " " + r + ","
		}
		s += " " + clip(plain(q.Source), 60) + ": " + quoted(m.Lang, clip(plain(q.Text), 200)) + "."
	}
	if link := alertLink(m); link != "" {
		s += " " + wordsOf(m.Lang).open + ": " + link
	}
	return s
}

// liveSentence tells of a text that may not be shown.
func liveSentence(m Message) string {
	w, s := wordsOf(m.Lang), headline(m)+". "
	for _, q := range m.Alert.Quotes {
		if r := stars(m.Lang, q.Rating); r != "" {
			s += r + ", "
		}
		s += plain(q.Source) + ". " + w.there
		if u := webLink(q.URL); u != "" {
			s += " " + w.open + ": " + u
		}
	}
	return s
}

// usually says how many negative mentions are usual, and how many are rare.
func usually(m Message) string {
	w, a := wordsOf(m.Lang), m.Alert
	s := number(m.Lang, a.Usual) + " " + w.negative
	if a.UsualHigh > 0 {
		s += " (" + fmt.Sprintf(w.rarely, number(m.Lang, math.Ceil(a.UsualHigh))) + ")"
	}
	return s + " / " + number(m.Lang, a.UsualAll)
}

// theme is what the mentions of an alert share: an aspect, and words.
func theme(m Message) string {
	a, s := m.Alert, "–"
	switch {
	case a.Topic != "" && a.Negative > 1:
		s = fmt.Sprintf("%s (%d/%d)", topicName(m.Lang, a.Topic), a.TopicN, a.Negative)
	case a.Topic != "":
		s = topicName(m.Lang, a.Topic)
	}
	var words []string
	for _, x := range a.Words[:min(4, len(a.Words))] {
		words = append(words, clip(plain(x), 40))
	}
	switch {
	case len(words) == 0:
		return s
	case a.Topic == "":
		return strings.Join(words, ", ")
	}
	return s + ": " + strings.Join(words, ", ")
}

// because says which rule raised an alert and how sure it is.
func because(m Message) string {
	w, a := wordsOf(m.Lang), m.Alert
	s := fmt.Sprintf("%s %s · %s %s", w.rule, topicName(m.Lang, a.Rule), w.luck, odds(m.Lang, a.Odds))
	switch {
	case a.MoreNeg >= 0.95:
		s += " · " + w.moreNeg
	case a.MoreNeg > 0 && float64(a.Total) > 1.5*a.UsualAll:
		s += " · " + w.moreAll
	}
	return s + " · " + clock(m.Lang, a.Decided, m.Zone)
}

func quoted(lang, s string) string {
	if lang == "fi" {
		return "”" + s + "”"
	}
	return "“" + s + "”"
}

func alertLink(m Message) string {
	if m.Link == "" {
		return ""
	}
	return strings.TrimRight(m.Link, "/") + "/a/" + m.Alert.ID
}

// digestSentence says a day in one sentence.
func digestSentence(m Message) string {
	d, fi := m.Digest, m.Lang == "fi"
	switch {
	case d.Total == 0 && len(d.Failed) == 0 && fi:
		return fmt.Sprintf("Ei mainintoja. Kaikki %d lähdettä vastasivat.", d.Sources)
	case d.Total == 0 && len(d.Failed) == 0:
		return fmt.Sprintf("No mentions. All %d sources answered.", d.Sources)
	case d.Total == 0 && fi:
		return fmt.Sprintf("Ei mainintoja, mutta %d/%d lähteestä ei saatu luettua.", len(d.Failed), d.Sources)
	case d.Total == 0:
		return fmt.Sprintf("No mentions, but %d of %d sources could not be read.", len(d.Failed), d.Sources)
	}
	var b strings.Builder
	if fi {
		fmt.Fprintf(&b, "%d mainintaa, %d kielteistä", d.Total, d.Negative)
	} else {
		fmt.Fprintf(&b, "%d mention%s, %d negative", d.Total, plural(d.Total), d.Negative)
	}
	if d.Total >= 30 { // below that a share says more than it knows
		fmt.Fprintf(&b, " (%s)", percent(m.Lang, float64(d.Negative)/float64(d.Total)))
	}
	if diff := float64(d.Negative) - d.UsualNeg; d.Usual > 0 && (diff >= 1 || diff <= -1) {
		more := map[bool]map[bool]string{
			true:  {true: "enemmän", false: "vähemmän"},
			false: {true: "more", false: "fewer"},
		}[fi][diff > 0]
		fmt.Fprintf(&b, ", %s %s %s", number(m.Lang, max(diff, -diff)), more, thanUsual(m))
	}
	b.WriteString(".")
	for _, t := range d.Topics {
		if t.Negative*2 >= t.Total && t.Negative > 0 {
			fmt.Fprintf(&b, " %s: %s.", map[bool]string{true: "Eniten moititaan", false: "Mostly blamed"}[fi], topicName(m.Lang, t.Name))
			break
		}
	}
	if len(d.Failed) > 0 {
		if fi {
			fmt.Fprintf(&b, " %d/%d lähteestä ei saatu luettua.", len(d.Failed), d.Sources)
		} else {
			fmt.Fprintf(&b, " %d of %d sources could not be read.", len(d.Failed), d.Sources)
		}
	}
	return b.String()
}

// reputation says the score with its band and what became of it in a week;
// empty if there is none.
func reputation(m Message) string {
	d := m.Digest
	if d.Reputation == nil {
		return ""
	}
	whole := func(v float64) string { return number(m.Lang, math.Round(v)) }
	s := fmt.Sprintf("%s (%s–%s)", whole(d.Reputation.Value), whole(d.Reputation.Low), whole(d.Reputation.High))
	if d.Before == nil || d.Before.Method != d.Reputation.Method {
		return s
	}
	diff := math.Round(d.Reputation.Value) - math.Round(d.Before.Value)
	sign := map[bool]string{true: "+", false: "−"}[diff >= 0]
	if diff == 0 {
		sign = "±"
	}
	return s + map[bool]string{true: ", viikossa ", false: ", in a week "}[m.Lang == "fi"] + sign + whole(math.Abs(diff))
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// topics are the names of aspects, rules and labels in Finnish.
var topics = map[string]string{
	puskaradio.RuleSpike: "kielteisten piikki", puskaradio.RuleLive: "uusi huono arvio", puskaradio.RuleUrgent: "kiireellinen viesti",
	puskaradio.RuleTopic: "aiheen piikki", puskaradio.RuleRating: "tähtien lasku", puskaradio.RuleSilence: "hiljentynyt lähde",
	"legal": "oikeustoimet", "discrimination": "syrjintä", "outage": "palvelukatko", "reach": "laaja yleisö", "author": "seurattu kirjoittaja", "long": "pitkä huono arvio", "spreading": "leviää", "test": "koe",
	"claimed": "otettu", "answered": "vastattu", "done": "valmis", "snoozed": "torkutettu", "false_alarm": "väärä hälytys", "new": "uusi",
	"negative": "kielteinen", "neutral": "neutraali", "positive": "myönteinen",
	"service": "asiakaspalvelu", "staff": "henkilökunta", "speed": "nopeus", "price": "hinta", "quality": "laatu",
	"delivery": "toimitus", "returns": "palautukset", "website": "verkkosivut ja sovellus", "payment": "maksaminen",
	"premises": "tilat", "safety": "turvallisuus", "communication": "viestintä", "product": "tuote", "food": "ruoka",
}

// topicName is an aspect, a rule or a label in words.
func topicName(lang, name string) string {
	if t := topics[name]; lang == "fi" && t != "" {
		return t
	}
	return plain(name)
}

// quoteHead says who wrote a quote, where and when.
func quoteHead(m Message, q puskaradio.Quote) string {
	var parts []string
	if r := stars(m.Lang, q.Rating); r != "" {
		parts = append(parts, r)
	}
	parts = append(parts, clip(plain(q.Source), 60))
	if q.Author != "" {
		parts = append(parts, clip(plain(q.Author), 60))
	}
	parts = append(parts, clock(m.Lang, q.Published, m.Zone))
	if q.Lang != "" {
		parts = append(parts, clip(plain(q.Lang), 8))
	}
	if q.Copies > 0 {
		parts = append(parts, fmt.Sprintf(wordsOf(m.Lang).copies, q.Copies))
	}
	return strings.Join(parts, " · ")
}

// quoteText is a quote with its title.
func quoteText(q puskaradio.Quote, n int) string {
	s := plain(q.Text)
	if t := plain(q.Title); t != "" && !strings.HasPrefix(s, t) {
		s = t + ". " + s
	}
	return clip(s, n)
}

// Summary says in one message what has waited for a channel that was away.
func Summary(lang string, lines []string) string {
	return fmt.Sprintf(wordsOf(lang).collected, len(lines)) + ": " + strings.Join(lines, " ··· ")
}
