package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/puskaradio/puskaradio"
)

// TestInboxReply answers posts at a server that speaks Mastodon's interface.
func TestInboxReply(t *testing.T) {
	var sent atomic.Int64
	var end atomic.Value // what becomes of an answer
	end.Store("taken")
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/api/v1/statuses" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		sent.Add(1)
		b, _ := io.ReadAll(r.Body)
		if !strings.Contains(string(b), `"@maija@m.example Pahoittelut!"`) || r.Header.Get("Authorization") != "Bearer write-token" {
			t.Errorf("sent %s as %q", b, r.Header.Get("Authorization"))
		}
		switch end.Load() {
		case "refused":
			w.WriteHeader(http.StatusUnprocessableEntity)
		case "lost":
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				conn.Close()
			}
		default:
			fmt.Fprint(w, `{"id":"99","uri":"https://m.example/statuses/99"}`)
		}
	}))
	defer srv.Close()
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	t.Setenv("MASTODON_WRITE", "write-token")
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("puskaradio.yaml", fmt.Sprintf(`contact: it@acme.example
brands: [{id: acme, name: Acme}]
fetch: {private: ["127.0.0.0/8"], ports: [%s], delays: {"127.0.0.1": 0s}}
sources:
  - {id: social, kind: mastodon, options: {server: %q, tags: [acme], reply_token_env: MASTODON_WRITE}}
  - {id: blog, kind: feed, about: acme, options: {url: "https://blog.example/feed"}}
`, u.Port(), srv.URL))
	var posts strings.Builder
	for i, source := range []string{"social", "social", "social", "blog"} {
		fmt.Fprintf(&posts, `{"source":%q,"ref":"%s/users/maija/statuses/%d","url":"https://m.example/@maija/%d","author":"maija@m.example","text":"Acme on aivan kamala, surkea palvelu %d","rating":1,"published":"2026-11-20T10:00:00Z"}`+"\n", source, srv.URL, i+1, i+1, i)
	}
	write("posts.jsonl", posts.String())
	run := func(args ...string) (int, string, string) {
		var out, talk bytes.Buffer
		a := &app{in: strings.NewReader(""), out: &out, err: &talk, dir: dir}
		code := a.run(t.Context(), args)
		return code, out.String(), talk.String()
	}
	if code, _, log := run("import", "posts.jsonl"); code != exitDone {
		t.Fatal(log)
	}
	_, out, _ := run("inbox", "--json")
	ids := map[string]string{} // by address
	for line := range strings.Lines(out) {
		var c puskaradio.Case
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatal(err)
		}
		ids[c.Mention.URL] = string(c.ID)
	}
	if len(ids) != 4 {
		t.Fatalf("%d cases: %s", len(ids), out)
	}
	reply := func(n int, more ...string) (int, string, string) {
		return run(append([]string{"inbox", "reply", ids[fmt.Sprintf("https://m.example/@maija/%d", n)], "--text", "Pahoittelut!"}, more...)...)
	}
	code, out, log := reply(1)
	if code != exitDone || !strings.Contains(out, "draft\nfrom: the account") || !strings.Contains(out, "@maija@m.example Pahoittelut!") || !strings.Contains(log, "Nothing was sent") || sent.Load() != 0 {
		t.Errorf("draft: %d, %s%s, %d sent", code, out, log, sent.Load())
	}
	if code, _, log = reply(1, "--approved-by", " "); code != exitUsage || sent.Load() != 0 {
		t.Errorf("approved by nobody: %d %s", code, log)
	}
	if code, out, log = reply(1, "--approved-by", "Maija"); code != exitDone || !strings.Contains(out, "sent as https://m.example/statuses/99") || sent.Load() != 1 {
		t.Errorf("approved: %d, %s%s", code, out, log)
	}
	if _, out, _ = run("inbox", "--status", "answered", "--json"); !strings.Contains(out, `"who":"Maija","to":"answered","note":"approved by Maija and sent as https://m.example/statuses/99: @maija@m.example Pahoittelut!"`) {
		t.Errorf("the case says %s", out)
	}
	if code, _, log = reply(1, "--approved-by", "Maija"); code != exitFailed || !strings.Contains(log, "answered already") || sent.Load() != 1 {
		t.Errorf("again: %d %s", code, log)
	}

	end.Store("refused")
	if code, _, log = reply(2, "--approved-by", "Maija"); code != exitFailed || !strings.Contains(log, "it was not sent") || strings.Contains(log, "write-token") {
		t.Errorf("refused: %d %s", code, log)
	}
	if code, _, log = reply(2, "--approved-by", "Pekka", "--as", "pekka"); code != exitFailed || !strings.Contains(log, "already taken") || sent.Load() != 2 {
		t.Errorf("another's: %d %s", code, log)
	}
	end.Store("lost")
	if code, _, log = reply(3, "--approved-by", "Maija"); code != exitFailed || !strings.Contains(log, "may have been sent") {
		t.Errorf("lost: %d %s", code, log)
	}
	n := sent.Load()
	if code, _, log = reply(3, "--approved-by", "Maija"); code != exitFailed || !strings.Contains(log, "may have been sent; look at https://m.example/@maija/3") || sent.Load() != n {
		t.Errorf("after a lost answer: %d %s", code, log)
	}
	if code, _, log = reply(4, "--approved-by", "Maija"); code != exitFailed || !strings.Contains(log, "answers cannot be sent to this kind of source") || !strings.Contains(log, "https://m.example/@maija/4") {
		t.Errorf("a feed: %d %s", code, log)
	}
	if code, _, log = run("inbox", "reply", "nosuchcase", "--text", "x"); code != exitFailed || !strings.Contains(log, "not found") {
		t.Errorf("no case: %d %s", code, log)
	}
}
