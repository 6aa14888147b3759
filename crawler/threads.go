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
	"time"

	"github.com/puskaradio/puskaradio"
)

const (
	threadsAPI   = "https://graph.threads.net/v1.0/"
	threadsProof = 24 * time.Hour // so long a proof counts that the search is not only of one's own posts
	threadsProbe = "today"        // a word that others write at any time
)

// threads searches the posts of Threads, for an app that Meta has approved.
type threads struct {
	TokenEnv string   `json:"token_env" jsonschema:"description=The environment variable that holds a long-lived user token with threads_basic and threads_keyword_search of an app that Meta has reviewed; it ends after 60 days"`
	Queries  []string `json:"queries,omitempty" jsonschema:"description=What to search for; the names of the brands unless said"`
	Pages    int      `json:"pages,omitempty" jsonschema:"description=The most pages of 100 of a name in one round; 3 unless said. Meta allows 2200 searches in 24 hours"`

	token string
	name  askedOnce // of the user whose token it is
}

// Check reports every fault of the options, and finds the token.
func (o *threads) Check(secret Secret) error {
	var errs []error
	var err error
	if o.token, err = secretOf(secret, "token_env", o.TokenEnv); err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, checkQueries(&o.Queries), within("pages", o.Pages, 1, 20))
	return errors.Join(errs...)
}

func (o *threads) home() (string, bool) { return threadsAPI, true }

// A threadsCursor is that of the lists, and when a post of another was seen
// last.
type threadsCursor struct {
	Lists  json.RawMessage `json:"lists,omitempty"`
	Others int64           `json:"others,omitempty"` // Unix time
}

// A threadsRound walks the lists and sees whose posts they have.
type threadsRound struct {
	*threads
	others int64
}

// Fetch implements [Connector].
func (o *threads) Fetch(ctx context.Context, c *Client, q Query) (Page, error) {
	var cur threadsCursor
	if err := readCursor(q, &cur); err != nil {
		return Page{}, err
	}
	r := &threadsRound{o, cur.Others}
	q.Cursor = cur.Lists
	p, err := readLists(ctx, c, q, r, o.Pages, 0)
	if err != nil {
		return p, err
	}
	return p, p.setCursor(&threadsCursor{p.Cursor, r.others})
}

func (o *threads) lists(q Query) []string { return queriesOr(o.Queries, q) }

// get asks Meta's interface, whose errors have their own codes.
func (o *threads) get(ctx context.Context, c *Client, path string, v url.Values, doc any) (*Response, error) {
	v.Set("access_token", o.token)
	got, err := getJSON(ctx, c, Request{URL: asked(threadsAPI+path, v)}, doc)
	fe, ok := errors.AsType[*FetchError](err)
	if !ok {
		return got, err
	}
	var said struct {
		Error struct {
			Code int `json:"code"`
		} `json:"error"`
	}
	json.Unmarshal(fe.Body, &said)
	switch code := said.Error.Code; {
	case code == 190 || code == 102:
		return nil, noLogin(err, "threads: the token is no longer valid; it ends after 60 days, make a new one and set token_env")
	case code == 10 || code >= 200 && code <= 299:
		return nil, noLogin(err, "threads: the token lacks the permission threads_keyword_search; ask for it in Meta's app review")
	case code == 4 || code == 17 || code == 32 || code == 613:
		limited := *fe
		limited.State = StateLimited
		return nil, &puskaradio.RetryError{After: time.Hour, Err: fmt.Errorf("threads: the 2200 searches of 24 hours are used up: %w", &limited)}
	}
	return got, err
}

// A threadsPost is a post as Threads has it.
type threadsPost struct {
	ID    itemID `json:"id"`
	Media string `json:"media_type"`
	Text  string `json:"text"`
	Link  string `json:"permalink"`
	Time  string `json:"timestamp"`
	User  string `json:"username"`
}

// search makes one search. others says whether it found a post of another.
func (o *threads) search(ctx context.Context, c *Client, q Query, self, word string, at place) (p listPage, others bool, err error) {
	v := url.Values{"q": {word}, "search_type": {"RECENT"}, "limit": {"100"}, "fields": {"id,media_type,text,permalink,timestamp,username"}}
	if !at.since.IsZero() { // Threads takes longer to find some posts than others
		v.Set("since", strconv.FormatInt(at.since.Add(-24*time.Hour).Unix(), 10))
	}
	if at.token != "" {
		v.Set("after", at.token)
	}
	var doc struct {
		Data   *[]json.RawMessage `json:"data"`
		Paging struct {
			Cursors struct {
				After string `json:"after"`
			} `json:"cursors"`
			Next string `json:"next"` // holds the token
		} `json:"paging"`
	}
	got, err := o.get(ctx, c, "keyword_search", v, &doc)
	if err != nil {
		return p, false, err
	}
	if doc.Data == nil {
		return p, false, unreadable(got, "the answer has no data")
	}
	if doc.Paging.Next != "" {
		p.next = doc.Paging.Cursors.After
	}
	eachItem(&p, "threads "+word, *doc.Data, func(r *threadsPost) (*puskaradio.Mention, error) {
		if r.User != "" && strings.EqualFold(r.User, self) {
			return nil, nil // the brand's own word
		}
		others = others || r.User != ""
		if r.Text == "" && r.Media != "" && r.Media != "TEXT_POST" {
			return nil, nil // a picture without a word
		}
		m := puskaradio.Mention{
			Ref: r.ID.String(), URL: webAddress(r.Link, &url.URL{}), Author: foldText(r.User, 200), Text: foldText(r.Text, maxTextBytes),
		}
		putDate(&m, r.Time, q.Now)
		stamp(q, puskaradio.Social, &m)
		return &m, nil
	})
	return p, others, nil
}

// page makes a search. An app that Meta has not approved finds only the posts
// of its own user, and is not told so: until a post of another was found, what
// is found is no proof of anything, least of all nothing.
func (r *threadsRound) page(ctx context.Context, c *Client, q Query, at place) (listPage, error) {
	self, err := r.name.get(func() (string, error) {
		var me struct {
			Name string `json:"username"`
		}
		got, err := r.get(ctx, c, "me", url.Values{"fields": {"id,username"}}, &me)
		if err == nil && me.Name == "" {
			err = unreadable(got, "the answer has no username")
		}
		return me.Name, err
	})
	if err != nil {
		return listPage{}, err
	}
	p, others, err := r.search(ctx, c, q, self, at.list, at)
	if err != nil {
		return listPage{}, err
	}
	if !others && q.Now.Sub(time.Unix(r.others, 0)) >= threadsProof {
		if _, others, err = r.search(ctx, c, q, self, threadsProbe, place{}); err != nil {
			return listPage{}, err
		}
		if !others {
			fe := &FetchError{Host: "graph.threads.net", URL: threadsAPI + "keyword_search", Status: http.StatusOK, Err: errors.New("a search for the word " + threadsProbe + " finds no post of another")}
			return listPage{}, noLogin(fe, "threads: this app finds only the posts of its own user; ask for threads_keyword_search in Meta's app review")
		}
	}
	if others {
		r.others = q.Now.Unix()
	}
	return p, nil
}
