//go:build unix

package notify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startMail starts a real mail server in a folder, which has its mails and the
// certificate of its TLS; see testdata/mailserver.
func startMail(t *testing.T) (dir, smtp string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "mail")
	if os.Getuid() == 0 { // it will not run as root
		for d := filepath.Dir(dir); d != "/" && d != os.TempDir(); d = filepath.Dir(d) {
			if err := os.Chmod(d, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	args := []string{dir}
	for range 3 {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_ = ln.Close() // the server takes it over
		args = append(args, strconv.Itoa(ln.Addr().(*net.TCPAddr).Port))
	}
	var log bytes.Buffer
	cmd := exec.Command("../testdata/mailserver/serve.sh", append(args, "palaute@acme.example", "password")...)
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // what it printed says more
	}()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-ended
		if t.Failed() {
			t.Logf("the mail server printed:\n%s", log.String())
		}
	})
	for range 200 {
		select {
		case <-ended:
			t.Fatal("the mail server has ended")
		case <-time.After(100 * time.Millisecond):
		}
		conn, err := net.Dial("tcp", "127.0.0.1:"+args[1])
		if err == nil {
			_ = conn.Close()
			return dir, args[1]
		}
	}
	t.Fatal("the mail server does not answer")
	return "", ""
}

// TestMailServer sends an alert, its end and a digest through a real SMTP server
// that wants STARTTLS: each comes once, as text and as a page. The program
// trusts the certificates of the system, so that the one of this server is given
// to a run of its own.
func TestMailServer(t *testing.T) {
	const name = "PUSKARADIO_TEST_SMTP"
	channel := func(port string) Notifier {
		n, err := New("mail", json.RawMessage(fmt.Sprintf(`{"host":"127.0.0.1","port":%s,"from":"Puskaradio <p@acme.example>","to":["palaute@acme.example"]}`, port)), nil)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if port := os.Getenv(name); port != "" { // the run of its own
		n, a := channel(port), anAlert()
		m := Message{Key: "a/" + a.ID, Alert: a, Lang: "fi"}
		ref, err := n.Notify(t.Context(), nil, m)
		if err != nil {
			t.Fatal(err)
		}
		m.Ref = ref
		for _, a.State = range []string{"updated", "over"} {
			if _, err := n.Notify(t.Context(), nil, m); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := n.Notify(t.Context(), nil, Message{Key: "d", Digest: aDigest(), Lang: "fi"}); err != nil {
			t.Fatal(err)
		}
		if found, err := n.(Prober).Probe(t.Context(), nil); err != nil || found != "signs in at 127.0.0.1" {
			t.Fatalf("Probe = %q, %v", found, err)
		}
		return
	}

	dir, port := startMail(t)
	if _, err := channel(port).Notify(t.Context(), nil, Message{Key: "k", Alert: anAlert()}); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a server whose certificate nobody trusts: %v", err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestMailServer$", "-test.v")
	cmd.Env = append(os.Environ(), "SSL_CERT_FILE="+filepath.Join(dir, "cert.pem"), name+"="+port)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the run of its own: %v\n%s", err, out)
	}
	subjects := map[string]bool{}
	ids := map[string]bool{}
	came, err := filepath.Glob(filepath.Join(dir, "mail/new/*"))
	if err != nil || len(came) != 3 {
		t.Fatalf("%d mails came, %v, want the alert, its end and the digest", len(came), err)
	}
	for _, file := range came {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		h, text, page := parts(t, string(raw))
		subject, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
		if err != nil || strings.TrimSpace(text) == "" || !strings.Contains(page, "<html") {
			t.Errorf("%q, %v: %d bytes of text, %d of a page", subject, err, len(text), len(page))
		}
		checkMailPage(t, page)
		subjects[subject], ids[h.Get("Message-Id")] = true, true
		if h.Get("Auto-Submitted") != "auto-generated" || h.Get("X-Rcptto") != "palaute@acme.example" {
			t.Errorf("header %v", h)
		}
	}
	if len(subjects) != 3 || len(ids) != 3 {
		t.Errorf("subjects %v, ids %v", subjects, ids)
	}
}
