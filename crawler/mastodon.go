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

	"github.com/puskaradio/puskaradio"
)

const (
	maxSearches = 20 // names that one round searches for
	maxRecent   = 40 // statuses that are looked at again
	recentFor   = 48 * time.Hour
)

// mastodonTags reads hashtags, and with a token searches, at a server that
// speaks Mastodon's interface.
type mastodonTags struct {
	Server   string   `json:"server" jsonschema:"description=The server such as mastodon.social"`
	Tags     []string `json:"tags,omitempty" jsonschema:"description=Hashtags to follow; with or without #"`
	Search   bool     `json:"search,omitempty" jsonschema:"description=Search for the names of the brands too; needs a token and finds only what its authors opened to search"`
	TokenEnv string   `json:"token_env,omitempty" jsonschema:"description=The environment variable that holds an access token with the scope read; some servers show nothing without"`
	Local    bool     `json:"local,omitempty" jsonschema:"description=Only posts of this server's own users"`
	Pages    int      `json:"pages,omitempty" jsonschema:"description=The most pages of a hashtag or a name in one round; 10 unless said"`
	Recheck  int      `json:"recheck,omitempty" jsonschema:"description=How many recent posts are looked at again in a round to see edits and deletions; 5 unless said and 0 is none"`
	OptOut   bool     `json:"honour_opt_out,omitempty" jsonschema:"description=Leave out authors who ask not to be indexed; true unless said"`
	Stream   bool     `json:"stream,omitempty" jsonschema:"description=Listen to the hashtags too so that a post is here within two seconds; needs a token"`

	ReplyEnv string `json:"reply_token_env,omitempty" jsonschema:"description=The environment variable that holds a token with the scopes read:search and write:statuses of the account that answers; nothing can be answered without"`

	server *url.URL
	token  string
	reply  string // the token that answers
}

// Check reports every fault of the options, and finds the token.
func (o *mastodonTags) Check(secret Secret) error {
	var errs []error
	address := strings.TrimRight(strings.TrimSpace(o.Server), "/")
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	var err error
	switch o.server, err = checkURL(address); {
	case o.Server == "":
		errs = append(errs, errors.New("server is missing"))
	case err != nil:
		errs = append(errs, checkWeb("server", address))
	case o.server.Path != "/" || o.server.RawQuery != "":
		errs = append(errs, errors.New("server is a name such as mastodon.social, without a path"))
	}
	for i, tag := range o.Tags {
		o.Tags[i] = strings.TrimPrefix(strings.TrimSpace(tag), "#")
		if o.Tags[i] == "" || strings.ContainsAny(o.Tags[i], " /?#%") || len(o.Tags[i]) > 200 {
			errs = append(errs, fmt.Errorf("tags: %q is not a hashtag", tag))
		}
	}
	switch {
	case len(o.Tags) == 0 && !o.Search:
		errs = append(errs, errors.New("tags is missing: say which hashtags to follow, or set search and token_env"))
	case len(o.Tags) > 100:
		errs = append(errs, errors.New("tags: more than 100; make more sources of them"))
	}
	if o.Search && o.TokenEnv == "" {
		errs = append(errs, errors.New("token_env is missing: servers search only for those who sign in"))
	}
	if o.Stream && (o.TokenEnv == "" || len(o.Tags) == 0) {
		errs = append(errs, errors.New("stream needs tags and token_env: servers have streams of hashtags, for those who sign in"))
	}
	if o.TokenEnv != "" {
		if secret == nil {
			errs = append(errs, errors.New("token_env: there are no secrets here"))
		} else if o.token, err = secret(o.TokenEnv); err != nil {
			errs = append(errs, fmt.Errorf("token_env: %w", err))
		} else if strings.ContainsAny(o.token, "\r\n \x00") || o.token == "" {
			errs = append(errs, fmt.Errorf("token_env: what %s holds is not a token", o.TokenEnv))
		}
	}
	if o.ReplyEnv != "" {
		if o.reply, err = secretOf(secret, "reply_token_env", o.ReplyEnv); err != nil {
			errs = append(errs, err)
		}
	}
	errs = append(errs, within("pages", o.Pages, 1, 100), within("recheck", o.Recheck, 0, maxRecent))
	return errors.Join(errs...)
}

// A mastodonCursor is the position in a round: first the hashtags, then the
// names, then the recent statuses.
type mastodonCursor struct {
	Step   int                     `json:"step,omitempty"`
	Read   int                     `json:"read,omitempty"` // pages of this step
	Tags   map[string]*tagPosition `json:"tags,omitempty"` // by hashtag
	Name   int                     `json:"name,omitempty"` // the name that is searched for next
	Known  marks                   `json:"known,omitzero"` // what searches found
	Recent []recentStatus          `json:"recent,omitempty"`
	Turn   int                     `json:"turn,omitempty"` // of Recent
}

// A tagPosition is how far a hashtag was read.
type tagPosition struct {
	Min  string `json:"min"`            // the newest status that was read
	Back string `json:"back,omitempty"` // on the first round, the oldest; it goes on before it
}

// A recentStatus is looked at again, for edits and deletions show nowhere else.
type recentStatus struct {
	ID     string `json:"id"`
	Ref    string `json:"ref"`
	At     int64  `json:"at"`               // Unix time of publication
	Edited int64  `json:"edited,omitempty"` // of the last edit
}

// A step is one thing to read in a round.
type step struct {
	tag, name string
	recheck   bool
}

// steps are what a round reads, in order, with the number of searches among
// them.
func (o *mastodonTags) steps(q Query, cur *mastodonCursor) (out []step, searches int) {
	for _, tag := range o.Tags {
		out = append(out, step{tag: tag})
	}
	if o.Search {
		names := namesInTurn(q, cur.Name)
		searches = len(names)
		for _, name := range names {
			out = append(out, step{name: name})
		}
	}
	for range min(o.Recheck, len(cur.Recent)) {
		out = append(out, step{recheck: true})
	}
	return out, searches
}

func (o *mastodonTags) home() (string, bool) { return o.Server, true }

// Fetch implements [Connector].
func (o *mastodonTags) Fetch(ctx context.Context, c *Client, q Query) (Page, error) {
	var cur mastodonCursor
	if err := readCursor(q, &cur); err != nil {
		return Page{}, err
	}
	if cur.Tags == nil {
		cur.Tags = map[string]*tagPosition{}
	}
	if cur.Step == 0 && cur.Read == 0 {
		cur.begin(q.Now)
	}
	steps, searched := o.steps(q, &cur)
	if cur.Step >= len(steps) {
		if cur.Step, cur.Read = 0, 0; len(steps) == 0 {
			return Page{}, &puskaradio.PermanentError{Err: errors.New("mastodon: no brand whose names could be searched for")}
		}
	}
	var p Page
	var on bool
	var err error
	switch s := steps[cur.Step]; {
	case s.tag != "":
		on, err = o.readTag(ctx, c, q, &cur, s.tag, &p)
	case s.name != "":
		on, err = o.readSearch(ctx, c, q, &cur, s.name, &p)
	default:
		err = o.readAgain(ctx, c, q, &cur, &p)
	}
	if err != nil {
		_, wait := errors.AsType[*puskaradio.RetryError](err)
		if wait || ctx.Err() != nil || StateOf(err) == StateLogin || len(steps) == 1 {
			return Page{}, err
		}
		p.Faults = append(p.Faults, err)
		on = false
	}
	if cur.Read++; !on || cur.Read >= o.Pages {
		cur.Step, cur.Read = cur.Step+1, 0
	}
	left, _ := o.steps(q, &cur) // fewer, if a recent status is gone
	if p.More = cur.Step < min(len(steps), len(left)); !p.More {
		cur.Step, cur.Read, cur.Name = 0, 0, cur.Name+searched
	}
	return p, p.setCursor(&cur)
}

// begin starts a round: what is no longer recent is forgotten.
func (cur *mastodonCursor) begin(now time.Time) {
	cur.Recent = slices.DeleteFunc(cur.Recent, func(r recentStatus) bool {
		return now.Sub(time.Unix(r.At, 0)) > recentFor
	})
}

// readTag reads a page of a hashtag. The first round begins with the newest
// and goes back; later ones go on from the oldest that was not read, so that
// nothing is skipped when more is written than a page holds.
func (o *mastodonTags) readTag(ctx context.Context, c *Client, q Query, cur *mastodonCursor, tag string, p *Page) (more bool, err error) {
	pos := cur.Tags[tag]
	v := url.Values{"limit": {"40"}}
	if o.Local {
		v.Set("local", "true")
	}
	switch {
	case pos != nil && pos.Back != "" && cur.Read > 0:
		v.Set("max_id", pos.Back)
	case pos != nil && pos.Min != "":
		pos.Back = ""
		v.Set("min_id", pos.Min)
	}
	got, err := o.get(ctx, c, "/api/v1/timelines/tag/"+url.PathEscape(tag), v)
	if err != nil {
		return false, err
	}
	var raws []json.RawMessage
	if err := json.Unmarshal(got.Body, &raws); err != nil {
		return false, o.unreadable(got, "the answer is not a list of statuses")
	}
	ids := o.take(q, cur, raws, p)
	if len(ids) == 0 {
		return false, nil
	}
	newest, oldest := slices.MaxFunc(ids, compareIDs), slices.MinFunc(ids, compareIDs)
	switch {
	case pos == nil:
		cur.Tags[tag] = &tagPosition{Min: newest, Back: oldest}
	case v.Has("max_id"):
		if compareIDs(oldest, pos.Back) >= 0 {
			return false, nil // the same again
		}
		pos.Back = oldest
	default:
		if compareIDs(newest, pos.Min) <= 0 {
			return false, nil
		}
		pos.Min = newest
	}
	return true, nil
}

// compareIDs orders ids by age, the oldest first. They are numbers without
// leading zeros, or ULIDs.
func compareIDs(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

// readSearch reads a page of what a search finds.
func (o *mastodonTags) readSearch(ctx context.Context, c *Client, q Query, cur *mastodonCursor, name string, p *Page) (more bool, err error) {
	v := url.Values{"type": {"statuses"}, "limit": {"40"}, "q": {`"` + strings.ReplaceAll(name, `"`, " ") + `"`}}
	if cur.Read > 0 {
		v.Set("offset", strconv.Itoa(40*cur.Read))
	}
	got, err := o.get(ctx, c, "/api/v2/search", v)
	if err != nil {
		return false, err
	}
	var doc struct {
		Statuses *[]json.RawMessage `json:"statuses"`
	}
	if err := json.Unmarshal(got.Body, &doc); err != nil || doc.Statuses == nil {
		return false, o.unreadable(got, "the answer has no statuses")
	}
	o.take(q, cur, *doc.Statuses, p)
	for _, m := range p.Mentions {
		more = cur.Known.add(m.Ref, maxKnown) || more
	}
	return more, nil
}

// readAgain looks at one recent status again.
func (o *mastodonTags) readAgain(ctx context.Context, c *Client, q Query, cur *mastodonCursor, p *Page) error {
	if len(cur.Recent) == 0 {
		return nil
	}
	cur.Turn = (cur.Turn + 1) % len(cur.Recent)
	r := &cur.Recent[cur.Turn]
	got, err := o.get(ctx, c, "/api/v1/statuses/"+url.PathEscape(r.ID), nil)
	if StateOf(err) == StateGone {
		p.Gone = append(p.Gone, r.Ref)
		cur.Recent = slices.Delete(cur.Recent, cur.Turn, cur.Turn+1)
		return nil
	}
	if err != nil {
		return err
	}
	var s status
	if err := json.Unmarshal(got.Body, &s); err != nil || s.URI == "" {
		return o.unreadable(got, "the answer is not a status")
	}
	switch edited := unixOf(s.EditedAt); {
	case !o.wanted(&s): // its author has changed their mind
		p.Gone = append(p.Gone, r.Ref)
		cur.Recent = slices.Delete(cur.Recent, cur.Turn, cur.Turn+1)
	case edited != r.Edited:
		r.Edited = edited
		p.Mentions = append(p.Mentions, o.mention(q, &s))
	}
	return nil
}

// get asks the server. Its errors know what it means to be refused.
func (o *mastodonTags) get(ctx context.Context, c *Client, path string, v url.Values) (*Response, error) {
	u := o.server.JoinPath(path)
	u.RawQuery = v.Encode()
	r := Request{URL: u.String(), Accept: "application/json", API: true}
	if o.token != "" {
		r.Header = http.Header{"Authorization": {"Bearer " + o.token}}
	}
	got, err := c.Fetch(ctx, r)
	fe, ok := errors.AsType[*FetchError](err)
	if ok && o.token == "" && (fe.Status == http.StatusUnauthorized || fe.Status == http.StatusForbidden || fe.Status == http.StatusUnprocessableEntity) {
		fe.State = StateLogin
		return nil, &puskaradio.PermanentError{Err: fmt.Errorf("mastodon: this server shows nothing without a token, set token_env: %w", fe)}
	}
	if ok && fe.Status == http.StatusUnauthorized {
		return nil, fmt.Errorf("mastodon: the token is not valid here: %w", err)
	}
	return got, err
}

func (o *mastodonTags) unreadable(got *Response, why string) error {
	return &FetchError{URL: redactText(got.URL), State: StateUnreadable, Status: got.Status, Err: errors.New(why)}
}
