package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return conn
}

func execute(t *testing.T, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%.60s: %v", sql, err)
	}
}

// TestPostgresMerges writes, edits, forgets and searches from two processes at
// once, until segments were merged many times: nothing is lost of the index,
// and nothing found that nobody says any more.
func TestPostgresMerges(t *testing.T) {
	ctx, url := t.Context(), database(t)
	var wg sync.WaitGroup
	for i := range 3 {
		s := openPostgresAt(t, url, store.PostgresOptions{Conns: 3})
		wg.Go(func() {
			for j := range 150 {
				m := mention("acme", i*1000+j)
				m.Published = m.Published.AddDate(0, -j%7, 0)
				m.Text = fmt.Sprintf("everybody says number%d and first%d", j%10, i*1000+j)
				if j%3 == 0 {
					m.Text += " foxtrot"
				}
				if _, err := s.Commit(ctx, store.Crawl{Source: m.Source, Mentions: []puskaradio.Mention{m}}); err != nil {
					t.Error(err)
					return
				}
				if j%5 == 0 {
					m.Text = strings.Replace(m.Text, "first", "second", 1)
					if _, err := s.Commit(ctx, store.Crawl{Source: m.Source, Mentions: []puskaradio.Mention{m}}); err != nil {
						t.Error(err)
						return
					}
				}
				if es, _, err := s.Search(ctx, fmt.Sprintf(`"second%d"`, i*1000+j), store.Filter{Brand: "acme"}); err != nil || (len(es) == 1) != (j%5 == 0) {
					t.Errorf("%d of second%d, %v", len(es), i*1000+j, err)
				}
				if j%50 == 49 {
					if _, err := s.Purge(ctx, time.Now().Add(time.Hour)); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	s := openPostgresAt(t, url, store.PostgresOptions{})
	for query, want := range map[string]int{"everybody": 450, "foxtrot": 150, `"number7"`: 45, "number7 foxtrot": 15, "first*": 360, "second*": 90, "nobody": 0} {
		for _, brand := range []string{"", "acme"} {
			got := map[puskaradio.ID]bool{}
			f := store.Filter{Brand: brand, Limit: 20}
			last := time.Now()
			for {
				es, next, err := s.Search(ctx, query, f)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range es {
					if e.Mention.Published.After(last) {
						t.Errorf("%q: %s stands after what is older", query, e.ID)
					}
					got[e.ID], last = true, e.Mention.Published
				}
				if f.After = next; next == "" {
					break
				}
			}
			if len(got) != want {
				t.Errorf("%q of %q finds %d, want %d", query, brand, len(got), want)
			}
		}
	}
	if err := s.Check(ctx); err != nil {
		t.Error(err)
	}
	var segments, level int
	conn := connect(t, url)
	if err := conn.QueryRow(ctx, `SELECT count(*), max(level) FROM segments`).Scan(&segments, &level); err != nil {
		t.Fatal(err)
	}
	if segments > 200 || level == 0 {
		t.Errorf("%d segments of %d writes, up to level %d", segments, 540, level)
	}
	// What the check finds.
	execute(t, conn, `DELETE FROM segments WHERE id = (SELECT max(id) FROM segments)`)
	if err := s.Check(ctx); err == nil || !strings.Contains(err.Error(), "segments that do not exist") {
		t.Errorf("a lost segment: %v", err)
	}
	execute(t, conn, `DELETE FROM segment_docs WHERE segment NOT IN (SELECT id FROM segments)`)
	if err := s.Check(ctx); err == nil || !strings.Contains(err.Error(), "the full-text index does not know") {
		t.Errorf("a lost segment: %v", err)
	}
	execute(t, conn, `DELETE FROM segment_docs WHERE segment = (SELECT min(id) FROM segments)`)
	if es, _, err := s.Search(ctx, "everybody", store.Filter{Limit: 1000}); err == nil {
		t.Errorf("a search in what is lost finds %d, and no error", len(es))
	}
}

// TestPostgresMergesLater: what programs that were started for a moment have
// left is merged by the next, and at night.
func TestPostgresMergesLater(t *testing.T) {
	ctx, url := t.Context(), database(t)
	conn := connect(t, url)
	segments := func() (n int) {
		t.Helper()
		if err := conn.QueryRow(ctx, `SELECT count(*) FROM segments`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for i := range 40 {
		s := openPostgresAt(t, url, store.PostgresOptions{})
		commit(t, s, mention("acme", i))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if n := segments(); n >= 16 {
		t.Errorf("%d segments of 40 moments", n)
	}
	// As a kill leaves them: nobody has merged.
	execute(t, conn, `INSERT INTO segments SELECT 1000000 + n, quarter, 0, docs, first, last FROM segments, generate_series(1, 20) n WHERE id = (SELECT max(id) FROM segments)`)
	execute(t, conn, `INSERT INTO segment_docs SELECT 1000000 + n, ord, brand, places FROM segment_docs, generate_series(1, 20) n WHERE segment = (SELECT max(segment) FROM segment_docs)`)
	execute(t, conn, `INSERT INTO segment_words SELECT 1000000 + n, word, block FROM segment_words, generate_series(1, 20) n WHERE segment = (SELECT max(segment) FROM segment_words)`)
	s := openPostgresAt(t, url, store.PostgresOptions{})
	before := segments()
	if err := s.MergeUnreadable(ctx); err == nil || errors.Is(err, store.ErrRecord) {
		t.Errorf("what could not be read: %v; want the error of the server", err)
	}
	if n := segments(); n != before {
		t.Errorf("%d segments after a merge that failed, had %d", n, before)
	}
	if _, err := s.Purge(ctx, time.Now().Add(-time.Hour)); err != nil {
		t.Error(err)
	}
	if n := segments(); n >= 16 {
		t.Errorf("%d segments after a night, had %d", n, before)
	}
	if err := s.Check(ctx); err != nil {
		t.Error(err)
	}
}

// TestPostgresPurge: the words of what was forgotten leave the index, and only
// the quarters that need it are made anew.
func TestPostgresPurge(t *testing.T) {
	ctx, url := t.Context(), database(t)
	s := openPostgresAt(t, url, store.PostgresOptions{})
	conn := connect(t, url)
	old := mention("acme", 1)
	old.Text, old.Published = "canaryold has gone long ago", noon.AddDate(0, -8, 0)
	deleted := mention("acme", 2)
	deleted.Text = "canarydeleted was said first"
	beside := mention("acme", 3)
	beside.Text = "canarybeside was said beside it"
	other := mention("acme", 4)
	other.Text, other.Published = "canaryother stays as it is", noon.AddDate(0, -4, 0)
	commit(t, s, old, deleted, beside, other)
	if n, err := s.Retain(ctx, noon.AddDate(0, -8, 1), time.Time{}); err != nil || n != 1 {
		t.Fatalf("retained %d, %v", n, err)
	}
	if st, err := s.Commit(ctx, store.Crawl{Source: "shop", Brands: []string{"acme"}, Gone: []string{deleted.Key()}}); err != nil || len(st.Gone) != 1 {
		t.Fatalf("deleted: %+v, %v", st, err)
	}
	if n, err := s.Forget(ctx, store.Limit{Source: deleted.Source, Gone: true}); err != nil || n != 1 {
		t.Fatalf("forgotten %d, %v", n, err)
	}
	indexed := func(word string) bool {
		var blocks []byte
		if err := conn.QueryRow(ctx, `SELECT string_agg(block, '' ORDER BY segment, word) FROM segment_words`).Scan(&blocks); err != nil {
			t.Fatal(err)
		}
		return bytes.Contains(blocks, []byte(word))
	}
	var stays, still int
	const segment = `SELECT id FROM segments WHERE quarter = 2026 * 4 + 2`
	if err := conn.QueryRow(ctx, segment).Scan(&stays); err != nil {
		t.Fatal(err)
	}
	for i, before := range []time.Time{time.Now().Add(-time.Hour), time.Now().Add(time.Hour)} {
		if _, err := s.Purge(ctx, before); err != nil {
			t.Fatal(err)
		}
		for word, want := range map[string]bool{"anaryold": i == 0, "deleted": i == 0, "beside": true, "anaryother": true} {
			if indexed(word) != want {
				t.Errorf("after purge %d of %s the index has %q: %t", i, before, word, !want)
			}
		}
	}
	if err := conn.QueryRow(ctx, segment).Scan(&still); err != nil || still != stays {
		t.Errorf("a quarter that nothing was erased from was made anew: segment %d, was %d, %v", still, stays, err)
	}
	for query, want := range map[string]int{"canaryold": 0, "canarydeleted": 0, "canarybeside": 1, "canaryother": 1} {
		if es, _, err := s.Search(ctx, query, store.Filter{}); err != nil || len(es) != want {
			t.Errorf("%q finds %d, %v, want %d", query, len(es), err, want)
		}
	}
	marks := 0
	if err := conn.QueryRow(ctx, `SELECT count(*) FROM stale`).Scan(&marks); err != nil || marks != 0 {
		t.Errorf("%d quarters are still to purge, %v", marks, err)
	}
	if err := s.Check(ctx); err != nil {
		t.Error(err)
	}
}

// TestPostgresOldIndex opens tables of before there were segments.
func TestPostgresOldIndex(t *testing.T) {
	ctx, url, was := t.Context(), database(t), database(t)
	s := openPostgresAt(t, url, store.PostgresOptions{})
	r := rand.New(rand.NewPCG(5, 6))
	var ms []puskaradio.Mention
	for i := range 2500 {
		m := mention("acme"+fmt.Sprint(i%3), i)
		m.Published = m.Published.AddDate(0, 0, -r.IntN(500))
		m.Text = fmt.Sprintf("everybody says word%d", i%50)
		ms = append(ms, m)
	}
	commit(t, s, ms...)
	conn, old := connect(t, url), connect(t, was)
	steps, err := filepath.Glob("migrations/000[123]_*.sql")
	if err != nil || len(steps) != 3 {
		t.Fatal(steps, err)
	}
	execute(t, old, `CREATE TABLE schema_version (version int NOT NULL); INSERT INTO schema_version VALUES (3)`)
	for _, step := range steps {
		sql, err := os.ReadFile(step)
		if err != nil {
			t.Fatal(err)
		}
		execute(t, old, string(sql))
	}
	var from string
	if err := conn.QueryRow(ctx, `SELECT current_schema()`).Scan(&from); err != nil {
		t.Fatal(err)
	}
	execute(t, old, `INSERT INTO meta SELECT * FROM `+from+`.meta`)
	execute(t, old, `INSERT INTO names OVERRIDING SYSTEM VALUE SELECT * FROM `+from+`.names`)
	execute(t, old, `INSERT INTO mentions SELECT * FROM `+from+`.mentions`)
	execute(t, old, `INSERT INTO counts SELECT * FROM `+from+`.counts`)
	execute(t, old, `INSERT INTO texts SELECT seq, hash, sec, author, record, 'a b' FROM `+from+`.texts`)
	again := openPostgresAt(t, was, store.PostgresOptions{})
	if err := again.Check(ctx); err != nil {
		t.Error(err)
	}
	for query, want := range map[string]int{"everybody": 200, `"word7"`: 50, "nobody": 0} {
		if es, _, err := again.Search(ctx, query, store.Filter{Limit: 200}); err != nil || len(es) != want {
			t.Errorf("%q finds %d, %v, want %d", query, len(es), err, want)
		}
	}
}
