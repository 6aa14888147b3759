package crawler

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

// A Kind is a kind of source that this program can read.
type Kind struct {
	Name  string
	Reads string // what it reads, in one sentence
	Genre puskaradio.Genre
	Every time.Duration // how often a source is read that does not say
	// OneBrand says that all texts of a source are about one brand, so that
	// the source should name it in its About. The texts of other kinds are
	// matched.
	OneBrand bool
	Terms    Terms
	New      func() Connector // options with their defaults
}

// Terms are what the provider asks of those who read, as we understood it.
type Terms struct {
	Checked string // the date of the look, 2026-11-21
	Note    string
}

// A Secret finds a secret by its name: the environment variable NAME, or the
// file that NAME_FILE names.
type Secret func(name string) (string, error)

// kinds is everything that this program can read.
var kinds = map[string]Kind{
	"appstore": {
		Reads: "Reads the newest reviews of an app in the App Store of each country, from Apple's public feed.",
		Genre: puskaradio.Review, Every: time.Hour, OneBrand: true,
		Terms: Terms{"2026-11-21", "Apple's public customer review feed, 500 newest reviews of a country, no key. For an app of your own App Store Connect tells more."},
		New:   func() Connector { return &appStore{Countries: []string{"fi"}, Pages: 10} },
	},
	"bluesky": {
		Reads: "Reads public posts of Bluesky that name a brand: by search with an account, and by listening to the stream of all posts.",
		Genre: puskaradio.Social, Every: 5 * time.Minute,
		Terms: Terms{"2026-11-21", "Documented interfaces, free: search with an app password, Jetstream without an account. Posts are public; deletions are followed, and authors who ask not to be shown to strangers are left out."},
		New:   func() Connector { return &bluesky{Pages: 10, Recheck: 2, OptOut: true, Jetstream: jetstreamServers()} },
	},
	"feed": {
		Reads: "Reads a feed: RSS, Atom or JSON Feed, of a blog, a forum, a newsroom or of comments.",
		Genre: puskaradio.Other, Every: 15 * time.Minute,
		Terms: Terms{"2026-11-21", "Feeds are published to be read by programs; what may be kept of their texts is in the terms of each site."},
		New:   func() Connector { return &feed{Pages: 1} },
	},
	"mastodon": {
		Reads: "Reads public posts of a Mastodon or GoToSocial server by hashtag, and with a token by search.",
		Genre: puskaradio.Social, Every: 5 * time.Minute,
		Terms: Terms{"2026-11-21", "The documented interface, 300 requests in 5 minutes. Rules differ from server to server; authors who do not want to be found are left out, deletions are followed."},
		New:   func() Connector { return &mastodonTags{Pages: 10, Recheck: 5, OptOut: true} },
	},
	"reviews": {
		Reads: "Reads reviews off web pages that mark them up by schema.org or microformats: single pages, paged lists and sitemaps.",
		Genre: puskaradio.Review, Every: time.Hour,
		Terms: Terms{"2026-11-21", "robots.txt and noindex are obeyed; the terms of a site are for its reader to check before the site is added."},
		New:   func() Connector { return &reviews{Follow: "next", MaxPages: 20, MaxSitemaps: 50, HonourNoIndex: true} },
	},
	"wordpress": {
		Reads: "Reads the comments of a WordPress site, and the star reviews of its WooCommerce shop, from its public interface.",
		Genre: puskaradio.Review, Every: 15 * time.Minute, OneBrand: true,
		Terms: Terms{"2026-11-21", "The site's own public interface, meant for one's own site or with its owner's consent."},
		New:   func() Connector { return &wordPress{PerPage: 100, Pages: 20} },
	},
}

// Kinds are the names of all kinds, in the order of the alphabet.
func Kinds() []string { return slices.Sorted(maps.Keys(kinds)) }

// KindOf is the kind of a name.
func KindOf(name string) (Kind, bool) {
	k, ok := kinds[name]
	k.Name = name
	return k, ok
}

// New makes the connector of a kind from its options, a JSON object or
// nothing. It is strict: what no option is called is an error. secret is
// asked for what the options only name; it may be nil if they name nothing.
// The error tells every fault.
func New(kind string, options json.RawMessage, secret Secret) (Connector, error) {
	k, ok := KindOf(kind)
	if !ok {
		return nil, fmt.Errorf("source kind %q is unknown; there are %s", kind, strings.Join(Kinds(), ", "))
	}
	c := k.New()
	if err := decodeOptions(options, c); err != nil {
		return nil, fmt.Errorf("source kind %s: %w", kind, err)
	}
	if v, ok := c.(interface{ Check(Secret) error }); ok {
		if err := v.Check(secret); err != nil {
			return nil, fmt.Errorf("source kind %s: %w", kind, err)
		}
	}
	return c, nil
}

// Options are the default options of a kind, for a schema; nil if there is no
// such kind.
func Options(kind string) any {
	k, ok := kinds[kind]
	if !ok {
		return nil
	}
	return k.New()
}

// decodeOptions sets the fields of c that options has, and no others.
func decodeOptions(options json.RawMessage, c Connector) error {
	if len(options) == 0 {
		return nil
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal(options, &given); err != nil {
		return errors.New("its options are not a JSON object")
	}
	var known []string
	for f := range reflect.TypeOf(c).Elem().Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			known = append(known, name)
		}
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(known, name) {
			errs = append(errs, fmt.Errorf("option %q is unknown; there are %s", name, strings.Join(known, ", ")))
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	err := json.Unmarshal(options, c)
	if te, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("option %q is a %s where a %s is wanted", te.Field, te.Value, te.Type)
	}
	return err
}

// stamp fills in what every mention of a source shares.
func stamp(q Query, genre puskaradio.Genre, m *puskaradio.Mention) {
	m.Source, m.Genre, m.Brand, m.FirstSeen = q.Source.ID, genre, q.Source.About, q.Now
	if m.Published.IsZero() || m.DateFrom == "" {
		m.Published, m.DateFrom = q.Now, puskaradio.DateSeen
	}
}

// once leaves of each key the first mention.
func once(ms []puskaradio.Mention) []puskaradio.Mention {
	seen := make(map[string]bool, len(ms))
	return slices.DeleteFunc(ms, func(m puskaradio.Mention) bool {
		key := m.Key()
		was := seen[key]
		seen[key] = true
		return was
	})
}

// readCursor decodes the cursor of the last page into p, if there was one. A
// cursor that cannot be read is an error, as to begin again in silence could
// hide a loss.
func readCursor(q Query, p any) error {
	if len(q.Cursor) == 0 {
		return nil
	}
	if err := json.Unmarshal(q.Cursor, p); err != nil {
		return fmt.Errorf("cursor of source %s: %w", q.Source.ID, err)
	}
	return nil
}

// setCursor encodes the cursor of the next page.
func (p *Page) setCursor(v any) error {
	b, err := json.Marshal(v)
	p.Cursor = b
	return err
}

// checkWeb is a fault of an address in the options, or nil.
func checkWeb(option, address string) error {
	if _, err := checkURL(address); err != nil {
		return fmt.Errorf("%s %q: %w", option, redactText(address), err)
	}
	return nil
}

// within is a fault of a number in the options, or nil.
func within(option string, n, least, most int) error {
	if n < least || n > most {
		return fmt.Errorf("%s %d is not from %d to %d", option, n, least, most)
	}
	return nil
}
