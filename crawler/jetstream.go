package crawler

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	maxEvent    = 64 << 10         // bytes of an event that we ask for; a post has at most 3,000 of text
	maxHeard    = 4000             // kept posts whose deletion is recognised
	maxSettled  = 512              // kept posts that are protected from a replay, and go with their author's account
	rewind      = 10 * time.Second // how far back we go at another server, whose clock is its own
	maxUnnamed  = 1000             // posts that wait for the names of their authors
	keepCursor  = 30 * time.Second // where nothing is to be kept, the cursor is so old at most
	maxReplayed = 24 * time.Hour   // for so long servers remember
)

// jetstreamServers are those that listen unless others are said.
func jetstreamServers() []string {
	return []string{"jetstream.us-east.bsky.network", "jetstream.us-west.bsky.network"}
}

// jetstreamAddress is an address that a Jetstream server can be listened to
// at, as one of the web.
func jetstreamAddress(s string) (*url.URL, error) {
	if s = strings.TrimSpace(s); !strings.Contains(s, "://") {
		s = "wss://" + s
	}
	u, err := checkURL(webScheme(s))
	if err != nil {
		return nil, err
	}
	if u.RawQuery != "" {
		return nil, errors.New("an address without ?…")
	}
	if u.Path == "/" {
		u.Path = "/subscribe"
	}
	return u, nil
}

// A jetstreamCursor is how far the stream was heard.
type jetstreamCursor struct {
	Host    string    `json:"host,omitempty"`    // whose numbers these are
	Seq     int64     `json:"seq,omitempty"`     // of the last event; 0 at a server that does not count them
	Time    int64     `json:"time_us"`           // of the last event, by the server's clock
	Kept    marks     `json:"kept,omitzero"`     // posts that were kept
	Settled []settled `json:"settled,omitempty"` // the newest of these, with their revision
}

// A settled is a post whose older revisions are not to come back when some of
// the stream is told again.
type settled struct {
	Ref string `json:"ref"`
	Rev string `json:"rev"`
}

// A jetstreamEvent is a message of the stream.
type jetstreamEvent struct {
	DID    string `json:"did"`
	Time   int64  `json:"time_us"`
	Seq    int64  `json:"cursor"`
	Kind   string `json:"kind"`
	Commit *struct {
		Rev        string         `json:"rev"`
		Operation  string         `json:"operation"`
		Collection string         `json:"collection"`
		Key        string         `json:"rkey"`
		Record     *blueskyRecord `json:"record"`
	} `json:"commit"`

	Account *struct {
		Active *bool `json:"active"`
	} `json:"account"`

	ref    string // of the post; empty if this is not about one
	named  bool   // it names a brand
	leaves string // instead of an event: an author who asks to be left out
	fault  error
}

// readEvent reads a message.
func readEvent(b []byte, names *Matcher) (e jetstreamEvent) {
	err := json.Unmarshal(b, &e)
	if _, partly := errors.AsType[*json.UnmarshalTypeError](err); err != nil && (!partly || e.Time == 0 || e.Kind == "commit" && e.Commit == nil) {
		e.fault = errors.New("not as an event is")
		return e
	}
	if e.Time <= 0 || e.Seq < 0 || e.Kind == "" {
		e.fault = errors.New("an event without a time or a kind")
		return e
	}
	c := e.Commit
	if e.Kind != "commit" || c == nil || c.Collection != postCollection {
		return e
	}
	if !isDID(e.DID) || !isKey(c.Key) || len(c.Rev) > 64 {
		e.fault = errors.New("an event of no account or no post")
		return e
	}
	e.ref = "at://" + e.DID + "/" + postCollection + "/" + c.Key
	if c.Operation == "delete" {
		return e
	}
	if c.Record == nil || c.Record.Text == nil {
		e.fault = errors.New("a post without a text")
		return e
	}
	e.named = len(names.AppendMatch(nil, *c.Record.Text)) > 0
	return e
}

// Listen implements [Stream]: it hears every post of the network and keeps
// those that name a brand, with their edits and deletions.
func (o *bluesky) Listen(ctx context.Context, c *Client, q Query, emit func(Page) error) error {
	l := &jetstreamListener{o: o, q: q, emit: emit}
	if err := readCursor(q, &l.cur); err != nil {
		return err
	}
	names := NewMatcher(q.Brands)
	left := make(chan jetstreamEvent)
	if o.OptOut {
		l.who = newAuthors(o.profiles(c))
		ctx, cancel := context.WithCancel(ctx)
		var wg sync.WaitGroup
		wg.Go(func() { l.who.run(ctx, left) })
		defer wg.Wait()
		defer cancel()
	}
	for {
		conn, err := l.dial(ctx, c)
		if err != nil {
			return err
		}
		err = gather(ctx, conn, left, func(b []byte) jetstreamEvent { return readEvent(b, names) }, l.take, l.flush)
		conn.Close()
		if !errors.Is(err, errCounterReset) {
			return err
		}
	}
}

// errCounterReset says that a server counts from the start again.
var errCounterReset = errors.New("the server has begun to count anew")

// A jetstreamListener is one Listen of a stream.
type jetstreamListener struct {
	o    *bluesky
	q    Query
	emit func(Page) error
	cur  jetstreamCursor
	who  *authors // nil: nobody is looked up

	asked int64     // the number that we went on from; 0 if that was a time
	from  int64     // the time that we went on from; servers begin earlier, at a place that suits them
	page  Page      // to be emitted
	kept  time.Time // when the cursor was emitted last
}

// dial opens the stream where it was left: at the same server if that
// answers, by its own count if it has one; elsewhere by the time, a little
// earlier.
func (l *jetstreamListener) dial(ctx context.Context, c *Client) (*Conn, error) {
	servers := slices.Clone(l.o.streams)
	if i := slices.IndexFunc(servers, func(u *url.URL) bool { return u.Host == l.cur.Host }); i > 0 {
		servers = append(servers[i:], servers[:i]...)
	}
	var first error
	for _, s := range servers {
		u := *s
		v := url.Values{"wantedCollections": {postCollection}, "maxMessageSizeBytes": {strconv.Itoa(maxEvent)}}
		l.asked, l.from = 0, 0
		switch {
		case l.cur.Time == 0: // from now on
		case u.Host == l.cur.Host && l.cur.Seq != 0:
			l.asked = l.cur.Seq
			v.Set("cursor", strconv.FormatInt(l.cur.Seq, 10))
		default:
			if l.from = l.cur.Time; u.Host != l.cur.Host {
				l.from -= rewind.Microseconds()
			}
			v.Set("cursor", strconv.FormatInt(l.from, 10))
		}
		u.RawQuery = v.Encode()
		conn, err := c.Dial(ctx, Request{URL: u.String(), API: true})
		if err == nil {
			if u.Host != l.cur.Host {
				l.cur.Host, l.cur.Seq = u.Host, 0
			}
			return conn, l.opened()
		}
		if first = cmp.Or(first, err); ctx.Err() != nil {
			break
		}
	}
	return nil, first
}

// opened tells that we are listening, and of what can not be told again.
func (l *jetstreamListener) opened() error {
	p := Page{}
	if missed := l.q.Now.Sub(time.UnixMicro(l.cur.Time)); l.cur.Time != 0 && missed > maxReplayed {
		p.Faults = append(p.Faults, fmt.Errorf("stream: it was not heard for %v, and servers remember %v", missed.Round(time.Minute), maxReplayed))
		p.More = true
	}
	return l.emit(p)
}
