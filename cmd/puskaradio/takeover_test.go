package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestWorkerTakesOver: what a worker was doing when it was killed, and leading
// the others too, another does within a minute.
func TestWorkerTakesOver(t *testing.T) {
	database := startPostgres(t)
	bin, err := build()
	if err != nil {
		t.Fatal(err)
	}
	asked, done := make(chan time.Time, 10), make(chan struct{})
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/feed.json" {
			http.NotFound(w, r)
			return
		}
		asked <- time.Now()
		select { // who asked is killed before they have an answer
		case <-r.Context().Done():
		case <-done:
		}
	}))
	defer site.Close()
	defer close(done)
	u, err := url.Parse(site.URL)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	config := fmt.Sprintf(`contact: test@puskaradio.example
store: {url: %q}
brands: [{id: acme, name: Acme}]
sources:
  - {id: slow, kind: feed, every: 1h, about: acme, options: {url: %q}}
fetch: {delay: 50ms, private: [127.0.0.0/8], ports: [%s]}
digest: {off: true}
`, database, site.URL+"/feed.json", u.Port())
	if err := os.WriteFile(filepath.Join(dir, "puskaradio.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	worker := func() *exec.Cmd {
		cmd := exec.Command(bin, "work")
		cmd.Dir, cmd.Stderr = dir, t.Output()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait() // it was killed
		})
		return cmd
	}
	wait := func(what string) time.Time {
		t.Helper()
		select {
		case at := <-asked:
			return at
		case <-time.After(2 * time.Minute):
			t.Fatalf("not within two minutes: %s", what)
			return time.Time{}
		}
	}
	first := worker()
	wait("the first worker asks the site")
	db, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(context.Background())
	connections := func() (n int) {
		if err := db.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'puskaradio'`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	alone := connections()
	worker()
	until(t, "the second worker is there", func() bool { return connections() >= alone+2 })
	leader := ""
	if err := db.QueryRow(t.Context(), `SELECT leader_id FROM river_leader`).Scan(&leader); err != nil {
		t.Fatal(err)
	}
	_ = first.Process.Kill()
	killed := time.Now()
	took := wait("the second worker does what the first was doing").Sub(killed)
	t.Logf("taken over after %v; %s led", took.Round(time.Second), leader)
	if took > time.Minute {
		t.Errorf("taken over after %v, want a minute at most", took)
	}
}
