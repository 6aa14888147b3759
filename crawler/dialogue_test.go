package crawler

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

// mailLiteral is where a mail of the archive stands in a line of the server.
var mailLiteral = regexp.MustCompile(`\{([a-z0-9-]+\.eml)\}`)

// call plays recorded dialogues. Of their lines those that begin with C: must
// come from the client, and S: are what the server says, where {NAME.eml} is a
// mail of the archive. "hangs up" breaks off, "silent" says no more, "refuses"
// takes no connection.
func (r *recording) call(t *testing.T, w *tape) func(context.Context, string, bool, *tls.Config) (net.Conn, error) {
	return func(_ context.Context, address string, safe bool, _ *tls.Config) (net.Conn, error) {
		key := "TALK " + address
		if !safe {
			key += " not safe"
		}
		var script []byte
		if w.replay {
			i := slices.IndexFunc(w.talks, func(x exchange) bool { return x.asked == key })
			if i < 0 {
				return nil, errors.New("the second time more was asked")
			}
			script = w.talks[i].answer
			w.talks = slices.Delete(w.talks, i, i+1)
		} else {
			list := r.answers[key]
			if len(list) == 0 {
				return nil, fmt.Errorf("nothing is recorded for %s", key)
			}
			script = list[min(r.used[key], len(list)-1)]
			r.used[key]++
			w.asked = append(w.asked, key)
			w.talks = append(w.talks, exchange{key, script})
		}
		if strings.TrimSpace(string(script)) == "refuses" {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
		}
		ours, theirs := net.Pipe()
		go r.server(t, theirs, string(script))
		return ours, nil
	}
}

func (r *recording) server(t *testing.T, conn net.Conn, script string) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for line := range strings.Lines(script) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line == "hangs up":
			return
		case line == "silent":
			in.ReadString(0)
			return
		case strings.HasPrefix(line, "C: "):
			got, err := in.ReadString('\n')
			if got = strings.TrimRight(got, "\r\n"); got != line[3:] {
				t.Errorf("%s: the client says %q, %v, want %q", r.file, got, err, line[3:])
				return
			}
		case strings.HasPrefix(line, "S: "):
			said := mailLiteral.ReplaceAllStringFunc(line[3:], func(s string) string {
				b, ok := r.mails[s[1:len(s)-1]]
				if !ok {
					t.Errorf("%s: there is no %s", r.file, s)
				}
				b = bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n"))
				return fmt.Sprintf("{%d}\r\n%s", len(b), b)
			})
			if _, err := conn.Write([]byte(said + "\r\n")); err != nil {
				return // the client has heard enough
			}
		default:
			t.Errorf("%s: %q is no line of a dialogue", r.file, line)
		}
	}
	in.ReadString(0) // until the client goes
}

// mailBoard serves a board as a mailbox, by the server of the library, which
// was not written with us in mind.
func mailBoard(t *testing.T, b *board, mail *template.Template) func(context.Context, string, bool, *tls.Config) (net.Conn, error) {
	mem := imapmemserver.New()
	user := imapmemserver.NewUser("maija", "secret-of-PASSWORD")
	if err := user.Create("INBOX", nil); err != nil {
		t.Fatal(err)
	}
	mem.AddUser(user)
	srv := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return mem.NewSession(), nil, nil
		},
		InsecureAuth: true,
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })
	uids := map[int]imap.UID{}
	sync := func() {
		cl, err := imapclient.DialInsecure(ln.Addr().String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer cl.Close()
		if err := cl.Login("maija", "secret-of-PASSWORD").Wait(); err != nil {
			t.Fatal(err)
		}
		if _, err := cl.Select("INBOX", nil).Wait(); err != nil {
			t.Fatal(err)
		}
		for _, n := range slices.Backward(b.texts) {
			if uids[n] != 0 {
				continue
			}
			var out bytes.Buffer
			if err := mail.Execute(&out, n); err != nil {
				t.Fatal(err)
			}
			text := bytes.ReplaceAll(bytes.TrimSpace(out.Bytes()), []byte("\n"), []byte("\r\n"))
			put := cl.Append("INBOX", int64(len(text)), &imap.AppendOptions{Time: boardTime(n)})
			put.Write(text)
			put.Close()
			if _, err := put.Wait(); err != nil {
				t.Fatal(err)
			}
			uids[n] = imap.UID(len(uids) + 1)
		}
		for n, uid := range uids {
			if slices.Contains(b.texts, n) || uid == 0 {
				continue
			}
			var set imap.UIDSet
			set.AddNum(uid)
			if err := cl.Store(set, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}, Silent: true}, nil).Close(); err != nil {
				t.Fatal(err)
			}
		}
		if err := cl.Expunge().Close(); err != nil {
			t.Fatal(err)
		}
	}
	return func(context.Context, string, bool, *tls.Config) (net.Conn, error) {
		sync()
		return net.Dial("tcp", ln.Addr().String())
	}
}
