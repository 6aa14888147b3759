package crawler

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

// reddit searches posts, and reads the comments of subreddits, for those who
// have Reddit's approval.
type reddit struct {
	Approved   bool     `json:"approved" jsonschema:"description=True says that Reddit has approved this use of its Data API; without approval nobody may read it"`
	ClientID   string   `json:"client_id" jsonschema:"description=The id of the approved app; it stands under its name at reddit.com/prefs/apps"`
	SecretEnv  string   `json:"client_secret_env" jsonschema:"description=The environment variable that holds the app's secret"`
	Queries    []string `json:"queries,omitempty" jsonschema:"description=What posts to search for; the names of the brands unless said"`
	Subreddits []string `json:"subreddits,omitempty" jsonschema:"description=Subreddits whose new comments are read too; with or without r/"`
	PerPage    int      `json:"per_page,omitempty" jsonschema:"description=Posts on a page from 10 to 100; 100 unless said"`
	Pages      int      `json:"pages,omitempty" jsonschema:"description=The most pages of a name or a subreddit in one round; 5 unless said"`
	Recheck    int      `json:"recheck,omitempty" jsonschema:"description=How many recent posts are looked at again in a round to see edits and deletions; 100 unless said and 0 is none"`

	secret string
	token  accessToken
}

const redditAPI = "https://oauth.reddit.com/"

var (
	subredditName = regexp.MustCompile(`^[A-Za-z0-9_]{2,24}$`)
	redditName    = regexp.MustCompile(`^t[13]_[a-z0-9]{1,16}$`)
	redditAdvice  = advice{
		http.StatusUnauthorized:    "reddit: the app's credentials are no longer valid; see reddit.com/prefs/apps",
		http.StatusForbidden:       "reddit: Reddit refuses; the app needs an approval for this use, or the subreddit is private",
		http.StatusTooManyRequests: "reddit: the requests of ten minutes are used up",
	}
)

// Check reports every fault of the options, and finds the secret.
func (o *reddit) Check(secret Secret) error {
	var errs []error
	var err error
	if !o.Approved {
		errs = append(errs, errors.New("approved is not true: Reddit wants to approve every use of its Data API first; ask it for that"))
	}
	if o.ClientID == "" || strings.ContainsAny(o.ClientID, ": \r\n") {
		errs = append(errs, errors.New("client_id is missing or is none: it stands under the app's name"))
	}
	if o.secret, err = secretOf(secret, "client_secret_env", o.SecretEnv); err != nil {
		errs = append(errs, err)
	}
	for i, name := range o.Subreddits {
		o.Subreddits[i] = strings.TrimPrefix(strings.Trim(strings.TrimSpace(name), "/"), "r/")
		if !subredditName.MatchString(o.Subreddits[i]) {
			errs = append(errs, fmt.Errorf("subreddits: %q is not a name such as Suomi", name))
		}
	}
	errs = append(errs, checkQueries(&o.Queries), within("per_page", o.PerPage, 10, 100), within("pages", o.Pages, 1, maxListPages), within("recheck", o.Recheck, 0, 100))
	return errors.Join(errs...)
}

func (o *reddit) home() (string, bool) { return redditAPI, true }

// Fetch implements [Connector].
func (o *reddit) Fetch(ctx context.Context, c *Client, q Query) (Page, error) {
	return readLists(ctx, c, q, o, o.Pages, o.Recheck)
}

const redditComments = "comments of r/"

func (o *reddit) lists(q Query) []string {
	out := append([]string(nil), queriesOr(o.Queries, q)...)
	for _, name := range o.Subreddits {
		out = append(out, redditComments+name)
	}
	return out
}

// A redditThing is a post or a comment.
type redditThing struct {
	Name     string  `json:"name"`
	Title    string  `json:"title"`
	Selftext string  `json:"selftext"`
	Body     string  `json:"body"`
	Author   string  `json:"author"`
	Created  float64 `json:"created_utc"`
	Link     string  `json:"permalink"`
	About    string  `json:"link_title"`
	Removed  string  `json:"removed_by_category"`
	Score    int64   `json:"score"`
}

// gone reports whether a post was deleted by its author or removed.
func (t *redditThing) gone() bool {
	text := strings.TrimSpace(cmp.Or(t.Body, t.Selftext))
	return t.Removed != "" || text == "[deleted]" || text == "[removed]" || t.Author == "[deleted]" && text == ""
}

// listing asks for a listing. What is gone is in its gone.
func (o *reddit) listing(ctx context.Context, c *Client, q Query, where, path string, v url.Values) (p listPage, names []string, err error) {
	v.Set("raw_json", "1")
	var doc struct {
		Data *struct {
			After    string             `json:"after"`
			Children *[]json.RawMessage `json:"children"`
		} `json:"data"`
	}
	var got *Response
	err = o.token.use(q.Now, func() (string, time.Duration, error) {
		basic := base64.StdEncoding.EncodeToString([]byte(o.ClientID + ":" + o.secret))
		return askToken(ctx, c, "https://www.reddit.com/api/v1/access_token", url.Values{"grant_type": {"client_credentials"}},
			http.Header{"Authorization": {"Basic " + basic}}, "the app (client_id and client_secret_env)")
	}, func(token string) (err error) {
		got, err = getJSON(ctx, c, Request{URL: asked(redditAPI+path, v), Header: bearer(token)}, &doc)
		return redditAdvice.to(err)
	})
	if err != nil {
		return p, nil, err
	}
	if doc.Data == nil || doc.Data.Children == nil {
		return p, nil, unreadable(got, "the answer has no children")
	}
	p.next = doc.Data.After
	type child struct {
		Data redditThing `json:"data"`
	}
	eachItem(&p, where, *doc.Data.Children, func(r *child) (*puskaradio.Mention, error) {
		t := &r.Data
		if redditName.MatchString(t.Name) {
			names = append(names, t.Name)
			if t.gone() {
				p.gone = append(p.gone, t.Name)
				return nil, nil
			}
		}
		m := o.mention(q, t)
		return &m, nil
	})
	return p, names, nil
}

// page reads new posts of a search, or new comments of a subreddit.
func (o *reddit) page(ctx context.Context, c *Client, q Query, at place) (listPage, error) {
	v := url.Values{"limit": {strconv.Itoa(o.PerPage)}}
	if at.token != "" {
		v.Set("after", at.token)
	}
	path := "search"
	if name, ok := strings.CutPrefix(at.list, redditComments); ok {
		path = "r/" + name + "/comments"
	} else {
		v.Set("q", phrase(at.list))
		v.Set("sort", "new")
		v.Set("type", "link")
	}
	p, _, err := o.listing(ctx, c, q, "reddit "+at.list, path, v)
	return p, err
}

func (o *reddit) mention(q Query, t *redditThing) puskaradio.Mention {
	m := puskaradio.Mention{
		Author: foldText(t.Author, 200), Title: foldText(t.Title, 1000), Text: foldText(cmp.Or(t.Body, t.Selftext), maxTextBytes),
		About: foldText(t.About, 500), Reach: votes(t.Score),
	}
	if redditName.MatchString(t.Name) {
		m.Ref = t.Name
	}
	if strings.HasPrefix(t.Link, "/r/") || strings.HasPrefix(t.Link, "/user/") {
		m.URL = "https://www.reddit.com" + cutText(t.Link, 1000)
	}
	if t.Created > 0 && t.Created < math.MaxInt32 {
		put(&m, time.Unix(int64(t.Created), 0), puskaradio.DatePublished, q.Now)
	}
	stamp(q, puskaradio.Social, &m)
	return m
}

func (o *reddit) batch() int { return 100 }

// look asks for posts and comments by their names. One that is not told any
// more is gone.
func (o *reddit) look(ctx context.Context, c *Client, q Query, refs []string) (found []puskaradio.Mention, gone []string, err error) {
	p, names, err := o.listing(ctx, c, q, "reddit", "api/info", url.Values{"id": {strings.Join(refs, ",")}})
	if err != nil {
		return nil, nil, err
	}
	there := map[string]bool{}
	for _, name := range names {
		there[name] = true
	}
	gone = p.gone
	for _, ref := range refs {
		if !there[ref] {
			gone = append(gone, ref)
		}
	}
	return p.found, gone, nil
}
