package crawler

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

// stackExchange searches questions and answers of a site of Stack Exchange.
type stackExchange struct {
	Site    string   `json:"site" jsonschema:"description=The site as the interface calls it such as stackoverflow or superuser or travel.stackexchange"`
	Queries []string `json:"queries,omitempty" jsonschema:"description=What to search for; the names of the brands unless said"`
	KeyEnv  string   `json:"key_env,omitempty" jsonschema:"description=The environment variable that holds an app key from stackapps.com; without one an address has 300 requests a day and with it 10000"`
	PerPage int      `json:"per_page,omitempty" jsonschema:"description=Hits on a page from 10 to 100; 100 unless said"`
	Pages   int      `json:"pages,omitempty" jsonschema:"description=The most pages of a name in one round; 3 unless said"`

	key string
}

var stackSite = regexp.MustCompile(`^[a-z0-9]+([.-][a-z0-9]+)*$`)

// Check reports every fault of the options, and finds the key.
func (o *stackExchange) Check(secret Secret) error {
	var errs []error
	var err error
	if o.Site == "" {
		errs = append(errs, errors.New("site is missing, such as stackoverflow"))
	} else if !stackSite.MatchString(o.Site) {
		errs = append(errs, fmt.Errorf("site %q is not a name such as stackoverflow", o.Site))
	}
	if o.KeyEnv != "" {
		if o.key, err = secretOf(secret, "key_env", o.KeyEnv); err != nil {
			errs = append(errs, err)
		}
	}
	errs = append(errs, checkQueries(&o.Queries), within("per_page", o.PerPage, 10, 100), within("pages", o.Pages, 1, maxListPages))
	return errors.Join(errs...)
}

func (o *stackExchange) home() (string, bool) { return "https://api.stackexchange.com", true }

// A stackCursor is that of the lists, and until when the interface wants to be
// left alone.
type stackCursor struct {
	Lists json.RawMessage `json:"lists,omitempty"`
	Hold  int64           `json:"hold,omitempty"` // Unix time
}

// A stackRound walks the lists and learns when to pause.
type stackRound struct {
	*stackExchange
	hold time.Duration
}

// Fetch implements [Connector].
func (o *stackExchange) Fetch(ctx context.Context, c *Client, q Query) (Page, error) {
	var cur stackCursor
	if err := readCursor(q, &cur); err != nil {
		return Page{}, err
	}
	if wait := time.Unix(cur.Hold, 0).Sub(q.Now); wait > 0 {
		return Page{}, stackPause(min(wait, maxHold), errors.New("the interface asked for a pause"))
	}
	r := &stackRound{stackExchange: o}
	q.Cursor = cur.Lists
	p, err := readLists(ctx, c, q, r, o.Pages, 0)
	if err != nil {
		return p, err
	}
	next := stackCursor{Lists: p.Cursor}
	if r.hold > 0 {
		next.Hold = q.Now.Add(r.hold).Unix()
	}
	return p, p.setCursor(&next)
}

// stackPause is the error of a pause.
func stackPause(wait time.Duration, err error) error {
	return &puskaradio.RetryError{After: wait, Err: &FetchError{Host: "api.stackexchange.com", State: StateLimited, Err: err}}
}

func (o *stackExchange) lists(q Query) []string { return queriesOr(o.Queries, q) }

// A stackItem is a question or an answer that a search finds.
type stackItem struct {
	Type     string `json:"item_type"`
	Question itemID `json:"question_id"`
	Answer   itemID `json:"answer_id"`
	Title    string `json:"title"`
	Body     string `json:"body"`
	Excerpt  string `json:"excerpt"`
	Score    int64  `json:"score"`
	Created  int64  `json:"creation_date"`
}

// page reads a page of hits, the newest first.
func (o *stackRound) page(ctx context.Context, c *Client, q Query, at place) (listPage, error) {
	number := max(1, numberOf(at.token))
	v := url.Values{
		"q": {phrase(at.list)}, "site": {o.Site}, "sort": {"creation"}, "order": {"desc"},
		"pagesize": {strconv.Itoa(o.PerPage)}, "page": {strconv.Itoa(number)},
	}
	if o.key != "" {
		v.Set("key", o.key)
	}
	var doc struct {
		Items   *[]json.RawMessage `json:"items"`
		More    bool               `json:"has_more"`
		Backoff float64            `json:"backoff"`
		Left    *int               `json:"quota_remaining"`
	}
	got, err := getJSON(ctx, c, Request{URL: asked("https://api.stackexchange.com/2.3/search/excerpts", v)}, &doc)
	if err != nil {
		return listPage{}, o.explain(err)
	}
	if doc.Items == nil {
		return listPage{}, unreadable(got, "the answer has no items")
	}
	o.hold = seconds(doc.Backoff)
	if doc.Left != nil && *doc.Left <= 0 { // the day of the quota is that of UTC
		o.hold = max(o.hold, q.Now.Truncate(24*time.Hour).Add(24*time.Hour).Sub(q.Now))
	}
	var p listPage
	eachItem(&p, "stackexchange "+at.list, *doc.Items, func(r *stackItem) (*puskaradio.Mention, error) {
		m := o.mention(q, r)
		return &m, nil
	})
	if doc.More {
		p.next = strconv.Itoa(number + 1)
	}
	return p, nil
}

var stackWait = regexp.MustCompile(`more requests available in ([0-9]{1,6}) seconds`)

// explain says what a refusal means: the interface puts its own code into a
// 400.
func (o *stackExchange) explain(err error) error {
	fe, ok := errors.AsType[*FetchError](err)
	if !ok || fe.Status != http.StatusBadRequest {
		return err
	}
	var said struct {
		Name    string `json:"error_name"`
		Message string `json:"error_message"`
	}
	if json.Unmarshal(fe.Body, &said) != nil {
		return err
	}
	switch said.Name {
	case "throttle_violation", "temporarily_unavailable":
		wait := 10 * time.Minute
		if m := stackWait.FindStringSubmatch(said.Message); m != nil {
			n, _ := strconv.ParseFloat(m[1], 64)
			wait = seconds(n)
		}
		return stackPause(wait, errors.New("the requests of the day are used up; with key_env there are more"))
	case "bad_parameter":
		if strings.Contains(said.Message, "key") {
			return noLogin(err, "stackexchange: the key is not valid; register an app at stackapps.com and set key_env")
		}
		return fmt.Errorf("stackexchange: is there a site %s? %w", o.Site, err)
	}
	return err
}

// stackHost is where a site of the network is.
func stackHost(site string) string {
	switch site {
	case "stackoverflow", "superuser", "serverfault", "askubuntu", "stackapps":
		return site + ".com"
	case "mathoverflow.net", "mathoverflow":
		return "mathoverflow.net"
	}
	if strings.Contains(site, ".") {
		return strings.TrimSuffix(site, ".com") + ".com"
	}
	return site + ".stackexchange.com"
}

func (o *stackExchange) mention(q Query, r *stackItem) puskaradio.Mention {
	m := puskaradio.Mention{Title: plainText(r.Title, 1000), Text: plainText(cmp.Or(r.Body, r.Excerpt), maxTextBytes), Reach: votes(r.Score)}
	switch {
	case r.Answer != "":
		m.Ref, m.URL = "a"+r.Answer.String(), "https://"+stackHost(o.Site)+"/a/"+url.PathEscape(r.Answer.String())
		m.Title, m.About = "", m.Title
	case r.Question != "":
		m.Ref, m.URL = "q"+r.Question.String(), "https://"+stackHost(o.Site)+"/q/"+url.PathEscape(r.Question.String())
	}
	put(&m, time.Unix(r.Created, 0), puskaradio.DatePublished, q.Now)
	stamp(q, puskaradio.Social, &m)
	return m
}
