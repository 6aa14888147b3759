package crawler

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/puskaradio/puskaradio"
)

// wooCommerce reads the product reviews of a WooCommerce shop.
type wooCommerce struct {
	Site      string `json:"site" jsonschema:"description=The address of the shop's front page"`
	KeyEnv    string `json:"key_env,omitempty" jsonschema:"description=The environment variable that holds a consumer key (ck_…) with the right to read; made under WooCommerce and Settings and Advanced and REST API. Without one the shop's public interface is read"`
	SecretEnv string `json:"secret_env,omitempty" jsonschema:"description=The environment variable that holds the key's secret (cs_…)"`
	Replies   bool   `json:"replies,omitempty" jsonschema:"description=Also read what the shop has answered; true unless said"`
	PerPage   int    `json:"per_page,omitempty" jsonschema:"description=Reviews on a page from 10 to 100; 100 unless said"`
	Pages     int    `json:"pages,omitempty" jsonschema:"description=The most pages of one round; 10 unless said"`
	Recheck   int    `json:"recheck,omitempty" jsonschema:"description=How many recent reviews are looked at again in a round to see edits and deletions; 5 unless said and 0 is none. Needs a key"`

	ReplyUser string `json:"reply_user,omitempty" jsonschema:"description=The WordPress user who answers; nothing can be answered without"`
	ReplyEnv  string `json:"reply_password_env,omitempty" jsonschema:"description=The environment variable that holds an application password of that user; made in WordPress in the user's profile"`

	site        *url.URL
	key, secret string
	reply       string // the application password
}

var wooAdvice = advice{
	http.StatusUnauthorized: "woocommerce: the key is not valid, or the shop keeps its interface for those who sign in; make a key and set key_env and secret_env",
	http.StatusForbidden:    "woocommerce: the key may not read reviews, or a firewall of the shop refuses",
	http.StatusNotFound:     "woocommerce: there is no WooCommerce interface at this address, or it is switched off; the kind reviews can read the product pages",
}

// Check reports every fault of the options, and finds the key.
func (o *wooCommerce) Check(secret Secret) error {
	var errs []error
	var err error
	if o.site, err = checkSite("site", o.Site); err != nil {
		errs = append(errs, err)
	} else if o.site.Scheme != "https" && o.KeyEnv != "" {
		errs = append(errs, errors.New("site: a key is only sent over https"))
	}
	if o.KeyEnv != "" || o.SecretEnv != "" {
		if o.key, err = secretOf(secret, "key_env", o.KeyEnv); err != nil {
			errs = append(errs, err)
		}
		if o.secret, err = secretOf(secret, "secret_env", o.SecretEnv); err != nil {
			errs = append(errs, err)
		}
	}
	if o.ReplyUser != "" || o.ReplyEnv != "" {
		if o.reply, err = secretText(secret, "reply_password_env", o.ReplyEnv); err != nil {
			errs = append(errs, err)
		}
		if o.ReplyUser == "" || strings.ContainsAny(o.ReplyUser, ":\r\n") {
			errs = append(errs, fmt.Errorf("reply_user %q is not the name of a user", o.ReplyUser))
		}
		if o.site != nil && o.site.Scheme != "https" {
			errs = append(errs, errors.New("site: a password is only sent over https"))
		}
	}
	errs = append(errs, within("per_page", o.PerPage, 10, 100), within("pages", o.Pages, 1, maxListPages), within("recheck", o.Recheck, 0, maxRecheck))
	return errors.Join(errs...)
}

func (o *wooCommerce) home() (string, bool) { return o.Site, true }

// Fetch implements [Connector].
func (o *wooCommerce) Fetch(ctx context.Context, c *Client, q Query) (Page, error) {
	again := o.Recheck
	if o.key == "" {
		again = 0 // the public interface tells of no single review
	}
	return readLists(ctx, c, q, o, o.Pages, again)
}

func (o *wooCommerce) lists(Query) []string { return []string{"reviews"} }

// get asks the shop, with the key if there is one.
func (o *wooCommerce) get(ctx context.Context, c *Client, path string, v url.Values, doc any) (*Response, error) {
	r := Request{URL: o.site.JoinPath("wp-json", path).String()}
	if len(v) > 0 {
		r.URL = asked(r.URL, v)
	}
	if o.key != "" && strings.HasPrefix(path, "wc/v3/") {
		r.Header = http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(o.key+":"+o.secret))}}
	}
	return getJSON(ctx, c, r, doc)
}

// page reads a page of reviews, the newest first.
func (o *wooCommerce) page(ctx context.Context, c *Client, q Query, at place) (listPage, error) {
	number := max(1, numberOf(at.token))
	v := url.Values{"order": {"desc"}, "orderby": {"date_gmt"}, "per_page": {strconv.Itoa(o.PerPage)}, "page": {strconv.Itoa(number)}}
	path := "wc/store/v1/products/reviews"
	if o.key != "" {
		path = "wc/v3/products/reviews"
		v.Set("status", "approved")
	}
	var raws []json.RawMessage
	got, err := o.get(ctx, c, path, v, &raws)
	if err != nil {
		return listPage{}, wooAdvice.to(err)
	}
	if raws == nil {
		return listPage{}, unreadable(got, "the answer is not a list of reviews")
	}
	p := listPage{all: true, dated: true}
	eachItem(&p, "woocommerce "+o.site.Host, raws, func(w *wpComment) (*puskaradio.Mention, error) {
		if w.Review == nil {
			return nil, errors.New("no review")
		}
		return o.mention(q, w), nil
	})
	if len(raws) >= o.PerPage {
		p.next = strconv.Itoa(number + 1)
	}
	if o.Replies && len(p.found) > 0 {
		o.answers(ctx, c, q, p.found)
	}
	return p, nil
}

// mention is what a review says, nil if it is not public.
func (o *wooCommerce) mention(q Query, w *wpComment) *puskaradio.Mention {
	if w.Status != "" && w.Status != "approved" || w.Review == nil {
		return nil
	}
	m := puskaradio.Mention{
		Author: plainText(w.Reviewer, 200), Text: plainText(*w.Review, maxTextBytes), Rating: w.stars(), About: plainText(w.Product, 500),
	}
	if w.ID > 0 {
		m.Ref = w.name()
		if m.URL = webAddress(w.ProductLink, o.site); m.URL != "" {
			m.URL += "#comment-" + m.Ref
		}
	}
	if at := w.at(q.Now); !at.IsZero() {
		m.Published, m.DateFrom = at, puskaradio.DatePublished
	}
	stamp(q, puskaradio.Review, &m)
	return &m
}

// answers adds what users of the shop have answered to reviews, as far as the
// comments are open; of several answers the first.
func (o *wooCommerce) answers(ctx context.Context, c *Client, q Query, found []puskaradio.Mention) {
	at := map[string]*puskaradio.Mention{}
	var ids []string
	for i := range found {
		at[found[i].Ref] = &found[i]
		ids = append(ids, found[i].Ref)
	}
	var raws []wpComment
	v := url.Values{"parent": {strings.Join(ids, ",")}, "per_page": {"100"}, "order": {"desc"}, "_fields": {wpFields}}
	if _, err := o.get(ctx, c, "wp/v2/comments", v, &raws); err != nil {
		return // many shops keep their comments shut
	}
	for i := range raws {
		w := &raws[i]
		m := at[strconv.FormatInt(w.Parent, 10)]
		if m == nil || w.Author <= 0 || w.Content == nil || w.Content.Rendered == nil || w.Status != "" && w.Status != "approved" {
			continue
		}
		if r := ownerReply(plainText(w.Name, 200), plainText(*w.Content.Rendered, 4000), w.at(q.Now)); r != nil {
			m.Owner = r
		}
	}
}

func (o *wooCommerce) batch() int { return maxRecheck }

// look reads single reviews by the key.
func (o *wooCommerce) look(ctx context.Context, c *Client, q Query, refs []string) (found []puskaradio.Mention, gone []string, err error) {
	for _, ref := range refs {
		var w wpComment
		got, err := o.get(ctx, c, "wc/v3/products/reviews/"+url.PathEscape(ref), nil, &w)
		switch {
		case StateOf(err) == StateGone:
			gone = append(gone, ref)
		case err != nil:
			return nil, nil, wooAdvice.to(err)
		case w.name() != ref:
			return nil, nil, unreadable(got, "the answer is not the review that was asked for")
		case w.Status != "" && w.Status != "approved":
			gone = append(gone, ref)
		default:
			if m := o.mention(q, &w); m != nil {
				found = append(found, *m)
			}
		}
	}
	if o.Replies && len(found) > 0 {
		o.answers(ctx, c, q, found)
	}
	return found, gone, nil
}
