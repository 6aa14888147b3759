package crawler

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mattn/go-mastodon"

	"github.com/puskaradio/puskaradio"
)

// A status is one of go-mastodon, with what that leaves out.
type status struct {
	mastodon.Status
	Account struct {
		mastodon.Account
		NoIndex   *bool `json:"noindex"`
		Indexable *bool `json:"indexable"`
	} `json:"account"`
	Reblog *status `json:"reblog"`
}

// take makes mentions of statuses, and gives the ids of all of them.
func (o *mastodonTags) take(q Query, cur *mastodonCursor, raws []json.RawMessage, p *Page) (ids []string) {
	for i, raw := range raws {
		var s status
		err := json.Unmarshal(raw, &s)
		if s.ID != "" {
			ids = append(ids, string(s.ID))
		}
		of := &s
		if s.Reblog != nil { // it counts as what it repeats
			of = s.Reblog
		}
		switch {
		case err != nil:
			err = errors.New("not as a status is")
		case s.ID == "" || of.URI == "":
			err = errors.New("no id or no uri")
		}
		if err != nil {
			p.Faults = append(p.Faults, fmt.Errorf("status %d: %w", i+1, err))
			continue
		}
		if !o.wanted(of) {
			continue
		}
		m := o.mention(q, of)
		if slices.ContainsFunc(p.Mentions, func(n puskaradio.Mention) bool { return n.Ref == m.Ref }) {
			continue
		}
		p.Mentions = append(p.Mentions, m)
		cur.remember(of, m, q.Now)
	}
	return ids
}

// remember keeps a status to look at again.
func (cur *mastodonCursor) remember(s *status, m puskaradio.Mention, now time.Time) {
	cur.Recent = remembered(cur.Recent, s, m, now, maxRecent)
}

// remembered adds a status to those that are recent, of which there are so
// many at the most.
func remembered(list []recentStatus, s *status, m puskaradio.Mention, now time.Time, most int) []recentStatus {
	if now.Sub(m.Published) > recentFor || slices.ContainsFunc(list, func(r recentStatus) bool { return r.Ref == m.Ref }) {
		return list
	}
	list = append(list, recentStatus{ID: string(s.ID), Ref: m.Ref, At: m.Published.Unix(), Edited: unixOf(s.EditedAt)})
	return slices.Delete(list, 0, max(len(list)-most, 0))
}

func unixOf(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// wanted reports whether a status is public and its author does not mind.
// That an account is not discoverable only keeps it out of suggestions.
func (o *mastodonTags) wanted(s *status) bool {
	if s.Visibility != "public" {
		return false
	}
	if !o.OptOut {
		return true
	}
	a, note := &s.Account, strings.ToLower(s.Account.Note)
	return (a.NoIndex == nil || !*a.NoIndex) && (a.Indexable == nil || *a.Indexable) &&
		!strings.Contains(note, "nobot") && !strings.Contains(note, "noindex")
}

// mention is what a status says.
func (o *mastodonTags) mention(q Query, s *status) puskaradio.Mention {
	m := puskaradio.Mention{
		Ref: cutText(s.URI, 500), URL: cmp.Or(webAddress(s.URL, o.server), webAddress(s.URI, o.server)),
		Author: foldText(s.Account.Acct, 200), Title: plainText(s.SpoilerText, 1000), Text: plainText(s.Content, maxTextBytes),
		Lang: langCode(s.Language), Reach: int(min(max(s.Account.FollowersCount, 0), 1<<31-1)),
	}
	if m.Author != "" && !strings.Contains(m.Author, "@") {
		m.Author += "@" + o.server.Host
	}
	if at := s.CreatedAt.UTC(); sensible(at, q.Now) {
		m.Published, m.DateFrom = at, puskaradio.DatePublished
	}
	stamp(q, puskaradio.Social, &m)
	return m
}
