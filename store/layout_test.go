package store_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

var update = flag.Bool("update", false, "make the history of this layout in testdata/store, if there is none")

const layouts = "../testdata/store"

// A layoutContent is what a history holds, whatever the layout.
type layoutContent struct {
	Mentions []store.Entry
	Cases    []puskaradio.Case
	Days     []puskaradio.Count
	Hours    []puskaradio.Count
	Alerts   []puskaradio.Alert
	Digest   puskaradio.Digest
	People   []puskaradio.Person
	Tokens   []puskaradio.Token
	Deeds    []puskaradio.Deed
	Coverage []puskaradio.Coverage
	Jobs     []store.Job
	Sent     store.Sent
	Cursor   string
	Found    []puskaradio.ID // by a word
	Phrase   []puskaradio.ID
}

func contentOf(t *testing.T, s store.Store) (c layoutContent) {
	t.Helper()
	ctx, from, to := t.Context(), noon.AddDate(-1, 0, 0), noon.AddDate(0, 0, 2)
	var errs []error
	see := func(err error) { errs = append(errs, err) }
	var err error
	f := store.Filter{Limit: 1000}
	c.Mentions, _, err = s.Mentions(ctx, f)
	see(err)
	f.Statuses = puskaradio.Statuses()
	c.Cases, _, err = s.Inbox(ctx, f)
	see(err)
	c.Days, err = s.SeriesBySource(ctx, "acme", from, to, store.Day)
	see(err)
	c.Hours, err = s.Series(ctx, "acme", from, to, store.Hour)
	see(err)
	c.Alerts, err = s.Alerts(ctx, "", from, to)
	see(err)
	c.Digest, err = s.Digest(ctx, "acme", "2026-11-19")
	see(err)
	c.People, err = s.People(ctx)
	see(err)
	c.Tokens, err = s.Tokens(ctx)
	see(err)
	c.Deeds, err = s.Deeds(ctx, to, 100)
	see(err)
	c.Coverage, err = s.Coverage(ctx, from, to)
	see(err)
	c.Jobs, err = s.Jobs(ctx, "")
	see(err)
	c.Sent, err = s.Sent(ctx, "team/a/7F3KQ2AB")
	see(err)
	cursor, err := s.Cursor(ctx, "crawl/shop")
	see(err)
	c.Cursor = string(cursor)
	for words, ids := range map[string]*[]puskaradio.ID{"toimitus": &c.Found, `"koskaan enää sanoi"`: &c.Phrase} {
		es, _, err := s.Search(ctx, words, store.Filter{Limit: 1000})
		see(err)
		for _, e := range es {
			*ids = append(*ids, e.ID)
		}
	}
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	return c
}

// makeLayout makes a history that has something of each kind.
func makeLayout(t *testing.T, dir string) {
	t.Helper()
	s, err := store.OpenBolt(dir, &store.BoltOptions{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	ms := append(mentions("acme", 60), mentions("bolt", 8)...)
	for i := range ms {
		if i%9 == 0 { // wants an answer
			ms[i].Flag = "urgent"
		}
		if i%20 == 3 { // in another quarter
			ms[i].Published = ms[i].Published.AddDate(0, -4, 0)
		}
	}
	ms[7].Text = "Ei koskaan enää, sanoi kissa; toimitus kesti viikon"
	edited, gone, old := ms[2], ms[4], ms[7]
	edited.Text += ", nyt jo kaksi"
	gone.State = puskaradio.Deleted
	st, err := s.Commit(ctx, store.Crawl{Job: "crawl/shop", Source: "shop", Brands: []string{"acme", "bolt"}, Mentions: ms, Cursor: []byte(`{"page":7}`), Ledger: puskaradio.Coverage{Source: "shop", Hour: noon, Fetches: 3, Items: 68, State: "ok", At: noon}})
	if err != nil || len(st.New) != len(ms) {
		t.Fatalf("Commit: %d new, %v", len(st.New), err)
	}
	commit(t, s, edited, gone)
	entries, _, err := s.Search(ctx, `"koskaan enää sanoi"`, store.Filter{Brand: "acme"})
	if err != nil || len(entries) != 1 || entries[0].Mention.Ref != old.Ref {
		t.Fatalf("Search: %v, %v", entries, err)
	}
	id := entries[0].ID
	_, err = s.Move(ctx, "acme", id, "", puskaradio.Change{At: noon, Who: "Maija", To: puskaradio.Claimed, Note: "soitetaan"}, time.Time{})
	added, err2 := s.AddAlert(ctx, puskaradio.Alert{ID: "7F3KQ2AB", Brand: "acme", Name: "Acme", Rule: "burst", From: noon.Add(-time.Hour), To: noon, Negative: 9, Total: 12, Usual: 1.5, Decided: noon, State: "open", Words: []string{"toimitus"}, Quotes: []puskaradio.Quote{puskaradio.QuoteOf(id, &old)}})
	_, err3 := s.AddDigest(ctx, puskaradio.Digest{Brand: "acme", Name: "Acme", Date: "2026-11-19", Zone: "UTC", Total: 24, Negative: 8})
	if err := errors.Join(
		err, err2, err3,
		s.Correct(ctx, "acme", id, &puskaradio.Score{Label: puskaradio.Neutral, Confidence: 1, Model: "a person"}),
		s.SetSent(ctx, "team/a/7F3KQ2AB", store.Sent{Ref: "1.000001", Rev: 1, At: noon}),
		s.SetPerson(ctx, puskaradio.Person{Name: "Maija", Role: puskaradio.Agent, Brands: []string{"acme"}, Hash: "none", Since: noon}),
		s.SetToken(ctx, puskaradio.Token{Name: "crm", Role: puskaradio.Reader, Hash: "aa", Since: noon}),
		s.Record(ctx, puskaradio.Deed{At: noon, Who: "Maija", What: "signed in", From: "192.0.2.1"}),
		s.Schedule(ctx, store.Job{Key: "crawl/shop", Kind: "crawl", Due: noon.Add(time.Hour), Every: 15 * time.Minute}),
		s.Close(),
	); err != nil || !added {
		t.Fatal(err)
	}
}

// pack puts the files of a directory into an archive.
func pack(t *testing.T, dir, path string) {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	if err := errors.Join(z.AddFS(os.DirFS(dir)), z.Close(), os.WriteFile(path, b.Bytes(), 0o644)); err != nil {
		t.Fatal(err)
	}
}

// unpack puts them into another.
func unpack(t *testing.T, path string) string {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(dir, z); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestLayouts opens a history of every layout that there was: it holds what it
// held, whole, also after the next start. One of this layout must be there.
func TestLayouts(t *testing.T) {
	own := fmt.Sprintf("%s/layout-%d", layouts, store.BoltVersion)
	if _, err := os.Stat(own + ".zip"); *update && errors.Is(err, os.ErrNotExist) { // what others have is never made anew
		dir := filepath.Join(t.TempDir(), "data")
		makeLayout(t, dir)
		pack(t, dir, own+".zip")
		b, err := json.MarshalIndent(contentOf(t, openBoltAt(t, dir)), "", " ")
		if err == nil {
			err = os.WriteFile(own+".json", append(b, '\n'), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	archives, err := filepath.Glob(layouts + "/layout-*.zip")
	if err != nil || !slices.Contains(archives, own+".zip") {
		t.Fatalf("there is no history of layout %d among %v, %v", store.BoltVersion, archives, err)
	}
	for _, archive := range archives {
		t.Run(filepath.Base(archive), func(t *testing.T) {
			raw, err := os.ReadFile(strings.TrimSuffix(archive, ".zip") + ".json")
			if err != nil {
				t.Fatal(err)
			}
			var want layoutContent
			d := json.NewDecoder(bytes.NewReader(raw))
			d.DisallowUnknownFields()
			if err := d.Decode(&want); err != nil || len(want.Mentions) < 60 || len(want.Cases) == 0 || len(want.Phrase) == 0 {
				t.Fatalf("%d mentions, %d cases, %v", len(want.Mentions), len(want.Cases), err)
			}
			dir := unpack(t, archive)
			for _, when := range []string{"first", "again"} {
				s, err := store.OpenBolt(dir, &store.BoltOptions{NoSync: true})
				if err != nil {
					t.Fatalf("%s: %v", when, err)
				}
				if err := s.Check(t.Context()); err != nil {
					t.Errorf("%s: Check: %v", when, err)
				}
				b, err := json.Marshal(contentOf(t, s))
				var got layoutContent
				if err == nil {
					err = json.Unmarshal(b, &got)
				}
				if diff := cmp.Diff(want, got); err != nil || diff != "" {
					t.Errorf("%s: %v, %s", when, err, diff)
				}
				if st := commit(t, s, mention("acme", 5)); len(st.New) != 0 { // what it has it knows
					t.Errorf("%s: %d new", when, len(st.New))
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestLaterLayout: a history of a later program is refused with a sentence and
// a way out, and not a byte of it is another afterwards.
func TestLaterLayout(t *testing.T) {
	dir := unpack(t, fmt.Sprintf("%s/layout-%d.zip", layouts, store.BoltVersion))
	db, err := bbolt.Open(filepath.Join(dir, "main.db"), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("meta")).Put([]byte("version"), binary.BigEndian.AppendUint32(nil, store.BoltVersion+1))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	before := bytesOf(t, dir)
	for range 2 {
		_, err = store.OpenBolt(dir, nil)
		refused, ok := errors.AsType[*store.RefusedError](err)
		if !ok || !strings.Contains(refused.Reason, fmt.Sprintf("later version (layout %d; this program knows %d)", store.BoltVersion+1, store.BoltVersion)) || refused.Advice == "" {
			t.Fatalf("OpenBolt: %v", err)
		}
	}
	if after := bytesOf(t, dir); !maps.EqualFunc(before, after, bytes.Equal) {
		t.Errorf("%d files are %d others", len(before), len(after))
	}
}

// bytesOf are the files of a directory.
func bytesOf(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 3 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	out := map[string][]byte{}
	for _, f := range files {
		if out[f.Name()], err = os.ReadFile(filepath.Join(dir, f.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return out
}
