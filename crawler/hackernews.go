package crawler

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

// hackerNews searches the stories and comments of Hacker News.
type hackerNews struct {
	Queries []string `json:"queries,omitempty" jsonschema:"description=What to search for; the names of the brands unless said"`
	Ours    []string `json:"ours,omitempty" jsonschema:"description=Accounts of one's own: what they write is no mention but an answer to what stands above it"`
	Tags    string   `json:"tags,omitempty" jsonschema:"enum=(story\\,comment),enum=story,enum=comment,description=What is searched: stories and comments unless said"`
	PerPage int      `json:"per_page,omitempty" jsonschema:"description=Hits on a page from 10 to 100; 100 unless said"`
	Pages   int      `json:"pages,omitempty" jsonschema:"description=The most pages of a name in one round; 5 unless said"`
	Recheck int      `json:"recheck,omitempty" jsonschema:"description=How many recent items are looked at again in a round to see deletions; 5 unless said and 0 is none"`
}

// Check reports every fault of the options.
func (o *hackerNews) Check(Secret) error {
	var errs []error
	if o.Tags != "(story,comment)" && o.Tags != "story" && o.Tags != "comment" {
		errs = append(errs, fmt.Errorf("tags %q is not (story,comment), story or comment", o.Tags))
	}
	errs = append(errs, checkQueries(&o.Queries), checkOurs(&o.Ours), within("per_page", o.PerPage, 10, 100), within("pages", o.Pages, 1, maxListPages), within("recheck", o.Recheck, 0, maxRecheck))
	return errors.Join(errs...)
}

func (o *hackerNews) home() (string, bool) { return "https://hn.algolia.com", true }

// Fetch implements [Connector].
func (o *hackerNews) Fetch(ctx context.Context, c *Client, q Query) (Page, error) {
	return readLists(ctx, c, q, o, o.Pages, o.Recheck)
}

func (o *hackerNews) lists(q Query) []string {
	all := queriesOr(o.Queries, q)
	if len(all) == 0 {
		return nil
	}
	all = slices.Clone(all)
	for _, name := range o.Ours {
		all = append(all, byOurs+name)
	}
	return all
}

// A hackerNewsHit is a story or a comment as the search has it.
type hackerNewsHit struct {
	ID      itemID `json:"objectID"`
	Author  string `json:"author"`
	Title   string `json:"title"`
	Text    string `json:"story_text"`
	Comment string `json:"comment_text"`
	Story   string `json:"story_title"`
	Points  int64  `json:"points"`
	Created int64  `json:"created_at_i"`
	Parent  itemID `json:"parent_id"`
}

// page reads what was found before a time: of a search no more than a thousand
// hits are given, and pages by number shift.
func (o *hackerNews) page(ctx context.Context, c *Client, q Query, at place) (listPage, error) {
	v := url.Values{"query": {phrase(at.list)}, "tags": {o.Tags}, "hitsPerPage": {strconv.Itoa(o.PerPage)}}
	ours, isOur := strings.CutPrefix(at.list, byOurs)
	if isOur {
		v.Del("query")
		v.Set("tags", "comment,author_"+ours)
	}
	if at.token != "" {
		v.Set("numericFilters", "created_at_i<="+at.token)
	}
	var doc struct {
		Hits *[]json.RawMessage `json:"hits"`
	}
	got, err := getJSON(ctx, c, Request{URL: asked("https://hn.algolia.com/api/v1/search_by_date", v)}, &doc)
	if err != nil {
		return listPage{}, err
	}
	if doc.Hits == nil {
		return listPage{}, unreadable(got, "the answer has no hits")
	}
	var p listPage
	oldest := int64(0)
	eachItem(&p, "hacker news "+at.list, *doc.Hits, func(h *hackerNewsHit) (*puskaradio.Mention, error) {
		if h.Created > 0 {
			oldest = h.Created
		}
		if isOurs(o.Ours, h.Author) {
			return nil, o.answered(ctx, c, q, at, h, &p)
		}
		m := o.mention(q, h)
		return &m, nil
	})
	if len(*doc.Hits) >= o.PerPage && oldest > 0 {
		p.next = strconv.FormatInt(oldest, 10)
	}
	return p, nil
}

func (o *hackerNews) mention(q Query, h *hackerNewsHit) puskaradio.Mention {
	m := puskaradio.Mention{
		Ref: h.ID.String(), URL: "https://news.ycombinator.com/item?id=" + url.QueryEscape(h.ID.String()), Author: foldText(h.Author, 200),
		Title: plainText(h.Title, 1000), Text: plainText(cmp.Or(h.Comment, h.Text), maxTextBytes), Reach: votes(h.Points),
	}
	if h.Comment != "" {
		m.Title, m.About = "", plainText(h.Story, 500)
	}
	put(&m, time.Unix(h.Created, 0), puskaradio.DatePublished, q.Now)
	stamp(q, puskaradio.Social, &m)
	return m
}

func (o *hackerNews) batch() int { return maxRecheck }

// answered reads what an answer of ours stands below, from the site's own
// interface.
func (o *hackerNews) answered(ctx context.Context, c *Client, q Query, at place, h *hackerNewsHit, p *listPage) error {
	if h.ID == "" || h.Parent == "" || len(p.owners) >= maxAnswered || at.answered(h.ID.String()) {
		return nil
	}
	var item *struct {
		ID      itemID `json:"id"`
		Type    string `json:"type"`
		By      string `json:"by"`
		Title   string `json:"title"`
		Text    string `json:"text"`
		Score   int64  `json:"score"`
		Time    int64  `json:"time"`
		Deleted bool   `json:"deleted"`
		Dead    bool   `json:"dead"`
	}
	if _, err := getJSON(ctx, c, Request{URL: "https://hacker-news.firebaseio.com/v0/item/" + url.PathEscape(h.Parent.String()) + ".json"}, &item); err != nil {
		return err
	}
	if item == nil || item.ID != h.Parent || item.Deleted || item.Dead || isOurs(o.Ours, item.By) {
		p.answer(h.ID.String(), nil, nil)
		return nil
	}
	above := hackerNewsHit{ID: item.ID, Author: item.By, Title: item.Title, Text: item.Text, Points: item.Score, Created: item.Time}
	if item.Type == "comment" {
		above.Title, above.Text, above.Comment, above.Story = "", "", item.Text, h.Story
	}
	m := o.mention(q, &above)
	p.answer(h.ID.String(), ownerReply(h.Author, plainText(h.Comment, maxTextBytes), time.Unix(h.Created, 0)), &m)
	return nil
}

// look asks the site's own interface, where alone deletions show.
func (o *hackerNews) look(ctx context.Context, c *Client, _ Query, refs []string) (_ []puskaradio.Mention, gone []string, err error) {
	for _, ref := range refs {
		var item *struct {
			ID      itemID `json:"id"`
			Deleted bool   `json:"deleted"`
			Dead    bool   `json:"dead"`
		}
		got, err := getJSON(ctx, c, Request{URL: "https://hacker-news.firebaseio.com/v0/item/" + url.PathEscape(ref) + ".json"}, &item)
		switch {
		case err != nil:
			return nil, gone, err
		case item == nil:
			gone = append(gone, ref)
		case item.ID.String() != ref:
			return nil, gone, unreadable(got, "the answer is not the item that was asked for")
		case item.Deleted || item.Dead:
			gone = append(gone, ref)
		}
	}
	return nil, gone, nil
}
