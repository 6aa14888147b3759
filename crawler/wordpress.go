package crawler

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

const (
	wpWindow  = 300       // comments whose edits and deletions are seen
	wpOverlap = 5         // comments of a page that the next repeats, for lists shift
	wpAsks    = 20        // comments that are asked for by themselves in a round
	wpPass    = time.Hour // the list is read as often, though the feed tells no news
)

// wordPress reads the comments of a WordPress site and the reviews of its
// WooCommerce shop.
type wordPress struct {
	Site     string `json:"site" jsonschema:"description=The address of the site's front page"`
	Posts    []int  `json:"posts,omitempty" jsonschema:"description=Only the comments of these posts by their numbers"`
	Products bool   `json:"products,omitempty" jsonschema:"description=Also the product reviews of a WooCommerce shop"`
	Skip     bool   `json:"skip_comments,omitempty" jsonschema:"description=No comments; only product reviews"`
	PerPage  int    `json:"per_page,omitempty" jsonschema:"description=Comments on a page from 10 to 100; 100 unless said"`
	Pages    int    `json:"pages,omitempty" jsonschema:"description=The most pages of the first round; 20 unless said"`

	ReplyUser string `json:"reply_user,omitempty" jsonschema:"description=The WordPress user who answers; nothing can be answered without"`
	ReplyEnv  string `json:"reply_password_env,omitempty" jsonschema:"description=The environment variable that holds an application password of that user; made in WordPress in the user's profile"`

	site  *url.URL
	reply string // the password of who answers
}

// Check reports every fault of the options, and finds the password.
func (o *wordPress) Check(secret Secret) error {
	var errs []error
	var err error
	switch o.site, err = checkURL(o.Site); {
	case o.Site == "":
		errs = append(errs, errors.New("site is missing"))
	case err != nil:
		errs = append(errs, checkWeb("site", o.Site))
	case o.site.RawQuery != "":
		errs = append(errs, errors.New("site is the address of the front page, without a question mark"))
	}
	if o.ReplyUser != "" || o.ReplyEnv != "" {
		var err error
		if o.reply, err = secretText(secret, "reply_password_env", o.ReplyEnv); err != nil {
			errs = append(errs, err)
		}
		if o.ReplyUser == "" || strings.ContainsAny(o.ReplyUser, ":\r\n") {
			errs = append(errs, fmt.Errorf("reply_user %q is not the name of a user", o.ReplyUser))
		}
		if o.site != nil && o.site.Scheme == "http" {
			if ip, err := netip.ParseAddr(o.site.Hostname()); o.site.Hostname() != "localhost" && (err != nil || !ip.IsLoopback()) {
				errs = append(errs, errors.New("site must begin with https to answer: others could read the password"))
			}
		}
	}
	if o.Skip && !o.Products {
		errs = append(errs, errors.New("skip_comments without products leaves nothing to read"))
	}
	for _, id := range o.Posts {
		if id <= 0 {
			errs = append(errs, fmt.Errorf("posts: %d is no number of a post", id))
		}
	}
	if len(o.Posts) > 100 {
		errs = append(errs, errors.New("posts: more than 100; leave it out to read all"))
	}
	errs = append(errs, within("per_page", o.PerPage, 10, 100), within("pages", o.Pages, 1, 1000))
	return errors.Join(errs...)
}

// A wpCursor is the position in a round, and what is remembered of the list.
type wpCursor struct {
	Root   string    `json:"root,omitempty"`   // of the interface, as [rootURL] wants it
	Valid  Validator `json:"valid,omitzero"`   // of the feed of comments
	Passed time.Time `json:"passed,omitzero"`  // when the list was read through last
	Step   int       `json:"step,omitempty"`   // of the round; 0 is its beginning
	Offset int       `json:"offset,omitempty"` // in the list of this step
	Pages  int       `json:"pages,omitempty"`  // of this step
	Oldest int64     `json:"oldest,omitempty"` // the Unix time down to which this step came
	Listed marks     `json:"listed,omitzero"`  // what was listed in this round

	Window  map[string][]wpKnown `json:"window,omitempty"`  // the newest comments, by list
	Replies map[int64]*wpReply   `json:"replies,omitempty"` // answers of the site in this round, by what they answer
	Asks    []wpAsk              `json:"asks,omitempty"`
	Told    marks                `json:"told,omitzero"` // answers that were told with an older comment
}

// A wpKnown is a comment that we know to be there.
type wpKnown struct {
	ID int64 `json:"id"`
	At int64 `json:"at"` // Unix time
}

// A wpReply is an answer of the site.
type wpReply struct {
	puskaradio.Reply
	Used bool `json:"used,omitempty"`
}

// A wpAsk is a comment to be asked for by itself.
type wpAsk struct {
	ID   int64  `json:"id"`
	List string `json:"list"`
}

// The lists of a site.
const (
	wpComments = "comments"
	wpReviews  = "products"
)

func (o *wordPress) lists() []string {
	var out []string
	if !o.Skip {
		out = append(out, wpComments)
	}
	if o.Products {
		out = append(out, wpReviews)
	}
	return out
}

func (o *wordPress) home() (string, bool) { return o.Site, false }

// Fetch implements [Connector]. A round goes through the newest part of each
// list, as edits and deletions show nowhere else, and asks for what should be
// in it and is not. A round in which the feed of comments has no news ends with
// that, unless the last pass was an hour ago.
func (o *wordPress) Fetch(ctx context.Context, c *Client, q Query) (Page, error) {
	var cur wpCursor
	if err := readCursor(q, &cur); err != nil {
		return Page{}, err
	}
	if cur.Window == nil {
		cur.Window = map[string][]wpKnown{}
	}
	if cur.Replies == nil {
		cur.Replies = map[int64]*wpReply{}
	}
	lists := o.lists()
	var p Page
	if cur.Step == 0 || cur.Step > len(lists)+1 {
		same, err := o.begin(ctx, c, q, &cur)
		if err != nil {
			return Page{}, err
		}
		if same {
			p.Same = true
			return p, p.setCursor(&cur)
		}
	}
	var err error
	if cur.Step <= len(lists) {
		err = o.readList(ctx, c, q, &cur, lists[cur.Step-1], &p)
	} else {
		err = o.readOne(ctx, c, q, &cur, &p)
	}
	if err != nil {
		_, wait := errors.AsType[*puskaradio.RetryError](err)
		if wait || ctx.Err() != nil || cur.Step == 1 {
			return Page{}, err
		}
		p.Faults = append(p.Faults, err)
		if cur.Step <= len(lists) {
			cur.Step, cur.Offset, cur.Pages = cur.Step+1, 0, 0
		}
	}
	if p.More = cur.Step <= len(lists) || len(cur.Asks) > 0; !p.More {
		cur.Step, cur.Listed, cur.Replies, cur.Passed = 0, marks{}, nil, q.Now
	}
	return p, p.setCursor(&cur)
}

// begin starts a round, unless the feed of comments says that there is no
// need. A site may have no such feed, or keep it from robots.
func (o *wordPress) begin(ctx context.Context, c *Client, q Query, cur *wpCursor) (same bool, err error) {
	r := Request{URL: o.site.String() + "?feed=comments-rss2", Accept: "application/rss+xml,*/*;q=0.1"}
	if q.Now.Sub(cur.Passed) < wpPass && !o.Products { // reviews of products are not in it
		r.If = cur.Valid
	}
	got, err := c.Fetch(ctx, r)
	_, wait := errors.AsType[*puskaradio.RetryError](err)
	switch {
	case wait || ctx.Err() != nil:
		return false, err
	case err != nil:
		cur.Valid = Validator{}
	case got.Same:
		return true, nil
	default:
		cur.Valid = got.Validator
	}
	cur.Step, cur.Offset, cur.Pages, cur.Oldest = 1, 0, 0, 0
	cur.Listed, cur.Asks = marks{}, nil
	clear(cur.Replies)
	return false, nil
}

// readList reads a page of a list, the newest first.
func (o *wordPress) readList(ctx context.Context, c *Client, q Query, cur *wpCursor, list string, p *Page) error {
	v := url.Values{"order": {"desc"}, "orderby": {"date_gmt"}, "per_page": {strconv.Itoa(o.PerPage)}}
	if cur.Offset > 0 {
		v.Set("offset", strconv.Itoa(cur.Offset))
	}
	path := "wp/v2/comments"
	if list == wpReviews {
		path = "wc/store/v1/products/reviews"
	} else {
		v.Set("_fields", wpFields)
		if len(o.Posts) > 0 {
			v.Set("post", strings.Trim(strings.ReplaceAll(fmt.Sprint(o.Posts), " ", ","), "[]"))
		}
	}
	got, err := o.get(ctx, c, cur, path, v)
	if err != nil {
		return err
	}
	found, n, err := readWordPress(got.Body, p)
	if err != nil {
		return &FetchError{URL: redactText(got.URL), State: StateUnreadable, Status: got.Status, Err: err}
	}
	fresh := false
	var known []wpKnown
	for _, w := range found {
		fresh = cur.Listed.add(w.name(), 2*maxKnown) || fresh
		at := w.at(q.Now).Unix()
		if cur.Oldest == 0 || at < cur.Oldest {
			cur.Oldest = at
		}
		known = append(known, wpKnown{w.ID, at})
		o.tell(q, cur, list, w, p)
	}
	p.Mentions = once(p.Mentions)
	cur.Pages++
	cur.Offset += max(n-wpOverlap, 1)
	window := cur.Window[list]
	whole := n < o.PerPage
	first := len(window) == 0 || cur.Pages > 1 && cur.Passed.IsZero()
	through := !first && cur.Oldest < window[len(window)-1].At
	if whole || !fresh || through || cur.Pages >= o.Pages {
		o.missing(cur, list, whole)
		cur.Step, cur.Offset, cur.Pages, cur.Oldest = cur.Step+1, 0, 0, 0
		if cur.Step > len(o.lists()) {
			o.older(cur)
		}
	}
	cur.keep(list, known)
	return nil
}

// keep adds comments to the window.
func (cur *wpCursor) keep(list string, known []wpKnown) {
	w := cur.Window[list]
	for _, k := range known {
		if !slices.ContainsFunc(w, func(o wpKnown) bool { return o.ID == k.ID }) {
			w = append(w, k)
		}
	}
	slices.SortStableFunc(w, func(a, b wpKnown) int { return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(b.ID, a.ID)) })
	cur.Window[list] = w[:min(len(w), wpWindow)]
}

// missing finds what was in the part of a list that was read, and is no more.
// whole says that all of the list was read.
func (o *wordPress) missing(cur *wpCursor, list string, whole bool) {
	for _, w := range cur.Window[list] {
		name := strconv.FormatInt(w.ID, 10)
		if cur.Listed.knows(name) || !whole && w.At <= cur.Oldest || len(cur.Asks) >= wpAsks {
			continue
		}
		cur.Asks = append(cur.Asks, wpAsk{w.ID, list})
	}
}

// older asks for what was answered by the site and stands further down the
// list than we read, once for each answer.
func (o *wordPress) older(cur *wpCursor) {
	for id, r := range cur.Replies {
		name := fmt.Sprintf("%d %s", id, r.Text)
		if !r.Used && len(cur.Asks) < 2*wpAsks && cur.Told.add(name, maxKnown) {
			cur.Asks = append(cur.Asks, wpAsk{ID: id})
		}
	}
	slices.SortStableFunc(cur.Asks, func(a, b wpAsk) int { return cmp.Compare(b.ID, a.ID) })
}

// readOne asks for one comment.
func (o *wordPress) readOne(ctx context.Context, c *Client, q Query, cur *wpCursor, p *Page) error {
	ask := cur.Asks[0]
	cur.Asks = cur.Asks[1:]
	id := strconv.FormatInt(ask.ID, 10)
	got, err := o.get(ctx, c, cur, "wp/v2/comments/"+id, url.Values{"_fields": {wpFields}})
	if hidden(err) {
		if ask.List != "" {
			cur.Window[ask.List] = slices.DeleteFunc(cur.Window[ask.List], func(w wpKnown) bool { return w.ID == ask.ID })
			p.Gone = append(p.Gone, id)
		}
		return nil
	}
	if err != nil {
		return err
	}
	found, _, err := readWordPress(append(append([]byte("["), got.Body...), ']'), p)
	if err != nil {
		return &FetchError{URL: redactText(got.URL), State: StateUnreadable, Status: got.Status, Err: err}
	}
	for _, w := range found {
		if w.Type == "comment" || w.Type == "" { // a review says less here than in the list of reviews
			o.tell(q, cur, wpComments, w, p)
		}
	}
	return nil
}
