package crawler

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/puskaradio/puskaradio"
)

// The longest answers.
const (
	mastodonLetters   = 500 // unless the server has other rules, which it tells by refusing
	blueskyLetters    = 300
	blueskyBytes      = 3000
	xWeight           = 280
	googleReplyBytes  = 4096
	playReplyLetters  = 350
	appleReplyLetters = 5970
)

var (
	mentionedHost = regexp.MustCompile(`(@[A-Za-z0-9_.-]+)@[A-Za-z0-9.-]+`)
	localStatus   = regexp.MustCompile(`/([0-9]{1,25}|[0-9A-HJKMNP-TV-Z]{26})$`)
)

// draft names the author, as Mastodon tells nobody else of an answer.
func (o *mastodonTags) draft(m *puskaradio.Mention, text string) (Draft, error) {
	if o.reply == "" {
		return Draft{}, fmt.Errorf("%w: set reply_token_env", ErrNoReply)
	}
	if handle := handleOf(m); handle != "" && !strings.HasPrefix(text, "@"+handle+" ") {
		text = "@" + handle + " " + text
	} else if handle == "" && puskaradio.IsPseudonym(m.Author) && !strings.HasPrefix(text, "@") {
		return Draft{Text: text}, errors.New("who wrote this is not kept, and its address does not say it either: begin the answer with @ and the handle that the original shows")
	}
	n := utf8.RuneCountInString(mentionedHost.ReplaceAllString(shortLinks(text), "$1"))
	return Draft{Text: text, As: "the account of reply_token_env at " + o.server.Host, To: m.URL}, atMost(n, mastodonLetters, "letters")
}

// handleOf is whom an answer to a status names. Of one whose author goes by a
// pseudonym it is in its addresses, as Mastodon and its kin write them.
func handleOf(m *puskaradio.Mention) string {
	if !puskaradio.IsPseudonym(m.Author) {
		return m.Author
	}
	for _, address := range []string{m.URL, m.Ref} {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" {
			continue
		}
		name := ""
		switch parts := strings.Split(strings.TrimPrefix(u.Path, "/"), "/"); {
		case strings.HasPrefix(parts[0], "@"):
			name = parts[0][1:]
		case parts[0] == "users" && len(parts) > 1:
			name = parts[1]
		}
		if name != "" && !strings.Contains(name, "@") {
			name += "@" + u.Host
		}
		if name != "" {
			return name
		}
	}
	return ""
}

// Reply implements [Replier]. That it is asked twice the server notices, for
// an hour or so.
func (o *mastodonTags) Reply(ctx context.Context, c *Client, m *puskaradio.Mention, text string) (string, error) {
	if err := approved(o, m, text); err != nil {
		return "", err
	}
	id, err := o.statusID(ctx, c, m.Ref)
	if err != nil {
		return "", err
	}
	h := bearer(o.reply)
	h.Set("Idempotency-Key", fmt.Sprintf("puskaradio-%016x", m.Hash()))
	var doc struct {
		URI string `json:"uri"`
	}
	err = send(ctx, c, Request{URL: o.server.JoinPath("/api/v1/statuses").String(), Header: h},
		map[string]string{"status": text, "in_reply_to_id": id, "visibility": "public"}, &doc)
	return sentAs(cutText(doc.URI, 500), err)
}

// statusID is what the server calls a status, which it fetches if it comes
// from another.
func (o *mastodonTags) statusID(ctx context.Context, c *Client, uri string) (string, error) {
	if u, err := url.Parse(uri); err == nil && u.Host == o.server.Host {
		if id := localStatus.FindStringSubmatch(u.Path); id != nil {
			return id[1], nil
		}
	}
	u := o.server.JoinPath("/api/v2/search")
	u.RawQuery = url.Values{"q": {uri}, "resolve": {"true"}, "type": {"statuses"}, "limit": {"1"}}.Encode()
	var doc struct {
		Statuses []struct {
			ID  string `json:"id"`
			URI string `json:"uri"`
		} `json:"statuses"`
	}
	if _, err := getJSON(ctx, c, Request{URL: u.String(), Header: bearer(o.reply)}, &doc); err != nil {
		return "", err
	}
	for _, s := range doc.Statuses {
		if s.URI == uri && s.ID != "" {
			return s.ID, nil
		}
	}
	return "", errors.New("mastodon: the server of the account does not find this status")
}

// sentAs is the outcome of a request that was taken: without a name of what
// was made nobody knows whether it was.
func sentAs(ref string, err error) (string, error) {
	if err != nil {
		return "", err
	}
	if ref == "" {
		return "", fmt.Errorf("%w: the answer of the host does not name it", ErrMaybeSent)
	}
	return ref, nil
}

func (o *bluesky) draft(m *puskaradio.Mention, text string) (Draft, error) {
	switch {
	case o.Handle == "":
		return Draft{}, fmt.Errorf("%w: set handle and password_env", ErrNoReply)
	case !isPostRef(m.Ref):
		return Draft{}, fmt.Errorf("%w: this is not a post of Bluesky", ErrNoReply)
	}
	err := errors.Join(atMost(lettersOf(text), blueskyLetters, "letters"), atMost(len(text), blueskyBytes, "bytes"))
	return Draft{Text: text, As: "@" + o.Handle, To: m.URL}, err
}

// Reply implements [Replier].
func (o *bluesky) Reply(ctx context.Context, c *Client, m *puskaradio.Mention, text string) (string, error) {
	if err := approved(o, m, text); err != nil {
		return "", err
	}
	type strong struct {
		URI string `json:"uri"`
		CID string `json:"cid"`
	}
	var found struct {
		Posts []struct {
			strong
			Record struct {
				Reply *struct {
					Root strong `json:"root"`
				} `json:"reply"`
			} `json:"record"`
		} `json:"posts"`
	}
	got, err := o.ask(ctx, c, "app.bsky.feed.getPosts", url.Values{"uris": {m.Ref}})
	if err != nil {
		return "", err
	}
	if err := decodeJSON(got, &found); err != nil {
		return "", err
	}
	if len(found.Posts) != 1 || found.Posts[0].URI != m.Ref || found.Posts[0].CID == "" {
		return "", errors.New("bluesky: the post is not there any more")
	}
	parent, root := found.Posts[0].strong, found.Posts[0].strong
	if r := found.Posts[0].Record.Reply; r != nil && isPostRef(r.Root.URI) && r.Root.CID != "" {
		root = r.Root
	}
	record := map[string]any{
		"$type": "app.bsky.feed.post", "text": text, "createdAt": time.Now().UTC().Format(time.RFC3339),
		"reply": map[string]strong{"root": root, "parent": parent},
	}
	var doc struct {
		URI string `json:"uri"`
	}
	for again := false; ; again = true {
		token, err := o.login(ctx, c, again)
		if err != nil {
			return "", err
		}
		err = send(ctx, c, Request{URL: o.server.JoinPath("/xrpc/com.atproto.repo.createRecord").String(), Header: bearer(token)},
			map[string]any{"repo": o.Handle, "collection": postCollection, "record": record}, &doc)
		if again || !expired(err) { // one that has expired was refused
			return sentAs(cutText(doc.URI, 500), err)
		}
	}
}

func (o *x) draft(m *puskaradio.Mention, text string) (Draft, error) {
	if o.reply == "" {
		return Draft{}, fmt.Errorf("%w: set reply_token_env", ErrNoReply)
	}
	if !isID(m.Ref) {
		return Draft{}, fmt.Errorf("%w: this is not a post of X", ErrNoReply)
	}
	weight := 0
	for _, r := range shortLinks(text) {
		if weight++; r > 4351 && (r < 8192 || r > 8205) && (r < 8208 || r > 8223) && (r < 8242 || r > 8247) {
			weight++ // as X counts them
		}
	}
	return Draft{Text: text, As: "the account of reply_token_env at X", To: m.URL}, atMost(weight, xWeight, "letters as X counts them")
}

// Reply implements [Replier]. What it costs is not in the ledger of the source,
// which is that of reading.
func (o *x) Reply(ctx context.Context, c *Client, m *puskaradio.Mention, text string) (string, error) {
	if err := approved(o, m, text); err != nil {
		return "", err
	}
	var doc struct {
		Data struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	err := send(ctx, c, Request{URL: strings.TrimRight(o.Server, "/") + "/2/tweets", Header: bearer(o.reply)},
		map[string]any{"text": text, "reply": map[string]string{"in_reply_to_tweet_id": m.Ref}}, &doc)
	return sentAs(cutText(doc.Data.ID, 40), err)
}

func (o *googleBusiness) draft(m *puskaradio.Mention, text string) (Draft, error) {
	if !googleReviewName.MatchString(m.Ref) {
		return Draft{}, fmt.Errorf("%w: this is not a review of Google", ErrNoReply)
	}
	return Draft{Text: text, As: "the owner of the place at Google", To: "the review " + m.Ref}, atMost(len(text), googleReplyBytes, "bytes")
}

// Reply implements [Replier]. Asking twice changes the one answer that a review
// can have.
func (o *googleBusiness) Reply(ctx context.Context, c *Client, m *puskaradio.Mention, text string) (string, error) {
	if err := approved(o, m, text); err != nil {
		return "", err
	}
	err := o.token.use(time.Now(), func() (string, time.Duration, error) {
		return refresh(ctx, c, googleTokens, o.ClientID, o.secret, o.refresh, "the owner's permission (refresh_token_env)")
	}, func(token string) error {
		err := send(ctx, c, Request{URL: googleBusinessAPI + m.Ref + "/reply", Method: http.MethodPut, Header: bearer(token)}, map[string]string{"comment": text}, &struct{}{})
		return googleBusinessAdvice.to(err)
	})
	return sentAs(m.Ref+"/reply", err)
}

func (o *googlePlay) draft(m *puskaradio.Mention, text string) (Draft, error) {
	return Draft{Text: text, As: "the developer of " + o.Package, To: m.URL}, atMost(lettersOf(text), playReplyLetters, "letters")
}

// Reply implements [Replier]. Asking twice changes the one answer that a review
// can have.
func (o *googlePlay) Reply(ctx context.Context, c *Client, m *puskaradio.Mention, text string) (string, error) {
	if err := approved(o, m, text); err != nil {
		return "", err
	}
	now := time.Now()
	err := o.token.use(now, func() (string, time.Duration, error) {
		return o.account.ask(ctx, c, now, "https://www.googleapis.com/auth/androidpublisher")
	}, func(token string) error {
		address := googlePlayAPI + o.Package + "/reviews/" + url.PathEscape(m.Ref) + ":reply"
		return googlePlayAdvice.to(send(ctx, c, Request{URL: address, Header: bearer(token)}, map[string]string{"replyText": text}, &struct{}{}))
	})
	return sentAs(m.Ref, err)
}

func (o *appStoreConnect) draft(m *puskaradio.Mention, text string) (Draft, error) {
	return Draft{Text: text, As: "the developer of app " + o.App, To: m.URL}, atMost(lettersOf(text), appleReplyLetters, "letters")
}

// Reply implements [Replier]. Asking twice changes the one answer that a review
// can have; Apple shows it within a day.
func (o *appStoreConnect) Reply(ctx context.Context, c *Client, m *puskaradio.Mention, text string) (string, error) {
	if err := approved(o, m, text); err != nil {
		return "", err
	}
	review := map[string]any{"data": map[string]string{"type": "customerReviews", "id": m.Ref}}
	body := map[string]any{"data": map[string]any{
		"type": "customerReviewResponses", "attributes": map[string]string{"responseBody": text}, "relationships": map[string]any{"review": review},
	}}
	var doc struct {
		Data struct {
			ID itemID `json:"id"`
		} `json:"data"`
	}
	now := time.Now()
	err := o.token.use(now, func() (string, time.Duration, error) { return o.sign(now) }, func(token string) error {
		return appStoreConnectAdvice.to(send(ctx, c, Request{URL: appStoreConnectAPI + "customerReviewResponses", Header: bearer(token)}, body, &doc))
	})
	return sentAs(doc.Data.ID.String(), err)
}
