package crawler

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

// untilPacificMidnight is how long it is to the next day in California, taken
// in its winter, so that it is an hour late in summer.
func untilPacificMidnight(now time.Time) time.Duration {
	const offset = 8 * time.Hour
	day := now.Add(-offset).Truncate(24 * time.Hour).Add(24 * time.Hour)
	return day.Add(offset).Sub(now)
}

// page reads a page of comments, or makes a search if it is time for one.
func (r *youTubeRound) page(ctx context.Context, c *Client, q Query, at place) (listPage, error) {
	name, ok := strings.CutPrefix(at.list, youTubeSearch)
	if !ok {
		return r.comments(ctx, c, q, at)
	}
	names := 0
	for _, list := range r.lists(q) {
		if strings.HasPrefix(list, youTubeSearch) {
			names++
		}
	}
	// The searches of a day are spread over it and over the names.
	pause := time.Duration(names) * 24 * time.Hour / time.Duration(r.PerDay)
	if last := r.searched[at.list]; last > 0 && q.Now.Sub(time.Unix(last, 0)) < pause {
		return listPage{}, nil
	}
	p, err := r.search(ctx, c, q, name, at)
	if err == nil {
		r.searched[at.list] = q.Now.Unix()
	}
	return p, err
}

// search finds the newest videos of a name.
func (o *youTube) search(ctx context.Context, c *Client, q Query, name string, at place) (listPage, error) {
	v := url.Values{"part": {"snippet"}, "type": {"video"}, "order": {"date"}, "maxResults": {"50"}, "q": {phrase(name)}}
	if !at.since.IsZero() {
		v.Set("publishedAfter", at.since.Add(-24*time.Hour).Format(time.RFC3339))
	}
	var doc struct {
		Items *[]json.RawMessage `json:"items"`
	}
	got, err := o.get(ctx, c, q, "search", v, &doc)
	if err != nil {
		return listPage{}, err
	}
	if doc.Items == nil {
		return listPage{}, unreadable(got, "the answer has no items")
	}
	var p listPage
	type item struct {
		ID struct {
			Video string `json:"videoId"`
		} `json:"id"`
		Snippet youTubeText `json:"snippet"`
	}
	eachItem(&p, "youtube "+at.list, *doc.Items, func(r *item) (*puskaradio.Mention, error) {
		s := &r.Snippet
		m := puskaradio.Mention{Author: plainText(s.Channel, 200), Title: plainText(s.Title, 1000), Text: plainText(s.Description, maxTextBytes)}
		if videoID.MatchString(r.ID.Video) {
			m.Ref, m.URL = r.ID.Video, "https://www.youtube.com/watch?v="+r.ID.Video
		}
		putDate(&m, s.Published, q.Now)
		stamp(q, puskaradio.Social, &m)
		return &m, nil
	})
	return p, nil
}

func (r *youTubeRound) batch() int { return 50 }

// look asks which comments and videos are still there. It tells of no edits,
// for it does not learn the answers that belong to them.
func (r *youTubeRound) look(ctx context.Context, c *Client, q Query, refs []string) (_ []puskaradio.Mention, gone []string, err error) {
	var comments, videos []string
	for _, ref := range refs {
		if videoID.MatchString(ref) {
			videos = append(videos, ref)
		} else {
			comments = append(comments, ref)
		}
	}
	for i, ids := range [][]string{comments, videos} {
		if len(ids) == 0 {
			continue
		}
		path := []string{"comments", "videos"}[i]
		var doc struct {
			Items *[]struct {
				ID itemID `json:"id"`
			} `json:"items"`
		}
		got, err := r.get(ctx, c, q, path, url.Values{"part": {"id"}, "id": {strings.Join(ids, ",")}, "maxResults": {"50"}}, &doc)
		if err != nil {
			return nil, nil, err
		}
		if doc.Items == nil {
			return nil, nil, unreadable(got, "the answer has no items")
		}
		there := map[string]bool{}
		for _, item := range *doc.Items {
			there[item.ID.String()] = true
		}
		for _, id := range ids {
			if !there[id] {
				gone = append(gone, id)
			}
		}
	}
	slices.Sort(gone)
	return nil, gone, nil
}
