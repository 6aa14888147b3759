package notify

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"net/http"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/puskaradio/puskaradio"
)

// mails sends by SMTP: the digest as it is, of an alert its beginning and its
// end, which stand in one thread. What only grows is not mailed again.
type mails struct {
	Host        string   `json:"host" jsonschema:"required,description=The SMTP server"`
	Port        int      `json:"port,omitempty" jsonschema:"description=587 unless said; 465 for tls: implicit"`
	TLS         string   `json:"tls,omitempty" jsonschema:"enum=starttls,enum=implicit,enum=none,description=How the connection is made safe: starttls (unless said); implicit from the first byte; none only for this machine"`
	Username    string   `json:"username,omitempty" jsonschema:"description=Who signs in; nobody unless said"`
	PasswordEnv string   `json:"password_env,omitempty" jsonschema:"description=The environment variable that holds the password; SMTP_PASSWORD unless said"`
	From        string   `json:"from" jsonschema:"required,description=Who it is from such as Puskaradio <puskaradio@acme.example>"`
	To          []string `json:"to" jsonschema:"required,description=Who gets it"`

	password string
	domain   string
}

// Check implements the check of [New].
func (s *mails) Check(secret Secret) error {
	var errs []error
	if s.Host == "" || strings.ContainsAny(s.Host, "/: \r\n") {
		errs = append(errs, errors.New("host is missing, or is not the name of a server"))
	}
	s.TLS = cmp.Or(s.TLS, "starttls")
	switch s.TLS {
	case "starttls":
		s.Port = cmp.Or(s.Port, 587)
	case "implicit":
		s.Port = cmp.Or(s.Port, 465)
	case "none":
		s.Port = cmp.Or(s.Port, 25)
		if ip := net.ParseIP(s.Host); s.Host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			errs = append(errs, errors.New("tls: none is only for a server on this machine: others could read the mail"))
		}
	default:
		errs = append(errs, fmt.Errorf("tls %q: write one of: starttls, implicit, none", s.TLS))
	}
	from, err := netmail.ParseAddress(s.From)
	if err != nil {
		errs = append(errs, errors.New("from is missing, or is no mail address"))
	} else {
		_, s.domain, _ = strings.Cut(from.Address, "@")
	}
	if len(s.To) == 0 {
		errs = append(errs, errors.New("to is missing: write who gets it"))
	}
	for _, to := range s.To {
		if _, err := netmail.ParseAddress(to); err != nil {
			errs = append(errs, fmt.Errorf("to: %q is no mail address", to))
		}
	}
	if s.Username != "" {
		if s.password, err = secret(cmp.Or(s.PasswordEnv, "SMTP_PASSWORD")); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// client connects as the options say.
func (s *mails) client() (*mail.Client, error) {
	opts := []mail.Option{mail.WithPort(s.Port), mail.WithTimeout(30 * time.Second), mail.WithTLSConfig(&tls.Config{ServerName: s.Host, MinVersion: tls.VersionTLS12})}
	switch s.TLS {
	case "implicit":
		opts = append(opts, mail.WithSSL())
	case "none":
		opts = append(opts, mail.WithTLSPolicy(mail.NoTLS))
	default:
		opts = append(opts, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if s.Username != "" {
		opts = append(opts, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(s.Username), mail.WithPassword(s.password))
	}
	return mail.NewClient(s.Host, opts...)
}

// messageID names a mail for ever, so that one that is sent twice stands once in
// a thread.
func (s *mails) messageID(key string) string {
	h := fnv.New64a()
	h.Write([]byte(key))
	return fmt.Sprintf("puskaradio.%016x@%s", h.Sum64(), s.domain)
}

// Notify implements [Notifier].
func (s *mails) Notify(ctx context.Context, _ *http.Client, m Message) (string, error) {
	first := s.messageID(m.Key)
	if m.Ref != "" && (m.Alert == nil || m.Alert.State != "over") {
		return m.Ref, nil
	}
	msg := mail.NewMsg()
	if err := errors.Join(msg.From(s.From), msg.To(s.To...)); err != nil {
		return "", &puskaradio.PermanentError{Err: fmt.Errorf("mail: %w", err)}
	}
	msg.Subject(subject(m))
	msg.SetDateWithValue(time.Now())
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	if m.Ref == "" {
		msg.SetMessageIDWithValue(first)
	} else {
		msg.SetMessageIDWithValue(s.messageID(m.Key + "/over"))
		msg.SetGenHeader("In-Reply-To", "<"+first+">")
		msg.SetGenHeader("References", "<"+first+">")
	}
	msg.SetBodyString(mail.TypeTextPlain, Sentence(m)+"\n\n"+Terminal(m, 76))
	var page bytes.Buffer
	view, err := mailViewOf(m)
	if err == nil {
		err = mailPage.Execute(&page, view)
	}
	if err == nil && view.Chart != "" {
		err = msg.EmbedReader("chart.png", bytes.NewReader(view.Picture), mail.WithFileContentType("image/png"), mail.WithFileContentID("<chart.png>"))
	}
	if err != nil {
		return "", &puskaradio.PermanentError{Err: fmt.Errorf("mail: %w", err)}
	}
	msg.AddAlternativeString(mail.TypeTextHTML, page.String())
	c, err := s.client()
	if err != nil {
		return "", &puskaradio.PermanentError{Err: fmt.Errorf("mail: %w", err)}
	}
	if err := c.DialAndSendWithContext(ctx, msg); err != nil {
		return "", s.explain(ctx, err)
	}
	return first, nil
}

// explain says what went wrong without what the server may repeat of a secret.
func (s *mails) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	where := net.JoinHostPort(s.Host, fmt.Sprint(s.Port))
	text := err.Error()
	if s.password != "" {
		text = strings.ReplaceAll(text, s.password, "…")
	}
	se, ok := errors.AsType[*mail.SendError](err)
	switch {
	case ok && !se.IsTemp() && se.ErrorCode() >= 500:
		return &puskaradio.PermanentError{Err: fmt.Errorf("mail: %s does not take it: %s", where, clip(text, 300))}
	case strings.Contains(text, "535") || strings.Contains(text, "534") || strings.Contains(text, "no supported"):
		return &puskaradio.PermanentError{Err: fmt.Errorf("mail: %s does not let %s sign in: see username and password_env", where, s.Username)}
	}
	return fmt.Errorf("mail: %s: %s", where, clip(text, 300))
}

// Probe implements [Prober].
func (s *mails) Probe(ctx context.Context, _ *http.Client) (string, error) {
	c, err := s.client()
	if err != nil {
		return "", err
	}
	if err := c.DialWithContext(ctx); err != nil {
		return "", s.explain(ctx, err)
	}
	return "signs in at " + s.Host, c.Close()
}

// subject is what a list of mails shows.
func subject(m Message) string {
	d := m.Digest
	when := ""
	if d != nil {
		when = dateOf(m)
	}
	switch {
	case d == nil && m.Alert == nil:
		return "Puskaradio"
	case d == nil:
		return headline(m)
	case m.Lang == "fi":
		return fmt.Sprintf("%s %s: %d mainintaa, %d kielteistä, %d odottaa vastausta", plain(d.Name), when, d.Total, d.Negative, d.Waiting)
	}
	return fmt.Sprintf("%s %s: %d mention%s, %d negative, %d waiting for a reply", plain(d.Name), when, d.Total, plural(d.Total), d.Negative, d.Waiting)
}
