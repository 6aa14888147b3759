package notify

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	slackapi "github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"

	"github.com/puskaradio/puskaradio"
)

const (
	ackIn       = 2 * time.Second // Slack waits three for the answer to a form
	actIn       = time.Minute
	atOnce      = 8       // wishes that are worked on at a time
	envelope    = 1 << 20 // bytes; Slack's are some kilobytes
	pingEvery   = 60 * time.Second
	openedIn    = 2 * time.Minute // a connection must say hello by then
	rememberFor = 500             // envelopes that are known to have come
)

// Ear implements [Hearer].
func (s *slack) Ear() string {
	if s.appToken == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(s.appToken))
	return hex.EncodeToString(sum[:8])
}

// Hear implements [Hearer] over one connection of Slack's Socket Mode, which
// needs no address that Slack could reach. Slack closes each after some hours.
func (s *slack) Hear(ctx context.Context, h Hearing) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	hc := *h.HTTP
	hc.Transport = &opensOnce{next: s.client(h.HTTP).Transport}
	e := &ear{
		slack: s, Hearing: h, api: s.api(&hc), slots: make(chan struct{}, atOnce), seen: map[string]bool{},
	}
	e.socket = socketmode.New(e.api, socketmode.OptionReadLimit(envelope), socketmode.OptionPingInterval(pingEvery),
		socketmode.OptionLog(log.New(io.Discard, "", 0)))
	var wg sync.WaitGroup
	wg.Go(func() { cancel(e.listen(ctx)) })
	err := e.socket.RunContext(ctx)
	cancel(classify(err))
	wg.Wait()
	e.work.Wait()
	return context.Cause(ctx)
}

// probeSocket asks for a connection, and leaves it.
func (s *slack) probeSocket(ctx context.Context, hc *http.Client) error {
	_, _, err := s.api(hc).StartSocketModeContext(ctx)
	return classify(err)
}

// opensOnce lets a connection be opened once: the library would open the next
// at once, however short this one was.
type opensOnce struct {
	next   http.RoundTripper
	opened atomic.Bool
}

var errEnded = errors.New("slack closed the connection")

// RoundTrip implements http.RoundTripper.
func (o *opensOnce) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/apps.connections.open") && o.opened.Swap(true) {
		if r.Body != nil {
			r.Body.Close()
		}
		return nil, errEnded
	}
	return o.next.RoundTrip(r)
}

// An ear is one connection.
type ear struct {
	*slack
	Hearing
	api    *slackapi.Client
	socket *socketmode.Client
	slots  chan struct{}
	work   sync.WaitGroup
	seen   map[string]bool // envelopes
	order  []string        // the same, the oldest first
}

// listen takes what comes until the connection ends, and gives why.
func (e *ear) listen(ctx context.Context) error {
	hello := time.NewTimer(openedIn)
	defer hello.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-hello.C:
			return errors.New("slack: no hello over the connection")
		case ev := <-e.socket.Events:
			switch ev.Type {
			case socketmode.EventTypeConnectionError:
				if failed, ok := ev.Data.(*slackapi.ConnectionErrorEvent); ok {
					if errors.Is(failed.ErrorObj, errEnded) {
						return errEnded
					}
					return classify(failed.ErrorObj)
				}
			case socketmode.EventTypeHello:
				hello.Stop()
				e.Log.Info("slack listens", "connections", ev.Request.NumConnections)
			case socketmode.EventTypeErrorBadMessage:
				if bad, ok := ev.Data.(*socketmode.ErrorBadMessage); ok {
					e.Log.Warn("slack sent what cannot be read", "err", bad.Cause)
				}
			}
			if ev.Request != nil && ev.Request.EnvelopeID != "" {
				e.take(ctx, ev)
			}
		}
	}
}

// take acknowledges what came and does it, once: Slack sends again what it
// believes was not acknowledged.
func (e *ear) take(ctx context.Context, ev socketmode.Event) {
	id := ev.Request.EnvelopeID
	if form, ok := ev.Data.(slackapi.InteractionCallback); ok && form.Type == slackapi.InteractionTypeViewSubmission {
		if fault := e.check(ctx, &form); fault != nil {
			e.ack(ctx, id, fault) // the form stays open, with what is wrong
			return
		}
	}
	e.ack(ctx, id, nil)
	if e.seen[id] {
		return
	}
	e.seen[id] = true
	if e.order = append(e.order, id); len(e.order) > rememberFor {
		delete(e.seen, e.order[0])
		e.order = e.order[1:]
	}
	select {
	case e.slots <- struct{}{}:
	case <-ctx.Done():
		return
	}
	e.work.Go(func() {
		defer func() { <-e.slots }()
		defer func() { // a fault in one wish must not end the others
			if r := recover(); r != nil {
				e.Log.Error("slack: a wish failed", "err", r)
			}
		}()
		// What was asked for is done even when the connection ends meanwhile.
		work, cancel := context.WithTimeout(context.WithoutCancel(ctx), actIn)
		defer cancel()
		if err := e.do(work, ev.Data); err != nil {
			e.Log.Warn("slack: what was asked for could not be answered", "err", err)
		}
	})
}

func (e *ear) ack(ctx context.Context, id string, payload any) {
	if err := e.socket.AckCtx(ctx, id, payload); err != nil && ctx.Err() == nil {
		e.Log.Warn("slack: cannot acknowledge", "err", err)
	}
}

func (e *ear) do(ctx context.Context, data any) error {
	switch x := data.(type) {
	case slackapi.InteractionCallback:
		switch x.Type {
		case slackapi.InteractionTypeBlockActions:
			return e.pressed(ctx, &x)
		case slackapi.InteractionTypeViewSubmission:
			return e.submitted(ctx, &x)
		}
	case slackapi.SlashCommand:
		return e.command(ctx, &x)
	case slackevents.EventsAPIEvent:
		if home, ok := x.InnerEvent.Data.(*slackevents.AppHomeOpenedEvent); ok && home.Tab == "home" {
			return e.home(ctx, home.User)
		}
	}
	return nil
}

// pressed does what a button asks for.
func (e *ear) pressed(ctx context.Context, x *slackapi.InteractionCallback) error {
	for _, a := range x.ActionCallback.BlockActions {
		if a.ActionID == choosePost {
			return e.choose(ctx, x, a)
		}
		do, ok := strings.CutPrefix(a.ActionID, "alert_")
		alert, lang := fromValue(a.Value)
		if !ok || alert == "" || !slices.Contains([]string{DoClaim, DoSnooze, DoCalm, DoDraft}, do) {
			continue // a link, or a button of an older version
		}
		if !e.mayAct(x.User.ID) {
			return e.whisper(ctx, x.Channel.ID, x.User.ID, wordsOf(lang).mayNot)
		}
		out, err := e.Act(ctx, Wish{Do: do, Alert: alert, Who: nameOf(x.User.Name, x.User.ID), Lang: lang})
		switch {
		case err != nil:
			return e.whisper(ctx, x.Channel.ID, x.User.ID, wishFault(lang, err))
		case do == DoDraft && out.Draft != nil:
			_, err := e.api.OpenViewContext(ctx, x.TriggerID, draftView(out.Draft, placeFor(out.Draft, alert, lang, x.Channel.ID), e.Zone))
			return classify(err)
		case out.Text != "":
			return e.whisper(ctx, x.Channel.ID, x.User.ID, out.Text)
		}
	}
	return nil
}

// whisper says something to one person, where that person acted.
func (e *ear) whisper(ctx context.Context, channel, user, text string, blocks ...slackapi.Block) error {
	if channel == "" || user == "" {
		return nil
	}
	opts := []slackapi.MsgOption{slackapi.MsgOptionText(Escape(clip(text, 3000)), false), slackapi.MsgOptionDisableLinkUnfurl()}
	if len(blocks) > 0 {
		opts = append(opts, slackapi.MsgOptionBlocks(blocks...))
	}
	_, err := e.api.PostEphemeralContext(ctx, channel, user, opts...)
	return classify(err)
}

// mayAct reports whether somebody may do more than read.
func (s *slack) mayAct(user string) bool {
	return len(s.Agents) == 0 || slices.Contains(s.Agents, user)
}

// nameOf is who somebody is, for the record.
func nameOf(name, id string) string { return clip(plain(cmp.Or(name, id)), 60) }

// toValue is what a button holds: which alert, which version, which language.
func toValue(m Message) string {
	return fmt.Sprintf("%s:%d:%s", clip(m.Alert.ID, maxID), m.Alert.Rev, m.Lang)
}

func fromValue(v string) (alert, lang string) {
	parts := strings.Split(v, ":")
	if len(parts) < 3 {
		return "", ""
	}
	return parts[0], parts[len(parts)-1]
}

// wishFault says in a sentence why something was not done.
func wishFault(lang string, err error) string {
	w := wordsOf(lang)
	taken, who := errors.AsType[*puskaradio.TakenError](err)
	switch {
	case who && taken.By != "":
		return w.taken + " " + sentence(fmt.Errorf("%s: %s", taken.By, topicName(lang, string(taken.As))))
	case errors.Is(err, puskaradio.ErrTaken):
		return w.taken + " " + sentence(err)
	case errors.Is(err, puskaradio.ErrNotFound):
		return w.gone
	case errors.Is(err, puskaradio.ErrOwn):
		return w.ownAnswer
	case errors.Is(err, puskaradio.ErrChanged):
		return w.changedPost
	}
	return w.notDone + " " + sentence(err)
}

func sentence(err error) string { return strings.TrimSuffix(plain(err.Error()), ".") + "." }
