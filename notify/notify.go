// Package notify says what happened, where people will see it.
//
// There is one file for each kind of channel. To add one, write NAME.go with a
// struct of its options and a Notify method, add a line to the table below,
// and record its exchanges in testdata/notify/NAME.
package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

// A Notifier sends messages to one channel. It is its options, and keeps no
// state.
type Notifier interface {
	// Notify sends a message, or edits the one that m.Ref names, and gives the
	// channel's own name for it. A *puskaradio.RetryError says when to try
	// again; a *puskaradio.PermanentError that nothing will get through until
	// a person has changed something. After any other error the message may
	// or may not have arrived: with m.Again it is looked for first, where the
	// channel can be read.
	Notify(ctx context.Context, hc *http.Client, m Message) (ref string, err error)
}

// A Message is what is to be said: one of Alert, Digest, Case and Text.
type Message struct {
	Key    string // names it for ever, so that it can be found again
	Alert  *puskaradio.Alert
	Digest *puskaradio.Digest
	Case   *CaseStep // for a [CaseTaker] only
	Text   string
	Lang   string // fi or en
	Zone   *time.Location
	Link   string // where the dashboard is; empty if nowhere
	Ref    string // what an earlier version of it was sent as
	Again  bool   // an earlier try may have arrived
	// Buttons says that the channel hears what is pressed, see [Hearer].
	Buttons bool
	Turn    Turn   // what is said of Alert
	Thread  string // what the message was sent as below which this one belongs; see [Threader]
	Since   int    // of News: negative mentions that came since before
	// Of DueSoon and Overdue: when an answer is due or was, and who has the post;
	// empty is nobody.
	Due time.Time
	Who string
}

// A Secret gives the value of an environment variable, or of the file that
// the variable NAME_FILE names.
type Secret func(name string) (string, error)

// channels is everything that this program can write to.
var channels = map[string]func() Notifier{
	"hubspot":  func() Notifier { return &hubspot{} },
	"mail":     func() Notifier { return &mails{} },
	"shoutrrr": func() Notifier { return &shout{} },
	"slack":    func() Notifier { return &slack{} },
	"webhook":  func() Notifier { return &webhook{} },
}

// Kinds are the kinds of channels, in order.
func Kinds() []string { return slices.Sorted(maps.Keys(channels)) }

// New makes a notifier of a kind from its options, which are decoded strictly.
func New(kind string, options json.RawMessage, secret Secret) (Notifier, error) {
	mk, ok := channels[kind]
	if !ok {
		return nil, fmt.Errorf("channel kind %q is not known; write one of: %s", kind, strings.Join(Kinds(), ", "))
	}
	n := mk()
	if len(options) > 0 {
		d := json.NewDecoder(bytes.NewReader(options))
		d.DisallowUnknownFields()
		if err := d.Decode(n); err != nil {
			return nil, fmt.Errorf("channel kind %s: %w", kind, err)
		}
	}
	if c, ok := n.(interface{ Check(Secret) error }); ok {
		if err := c.Check(secret); err != nil {
			return nil, fmt.Errorf("channel kind %s: %w", kind, err)
		}
	}
	return n, nil
}

// Options gives the zero options of a kind, for a schema.
func Options(kind string) any { return channels[kind]() }

// Prober is a notifier that can say whether a message would get through.
type Prober interface {
	// Probe gives what was found, in words, or what is wrong and what to do.
	Probe(ctx context.Context, hc *http.Client) (found string, err error)
}

var errNoAnswer = errors.New("no answer") // what net/http says of it holds the URL, which may be a secret
