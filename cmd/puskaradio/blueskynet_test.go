//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio/internal/jetstream"
)

// A blueskyNet is a real one: the server of some accounts, an AppView that
// searches, and what these need, with a PostgreSQL of their own.
type blueskyNet struct {
	t       *testing.T
	PDS     string
	AppView string
	stream  jetstream.Server // tells what the server's own stream told
	told    sync.Map         // when it told a post first, by its key
	tokens  map[string]string
}

func startBluesky(t *testing.T) *blueskyNet {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(cache, "puskaradio", "bluesky")
	const lock = "../../testdata/bluesky/package-lock.json"
	want, err := os.ReadFile(lock)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(home, "ready")); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("the Bluesky servers are not installed (%v); make test installs what the tests need, this by testdata/bluesky/install.sh", err)
	}
	node, _ := filepath.Glob(filepath.Join(home, "node_modules", "node-linux-*", "bin", "node"))
	if len(node) != 1 {
		t.Fatalf("Node.js: %q", node)
	}
	script, err := filepath.Abs("../../testdata/bluesky/network.mjs")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(node[0], script, filepath.Join(home, "node_modules"), startPostgres(t))
	cmd.Env = append(os.Environ(), "NODE_ENV=production", "TMPDIR="+t.TempDir())
	in, err := cmd.StdinPipe() // it ends with the test
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd.Stderr = &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	n := &blueskyNet{t: t, tokens: map[string]string{}}
	ready := make(chan struct{})
	var wg sync.WaitGroup
	ended := make(chan struct{})
	wg.Go(func() {
		defer close(ended)
		n.listen(out, ready)
	})
	t.Cleanup(func() {
		_ = in.Close()
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		wg.Wait()
		_ = cmd.Wait() // it was killed
		if t.Failed() {
			b := log.String()
			t.Logf("node printed:\n%s", b[max(0, len(b)-4000):])
		}
	})
	select {
	case <-ready:
	case <-ended:
		t.Fatal("the Bluesky servers ended as they began; testdata/bluesky/install.sh says whether they can be started")
	case <-time.After(4 * time.Minute): // the first start of a busy machine reads a thousand files
		t.Fatal("the Bluesky servers do not start")
	}
	return n
}

// listen hears the stream of the server.
func (n *blueskyNet) listen(out io.Reader, ready chan struct{}) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e map[string]any
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue // what a library prints
		}
		if pds, ok := e["pds"].(string); ok {
			n.PDS, n.AppView = pds, e["appview"].(string)
			close(ready)
			continue
		}
		now := time.Now()
		e["time_us"] = now.UnixMicro() // when it was witnessed
		n.stream.Tell(e)
		if commit, ok := e["commit"].(map[string]any); ok {
			n.told.LoadOrStore(commit["rkey"], now)
		}
	}
}

// call asks the server, as an account or as nobody.
func (n *blueskyNet) call(as, method string, in any) map[string]any {
	n.t.Helper()
	b, err := json.Marshal(in)
	if err != nil {
		n.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(n.t.Context(), http.MethodPost, n.PDS+"/xrpc/"+method, bytes.NewReader(b))
	if err != nil {
		n.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if as != "" {
		req.Header.Set("Authorization", "Bearer "+n.tokens[as])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		n.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	var out map[string]any
	if len(body) == 0 {
		body = []byte("{}")
	}
	if err := json.Unmarshal(body, &out); resp.StatusCode != http.StatusOK || err != nil {
		n.t.Fatalf("%s: %s %s", method, resp.Status, body)
	}
	return out
}

// join makes an account.
func (n *blueskyNet) join(name string) {
	n.t.Helper()
	out := n.call("", "com.atproto.server.createAccount", map[string]string{"handle": name + ".test", "email": name + "@mail.example", "password": "password-of-" + name})
	n.tokens[name] = out["accessJwt"].(string)
	n.tokens[name+" did"] = out["did"].(string)
}

func (n *blueskyNet) record(as, key, text string) map[string]any {
	return map[string]any{"repo": n.tokens[as+" did"], "collection": "app.bsky.feed.post", "rkey": key, "record": map[string]any{
		"$type": "app.bsky.feed.post", "text": text, "createdAt": time.Now().UTC().Format(time.RFC3339Nano), "langs": []string{"fi"},
	}}
}

// post writes a post and gives its reference.
func (n *blueskyNet) post(as, text string) string {
	n.t.Helper()
	in := n.record(as, "", text)
	delete(in, "rkey")
	return n.call(as, "com.atproto.repo.createRecord", in)["uri"].(string)
}

func (n *blueskyNet) edit(as, ref, text string) {
	n.t.Helper()
	n.call(as, "com.atproto.repo.putRecord", n.record(as, ref[strings.LastIndexByte(ref, '/')+1:], text))
}

func (n *blueskyNet) remove(as, ref string) {
	n.t.Helper()
	n.call(as, "com.atproto.repo.deleteRecord", map[string]any{"repo": n.tokens[as+" did"], "collection": "app.bsky.feed.post", "rkey": ref[strings.LastIndexByte(ref, '/')+1:]})
}
