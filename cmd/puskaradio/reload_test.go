package main

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio/store"
)

// A syncBuffer is a log that a test may read while it is written.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

const reloadConfig = `contact: it@acme.example
brands: [{id: acme, name: Acme}]
sources:
  - {id: blog, kind: feed, about: acme, options: {url: "https://blog.example/feed.xml"}}
`

// TestReload: a configuration that cannot be put in force changes nothing and
// is told of; the next good one is taken.
func TestReload(t *testing.T) {
	hup := make(chan os.Signal, 1) // so that the signal never ends the test
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	dir := t.TempDir()
	file := filepath.Join(dir, "puskaradio.yaml")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(reloadConfig)
	var log syncBuffer
	a := &app{in: strings.NewReader(""), out: &log, err: &log, file: file, web: new(dashboard)}
	l, err := a.config()
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.OpenBolt(l.Data, &store.BoltOptions{NoSync: true, Zone: l.plan.Zone})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	m, err := a.monitorOnly(s, l)
	if err != nil {
		t.Fatal(err)
	}
	m.Log = slog.New(slog.NewTextHandler(&log, nil))
	r := &runner{app: a, store: s, monitor: m, log: m.Log}
	r.current.Store(l)
	note := reloadFault(l.Data)
	if err := os.WriteFile(note, []byte("of yesterday"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { r.watch(ctx) })
	defer wg.Wait()
	defer cancel()
	until(t, "the note of an earlier run is gone", func() bool { _, err := os.Stat(note); return os.IsNotExist(err) })

	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct {
		name, text string
		says       string // in the log and the note; empty is good
	}{
		{"broken", "contact: [", "this is not YAML"},
		{"unknown key", reloadConfig + "langauge: fi\n", `did you mean`},
		{"another zone", reloadConfig + "zone: Europe/Stockholm\n", "restart it"},
		{"another contact", strings.Replace(reloadConfig, "it@", "bot@", 1), "restart it"},
		{"nobody to approve", reloadConfig + "answers: {second_approver: true}\n", "need two people"},
		{"good", reloadConfig + "language: en\n", ""},
		{"broken again", "", "the file is empty"},
		{"good again", reloadConfig, ""},
	} {
		before, was := log.String(), r.current.Load()
		write(c.text)
		if err := self.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		until(t, c.name+" is told of", func() bool {
			now := log.String()[len(before):]
			if c.says == "" {
				return strings.Contains(now, "the configuration was read again")
			}
			return strings.Contains(now, "the old one stays in force") && strings.Contains(now, c.says)
		})
		if c.says == "" {
			until(t, c.name+" is in force", func() bool { return r.current.Load() != was })
			if _, err := os.Stat(note); !os.IsNotExist(err) {
				t.Errorf("%d %s: the note is still there: %v", i, c.name, err)
			}
			if m.Plan() != r.current.Load().plan {
				t.Errorf("%d %s: the monitor has another plan", i, c.name)
			}
			continue
		}
		until(t, c.name+" is noted", func() bool {
			b, err := os.ReadFile(note)
			return err == nil && strings.Contains(string(b), c.says)
		})
		if r.current.Load() != was || m.Plan() != was.plan {
			t.Errorf("%d %s: it was put in force", i, c.name)
		}
	}
}

// until waits for something that happens soon.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for range 6000 {
		if done() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("not within a minute: %s", what)
}
