package crawler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

const (
	maxSitePages = 5 // beside the front page
	maxSiteMaps  = 3
)

// A Find is a source that a site shows or points to.
type Find struct {
	Kind    string
	Options json.RawMessage // what [New] takes, once what Needs names is set
	Found   string          // what was found, in one line of at most 200 bytes
	Page    string          // where it was found
	Needs   []string        // the environment variables that must hold a secret
	Doubt   string          // why it should not be read as it stands; empty if nothing speaks against it
	API     bool            // it is read by a programming interface, of which robots.txt does not speak
	Robots  Verdict         // of the address that is asked most, unless API
}

// Ready reports whether a source can be read without a person's doing.
func (f *Find) Ready() bool { return len(f.Needs) == 0 && f.Doubt == "" }

// Discover reads the front page of a site, what its robots.txt names as
// sitemaps, and at most five pages more, and gives the sources that they show
// or point to, each once, those that can be read as they are first. An error
// beside finds says which pages could not be read; without finds, that the
// front page could not.
func Discover(ctx context.Context, c *Client, site string) ([]Find, error) {
	if !strings.Contains(site, "://") {
		site = "https://" + site
	}
	home, err := checkURL(site)
	if err != nil {
		return nil, fmt.Errorf("site %q: %w", redactText(site), err)
	}
	d := &discovery{client: c, home: home, seen: map[string]bool{}, counts: map[string]int{}}
	front, err := d.page(ctx, home.String())
	if err != nil {
		return nil, err
	}
	d.maps(ctx)
	read := map[string]bool{home.String(): true, d.home.String(): true}
	left := maxSitePages
	for _, u := range d.obvious(front) {
		if left == 0 || ctx.Err() != nil {
			break
		}
		if !read[u] {
			left--
			read[u] = true
			if _, err := d.page(ctx, u); err != nil {
				d.errs = append(d.errs, err)
			}
		}
	}
	d.site()
	d.finish(ctx)
	return d.finds, errors.Join(d.errs...)
}

// A discovery is the work on one site.
type discovery struct {
	client *Client
	home   *url.URL
	finds  []Find
	seen   map[string]bool // by kind and options
	counts map[string]int  // by kind
	errs   []error

	wordPress, woo, discourse bool
	products                  []string // a page or two of the sitemaps
	marked                    bool     // a page of the sitemaps has reviews
}

// page looks at one page, and gives its links within the site.
func (d *discovery) page(ctx context.Context, address string) ([]siteLink, error) {
	got, err := visit(ctx, d.client, address, Validator{})
	if err != nil {
		return nil, err
	}
	at, err := checkURL(got.URL)
	if err != nil {
		return nil, err
	}
	if address == d.home.String() {
		d.home = at // where www. or https leads
	}
	return d.marks(got.Body, at), nil
}

// marks looks for what a page shows.
func (d *discovery) marks(body []byte, at *url.URL) []siteLink {
	r := &marksReader{at: at, home: d.home, give: func(kind, found string, options map[string]any) {
		d.add(Find{Kind: kind, Found: found, Page: at.String(), Options: optionsJSON(options)})
	}}
	r.read(body)
	d.wordPress, d.woo, d.discourse = d.wordPress || r.wordPress, d.woo || r.woo, d.discourse || r.discourse
	x := Extract(body, at.String())
	if n := len(x.Reviews); n > 0 {
		f := Find{Kind: "reviews", Found: fmt.Sprintf("a page with %d reviews marked up", n), Page: at.String(), Options: optionsJSON(map[string]any{"url": at.String()})}
		if x.NoIndex {
			f.Doubt = "the page asks not to be indexed"
		}
		d.marked = d.marked || slices.Contains(d.products, at.String())
		d.add(f)
	}
	return r.links
}

// add takes a find, unless it is known or one too many.
func (d *discovery) add(f Find) {
	key := f.Kind + string(f.Options)
	if d.seen[key] || len(d.finds) >= maxFinds || d.counts[f.Kind] >= maxFindsOfKind || len(key) > 4096 {
		return
	}
	d.seen[key] = true
	d.counts[f.Kind]++
	f.Found = foldText(f.Found, 200)
	d.finds = append(d.finds, f)
}

// maps looks at the sitemaps that robots.txt names.
func (d *discovery) maps(ctx context.Context) {
	u := *d.home
	u.Path, u.RawPath, u.RawQuery = "/robots.txt", "", ""
	got, err := d.client.Fetch(ctx, Request{URL: u.String(), Accept: "text/plain", Max: maxRobots, API: true})
	if err != nil {
		if StateOf(err) != StateGone {
			d.errs = append(d.errs, err)
		}
		return
	}
	var named []string
	for line := range strings.Lines(string(got.Body)) {
		key, value, ok := strings.Cut(line, ":")
		if !ok || !strings.EqualFold(strings.TrimSpace(key), "sitemap") || len(named) >= maxSiteMaps {
			continue
		}
		if to, err := checkURL(value); err == nil && near(to.String(), d.home.String()) && !slices.Contains(named, to.String()) {
			named = append(named, to.String())
		}
	}
	for _, m := range named {
		d.add(Find{Kind: "reviews", Found: "a sitemap", Page: u.String(), Options: optionsJSON(map[string]any{"sitemap": m})})
	}
	for i := 0; i < min(len(named), maxSiteMaps+1); i++ {
		d.sample(ctx, named[i], &named)
	}
}

var productPath = regexp.MustCompile(`(?i)/(products?|tuot\w*|p|shop|kauppa|item)/|review|arvostelu|kokemuk`)

// sample takes a page or two of a sitemap that look like those with reviews.
// Of an index the first likely sitemap is read too.
func (d *discovery) sample(ctx context.Context, address string, more *[]string) {
	got, err := d.client.Fetch(ctx, Request{URL: address, Accept: "application/xml,text/xml,*/*;q=0.1", Max: maxMapBytes})
	if err != nil {
		d.errs = append(d.errs, err)
		return
	}
	var first, likely string
	err = readSitemap(got.Body, func(e mapEntry) {
		switch {
		case !near(e.URL, address) || len(e.URL) > 2048:
		case e.Map:
			if first == "" {
				first = e.URL
			}
			if low := strings.ToLower(e.URL); likely == "" && (strings.Contains(low, "product") || strings.Contains(low, "tuot") || strings.Contains(low, "review")) {
				likely = e.URL
			}
		case len(d.products) < 2 && productPath.MatchString(e.URL):
			if u, err := checkURL(e.URL); err == nil {
				d.products = append(d.products, u.String())
			}
		}
	})
	if err != nil {
		d.errs = append(d.errs, &FetchError{URL: redactText(address), State: StateUnreadable, Err: fmt.Errorf("sitemap: %w", err)})
	}
	if likely == "" {
		likely = first
	}
	if likely != "" && len(*more) <= maxSiteMaps && !slices.Contains(*more, likely) {
		*more = append(*more, likely)
	}
}

var obviousWords = []*regexp.Regexp{
	regexp.MustCompile(`(?i)review|arvostel|kokemuk|testimonial|palaut|asiakaskokem`),
	regexp.MustCompile(`(?i)/(products?|tuot\w*|p)/[^/]`),
	regexp.MustCompile(`(?i)forum|foorumi|community|yhteis[oö]|keskustelu`),
	regexp.MustCompile(`(?i)shop|kauppa|products?\b|tuott`),
	regexp.MustCompile(`(?i)blog|uutis|news|ajankohtais`),
}

// obvious are the pages to look at after the front page: of each sort of
// obvious words one, and of the sitemaps one or two.
func (d *discovery) obvious(links []siteLink) []string {
	out := slices.Clone(d.products)
	for _, words := range obviousWords {
		for _, l := range links {
			if u := strings.TrimSpace(l.url); !slices.Contains(out, u) && (words.MatchString(u) || words.MatchString(l.words)) {
				out = append(out, u)
				break
			}
		}
	}
	return out
}

// site adds what the site as a whole is.
func (d *discovery) site() {
	root := *d.home
	root.RawQuery = ""
	one := func(kind, found string) {
		d.add(Find{Kind: kind, Found: found, Page: d.home.String(), Options: optionsJSON(map[string]any{"site": root.String()})})
	}
	if d.woo {
		one("woocommerce", "a WooCommerce shop")
	}
	if d.wordPress || d.woo {
		one("wordpress", "a WordPress site, whose comments are read")
	}
	if d.discourse {
		one("discourse", "a forum that runs on Discourse")
	}
}

// finish finds out of each what it needs and whether it may be read.
func (d *discovery) finish(ctx context.Context) {
	for i := range d.finds {
		f := &d.finds[i]
		var o map[string]any
		if json.Unmarshal(f.Options, &o) != nil {
			continue
		}
		for _, k := range slices.Sorted(maps.Keys(o)) {
			if name, ok := o[k].(string); ok && strings.HasSuffix(k, "_env") {
				f.Needs = append(f.Needs, name)
			}
		}
		con, err := New(f.Kind, f.Options, func(string) (string, error) { return "", errors.New("not set") })
		if err != nil && len(f.Needs) == 0 {
			f.Doubt = foldText(err.Error(), 200)
			continue
		}
		d.judge(ctx, f, con, o)
	}
	slices.SortStableFunc(d.finds, func(a, b Find) int {
		rank := map[bool]int{true: 0, false: 1}
		return rank[a.Ready()] - rank[b.Ready()]
	})
}

func (d *discovery) judge(ctx context.Context, f *Find, con Connector, o map[string]any) {
	address, api := "", true
	if con != nil {
		address, api = AddressOf(con)
	}
	if m, ok := o["sitemap"].(string); ok {
		address, api = m, false
		if !d.marked {
			f.Doubt = "no reviews were marked up on the pages that were looked at"
		}
	}
	if u, ok := o["url"].(string); ok && f.Kind == "feed" && d.wordPress && strings.Contains(u, "comments/feed") {
		f.Doubt = "the kind wordpress reads the same comments, and more of them"
	}
	if f.API = api; api || address == "" {
		return
	}
	var err error
	if f.Robots, err = d.client.Robots(ctx, address); err != nil {
		f.Doubt = foldText(fmt.Sprintf("robots.txt cannot be asked: %v", err), 200)
	} else if !f.Robots.Allowed {
		f.Doubt = foldText(f.Robots.Reason, 200)
	}
}
