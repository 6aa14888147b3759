package crawler

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/puskaradio/puskaradio"
)

// lemmy searches the posts and comments that a Lemmy server knows.
type lemmy struct {
	Server  string   `json:"server" jsonschema:"description=The server such as lemmy.world or sopuli.xyz"`
	Queries []string `json:"queries,omitempty" jsonschema:"description=What to search for; the names of the brands unless said"`
	API     string   `json:"api,omitempty" jsonschema:"enum=v3,enum=v4,description=The interface of the server: v3 (the default) before Lemmy 1.0 and v4 since"`
	PerPage int      `json:"per_page,omitempty" jsonschema:"description=Hits on a page from 5 to 50; 50 unless said"`
	Pages   int      `json:"pages,omitempty" jsonschema:"description=The most pages of a name in one round; 5 unless said"`

	server *url.URL
}

var lemmyAdvice = advice{
	http.StatusUnauthorized: "lemmy: this server is private; choose one that is federated with it",
	http.StatusNotFound:     "lemmy: the server has no such interface; set api to v4 if it runs Lemmy 1.0, else to v3",
}

// Check reports every fault of the options.
func (o *lemmy) Check(Secret) error {
	var errs []error
	address := strings.TrimRight(strings.TrimSpace(o.Server), "/")
	if address != "" && !strings.Contains(address, "://") {
		address = "https://" + address
	}
	var err error
	if o.server, err = checkSite("server", address); err != nil {
		errs = append(errs, err)
	} else if o.server.Path != "/" {
		errs = append(errs, errors.New("server is a name such as lemmy.world, without a path"))
	}
	if o.API != "v3" && o.API != "v4" {
		errs = append(errs, fmt.Errorf("api %q is not v3 or v4", o.API))
	}
	errs = append(errs, checkQueries(&o.Queries), within("per_page", o.PerPage, 5, 50), within("pages", o.Pages, 1, maxListPages))
	return errors.Join(errs...)
}

func (o *lemmy) home() (string, bool) { return o.Server, true }

// Fetch implements [Connector].
func (o *lemmy) Fetch(ctx context.Context, c *Client, q Query) (Page, error) {
	return readLists(ctx, c, q, o, o.Pages, 0)
}

func (o *lemmy) lists(q Query) []string { return queriesOr(o.Queries, q) }

// A lemmyThing is a post or a comment, as v3 and v4 have them.
type lemmyThing struct {
	APID      string `json:"ap_id"`
	Name      string `json:"name"`
	Body      string `json:"body"`
	Content   string `json:"content"`
	URL       string `json:"url"`
	Published string `json:"published"`
	PublishAt string `json:"published_at"`
	Deleted   bool   `json:"deleted"`
	Removed   bool   `json:"removed"`
	Score     int64  `json:"score"`
}

// A lemmyView is a post or a comment with what belongs to it.
type lemmyView struct {
	Post    *lemmyThing `json:"post"`
	Comment *lemmyThing `json:"comment"`
	Creator struct {
		Name    string `json:"name"`
		APID    string `json:"ap_id"`
		ActorID string `json:"actor_id"`
	} `json:"creator"`
	Counts struct {
		Score int64 `json:"score"`
	} `json:"counts"`
}

// page reads a page of posts and comments, the newest first.
func (o *lemmy) page(ctx context.Context, c *Client, q Query, at place) (listPage, error) {
	v := url.Values{"limit": {strconv.Itoa(o.PerPage)}}
	number := max(1, numberOf(at.token))
	if o.API == "v3" {
		v.Set("q", at.list)
		v.Set("type_", "All")
		v.Set("sort", "New")
		v.Set("page", strconv.Itoa(number))
	} else {
		v.Set("search_term", at.list)
		v.Set("type_", "all")
		if at.token != "" {
			v.Set("page_cursor", at.token)
		}
	}
	var doc struct {
		Comments *[]json.RawMessage `json:"comments"`
		Posts    *[]json.RawMessage `json:"posts"`
		Next     string             `json:"next_page"`
	}
	got, err := getJSON(ctx, c, Request{URL: asked(o.server.JoinPath("api", o.API, "search").String(), v)}, &doc)
	if err != nil {
		return listPage{}, lemmyAdvice.to(err)
	}
	if doc.Comments == nil || doc.Posts == nil {
		return listPage{}, unreadable(got, "the answer has no comments and posts")
	}
	p := listPage{next: doc.Next}
	if o.API == "v3" && max(len(*doc.Comments), len(*doc.Posts)) >= o.PerPage {
		p.next = strconv.Itoa(number + 1)
	}
	for kind, list := range []*[]json.RawMessage{doc.Posts, doc.Comments} {
		eachItem(&p, "lemmy "+at.list+map[int]string{0: ", posts", 1: ", comments"}[kind], *list, func(view *lemmyView) (*puskaradio.Mention, error) {
			return o.mention(q, view, kind == 1, &p)
		})
	}
	return p, nil
}

// mention is what a post or a comment says. The address that all servers know
// it by is its name.
func (o *lemmy) mention(q Query, view *lemmyView, comment bool, p *listPage) (*puskaradio.Mention, error) {
	of, about := view.Post, ""
	if comment {
		if of = view.Comment; view.Post != nil {
			about = view.Post.Name
		}
	}
	if of == nil {
		return nil, errors.New("no post and no comment")
	}
	if of.Deleted || of.Removed {
		if of.APID != "" {
			p.gone = append(p.gone, cutText(of.APID, 500))
		}
		return nil, nil
	}
	m := puskaradio.Mention{
		Ref: cutText(of.APID, 500), URL: webAddress(of.APID, o.server), Author: foldText(view.Creator.Name, 200),
		Title: foldText(of.Name, 1000), Text: foldText(cmp.Or(of.Content, of.Body), maxTextBytes),
		About: foldText(about, 500), Reach: votes(max(of.Score, view.Counts.Score)),
	}
	if u, err := url.Parse(cmp.Or(view.Creator.APID, view.Creator.ActorID)); err == nil && u.Host != "" && m.Author != "" {
		m.Author += "@" + foldText(u.Host, 200)
	}
	putDate(&m, cmp.Or(of.PublishAt, of.Published), q.Now)
	stamp(q, puskaradio.Social, &m)
	return &m, nil
}
