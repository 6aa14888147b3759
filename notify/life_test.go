package notify

import (
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// lifeMessages are what golden files hold of the life of an alert and of the rules
// beside that of spikes.
func lifeMessages() map[string]Message {
	maija := &puskaradio.Hand{By: "Maija <!here>", At: at.Add(5 * time.Minute)}
	claimed, calmed, topic := anAlert(), anAlert(), anAlert()
	claimed.Claimed, claimed.Rev = maija, 1
	calmed.Calmed, calmed.Rev = maija, 1
	topic.Rule, topic.Topic, topic.Words = puskaradio.RuleTopic, "delivery", nil
	rating := &puskaradio.Alert{
		ID: "RATING22", Brand: "acme", Name: "Acme", Rule: puskaradio.RuleRating, From: at.AddDate(0, 0, -7), To: at, Odds: 0.0012, Severity: puskaradio.Notice,
		Stars: &puskaradio.Stars{Now: 3.62, Usual: 4.31, N: 34, Year: 812}, Quotes: anAlert().Quotes[:2], Coverage: "3/3", Decided: at, State: "open",
	}
	silence := &puskaradio.Alert{
		ID: "SILENCE2", Brand: "acme", Name: "Acme, Rival", Rule: puskaradio.RuleSilence, Source: "forum <!here>", From: at.AddDate(0, 0, -3), To: at, Reads: 41,
		UsualAll: 12.3, Odds: 0.0002, Severity: puskaradio.Notice, Coverage: "3/3", Decided: at, State: "open",
	}
	over := *silence
	over.State, over.Rev = "over", 1
	return map[string]Message{
		"claimed": {Key: "a/7F3KQ2AA", Alert: claimed}, "false-alarm": {Key: "a/7F3KQ2AA", Alert: calmed}, "topic": {Key: "a/7F3KQ2AA", Alert: topic},
		"reminder": {Key: "r/7F3KQ2AA", Alert: anAlert(), Turn: Reminder}, "escalated": {Key: "e/7F3KQ2AA", Alert: anAlert(), Turn: Escalated},
		"rating": {Key: "a/RATING22", Alert: rating}, "silence": {Key: "a/SILENCE2", Alert: silence}, "silence-over": {Key: "a/SILENCE2", Alert: &over},
	}
}

// TestTurns: what is said of an alert in the course of its life.
func TestTurns(t *testing.T) {
	at := time.Date(2026, 11, 21, 6, 20, 0, 0, time.UTC)
	maija := &puskaradio.Hand{By: "Maija", At: at}
	for _, tt := range []struct {
		name   string
		turn   Turn
		set    func(a *puskaradio.Alert)
		fi, en string // what its sentence begins with, … what it ends with
	}{
		{"claimed", Told, func(a *puskaradio.Alert) { a.Claimed = maija }, "Kielteisten piikki: Acme … Maija otti tämän 21.11. klo 8.20.", "Negative spike: Acme … Maija took this on 21 Nov, 08:20."},
		{"false", Told, func(a *puskaradio.Alert) { a.Calmed = maija }, "Väärä hälytys: Kielteisten piikki: Acme … Maija merkitsi vääräksi 21.11. klo 8.20.", "False alarm: Negative spike: Acme … Maija called it a false alarm on 21 Nov, 08:20."},
		{"snoozed", Told, func(a *puskaradio.Alert) { a.Snoozed = at }, "Kielteisten piikki: … Torkutettu 21.11. klo 8.20 asti.", "Negative spike: … Snoozed until 21 Nov, 08:20."},
		{"reminder", Reminder, func(*puskaradio.Alert) {}, "Kukaan ei ole vielä ottanut tätä: Kielteisten piikki: Acme … ", "Nobody has taken this yet: Negative spike: Acme … "},
		{"escalated", Escalated, func(*puskaradio.Alert) {}, "Kukaan ei ole ottanut tätä ajoissa: Kielteisten piikki: … ", "Nobody took this in time: Negative spike: … "},
		{"escalated and then claimed", Escalated, func(a *puskaradio.Alert) { a.Claimed = maija }, "Kielteisten piikki: … Maija otti tämän 21.11. klo 8.20.", "Negative spike: … Maija took this on 21 Nov, 08:20."},
		{"news", News, func(*puskaradio.Alert) {}, "+6 kielteistä, yhteensä 14 (tavallisesti 2). Uusista vakavin: … ", "+6 negative, 14 in all (usually 2). Worst of the new: … "},
		{"due soon", DueSoon, func(*puskaradio.Alert) {}, "Vastattava viimeistään 21.11. klo… 8.23; Maija on ottanut tämän.", "To be answered by 21 Nov, 08:23; … Maija has it."},
		{"overdue", Overdue, func(*puskaradio.Alert) {}, "Vastaus on myöhässä: sen piti lähteä 21.11. klo… 8.23; kukaan ei ole ottanut tätä.", "Not answered in time: it was due on 21 Nov, 08:23; … nobody has it."},
		{"its end", News, func(a *puskaradio.Alert) { a.State = "over" }, "Ohi 2 h jälkeen: yhteensä 14 kielteistä. … ", "Over after 2 h: 14 negative in all. … "},
	} {
		for lang, want := range map[string]string{"fi": tt.fi, "en": tt.en} {
			m := alertMessage(t)
			a := *m.Alert
			a.Usual, a.Negative, a.From = 2, 14, a.To.Add(-2*time.Hour)
			tt.set(&a)
			m.Alert, m.Turn, m.Lang, m.Since = &a, tt.turn, lang, 6
			if m.Due = at.Add(3 * time.Minute); tt.turn == DueSoon {
				m.Who = "Maija"
			}
			got := Sentence(m)
			begins, ends, _ := strings.Cut(want, "… ")
			if !strings.HasPrefix(got+" ", begins) || !strings.HasSuffix(got, ends) {
				t.Errorf("%s, %s:\n%s\nwant\n%s", tt.name, lang, got, want)
			}
			if shown := Blocks(m); (len(shown) == 0) != (tt.turn == News || tt.turn == DueSoon || tt.turn == Overdue) {
				t.Errorf("%s: %d blocks", tt.name, len(shown))
			}
		}
	}
}

// TestSlackThread: a message that belongs below another is put there, and is
// looked for there when a try may have arrived; a reminder stands in the channel
// as well.
func TestSlackThread(t *testing.T) {
	for turn, shown := range map[Turn]bool{News: false, Reminder: true, DueSoon: true, Overdue: true} {
		s := newSlack(t)
		n, m := s.bot(t), alertMessage(t)
		m.Turn, m.Thread, m.Again = turn, "C1/17.000042", true
		if _, err := n.Notify(t.Context(), client(), m); err != nil {
			t.Fatal(err)
		}
		if got, want := s.methods(), "conversations.replies chat.postMessage"; got != want {
			t.Fatalf("called %s, want %s", got, want)
		}
		if look := s.calls[0]; look["channel"] != "C1" || look["ts"] != "17.000042" {
			t.Errorf("looked at %v", look)
		}
		post := s.calls[1]
		if (post["reply_broadcast"] == "true") != shown || post["thread_ts"] != "17.000042" {
			t.Errorf("%s: thread %v, shown %v", turn, post["thread_ts"], post["reply_broadcast"])
		}
	}
}

// TestThreaders: only what can answer below its messages says so.
func TestThreaders(t *testing.T) {
	s := newSlack(t)
	for name, tt := range map[string]struct {
		n              Notifier
		threads, edits bool
	}{"bot": {s.bot(t), true, true}, "webhook": {s.webhook(t), false, false}, "mail": {&mails{}, false, false}, "shoutrrr": {&shout{}, false, false}, "signed": {&webhook{}, false, true}} {
		threader, _ := tt.n.(Threader)
		editor, _ := tt.n.(Editor)
		if threads, edits := threader != nil && threader.Threads(), editor != nil && editor.Edits(); threads != tt.threads || edits != tt.edits {
			t.Errorf("%s: threads %v, edits %v", name, threads, edits)
		}
	}
}
