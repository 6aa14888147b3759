package store_test

import (
	"context"
	"errors"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// A told is what the model knows of one mention.
type told struct {
	m       puskaradio.Mention
	status  puskaradio.Status
	who     string
	until   time.Time
	changes []puskaradio.Change
}

type address struct{ brand, source, ref string }

type rowKey struct {
	step   store.Step
	brand  string
	at     int64
	source string
}

// A model is a store of maps: what an engine must be seen to be.
type model struct {
	store  store.Store
	bolt   *store.Bolt // nil on another engine
	dir    string
	places int // directories that were made
	now    time.Time
	open   func(rt *rapid.T) // opens it, or again

	ids    map[address]puskaradio.ID // for ever
	told   map[puskaradio.ID]*told   // not forgotten
	rows   map[rowKey]puskaradio.Count
	hours  time.Time // counts of before are gone
	cursor string
	before []puskaradio.ID // while together: what was there
}

var (
	modelBrands   = []string{"acme", "rival", "zebra"}
	modelSources  = []string{"shop", "forum"}
	modelWords    = []string{"toimitus", "palvelu", "hinta", "kahvi", "laatu"}
	modelStatuses = puskaradio.Statuses()
)

// few runs a property some times, unless the command line says how often.
func few(t *testing.T, n string) {
	t.Helper()
	checks := flag.Lookup("rapid.checks")
	if was := checks.Value.String(); was == checks.DefValue {
		if err := checks.Value.Set(n); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = checks.Value.Set(was) })
	}
}

func TestModel(t *testing.T) {
	few(t, "6")
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "model")
		if err != nil {
			rt.Fatal(err)
		}
		m := newModel()
		m.dir = filepath.Join(dir, "data")
		m.open = m.openBolt
		m.run(rt, map[string]func(*rapid.T){"together": m.together, "compact": m.compact, "restore": m.restore})
	})
}

// TestPostgresModel has no write together with another in one transaction, and
// nothing to compact or to restore: the server does that.
func TestPostgresModel(t *testing.T) {
	few(t, "2")
	rapid.Check(t, func(rt *rapid.T) {
		m := newModel()
		url := database(t)
		m.open = func(rt *rapid.T) {
			s, err := store.OpenPostgres(context.Background(), url, store.PostgresOptions{})
			if err != nil {
				rt.Fatalf("OpenPostgres: %v", err)
			}
			m.store = s
		}
		m.run(rt, map[string]func(*rapid.T){"check": func(rt *rapid.T) {
			if err := m.store.(*store.Postgres).Check(context.Background()); err != nil {
				rt.Fatalf("Check: %v", err)
			}
		}})
	})
}

func newModel() *model {
	return &model{now: noon, ids: map[address]puskaradio.ID{}, told: map[puskaradio.ID]*told{}, rows: map[rowKey]puskaradio.Count{}}
}

// run does things in any order, those that every engine knows and more, and
// compares after each.
func (m *model) run(rt *rapid.T, more map[string]func(*rapid.T)) {
	m.open(rt)
	defer func() {
		if err := m.store.Close(); err != nil {
			rt.Errorf("Close: %v", err)
		}
	}()
	one := func(op func(*rapid.T) func(*rapid.T)) func(*rapid.T) {
		return func(rt *rapid.T) {
			m.tick(rt)
			op(rt)(rt)
		}
	}
	all := map[string]func(*rapid.T){
		"commit": one(m.commit), "commit more": one(m.commit), "gone": one(m.gone), "move": one(m.move), "correct": one(m.correct),
		"retain": m.retain, "reopen": m.reopen,
		"": m.compare,
	}
	maps.Copy(all, more)
	rt.Repeat(all)
}

func (m *model) openBolt(rt *rapid.T) {
	s, err := store.OpenBolt(m.dir, &store.BoltOptions{NoSync: true})
	if err != nil {
		rt.Fatalf("OpenBolt: %v", err)
	}
	m.store, m.bolt = s, s
}

func (m *model) tick(rt *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.IntRange(1, 3*86400).Draw(rt, "seconds pass")) * time.Second)
}

// together does some writes in one transaction.
func (m *model) together(rt *rapid.T) {
	m.tick(rt)
	m.before = slices.AppendSeq([]puskaradio.ID{}, maps.Keys(m.told)) // nobody can name what is not there yet
	defer func() { m.before = nil }()
	var ops []func()
	for range rapid.IntRange(2, 5).Draw(rt, "writes") {
		op := rapid.SampledFrom([]func(*rapid.T) func(*rapid.T){m.commit, m.gone, m.move, m.correct}).Draw(rt, "write")(rt)
		ops = append(ops, func() { op(rt) })
	}
	if err := m.bolt.Together(context.Background(), ops...); err != nil {
		rt.Fatalf("Together: %v", err)
	}
}

func (m *model) drawMention(rt *rapid.T, source string) puskaradio.Mention {
	age := rapid.SampledFrom([]time.Duration{0, 0, time.Second, time.Hour, 26 * time.Hour, 20 * 24 * time.Hour, 59 * 24 * time.Hour, 61 * 24 * time.Hour, 150 * 24 * time.Hour}).Draw(rt, "age")
	x := puskaradio.Mention{
		Brand: rapid.SampledFrom(modelBrands).Draw(rt, "brand"), Source: source, Ref: strconv.Itoa(rapid.IntRange(0, 7).Draw(rt, "ref")),
		Text:      strings.Join(rapid.SliceOfN(rapid.SampledFrom(modelWords), 1, 4).Draw(rt, "text"), " "),
		Published: noon.Add(-age), DateFrom: puskaradio.DatePublished, FirstSeen: m.now,
		Score: &puskaradio.Score{Value: float64(rapid.IntRange(-4, 4).Draw(rt, "score")) / 4},
	}
	if rapid.IntRange(0, 20).Draw(rt, "epoch") == 0 {
		x.Published = time.Unix(0, 0).UTC()
	}
	x.Score.Label = labelOf(x.Score.Value)
	if rapid.IntRange(0, 5).Draw(rt, "second scorer") == 0 {
		x.Score.Embedded = &puskaradio.Score{Label: rapid.SampledFrom([]puskaradio.Label{puskaradio.Negative, puskaradio.Neutral, puskaradio.Positive}).Draw(rt, "embedded")}
	}
	if stars := rapid.IntRange(0, 5).Draw(rt, "stars"); stars > 0 {
		x.Rating = &puskaradio.Rating{Value: float64(stars), Best: 5, Worst: 1}
	}
	if rapid.Bool().Draw(rt, "flag") {
		x.Flag = "why"
	}
	if rapid.IntRange(0, 5).Draw(rt, "owner") == 0 {
		x.Owner = &puskaradio.Reply{Text: "kiitos"}
	}
	return x
}

func labelOf(v float64) puskaradio.Label {
	switch {
	case v < 0:
		return puskaradio.Negative
	case v > 0:
		return puskaradio.Positive
	}
	return puskaradio.Neutral
}

// filed is the label that a verdict is counted and found under.
func filed(v puskaradio.Score) puskaradio.Label {
	if v.Alarming() {
		return puskaradio.Negative
	}
	return v.Label
}

// count adds a mention to the counts, or takes it off.
func (m *model) count(x *puskaradio.Mention, n int) {
	at := x.Published
	steps := map[store.Step]time.Time{store.Day: at.Truncate(24 * time.Hour)}
	if hour := at.Truncate(time.Hour); x.FirstSeen.Sub(at) < 60*24*time.Hour && !hour.Before(m.hours) {
		steps[store.Hour] = hour
	}
	for step, at := range steps {
		k := rowKey{step, x.Brand, at.Unix(), x.Source}
		c, v := m.rows[k], x.Verdict()
		c.At, c.Source = at, x.Source
		switch filed(v) {
		case puskaradio.Negative:
			c.Negative += n
		case puskaradio.Positive:
			c.Positive += n
		default:
			c.Neutral += n
		}
		c.Value += float64(n) * v.Value
		if x.Rating != nil {
			c.Rated += n
			c.Rating += float64(n) * x.Rating.Share()
		}
		m.rows[k] = c
	}
}

func (m *model) commit(rt *rapid.T) func(*rapid.T) {
	c := store.Crawl{Source: rapid.SampledFrom(modelSources).Draw(rt, "source"), Job: "crawl"}
	for range rapid.IntRange(1, 5).Draw(rt, "mentions") {
		c.Mentions = append(c.Mentions, m.drawMention(rt, c.Source))
	}
	m.cursor = strconv.Itoa(rapid.IntRange(0, 99).Draw(rt, "cursor"))
	c.Cursor = []byte(m.cursor)
	var want store.Stored
	for _, x := range c.Mentions {
		m.file(x, &want)
	}
	return func(rt *rapid.T) {
		if got, err := m.store.Commit(context.Background(), c); err != nil || !same(got, want) {
			rt.Errorf("Commit = %+v, %v, want %+v", got, err, want)
		}
	}
}

func (m *model) file(x puskaradio.Mention, st *store.Stored) {
	at := address{x.Brand, x.Source, x.Ref}
	id, known := m.ids[at]
	was := m.told[id]
	switch {
	case !known:
		id = puskaradio.NewID(x.Published.Unix(), x.Hash())
		m.ids[at] = id
		was = &told{m: x}
		m.told[id] = was
		m.count(&x, 1)
		st.New = append(st.New, id)
	case was == nil || was.m.State == puskaradio.Live && same(was.m.Text, x.Text) && same(was.m.Rating, x.Rating) && same(was.m.Owner, x.Owner):
		st.Same++
		return
	default:
		st.Changed = append(st.Changed, id)
		m.count(&was.m, -1)
		old := was.m
		was.m = x
		was.m.Published, was.m.FirstSeen, was.m.Versions, was.m.Corrected = old.Published, old.FirstSeen, slices.Clone(old.Versions), old.Corrected
		if !same(old.Text, x.Text) || !same(old.Rating, x.Rating) {
			was.m.Versions = append(was.m.Versions, puskaradio.Version{Text: old.Text, Rating: old.Rating, Until: x.FirstSeen})
		}
		m.count(&was.m, 1)
	}
	switch {
	case x.Flag == "" || was.status != "" && was.status != puskaradio.Done && was.status != puskaradio.FalseAlarm:
		return
	case was.status != "":
		was.changes = append(was.changes, puskaradio.Change{At: x.FirstSeen, Who: x.Source, To: puskaradio.New, Note: "edited"})
	}
	was.status = puskaradio.New
}

func (m *model) gone(rt *rapid.T) func(*rapid.T) {
	c := store.Crawl{
		Source: rapid.SampledFrom(modelSources).Draw(rt, "source"), Brands: modelBrands,
		Gone:   rapid.SliceOfN(rapid.SampledFrom([]string{"0", "1", "2", "3", "nothing"}), 1, 2).Draw(rt, "gone"),
		Ledger: puskaradio.Coverage{At: m.now},
	}
	var want store.Stored
	for _, ref := range c.Gone {
		for _, brand := range c.Brands {
			id := m.ids[address{brand, c.Source, ref}]
			x := m.told[id]
			if x == nil || x.m.State == puskaradio.Deleted {
				continue
			}
			x.m.State, x.m.Gone = puskaradio.Deleted, m.now
			want.Gone = append(want.Gone, id)
			if x.status.Open() {
				x.status = puskaradio.Done
				x.changes = append(x.changes, puskaradio.Change{At: m.now, Who: c.Source, To: puskaradio.Done, Note: "deleted at the source"})
			}
		}
	}
	return func(rt *rapid.T) {
		if got, err := m.store.Commit(context.Background(), c); err != nil || !same(got, want) {
			rt.Errorf("Commit of what is gone = %+v, %v, want %+v", got, err, want)
		}
	}
}

// some draws a mention that is there, or one that never was.
func (m *model) some(rt *rapid.T) (puskaradio.ID, *told) {
	ids := slices.Sorted(slices.Values(m.before))
	if m.before == nil {
		ids = slices.Sorted(maps.Keys(m.told))
	}
	id := rapid.SampledFrom(append(slices.Clip(ids), puskaradio.NewID(7, 7))).Draw(rt, "id")
	return id, m.told[id]
}

func (m *model) move(rt *rapid.T) func(*rapid.T) {
	id, x := m.some(rt)
	c := puskaradio.Change{At: m.now, Who: rapid.SampledFrom([]string{"Maija", "Pekka"}).Draw(rt, "who"), To: rapid.SampledFrom(modelStatuses).Draw(rt, "to")}
	was, want := puskaradio.New, puskaradio.ErrNotFound
	until := m.now.Add(time.Hour)
	if x != nil {
		if was = x.status; rapid.IntRange(0, 5).Draw(rt, "wrong") == 0 {
			was = rapid.SampledFrom(append(slices.Clip(modelStatuses), "")).Draw(rt, "was")
		}
		if want = nil; was != x.status {
			want = puskaradio.ErrTaken
		} else {
			if n := len(x.changes); n > 0 && rapid.IntRange(0, 5).Draw(rt, "undo") == 0 {
				c.Undoes, c.Who, c.For = x.changes[n-1].At, x.changes[n-1].Who, "Aino"
			}
			kept := c
			kept.Aside = c.To == was && c.Undoes.IsZero()
			x.status, x.until, x.changes = c.To, until, append(x.changes, kept)
			switch {
			case !c.Undoes.IsZero():
				x.who = c.For
			case kept.Aside:
			case c.To == puskaradio.Claimed, c.To == puskaradio.Answered:
				x.who = c.Who
			case c.To == puskaradio.New:
				x.who = ""
			}
		}
	}
	return func(rt *rapid.T) {
		if _, err := m.store.Move(context.Background(), "", id, was, c, until); !errors.Is(err, want) {
			rt.Errorf("Move(%s, %q, %q) = %v, want %v", id, was, c.To, err, want)
		}
	}
}

func (m *model) correct(rt *rapid.T) func(*rapid.T) {
	id, x := m.some(rt)
	var s *puskaradio.Score
	if rapid.Bool().Draw(rt, "correct") {
		v := float64(rapid.IntRange(-1, 1).Draw(rt, "verdict"))
		s = &puskaradio.Score{Label: labelOf(v), Value: v, Confidence: 1}
	}
	want := puskaradio.ErrNotFound
	if x != nil {
		want = nil
		m.count(&x.m, -1)
		x.m.Corrected = s
		m.count(&x.m, 1)
	}
	return func(rt *rapid.T) {
		if err := m.store.Correct(context.Background(), "", id, s); !errors.Is(err, want) {
			rt.Errorf("Correct(%s) = %v, want %v", id, err, want)
		}
	}
}
