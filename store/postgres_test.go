package store_test

import (
	"sync"
	"testing"

	"github.com/puskaradio/puskaradio/internal/postgres"
	"github.com/puskaradio/puskaradio/store"
)

// server is the PostgreSQL of all tests, once one asks for it.
var server struct {
	sync.Mutex
	*postgres.Server
}

// database gives the address of an empty schema.
func database(t testing.TB) string {
	t.Helper()
	server.Lock()
	defer server.Unlock()
	if server.Server == nil {
		s, err := postgres.Start(postgres.Options{})
		if err != nil {
			t.Fatal(err)
		}
		server.Server = s
	}
	url, err := server.Schema(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return url
}

func openPostgresAt(t *testing.T, url string, o store.PostgresOptions) *store.Postgres {
	t.Helper()
	s, err := store.OpenPostgres(t.Context(), url, o)
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

// TestPostgresOpens opens an empty database twice at once, and again.
func TestPostgresOpens(t *testing.T) {
	url := database(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { openPostgresAt(t, url, store.PostgresOptions{}) })
	}
	wg.Wait()
	openPostgresAt(t, url, store.PostgresOptions{})
}

func openPostgres(t *testing.T) store.Store {
	t.Helper()
	return openPostgresAt(t, database(t), store.PostgresOptions{})
}

// TestPostgres leaves the queue to run out.
func TestPostgres(t *testing.T) { testStore(t, openPostgres) }
