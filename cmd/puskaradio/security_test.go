package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/puskaradio/puskaradio/web"
)

// TestSecretsStayOut runs the program with secrets, lets a server throw them
// back, signs people in, and reads what was written anywhere: no log, answer,
// file or copy of a file has them. The files are nobody else's to read, and
// what strangers write stays within the line of the log that speaks of it.
func TestSecretsStayOut(t *testing.T) {
	const token, password = "xoxb-c4n4ry-token", "seven green c4n4ries sing"
	slack := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		http.Error(w, "no: "+r.Header.Get("Authorization")+r.Form.Get("token"), http.StatusInternalServerError)
	}))
	defer slack.Close()
	feed := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/feed.xml" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, "<rss version=\"2.0\"><channel><title>x</title><item><title>Acme is awful&#10;level=ERROR msg=forged &#x9b;31m</title><guid>1\nlevel=ERROR</guid><description>Terrible, Acme took my money. \u202elevel=ERROR</description></item></channel></rss>")
	}))
	defer feed.Close()
	_, port, err := net.SplitHostPort(feed.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PUSKARADIO_TEST_TOKEN", token)
	dir := t.TempDir()
	file := filepath.Join(dir, "puskaradio.yaml")
	config := fmt.Sprintf(`contact: it@acme.example
data: d
language: en
brands: [{id: acme, name: Acme}]
sources: [{id: blog, kind: feed, options: {url: "%s/feed.xml"}}]
channels: [{id: slack, kind: slack, options: {channel: C0TEST, token_env: PUSKARADIO_TEST_TOKEN, api: "%s/api/"}}]
fetch: {delay: 1ms, private: [127.0.0.0/8], ports: [%s]}
web: {listen: "127.0.0.1:0"}
`, feed.URL, slack.URL, port)
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var log, answers said
	do := func(want int, args ...string) {
		t.Helper()
		a := &app{in: strings.NewReader(password + "\n"), out: &answers, err: &answers}
		if code := a.run(ctx, append([]string{"-c", file}, args...)); code != want {
			t.Errorf("%v ends with %d:\n%s", args, code, &answers)
		}
	}
	do(exitDone, "user", "add", "Maija", "--role", "owner", "--password-stdin")
	running, stop := context.WithCancel(ctx)
	defer stop()
	a := &app{in: strings.NewReader(""), out: io.Discard, err: &log}
	ended := make(chan int)
	go func() { ended <- a.run(running, []string{"-c", file, "run"}) }()
	link, err := url.Parse(linkIn(t, &log))
	if err != nil {
		t.Fatal(err)
	}
	do(exitFailed, "test-alert")
	for _, args := range [][]string{{"backup", filepath.Join(dir, "copies")}, {"export"}, {"sources"}} {
		_, _ = answers.Write([]byte(askRunning(t, filepath.Join(dir, "d"), append([]string{"-c", file}, args...)...)))
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	base := "http://" + link.Host
	for _, form := range []url.Values{
		{"who": {"Maija"}, "password": {password + " nearly"}},
		{"who": {"\x1b[31mMai\u009bja\nlevel=ERROR msg=forged"}, "password": {password}},
		{"who": {"Maija"}, "password": {password}},
	} {
		resp, err := browser.PostForm(base+"/in", form)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	for _, path := range []string{"/digest", "/people", "/log", "/x%0Alevel=ERROR%1b[31m", "/sources"} {
		_, page := ask(t, browser, base+path)
		_, _ = answers.Write([]byte(page))
	}
	if !strings.Contains(answers.String(), "signed in") {
		t.Error("nobody was signed in")
	}
	var session strings.Builder
	for _, c := range jar.Cookies(&url.URL{Scheme: "http", Host: link.Host}) {
		session.WriteString(c.Value)
	}
	stop()
	if code := <-ended; code != exitDone {
		t.Errorf("run ends with %d", code)
	}
	do(exitFailed, "doctor", "--json")
	var files int
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		if !info.Mode().IsRegular() {
			return nil
		}
		files++
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		noCanary(t, path, string(b), token, password, session.String())
		return nil
	})
	if err != nil || files < 5 {
		t.Errorf("%d files were read, %v", files, err)
	}
	noCanary(t, "the log", log.String(), token, password, session.String())
	noCanary(t, "what was answered", answers.String(), token, password, session.String())
	for line := range strings.Lines(log.String()) {
		if line = strings.TrimSuffix(line, "\n"); strings.HasPrefix(line, "level=ERROR") || strings.ContainsFunc(line, func(r rune) bool { return unicode.IsControl(r) || r == '\u202e' }) {
			t.Errorf("a line of the log is forged: %q", line)
		}
	}
}

func noCanary(t *testing.T, where, text string, secrets ...string) {
	t.Helper()
	for _, s := range secrets {
		if s == "" {
			t.Errorf("there is no secret to look for in %s", where)
		} else if i := strings.Index(text, s); i >= 0 {
			t.Errorf("%s has a secret: …%q", where, text[max(0, i-60):i])
		}
	}
}

// FuzzCell: no spreadsheet takes an exported cell for a formula, and each is
// read back as it was.
func FuzzCell(f *testing.F) {
	for _, s := range []string{"", "=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\x00=1", " =1", "\u00a0=1", "＝1+1", "＋1", "－1", "＠x", "a=1", "'=1", "\"=1", ";=1", ",=1", "\n=1", "\u2003=1", "\ufeff=1", "\u200b=1", "=HYPERLINK(\"https://evil.example\",\"x\")", "=cmd|' /C calc'!A0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := web.GuardCell(s)
		first := strings.TrimLeftFunc(got, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) })
		if first != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(first)[0]) || got != "" && strings.ContainsRune("\t\r\x00", rune(got[0])) {
			t.Errorf("the cell %q is a formula", got)
		}
		if strings.TrimPrefix(got, "'") != strings.TrimPrefix(s, "'") {
			t.Errorf("%q became %q", s, got)
		}
		var b strings.Builder
		w := csv.NewWriter(&b)
		if err := w.Write([]string{got, "end"}); err != nil {
			t.Fatal(err)
		}
		w.Flush()
		row, err := csv.NewReader(strings.NewReader(b.String())).Read()
		if err != nil || len(row) != 2 || row[0] != strings.ReplaceAll(got, "\r\n", "\n") {
			t.Errorf("%q is read back as %q, %v", got, row, err)
		}
	})
}
