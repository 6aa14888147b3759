package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"
)

// A stale is how often texts of a quarter were erased since its file was made
// anew, and since when: their bytes are in its free pages, their words in its
// index, and what was written about them in the free pages of main.db.
type stale struct {
	since uint32 // Unix second of the first time
	times uint32
}

const stalePrefix = "stale"

func staleKey(id uint16) []byte { return binary.BigEndian.AppendUint16([]byte(stalePrefix), id) }

// markStale notes that texts of a quarter are erased; quarter 0 stands for
// what main.db alone has held.
func markStale(tx *bbolt.Tx, id uint16) error {
	meta := tx.Bucket([]byte("meta"))
	x := staleOf(meta.Get(staleKey(id)))
	if x.times == 0 {
		x.since = uint32(time.Now().Unix())
	}
	return meta.Put(staleKey(id), binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, x.since), x.times+1))
}

func staleOf(v []byte) stale {
	if len(v) != 8 {
		return stale{}
	}
	return stale{binary.BigEndian.Uint32(v), binary.BigEndian.Uint32(v[4:])}
}

// staleQuarters are those that texts were erased from.
func (s *Bolt) staleQuarters(ctx context.Context) (map[uint16]stale, error) {
	out := map[uint16]stale{}
	err := s.view(ctx, func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte("meta")).Cursor()
		for k, v := c.Seek([]byte(stalePrefix)); strings.HasPrefix(string(k), stalePrefix); k, v = c.Next() {
			if len(k) == len(stalePrefix)+2 {
				out[binary.BigEndian.Uint16(k[len(stalePrefix):])] = staleOf(v)
			}
		}
		return nil
	})
	return out, err
}

// Purge writes anew the files that texts were erased from before a time, so
// that neither those nor their words are in any file.
func (s *Bolt) Purge(ctx context.Context, before time.Time) (freed int64, err error) {
	s.tidy.Lock()
	defer s.tidy.Unlock()
	marks, err := s.staleQuarters(ctx)
	if err != nil {
		return 0, err
	}
	due := false
	for id, m := range marks {
		if int64(m.since) >= before.Unix() {
			delete(marks, id)
			continue
		}
		due = true
	}
	if !due {
		return 0, nil
	}
	return s.compact(ctx, marks, func(id uint16) bool { return marks[id].times > 0 }, true)
}

// fresh takes the marks of quarters away that were made anew, unless texts
// were erased meanwhile.
func (s *Bolt) fresh(ctx context.Context, marks map[uint16]stale) error {
	if len(marks) == 0 {
		return nil
	}
	return s.update(ctx, 1, func(b *batch) error {
		meta := b.tx.Bucket([]byte("meta"))
		for id, was := range marks {
			if staleOf(meta.Get(staleKey(id))) != was {
				continue
			}
			if err := meta.Delete(staleKey(id)); err != nil {
				return err
			}
		}
		return nil
	})
}

// sweep erases the texts of a quarter that no key leads to: what a crash has
// left. Nobody writes meanwhile.
func (s *Bolt) sweep(q *quarter) error {
	var live seqSet
	err := s.main.View(func(tx *bbolt.Tx) error {
		first, end := uint32(firstSecond(q.id)), uint32(firstSecond(q.id+1))
		c := tx.Bucket([]byte("b")).Cursor()
		for k, v := c.Seek(binary.BigEndian.AppendUint16(nil, month(first))); k != nil && binary.BigEndian.Uint16(k) <= month(end-1); k, v = c.Next() {
			if sec := keyOfB(k).sec; sec < first || sec >= end { // months are of thirty days
				continue
			}
			e, err := decodeEntry(v)
			if err != nil {
				return err
			}
			live.set(e.seq)
		}
		return nil
	})
	if err != nil {
		return err
	}
	var dead []uint32
	err = q.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte("m")).Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			seqs, err := orphans(binary.BigEndian.Uint32(k)*blockSize, v, live)
			if err != nil {
				return fmt.Errorf("block %d: %w", binary.BigEndian.Uint32(k), err)
			}
			dead = append(dead, seqs...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for part := range slices.Chunk(dead, maxGroup) {
		if err := q.erase(part); err != nil {
			return err
		}
	}
	return nil
}

// orphans are the texts of a block, whose first has a seq, that do not live.
func orphans(first uint32, block []byte, live seqSet) (dead []uint32, err error) {
	records, _, err := splitBlock(block)
	if err != nil {
		return nil, err
	}
	var p piece
	at := -1
	for i := range records {
		if live.has(first + uint32(i)) {
			continue
		}
		if i/pieceSize != at {
			at = i / pieceSize
			if err := p.unpack(block, at); err != nil {
				return nil, err
			}
		}
		if len(p.record(i%pieceSize)) > 0 {
			dead = append(dead, first+uint32(i))
		}
	}
	return dead, nil
}

// A seqSet is a set of small numbers.
type seqSet []uint64

func (b *seqSet) set(n uint32) {
	for int(n/64) >= len(*b) {
		*b = append(*b, 0)
	}
	(*b)[n/64] |= 1 << (n % 64)
}

func (b seqSet) has(n uint32) bool { return int(n/64) < len(b) && b[n/64]&(1<<(n%64)) != 0 }
