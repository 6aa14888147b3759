package store_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/internal/postgres"
	"github.com/puskaradio/puskaradio/store"
)

// ask runs a statement as a superuser.
func ask(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// TestPostgresRefusals: who cannot be served is told what to do, and no
// password is in it.
func TestPostgresRefusals(t *testing.T) {
	url := database(t)
	ask(t, url, `CREATE ROLE guest LOGIN PASSWORD 'right'`)
	ask(t, url, `CREATE ROLE `+postgres.Locked+` LOGIN PASSWORD 'right'`)
	ask(t, url, `CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0`)
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = busy.Close() // nobody listens there now
	later := database(t)
	openPostgresAt(t, later, store.PostgresOptions{})
	ask(t, later, `UPDATE schema_version SET version = 99`)
	for name, tt := range map[string]struct{ url, reason, advice string }{
		"no address":     {"postgres://maija:secretword@host:port:7/x", "cannot be read", "postgres://user:password@host"},
		"nobody there":   {"postgres://maija:secretword@" + busy.Addr().String() + "/x?connect_timeout=2", "no answer", "start PostgreSQL"},
		"no such host":   {"postgres://maija:secretword@nowhere.invalid/x?connect_timeout=2", "no answer", "another host"},
		"no database":    {strings.Replace(url, "/postgres?", "/nothing?", 1), "does not exist", "createdb nothing"},
		"no user":        {strings.Replace(url, "postgres@", "maija:secretword@", 1), "maija", "pg_hba.conf"},
		"no password":    {strings.Replace(url, "postgres@", postgres.Locked+"@", 1), "password", "pg_hba.conf"},
		"wrong password": {strings.Replace(url, "postgres@", postgres.Locked+":secretword@", 1), "password authentication failed", "the password in the address"},
		"right password": {strings.Replace(url, "postgres@", postgres.Locked+":right@", 1), "search_path", "CREATE SCHEMA"},
		"no rights":      {strings.Replace(url, "postgres@", "guest:secretword@", 1), "", "search_path"},
		"encoding":       {strings.Replace(url, "/postgres?", "/latin?", 1), "LATIN1", "ENCODING 'UTF8'"},
		"later version":  {later, "later version (layout 99", "later program"},
		"no schema":      {url + "_missing", "search_path", "CREATE SCHEMA"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := store.OpenPostgres(t.Context(), tt.url, store.PostgresOptions{})
			if err == nil {
				_ = s.Close()
				t.Fatal("it was opened")
			}
			refused, ok := errors.AsType[*store.RefusedError](err)
			if !ok || !strings.Contains(refused.Reason, tt.reason) || !strings.Contains(refused.Advice, tt.advice) {
				t.Errorf("refused with %v, want %q; %q", err, tt.reason, tt.advice)
			}
			if strings.Contains(fmt.Sprint(err), "secretword") || strings.Contains(fmt.Sprint(err), "data directory") {
				t.Errorf("it says %v", err)
			}
		})
	}
}

// TestPostgresNoRights has a user who may look into a schema and not make
// tables in it.
func TestPostgresNoRights(t *testing.T) {
	url := database(t)
	ask(t, url, `CREATE ROLE looker LOGIN; DO $$ BEGIN EXECUTE 'GRANT USAGE ON SCHEMA ' || current_schema() || ' TO looker'; END $$`)
	_, err := store.OpenPostgres(t.Context(), strings.Replace(url, "postgres@", "looker@", 1), store.PostgresOptions{})
	if refused, ok := errors.AsType[*store.RefusedError](err); !ok || !strings.Contains(refused.Advice, "GRANT CREATE") {
		t.Errorf("open = %v, want what to grant", err)
	}
}

// TestPostgresZone counts by the dates of another zone once it is opened with
// that, and lets nobody go on with the one before.
func TestPostgresZone(t *testing.T) {
	url := database(t)
	at := time.Date(2026, 11, 20, 23, 30, 0, 0, time.UTC) // the 21st in Helsinki
	zone, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	var before *store.Postgres
	for i, z := range []*time.Location{time.UTC, zone} {
		s := openPostgresAt(t, url, store.PostgresOptions{Zone: z})
		m := mention("acme", i)
		m.Published = at
		commit(t, s, m)
		cs, err := s.Series(t.Context(), "acme", at.AddDate(0, 0, -3), at.AddDate(0, 0, 3), store.Day)
		want := []string{"2026-11-20", "2026-11-21"}[i]
		if err != nil || len(cs) != 1 || cs[0].At.In(z).Format(time.DateOnly) != want || cs[0].Total() != i+1 {
			t.Errorf("in %v: %+v, %v, want %d on %s", z, cs, err, i+1, want)
		}
		if i == 0 {
			before = s
			if _, err := s.Retain(t.Context(), at.Add(time.Hour), time.Time{}); err != nil { // what is forgotten counts on
				t.Fatal(err)
			}
		}
	}
	if _, err := before.Commit(t.Context(), store.Crawl{Mentions: mentions("acme", 5)}); err == nil || !strings.Contains(err.Error(), "Helsinki") {
		t.Errorf("Commit by the old zone: %v", err)
	}
}

// TestPostgresProcesses has several processes that are given the same pages at
// once, in different orders, while cases move, verdicts change and mentions are forgotten.
// Each mention counts once, and nobody waits for ever.
func TestPostgresProcesses(t *testing.T) {
	url := database(t)
	var all []*store.Postgres
	for range 4 {
		all = append(all, openPostgresAt(t, url, store.PostgresOptions{Workers: 2, Conns: 4}))
	}
	ctx := context.WithoutCancel(t.Context())
	var wg sync.WaitGroup
	var mu sync.Mutex
	added := map[puskaradio.ID]int{}
	const pages, size = 12, 40
	for w, s := range all {
		wg.Go(func() {
			for i := range pages {
				page := (i*5 + w*7) % pages // each in its own order
				if w < 2 {
					page = i // and two side by side
				}
				ms := make([]puskaradio.Mention, size)
				for j := range ms {
					n := page*size + j
					if w%2 == 1 {
						n = page*size + size - 1 - j
					}
					ms[j] = mention([]string{"acme", "rival"}[n%2], n)
					ms[j].Flag = "why"
					if w == 3 { // it sees an edited text
						ms[j].Text += " muokattu"
					}
				}
				st, err := s.Commit(ctx, store.Crawl{
					Source: "shop", Brands: []string{"acme"}, Mentions: ms, Job: "crawl", Cursor: []byte{byte(i)}, Gone: []string{fmt.Sprint(page * size)},
					Ledger: puskaradio.Coverage{Source: "shop", Hour: noon, At: noon, Fetches: 1, State: "ok"}, Jobs: []store.Job{{Key: "detect/acme", Kind: "detect", Due: noon}},
				})
				if err != nil {
					t.Errorf("Commit: %v", err)
					return
				}
				mu.Lock()
				for _, id := range st.New {
					added[id]++
				}
				mu.Unlock()
				for j, id := range append(st.New, st.Changed...) {
					switch {
					case j%5 == 0:
						_, err = s.Move(ctx, "", id, puskaradio.New, puskaradio.Change{At: noon, Who: "Maija", To: puskaradio.Claimed}, time.Time{})
					case j%5 == 1:
						err = s.Correct(ctx, "", id, &puskaradio.Score{Label: puskaradio.Neutral})
					}
					if err != nil && !errors.Is(err, puskaradio.ErrTaken) && !errors.Is(err, puskaradio.ErrNotFound) {
						t.Errorf("%v", err)
					}
				}
				if i == pages/2 {
					if _, err := s.Retain(ctx, noon.Add(-300*time.Hour), noon.AddDate(0, 0, -20)); err != nil {
						t.Errorf("Retain: %v", err)
					}
				}
			}
		})
	}
	wg.Wait()
	for id, n := range added {
		if n != 1 {
			t.Errorf("%s was new %d times", id, n)
		}
	}
	if len(added) != pages*size {
		t.Errorf("%d mentions were new, want %d", len(added), pages*size)
	}
	s := all[0]
	if err := s.Check(t.Context()); err != nil {
		t.Errorf("Check: %v", err)
	}
	if got := total(t, s, "acme").Total() + total(t, s, "rival").Total(); got != pages*size {
		t.Errorf("counts hold %d, want %d", got, pages*size)
	}
	cov, err := s.Coverage(t.Context(), noon, noon.Add(time.Hour))
	if err != nil || len(cov) != 1 || cov[0].Fetches != len(all)*pages || cov[0].New != pages*size {
		t.Errorf("ledger: %+v, %v", cov, err)
	}
}

// TestPostgresErasesWhatIsBeingTaken erases an author whom others are filing.
func TestPostgresErasesWhatIsBeingTaken(t *testing.T) {
	url := database(t)
	var wg sync.WaitGroup
	ctx := context.WithoutCancel(t.Context())
	for w := range 3 {
		s := openPostgresAt(t, url, store.PostgresOptions{Workers: 1, Conns: 3})
		wg.Go(func() {
			for i := range 40 {
				m := mention("acme", w*1000+i)
				m.Author = []string{"Canary", "Maija"}[i%2]
				if _, err := s.Commit(ctx, store.Crawl{Source: "shop", Mentions: []puskaradio.Mention{m}}); err != nil {
					t.Errorf("Commit: %v", err)
				}
			}
		})
	}
	s := openPostgresAt(t, url, store.PostgresOptions{})
	time.Sleep(30 * time.Millisecond)
	if _, err := s.Erase(ctx, "shop", "canary"); err != nil {
		t.Error(err)
	}
	wg.Wait()
	es, _, err := s.Mentions(ctx, store.Filter{Limit: 1000})
	if err != nil || len(es) != 60 {
		t.Errorf("%d are left, %v, want the 60 of Maija", len(es), err)
	}
	for _, e := range es {
		if e.Mention.Author == "Canary" {
			t.Errorf("%s is left of her", e.ID)
		}
	}
	if err := s.Check(ctx); err != nil {
		t.Error(err)
	}
}

// TestPostgresChecks finds what does not fit together.
func TestPostgresChecks(t *testing.T) {
	for want, sql := range map[string]string{
		"mentions without a text": `DELETE FROM texts WHERE seq = (SELECT min(seq) FROM texts)`,
		"texts without a mention": `UPDATE mentions SET seq = NULL, status = 0, flags = 0 WHERE seq = (SELECT min(seq) FROM texts)`,
		"its mentions give":       `UPDATE mentions SET label = 1`,
		"are missing":             `DELETE FROM counts WHERE kind = 0`,
		"unknown brands":          `DELETE FROM names WHERE kind = 'b'`,
		"cases without":           `INSERT INTO cases VALUES (7, '{}')`,
	} {
		url := database(t)
		s := openPostgresAt(t, url, store.PostgresOptions{})
		commit(t, s, mentions("acme", 5)...)
		if err := s.Check(t.Context()); err != nil {
			t.Errorf("before: %v", err)
		}
		ask(t, url, sql)
		if err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Check after %s = %v, want %q", sql, err, want)
		}
	}
}

// TestPostgresFewConnections has more who ask than connections, of a process
// that knows no name yet: none waits for a connection while it holds one.
func TestPostgresFewConnections(t *testing.T) {
	url := database(t)
	readers := openPostgresAt(t, url, store.PostgresOptions{Conns: 2})
	writer := openPostgresAt(t, url, store.PostgresOptions{})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for round := range 5 {
		brand := fmt.Sprint("brand", round)
		m := mention(brand, 1)
		m.Source = fmt.Sprint("source", round)
		id := commit(t, writer, m).New[0]
		if _, err := writer.AddAlert(ctx, puskaradio.Alert{ID: brand, Brand: brand, Decided: noon, Quotes: []puskaradio.Quote{puskaradio.QuoteOf(id, &m)}}); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 12 {
			wg.Go(func() {
				cs, err := readers.SeriesBySource(ctx, brand, noon.AddDate(0, 0, -3), noon.AddDate(0, 0, 1), store.Day)
				if err != nil || len(cs) != 1 || cs[0].Source != m.Source {
					t.Errorf("SeriesBySource: %+v, %v", cs, err)
				}
				if es, _, err := readers.Search(ctx, "toimitus", store.Filter{Brand: brand}); err != nil || len(es) != 1 || es[0].Mention.Source != m.Source {
					t.Errorf("Search: %+v, %v", es, err)
				}
				if _, err := readers.Forget(ctx, store.Limit{Source: m.Source, Gone: true}); err != nil {
					t.Errorf("Forget: %v", err)
				}
				own := mention("rival of "+brand, 1) // what the others read stays as it is
				if st, err := readers.Commit(ctx, store.Crawl{Source: "shop", Mentions: []puskaradio.Mention{own}}); err != nil || len(st.Changed) > 0 {
					t.Errorf("Commit: %+v, %v", st, err)
				}
			})
		}
		wg.Wait()
	}
}

// TestPostgresComesBack loses all connections, as when the server is started
// again: what is asked soon after is answered.
func TestPostgresComesBack(t *testing.T) {
	url := database(t)
	s := openPostgresAt(t, url, store.PostgresOptions{})
	commit(t, s, mentions("acme", 3)...)
	ask(t, url, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'puskaradio' AND pid <> pg_backend_pid()`)
	var err error
	for range 1000 {
		if _, err = s.Commit(t.Context(), store.Crawl{Mentions: mentions("acme", 5)}); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if got := total(t, s, "acme").Total(); err != nil || got != 5 {
		t.Errorf("afterwards counts hold %d, %v, want 5", got, err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}
