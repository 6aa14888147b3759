package crawler

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/puskaradio/puskaradio"
)

const (
	maxKnown  = 4000 // reviews that a cursor remembers
	maxQueue  = 2000 // pages that wait within a round
	emptyRuns = 3    // rounds without a review, until the layout must have changed
	deepEvery = 24   // rounds, until one goes through all pages whether there is news or not
)

// reviews reads the reviews that web pages mark up.
type reviews struct {
	URL           string   `json:"url,omitempty" jsonschema:"description=The page to read; of a paged list the page with the newest reviews"`
	URLs          []string `json:"urls,omitempty" jsonschema:"description=More such pages"`
	Sitemap       string   `json:"sitemap,omitempty" jsonschema:"description=A sitemap or an index of sitemaps whose changed pages are read in turn"`
	Follow        string   `json:"follow,omitempty" jsonschema:"enum=next,enum=links,enum=none,description=What is followed from a page: next is the next page of a list (the default); links are also those that include matches"`
	Include       string   `json:"include,omitempty" jsonschema:"description=A regular expression that the addresses of a sitemap or of followed links must match"`
	MaxPages      int      `json:"max_pages,omitempty" jsonschema:"description=The most pages of one list or of the sitemap in one round; 20 unless said, at most 100000 of a sitemap and 2000 of a list"`
	MaxSitemaps   int      `json:"max_sitemaps,omitempty" jsonschema:"description=The most sitemaps of one round; 50 unless said"`
	Everything    bool     `json:"everything,omitempty" jsonschema:"description=Read the pages of the sitemap in turn though it says that they have not changed; for sites to which a new review is no change"`
	HonourNoIndex bool     `json:"honour_noindex,omitempty" jsonschema:"description=Take nothing from pages that ask not to be indexed or mined; true unless said"`

	include *regexp.Regexp
}

// Check reports every fault of the options.
func (r *reviews) Check(Secret) error {
	var errs []error
	starts := r.starts()
	if len(starts) == 0 && r.Sitemap == "" {
		errs = append(errs, errors.New("url is missing: say with url, urls or sitemap what to read"))
	}
	for _, u := range starts {
		errs = append(errs, checkWeb("url", u))
	}
	if len(starts) > maxQueue/2 {
		errs = append(errs, fmt.Errorf("urls: more than %d; make more sources of them", maxQueue/2))
	}
	if r.Sitemap != "" {
		errs = append(errs, checkWeb("sitemap", r.Sitemap))
	}
	if !slices.Contains([]string{"next", "links", "none"}, r.Follow) {
		errs = append(errs, fmt.Errorf("follow %q is none of next, links, none", r.Follow))
	}
	if r.Follow == "links" && r.Include == "" {
		errs = append(errs, errors.New("include is missing: say which links to follow"))
	}
	errs = append(errs, within("max_pages", r.MaxPages, 1, 100_000), within("max_sitemaps", r.MaxSitemaps, 1, 1000))
	var err error
	if len(r.Include) > 1<<10 {
		errs = append(errs, errors.New("include is longer than 1 KiB"))
	} else if r.include, err = regexp.Compile(r.Include); err != nil {
		errs = append(errs, fmt.Errorf("include: %w", err))
	}
	return errors.Join(errs...)
}

// starts are the pages that a round begins with.
func (r *reviews) starts() []string {
	var out []string
	for _, u := range append([]string{r.URL}, r.URLs...) {
		if u != "" && !slices.Contains(out, u) {
			out = append(out, u)
		}
	}
	return out
}

func (o *reviews) home() (string, bool) {
	for _, a := range append([]string{o.URL, o.Sitemap}, o.URLs...) {
		if a != "" {
			return a, false
		}
	}
	return "", false
}

// Fetch implements [Connector]. A round begins at the starts and follows each
// list until a page brings no new review, until there is no next page, or
// until MaxPages; then come the pages of the sitemap.
func (r *reviews) Fetch(ctx context.Context, c *Client, q Query) (Page, error) {
	var cur reviewsCursor
	if err := readCursor(q, &cur); err != nil {
		return Page{}, err
	}
	if !cur.waits() || !r.continues(&cur) {
		r.begin(&cur, q)
	}
	var p Page
	if next, ok := cur.next(); ok {
		var err error
		if next.Map {
			err = r.readMap(ctx, c, q, &cur, next, &p)
		} else {
			err = r.readPage(ctx, c, q, &cur, next, &p)
		}
		if err != nil {
			if err = r.lost(&cur, next, cur.Lists[next.From], err, &p); err != nil {
				return Page{}, err
			}
		}
	}
	if cur.Maps.Open && !cur.waits() && cur.Maps.shut() {
		cur.Seen = marks{} // the sitemaps are not what they were
		for _, u := range r.starts() {
			cur.Seen.add(pageOf(u), 2*maxQueue)
		}
		cur.push(queuedPage{URL: r.Sitemap, Map: true}, false)
	}
	if p.More = cur.waits(); !p.More {
		r.end(&cur, &p)
	}
	return p, p.setCursor(&cur)
}

// continues reports whether the round of a cursor is one of these options,
// which may have been changed since.
func (r *reviews) continues(cur *reviewsCursor) bool {
	starts := r.starts()
	if len(cur.Maps.Picks) > 0 && (cur.Maps.Root != r.Sitemap || cur.Lists[""] == nil) {
		return false
	}
	for _, n := range cur.Queue {
		if n.From != "" && !slices.Contains(starts, n.From) || n.From == "" && r.Sitemap == "" || cur.Lists[n.From] == nil {
			return false
		}
	}
	return true
}

// lost decides what becomes of a round in which something could not be read.
// What is worth waiting for is an error, unless other hosts would wait with it,
// and so is a round in which nothing can be read; else it is a fault, and the
// rest goes on.
func (r *reviews) lost(cur *reviewsCursor, n queuedPage, l *list, err error, p *Page) error {
	elsewhere := func(start string) bool { return !near(start, n.URL) }
	if _, ok := errors.AsType[*puskaradio.RetryError](err); ok && !slices.ContainsFunc(r.starts(), elsewhere) {
		return err
	}
	if fe, ok := errors.AsType[*FetchError](err); !ok || errors.Is(fe, context.Canceled) || errors.Is(fe, context.DeadlineExceeded) {
		return err
	}
	l.Failed = l.Failed || n.first() || n.Map && n.URL == r.Sitemap
	if n.Map {
		cur.Maps.Hole = true
	} else if !n.first() && StateOf(err) != StateGone {
		l.Broken = n.From != ""
	}
	all := true
	for _, l := range cur.Lists {
		all = all && l.Failed
	}
	if all {
		return err
	}
	p.Faults = append(p.Faults, err)
	return nil
}

// readPage reads one page of reviews.
func (r *reviews) readPage(ctx context.Context, c *Client, q Query, cur *reviewsCursor, n queuedPage, p *Page) error {
	l := cur.Lists[n.From]
	var valid Validator
	if n.first() && !l.Deep && r.Follow != "links" {
		valid = l.Valid
	}
	got, err := visit(ctx, c, n.URL, valid)
	if err != nil {
		return err
	}
	l.Read++
	if n.first() {
		l.Valid = got.Validator
	}
	if got.Same {
		l.Quiet = true
		p.Same = len(cur.Lists) == 1
		p.Still = append(p.Still, n.URL)
		return nil
	}
	x := ExtractAt(got.Body, got.URL, q.Now)
	if r.HonourNoIndex && (x.NoIndex || reserved(got.Header, c.token)) {
		l.Quiet = true
		p.Faults = append(p.Faults, fmt.Errorf("page %s: noindex: it asks that programs take nothing from it", redactText(got.URL)))
		return nil
	}
	for _, fault := range x.Faults {
		p.Faults = append(p.Faults, fmt.Errorf("page %s: %w", redactText(got.URL), fault))
	}
	p.shows(got.URL, n.URL, x.Aggregates)
	leads := r.Follow != "none" && x.Next != ""
	if leads && n.From == "" {
		cur.Seen.add(pageOf(n.URL), 2*maxQueue)
	}
	fresh := r.take(q, cur, n, got.URL, x.Reviews, p, leads)
	l.Found += len(x.Reviews)
	r.follow(cur, n, l, got.URL, &x, fresh)
	return nil
}

// follow queues where a page leads.
func (r *reviews) follow(cur *reviewsCursor, n queuedPage, l *list, here string, x *Extraction, fresh bool) {
	most, read := min(r.MaxPages, maxQueue), l.Read
	if n.From == "" {
		cur.Chain++
		read = cur.Chain
	}
	if fresh && near(here, x.Next) && read < most {
		cur.push(queuedPage{URL: x.Next, From: n.From}, true)
	}
	if r.Follow != "links" || n.From == "" {
		return
	}
	waiting := 0
	for _, w := range cur.Queue {
		if w.From == n.From {
			waiting++
		}
	}
	for _, to := range x.Links {
		if waiting+l.Read >= most {
			return
		}
		if near(here, to) && r.include.MatchString(to) {
			cur.push(queuedPage{URL: to, From: n.From}, false)
			waiting++
		}
	}
}

// take makes mentions of the reviews of a page. Of a page that leads on it
// reports whether any of them is new: to us, or in a deep round to the round.
func (r *reviews) take(q Query, cur *reviewsCursor, n queuedPage, here string, found []puskaradio.Mention, p *Page, leads bool) (fresh bool) {
	deep := cur.Lists[n.From].Deep
	for _, m := range found {
		m.Ref = steadyRef(&m, n, here)
		stamp(q, puskaradio.Review, &m)
		if leads {
			known := !cur.Known.add(m.Key(), maxKnown)
			told := !cur.Told.add(m.Key(), maxKnown)
			fresh = fresh || !told && (deep || !known)
		}
		p.Mentions = append(p.Mentions, m)
	}
	p.Mentions = once(p.Mentions)
	return fresh
}

// steadyRef is the reference of a review that stays when a list moves it from
// one page to the next. A reference that is a place on a page is told from
// where the list starts; where there is none, the thing that was reviewed
// tells apart what two people said in the same words.
func steadyRef(m *puskaradio.Mention, n queuedPage, here string) string {
	page, fragment, _ := strings.Cut(m.Ref, "#")
	switch {
	case m.Ref == "" && m.About != "":
		k := *m
		k.Author += "\x00" + k.About
		return k.Key()
	case fragment != "" && n.From != "" && (page == pageOf(here) || page == pageOf(n.URL)):
		return pageOf(n.From) + "#" + fragment
	}
	return m.Ref
}

// pageOf is an address without its fragment.
func pageOf(u string) string {
	u, _, _ = strings.Cut(u, "#")
	return u
}

// near reports whether two addresses are of one site, with or without www.
func near(a, b string) bool {
	ua, err1 := url.Parse(a)
	ub, err2 := url.Parse(b)
	bare := func(u *url.URL) string { return strings.TrimPrefix(strings.ToLower(u.Host), "www.") }
	return err1 == nil && err2 == nil && bare(ua) == bare(ub)
}
