package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/puskaradio/puskaradio"
)

// blockSize is the number of records that are compressed together. They share
// words, so that more of them take less room; but a reader of one unpacks all.
// Eight take 4 % more room than sixteen and half the time to read; a seq has
// room for sixteen.
const blockSize = 8

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
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) && !create {
		return nil, nil
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

// packer and unpacker may be used by many at a time. The first use makes their
// tables; it is done here, so that they belong to nobody.
var (
	packer = func() *zstd.Encoder {
		w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(2), zstd.WithEncoderCRC(true))
		if err != nil {
			panic(err) // the options are wrong
		}
		w.EncodeAll([]byte{0}, nil)
		return w
	}()
	unpacker = func() *zstd.Decoder {
		r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(1<<28))
		if err != nil {
			panic(err) // the options are wrong
		}
		return r
	}()
)

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
			d.seq = (block+uint32(i/blockSize))<<4 | uint32(i%blockSize)
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

// packBlock is the lengths of the records and then the records, compressed
// where that is shorter. The first byte says which.
func packBlock(records [][]byte) []byte {
	size := 0
	for _, r := range records {
		size += len(r) + 3
	}
	raw := append(make([]byte, 0, size+4), 0)
	raw = binary.AppendUvarint(raw, uint64(len(records)))
	for _, r := range records {
		raw = binary.AppendUvarint(raw, uint64(len(r)))
	}
	for _, r := range records {
		raw = append(raw, r...)
	}
	packed := packer.EncodeAll(raw[1:], append(make([]byte, 0, len(raw)), 1))
	if len(packed) < len(raw) {
		return packed
	}
	return raw
}

func unpackBlock(b []byte) ([][]byte, error) {
	if len(b) == 0 {
		return nil, errRecord
	}
	raw := b[1:]
	if b[0] == 1 {
		var err error
		if raw, err = unpacker.DecodeAll(raw, nil); err != nil {
			return nil, fmt.Errorf("%w: %w", errRecord, err)
		}
	} else {
		raw = slices.Clone(raw)
	}
	d := decoder{b: raw}
	n := d.count()
	lens := make([]int, n)
	total := 0
	for i := range lens {
		lens[i] = d.count()
		total += lens[i]
	}
	if d.bad || total > len(d.b) || total < 0 {
		return nil, errRecord
	}
	out := make([][]byte, n)
	for i, l := range lens {
		out[i], d.b = d.b[:l:l], d.b[l:]
	}
	return out, nil
}

// A reader reads records of several quarters in one go. It keeps the last
// blocks, for what was crawled together is read together.
type reader struct {
	s      *Bolt
	txs    map[uint16]*bbolt.Tx
	held   []*quarter
	blocks map[uint64][][]byte
}

// maxBlocks is how many blocks a reader keeps.
const maxBlocks = 256

func (s *Bolt) reader() *reader {
	return &reader{s: s, txs: map[uint16]*bbolt.Tx{}, blocks: map[uint64][][]byte{}}
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

// record gives one record of a quarter; an empty one was erased.
func (r *reader) record(id uint16, seq uint32) ([]byte, error) {
	at := uint64(id)<<32 | uint64(seq>>4)
	block, ok := r.blocks[at]
	if !ok {
		tx, err := r.tx(id)
		if err != nil {
			return nil, err
		}
		v := tx.Bucket([]byte("m")).Get(key32(seq >> 4))
		if v == nil {
			return nil, errErased
		}
		if block, err = unpackBlock(v); err != nil {
			return nil, fmt.Errorf("%s: block %d: %w", quarterFile(id), seq>>4, err)
		}
		if len(r.blocks) >= maxBlocks { // a long page must not hold all its texts twice
			clear(r.blocks)
		}
		r.blocks[at] = block
	}
	if i := int(seq & 15); i < len(block) && len(block[i]) > 0 {
		return block[i], nil
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
		for _, seq := range seqs {
			v := m.Get(key32(seq >> 4))
			if v == nil {
				continue
			}
			block, err := unpackBlock(v)
			if err != nil {
				return err
			}
			if i := int(seq & 15); i < len(block) {
				block[i] = nil
			}
			if err := m.Put(key32(seq>>4), packBlock(block)); err != nil {
				return err
			}
		}
		return nil
	})
}
