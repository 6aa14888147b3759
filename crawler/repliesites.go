package crawler

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"github.com/puskaradio/puskaradio"
)

const (
	wpReplyBytes           = 65525
	trustpilotReplyLetters = 4096 // Trustpilot does not say how many it takes
)

var trustpilotID = regexp.MustCompile(`^[0-9a-f]{8,40}$`)

func basicAuth(user, password string) http.Header {
	return http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))}}
}

// wpDraft is the draft of an answer that is a comment of WordPress.
func wpDraft(m *puskaradio.Mention, text, user, password string) (Draft, error) {
	if password == "" {
		return Draft{}, fmt.Errorf("%w: set reply_user and reply_password_env", ErrNoReply)
	}
	if _, err := strconv.ParseUint(m.Ref, 10, 63); err != nil {
		return Draft{}, fmt.Errorf("%w: this is no comment or review of the site", ErrNoReply)
	}
	return Draft{Text: text, As: user, To: m.URL}, atMost(len(text), wpReplyBytes, "bytes")
}

func (o *wooCommerce) draft(m *puskaradio.Mention, text string) (Draft, error) {
	return wpDraft(m, text, o.ReplyUser, o.reply)
}

// Reply implements [Replier]: the answer is a comment below the review. Asking
// twice with one text WordPress refuses.
func (o *wooCommerce) Reply(ctx context.Context, c *Client, m *puskaradio.Mention, text string) (string, error) {
	if err := approved(o, m, text); err != nil {
		return "", err
	}
	parent, err := strconv.ParseInt(m.Ref, 10, 64)
	if err != nil {
		return "", err
	}
	h := basicAuth(o.ReplyUser, o.reply)
	comments := o.site.JoinPath("wp-json/wp/v2/comments")
	var review, answer struct {
		ID   int64 `json:"id"`
		Post int64 `json:"post"`
	}
	if got, err := getJSON(ctx, c, Request{URL: comments.JoinPath(m.Ref).String(), Header: h}, &review); err != nil {
		return "", fmt.Errorf("woocommerce: the review to answer: %w", err)
	} else if review.ID != parent || review.Post <= 0 {
		return "", unreadable(got, "the answer is not the review that was asked for")
	}
	err = send(ctx, c, Request{URL: comments.String(), Header: h}, map[string]any{"post": review.Post, "parent": parent, "content": text}, &answer)
	if answer.ID <= 0 {
		return sentAs("", err)
	}
	return sentAs(strconv.FormatInt(answer.ID, 10), err)
}

func (o *wordPress) draft(m *puskaradio.Mention, text string) (Draft, error) {
	return wpDraft(m, text, o.ReplyUser, o.reply)
}

// Reply implements [Replier]: the answer is a comment below the comment. Asking
// twice with one text WordPress refuses. The password goes to the site's own
// host only.
func (o *wordPress) Reply(ctx context.Context, c *Client, m *puskaradio.Mention, text string) (string, error) {
	if err := approved(o, m, text); err != nil {
		return "", err
	}
	parent, err := strconv.ParseInt(m.Ref, 10, 64)
	if err != nil {
		return "", err
	}
	var cur wpCursor
	var comment, answer struct {
		ID   int64 `json:"id"`
		Post int64 `json:"post"`
	}
	got, err := o.get(ctx, c, &cur, "wp/v2/comments/"+m.Ref, url.Values{"_fields": {"id,post"}})
	if err != nil {
		return "", fmt.Errorf("wordpress: the comment to answer: %w", err)
	}
	if err := decodeJSON(got, &comment); err != nil {
		return "", err
	}
	if comment.ID != parent || comment.Post <= 0 {
		return "", unreadable(got, "the answer is not the comment that was asked for")
	}
	to := rootURL(cur.Root, "wp/v2/comments", url.Values{"_fields": {"id,post"}})
	if u, err := checkURL(to); err != nil || u.Scheme != o.site.Scheme || !sameHost(u, o.site) {
		return "", &puskaradio.PermanentError{Err: errors.New("wordpress: the interface of the site is at another host, to which the password does not go; set site to its address")}
	}
	err = send(ctx, c, Request{URL: to, Header: basicAuth(o.ReplyUser, o.reply)}, map[string]any{"post": comment.Post, "parent": parent, "content": text}, &answer)
	if answer.ID <= 0 {
		return sentAs("", err)
	}
	return sentAs(strconv.FormatInt(answer.ID, 10), err)
}

func (o *trustpilot) draft(m *puskaradio.Mention, text string) (Draft, error) {
	switch {
	case o.secret == "":
		return Draft{}, fmt.Errorf("%w: set reply_secret_env and reply_user", ErrNoReply)
	case !trustpilotID.MatchString(m.Ref):
		return Draft{}, fmt.Errorf("%w: this is not a review of Trustpilot", ErrNoReply)
	}
	return Draft{Text: text, As: "the user " + o.ReplyUser + " of the business at Trustpilot", To: m.URL}, atMost(lettersOf(text), trustpilotReplyLetters, "letters")
}

// Reply implements [Replier]. A review has one reply; Trustpilot does not say
// what asking twice does. Its answer may be empty.
func (o *trustpilot) Reply(ctx context.Context, c *Client, m *puskaradio.Mention, text string) (string, error) {
	if err := approved(o, m, text); err != nil {
		return "", err
	}
	body, err := json.Marshal(map[string]string{"authorBusinessUserId": o.ReplyUser, "message": text})
	if err != nil {
		return "", err
	}
	err = o.token.use(time.Now(), func() (string, time.Duration, error) {
		return askToken(ctx, c, trustpilotAPI+"oauth/oauth-business-users-for-applications/accesstoken", url.Values{"grant_type": {"client_credentials"}},
			basicAuth(o.key, o.secret), "the API key and its secret (key_env and reply_secret_env)")
	}, func(token string) error {
		h := bearer(token)
		h.Set("Content-Type", "application/json")
		got, err := c.Fetch(ctx, Request{URL: trustpilotAPI + "private/reviews/" + url.PathEscape(m.Ref) + "/reply", Method: http.MethodPost, Header: h, Body: body, Accept: "application/json", API: true})
		if err == nil && len(got.Body) > 0 && !looksJSON(got.Body) {
			err = unreadable(got, "the answer is not the JSON that is documented")
		}
		return trustpilotReplyAdvice.to(maybeSent(err))
	})
	return sentAs(m.Ref+"/reply", err)
}

var trustpilotReplyAdvice = advice{
	http.StatusUnauthorized: "trustpilot: the token is not taken; the API key must be of an application that may act for the business",
	http.StatusForbidden:    "trustpilot: the user may not reply for this business; see reply_user and the rights of the plan",
	http.StatusNotFound:     "trustpilot: there is no such review of the business any more",
}
