package notify

import (
	"cmp"
	"fmt"
	"time"

	"github.com/puskaradio/puskaradio"
)

// A CaseStep is one step of a case, as a program of the house is told of it.
type CaseStep struct {
	ID       puskaradio.ID     `json:"id"`
	N        int               `json:"n"` // counts the steps of a case; 0 is that it was opened
	Step     string            `json:"step"`
	Brand    string            `json:"brand"`
	Source   string            `json:"source"`
	Status   puskaradio.Status `json:"status"` // after the step
	Who      string            `json:"who,omitempty"`
	Note     string            `json:"note,omitempty"`
	Customer string            `json:"customer,omitempty"` // what the author is called in the books of the house
	At       time.Time         `json:"at"`
	Quote    puskaradio.Quote  `json:"quote"`
}

// CaseTaker is a notifier that can be told of every step of a case.
type CaseTaker interface {
	TakesCases()
}

// CaseKeeper is a [CaseTaker] that is told of cases and of nothing else. It has a
// ticket for each: what the steps after the first are told with is its name, as
// Ref.
type CaseKeeper interface {
	CaseTaker
	Prober
	CasesAlone()
}

// CaseSteps are how many steps of a case there are to tell of.
func CaseSteps(c *puskaradio.Case) int {
	if c.Status == "" && len(c.Changes) == 0 {
		return 0
	}
	return len(c.Changes) + 1
}

// CaseStepOf is the n-th step of a case, from 0.
func CaseStepOf(c *puskaradio.Case, n int) *CaseStep {
	x := &CaseStep{
		ID: c.ID, N: n, Step: "opened", Brand: c.Mention.Brand, Source: c.Mention.Source, Status: puskaradio.New, At: c.Mention.FirstSeen.UTC(),
		Customer: c.Customer, Quote: puskaradio.QuoteOf(c.ID, &c.Mention),
	}
	if n == 0 {
		return x
	}
	ch := c.Changes[n-1]
	x.Status, x.Who, x.Note, x.At = ch.To, ch.Who, ch.Note, ch.At.UTC()
	switch {
	case !ch.Undoes.IsZero():
		x.Step = "undone"
	case ch.Aside:
		x.Step = "noted"
	case ch.To == puskaradio.New:
		x.Step = "reopened"
	case ch.To == puskaradio.Done, ch.To == puskaradio.FalseAlarm:
		x.Step = "closed"
	default:
		x.Step = string(ch.To)
	}
	return x
}

// caseWords say the steps.
var caseWords = map[string][2]string{
	"opened": {"opened", "avattiin"}, "claimed": {"taken", "otettiin"}, "answered": {"answered", "vastattiin"}, "closed": {"closed", "suljettiin"},
	"snoozed": {"put off", "torkutettiin"}, "reopened": {"put back", "palautettiin"}, "noted": {"noted on", "sai muistiinpanon"}, "undone": {"step taken back", "askel kumottiin"},
}

func caseSentence(m Message) string {
	x := m.Case
	lang, head := 0, "Case"
	if m.Lang == "fi" {
		lang, head = 1, "Tapaus"
	}
	s := fmt.Sprintf("%s %s, %s, %s: %s", head, x.ID, x.Brand, x.Source, cmp.Or(caseWords[x.Step][lang], x.Step))
	if x.Who != "" {
		s += " (" + x.Who + ")"
	}
	return plain(s)
}
