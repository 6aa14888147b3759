package crawler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

// steam reads the reviews of a game or program in Steam's shop.
type steam struct {
	App      string `json:"app" jsonschema:"description=The number of the app; it stands in the address of its page in the shop behind /app/"`
	Language string `json:"language,omitempty" jsonschema:"description=Only reviews in a language by Steam's name for it (finnish english …); all unless said"`
	Offtopic bool   `json:"offtopic,omitempty" jsonschema:"description=Also what Steam holds for off-topic: waves of reviews about something else; true unless said"`
	PerPage  int    `json:"per_page,omitempty" jsonschema:"description=Reviews on a page from 10 to 100; 100 unless said"`
	Pages    int    `json:"pages,omitempty" jsonschema:"description=The most pages of one round; 10 unless said"`
}

// Check reports every fault of the options.
func (o *steam) Check(Secret) error {
	var errs []error
	o.App = strings.TrimSpace(o.App)
	if n, err := strconv.ParseUint(o.App, 10, 32); o.App == "" {
		errs = append(errs, errors.New("app is missing: it is the number in the address of the app's page"))
	} else if err != nil || n == 0 {
		errs = append(errs, fmt.Errorf("app %q is not a number as in the address of the app's page", o.App))
	}
	for _, r := range o.Language {
		if r < 'a' || r > 'z' {
			errs = append(errs, fmt.Errorf("language %q is not Steam's name of one, such as finnish", o.Language))
			break
		}
	}
	errs = append(errs, within("per_page", o.PerPage, 10, 100), within("pages", o.Pages, 1, maxListPages))
	return errors.Join(errs...)
}

func (o *steam) home() (string, bool) { return "https://store.steampowered.com", true }

// Fetch implements [Connector].
func (o *steam) Fetch(ctx context.Context, c *Client, q Query) (Page, error) {
	return readLists(ctx, c, q, o, o.Pages, 0)
}

func (o *steam) lists(Query) []string { return []string{o.App} }

// A steamReview is a review as Steam has it.
type steamReview struct {
	ID     itemID `json:"recommendationid"`
	Author struct {
		SteamID itemID `json:"steamid"`
	} `json:"author"`
	Language  string `json:"language"`
	Review    string `json:"review"`
	Created   int64  `json:"timestamp_created"`
	VotedUp   *bool  `json:"voted_up"`
	VotesUp   int64  `json:"votes_up"`
	Response  string `json:"developer_response"`
	Responded int64  `json:"timestamp_dev_responded"`
}

// page reads the reviews that were written or edited last. A page may be short
// though there are more; the end is where the cursor stays the same or nothing
// is left.
func (o *steam) page(ctx context.Context, c *Client, q Query, at place) (listPage, error) {
	v := url.Values{
		"json": {"1"}, "filter": {"updated"}, "language": {"all"}, "purchase_type": {"all"}, "review_type": {"all"},
		"num_per_page": {strconv.Itoa(o.PerPage)}, "cursor": {"*"},
	}
	if at.token != "" {
		v.Set("cursor", at.token)
	}
	if o.Language != "" {
		v.Set("language", o.Language)
	}
	if o.Offtopic {
		v.Set("filter_offtopic_activity", "0")
	}
	var doc struct {
		Success int                `json:"success"`
		Reviews *[]json.RawMessage `json:"reviews"`
		Cursor  string             `json:"cursor"`
	}
	got, err := getJSON(ctx, c, Request{URL: asked("https://store.steampowered.com/appreviews/"+o.App, v)}, &doc)
	if err != nil {
		return listPage{}, err
	}
	if doc.Success != 1 || doc.Reviews == nil {
		return listPage{}, unreadable(got, "Steam has no reviews of this app, or does not say so; is its number right?")
	}
	p := listPage{all: true}
	eachItem(&p, "steam app "+o.App, *doc.Reviews, func(r *steamReview) (*puskaradio.Mention, error) {
		m := o.mention(q, r)
		return &m, nil
	})
	if len(*doc.Reviews) > 0 && doc.Cursor != at.token {
		p.next = doc.Cursor
	}
	return p, nil
}

func (o *steam) mention(q Query, r *steamReview) puskaradio.Mention {
	m := puskaradio.Mention{
		Ref: r.ID.String(), Author: foldText(r.Author.SteamID.String(), 200), Text: foldText(r.Review, maxTextBytes),
		Lang: steamLang(r.Language), Reach: votes(r.VotesUp),
		Owner: ownerReply("", r.Response, time.Unix(r.Responded, 0)),
	}
	if id := r.Author.SteamID.String(); id != "" {
		m.URL = "https://steamcommunity.com/profiles/" + url.PathEscape(id) + "/recommended/" + o.App + "/"
	}
	if r.VotedUp != nil { // thumbs up or down
		m.Rating = points(map[bool]float64{true: 1}[*r.VotedUp], 0, 1)
	}
	put(&m, time.Unix(r.Created, 0), puskaradio.DatePublished, q.Now)
	stamp(q, puskaradio.Review, &m)
	return m
}

// steamLang is the language of Steam's name for it.
func steamLang(s string) string {
	switch s {
	case "schinese", "tchinese":
		return "zh"
	case "brazilian":
		return "pt"
	case "latam":
		return "es"
	case "koreana":
		return "ko"
	}
	return langCode(s)
}
