package crawler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/puskaradio/puskaradio"
)

const (
	blueskyProfiles = "https://public.api.bsky.app"
	maxProfiles     = 25 // of one look
	maxAuthors      = 10_000
	maxWaiting      = 100         // authors that wait to be looked up; of more, nothing is known
	knownFor        = time.Hour   // after which an author is looked up again
	giveUpFor       = time.Minute // where looking up does not work
)

// An author is what is known of one who writes.
type author struct {
	handle string
	leaves bool // asks not to be shown to those who are not signed in
	at     time.Time
}

// authors looks up who writes, for a post in the stream only says a number.
type authors struct {
	ask func(ctx context.Context, dids []string) (map[string]author, error)

	mu      sync.Mutex
	known   map[string]author
	waiting []string // to be looked up
	asked   []string // being looked up
	fault   error    // why that does not work; told once
	resumes time.Time
	wake    chan struct{}
}

func newAuthors(ask func(context.Context, []string) (map[string]author, error)) *authors {
	return &authors{ask: ask, known: map[string]author{}, wake: make(chan struct{}, 1)}
}

// look gives what is known of an author; wait says that there will be more.
func (a *authors) look(did string, now time.Time) (who author, known, wait bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if who, known = a.known[did]; known && now.Sub(who.at) < knownFor {
		return who, true, false
	}
	for _, list := range [][]string{a.waiting, a.asked} {
		if slices.Contains(list, did) {
			return who, known, true
		}
	}
	if len(a.waiting) >= maxWaiting || now.Before(a.resumes) {
		return who, known, false
	}
	a.waiting = append(a.waiting, did)
	select {
	case a.wake <- struct{}{}:
	default:
	}
	return who, known, true
}

// run looks up those who wait, and tells of authors who ask to be left out.
func (a *authors) run(ctx context.Context, left chan<- jetstreamEvent) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.wake:
		}
		for dids := a.next(); len(dids) > 0; dids = a.next() {
			found, err := a.ask(ctx, dids)
			for _, did := range a.done(dids, found, err, time.Now()) {
				select {
				case left <- jetstreamEvent{leaves: did}:
				case <-ctx.Done():
					return
				}
			}
		}
	}
}

// next is who is looked up next.
func (a *authors) next() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := min(len(a.waiting), maxProfiles)
	a.asked, a.waiting = a.waiting[:n:n], a.waiting[n:]
	return a.asked
}

// done notes what was found, and gives who asks to be left out.
func (a *authors) done(dids []string, found map[string]author, err error, now time.Time) (leave []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = nil
	if err != nil {
		a.waiting, a.fault, a.resumes = nil, err, now.Add(giveUpFor)
		if retry, ok := errors.AsType[*puskaradio.RetryError](err); ok {
			a.resumes = now.Add(max(giveUpFor, retry.After))
		}
		return nil
	}
	if len(a.known)+len(dids) > maxAuthors {
		clear(a.known)
	}
	for _, did := range dids { // one who is not found is not looked up again soon
		who := found[did]
		who.at = now
		a.known[did] = who
		if who.leaves {
			leave = append(leave, did)
		}
	}
	return leave
}

// failed gives why looking up does not work, once.
func (a *authors) failed() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	err := a.fault
	a.fault = nil
	return err
}

// profiles looks up authors: as the account where there is one, else where
// anybody may.
func (o *bluesky) profiles(c *Client) func(context.Context, []string) (map[string]author, error) {
	return func(ctx context.Context, dids []string) (map[string]author, error) {
		v := url.Values{"actors": dids}
		var got *Response
		var err error
		if o.searching {
			got, err = o.ask(ctx, c, "app.bsky.actor.getProfiles", v)
		} else {
			got, err = c.Fetch(ctx, Request{URL: strings.TrimRight(o.Profiles, "/") + "/xrpc/app.bsky.actor.getProfiles?" + v.Encode(), Accept: "application/json", API: true})
		}
		if err != nil {
			return nil, fmt.Errorf("authors cannot be looked up: %w", err)
		}
		var doc struct {
			Profiles *[]struct {
				DID    string         `json:"did"`
				Handle string         `json:"handle"`
				Labels []blueskyLabel `json:"labels"`
			} `json:"profiles"`
		}
		if err := json.Unmarshal(got.Body, &doc); err != nil || doc.Profiles == nil {
			return nil, fmt.Errorf("authors cannot be looked up: %w", o.unreadable(got, "the answer has no profiles"))
		}
		found := map[string]author{}
		for _, p := range *doc.Profiles {
			who := author{leaves: o.unwanted(p.Labels)}
			if p.Handle != "handle.invalid" && len(p.Handle) <= 253 {
				who.handle = foldText(p.Handle, 253)
			}
			found[p.DID] = who
		}
		return found, nil
	}
}
