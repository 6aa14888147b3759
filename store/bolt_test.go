package store_test

import (
	"testing"

	"github.com/puskaradio/puskaradio/store"
)

func openBolt(t *testing.T) store.Store {
	t.Helper()
	return openBoltAt(t, t.TempDir())
}

func openBoltAt(t *testing.T, dir string) *store.Bolt {
	t.Helper()
	s, err := store.OpenBolt(dir, &store.BoltOptions{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func TestBolt(t *testing.T) { testStore(t, openBolt) }
