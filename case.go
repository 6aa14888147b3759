package puskaradio

import (
	"slices"
	"time"
)

// A Status is where a case stands. A case has one at a time.
type Status string

// The statuses, in the order of a case's life.
const (
	New        Status = "new"
	Claimed    Status = "claimed"
	Answered   Status = "answered"
	Done       Status = "done"
	Snoozed    Status = "snoozed"
	FalseAlarm Status = "false_alarm"
)

// Statuses are all of them.
func Statuses() []Status { return []Status{New, Claimed, Answered, Done, Snoozed, FalseAlarm} }

// Open reports whether somebody has still to do something.
func (s Status) Open() bool { return s == New || s == Claimed || s == Snoozed }

// A Case is a mention that wants an answer, with its reply clock.
type Case struct {
	ID      ID        `json:"id"`
	Mention Mention   `json:"mention"`
	Status  Status    `json:"status"`
	Who     string    `json:"who,omitempty"`    // who has it
	Until   time.Time `json:"until,omitzero"`   // when a snooze ends
	Alerted time.Time `json:"alerted,omitzero"` // when a channel first told of it
	Changes []Change  `json:"changes,omitempty"`
	// Customer is the key of the [Customer] that the author is at that source;
	// empty where nobody has said so.
	Customer string `json:"customer,omitempty"`
}

// A Change is one step of a case, or a note on it: who did what and when.
type Change struct {
	At   time.Time `json:"at"`
	Who  string    `json:"who"`
	To   Status    `json:"to"`
	Note string    `json:"note,omitempty"`
	// Aside says that the case stands where it stood, and with whom: it is a note.
	// The store sets it.
	Aside bool `json:"aside,omitempty"`
	// Verdict is how the mention feels from then on by that person, of a note that
	// tells of a correction.
	Verdict Label `json:"verdict,omitempty"`
	// Undoes is when the change before it was made, by the same person, which it
	// takes back; For is who has the case then. Both stay in the history.
	Undoes time.Time `json:"undoes,omitzero"`
	For    string    `json:"for,omitempty"`
	// Proposes is an answer that waits for a second person from then on, and
	// Settles when the one was proposed that waits no more: it is sent, given back
	// or replaced.
	Proposes *Proposal `json:"proposes,omitempty"`
	Settles  time.Time `json:"settles,omitzero"`
	// Once, if it is not empty, names what asked for the change: a case has one of
	// that name at most, whichever process is asked.
	Once string `json:"once,omitempty"`
}

// Standing are the changes of a case without those that were taken back.
func (c *Case) Standing() []Change {
	if !slices.ContainsFunc(c.Changes, func(ch Change) bool { return !ch.Undoes.IsZero() }) {
		return c.Changes
	}
	out := make([]Change, 0, len(c.Changes))
	for _, ch := range c.Changes {
		switch n := len(out); {
		case ch.Undoes.IsZero():
			out = append(out, ch)
		case n > 0 && out[n-1].At.Equal(ch.Undoes):
			out = out[:n-1]
		}
	}
	return out
}

// Last is the last change that stands and led somewhere; the zero Change if
// there is none.
func (c *Case) Last() Change {
	all := c.Standing()
	for i := len(all) - 1; i >= 0; i-- {
		if !all[i].Aside {
			return all[i]
		}
	}
	return Change{}
}

// FirstReply is when the brand first answered: by our note of it or by the
// reply seen at the source, whichever came first. It is zero while the author
// waits. First response time is counted from Mention.Published to it.
func (c *Case) FirstReply() time.Time {
	var at time.Time
	if o := c.Mention.Owner; o != nil {
		at = o.At
	}
	for _, ch := range c.Standing() {
		if ch.To == Answered && (at.IsZero() || ch.At.Before(at)) {
			at = ch.At
		}
	}
	return at
}
