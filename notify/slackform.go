package notify

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	slackapi "github.com/slack-go/slack"

	"github.com/puskaradio/puskaradio"
)

const (
	answerForm = "answer"
	choosePost = "choose_post"
	answerText = "text"
	backNote   = "back"
	maxAnswer  = 3000 // Slack's own
	maxOption  = 75
)

// A draftPlace is what a form knows of where it was opened from.
type draftPlace struct {
	Alert   string        `json:"a"`
	Post    puskaradio.ID `json:"p"`
	Lang    string        `json:"l"`
	Channel string        `json:"c"`
	Send    bool          `json:"s"`
	Over    time.Time     `json:"o,omitzero"` // when what waits for a second person was written
}

// placeFor is the place of a form for a draft.
func placeFor(d *Draft, alert, lang, channel string) draftPlace {
	at := draftPlace{Alert: alert, Post: d.Post.ID, Lang: lang, Channel: channel, Send: d.Send}
	if d.Waits != nil {
		at.Over = d.Waits.At
	}
	return at
}

// draftView is the form in which a person reads, changes and approves an
// answer. Texts of strangers stand in it as in a message.
func draftView(d *Draft, at draftPlace, zone *time.Location) slackapi.ModalViewRequest {
	w, m := wordsOf(at.Lang), Message{Lang: at.Lang, Zone: zone}
	bs := []slackapi.Block{}
	if len(d.Posts) > 1 {
		bs = append(bs, chooser(m, d))
	}
	bs = append(bs, quoteBlock(m, "q-"+string(d.Post.ID), d.Post))
	input := &slackapi.PlainTextInputBlockElement{
		Type: slackapi.METPlainTextInput, ActionID: answerText, InitialValue: clip(d.Text, maxAnswer), Multiline: true, MaxLength: maxAnswer,
	}
	// A new name for each post: Slack keeps what was typed under the old one.
	bs = append(bs, slackapi.NewInputBlock(answerText+"-"+string(d.Post.ID), plainText(w.answer), nil, input))
	note, submit := w.byHand, w.byHandDone
	switch {
	case at.Send && d.Waits != nil:
		bs = append(bs, slackapi.NewInputBlock(backNote+"-"+string(d.Post.ID), plainText(w.giveBack), nil, &slackapi.PlainTextInputBlockElement{
			Type: slackapi.METPlainTextInput, ActionID: backNote, MaxLength: 1000,
		}).WithOptional(true))
		note, submit = strings.NewReplacer("{who}", clip(plain(d.Waits.Who), 80), "{as}", clip(plain(d.As), 80), "{to}", clip(plain(d.To), 200)).Replace(w.waits), w.send
	case at.Send && d.Second:
		note, submit = strings.NewReplacer("{as}", clip(plain(d.As), 80), "{to}", clip(plain(d.To), 200)).Replace(w.sendsSecond), w.toSecond
	case at.Send:
		note, submit = strings.NewReplacer("{as}", clip(plain(d.As), 80), "{to}", clip(plain(d.To), 200)).Replace(w.sendsAs), w.send
	}
	bs = append(bs, slackapi.NewContextBlock("n-"+string(d.Post.ID), plainText(clip(note, maxField))))
	meta, _ := json.Marshal(at) // strings and a bool always can be
	return slackapi.ModalViewRequest{
		Type: slackapi.VTModal, CallbackID: answerForm, PrivateMetadata: string(meta), Blocks: slackapi.Blocks{BlockSet: bs},
		Title: plainText(w.draftTitle), Submit: plainText(submit), Close: plainText(w.cancel),
	}
}

// chooser lets a person choose which post to answer.
func chooser(m Message, d *Draft) slackapi.Block {
	var options []*slackapi.OptionBlockObject
	var chosen *slackapi.OptionBlockObject
	for _, q := range d.Posts[:min(5, len(d.Posts))] {
		o := slackapi.NewOptionBlockObject(string(q.ID), plainText(clip(quoteHead(m, q)+": "+plain(q.Text), maxOption)), nil)
		if options = append(options, o); q.ID == d.Post.ID {
			chosen = o
		}
	}
	s := slackapi.NewOptionsSelectBlockElement(slackapi.OptTypeStatic, nil, choosePost, options...)
	s.InitialOption = chosen
	return slackapi.NewActionBlock("choose", s)
}

func plainText(s string) *slackapi.TextBlockObject {
	off := false
	return &slackapi.TextBlockObject{Type: slackapi.PlainTextType, Text: s, Emoji: &off}
}

// choose shows the form for another post.
func (e *ear) choose(ctx context.Context, x *slackapi.InteractionCallback, a *slackapi.BlockAction) error {
	at, err := placeOf(&x.View)
	if err != nil {
		return err
	}
	post := puskaradio.ID(a.SelectedOption.Value)
	out, err := e.Act(ctx, Wish{Do: DoDraft, Alert: at.Alert, Post: post, Who: nameOf(x.User.Name, x.User.ID), Lang: at.Lang})
	if err != nil || out.Draft == nil {
		return errors.Join(err, e.whisper(ctx, at.Channel, x.User.ID, wordsOf(at.Lang).gone))
	}
	at = placeFor(out.Draft, at.Alert, at.Lang, at.Channel)
	_, err = e.api.UpdateViewContext(ctx, draftView(out.Draft, at, e.Zone), "", x.View.Hash, x.View.ID)
	return classify(err)
}

func placeOf(v *slackapi.View) (at draftPlace, err error) {
	if v.CallbackID != answerForm {
		return at, errors.New("slack: the form is not one of ours")
	}
	return at, json.Unmarshal([]byte(v.PrivateMetadata), &at)
}

// answerOf is the text that stands in the form.
func answerOf(v *slackapi.View, at draftPlace) (block, text string) {
	block = answerText + "-" + string(at.Post)
	if v.State == nil {
		return block, ""
	}
	return block, strings.TrimSpace(v.State.Values[block][answerText].Value)
}

// backOf is the note with which an answer that waits is given back; empty if it
// is not.
func backOf(v *slackapi.View, at draftPlace) string {
	if v.State == nil || at.Over.IsZero() {
		return ""
	}
	return strings.TrimSpace(v.State.Values[backNote+"-"+string(at.Post)][backNote].Value)
}

// check says what is wrong with a form that was sent off, or nil.
func (e *ear) check(ctx context.Context, x *slackapi.InteractionCallback) *slackapi.ViewSubmissionResponse {
	at, err := placeOf(&x.View)
	if err != nil {
		return nil // do says so
	}
	block, text := answerOf(&x.View, at)
	fault := func(s string) *slackapi.ViewSubmissionResponse {
		return slackapi.NewErrorsViewSubmissionResponse(map[string]string{block: clip(s, 1000)})
	}
	switch {
	case !e.mayAct(x.User.ID):
		return fault(wordsOf(at.Lang).mayNot)
	case text == "":
		return fault(wordsOf(at.Lang).empty)
	case !at.Send, backOf(&x.View, at) != "":
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, ackIn)
	defer cancel()
	if _, err := e.Act(ctx, Wish{Do: DoCheck, Post: at.Post, Text: text, Who: nameOf(x.User.Name, x.User.ID), Account: x.User.ID, Lang: at.Lang, Over: at.Over}); err != nil {
		return fault(wishFault(at.Lang, err))
	}
	return nil
}

// submitted sends the answer that a person has approved by sending off the
// form.
func (e *ear) submitted(ctx context.Context, x *slackapi.InteractionCallback) error {
	at, err := placeOf(&x.View)
	if err != nil {
		return err
	}
	_, text := answerOf(&x.View, at)
	w := Wish{Do: DoAnswered, Alert: at.Alert, Post: at.Post, Text: text, Who: nameOf(x.User.Name, x.User.ID), Account: x.User.ID, Lang: at.Lang, Over: at.Over}
	note := backOf(&x.View, at)
	switch {
	case note != "":
		w.Do, w.Text, text = DoBack, note, note+"\n\n"+text
	case at.Send:
		w.Do = DoSend
	}
	out, err := e.Act(ctx, w)
	switch { // the form is gone: what was written in it must not be lost with it
	case err != nil:
		return e.whisper(ctx, at.Channel, x.User.ID, wishFault(at.Lang, err)+"\n\n"+text)
	case note != "":
		return e.whisper(ctx, at.Channel, x.User.ID, out.Text+"\n\n"+text)
	}
	return e.whisper(ctx, at.Channel, x.User.ID, out.Text)
}
