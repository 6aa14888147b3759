package crawler

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"

	"github.com/puskaradio/puskaradio"
)

// googlePlaces shows the at most five reviews that Google tells of any place.
// Its terms let nothing be kept but the ids of places.
type googlePlaces struct {
	KeyEnv string   `json:"key_env" jsonschema:"description=The environment variable that holds an API key; made in the Google Cloud console of a project with the Places API (New) enabled and billing"`
	Places []string `json:"places" jsonschema:"description=The ids of the places (ChIJ…); Google's Place ID Finder tells them"`
	Lang   string   `json:"lang,omitempty" jsonschema:"description=The language of names such as fi; texts are as they were written"`

	key string
}

var (
	placeID            = regexp.MustCompile(`^[A-Za-z0-9_-]{10,300}$`)
	googlePlacesAdvice = advice{
		http.StatusBadRequest:      "googleplaces: the request is refused; is the id of the place right and the API key valid?",
		http.StatusForbidden:       "googleplaces: the key may not be used for this; enable the Places API (New) and billing in its project and lift its restrictions",
		http.StatusNotFound:        "googleplaces: there is no such place any more; look its id up anew",
		http.StatusTooManyRequests: "googleplaces: the project's requests are used up for now",
	}
)

// Check reports every fault of the options, and finds the key.
func (o *googlePlaces) Check(secret Secret) error {
	var errs []error
	var err error
	if o.key, err = secretOf(secret, "key_env", o.KeyEnv); err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, checkPlaces("places", o.Places, placeID), checkLang(o.Lang))
	return errors.Join(errs...)
}

func (o *googlePlaces) home() (string, bool) { return "https://places.googleapis.com", true }

// Fetch implements [Connector].
func (o *googlePlaces) Fetch(ctx context.Context, c *Client, q Query) (Page, error) {
	return readPlaces(ctx, c, q, o.Places, o.place)
}

// A placeCursor is the place that is next. There is nothing of what was said
// in it, as nothing of that may be kept.
type placeCursor struct {
	Place  int `json:"place,omitempty"`
	Failed int `json:"failed,omitempty"` // places of this round
}

// readPlaces reads one place after the other. One that cannot be read is a
// fault; if none can, it is an error.
func readPlaces(ctx context.Context, c *Client, q Query, ids []string, read func(context.Context, *Client, Query, string) (listPage, error)) (Page, error) {
	var cur placeCursor
	if err := readCursor(q, &cur); err != nil {
		return Page{}, err
	}
	if cur.Place < 0 || cur.Place >= len(ids) {
		cur = placeCursor{}
	}
	got, err := read(ctx, c, q, ids[cur.Place])
	if err != nil {
		_, wait := errors.AsType[*puskaradio.RetryError](err)
		if cur.Failed++; wait || ctx.Err() != nil || cur.Failed >= len(ids) {
			return Page{}, err
		}
		got.faults = append(got.faults, err)
	}
	p := Page{Mentions: once(got.found), Faults: got.faults}
	if cur.Place++; cur.Place < len(ids) {
		p.More = true
	} else {
		cur = placeCursor{}
	}
	return p, p.setCursor(&cur)
}

// A placeText is a text with its language.
type placeText struct {
	Text string `json:"text"`
	Lang string `json:"languageCode"`
}

// A placeReview is a review as Google tells it of a place.
type placeReview struct {
	Name     string     `json:"name"`
	Rating   *float64   `json:"rating"`
	Text     *placeText `json:"text"`
	Original *placeText `json:"originalText"`
	Time     string     `json:"publishTime"`
	Link     string     `json:"googleMapsUri"`
	Author   struct {
		Name string `json:"displayName"`
		Link string `json:"uri"`
	} `json:"authorAttribution"`
}

// place reads the reviews of a place.
func (o *googlePlaces) place(ctx context.Context, c *Client, q Query, id string) (listPage, error) {
	address := "https://places.googleapis.com/v1/places/" + id
	if o.Lang != "" {
		address = asked(address, url.Values{"languageCode": {o.Lang}})
	}
	var doc struct {
		ID      string             `json:"id"`
		Name    placeText          `json:"displayName"`
		Total   int64              `json:"userRatingCount"`
		Reviews *[]json.RawMessage `json:"reviews"`
	}
	got, err := getJSON(ctx, c, Request{URL: address, Header: http.Header{
		"X-Goog-Api-Key": {o.key}, "X-Goog-Fieldmask": {"id,displayName,rating,userRatingCount,reviews"},
	}}, &doc)
	if saysError(err, `API_KEY_INVALID`) {
		return listPage{}, noLogin(err, "googleplaces: the API key is not valid; make a new one and set key_env")
	}
	if err != nil {
		return listPage{}, googlePlacesAdvice.to(err)
	}
	if doc.ID == "" || doc.Reviews == nil && doc.Total > 0 {
		return listPage{}, unreadable(got, "the answer has no reviews")
	}
	if doc.Reviews == nil { // Google leaves out what is empty
		doc.Reviews = new([]json.RawMessage)
	}
	var p listPage
	eachItem(&p, "googleplaces "+id, *doc.Reviews, func(r *placeReview) (*puskaradio.Mention, error) {
		m := puskaradio.Mention{
			Ref: cutText(r.Name, 500), URL: webAddress(cmp.Or(r.Link, r.Author.Link), &url.URL{}),
			Author: foldText(r.Author.Name, 200), About: foldText(doc.Name.Text, 500),
		}
		if text := cmp.Or(r.Original, r.Text); text != nil {
			m.Text, m.Lang = foldText(text.Text, maxTextBytes), langCode(text.Lang)
		}
		if r.Rating != nil {
			m.Rating = points(*r.Rating, 1, 5)
		}
		putDate(&m, r.Time, q.Now)
		stamp(q, puskaradio.Review, &m)
		return &m, nil
	})
	return p, nil
}
