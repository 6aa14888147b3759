package crawler

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/puskaradio/puskaradio"
)

// lipscore reads the reviews that a shop collects with Lipscore.
type lipscore struct {
	KeyEnv    string `json:"key_env" jsonschema:"description=The environment variable that holds the shop's API key; Lipscore shows it under Settings and then General and then API settings"`
	SecretEnv string `json:"secret_env" jsonschema:"description=The environment variable that holds the secret API key; it stands beside the other"`
	PerPage   int    `json:"per_page,omitempty" jsonschema:"description=Reviews on a page from 10 to 100; 100 unless said"`
	Pages     int    `json:"pages,omitempty" jsonschema:"description=The most pages of one round; 20 unless said"`

	key, secret string
}

var lipscoreAdvice = advice{
	http.StatusUnauthorized: "lipscore: key and secret are not valid, or this machine's address is not among those that the shop allows; see Settings, General, API settings",
	http.StatusForbidden:    "lipscore: the key may not read reviews, or this machine's address is not among those that the shop allows; see Settings, General, API settings",
}

// Check reports every fault of the options, and finds the keys.
func (o *lipscore) Check(secret Secret) error {
	var errs []error
	var err error
	if o.key, err = secretOf(secret, "key_env", o.KeyEnv); err != nil {
		errs = append(errs, err)
	}
	if o.secret, err = secretOf(secret, "secret_env", o.SecretEnv); err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, within("per_page", o.PerPage, 10, 100), within("pages", o.Pages, 1, maxListPages))
	return errors.Join(errs...)
}

func (o *lipscore) home() (string, bool) { return "https://api.lipscore.com", true }

// Fetch implements [Connector].
func (o *lipscore) Fetch(ctx context.Context, c *Client, q Query) (Page, error) {
	return readLists(ctx, c, q, o, o.Pages, 0)
}

func (o *lipscore) lists(Query) []string { return []string{"reviews"} }

// A lipscoreReview is a review as Lipscore has it.
type lipscoreReview struct {
	ID       itemID   `json:"id"`
	Text     string   `json:"text"`
	Lang     string   `json:"lang"`
	Rating   *float64 `json:"rating"`   // 1 … 5
	Lipscore *float64 `json:"lipscore"` // 0 … 10
	Created  string   `json:"created_at"`
	VotesUp  int64    `json:"votes_up"`
	Shown    string   `json:"displayed_name"`
	User     struct {
		Short string `json:"short_name"`
	} `json:"user"`
	Product struct {
		Name string   `json:"name"`
		URLs []string `json:"urls"`
	} `json:"product"`
	Reply *struct {
		Text    string `json:"text"`
		Created string `json:"created_at"`
		Site    string `json:"member_site"`
	} `json:"review_reply"`
}

// page reads a page of reviews, in an order that is not documented.
func (o *lipscore) page(ctx context.Context, c *Client, q Query, at place) (listPage, error) {
	number := max(1, numberOf(at.token))
	v := url.Values{"api_key": {o.key}, "page": {strconv.Itoa(number)}, "per_page": {strconv.Itoa(o.PerPage)}}
	var raws []json.RawMessage
	got, err := getJSON(ctx, c, Request{URL: asked("https://api.lipscore.com/reviews", v), Header: http.Header{"X-Authorization": {o.secret}}}, &raws)
	if err != nil {
		return listPage{}, lipscoreAdvice.to(err)
	}
	if raws == nil {
		return listPage{}, unreadable(got, "the answer is not a list of reviews")
	}
	p := listPage{unsorted: true, all: true}
	eachItem(&p, "lipscore", raws, func(r *lipscoreReview) (*puskaradio.Mention, error) {
		// The name as the shop shows it, not the whole one.
		author := r.Shown
		if author == "" {
			author = r.User.Short
		}
		m := puskaradio.Mention{
			Ref: r.ID.String(), Author: foldText(author, 200), Text: plainText(r.Text, maxTextBytes), Lang: langCode(r.Lang),
			About: plainText(r.Product.Name, 500), Reach: votes(r.VotesUp),
		}
		if len(r.Product.URLs) > 0 {
			m.URL = webAddress(r.Product.URLs[0], &url.URL{})
		}
		switch {
		case r.Rating != nil:
			m.Rating = points(*r.Rating, 1, 5)
		case r.Lipscore != nil:
			m.Rating = points(*r.Lipscore, 0, 10)
		}
		if r.Reply != nil {
			m.Owner = ownerReply(r.Reply.Site, plainText(r.Reply.Text, 4000), dateOf(r.Reply.Created, q.Now))
		}
		putDate(&m, r.Created, q.Now)
		stamp(q, puskaradio.Review, &m)
		return &m, nil
	})
	if len(raws) >= o.PerPage {
		p.next = strconv.Itoa(number + 1)
	}
	return p, nil
}
