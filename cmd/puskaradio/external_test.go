package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestScoreExternal asks a scorer as the configuration and its documentation
// say, and does without when it is away.
func TestScoreExternal(t *testing.T) {
	doc, err := os.ReadFile("../../docs/external-scorer.md")
	if err != nil {
		t.Fatal(err)
	}
	answer := regexp.MustCompile(`(?s)\{"scores": .*?\n\]\}`).Find(doc)
	n := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n++
		if r.Header.Get("Authorization") != "Bearer canary" {
			t.Errorf("header %v", r.Header)
		}
		if n == 1 {
			_, _ = w.Write(regexp.MustCompile(`(?s),\n.*\]`).ReplaceAll(answer, []byte("]"))) // the first of the two
			return
		}
		w.WriteHeader(http.StatusTeapot)
	}))
	defer srv.Close()
	t.Setenv("SCORER_TOKEN", "canary")
	block := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindSubmatch(doc)
	if l, err := parseConfig("doc.yaml", append([]byte(reloadConfig), block[1]...)); err != nil || l.plan.External == nil {
		t.Errorf("the configuration of the documentation: %v", err)
	}
	file := filepath.Join(t.TempDir(), "puskaradio.yaml")
	run := func(more string, args ...string) (int, string, string) {
		if err := os.WriteFile(file, []byte(reloadConfig+more), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, log bytes.Buffer
		a := &app{in: strings.NewReader("Great shop, excellent service!\nAwful, the worst ever\nAwful again\n"), out: &out, err: &log}
		return a.run(t.Context(), append([]string{"--config", file, "score"}, args...)), out.String(), log.String()
	}
	code, out, log := run(fmt.Sprintf("sentiment: {external: {url: %q, token_env: SCORER_TOKEN}}\n", srv.URL), "--external")
	lines := strings.Split(out, "\n")
	if code != exitDone || len(lines) != 4 || !strings.Contains(lines[0], `"label":"negative","value":-0.8`) || !strings.Contains(lines[0], `"embedded":{"label":"positive"`) {
		t.Errorf("score: %d\n%s", code, out)
	}
	if strings.Contains(lines[1], "embedded") || strings.Count(log, "it answered 418") != 1 || n != 3 || strings.Contains(log+out, "canary") {
		t.Errorf("%d questions\n%s%s", n, out, log)
	}
	if code, out, _ := run(""); code != exitDone || strings.Contains(out, "embedded") || n != 3 {
		t.Errorf("unasked: %d questions, %d\n%s", n, code, out)
	}
	if code, _, log := run("", "--external"); code != exitFailed || !strings.Contains(log, "names no external scorer") {
		t.Errorf("without one: %d\n%s", code, log)
	}
}
