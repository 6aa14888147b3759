package notify

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/puskaradio/puskaradio"
)

// A Hearer is a notifier whose readers can act where they read a message.
type Hearer interface {
	// Ear names what it hears with; empty if it hears nothing. Of several with
	// one ear only one is to hear: it is told what is said to all of them.
	Ear() string
	// Hear does what people ask for, until ctx is done or the connection ends.
	// A *puskaradio.PermanentError says that it will never open until a person
	// has changed something.
	Hear(ctx context.Context, h Hearing) error
}

// A Hearing is what somebody who hears needs.
type Hearing struct {
	HTTP *http.Client
	Log  *slog.Logger
	Act  Act
	Lang string // fi or en, where what is asked for does not say
	Zone *time.Location
	Link string // where the dashboard is; empty if nowhere
}

// An Act does what somebody asks for. Asked twice it does it once. Where
// somebody else was first, the error wraps [puskaradio.ErrTaken].
type Act func(ctx context.Context, w Wish) (Outcome, error)

// The things that can be asked for.
const (
	DoClaim    = "claim"    // look after an alert
	DoSnooze   = "snooze"   // be reminded of it in four hours
	DoCalm     = "calm"     // it is a false alarm
	DoDraft    = "draft"    // an answer to one of its posts, or to the first
	DoCheck    = "check"    // whether an answer may be sent as it is
	DoSend     = "send"     // send it: the person has read and approved it
	DoBack     = "back"     // give the answer that waits for a second person back
	DoAnswered = "answered" // the person has sent it by hand
	DoStatus   = "status"   // what is open, and which sources answer
	DoDigest   = "digest"   // the digest of a brand as it would be now
	DoMute     = "mute"     // say nothing of a brand for a time
	DoHome     = "home"     // the cases of a person, and those that wait
)

// A Wish is what somebody asks for.
type Wish struct {
	Do    string
	Alert string        // its id
	Post  puskaradio.ID // for an answer
	Text  string        // the answer, as the person approved it
	Brand string        // for a digest and a mute; empty is the first
	For   time.Duration // of a mute
	Who   string        // who asks
	// Account is what they are known by that no rename changes.
	Account string
	Lang    string // fi or en
	// Over is when the answer was written that waits for a second person, and that
	// the person has read; zero if none did.
	Over time.Time
}

// An Outcome is what came of it.
type Outcome struct {
	Draft  *Draft
	Text   string // what came of it, in words
	Digest *puskaradio.Digest
	Mine   []puskaradio.Case
	Others []puskaradio.Case // those that nobody has
}

// A Draft is an answer for a person to read, change and approve.
type Draft struct {
	Posts []puskaradio.Quote // those that can be chosen
	Post  puskaradio.Quote   // what it answers
	Text  string
	Send  bool   // it can be sent from here
	As    string // the account that answers, where it can
	To    string // where it will stand
	// Second says that a second person must approve it, and Waits is the answer
	// that waits for one; nil if none does.
	Second bool
	Waits  *puskaradio.Waiting
}
