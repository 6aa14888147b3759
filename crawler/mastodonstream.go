package crawler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mattn/go-mastodon"
	"golang.org/x/net/publicsuffix"

	"github.com/puskaradio/puskaradio"
)

// maxFollowed is how many statuses that came over a stream are known by their
// id, by which their deletion is told.
const maxFollowed = 200

// ways implements streamer.
func (o *mastodonTags) ways() (polls, streams bool) { return true, o.Stream }

// A mastodonHeard is the cursor of a stream, which tells nothing again: what
// was missed is fetched.
type mastodonHeard struct {
	Recent []recentStatus `json:"recent,omitempty"`
}

// A mastodonEvent is a message of the stream.
type mastodonEvent struct {
	Event   string          `json:"event"`
	Payload json.RawMessage `json:"payload"`
	Error   string          `json:"error"`

	status *status // of update and status.update
	id     string  // of delete
	fault  error
}

// readMastodonEvent reads a message. Its payload is JSON in a string, or, at
// some servers and for numbers, as it is.
func readMastodonEvent(b []byte) (e mastodonEvent) {
	if err := json.Unmarshal(b, &e); err != nil {
		e.fault = errors.New("not as an event is")
		return e
	}
	payload := []byte(e.Payload)
	var inner string
	if bytes.HasPrefix(payload, []byte(`"`)) && json.Unmarshal(payload, &inner) == nil {
		payload = []byte(inner)
	}
	switch e.Event {
	case "update", "status.update":
		e.status = new(status)
		if err := json.Unmarshal(payload, e.status); err != nil || e.status.ID == "" || e.status.URI == "" {
			e.status, e.fault = nil, errors.New("not as a status is")
		}
	case "delete":
		if e.id = strings.TrimSpace(string(payload)); e.id == "" || len(e.id) > 100 {
			e.fault = errors.New("a deletion of nothing")
		}
	}
	return e
}

// Listen implements [Stream]: it hears what is written with the hashtags, and
// its edits and deletions.
func (o *mastodonTags) Listen(ctx context.Context, c *Client, q Query, emit func(Page) error) error {
	l := &mastodonListener{o: o, q: q, emit: emit}
	if err := readCursor(q, &l.heard); err != nil {
		return err
	}
	conn, all, err := o.dial(ctx, c)
	if err != nil {
		return err
	}
	defer conn.Close()
	l.all = all
	if err := emit(Page{More: true}); err != nil { // what was written until now is fetched
		return err
	}
	return gather(ctx, conn, nil, readMastodonEvent, l.take, l.flush)
}

// dial opens the stream of all hashtags; all says that it has what is public,
// for a server that has no streams of hashtags.
func (o *mastodonTags) dial(ctx context.Context, c *Client) (_ *Conn, all bool, _ error) {
	base, all, err := o.streaming(ctx, c)
	if err != nil {
		return nil, false, err
	}
	kind, tags := "hashtag", o.Tags
	if all {
		kind, tags = "public", []string{""}
	}
	if o.Local {
		kind += ":local"
	}
	v := url.Values{"stream": {kind}}
	if !all {
		v.Set("tag", tags[0])
	}
	u := base.JoinPath("/api/v1/streaming")
	u.RawQuery = v.Encode()
	conn, err := c.Dial(ctx, Request{URL: u.String(), API: true, Header: http.Header{"Authorization": {"Bearer " + o.token}}})
	if fe, ok := errors.AsType[*FetchError](err); ok && fe.Status == http.StatusUnauthorized {
		return nil, false, fmt.Errorf("mastodon: the token is not valid here: %w", err)
	}
	if err != nil {
		return nil, false, err
	}
	for _, tag := range tags[1:] {
		b, err := json.Marshal(map[string]string{"type": "subscribe", "stream": kind, "tag": tag})
		if err == nil {
			err = conn.Write(ctx, b)
		}
		if err != nil {
			conn.Close()
			return nil, false, err
		}
	}
	return conn, all, nil
}

// streaming is where the server has its streams: it may say another host of
// its own, and to no other goes the token. GoToSocial takes who asks for a
// stream of a hashtag, and then tells nothing: only all has what we want.
func (o *mastodonTags) streaming(ctx context.Context, c *Client) (at *url.URL, all bool, _ error) {
	got, err := o.get(ctx, c, "/api/v2/instance", nil)
	if _, wait := errors.AsType[*puskaradio.RetryError](err); wait || ctx.Err() != nil {
		return nil, false, err
	}
	var doc struct {
		Source        string `json:"source_url"`
		Configuration struct {
			URLs struct {
				Streaming string `json:"streaming"`
			} `json:"urls"`
		} `json:"configuration"`
	}
	if err != nil || json.Unmarshal(got.Body, &doc) != nil {
		return o.server, false, nil // an old server
	}
	all = strings.Contains(strings.ToLower(doc.Source), "gotosocial")
	u, err := checkURL(webScheme(doc.Configuration.URLs.Streaming))
	if err != nil || u.Scheme != o.server.Scheme || !sameOwner(u, o.server) {
		return o.server, all, nil
	}
	u.Path, u.RawQuery = "/", ""
	return u, all, nil
}

// tagged reports whether a status has one of the hashtags.
func (o *mastodonTags) tagged(s *status) bool {
	return slices.ContainsFunc(s.Tags, func(t mastodon.Tag) bool {
		return slices.ContainsFunc(o.Tags, func(tag string) bool { return strings.EqualFold(t.Name, tag) })
	})
}

// sameOwner reports whether two addresses are of one host, or of hosts under
// one registered name.
func sameOwner(a, b *url.URL) bool {
	if a.Host == b.Host {
		return true
	}
	one, err := publicsuffix.EffectiveTLDPlusOne(a.Hostname())
	other, err2 := publicsuffix.EffectiveTLDPlusOne(b.Hostname())
	return err == nil && err2 == nil && one == other && a.Port() == b.Port()
}

// A mastodonListener is one Listen of a stream.
type mastodonListener struct {
	o     *mastodonTags
	q     Query
	emit  func(Page) error
	all   bool // the stream has statuses of any hashtag
	heard mastodonHeard
	page  Page // to be emitted
}

// take is told of an event.
func (l *mastodonListener) take(e mastodonEvent, at time.Time) (bool, error) {
	switch {
	case e.Error != "":
		return false, &FetchError{Host: l.o.server.Hostname(), State: StateRefused, Err: fmt.Errorf("the stream was refused: %.100q", e.Error)}
	case e.fault != nil:
		if len(l.page.Faults) < 100 {
			l.page.Faults = append(l.page.Faults, fmt.Errorf("stream: %w", e.fault))
		}
		return true, nil
	case e.id != "":
		return l.gone(func(r recentStatus) bool { return r.ID == e.id }), nil
	case e.status == nil:
		return false, nil
	}
	s := e.status
	if s.Reblog != nil { // it counts as what it repeats
		if s = s.Reblog; s.ID == "" || s.URI == "" {
			return false, nil
		}
	}
	q := l.q
	q.Now = at.UTC()
	m := l.o.mention(q, s)
	if !l.o.wanted(s) || l.all && !l.o.tagged(s) {
		return l.gone(func(r recentStatus) bool { return r.Ref == m.Ref }), nil
	}
	if m.Text == "" && m.Title == "" {
		return false, nil
	}
	l.heard.Recent = remembered(l.heard.Recent, s, m, q.Now, maxFollowed)
	l.page.Mentions = append(l.page.Mentions, m)
	return true, nil
}

// gone takes a status back, if it is known.
func (l *mastodonListener) gone(is func(recentStatus) bool) bool {
	i := slices.IndexFunc(l.heard.Recent, is)
	if i < 0 {
		return false
	}
	ref := l.heard.Recent[i].Ref
	l.heard.Recent = slices.Delete(l.heard.Recent, i, i+1)
	l.page.Gone = append(l.page.Gone, ref)
	return true
}

// flush emits the page.
func (l *mastodonListener) flush(bool) (bool, error) {
	p := l.page
	l.page = Page{}
	if err := p.setCursor(&l.heard); err != nil {
		return false, err
	}
	return true, l.emit(p)
}
