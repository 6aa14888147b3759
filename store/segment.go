package store

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"strings"

	"go.etcd.io/bbolt"
)

// The full-text index of a quarter is a list of segments, each a bucket in t:
//
//	header           level8 docs32 first32 last32 (seq)
//	docs brand32 n32 → up to docsPerChunk × (brand32 sec32 seq32), n is the first one's ordinal
//	term FIRST       → a run of terms with the ordinals of the documents that have them
//
// A segment numbers its documents by brand, then time, so that a search in
// one brand reads one range of each list. A page of a crawl writes one
// segment at the right edge of the file; when there are mergeWidth of a level
// they become one of the next.
const (
	segHeader    = "\x00"
	segDocs      = "\x01"
	segTerm      = "\x02"
	docsPerChunk = 320
	docSize      = 12
	termBlock    = 900 // bytes of terms under one key, about, on bbolt
	skipEvery    = 128 // ordinals between two points where a reader can enter a list
	mergeWidth   = 8
)

type segment struct {
	id          uint32
	level       byte
	docs        uint32
	first, last uint32 // the range of seq
}

func (s segment) header() []byte {
	b := []byte{s.level}
	b = binary.BigEndian.AppendUint32(b, s.docs)
	b = binary.BigEndian.AppendUint32(b, s.first)
	return binary.BigEndian.AppendUint32(b, s.last)
}

// segments lists what is whole, by seq.
func segments(t *bbolt.Bucket) []segment {
	var out []segment
	c := t.Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		h := t.Bucket(k).Get([]byte(segHeader))
		if len(h) != 13 {
			continue // a merge that was cut short, see dropUnfinished
		}
		out = append(out, segment{
			binary.BigEndian.Uint32(k), h[0], binary.BigEndian.Uint32(h[1:]),
			binary.BigEndian.Uint32(h[5:]), binary.BigEndian.Uint32(h[9:]),
		})
	}
	slices.SortFunc(out, func(a, b segment) int { return cmp.Compare(a.first, b.first) })
	return out
}

// dropUnfinished removes what a crash in a merge has left.
func dropUnfinished(t *bbolt.Bucket) error {
	var drop [][]byte
	c := t.Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		if t.Bucket(k).Get([]byte(segHeader)) == nil {
			drop = append(drop, bytes.Clone(k))
		}
	}
	for _, k := range drop {
		if err := t.DeleteBucket(k); err != nil {
			return err
		}
	}
	return nil
}

func newSegmentBucket(t *bbolt.Bucket) (boltBucket, uint32, error) {
	id := uint32(0)
	if k, _ := t.Cursor().Last(); k != nil {
		id = binary.BigEndian.Uint32(k) + 1
	}
	b, err := t.CreateBucket(key32(id))
	if err != nil {
		return boltBucket{}, 0, err
	}
	b.FillPercent = 0.95
	return boltBucket{b}, id, nil
}

// A place is where the index says that a document is.
type place struct{ brand, sec, seq uint32 }

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.brand, q.brand), cmp.Compare(p.sec, q.sec), cmp.Compare(p.seq, q.seq))
}

func placeAt(v []byte) place {
	return place{binary.BigEndian.Uint32(v), binary.BigEndian.Uint32(v[4:]), binary.BigEndian.Uint32(v[8:])}
}

// A bucket holds one segment, sorted by key.
type bucket interface{ Cursor() cursor }

// A sink takes the keys and values of a new one. The key is only good until
// Put returns.
type sink interface{ Put(key, value []byte) error }

// A cursor walks through a bucket, as one of bbolt does.
type cursor interface {
	Seek(key []byte) (k, v []byte)
	Last() (k, v []byte)
	Next() (k, v []byte)
	Prev() (k, v []byte)
}

// A boltBucket is a bucket of bbolt.
type boltBucket struct{ *bbolt.Bucket }

func (b boltBucket) Cursor() cursor { return b.Bucket.Cursor() }

// segmentBucket is the bucket of a segment in t.
func segmentBucket(t *bbolt.Bucket, id uint32) boltBucket { return boltBucket{t.Bucket(key32(id))} }

// putPlaces writes documents in their order.
func putPlaces(b sink, places []place) error {
	for i := 0; i < len(places); i += docsPerChunk {
		part := places[i:min(i+docsPerChunk, len(places))]
		v := make([]byte, 0, len(part)*docSize)
		for _, p := range part {
			v = binary.BigEndian.AppendUint32(v, p.brand)
			v = binary.BigEndian.AppendUint32(v, p.sec)
			v = binary.BigEndian.AppendUint32(v, p.seq)
		}
		if err := b.Put(placeKey(part[0].brand, uint32(i)), v); err != nil {
			return err
		}
	}
	return nil
}

func placeKey(brand, ord uint32) []byte {
	k := binary.BigEndian.AppendUint32([]byte(segDocs), brand)
	return binary.BigEndian.AppendUint32(k, ord)
}

// A builder gathers the words of documents. It is used again and again, for
// its tables are large.
type builder struct {
	number map[string]uint32 // by word
	words  []string
	count  []uint32 // by number: in how many documents
	last   []uint32 // by number: the last document that had it, plus one
	said   []uint32 // the numbers that the documents had, one after another
	ends   []int    // by document: where its numbers end in said
	order  []uint32
	lists  []uint32
}

func (w *builder) reset() {
	clear(w.number)
	clear(w.words) // let go of the texts
	w.words, w.count, w.last = w.words[:0], w.count[:0], w.last[:0]
	w.said, w.ends = w.said[:0], w.ends[:0]
}

// add gathers the words of the next document.
func (w *builder) add(d *document) {
	ord := uint32(len(w.ends)) + 1
	for _, text := range d.text {
		eachWord(text, func(word []byte) {
			n, ok := w.number[string(word)]
			if !ok {
				n = uint32(len(w.words))
				s := string(word)
				w.number[s] = n
				w.words, w.count, w.last = append(w.words, s), append(w.count, 0), append(w.last, 0)
			}
			if w.last[n] != ord {
				w.last[n] = ord
				w.count[n]++
				w.said = append(w.said, n)
			}
		})
	}
	w.ends = append(w.ends, len(w.said))
}

// write gives the words in order, each with its documents.
func (w *builder) write(out *termWriter) error {
	w.order, w.lists = grow(w.order, len(w.words)), grow(w.lists, len(w.said))
	at := uint32(0)
	for n, c := range w.count {
		w.order[n] = uint32(n)
		w.last[n] = at // from here on: where its list ends so far
		at += c
	}
	i := 0
	for ord, end := range w.ends {
		for ; i < end; i++ {
			n := w.said[i]
			w.lists[w.last[n]] = uint32(ord)
			w.last[n]++
		}
	}
	slices.SortFunc(w.order, func(x, y uint32) int { return strings.Compare(w.words[x], w.words[y]) })
	for _, n := range w.order {
		if err := out.add(w.words[n], w.lists[w.last[n]-w.count[n]:w.last[n]]); err != nil {
			return err
		}
	}
	return out.flush()
}

func grow(s []uint32, n int) []uint32 { return slices.Grow(s[:0], n)[:n] }

// writeSegment indexes documents that have their seq.
func writeSegment(t *bbolt.Bucket, docs []*document, w *builder) error {
	b, _, err := newSegmentBucket(t)
	if err != nil {
		return err
	}
	seg := segment{docs: uint32(len(docs)), first: docs[0].seq, last: docs[len(docs)-1].seq}
	if err := putDocs(b, docs, w, termBlock); err != nil {
		return err
	}
	return b.Put([]byte(segHeader), seg.header())
}

// putDocs writes documents and the words that they have, in blocks of about
// so many bytes.
func putDocs(b sink, docs []*document, w *builder, block int) error {
	docs = slices.Clone(docs)
	slices.SortFunc(docs, func(a, b *document) int {
		return place{a.brand, a.sec, a.seq}.compare(place{b.brand, b.sec, b.seq})
	})
	places := make([]place, len(docs))
	w.reset()
	for ord, d := range docs {
		places[ord] = place{d.brand, d.sec, d.seq}
		w.add(d)
	}
	if err := putPlaces(b, places); err != nil {
		return err
	}
	return w.write(&termWriter{b: b, size: block})
}

// A termWriter packs terms, which come in order, into blocks.
type termWriter struct {
	b       sink
	size    int    // of a block, about
	key     []byte // of the block
	last    []byte // the last term in it
	block   []byte
	written int
	list    []byte
}

// add appends a term: how much it shares with the one before, the rest, and
// its list.
func (w *termWriter) add(word string, ords []uint32) error {
	shared := 0
	if len(w.block) == 0 {
		w.key = append(append(w.key[:0], segTerm...), word...)
		w.last = w.last[:0]
	}
	for shared < len(word) && shared < len(w.last) && word[shared] == w.last[shared] {
		shared++
	}
	w.list = appendList(w.list[:0], ords)
	w.block = append(w.block, byte(shared), byte(len(word)-shared))
	w.block = append(w.block, word[shared:]...)
	w.block = binary.AppendUvarint(w.block, uint64(len(w.list)))
	w.block = append(w.block, w.list...)
	w.last = append(w.last[:0], word...)
	if len(w.block) >= w.size {
		return w.flush()
	}
	return nil
}

func (w *termWriter) flush() error {
	if len(w.block) == 0 {
		return nil
	}
	err := w.b.Put(w.key, w.block)
	w.written += len(w.block)
	w.block = make([]byte, 0, w.size+256) // bbolt holds on to the old one until the commit
	return err
}
