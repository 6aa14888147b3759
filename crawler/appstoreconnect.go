package crawler

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/puskaradio/puskaradio"
)

// appStoreConnect reads the reviews of one's own app in all countries, with the
// developer's answers.
type appStoreConnect struct {
	App     string `json:"app" jsonschema:"description=The Apple ID of the app: the number in its address behind id"`
	Issuer  string `json:"issuer" jsonschema:"description=The issuer ID of the team; App Store Connect shows it under Users and Access and then Integrations"`
	KeyID   string `json:"key_id" jsonschema:"description=The ID of an API key with the role Customer Support; it stands beside the key"`
	KeyEnv  string `json:"key_env" jsonschema:"description=The environment variable that holds the API key: the text of the .p8 file"`
	PerPage int    `json:"per_page,omitempty" jsonschema:"description=Reviews on a page from 10 to 200; 200 unless said"`
	Pages   int    `json:"pages,omitempty" jsonschema:"description=The most pages of one round; 10 unless said"`
	Recheck int    `json:"recheck,omitempty" jsonschema:"description=How many recent reviews are looked at again in a round to see edits and deletions; 5 unless said and 0 is none"`

	key   *ecdsa.PrivateKey
	token accessToken
}

const appStoreConnectAPI = "https://api.appstoreconnect.apple.com/v1/"

var (
	issuerID              = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	appStoreKeyID         = regexp.MustCompile(`^[A-Z0-9]{2,20}$`)
	appStoreConnectAdvice = advice{
		http.StatusUnauthorized:    "appstoreconnect: the key is revoked, or issuer, key_id and key do not belong together; see Users and Access, Integrations",
		http.StatusForbidden:       "appstoreconnect: the key's role may not read reviews (it needs Customer Support), or an agreement waits to be signed",
		http.StatusNotFound:        "appstoreconnect: the team has no such app",
		http.StatusTooManyRequests: "appstoreconnect: the key's requests of an hour are used up",
	}
)

// Check reports every fault of the options, and reads the key.
func (o *appStoreConnect) Check(secret Secret) error {
	var errs []error
	o.App = strings.TrimPrefix(strings.TrimSpace(o.App), "id")
	if o.App == "" {
		errs = append(errs, errors.New("app is missing: it is the number in the address of the app"))
	} else if !appNumber.MatchString(o.App) {
		errs = append(errs, fmt.Errorf("app %q is not a number as in the address of the app", o.App))
	}
	if !issuerID.MatchString(o.Issuer) {
		errs = append(errs, fmt.Errorf("issuer %q is not an ID such as 57246542-96fe-1a63-e053-0824d011072a", o.Issuer))
	}
	if !appStoreKeyID.MatchString(o.KeyID) {
		errs = append(errs, fmt.Errorf("key_id %q is not the ID of a key, such as 2X9R4HXF34", o.KeyID))
	}
	if text, err := secretText(secret, "key_env", o.KeyEnv); err != nil {
		errs = append(errs, err)
	} else if o.key, err = jwt.ParseECPrivateKeyFromPEM([]byte(text)); err != nil {
		errs = append(errs, fmt.Errorf("key_env: what %s holds is not the text of a .p8 file", o.KeyEnv))
	}
	errs = append(errs, within("per_page", o.PerPage, 10, 200), within("pages", o.Pages, 1, maxListPages), within("recheck", o.Recheck, 0, maxRecheck))
	return errors.Join(errs...)
}

func (o *appStoreConnect) home() (string, bool) { return appStoreConnectAPI, true }

// Fetch implements [Connector].
func (o *appStoreConnect) Fetch(ctx context.Context, c *Client, q Query) (Page, error) {
	return readLists(ctx, c, q, o, o.Pages, o.Recheck)
}

func (o *appStoreConnect) lists(Query) []string { return []string{o.App} }

// sign makes a token; Apple takes none that lasts longer than 20 minutes.
func (o *appStoreConnect) sign(now time.Time) (string, time.Duration, error) {
	t := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
		"iss": o.Issuer, "iat": now.Unix(), "exp": now.Add(15 * time.Minute).Unix(), "aud": "appstoreconnect-v1",
	})
	t.Header["kid"] = o.KeyID
	s, err := t.SignedString(o.key)
	if err != nil {
		err = &puskaradio.PermanentError{Err: errors.New("appstoreconnect: the token cannot be signed: the key is not on the curve P-256")}
	}
	return s, 15 * time.Minute, err
}

// get asks with a token that we sign ourselves.
func (o *appStoreConnect) get(ctx context.Context, c *Client, q Query, address string, v any) (*Response, error) {
	var got *Response
	err := o.token.use(q.Now, func() (string, time.Duration, error) { return o.sign(q.Now) }, func(token string) (err error) {
		got, err = getJSON(ctx, c, Request{URL: address, Header: bearer(token)}, v)
		return appStoreConnectAdvice.to(err)
	})
	return got, err
}

// An appleReview is a review or an answer to one, as Apple's interface for
// developers has them.
type appleReview struct {
	Type       string `json:"type"`
	ID         itemID `json:"id"`
	Attributes struct {
		Rating   float64 `json:"rating"`
		Title    string  `json:"title"`
		Body     string  `json:"body"`
		Nickname string  `json:"reviewerNickname"`
		Created  string  `json:"createdDate"`

		Response string `json:"responseBody"`
		Modified string `json:"lastModifiedDate"`
		State    string `json:"state"`
	} `json:"attributes"`
	Relationships struct {
		Response struct {
			Data *struct {
				ID itemID `json:"id"`
			} `json:"data"`
		} `json:"response"`
	} `json:"relationships"`
}

// page reads the reviews, the newest first.
func (o *appStoreConnect) page(ctx context.Context, c *Client, q Query, at place) (listPage, error) {
	v := url.Values{"sort": {"-createdDate"}, "limit": {fmt.Sprint(o.PerPage)}, "include": {"response"}}
	if at.token != "" {
		v.Set("cursor", at.token)
	}
	var doc struct {
		Data     *[]json.RawMessage `json:"data"`
		Included []appleReview      `json:"included"`
		Links    struct {
			Next string `json:"next"`
		} `json:"links"`
	}
	got, err := o.get(ctx, c, q, asked(appStoreConnectAPI+"apps/"+o.App+"/customerReviews", v), &doc)
	if err != nil {
		return listPage{}, err
	}
	if doc.Data == nil {
		return listPage{}, unreadable(got, "the answer has no data")
	}
	var p listPage
	if u, err := url.Parse(doc.Links.Next); err == nil {
		p.next = u.Query().Get("cursor")
	}
	eachItem(&p, "appstoreconnect app "+o.App, *doc.Data, func(r *appleReview) (*puskaradio.Mention, error) {
		m := o.mention(q, r, doc.Included)
		return &m, nil
	})
	return p, nil
}

func (o *appStoreConnect) mention(q Query, r *appleReview, included []appleReview) puskaradio.Mention {
	a := &r.Attributes
	m := puskaradio.Mention{
		Ref: r.ID.String(), URL: "https://apps.apple.com/app/id" + o.App + "?see-all=reviews", Author: foldText(a.Nickname, 200),
		Title: foldText(a.Title, 1000), Text: foldText(a.Body, maxTextBytes), Rating: points(a.Rating, 1, 5),
	}
	if of := r.Relationships.Response.Data; of != nil {
		for i := range included {
			// An answer that Apple has not yet published nobody can see.
			if x := &included[i]; x.Type == "customerReviewResponses" && x.ID == of.ID && x.Attributes.State == "PUBLISHED" {
				m.Owner = ownerReply("", x.Attributes.Response, dateOf(x.Attributes.Modified, q.Now))
			}
		}
	}
	putDate(&m, a.Created, q.Now)
	stamp(q, puskaradio.Review, &m)
	return m
}

func (o *appStoreConnect) batch() int { return maxRecheck }

// look reads single reviews: that one was edited, no date and no version tells.
func (o *appStoreConnect) look(ctx context.Context, c *Client, q Query, refs []string) (found []puskaradio.Mention, gone []string, err error) {
	for _, ref := range refs {
		var doc struct {
			Data     appleReview   `json:"data"`
			Included []appleReview `json:"included"`
		}
		got, err := o.get(ctx, c, q, appStoreConnectAPI+"customerReviews/"+url.PathEscape(ref)+"?include=response", &doc)
		switch {
		case StateOf(err) == StateGone:
			gone = append(gone, ref)
		case err != nil:
			return nil, nil, err
		case doc.Data.ID.String() != ref:
			return nil, nil, unreadable(got, "the answer is not the review that was asked for")
		default:
			found = append(found, o.mention(q, &doc.Data, doc.Included))
		}
	}
	return found, gone, nil
}
