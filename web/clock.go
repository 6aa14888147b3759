package web

import (
	"time"

	"github.com/puskaradio/puskaradio"
)

// A clock tells how long an author waits or has waited, from the moment of
// publication, and where that time went.
type clock struct {
	Wait   time.Duration // until the first reply, or until now
	Target time.Duration
	Over   bool // it took longer than the target
	Ended  bool // there was a reply
	Exact  bool // the source said when it was published
	Parts  []delay
	Whose  string // the part that took longest, if it took too long: heard, taken, answered
}

// A delay is a part of a wait: heard (the source and our reading of it), taken
// (until a person claimed it), answered (until that person did).
type delay struct {
	What  string
	Took  time.Duration
	Going bool // it is not over
}

// clockOf is the clock of a case.
func clockOf(c *puskaradio.Case, target time.Duration, now time.Time) clock {
	m := &c.Mention
	k := clock{Target: target, Exact: m.DateFrom == puskaradio.DatePublished}
	end := now
	if at := c.FirstReply(); !at.IsZero() {
		k.Ended, end = true, at
	} else if n := len(c.Changes); n > 0 && !c.Status.Open() {
		k.Ended, end = true, c.Changes[n-1].At // nobody waits for an answer any more
	}
	k.Wait = max(0, end.Sub(m.Published))
	k.Over = k.Wait > target
	at := m.Published
	add := func(what string, until time.Time, going bool) {
		if until.After(end) {
			until = end
		}
		k.Parts = append(k.Parts, delay{what, max(0, until.Sub(at)), going})
		if until.After(at) {
			at = until
		}
	}
	if !m.FirstSeen.IsZero() {
		add("heard", m.FirstSeen, false)
	}
	claimed := time.Time{}
	for _, ch := range c.Changes {
		if ch.To == puskaradio.Claimed && claimed.IsZero() {
			claimed = ch.At
		}
	}
	switch {
	case !claimed.IsZero():
		add("taken", claimed, false)
		add("answered", end, !k.Ended)
	default:
		add("taken", end, !k.Ended)
	}
	if k.Over {
		longest := time.Duration(-1)
		for _, p := range k.Parts {
			if p.Took > longest {
				k.Whose, longest = p.What, p.Took
			}
		}
	}
	return k
}
