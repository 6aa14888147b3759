//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// A reader is the program in a folder of its own.
type reader struct {
	t   *testing.T
	bin string
	dir string
	env []string
}

func (r *reader) run(args ...string) (string, string, error) {
	cmd := exec.Command(r.bin, args...)
	cmd.Dir, cmd.Env = r.dir, append(os.Environ(), r.env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	return out.String(), errs.String(), err
}

// mentions are those that were kept, by reference; each must be there once.
func (r *reader) mentions() map[string]puskaradio.Mention {
	r.t.Helper()
	out, errs, err := r.run("export", "--json")
	if err != nil {
		r.t.Fatalf("export: %v\n%s", err, errs)
	}
	ms := map[string]puskaradio.Mention{}
	for line := range strings.Lines(out) {
		var m puskaradio.Mention
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			r.t.Fatalf("export: %v in %s", err, line)
		}
		if _, twice := ms[m.Ref]; twice {
			r.t.Errorf("%s is there twice", m.Ref)
		}
		ms[m.Ref] = m
	}
	return ms
}

func (r *reader) until(what string, holds func(ms map[string]puskaradio.Mention) bool) map[string]puskaradio.Mention {
	r.t.Helper()
	var ms map[string]puskaradio.Mention
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if ms = r.mentions(); holds(ms) {
			return ms
		}
	}
	r.t.Fatalf("waited in vain: %s: %+v", what, ms)
	return nil
}

func newReader(t *testing.T, bin, sources string, servers ...string) *reader {
	t.Helper()
	var ports []string
	for _, s := range servers {
		u, err := url.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		ports = append(ports, u.Port())
	}
	r := &reader{t: t, bin: bin, dir: t.TempDir()}
	config := fmt.Sprintf(`contact: test@puskaradio.example
authors: name
data: data
language: fi
brands: [{id: acme, name: Acme}]
sources:
%s
alerts: {collect: 0s}
digest: {off: true}
fetch: {delay: 1ms, private: [127.0.0.0/8], ports: [%s]}
`, sources, strings.Join(ports, ", "))
	if err := os.WriteFile(filepath.Join(r.dir, "puskaradio.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestBluesky reads a real Bluesky server: by search through the account's
// own server and at the AppView, and by the stream of its posts.
func TestBluesky(t *testing.T) {
	n := startBluesky(t)
	bin, err := build()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"lukija", "maija", "pekka", "ujo"} {
		n.join(name)
	}
	// One who does not want to be shown to strangers.
	n.call("ujo", "com.atproto.repo.putRecord", map[string]any{"repo": n.tokens["ujo did"], "collection": "app.bsky.actor.profile", "rkey": "self", "record": map[string]any{
		"$type": "app.bsky.actor.profile", "displayName": "Ujo",
		"labels": map[string]any{"$type": "com.atproto.label.defs#selfLabels", "values": []any{map[string]any{"val": "!no-unauthenticated"}}},
	}})
	password := n.call("lukija", "com.atproto.server.createAppPassword", map[string]string{"name": "puskaradio"})["password"].(string)
	t.Run("search", func(t *testing.T) { n.search(t, bin, password) })
	t.Run("stream", func(t *testing.T) { n.streams(t, bin) })
}

func (n *blueskyNet) search(t *testing.T, bin, password string) {
	n.t = t
	r := newReader(t, bin, fmt.Sprintf(`
  - {id: pds, kind: bluesky, every: 1h, options: {server: %q, handle: lukija.test, password_env: BLUESKY_PASSWORD}}
`, n.PDS), n.PDS)
	r.env = []string{"BLUESKY_PASSWORD=" + password}
	kept := n.post("maija", "Acmen asiakaspalvelu oli surkea, en tilaa enää")
	gone := n.post("pekka", "Acme on ihan ok")
	n.post("pekka", "Tämä ei koske ketään")
	n.post("ujo", "Acmesta en sano mitään")
	crawled := func(what string, holds func(ms map[string]puskaradio.Mention) bool) map[string]puskaradio.Mention {
		t.Helper()
		return r.until(what, func(ms map[string]puskaradio.Mention) bool {
			if holds(ms) {
				return true
			}
			if _, errs, err := r.run("crawl"); err != nil {
				t.Fatalf("crawl: %v\n%s", err, errs)
			}
			return false
		})
	}
	ms := crawled("both posts are found", func(ms map[string]puskaradio.Mention) bool { return len(ms) == 2 })
	m := ms[kept]
	if m.Text != "Acmen asiakaspalvelu oli surkea, en tilaa enää" || m.Author != "maija.test" || m.Lang != "fi" || m.Brand != "acme" || m.DateFrom != puskaradio.DatePublished ||
		time.Since(m.Published).Abs() > time.Minute || !strings.HasPrefix(m.URL, "https://bsky.app/profile/maija.test/post/") || m.Verdict().Label != puskaradio.Negative {
		t.Errorf("found %+v", m)
	}
	n.edit("maija", kept, "Acmen asiakaspalvelu hyvitti kaiken, kiitos!")
	n.remove("pekka", gone)
	ms = crawled("an edit and a deletion", func(ms map[string]puskaradio.Mention) bool {
		return len(ms[kept].Versions) > 0 && ms[gone].State == puskaradio.Deleted
	})
	if m := ms[kept]; len(m.Versions) != 1 || !strings.HasPrefix(m.Text, "Acmen asiakaspalvelu hyvitti") || !strings.HasPrefix(m.Versions[0].Text, "Acmen asiakaspalvelu oli") {
		t.Errorf("after the edit: %+v", m)
	}
	if len(ms) != 2 {
		t.Errorf("%d mentions, want 2", len(ms))
	}
	// More than a page.
	for i := range 110 {
		n.post("pekka", fmt.Sprintf("Acme numero %d", i))
	}
	crawled("all of them are found", func(ms map[string]puskaradio.Mention) bool { return len(ms) == 112 })

	anonymous := newReader(t, bin, fmt.Sprintf(`
  - {id: appview, kind: bluesky, every: 1h, options: {server: %q}}
  - {id: pds, kind: bluesky, every: 1h, options: {server: %q}}
  - {id: wrong, kind: bluesky, every: 1h, options: {server: %q, handle: lukija.test, password_env: BLUESKY_PASSWORD}}
`, n.AppView, n.PDS, n.PDS), n.PDS, n.AppView)
	anonymous.env = []string{"BLUESKY_PASSWORD=wrong"}
	_, errs, err := anonymous.run("crawl")
	for _, want := range []string{"pds: bluesky: this server searches only for those who sign in", "wrong: bluesky: the handle or the app password is not valid", "2 failed"} {
		if err == nil || !strings.Contains(errs, want) {
			t.Errorf("crawl = %v\n%s\nwant %q", err, errs, want)
		}
	}
	if got := len(anonymous.mentions()); got != 111 {
		t.Errorf("the AppView showed %d posts, want 111", got)
	}
}

func (n *blueskyNet) streams(t *testing.T, bin string) {
	n.t = t
	js := httptest.NewServer(&n.stream)
	t.Cleanup(js.Close)
	r := newReader(t, bin, fmt.Sprintf(`
  - {id: bluesky, kind: bluesky, options: {stream: true, jetstream: [%q], profiles: %q}}
`, js.URL, n.AppView), js.URL, n.AppView)
	start := func() *exec.Cmd {
		t.Helper()
		was := n.stream.Dialled.Load()
		program := exec.Command(r.bin, "run")
		program.Dir = r.dir
		background(t, program)
		for end := time.Now().Add(time.Minute); n.stream.Dialled.Load() == was; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("it does not listen")
			}
		}
		time.Sleep(300 * time.Millisecond) // the first time it begins with what is new
		return program
	}
	program := start()
	posted := time.Now()
	first := n.post("maija", "Kuulin että Acmella menee huonosti")
	n.post("maija", "Ei mitään mistään")
	shy := n.post("ujo", "Acme ei ole minusta mitään")
	ms := r.until("a post is heard", func(ms map[string]puskaradio.Mention) bool { return len(ms) == 1 })
	heard, _ := n.told.Load(first[strings.LastIndexByte(first, '/')+1:])
	took := ms[first].FirstSeen.Sub(heard.(time.Time))
	if m := ms[first]; took > 20*time.Second || m.Author != "maija.test" || m.Brand != "acme" || m.Lang != "fi" || m.DateFrom != puskaradio.DatePublished {
		t.Errorf("kept %v after it was told: %+v", took, m)
	}
	t.Logf("kept %v after it was told, and shown %v after it was posted", took.Round(time.Millisecond), time.Since(posted).Round(time.Millisecond))
	// The connection breaks, the program is killed: what was said meanwhile is
	// told again, and nothing counts twice.
	n.stream.Break()
	second := n.post("pekka", "Acme vastasi heti")
	n.edit("maija", first, "Kuulin että Acmella menee hyvin")
	r.until("what was said while it was cut off", func(ms map[string]puskaradio.Mention) bool { return len(ms) == 2 && len(ms[first].Versions) == 1 })
	_ = program.Process.Kill()
	_ = program.Wait() // it was killed
	third := n.post("pekka", "Acme, mitä kuuluu?")
	n.remove("pekka", second)
	program = start()
	r.until("what was said while it was dead", func(ms map[string]puskaradio.Mention) bool {
		return ms[third].Text != "" && ms[second].State == puskaradio.Deleted
	})
	// An account that goes takes its posts with it.
	n.call("maija", "com.atproto.server.deactivateAccount", map[string]any{})
	ms = r.until("what an account wrote that is gone", func(ms map[string]puskaradio.Mention) bool { return ms[first].State == puskaradio.Deleted })
	if _, there := ms[shy]; there {
		t.Errorf("kept what is not for strangers: %+v", ms[shy])
	}
	if len(ms) != 3 || len(ms[first].Versions) != 1 || len(ms[third].Versions) != 0 {
		t.Errorf("kept %+v", ms)
	}
	if err := program.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := program.Wait(); err != nil {
		t.Errorf("the program ended with %v", err)
	}
	out, errs, err := r.run("sources")
	if err != nil || !strings.Contains(out, "bluesky") {
		t.Errorf("sources = %v\n%s%s", err, out, errs)
	}
}
