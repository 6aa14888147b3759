package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/internal/fault"
)

// A quarter is the file of the texts that were published in three months.
type quarter struct {
	id uint16 // year×4 + quarter

	gate sync.RWMutex // held to write while the file is replaced
	db   *bbolt.DB

	merging     sync.Mutex // held while segments are merged
	unmergeable bool       // guarded by merging: a segment is damaged
}

func quarterOf(sec int64) uint16 {
	t := time.Unix(sec, 0).UTC()
	return uint16(t.Year()*4 + (int(t.Month())-1)/3)
}

// quarterFile is the name of a quarter's file, and firstSecond its beginning.
func quarterFile(id uint16) string { return fmt.Sprintf("bodies-%dQ%d.db", id/4, id%4+1) }

func firstSecond(id uint16) int64 {
	return time.Date(int(id/4), time.Month(id%4*3+1), 1, 0, 0, 0, 0, time.UTC).Unix()
}

// quarter opens the file of a quarter. Without create it gives nil where
// there is none.
func (s *Bolt) quarter(id uint16, create bool) (*quarter, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.quarters == nil {
		return nil, errClosed
	}
	if q := s.quarters[id]; q != nil {
		return q, nil
	}
	path := filepath.Join(s.dir, quarterFile(id))
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		if !create {
			return nil, nil
		}
		if err := newFile(path, s.opts); err != nil { // the disk may be full
			return nil, fmt.Errorf("%s cannot be made: %w", quarterFile(id), err)
		}
	}
	db, err := openFile(path, s.opts)
	if err != nil {
		return nil, s.refuse(path, err)
	}
	q := &quarter{id: id, db: db}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range []string{"m", "t"} {
			b, err := tx.CreateBucketIfNotExists([]byte(name))
			if err != nil {
				return err
			}
			b.FillPercent = 0.95
		}
		return dropUnfinished(tx.Bucket([]byte("t")))
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s.quarters[id] = q
	return q, nil
}

// newFile makes an empty database, in one step: whoever is killed meanwhile
// leaves nothing under its name.
func newFile(path string, o BoltOptions) error {
	db, err := openNext(path, o)
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	fault.Point("store: quarter made")
	return rename(path+".new", path)
}

// openNext opens an empty database that is to come to a path: it is path.new
// until then. What a crash has left of another goes.
func openNext(path string, o BoltOptions) (*bbolt.DB, error) {
	next := path + ".new"
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return openFile(next, o)
}

func (q *quarter) update(do func(tx *bbolt.Tx) error) error {
	q.gate.RLock()
	defer q.gate.RUnlock()
	return q.db.Update(do)
}

func (q *quarter) view(do func(tx *bbolt.Tx) error) error {
	q.gate.RLock()
	defer q.gate.RUnlock()
	return q.db.View(do)
}

// A document is a record on its way into a quarter.
type document struct {
	brand  uint32
	sec    uint32
	seq    uint32 // given by appendDocs
	record []byte
	text   [3]string // what is indexed
}

// indexed is what a mention is found by.
func indexed(m *puskaradio.Mention) [3]string { return [3]string{m.Title, m.Text, m.About} }

// appendDocs writes documents at the end of a quarter, with their part of the
// index, in one transaction, and sets where each came to stand.
func (q *quarter) appendDocs(docs []*document, w *builder) error {
	blocks := packAll(docs)
	return q.update(func(tx *bbolt.Tx) error {
		m := tx.Bucket([]byte("m"))
		m.FillPercent = 0.95
		block := uint32(0)
		if k, _ := m.Cursor().Last(); k != nil {
			block = binary.BigEndian.Uint32(k) + 1
		}
		for i, d := range docs {
			d.seq = block*blockSize + uint32(i)
		}
		// The index is made while the blocks are packed.
		if err := writeSegment(tx.Bucket([]byte("t")), docs, w); err != nil {
			return err
		}
		for _, b := range <-blocks {
			if err := m.Put(key32(block), b); err != nil {
				return err
			}
			block++
		}
		return nil
	})
}

// packAll packs records in the background.
func packAll(docs []*document) <-chan [][]byte {
	done := make(chan [][]byte, 1)
	go func() {
		var blocks [][]byte
		for part := range slices.Chunk(docs, blockSize) {
			records := make([][]byte, len(part))
			for i, d := range part {
				records[i] = d.record
			}
			blocks = append(blocks, packBlock(records))
		}
		done <- blocks
	}()
	return done
}

// A reader reads records of several quarters in one go. It keeps the last
// piece, for what was crawled together is read together.
type reader struct {
	s     *Bolt
	txs   map[uint16]*bbolt.Tx
	held  []*quarter
	at    uint64 // the quarter and the piece that is kept
	piece piece
}

func (s *Bolt) reader() *reader {
	return &reader{s: s, txs: map[uint16]*bbolt.Tx{}, at: math.MaxUint64}
}

func (r *reader) close() {
	for _, tx := range r.txs {
		_ = tx.Rollback() // a read has nothing to lose
	}
	for _, q := range r.held {
		q.gate.RUnlock()
	}
}

func (r *reader) tx(id uint16) (*bbolt.Tx, error) {
	if tx := r.txs[id]; tx != nil {
		return tx, nil
	}
	q, err := r.s.quarter(id, false)
	if err != nil {
		return nil, err
	}
	if q == nil {
		return nil, errErased
	}
	q.gate.RLock()
	tx, err := q.db.Begin(false)
	if err != nil {
		q.gate.RUnlock()
		if errors.Is(err, berrors.ErrDatabaseNotOpen) { // removed by Retain meanwhile
			return nil, errErased
		}
		return nil, err
	}
	r.held = append(r.held, q)
	r.txs[id] = tx
	return tx, nil
}

// record gives one record of a quarter; an empty one was erased. It is good
// until the next call.
func (r *reader) record(id uint16, seq uint32) ([]byte, error) {
	if at := uint64(id)<<32 | uint64(seq/pieceSize); at != r.at {
		tx, err := r.tx(id)
		if err != nil {
			return nil, err
		}
		v := tx.Bucket([]byte("m")).Get(key32(seq / blockSize))
		if v == nil {
			return nil, errErased
		}
		r.at = math.MaxUint64
		if err := r.piece.unpack(v, int(seq%blockSize/pieceSize)); err != nil {
			return nil, fmt.Errorf("%s: block %d: %w", quarterFile(id), seq/blockSize, err)
		}
		r.at = at
	}
	if rec := r.piece.record(int(seq % pieceSize)); len(rec) > 0 {
		return rec, nil
	}
	return nil, errErased
}

// errErased says that a text is not where its entry says. It may have been
// edited or forgotten since the entry was read.
var errErased = fmt.Errorf("its text is gone: %w", puskaradio.ErrNotFound)

// erase empties records, so that their texts are gone from the file's live
// pages. Their places stay.
func (q *quarter) erase(seqs []uint32) error {
	return q.update(func(tx *bbolt.Tx) error {
		m := tx.Bucket([]byte("m"))
		var p piece
		for _, seq := range seqs {
			key := key32(seq / blockSize)
			v := m.Get(key)
			if v == nil {
				continue
			}
			v, err := p.erase(v, int(seq%blockSize))
			if err != nil {
				return err
			}
			if err := m.Put(key, v); err != nil {
				return err
			}
		}
		return nil
	})
}
