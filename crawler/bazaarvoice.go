package crawler

import (
	"cmp"
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

// bazaarvoice reads the reviews that a retailer collects with Bazaarvoice.
type bazaarvoice struct {
	KeyEnv   string   `json:"passkey_env" jsonschema:"description=The environment variable that holds a passkey of the Conversations API; the retailer makes it in the Bazaarvoice portal. Another's key may be used only with its consent"`
	Products []string `json:"products,omitempty" jsonschema:"description=Only the reviews of these products by the retailer's ids; all unless said"`
	Own      bool     `json:"own_only,omitempty" jsonschema:"description=Leave out reviews that other shops or brands passed on"`
	PerPage  int      `json:"per_page,omitempty" jsonschema:"description=Reviews on a page from 10 to 100; 100 unless said"`
	Pages    int      `json:"pages,omitempty" jsonschema:"description=The most pages of a product in one round; 10 unless said"`

	key string
}

var (
	bazaarProduct = regexp.MustCompile(`^[A-Za-z0-9_*-]{1,255}$`)
	bazaarAdvice  = advice{
		http.StatusUnauthorized:    "bazaarvoice: the passkey is not valid",
		http.StatusForbidden:       "bazaarvoice: the passkey is not valid for this, or its requests of the minute are used up",
		http.StatusTooManyRequests: "bazaarvoice: the passkey's requests of the minute are used up",
	}
)

// Check reports every fault of the options, and finds the key.
func (o *bazaarvoice) Check(secret Secret) error {
	var errs []error
	var err error
	if o.key, err = secretOf(secret, "passkey_env", o.KeyEnv); err != nil {
		errs = append(errs, err)
	}
	for _, id := range o.Products {
		if !bazaarProduct.MatchString(id) {
			errs = append(errs, fmt.Errorf("products: %q is not an id of a product", id))
		}
	}
	errs = append(errs, within("per_page", o.PerPage, 10, 100), within("pages", o.Pages, 1, maxListPages))
	return errors.Join(errs...)
}

func (o *bazaarvoice) home() (string, bool) { return "https://api.bazaarvoice.com", true }

// Fetch implements [Connector].
func (o *bazaarvoice) Fetch(ctx context.Context, c *Client, q Query) (Page, error) {
	return readLists(ctx, c, q, o, o.Pages, 0)
}

const bazaarAll = "all products"

func (o *bazaarvoice) lists(Query) []string {
	if len(o.Products) == 0 {
		return []string{bazaarAll}
	}
	return o.Products
}

// A bazaarReview is a review as Bazaarvoice has it.
type bazaarReview struct {
	ID         itemID   `json:"Id"`
	Product    string   `json:"ProductId"`
	Rating     *float64 `json:"Rating"`
	Range      float64  `json:"RatingRange"`
	Title      string   `json:"Title"`
	Text       string   `json:"ReviewText"`
	Nickname   string   `json:"UserNickname"`
	Submitted  string   `json:"SubmissionTime"`
	Locale     string   `json:"ContentLocale"`
	Helpful    int64    `json:"TotalPositiveFeedbackCount"`
	Client     string   `json:"SourceClient"`
	Syndicated bool     `json:"IsSyndicated"`
	Source     *struct {
		Name string `json:"Name"`
	} `json:"SyndicationSource"`
	Responses []struct {
		Response string `json:"Response"`
		Name     string `json:"Name"`
		Date     string `json:"Date"`
	} `json:"ClientResponses"`
}

type bazaarItem struct {
	Name string `json:"Name"`
	Page string `json:"ProductPageUrl"`
}

// page reads a page of reviews, those first that were changed last.
func (o *bazaarvoice) page(ctx context.Context, c *Client, q Query, at place) (listPage, error) {
	offset := numberOf(at.token)
	v := url.Values{
		"apiversion": {"5.4"}, "passkey": {o.key}, "Sort": {"LastModificationTime:desc"}, "Include": {"Products"},
		"Limit": {strconv.Itoa(o.PerPage)}, "Offset": {strconv.Itoa(offset)},
	}
	if at.list != bazaarAll {
		v.Set("Filter", "ProductId:"+at.list)
	}
	var doc struct {
		Failed bool `json:"HasErrors"`
		Errors []struct {
			Code string `json:"Code"`
		} `json:"Errors"`
		Results  *[]json.RawMessage `json:"Results"`
		Total    int                `json:"TotalResults"`
		Includes struct {
			Products map[string]json.RawMessage `json:"Products"`
		} `json:"Includes"`
	}
	got, err := getJSON(ctx, c, Request{URL: asked("https://api.bazaarvoice.com/data/reviews.json", v)}, &doc)
	if err != nil {
		return listPage{}, bazaarAdvice.to(err)
	}
	if doc.Failed {
		var codes []string
		for _, e := range doc.Errors[:min(len(doc.Errors), 5)] {
			codes = append(codes, foldText(e.Code, 80))
		}
		return listPage{}, o.failed(got, strings.Join(codes, ", "))
	}
	if doc.Results == nil {
		return listPage{}, unreadable(got, "the answer has no Results")
	}
	p := listPage{all: true}
	eachItem(&p, "bazaarvoice "+at.list, *doc.Results, func(r *bazaarReview) (*puskaradio.Mention, error) {
		if o.Own && r.Syndicated {
			return nil, nil
		}
		var of bazaarItem
		json.Unmarshal(doc.Includes.Products[r.Product], &of) // without it the review has no name of a product
		m := o.mention(q, r, of)
		return &m, nil
	})
	if next := offset + len(*doc.Results); len(*doc.Results) > 0 && next < doc.Total {
		p.next = strconv.Itoa(next)
	}
	return p, nil
}

// failed is the error of an answer that is 200 and says that it is none.
func (o *bazaarvoice) failed(got *Response, codes string) error {
	err := unreadable(got, "the answer is an error: "+codes)
	switch {
	case strings.Contains(codes, "ERROR_PARAM_INVALID_API_KEY"), strings.Contains(codes, "ERROR_ACCESS_DENIED"):
		return noLogin(err, "bazaarvoice: the passkey is not valid for this; see the Bazaarvoice portal")
	case strings.Contains(codes, "ERROR_REQUEST_LIMIT_REACHED"):
		fe, _ := errors.AsType[*FetchError](err)
		fe.State = StateLimited
		return &puskaradio.RetryError{Err: fmt.Errorf("%s: %w", bazaarAdvice[http.StatusTooManyRequests], fe)}
	}
	return err
}

// mention is what a review says. A review that many shops show has the same id
// in all, with the one that collected it.
func (o *bazaarvoice) mention(q Query, r *bazaarReview, of bazaarItem) puskaradio.Mention {
	m := puskaradio.Mention{
		Ref: r.ID.String(), Author: plainText(r.Nickname, 200), Title: plainText(r.Title, 1000), Text: plainText(r.Text, maxTextBytes),
		Lang: langCode(r.Locale), About: plainText(cmp.Or(of.Name, r.Product), 500), Reach: votes(r.Helpful),
		URL: webAddress(of.Page, &url.URL{}),
	}
	if m.Ref != "" && r.Client != "" {
		m.Ref = cutText(r.Client, 200) + "/" + m.Ref
	}
	if r.Rating != nil {
		best := cmp.Or(r.Range, 5)
		m.Rating = points(*r.Rating, 1, best)
	}
	for _, a := range r.Responses {
		at := dateOf(a.Date, q.Now)
		if reply := ownerReply(plainText(a.Name, 200), plainText(a.Response, 4000), at); reply != nil && (m.Owner == nil || at.Before(m.Owner.At)) {
			m.Owner = reply
		}
	}
	putDate(&m, r.Submitted, q.Now)
	stamp(q, puskaradio.Review, &m)
	return m
}
