package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"slices"
	"strings"

	"github.com/nicholas-fedor/shoutrrr"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"

	"github.com/puskaradio/puskaradio"
)

// shout says a message in one sentence and its quotes through any service that
// shoutrrr knows: Teams, Discord, Telegram, Matrix, ntfy, Gotify, Pushover and
// others. What was said cannot be edited: of an alert come its beginning and its
// end.
type shout struct {
	URLEnv string `json:"url_env,omitempty" jsonschema:"description=The environment variable that holds the service's URL as shoutrrr writes it such as ntfy://ntfy.sh/topic or discord://token@id; SHOUTRRR_URL unless said"`

	url string
}

// Check implements the check of [New]. The URL holds the secret, so that no
// error shows it.
func (s *shout) Check(secret Secret) error {
	name := cmp.Or(s.URLEnv, "SHOUTRRR_URL")
	v, err := secret(name)
	if err != nil {
		return err
	}
	scheme, _, ok := strings.Cut(v, "://")
	if !ok || scheme == "logger" {
		return fmt.Errorf("%s does not hold the URL of a service such as ntfy://ntfy.sh/topic; see shoutrrr.nickfedor.com", name)
	}
	if _, err := shoutrrr.CreateSender(v); err != nil {
		return fmt.Errorf("%s: shoutrrr does not understand its %s:// URL; see shoutrrr.nickfedor.com", name, clip(plain(scheme), 30))
	}
	s.url = v
	return nil
}

// Notify implements [Notifier].
func (s *shout) Notify(ctx context.Context, _ *http.Client, m Message) (string, error) {
	if m.Ref != "" && (m.Alert == nil || m.Alert.State != "over") {
		return m.Ref, nil
	}
	sender, err := shoutrrr.NewSender(log.New(io.Discard, "", 0), s.url)
	if err != nil {
		return "", &puskaradio.PermanentError{Err: errors.New("shoutrrr: the URL of the service is not understood")}
	}
	scheme, _, _ := strings.Cut(s.url, "://")
	title := headline(m)
	sent := make(chan []error, 1)
	go func() { sent <- sender.Send(spoken(m), &types.Params{"title": tame(clip(title, 100))}) }() // it takes no context
	select {
	case errs := <-sent:
		if err := errors.Join(errs...); err != nil {
			return "", fmt.Errorf("shoutrrr: %s did not take it: %s", clip(plain(scheme), 30), s.safe(err))
		}
	case <-ctx.Done():
		return "", ctx.Err()
	}
	return cmp.Or(m.Ref, m.Key), nil
}

// spoken is a message in one sentence in which strangers call nobody and link
// nowhere, whatever markup the service reads, with our own link behind it.
func spoken(m Message) string {
	bare := m
	bare.Link = ""
	own := ""
	if m.Alert != nil {
		if m.Alert.Rule == puskaradio.RuleLive {
			a := *m.Alert
			a.Quotes = slices.Clone(a.Quotes)
			for i := range a.Quotes {
				own, a.Quotes[i].URL = webLink(a.Quotes[i].URL), ""
			}
			bare.Alert = &a
		} else {
			own = alertLink(m)
		}
	}
	text := tame(Sentence(bare))
	if own != "" {
		text += " " + own
	}
	return text
}

// tame puts a mark without width where markup, mentions and links begin.
func tame(s string) string {
	const joiner = "\u2060"
	return strings.NewReplacer("@", "@"+joiner, "<", "<"+joiner, "](", "]"+joiner+"(", "://", ":"+joiner+"//", "`", "`"+joiner, "www.", "www"+joiner+".").Replace(s)
}

// safe is an error without what of the URL it repeats.
func (s *shout) safe(err error) string {
	text := err.Error()
	_, rest, _ := strings.Cut(s.url, "://")
	parts := append([]string{s.url, rest}, strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune("/@:?&=", r) })...)
	for _, p := range parts {
		if len(p) >= 4 {
			text = strings.ReplaceAll(text, p, "…")
		}
	}
	return clip(plain(text), 200)
}
