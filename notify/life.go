package notify

import (
	"context"
	"fmt"
	"strings"
	"time"

	slackapi "github.com/slack-go/slack"

	"github.com/puskaradio/puskaradio"
)

// A Turn is what a message says of an alert.
type Turn string

// The turns of an alert.
const (
	Told      Turn = ""         // that it is there, and how it stands
	News      Turn = "news"     // what came since before, below the message
	Reminder  Turn = "reminder" // that nobody has claimed it
	Escalated Turn = "escalated"
	DueSoon   Turn = "due_soon" // that its post must be answered soon, below the message
	Overdue   Turn = "overdue"  // that it was not answered in time
)

// isLine reports whether a turn is a line of text below a message, not a message
// laid out like it.
func (t Turn) isLine() bool { return t == News || t == DueSoon || t == Overdue }

// A Threader is a notifier that may be able to answer below a message of its
// own; one that cannot is never given a Message.Thread, nor News.
type Threader interface{ Threads() bool }

// An Editor is a notifier in which a message that stands may be changed without
// anybody being called again; one that cannot does not hear who claims an alert.
type Editor interface{ Edits() bool }

// Threads implements [Threader]: with a bot token.
func (s *slack) Threads() bool { return s.webhook == "" }

// Edits implements [Editor]: with a bot token.
func (s *slack) Edits() bool { return s.webhook == "" }

// Edits implements [Editor]: programs want to know of every change.
func (*webhook) Edits() bool { return true }

// thread puts a message below the one that it belongs to; what calls for
// somebody is shown in the channel as well.
func thread(m Message) []slackapi.MsgOption {
	_, ts, ok := strings.Cut(m.Thread, "/")
	switch {
	case !ok:
		return nil
	case m.Turn != News:
		return []slackapi.MsgOption{slackapi.MsgOptionTS(ts), slackapi.MsgOptionBroadcast()}
	}
	return []slackapi.MsgOption{slackapi.MsgOptionTS(ts)}
}

// around are the last messages where a message would stand: in its channel, or
// below the one that it belongs to.
func (s *slack) around(ctx context.Context, api *slackapi.Client, m Message) ([]slackapi.Message, error) {
	if channel, ts, ok := strings.Cut(m.Thread, "/"); ok {
		got, _, _, err := api.GetConversationRepliesContext(ctx, &slackapi.GetConversationRepliesParameters{
			ChannelID: channel, Timestamp: ts, Limit: 100, IncludeAllMetadata: true,
		})
		return got, err
	}
	got, err := api.GetConversationHistoryContext(ctx, &slackapi.GetConversationHistoryParameters{
		ChannelID: s.Channel, Limit: 100, IncludeAllMetadata: true,
	})
	if err != nil {
		return nil, err
	}
	return got.Messages, nil
}

// lifeWords are what messages say of the life of an alert.
type lifeWords struct {
	taken, calmed, calm, snoozed, unclaimed, escalated, since, newest, ended, after string
	due, overdue, has, nobody                                                       string
}

func lifeWordsOf(lang string) lifeWords {
	if lang == "fi" {
		return lifeWords{
			taken: "%s otti tämän %s", calmed: "%s merkitsi vääräksi %s", calm: "Väärä hälytys", snoozed: "Torkutettu %s asti",
			unclaimed: "Kukaan ei ole vielä ottanut tätä", escalated: "Kukaan ei ole ottanut tätä ajoissa",
			since: "+%d kielteistä, yhteensä %d (tavallisesti %s).", newest: "Uusista vakavin", ended: "Ohi %s jälkeen: yhteensä %d kielteistä.", after: "%s h",
			due: "Vastattava viimeistään %s", overdue: "Vastaus on myöhässä: sen piti lähteä %s", has: "%s on ottanut tämän", nobody: "kukaan ei ole ottanut tätä",
		}
	}
	return lifeWords{
		taken: "%s took this on %s", calmed: "%s called it a false alarm on %s", calm: "False alarm", snoozed: "Snoozed until %s",
		unclaimed: "Nobody has taken this yet", escalated: "Nobody took this in time",
		since: "+%d negative, %d in all (usually %s).", newest: "Worst of the new", ended: "Over after %s: %d negative in all.", after: "%s h",
		due: "To be answered by %s", overdue: "Not answered in time: it was due on %s", has: "%s has it", nobody: "nobody has it",
	}
}

// turned puts before the headline of an alert what is said of it now.
func turned(m Message, h string) string {
	w := lifeWordsOf(m.Lang)
	switch {
	case m.Turn == Reminder:
		return w.unclaimed + ": " + h
	case m.Turn == Escalated && m.Alert.Claimed == nil && m.Alert.Calmed == nil:
		return w.escalated + ": " + h
	case m.Alert.Calmed != nil:
		return w.calm + ": " + h
	}
	return h
}

// handLine says who has an alert, or what else became of it; empty if nobody
// has said anything.
func handLine(m Message) string {
	w, a := lifeWordsOf(m.Lang), m.Alert
	say := func(format string, h *puskaradio.Hand) string {
		return fmt.Sprintf(format, clip(plain(h.By), 60), clock(m.Lang, h.At, m.Zone))
	}
	switch {
	case a == nil:
		return ""
	case a.Calmed != nil:
		return say(w.calmed, a.Calmed)
	case a.Claimed != nil:
		return say(w.taken, a.Claimed)
	case !a.Snoozed.IsZero() && m.Turn == Told:
		return fmt.Sprintf(w.snoozed, clock(m.Lang, a.Snoozed, m.Zone))
	}
	return ""
}

// withHand puts handLine into the sentence of an alert, before its link.
func withHand(m Message, s string) string {
	hand := handLine(m)
	if hand == "" {
		return s
	}
	link := ""
	if l := alertLink(m); l != "" {
		link = " " + wordsOf(m.Lang).open + ": " + l
	}
	s, had := strings.CutSuffix(s, link)
	if s += " " + hand + "."; had {
		s += link
	}
	return s
}

// handBlocks is handLine as Slack lays it out.
func handBlocks(m Message) []slackapi.Block {
	s := handLine(m)
	if s == "" {
		return nil
	}
	id := fmt.Sprintf("w-%s-%d", clip(m.Alert.ID, maxID), m.Alert.Rev)
	return []slackapi.Block{slackapi.NewContextBlock(id, &slackapi.TextBlockObject{Type: slackapi.MarkdownType, Text: markup(s, maxField)})}
}

// newsSentence says what is new of an alert, below the message of it.
func newsSentence(m Message) string {
	w, a := lifeWordsOf(m.Lang), m.Alert
	if a.State == "over" {
		return fmt.Sprintf(w.ended, hoursText(w, a.To.Sub(a.From)), a.Negative)
	}
	s := fmt.Sprintf(w.since, m.Since, a.Negative, number(m.Lang, a.Usual))
	if len(a.Quotes) > 0 {
		q := a.Quotes[0]
		s += " " + w.newest + ": "
		if r := stars(m.Lang, q.Rating); r != "" {
			s += r + ", "
		}
		s += clip(plain(q.Source), 60) + ": " + quoted(m.Lang, clip(plain(q.Text), 200))
		if u := webLink(q.URL); u != "" {
			s += " " + u
		}
	}
	return s
}

// dueSentence says that a post must be answered soon, or was not in time, and
// who has it.
func dueSentence(m Message) string {
	w := lifeWordsOf(m.Lang)
	s := w.due
	if m.Turn == Overdue {
		s = w.overdue
	}
	has := w.nobody
	if m.Who != "" {
		has = fmt.Sprintf(w.has, clip(plain(m.Who), 60))
	}
	return fmt.Sprintf(s, clock(m.Lang, m.Due, m.Zone)) + "; " + has + "."
}

func hoursText(w lifeWords, d time.Duration) string {
	return strings.TrimSpace(fmt.Sprintf(w.after, fmt.Sprint(int(d.Round(time.Hour)/time.Hour))))
}
