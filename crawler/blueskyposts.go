package crawler

import (
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

const postCollection = "app.bsky.feed.post"

// A blueskyPost is a post as the AppView shows it.
type blueskyPost struct {
	URI    string `json:"uri"`
	CID    string `json:"cid"`
	Author struct {
		DID    string         `json:"did"`
		Handle string         `json:"handle"`
		Labels []blueskyLabel `json:"labels"`
	} `json:"author"`
	Record    *blueskyRecord `json:"record"`
	IndexedAt string         `json:"indexedAt"`
	LikeCount float64        `json:"likeCount"`
	Labels    []blueskyLabel `json:"labels"`
}

// A blueskyRecord is what the author wrote.
type blueskyRecord struct {
	Text      *string  `json:"text"`
	CreatedAt string   `json:"createdAt"`
	Langs     []string `json:"langs"`
	Labels    struct {
		Values []blueskyLabel `json:"values"`
	} `json:"labels"`
}

// A blueskyLabel is put on a post or an account, by its author or a moderator.
type blueskyLabel struct {
	Val string `json:"val"`
	Neg bool   `json:"neg"`
}

// readPost reads a post. With an error it gives what could be read.
func readPost(raw json.RawMessage) (*blueskyPost, error) {
	p := new(blueskyPost)
	err := json.Unmarshal(raw, p)
	switch {
	case err != nil:
		return p, errors.New("not as a post is")
	case !isPostRef(p.URI):
		return p, errors.New("its uri is not that of a post")
	case p.CID == "" || len(p.CID) > 200:
		return p, errors.New("no cid")
	case p.Record == nil || p.Record.Text == nil:
		return p, errors.New("no record with a text")
	}
	return p, nil
}

// isPostRef reports whether s is at://DID/app.bsky.feed.post/KEY.
func isPostRef(s string) bool {
	rest, ok := strings.CutPrefix(s, "at://")
	did, rest, _ := strings.Cut(rest, "/")
	collection, key, _ := strings.Cut(rest, "/")
	return ok && collection == postCollection && isDID(did) && isKey(key)
}

// isDID reports whether s is an account's name for ever.
func isDID(s string) bool {
	return len(s) <= 256 && strings.HasPrefix(s, "did:") && strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(":.-_%", r))
	}) < 0
}

// isKey reports whether s is the key of a record.
func isKey(s string) bool {
	return s != "" && len(s) <= 128 && strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(":.-_~", r))
	}) < 0
}

// take makes mentions of posts, and gives when the newest and the oldest of
// them were indexed, in Unix milliseconds; zero if there are none.
func (o *bluesky) take(q Query, cur *blueskyCursor, raws []json.RawMessage, p *Page) (newest, oldest int64) {
	for i, raw := range raws {
		post, err := readPost(raw)
		if at := parseInstant(post.IndexedAt); sensible(at, q.Now) {
			newest = max(newest, at.UnixMilli())
			if oldest == 0 || at.UnixMilli() < oldest {
				oldest = at.UnixMilli()
			}
		}
		switch {
		case err != nil:
			p.Faults = append(p.Faults, fmt.Errorf("post %d: %w", i+1, err))
		case !o.wanted(post): // one that came over the stream goes
			p.Gone = append(p.Gone, post.URI)
		case strings.TrimSpace(*post.Record.Text) == "":
		default:
			p.Mentions = append(p.Mentions, o.mention(q, post))
			cur.remember(post, q.Now)
		}
	}
	p.Mentions = once(p.Mentions)
	return newest, oldest
}

// lookAgain looks at some recent posts again: what is not there any more was
// deleted, and what has another cid was edited.
func (o *bluesky) lookAgain(ctx context.Context, c *Client, q Query, cur *blueskyCursor, p *Page) error {
	n := min(len(cur.Recent), maxBlueskyURIs)
	from := cur.Turn % len(cur.Recent)
	var asked []recentPost
	v := url.Values{}
	for i := range n {
		r := cur.Recent[(from+i)%len(cur.Recent)]
		asked = append(asked, r)
		v.Add("uris", r.Ref)
	}
	got, err := o.ask(ctx, c, "app.bsky.feed.getPosts", v)
	if err != nil {
		return err
	}
	var doc struct {
		Posts *[]json.RawMessage `json:"posts"`
	}
	if err := json.Unmarshal(got.Body, &doc); err != nil || doc.Posts == nil {
		return o.unreadable(got, "the answer has no posts")
	}
	if len(*doc.Posts) == 0 && n >= 10 { // rather a server that has lost its memory
		return o.unreadable(got, fmt.Sprintf("none of %d posts is known any more", n))
	}
	there := map[string]bool{}
	for i, raw := range *doc.Posts {
		post, err := readPost(raw)
		if err != nil {
			p.Faults = append(p.Faults, fmt.Errorf("post %d: %w", i+1, err))
			there[post.URI] = true
			continue
		}
		at := slices.IndexFunc(asked, func(r recentPost) bool { return r.Ref == post.URI })
		if at < 0 || !o.wanted(post) { // its author has changed their mind
			continue
		}
		there[post.URI] = true
		if asked[at].CID != cidEnd(post.CID) {
			p.Mentions = append(p.Mentions, o.mention(q, post))
			cur.remember(post, q.Now)
		}
	}
	for _, r := range asked {
		if !there[r.Ref] {
			p.Gone = append(p.Gone, r.Ref)
			cur.forget(r.Ref)
		}
	}
	p.Mentions = once(p.Mentions)
	cur.Turn = from + n - len(p.Gone)
	if cur.Turn >= len(cur.Recent) {
		cur.Turn = 0
	}
	return nil
}

// remember keeps a post to look at again.
func (cur *blueskyCursor) remember(post *blueskyPost, now time.Time) {
	at := parseInstant(post.IndexedAt)
	if !sensible(at, now) {
		at = now
	}
	if now.Sub(at) > recentFor {
		return
	}
	r := recentPost{Ref: post.URI, CID: cidEnd(post.CID), At: at.Unix()}
	if i := slices.IndexFunc(cur.Recent, func(r recentPost) bool { return r.Ref == post.URI }); i >= 0 {
		cur.Recent[i] = r
		return
	}
	cur.Recent = append(cur.Recent, r)
	if over := len(cur.Recent) - maxBlueskySeen; over > 0 {
		cur.Recent = slices.Delete(cur.Recent, 0, over)
	}
}

func (cur *blueskyCursor) forget(ref string) {
	cur.Recent = slices.DeleteFunc(cur.Recent, func(r recentPost) bool { return r.Ref == ref })
}

// cidEnd is the part of a cid that tells versions apart.
func cidEnd(cid string) string { return cid[max(0, len(cid)-16):] }

// wanted reports whether a post may be shown, and its author does not mind.
func (o *bluesky) wanted(p *blueskyPost) bool {
	return !o.unwanted(p.Labels) && !o.unwanted(p.Author.Labels) && !o.unwanted(p.Record.Labels.Values)
}

func (o *bluesky) unwanted(labels []blueskyLabel) bool {
	return slices.ContainsFunc(labels, func(l blueskyLabel) bool {
		return !l.Neg && (l.Val == "!hide" || l.Val == "!takedown" || o.OptOut && l.Val == "!no-unauthenticated")
	})
}

// mention is what a post says.
func (o *bluesky) mention(q Query, p *blueskyPost) puskaradio.Mention {
	author := p.Author.Handle
	if author == "" || author == "handle.invalid" || len(author) > 253 {
		author = strings.TrimPrefix(p.URI, "at://")
		author = author[:strings.IndexByte(author, '/')]
	}
	m := puskaradio.Mention{Ref: p.URI, URL: postURL(author, p.URI), Author: foldText(author, 253), Reach: int(min(max(p.LikeCount, 0), 1<<31-1))}
	p.Record.fill(&m, parseInstant(p.IndexedAt), q.Now)
	stamp(q, puskaradio.Social, &m)
	return m
}

// postURL is where a browser finds a post.
func postURL(author, ref string) string {
	return "https://bsky.app/profile/" + url.PathEscape(author) + "/post/" + url.PathEscape(ref[strings.LastIndexByte(ref, '/')+1:])
}

// fill sets text, language and date. When a post was written is the author's
// claim, which counts where it fits when it was first seen on the network;
// else that counts.
func (r *blueskyRecord) fill(m *puskaradio.Mention, indexed, now time.Time) {
	m.Text = foldText(*r.Text, maxTextBytes)
	if len(r.Langs) > 0 {
		m.Lang = langCode(r.Langs[0])
	}
	created := parseInstant(r.CreatedAt)
	known := sensible(indexed, now)
	switch {
	case sensible(created, now) && (!known || created.Before(indexed.Add(5*time.Minute)) && indexed.Sub(created) <= 24*time.Hour):
		m.Published, m.DateFrom = created, puskaradio.DatePublished
	case known:
		m.Published, m.DateFrom = indexed, puskaradio.DateSeen
	}
}

// parseInstant reads a time with its zone; it is zero if that is none.
func parseInstant(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
