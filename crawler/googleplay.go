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

// googlePlay reads the reviews of one's own app in the Play Store. Google gives
// only those of the last week that have a text.
type googlePlay struct {
	Package string `json:"package" jsonschema:"description=The name of the app's package such as com.example.app; it stands in its address in the Play Store behind id="`
	KeyEnv  string `json:"service_account_env" jsonschema:"description=The environment variable that holds the JSON key file of a service account; invited in the Play Console with the right to reply to reviews"`
	Pages   int    `json:"pages,omitempty" jsonschema:"description=The most pages of 100 in one round; 20 unless said"`

	account *serviceAccount
	token   accessToken
}

const googlePlayAPI = "https://androidpublisher.googleapis.com/androidpublisher/v3/applications/"

var (
	packageName      = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)+$`)
	googlePlayAdvice = advice{
		http.StatusUnauthorized:    "googleplay: the service account has no rights; invite it in the Play Console (Users and permissions) with the right to reply to reviews",
		http.StatusForbidden:       "googleplay: the service account may not read this app, or the Google Play Android Developer API is not enabled in its project",
		http.StatusNotFound:        "googleplay: there is no app of this package in production, or the service account was not invited to it",
		http.StatusTooManyRequests: "googleplay: the 200 requests of an hour are used up",
	}
)

// Check reports every fault of the options, and reads the key.
func (o *googlePlay) Check(secret Secret) error {
	var errs []error
	if o.Package == "" {
		errs = append(errs, errors.New("package is missing: the name in the address of the app behind id="))
	} else if !packageName.MatchString(o.Package) || len(o.Package) > 200 {
		errs = append(errs, fmt.Errorf("package %q is not a name such as com.example.app", o.Package))
	}
	if text, err := secretText(secret, "service_account_env", o.KeyEnv); err != nil {
		errs = append(errs, err)
	} else if o.account, err = readServiceAccount(text); err != nil {
		errs = append(errs, fmt.Errorf("service_account_env: what %s holds %w", o.KeyEnv, err))
	}
	errs = append(errs, within("pages", o.Pages, 1, maxListPages))
	return errors.Join(errs...)
}

func (o *googlePlay) home() (string, bool) { return googlePlayAPI, true }

// Fetch implements [Connector].
func (o *googlePlay) Fetch(ctx context.Context, c *Client, q Query) (Page, error) {
	return readLists(ctx, c, q, o, o.Pages, 0)
}

func (o *googlePlay) lists(Query) []string { return []string{o.Package} }

// A playReview is a review as Google's interface for developers has it.
type playReview struct {
	ID       itemID `json:"reviewId"`
	Author   string `json:"authorName"`
	Comments []struct {
		User *struct {
			Text     string   `json:"text"`
			Modified playTime `json:"lastModified"`
			Stars    float64  `json:"starRating"`
			Lang     string   `json:"reviewerLanguage"`
			Version  string   `json:"appVersionName"`
			ThumbsUp int64    `json:"thumbsUpCount"`
		} `json:"userComment"`
		Developer *struct {
			Text     string   `json:"text"`
			Modified playTime `json:"lastModified"`
		} `json:"developerComment"`
	} `json:"comments"`
}

// A playTime is a time as Google writes it here, its seconds a text.
type playTime struct {
	Seconds json.Number `json:"seconds"`
}

func (t playTime) at() time.Time {
	sec, err := t.Seconds.Int64()
	if err != nil {
		return time.Time{}
	}
	return time.Unix(sec, 0)
}

// page reads the reviews of the last week, those first that were changed last.
func (o *googlePlay) page(ctx context.Context, c *Client, q Query, at place) (listPage, error) {
	v := url.Values{"maxResults": {"100"}}
	if at.token != "" {
		v.Set("token", at.token)
	}
	var doc struct {
		Reviews    *[]json.RawMessage `json:"reviews"`
		Pagination struct {
			Next string `json:"nextPageToken"`
		} `json:"tokenPagination"`
	}
	var got *Response
	err := o.token.use(q.Now, func() (string, time.Duration, error) {
		return o.account.ask(ctx, c, q.Now, "https://www.googleapis.com/auth/androidpublisher")
	}, func(token string) (err error) {
		got, err = getJSON(ctx, c, Request{URL: asked(googlePlayAPI+o.Package+"/reviews", v), Header: bearer(token)}, &doc)
		return googlePlayAdvice.to(err)
	})
	if err != nil {
		return listPage{}, err
	}
	if doc.Reviews == nil {
		// Google leaves out what is empty, so that a week without a review is {}.
		if !onlyKeys(got.Body, "tokenPagination", "pageInfo") {
			return listPage{}, unreadable(got, "the answer has no reviews")
		}
		doc.Reviews = new([]json.RawMessage)
	}
	p := listPage{next: doc.Pagination.Next}
	eachItem(&p, "googleplay "+o.Package, *doc.Reviews, func(r *playReview) (*puskaradio.Mention, error) {
		m := o.mention(q, r)
		return &m, nil
	})
	return p, nil
}

func (o *googlePlay) mention(q Query, r *playReview) puskaradio.Mention {
	m := puskaradio.Mention{Ref: r.ID.String(), Author: foldText(r.Author, 200)}
	m.URL = "https://play.google.com/store/apps/details?" + url.Values{"id": {o.Package}, "reviewId": {m.Ref}}.Encode()
	for _, cm := range r.Comments {
		if u := cm.User; u != nil {
			title, text, ok := strings.Cut(u.Text, "\t")
			if !ok {
				title, text = "", u.Text
			}
			m.Title, m.Text = foldText(title, 1000), foldText(text, maxTextBytes)
			m.Rating, m.Lang, m.Reach = points(u.Stars, 1, 5), langCode(u.Lang), votes(u.ThumbsUp)
			if u.Version != "" {
				m.About = "version " + foldText(u.Version, 40)
			}
			put(&m, u.Modified.at(), puskaradio.DateUpdated, q.Now) // it says no other
		}
		if d := cm.Developer; d != nil {
			m.Owner = ownerReply("", d.Text, d.Modified.at())
		}
	}
	stamp(q, puskaradio.Review, &m)
	return m
}
