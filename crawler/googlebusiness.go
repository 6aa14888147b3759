package crawler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

// googleBusiness reads the reviews of one's own places on Google's map.
type googleBusiness struct {
	Account    string   `json:"account" jsonschema:"description=The number of the account that manages the places; accounts.list of the My Business Account Management API tells it"`
	Locations  []string `json:"locations" jsonschema:"description=The numbers of the places; each may be followed by a blank and a name of the branch as in: 123456 Kamppi"`
	ClientID   string   `json:"client_id" jsonschema:"description=The id of the OAuth client; made in the Google Cloud console of a project that was given access to the Business Profile APIs"`
	SecretEnv  string   `json:"client_secret_env" jsonschema:"description=The environment variable that holds the OAuth client's secret"`
	RefreshEnv string   `json:"refresh_token_env" jsonschema:"description=The environment variable that holds a refresh token of the owner with the scope business.manage"`
	Pages      int      `json:"pages,omitempty" jsonschema:"description=The most pages of 50 of a place in one round; 10 unless said"`
	Recheck    int      `json:"recheck,omitempty" jsonschema:"description=How many recent reviews are looked at again in a round to see deletions; 5 unless said and 0 is none"`

	secret, refresh string
	branch          map[string]string // names by place
	token           accessToken
}

const googleBusinessAPI = "https://mybusiness.googleapis.com/v4/"

var googleBusinessAdvice = advice{
	http.StatusUnauthorized:    "googlebusiness: the owner's permission is no longer valid; make a new refresh token",
	http.StatusForbidden:       "googlebusiness: the project has no access to the interface or the owner does not manage this place; ask Google for access to the Business Profile APIs and check account and locations",
	http.StatusNotFound:        "googlebusiness: there is no such place in this account",
	http.StatusTooManyRequests: "googlebusiness: the project's requests of a minute are used up",
}

// Check reports every fault of the options, and finds the secrets.
func (o *googleBusiness) Check(secret Secret) error {
	var errs []error
	o.Account = strings.TrimPrefix(strings.TrimSpace(o.Account), "accounts/")
	if o.Account == "" {
		errs = append(errs, errors.New("account is missing: its number"))
	} else if !isDigits(o.Account) {
		errs = append(errs, fmt.Errorf("account %q is not a number", o.Account))
	}
	o.branch = map[string]string{}
	if len(o.Locations) == 0 {
		errs = append(errs, errors.New("locations is missing: the numbers of the places"))
	}
	for i, s := range o.Locations {
		id, name, _ := strings.Cut(strings.TrimSpace(s), " ")
		if id = id[strings.LastIndexByte(id, '/')+1:]; !isDigits(id) {
			errs = append(errs, fmt.Errorf("locations: %q does not begin with the number of a place", s))
		}
		o.Locations[i], o.branch[id] = id, foldText(name, 200)
	}
	if o.ClientID == "" {
		errs = append(errs, errors.New("client_id is missing"))
	}
	var err error
	if o.secret, err = secretOf(secret, "client_secret_env", o.SecretEnv); err != nil {
		errs = append(errs, err)
	}
	if o.refresh, err = secretOf(secret, "refresh_token_env", o.RefreshEnv); err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, within("pages", o.Pages, 1, maxListPages), within("recheck", o.Recheck, 0, maxRecheck))
	return errors.Join(errs...)
}

func (o *googleBusiness) home() (string, bool) { return googleBusinessAPI, true }

// Fetch implements [Connector].
func (o *googleBusiness) Fetch(ctx context.Context, c *Client, q Query) (Page, error) {
	return readLists(ctx, c, q, o, o.Pages, o.Recheck)
}

func (o *googleBusiness) lists(Query) []string { return o.Locations }

// get asks with the owner's token.
func (o *googleBusiness) get(ctx context.Context, c *Client, q Query, path string, v any) (*Response, error) {
	var got *Response
	err := o.token.use(q.Now, func() (string, time.Duration, error) {
		return refresh(ctx, c, googleTokens, o.ClientID, o.secret, o.refresh, "the owner's permission (refresh_token_env)")
	}, func(token string) (err error) {
		got, err = getJSON(ctx, c, Request{URL: googleBusinessAPI + path, Header: bearer(token)}, v)
		return googleBusinessAdvice.to(err)
	})
	return got, err
}

// A googleReview is a review as Google's interface for owners has it.
type googleReview struct {
	Name     string `json:"name"`
	Reviewer struct {
		Name string `json:"displayName"`
	} `json:"reviewer"`
	Stars   string `json:"starRating"`
	Comment string `json:"comment"`
	Created string `json:"createTime"`
	Reply   *struct {
		Comment string `json:"comment"`
		Updated string `json:"updateTime"`
	} `json:"reviewReply"`
}

// page reads the reviews of a place, those first that were changed last.
func (o *googleBusiness) page(ctx context.Context, c *Client, q Query, at place) (listPage, error) {
	v := url.Values{"pageSize": {"50"}, "orderBy": {"updateTime desc"}}
	if at.token != "" {
		v.Set("pageToken", at.token)
	}
	var doc struct {
		Reviews *[]json.RawMessage `json:"reviews"`
		Average float64            `json:"averageRating"`
		Total   int64              `json:"totalReviewCount"`
		Next    string             `json:"nextPageToken"`
	}
	got, err := o.get(ctx, c, q, asked("accounts/"+o.Account+"/locations/"+at.list+"/reviews", v), &doc)
	if err != nil {
		return listPage{}, err
	}
	if doc.Reviews == nil {
		// Google leaves out what is empty, so that no review at all is {}.
		if doc.Total > 0 && at.token == "" || !at.since.IsZero() || !onlyKeys(got.Body, "averageRating", "totalReviewCount", "nextPageToken") {
			return listPage{}, unreadable(got, "the answer has no reviews")
		}
		doc.Reviews = new([]json.RawMessage)
	}
	p := listPage{next: doc.Next}
	if at.token == "" {
		about := o.branch[at.list]
		if about == "" && len(o.Locations) > 1 {
			about = at.list
		}
		p.total("googlebusiness place "+at.list, puskaradio.Shown{
			About: about, Rating: puskaradio.Rating{Value: doc.Average, Best: 5, Worst: 1}, Count: ratingsOf(doc.Total),
		})
	}
	eachItem(&p, "googlebusiness place "+at.list, *doc.Reviews, func(r *googleReview) (*puskaradio.Mention, error) {
		m := o.mention(q, r)
		return &m, nil
	})
	return p, nil
}

var googleReviewName = regexp.MustCompile(`^accounts/[0-9]+/locations/([0-9]+)/reviews/[A-Za-z0-9_=-]+$`)

func (o *googleBusiness) mention(q Query, r *googleReview) puskaradio.Mention {
	m := puskaradio.Mention{
		Author: foldText(r.Reviewer.Name, 200), Text: foldText(originalText(r.Comment), maxTextBytes),
		Rating: starsOf(r.Stars),
	}
	if parts := googleReviewName.FindStringSubmatch(r.Name); parts != nil && len(r.Name) <= 500 {
		m.Ref, m.About = r.Name, o.branch[parts[1]]
	}
	if r.Reply != nil {
		m.Owner = ownerReply("", originalText(r.Reply.Comment), dateOf(r.Reply.Updated, q.Now))
	}
	putDate(&m, r.Created, q.Now)
	stamp(q, puskaradio.Review, &m)
	return m
}

func (o *googleBusiness) batch() int { return maxRecheck }

// look reads single reviews; one that is not found was deleted.
func (o *googleBusiness) look(ctx context.Context, c *Client, q Query, refs []string) (found []puskaradio.Mention, gone []string, err error) {
	for _, ref := range refs {
		var r googleReview
		got, err := o.get(ctx, c, q, ref, &r)
		switch {
		case StateOf(err) == StateGone:
			gone = append(gone, ref)
		case err != nil:
			return nil, nil, err
		case r.Name != ref:
			return nil, nil, unreadable(got, "the answer is not the review that was asked for")
		default:
			found = append(found, o.mention(q, &r))
		}
	}
	return found, gone, nil
}

// starsOf reads Google's word for a number of stars.
func starsOf(s string) *puskaradio.Rating {
	for i, word := range []string{"ONE", "TWO", "THREE", "FOUR", "FIVE"} {
		if s == word {
			return points(float64(i+1), 1, 5)
		}
	}
	return nil
}

// originalText is what an author wrote, where Google adds a translation.
func originalText(s string) string {
	const translated, original = "(Translated by Google)", "(Original)"
	if _, after, ok := strings.Cut(s, original); ok && strings.Contains(s, translated) {
		return after
	}
	if before, _, ok := strings.Cut(s, translated); ok && strings.TrimSpace(before) != "" {
		return before
	}
	return s
}
