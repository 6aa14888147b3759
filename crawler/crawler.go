// Package crawler reads public reviews and posts: it fetches politely,
// extracts, and tells which brand a text is about.
//
// There is one file for each kind of source. To add one, write NAME.go with a
// struct of its options and a Fetch method, add a line to the table in
// kinds.go, and record its exchanges in testdata/crawler/NAME. A source that
// tells what is new has a Listen method too, see [Stream].
package crawler

import (
	"context"
	"errors"
	"time"

	"github.com/puskaradio/puskaradio"
)

// A Connector reads one kind of source. It is its options: a struct that is
// decoded strictly from the configuration. It keeps no state; all that it
// must remember is in the cursor.
type Connector interface {
	// Fetch reads one page. Reading a page twice gives the same mentions, with
	// the same keys. An item that cannot be read is a fault of the page and
	// does not stop the others; an error says that the page as a whole could
	// not be read. A *puskaradio.RetryError says when to come back, a
	// *puskaradio.PermanentError that it is of no use.
	Fetch(ctx context.Context, c *Client, q Query) (Page, error)
}

// A Spender is a connector that costs money.
type Spender interface {
	// Spent is what a cursor says was spent on the day of now, in UTC.
	Spent(cursor []byte, now time.Time) Spend
}

// A Spend is money for one day.
type Spend struct {
	Today float64 `json:"today"`
	Cap   float64 `json:"cap"` // of a day; it is never passed
	Unit  string  `json:"unit"`
}

// A Replier is a connector that can answer what it read.
type Replier interface {
	// Reply posts a text that a person has approved as the answer to a mention,
	// and gives the source's own name for it. Asking twice may post twice; an
	// error that wraps [ErrMaybeSent] says that nobody knows.
	Reply(ctx context.Context, c *Client, m *puskaradio.Mention, text string) (ref string, err error)
}

// ErrMaybeSent says that an answer was under way when the connection broke: a
// person should look before it is sent again.
var ErrMaybeSent = errors.New("it may have been sent")

// A Query says what to look for and where the last page ended.
type Query struct {
	Source puskaradio.Source
	Brands []puskaradio.Brand // whose mentions are wanted; a source that can search asks for their names
	Cursor []byte             // as the last page gave it; nil on the first
	Now    time.Time          // UTC
}

// A Page is what one fetch brought.
type Page struct {
	Mentions []puskaradio.Mention // without Brand, unless the source knows it
	Gone     []string             // keys of mentions that are deleted at the source
	Cursor   []byte               // where to go on; kept in one transaction with the mentions
	More     bool                 // another page is there now
	Same     bool                 // the source said that nothing has changed
	Faults   []error              // what could not be read, with its place and reason
	// Shown is how the source itself says that things are rated, each checked;
	// Brand is empty, unless the source knows it, and Seen is when it was asked, if
	// not now. Still are the addresses at which nothing has changed since.
	Shown []puskaradio.Shown
	Still []string
}
