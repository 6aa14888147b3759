//go:build unix

package store_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/puskaradio/puskaradio/store"
)

// TestUnderOneRoot: no link in a data directory or a backup leads out of it:
// nothing there is read, locked or written. The directory may be a link.
func TestUnderOneRoot(t *testing.T) {
	outside := filled(t)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("canary"), 0o600); err != nil {
		t.Fatal(err)
	}
	whole := func() string { // what is in the files outside
		var b bytes.Buffer
		for _, dir := range []string{outside, filepath.Dir(secret)} {
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				text, err := os.ReadFile(filepath.Join(dir, e.Name()))
				if err != nil {
					t.Fatal(err)
				}
				b.WriteString(e.Name() + "\n")
				b.Write(text)
			}
		}
		return b.String()
	}
	before := whole()
	quarters, err := filepath.Glob(filepath.Join(outside, "bodies-*.db"))
	if err != nil || len(quarters) == 0 {
		t.Fatalf("%q, %v", quarters, err)
	}
	const leads = "is a link that leads elsewhere"
	for name, c := range map[string]struct{ target, says string }{
		"main.db": {filepath.Join(outside, "main.db"), leads}, filepath.Base(quarters[0]): {quarters[0], leads}, "id.json": {secret, "id.json cannot be read: openat id.json: path escapes"},
	} {
		dir := filled(t)
		unclean(t, dir)
		at := filepath.Join(dir, name)
		if err := os.Remove(at); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(c.target, at); err != nil {
			t.Fatal(err)
		}
		s, err := store.OpenBolt(dir, nil)
		if err == nil {
			err = errors.Join(errors.New("it was opened"), s.Close())
		}
		if refused, ok := errors.AsType[*store.RefusedError](err); !ok || !strings.Contains(refused.Reason, c.says) {
			t.Errorf("with a link for %s: %v", name, err)
		}
		if name == "id.json" {
			continue // it is in no backup
		}
		data := filepath.Join(t.TempDir(), "data")
		if _, err := store.Restore(dir, data, noon); err == nil {
			t.Errorf("a backup with a link for %s was taken", name)
		}
		if _, err := os.Stat(data); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a backup with a link for %s has left something: %v", name, err)
		}
	}
	dir := filled(t)
	if err := os.Symlink(secret, filepath.Join(dir, "id.json.new")); err != nil {
		t.Fatal(err)
	}
	if s, err := store.OpenBolt(dir, nil); err == nil { // it is refused, or does without
		_ = s.Close()
	}
	if whole() != before {
		t.Error("something outside has changed")
	}
	link := filepath.Join(t.TempDir(), "data")
	if err := os.Symlink(filled(t), link); err != nil {
		t.Fatal(err)
	}
	if s, err := store.OpenBolt(link, nil); err != nil {
		t.Errorf("a directory that is a link: %v", err)
	} else if err := s.Close(); err != nil {
		t.Error(err)
	}
}
