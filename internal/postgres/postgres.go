package postgres

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// Options change how [Start] works. The zero value is for tests.
type Options struct {
	Durable  bool     // wait for the disk, as servers do
	Settings []string // name=value, as in postgresql.conf
	Dir      string   // to make the data in; empty is the directory for temporary files
}

// Locked is the one name that nobody gets in by without its password; the role
// is for a test to make.
const Locked = "locked"

// A Server is a PostgreSQL of its own, on a Unix socket.
type Server struct {
	dir     string
	cmd     *exec.Cmd
	stdin   io.Closer
	log     *bytes.Buffer
	schemas atomic.Int64
	stop    sync.Once
}

// Start starts a server. It ends with [Server.Stop], or when this process does.
func Start(o Options) (*Server, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(o.Dir, "postgres")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, log: new(bytes.Buffer)}
	as, err := owner(dir)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync")
	initdb.Dir = dir
	as(initdb)
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	hba := filepath.Join(data, "pg_hba.conf")
	rules, err := os.ReadFile(hba)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(hba, append([]byte("local all "+Locked+" scram-sha-256\n"), rules...), 0o600); err != nil { // the first rule that fits counts
		return nil, err
	}
	args := []string{
		filepath.Join(bin, "postgres"), "-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "max_connections=200",
		"-c", "log_min_messages=warning", "-c", "log_checkpoints=off",
	}
	if !o.Durable {
		args = append(args, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "autovacuum=off")
	}
	for _, set := range o.Settings {
		args = append(args, "-c", set)
	}
	// The shell outlives this process for a moment, however that ends: its
	// standard input is closed then.
	const watch = `dir=$1; shift; "$@" & pid=$!; cat; kill -INT $pid; wait $pid; rm -rf "$dir"`
	s.cmd = exec.Command("/bin/sh", append([]string{"-c", watch, "sh", dir}, args...)...)
	s.cmd.Dir, s.cmd.Stderr, s.cmd.Stdout = dir, s.log, s.log
	as(s.cmd)
	if s.stdin, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	for begin := time.Now(); time.Since(begin) < time.Minute; time.Sleep(20 * time.Millisecond) {
		ready := exec.Command(filepath.Join(bin, "pg_isready"), "-q", "-h", dir, "-U", "postgres")
		if ready.Run() == nil {
			return s, nil
		}
	}
	s.Stop()
	return nil, fmt.Errorf("PostgreSQL does not answer:\n%s", s.log)
}

// programs finds the folder of the newest server that is installed.
func programs() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		found = append(found, path)
	}
	if len(found) == 0 {
		return "", fmt.Errorf("%s", Missing)
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))) // that of PATH is taken if there is no other
		return n
	}
	slices.SortFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(found[len(found)-1]), nil
}

// Stop ends the server and removes its data.
func (s *Server) Stop() {
	s.stop.Do(func() {
		_ = s.stdin.Close()
		_ = s.cmd.Wait() // it was interrupted
	})
}

// URL is the address of the database, as a superuser.
func (s *Server) URL() string {
	return "postgresql://postgres@localhost/postgres?host=" + url.QueryEscape(s.dir)
}

// Schema makes a schema and gives the address of the database with that as the
// only one to look into. It is empty, and nobody else has it.
func (s *Server) Schema(ctx context.Context) (string, error) {
	conn, err := pgx.Connect(ctx, s.URL())
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	name := "s" + strconv.FormatInt(s.schemas.Add(1), 10)
	if _, err := conn.Exec(ctx, "CREATE SCHEMA "+name); err != nil {
		return "", err
	}
	return s.URL() + "&search_path=" + name, nil
}

// Log is what the server has complained about.
func (s *Server) Log() string { return s.log.String() }
