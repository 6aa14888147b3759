package notify

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/puskaradio/puskaradio"
)

// TestMailNeedsTLS: a server that offers no TLS, breaks off in the middle of it,
// or has a certificate that nobody vouches for is sent neither a password nor a
// mail, and is tried again later: it may have been mended.
func TestMailNeedsTLS(t *testing.T) {
	plain := newMailServer(t)
	broken := newMailServer(t)
	broken.answer = func(line string) string {
		switch verb, _, _ := strings.Cut(strings.ToUpper(line), " "); verb {
		case "EHLO":
			return "250-mail.example\r\n250 STARTTLS"
		case "STARTTLS":
			return "220 go on\r\nthis is no handshake"
		}
		return ""
	}
	pair := httptest.NewUnstartedServer(nil)
	pair.StartTLS()
	defer pair.Close()
	unknown := newMailServer(t)
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: pair.TLS.Certificates})
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go unknown.serve(c)
		}
	}()
	for _, tt := range []struct {
		name, addr, how string
		server          *mailServer
	}{
		{"none is offered", plain.addr, "", plain},
		{"it breaks off", broken.addr, "", broken},
		{"nobody vouches for it", ln.Addr().String(), `"tls":"implicit",`, unknown},
	} {
		host, port, _ := net.SplitHostPort(tt.addr)
		n, err := New("mail", json.RawMessage(fmt.Sprintf(`{"host":%q,"port":%s,%s"from":"p@acme.example","to":["maija@acme.example"],"username":"u"}`, host, port, tt.how)),
			func(string) (string, error) { return "canary-password", nil })
		if err != nil {
			t.Fatal(err)
		}
		_, err = n.Notify(t.Context(), nil, Message{Key: "k", Alert: anAlert(), Lang: "en"})
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", tt.name, err)
		}
		if _, permanent := errors.AsType[*puskaradio.PermanentError](err); permanent {
			t.Errorf("%s ends the delivery: %v", tt.name, err)
		}
		tt.server.mu.Lock()
		if len(tt.server.mails) > 0 {
			t.Errorf("%s: it got the mail", tt.name)
		}
		tt.server.mu.Unlock()
	}
}
