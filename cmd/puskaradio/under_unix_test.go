//go:build unix

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/puskaradio/puskaradio/internal/under"
)

// TestDataUnderOneRoot: what the commands keep beside the history is read and
// written where it stands, and not where a link leads.
func TestDataUnderOneRoot(t *testing.T) {
	data, secret := t.TempDir(), filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("canary"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{reloadFault(data), lessonsPath(data)} {
		if err := os.Symlink(secret, at); err != nil {
			t.Fatal(err)
		}
		if b, err := under.ReadFile(at); err == nil || len(b) > 0 {
			t.Errorf("read %s: %q, %v", at, b, err)
		}
		if err := under.WriteFile(at, []byte("x"), 0o600); err == nil {
			t.Errorf("wrote %s", at)
		}
	}
	if l, err := readLessons(lessonsPath(data)); err == nil || l != nil {
		t.Errorf("lessons: %v, %v", l, err)
	}
	if err := installLessons(lessonsPath(data), nil); err == nil {
		t.Error("lessons were installed over a link")
	}
	if b, err := os.ReadFile(secret); err != nil || string(b) != "canary" {
		t.Errorf("the file outside: %q, %v", b, err)
	}
	if err := under.WriteFile(filepath.Join(data, "x"), []byte("x"), 0o600); err != nil {
		t.Error(err)
	}
	if b, err := under.ReadFile(filepath.Join(data, "x")); err != nil || string(b) != "x" {
		t.Errorf("a file of its own: %q, %v", b, err)
	}
}
