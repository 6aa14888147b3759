package crawler

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

const (
	maxMapBytes  = 32 << 20
	maxMapDepth  = 16
	maxMapTokens = 4_000_000
	mapSlack     = time.Hour // for clocks that differ
	maxPicks     = 1000      // pages that a cursor holds; for more, the sitemaps are read again
)

// A sweep goes through the pages of a sitemap in the order of their
// addresses, a round's worth at a time. Of a page that changes behind its
// back it learns in the next sweep, for that begins where this one began.
type sweep struct {
	Root  string    `json:"root,omitempty"`
	Since time.Time `json:"since,omitzero"`  // pages that changed before have been read
	Start time.Time `json:"start,omitzero"`  // when this sweep began
	After string    `json:"after,omitempty"` // the last page that was read
	Hole  bool      `json:"hole,omitempty"`  // a sitemap of this sweep could not be read

	// In this round:
	Left int `json:"left,omitempty"` // pages that it may still pick

	// Since the sitemaps were begun to be read:
	Open  bool  `json:"open,omitempty"`
	Picks pages `json:"picks,omitempty"` // the first pages behind After, in order
	Limit int   `json:"limit,omitempty"` // of Picks
	Over  bool  `json:"over,omitempty"`  // there are more than Picks held
	Read  int   `json:"read,omitempty"`  // sitemaps

	found []string // Picks while a sitemap is read
}

// begin starts a round, and a sweep unless one is under way.
func (s *sweep) begin(root string, limit int, now time.Time) {
	if s.Root != root {
		*s = sweep{Root: root}
	}
	if s.After == "" {
		s.Start, s.Hole = now, false
	}
	s.Left = limit
	s.open()
}

// open begins to read the sitemaps.
func (s *sweep) open() {
	s.Limit = min(s.Left, maxPicks)
	s.Open, s.Picks, s.Over, s.Read, s.Left = true, nil, false, 0, s.Left-s.Limit
}

// pop takes the next page.
func (s *sweep) pop() string {
	s.After = s.Picks.pop()
	return s.After
}

// offer tells of a page. A date without a time of day is the end of that day,
// as nothing says that the page will not change again on it.
func (s *sweep) offer(u string, changed time.Time, all bool) {
	if u <= s.After || !all && !changed.IsZero() && !changed.After(s.Since) {
		return
	}
	at, known := slices.BinarySearch(s.found, u)
	if known {
		return
	}
	if at >= s.Limit {
		s.Over = true
		return
	}
	s.found = slices.Insert(s.found, at, u)
	if len(s.found) > s.Limit {
		s.found, s.Over = s.found[:s.Limit], true
	}
}

// shut ends what open began, when all picks have been read. It reports whether
// the sitemaps are to be read again in this round; else the sweep ends with
// the last page.
func (s *sweep) shut() (again bool) {
	s.Open = false
	switch {
	case s.Over && s.Left > 0:
		s.open()
		return true
	case s.Over:
	case s.Hole:
		s.After = ""
	default:
		s.After, s.Since = "", s.Start.Add(-mapSlack)
	}
	return false
}

// readMap reads one sitemap or one index of them.
func (r *reviews) readMap(ctx context.Context, c *Client, q Query, cur *reviewsCursor, n queuedPage, p *Page) error {
	got, err := c.Fetch(ctx, Request{URL: n.URL, Accept: "application/xml,text/xml,*/*;q=0.1", Max: maxMapBytes})
	if err != nil {
		return err
	}
	s := &cur.Maps
	s.Read++
	s.found = s.Picks.list()
	defer func() { s.Picks, s.found = packPages(s.found), nil }()
	count := 0
	err = readSitemap(got.Body, func(e mapEntry) {
		count++
		if !near(n.URL, e.URL) || len(e.URL) > 2048 {
			return
		}
		switch {
		case !e.Map:
			if r.include.MatchString(e.URL) {
				s.offer(e.URL, e.Changed, r.Everything)
			}
		case r.Everything || e.Changed.IsZero() || e.Changed.After(s.Since):
			waiting := 0
			for _, w := range cur.Queue {
				if w.Map {
					waiting++
				}
			}
			if s.Read+waiting < r.MaxSitemaps {
				cur.push(queuedPage{URL: e.URL, Map: true}, false)
			}
		}
	})
	if err != nil {
		s.Hole = true
		err = &FetchError{URL: redactText(n.URL), State: StateUnreadable, Status: got.Status, Err: fmt.Errorf("sitemap: %w", err)}
		if count == 0 {
			return err
		}
		p.Faults = append(p.Faults, err)
	}
	return nil
}

// A mapEntry is a page of a sitemap, or a sitemap of an index.
type mapEntry struct {
	URL     string
	Changed time.Time // zero if it does not say
	Map     bool
}

// readSitemap gives the entries of a sitemap, of an index of sitemaps, or of
// a list of addresses, one a line. What came before an error was given.
func readSitemap(body []byte, give func(mapEntry)) error {
	if head := bytes.TrimSpace(body[:min(len(body), 512)]); bytes.HasPrefix(head, []byte("http")) {
		for line := range strings.Lines(string(body)) {
			if u := strings.TrimSpace(line); u != "" {
				give(mapEntry{URL: u})
			}
		}
		return nil
	}
	var e mapEntry
	var text strings.Builder
	var path []string
	root := ""
	for t, err := range xmlTokens(body, maxMapDepth, maxMapTokens) {
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if len(path) == 0 {
				if root = t.Name.Local; root != "urlset" && root != "sitemapindex" {
					return fmt.Errorf("it is a %.30q", root)
				}
			}
			path = append(path, t.Name.Local)
			text.Reset()
			if len(path) == 2 {
				e = mapEntry{Map: root == "sitemapindex"}
			}
		case xml.CharData:
			if len(path) == 3 && text.Len() < 4096 {
				text.Write(t)
			}
		case xml.EndElement:
			switch {
			case len(path) == 3 && path[2] == "loc" && e.URL == "":
				e.URL = strings.TrimSpace(text.String())
			case len(path) == 3 && path[2] == "lastmod":
				e.Changed = changedAt(text.String())
			case len(path) == 2 && e.URL != "":
				give(e)
			}
			path = path[:len(path)-1]
		}
	}
	if root == "" {
		return errors.New("it is empty")
	}
	return nil
}

// changedAt reads a lastmod; see [sweep.offer].
func changedAt(s string) time.Time {
	d := parseDate(s, time.Time{}, true)
	if d.from == "" {
		return time.Time{}
	}
	if !d.clock {
		return d.at.Add(36 * time.Hour) // where the day ends last
	}
	return d.at
}

// xmlTokens are the tokens of a document, until an error: of its form, or
// because it nests deeper or is longer than told. Entities of its own are
// errors, and a token is good until the next.
func xmlTokens(body []byte, depth, count int) func(yield func(xml.Token, error) bool) {
	return func(yield func(xml.Token, error) bool) {
		d := xml.NewDecoder(bytes.NewReader(body))
		d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // it is UTF-8 already
		deep := 0
		for n := 0; ; n++ {
			t, err := d.RawToken()
			if err == io.EOF && deep == 0 {
				return
			}
			switch t.(type) {
			case xml.StartElement:
				deep++
			case xml.EndElement:
				deep--
			}
			switch {
			case err == io.EOF:
				err = io.ErrUnexpectedEOF
			case err == nil && deep < 0:
				err = errors.New("an element ends that has not begun")
			case err == nil && deep > depth:
				err = fmt.Errorf("elements nest deeper than %d", depth)
			case err == nil && n >= count:
				err = fmt.Errorf("longer than %d tokens", count)
			}
			if !yield(t, err) || err != nil {
				return
			}
		}
	}
}
