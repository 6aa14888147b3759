package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	slackapi "github.com/slack-go/slack"

	"github.com/puskaradio/puskaradio"
)

// slack writes to one Slack channel: with a bot token, which can edit what it
// wrote and look it up, or with the URL of an incoming webhook, which can only
// post. Secrets come from the environment.
type slack struct {
	Channel    string `json:"channel,omitempty" jsonschema:"description=The id of the channel (C…); needed with a bot token"`
	TokenEnv   string `json:"token_env,omitempty" jsonschema:"description=The environment variable that holds the bot token (xoxb-…); SLACK_BOT_TOKEN unless said"`
	WebhookEnv string `json:"webhook_env,omitempty" jsonschema:"description=The environment variable that holds the URL of an incoming webhook; used instead of a token"`
	API        string `json:"api,omitempty" jsonschema:"description=Where the Slack API is; https://slack.com/api/ unless said"`

	AppTokenEnv string   `json:"app_token_env,omitempty" jsonschema:"description=The environment variable that holds the app-level token (xapp-…) with the scope connections:write; with it alerts have buttons and /puskaradio answers"`
	Agents      []string `json:"agents,omitempty" jsonschema:"description=The Slack ids (U…) of those who may claim and answer; everybody in the channel unless said"`

	token, webhook, appToken string
}

// Check implements the check of [New].
func (s *slack) Check(secret Secret) error {
	if s.WebhookEnv != "" {
		if s.AppTokenEnv != "" {
			return errors.New("app_token_env goes with a bot token: a webhook has no buttons")
		}
		url, err := secret(s.WebhookEnv)
		if err != nil {
			return err
		}
		if !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://127.0.0.1") {
			return fmt.Errorf("%s does not hold the URL of a webhook: it begins with https://hooks.slack.com/", s.WebhookEnv)
		}
		s.webhook = url
		return nil
	}
	if s.Channel == "" {
		return errors.New(`"channel" is missing: write the id of the channel, which Slack shows at the end of "View channel details"`)
	}
	token, err := secret(cmp.Or(s.TokenEnv, "SLACK_BOT_TOKEN"))
	if err != nil {
		return err
	}
	if !strings.HasPrefix(token, "xoxb-") {
		return fmt.Errorf("%s does not hold a bot token: it begins with xoxb-", cmp.Or(s.TokenEnv, "SLACK_BOT_TOKEN"))
	}
	s.token = token
	if s.AppTokenEnv != "" {
		if s.appToken, err = secret(s.AppTokenEnv); err != nil {
			return err
		}
		if !strings.HasPrefix(s.appToken, "xapp-") {
			return fmt.Errorf("%s does not hold an app-level token: it begins with xapp-; make one under Basic Information → App-Level Tokens", s.AppTokenEnv)
		}
	}
	return nil
}

func (s *slack) api(hc *http.Client) *slackapi.Client {
	opts := []slackapi.Option{slackapi.OptionHTTPClient(s.client(hc)), slackapi.OptionAppLevelToken(s.appToken)}
	if s.API != "" {
		opts = append(opts, slackapi.OptionAPIURL(strings.TrimRight(s.API, "/")+"/"))
	}
	return slackapi.New(s.token, opts...)
}

func (s *slack) client(hc *http.Client) *http.Client {
	c := *hc
	if c.Transport == nil {
		c.Transport = new(http.Transport)
	}
	c.Transport = retryAfter{c.Transport}
	c.Timeout = cmp.Or(hc.Timeout, 30*time.Second)
	return &c
}

// Notify implements [Notifier].
func (s *slack) Notify(ctx context.Context, hc *http.Client, m Message) (string, error) {
	if s.webhook != "" {
		return s.notifyWebhook(ctx, hc, m)
	}
	m.Buttons = s.appToken != ""
	api := s.api(hc)
	if m.Again && m.Ref == "" {
		ref, newest, err := s.find(ctx, api, m)
		if err == nil && ref != "" && newest {
			return ref, nil
		}
		m.Ref = ref // it says an older version, or is empty
		// Where it cannot be looked for, saying it twice is better than not.
	}
	meta := slackapi.MsgOptionMetadata(metadata(m))
	var err error
	for _, blocks := range variants(m) {
		opts := []slackapi.MsgOption{
			slackapi.MsgOptionText(Escape(clip(Sentence(m), 3000)), false), meta,
			slackapi.MsgOptionDisableLinkUnfurl(), slackapi.MsgOptionDisableMediaUnfurl(),
		}
		if blocks != nil {
			opts = append(opts, slackapi.MsgOptionBlocks(blocks...))
		}
		opts = append(opts, thread(m)...)
		var ref string
		ref, err = s.post(ctx, api, m.Ref, opts)
		if err == nil || !badBlocks(err) {
			return ref, err
		}
	}
	return "", err
}

// variants are a message with everything, without its chart, and without any
// blocks: Slack brings new kinds of blocks to one workspace after another.
func variants(m Message) [][]slackapi.Block {
	full := Blocks(m)
	lean := slices.DeleteFunc(slices.Clone(full), func(b slackapi.Block) bool {
		_, chart := b.(*slackapi.DataVisualizationBlock)
		return chart
	})
	if len(lean) == len(full) {
		return [][]slackapi.Block{full, nil}
	}
	return [][]slackapi.Block{full, lean, nil}
}

func (s *slack) post(ctx context.Context, api *slackapi.Client, ref string, opts []slackapi.MsgOption) (string, error) {
	if channel, ts, ok := strings.Cut(ref, "/"); ok {
		_, edited, _, err := api.UpdateMessageContext(ctx, channel, ts, opts...)
		if answer, ok := errors.AsType[slackapi.SlackErrorResponse](err); !ok || !slices.Contains(uneditable, answer.Err) {
			return channel + "/" + edited, classify(err)
		}
		// Somebody has deleted it, or may no longer change it: it is said anew.
	}
	channel, ts, err := api.PostMessageContext(ctx, s.Channel, opts...)
	return channel + "/" + ts, classify(err)
}

// metadata names a message, so that it can be found again.
func metadata(m Message) slackapi.SlackMetadata {
	payload := map[string]any{"key": m.Key}
	if m.Alert != nil {
		payload["alert_id"], payload["rev"] = m.Alert.ID, m.Alert.Rev
	}
	return slackapi.SlackMetadata{EventType: "puskaradio_message", EventPayload: payload}
}

// find looks for a message among the last hundred of the channel, and says
// whether what stands there is its newest version.
func (s *slack) find(ctx context.Context, api *slackapi.Client, m Message) (ref string, newest bool, err error) {
	messages, err := s.around(ctx, api, m)
	if err != nil {
		return "", false, classify(err)
	}
	for _, msg := range messages {
		if key, _ := msg.Metadata.EventPayload["key"].(string); key == m.Key && msg.Timestamp != "" {
			rev, _ := msg.Metadata.EventPayload["rev"].(float64)
			return s.Channel + "/" + msg.Timestamp, m.Alert == nil || int(rev) >= m.Alert.Rev, nil
		}
	}
	return "", false, nil
}

// notifyWebhook posts. What was posted cannot be edited: an update is left
// out, the end is said anew.
func (s *slack) notifyWebhook(ctx context.Context, hc *http.Client, m Message) (string, error) {
	if m.Ref != "" && (m.Alert == nil || m.Alert.State != "over") {
		return m.Ref, nil
	}
	off := false
	var err error
	for _, blocks := range variants(m) {
		msg := &slackapi.WebhookMessage{Text: Escape(clip(Sentence(m), 3000)), UnfurlLinks: &off, UnfurlMedia: &off}
		if blocks != nil {
			msg.Blocks = &slackapi.Blocks{BlockSet: blocks}
		}
		err = classify(slackapi.PostWebhookCustomHTTPContext(ctx, s.webhook, s.client(hc), msg))
		if err == nil {
			return "webhook", nil
		}
		if !badBlocks(err) {
			break
		}
	}
	return "", err
}

// Probe implements [Prober].
func (s *slack) Probe(ctx context.Context, hc *http.Client) (string, error) {
	if s.webhook != "" {
		return "a webhook is set; only a message shows whether it works (puskaradio test-alert)", nil
	}
	api := s.api(hc)
	who, err := api.AuthTestContext(ctx)
	if err != nil {
		return "", classify(err)
	}
	_, err = api.GetConversationHistoryContext(ctx, &slackapi.GetConversationHistoryParameters{ChannelID: s.Channel, Limit: 1})
	if err := classify(err); err != nil {
		return "", fmt.Errorf("the token is good (%s in %s), but the channel cannot be read: %w", who.User, who.Team, err)
	}
	found := fmt.Sprintf("%s in %s reads and writes %s", who.User, who.Team, s.Channel)
	if s.appToken == "" {
		return found + "; without app_token_env alerts have no buttons", nil
	}
	if err := s.probeSocket(ctx, hc); err != nil {
		return "", fmt.Errorf("%s, but buttons do not work: app_token_env: %w", found, err)
	}
	return found + ", and hears buttons", nil
}

// advice says what to do about what Slack answers; these end a delivery until
// a person has done it.
var advice = map[string]string{
	"channel_not_found": "there is no such channel, or the app is not in it: invite it with /invite",
	"not_in_channel":    "the app is not in the channel: invite it with /invite",
	"is_archived":       "the channel is archived: name another",
	"token_revoked":     "the token was revoked: install the app anew and set the new one",
	"token_expired":     "the token has expired: install the app anew and set the new one",
	"account_inactive":  "the app was removed from the workspace: install it anew and set the new token",
	"invalid_auth":      "the token is wrong: copy it again",
	"not_authed":        "there is no token: set it",
	"missing_scope":     "the app may not do that: add chat:write and channels:history to its scopes and install it anew",
	"restricted_action": "the workspace does not let the app write there: ask its admin",
	"invalid_blocks":    "Slack did not take the layout",
	"msg_too_long":      "the message was too long",
	"no_text":           "the message was empty",
}

// retried are answers that pass by themselves.
var retried = []string{"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"}

// uneditable are answers after which an edit will never get through, and a
// new message may.
var uneditable = []string{"message_not_found", "cant_update_message", "edit_window_closed"}

func badBlocks(err error) bool {
	s := err.Error()
	return strings.Contains(s, "invalid_blocks") || strings.Contains(s, "msg_too_long") || strings.Contains(s, "msg_blocks_too_long") || strings.Contains(s, "400 Bad Request")
}

// classify tells what will pass from what will not. What it gives holds no
// URL and no token.
func classify(err error) error {
	if err == nil {
		return nil
	}
	if limited, ok := errors.AsType[*slackapi.RateLimitedError](err); ok {
		return &puskaradio.RetryError{After: max(time.Second, limited.RetryAfter), Err: errors.New("slack: too many messages")}
	}
	if code, ok := errors.AsType[slackapi.StatusCodeError](err); ok {
		switch {
		case code.Code == http.StatusTooManyRequests || code.Code >= 500:
			return fmt.Errorf("slack: HTTP %d", code.Code)
		case code.Code == http.StatusBadRequest:
			return &puskaradio.PermanentError{Err: errors.New("slack: 400 Bad Request: Slack did not take the message")}
		}
		return &puskaradio.PermanentError{Err: fmt.Errorf("slack: HTTP %d: the webhook is gone, its channel archived or the address of the API wrong: make a new one, or mend that", code.Code)}
	}
	if answer, ok := errors.AsType[slackapi.SlackErrorResponse](err); ok {
		if slices.Contains(retried, answer.Err) {
			return fmt.Errorf("slack: %s", answer.Err)
		}
		return &puskaradio.PermanentError{Err: fmt.Errorf("slack: %s: %s", answer.Err, cmp.Or(advice[answer.Err], "see the API's documentation of this answer"))}
	}
	return fmt.Errorf("slack: %w", errNoAnswer)
}

// retryAfter puts the Retry-After header of a 429 into seconds, the only form
// that the library reads: some proxies send a date, nothing, or nonsense.
type retryAfter struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t retryAfter) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(r)
	if err != nil || resp.StatusCode != http.StatusTooManyRequests {
		return resp, err
	}
	resp.Header.Set("Retry-After", strconv.Itoa(int(retrySeconds(resp.Header, time.Now()).Seconds())))
	return resp, nil
}

func retrySeconds(h http.Header, now time.Time) time.Duration {
	const unsaid = 30 * time.Second
	v := strings.TrimSpace(h.Get("Retry-After"))
	d := unsaid
	if n, err := strconv.ParseInt(v, 10, 32); err == nil {
		d = time.Duration(n) * time.Second
	} else if at, err := http.ParseTime(v); err == nil {
		d = at.Sub(now).Round(time.Second)
	}
	return min(max(d, time.Second), 6*time.Hour)
}
