//go:build unix

package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// A wordpress is a real one, in a folder of its own, with its own MariaDB on a
// Unix socket. Between it and its readers stands a proxy that notes what was
// asked and answered.
type wordpress struct {
	t    *testing.T
	dir  string
	env  []string
	URL  string
	Feed string

	mu   sync.Mutex
	seen []exchange
}

type exchange struct {
	at          time.Time
	path        string
	status      int
	conditional bool
}

func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Fatalf("%s is missing; make test installs what the tests need (Debian: apt-get install wordpress mariadb-server php-cli php-mysql)", p)
		}
	}
}

// background starts a program that ends with the test.
func background(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait() // it was killed
		if t.Failed() {
			b := log.String()
			t.Logf("%s printed:\n%s", filepath.Base(cmd.Path), b[max(0, len(b)-2000):])
		}
	})
}

func startWordPress(t *testing.T) *wordpress {
	t.Helper()
	t.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin")
	need(t, "php", "mariadbd", "mariadb-install-db")
	const installed = "/usr/share/wordpress"
	if _, err := os.Stat(installed); err != nil {
		need(t, "wordpress: "+installed)
	}
	w := &wordpress{t: t, dir: t.TempDir()}
	// The database server will not run as root.
	for d := w.dir; d != "/tmp" && d != "/" && d != os.TempDir(); d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	data := filepath.Join(w.dir, "db")
	socket := filepath.Join(data, "s")
	var as []string
	if os.Getuid() == 0 {
		as = []string{"--user=mysql"}
	} else if u, err := user.Current(); err == nil {
		as = []string{"--user=" + u.Username}
	}
	if out, err := exec.Command("mariadb-install-db", append(as, "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db")...).CombinedOutput(); err != nil {
		t.Fatalf("mariadb-install-db: %v\n%s", err, out)
	}
	background(t, exec.Command("mariadbd", append([]string{"--no-defaults"}, append(as, "--datadir="+data, "--socket="+socket, "--skip-networking", "--pid-file="+data+"/pid",
		"--innodb-flush-log-at-trx-commit=0", "--skip-grant-tables")...)...))
	site := filepath.Join(w.dir, "site")
	if out, err := exec.Command("cp", "-rL", installed, site).CombinedOutput(); err != nil {
		t.Fatalf("cp: %v\n%s", err, out)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	_ = ln.Close() // php takes it over
	php, err := url.Parse("http://" + addr)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(w.watch(php))
	t.Cleanup(proxy.Close)
	w.URL, w.Feed = proxy.URL, proxy.URL+"/?feed=comments-rss2"
	w.write(site, "wp-config.php", fmt.Sprintf(`<?php
define('DB_NAME','wp'); define('DB_USER','root'); define('DB_PASSWORD',''); define('DB_HOST','localhost:%s'); define('DB_CHARSET','utf8mb4'); define('DB_COLLATE','');
foreach (['AUTH_KEY','SECURE_AUTH_KEY','LOGGED_IN_KEY','NONCE_KEY','AUTH_SALT','SECURE_AUTH_SALT','LOGGED_IN_SALT','NONCE_SALT'] as $k) define($k, 'test');
define('WP_HOME','%[2]s'); define('WP_SITEURL','%[2]s'); define('DISABLE_WP_CRON', true); define('WP_HTTP_BLOCK_EXTERNAL', true); define('AUTOMATIC_UPDATER_DISABLED', true);
$table_prefix='wp_';
if (!defined('ABSPATH')) define('ABSPATH', __DIR__.'/');
require_once ABSPATH.'wp-settings.php';
`, socket, proxy.URL))
	// A limiter such as hosts put before it: while the file is there, 429.
	w.write(site, "wp-content/mu-plugins/limit.php", `<?php
if (file_exists(ABSPATH.'limited') && php_sapi_name() !== 'cli') { header('Retry-After: 3', true, 429); echo 'Too many requests'; exit; }
`)
	w.env = append(os.Environ(), "PHP_CLI_SERVER_WORKERS=2")
	w.mysql(socket)
	w.php(`define('WP_INSTALLING', true); require 'wp-load.php'; require_once ABSPATH.'wp-admin/includes/upgrade.php';
		add_filter('pre_wp_mail', '__return_true');
		wp_install('Kauppa', 'owner', 'owner@shop.example', true, '', 'password');
		update_option('comment_moderation', 0); update_option('comment_previously_approved', 0); wp_delete_comment(1, true);`)
	server := exec.Command("php", "-S", addr, "-t", site)
	server.Env = w.env
	background(t, server)
	w.until("WordPress answers", func() bool {
		resp, err := http.Get(w.URL + "/?rest_route=/wp/v2/comments")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return w
}

func (w *wordpress) write(dir, name, text string) {
	w.t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

func (w *wordpress) until(what string, holds func() bool) {
	w.t.Helper()
	for range 1800 {
		if holds() {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	w.t.Fatalf("waited in vain: %s", what)
}

// mysql makes the database, once the server is up.
func (w *wordpress) mysql(socket string) {
	w.t.Helper()
	w.until("MariaDB answers", func() bool {
		return exec.Command("php", "-r", fmt.Sprintf(`mysqli_report(MYSQLI_REPORT_OFF); $c = @mysqli_connect('localhost','root','','',0,%q); exit($c && $c->query('CREATE DATABASE IF NOT EXISTS wp') ? 0 : 1);`, socket)).Run() == nil
	})
}

// php runs a script inside WordPress and gives what it prints.
func (w *wordpress) php(script string) string {
	w.t.Helper()
	cmd := exec.Command("php", "-r", "$_SERVER['HTTP_HOST']='localhost'; $_SERVER['REQUEST_METHOD']='GET'; error_reporting(E_ERROR); "+script)
	cmd.Dir, cmd.Env = filepath.Join(w.dir, "site"), w.env
	out, err := cmd.Output()
	if err != nil {
		w.t.Fatalf("php: %v\n%s", err, out)
	}
	return string(out)
}

// comment writes a comment, as a visitor would, and gives its id.
func (w *wordpress) comment(author, text string) int {
	w.t.Helper()
	out := w.php(fmt.Sprintf(`require 'wp-load.php'; echo wp_insert_comment(['comment_post_ID'=>1,'comment_author'=>%q,'comment_content'=>%q,'comment_approved'=>1,'comment_agent'=>'test']);`, author, text))
	id, err := strconv.Atoi(strings.TrimSpace(out))
	if err != nil || id == 0 {
		w.t.Fatalf("comment: %q", out)
	}
	return id
}

func (w *wordpress) watch(to *url.URL) http.Handler {
	p := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host
	}}
	p.ErrorHandler = func(rw http.ResponseWriter, _ *http.Request, _ error) { rw.WriteHeader(http.StatusBadGateway) }
	p.ModifyResponse = func(resp *http.Response) error {
		r := resp.Request
		w.mu.Lock()
		defer w.mu.Unlock()
		w.seen = append(w.seen, exchange{time.Now(), r.URL.RequestURI(), resp.StatusCode, r.Header.Get("If-None-Match")+r.Header.Get("If-Modified-Since") != ""})
		return nil
	}
	return p
}

func (w *wordpress) exchanges(keep func(exchange) bool) (out []exchange) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.seen {
		if keep(e) {
			out = append(out, e)
		}
	}
	return out
}

// TestWordPress reads a real WordPress, through its feed and its REST
// interface: new comments, an edit, a deletion, 304, 429, and a burst of bad
// ones that ends as one message in Slack.
func TestWordPress(t *testing.T) {
	w := startWordPress(t)
	bin, err := build()
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var posts []string
	slack := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if strings.HasSuffix(r.URL.Path, "chat.postMessage") {
			posts = append(posts, r.FormValue("text"))
		}
		rw.Header().Set("Content-Type", "application/json")
		fmt.Fprint(rw, `{"ok":true,"channel":"C1","ts":"1.1"}`)
	}))
	t.Cleanup(slack.Close)
	dir := t.TempDir()
	u, _ := url.Parse(w.URL)
	config := fmt.Sprintf(`contact: test@puskaradio.example
authors: name
data: data
language: fi
brands: [{id: kauppa, name: Kauppa}]
sources:
  - {id: rest, kind: wordpress, every: 1h, about: kauppa, options: {site: %q}}
  - {id: feed, kind: feed, every: 1h, about: kauppa, options: {url: %q}}
channels: [{id: team, kind: slack, options: {channel: C1, api: %q}}]
alerts: {collect: 0s}
digest: {off: true}
fetch: {delay: 1ms, private: [127.0.0.0/8], ports: [%s]}
`, w.URL, w.Feed, slack.URL+"/api/", u.Port())
	if err := os.WriteFile(filepath.Join(dir, "puskaradio.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) (string, error) {
		cmd := exec.Command(bin, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "SLACK_BOT_TOKEN=xoxb-test")
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		err := cmd.Run()
		return out.String(), err
	}
	crawl := func() string {
		t.Helper()
		out, err := run("crawl")
		if err != nil {
			t.Fatalf("crawl: %v\n%s", err, out)
		}
		return out
	}
	mentions := func() map[string]store.Entry {
		t.Helper()
		l, err := parseConfigAt(filepath.Join(dir, "puskaradio.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		s, err := store.OpenBolt(l.Data, &store.BoltOptions{Zone: l.plan.Zone})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		es, _, err := s.Mentions(t.Context(), store.Filter{Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]store.Entry{}
		for _, e := range es {
			out[e.Mention.Source+"/"+e.Mention.Author] = e
		}
		if len(out) != len(es) {
			t.Errorf("%d mentions of %d authors: some came twice", len(es), len(out))
		}
		return out
	}

	kept := w.comment("Maija", "Hyvä palvelu, kiitos! Tilasin äidille lahjan.")
	gone := w.comment("Roskaaja", "Tämä poistetaan kohta")
	crawl()
	got := mentions()
	if len(got) != 4 || got["rest/Maija"].Mention.Text != "Hyvä palvelu, kiitos! Tilasin äidille lahjan." || got["feed/Maija"].Mention.Text == "" {
		t.Fatalf("after the first crawl: %+v", got)
	}
	if m := got["rest/Maija"].Mention; m.DateFrom != puskaradio.DatePublished || time.Since(m.Published).Abs() > time.Hour {
		t.Errorf("date = %v, %v", m.Published, m.DateFrom)
	}
	// Nothing is new: conditional requests and 304.
	crawl()
	same := w.exchanges(func(e exchange) bool { return e.conditional && e.status == http.StatusNotModified })
	if len(same) < 2 {
		t.Errorf("the second crawl got %d times 304, want one for the feed and one for the probe: %v", len(same), w.exchanges(func(exchange) bool { return true }))
	}
	// An edit and a deletion, which the feed does not show; a new one with them.
	w.php(fmt.Sprintf(`require 'wp-load.php'; wp_update_comment(['comment_ID'=>%d,'comment_content'=>'Surkea palvelu, en tilaa enää. Muokattu.']);`, kept))
	w.php(fmt.Sprintf(`require 'wp-load.php'; wp_delete_comment(%d, true);`, gone))
	w.comment("Pekka", "Ihan ok")
	crawl()
	got = mentions()
	m := got["rest/Maija"].Mention
	if len(m.Versions) != 1 || !strings.HasPrefix(m.Text, "Surkea") || m.Verdict().Label != puskaradio.Negative {
		t.Errorf("after the edit: %+v", m)
	}
	if got["rest/Roskaaja"].Mention.State != puskaradio.Deleted {
		t.Errorf("after the deletion: %+v", got["rest/Roskaaja"].Mention)
	}
	if got["rest/Pekka"].Mention.Text != "Ihan ok" || got["feed/Pekka"].Mention.Text != "Ihan ok" {
		t.Errorf("the new comment: %+v", got)
	}
	// 429: nobody asks again before the time that it says.
	limit := filepath.Join(w.dir, "site", "limited")
	if err := os.WriteFile(limit, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := run("crawl", "--source", "rest"); err == nil || !strings.Contains(out, "429") {
		t.Errorf("crawl of a limited site: %v\n%s", err, out)
	}
	program := exec.Command(bin, "run")
	program.Dir, program.Env = dir, append(os.Environ(), "SLACK_BOT_TOKEN=xoxb-test")
	program.Stdout, program.Stderr = io.Discard, io.Discard
	started := time.Now()
	background(t, program)
	limited := func(e exchange) bool { return e.status == http.StatusTooManyRequests }
	w.until("more 429", func() bool { return len(w.exchanges(limited)) >= 4 })
	all := w.exchanges(func(e exchange) bool { return e.at.After(started) })
	for i := range len(all) - 1 {
		if gap := all[i+1].at.Sub(all[i].at); limited(all[i]) && gap < 2900*time.Millisecond {
			t.Errorf("asked for %s %v after a 429 that said 3 s", all[i+1].path, gap)
		}
	}
	if err := os.Remove(limit); err != nil {
		t.Fatal(err)
	}
	// A burst: one message.
	for i := range 9 {
		w.comment(fmt.Sprint("Asiakas", i), fmt.Sprintf("Surkea toimitus, pettymys. Tilaus %d", i))
	}
	w.until("the burst is read", func() bool {
		out, _ := run("crawl")
		mu.Lock()
		defer mu.Unlock()
		return len(posts) > 0 || strings.Contains(out, "never")
	})
	time.Sleep(2 * time.Second)
	mu.Lock()
	defer mu.Unlock()
	if len(posts) != 1 || !strings.Contains(posts[0], "Kauppa") {
		t.Errorf("Slack was sent %d messages, want one: %q", len(posts), posts)
	}
}
