package web

import (
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/trend"
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
	w := trend.WaitOf(c, now)
	k := clock{
		Target: target, Exact: c.Mention.DateFrom == puskaradio.DatePublished,
		Wait: w.Wait, Over: w.Wait > target, Ended: w.Answered || w.Closed,
	}
	if !c.Mention.FirstSeen.IsZero() {
		k.Parts = append(k.Parts, delay{"heard", w.Heard, false})
	}
	k.Parts = append(k.Parts, delay{"taken", w.Taken, !w.Claimed && !k.Ended})
	if w.Claimed {
		k.Parts = append(k.Parts, delay{"answered", w.Replied, !k.Ended})
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
