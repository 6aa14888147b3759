package crawler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

// g2 reads the reviews of one's own products at G2.
type g2 struct {
	TokenEnv string   `json:"token_env" jsonschema:"description=The environment variable that holds an API token; my.G2 makes it under Integrations and then API Tokens. It ends after a year"`
	Product  string   `json:"product,omitempty" jsonschema:"description=The product's name in the address of its page at G2 behind /products/ to link there"`
	Names    []string `json:"names,omitempty" jsonschema:"description=Only the reviews of products of these names; all that the token shows unless said"`
	PerPage  int      `json:"per_page,omitempty" jsonschema:"description=Reviews on a page from 10 to 100; 100 unless said"`
	Pages    int      `json:"pages,omitempty" jsonschema:"description=The most pages of one round; 10 unless said"`

	token string
}

var (
	g2Slug   = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,200}$`)
	g2Advice = advice{
		http.StatusUnauthorized:    "g2: the token is not valid; it ends after a year, make a new one in my.G2",
		http.StatusForbidden:       "g2: the token may not read reviews; ask G2's account executive for access to survey responses",
		http.StatusTooManyRequests: "g2: more than 100 requests in a second",
	}
)

// Check reports every fault of the options, and finds the token.
func (o *g2) Check(secret Secret) error {
	var errs []error
	var err error
	if o.token, err = secretOf(secret, "token_env", o.TokenEnv); err != nil {
		errs = append(errs, err)
	}
	if o.Product != "" && !g2Slug.MatchString(o.Product) {
		errs = append(errs, fmt.Errorf("product %q is not as in the address of its page", o.Product))
	}
	errs = append(errs, within("per_page", o.PerPage, 10, 100), within("pages", o.Pages, 1, maxListPages))
	return errors.Join(errs...)
}

func (o *g2) home() (string, bool) { return "https://data.g2.com", true }

// Fetch implements [Connector].
func (o *g2) Fetch(ctx context.Context, c *Client, q Query) (Page, error) {
	return readLists(ctx, c, q, o, o.Pages, 0)
}

func (o *g2) lists(Query) []string { return []string{"survey responses"} }

// A g2Review is a review as G2 has it: answers to questions.
type g2Review struct {
	ID         itemID `json:"id"`
	Attributes struct {
		Product   string                     `json:"product_name"`
		Stars     *float64                   `json:"star_rating"`
		Title     string                     `json:"title"`
		Answers   map[string]json.RawMessage `json:"comment_answers"`
		Submitted string                     `json:"submitted_at"`
		User      string                     `json:"user_name"`
		VotesUp   int64                      `json:"votes_up"`
	} `json:"attributes"`
}

type g2Answer struct {
	Question string `json:"text"`
	Value    string `json:"value"`
}

// page reads reviews that were written or changed since the newest that is
// known.
func (o *g2) page(ctx context.Context, c *Client, q Query, at place) (listPage, error) {
	number := max(1, numberOf(at.token))
	v := url.Values{"page[size]": {strconv.Itoa(o.PerPage)}, "page[number]": {strconv.Itoa(number)}}
	if !at.since.IsZero() {
		v.Set("filter[updated_at_gt]", at.since.AddDate(0, 0, -7).Format(time.RFC3339))
	}
	var doc struct {
		Data *[]json.RawMessage `json:"data"`
	}
	got, err := getJSON(ctx, c, Request{
		URL: asked("https://data.g2.com/api/v1/survey-responses", v), Accept: "application/vnd.api+json",
		Header: http.Header{"Authorization": {"Token token=" + o.token}},
	}, &doc)
	if err != nil {
		return listPage{}, g2Advice.to(err)
	}
	if doc.Data == nil {
		return listPage{}, unreadable(got, "the answer has no data")
	}
	p := listPage{unsorted: true}
	eachItem(&p, "g2", *doc.Data, func(r *g2Review) (*puskaradio.Mention, error) {
		a := &r.Attributes
		if len(o.Names) > 0 && !slices.ContainsFunc(o.Names, func(s string) bool { return strings.EqualFold(s, a.Product) }) {
			return nil, nil
		}
		m := puskaradio.Mention{
			Ref: r.ID.String(), Author: foldText(a.User, 200), Title: plainText(a.Title, 1000), Text: g2Text(a.Answers),
			About: plainText(a.Product, 500), Reach: votes(a.VotesUp),
		}
		if a.Stars != nil {
			m.Rating = points(*a.Stars, 0, 5)
		}
		if o.Product != "" {
			m.URL = "https://www.g2.com/products/" + o.Product + "/reviews"
		}
		putDate(&m, a.Submitted, q.Now)
		stamp(q, puskaradio.Review, &m)
		return &m, nil
	})
	if len(*doc.Data) >= o.PerPage {
		p.next = strconv.Itoa(number + 1)
	}
	return p, nil
}

// g2Text is the questions with their answers: first what is liked, then what
// is not.
func g2Text(answers map[string]json.RawMessage) string {
	keys := slices.Sorted(maps.Keys(answers))
	rank := func(k string) int { return slices.Index([]string{"hate", "love"}, k) }
	slices.SortStableFunc(keys, func(a, b string) int { return rank(b) - rank(a) })
	var b strings.Builder
	for _, k := range keys {
		var a g2Answer
		if json.Unmarshal(answers[k], &a) == nil && strings.TrimSpace(a.Value) != "" && b.Len() < maxTextBytes {
			fmt.Fprintf(&b, "%s %s\n", a.Question, a.Value)
		}
	}
	return plainText(b.String(), maxTextBytes)
}
