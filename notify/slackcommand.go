package notify

import (
	"context"
	"fmt"
	"strings"
	"time"

	slackapi "github.com/slack-go/slack"

	"github.com/puskaradio/puskaradio"
)

// command answers /puskaradio, to the one who asks.
func (e *ear) command(ctx context.Context, x *slackapi.SlashCommand) error {
	lang := e.Lang
	w, who := wordsOf(lang), nameOf(x.UserName, x.UserID)
	wish, ok := wishOf(x.Text)
	if !ok {
		return e.whisper(ctx, x.ChannelID, x.UserID, w.usage)
	}
	if wish.Do == DoMute && !e.mayAct(x.UserID) {
		return e.whisper(ctx, x.ChannelID, x.UserID, w.mayNot)
	}
	wish.Who, wish.Lang = who, lang
	out, err := e.Act(ctx, wish)
	if err != nil {
		return e.whisper(ctx, x.ChannelID, x.UserID, wishFault(lang, err))
	}
	if out.Digest != nil {
		m := Message{Digest: out.Digest, Lang: lang, Zone: e.Zone, Link: e.Link}
		return e.whisper(ctx, x.ChannelID, x.UserID, Sentence(m), Blocks(m)...)
	}
	return e.whisper(ctx, x.ChannelID, x.UserID, out.Text)
}

// wishOf reads what was written behind the command, in either language.
func wishOf(text string) (w Wish, ok bool) {
	words := strings.Fields(strings.ToLower(text))
	if len(words) == 0 {
		return Wish{Do: DoStatus}, true
	}
	rest := words[1:]
	switch words[0] {
	case "status", "tila":
		return Wish{Do: DoStatus}, len(rest) == 0
	case "digest", "kooste":
		w.Do = DoDigest
	case "mute", "vaienna":
		w.Do = DoMute
		if len(rest) == 0 {
			return w, false
		}
		var err error
		if w.For, err = time.ParseDuration(rest[0]); err != nil || w.For < time.Minute || w.For > 30*24*time.Hour {
			return w, false
		}
		rest = rest[1:]
	default:
		return w, false
	}
	if len(rest) == 1 {
		w.Brand = rest[0]
	}
	return w, len(rest) <= 1
}

// maxHome is how many cases of each part the home tab shows.
const maxHome = 10

// home shows a person what is theirs and what nobody has.
func (e *ear) home(ctx context.Context, user string) error {
	lang := e.Lang
	w := wordsOf(lang)
	who := user
	if info, err := e.api.GetUserInfoContext(ctx, user); err == nil { // it needs users:read
		who = nameOf(info.Name, user)
	}
	out, err := e.Act(ctx, Wish{Do: DoHome, Who: who, Lang: lang})
	if err != nil {
		return err
	}
	m := Message{Lang: lang, Zone: e.Zone, Link: e.Link}
	var bs []slackapi.Block
	for i, part := range []struct {
		title string
		cases []puskaradio.Case
	}{{w.mine, out.Mine}, {w.others, out.Others}} {
		bs = append(bs, header(fmt.Sprint("h-", i), fmt.Sprintf("%s (%d)", part.title, len(part.cases))))
		if len(part.cases) == 0 {
			bs = append(bs, slackapi.NewContextBlock(fmt.Sprint("n-", i), plainText(w.nothing)))
		}
		for j, c := range part.cases[:min(maxHome, len(part.cases))] {
			bs = append(bs, quoteBlock(m, fmt.Sprintf("q-%d-%d", i, j), puskaradio.QuoteOf(c.ID, &c.Mention)))
		}
	}
	_, err = e.api.PublishViewContext(ctx, slackapi.PublishViewContextRequest{
		UserID: user, View: slackapi.HomeTabViewRequest{Type: slackapi.VTHomeTab, Blocks: slackapi.Blocks{BlockSet: bs}},
	})
	return classify(err)
}
