package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"sort"

	"go.etcd.io/bbolt"

	"github.com/puskaradio/puskaradio"
)

// Search implements [Store]. It goes through the quarters, the newest first,
// and stops when a page is full.
func (s *Bolt) Search(ctx context.Context, query string, f Filter) (out []Entry, next string, err error) {
	terms, phrases := parseQuery(query)
	if len(terms) == 0 {
		return nil, "", nil
	}
	limit := f.limit()
	from, to := f.span()
	brands, after, err := s.scope(f)
	if err != nil || f.Brand != "" && len(brands) == 0 {
		return nil, "", err
	}
	if !after.isZero() {
		to = min(to, after.sec+1)
	}
	sc := scan{terms: terms, phrases: phrases, from: from, to: to, after: after, all: true}
	if f.Brand != "" {
		sc.brand, sc.all = brands[0], false
	}
	ids, err := s.quartersOnDisk()
	if err != nil {
		return nil, "", err
	}
	var hits []found
	for _, id := range ids {
		if firstSecond(id) >= int64(to) || firstSecond(id+1) <= int64(from) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, "", err
		}
		more, err := s.searchQuarter(ctx, id, sc, f, limit+1-len(hits))
		if err != nil {
			return nil, "", err
		}
		if hits = append(hits, more...); len(hits) > limit {
			break
		}
	}
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		out, next, err = s.page(tx, hits, limit)
		return err
	})
	return out, next, err
}

// A scan is a query against one quarter.
type scan struct {
	terms    []term
	phrases  [][]string
	brand    uint32
	all      bool // all brands
	from, to uint32
	after    mentionKey
}

// searchQuarter gives up to limit mentions, the newest first. What the index
// finds is looked up: it may have been edited, forgotten or never filed.
func (s *Bolt) searchQuarter(ctx context.Context, id uint16, sc scan, f Filter, limit int) ([]found, error) {
	for take := 2*limit + 16; ; take *= 8 {
		places, err := s.places(id, sc, take)
		if err != nil {
			return nil, err
		}
		// Of the last second there may be more than fit; it is left for the
		// next try, so that what was written in one second stays together.
		all, cut := len(places) < take, uint32(0)
		if !all {
			cut = places[len(places)-1].sec
		}
		var hits []found
		err = s.view(ctx, func(tx *bbolt.Tx) error {
			hits = nil
			r := s.reader()
			defer r.close()
			for _, p := range places {
				if !all && p.sec <= cut {
					return nil
				}
				h, ok, err := s.verify(tx, r, id, p, sc)
				if err != nil {
					return err
				}
				if ok && f.takes(s, h.entry) {
					hits = append(hits, h)
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		if all || len(hits) >= limit {
			slices.SortFunc(hits, func(a, b found) int { return newestFirst(a.mentionKey, b.mentionKey) })
			return hits[:min(limit, len(hits))], nil
		}
	}
}

// verify finds the mention of a place, if it still says what was asked for.
func (s *Bolt) verify(tx *bbolt.Tx, r *reader, id uint16, p place, sc scan) (found, bool, error) {
	prefix := mentionKey{brand: p.brand, sec: p.sec}.b()[:10]
	c := tx.Bucket([]byte("b")).Cursor()
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		e, err := decodeEntry(v)
		if err != nil {
			return found{}, false, err
		}
		if e.seq != p.seq {
			continue
		}
		h := found{keyOfB(k), e}
		if a := sc.after; !a.isZero() && (h.sec > a.sec || h.sec == a.sec && h.hash >= a.hash) {
			return h, false, nil // it was on an earlier page
		}
		if len(sc.phrases) == 0 {
			return h, true, nil
		}
		m, err := r.mention(tx, h.mentionKey, e)
		return h, err == nil && says(&m, sc.phrases), err
	}
	return found{}, false, nil
}

func says(m *puskaradio.Mention, phrases [][]string) bool {
	var texts [][]string
	for _, t := range []string{m.Title, m.Text, m.About} {
		texts = append(texts, appendWords(nil, t))
	}
	for _, p := range phrases {
		if !slices.ContainsFunc(texts, func(t []string) bool { return hasPhrase(t, p) }) {
			return false
		}
	}
	return true
}

// places gives the newest take documents of a quarter that have all terms.
func (s *Bolt) places(id uint16, sc scan, take int) ([]place, error) {
	q, err := s.quarter(id, false)
	if err != nil || q == nil {
		return nil, err
	}
	var out []place
	err = q.view(func(tx *bbolt.Tx) error {
		t := tx.Bucket([]byte("t"))
		for _, seg := range segments(t) {
			b := segmentBucket(t, seg.id)
			lo, hi := uint32(0), seg.docs
			if !sc.all {
				if lo, hi = brandRange(b, sc.brand, seg.docs); lo == hi {
					continue
				}
			}
			set, some, err := matching(b, sc.terms, lo, hi)
			if err != nil {
				return err
			}
			if !some {
				continue
			}
			got, err := placesOf(b, sc, set, take)
			if err != nil {
				return err
			}
			out = append(out, got...)
		}
		return nil
	})
	slices.SortFunc(out, func(a, b place) int { return (place{0, b.sec, b.seq}).compare(place{0, a.sec, a.seq}) })
	return out[:min(len(out), take)], err
}

// brandRange gives the ordinals of a brand's documents.
func brandRange(b bucket, brand, docs uint32) (lo, hi uint32) {
	return firstOf(b, brand, docs), firstOf(b, brand+1, docs)
}

// firstOf is the ordinal of the first document of a brand, or of a later one.
func firstOf(b bucket, brand, docs uint32) uint32 {
	k, v := chunkBefore(b, placeKey(brand, 0))
	if k == nil {
		return 0
	}
	ord := binary.BigEndian.Uint32(k[5:])
	n := len(v) / docSize
	i := sort.Search(n, func(i int) bool { return binary.BigEndian.Uint32(v[i*docSize:]) >= brand })
	return min(docs, ord+uint32(i))
}

// chunkBefore is the last chunk of documents whose key is not after one.
func chunkBefore(b bucket, key []byte) ([]byte, []byte) {
	c := b.Cursor()
	k, v := c.Seek(key)
	if !bytes.Equal(k, key) {
		if k == nil {
			k, v = c.Last()
		} else {
			k, v = c.Prev()
		}
	}
	if !bytes.HasPrefix(k, []byte(segDocs)) {
		return nil, nil
	}
	return k, v
}

// A bitset holds the ordinals from lo on.
type bitset struct {
	lo   uint32
	bits []uint64
}

func newBitset(lo, hi uint32) bitset { return bitset{lo, make([]uint64, (hi-lo+63)/64)} }

func (s bitset) set(o uint32) { s.bits[(o-s.lo)>>6] |= 1 << ((o - s.lo) & 63) }

// and keeps what is in both, and reports whether that is anything.
func (s bitset) and(t bitset) bool {
	any := uint64(0)
	for i := range s.bits {
		s.bits[i] &= t.bits[i]
		any |= s.bits[i]
	}
	return any != 0
}

// down walks the ordinals from the last to the first.
func (s bitset) down(yield func(uint32) bool) {
	for i := len(s.bits) - 1; i >= 0; i-- {
		for w := s.bits[i]; w != 0; {
			b := 63 - bits.LeadingZeros64(w)
			w &^= 1 << b
			if !yield(s.lo + uint32(i<<6+b)) {
				return
			}
		}
	}
}

// matching gives the documents in [lo, hi) with all terms.
func matching(b bucket, terms []term, lo, hi uint32) (out bitset, some bool, err error) {
	for i, t := range terms {
		got := newBitset(lo, hi)
		found, err := t.mark(b, got, hi)
		if err != nil || !found {
			return out, false, err
		}
		if i == 0 {
			out = got
		} else if !out.and(got) {
			return out, false, nil
		}
	}
	return out, true, nil
}

// mark sets the documents before hi that have a word of the term.
func (t term) mark(b bucket, set bitset, hi uint32) (found bool, err error) {
	add := func(list []byte) error {
		if !eachIn(list, set.lo, hi, func(o uint32) { found = true; set.set(o) }) {
			return errRecord
		}
		return nil
	}
	var r termReader
	if t.word != "" {
		word := []byte(t.word)
		word = word[:cut(word, maxWord)]
		if r.seek(b, word); !r.done && bytes.Equal(r.word, word) {
			err = add(r.list)
		}
		return found, err
	}
	for _, p := range t.prefixes {
		for r.seek(b, []byte(p)); !r.done && bytes.HasPrefix(r.word, []byte(p)); r.next() {
			if err := add(r.list); err != nil {
				return found, err
			}
		}
	}
	return found, nil
}

// placesOf looks documents up. Those of one brand are in order of time, and
// the newest take of them are enough.
func placesOf(b bucket, sc scan, set bitset, take int) ([]place, error) {
	var out []place
	var first uint32
	var key, chunk []byte
	for ord := range set.down {
		if chunk == nil || ord < first {
			seek := placeKey(sc.brand, ord)
			if sc.all { // the chunk before the last one, or the last
				seek = lastPlace
				if key != nil {
					seek = placeKey(binary.BigEndian.Uint32(key[1:]), first-1)
				}
			}
			for {
				if key, chunk = chunkBefore(b, seek); key == nil {
					return nil, errRecord
				}
				if first = binary.BigEndian.Uint32(key[5:]); first <= ord {
					break
				}
				seek = placeKey(binary.BigEndian.Uint32(key[1:]), first-1)
			}
		}
		at := int(ord-first) * docSize
		if at+docSize > len(chunk) {
			return nil, errRecord
		}
		p := placeAt(chunk[at:])
		switch {
		case p.sec >= sc.to:
		case p.sec >= sc.from:
			if out = append(out, p); len(out) == take && !sc.all {
				return out, nil
			}
		case !sc.all:
			return out, nil
		}
	}
	return out, nil
}

// lastPlace is after every chunk of documents.
var lastPlace = placeKey(math.MaxUint32, math.MaxUint32)
