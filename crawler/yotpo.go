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

	"github.com/puskaradio/puskaradio"
)

// yotpo reads the reviews of products that Yotpo's widget shows in a shop.
type yotpo struct {
	AppKey   string   `json:"app_key" jsonschema:"description=The shop's app key; it stands in the address of Yotpo's script on its pages and is no secret"`
	Products []string `json:"products,omitempty" jsonschema:"description=Products by the ids that Yotpo's widget has in data-product-id; the reviews of the shop itself (yotpo_site_reviews) unless said"`
	PerPage  int      `json:"per_page,omitempty" jsonschema:"description=Reviews on a page from 10 to 150; 100 unless said"`
	Pages    int      `json:"pages,omitempty" jsonschema:"description=The most pages of a product in one round; 5 unless said"`
}

var (
	yotpoKey     = regexp.MustCompile(`^[A-Za-z0-9_-]{10,80}$`)
	yotpoProduct = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,100}$`)
	yotpoAdvice  = advice{
		http.StatusUnauthorized: "yotpo: the app key is not that of a shop",
		http.StatusForbidden:    "yotpo: the widget of this shop is not open; is the app key right?",
		http.StatusNotFound:     "yotpo: there is no such shop or product",
	}
)

// Check reports every fault of the options.
func (o *yotpo) Check(Secret) error {
	var errs []error
	if o.AppKey == "" {
		errs = append(errs, errors.New("app_key is missing: it stands in the address of Yotpo's script on the shop's pages"))
	} else if !yotpoKey.MatchString(o.AppKey) {
		errs = append(errs, fmt.Errorf("app_key %q is not a key of letters and digits", o.AppKey))
	}
	for _, id := range o.Products {
		if !yotpoProduct.MatchString(id) {
			errs = append(errs, fmt.Errorf("products: %q is not an id as in data-product-id", id))
		}
	}
	errs = append(errs, within("per_page", o.PerPage, 10, 150), within("pages", o.Pages, 1, maxListPages))
	return errors.Join(errs...)
}

func (o *yotpo) home() (string, bool) { return "https://api-cdn.yotpo.com", true }

// Fetch implements [Connector].
func (o *yotpo) Fetch(ctx context.Context, c *Client, q Query) (Page, error) {
	return readLists(ctx, c, q, o, o.Pages, 0)
}

func (o *yotpo) lists(Query) []string {
	if len(o.Products) == 0 {
		return []string{"yotpo_site_reviews"}
	}
	return o.Products
}

// A yotpoReview is a review as Yotpo's widget has it.
type yotpoReview struct {
	ID      itemID   `json:"id"`
	Score   *float64 `json:"score"`
	Title   string   `json:"title"`
	Content string   `json:"content"`
	Created string   `json:"created_at"`
	Deleted bool     `json:"deleted"`
	VotesUp int64    `json:"votes_up"`
	User    struct {
		Name string `json:"display_name"`
	} `json:"user"`
	Comment *struct {
		Content string `json:"content"`
		Created string `json:"created_at"`
		Name    string `json:"display_name"`
	} `json:"comment"`
}

// page reads a page of a product's reviews, the newest first.
func (o *yotpo) page(ctx context.Context, c *Client, q Query, at place) (listPage, error) {
	number := max(1, numberOf(at.token))
	v := url.Values{"page": {strconv.Itoa(number)}, "per_page": {strconv.Itoa(o.PerPage)}, "sort": {"date"}, "direction": {"desc"}}
	address := "https://api-cdn.yotpo.com/v1/widget/" + o.AppKey + "/products/" + url.PathEscape(at.list) + "/reviews.json"
	var doc struct {
		Response *struct {
			Pagination struct {
				Total int64 `json:"total"`
			} `json:"pagination"`
			Bottomline struct {
				Total   int64   `json:"total_review"`
				Average float64 `json:"average_score"`
			} `json:"bottomline"`
			Products []struct {
				Name string `json:"name"`
				Link string `json:"product_link"`
			} `json:"products"`
			Reviews *[]json.RawMessage `json:"reviews"`
		} `json:"response"`
	}
	got, err := getJSON(ctx, c, Request{URL: asked(address, v)}, &doc)
	if err != nil {
		return listPage{}, yotpoAdvice.to(err)
	}
	if doc.Response == nil || doc.Response.Reviews == nil {
		return listPage{}, unreadable(got, "the answer has no reviews")
	}
	reviews := *doc.Response.Reviews
	if len(reviews) == 0 && doc.Response.Pagination.Total > 0 && number == 1 {
		return listPage{}, unreadable(got, fmt.Sprintf("the answer counts %d reviews and shows none", doc.Response.Pagination.Total))
	}
	about, link := "", ""
	if len(doc.Response.Products) > 0 && len(o.Products) > 0 {
		about = plainText(doc.Response.Products[0].Name, 500)
		link = webAddress(doc.Response.Products[0].Link, &url.URL{})
	}
	// Copies of Yotpo's answers are not always whole.
	whole := len(reviews) == min(max(int(doc.Response.Pagination.Total)-(number-1)*o.PerPage, 0), o.PerPage)
	p := listPage{all: whole, dated: true}
	if bottom := doc.Response.Bottomline; number == 1 {
		p.total("yotpo "+at.list, puskaradio.Shown{
			About: about, URL: link, Rating: puskaradio.Rating{Value: bottom.Average, Best: 5, Worst: 1}, Reviews: ratingsOf(bottom.Total),
		})
	}
	eachItem(&p, "yotpo "+at.list, reviews, func(r *yotpoReview) (*puskaradio.Mention, error) {
		if r.Deleted {
			if r.ID != "" {
				p.gone = append(p.gone, r.ID.String())
			}
			return nil, nil
		}
		m := puskaradio.Mention{
			Ref: r.ID.String(), URL: link, Author: plainText(r.User.Name, 200), Title: plainText(r.Title, 1000),
			Text: plainText(r.Content, maxTextBytes), About: about, Reach: votes(r.VotesUp),
		}
		if r.Score != nil {
			m.Rating = points(*r.Score, 1, 5)
		}
		if cm := r.Comment; cm != nil {
			m.Owner = ownerReply(plainText(cm.Name, 200), plainText(cm.Content, 4000), dateOf(cm.Created, q.Now))
		}
		putDate(&m, r.Created, q.Now)
		stamp(q, puskaradio.Review, &m)
		return &m, nil
	})
	if len(reviews) >= o.PerPage {
		p.next = strconv.Itoa(number + 1)
	}
	return p, nil
}
