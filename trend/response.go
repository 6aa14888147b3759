package trend

import (
	"slices"
	"time"

	"github.com/puskaradio/puskaradio"
)

// A Response is how long the author of one mention waited, from its
// publication.
type Response struct {
	Wait     time.Duration // until the first reply, or until now
	Answered bool
	Heard    time.Duration // of it, until we had read it: the source's delay, and ours
	Taken    time.Duration // then until somebody took it
	Replied  time.Duration // then until the reply
}

// A Wait is a response with how it stands.
type Wait struct {
	Response
	Closed  bool // the case was closed without a reply: nobody waits any more
	Claimed bool // somebody has taken it
}

// WaitOf is how long the author of a case has waited for an answer, until the
// first reply, until the case was closed without one, or until now.
func WaitOf(c *puskaradio.Case, now time.Time) Wait {
	var w Wait
	end := c.FirstReply()
	switch last := c.Last(); {
	case !end.IsZero():
		w.Answered = true
	case !last.At.IsZero() && !c.Status.Open():
		end, w.Closed = last.At, true
	default:
		end = now
	}
	from := c.Mention.Published
	w.Wait = max(0, end.Sub(from))
	mark := func(until time.Time) time.Duration {
		if until.After(end) {
			until = end
		}
		d := max(0, until.Sub(from))
		if until.After(from) {
			from = until
		}
		return d
	}
	if seen := c.Mention.FirstSeen; !seen.IsZero() {
		w.Heard = mark(seen)
	}
	taken := end // who answers has taken it
	for _, ch := range c.Standing() {
		if ch.To == puskaradio.Claimed {
			taken, w.Claimed = ch.At, true
			break
		}
	}
	w.Taken = mark(taken)
	w.Replied = mark(end)
	return w
}

// ResponseOf is the response to a case. A case that was closed without a reply
// has none: it reports false.
func ResponseOf(c *puskaradio.Case, now time.Time) (r Response, ok bool) {
	w := WaitOf(c, now)
	if ok = w.Answered || c.Status.Open(); !ok {
		return Response{}, false
	}
	return w.Response, true
}

// Responses are the response times of a period.
type Responses struct {
	N        int // cases that wanted an answer
	Answered int
	// Within are the shares of all N that were answered within three minutes, an
	// hour and a day; those that wait count as not, once that time has passed,
	// and not at all before.
	Within [3]Share
	// Median and P90 are of the first response times of those that were answered.
	Median, P90 time.Duration
	// Heard, Taken and Replied are the medians of the parts of these.
	Heard, Taken, Replied time.Duration
}

// A Share is so many of so many.
type Share struct{ N, Of int }

// ResponseSteps are the times that [Responses] counts within.
var ResponseSteps = [3]time.Duration{3 * time.Minute, time.Hour, 24 * time.Hour}

// NewResponses sums responses up. The ninetieth percentile is by the nearest
// rank.
func NewResponses(rs []Response) Responses {
	out := Responses{N: len(rs)}
	var waits, heard, taken, replied []time.Duration
	for _, r := range rs {
		for i, step := range ResponseSteps {
			switch {
			case r.Answered && r.Wait <= step:
				out.Within[i].N++
				out.Within[i].Of++
			case r.Wait > step:
				out.Within[i].Of++
			}
		}
		if !r.Answered {
			continue
		}
		waits, heard, taken, replied = append(waits, r.Wait), append(heard, r.Heard), append(taken, r.Taken), append(replied, r.Replied)
	}
	out.Answered = len(waits)
	out.Median, out.P90 = rank(waits, 50), rank(waits, 90)
	out.Heard, out.Taken, out.Replied = rank(heard, 50), rank(taken, 50), rank(replied, 50)
	return out
}

// rank is a percentile by the nearest rank; zero of none.
func rank(ds []time.Duration, percent int) time.Duration {
	if len(ds) == 0 {
		return 0
	}
	slices.Sort(ds)
	return ds[(len(ds)*percent+99)/100-1]
}
