package crawler

import (
	"context"
	"time"
)

// A Stream is a connector that a source tells of what is new. It is read by
// Fetch too, unless it only listens.
type Stream interface {
	Connector
	// Listen opens a connection and emits what comes over it, a page for one
	// message or for several that came close together, until ctx is done or
	// the connection breaks; it always gives an error, as Fetch does, and lets
	// go of the connection. It goes on where Query.Cursor says, which is the
	// last page's own, not that of Fetch: a source that can tells again what
	// was missed, and nothing is told twice that would count twice.
	//
	// emit keeps a page with its cursor, sooner or later, in order. Where it
	// gives an error Listen ends with that. A page with no mentions keeps its
	// cursor; More says that something was or may have been missed which Fetch
	// can find.
	Listen(ctx context.Context, c *Client, q Query, emit func(Page) error) error
}

// streamer is a stream whose options say whether it is one.
type streamer interface {
	Stream
	ways() (polls, streams bool)
}

// StreamOf is a connector as a stream, if its options want it to be one.
func StreamOf(c Connector) (Stream, bool) {
	if s, ok := c.(streamer); ok {
		_, streams := s.ways()
		return s, streams
	}
	s, ok := c.(Stream)
	return s, ok
}

// Polls reports whether a connector is read by Fetch: what only listens has
// nothing to fetch.
func Polls(c Connector) bool {
	if s, ok := c.(streamer); ok {
		polls, _ := s.ways()
		return polls
	}
	return true
}

const (
	pause    = 100 * time.Millisecond // for so long messages are gathered before they are emitted
	maxPause = time.Second            // and at the most
)

// A heard is what one message of a connection was decoded to.
type heard[T any] struct {
	what T
	at   time.Time
	err  error
}

// gather reads messages until there are no more. decode, which must be pure,
// runs beside the reading; take is told what it gave, with the time when that
// came, one by one, and what comes from also, and says whether there is now
// something to emit. flush emits it, soon after; it may say that it would
// rather wait a little, unless it must. gather ends with the first error of
// any of them.
func gather[T any](ctx context.Context, conn messages, also <-chan T, decode func([]byte) T, take func(T, time.Time) (bool, error), flush func(must bool) (bool, error)) error {
	ctx, cancel := context.WithCancel(ctx)
	in := make(chan heard[T], 64)
	go func() {
		defer close(in)
		for {
			b, at, err := conn.Read(ctx)
			h := heard[T]{at: at, err: err}
			if err == nil {
				h.what = decode(b)
			}
			select {
			case in <- h:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	defer func() {
		cancel()
		for range in { // until the reading has ended
		}
	}()
	timer := time.NewTimer(pause)
	timer.Stop()
	defer timer.Stop()
	var since time.Time // when there was something to emit
	for {
		var h heard[T]
		select {
		case got, ok := <-in:
			if !ok {
				return context.Cause(ctx)
			}
			h = got
		case h.what = <-also:
			h.at = time.Now()
		case <-timer.C:
			done, err := flush(time.Since(since) >= maxPause)
			if err != nil {
				return err
			}
			if done {
				since = time.Time{}
			} else {
				timer.Reset(pause)
			}
			continue
		}
		if h.err != nil {
			if !since.IsZero() {
				if _, err := flush(true); err != nil {
					return err
				}
			}
			return h.err
		}
		some, err := take(h.what, h.at)
		if err != nil {
			return err
		}
		if some && since.IsZero() {
			since = time.Now()
			timer.Reset(pause)
		}
	}
}
