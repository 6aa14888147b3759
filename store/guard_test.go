package store_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// filled makes a directory with mentions of two years in it.
func filled(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	s, err := store.OpenBolt(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	var ms []puskaradio.Mention
	for i := range 700 {
		m := mention("acme", i)
		m.Published = noon.AddDate(0, 0, -i)
		ms = append(ms, m)
	}
	commit(t, s, ms...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func damage(t *testing.T, path string, do func(b []byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, do(b), 0o600); err != nil {
		t.Fatal(err)
	}
}

// unclean makes the directory look as after a crash: then every page is read.
func unclean(t *testing.T, dir string) {
	damage(t, filepath.Join(dir, "id.json"), func(b []byte) []byte {
		return bytes.Replace(b, []byte(`"clean": true`), []byte(`"clean": false`), 1)
	})
}

func TestDamagedFiles(t *testing.T) {
	for name, tt := range map[string]struct {
		file string
		do   func(b []byte) []byte
		want string
	}{
		"cut off":         {"main.db", func(b []byte) []byte { return b[:len(b)/2] }, "bytes and had"},
		"nearly empty":    {"main.db", func([]byte) []byte { return make([]byte, 100) }, "cut off"},
		"empty":           {"main.db", func([]byte) []byte { return nil }, "bytes and had"},
		"zeros":           {"main.db", func(b []byte) []byte { return make([]byte, len(b)) }, "damaged"},
		"zeros in it":     {"main.db", func(b []byte) []byte { clear(b[3*4096:]); return b }, "damaged"},
		"both heads":      {"main.db", func(b []byte) []byte { clear(b[:2*4096]); return b }, "damaged"},
		"no database":     {"main.db", func(b []byte) []byte { copy(b, bytes.Repeat([]byte("hello "), 4096)); return b }, "damaged"},
		"quarter cut off": {"bodies-2026Q2.db", func(b []byte) []byte { return b[:8*4096] }, "bytes and had"},
		"quarter empty":   {"bodies-2026Q2.db", func([]byte) []byte { return nil }, "bytes and had"},
		"quarter zeros":   {"bodies-2026Q2.db", func(b []byte) []byte { clear(b[4*4096:]); return b }, "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filled(t)
			backups := t.TempDir()
			s, err := store.OpenBolt(dir, nil)
			if err != nil {
				t.Fatal(err)
			}
			backup, err := s.Backup(t.Context(), backups, noon)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			damage(t, filepath.Join(dir, tt.file), tt.do)
			unclean(t, dir)
			_, err = store.OpenBolt(dir, nil)
			refused, ok := errors.AsType[*store.RefusedError](err)
			if !ok || !strings.Contains(err.Error(), tt.want) || refused.Advice == "" {
				t.Fatalf("open = %v, want a refusal that says %q", err, tt.want)
			}
			aside, err := store.Restore(backup, dir, noon)
			if err != nil || aside == "" {
				t.Fatalf("Restore = %q, %v", aside, err)
			}
			if _, err := os.Stat(filepath.Join(aside, tt.file)); err != nil {
				t.Errorf("what was damaged is gone: %v", err)
			}
			again := openBoltAt(t, dir)
			if got := total(t, again, "acme").Total(); got != 700 {
				t.Errorf("after the restore there are %d, want 700", got)
			}
		})
	}
}

// TestEmptyQuarter opens what a version that did not make files in one step has
// left: it was killed before it wrote anything to a new one.
func TestEmptyQuarter(t *testing.T) {
	dir := filled(t)
	path := filepath.Join(dir, "bodies-2027Q1.db")
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("%s is there already: %v", path, err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	unclean(t, dir)
	s := openBoltAt(t, dir)
	m := mention("acme", 1000)
	m.Published = noon.AddDate(0, 2, 0)
	commit(t, s, m)
	if got := total(t, s, "acme").Total(); got != 701 {
		t.Errorf("there are %d mentions, want 701", got)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Errorf("Check = %v", err)
	}
}

// TestQuarterThatCannotBeMade: that is no damage, and what is asked for then is
// kept once it can.
func TestQuarterThatCannotBeMade(t *testing.T) {
	dir := filled(t)
	s := openBoltAt(t, dir)
	block := filepath.Join(dir, "bodies-2027Q1.db.new", "in the way")
	if err := os.MkdirAll(block, 0o700); err != nil {
		t.Fatal(err)
	}
	m := mention("acme", 1000)
	m.Published = noon.AddDate(0, 2, 0)
	_, err := s.Commit(t.Context(), store.Crawl{Source: "shop", Mentions: []puskaradio.Mention{m}})
	if err == nil || !strings.Contains(err.Error(), "bodies-2027Q1.db cannot be made") || strings.Contains(err.Error(), "damaged") {
		t.Fatalf("Commit = %v, want that the file cannot be made", err)
	}
	if err := os.RemoveAll(filepath.Dir(block)); err != nil {
		t.Fatal(err)
	}
	commit(t, s, m)
	if got := total(t, s, "acme").Total(); got != 701 {
		t.Errorf("there are %d mentions, want 701", got)
	}
}

// TestBitFlips flips a bit in each of many pages: the store opens and is
// right, or refuses; it never breaks down.
func TestBitFlips(t *testing.T) {
	dir := filled(t)
	path := filepath.Join(dir, "main.db")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for page := range 40 {
		b := bytes.Clone(whole)
		at := page*4096 + 9 + page*37%4000
		if at >= len(b) {
			break
		}
		b[at] ^= 1 << (page % 8)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		unclean(t, dir)
		s, err := store.OpenBolt(dir, nil)
		if err != nil {
			if !errors.As(err, new(*store.RefusedError)) {
				t.Errorf("page %d: %v, want a refusal", page, err)
			}
			refused++
			continue
		}
		if err := s.Close(); err != nil {
			t.Errorf("page %d: close: %v", page, err)
		}
	}
	t.Logf("%d of 40 were noticed", refused)
}

func TestRefusals(t *testing.T) {
	t.Run("taken", func(t *testing.T) {
		dir := t.TempDir()
		openBoltAt(t, dir)
		_, err := store.OpenBolt(dir, &store.BoltOptions{Wait: 50 * time.Millisecond})
		if !errors.As(err, new(*store.RefusedError)) || !strings.Contains(err.Error(), "already running") || !strings.Contains(err.Error(), "pid") {
			t.Errorf("second open = %v, want that it runs already, and its pid", err)
		}
	})
	for name, version := range map[string]uint32{"later version": 99, "earlier version": 1} {
		t.Run(name, func(t *testing.T) {
			dir := filled(t)
			db, err := bbolt.Open(filepath.Join(dir, "main.db"), 0o600, nil)
			if err != nil {
				t.Fatal(err)
			}
			err = db.Update(func(tx *bbolt.Tx) error {
				return tx.Bucket([]byte("meta")).Put([]byte("version"), binary.BigEndian.AppendUint32(nil, version))
			})
			if err := errors.Join(err, db.Close()); err != nil {
				t.Fatal(err)
			}
			_, err = store.OpenBolt(dir, nil)
			if !errors.As(err, new(*store.RefusedError)) || !strings.Contains(err.Error(), name) {
				t.Errorf("open = %v, want that it is of a %s", err, name)
			}
		})
	}
	t.Run("garbled sidecar", func(t *testing.T) {
		dir := filled(t)
		damage(t, filepath.Join(dir, "id.json"), func([]byte) []byte { return []byte("{") })
		if _, err := store.OpenBolt(dir, nil); !errors.As(err, new(*store.RefusedError)) {
			t.Errorf("open = %v, want a refusal", err)
		}
	})
	t.Run("no backup", func(t *testing.T) {
		if _, err := store.Restore(t.TempDir(), filepath.Join(t.TempDir(), "data"), noon); err == nil {
			t.Error("an empty folder was taken for a backup")
		}
	})
}

// TestBackupWhileWriting copies while mentions come in: the copy is whole and
// holds what was there.
func TestBackupWhileWriting(t *testing.T) {
	s := openBoltAt(t, t.TempDir())
	commit(t, s, mentions("acme", 500)...)
	stop := make(chan struct{})
	done := make(chan error, 1)
	go func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			m := mention("rival", i)
			if _, err := s.Commit(t.Context(), store.Crawl{Source: "shop", Mentions: []puskaradio.Mention{m}}); err != nil {
				done <- err
				return
			}
		}
	}()
	path, err := s.Backup(t.Context(), t.TempDir(), noon)
	close(stop)
	if err := errors.Join(err, <-done); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "data")
	for i := range 3 { // within one second
		aside, err := store.Restore(path, dir, noon)
		if err != nil || (aside == "") != (i == 0) {
			t.Fatalf("Restore #%d = %q, %v", i, aside, err)
		}
	}
	backups := t.TempDir()
	if err := os.Mkdir(filepath.Join(backups, "puskaradio-"+noon.Format("20060102T150405Z")+".part"), 0o700); err != nil { // what a crash has left
		t.Fatal(err)
	}
	for range 2 {
		if _, err := s.Backup(t.Context(), backups, noon); err != nil {
			t.Fatal(err)
		}
	}
	copied := openBoltAt(t, dir)
	if got := total(t, copied, "acme").Total(); got != 500 {
		t.Errorf("the copy holds %d, want 500", got)
	}
	es, _, err := copied.Mentions(t.Context(), store.Filter{Brand: "rival", Limit: 10_000})
	if n := total(t, copied, "rival").Total(); err != nil || len(es) != n {
		t.Errorf("the copy counts %d of the rival and lists %d, %v", n, len(es), err)
	}
}

func TestCompact(t *testing.T) {
	s := openBoltAt(t, t.TempDir())
	for range 5 {
		commit(t, s, mentions("acme", 2000)...)
	}
	secret := mention("acme", 5000)
	secret.Text = "canary-that-must-go"
	secret.Published = noon.AddDate(0, 0, -10)
	commit(t, s, secret)
	if _, err := s.Retain(t.Context(), noon.AddDate(0, 0, -5), time.Time{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Compact(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	want := 0
	for i := range 2000 {
		if !mention("acme", i).Published.Before(noon.AddDate(0, 0, -5)) {
			want++
		}
	}
	es, _, err := s.Mentions(t.Context(), store.Filter{Limit: 10_000})
	if err != nil || len(es) != want {
		t.Errorf("%d mentions after it, %v, want %d", len(es), err, want)
	}
	if st := commit(t, s, mention("acme", 1)); st.Same != 1 {
		t.Errorf("after it a known mention counts again: %+v", st)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Errorf("Check: %v", err)
	}
	es, _, err = s.Search(t.Context(), "canary", store.Filter{})
	if err != nil || len(es) != 0 {
		t.Errorf("what was forgotten is found: %v, %v", es, err)
	}
}

// TestZone counts by the dates of another zone once it is opened with that.
func TestZone(t *testing.T) {
	dir := t.TempDir()
	at := time.Date(2026, 11, 20, 23, 30, 0, 0, time.UTC) // the 21st in Helsinki
	m := mention("acme", 0)
	m.Published = at
	zone, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	for i, z := range []*time.Location{time.UTC, zone, time.UTC} {
		s, err := store.OpenBolt(dir, &store.BoltOptions{Zone: z, NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		commit(t, s, m)
		cs, err := s.Series(t.Context(), "acme", at.AddDate(0, 0, -3), at.AddDate(0, 0, 3), store.Day)
		want := []string{"2026-11-20", "2026-11-21", "2026-11-20"}[i]
		if err != nil || len(cs) != 1 || cs[0].At.In(z).Format(time.DateOnly) != want || cs[0].Total() != 1 {
			t.Errorf("in %v: %+v, %v, want %s", z, cs, err, want)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
