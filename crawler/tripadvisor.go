package crawler

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"

	"github.com/puskaradio/puskaradio"
)

// tripadvisor shows the at most five newest reviews that Tripadvisor tells of a
// place. Its terms let nothing be kept but the ids of places.
type tripadvisor struct {
	KeyEnv    string   `json:"key_env" jsonschema:"description=The environment variable that holds a key of the Content API; tripadvisor.com/developers gives it. Restrict it to this machine's address"`
	Locations []string `json:"locations" jsonschema:"description=The numbers of the places; they stand in the addresses of their pages behind -d"`
	Lang      string   `json:"lang,omitempty" jsonschema:"description=The language of the reviews such as fi; en unless said"`

	key string
}

var (
	locationID        = regexp.MustCompile(`^[0-9]{3,12}$`)
	tripadvisorAdvice = advice{
		http.StatusUnauthorized:    "tripadvisor: the key is not valid",
		http.StatusForbidden:       "tripadvisor: the key may not be used from this machine; allow its address at tripadvisor.com/developers",
		http.StatusNotFound:        "tripadvisor: there is no such place",
		http.StatusTooManyRequests: "tripadvisor: the day's budget of the key is used up",
	}
)

// Check reports every fault of the options, and finds the key.
func (o *tripadvisor) Check(secret Secret) error {
	var errs []error
	var err error
	if o.key, err = secretOf(secret, "key_env", o.KeyEnv); err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, checkPlaces("locations", o.Locations, locationID), checkLang(o.Lang))
	return errors.Join(errs...)
}

func (o *tripadvisor) home() (string, bool) { return "https://api.content.tripadvisor.com", true }

// Fetch implements [Connector].
func (o *tripadvisor) Fetch(ctx context.Context, c *Client, q Query) (Page, error) {
	return readPlaces(ctx, c, q, o.Locations, o.place)
}

// A tripReview is a review as Tripadvisor has it.
type tripReview struct {
	ID        itemID   `json:"id"`
	Lang      string   `json:"lang"`
	Published string   `json:"published_date"`
	Rating    *float64 `json:"rating"`
	Helpful   int64    `json:"helpful_votes"`
	URL       string   `json:"url"`
	Title     string   `json:"title"`
	Text      string   `json:"text"`
	User      struct {
		Name string `json:"username"`
	} `json:"user"`
	Owner *struct {
		Text      string `json:"text"`
		Author    string `json:"author"`
		Published string `json:"published_date"`
	} `json:"owner_response"`
}

// place reads the reviews of a place.
func (o *tripadvisor) place(ctx context.Context, c *Client, q Query, id string) (listPage, error) {
	v := url.Values{"key": {o.key}, "language": {o.Lang}}
	var doc struct {
		Data *[]json.RawMessage `json:"data"`
	}
	got, err := getJSON(ctx, c, Request{URL: asked("https://api.content.tripadvisor.com/api/v1/location/"+id+"/reviews", v)}, &doc)
	if err != nil {
		return listPage{}, tripadvisorAdvice.to(err)
	}
	if doc.Data == nil {
		return listPage{}, unreadable(got, "the answer has no data")
	}
	var p listPage
	eachItem(&p, "tripadvisor "+id, *doc.Data, func(r *tripReview) (*puskaradio.Mention, error) {
		m := puskaradio.Mention{
			Ref: r.ID.String(), URL: webAddress(r.URL, &url.URL{}), Author: foldText(r.User.Name, 200), Title: foldText(r.Title, 1000),
			Text: plainText(r.Text, maxTextBytes), Lang: langCode(r.Lang), Reach: votes(r.Helpful),
		}
		if r.Rating != nil {
			m.Rating = points(*r.Rating, 1, 5)
		}
		if r.Owner != nil {
			m.Owner = ownerReply(r.Owner.Author, plainText(r.Owner.Text, 4000), dateOf(r.Owner.Published, q.Now))
		}
		putDate(&m, r.Published, q.Now)
		stamp(q, puskaradio.Review, &m)
		return &m, nil
	})
	return p, nil
}
