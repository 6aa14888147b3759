package crawler

import (
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/puskaradio/puskaradio"
)

// An xFails counts what went wrong in a row, by which X wants to be left alone.
type xFails struct {
	mu       sync.Mutex
	n        int
	lastSeen []byte // the cursor of the stream, for Spent
}

// saw remembers the ledger, and reset that the stream brought something.
func (f *xFails) saw(cursor []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lastSeen = cursor
}

func (f *xFails) reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n = 0
}

func (f *xFails) seen() []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lastSeen
}

// pause adds to an error how long X wants to be left alone after so many: by a
// quarter of a second more each time where the network failed, to 16 s; twice as
// long each time, from 5 s to 320 s after an answer that is an error; and from a
// minute after too many requests.
func (f *xFails) pause(err error) error {
	fe, ok := errors.AsType[*FetchError](err)
	if !ok {
		return err
	}
	if _, never := errors.AsType[*puskaradio.PermanentError](err); never {
		return err
	}
	f.mu.Lock()
	f.n++
	n := f.n
	f.mu.Unlock()
	var after time.Duration
	switch {
	case fe.Status == http.StatusTooManyRequests, fe.Status == 0 && fe.State == StateLimited:
		after = min(time.Minute<<min(n-1, 4), 15*time.Minute)
	case fe.Status >= 400:
		after = min(5*time.Second<<min(n-1, 6), 320*time.Second)
	default:
		after = min(time.Duration(n-1)*250*time.Millisecond, 16*time.Second)
	}
	if re, ok := errors.AsType[*puskaradio.RetryError](err); ok {
		if re.After < after {
			re.After = after
		}
		return err
	}
	if after == 0 {
		return err // at once
	}
	return &puskaradio.RetryError{After: after, Err: err}
}
