package crawler

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/puskaradio/puskaradio"
)

// testFreaks reads the reviews that a shop's customers wrote with TestFreaks.
type testFreaks struct {
	Client   string `json:"client" jsonschema:"description=The client id that TestFreaks has given to the shop such as acme.fi"`
	TokenEnv string `json:"token_env" jsonschema:"description=The environment variable that holds the secret token (sk_…) of the Reviews API; TestFreaks gives it to the shop"`
	PerPage  int    `json:"per_page,omitempty" jsonschema:"description=Reviews on a page from 10 to 1000; 100 unless said"`
	Pages    int    `json:"pages,omitempty" jsonschema:"description=The most pages of one round; 20 unless said"`

	token string
}

var testFreaksAdvice = advice{
	http.StatusUnauthorized: "testfreaks: the token is not valid; ask TestFreaks for the secret token of the Reviews API",
	http.StatusForbidden:    "testfreaks: the token is not that of this client",
	http.StatusNotFound:     "testfreaks: there is no such client",
}

// Check reports every fault of the options, and finds the token.
func (o *testFreaks) Check(secret Secret) error {
	var errs []error
	var err error
	if o.Client == "" {
		errs = append(errs, errors.New("client is missing: the id that TestFreaks has given, such as acme.fi"))
	}
	if o.token, err = secretOf(secret, "token_env", o.TokenEnv); err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, within("per_page", o.PerPage, 10, 1000), within("pages", o.Pages, 1, maxListPages))
	return errors.Join(errs...)
}

func (o *testFreaks) home() (string, bool) { return "https://api.testfreaks.com", true }

// Fetch implements [Connector].
func (o *testFreaks) Fetch(ctx context.Context, c *Client, q Query) (Page, error) {
	return readLists(ctx, c, q, o, o.Pages, 0)
}

func (o *testFreaks) lists(Query) []string { return []string{o.Client} }

// A testFreaksReview is a review as TestFreaks has it.
type testFreaksReview struct {
	ID      itemID   `json:"id"`
	Author  string   `json:"author"`
	Score   *float64 `json:"score"`
	Max     float64  `json:"score_max"`
	Date    string   `json:"date"`
	Text    string   `json:"extract"`
	Lang    string   `json:"lang"`
	VotesUp int64    `json:"votes_up"`
	Product string   `json:"product"`
	// Accepted is whether the shop has let it be shown, null while it waits.
	Accepted json.RawMessage `json:"accepted"`
}

// page reads reviews that were written or changed since the newest that is
// known. Those that the shop has rejected or not yet read are nobody's to see.
func (o *testFreaks) page(ctx context.Context, c *Client, q Query, at place) (listPage, error) {
	v := url.Values{"client_id": {o.Client}, "limit": {strconv.Itoa(o.PerPage)}}
	if !at.since.IsZero() { // it is known to the day, and a review waits to be read
		v.Set("updated_after", at.since.AddDate(0, 0, -7).Format("2006-01-02"))
	}
	if at.token != "" {
		v.Set("after", at.token)
	}
	var doc struct {
		Data   *[]json.RawMessage `json:"data"`
		Errors []json.RawMessage  `json:"errors"`
		Links  struct {
			Next string `json:"next"`
		} `json:"links"`
	}
	basic := base64.StdEncoding.EncodeToString([]byte(o.token + ":"))
	got, err := getJSON(ctx, c, Request{URL: asked("https://api.testfreaks.com/v1/reviews", v), Header: http.Header{"Authorization": {"Basic " + basic}}}, &doc)
	if err != nil {
		return listPage{}, testFreaksAdvice.to(err)
	}
	if len(doc.Errors) > 0 {
		return listPage{}, unreadable(got, "the answer is an error")
	}
	if doc.Data == nil {
		return listPage{}, unreadable(got, "the answer has no data")
	}
	p := listPage{unsorted: true}
	if u, err := url.Parse(doc.Links.Next); err == nil {
		p.next = u.Query().Get("after")
	}
	eachItem(&p, "testfreaks "+o.Client, *doc.Data, func(r *testFreaksReview) (*puskaradio.Mention, error) {
		switch string(r.Accepted) {
		case "false":
			if r.ID != "" {
				p.gone = append(p.gone, r.ID.String())
			}
			return nil, nil
		case "null":
			return nil, nil
		}
		m := puskaradio.Mention{
			Ref: r.ID.String(), Author: foldText(r.Author, 200), Text: plainText(r.Text, maxTextBytes), Lang: langCode(r.Lang),
			About: plainText(r.Product, 500), Reach: votes(r.VotesUp),
		}
		if r.Score != nil && r.Max > 0 {
			m.Rating = points(*r.Score, 1, r.Max)
		}
		putDate(&m, r.Date, q.Now)
		stamp(q, puskaradio.Review, &m)
		return &m, nil
	})
	return p, nil
}
