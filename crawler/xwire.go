package crawler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/dghubble/go-twitter/twitter" //lint:ignore SA1019 the choice of those who use it; xWire speaks for it

	"github.com/puskaradio/puskaradio"
)

// An xWire carries what the library asks, in the words of version 1.1, to X's
// version 2, and the answer back. Ids and tokens go beside the library, as
// text. Whatever is not a whole answer is an error: the library itself takes an
// empty 429 and an answer of another version for "no posts".
type xWire struct {
	*x
	ctx    context.Context
	client *Client
	since  string   // only posts with a greater id
	next   string   // the token of the page
	ids    []string // to look up

	meta    xMeta
	history map[string][]string // by id: all versions of a post
	gone    []string
	read    int // posts that are paid for
	users   int // and authors
	faults  []error
	err     error
}

// An xAnswer is what version 2 answers.
type xAnswer struct {
	Data     []json.RawMessage `json:"data"`
	Includes struct {
		Users []xUser `json:"users"`
	} `json:"includes"`
	Errors []struct {
		Type       string `json:"type"`
		Title      string `json:"title"`
		ResourceID string `json:"resource_id"`
	} `json:"errors"`
	Meta *xMeta `json:"meta"`
}

type xMeta struct {
	Count int    `json:"result_count"`
	Next  string `json:"next_token"`
}

type xUser struct {
	ID       string `json:"id"`
	Username string `json:"username"`
	Name     string `json:"name"`
	Metrics  struct {
		Followers int `json:"followers_count"`
	} `json:"public_metrics"`
}

type xTweet struct {
	ID      string   `json:"id"`
	Text    string   `json:"text"`
	Author  string   `json:"author_id"`
	Created string   `json:"created_at"`
	Lang    string   `json:"lang"`
	History []string `json:"edit_history_tweet_ids"`
	Note    struct {
		Text string `json:"text"`
	} `json:"note_tweet"` // what is longer than 280 characters
	Metrics struct {
		Reposts int `json:"retweet_count"`
		Quotes  int `json:"quote_count"`
		Replies int `json:"reply_count"`
		Likes   int `json:"like_count"`
	} `json:"public_metrics"`
}

// httpOver is an HTTP client that goes only where a wire leads.
func httpOver(rt http.RoundTripper) *http.Client {
	return &http.Client{Transport: rt, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// RoundTrip implements [http.RoundTripper].
func (w *xWire) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := w.ask(req)
	if err != nil {
		w.err = err
		return nil, err
	}
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: req,
	}, nil
}

func (w *xWire) ask(req *http.Request) ([]byte, error) {
	v := w.fields()
	path := "/2/tweets"
	search := strings.HasSuffix(req.URL.Path, "/search/tweets.json")
	switch {
	case search:
		path = "/2/tweets/search/recent"
		v.Set("query", req.URL.Query().Get("q"))
		v.Set("max_results", req.URL.Query().Get("count"))
		if w.since != "" {
			v.Set("since_id", w.since)
		}
		if w.next != "" {
			v.Set("next_token", w.next)
		}
	case strings.HasSuffix(req.URL.Path, "/statuses/lookup.json"):
		v.Set("ids", strings.Join(w.ids, ","))
	default:
		return nil, fmt.Errorf("%s has no counterpart today", req.URL.Path)
	}
	var doc xAnswer
	got, err := getJSON(w.ctx, w.client, Request{
		URL: strings.TrimRight(w.Server, "/") + path + "?" + v.Encode(), Header: http.Header{"Authorization": {"Bearer " + w.token}},
	}, &doc)
	if err != nil {
		return nil, w.explain(err)
	}
	if search && doc.Meta == nil || !search && doc.Data == nil && doc.Errors == nil {
		return nil, unreadable(got, "the answer has neither posts nor a count of them")
	}
	if search && doc.Meta.Count != len(doc.Data) {
		return nil, unreadable(got, fmt.Sprintf("the answer counts %d posts and holds %d", doc.Meta.Count, len(doc.Data)))
	}
	if doc.Meta != nil {
		w.meta = *doc.Meta
	}
	w.read, w.users = len(doc.Data), len(doc.Includes.Users)
	for _, e := range doc.Errors {
		if isID(e.ResourceID) && (strings.HasSuffix(e.Type, "/resource-not-found") || strings.HasSuffix(e.Type, "/not-authorized-for-resource")) {
			w.gone = append(w.gone, e.ResourceID) // deleted, or its author is no longer public
		}
	}
	tweets := w.tweets(&doc)
	if search {
		return json.Marshal(twitter.Search{Statuses: tweets})
	}
	return json.Marshal(tweets)
}

// tweets writes posts as version 1.1 had them.
func (w *xWire) tweets(doc *xAnswer) []twitter.Tweet {
	users := map[string]*xUser{}
	for i := range doc.Includes.Users {
		users[doc.Includes.Users[i].ID] = &doc.Includes.Users[i]
	}
	w.history = map[string][]string{}
	out := []twitter.Tweet{}
	for i, raw := range doc.Data {
		var t xTweet
		if err := json.Unmarshal(raw, &t); err != nil || !isID(t.ID) {
			w.faults = append(w.faults, fmt.Errorf("x: post %d of the answer is not as documented", i+1))
			continue
		}
		v := twitter.Tweet{
			IDStr: t.ID, FullText: t.Text, Lang: t.Lang, FavoriteCount: t.Metrics.Likes, RetweetCount: t.Metrics.Reposts,
			QuoteCount: t.Metrics.Quotes, ReplyCount: t.Metrics.Replies, User: &twitter.User{IDStr: t.Author},
		}
		v.ID, _ = strconv.ParseInt(t.ID, 10, 64) // for the form; the text is what counts
		if t.Note.Text != "" {
			v.FullText = t.Note.Text
		}
		if at, err := time.Parse(time.RFC3339, t.Created); err == nil {
			v.CreatedAt = at.UTC().Format(time.RubyDate)
		}
		if u := users[t.Author]; u != nil {
			v.User.ScreenName, v.User.Name, v.User.FollowersCount = u.Username, u.Name, u.Metrics.Followers
		}
		for _, id := range t.History {
			if isID(id) {
				w.history[t.ID] = append(w.history[t.ID], id)
			}
		}
		out = append(out, v)
	}
	return out
}

// fault is the error of the wire, without what the library and net/http wrap
// around it.
func (w *xWire) fault(err error) error {
	if w.err != nil {
		return w.err
	}
	return fmt.Errorf("x: %w", err)
}

// explain says what a refusal means and what to do about it.
func (w *xWire) explain(err error) error {
	fe, ok := errors.AsType[*FetchError](err)
	if !ok {
		return fmt.Errorf("x: %w", err)
	}
	var problem struct {
		Title  string `json:"title"`
		Detail string `json:"detail"`
		Reason string `json:"reason"`
		Errors []struct {
			Code    int    `json:"code"`
			Message string `json:"message"`
		} `json:"errors"`
	}
	_ = json.Unmarshal(fe.Body, &problem) // many refusals explain nothing
	said := foldText(problem.Detail, 200)
	if said == "" && len(problem.Errors) > 0 {
		said = foldText(problem.Errors[0].Message, 200)
	}
	if said != "" {
		said = " (X says: " + said + ")"
	}
	advice := ""
	switch {
	case fe.Status == http.StatusUnauthorized:
		advice = "the bearer token is not valid; make a new one in the developer console and put it where token_env says"
	case fe.Status == http.StatusPaymentRequired:
		advice = "the credits of the account are used up; buy some in the developer console"
	case fe.Status == http.StatusForbidden && len(problem.Errors) > 0 && problem.Errors[0].Code == 453, problem.Reason == "client-not-enrolled":
		advice = "the app has no access to version 2 search; attach it to a project with pay-per-use access in the developer console"
	case fe.Status == http.StatusForbidden:
		advice = "the app may not search; see its access level in the developer console"
	case fe.Status == http.StatusBadRequest:
		advice = "X does not take the query; see the option query"
	default:
		return fmt.Errorf("x: %w", err)
	}
	if fe.Status != http.StatusBadRequest {
		fe.State = StateLogin
	}
	return &puskaradio.PermanentError{Err: fmt.Errorf("x: %s%s: %w", advice, said, fe)}
}
