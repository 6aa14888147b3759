package crawler

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dghubble/go-twitter/twitter" //lint:ignore SA1019 the choice of those who use it; xWire speaks for it

	"github.com/puskaradio/puskaradio"
)

const (
	xQueryMax = 512 // characters of a query, as X takes them from self-serve accounts
	xLeast    = 10  // the fewest posts that a search can be asked for
	xMost     = 100
	xRecent   = 100 // posts that are looked at again
	micro     = 1e6 // of a dollar: what is spent is counted in whole ones
)

// x searches the posts of the last seven days at X, or listens to the stream of
// new ones, which costs money.
type x struct {
	TokenEnv  string  `json:"token_env" jsonschema:"required,description=The environment variable that holds the bearer token of your app; console.x.com gives it"`
	Cap       float64 `json:"daily_cap,omitempty" jsonschema:"description=The most dollars to spend on a day (UTC); 1 unless said. It is never passed: what does not fit waits for the next day"`
	Query     string  `json:"query,omitempty" jsonschema:"description=Added to each search such as lang:fi or -from:acme; reposts are left out always"`
	Users     bool    `json:"users,omitempty" jsonschema:"description=Ask for the names and followers of authors too which costs twice as much again as the post"`
	Pages     int     `json:"pages,omitempty" jsonschema:"description=The most pages of 100 posts for one search in a round; 10 unless said"`
	Recheck   int     `json:"recheck,omitempty" jsonschema:"description=How many posts of the last week are looked at again once a day to see edits and deletions as X asks for; each costs like a new one; 20 unless said"`
	PostPrice float64 `json:"post_price,omitempty" jsonschema:"description=Dollars for reading a post; 0.005 unless said"`
	UserPrice float64 `json:"user_price,omitempty" jsonschema:"description=Dollars for reading an author; 0.010 unless said"`
	Stream    bool    `json:"stream,omitempty" jsonschema:"description=Listen to the stream of new posts instead of searching every so often; what was missed is searched for. The app must be allowed to use the filtered stream"`
	Backfill  int     `json:"backfill_minutes,omitempty" jsonschema:"description=Minutes from 1 to 5 of posts that X is to send again when the stream is opened anew; only some accounts may ask for that and each post costs"`
	Server    string  `json:"server,omitempty" jsonschema:"description=Where the interface is; https://api.x.com unless said"`

	ReplyEnv string `json:"reply_token_env,omitempty" jsonschema:"description=The environment variable that holds an access token of the account that answers with the scopes tweet.write and users.read; nothing can be answered without. An answer costs too and is not in the daily cap"`

	token string
	reply string // the token that answers
	fails xFails // of the stream
}

// Check reports every fault of the options, and finds the token.
func (o *x) Check(secret Secret) error {
	var errs []error
	var err error
	if o.token, err = secretOf(secret, "token_env", o.TokenEnv); err != nil {
		errs = append(errs, err)
	}
	if o.ReplyEnv != "" {
		if o.reply, err = secretOf(secret, "reply_token_env", o.ReplyEnv); err != nil {
			errs = append(errs, err)
		}
	}
	for _, p := range []struct {
		name        string
		v, min, max float64
	}{{"daily_cap", o.Cap, 0.05, 10_000}, {"post_price", o.PostPrice, 0.0001, 1}, {"user_price", o.UserPrice, 0.0001, 1}} {
		if !(p.v >= p.min && p.v <= p.max) {
			errs = append(errs, fmt.Errorf("%s %g is not from %g to %g", p.name, p.v, p.min, p.max))
		}
	}
	if o.Stream && int64(o.Cap*micro) < 4*xLeast*o.price() {
		errs = append(errs, fmt.Errorf("daily_cap %g is too little for a stream: that wants %g at least", o.Cap, float64(4*xLeast*o.price())/micro))
	}
	if len(o.Query) > 300 {
		errs = append(errs, errors.New("query is longer than 300 characters, and the names of the brands must fit beside it"))
	}
	errs = append(errs, checkWeb("server", o.Server), within("pages", o.Pages, 1, 100), within("recheck", o.Recheck, 0, xRecent), within("backfill_minutes", o.Backfill, 0, 5))
	return errors.Join(errs...)
}

func (o *x) home() (string, bool) { return o.Server, true }

// An xCursor is the spend ledger and how far each search was read.
type xCursor struct {
	Day      string           `json:"day,omitempty"`      // in UTC, that Spent is of
	Spent    int64            `json:"spent,omitempty"`    // millionths of a dollar
	Reserved int64            `json:"reserved,omitempty"` // set aside for the request that is next
	Ahead    int64            `json:"ahead,omitempty"`    // and for posts that a stream may have brought since
	List     int              `json:"list,omitempty"`
	Read     int              `json:"read,omitempty"` // pages of this search in this round
	Next     string           `json:"next,omitempty"` // token of its next page
	Lists    map[string]*xPos `json:"lists,omitempty"`
	Recent   []xPost          `json:"recent,omitempty"`
	Checked  string           `json:"checked,omitempty"` // the day when they were looked at
}

// An xPos is how far a search was read.
type xPos struct {
	Since  string `json:"since,omitempty"`  // all up to this id was read
	Newest string `json:"newest,omitempty"` // seen in the round under way
}

// An xPost is looked at again.
type xPost struct {
	Ref string `json:"ref"`
	ID  string `json:"id"` // of its newest version
	At  int64  `json:"at"`
}

// Spent implements [Spender].
func (o *x) Spent(cursor []byte, now time.Time) Spend {
	var cur xCursor
	s := Spend{Cap: o.Cap, Unit: "USD"}
	if o.Stream && len(cursor) == 0 { // a stream has a cursor of its own
		cursor = o.fails.seen()
	}
	if err := readCursor(Query{Cursor: cursor}, &cur); err == nil && cur.Day == now.UTC().Format(time.DateOnly) {
		s.Today = float64(cur.Spent+cur.Reserved+cur.Ahead) / micro
	}
	return s
}

// Fetch implements [Connector]. Every request is two pages: the first sets the
// most that it can cost aside, in the cursor and so on the disk; the second
// asks, and books what it did cost. So a stop at any time leaves the ledger no
// lower than the bill: a request that is repeated asks for posts that were paid
// for that day.
func (o *x) Fetch(ctx context.Context, c *Client, q Query) (Page, error) {
	var cur xCursor
	if err := readCursor(q, &cur); err != nil {
		return Page{}, err
	}
	if cur.Lists == nil {
		cur.Lists = map[string]*xPos{}
	}
	today := q.Now.UTC().Format(time.DateOnly)
	if cur.Day != today {
		cur.Day, cur.Spent = today, 0
	}
	queries := o.queries(q)
	if len(queries) == 0 {
		return Page{}, &puskaradio.PermanentError{Err: errors.New("x: no brand whose names could be searched for")}
	}
	if cur.List > len(queries) || cur.List == len(queries) && !o.checks(&cur, q.Now) {
		cur.List = 0
	}
	p := Page{More: true}
	if cur.Reserved == 0 {
		if err := o.reserve(&cur, len(queries), q.Now); err != nil {
			return Page{}, err
		}
		return p, p.setCursor(&cur)
	}
	n := min(xMost, int(cur.Reserved/o.price()))
	var err error
	if cur.List == len(queries) {
		err = o.look(ctx, c, q, &cur, n, &p)
	} else {
		err = o.search(ctx, c, q, &cur, queries[cur.List], n, &p)
	}
	if err != nil {
		return Page{}, err
	}
	cur.Reserved = 0
	if cur.List == len(queries) && !o.checks(&cur, q.Now) || cur.List > len(queries) {
		cur.List, p.More = 0, false
	}
	return p, p.setCursor(&cur)
}

// price is what one post costs at most, in millionths of a dollar.
func (o *x) price() int64 {
	price := o.PostPrice
	if o.Users {
		price += o.UserPrice
	}
	return int64(price*micro + 0.5)
}

// checks reports whether recent posts are to be looked at again today.
func (o *x) checks(cur *xCursor, now time.Time) bool {
	cur.Recent = slices.DeleteFunc(cur.Recent, func(r xPost) bool { return now.Sub(time.Unix(r.At, 0)) > seenFor })
	return o.Recheck > 0 && len(cur.Recent) > 0 && cur.Checked != cur.Day
}

// reserve sets aside what the next request can cost.
func (o *x) reserve(cur *xCursor, lists int, now time.Time) error {
	room := (int64(o.Cap*micro) - cur.Spent - cur.Ahead) / o.price()
	n, least := int64(xMost), int64(xLeast)
	if cur.List == lists {
		n, least = int64(min(o.Recheck, len(cur.Recent))), 1
	}
	if n = min(n, room); n < least {
		tomorrow := now.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
		err := &FetchError{URL: o.Server, State: StateLimited, Err: fmt.Errorf("the daily cap of %.2f USD leaves no room for another search: %.3f are spent; it goes on after midnight UTC, or raise daily_cap", o.Cap, float64(cur.Spent)/micro)}
		return &puskaradio.RetryError{After: tomorrow.Sub(now), Err: fmt.Errorf("x: %w", err)}
	}
	cur.Reserved = n * o.price()
	return nil
}

// queries ask for the names of the brands, as many in one as fit.
func (o *x) queries(q Query) (out []string) {
	rest := " -is:retweet"
	if o.Query != "" {
		rest += " " + foldText(o.Query, 300)
	}
	list := ""
	for _, name := range brandNames(q) {
		name = `"` + strings.ReplaceAll(name, `"`, " ") + `"`
		if list != "" && len("("+list+" OR "+name+")"+rest) > xQueryMax {
			out = append(out, "("+list+")"+rest)
			list = ""
		}
		if list != "" {
			list += " OR "
		}
		list += name
	}
	if list != "" {
		out = append(out, "("+list+")"+rest)
	}
	return out
}

// search reads a page of a search, the newest posts first.
func (o *x) search(ctx context.Context, c *Client, q Query, cur *xCursor, query string, n int, p *Page) error {
	pos := cur.Lists[query]
	if pos == nil {
		pos = &xPos{}
		cur.Lists[query] = pos
	}
	w := &xWire{x: o, client: c, since: pos.Since, next: cur.Next}
	found, _, err := o.through(ctx, w).Search.Tweets(&twitter.SearchTweetParams{Query: query, Count: n})
	if err != nil {
		return w.fault(err)
	}
	o.take(q, cur, w, found.Statuses, p)
	for i := range found.Statuses {
		if id := found.Statuses[i].IDStr; pos.Newest == "" || compareIDs(id, pos.Newest) > 0 {
			pos.Newest = id
		}
	}
	cur.Next = w.meta.Next
	if cur.Read++; cur.Next != "" && cur.Read < o.Pages {
		return nil
	}
	if cur.Next != "" {
		p.Faults = append(p.Faults, fmt.Errorf("x: more than %d pages in one round; older posts are left out", o.Pages))
	}
	if pos.Newest != "" {
		pos.Since = pos.Newest
	}
	pos.Newest, cur.Next, cur.Read = "", "", 0
	cur.List++
	return nil
}

// look reads recent posts again.
func (o *x) look(ctx context.Context, c *Client, q Query, cur *xCursor, n int, p *Page) error {
	n = min(n, len(cur.Recent))
	turn := cur.Recent[:n]
	w := &xWire{x: o, client: c}
	for _, r := range turn {
		w.ids = append(w.ids, r.ID)
	}
	found, _, err := o.through(ctx, w).Statuses.Lookup(nil, nil)
	if err != nil {
		return w.fault(err)
	}
	cur.Checked = cur.Day
	cur.Recent = append(slices.Clone(cur.Recent[n:]), turn...) // others come first the next time
	o.take(q, cur, w, found, p)
	for _, id := range w.gone {
		i := slices.IndexFunc(cur.Recent, func(r xPost) bool { return r.ID == id })
		if i >= 0 {
			p.Gone = append(p.Gone, cur.Recent[i].Ref)
			cur.Recent = slices.Delete(cur.Recent, i, i+1)
		}
	}
	return nil
}

// through is the library, over a wire that speaks today's interface.
func (o *x) through(ctx context.Context, w *xWire) *twitter.Client {
	w.ctx = ctx
	return twitter.NewClient(httpOver(w))
}

// take makes mentions of posts, and books what they cost.
func (o *x) take(q Query, cur *xCursor, w *xWire, found []twitter.Tweet, p *Page) {
	cur.Spent += int64(w.read)*int64(o.PostPrice*micro+0.5) + int64(w.users)*int64(o.UserPrice*micro+0.5)
	p.Faults = append(p.Faults, w.faults...)
	for i := range found {
		t := &found[i]
		at, err := t.CreatedAtTime()
		if err != nil {
			p.Faults = append(p.Faults, fmt.Errorf("x: post %.30s: no date", t.IDStr))
		}
		// An edited post has a new id; its first one names it for good.
		ref := t.IDStr
		if h := w.history[t.IDStr]; len(h) > 0 {
			ref = slices.MinFunc(h, compareIDs)
		}
		m := puskaradio.Mention{
			Ref: ref, URL: "https://x.com/i/status/" + t.IDStr, Text: plainText(t.FullText, maxTextBytes), Lang: langCode(t.Lang),
			Reach: t.FavoriteCount + t.RetweetCount + t.QuoteCount,
		}
		if t.User != nil {
			m.Author = foldText(t.User.IDStr, 40)
			if t.User.ScreenName != "" {
				m.Author, m.Reach = "@"+foldText(t.User.ScreenName, 100), t.User.FollowersCount
			}
		}
		if !at.IsZero() {
			m.Published, m.DateFrom = at.UTC(), puskaradio.DatePublished
		}
		stamp(q, puskaradio.Social, &m)
		if m.Text == "" {
			continue
		}
		p.Mentions = append(p.Mentions, m)
		cur.see(xPost{ref, t.IDStr, m.Published.Unix()})
	}
	p.Mentions = once(p.Mentions)
}

// see remembers a post, or that it has a newer version.
func (cur *xCursor) see(r xPost) {
	if i := slices.IndexFunc(cur.Recent, func(old xPost) bool { return old.Ref == r.Ref }); i >= 0 {
		if compareIDs(r.ID, cur.Recent[i].ID) > 0 {
			cur.Recent[i].ID = r.ID
		}
		return
	}
	cur.Recent = append(cur.Recent, r)
	if over := len(cur.Recent) - 2*xRecent; over > 0 {
		cur.Recent = slices.Delete(cur.Recent, 0, over)
	}
}

// isID reports whether a text is an id as X gives them: a decimal number that
// need not fit where numbers are floats.
func isID(s string) bool {
	_, err := strconv.ParseUint(s, 10, 64)
	return err == nil && s[0] != '0'
}
