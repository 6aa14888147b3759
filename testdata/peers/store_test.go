package peers

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/internal/crowd"
	"github.com/puskaradio/puskaradio/store"
)

const schema = `
PRAGMA journal_mode=WAL;
PRAGMA synchronous=FULL;
PRAGMA cache_size=-200000;
CREATE TABLE mention (id INTEGER PRIMARY KEY, brand INT, source INT, ref TEXT, ts INT, seen INT, label INT, value INT, status INT, digest INT,
  url TEXT, author TEXT, title TEXT, body TEXT, lang TEXT, genre TEXT, stars REAL, best REAL, worst REAL, confidence REAL, model TEXT, flag TEXT);
CREATE UNIQUE INDEX once ON mention (brand, source, ref);
CREATE INDEX newest ON mention (brand, ts);
CREATE INDEX inbox ON mention (brand, status, ts) WHERE status > 0;
CREATE TABLE days (brand INT, day INT, source INT, neg INT, neu INT, pos INT, value INT, rated INT, rating INT, PRIMARY KEY (brand, day, source)) WITHOUT ROWID;
CREATE TABLE hours (brand INT, hour INT, source INT, neg INT, neu INT, pos INT, value INT, rated INT, rating INT, PRIMARY KEY (brand, hour, source)) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5 (body, content='', detail=column, tokenize="unicode61 remove_diacritics 2");
`

// A sqlite keeps what our store keeps, in the form that is natural to SQL: a
// row a mention, unique by reference, indexed by brand and time and for the
// inbox, counted by day and hour, and its words in FTS5.
type sqlite struct {
	db *sql.DB
	id int64
}

func openSQLite(path string) (*sqlite, error) {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	_, err = db.Exec(schema)
	return &sqlite{db: db}, err
}

func (s *sqlite) commit(ms []puskaradio.Mention) error {
	tx, err := s.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	prepare := func(q string) *sql.Stmt {
		st, e := tx.Prepare(q)
		if err == nil {
			err = e
		}
		return st
	}
	mention := prepare(`INSERT INTO mention VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING`)
	count := `INSERT INTO %s VALUES (?,?,?,?,?,?,?,1,?) ON CONFLICT DO UPDATE SET neg=neg+excluded.neg, neu=neu+excluded.neu, pos=pos+excluded.pos, value=value+excluded.value, rated=rated+1, rating=rating+excluded.rating`
	day, hour := prepare(fmt.Sprintf(count, "days")), prepare(fmt.Sprintf(count, "hours"))
	words := prepare(`INSERT INTO words (rowid, body) VALUES (?,?)`)
	if err != nil {
		return err
	}
	for i := range ms {
		m := &ms[i]
		s.id++
		var brand, source int
		_, _ = fmt.Sscanf(m.Brand, "brand%d", &brand)
		_, _ = fmt.Sscanf(m.Source, "source%d", &source)
		counts := [3]int{}
		label := map[puskaradio.Label]int{puskaradio.Negative: 0, puskaradio.Neutral: 1, puskaradio.Positive: 2}[m.Score.Label]
		counts[label] = 1
		status := 0
		if m.Flag != "" {
			status = 1
		}
		ts, value := m.Published.Unix(), int(m.Score.Value*100)
		if _, err := mention.Exec(s.id, brand, source, m.Ref, ts, m.FirstSeen.Unix(), label, value, status, 0, m.URL, m.Author, m.Title, m.Text,
			m.Lang, string(m.Genre), m.Rating.Value, m.Rating.Best, m.Rating.Worst, m.Score.Confidence, m.Score.Model, m.Flag); err != nil {
			return err
		}
		share := int(m.Rating.Share() * 100)
		if _, err := day.Exec(brand, ts/86400, source, counts[0], counts[1], counts[2], value, share); err != nil {
			return err
		}
		if m.FirstSeen.Sub(m.Published) < 60*24*time.Hour {
			if _, err := hour.Exec(brand, ts/3600, source, counts[0], counts[1], counts[2], value, share); err != nil {
				return err
			}
		}
		if _, err := words.Exec(s.id, m.Text); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func sizeOf(dir string) (size int64) {
	files, _ := filepath.Glob(filepath.Join(dir, "*.db*"))
	for _, f := range files {
		if info, err := os.Stat(f); err == nil {
			size += info.Size()
		}
	}
	return size
}

// BenchmarkStore inserts the same pages of 1,000 into both, in turn, and
// reports the ratio.
func BenchmarkStore(b *testing.B) {
	for _, run := range []int{1, 20} {
		b.Run(fmt.Sprintf("run=%d", run), func(b *testing.B) {
			const pages = 200
			ourDir, peerDir := b.TempDir(), b.TempDir()
			ours, err := store.OpenBolt(ourDir, nil)
			if err != nil {
				b.Fatal(err)
			}
			defer ours.Close()
			peer, err := openSQLite(filepath.Join(peerDir, "peer.db"))
			if err != nil {
				b.Fatal(err)
			}
			defer peer.db.Close()
			c := crowd.New(10_000, run, 1000*pages)
			var took, used [2]time.Duration
			var wrote [2]int64
			for range pages {
				ms := c.Page(1000)
				for i, commit := range []func() error{
					func() error {
						_, err := ours.Commit(b.Context(), store.Crawl{Source: "bench", Mentions: ms})
						return err
					},
					func() error { return peer.commit(ms) },
				} {
					w0, c0, t0 := crowd.Written(), crowd.CPU(), time.Now()
					if err := commit(); err != nil {
						b.Fatal(err)
					}
					took[i] += time.Since(t0)
					used[i] += crowd.CPU() - c0
					wrote[i] += crowd.Written() - w0
				}
			}
			const n = 1000 * pages
			for i, name := range []string{"ours", "sqlite"} {
				b.ReportMetric(n/took[i].Seconds(), name+"-mentions/s")
				b.ReportMetric(float64(used[i].Microseconds())/n, name+"-cpu-µs")
				b.ReportMetric(float64(wrote[i])/n, name+"-written-B")
			}
			b.ReportMetric(float64(sizeOf(ourDir))/n, "ours-disk-B")
			b.ReportMetric(float64(sizeOf(peerDir))/n, "sqlite-disk-B")
			b.ReportMetric(took[1].Seconds()/took[0].Seconds(), "times-faster")
			b.ReportMetric(float64(wrote[0])/float64(wrote[1]), "written-ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
}
