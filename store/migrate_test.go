package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// TestMigrateNotices has a store that is written to while it moves.
func TestMigrateNotices(t *testing.T) {
	for name, pair := range map[string][2]store.Store{
		"to PostgreSQL": {openBolt(t), openPostgres(t)},
		"to bbolt":      {openPostgres(t), openBolt(t)},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := pair[0], pair[1]
			commit(t, from, mentions("acme", 5)...)
			told := map[string]int{}
			err := store.Migrate(t.Context(), from, to, func(what string, n int) {
				told[what] = n
				if what == "counts by date" {
					commit(t, from, mention("acme", 6))
				}
			})
			if err == nil || !strings.Contains(err.Error(), "mentions: 6 there and 5 here") || !strings.Contains(err.Error(), "counts by date: 1 in both, and not the same") {
				t.Errorf("Migrate = %v, want what differs", err)
			}
			if told["mentions"] != 5 || told["counts by date"] != 1 {
				t.Errorf("it told of %v", told)
			}
		})
	}
}

// TestMigrateRefuses has stores that cannot move where they are told to.
func TestMigrateRefuses(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	from, other := openBolt(t), openBolt(t)
	commit(t, from, mentions("acme", 2500)...)
	commit(t, other, mention("acme", 1))
	elsewhere := openPostgresAt(t, database(t), store.PostgresOptions{Zone: zone})
	if err := store.Migrate(t.Context(), from, elsewhere, nil); err == nil || !strings.Contains(err.Error(), "one zone") {
		t.Errorf("into another zone: %v", err)
	}
	if err := store.Migrate(t.Context(), from, other, nil); err == nil || !strings.Contains(err.Error(), "only an empty store") {
		t.Errorf("into one that is not empty: %v", err)
	}
	for name, half := range map[string]store.Store{"PostgreSQL": openPostgres(t), "bbolt": openBolt(t)} {
		t.Run(name, func(t *testing.T) { testHalfMoved(t, from, other, half) })
	}
}

// testHalfMoved interrupts a move: until it has gone on, nothing is crawled into
// the store, and none of its jobs is done.
func testHalfMoved(t *testing.T, from, other, half store.Store) {
	stop := errors.New("stop")
	func() {
		defer func() {
			if p := recover(); p != stop {
				t.Errorf("the move ended with %v", p)
			}
		}()
		_ = store.Migrate(t.Context(), from, half, func(string, int) { panic(stop) }) // as if the process had died
	}()
	if _, err := half.Commit(t.Context(), store.Crawl{Mentions: mentions("acme", 1)}); err == nil || !strings.Contains(err.Error(), "moving in") {
		t.Errorf("Commit into a half: %v", err)
	}
	if err := half.Run(t.Context(), once); err == nil || !strings.Contains(err.Error(), "moving in") {
		t.Errorf("Run of a half: %v", err)
	}
	if err := store.Migrate(t.Context(), other, half, nil); err == nil || !strings.Contains(err.Error(), "another store has begun") {
		t.Errorf("into another's half: %v", err)
	}
	if err := store.Migrate(t.Context(), from, half, nil); err != nil {
		t.Errorf("the rest: %v", err)
	}
	if got := total(t, half, "acme").Total(); got != 2500 {
		t.Errorf("counts hold %d, want 2500", got)
	}
	if st := commit(t, half, mention("acme", 3000)); len(st.New) != 1 {
		t.Errorf("after the move: %+v", st)
	}
}

// TestPostgresLongText has more words than a tsvector takes.
func TestPostgresLongText(t *testing.T) {
	s := openPostgres(t)
	var text strings.Builder
	for i := range 80_000 {
		fmt.Fprintf(&text, "sana%019d ", i)
	}
	m := mention("acme", 1)
	m.Text = text.String()
	id := commit(t, s, m).New[0]
	got, err := s.Mention(t.Context(), "acme", id)
	if err != nil || got.Mention.Text != m.Text {
		t.Errorf("%d bytes came back, %v, want %d", len(got.Mention.Text), err, len(m.Text))
	}
	if es, _, err := s.Search(t.Context(), "sana0000000000000000007", store.Filter{Brand: "acme"}); err != nil || len(es) != 1 {
		t.Errorf("a word of it finds %d, %v", len(es), err)
	}
}

// TestPostgresSearchesDeep looks for words at every depth: in the newest, far
// behind them, and nowhere, with many pages.
func TestPostgresSearchesDeep(t *testing.T) {
	s := openPostgres(t)
	var ms []puskaradio.Mention
	const n = 6000
	for i := range n {
		m := mention("acme", i)
		m.Published = noon.Add(-time.Duration(i) * time.Minute)
		m.Text = "tavallinen teksti"
		if i%1500 == 1400 {
			m.Text = "harvinainen lause sanoo"
		}
		if i%90 == 10 {
			m.Text = "melko harva"
		}
		if i >= 5000 && i < 5100 {
			m.Text = "vanha kahvila"
		}
		ms = append(ms, m)
	}
	commit(t, s, ms...)
	commit(t, s, mentions("rival", 100)...)
	for _, tt := range []struct {
		query string
		f     store.Filter
		want  int
	}{
		{"tavallinen", store.Filter{Brand: "acme", Limit: 700}, n - 4 - 66 - 100},
		{"harvinainen", store.Filter{Brand: "acme", Limit: 3}, 4},
		{`"lause sanoo"`, store.Filter{Limit: 1}, 4},
		{`"sanoo lause"`, store.Filter{Limit: 1}, 0},
		{"melko", store.Filter{Brand: "acme", Limit: 10}, 66},
		{"kahvila", store.Filter{Limit: 30}, 100},
		{"kahvila", store.Filter{Limit: 30, Labels: []puskaradio.Label{puskaradio.Negative}}, 33},
		{"kahvila", store.Filter{Brand: "rival"}, 0},
		{"vanha", store.Filter{Brand: "acme", To: noon.Add(-5050 * time.Minute)}, 49},
		{"olematon", store.Filter{}, 0},
	} {
		got, last := 0, ""
		for f := tt.f; ; {
			es, next, err := s.Search(t.Context(), tt.query, f)
			if err != nil {
				t.Fatalf("Search(%s): %v", tt.query, err)
			}
			for _, e := range es {
				if last != "" && string(e.ID) >= last {
					t.Fatalf("Search(%s): %s after %s", tt.query, e.ID, last)
				}
				last = string(e.ID)
			}
			got += len(es)
			if f.After = next; next == "" {
				break
			}
		}
		if got != tt.want {
			t.Errorf("Search(%s, %+v) finds %d, want %d", tt.query, tt.f, got, tt.want)
		}
	}
}
