package web

import "strings"

// doubts are the reasons why a verdict is not sure, in words.
var doubts = map[string][2]string{
	"close":              {"a close call", "niukka ero"},
	"language":           {"a language that is judged less well", "kieli, joka tunnetaan heikommin"},
	"mixed":              {"good and bad in it", "hyvää ja huonoa sekaisin"},
	"sarcasm":            {"perhaps sarcasm", "ehkä sarkasmia"},
	"short":              {"too short to tell", "liian lyhyt arvioitavaksi"},
	"stars against text": {"the stars speak against the text", "tähdet ja teksti ovat ristiriidassa"},
	"two verdicts":       {"two models disagree", "kaksi mallia on eri mieltä"},
}

// Doubt says why a verdict is not sure.
func (t tongue) Doubt(why string) string { return t.in(doubts, why) }

// Flagged says why a mention wants an answer, of what was kept: parts in
// English, between which there are dots.
func (c caseView) Flagged() string {
	parts := strings.Split(c.Case.Mention.Flag, " · ")
	for i, part := range parts {
		if why, ok := strings.CutPrefix(part, "not sure: "); ok {
			parts[i] = c.T("not sure: %s", c.Doubt(why))
		} else if stars, ok := strings.CutPrefix(part, "rated "); ok {
			parts[i] = c.T("rated %s", stars)
		} else if part == "negative" {
			parts[i] = c.Word(part)
		}
	}
	return strings.Join(parts, " · ")
}
