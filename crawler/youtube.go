package crawler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/puskaradio/puskaradio"
)

// youTube reads the comments of videos and channels, and searches for videos
// about the brands.
type youTube struct {
	KeyEnv   string   `json:"key_env" jsonschema:"description=The environment variable that holds an API key; made in the Google Cloud console of a project with the YouTube Data API v3 enabled"`
	Channels []string `json:"channels,omitempty" jsonschema:"description=Channels by their ids (UC…) whose videos' comments are read"`
	Videos   []string `json:"videos,omitempty" jsonschema:"description=Videos by their ids (11 characters behind watch?v=) whose comments are read"`
	Search   bool     `json:"search,omitempty" jsonschema:"description=Also search for new videos that name the brands"`
	PerDay   int      `json:"searches_per_day,omitempty" jsonschema:"description=The most searches of a day from 1 to 100; 48 unless said. Google gives a project 100 a day"`
	PerPage  int      `json:"per_page,omitempty" jsonschema:"description=Comments on a page from 10 to 100; 100 unless said"`
	Pages    int      `json:"pages,omitempty" jsonschema:"description=The most pages of a video or channel in one round; 5 unless said"`
	Recheck  int      `json:"recheck,omitempty" jsonschema:"description=How many recent comments are looked at again in a round to see deletions; 50 unless said and 0 is none"`

	key string
}

const youTubeAPI = "https://www.googleapis.com/youtube/v3/"

var (
	channelID     = regexp.MustCompile(`^UC[A-Za-z0-9_-]{22}$`)
	videoID       = regexp.MustCompile(`^[A-Za-z0-9_-]{11}$`)
	youTubeAdvice = advice{
		http.StatusBadRequest: "youtube: the request is refused; is the API key valid?",
		http.StatusForbidden:  "youtube: the key may not be used for this, or comments are switched off here; enable the YouTube Data API v3 in the key's project and lift the key's restrictions",
		http.StatusNotFound:   "youtube: there is no such video or channel",
	}
)

// Check reports every fault of the options, and finds the key.
func (o *youTube) Check(secret Secret) error {
	var errs []error
	var err error
	for _, id := range o.Channels {
		if !channelID.MatchString(id) {
			errs = append(errs, fmt.Errorf("channels: %q is not the id of a channel, which begins with UC", id))
		}
	}
	for _, id := range o.Videos {
		if !videoID.MatchString(id) {
			errs = append(errs, fmt.Errorf("videos: %q is not the id of a video, which has 11 characters", id))
		}
	}
	if len(o.Channels)+len(o.Videos) == 0 && !o.Search {
		errs = append(errs, errors.New("channels is missing: say which channels or videos to read, or set search"))
	}
	if o.key, err = secretOf(secret, "key_env", o.KeyEnv); err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, within("searches_per_day", o.PerDay, 1, 100), within("per_page", o.PerPage, 10, 100),
		within("pages", o.Pages, 1, maxListPages), within("recheck", o.Recheck, 0, 50))
	return errors.Join(errs...)
}

func (o *youTube) home() (string, bool) { return youTubeAPI, true }

// A youTubeCursor is that of the lists, and when was searched for what.
type youTubeCursor struct {
	Lists    json.RawMessage  `json:"lists,omitempty"`
	Searched map[string]int64 `json:"searched,omitempty"` // Unix times
}

// A youTubeRound walks the lists within the day's searches.
type youTubeRound struct {
	*youTube
	searched map[string]int64
}

// Fetch implements [Connector].
func (o *youTube) Fetch(ctx context.Context, c *Client, q Query) (Page, error) {
	var cur youTubeCursor
	if err := readCursor(q, &cur); err != nil {
		return Page{}, err
	}
	r := &youTubeRound{o, cur.Searched}
	if r.searched == nil {
		r.searched = map[string]int64{}
	}
	lists := r.lists(q)
	for name := range r.searched {
		if !slices.Contains(lists, name) {
			delete(r.searched, name)
		}
	}
	q.Cursor = cur.Lists
	p, err := readLists(ctx, c, q, r, o.Pages, o.Recheck)
	if err != nil {
		return p, err
	}
	return p, p.setCursor(&youTubeCursor{p.Cursor, r.searched})
}

// Names of lists begin with what they are.
const (
	youTubeChannel = "channel "
	youTubeVideo   = "video "
	youTubeSearch  = "search "
)

func (o *youTube) lists(q Query) (out []string) {
	for _, id := range o.Channels {
		out = append(out, youTubeChannel+id)
	}
	for _, id := range o.Videos {
		out = append(out, youTubeVideo+id)
	}
	if o.Search {
		for _, name := range brandNames(q) {
			out = append(out, youTubeSearch+name)
		}
	}
	return out
}

// get asks with the key. Where the day's units are used up it says when the
// next begin: at midnight in California.
func (o *youTube) get(ctx context.Context, c *Client, q Query, path string, v url.Values, doc any) (*Response, error) {
	got, err := getJSON(ctx, c, Request{URL: asked(youTubeAPI+path, v), Header: http.Header{"X-Goog-Api-Key": {o.key}}}, doc)
	switch {
	case saysError(err, `"quotaExceeded"`, `"dailyLimitExceeded"`):
		fe, _ := errors.AsType[*FetchError](err)
		spent := *fe
		spent.State = StateLimited
		return nil, &puskaradio.RetryError{After: untilPacificMidnight(q.Now), Err: fmt.Errorf("youtube: the units of the project's day are used up: %w", &spent)}
	case saysError(err, `"API_KEY_INVALID"`, `"keyInvalid"`):
		return nil, noLogin(err, "youtube: the API key is not valid; make a new one and set key_env")
	case saysError(err, `"commentsDisabled"`):
		return nil, fmt.Errorf("youtube: comments are switched off here: %w", err)
	}
	return got, youTubeAdvice.to(err)
}

// A youTubeText is what a comment or a video says.
type youTubeText struct {
	ChannelID     string                 `json:"channelId"`
	VideoID       string                 `json:"videoId"`
	Title         string                 `json:"title"`
	Description   string                 `json:"description"`
	Channel       string                 `json:"channelTitle"`
	Original      string                 `json:"textOriginal"`
	Display       string                 `json:"textDisplay"`
	Author        string                 `json:"authorDisplayName"`
	AuthorChannel struct{ Value string } `json:"authorChannelId"`
	Likes         int64                  `json:"likeCount"`
	Published     string                 `json:"publishedAt"`
}

// A youTubeThread is a comment with some of the answers to it.
type youTubeThread struct {
	ID      itemID `json:"id"`
	Snippet struct {
		ChannelID string         `json:"channelId"`
		VideoID   string         `json:"videoId"`
		Top       youTubeComment `json:"topLevelComment"`
	} `json:"snippet"`
	Replies struct {
		Comments []youTubeComment `json:"comments"`
	} `json:"replies"`
}

type youTubeComment struct {
	ID      itemID      `json:"id"`
	Snippet youTubeText `json:"snippet"`
}

// comments reads threads of comments, the newest first. What the channel itself
// answers is the owner's word, what others answer a mention of its own.
func (o *youTube) comments(ctx context.Context, c *Client, q Query, at place) (listPage, error) {
	v := url.Values{"part": {"snippet,replies"}, "order": {"time"}, "maxResults": {fmt.Sprint(o.PerPage)}, "textFormat": {"plainText"}}
	if id, ok := strings.CutPrefix(at.list, youTubeChannel); ok {
		v.Set("allThreadsRelatedToChannelId", id)
	} else {
		v.Set("videoId", strings.TrimPrefix(at.list, youTubeVideo))
	}
	if at.token != "" {
		v.Set("pageToken", at.token)
	}
	var doc struct {
		Items *[]json.RawMessage `json:"items"`
		Next  string             `json:"nextPageToken"`
	}
	got, err := o.get(ctx, c, q, "commentThreads", v, &doc)
	if err != nil {
		return listPage{}, err
	}
	if doc.Items == nil {
		return listPage{}, unreadable(got, "the answer has no items")
	}
	p := listPage{next: doc.Next}
	eachItem(&p, "youtube "+at.list, *doc.Items, func(t *youTubeThread) (*puskaradio.Mention, error) {
		owner := t.Snippet.ChannelID
		m := o.mention(q, &t.Snippet.Top, t.Snippet.VideoID)
		for i := range t.Replies.Comments {
			r := &t.Replies.Comments[i]
			reply := o.mention(q, r, t.Snippet.VideoID)
			switch {
			case owner != "" && r.Snippet.AuthorChannel.Value == owner:
				if m.Owner == nil || reply.Published.Before(m.Owner.At) {
					m.Owner = ownerReply(reply.Author, reply.Text, reply.Published)
				}
			case reply.Ref != "" && reply.Text != "":
				p.found = append(p.found, reply)
			}
		}
		if owner != "" && t.Snippet.Top.Snippet.AuthorChannel.Value == owner {
			return nil, nil // the channel's own word
		}
		return &m, nil
	})
	return p, nil
}

func (o *youTube) mention(q Query, cm *youTubeComment, video string) puskaradio.Mention {
	s := &cm.Snippet
	m := puskaradio.Mention{
		Ref: cm.ID.String(), Author: foldText(s.Author, 200), Text: foldText(s.Original, maxTextBytes), Reach: votes(s.Likes),
	}
	if m.Text == "" {
		m.Text = plainText(s.Display, maxTextBytes)
	}
	if videoID.MatchString(video) && m.Ref != "" {
		m.URL = "https://www.youtube.com/watch?" + url.Values{"v": {video}, "lc": {m.Ref}}.Encode()
	}
	putDate(&m, s.Published, q.Now)
	stamp(q, puskaradio.Social, &m)
	return m
}
