package store

import (
	"bytes"
	"cmp"
	"errors"
	"math"
	"math/bits"
	"slices"

	"go.etcd.io/bbolt"
)

// mergeChunk is how many bytes a merge writes in one transaction, between
// which others may write.
const mergeChunk = 2 << 20

// merge makes one segment of the oldest mergeWidth of a level, while there
// are so many. Only one merge of a quarter runs at a time; done reports that
// the store is closing, and ends it early.
func (q *quarter) merge(done func() bool) error {
	if !q.merging.TryLock() {
		return nil
	}
	defer q.merging.Unlock()
	for !done() && !q.unmergeable {
		var group []segment
		err := q.view(func(tx *bbolt.Tx) error {
			group = mergeable(segments(tx.Bucket([]byte("t"))), mergeWidth)
			return nil
		})
		if err != nil || group == nil {
			return err
		}
		if err := q.mergeGroup(group, false, done); err != nil {
			return err
		}
	}
	return nil
}

// mergeAll makes one segment of all: a quarter that is over is searched more
// often than written. With purge it is made anew without the words of texts
// that are gone, even if it is one already.
func (q *quarter) mergeAll(purge bool, done func() bool) error {
	q.merging.Lock()
	defer q.merging.Unlock()
	var group []segment
	err := q.view(func(tx *bbolt.Tx) error {
		group = segments(tx.Bucket([]byte("t")))
		return nil
	})
	if err != nil || len(group) == 0 || len(group) < 2 && !purge || q.unmergeable {
		return err
	}
	return q.mergeGroup(group, purge, done)
}

// damaged reports whether a segment could not be merged.
func (q *quarter) damaged() bool {
	q.merging.Lock()
	defer q.merging.Unlock()
	return q.unmergeable
}

func (q *quarter) mergeGroup(group []segment, purge bool, done func() bool) error {
	m := boltMerger{merger: merger{group: group, size: termBlock}, purge: purge}
	for !m.finished {
		if done() {
			return q.update(func(tx *bbolt.Tx) error { return dropUnfinished(tx.Bucket([]byte("t"))) })
		}
		if err := q.update(m.step); err != nil {
			// What is damaged is not tried again and again, and leaves nothing.
			q.unmergeable = errors.Is(err, errRecord)
			return errors.Join(err, q.update(func(tx *bbolt.Tx) error { return dropUnfinished(tx.Bucket([]byte("t"))) }))
		}
	}
	return nil
}

// mergeable finds so many neighbours of one level. A level of a later segment that is
// lower than its follower's is merged along, so that stragglers go.
func mergeable(segs []segment, width int) []segment {
	for i := 0; i+width <= len(segs); i++ {
		group := segs[i : i+width]
		top := group[0].level
		same := 0
		for _, s := range group {
			if s.level == top {
				same++
			}
		}
		if same == width {
			return slices.Clone(group)
		}
	}
	if len(segs) > 4*width { // levels that do not line up
		return slices.Clone(segs[:width])
	}
	return nil
}

// A merger writes one segment of several, some at a time.
type merger struct {
	group    []segment
	size     int        // of a block of terms, about
	renumber [][]uint32 // by segment: old ordinal → new one, or leftOut
	total    int
	from     []byte // the first term that is still to do
	finished bool
}

const leftOut = ^uint32(0)

// terms merges the terms of the group, as they stand in buckets, until about
// so many bytes are written, or all.
func (m *merger) terms(in []bucket, out sink, most int) error {
	readers := make([]termReader, len(m.group))
	for i := range m.group {
		readers[i].seek(in[i], m.from)
	}
	w := termWriter{b: out, size: m.size}
	set := make([]uint64, (m.total+63)/64)
	var word []byte
	var ords []uint32
	for w.written+len(w.block) < most {
		word = word[:0]
		for i := range readers {
			if r := &readers[i]; !r.done && (len(word) == 0 || bytes.Compare(r.word, word) < 0) {
				word = append(word[:0], r.word...)
			}
		}
		if len(word) == 0 {
			m.finished = true
			break
		}
		ords = ords[:0]
		sources := 0
		for i := range readers {
			r := &readers[i]
			if r.done || !bytes.Equal(r.word, word) {
				continue
			}
			sources++
			table := m.renumber[i]
			ok := eachIn(r.list, 0, uint32(len(table)), func(o uint32) {
				if table[o] != leftOut {
					ords = append(ords, table[o])
				}
			})
			if !ok {
				return errRecord
			}
			r.next()
		}
		if len(ords) == 0 { // nobody says it any more
			continue
		}
		if sources > 1 {
			ords = sorted(ords, set)
		}
		if err := w.add(string(word), ords); err != nil {
			return err
		}
	}
	m.from = append(append(m.from[:0], word...), 0)
	return w.flush()
}

// sorted puts numbers in order: through a set of bits where they are many.
func sorted(ords []uint32, set []uint64) []uint32 {
	if len(ords) < len(set)/2 {
		slices.Sort(ords)
		return ords
	}
	for _, o := range ords {
		set[o>>6] |= 1 << (o & 63)
	}
	ords = ords[:0]
	for i, w := range set {
		for ; w != 0; w &= w - 1 {
			ords = append(ords, uint32(i<<6+bits.TrailingZeros64(w)))
		}
		set[i] = 0
	}
	return ords
}

// places writes the documents of all, and notes where each came to stand. Of
// ascending seqs gone tells those whose text is gone; nil keeps all.
func (m *merger) places(in []bucket, out sink, gone func(seqs []uint32) ([]bool, error)) error {
	type from struct {
		place
		seg, ord uint32
	}
	var all []from
	m.renumber = make([][]uint32, len(m.group))
	for i, s := range m.group {
		m.renumber[i] = make([]uint32, s.docs)
		c := in[i].Cursor()
		ord := uint32(0)
		for k, v := c.Seek([]byte(segDocs)); bytes.HasPrefix(k, []byte(segDocs)); k, v = c.Next() {
			for ; len(v) >= docSize && ord < s.docs; v = v[docSize:] {
				all = append(all, from{placeAt(v), uint32(i), ord})
				ord++
			}
		}
		if ord != s.docs {
			return errRecord
		}
	}
	if gone != nil {
		slices.SortFunc(all, func(a, b from) int { return cmp.Compare(a.seq, b.seq) })
		seqs := make([]uint32, len(all))
		for i, f := range all {
			seqs[i] = f.seq
		}
		drop, err := gone(seqs)
		if err != nil {
			return err
		}
		left := all[:0]
		for i, f := range all {
			if drop[i] {
				m.renumber[f.seg][f.ord] = leftOut
				continue
			}
			left = append(left, f)
		}
		all = left
	}
	slices.SortFunc(all, func(a, b from) int { return a.compare(b.place) })
	places := make([]place, len(all))
	for ord, f := range all {
		places[ord] = f.place
		m.renumber[f.seg][f.ord] = uint32(ord)
	}
	m.total = len(all)
	return putPlaces(out, places)
}

// segment describes what was made.
func (m *merger) segment() segment {
	seg := segment{level: m.group[0].level + 1, docs: uint32(m.total), first: m.group[0].first}
	for _, s := range m.group {
		seg.last = max(seg.last, s.last)
		seg.level = max(seg.level, s.level)
	}
	return seg
}

// A boltMerger merges in transactions of bbolt.
type boltMerger struct {
	merger
	purge bool // leave out documents whose text is gone
	id    uint32
}

func (m *boltMerger) step(tx *bbolt.Tx) error {
	t := tx.Bucket([]byte("t"))
	in := make([]bucket, len(m.group))
	for i, s := range m.group {
		in[i] = segmentBucket(t, s.id)
	}
	if m.renumber == nil {
		out, id, err := newSegmentBucket(t)
		if err != nil {
			return err
		}
		m.id = id
		if !m.purge {
			return m.places(in, out, nil)
		}
		return m.places(in, out, func(seqs []uint32) ([]bool, error) { return without(tx.Bucket([]byte("m")), seqs) })
	}
	out := segmentBucket(t, m.id)
	out.FillPercent = 0.95
	if err := m.terms(in, out, mergeChunk); err != nil || !m.finished {
		return err
	}
	// The new segment becomes visible, and the old ones go.
	for _, s := range m.group {
		if err := t.DeleteBucket(key32(s.id)); err != nil {
			return err
		}
	}
	return out.Put([]byte(segHeader), m.segment().header())
}

// without tells which of ascending seqs have no text any more.
func without(bodies *bbolt.Bucket, seqs []uint32) ([]bool, error) {
	gone := make([]bool, len(seqs))
	var p piece
	at := uint32(math.MaxUint32)
	for i, seq := range seqs {
		if seq/pieceSize != at {
			at = seq / pieceSize
			if err := p.unpack(bodies.Get(key32(seq/blockSize)), int(seq%blockSize/pieceSize)); err != nil {
				return nil, err
			}
		}
		gone[i] = len(p.record(int(seq%pieceSize))) == 0
	}
	return gone, nil
}
