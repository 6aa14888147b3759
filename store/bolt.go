package store

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/internal/under"
)

// Bolt keeps everything in one directory, for one process:
//
//	main.db             keys, counts and state
//	bodies-2026Q4.db    the texts of one quarter of publication, and their index
//	id.json             what the files must at least hold, see guard.go
//
// The buckets of main.db. Numbers are big-endian, so that keys sort by them;
// every large family begins with time or is only appended to, so that the
// writes of a day share few pages. brand and source are numbers from names;
// sec is the Unix second that a mention is filed under and hash its
// [puskaradio.Mention.Hash].
//
//	meta    version, id, zone; hours: the first hour that is counted; moving: how far another store has moved in;
//	        stale id16: seconds32 count32, see purge.go
//	names   b|s NAME → number
//	b       month16 brand32 sec32 hash64 → seq32 digest32 label8 value8 status8 flags8 rating8 source16 author32
//	d       run32 hash64 → packed (hash64 sec32): where a mention is filed, see refs.go
//	f       run32 → the filter of that run
//	i       brand32 status8 sec32 hash64 → nothing: the inbox
//	n       brand32 status8 → count64
//	c       brand32 sec32 hash64 → JSON: case, correction
//	cust    digest64 of source and author → JSON(Customer)
//	r       month16 brand32 day16 → packed counts by source, see rollup.go
//	h       month16 brand32 hour32 → the same by hour
//	a       sec32 ID → JSON(Alert);  aid: ID → sec32
//	g       date brand → JSON(Digest)
//	sent    KEY → JSON(Sent)
//	who     NAME → JSON(Person)
//	tok     NAME → JSON(Token)
//	deeds   nanosecond64 seq64 → JSON(Deed)
//	erased  digest64 of source and author → the date
//	cov     hour32 source → JSON(Coverage)
//	cur     job KEY → cursor
//	j       KEY → JSON(Job);  o: due64 KEY → LANE: the queue
//
// The buckets of a quarter:
//
//	m       block32 → records in compressed pieces, see block.go; seq = block×16 + place
//	t       segments of the full-text index, see segment.go
//
// A text is on the disk before its key is: what a crash leaves is a text
// without a key, which nothing finds and [Bolt.Purge] drops.
type Bolt struct {
	dir  string
	opts BoltOptions
	main *bbolt.DB
	gate sync.RWMutex // held to write while main.db is replaced, see Compact
	tidy sync.Mutex   // held while files are copied, replaced or removed

	writes chan *write
	closed chan struct{}
	ended  chan struct{} // the writer has gone
	wg     sync.WaitGroup
	wake   chan struct{} // tells Run that the queue has changed

	mu       sync.Mutex // guards what follows
	quarters map[uint16]*quarter
	isClosed bool
	written  []string // files that a process wrote to which was killed; for open

	names   names
	refs    refs
	erased  erased
	builder builder // the writer's
}

// BoltOptions change how [OpenBolt] works. Nil means the zero value.
type BoltOptions struct {
	NoSync  bool           // do not wait for the disk; for tests
	Zone    *time.Location // whose dates the daily counts go by; nil is UTC
	Workers int            // jobs that run at a time; zero is 16
	Wait    time.Duration  // how long to wait for another process to let go; zero is a second
}

// boltVersion is the layout above. A directory with another is refused.
const boltVersion = 2

var buckets = []string{"meta", "names", "b", "d", "f", "i", "n", "c", "cust", "r", "h", "a", "aid", "g", "sent", "who", "tok", "deeds", "erased", "cov", "cur", "j", "o"}

// OpenBolt opens a data directory, or makes one. It answers a [RefusedError]
// where the files are not as they were left.
func OpenBolt(dir string, o *BoltOptions) (*Bolt, error) {
	o = cmp.Or(o, new(BoltOptions))
	s := &Bolt{
		dir: dir, opts: *o,
		writes: make(chan *write, 256), closed: make(chan struct{}), ended: make(chan struct{}), wake: make(chan struct{}, 1),
		quarters: map[uint16]*quarter{},
		builder:  builder{number: map[string]uint32{}},
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, &RefusedError{dir, err.Error(), "give a directory that this user may write to"}
	}
	if err := s.guard(); err != nil {
		return nil, err
	}
	if err := s.open(); err != nil {
		s.closeFiles()
		return nil, err
	}
	s.wg.Go(s.writer)
	return s, nil
}

func (s *Bolt) open() (err error) {
	path := filepath.Join(s.dir, "main.db")
	s.main, err = openFile(path, s.opts)
	if err != nil {
		return s.refuse(path, err)
	}
	err = s.main.Update(func(tx *bbolt.Tx) error {
		for _, name := range buckets {
			if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		if err := s.checkMeta(tx); err != nil {
			return err
		}
		for _, name := range s.written { // texts without a key may be there
			if id, ok := quarterNamed(name); ok {
				if err := markStale(tx, id); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return errors.Join(s.main.View(s.remember), s.seal(false))
}

// remember reads what is kept in memory too.
func (s *Bolt) remember(tx *bbolt.Tx) error {
	return errors.Join(s.names.load(tx), s.refs.load(tx), s.erased.load(tx))
}

// openFile opens a database. One whose list of free pages is damaged makes
// bbolt panic; that becomes an error too.
func openFile(path string, o BoltOptions) (db *bbolt.DB, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	db, err = bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout:         cmp.Or(o.Wait, time.Second),
		NoSync:          o.NoSync,
		FreelistType:    bbolt.FreelistMapType,
		InitialMmapSize: 1 << 26,
		OpenFile:        under.OpenFile,
	})
	if err == nil {
		db.AllocSize = 4 << 20 // a file grows by so much; 16 MB for each quarter is a waste
	}
	return db, err
}

// checkMeta compares the version and the zone with what the directory was
// made with. Counts by date are made again when the zone has changed.
func (s *Bolt) checkMeta(tx *bbolt.Tx) error {
	b := tx.Bucket([]byte("meta"))
	zone := s.zone().String()
	if v := b.Get([]byte("version")); v == nil {
		id := newID()
		return errors.Join(
			b.Put([]byte("version"), binary.BigEndian.AppendUint32(nil, boltVersion)),
			b.Put([]byte("id"), []byte(id)),
			b.Put([]byte("zone"), []byte(zone)))
	} else if n := binary.BigEndian.Uint32(v); n > boltVersion {
		return &RefusedError{s.dir, fmt.Sprintf("it was written by a later version (layout %d; this program knows %d)", n, boltVersion), "use the later program, or restore a backup of before"}
	} else if n < boltVersion {
		return &RefusedError{s.dir, fmt.Sprintf("it was written by an earlier version (layout %d; this program knows %d)", n, boltVersion), "use the earlier program, or begin with an empty directory"}
	}
	if was := string(b.Get([]byte("zone"))); was != zone {
		if err := s.recount(tx); err != nil {
			return err
		}
		return b.Put([]byte("zone"), []byte(zone))
	}
	return nil
}

func (s *Bolt) zone() *time.Location { return cmp.Or(s.opts.Zone, time.UTC) }

// Close waits for what is being written and closes the files.
func (s *Bolt) Close() error {
	s.mu.Lock()
	if s.isClosed {
		s.mu.Unlock()
		return nil
	}
	s.isClosed = true
	s.mu.Unlock()
	close(s.closed)
	s.wg.Wait()
	err := s.seal(true)
	return errors.Join(err, s.closeFiles())
}

func (s *Bolt) closeFiles() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, q := range s.quarters {
		errs = append(errs, q.db.Close())
	}
	s.quarters = nil // nothing is opened any more
	if s.main != nil {
		errs = append(errs, s.main.Close())
	}
	return errors.Join(errs...)
}

// names give brands and sources the numbers that stand in keys.
type names struct {
	mu   sync.RWMutex
	num  map[string]uint32 // kind byte and name
	name map[numbered]string
	next uint32
}

type numbered struct {
	kind byte
	num  uint32
}

const (
	brandName  = "b"
	sourceName = "s"
)

func (n *names) load(tx *bbolt.Tx) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.num, n.name = map[string]uint32{}, map[numbered]string{}
	return tx.Bucket([]byte("names")).ForEach(func(k, v []byte) error {
		if len(k) == 0 || len(v) != 4 {
			return errRecord
		}
		n.set(string(k[:1]), string(k[1:]), binary.BigEndian.Uint32(v))
		return nil
	})
}

func (n *names) set(kind, name string, num uint32) {
	n.num[kind+name] = num
	n.name[numbered{kind[0], num}] = name
	n.next = max(n.next, num+1)
}

// number gives the number of a name that is known.
func (n *names) number(kind, name string) (uint32, bool) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	num, ok := n.num[kind+name]
	return num, ok
}

func (n *names) of(kind string, num uint32) string {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.name[numbered{kind[0], num}]
}

// all are the numbers of one kind.
func (n *names) all(kind string) []uint32 {
	n.mu.RLock()
	defer n.mu.RUnlock()
	var out []uint32
	for k, num := range n.num {
		if k[:1] == kind {
			out = append(out, num)
		}
	}
	return out
}

// name gives the number of a name, a new one if it must. A new name is known
// at once, so that nobody reads a mention whose names he does not know; if the
// transaction fails it is forgotten again, and its number is spent.
func (b *batch) name(kind, name string) (uint32, error) {
	n := &b.s.names
	if num, ok := n.number(kind, name); ok {
		return num, nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	num := n.next
	if kind == sourceName && num > math.MaxUint16 { // an entry has two bytes for it
		return 0, fmt.Errorf("%s would be name %d, and there is room for %d", name, num, math.MaxUint16)
	}
	if err := b.tx.Bucket([]byte("names")).Put([]byte(kind+name), key32(num)); err != nil {
		return 0, err
	}
	n.set(kind, name, num)
	b.named = append(b.named, kind+name)
	return num, nil
}

// forget takes back what a failed transaction has made known.
func (n *names) forget(named []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, k := range named {
		delete(n.name, numbered{k[0], n.num[k]})
		delete(n.num, k)
	}
}

func key32(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

// putJSON and getJSON keep what is rare enough to be readable.
func putJSON(b *bbolt.Bucket, key []byte, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return b.Put(key, data)
}

func getJSON(b *bbolt.Bucket, key []byte, v any) error {
	data := b.Get(key)
	if data == nil {
		return puskaradio.ErrNotFound
	}
	return json.Unmarshal(data, v)
}

// view reads main.db. Readers copy what they want and are quick, for a page
// that a reader may see is not used again. It may call read more than once.
func (s *Bolt) view(ctx context.Context, read func(tx *bbolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for try := 0; ; try++ {
		err := s.viewOnce(read)
		if errors.Is(err, berrors.ErrDatabaseNotOpen) {
			return errClosed
		}
		// A text may be replaced, and the old one erased, after this
		// transaction began and before it came to read it.
		if !errors.Is(err, errErased) || try == 3 {
			return err
		}
	}
}

func (s *Bolt) viewOnce(read func(tx *bbolt.Tx) error) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	return s.main.View(read)
}
