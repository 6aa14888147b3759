package puskaradio

import (
	"cmp"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Proposal is an answer that its writer has approved, and that waits for
// another person to approve it too.
type Proposal struct {
	Text string `json:"text"`
	// Via is where the writer is known by their name: web, slack, or console. The
	// same name in another place may be another person, and another name the same.
	Via string `json:"via"`
	// Account is what they are known by there that no rename changes, where there
	// is such a thing.
	Account string `json:"account,omitempty"`
	// To is a digest of what was answered: if it says something else by now, the
	// answer may be no more to the point.
	To string `json:"answers"`
	// Writer is who wrote it, where that is not who made the change: it could not
	// be sent, and waits again.
	Writer string `json:"writer,omitempty"`
}

// The places where people are known by a name.
const (
	ViaWeb     = "web"
	ViaSlack   = "slack"
	ViaConsole = "console"
)

// A Waiting is a [Proposal] with who wrote it and when, which names it.
type Waiting struct {
	Who string    `json:"who"`
	At  time.Time `json:"at"`
	Proposal
}

// Waits is the answer of a case that waits for a second person; nil if there is
// none. A step of the case, another proposal, and what settles it end the wait;
// notes do not.
func (c *Case) Waits() *Waiting { return waits(c.Standing()) }

func waits(changes []Change) *Waiting {
	for i, ch := range slices.Backward(changes) {
		switch {
		case !ch.Settles.IsZero() && ch.Proposes == nil:
			return nil
		case ch.Proposes != nil:
			return &Waiting{cmp.Or(ch.Proposes.Writer, ch.Who), ch.At, *changes[i].Proposes}
		case !ch.Aside:
			return nil
		}
	}
	return nil
}

// Settled reports whether a change may follow others: one that settles a
// proposal only while that is the one that waits.
func Settled(changes []Change, c *Change) bool {
	if c.Settles.IsZero() {
		return true
	}
	w := waits((&Case{Changes: changes}).Standing())
	return w != nil && w.At.Equal(c.Settles)
}

// Second reports whether somebody may approve what waits: another person than
// who wrote it, known in the same place, for nobody can tell whether a name in
// one place and a name in another are one person. What was written at the
// console is for those to approve who sign in to the dashboard; nobody approves
// there, where people may call themselves anything.
func (w *Waiting) Second(who, account, via string) bool {
	if via == ViaConsole || account != "" && account == w.Account || w.Via != via && (w.Via != ViaConsole || via != ViaWeb) {
		return false
	}
	return who != "" && !strings.EqualFold(strings.TrimSpace(who), strings.TrimSpace(w.Who))
}

// Said is a digest of what a mention says now.
func (m *Mention) Said() string {
	h := fnv.New64a()
	for _, s := range []string{m.Title, m.Text, string(m.State)} {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	if m.Rating != nil {
		h.Write(strconv.AppendFloat(nil, m.Rating.Value, 'g', -1, 64))
	}
	return strconv.FormatUint(h.Sum64(), 36)
}
