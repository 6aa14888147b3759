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
	Spent  time.Duration // of the target: in business hours where the brand has them
	Hours  bool          // it has them
	Due    time.Time     // when the target is used up
	Over   bool          // it took longer than the target
	Soon   bool          // it is time to warn that it will
	Ended  bool          // there was a reply
	Exact  bool          // the source said when it was published
	Parts  []delay
	Whose  string // the part that took longest, if it took too long: heard, taken, answered
}

// State is how it stands, in a word that a page has a text for.
func (k *clock) State() string {
	switch {
	case k.Over:
		return "over the target"
	case k.Soon:
		return "due soon"
	}
	return "within the target"
}

// A delay is a part of a wait: heard (the source and our reading of it), taken
// (until a person claimed it), answered (until that person did).
type delay struct {
	What  string
	Took  time.Duration
	Going bool // it is not over
}

// clockOf is the clock of a case.
func clockOf(c *puskaradio.Case, by *puskaradio.ReplyClock, now time.Time) clock {
	w := trend.WaitOf(c, now)
	k := clock{
		Target: by.TargetOf(&c.Mention), Exact: c.Mention.DateFrom == puskaradio.DatePublished,
		Wait: w.Wait, Ended: w.Answered || w.Closed,
	}
	k.Spent, k.Hours = by.Spent(&c.Mention, c.Mention.Published.Add(w.Wait))
	k.Over = k.Spent > k.Target
	var warn time.Time
	warn, k.Due = by.Due(&c.Mention)
	k.Soon = !k.Over && !k.Ended && !warn.IsZero() && !now.Before(warn)
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
