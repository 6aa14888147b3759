package crawler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"github.com/puskaradio/puskaradio"
)

// A Draft is an answer as it would be sent, for a person to read.
type Draft struct {
	Text string // to be given to Reply: what was written, with what the source wants before it
	As   string // the account that answers, as far as it is known
	To   string // where it will stand
}

// ErrNoReply says that answers cannot be sent: the source has no way, or the
// options hold nothing that would be allowed to.
var ErrNoReply = errors.New("answers cannot be sent")

// DraftReply is a text as the connector would send it in answer to a mention.
// It sends nothing. An error that wraps [ErrNoReply] says why it never will;
// others, what is wrong with the text, such as its length.
func DraftReply(con Connector, m *puskaradio.Mention, text string) (Draft, error) {
	d, ok := con.(interface {
		Replier
		draft(m *puskaradio.Mention, text string) (Draft, error)
	})
	if !ok {
		return Draft{}, fmt.Errorf("%w to this kind of source; answer there by hand", ErrNoReply)
	}
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	switch {
	case text == "":
		return Draft{}, errors.New("the answer is empty")
	case !utf8.ValidString(text):
		return Draft{}, errors.New("the answer is not UTF-8")
	case m.Ref == "" || strings.HasPrefix(m.Ref, "~"):
		return Draft{}, fmt.Errorf("%w: the source does not name this text", ErrNoReply)
	}
	return d.draft(m, text)
}

// atMost is a fault of an answer that is too long, or nil.
func atMost(n, most int, of string) error {
	if n > most {
		return fmt.Errorf("the answer has %d %s; %d are the most there", n, of, most)
	}
	return nil
}

// lettersOf are what people count as letters.
func lettersOf(s string) int { return uniseg.GraphemeClusterCount(s) }

// approved is the error of an answer that is not as its draft, or nil: what a
// person has approved is what is sent.
func approved(con Connector, m *puskaradio.Mention, text string) error {
	d, err := DraftReply(con, m, text)
	if err == nil && d.Text != text {
		err = errors.New("the answer is not the one that was drafted")
	}
	return err
}

// send makes the one request that sends an answer, and decodes what comes
// back into v.
func send(ctx context.Context, c *Client, r Request, body, v any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if r.Method == "" {
		r.Method = http.MethodPost
	}
	h := r.Header.Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set("Content-Type", "application/json")
	r.Header, r.Body = h, b
	_, err = getJSON(ctx, c, r, v)
	return maybeSent(err)
}

// maybeSent adds [ErrMaybeSent] to an error after which the answer may stand
// there all the same: the host got the request, and did not say no.
func maybeSent(err error) error {
	if err == nil {
		return nil
	}
	if fe, ok := errors.AsType[*FetchError](err); ok {
		op, dial := errors.AsType[*net.OpError](err)
		switch {
		case fe.Status >= 400 && fe.Status < 500 && fe.Status != http.StatusRequestTimeout,
			fe.Status == http.StatusServiceUnavailable,
			fe.State == StateChallenge,
			fe.Status == 0 && (fe.State == StateLimited || fe.State == StateBlocked || fe.State == StateRefused),
			fe.Status == 0 && dial && op.Op == "dial":
			return err
		}
	}
	return fmt.Errorf("%w: %w", ErrMaybeSent, err)
}

var webLink = regexp.MustCompile(`https?://[^\s]+`)

// shortLinks puts in place of each link one of 23 letters, as which X and
// Mastodon count it.
func shortLinks(s string) string { return webLink.ReplaceAllString(s, strings.Repeat("x", 23)) }
