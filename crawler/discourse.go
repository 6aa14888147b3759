package crawler

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/puskaradio/puskaradio"
)

// discourse reads the posts of a forum that runs on Discourse.
type discourse struct {
	Site    string   `json:"site" jsonschema:"description=The address of the forum"`
	Search  bool     `json:"search,omitempty" jsonschema:"description=Search for the names of the brands instead of reading all new posts; for great forums"`
	Queries []string `json:"queries,omitempty" jsonschema:"description=What to search for; the names of the brands unless said"`
	Ours    []string `json:"ours,omitempty" jsonschema:"description=Accounts of one's own on the forum: what they write is no mention but an answer to the post that they reply to"`
	User    string   `json:"user,omitempty" jsonschema:"description=The user whose key it is; only for a forum that is not public"`
	KeyEnv  string   `json:"key_env,omitempty" jsonschema:"description=The environment variable that holds an API key with the scope to read posts; the forum's administrator makes it under API. Only for a forum that is not public"`
	Pages   int      `json:"pages,omitempty" jsonschema:"description=The most pages of one round; 10 unless said"`
	Recheck int      `json:"recheck,omitempty" jsonschema:"description=How many recent posts are looked at again in a round to see edits and deletions; 5 unless said and 0 is none"`

	site *url.URL
	key  string
}

var discourseAdvice = advice{
	http.StatusForbidden:       "discourse: the forum shows this only to its members; ask its administrator for a key and set user and key_env",
	http.StatusTooManyRequests: "discourse: the forum lets a visitor ask only so often",
}

// Check reports every fault of the options, and finds the key.
func (o *discourse) Check(secret Secret) error {
	var errs []error
	var err error
	if o.site, err = checkSite("site", o.Site); err != nil {
		errs = append(errs, err)
	}
	if o.User != "" || o.KeyEnv != "" {
		if o.key, err = secretOf(secret, "key_env", o.KeyEnv); err != nil {
			errs = append(errs, err)
		}
		if o.User == "" || strings.ContainsAny(o.User, "\r\n\x00") {
			errs = append(errs, errors.New("user is missing: whose key it is"))
		}
	}
	errs = append(errs, checkQueries(&o.Queries), checkOurs(&o.Ours), within("pages", o.Pages, 1, maxListPages), within("recheck", o.Recheck, 0, maxRecheck))
	return errors.Join(errs...)
}

func (o *discourse) home() (string, bool) { return o.Site, true }

// Fetch implements [Connector].
func (o *discourse) Fetch(ctx context.Context, c *Client, q Query) (Page, error) {
	return readLists(ctx, c, q, o, o.Pages, o.Recheck)
}

const discourseLatest = "latest posts"

func (o *discourse) lists(q Query) []string {
	if o.Search || len(o.Queries) > 0 {
		all := slices.Clone(queriesOr(o.Queries, q))
		for i := 0; len(all) > 0 && i < len(o.Ours); i++ {
			all = append(all, byOurs+o.Ours[i])
		}
		return all
	}
	return []string{discourseLatest}
}

// get asks the forum.
func (o *discourse) get(ctx context.Context, c *Client, path string, v url.Values, doc any) (*Response, error) {
	r := Request{URL: o.site.JoinPath(path).String()}
	if len(v) > 0 {
		r.URL = asked(r.URL, v)
	}
	if o.key != "" {
		r.Header = http.Header{"Api-Key": {o.key}, "Api-Username": {o.User}}
	}
	got, err := getJSON(ctx, c, r, doc)
	fe, ok := errors.AsType[*FetchError](err)
	if ok && fe.Status == http.StatusForbidden && saysError(err, `"not_logged_in"`, `"invalid_access"`) {
		return nil, noLogin(err, discourseAdvice[http.StatusForbidden])
	}
	return got, discourseAdvice.to(err)
}

// A discoursePost is a post of a topic.
type discoursePost struct {
	ID      itemID `json:"id"`
	Topic   itemID `json:"topic_id"`
	Slug    string `json:"topic_slug"`
	Title   string `json:"topic_title"`
	Number  int    `json:"post_number"`
	ReplyTo int    `json:"reply_to_post_number"` // 0 is the topic
	User    string `json:"username"`
	Cooked  string `json:"cooked"`
	Blurb   string `json:"blurb"`
	Created string `json:"created_at"`
	Deleted string `json:"deleted_at"`
	ByUser  bool   `json:"user_deleted"`
	Hidden  bool   `json:"hidden"`
	Likes   int64  `json:"like_count"`
	Type    int    `json:"post_type"`
}

// gone reports whether a post was taken back or away.
func (p *discoursePost) gone() bool { return p.Deleted != "" || p.ByUser || p.Hidden }

// page reads the posts before one, or what a search finds.
func (o *discourse) page(ctx context.Context, c *Client, q Query, at place) (listPage, error) {
	if at.list != discourseLatest {
		return o.found(ctx, c, q, at)
	}
	v := url.Values{}
	if at.token != "" {
		v.Set("before", at.token)
	}
	var doc struct {
		Posts *[]json.RawMessage `json:"latest_posts"`
	}
	got, err := o.get(ctx, c, "posts.json", v, &doc)
	if err != nil {
		return listPage{}, err
	}
	if doc.Posts == nil {
		return listPage{}, unreadable(got, "the answer has no latest_posts")
	}
	var p listPage
	oldest := 0
	eachItem(&p, "discourse "+o.site.Host, *doc.Posts, func(r *discoursePost) (*puskaradio.Mention, error) {
		if n := numberOf(r.ID.String()); n > 0 && (oldest == 0 || n < oldest) {
			oldest = n
		}
		if isOurs(o.Ours, r.User) {
			return nil, o.answered(ctx, c, q, at, r, &p)
		}
		return o.mention(q, r, &p), nil
	})
	// A page has the public ones of 50 numbers from before down, so that it may
	// have none though there are older ones.
	if before := numberOf(at.token); before > 0 && (oldest == 0 || oldest >= before) {
		oldest = before - 50
		p.unsorted = true
	}
	if oldest > 1 {
		p.next = strconv.Itoa(oldest)
	}
	return p, nil
}

// found reads what a search finds. It tells only the beginnings, so that every
// post is asked for by itself.
func (o *discourse) found(ctx context.Context, c *Client, q Query, at place) (listPage, error) {
	query := phrase(at.list)
	if name, ok := strings.CutPrefix(at.list, byOurs); ok {
		query = "@" + name
	}
	query += " order:latest"
	if !at.since.IsZero() {
		query += " after:" + at.since.AddDate(0, 0, -1).Format("2006-01-02")
	}
	number := max(1, numberOf(at.token))
	var doc struct {
		Posts   *[]discoursePost `json:"posts"`
		Grouped struct {
			More bool `json:"more_full_page_results"`
		} `json:"grouped_search_result"`
	}
	got, err := o.get(ctx, c, "search.json", url.Values{"q": {query}, "page": {strconv.Itoa(number)}}, &doc)
	if err != nil {
		return listPage{}, err
	}
	if doc.Posts == nil {
		return listPage{}, unreadable(got, "the answer has no posts")
	}
	var p listPage
	for _, hit := range (*doc.Posts)[:min(len(*doc.Posts), 50)] {
		if at.answered(hit.ID.String()) {
			continue
		}
		var r discoursePost
		_, err := o.get(ctx, c, "posts/"+url.PathEscape(hit.ID.String())+".json", nil, &r)
		switch {
		case StateOf(err) == StateGone:
			continue
		case err != nil:
			return listPage{}, err
		case r.ID == "" || r.ID != hit.ID:
			p.faults = append(p.faults, errors.New("discourse: a post that was found has another id or none"))
			continue
		}
		if isOurs(o.Ours, r.User) {
			if err := o.answered(ctx, c, q, at, &r, &p); err != nil {
				return listPage{}, err
			}
			continue
		}
		if m := o.mention(q, &r, &p); m != nil && m.Text != "" {
			p.found = append(p.found, *m)
		}
	}
	if doc.Grouped.More {
		p.next = strconv.Itoa(number + 1)
	}
	return p, nil
}

// answered reads the post that one of ours replies to; one that replies to none
// answers the first of the topic.
func (o *discourse) answered(ctx context.Context, c *Client, q Query, at place, r *discoursePost, p *listPage) error {
	if r.ID == "" || r.Topic == "" || r.gone() || r.Type > 1 || len(p.owners) >= maxAnswered || at.answered(r.ID.String()) {
		return nil
	}
	if r.Number <= 1 { // a topic of ours answers nobody
		p.answer(r.ID.String(), nil, nil)
		return nil
	}
	var above discoursePost
	_, err := o.get(ctx, c, "posts/by_number/"+url.PathEscape(r.Topic.String())+"/"+strconv.Itoa(max(r.ReplyTo, 1))+".json", nil, &above)
	if err != nil && StateOf(err) != StateGone {
		return err
	}
	if err != nil || above.ID == "" || above.gone() || isOurs(o.Ours, above.User) {
		p.answer(r.ID.String(), nil, nil)
		return nil
	}
	above.Title = cmp.Or(above.Title, r.Title)
	m := o.mention(q, &above, nil)
	text := plainText(quotedPost.ReplaceAllString(r.Cooked[:min(len(r.Cooked), 4*maxTextBytes)], " "), maxTextBytes)
	p.answer(r.ID.String(), ownerReply(r.User, text, dateOf(r.Created, q.Now)), m)
	return nil
}

// quotedPost is what a post quotes, which another has said.
var quotedPost = regexp.MustCompile(`(?is)<aside\b[^>]*\bclass="?[^">]*\bquote\b.*?</aside>`)

// mention is what a post says, nil if it says nothing any more.
func (o *discourse) mention(q Query, r *discoursePost, p *listPage) *puskaradio.Mention {
	if r.gone() {
		if r.ID != "" && p != nil {
			p.gone = append(p.gone, r.ID.String())
		}
		return nil
	}
	if r.Type > 1 { // what moderators did
		return nil
	}
	m := puskaradio.Mention{
		Ref: r.ID.String(), Author: foldText(r.User, 200), About: foldText(r.Title, 500), Reach: votes(r.Likes),
		Text: plainText(quotedPost.ReplaceAllString(r.Cooked[:min(len(r.Cooked), 4*maxTextBytes)], " "), maxTextBytes),
	}
	if r.Topic != "" {
		slug := cmp.Or(cutText(r.Slug, 300), "-")
		m.URL = o.site.JoinPath("t", url.PathEscape(slug), url.PathEscape(r.Topic.String()), strconv.Itoa(max(r.Number, 1))).String()
	}
	putDate(&m, r.Created, q.Now)
	stamp(q, puskaradio.Social, &m)
	return &m
}

func (o *discourse) batch() int { return maxRecheck }

// look reads single posts.
func (o *discourse) look(ctx context.Context, c *Client, q Query, refs []string) (found []puskaradio.Mention, gone []string, err error) {
	for _, ref := range refs {
		var r discoursePost
		got, err := o.get(ctx, c, "posts/"+url.PathEscape(ref)+".json", nil, &r)
		switch {
		case StateOf(err) == StateGone:
			gone = append(gone, ref)
		case err != nil:
			return nil, nil, err
		case r.ID.String() != ref:
			return nil, nil, unreadable(got, "the answer is not the post that was asked for")
		case r.gone():
			gone = append(gone, ref)
		default:
			if m := o.mention(q, &r, nil); m != nil {
				found = append(found, *m)
			}
		}
	}
	return found, gone, nil
}
