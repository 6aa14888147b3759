package crawler

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// listen runs a server of one's own protocol.
func listen(t *testing.T, serve func(net.Conn)) (host string, port int) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				serve(conn)
			}()
		}
	}()
	at := ln.Addr().(*net.TCPAddr)
	return at.IP.String(), at.Port
}

func TestTalk(t *testing.T) {
	host, port := listen(t, func(c net.Conn) {
		io.WriteString(c, strings.Repeat("hello\n", 1000))
		io.Copy(io.Discard, c)
	})
	c := local(t)
	c.Ports = []uint16{uint16(port)}
	var told []Visit
	c.Ledger = func(v Visit) { told = append(told, v) }
	talk := func(c *Client, r Call, do func(net.Conn) error) error {
		return c.Talk(t.Context(), r, func(conn net.Conn, _ *tls.Config) error { return do(conn) })
	}
	err := talk(c, Call{Scheme: "imap", Host: host, Port: port}, func(conn net.Conn) error {
		_, err := io.ReadFull(conn, make([]byte, 6000))
		return err
	})
	if err != nil || len(told) != 1 || told[0].State != StateOK || told[0].Bytes != 6000 || !strings.HasPrefix(told[0].URL, "imap://127.0.0.1:") {
		t.Errorf("Talk = %v, ledger %+v", err, told)
	}
	err = talk(c, Call{Scheme: "imap", Host: host, Port: port, Max: 1000}, func(conn net.Conn) error {
		_, err := io.ReadFull(conn, make([]byte, 6000))
		return err
	})
	if StateOf(err) != StateUnreadable || !strings.Contains(err.Error(), "too much") {
		t.Errorf("Talk that hears too much = %v", err)
	}
	short := &Client{Agent: c.Agent, Delay: -1, Timeout: 300 * time.Millisecond, Private: c.Private, Ports: c.Ports}
	began := time.Now()
	err = talk(short, Call{Scheme: "imap", Host: host, Port: port}, func(conn net.Conn) error {
		conn.SetReadDeadline(time.Now().Add(time.Hour)) // as a library does that knows no end
		_, err := io.Copy(io.Discard, conn)
		return err
	})
	if StateOf(err) != StateUnreachable || !strings.Contains(err.Error(), "no end within 300ms") || time.Since(began) > 30*time.Second {
		t.Errorf("Talk without an end = %v after %v", err, time.Since(began))
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	err = c.Talk(ctx, Call{Scheme: "imap", Host: host, Port: port}, func(conn net.Conn, _ *tls.Config) error {
		cancel(errors.New("enough"))
		_, err := io.Copy(io.Discard, conn)
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "enough") {
		t.Errorf("Talk whose caller goes = %v", err)
	}
	if err = talk(c, Call{Scheme: "imaps", Host: host, Port: port, TLS: true}, nil); StateOf(err) != StateUnreachable || !strings.Contains(err.Error(), "no TLS") {
		t.Errorf("Talk over TLS to a server without = %v", err)
	}
}

// TestTalkRefuses tries what must not be reached.
func TestTalkRefuses(t *testing.T) {
	host, port := listen(t, func(net.Conn) { t.Error("it was reached") })
	open := &Client{Agent: "puskaradio/0.1 (+https://puskaradio.example/contact)", Delay: -1, Ports: []uint16{uint16(port)}}
	closed := &Client{Agent: open.Agent, Delay: -1, Private: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	for name, c := range map[string]*Client{"a private address": open, "a port that nobody allowed": closed} {
		err := c.Talk(t.Context(), Call{Scheme: "imap", Host: host, Port: port}, func(net.Conn, *tls.Config) error { return nil })
		if StateOf(err) != StateUnreachable || !strings.Contains(err.Error(), "not reached from here") {
			t.Errorf("%s: Talk = %v", name, err)
		}
	}
	for _, host := range []string{"", "0x7f.1", "me:hunter2@mail.example", "mail.example/x"} {
		err := closed.Talk(t.Context(), Call{Scheme: "imap", Host: host, Port: port}, func(net.Conn, *tls.Config) error { return nil })
		if StateOf(err) != StateRefused || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Talk to %q = %v", host, err)
		}
	}
}
