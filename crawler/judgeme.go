package crawler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/puskaradio/puskaradio"
)

// judgeMe reads the reviews of one's own shop at Judge.me.
type judgeMe struct {
	Shop     string `json:"shop" jsonschema:"description=The shop's domain as Judge.me knows it such as acme.myshopify.com"`
	TokenEnv string `json:"token_env" jsonschema:"description=The environment variable that holds the shop's private API token; Judge.me shows it under Settings and then Integrations and then View API tokens"`
	Front    string `json:"front,omitempty" jsonschema:"description=The address of the shop's front page if it is another than that of shop"`
	PerPage  int    `json:"per_page,omitempty" jsonschema:"description=Reviews on a page from 10 to 100; 100 unless said"`
	Pages    int    `json:"pages,omitempty" jsonschema:"description=The most pages of one round; 10 unless said"`

	front *url.URL
	token string
}

var (
	shopDomain    = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)+$`)
	judgeMeAdvice = advice{
		http.StatusUnauthorized:        "judgeme: the token is not that of this shop; see Settings, Integrations, View API tokens",
		http.StatusForbidden:           "judgeme: the token may not read reviews; it must be the private one",
		http.StatusNotFound:            "judgeme: Judge.me knows no such shop",
		http.StatusUnprocessableEntity: "judgeme: Judge.me knows no such shop",
	}
)

// Check reports every fault of the options, and finds the token.
func (o *judgeMe) Check(secret Secret) error {
	var errs []error
	var err error
	o.Shop = strings.ToLower(strings.TrimSpace(o.Shop))
	if o.Shop == "" {
		errs = append(errs, errors.New("shop is missing: its domain, such as acme.myshopify.com"))
	} else if !shopDomain.MatchString(o.Shop) {
		errs = append(errs, fmt.Errorf("shop %q is not a domain such as acme.myshopify.com", o.Shop))
	}
	front := o.Front
	if front == "" {
		front = "https://" + o.Shop
	}
	if o.front, err = checkSite("front", front); err != nil && o.Front != "" {
		errs = append(errs, err)
	}
	if o.token, err = secretOf(secret, "token_env", o.TokenEnv); err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, within("per_page", o.PerPage, 10, 100), within("pages", o.Pages, 1, maxListPages))
	return errors.Join(errs...)
}

func (o *judgeMe) home() (string, bool) { return "https://judge.me", true }

// Fetch implements [Connector].
func (o *judgeMe) Fetch(ctx context.Context, c *Client, q Query) (Page, error) {
	return readLists(ctx, c, q, o, o.Pages, 0)
}

func (o *judgeMe) lists(Query) []string { return []string{o.Shop} }

// A judgeMeReview is a review as Judge.me has it.
type judgeMeReview struct {
	ID        itemID   `json:"id"`
	Title     string   `json:"title"`
	Body      string   `json:"body"`
	Rating    *float64 `json:"rating"`
	Published *bool    `json:"published"`
	Hidden    bool     `json:"hidden"`
	Curated   string   `json:"curated"`
	Created   string   `json:"created_at"`
	Product   string   `json:"product_title"`
	Handle    string   `json:"product_handle"`
	Reviewer  struct {
		Name string `json:"name"`
	} `json:"reviewer"`
}

// page reads a page of reviews, the newest first. Those that the shop hides
// are nobody's to see.
func (o *judgeMe) page(ctx context.Context, c *Client, q Query, at place) (listPage, error) {
	number := max(1, numberOf(at.token))
	v := url.Values{"shop_domain": {o.Shop}, "api_token": {o.token}, "per_page": {strconv.Itoa(o.PerPage)}, "page": {strconv.Itoa(number)}}
	var doc struct {
		Reviews *[]json.RawMessage `json:"reviews"`
	}
	got, err := getJSON(ctx, c, Request{URL: asked("https://judge.me/api/v1/reviews", v)}, &doc)
	if err != nil {
		return listPage{}, judgeMeAdvice.to(err)
	}
	if doc.Reviews == nil {
		return listPage{}, unreadable(got, "the answer has no reviews")
	}
	p := listPage{all: true}
	eachItem(&p, "judgeme "+o.Shop, *doc.Reviews, func(r *judgeMeReview) (*puskaradio.Mention, error) {
		if r.Hidden || r.Curated == "spam" || r.Published != nil && !*r.Published {
			if r.ID != "" {
				p.gone = append(p.gone, r.ID.String())
			}
			return nil, nil
		}
		m := puskaradio.Mention{
			Ref: r.ID.String(), Author: foldText(r.Reviewer.Name, 200), Title: plainText(r.Title, 1000), Text: plainText(r.Body, maxTextBytes),
			About: plainText(r.Product, 500),
		}
		if r.Rating != nil {
			m.Rating = points(*r.Rating, 1, 5)
		}
		if r.Handle != "" && o.front != nil {
			m.URL = o.front.JoinPath("products", url.PathEscape(cutText(r.Handle, 300))).String()
		}
		putDate(&m, r.Created, q.Now)
		stamp(q, puskaradio.Review, &m)
		return &m, nil
	})
	if len(*doc.Reviews) >= o.PerPage {
		p.next = strconv.Itoa(number + 1)
	}
	return p, nil
}
