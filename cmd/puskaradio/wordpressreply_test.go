//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/puskaradio/puskaradio"
)

// TestWordPressReply answers a comment at a real WordPress: only what a person
// has approved, once, with an application password; and reads it back as the
// site's own reply.
func TestWordPressReply(t *testing.T) {
	w := startWordPress(t)
	bin, err := build()
	if err != nil {
		t.Fatal(err)
	}
	// WordPress gives such passwords only where there is TLS, else where it is told to.
	w.write(filepath.Join(w.dir, "site"), "wp-content/mu-plugins/passwords.php", `<?php add_filter('wp_is_application_passwords_available', '__return_true');`)
	password := strings.TrimSpace(w.php(`require 'wp-load.php'; [$p] = WP_Application_Passwords::create_new_application_password(1, ['name' => 'puskaradio']); echo $p;`))
	if len(password) < 20 {
		t.Fatalf("application password of %d letters", len(password))
	}
	u, err := url.Parse(w.URL)
	if err != nil {
		t.Fatal(err)
	}
	install := func(password string) *reader {
		r := &reader{t: t, bin: bin, dir: t.TempDir(), env: []string{"WP_PASSWORD=" + password}}
		config := fmt.Sprintf(`contact: test@puskaradio.example
authors: name
data: data
language: fi
brands: [{id: kauppa, name: Kauppa}]
sources:
  - {id: rest, kind: wordpress, every: 1h, about: kauppa, options: {site: %q, reply_user: owner, reply_password_env: WP_PASSWORD}}
digest: {off: true}
fetch: {delay: 1ms, private: [127.0.0.0/8], ports: [%s]}
`, w.URL, u.Port())
		if err := os.WriteFile(filepath.Join(r.dir, "puskaradio.yaml"), []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		return r
	}
	type written struct {
		Parent, User int
		Text         string
	}
	answers := func() (out []written) {
		t.Helper()
		raw := w.php(`require 'wp-load.php'; echo wp_json_encode(array_map(fn($c) => ['Parent' => (int)$c->comment_parent, 'User' => (int)$c->user_id, 'Text' => $c->comment_content], get_comments(['user_id' => 1, 'status' => 'approve'])));`)
		if err := json.Unmarshal([]byte(raw), &out); err != nil {
			t.Fatalf("%v: %s", err, raw)
		}
		return out
	}
	open := func(r *reader) string {
		t.Helper()
		r.crawl()
		out, errs, err := r.run("inbox", "--json")
		var c puskaradio.Case
		if err != nil || json.Unmarshal([]byte(out), &c) != nil || c.ID == "" {
			t.Fatalf("inbox: %v\n%s%s", err, out, errs)
		}
		return string(c.ID)
	}
	const text = "Pahoittelut, Maija! Soitamme tänään <puhelimitse>."
	parent := w.comment("Maija", "Surkea palvelu, toimitus kesti viikkoja, en suosittele.")

	wrong := install("abcd efgh ijkl mnop qrst uvwx")
	out, errs, err := wrong.run("inbox", "reply", open(wrong), "--text", text, "--approved-by", "Pekka")
	if err == nil || !strings.Contains(errs, "it was not sent") || strings.Contains(out+errs, "mnop") || len(answers()) != 0 {
		t.Errorf("a wrong password: %v\n%s%s", err, out, errs)
	}
	r := install(password)
	id := open(r)
	if out, errs, err := r.run("inbox", "reply", id, "--text", text); err != nil || !strings.Contains(out, "from: owner") || len(answers()) != 0 {
		t.Errorf("a draft: %v\n%s%s", err, out, errs)
	}
	if out, errs, err := r.run("inbox", "reply", id, "--text", text, "--approved-by", "Pekka"); err != nil || !strings.Contains(out, "sent as ") {
		t.Fatalf("an approved answer: %v\n%s%s", err, out, errs)
	}
	got := answers()
	if len(got) != 1 || got[0].Parent != parent || got[0].User != 1 || !strings.HasPrefix(got[0].Text, "Pahoittelut, Maija! Soitamme tänään") {
		t.Fatalf("the site has %+v", got)
	}
	if _, errs, err := r.run("inbox", "reply", id, "--text", text, "--approved-by", "Pekka"); err == nil || !strings.Contains(errs, "answered already") || len(answers()) != 1 {
		t.Errorf("again: %v\n%s", err, errs)
	}
	// Who reads the site anew finds the answer as the site's own.
	for _, m := range install(password).crawl() {
		if m.Author == "Maija" && (m.Owner == nil || m.Owner.Author != "owner" || !strings.HasPrefix(m.Owner.Text, "Pahoittelut, Maija!")) {
			t.Errorf("read anew: %+v", m.Owner)
		}
	}
}
