package notify

import (
	"fmt"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

// beginnings are how an answer may begin, by language and by what it is about.
// They say that we heard, that we are sorry, and what will happen next; a
// person adds what really happened, and approves the text.
var beginnings = map[string]map[string]string{
	"fi": {
		"":              "Kiitos, että kerroit tästä. Olemme pahoillamme, että kokemus oli huono. Lähetätkö meille yksityisviestin, niin selvitämme asian heti?",
		"delivery":      "Kiitos, että kerroit. Olemme pahoillamme, että toimitus ei sujunut. Lähetätkö tilausnumeron yksityisviestillä, niin selvitämme heti, missä lähetyksesi on?",
		"returns":       "Kiitos, että kerroit. Olemme pahoillamme, että palautus ei sujunut. Lähetätkö tilausnumeron yksityisviestillä, niin hoidamme asian kuntoon?",
		"staff":         "Kiitos, että kerroit. Olemme pahoillamme, että sait meiltä huonoa palvelua. Kertoisitko yksityisviestillä, missä ja milloin, niin käymme asian läpi?",
		"service":       "Kiitos, että kerroit. Olemme pahoillamme, että sait meiltä huonoa palvelua. Kertoisitko yksityisviestillä, missä ja milloin, niin käymme asian läpi?",
		"speed":         "Kiitos, että kerroit. Olemme pahoillamme, että jouduit odottamaan. Lähetätkö meille yksityisviestin, niin hoidamme asiasi heti?",
		"quality":       "Kiitos, että kerroit. Olemme pahoillamme, että tuote ei ollut sitä, mitä sen piti. Lähetätkö yksityisviestillä kuvan ja tilausnumeron, niin korjaamme asian?",
		"price":         "Kiitos, että kerroit. Ymmärrämme, että hinta harmittaa. Lähetätkö meille yksityisviestin, niin käymme laskun läpi kanssasi?",
		"payment":       "Kiitos, että kerroit. Olemme pahoillamme, että maksu ei sujunut. Lähetätkö tilausnumeron yksityisviestillä? Älä lähetä korttisi tietoja.",
		"website":       "Kiitos, että kerroit. Olemme pahoillamme, että palvelu ei toimi. Kertoisitko, mikä laite ja mikä sivu, niin korjaamme sen?",
		"safety":        "Kiitos, että kerroit. Otamme tämän vakavasti ja selvitämme sen heti. Soittaisitko meille tai lähetätkö yksityisviestillä numerosi, niin soitamme sinulle?",
		"communication": "Kiitos, että kerroit. Olemme pahoillamme, ettet saanut meiltä vastausta. Lähetätkö meille yksityisviestin, niin palaamme asiaan heti?",
		"good":          "Kiitos palautteesta! Ilo kuulla, että onnistuimme. Kerromme terveiset eteenpäin.",
	},
	"en": {
		"":              "Thank you for telling us. We are sorry that this was a bad experience. Could you send us a private message, so that we can look into it right away?",
		"delivery":      "Thank you for telling us. We are sorry that the delivery went wrong. Could you send us your order number in a private message, so that we can find out right away where it is?",
		"returns":       "Thank you for telling us. We are sorry that the return went wrong. Could you send us your order number in a private message, so that we can put it right?",
		"staff":         "Thank you for telling us. We are sorry for the poor service. Could you tell us in a private message where and when it was, so that we can go through it?",
		"service":       "Thank you for telling us. We are sorry for the poor service. Could you tell us in a private message where and when it was, so that we can go through it?",
		"speed":         "Thank you for telling us. We are sorry that you had to wait. Could you send us a private message, so that we can take care of it right away?",
		"quality":       "Thank you for telling us. We are sorry that the product was not what it should have been. Could you send us a picture and your order number in a private message, so that we can put it right?",
		"price":         "Thank you for telling us. We understand that the price annoys you. Could you send us a private message, so that we can go through the bill with you?",
		"payment":       "Thank you for telling us. We are sorry that the payment went wrong. Could you send us your order number in a private message? Please do not send your card's details.",
		"website":       "Thank you for telling us. We are sorry that it does not work. Could you tell us which device and which page it was, so that we can mend it?",
		"safety":        "Thank you for telling us. We take this seriously and are looking into it now. Could you call us, or send us your number in a private message, so that we can call you?",
		"communication": "Thank you for telling us. We are sorry that you did not hear from us. Could you send us a private message, so that we can get back to you right away?",
		"good":          "Thank you for the feedback! We are glad to hear it, and will pass it on.",
	},
}

// FirstReply is how an answer to a mention may begin, in its own language where
// that is Finnish, else in English: about the first thing that the author
// blames. It is for a person to change and to approve.
func FirstReply(brand string, m *puskaradio.Mention) string {
	lang := "en"
	if m.Lang == "fi" {
		lang = "fi"
	}
	v, about := m.Verdict(), ""
	switch {
	case v.Label == puskaradio.Positive && !v.Alarming():
		about = "good"
	default:
		for _, a := range v.Aspects {
			if a.Label == puskaradio.Negative && beginnings[lang][a.Name] != "" {
				about = a.Name
				break
			}
		}
	}
	return beginnings[lang][about] + "\n\n" + plain(brand)
}

// SentAs says that an answer was sent, or noted where a person sent it.
func SentAs(lang, as, to string) string {
	fi := lang == "fi"
	switch {
	case to == "" && fi:
		return "Merkitty vastatuksi."
	case to == "":
		return "Marked as answered."
	case fi:
		return strings.TrimSpace("Vastaus lähti: " + plain(as) + " → " + plain(to))
	}
	return strings.TrimSpace("The answer was sent: " + plain(as) + " → " + plain(to))
}

// WaitsFor says that an answer waits for a second person, or was given back.
func WaitsFor(lang string, back bool) string {
	switch {
	case lang == "fi" && back:
		return "Vastaus palautettiin. Mitään ei lähetetty."
	case lang == "fi":
		return "Vastaus odottaa toista hyväksyjää: hän avaa saman viestin vastauksen täällä. Mitään ei ole lähetetty."
	case back:
		return "The answer was given back. Nothing was sent."
	}
	return "The answer waits for a second person, who opens the reply to the same post here. Nothing has been sent."
}

// MutedUntil says that nothing is told of a brand for a while.
func MutedUntil(lang, brand string, until time.Time, zone *time.Location) string {
	if lang == "fi" {
		return fmt.Sprintf("%s on vaiennettu %s asti. Hälytykset kirjataan silti.", plain(brand), clock(lang, until, zone))
	}
	return fmt.Sprintf("%s is muted until %s. Its alerts are kept all the same.", plain(brand), clock(lang, until, zone))
}

// A State is how things are.
type State struct {
	Open    []puskaradio.Alert // alerts that go on
	Waiting int                // cases that wait for an answer
	More    bool               // there are more of them
	Sources int
	Failing []string // sources that do not answer, each with its state
}

// Say says how things are in some lines.
func (s *State) Say(lang string, zone *time.Location) string {
	fi := lang == "fi"
	pick := func(a, b string) string {
		if fi {
			return a
		}
		return b
	}
	var lines []string
	if len(s.Open) == 0 {
		lines = append(lines, pick("Ei avoimia hälytyksiä.", "No open alerts."))
	}
	for i := range s.Open {
		a := &s.Open[i]
		who := pick("ei ottajaa", "nobody has it")
		if a.Claimed != nil {
			who = plain(a.Claimed.By)
		}
		lines = append(lines, headline(Message{Alert: a, Lang: lang})+" · "+clock(lang, a.Decided, zone)+" · "+who)
	}
	more := ""
	if s.More {
		more = "+"
	}
	lines = append(lines, fmt.Sprintf(pick("Odottaa vastausta: %d%s", "Waiting for a reply: %d%s"), s.Waiting, more),
		fmt.Sprintf(pick("Lähteistä vastaa %d/%d", "%d of %d sources answer"), s.Sources-len(s.Failing), s.Sources))
	for _, f := range s.Failing {
		lines = append(lines, "  "+plain(f))
	}
	return strings.Join(lines, "\n")
}
