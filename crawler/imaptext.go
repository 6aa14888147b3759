package crawler

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-message"

	"github.com/puskaradio/puskaradio"
)

const (
	maxMailHeader = 64 << 10
	maxMailParts  = 100 // that are looked at
	maxMailDepth  = 8   // of parts in parts
	dateEarly     = 30 * 24 * time.Hour
	dateLate      = 24 * time.Hour // by which a clock or a time zone may be wrong
)

// mailWords decodes the words of headers, of any charset.
func mailWords() *mime.WordDecoder {
	return &mime.WordDecoder{CharsetReader: func(charset string, r io.Reader) (io.Reader, error) {
		b, err := io.ReadAll(io.LimitReader(r, maxMailHeader))
		text, _ := toUTF8(b, charset, "")
		return bytes.NewReader(text), err
	}}
}

// headerText is a header as text.
func headerText(h *message.Header, name string) string {
	raw, _ := toUTF8([]byte(h.Get(name)), "", "")
	if text, err := mailWords().DecodeHeader(string(raw)); err == nil {
		return text
	}
	return string(raw)
}

// mention reads a mail, of which the end may be missing. left says why it is no
// customer's own words, empty if it is.
func (o *mailbox) mention(q Query, raw []byte, came time.Time) (m puskaradio.Mention, left string, err error) {
	e, err := message.ReadWithOptions(bytes.NewReader(raw), &message.ReadOptions{MaxHeaderBytes: maxMailHeader})
	if mended := mendHeader(raw); e == nil && err != nil && mended != nil {
		e, _ = message.ReadWithOptions(bytes.NewReader(mended), &message.ReadOptions{MaxHeaderBytes: maxMailHeader})
	}
	if e == nil {
		return m, "", errors.New("its header cannot be read")
	}
	name, address := sender(headerText(&e.Header, "From"))
	if left = o.leftOut(&e.Header, address); left != "" {
		return m, left, nil
	}
	plain, markup := mailParts(e)
	text := ownWords(plain)
	if strings.TrimSpace(text) == "" {
		text = ownWords(mailLines(markup))
	}
	m.Title = foldText(headerText(&e.Header, "Subject"), 1000)
	if o.Survey != "" {
		text = o.rate(&m, text)
	}
	m.Text = foldText(text, maxTextBytes)
	if m.Text == "" && m.Rating == nil && (m.Title == "" || isReplyTitle(m.Title)) {
		return m, "it says nothing", nil
	}
	m.Author = cmp.Or(name, pseudonym(address))
	m.Ref = mailRef(&e.Header, address, &m)
	m.Published, m.DateFrom = mailDate(&e.Header, came, q.Now)
	stamp(q, puskaradio.Survey, &m)
	return m, "", nil
}

// mendHeader leaves out of a header the lines that are none: one of them would
// hide the others.
func mendHeader(raw []byte) []byte {
	var out []byte
	for rest := raw; len(rest) > 0; {
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		if len(bytes.TrimSpace(line)) == 0 {
			return append(out, rest...)
		}
		name, _, ok := bytes.Cut(line, []byte(":"))
		if ok && len(name) > 0 && !bytes.ContainsAny(name, " \t\r") && name[0] > ' ' || len(out) > 0 && (line[0] == ' ' || line[0] == '\t') {
			out = append(append(out, line...), '\n')
		}
		rest = after
	}
	return nil // there is no end of the header
}

// sender is the name and the address of who wrote; a name that is an address is
// none.
func sender(from string) (name, address string) {
	if list, err := mail.ParseAddressList(from); err == nil && len(list) > 0 {
		name, address = list[0].Name, list[0].Address
	} else if i := strings.LastIndexByte(from, '<'); i >= 0 {
		name = strings.Trim(from[:i], ` "'`)
		address, _, _ = strings.Cut(from[i+1:], ">")
	} else {
		address = from
	}
	if strings.Contains(name, "@") {
		name = ""
	}
	return foldText(name, 200), strings.ToLower(foldText(address, 320))
}

// pseudonym tells one sender without a name from another, and keeps no address.
func pseudonym(address string) string {
	if address == "" {
		return ""
	}
	h := sha256.Sum256([]byte(address))
	return "sender " + hex.EncodeToString(h[:4])
}

// mailRef names a mail by what its sender called it, so that it keeps its name
// when the mailbox is made anew; the address is in it so that nobody else can
// take the name.
func mailRef(h *message.Header, address string, m *puskaradio.Mention) string {
	id := strings.TrimSpace(h.Get("Message-Id"))
	if id == "" {
		id = "\x00" + h.Get("Date") + "\x00" + m.Title + "\x00" + m.Text
	}
	sum := sha256.Sum256([]byte(address + "\x00" + id))
	return "mail:" + hex.EncodeToString(sum[:16])
}

// leftOut says why a mail is nobody's own words: what programs send by
// themselves, bounces, what is sent to many, and what is ours.
func (o *mailbox) leftOut(h *message.Header, address string) string {
	word := func(name string) string {
		v, _, _ := strings.Cut(h.Get(name), ";")
		return strings.ToLower(strings.TrimSpace(v))
	}
	_, domain, _ := strings.Cut(address, "@")
	local, _, _ := strings.Cut(address, "@")
	switch {
	case word("Auto-Submitted") != "" && word("Auto-Submitted") != "no", word("X-Autoreply") == "yes", h.Has("X-Autorespond"), word("Precedence") == "auto_reply":
		return "sent by a program"
	case word("Return-Path") == "<>", word("Content-Type") == "multipart/report", local == "mailer-daemon", local == "postmaster":
		return "a report of a mail server"
	case word("Precedence") == "junk", !o.Lists && (word("Precedence") == "bulk" || word("Precedence") == "list" || h.Has("List-Id") || h.Has("List-Unsubscribe")):
		return "sent to many"
	case slices.Contains(o.Ours, address), domain != "" && slices.Contains(o.Ours, domain):
		return "our own"
	}
	return ""
}

// mailParts are the first plain text of a mail and its first HTML.
func mailParts(e *message.Entity) (plain, markup string) {
	parts := 0
	var walk func(e *message.Entity, depth int)
	walk = func(e *message.Entity, depth int) {
		if parts++; parts > maxMailParts || depth > maxMailDepth {
			return
		}
		kind, params, _ := e.Header.ContentType()
		kind = strings.ToLower(kind)
		if r := e.MultipartReader(); r != nil {
			for parts <= maxMailParts && (plain == "" || markup == "") {
				part, err := r.NextPart()
				if part == nil || err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
					return
				}
				walk(part, depth+1)
			}
			return
		}
		disposition, dispositionParams, _ := e.Header.ContentDisposition()
		if strings.EqualFold(disposition, "attachment") || dispositionParams["filename"] != "" || params["name"] != "" {
			return
		}
		switch {
		case kind == "text/html" && markup == "":
			markup = partText(e, params["charset"], kind)
		case (kind == "text/plain" || kind == "text" || kind == "") && plain == "":
			plain = partText(e, params["charset"], kind)
		}
	}
	walk(e, 0)
	return plain, markup
}

// partText is a part in UTF-8, whatever its charset is said to be; one that
// breaks off counts as far as it goes.
func partText(e *message.Entity, charset, kind string) string {
	b, _ := io.ReadAll(io.LimitReader(e.Body, mailBytes))
	text, _ := toUTF8(b, charset, kind)
	return string(text)
}

// mailDate is when a mail was written: what its Date says, if that is not long
// before it came or after; else when it came.
func mailDate(h *message.Header, came, now time.Time) (time.Time, puskaradio.DateFrom) {
	if came.Year() < 1995 || came.After(now.Add(dateLate)) {
		came = time.Time{}
	}
	_, stamp := lastCut(h.Get("Received"), ";")
	if at, err := mail.ParseDate(strings.TrimSpace(stamp)); err == nil && at.Year() >= 1995 && (came.IsZero() || at.Before(came)) && !at.After(now) {
		came = at // the server's own note stays with the mail when it is copied
	}
	wrote, err := mail.ParseDate(h.Get("Date"))
	if err == nil && wrote.Year() >= 1995 && !wrote.After(now.Add(10*time.Minute)) &&
		(came.IsZero() || !wrote.After(came.Add(dateLate)) && !wrote.Before(came.Add(-dateEarly))) {
		return wrote.UTC(), puskaradio.DatePublished
	}
	if came.IsZero() {
		return time.Time{}, ""
	}
	return came.UTC(), puskaradio.DateUpdated
}

func lastCut(s, sep string) (before, after string) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):]
	}
	return s, ""
}

// rate takes the answer of a survey out of the first line or the subject.
func (o *mailbox) rate(m *puskaradio.Mention, text string) string {
	scale := surveys[o.Survey]
	read := func(line string) bool {
		got := surveyLine.FindStringSubmatch(foldText(line, 100))
		if got == nil {
			return false
		}
		v, _ := strconv.ParseFloat(got[1], 64)
		if best, _ := strconv.ParseFloat(got[2], 64); v < scale.Worst || v > scale.Best || got[2] != "" && best != scale.Best {
			return false
		}
		m.Rating = &puskaradio.Rating{Value: v, Best: scale.Best, Worst: scale.Worst}
		return true
	}
	text = strings.TrimLeft(text, " \t\r\n")
	first, rest, _ := strings.Cut(text, "\n")
	if read(first) {
		return rest
	}
	read(withoutRe(m.Title))
	return text
}
