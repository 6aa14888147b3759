package crawler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

// wpFields are those of a comment that we use.
const wpFields = "id,post,parent,author,author_name,date,date_gmt,content,link,status,type,meta"

// A wpComment is a comment, or a product review of WooCommerce.
type wpComment struct {
	ID      int64  `json:"id"`
	Parent  int64  `json:"parent"`
	Author  int64  `json:"author"` // a user of the site; 0 is a guest
	Name    string `json:"author_name"`
	Date    string `json:"date"`
	DateGMT string `json:"date_gmt"`
	Content *struct {
		Rendered *string `json:"rendered"`
	} `json:"content"`
	Link   string          `json:"link"`
	Status string          `json:"status"`
	Type   string          `json:"type"`
	Meta   json.RawMessage `json:"meta"`

	Reviewer    string      `json:"reviewer"`
	Review      *string     `json:"review"`
	Rating      json.Number `json:"rating"`
	Product     string      `json:"product_name"`
	ProductLink string      `json:"product_permalink"`
	Created     string      `json:"date_created"`
	CreatedGMT  string      `json:"date_created_gmt"`
}

func (w *wpComment) name() string { return strconv.FormatInt(w.ID, 10) }

// readWordPress reads a list; n is how many entries it has, with those that
// are faults.
func readWordPress(body []byte, p *Page) (found []*wpComment, n int, err error) {
	var raws []json.RawMessage
	if err := json.Unmarshal(body, &raws); err != nil {
		return nil, 0, errors.New("the answer is not a list of comments")
	}
	for i, raw := range raws {
		w := new(wpComment)
		if err := json.Unmarshal(raw, w); err != nil {
			p.Faults = append(p.Faults, fmt.Errorf("comment %d of the page: not as a comment is", i+1))
			continue
		}
		if w.ID <= 0 || w.text() == nil {
			p.Faults = append(p.Faults, fmt.Errorf("comment %d of the page: no id or no content", i+1))
			continue
		}
		found = append(found, w)
	}
	if len(found) == 0 && len(raws) > 0 {
		return nil, 0, errors.New("nothing in the answer is a comment")
	}
	return found, len(raws), nil
}

// text is the HTML of a comment, nil if it has none.
func (w *wpComment) text() *string {
	if w.Review != nil {
		return w.Review
	}
	if w.Content != nil {
		return w.Content.Rendered
	}
	return nil
}

// at is when a comment was published: the time without a zone is UTC. It is
// zero if the site does not say.
func (w *wpComment) at(now time.Time) time.Time {
	for _, s := range []string{w.DateGMT, w.CreatedGMT, w.Date, w.Created} {
		if d := parseDate(s, now, true); d.from == puskaradio.DatePublished {
			return d.at
		}
	}
	return time.Time{}
}

// stars are the rating of a review, nil if it has none. Some sites show it
// among the metadata of a comment.
func (w *wpComment) stars() *puskaradio.Rating {
	v, _ := w.Rating.Float64()
	if v == 0 {
		var meta struct {
			Rating json.RawMessage `json:"rating"`
		}
		if json.Unmarshal(w.Meta, &meta) == nil { // it is [] where there is none
			v, _ = strconv.ParseFloat(string(bytes.Trim(meta.Rating, `[]" `)), 64)
		}
	}
	if v < 1 || v > 5 {
		return nil
	}
	return &puskaradio.Rating{Value: v, Best: 5, Worst: 1}
}

// tell makes a mention of a comment, or an answer of the site's to one. What a
// user of the site answers is taken for the site's own word.
func (o *wordPress) tell(q Query, cur *wpCursor, list string, w *wpComment, p *Page) {
	if w.Type == "pingback" || w.Type == "trackback" || w.Status != "" && w.Status != "approved" {
		return
	}
	text := plainText(*w.text(), maxTextBytes)
	at := w.at(q.Now)
	if w.Parent > 0 && w.Author > 0 && list == wpComments {
		// Of several answers the oldest is kept, which the list has last.
		if r := cur.Replies[w.Parent]; (r != nil || len(cur.Replies) < wpWindow) && text != "" {
			cur.Replies[w.Parent] = &wpReply{Reply: puskaradio.Reply{Author: foldText(w.Name, 200), Text: cutText(text, 4000), At: at}}
		}
		return
	}
	m := puskaradio.Mention{
		Ref: w.name(), URL: webAddress(w.Link, o.site), Author: plainText(w.Name, 200), Text: text, Rating: w.stars(), Published: at,
	}
	if list == wpReviews {
		m.Author, m.About = plainText(w.Reviewer, 200), plainText(w.Product, 500)
		if m.URL = webAddress(w.ProductLink, o.site); m.URL != "" {
			m.URL += "#comment-" + m.Ref
		}
	}
	if m.Text == "" && m.Rating == nil {
		return
	}
	if !at.IsZero() {
		m.DateFrom = puskaradio.DatePublished
	}
	if r := cur.Replies[w.ID]; r != nil {
		r.Used = true
		reply := r.Reply
		m.Owner = &reply
	}
	stamp(q, puskaradio.Review, &m)
	p.Mentions = append(p.Mentions, m)
}

// rootURL is the address of a route. A root is https://example.com/wp-json/,
// or https://example.com/?rest_route=/ where addresses are plain.
func rootURL(root, path string, v url.Values) string {
	if strings.Contains(root, "?") {
		return root + path + "&" + v.Encode()
	}
	return root + path + "?" + v.Encode()
}

// get asks the interface. Where it is, the site is asked only once: at its
// usual place, in its plain form, and by what the front page says.
func (o *wordPress) get(ctx context.Context, c *Client, cur *wpCursor, path string, v url.Values) (*Response, error) {
	base := strings.TrimRight(o.site.String(), "/")
	roots := []string{base + "/wp-json/", base + "/?rest_route=/", ""}
	if cur.Root != "" {
		roots = slices.Insert(roots, 0, cur.Root)
	}
	var first error
	for _, root := range roots {
		if root == "" {
			root = o.rootOf(ctx, c)
		}
		if root == "" {
			break
		}
		got, err := c.Fetch(ctx, Request{URL: rootURL(root, path, v), Accept: "application/json", API: true})
		if err == nil && !looksJSON(got.Body) {
			err = &FetchError{URL: redactText(got.URL), State: StateUnreadable, Status: got.Status, Err: errors.New("the answer is not of WordPress's interface")}
		}
		if err == nil {
			cur.Root = root
			return got, nil
		}
		if first == nil || wpCode(err) != "" {
			first = err
		}
		if state := StateOf(err); wpCode(err) != "" || state != StateGone && state != StateUnreadable {
			break
		}
	}
	return nil, o.explain(first)
}

// explain says what can be done where a site keeps its interface shut.
func (o *wordPress) explain(err error) error {
	switch code := wpCode(err); {
	case code == "rest_cannot_read" || code == "rest_cannot_read_post":
	case StateOf(err) == StateLogin:
		return fmt.Errorf("wordpress: the site keeps its interface for those who sign in; the kind feed may read its comments: %w", err)
	case code == "rest_no_route":
		return fmt.Errorf("wordpress: the site does not offer this: %w", err)
	}
	return err
}

func looksJSON(body []byte) bool {
	b := bytes.TrimSpace(body)
	return len(b) > 0 && (b[0] == '[' || b[0] == '{')
}

// wpCode is the code of WordPress's own error, as rest_no_route.
func wpCode(err error) string {
	fe, ok := errors.AsType[*FetchError](err)
	if !ok {
		return ""
	}
	var e struct {
		Code string `json:"code"`
	}
	if json.Unmarshal(fe.Body, &e) != nil {
		return ""
	}
	return e.Code
}

// hidden reports whether an error says of a comment that it is deleted, in
// the trash, or waits for approval.
func hidden(err error) bool {
	switch wpCode(err) {
	case "rest_comment_invalid_id", "rest_post_invalid_id", "rest_cannot_read", "rest_cannot_read_post", "rest_forbidden":
		return true
	}
	return false
}

// rootOf is what the front page says of where the interface is, or empty.
func (o *wordPress) rootOf(ctx context.Context, c *Client) string {
	got, err := c.Fetch(ctx, Request{URL: o.site.String(), Method: http.MethodHead})
	if err != nil {
		return ""
	}
	base, err := url.Parse(got.URL)
	if err != nil {
		return ""
	}
	for part := range strings.SplitSeq(strings.Join(got.Header.Values("Link"), ","), ",") {
		target, params, ok := strings.Cut(part, ";")
		if ok && strings.Contains(params, `"https://api.w.org/"`) {
			to := webAddress(strings.Trim(strings.TrimSpace(target), "<>"), base)
			if near(o.site.String(), to) {
				return to
			}
		}
	}
	return ""
}
