package store

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"sort"
	"sync"

	"go.etcd.io/bbolt"
)

// refs tell whether a mention is known and where it is filed, whatever date
// its source gives it today. Keys of a hash would scatter over the whole file;
// so what a commit adds is a run, sorted by hash, at the right edge, and
// mergeWidth runs of a level become one of the next. A filter in memory says
// for each run what is surely not in it.
//
//	d: run32 hash64 → up to refsPerChunk × (hash64 sec32), hash is the first one's
//	f: run32        → level8 count32 and the filter
//
// Only the writer asks, for what is in memory is what the last commit left.
type refs struct {
	mu   sync.RWMutex
	runs []refRun // the newest first
}

type refRun struct {
	id     uint32
	level  byte
	count  uint32
	filter bloom
}

const (
	refsPerChunk = 320
	refSize      = 12
)

type ref struct {
	hash uint64
	sec  uint32
}

func refsOf(keys []mentionKey) []ref {
	out := make([]ref, len(keys))
	for i, k := range keys {
		out[i] = ref{k.hash, k.sec}
	}
	return out
}

func (r *refs) load(tx *bbolt.Tx) error {
	var runs []refRun
	c := tx.Bucket([]byte("f")).Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		if len(k) != 4 || len(v) < 13 {
			return errRecord
		}
		runs = append(runs, refRun{binary.BigEndian.Uint32(k), v[0], binary.BigEndian.Uint32(v[1:]), bytes.Clone(v[5:])})
	}
	slices.SortFunc(runs, func(a, b refRun) int { return cmp.Compare(b.id, a.id) })
	r.mu.Lock()
	r.runs = runs
	r.mu.Unlock()
	return nil
}

// find gives the second that a mention is filed under.
func (r *refs) find(tx *bbolt.Tx, hash uint64) (sec uint32, ok bool) {
	r.mu.RLock()
	runs := r.runs
	r.mu.RUnlock()
	b := tx.Bucket([]byte("d"))
	for i := range runs {
		if !runs[i].filter.has(hash) {
			continue
		}
		if sec, ok := findInRun(b, runs[i].id, hash); ok {
			return sec, true
		}
	}
	return 0, false
}

func findInRun(b *bbolt.Bucket, run uint32, hash uint64) (uint32, bool) {
	c := b.Cursor()
	key := refKey(run, hash)
	k, v := c.Seek(key)
	if !bytes.Equal(k, key) {
		if k == nil {
			k, v = c.Last()
		} else {
			k, v = c.Prev()
		}
	}
	if k == nil || binary.BigEndian.Uint32(k) != run {
		return 0, false
	}
	n := len(v) / refSize
	i := sort.Search(n, func(i int) bool { return binary.BigEndian.Uint64(v[i*refSize:]) >= hash })
	if i < n && binary.BigEndian.Uint64(v[i*refSize:]) == hash {
		return binary.BigEndian.Uint32(v[i*refSize+8:]), true
	}
	return 0, false
}

func refKey(run uint32, hash uint64) []byte {
	return binary.BigEndian.AppendUint64(key32(run), hash)
}

// add writes a run, and merges where there are enough of a level. What is in
// memory changes when the transaction is on the disk.
func (r *refs) add(tx *bbolt.Tx, found []ref) error {
	if len(found) == 0 {
		return nil
	}
	r.mu.RLock()
	runs := slices.Clone(r.runs)
	r.mu.RUnlock()
	b := tx.Bucket([]byte("d"))
	b.FillPercent = 0.95
	id := uint32(0)
	if len(runs) > 0 {
		id = runs[0].id + 1
	}
	run, err := writeRun(tx, id, 0, found)
	if err != nil {
		return err
	}
	runs = slices.Insert(runs, 0, run)
	for len(runs) >= mergeWidth && runs[mergeWidth-1].level == runs[0].level {
		group := runs[:mergeWidth]
		var all []ref
		for _, g := range group {
			all = appendRun(all, b, g)
		}
		run, err := writeRun(tx, group[0].id+1, group[0].level+1, all)
		if err != nil {
			return err
		}
		for _, g := range group {
			if err := dropRun(tx, g.id); err != nil {
				return err
			}
		}
		runs = append([]refRun{run}, runs[mergeWidth:]...)
	}
	tx.OnCommit(func() {
		r.mu.Lock()
		r.runs = runs
		r.mu.Unlock()
	})
	return nil
}

func writeRun(tx *bbolt.Tx, id uint32, level byte, found []ref) (refRun, error) {
	slices.SortFunc(found, func(a, b ref) int { return cmp.Compare(a.hash, b.hash) })
	f := newBloom(len(found))
	b := tx.Bucket([]byte("d"))
	for part := range slices.Chunk(found, refsPerChunk) {
		v := make([]byte, 0, len(part)*refSize)
		for _, p := range part {
			f.add(p.hash)
			v = binary.BigEndian.AppendUint64(v, p.hash)
			v = binary.BigEndian.AppendUint32(v, p.sec)
		}
		if err := b.Put(refKey(id, part[0].hash), v); err != nil {
			return refRun{}, err
		}
	}
	head := binary.BigEndian.AppendUint32([]byte{level}, uint32(len(found)))
	return refRun{id, level, uint32(len(found)), f}, tx.Bucket([]byte("f")).Put(key32(id), append(head, f...))
}

func appendRun(dst []ref, b *bbolt.Bucket, run refRun) []ref {
	c := b.Cursor()
	prefix := key32(run.id)
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		for ; len(v) >= refSize; v = v[refSize:] {
			dst = append(dst, ref{binary.BigEndian.Uint64(v), binary.BigEndian.Uint32(v[8:])})
		}
	}
	return dst
}

func dropRun(tx *bbolt.Tx, id uint32) error {
	var keys [][]byte
	b := tx.Bucket([]byte("d"))
	c := b.Cursor()
	prefix := key32(id)
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		keys = append(keys, bytes.Clone(k))
	}
	for _, k := range keys {
		if err := b.Delete(k); err != nil {
			return err
		}
	}
	return tx.Bucket([]byte("f")).Delete(prefix)
}

// A bloom is a filter of ten bits an entry: it knows what is surely not
// there, and is wrong about one in a hundred of the rest.
type bloom []byte

func newBloom(n int) bloom { return make(bloom, max(8, n*10/8)) }

func (f bloom) at(hash uint64, i uint64) uint64 {
	return (hash + i*(hash>>32|hash<<32|1)) % (uint64(len(f)) * 8)
}

func (f bloom) add(hash uint64) {
	for i := range uint64(6) {
		p := f.at(hash, i)
		f[p>>3] |= 1 << (p & 7)
	}
}

func (f bloom) has(hash uint64) bool {
	for i := range uint64(6) {
		p := f.at(hash, i)
		if f[p>>3]&(1<<(p&7)) == 0 {
			return false
		}
	}
	return true
}
