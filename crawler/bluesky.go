package crawler

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

const (
	blueskyHome    = "https://bsky.social"
	maxBlueskyURIs = 25 // of one look at posts
	maxBlueskySeen = 10 * maxBlueskyURIs
	lateIndexing   = 10 * time.Minute // a post may be found so long after it was written
)

// bluesky searches Bluesky for the names of the brands, and listens to all
// that is written there.
type bluesky struct {
	Server      string   `json:"server,omitempty" jsonschema:"description=Where to search: the server of the account (bsky.social unless said) or an AppView that searches for everybody"`
	Handle      string   `json:"handle,omitempty" jsonschema:"description=The account that searches such as acme.bsky.social"`
	PasswordEnv string   `json:"password_env,omitempty" jsonschema:"description=The environment variable that holds an app password of that account"`
	AppView     string   `json:"appview,omitempty" jsonschema:"description=Which AppView the account's server is to ask such as did:web:api.bsky.app#bsky_appview; its own choice unless said"`
	Lang        string   `json:"lang,omitempty" jsonschema:"description=Only posts in this language such as fi"`
	Pages       int      `json:"pages,omitempty" jsonschema:"description=The most pages of 100 for a name in one round; 10 unless said"`
	Recheck     int      `json:"recheck,omitempty" jsonschema:"description=How many times 25 recent posts are looked at again in a round to see edits and deletions; 2 unless said and 0 is none"`
	OptOut      bool     `json:"honour_opt_out,omitempty" jsonschema:"description=Leave out authors and posts that ask not to be shown to those who are not signed in; true unless said"`
	Stream      bool     `json:"stream,omitempty" jsonschema:"description=Listen to all new posts too and keep those that name a brand; needs no account"`
	Profiles    string   `json:"profiles,omitempty" jsonschema:"description=Where the authors of posts in the stream are looked up if there is no account to do so; public.api.bsky.app unless said"`
	Jetstream   []string `json:"jetstream,omitempty" jsonschema:"description=The Jetstream servers to listen to; the next is taken where one does not answer"`

	server    *url.URL
	streams   []*url.URL
	password  string
	session   *blueskySession
	searching bool
}

// ways implements streamer.
func (o *bluesky) ways() (polls, streams bool) { return o.searching, o.Stream }

// Check reports every fault of the options, and finds the password.
func (o *bluesky) Check(secret Secret) error {
	var errs []error
	var err error
	o.session = new(blueskySession)
	o.searching = o.Server != "" || o.Handle != "" || o.PasswordEnv != ""
	if !o.searching && !o.Stream {
		errs = append(errs, errors.New("handle and password_env are missing to search; or set stream to listen, which needs no account"))
	}
	address := cmp.Or(strings.TrimRight(strings.TrimSpace(o.Server), "/"), blueskyHome)
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	if o.server, err = checkURL(address); err != nil {
		errs = append(errs, checkWeb("server", address))
	} else if o.server.Path != "/" || o.server.RawQuery != "" {
		errs = append(errs, errors.New("server is a name such as bsky.social, without a path"))
	}
	o.Handle = strings.TrimPrefix(strings.TrimSpace(o.Handle), "@")
	switch {
	case (o.Handle == "") != (o.PasswordEnv == ""):
		errs = append(errs, errors.New("handle and password_env belong together"))
	case o.PasswordEnv == "":
	case secret == nil:
		errs = append(errs, errors.New("password_env: there are no secrets here"))
	default:
		if o.password, err = secret(o.PasswordEnv); err != nil {
			errs = append(errs, fmt.Errorf("password_env: %w", err))
		} else if o.password == "" {
			errs = append(errs, fmt.Errorf("password_env: %s is empty", o.PasswordEnv))
		}
	}
	if strings.ContainsAny(o.AppView, "\r\n \x00") || o.AppView != "" && !strings.HasPrefix(o.AppView, "did:") {
		errs = append(errs, fmt.Errorf("appview: %q is not a service such as did:web:api.bsky.app#bsky_appview", o.AppView))
	}
	if o.Lang != "" && langCode(o.Lang) == "" {
		errs = append(errs, fmt.Errorf("lang: %q is not a language such as fi", o.Lang))
	}
	if len(o.Jetstream) == 0 || len(o.Jetstream) > 20 {
		errs = append(errs, errors.New("jetstream: from 1 to 20 servers"))
	}
	for _, s := range o.Jetstream {
		u, err := jetstreamAddress(s)
		if err != nil {
			errs = append(errs, fmt.Errorf("jetstream: %q: %w", redactText(s), err))
		}
		o.streams = append(o.streams, u)
	}
	errs = append(errs, checkWeb("profiles", o.Profiles))
	errs = append(errs, within("pages", o.Pages, 1, 100), within("recheck", o.Recheck, 0, 10))
	return errors.Join(errs...)
}

// A blueskyCursor is the position in a round: first the names, then the recent
// posts.
type blueskyCursor struct {
	Step   int                   `json:"step,omitempty"`
	Read   int                   `json:"read,omitempty"` // pages of this step
	Name   int                   `json:"name,omitempty"` // the name that is searched for next
	Names  map[string]*nameSweep `json:"names,omitempty"`
	Recent []recentPost          `json:"recent,omitempty"`
	Turn   int                   `json:"turn,omitempty"` // of Recent
}

// A nameSweep is how far a search was read. It is read from the newest back,
// while posts come and go: so each stretch of time is read in two sweeps.
type nameSweep struct {
	Since int64  `json:"since,omitempty"` // Unix milliseconds: this sweep goes back to here
	Last  int64  `json:"last,omitempty"`  // where the last sweep began
	Top   int64  `json:"top,omitempty"`   // where this one began
	Until int64  `json:"until,omitempty"` // what is left of it is older than this
	Next  string `json:"next,omitempty"`  // the server's own cursor
}

// A recentPost is looked at again.
type recentPost struct {
	Ref string `json:"ref"`
	CID string `json:"cid"` // the end of it
	At  int64  `json:"at"`  // Unix time when it was indexed
}

func (b *bluesky) home() (string, bool) { return cmp.Or(b.Server, blueskyHome), true }

// Fetch implements [Connector].
func (o *bluesky) Fetch(ctx context.Context, c *Client, q Query) (Page, error) {
	var cur blueskyCursor
	if err := readCursor(q, &cur); err != nil {
		return Page{}, err
	}
	if !o.searching {
		return Page{Cursor: q.Cursor, Same: true}, nil
	}
	if cur.Names == nil {
		cur.Names = map[string]*nameSweep{}
	}
	names := namesInTurn(q, cur.Name)
	if len(names) == 0 {
		return Page{}, &puskaradio.PermanentError{Err: errors.New("bluesky: no brand whose names could be searched for")}
	}
	if cur.Step == 0 && cur.Read == 0 {
		cur.begin(q)
	}
	var p Page
	var on bool
	var err error
	if cur.Step < len(names) {
		on, err = o.search(ctx, c, q, &cur, names[cur.Step], &p)
	} else if o.Recheck > 0 && len(cur.Recent) > 0 {
		err = o.lookAgain(ctx, c, q, &cur, &p)
	}
	if err != nil {
		return Page{}, err
	}
	if cur.Read++; !on || cur.Read >= o.Pages {
		cur.Step, cur.Read = cur.Step+1, 0
	}
	looks := min(o.Recheck, (len(cur.Recent)+maxBlueskyURIs-1)/maxBlueskyURIs)
	if p.More = cur.Step < len(names)+looks; !p.More {
		cur.Step, cur.Read, cur.Name = 0, 0, cur.Name+len(names)
	}
	return p, p.setCursor(&cur)
}

// begin starts a round: what is no longer recent, and names that are no longer
// asked for, are forgotten.
func (cur *blueskyCursor) begin(q Query) {
	cur.Recent = slices.DeleteFunc(cur.Recent, func(r recentPost) bool {
		return q.Now.Sub(time.Unix(r.At, 0)) > recentFor
	})
	for name := range cur.Names {
		if !slices.ContainsFunc(q.Brands, func(b puskaradio.Brand) bool {
			return slices.ContainsFunc(b.Names(), func(n string) bool { return foldText(n, maxName) == name })
		}) {
			delete(cur.Names, name)
		}
	}
}

// quoted is a name as the search is asked for it: several words as a phrase.
func quoted(name string) string {
	if strings.ContainsAny(name, " \t:\"") {
		return `"` + strings.Join(strings.Fields(strings.ReplaceAll(name, `"`, " ")), " ") + `"`
	}
	return name
}

// search reads a page of what a search finds.
func (o *bluesky) search(ctx context.Context, c *Client, q Query, cur *blueskyCursor, name string, p *Page) (more bool, err error) {
	s := cur.Names[name]
	if s == nil {
		s = new(nameSweep)
		cur.Names[name] = s
	}
	v := url.Values{"q": {quoted(name)}, "sort": {"latest"}, "limit": {"100"}}
	if o.Lang != "" {
		v.Set("lang", langCode(o.Lang))
	}
	if s.Since != 0 {
		v.Set("since", blueskyTime(s.Since))
	}
	if s.Until != 0 {
		v.Set("until", blueskyTime(s.Until))
	}
	if s.Next != "" && cur.Read > 0 { // a cursor may not outlive its round
		v.Set("cursor", s.Next)
	}
	got, err := o.ask(ctx, c, "app.bsky.feed.searchPosts", v)
	if err != nil {
		return false, err
	}
	var doc struct {
		Posts  *[]json.RawMessage `json:"posts"`
		Cursor string             `json:"cursor"`
	}
	if err := json.Unmarshal(got.Body, &doc); err != nil || doc.Posts == nil {
		return false, o.unreadable(got, "the answer has no posts")
	}
	newest, oldest := o.take(q, cur, *doc.Posts, p)
	s.Top = max(s.Top, newest)
	switch {
	case doc.Cursor == "" || len(doc.Cursor) > 1000 || doc.Cursor == v.Get("cursor") || newest != 0 && newest < s.Since:
		s.end()
		return false, nil
	case cur.Read+1 >= o.Pages: // the rest is for the next round
		if oldest == 0 || s.Until != 0 && oldest >= s.Until-1 {
			s.end() // the next would not get further
			p.Faults = append(p.Faults, fmt.Errorf("search for %q: no end within %d pages; older posts are left out", cutText(name, 100), o.Pages))
			return false, nil
		}
		s.Until, s.Next = oldest+1, ""
		return false, nil
	}
	s.Next = doc.Cursor
	return true, nil
}

// end begins the next sweep.
func (s *nameSweep) end() {
	top := max(s.Top, s.Last)
	*s = nameSweep{Since: max(s.Last-lateIndexing.Milliseconds(), 0), Last: top}
}

func blueskyTime(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }
