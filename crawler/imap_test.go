package crawler

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// FuzzMail reads mails as strangers send them.
func FuzzMail(f *testing.F) {
	for _, s := range []string{
		"From: Maija <maija@a.example>\r\nSubject: =?iso-8859-1?Q?P=E4iv=E4=E4?=\r\nDate: Sat, 21 Nov 2026 10:00:00 +0200\r\nMessage-ID: <1@a.example>\r\n\r\n9\r\nHyvä.\r\n\r\nOn Mon, 16 Nov 2026 Acme wrote:\r\n> Hei\r\n",
		"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-7\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+aGVpPC9iPjxibG9ja3F1b3RlPng=\r\n--b--\r\n",
		"Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\n\r\n----\r\n", "Subject: x\r\n folded\r\n\tagain\r\n\r\n", ":\r\n\r\n", "\r\n\r\n",
	} {
		f.Add([]byte(s), "nps")
		f.Add([]byte(s), "")
	}
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, raw []byte, survey string) {
		if _, ok := surveys[survey]; !ok {
			survey = ""
		}
		o := &mailbox{Survey: survey}
		m, left, err := o.mention(Query{Now: now}, raw[:min(len(raw), mailBytes)], now.Add(-time.Hour))
		if err != nil || left != "" {
			return
		}
		again, _, _ := o.mention(Query{Now: now.Add(time.Hour)}, raw[:min(len(raw), mailBytes)], now.Add(-30*time.Minute))
		if m.Ref != again.Ref {
			t.Errorf("a mail has two names: %q, %q", m.Ref, again.Ref)
		}
		if len(m.Text) > maxTextBytes || m.Published.After(now.Add(10*time.Minute)) || m.Published.Location() != time.UTC {
			t.Errorf("mention %+v", m)
		}
		if m.Rating != nil && SurveyOf(m.Rating) != survey {
			t.Errorf("rating %+v of a survey %q", m.Rating, survey)
		}
		if m.Text == "" && m.Title == "" && m.Rating == nil {
			t.Error("it says nothing")
		}
	})
}

func TestOwnWords(t *testing.T) {
	for _, tt := range []struct{ name, mail, want string }{
		{"nothing quoted", "Hei!\n\nToimitus kesti.\n", "Hei! Toimitus kesti."},
		{"English", "Too slow.\n\nOn Mon, 16 Nov 2026 at 09:12, Acme <feedback@acme.example> wrote:\n> How was it?\n> 0-10\n", "Too slow."},
		{"broken line", "Too slow.\nOn Mon, 16 Nov 2026 at 09:12, Acme Customer Service\n<feedback@acme.example> wrote:\n> How was it?\n", "Too slow."},
		{"a number before a broken line", "I waited 3 weeks\nOn Mon, 16 Nov 2026 at 09:12, Acme Customer Service\n<feedback@acme.example>\nwrote:\n> How was it?\n", "I waited 3 weeks"},
		{"Finnish", "Hidas.\n\nma 16. marrask. 2026 klo 9.12 Acme Oy (palaute@acme.example) kirjoitti:\n\n> Mitä pidit?\n", "Hidas."},
		{"Apple in Finnish", "Hidas.\n\nAcme <palaute@acme.example> kirjoitti 16.11.2026 kello 9.12:\n\n> Mitä pidit?\n\nLähetetty iPhonesta\n", "Hidas."},
		{"below the quote", "On Mon, 16 Nov 2026, Acme wrote:\n> How was it?\n\nToo slow.\n-- \nMaija\n+358 40 1234567\n", "Too slow."},
		{"between quotes", "> How was the delivery?\nToo slow.\n> And the price?\nFine.\n", "Too slow. Fine."},
		{"Outlook", "Too slow.\n\n-----Original Message-----\nFrom: Acme\nSent: Monday\nTo: Maija\nSubject: How was it?\n\nHow was it?\n", "Too slow."},
		{"Outlook without a line", "Liian hidas.\n\nLähettäjä: Acme <a@acme.example>\nLähetetty: maanantai 16. marraskuuta 2026 9.12\nVastaanottaja: Maija\nAihe: Mitä pidit?\n\nMitä pidit?\n", "Liian hidas."},
		{"not quoted below", "Too slow.\n\n2026-11-16 9:12 GMT+02:00 Acme <a@acme.example> wrote:\nHow was it?\n", "Too slow."},
		{"words that only look so", "He wrote: nothing came in 3 days.\nTo: whom it may concern\nNobody answered.", "He wrote: nothing came in 3 days. To: whom it may concern Nobody answered."},
		{"only a quote", "> How was it?\n", ""},
	} {
		if got := foldText(ownWords(tt.mail), 1000); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	for _, tt := range []struct{ name, mail, want string }{
		{"Gmail", `<div dir="ltr">Liian <b>hi</b>das &amp; kallis.</div><br><div class="gmail_quote"><div class="gmail_attr">ma 16. marrask. 2026 klo 9.12 Acme (<a href="mailto:a@b">a@b</a>) kirjoitti:<br></div><blockquote><p>Mitä pidit?</p></blockquote></div>`, "Liian hidas & kallis."},
		{"Outlook", `<html><head><style>p{color:red}</style></head><body><p>Too slow.</p><div id="divRplyFwdMsg"><b>From:</b> Acme</div><p>How was it?</p>`, "Too slow."},
		{"Word", `<p>Too slow.</p><div><p><b>From:</b> Acme<br><b>Sent:</b> Monday<br><b>To:</b> Maija<br><b>Subject:</b> Hi</p></div><p>How was it?</p>`, "Too slow."},
		{"below", `<blockquote>How was it?<br>0-10</blockquote><p>Too slow.</p>`, "Too slow."},
		{"never ends", `<p>Too slow.</p><style>p{`, "Too slow."},
	} {
		if got := foldText(ownWords(mailLines(tt.mail)), 1000); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestHostileMail reads mails that are made to hurt: each in little time, and
// those that hold words give them.
func TestHostileMail(t *testing.T) {
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	head := "From: Maija <maija@a.example>\r\nSubject: Hei\r\nMIME-Version: 1.0\r\n"
	deep := strings.Builder{}
	for i := range 2000 {
		fmt.Fprintf(&deep, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	for _, tt := range []struct{ name, mail, want string }{
		{"10,000 parts", head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHei.\r\n" + strings.Repeat("--b\r\n\r\nx\r\n", 10_000), "Hei."},
		{"10,000 empty parts first", head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\n\r\n", 10_000) + "--b\r\n\r\nHei.\r\n", ""},
		{"parts in parts", head + deep.String() + "\r\nHei.", ""},
		{"no boundary", head + "Content-Type: multipart/mixed\r\n\r\nHei.\r\n", ""},
		{"a charset that is none", head + "Content-Type: text/plain; charset=klingon\r\n\r\nP\xe4iv\xe4\xe4.\r\n", "Päivää."},
		{"a charset that lies", head + "Content-Type: text/plain; charset=us-ascii\r\n\r\nPäivää.\r\n", "Päivää."},
		{"an encoding that is none", head + "Content-Transfer-Encoding: x-uuencode\r\n\r\nHei.\r\n", "Hei."},
		{"base64 that breaks off", head + "Content-Transfer-Encoding: base64\r\n\r\nSGVpLg==!!!!\r\n", "Hei."},
		{"an attachment first", head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nsecret\r\n--b\r\n\r\nHei.\r\n", "Hei."},
		{"a mail in a mail", head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHei.\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nnot this\r\n", "Hei."},
		{"a line of 100 KB", head + "\r\nHei. " + strings.Repeat("a", 100<<10), "Hei. "},
		{"a subject over many lines", "From: a@b.example\r\nSubject: Hei" + strings.Repeat("\r\n  x", 2000) + "\r\n\r\nHei.\r\n", "Hei."},
		{"a header without an end", "From: a@b.example\r\n" + strings.Repeat("X: y\r\n", 20_000), "error"},
	} {
		o := &mailbox{}
		began := time.Now()
		m, _, err := o.mention(Query{Now: now}, []byte(tt.mail)[:min(len(tt.mail), mailBytes)], now)
		if got := m.Text; err == nil && !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" || (err != nil) != (tt.want == "error") {
			t.Errorf("%s: %.60q, %v, want %q", tt.name, got, err, tt.want)
		}
		if d := time.Since(began); d > 20*time.Second {
			t.Errorf("%s: %v", tt.name, d)
		}
	}
}

func TestMailDates(t *testing.T) {
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	came := now.Add(-2 * time.Hour)
	for _, tt := range []struct {
		name, header string
		want         time.Time
		from         puskaradio.DateFrom
	}{
		{"as it should be", "Date: Sun, 22 Nov 2026 07:30:00 +0200 (EET)", now.Add(-150 * time.Minute), puskaradio.DatePublished},
		{"to come", "Date: Sun, 22 Nov 2027 07:30:00 +0200", came, puskaradio.DateUpdated},
		{"a clock that stands still", "Date: Thu, 1 Jan 1970 00:00:00 +0000", came, puskaradio.DateUpdated},
		{"long before", "Date: Thu, 1 Jan 2015 00:00:00 +0000", came, puskaradio.DateUpdated},
		{"no date", "Date: yesterday", came, puskaradio.DateUpdated},
		{"copied to another server", "Date: x\r\nReceived: from a by b; Sat, 14 Nov 2026 10:00:00 +0000", time.Date(2026, 11, 14, 10, 0, 0, 0, time.UTC), puskaradio.DateUpdated},
	} {
		m, _, err := (&mailbox{}).mention(Query{Now: now}, []byte("Subject: Hei\r\n"+tt.header+"\r\n\r\nHei.\r\n"), came)
		if err != nil || !m.Published.Equal(tt.want) || m.DateFrom != tt.from {
			t.Errorf("%s: %v %s, %v, want %v %s", tt.name, m.Published, m.DateFrom, err, tt.want, tt.from)
		}
	}
}
