package crawler

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

// telegram reads what is said in one's own channels and groups, where a bot of
// one's own is a member.
type telegram struct {
	TokenEnv string   `json:"token_env" jsonschema:"description=The environment variable that holds the token of a bot of your own; @BotFather makes it. Make the bot an administrator of the channel and of its discussion group"`
	Chats    []string `json:"chats,omitempty" jsonschema:"description=Only these channels and groups by their names (@acme) or numbers; all that the bot is in unless said"`
	Posts    bool     `json:"posts,omitempty" jsonschema:"description=Also the posts of the channels and not only what is said in groups; true unless said"`

	token string
}

var (
	telegramToken = regexp.MustCompile(`^[0-9]{3,20}:[A-Za-z0-9_-]{20,100}$`)
	telegramChat  = regexp.MustCompile(`^(@?[A-Za-z][A-Za-z0-9_]{3,31}|-?[0-9]{3,20})$`)
)

// Check reports every fault of the options, and finds the token.
func (o *telegram) Check(secret Secret) error {
	var errs []error
	var err error
	if o.token, err = secretOf(secret, "token_env", o.TokenEnv); err != nil {
		errs = append(errs, err)
	} else if !telegramToken.MatchString(o.token) {
		errs = append(errs, fmt.Errorf("token_env: what %s holds is not a token as @BotFather gives it", o.TokenEnv))
	}
	for i, chat := range o.Chats {
		if !telegramChat.MatchString(chat) {
			errs = append(errs, fmt.Errorf("chats: %q is not a name such as @acme or a number", chat))
		}
		o.Chats[i] = strings.TrimPrefix(strings.ToLower(chat), "@")
	}
	return errors.Join(errs...)
}

func (o *telegram) home() (string, bool) { return "https://api.telegram.org", true }

// A telegramCursor is the update that is next. To ask for it lets Telegram
// forget those before.
type telegramCursor struct {
	Offset int64 `json:"offset,omitempty"`
}

// A telegramUpdate is something that happened; exactly one of it.
type telegramUpdate struct {
	Post    *telegramMessage `json:"channel_post"`
	Edit    *telegramMessage `json:"edited_channel_post"`
	Message *telegramMessage `json:"message"`
	Changed *telegramMessage `json:"edited_message"`
}

// A telegramMessage is a message in a channel or a group.
type telegramMessage struct {
	ID   int64        `json:"message_id"`
	Chat telegramPeer `json:"chat"`
	From struct {
		Bot   bool   `json:"is_bot"`
		User  string `json:"username"`
		First string `json:"first_name"`
		Lang  string `json:"language_code"`
	} `json:"from"`
	Sender    *telegramPeer    `json:"sender_chat"`
	Signature string           `json:"author_signature"`
	Date      int64            `json:"date"`
	Text      string           `json:"text"`
	Caption   string           `json:"caption"`
	Forward   bool             `json:"is_automatic_forward"`
	ReplyTo   *telegramMessage `json:"reply_to_message"`
}

type telegramPeer struct {
	ID    int64  `json:"id"`
	Type  string `json:"type"`
	Title string `json:"title"`
	User  string `json:"username"`
}

// Fetch implements [Connector].
func (o *telegram) Fetch(ctx context.Context, c *Client, q Query) (Page, error) {
	const most = 100
	var cur telegramCursor
	if err := readCursor(q, &cur); err != nil {
		return Page{}, err
	}
	v := url.Values{"limit": {strconv.Itoa(most)}, "allowed_updates": {`["channel_post","edited_channel_post","message","edited_message"]`}}
	if cur.Offset > 0 {
		v.Set("offset", strconv.FormatInt(cur.Offset, 10))
	}
	var doc struct {
		OK     bool               `json:"ok"`
		Result *[]json.RawMessage `json:"result"`
	}
	got, err := getJSON(ctx, c, Request{URL: asked("https://api.telegram.org/bot"+o.token+"/getUpdates", v)}, &doc)
	if err != nil {
		return Page{}, o.explain(err)
	}
	if !doc.OK || doc.Result == nil {
		return Page{}, unreadable(got, "the answer has no result")
	}
	next := cur.Offset
	for _, raw := range *doc.Result { // also of those that cannot be read
		var u struct {
			ID int64 `json:"update_id"`
		}
		if json.Unmarshal(raw, &u); u.ID > 0 {
			next = max(next, min(u.ID, 1<<53)+1)
		}
	}
	if len(*doc.Result) > 0 && next == cur.Offset {
		return Page{}, unreadable(got, "nothing in the answer is a new update")
	}
	var lp listPage
	eachItem(&lp, "telegram", *doc.Result, func(u *telegramUpdate) (*puskaradio.Mention, error) {
		return o.update(q, u), nil
	})
	p := Page{Mentions: newest(lp.found), Faults: lp.faults, More: len(*doc.Result) >= most}
	return p, p.setCursor(&telegramCursor{next})
}

// newest leaves of each key the last mention.
func newest(ms []puskaradio.Mention) []puskaradio.Mention {
	slices.Reverse(ms)
	ms = once(ms)
	slices.Reverse(ms)
	return ms
}

// explain says what a refusal means.
func (o *telegram) explain(err error) error {
	fe, ok := errors.AsType[*FetchError](err)
	if !ok {
		return err
	}
	switch fe.Status {
	case http.StatusUnauthorized, http.StatusNotFound:
		return noLogin(err, "telegram: the token is not that of a bot any more; @BotFather tells it")
	case http.StatusConflict:
		return fmt.Errorf("telegram: another program reads this bot's updates, or it has a webhook; give puskaradio a bot of its own: %w", err)
	case http.StatusTooManyRequests:
		var said struct {
			Parameters struct {
				After float64 `json:"retry_after"`
			} `json:"parameters"`
		}
		json.Unmarshal(fe.Body, &said)
		return &puskaradio.RetryError{After: seconds(said.Parameters.After), Err: err}
	}
	return err
}

// update is what an update tells: a message, or that one was answered by the
// channel or an administrator in its name.
func (o *telegram) update(q Query, u *telegramUpdate) *puskaradio.Mention {
	msg := cmp.Or(u.Message, u.Changed)
	if o.Posts {
		msg = cmp.Or(msg, u.Post, u.Edit)
	}
	if msg == nil || msg.Chat.Type == "private" || !o.wanted(&msg.Chat) || msg.Forward || msg.From.Bot && msg.Sender == nil {
		return nil
	}
	if msg.Text == "" && msg.Caption == "" {
		return nil // a picture, or that somebody came
	}
	if s := msg.Sender; s != nil && (msg.Chat.Type == "group" || msg.Chat.Type == "supergroup") && (s.ID == msg.Chat.ID || s.Type == "channel") {
		to := msg.ReplyTo
		if to == nil || to.Forward || to.Sender != nil || to.From.Bot {
			return nil // the owner's own word
		}
		m := o.mention(q, to)
		m.Owner = ownerReply(cmp.Or(msg.Signature, s.Title), cmp.Or(msg.Text, msg.Caption), time.Unix(msg.Date, 0))
		return &m
	}
	m := o.mention(q, msg)
	return &m
}

func (o *telegram) wanted(chat *telegramPeer) bool {
	return len(o.Chats) == 0 || slices.Contains(o.Chats, strings.ToLower(chat.User)) || slices.Contains(o.Chats, strconv.FormatInt(chat.ID, 10))
}

func (o *telegram) mention(q Query, msg *telegramMessage) puskaradio.Mention {
	m := puskaradio.Mention{
		Author: foldText(cmp.Or(msg.From.User, msg.From.First, msg.Signature, msg.Chat.Title), 200),
		Text:   foldText(cmp.Or(msg.Text, msg.Caption), maxTextBytes), About: foldText(msg.Chat.Title, 500),
	}
	if msg.ID > 0 && msg.Chat.ID != 0 {
		chat, id := strconv.FormatInt(msg.Chat.ID, 10), strconv.FormatInt(msg.ID, 10)
		m.Ref = chat + "/" + id
		if in, ok := strings.CutPrefix(chat, "-100"); ok {
			m.URL = "https://t.me/c/" + in + "/" + id
		}
		if msg.Chat.User != "" && telegramChat.MatchString(msg.Chat.User) {
			m.URL = "https://t.me/" + msg.Chat.User + "/" + id
		}
	}
	put(&m, time.Unix(msg.Date, 0), puskaradio.DatePublished, q.Now)
	stamp(q, puskaradio.Social, &m)
	return m
}
