package notify

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/html"

	"github.com/puskaradio/puskaradio"
)

// A mailServer takes mail by SMTP.
type mailServer struct {
	addr   string
	mu     sync.Mutex
	mails  []string
	answer func(line string) string // instead of ours, where it is not empty
}

func newMailServer(t *testing.T) *mailServer {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	s := &mailServer{addr: ln.Addr().String()}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go s.serve(c)
		}
	}()
	return s
}

func (s *mailServer) serve(c net.Conn) {
	defer c.Close()
	r := bufio.NewReader(c)
	say := func(line string) { fmt.Fprint(c, line+"\r\n") }
	say("220 mail.example ESMTP")
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSpace(line)
		s.mu.Lock()
		answer := s.answer
		s.mu.Unlock()
		if answer != nil {
			if a := answer(line); a != "" {
				say(a)
				continue
			}
		}
		switch verb, _, _ := strings.Cut(strings.ToUpper(line), " "); verb {
		case "EHLO":
			say("250-mail.example\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN")
		case "DATA":
			say("354 go on")
			var b strings.Builder
			for {
				l, err := r.ReadString('\n')
				if err != nil {
					return
				}
				if l == ".\r\n" {
					break
				}
				b.WriteString(strings.TrimPrefix(l, "."))
			}
			s.mu.Lock()
			s.mails = append(s.mails, b.String())
			s.mu.Unlock()
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func (s *mailServer) channel(t *testing.T) Notifier {
	t.Helper()
	host, port, _ := net.SplitHostPort(s.addr)
	n, err := New("mail", json.RawMessage(fmt.Sprintf(`{"host":%q,"port":%s,"tls":"none","from":"Puskaradio <p@acme.example>","to":["maija@acme.example","Åke <ake@acme.example>"]}`, host, port)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// parts are the headers, the text and the page of a mail.
func parts(t *testing.T, raw string) (h mail.Header, text, page string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	text, page, _ = inside(t, m.Header.Get("Content-Type"), m.Body)
	return m.Header, text, page
}

// inside are the text, the page and the picture that a part of a mail holds.
func inside(t *testing.T, kind string, body io.Reader) (text, page, picture string) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(kind)
	if err != nil || kind != "multipart/alternative" && kind != "multipart/related" {
		t.Fatalf("a mail of type %q, %v", kind, err)
	}
	mr := multipart.NewReader(body, params["boundary"])
	for {
		p, err := mr.NextRawPart()
		if errors.Is(err, io.EOF) {
			return text, page, picture
		}
		if err != nil {
			t.Fatal(err)
		}
		var r io.Reader = quotedprintable.NewReader(p)
		kind := p.Header.Get("Content-Type")
		switch {
		case strings.HasPrefix(kind, "multipart/"):
			text, page, picture = inside(t, kind, p)
			continue
		case p.Header.Get("Content-Transfer-Encoding") == "base64":
			r = base64.NewDecoder(base64.StdEncoding, p)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case strings.HasPrefix(kind, "image/png"):
			if picture = string(b); p.Header.Get("Content-ID") != "<chart.png>" || !strings.Contains(page, `src="cid:chart.png"`) {
				t.Errorf("the picture %q is shown nowhere", p.Header.Get("Content-ID"))
			}
		case strings.HasPrefix(kind, "text/plain"):
			text = strings.ReplaceAll(string(b), "\r\n", "\n")
		default:
			page = strings.ReplaceAll(string(b), "\r\n", "\n")
		}
	}
}

func TestMail(t *testing.T) {
	s := newMailServer(t)
	n := s.channel(t)
	for name, m := range messages(t) {
		t.Run(name, func(t *testing.T) {
			s.mails = nil
			ref, err := n.Notify(t.Context(), nil, m)
			if err != nil || len(s.mails) != 1 {
				t.Fatalf("Notify = %q, %v, %d mails", ref, err, len(s.mails))
			}
			h, text, page := parts(t, s.mails[0])
			if h.Get("Message-Id") != "<"+ref+">" || h.Get("Auto-Submitted") != "auto-generated" || strings.Count(h.Get("To"), "@") != 2 {
				t.Errorf("header %v", h)
			}
			subject, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
			if err != nil || subject == "" || strings.ContainsAny(subject, "\r\n") {
				t.Errorf("subject %q, %v", subject, err)
			}
			if len(page) > 90<<10 {
				t.Errorf("the page has %d bytes", len(page))
			}
			checkMailPage(t, page)
			golden(t, "../testdata/notify/mail/"+name+".txt", []byte("Subject: "+subject+"\n\n"+text))
			golden(t, "../testdata/notify/mail/"+name+".html", []byte(page))
		})
	}
}

// checkMailPage: nothing of a stranger is markup, and no link but to the web.
func checkMailPage(t *testing.T, page string) {
	t.Helper()
	z := html.NewTokenizer(strings.NewReader(page))
	for z.Next() != html.ErrorToken {
		tok := z.Token()
		switch tok.Data {
		case "img":
			if i := slices.IndexFunc(tok.Attr, func(a html.Attribute) bool { return a.Key == "src" }); i < 0 || tok.Attr[i].Val != "cid:chart.png" {
				t.Errorf("%v in the page", tok)
			}
		case "script", "iframe", "object", "form", "link", "base", "svg":
			if tok.Type == html.StartTagToken || tok.Type == html.SelfClosingTagToken {
				t.Errorf("<%s> in the page", tok.Data)
			}
		}
		for _, a := range tok.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "href" && !strings.HasPrefix(a.Val, "http://") && !strings.HasPrefix(a.Val, "https://") {
				t.Errorf("%s=%q in the page", a.Key, a.Val)
			}
		}
	}
}

// TestMailThread: of an alert come its beginning and its end, in one thread.
func TestMailThread(t *testing.T) {
	s := newMailServer(t)
	n := s.channel(t)
	a := anAlert()
	m := Message{Key: "a/" + a.ID, Alert: a, Lang: "fi"}
	ref, err := n.Notify(t.Context(), nil, m)
	if err != nil {
		t.Fatal(err)
	}
	m.Ref = ref
	for _, state := range []string{"updated", "updated", "over"} {
		a.Rev++
		a.State = state
		if again, err := n.Notify(t.Context(), nil, m); err != nil || again != ref {
			t.Fatalf("%s: %q, %v", state, again, err)
		}
	}
	if len(s.mails) != 2 {
		t.Fatalf("%d mails, want two", len(s.mails))
	}
	h, _, _ := parts(t, s.mails[1])
	if h.Get("In-Reply-To") != "<"+ref+">" || h.Get("Message-Id") == "<"+ref+">" {
		t.Errorf("the end is no answer to the beginning: %v", h)
	}
}

func TestMailRefused(t *testing.T) {
	s := newMailServer(t)
	for _, tt := range []struct {
		name, verb, answer string
		permanent          bool
	}{
		{"no such box", "RCPT", "550 5.1.1 no such user", true},
		{"greylisted", "RCPT", "451 4.7.1 come back later", false},
		{"too much", "DATA", "452 4.3.1 full", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s.mu.Lock()
			s.answer = func(line string) string {
				if strings.HasPrefix(strings.ToUpper(line), tt.verb) {
					return tt.answer
				}
				return ""
			}
			s.mu.Unlock()
			_, err := s.channel(t).Notify(t.Context(), nil, Message{Key: "k", Alert: anAlert(), Lang: "en"})
			if _, permanent := errors.AsType[*puskaradio.PermanentError](err); err == nil || permanent != tt.permanent {
				t.Errorf("%v, for good %v", err, permanent)
			}
		})
	}
	gone := &mailServer{addr: "127.0.0.1:1"}
	if _, err := gone.channel(t).Notify(t.Context(), nil, Message{Key: "k", Alert: anAlert()}); err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("nobody there: %v", err)
	}
}

func TestMailOptions(t *testing.T) {
	for options, want := range map[string]string{
		`{}`: "host is missing", `{"host":"mail.example","tls":"none","from":"a@b.example","to":["c@d.example"]}`: "only for a server on this machine",
		`{"host":"mail.example","from":"nobody","to":["c@d.example"]}`:                          "from is missing",
		`{"host":"mail.example","from":"a@b.example"}`:                                          "to is missing",
		`{"host":"mail.example","from":"a@b.example","to":["c@d.example\r\nBcc: e@f.example"]}`: "is no mail address",
		`{"host":"mail.example","from":"a@b.example","to":["c@d.example"],"tls":"maybe"}`:       `tls "maybe"`,
		`{"host":"mail.example","from":"a@b.example","to":["c@d.example"],"username":"u"}`:      "no SMTP_PASSWORD",
	} {
		_, err := New("mail", json.RawMessage(options), func(name string) (string, error) { return "", errors.New("no " + name) })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New(%s) = %v, want %q", options, err, want)
		}
	}
	if s := subject(Message{Digest: &puskaradio.Digest{Name: "A\r\nBcc: x@y.example", Date: "2026-11-20"}}); strings.ContainsAny(s, "\r\n") {
		t.Errorf("subject %q", s)
	}
}
