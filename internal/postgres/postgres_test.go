//go:build unix

package postgres_test

import (
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/puskaradio/puskaradio/internal/postgres"
)

// TestServer starts a server, uses it, and finds nothing of it afterwards.
func TestServer(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
	s, err := postgres.Start(postgres.Options{Dir: dir, Settings: []string{"work_mem=1234kB"}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	ask := func(url, sql string) (out string, err error) {
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			return "", err
		}
		defer conn.Close(t.Context())
		err = conn.QueryRow(t.Context(), sql).Scan(&out)
		return out, err
	}
	url, err := s.Schema(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for sql, want := range map[string]string{"SELECT current_schema()::text": "s1", "SHOW work_mem": "1234kB", "SHOW server_encoding": "UTF8"} {
		if got, err := ask(url, sql); err != nil || got != want {
			t.Errorf("%s = %q, %v, want %q", sql, got, err, want)
		}
	}
	s.Stop()
	if _, err := ask(url, "SELECT 'x'"); err == nil {
		t.Error("it still answers")
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if !strings.Contains(s.Log(), "database system is shut down") { // and was not killed
		t.Errorf("the server said:\n%s", s.Log())
	}
}

// open lets every user look into the folders above one.
func open(t *testing.T, dir string) {
	t.Helper()
	for d := dir; len(d) > len(os.TempDir()); d = d[:strings.LastIndexByte(d, '/')] {
		if err := os.Chmod(d, 0o777); err != nil {
			t.Fatal(err)
		}
	}
}
