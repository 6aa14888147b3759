package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/monitor"
)

// A found is a source that a site shows, as init writes it.
type found struct {
	ID, Kind, Found string
	JSON            string // its options
	About           bool   // all of it is about the brand
	Ready           bool
	Advice          string // what to do if it is not ready
}

// Ready reports whether there is a source that can be read at once.
func (in answers) Ready() bool {
	for _, f := range in.Found {
		if f.Ready {
			return true
		}
	}
	return len(in.Pages) > 0
}

// discover looks for sources on a site and tells what it finds.
func (a *app) discover(ctx context.Context, c *crawler.Client, site string, pages []page) []found {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	fmt.Fprintf(a.err, "   looking for sources on %s …\n", site)
	finds, err := crawler.Discover(ctx, c, site)
	if err != nil {
		fmt.Fprintf(a.err, "   not all could be read: %s\n", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	ids, known := map[string]bool{}, map[string]bool{}
	for _, p := range pages {
		ids[p.ID], known[p.URL] = true, true
	}
	var out []found
	for i := range finds {
		f := &finds[i]
		if u := addressIn(f); u != "" && known[u] {
			continue // it was named by hand
		}
		x := found{ID: f.Kind, Kind: f.Kind, Found: clip(f.Found, 80), JSON: string(f.Options), Ready: f.Ready()}
		for n := 2; ids[x.ID]; n++ {
			x.ID = fmt.Sprintf("%s-%d", f.Kind, n)
		}
		ids[x.ID] = true
		k, _ := crawler.KindOf(f.Kind)
		// What stands on the brand's own site is about it; what is searched for
		// elsewhere is matched.
		x.About = k.OneBrand || k.Genre == puskaradio.Review
		switch {
		case len(f.Needs) > 0:
			x.Advice = "set " + strings.Join(f.Needs, " and ") + " in the environment, see puskaradio kinds, and take away the #"
		case f.Doubt != "":
			x.Advice = clip(f.Doubt, 160)
		}
		out = append(out, x)
		fmt.Fprintf(a.err, "   %-14s %s: %s\n", x.Kind, x.Found, findWords(f, &k, x.Advice))
	}
	if len(out) == 0 && err == nil {
		fmt.Fprintln(a.err, "   nothing was found there")
	}
	return out
}

// addressIn is the page or feed that a find reads.
func addressIn(f *crawler.Find) string {
	con, err := crawler.New(f.Kind, f.Options, nil)
	if err != nil || f.API {
		return ""
	}
	address, _ := crawler.AddressOf(con)
	return address
}

// findWords say whether it can be read, and how soon a text is heard at best.
func findWords(f *crawler.Find, k *crawler.Kind, advice string) string {
	var s strings.Builder
	switch {
	case f.API:
		s.WriteString("a programming interface")
	case f.Robots.Reason != "":
		s.WriteString(f.Robots.Reason)
	}
	fmt.Fprintf(&s, "; heard up to %s after it was posted", monitor.Short(k.Every))
	if f.Robots.Delay > 5*time.Second { // slower than we ask of ourselves
		fmt.Fprintf(&s, "; one page in %s", monitor.Short(f.Robots.Delay))
	}
	if advice != "" {
		s.WriteString("; " + advice)
	}
	return strings.TrimPrefix(s.String(), "; ")
}

// checkSite is a fault of the answer to what the site is.
func checkSite(s string) error {
	if s == "" {
		return nil
	}
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	if u, err := url.Parse(s); err != nil || u.Hostname() == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("write an address such as https://acme.example")
	}
	return nil
}
