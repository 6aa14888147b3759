package notify

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/rivo/uniseg"

	"github.com/puskaradio/puskaradio"
)

// words are what messages are made of, in one language.
type words struct {
	spike, over, update, test                string
	last, usual, topic, owner, nobody        string
	negative, inWindow, worst, open          string
	original, inbox, rule, luck, why         string
	chart, hour, count, coverage, collected  string
	hours                                    string
	digest                                   string
	live, there, urgent                      string
	crisis, rarely, moreNeg, moreAll, copies string
	// Buttons and forms.
	take, draft, snooze, calm, calmSure, calmWhy       string
	draftTitle, answer, send, sendsAs, cancel          string
	byHand, byHandDone, empty, mayNot                  string
	toSecond, sendsSecond, waits, giveBack             string
	ownAnswer, changedPost                             string
	taken, gone, notDone, usage, mine, others, nothing string
}

var languages = map[string]*words{
	"fi": {
		spike: "Kielteisten piikki", over: "Ohi", update: "Päivitys", test: "Puskaradion koeviesti",
		last: "Viime %s", usual: "Tavallisesti", topic: "Yhteinen aihe", owner: "Vastuuhenkilö", nobody: "ei vielä",
		negative: "kielteistä", inWindow: "ajassa", worst: "Vakavin", open: "Avaa",
		original: "Alkuperäinen", inbox: "Avaa saapuneissa", rule: "Sääntö", luck: "sattumalta minä tahansa tuntina", why: "miksi sain tämän?",
		chart: "Kielteisten määrä tunneittain", hour: "Tunti", count: "kpl", coverage: "Kuunneltu", collected: "%d hälytystä katkon ajalta",
		hours: "%s h", digest: "Kooste",
		urgent: "Kiireellinen",
		crisis: "Kriisi", rarely: "harvoin yli %s", moreNeg: "puhe on kielteisempää kuin yleensä", moreAll: "kaikkea puhetta on tavallista enemmän", copies: "+ %d kopiota",
		take: "Otan tämän", draft: "Luonnostele vastaus", snooze: "Torkuta 4 h", calm: "Väärä hälytys",
		calmSure: "Merkitse vääräksi?", calmWhy: "Hälytys päättyy, ja sen maininnat merkitään vääriksi hälytyksiksi.",
		draftTitle: "Vastaus", answer: "Luonnos, ei lähetetty", send: "Lähetä", cancel: "Peru",
		sendsAs: "Lähetetään vasta, kun painat Lähetä. Lähettäjä: {as}. Minne: {to}",
		byHand:  "Tähän lähteeseen ei voi vastata täältä: kopioi teksti, avaa alkuperäinen, vastaa siellä ja merkitse vastatuksi.", byHandDone: "Merkitse vastatuksi",
		toSecond: "Toisen hyväksyttäväksi", sendsSecond: "Mitään ei lähetetä ennen kuin toinen on hyväksynyt sen. Lähettäjä: {as}. Minne: {to}",
		waits:     "Kirjoittanut {who}; odottaa toista hyväksyjää. Lähetä sellaisenaan, niin se lähtee. Jos muutat sitä, sinä olet kirjoittaja ja joku toinen hyväksyy sen. Lähettäjä: {as}. Minne: {to}",
		giveBack:  "Tai palauta huomautuksen kera",
		ownAnswer: "Hyväksyjän on oltava toinen kuin kirjoittaja; tapauksen sivulla kirjoitettu hyväksytään siellä.", changedPost: "Viesti on muuttunut vastauksen kirjoittamisen jälkeen. Mitään ei lähetetty: kirjoita vastaus uudestaan.",
		empty: "Kirjoita vastaus.", mayNot: "Sinulla ei ole oikeutta tähän. Pyydä omistajaa lisäämään tunnuksesi kohtaan agents.",
		taken: "Joku ehti ensin.", gone: "Tätä ei enää ole.", notDone: "Ei onnistunut.",
		usage: "Kirjoita status, digest [brändi] tai mute 4h [brändi].", mine: "Minun", others: "Odottaa ottajaa", nothing: "Ei mitään.",
		live: "Uusi huono arvio", there: "Lähteen ehdot kieltävät tallentamasta tekstiä: lue se siellä.",
	},
	"en": {
		spike: "Negative spike", over: "Over", update: "Update", test: "Test message from puskaradio",
		last: "Last %s", usual: "Usually", topic: "Shared topic", owner: "Owner", nobody: "nobody yet",
		negative: "negative", inWindow: "in", worst: "Worst", open: "Open",
		original: "Original", inbox: "Open in the inbox", rule: "Rule", luck: "by luck in any one hour", why: "why did I get this?",
		chart: "Negative mentions by hour", hour: "Hour", count: "mentions", coverage: "Heard", collected: "%d alerts from while this channel was away",
		hours: "%s h", digest: "Digest",
		urgent: "Urgent",
		crisis: "Crisis", rarely: "rarely over %s", moreNeg: "talk is more negative than usual", moreAll: "there is more talk of every kind", copies: "+ %d copies",
		take: "Take it", draft: "Draft a reply", snooze: "Snooze 4 h", calm: "False alarm",
		calmSure: "Mark as a false alarm?", calmWhy: "The alert ends, and its mentions are marked as false alarms.",
		draftTitle: "Reply", answer: "Draft, not sent", send: "Send", cancel: "Cancel",
		sendsAs: "Sent only when you press Send. From: {as}. To: {to}",
		byHand:  "This source cannot be answered from here: copy the text, open the original, answer there and mark it answered.", byHandDone: "Mark answered",
		toSecond: "To a second person", sendsSecond: "Nothing is sent before a second person has approved it. From: {as}. To: {to}",
		waits:     "Written by {who}; it waits for a second person. Send it as it is and it goes out. Change it and you are its writer, and somebody else approves it. From: {as}. To: {to}",
		giveBack:  "Or give it back with a note",
		ownAnswer: "Another person than who wrote it must approve it; what was written on the page of the case is approved there.", changedPost: "The post has changed since the answer was written. Nothing was sent: write it anew.",
		empty: "Write an answer.", mayNot: "You may not do this. Ask the owner to add your id under agents.",
		taken: "Somebody else was first.", gone: "This is not there any more.", notDone: "That did not work.",
		usage: "Write status, digest [brand] or mute 4h [brand].", mine: "Mine", others: "Waiting for somebody", nothing: "Nothing.",
		live: "New bad review", there: "The terms of the source forbid keeping its text: read it there.",
	},
}

// wordsOf gives the words of a language; English where it is not known.
func wordsOf(lang string) *words {
	if w := languages[lang]; w != nil {
		return w
	}
	return languages["en"]
}

// number formats a number with a digit after the comma where it has one that
// counts.
func number(lang string, v float64) string {
	s := strconv.FormatFloat(v, 'f', -1, 64)
	if v != math.Trunc(v) {
		digits := 1
		if math.Abs(v) >= 10 {
			digits = 0
		}
		s = strconv.FormatFloat(v, 'f', digits, 64)
	}
	whole, frac, has := strings.Cut(s, ".")
	sep, comma := ",", "."
	if lang == "fi" {
		sep, comma = "\u00a0", ","
	}
	if whole == "-0" && strings.Trim(frac, "0") == "" {
		return "0"
	}
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + sep + whole[i:]
	}
	if has && strings.Trim(frac, "0") != "" {
		return whole + comma + frac
	}
	return whole
}

// percent formats a share from 0 to 1.
func percent(lang string, share float64) string {
	s := strconv.FormatFloat(share*100, 'f', 0, 64)
	if lang == "fi" {
		return s + "\u00a0%"
	}
	return s + "%"
}

// odds says how likely something is in words that hold for tiny numbers.
func odds(lang string, p float64) string {
	switch {
	case p <= 0 || p < 1e-9:
		return map[bool]string{true: "alle 1 : 1\u00a0000\u00a0000\u00a0000", false: "under 1 in 1,000,000,000"}[lang == "fi"]
	case lang == "fi":
		return "1 : " + number(lang, math.Round(1/p))
	}
	return "1 in " + number(lang, math.Round(1/p))
}

// clock formats a time of day with its date.
func clock(lang string, t time.Time, zone *time.Location) string {
	t = t.In(zoneOr(zone))
	if lang == "fi" {
		return t.Format("2.1. ") + fmt.Sprintf("klo\u00a0%d.%02d", t.Hour(), t.Minute())
	}
	return t.Format("2 Jan, 15:04")
}

// date formats a date that stands as 2026-11-20.
func date(lang, iso string) string {
	t, err := time.Parse(time.DateOnly, iso)
	if err != nil {
		return plain(iso)
	}
	if lang == "fi" {
		return t.Format("2.1.2006")
	}
	return t.Format("2 January 2006")
}

// span says how long a window is.
func span(w *words, d time.Duration) string {
	return fmt.Sprintf(w.hours, strconv.Itoa(int(d.Round(time.Hour)/time.Hour)))
}

func zoneOr(z *time.Location) *time.Location {
	if z == nil {
		return time.UTC
	}
	return z
}

// stars says a rating as its author gave it: "1/5".
func stars(lang string, r *puskaradio.Rating) string {
	if r == nil {
		return ""
	}
	if r.Best == 0 {
		return number(lang, r.Value)
	}
	return number(lang, r.Value) + "/" + number(lang, r.Best)
}

// plain makes a stranger's text fit to stand among ours: on one line, without
// control characters, marks that turn the direction of writing, or more than
// eight accents on a letter.
func plain(s string) string {
	var b strings.Builder
	marks, space := 0, true
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			if !space {
				b.WriteByte(' ')
			}
			space = true
			continue
		case unicode.IsControl(r), r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069, r == 0x200E, r == 0x200F, r == 0x061C,
			r == 0x200B, r == 0xFEFF, r == unicode.ReplacementChar, r >= 0xE0000 && r <= 0xE007F:
			continue
		case unicode.In(r, unicode.Mn, unicode.Me):
			if marks++; marks > 8 {
				continue
			}
		default:
			marks = 0
		}
		space = false
		b.WriteRune(r)
	}
	return strings.TrimRight(b.String(), " ")
}

// clip cuts a text to at most n UTF-16 units, as Slack counts, on the bounds
// of what a reader takes for one character, and ends it with "…".
func clip(s string, n int) string {
	return clipBy(s, n, func(g string) string { return g })
}

// clipBy is clip of what write makes of each character.
func clipBy(s string, n int, write func(string) string) string {
	if all := write(s); units(all) <= n {
		return all
	}
	var b strings.Builder
	left := n - 1
	for state, rest := -1, s; rest != ""; {
		var g string
		g, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		g = write(g)
		if left -= units(g); left < 0 {
			break
		}
		b.WriteString(g)
	}
	return strings.TrimRight(b.String(), " ") + "…"
}

func units(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}
