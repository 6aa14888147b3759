package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// twins are two engines that are told the same and must answer the same.
type twins struct {
	bolt *store.Bolt
	pg   *store.Postgres
	zone *time.Location
	now  time.Time
	ids  []puskaradio.ID
}

// hostile are texts that a database may refuse, mangle or take for its own.
var hostile = []string{
	"palvelu", "Palvelun laatu", "kahvi hinta", "hinta", "HÄIRIÖ häiriön",
	"a\x00b", "\x00", "\xff\xfe", "palvelu\x00hinta", "laatu \xc3", "ä\xed\xa0\x80kahvi", "😀 palvelu", "ﬁnal ½ ǅ İ", "'; DROP TABLE mentions --",
	`\'`, `"source":"shop"`, "\u2028\\u0000", "#1", "'#1'", "toimitustoimitustoimitustoimitus", "ääääääääääääääääääääääääääää", "e\u0301 palve\u00adlu", "\x01palvelu",
}

func TestTwins(t *testing.T) {
	few(t, "1")
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "twin")
		if err != nil {
			rt.Fatal(err)
		}
		zone, err := time.LoadLocation("Europe/Helsinki")
		if err != nil {
			rt.Fatal(err)
		}
		w := &twins{now: noon, zone: zone}
		if w.bolt, err = store.OpenBolt(dir, &store.BoltOptions{NoSync: true, Zone: zone}); err != nil {
			rt.Fatal(err)
		}
		defer w.bolt.Close()
		if w.pg, err = store.OpenPostgres(context.Background(), database(t), store.PostgresOptions{Zone: zone, Workers: 1, Conns: 3}); err != nil {
			rt.Fatal(err)
		}
		defer w.pg.Close()
		rt.Repeat(map[string]func(*rapid.T){
			"commit": w.commit, "commit more": w.commit, "move": w.move, "correct": w.correct, "alert": w.addAlert, "digest": w.addDigest,
			"people": w.people, "retain": w.retain, "forget": w.forget, "erase": w.erase, "schedule": w.schedule,
			"": w.compare,
		})
		w.migrate(t, rt)
	})
}

// migrate has each move in at the other's, with interruptions: what was on
// bbolt is on PostgreSQL then, and the other way round, and all answer the same.
func (w *twins) migrate(t *testing.T, rt *rapid.T) {
	dir, err := os.MkdirTemp(t.TempDir(), "moved")
	if err != nil {
		rt.Fatal(err)
	}
	bolt, err := store.OpenBolt(dir, &store.BoltOptions{NoSync: true, Zone: w.zone})
	if err != nil {
		rt.Fatal(err)
	}
	defer bolt.Close()
	pg, err := store.OpenPostgres(context.Background(), database(t), store.PostgresOptions{Zone: w.zone, Workers: 1, Conns: 3})
	if err != nil {
		rt.Fatal(err)
	}
	defer pg.Close()
	for _, way := range [][2]store.Store{{w.bolt, pg}, {w.pg, bolt}} {
		for most := 1; ; most++ { // it is interrupted after one step, after two more, …
			ctx, cancel := context.WithCancel(context.Background())
			steps := 0
			err := store.Migrate(ctx, way[0], way[1], func(string, int) {
				if steps++; steps == most {
					cancel()
				}
			})
			cancel()
			if err == nil {
				break
			}
			if !errors.Is(err, context.Canceled) || most > 20 {
				rt.Fatalf("Migrate: %v", err)
			}
		}
		if err := store.Migrate(context.Background(), way[0], way[1], nil); err == nil && len(w.ids) > 0 {
			rt.Errorf("a store was moved into one that is not empty")
		}
	}
	for _, pair := range []twins{{bolt: bolt, pg: pg}, {bolt: w.bolt, pg: pg}, {bolt: bolt, pg: w.pg}} {
		pair.ids, pair.now, pair.zone = w.ids, w.now, w.zone
		pair.compare(rt)
	}
	// What is known stays known, and what is erased or forgotten stays away.
	pair := &twins{bolt: bolt, pg: pg, ids: w.ids, now: w.now, zone: w.zone}
	for range 3 {
		pair.commit(rt)
		pair.compare(rt)
	}
}

// both asks both engines, and wants one answer: the same values, and errors of
// the same kind.
func (w *twins) both(rt *rapid.T, what string, ask func(s store.Store) (any, error)) any {
	rt.Helper()
	a, errA := ask(w.bolt)
	b, errB := ask(w.pg)
	for _, kind := range []error{puskaradio.ErrNotFound, puskaradio.ErrTaken} {
		if errors.Is(errA, kind) != errors.Is(errB, kind) {
			rt.Fatalf("%s: %v on bbolt, %v on PostgreSQL", what, errA, errB)
		}
	}
	if (errA == nil) != (errB == nil) {
		rt.Fatalf("%s: %v on bbolt, %v on PostgreSQL", what, errA, errB)
	}
	if diff := gocmp.Diff(a, b, cmpopts.EquateEmpty()); diff != "" {
		rt.Fatalf("%s (-bbolt +PostgreSQL):\n%s", what, diff)
	}
	return a
}

func (w *twins) text(rt *rapid.T, what string) string {
	return rapid.SampledFrom(hostile).Draw(rt, what)
}

func (w *twins) source(rt *rapid.T) string {
	return rapid.SampledFrom([]string{"shop", "forum", "s\x00\xff"}).Draw(rt, "source")
}

func (w *twins) brand(rt *rapid.T) string {
	return rapid.SampledFrom([]string{"acme", "rival", "\xffbrand\x00"}).Draw(rt, "brand")
}

func (w *twins) tick(rt *rapid.T) {
	w.now = w.now.Add(time.Duration(rapid.IntRange(1, 86400).Draw(rt, "seconds pass")) * time.Second)
}

func (w *twins) commit(rt *rapid.T) {
	w.tick(rt)
	c := store.Crawl{Source: w.source(rt), Brands: []string{"acme", "rival", "never seen"}, Job: "crawl/" + w.text(rt, "job"), Cursor: []byte("\x00" + w.text(rt, "cursor"))}
	c.Ledger = puskaradio.Coverage{Source: c.Source, Hour: w.now, At: w.now, Fetches: 1, Items: 3, State: "ok", Problem: w.text(rt, "problem")}
	c.Gone = rapid.SliceOfN(rapid.SampledFrom([]string{"0", "1", "2", "x\x00"}), 0, 2).Draw(rt, "gone")
	for range rapid.IntRange(0, 6).Draw(rt, "mentions") {
		m := puskaradio.Mention{
			Brand: w.brand(rt), Source: c.Source, Ref: rapid.SampledFrom([]string{"", "0", "1", "2", "3", "4", "x\x00", "\xfe"}).Draw(rt, "ref"),
			Author: w.text(rt, "author"), Title: w.text(rt, "title"), Text: w.text(rt, "text"), About: w.text(rt, "about"), URL: w.text(rt, "url"),
			Published: w.now.Add(-time.Duration(rapid.IntRange(0, 90*24).Draw(rt, "age")) * time.Hour), DateFrom: puskaradio.DatePublished, FirstSeen: w.now,
			Score: &puskaradio.Score{Value: float64(rapid.IntRange(-4, 4).Draw(rt, "score")) / 4, Words: []string{w.text(rt, "word")}, Why: w.text(rt, "why")},
		}
		m.Score.Label = labelOf(m.Score.Value)
		if rapid.Bool().Draw(rt, "flag") {
			m.Flag = w.text(rt, "reason")
		}
		if rapid.Bool().Draw(rt, "rated") {
			m.Rating = &puskaradio.Rating{Value: 3.7, Best: 5, Worst: 1}
		}
		if rapid.IntRange(0, 3).Draw(rt, "owner") == 0 {
			m.Owner = &puskaradio.Reply{Text: w.text(rt, "reply"), At: w.now}
		}
		if rapid.IntRange(0, 3).Draw(rt, "copy") == 0 {
			m.Story = puskaradio.NewID(1, 1)
		}
		c.Mentions = append(c.Mentions, m)
	}
	st := w.both(rt, "Commit", func(s store.Store) (any, error) { return s.Commit(context.Background(), c) }).(store.Stored)
	w.ids = append(w.ids, st.New...)
	w.both(rt, "Cursor", func(s store.Store) (any, error) { return s.Cursor(context.Background(), c.Job) })
}

func (w *twins) some(rt *rapid.T) puskaradio.ID {
	return rapid.SampledFrom(append([]puskaradio.ID{puskaradio.NewID(7, 7), "?"}, w.ids...)).Draw(rt, "id")
}

func (w *twins) move(rt *rapid.T) {
	w.tick(rt)
	id := w.some(rt)
	was := rapid.SampledFrom(append([]puskaradio.Status{""}, puskaradio.Statuses()...)).Draw(rt, "was")
	if e, err := w.bolt.Mention(context.Background(), "", id); err == nil && rapid.Bool().Draw(rt, "right") {
		was = e.Status
	}
	c := puskaradio.Change{At: w.now, Who: w.text(rt, "who"), To: rapid.SampledFrom(modelStatuses).Draw(rt, "to"), Note: w.text(rt, "note")}
	brand := rapid.SampledFrom([]string{"", "acme", "rival", "never seen"}).Draw(rt, "of")
	w.both(rt, "Move", func(s store.Store) (any, error) { return s.Move(context.Background(), brand, id, was, c, w.now) })
}

func (w *twins) correct(rt *rapid.T) {
	id := w.some(rt)
	var score *puskaradio.Score
	if v := rapid.IntRange(-2, 1).Draw(rt, "verdict"); v > -2 {
		score = &puskaradio.Score{Value: float64(v), Label: labelOf(float64(v)), Why: w.text(rt, "why")}
	}
	w.both(rt, "Correct", func(s store.Store) (any, error) { return nil, s.Correct(context.Background(), "", id, score) })
}

func (w *twins) quotes(rt *rapid.T) (out []puskaradio.Quote) {
	for range rapid.IntRange(0, 3).Draw(rt, "quotes") {
		if id := w.some(rt); id != "?" {
			out = append(out, puskaradio.Quote{ID: id, Source: w.source(rt), Author: w.text(rt, "author"), Text: w.text(rt, "quote")})
		}
	}
	return out
}

func (w *twins) addAlert(rt *rapid.T) {
	w.tick(rt)
	a := puskaradio.Alert{
		ID: "A" + strconv.Itoa(rapid.IntRange(0, 3).Draw(rt, "alert")), Brand: rapid.SampledFrom([]string{"acme", "rival"}).Draw(rt, "brand"),
		Rule: w.text(rt, "rule"), Rev: rapid.IntRange(0, 2).Draw(rt, "rev"), Decided: w.now, Quotes: w.quotes(rt),
	}
	w.both(rt, "AddAlert", func(s store.Store) (any, error) {
		return s.AddAlert(context.Background(), a, store.Job{Key: "deliver/" + a.ID, Kind: "deliver", Due: w.now})
	})
}

func (w *twins) addDigest(rt *rapid.T) {
	d := puskaradio.Digest{
		Brand: rapid.SampledFrom([]string{"acme", "rival"}).Draw(rt, "brand"), Date: fmt.Sprint("2026-11-2", rapid.IntRange(0, 3).Draw(rt, "date")),
		Need: w.quotes(rt), Week: &puskaradio.Week{Stories: w.quotes(rt)},
	}
	w.both(rt, "AddDigest", func(s store.Store) (any, error) { return s.AddDigest(context.Background(), d) })
}

func (w *twins) people(rt *rapid.T) {
	w.tick(rt)
	ctx := context.Background()
	name, role := w.text(rt, "name"), rapid.SampledFrom([]puskaradio.Role{"", puskaradio.Reader, puskaradio.Owner}).Draw(rt, "role")
	w.both(rt, "people", func(s store.Store) (any, error) {
		return nil, errors.Join(
			s.SetPerson(ctx, puskaradio.Person{Name: name, Role: role, Since: w.now}),
			s.SetToken(ctx, puskaradio.Token{Name: name, Role: role, Hash: "aa"}),
			s.UseToken(ctx, name, "aa", w.now),
			s.Record(ctx, puskaradio.Deed{At: w.now, Who: name, What: "came"}),
			s.SetSent(ctx, name, store.Sent{Ref: name, At: w.now}),
			s.Note(ctx, puskaradio.Coverage{Source: name, Hour: w.now, Fetches: 1, State: "ok"}))
	})
	w.both(rt, "Sent", func(s store.Store) (any, error) { return s.Sent(ctx, name) })
}

func (w *twins) schedule(rt *rapid.T) {
	j := store.Job{
		Key: rapid.SampledFrom([]string{"crawl/a", "crawl/b", "digest/a"}).Draw(rt, "key"), Kind: "k", Lane: "l",
		Due: w.now.Add(time.Duration(rapid.IntRange(-9, 9).Draw(rt, "due")) * time.Minute), Every: time.Duration(rapid.IntRange(0, 2).Draw(rt, "every")) * time.Hour,
	}
	w.both(rt, "Schedule", func(s store.Store) (any, error) { return nil, s.Schedule(context.Background(), j) })
}

func (w *twins) retain(rt *rapid.T) {
	texts, hours := w.now.AddDate(0, 0, -rapid.IntRange(20, 100).Draw(rt, "texts")), w.now.AddDate(0, 0, -rapid.IntRange(5, 80).Draw(rt, "hours"))
	w.both(rt, "Retain", func(s store.Store) (any, error) { return s.Retain(context.Background(), texts, hours) })
}

func (w *twins) forget(rt *rapid.T) {
	l := store.Limit{Source: w.source(rt), Before: w.now.AddDate(0, 0, -rapid.IntRange(5, 80).Draw(rt, "days")), Gone: rapid.Bool().Draw(rt, "also gone")}
	w.both(rt, "Forget", func(s store.Store) (any, error) { return s.Forget(context.Background(), l) })
}

func (w *twins) erase(rt *rapid.T) {
	if rapid.IntRange(0, 2).Draw(rt, "really") > 0 {
		return
	}
	source, author := w.source(rt), w.text(rt, "author")
	w.both(rt, "Erase", func(s store.Store) (any, error) { return s.Erase(context.Background(), source, author) })
}

// compare reads everything that can be read, page by page.
func (w *twins) compare(rt *rapid.T) {
	ctx := context.Background()
	if err := w.pg.Check(ctx); err != nil {
		rt.Fatalf("Check: %v", err)
	}
	from, to := noon.AddDate(-1, 0, 0), noon.AddDate(10, 0, 0)
	for _, brand := range []string{"", "acme", "\xffbrand\x00"} {
		f := store.Filter{Brand: brand, Limit: rapid.IntRange(2, 12).Draw(rt, "limit")}
		for _, g := range w.filters(f) {
			w.pages(rt, fmt.Sprintf("Mentions(%+v)", g), g, func(s store.Store, f store.Filter) (any, string, error) {
				return three(s.Mentions(ctx, f))
			})
			w.pages(rt, fmt.Sprintf("Inbox(%+v)", g), g, func(s store.Store, f store.Filter) (any, string, error) {
				return three(s.Inbox(ctx, f))
			})
		}
		for _, query := range []string{w.text(rt, "query"), `"` + w.text(rt, "phrase") + `"`, "palv*", "pa*", "hinta kahvi", `"palvelun laatu" lla*`} {
			g := rapid.SampledFrom(w.filters(f)).Draw(rt, "filter")
			w.pages(rt, fmt.Sprintf("Search(%q, %+v)", query, g), g, func(s store.Store, f store.Filter) (any, string, error) {
				return three(s.Search(ctx, query, f))
			})
		}
		for _, step := range []store.Step{store.Hour, store.Day} {
			w.both(rt, "Series", func(s store.Store) (any, error) { return s.Series(ctx, brand, from, to, step) })
			w.both(rt, "SeriesBySource", func(s store.Store) (any, error) { return s.SeriesBySource(ctx, brand, from, to, step) })
		}
		w.both(rt, "Stamps", func(s store.Store) (any, error) { return s.Stamps(ctx, brand, from, to) })
		w.both(rt, "Waiting", func(s store.Store) (any, error) { return s.Waiting(ctx, brand) })
		w.both(rt, "Alerts", func(s store.Store) (any, error) { return s.Alerts(ctx, brand, from, to) })
		w.both(rt, "Digest", func(s store.Store) (any, error) { return s.Digest(ctx, brand, "2026-11-21") })
	}
	w.both(rt, "Coverage", func(s store.Store) (any, error) { return s.Coverage(ctx, from, to) })
	w.both(rt, "People", func(s store.Store) (any, error) { return s.People(ctx) })
	w.both(rt, "Tokens", func(s store.Store) (any, error) { return s.Tokens(ctx) })
	w.both(rt, "Deeds", func(s store.Store) (any, error) { return s.Deeds(ctx, to, 100) })
	w.both(rt, "Jobs", func(s store.Store) (any, error) { return s.Jobs(ctx, "crawl/") })
	w.both(rt, "Alert", func(s store.Store) (any, error) { return s.Alert(ctx, "A1") })
}

func (w *twins) filters(f store.Filter) []store.Filter {
	out := []store.Filter{f}
	for _, change := range []func(*store.Filter){
		func(f *store.Filter) { f.From, f.To = noon.AddDate(0, 0, -30), noon },
		func(f *store.Filter) { f.Labels = []puskaradio.Label{puskaradio.Negative, "unknown"} },
		func(f *store.Filter) { f.Sources = []string{"s\x00\xff", "never seen"} },
		func(f *store.Filter) { f.Statuses = []puskaradio.Status{puskaradio.New, puskaradio.Done, ""} },
		func(f *store.Filter) { f.Corrected = true },
		func(f *store.Filter) { f.Statuses = []puskaradio.Status{"unknown"} },
	} {
		g := f
		change(&g)
		out = append(out, g)
	}
	return out
}

func three[T any](xs []T, next string, err error) (any, string, error) {
	if len(xs) == 0 {
		return nil, next, err
	}
	return xs, next, err
}

// pages compares page after page, with their tokens.
func (w *twins) pages(rt *rapid.T, what string, f store.Filter, read func(store.Store, store.Filter) (any, string, error)) {
	for next := true; next; {
		token := w.both(rt, what, func(s store.Store) (any, error) {
			xs, token, err := read(s, f)
			return []any{xs, token}, err
		}).([]any)[1].(string)
		f.After, next = token, token != ""
	}
}
