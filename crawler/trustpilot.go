package crawler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/puskaradio/puskaradio"
)

// trustpilot reads the service reviews of a business at Trustpilot.
type trustpilot struct {
	Domain   string `json:"domain,omitempty" jsonschema:"description=The domain under which Trustpilot knows the business such as acme.fi; or set business_unit"`
	Unit     string `json:"business_unit,omitempty" jsonschema:"description=The id of the business unit; it is looked up by domain unless said"`
	KeyEnv   string `json:"key_env" jsonschema:"description=The environment variable that holds the API key of Trustpilot Business (Integrations and then Developers and then APIs)"`
	Language string `json:"language,omitempty" jsonschema:"description=Only reviews in a language such as fi; all unless said"`
	PerPage  int    `json:"per_page,omitempty" jsonschema:"description=Reviews on a page from 10 to 100; 100 unless said"`
	Pages    int    `json:"pages,omitempty" jsonschema:"description=The most pages of one round; 10 unless said"`
	Recheck  int    `json:"recheck,omitempty" jsonschema:"description=How many recent reviews are looked at again in a round to see edits and deletions; 5 unless said and 0 is none"`

	ReplyEnv  string `json:"reply_secret_env,omitempty" jsonschema:"description=The environment variable that holds the secret of the API key; nothing can be answered without"`
	ReplyUser string `json:"reply_user,omitempty" jsonschema:"description=The User ID of the business user who answers; it is on the user's profile page in Trustpilot Business"`

	key    string
	secret string // of the key, to answer
	token  accessToken
	unit   trustpilotUnit
}

const trustpilotAPI = "https://api.trustpilot.com/v1/"

var trustpilotAdvice = advice{
	http.StatusUnauthorized:    "trustpilot: the key is not valid, or the plan does not include the interface; see Integrations, Developers, APIs",
	http.StatusForbidden:       "trustpilot: the key may not read this business unit; ask Trustpilot whether the plan includes it",
	http.StatusTooManyRequests: "trustpilot: the requests of the plan are used up for now",
}

// Check reports every fault of the options, and finds the key.
func (o *trustpilot) Check(secret Secret) error {
	var errs []error
	var err error
	o.Domain = strings.ToLower(strings.TrimSpace(o.Domain))
	switch {
	case o.Domain == "" && o.Unit == "":
		errs = append(errs, errors.New("domain is missing: the one under which Trustpilot knows the business"))
	case o.Domain != "" && (strings.ContainsAny(o.Domain, "/:?#@ ") || !strings.Contains(o.Domain, ".")):
		errs = append(errs, fmt.Errorf("domain %q is not a name such as acme.fi", o.Domain))
	}
	if strings.Trim(o.Unit, "0123456789abcdef") != "" || len(o.Unit) > 40 {
		errs = append(errs, fmt.Errorf("business_unit %q is not an id of hexadecimal digits", o.Unit))
	}
	if o.key, err = secretOf(secret, "key_env", o.KeyEnv); err != nil {
		errs = append(errs, err)
	}
	if o.ReplyEnv != "" || o.ReplyUser != "" {
		if o.secret, err = secretOf(secret, "reply_secret_env", o.ReplyEnv); err != nil {
			errs = append(errs, err)
		}
		if !trustpilotID.MatchString(o.ReplyUser) {
			errs = append(errs, fmt.Errorf("reply_user %q is not a User ID of hexadecimal digits", cutText(o.ReplyUser, 100)))
		}
	}
	if o.Language != "" && langCode(o.Language) != o.Language {
		errs = append(errs, fmt.Errorf("language %q is not a code of two letters", o.Language))
	}
	errs = append(errs, within("per_page", o.PerPage, 10, 100), within("pages", o.Pages, 1, maxListPages), within("recheck", o.Recheck, 0, maxRecheck))
	return errors.Join(errs...)
}

func (o *trustpilot) home() (string, bool) { return trustpilotAPI, true }

// Fetch implements [Connector].
func (o *trustpilot) Fetch(ctx context.Context, c *Client, q Query) (Page, error) {
	return readLists(ctx, c, q, o, o.Pages, o.Recheck)
}

func (o *trustpilot) lists(Query) []string { return []string{o.Unit + o.Domain} }

// A trustpilotUnit is what is known of the business of a domain.
type trustpilotUnit struct {
	mu    sync.Mutex
	id    string
	shown puskaradio.Shown // what a buyer sees: its TrustScore
}

// find asks for the business unit of the domain, once a day, for its score is in
// the answer.
func (o *trustpilot) find(ctx context.Context, c *Client, now time.Time) (id string, shown puskaradio.Shown, err error) {
	if o.Unit != "" {
		return o.Unit, shown, nil
	}
	u := &o.unit
	u.mu.Lock()
	defer u.mu.Unlock()
	if age := now.Sub(u.shown.Seen); u.id != "" && age >= 0 && age < 24*time.Hour {
		return u.id, u.shown, nil
	}
	var doc struct {
		ID    itemID `json:"id"`
		Score struct {
			Trust float64 `json:"trustScore"`
		} `json:"score"`
		Count struct {
			Total int64 `json:"total"`
		} `json:"numberOfReviews"`
	}
	got, err := getJSON(ctx, c, o.request("business-units/find", url.Values{"name": {o.Domain}}), &doc)
	switch {
	case StateOf(err) == StateGone:
		return "", shown, fmt.Errorf("trustpilot: there is no business of the domain %s: %w", o.Domain, err)
	case u.id != "" && (err != nil || doc.ID == ""):
		return u.id, shown, nil // it is known, and its score is asked for with the next page
	case err != nil:
		return "", shown, trustpilotAdvice.to(err)
	case doc.ID == "":
		return "", shown, unreadable(got, "the answer has no id of a business unit")
	}
	u.id = doc.ID.String()
	u.shown = puskaradio.Shown{
		URL:    "https://www.trustpilot.com/review/" + url.PathEscape(o.Domain),
		Rating: puskaradio.Rating{Value: doc.Score.Trust, Best: 5, Worst: 1}, Reviews: ratingsOf(doc.Count.Total), Seen: now,
	}
	return u.id, u.shown, nil
}

func (o *trustpilot) request(path string, v url.Values) Request {
	return Request{URL: asked(trustpilotAPI+path, v), Header: http.Header{"Apikey": {o.key}}}
}

// A trustpilotReview is a review as Trustpilot has it.
type trustpilotReview struct {
	ID       itemID  `json:"id"`
	Stars    float64 `json:"stars"`
	Title    string  `json:"title"`
	Text     string  `json:"text"`
	Language string  `json:"language"`
	Created  string  `json:"createdAt"`
	Consumer struct {
		Name string `json:"displayName"`
	} `json:"consumer"`
	Likes int64 `json:"numberOfLikes"`
	Reply *struct {
		Text    string `json:"text"`
		Created string `json:"createdAt"`
	} `json:"companyReply"`
}

// page reads a page by its number.
func (o *trustpilot) page(ctx context.Context, c *Client, q Query, at place) (listPage, error) {
	unit, shown, err := o.find(ctx, c, q.Now)
	if err != nil {
		return listPage{}, err
	}
	number := max(1, numberOf(at.token))
	v := url.Values{"page": {strconv.Itoa(number)}, "perPage": {strconv.Itoa(o.PerPage)}, "orderBy": {"createdat.desc"}}
	if o.Language != "" {
		v.Set("language", o.Language)
	}
	var doc struct {
		Reviews *[]json.RawMessage `json:"reviews"`
	}
	got, err := getJSON(ctx, c, o.request("business-units/"+url.PathEscape(unit)+"/reviews", v), &doc)
	if err != nil {
		return listPage{}, trustpilotAdvice.to(err)
	}
	if doc.Reviews == nil {
		return listPage{}, unreadable(got, "the answer has no reviews")
	}
	var p listPage
	if number == 1 {
		p.total("trustpilot "+at.list, shown)
	}
	eachItem(&p, "trustpilot "+at.list, *doc.Reviews, func(r *trustpilotReview) (*puskaradio.Mention, error) {
		m := o.mention(q, r)
		return &m, nil
	})
	if len(*doc.Reviews) >= o.PerPage {
		p.next = strconv.Itoa(number + 1)
	}
	return p, nil
}

func (o *trustpilot) mention(q Query, r *trustpilotReview) puskaradio.Mention {
	m := puskaradio.Mention{
		Ref: r.ID.String(), URL: "https://www.trustpilot.com/reviews/" + url.PathEscape(r.ID.String()),
		Author: foldText(r.Consumer.Name, 200), Title: foldText(r.Title, 1000), Text: foldText(r.Text, maxTextBytes),
		Lang: langCode(r.Language), Rating: points(r.Stars, 1, 5), Reach: votes(r.Likes),
	}
	if r.Reply != nil {
		m.Owner = ownerReply(o.Domain, r.Reply.Text, dateOf(r.Reply.Created, q.Now))
	}
	putDate(&m, r.Created, q.Now)
	stamp(q, puskaradio.Review, &m)
	return m
}

func (o *trustpilot) batch() int { return maxRecheck }

// look reads single reviews; one that is not there was taken down.
func (o *trustpilot) look(ctx context.Context, c *Client, q Query, refs []string) (found []puskaradio.Mention, gone []string, err error) {
	for _, ref := range refs {
		var r trustpilotReview
		got, err := getJSON(ctx, c, Request{URL: trustpilotAPI + "reviews/" + url.PathEscape(ref), Header: http.Header{"Apikey": {o.key}}}, &r)
		switch {
		case StateOf(err) == StateGone:
			gone = append(gone, ref)
		case err != nil:
			return nil, nil, trustpilotAdvice.to(err)
		case r.ID.String() != ref:
			return nil, nil, unreadable(got, "the answer is not the review that was asked for")
		default:
			found = append(found, o.mention(q, &r))
		}
	}
	return found, gone, nil
}
