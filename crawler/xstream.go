package crawler

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dghubble/go-twitter/twitter" //lint:ignore SA1019 the choice of those who use it; xWire speaks for it

	"github.com/puskaradio/puskaradio"
)

const (
	xQuiet   = 60 * time.Second // X sends a sign of life every 20 s
	xAhead   = 20               // posts that are set aside on the disk before they come
	xOverlap = 10 * time.Second // posts come out of order by so much
)

// ways implements streamer. A stream does what a search does when it opens: so
// the two share one ledger, and nothing is paid for twice.
func (o *x) ways() (polls, streams bool) { return !o.Stream, o.Stream }

// An xMessage is a line of the stream.
type xMessage struct {
	Data     json.RawMessage `json:"data"`
	Includes struct {
		Users []xUser `json:"users"`
	} `json:"includes"`
	Rules  []xRule   `json:"matching_rules"`
	Errors []xStop   `json:"errors"`
	Title  string    `json:"title"` // of a problem that stands alone
	Type   string    `json:"type"`
	Issue  string    `json:"connection_issue"`
	Detail string    `json:"detail"`
	Status int       `json:"status"`
	fault  error     // this is no message
	newDay time.Time // no message: a day has begun
}

// An xStop says why a stream is closed.
type xStop struct {
	Title      string `json:"title"`
	Detail     string `json:"detail"`
	Type       string `json:"type"`
	Disconnect string `json:"disconnect_type"`
	Issue      string `json:"connection_issue"`
}

func readXMessage(b []byte) (m xMessage) {
	if err := json.Unmarshal(b, &m); err != nil {
		return xMessage{fault: errors.New("a message that is not as documented")}
	}
	if len(m.Data) == 0 && len(m.Errors) == 0 && (m.Title != "" || m.Issue != "") {
		m.Errors = []xStop{{Title: m.Title, Detail: m.Detail, Type: m.Type, Issue: m.Issue}}
	}
	return m
}

// errNewDay says that a day has begun, in UTC.
var errNewDay = errors.New("a day has begun")

// Listen implements [Stream]: it hears the posts that match the rules, which it
// keeps in step with the names of the brands. When the stream stands, what was
// missed is searched for, and once a day recent posts are looked at again. What
// is under way when the cap closes the stream is billed too, so that a tenth of
// the cap stays back for it.
func (o *x) Listen(ctx context.Context, c *Client, q Query, emit func(Page) error) error {
	l := &xListener{o: o, q: q, emit: emit}
	if err := readCursor(q, &l.cur); err != nil {
		return err
	}
	l.cur.Spent += l.cur.Ahead // the last time it ended without a word: all may have come
	l.cur.Ahead = 0
	for {
		err := l.day(ctx, c)
		if errors.Is(err, errNewDay) {
			continue
		}
		return o.fails.pause(err)
	}
}

// An xListener is one Listen of a stream.
type xListener struct {
	o     *x
	q     Query
	emit  func(Page) error
	cur   xCursor
	rules map[string]string // the queries of our rules by id
	page  Page              // to be emitted
}

// day listens until the day ends, in UTC.
func (l *xListener) day(ctx context.Context, c *Client) error {
	now := time.Now().UTC()
	if today := now.Format(time.DateOnly); l.cur.Day != today {
		l.cur.Day, l.cur.Spent, l.cur.Reserved = today, 0, 0
	}
	if l.room() < l.o.price() {
		return l.capped(now)
	}
	if err := l.sync(ctx, c); err != nil {
		return err
	}
	if err := l.setAside(); err != nil {
		return err
	}
	lines, err := l.open(ctx, c)
	if err != nil {
		l.cur.Ahead = 0 // nothing came
		_, kept := l.flush(true)
		return cmp.Or(err, kept)
	}
	defer lines.Close()
	if err := l.catchUp(ctx, c); err != nil {
		l.cur.Spent, l.cur.Ahead = l.cur.Spent+l.cur.Ahead, 0 // all may have come, unheard
		_, kept := l.flush(true)
		return cmp.Or(err, kept)
	}
	open, cancel := context.WithCancel(ctx)
	defer cancel()
	midnight := make(chan xMessage)
	go func() {
		next := now.Truncate(24 * time.Hour).Add(24 * time.Hour)
		timer := time.NewTimer(time.Until(next))
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-open.Done():
			return
		}
		select {
		case midnight <- xMessage{newDay: next}:
		case <-open.Done():
		}
	}()
	err = gather(open, lines, midnight, readXMessage, l.take, l.flush)
	l.cur.Ahead = 0 // what came was booked
	if _, kept := l.flush(true); kept != nil && ctx.Err() == nil {
		return kept
	}
	return err
}

// room is what may still be spent on posts today, in millionths of a dollar: a
// tenth of the cap stays back.
func (l *xListener) room() int64 {
	limit := int64(l.o.Cap * micro)
	back := min(max(limit/10, l.o.price()), 20*l.o.price())
	return limit - back - l.cur.Spent - l.cur.Reserved
}

func (l *xListener) capped(now time.Time) error {
	tomorrow := now.Truncate(24 * time.Hour).Add(24 * time.Hour)
	err := &FetchError{URL: l.o.Server, State: StateLimited, Err: fmt.Errorf("the daily cap of %.2f USD closes the stream: %.3f are spent; it goes on after midnight UTC, or raise daily_cap", l.o.Cap, float64(l.cur.Spent)/micro)}
	return &puskaradio.RetryError{After: tomorrow.Sub(now), Err: fmt.Errorf("x: %w", err)}
}

// setAside books the posts that may come before the ledger is on the disk again.
func (l *xListener) setAside() error {
	l.cur.Ahead = 0
	posts := l.room() / l.o.price()
	if posts < 1 {
		return l.capped(time.Now().UTC())
	}
	posts = min(xAhead, max(posts/4, 1)) // the rest is for searches
	l.cur.Ahead = posts * l.o.price()
	_, err := l.flush(true)
	return err
}

// open opens the stream.
func (l *xListener) open(ctx context.Context, c *Client) (*Lines, error) {
	v := l.o.fields()
	if l.o.Backfill > 0 {
		v.Set("backfill_minutes", strconv.Itoa(l.o.Backfill))
	}
	lines, err := c.Endless(ctx, Request{
		URL: strings.TrimRight(l.o.Server, "/") + "/2/tweets/search/stream?" + v.Encode(), Header: bearer(l.o.token), API: true,
	}, xQuiet)
	if fe, ok := errors.AsType[*FetchError](err); ok && fe.Status == http.StatusTooManyRequests {
		if m := readXMessage(fe.Body); m.fault == nil && len(m.Errors) > 0 {
			return nil, l.stopped(m.Errors)
		}
	}
	if err != nil {
		return nil, (&xWire{x: l.o}).explain(err)
	}
	return lines, nil
}

// catchUp searches for what was missed, as Fetch does, from a little earlier
// than the newest that was heard.
func (l *xListener) catchUp(ctx context.Context, c *Client) error {
	for _, pos := range l.cur.Lists {
		pos.Since = earlierID(pos.Since, xOverlap)
	}
	for {
		q := l.q
		q.Now = time.Now().UTC()
		b, err := json.Marshal(&l.cur)
		if err != nil {
			return err
		}
		q.Cursor = b
		p, err := l.o.Fetch(ctx, c, q)
		if err != nil {
			return err
		}
		l.cur = xCursor{}
		if err := json.Unmarshal(p.Cursor, &l.cur); err != nil {
			return err
		}
		if l.cur.Lists == nil {
			l.cur.Lists = map[string]*xPos{}
		}
		more := p.More
		p.More = false // there is no Fetch beside
		l.o.fails.saw(p.Cursor)
		if err := l.emit(p); err != nil || !more {
			return err
		}
	}
}

// earlierID is an id of some time before another.
func earlierID(id string, by time.Duration) string {
	n, err := strconv.ParseInt(id, 10, 64)
	if n -= by.Milliseconds() << 22; err != nil || n <= 0 {
		return id
	}
	return strconv.FormatInt(n, 10)
}

// take is told of a message.
func (l *xListener) take(m xMessage, at time.Time) (bool, error) {
	switch {
	case !m.newDay.IsZero():
		return false, errNewDay
	case m.fault != nil:
		l.fault(m.fault)
		return true, nil
	case len(m.Data) == 0:
		if len(m.Errors) == 0 {
			return false, nil // a kind of message that is not known yet
		}
		return false, l.stopped(m.Errors)
	}
	l.o.fails.reset()
	if today := at.UTC().Format(time.DateOnly); l.cur.Day != today { // the timer comes at once
		l.cur.Day, l.cur.Spent = today, 0
	}
	before := l.cur.Spent
	w := &xWire{x: l.o, read: 1, users: len(m.Includes.Users)}
	doc := &xAnswer{Data: []json.RawMessage{m.Data}}
	doc.Includes.Users = m.Includes.Users
	q := l.q
	q.Now = at.UTC()
	found := w.tweets(doc)
	if !slices.ContainsFunc(m.Rules, func(r xRule) bool { return l.rules[r.ID] != "" }) {
		found = nil // of a rule of somebody else's; it costs all the same
	}
	l.add(q, w, found)
	for _, r := range m.Rules {
		query := l.rules[r.ID]
		if query == "" || len(found) == 0 {
			continue
		}
		pos := l.cur.Lists[query]
		if pos == nil {
			pos = &xPos{}
			l.cur.Lists[query] = pos
		}
		if id := found[0].IDStr; pos.Since == "" || compareIDs(id, pos.Since) > 0 {
			pos.Since = id
		}
	}
	if l.cur.Ahead -= l.cur.Spent - before; l.cur.Ahead >= 2*l.o.price() {
		return true, nil
	}
	return false, l.setAside()
}

// add makes a mention of a post. An older version that comes late is not told
// again, and of two in one page the newer one stays.
func (l *xListener) add(q Query, w *xWire, found []twitter.Tweet) {
	var one Page
	l.o.take(q, &l.cur, w, found, &one)
	l.page.Faults = append(l.page.Faults, one.Faults[:min(len(one.Faults), max(0, 100-len(l.page.Faults)))]...)
	for _, m := range one.Mentions {
		i := slices.IndexFunc(l.cur.Recent, func(r xPost) bool { return r.Ref == m.Ref })
		if i >= 0 && compareIDs(l.cur.Recent[i].ID, found[0].IDStr) > 0 {
			continue
		}
		l.page.Mentions = slices.DeleteFunc(l.page.Mentions, func(old puskaradio.Mention) bool { return old.Ref == m.Ref })
		l.page.Mentions = append(l.page.Mentions, m)
	}
}

func (l *xListener) fault(err error) {
	if len(l.page.Faults) < 100 {
		l.page.Faults = append(l.page.Faults, fmt.Errorf("x: stream: %w", err))
	}
}

// flush emits the page.
func (l *xListener) flush(bool) (bool, error) {
	p := l.page
	l.page = Page{}
	if err := p.setCursor(&l.cur); err != nil {
		return false, err
	}
	l.o.fails.saw(p.Cursor)
	return true, l.emit(p)
}

// stopped is the error of a stream that X closes.
func (l *xListener) stopped(why []xStop) error {
	s := why[0]
	said := foldText(s.Title+": "+s.Detail, 200)
	fe := &FetchError{URL: l.o.Server, State: StateUnreachable, Err: fmt.Errorf("the stream was closed there: %s", said)}
	switch kind := strings.ToLower(s.Disconnect + " " + s.Issue + " " + s.Title + " " + s.Type); {
	case strings.Contains(kind, "toomanyconnections") || strings.Contains(strings.ToLower(s.Detail), "maximum allowed connection"):
		fe.State, fe.Err = StateLimited, fmt.Errorf("another program listens with the same app, and X allows one stream: end it, or use an app of its own (X says: %s)", said)
	case strings.Contains(kind, "usage") || strings.Contains(kind, "credits"):
		fe.State, fe.Err = StateLimited, fmt.Errorf("the credits or the posts of the account are used up; see the developer console (X says: %s)", said)
		return &puskaradio.RetryError{After: time.Hour, Err: fmt.Errorf("x: %w", fe)}
	case strings.Contains(kind, "rules"):
		fe.State, fe.Err = StateRefused, fmt.Errorf("the rules of the stream were taken away: %s", said)
	}
	return fmt.Errorf("x: %w", fe)
}

// fields are those of a post that are asked for.
func (o *x) fields() url.Values {
	v := url.Values{"tweet.fields": {"author_id,created_at,edit_history_tweet_ids,lang,note_tweet,public_metrics"}}
	if o.Users {
		v.Set("expansions", "author_id")
		v.Set("user.fields", "public_metrics,username")
	}
	return v
}
