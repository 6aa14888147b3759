package crawler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

// appStore reads the public feed of an app's reviews, which has the 500 newest
// of each country on ten pages.
type appStore struct {
	App       string   `json:"app" jsonschema:"description=The number of the app; it stands in its address as id1234567890"`
	Countries []string `json:"countries,omitempty" jsonschema:"description=The countries whose stores are read (fi se us …); fi unless said"`
	Pages     int      `json:"pages,omitempty" jsonschema:"description=The most pages of a country from 1 to 10; 10 unless said"`
}

var appNumber = regexp.MustCompile(`^[0-9]{5,15}$`)

// Check reports every fault of the options.
func (a *appStore) Check(Secret) error {
	var errs []error
	a.App = strings.TrimPrefix(strings.TrimSpace(a.App), "id")
	if a.App == "" {
		errs = append(errs, errors.New("app is missing: it is the number in the address of the app"))
	} else if !appNumber.MatchString(a.App) {
		errs = append(errs, fmt.Errorf("app %q is not a number as in the address of the app", a.App))
	}
	if len(a.Countries) == 0 {
		errs = append(errs, errors.New("countries is empty"))
	}
	for i, cc := range a.Countries {
		cc = strings.ToLower(cc)
		if a.Countries[i] = cc; len(cc) != 2 || cc[0] < 'a' || cc[0] > 'z' || cc[1] < 'a' || cc[1] > 'z' {
			errs = append(errs, fmt.Errorf("countries: %q is not a code of two letters", cc))
		}
	}
	errs = append(errs, within("pages", a.Pages, 1, 10))
	return errors.Join(errs...)
}

// An appStoreCursor is the page that is next.
type appStoreCursor struct {
	Country int              `json:"country,omitempty"` // an index of Countries
	Page    int              `json:"page,omitempty"`    // of ten, from 0
	Any     bool             `json:"any,omitempty"`     // the country had a review in this round
	Had     map[string]bool  `json:"had,omitempty"`     // countries that had reviews, once
	Known   map[string]marks `json:"known,omitempty"`   // reviews by country
}

func (a *appStore) home() (string, bool) { return "https://itunes.apple.com", true }

// Fetch implements [Connector]. It goes from country to country, in each until
// a page brings no news. Pages may be empty though later ones are full, so that
// an empty page is skipped; a country whose pages are all empty is a fault, for
// so does Apple's feed answer when it is out of order.
func (a *appStore) Fetch(ctx context.Context, c *Client, q Query) (Page, error) {
	var cur appStoreCursor
	if err := readCursor(q, &cur); err != nil {
		return Page{}, err
	}
	if cur.Country >= len(a.Countries) || cur.Page >= a.Pages {
		cur.Country, cur.Page, cur.Any = 0, 0, false
	}
	if cur.Known == nil {
		cur.Known = map[string]marks{}
	}
	if cur.Had == nil {
		cur.Had = map[string]bool{}
	}
	var p Page
	cc := a.Countries[cur.Country]
	done := false
	for empty := true; empty && !done; cur.Page++ {
		found, err := a.page(ctx, c, q, cc, cur.Page+1, &p)
		if err != nil {
			_, wait := errors.AsType[*puskaradio.RetryError](err)
			if wait || ctx.Err() != nil || len(a.Countries) == 1 && cur.Page == 0 {
				return Page{}, err
			}
			p.Faults = append(p.Faults, err)
			cur.Any, done = true, true
			break
		}
		fresh := false
		known := cur.Known[cc]
		for i := range found {
			fresh = known.add(found[i].Ref, 600) || fresh
		}
		cur.Known[cc] = known
		p.Mentions = once(append(p.Mentions, found...))
		empty = len(found) == 0
		cur.Any = cur.Any || !empty
		done = cur.Page+1 >= a.Pages || !empty && !fresh
	}
	if !done {
		p.More = true
		return p, p.setCursor(&cur)
	}
	if !cur.Any {
		err := &FetchError{URL: a.address(cc, 1), State: StateUnreadable, Err: fmt.Errorf("app %s in %s: no review on any page, which is no proof that there are none", a.App, cc)}
		if len(a.Countries) == 1 {
			return Page{}, err
		}
		if cur.Had[cc] || len(cur.Had) == 0 {
			p.Faults = append(p.Faults, err)
		}
	} else if !cur.Known[cc].IsZero() {
		cur.Had[cc] = true
	}
	cur.Country, cur.Page, cur.Any = cur.Country+1, 0, false
	if p.More = cur.Country < len(a.Countries); !p.More {
		cur.Country = 0
	}
	return p, p.setCursor(&cur)
}

func (a *appStore) address(cc string, page int) string {
	return fmt.Sprintf("https://itunes.apple.com/%s/rss/customerreviews/page=%d/id=%s/sortBy=mostRecent/json", cc, page, a.App)
}

// page reads one page of a country.
func (a *appStore) page(ctx context.Context, c *Client, q Query, cc string, page int, p *Page) ([]puskaradio.Mention, error) {
	got, err := c.Fetch(ctx, Request{URL: a.address(cc, page), Accept: "application/json", API: true})
	if err != nil {
		return nil, err
	}
	found, faults, err := readAppStore(got.Body, q.Now)
	if err != nil {
		return nil, &FetchError{URL: a.address(cc, page), State: StateUnreadable, Status: got.Status, Err: err}
	}
	for _, f := range faults {
		p.Faults = append(p.Faults, fmt.Errorf("app %s in %s, page %d: %w", a.App, cc, page, f))
	}
	for i := range found {
		found[i].URL = fmt.Sprintf("https://apps.apple.com/%s/app/id%s?see-all=reviews", cc, a.App)
		stamp(q, puskaradio.Review, &found[i])
	}
	return found, nil
}

// A labelled is a value as Apple's feed wraps it.
type labelled struct {
	Label string `json:"label"`
}

// An appStoreEntry is a review, or the app itself, which has no rating.
type appStoreEntry struct {
	ID     labelled `json:"id"`
	Author struct {
		Name labelled `json:"name"`
	} `json:"author"`
	Title   labelled  `json:"title"`
	Content labelled  `json:"content"`
	Rating  *labelled `json:"im:rating"`
	Version labelled  `json:"im:version"`
	Votes   labelled  `json:"im:voteCount"`
	Updated labelled  `json:"updated"`
}

// readAppStore reads a page. It has one review as an object, more as a list,
// and none as nothing.
func readAppStore(body []byte, now time.Time) (found []puskaradio.Mention, faults []error, err error) {
	var doc struct {
		Feed *struct {
			Entry json.RawMessage `json:"entry"`
		} `json:"feed"`
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		return nil, nil, errors.New("the answer is not the JSON of a feed")
	}
	if doc.Feed == nil {
		return nil, nil, errors.New("the answer has no feed")
	}
	entries := []json.RawMessage{doc.Feed.Entry}
	if e := bytes.TrimSpace(doc.Feed.Entry); len(e) == 0 || string(e) == "null" {
		entries = nil
	} else if e[0] == '[' {
		if err := json.Unmarshal(e, &entries); err != nil {
			return nil, nil, errors.New("the entries are not a list")
		}
	}
	for i, raw := range entries {
		if i >= maxReviews {
			faults = append(faults, fmt.Errorf("more than %d entries", maxReviews))
			break
		}
		var e appStoreEntry
		if err := json.Unmarshal(raw, &e); err != nil {
			faults = append(faults, fmt.Errorf("entry %d: not as a review is", i+1))
			continue
		}
		if e.Rating == nil {
			continue
		}
		if e.ID.Label == "" {
			faults = append(faults, fmt.Errorf("entry %d: no id", i+1))
			continue
		}
		m := puskaradio.Mention{
			Ref: cutText(e.ID.Label, 200), Author: foldText(e.Author.Name.Label, 200),
			Title: foldText(e.Title.Label, 1000), Text: foldText(e.Content.Label, maxTextBytes),
		}
		if v, err := strconv.ParseFloat(e.Rating.Label, 64); err == nil && v >= 1 && v <= 5 {
			m.Rating = &puskaradio.Rating{Value: v, Best: 5, Worst: 1}
		} else {
			faults = append(faults, fmt.Errorf("review %.40s: a rating of %.20q", m.Ref, e.Rating.Label))
		}
		if m.Rating == nil && m.Text == "" && m.Title == "" {
			continue
		}
		if e.Version.Label != "" {
			m.About = "version " + foldText(e.Version.Label, 40)
		}
		m.Reach, _ = strconv.Atoi(e.Votes.Label)
		m.Reach = max(m.Reach, 0)
		// Apple tells only when a review was changed last.
		if d := parseDate(e.Updated.Label, now, true); d.from == puskaradio.DatePublished {
			m.Published, m.DateFrom = d.at, puskaradio.DateUpdated
		}
		found = append(found, m)
	}
	return found, faults, nil
}
