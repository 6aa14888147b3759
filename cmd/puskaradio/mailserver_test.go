//go:build unix

package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/smtp"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// A mailServer is a real one: aiosmtpd takes mail, Dovecot serves it; see
// testdata/mailserver.
type mailServer struct {
	t                 *testing.T
	dir               string
	smtp, imap, imaps int
}

func startMail(t *testing.T) *mailServer {
	t.Helper()
	s := &mailServer{t: t, dir: filepath.Join(t.TempDir(), "mail")}
	if os.Getuid() == 0 { // it will not run as root
		for d := filepath.Dir(s.dir); d != "/" && d != os.TempDir(); d = filepath.Dir(d) {
			if err := os.Chmod(d, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	args := []string{s.dir}
	for _, port := range []*int{&s.smtp, &s.imap, &s.imaps} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_ = ln.Close() // the server takes it over
		*port = ln.Addr().(*net.TCPAddr).Port
		args = append(args, strconv.Itoa(*port))
	}
	background(t, exec.Command("../../testdata/mailserver/serve.sh", append(args, "palaute@acme.example", "hunter2 x")...))
	for _, port := range []int{s.smtp, s.imap, s.imaps} {
		until(t, fmt.Sprintf("port %d of the mail server", port), func() bool {
			conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
			if err == nil {
				_ = conn.Close()
			}
			return err == nil
		})
	}
	return s
}

// send sends a mail as anybody may, by SMTP with STARTTLS.
func (s *mailServer) send(from, mail string) {
	s.t.Helper()
	pem, err := os.ReadFile(filepath.Join(s.dir, "cert.pem"))
	if err != nil {
		s.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	c, err := smtp.Dial(fmt.Sprintf("127.0.0.1:%d", s.smtp))
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	if err := c.StartTLS(&tls.Config{RootCAs: roots, ServerName: "127.0.0.1"}); err != nil {
		s.t.Fatal(err)
	}
	for _, err := range []error{c.Mail(from), c.Rcpt("palaute@acme.example")} {
		if err != nil {
			s.t.Fatal(err)
		}
	}
	w, err := c.Data()
	if err != nil {
		s.t.Fatal(err)
	}
	fmt.Fprintf(w, "%s", strings.ReplaceAll(mail, "\n", "\r\n"))
	if err := w.Close(); err != nil {
		s.t.Fatal(err)
	}
}

// files are the mails of the folder.
func (s *mailServer) files() []string {
	fresh, _ := filepath.Glob(filepath.Join(s.dir, "mail/new/*"))
	known, _ := filepath.Glob(filepath.Join(s.dir, "mail/cur/*"))
	return append(fresh, known...)
}

func (s *mailServer) reader(bin, options, password string) *reader {
	r := newReader(s.t, bin, fmt.Sprintf("  - {id: palaute, kind: imap, about: acme, options: {host: 127.0.0.1, username: palaute@acme.example, password_env: IMAP_PASSWORD, %s}}", options),
		fmt.Sprintf("imap://127.0.0.1:%d", s.imap), fmt.Sprintf("imap://127.0.0.1:%d", s.imaps))
	file := filepath.Join(r.dir, "puskaradio.yaml")
	b, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	b = fmt.Appendf(b, "channels:\n  - {id: posti, kind: mail, options: {host: 127.0.0.1, port: %d, from: p@acme.example, to: [palaute@acme.example]}}\n", s.smtp)
	if err := os.WriteFile(file, b, 0o600); err != nil {
		s.t.Fatal(err)
	}
	r.env = []string{"IMAP_PASSWORD=" + password, "SSL_CERT_FILE=" + filepath.Join(s.dir, "cert.pem")}
	return r
}

// crawl reads once, and gives the mentions by their text.
func (r *reader) crawl() map[string]puskaradio.Mention {
	r.t.Helper()
	if out, errs, err := r.run("crawl"); err != nil {
		r.t.Fatalf("crawl: %v\n%s%s", err, out, errs)
	}
	ms := map[string]puskaradio.Mention{}
	for _, m := range r.mentions() {
		ms[m.Text] = m
	}
	return ms
}

// TestMailbox reads a real mailbox at Dovecot: what anybody sends there by SMTP
// becomes one mention each, what this program sends none.
func TestMailbox(t *testing.T) {
	s := startMail(t)
	bin, err := build()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	mail := func(n int, text string) string {
		return fmt.Sprintf("From: =?utf-8?Q?Maija_M=C3=A4ki?= <maija%d@a.example>\nTo: palaute@acme.example\nSubject: Re: Suositteletko?\nDate: %s\nMessage-ID: <%d@a.example>\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n%s\n",
			n, now.Add(-time.Hour).Format(time.RFC1123Z), n, text)
	}
	s.send("maija1@a.example", mail(1, "9\n\nHyvä palvelu.\n\nma 16. marrask. 2026 klo 9.12 Acme (palaute@acme.example) kirjoitti:\n> Suositteletko?\n\n-- \nMaija"))
	s.send("maija2@a.example", mail(2, "3\nToimitus kesti."))
	s.send("maija3@a.example", mail(3, "Lasku on väärin."))

	r := s.reader(bin, fmt.Sprintf("port: %d, survey: nps, per_page: 2, deletions: true", s.imaps), "hunter2 x")
	ms := r.crawl()
	good, slow := ms["Hyvä palvelu."], ms["Toimitus kesti."]
	if len(ms) != 3 || good.Rating == nil || *good.Rating != (puskaradio.Rating{Value: 9, Best: 10}) || slow.Rating == nil || slow.Rating.Value != 3 || ms["Lasku on väärin."].Rating != nil {
		t.Fatalf("first reading: %+v", ms)
	}
	if good.Author != "Maija Mäki" || good.Genre != puskaradio.Survey || good.Published.Unix() != now.Add(-time.Hour).Unix() || good.DateFrom != puskaradio.DatePublished {
		t.Errorf("mention %+v", good)
	}
	if again := r.crawl(); len(again) != 3 {
		t.Errorf("a second reading: %d mentions", len(again))
	}

	// One more comes, with a copy of an old one; and a test of the channel, which
	// is nobody's word.
	s.send("maija4@a.example", mail(4, "10\nKiitos!"))
	s.send("maija1@a.example", mail(1, "9\n\nHyvä palvelu."))
	if out, errs, err := r.run("test-alert", "--channel", "posti"); err != nil {
		t.Fatalf("test-alert: %v\n%s%s", err, out, errs)
	}
	if n := len(s.files()); n != 6 {
		t.Errorf("%d mails are in the folder, want 6", n)
	}
	if ms = r.crawl(); len(ms) != 4 || ms["Kiitos!"].Rating == nil {
		t.Errorf("a third reading: %+v", ms)
	}
	for _, file := range s.files() {
		if _, flags, _ := strings.Cut(filepath.Base(file), ":2,"); flags != "" {
			t.Errorf("a mail was marked: %s", filepath.Base(file))
		}
	}

	// A mail is deleted there.
	for _, file := range s.files() {
		if b, err := os.ReadFile(file); err == nil && strings.Contains(string(b), "Lasku on väärin.") {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		}
	}
	if ms = r.crawl(); ms["Lasku on väärin."].State != puskaradio.Deleted && ms["Lasku on väärin."].Text != "" || ms["Kiitos!"].State != puskaradio.Live {
		t.Errorf("after a deletion: %+v", ms)
	}

	for name, options := range map[string]string{"STARTTLS": fmt.Sprintf("port: %d, tls: starttls", s.imap), "in the clear, on one machine": fmt.Sprintf("port: %d, tls: none", s.imap)} {
		t.Run(name, func(t *testing.T) {
			if ms := s.reader(bin, options, "hunter2 x").crawl(); len(ms) != 3 {
				t.Errorf("mentions %+v", ms)
			}
		})
	}
	for _, tt := range []struct{ name, options, password, ca, want string }{
		{"wrong password", fmt.Sprintf("port: %d", s.imaps), "hunter3 y", "", "does not let palaute@acme.example sign in"},
		{"no such folder", fmt.Sprintf("port: %d, folder: Kyselyt", s.imaps), "hunter2 x", "", "there is no folder \"Kyselyt\"; the folders are \"INBOX\""},
		{"a certificate that nobody trusts", fmt.Sprintf("port: %d", s.imaps), "hunter2 x", "/dev/null", "certificate"},
		{"no TLS where it should begin", fmt.Sprintf("port: %d", s.imap), "hunter2 x", "", "no TLS"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := s.reader(bin, tt.options, tt.password)
			if tt.ca != "" {
				r.env = append(r.env, "SSL_CERT_FILE="+tt.ca, "SSL_CERT_DIR=/nowhere")
			}
			out, errs, err := r.run("crawl")
			if said := out + errs; err == nil || !strings.Contains(said, tt.want) || strings.Contains(said, tt.password) {
				t.Errorf("crawl = %v\n%s", err, said)
			}
		})
	}
}
