package crawler

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"
	"github.com/mmcdole/gofeed/atom"
	jsonfeed "github.com/mmcdole/gofeed/json"
	"github.com/mmcdole/gofeed/rss"

	"github.com/puskaradio/puskaradio"
)

const (
	maxFeedItems = 2000
	maxFeedDepth = 64
	maxFeedTags  = 1_000_000
)

// feed reads RSS, Atom and JSON Feed.
type feed struct {
	URL   string           `json:"url" jsonschema:"description=The address of the feed"`
	Pages int              `json:"pages,omitempty" jsonschema:"description=The most pages of a feed that is paged (RFC 5005); 1 unless said"`
	Genre puskaradio.Genre `json:"genre,omitempty" jsonschema:"enum=social,enum=review,enum=news,enum=other,description=What kind of talk it carries; other unless said"`
}

// Check reports every fault of the options.
func (f *feed) Check(Secret) error {
	var errs []error
	if f.URL == "" {
		errs = append(errs, errors.New("url is missing"))
	} else {
		errs = append(errs, checkWeb("url", f.URL))
	}
	errs = append(errs, within("pages", f.Pages, 1, 100))
	switch f.Genre {
	case "", puskaradio.Social, puskaradio.Review, puskaradio.News, puskaradio.Other:
	default:
		errs = append(errs, fmt.Errorf("genre %q is none of social, review, news, other", f.Genre))
	}
	return errors.Join(errs...)
}

// A feedCursor is the position in a paged feed, and the copy of its first
// page that we have.
type feedCursor struct {
	Valid Validator `json:"valid,omitzero"`
	Next  string    `json:"next,omitempty"` // the page to be read; empty is the first
	Read  int       `json:"read,omitempty"` // pages of this round
	Seen  marks     `json:"seen,omitzero"`  // pages of this round
	Known marks     `json:"known,omitzero"`
	Deep  bool      `json:"deep,omitempty"` // the last round broke off, so that this one goes on where nothing is new
}

func (f *feed) home() (string, bool) { return f.URL, false }

// Fetch implements [Connector].
func (f *feed) Fetch(ctx context.Context, c *Client, q Query) (Page, error) {
	var cur feedCursor
	if err := readCursor(q, &cur); err != nil {
		return Page{}, err
	}
	first := cur.Next == "" || f.Pages == 1
	r := Request{URL: cur.Next, Accept: "application/atom+xml,application/rss+xml,application/feed+json,application/xml;q=0.9,application/json;q=0.8,*/*;q=0.1"}
	if first {
		cur.Read, cur.Seen = 0, marks{}
		if r.URL = f.URL; !cur.Deep {
			r.If = cur.Valid
		}
	}
	var p Page
	got, err := c.Fetch(ctx, r)
	var next string
	if err == nil && !got.Same {
		next, err = f.read(q, got, &p)
	}
	cur.Next = ""
	switch _, wait := errors.AsType[*puskaradio.RetryError](err); {
	case err != nil && (first || wait || ctx.Err() != nil):
		return Page{}, err
	case err != nil: // the first page was read; that the archive cannot be is no reason to read nothing
		p.Faults = append(p.Faults, err)
		cur.Deep = StateOf(err) != StateGone
		return p, p.setCursor(&cur)
	case got.Same:
		cur.Valid, p.Same = got.Validator, true
		return p, p.setCursor(&cur)
	}
	if first {
		cur.Valid = got.Validator
	}
	fresh := false
	for i := range p.Mentions {
		fresh = cur.Known.add(p.Mentions[i].Key(), maxKnown) || fresh
	}
	cur.Read++
	cur.Seen.add(r.URL, 2*maxQueue)
	if next != "" && (fresh || cur.Deep) && cur.Read < f.Pages && near(f.URL, next) && cur.Seen.add(next, 2*maxQueue) {
		cur.Next, p.More = next, true
	} else {
		cur.Deep = false
	}
	return p, p.setCursor(&cur)
}

// read makes mentions of the items of a feed, and gives its next page.
func (f *feed) read(q Query, got *Response, p *Page) (next string, err error) {
	doc, faults, err := parseFeed(got.Body)
	if err != nil {
		return "", &FetchError{URL: redactText(got.URL), State: StateUnreadable, Status: got.Status, Err: fmt.Errorf("feed: %w", err)}
	}
	base, err := url.Parse(cmp.Or(got.URL, f.URL))
	if err != nil {
		return "", err
	}
	p.Faults = faults
	guids := map[string]int{}
	for _, it := range doc.Items {
		guids[it.GUID]++
	}
	for i, it := range doc.Items {
		if i >= maxFeedItems {
			p.Faults = append(p.Faults, fmt.Errorf("feed: more than %d items", maxFeedItems))
			break
		}
		m := itemMention(it, base, q.Now)
		if m.Text == "" && m.Title == "" {
			p.Faults = append(p.Faults, fmt.Errorf("item %d: neither title nor text", i+1))
			continue
		}
		if guids[it.GUID] == 1 { // some write the same into all
			m.Ref = cutText(strings.TrimSpace(it.GUID), 500)
		}
		if m.Ref == "" {
			m.Ref = cutText(m.URL, 500)
		}
		m.Lang = langCode(doc.Language)
		stamp(q, cmp.Or(f.Genre, puskaradio.Other), &m)
		p.Mentions = append(p.Mentions, m)
	}
	p.Mentions = once(p.Mentions)
	if to := nextOf(doc); to != "" {
		next = webAddress(to, base)
	}
	return next, nil
}

// itemMention is what an item says, without its reference.
func itemMention(it *gofeed.Item, base *url.URL, now time.Time) puskaradio.Mention {
	m := puskaradio.Mention{Title: plainText(it.Title, 1000), Text: plainText(it.Content, maxTextBytes)}
	if m.Text == "" {
		m.Text = plainText(it.Description, maxTextBytes)
	}
	if m.Title == m.Text {
		m.Title = ""
	}
	m.URL = webAddress(it.Link, base)
	var names []string
	for _, a := range it.Authors {
		if name := plainText(a.Name, 200); name != "" && len(names) < 5 {
			names = append(names, name)
		}
	}
	m.Author = cutText(strings.Join(names, ", "), 200)
	for _, d := range []struct {
		at   *time.Time
		text string
		from puskaradio.DateFrom
	}{{it.PublishedParsed, it.Published, puskaradio.DatePublished}, {it.UpdatedParsed, it.Updated, puskaradio.DateUpdated}} {
		at := parseDate(d.text, now, true).at
		if at.IsZero() && d.at != nil {
			at = d.at.UTC()
		}
		if sensible(at, now) {
			m.Published, m.DateFrom = at, d.from
			break
		}
	}
	return m
}

// sensible reports whether a date can be one of publication.
func sensible(at, now time.Time) bool {
	return at.Year() >= 1995 && (now.IsZero() || !at.After(now.Add(14*time.Hour)))
}

// webAddress is an address of the web, made absolute, or empty.
func webAddress(s string, base *url.URL) string {
	ref, err := url.Parse(strings.TrimSpace(s))
	if err != nil || s == "" || len(s) > 4096 {
		return ""
	}
	u := base.ResolveReference(ref)
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return ""
	}
	return u.String()
}

// nextOf is where a feed says that its next page is.
func nextOf(doc *gofeed.Feed) string {
	switch o := doc.OriginalFeed().(type) {
	case *atom.Feed:
		for _, l := range o.Links {
			if l.Rel == "next" || l.Rel == "prev-archive" {
				return l.Href
			}
		}
	case *rss.Feed:
		for _, l := range o.Extensions["atom"]["link"] {
			if l.Attrs["rel"] == "next" || l.Attrs["rel"] == "prev-archive" {
				return l.Attrs["href"]
			}
		}
	case *jsonfeed.Feed:
		return o.NextURL
	}
	return ""
}
