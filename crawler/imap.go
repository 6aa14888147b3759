package crawler

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/puskaradio/puskaradio"
)

const (
	mailBytes   = 128 << 10 // of a mail that are read: its header and its text, which come first
	mailboxWait = 5 * time.Minute
)

// mailbox reads a folder of mail by IMAP. It changes nothing there: the folder
// is opened for reading only and no mail is marked as read.
type mailbox struct {
	Host        string   `json:"host" jsonschema:"description=The IMAP server"`
	Port        int      `json:"port,omitempty" jsonschema:"description=993 unless said; 143 for tls: starttls and none"`
	TLS         string   `json:"tls,omitempty" jsonschema:"enum=implicit,enum=starttls,enum=none,description=How the connection is made safe: implicit from the first byte (unless said); starttls; none only for this machine"`
	Username    string   `json:"username" jsonschema:"description=Who signs in"`
	PasswordEnv string   `json:"password_env" jsonschema:"description=The environment variable that holds the password; where accounts have a second factor an app password"`
	Folder      string   `json:"folder,omitempty" jsonschema:"description=The folder to read; INBOX unless said"`
	Survey      string   `json:"survey,omitempty" jsonschema:"enum=nps,enum=csat,enum=ces,description=Mails are answers of such a survey: a first line or a subject that is only a number of its scale is the rating"`
	Ours        []string `json:"ours,omitempty" jsonschema:"description=Addresses or whole domains of one's own whose mails are left out"`
	Lists       bool     `json:"lists,omitempty" jsonschema:"description=Read mails of mailing lists too; needed where the mailbox gets its mail by way of a list or group"`
	Deletions   bool     `json:"deletions,omitempty" jsonschema:"description=A mail that leaves the folder within a week counts as deleted; not unless said as mails are often moved when they are done"`
	Days        int      `json:"days,omitempty" jsonschema:"description=How many days of old mail are read at first; 30 unless said"`
	PerPage     int      `json:"per_page,omitempty" jsonschema:"description=Mails that are read in one go from 1 to 100; 50 unless said"`

	password string
}

// A mailCursor is how far a folder was read. UIDs grow; they hold for as long
// as the validity of the folder stays the same.
type mailCursor struct {
	Validity uint32     `json:"validity,omitempty"`
	Last     uint32     `json:"last,omitempty"`  // all mails up to this UID were read
	Since    string     `json:"since,omitempty"` // mails that came before this day are not read
	Seen     []seenMail `json:"seen,omitempty"`  // whose deletion is noticed, the newest last
}

type seenMail struct {
	UID uint32 `json:"uid"`
	Ref string `json:"ref"`
	At  int64  `json:"at"` // Unix time when it was read
}

// Check reports every fault of the options, and finds the password.
func (o *mailbox) Check(secret Secret) error {
	var errs []error
	o.Host = strings.ToLower(strings.TrimSpace(o.Host))
	if o.Host == "" {
		errs = append(errs, errors.New("host is missing: the IMAP server, such as imap.acme.example"))
	} else if err := checkHost(&url.URL{Scheme: "https", Host: o.Host}); err != nil || strings.ContainsAny(o.Host, "/@: ") {
		errs = append(errs, fmt.Errorf("host %q is not the name of a server", cutText(o.Host, 100)))
	}
	switch o.TLS {
	case "implicit":
		o.Port = cmp.Or(o.Port, 993)
	case "starttls", "none":
		o.Port = cmp.Or(o.Port, 143)
		if ip, err := netip.ParseAddr(o.Host); o.TLS == "none" && o.Host != "localhost" && (err != nil || !ip.IsLoopback()) {
			errs = append(errs, errors.New("tls: none is only for a server on this machine: others could read the password and the mail"))
		}
	default:
		errs = append(errs, fmt.Errorf("tls %q is none of implicit, starttls, none", o.TLS))
	}
	if o.Username == "" || strings.ContainsAny(o.Username, "\r\n\x00") {
		errs = append(errs, errors.New("username is missing: who signs in at the server"))
	}
	var err error
	if o.password, err = secretText(secret, "password_env", o.PasswordEnv); err != nil {
		errs = append(errs, err)
	} else if o.password = strings.TrimRight(o.password, "\r\n"); strings.ContainsAny(o.password, "\r\n\x00") {
		errs = append(errs, fmt.Errorf("password_env: what %s holds has line breaks", o.PasswordEnv))
	}
	if _, ok := surveys[o.Survey]; o.Survey != "" && !ok {
		errs = append(errs, fmt.Errorf("survey %q is none of nps, csat, ces", o.Survey))
	}
	if o.Folder == "" || len(o.Folder) > 200 || strings.ContainsAny(o.Folder, "\r\n\x00*%") {
		errs = append(errs, fmt.Errorf("folder %q is not the name of a folder", cutText(o.Folder, 100)))
	}
	for i, who := range o.Ours {
		if o.Ours[i] = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(who), "@")); o.Ours[i] == "" {
			errs = append(errs, errors.New("ours has an empty entry"))
		}
	}
	errs = append(errs, within("port", o.Port, 1, 65535), within("days", o.Days, 1, 3650), within("per_page", o.PerPage, 1, 100))
	return errors.Join(errs...)
}

func (o *mailbox) call() Call {
	scheme := "imap"
	if o.TLS == "implicit" {
		scheme = "imaps"
	}
	return Call{Scheme: scheme, Host: o.Host, Port: o.Port, TLS: o.TLS == "implicit", Max: int64(o.PerPage+32)*mailBytes + 4<<20}
}

func (o *mailbox) home() (string, bool) {
	c := o.call()
	return c.Scheme + "://" + net.JoinHostPort(c.Host, strconv.Itoa(c.Port)), true
}

// Fetch implements [Connector]: a page is a conversation.
func (o *mailbox) Fetch(ctx context.Context, c *Client, q Query) (Page, error) {
	var cur mailCursor
	if err := readCursor(q, &cur); err != nil {
		return Page{}, err
	}
	var p Page
	err := c.Talk(ctx, o.call(), func(conn net.Conn, secure *tls.Config) error {
		cl, err := o.open(conn, secure)
		if err != nil {
			return err
		}
		defer cl.Close()
		if p, err = o.read(cl, q, &cur); err == nil {
			late := time.AfterFunc(5*time.Second, func() { _ = conn.Close() })
			_ = cl.Logout().Wait() // a courtesy
			late.Stop()
		}
		return err
	})
	if err != nil {
		return Page{}, fmt.Errorf("imap: %w", err)
	}
	return p, p.setCursor(&cur)
}

// open begins the conversation and signs in.
func (o *mailbox) open(conn net.Conn, secure *tls.Config) (*imapclient.Client, error) {
	var cl *imapclient.Client
	if o.TLS == "starttls" {
		var err error
		if cl, err = imapclient.NewStartTLS(conn, &imapclient.Options{TLSConfig: secure}); err != nil {
			if _, said := errors.AsType[*imap.Error](err); said {
				return nil, o.never(StateRefused, "the server has no STARTTLS; set tls: implicit", err)
			}
			return nil, o.fault(err)
		}
	} else {
		cl = imapclient.New(conn, nil)
	}
	if err := o.signIn(cl); err != nil {
		_ = cl.Close()
		return nil, err
	}
	return cl, nil
}

func (o *mailbox) signIn(cl *imapclient.Client) error {
	if err := cl.WaitGreeting(); err != nil {
		return o.fault(err)
	}
	if cl.State() == imap.ConnStateAuthenticated { // PREAUTH
		return nil
	}
	if cl.Caps().Has(imap.CapLoginDisabled) {
		return o.never(StateLogin, "the server takes no password this way; it may want another setting of tls, or only OAuth, which is not spoken here", errors.New("LOGINDISABLED"))
	}
	err := cl.Login(o.Username, o.password).Wait()
	if said, ok := errors.AsType[*imap.Error](err); ok && said.Type != imap.StatusResponseTypeBye && !busy(said) {
		return o.never(StateLogin, "the server does not let "+cutText(o.Username, 100)+" sign in: see username and password_env; where accounts have a second factor it wants an app password, and IMAP must be switched on for the account", err)
	}
	return o.fault(err)
}

// busy reports whether a server refuses for now.
func busy(said *imap.Error) bool {
	switch said.Code {
	case imap.ResponseCodeInUse, imap.ResponseCodeLimit, imap.ResponseCodeUnavailable, imap.ResponseCodeOverQuota, imap.ResponseCodeServerBug:
		return true
	}
	text := strings.ToLower(said.Text)
	return strings.Contains(text, "too many") || strings.Contains(text, "temporar") || strings.Contains(text, "try again")
}

// never is an error that only a person can mend.
func (o *mailbox) never(state, advice string, err error) error {
	return &puskaradio.PermanentError{Err: &FetchError{State: state, Err: fmt.Errorf("%s (the server says: %s)", advice, o.said(err))}}
}

// fault is an error of the conversation: one that says to come back later where
// the server does, unreadable where it does not speak IMAP.
func (o *mailbox) fault(err error) error {
	if err == nil {
		return nil
	}
	said, ok := errors.AsType[*imap.Error](err)
	switch {
	case ok && (busy(said) || said.Type == imap.StatusResponseTypeBye):
		return &puskaradio.RetryError{After: mailboxWait, Err: &FetchError{State: StateLimited, Err: errors.New("the server wants to be left alone: " + o.said(err))}}
	case ok:
		return &FetchError{State: StateRefused, Err: errors.New("the server refuses: " + o.said(err))}
	case errors.Is(err, errTooMuch):
		return errTooMuch
	}
	if _, broken := errors.AsType[net.Error](err); broken || brokenOff(err) {
		return errors.New("the connection broke: " + o.said(err)) // Talk adds the address
	}
	return &FetchError{State: StateUnreadable, Err: errors.New("this is not IMAP: " + o.said(err))}
}

// said is what a server or the library said, without the password, which a
// server may repeat.
func (o *mailbox) said(err error) string {
	text, _, _ := strings.Cut(strings.TrimPrefix(err.Error(), "imap: "), "\ngoroutine ")
	if o.password != "" {
		text = strings.ReplaceAll(text, o.password, "…")
	}
	return foldText(text, 200)
}
