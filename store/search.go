package store

import (
	"bytes"
	"context"
	"encoding/binary"
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
	if after.sec > 0 {
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
		if a := sc.after; a.sec > 0 && (h.sec > a.sec || h.sec == a.sec && h.hash >= a.hash) {
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
			b := t.Bucket(key32(seg.id))
			lo, hi := uint32(0), seg.docs
			if !sc.all {
				if lo, hi = brandRange(b, sc.brand, seg.docs); lo == hi {
					continue
				}
			}
			ords, err := matching(b, sc.terms, lo, hi)
			if err != nil {
				return err
			}
			var got []place
			got, err = placesOf(b, sc, ords, take)
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
func brandRange(b *bbolt.Bucket, brand, docs uint32) (lo, hi uint32) {
	return firstOf(b, brand, docs), firstOf(b, brand+1, docs)
}

// firstOf is the ordinal of the first document of a brand, or of a later one.
func firstOf(b *bbolt.Bucket, brand, docs uint32) uint32 {
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
func chunkBefore(b *bbolt.Bucket, key []byte) ([]byte, []byte) {
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

// matching gives the ordinals in [lo, hi) of the documents with all terms.
func matching(b *bbolt.Bucket, terms []term, lo, hi uint32) ([]uint32, error) {
	var out []uint32
	for i, t := range terms {
		got, err := t.ordinals(b, lo, hi)
		if err != nil || len(got) == 0 {
			return nil, err
		}
		if i == 0 {
			out = got
			continue
		}
		if out = intersect(out, got); len(out) == 0 {
			return nil, nil
		}
	}
	return out, nil
}

func intersect(a, b []uint32) []uint32 {
	out := a[:0]
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			out = append(out, a[i])
			i++
			j++
		}
	}
	return out
}

// ordinals gives the documents in [lo, hi) that have a word of the term.
func (t term) ordinals(b *bbolt.Bucket, lo, hi uint32) ([]uint32, error) {
	var ords []uint32
	lists := 0
	add := func(list []byte) error {
		lists++
		if !eachIn(list, lo, hi, func(o uint32) { ords = append(ords, o) }) {
			return errRecord
		}
		return nil
	}
	var r termReader
	if t.word != "" {
		word := []byte(t.word)
		if r.seek(b, word[:cut(word, maxWord)]); !r.done && string(r.word) == string(word[:cut(word, maxWord)]) {
			return ords, add(r.list)
		}
		return nil, nil
	}
	for _, p := range t.prefixes {
		for r.seek(b, []byte(p)); !r.done && bytes.HasPrefix(r.word, []byte(p)); r.next() {
			if err := add(r.list); err != nil {
				return nil, err
			}
		}
	}
	if lists > 1 {
		slices.Sort(ords)
		ords = slices.Compact(ords)
	}
	return ords, nil
}

// placesOf looks documents up. Those of one brand are in order of time, and
// the newest take of them are enough.
func placesOf(b *bbolt.Bucket, sc scan, ords []uint32, take int) ([]place, error) {
	if sc.all {
		return placesOfAll(b, sc, ords)
	}
	var out []place
	var first uint32
	var chunk []byte
	for i := len(ords) - 1; i >= 0 && len(out) < take; i-- {
		if chunk == nil || ords[i] < first {
			var key []byte
			if key, chunk = chunkBefore(b, placeKey(sc.brand, ords[i])); key == nil {
				return nil, errRecord
			}
			first = binary.BigEndian.Uint32(key[5:])
		}
		at := int(ords[i]-first) * docSize
		if at+docSize > len(chunk) {
			return nil, errRecord
		}
		p := placeAt(chunk[at:])
		if p.sec < sc.from {
			break
		}
		if p.sec < sc.to {
			out = append(out, p)
		}
	}
	return out, nil
}

func placesOfAll(b *bbolt.Bucket, sc scan, ords []uint32) ([]place, error) {
	var out []place
	c := b.Cursor()
	for k, v := c.Seek([]byte(segDocs)); bytes.HasPrefix(k, []byte(segDocs)); k, v = c.Next() {
		first, n := binary.BigEndian.Uint32(k[5:]), uint32(len(v)/docSize)
		for len(ords) > 0 && ords[0] < first+n {
			if p := placeAt(v[(ords[0]-first)*docSize:]); p.sec >= sc.from && p.sec < sc.to {
				out = append(out, p)
			}
			ords = ords[1:]
		}
	}
	return out, nil
}
