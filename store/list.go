package store

import (
	"bytes"
	"encoding/binary"
)

// appendList writes ascending numbers: how many, then their differences, in
// groups of skipEvery. Before each full group of a longer list stand its last
// number and its length, to leap over it.
func appendList(b []byte, ords []uint32) []byte {
	b = binary.AppendUvarint(b, uint64(len(ords)))
	prev := uint32(0)
	for len(ords) > skipEvery {
		at := len(b)
		b = append(b, 0, 0, 0, 0, 0, 0)
		for _, o := range ords[:skipEvery] {
			b = binary.AppendUvarint(b, uint64(o-prev))
			prev = o
		}
		binary.BigEndian.PutUint32(b[at:], prev)
		binary.BigEndian.PutUint16(b[at+4:], uint16(len(b)-at-6))
		ords = ords[skipEvery:]
	}
	for _, o := range ords {
		b = binary.AppendUvarint(b, uint64(o-prev))
		prev = o
	}
	return b
}

// eachIn calls do with the numbers of a list in [lo, hi), in order. It
// reports false if the list is damaged.
func eachIn(b []byte, lo, hi uint32, do func(ord uint32)) bool {
	n, size := binary.Uvarint(b)
	if size <= 0 {
		return false
	}
	b = b[size:]
	prev := uint32(0)
	for n > 0 {
		group := n
		if n > skipEvery {
			group = skipEvery
			if len(b) < 6 {
				return false
			}
			last, skip := binary.BigEndian.Uint32(b), int(binary.BigEndian.Uint16(b[4:]))
			if b = b[6:]; len(b) < skip {
				return false
			}
			if last < lo {
				b, prev, n = b[skip:], last, n-group
				continue
			}
		}
		for range group {
			d, size := binary.Uvarint(b)
			if size <= 0 {
				return false
			}
			b = b[size:]
			if prev += uint32(d); prev >= hi {
				return true
			} else if prev >= lo {
				do(prev)
			}
		}
		n -= group
	}
	return true
}

// A termReader walks the terms of a segment in order.
type termReader struct {
	c     cursor
	block []byte
	word  []byte
	list  []byte
	done  bool
}

// seek goes to the first term that is not before word.
func (r *termReader) seek(b bucket, word []byte) {
	*r = termReader{c: b.Cursor(), word: r.word[:0]}
	key := append([]byte(segTerm), word...)
	k, v := r.c.Seek(key)
	if !bytes.Equal(k, key) { // it may stand inside the block before
		before, block := r.c.Prev()
		if k == nil {
			before, block = r.c.Last()
		}
		if bytes.HasPrefix(before, []byte(segTerm)) {
			k, v = before, block
		} else {
			k, v = r.c.Seek(key)
		}
	}
	if !bytes.HasPrefix(k, []byte(segTerm)) {
		r.done = true
		return
	}
	r.block = v
	for r.next(); !r.done && bytes.Compare(r.word, word) < 0; r.next() {
	}
}

func (r *termReader) next() {
	if len(r.block) == 0 {
		k, v := r.c.Next()
		if !bytes.HasPrefix(k, []byte(segTerm)) {
			r.done = true
			return
		}
		r.block, r.word = v, r.word[:0]
	}
	if len(r.block) < 2 || int(r.block[0]) > len(r.word) || len(r.block) < 2+int(r.block[1]) {
		r.done = true
		return
	}
	shared, rest := int(r.block[0]), int(r.block[1])
	r.word = append(r.word[:shared], r.block[2:2+rest]...)
	r.block = r.block[2+rest:]
	n, size := binary.Uvarint(r.block)
	if size <= 0 || n > uint64(len(r.block)-size) {
		r.done = true
		return
	}
	r.list, r.block = r.block[size:size+int(n)], r.block[size+int(n):]
}
