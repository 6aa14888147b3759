package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/puskaradio/puskaradio"
)

func (f Filter) limit() int { return cmp.Or(f.Limit, 50) }

// span is the range of seconds [from, to) of a filter.
func (f Filter) span() (from, to uint32) {
	to = math.MaxUint32
	if !f.From.IsZero() {
		from = uint32(max(0, f.From.Unix()))
	}
	if !f.To.IsZero() {
		to = uint32(min(math.MaxUint32, max(0, f.To.Unix())))
	}
	return from, to
}

// takes reports whether a filter takes an entry, apart from brand and time.
func (f Filter) takes(s *Bolt, e entry) bool {
	return (len(f.Labels) == 0 || slices.Contains(f.Labels, labels[e.label])) &&
		(len(f.Statuses) == 0 || slices.Contains(f.Statuses, statuses[e.status])) &&
		(!f.Corrected || e.flags&flagCorrected != 0) &&
		(len(f.Sources) == 0 || slices.Contains(f.Sources, s.names.of(sourceName, e.source)))
}

// scope gives the numbers of the brands that a filter looks at, and where its
// last page ended.
func (s *Bolt) scope(f Filter) ([]uint32, mentionKey, error) {
	var after mentionKey
	if f.After != "" {
		sec, hash, err := puskaradio.ID(f.After).Parts()
		if err != nil {
			return nil, after, fmt.Errorf("page %q: %w", f.After, puskaradio.ErrNotFound)
		}
		after = mentionKey{sec: uint32(sec), hash: hash}
	}
	if f.Brand == "" {
		return s.names.all(brandName), after, nil
	}
	num, ok := s.names.number(brandName, f.Brand)
	if !ok {
		return nil, after, nil
	}
	return []uint32{num}, after, nil
}

func newestFirst(a, b mentionKey) int {
	return cmp.Or(cmp.Compare(b.sec, a.sec), cmp.Compare(b.hash, a.hash), cmp.Compare(a.brand, b.brand))
}

// Mention implements [Store].
func (s *Bolt) Mention(ctx context.Context, brand string, id puskaradio.ID) (out Entry, err error) {
	err = s.one(ctx, brand, id, func(tx *bbolt.Tx, r *reader, k mentionKey, e entry) (err error) {
		out, err = r.entry(tx, k, e)
		return err
	})
	return out, err
}

func (r *reader) entry(tx *bbolt.Tx, k mentionKey, e entry) (Entry, error) {
	m, err := r.mention(tx, k, e)
	return Entry{ID: k.id(), Mention: m, Status: statuses[e.status]}, err
}

// A found is a mention on its way to a page.
type found struct {
	mentionKey
	entry entry
}

// Mentions implements [Store].
func (s *Bolt) Mentions(ctx context.Context, f Filter) (out []Entry, next string, err error) {
	limit := f.limit()
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		brands, after, err := s.scope(f)
		if err != nil {
			return err
		}
		var all []found
		for _, brand := range brands {
			fs, err := s.newest(tx, brand, f, after, limit+1)
			if err != nil {
				return err
			}
			all = append(all, fs...)
		}
		slices.SortFunc(all, func(a, b found) int { return newestFirst(a.mentionKey, b.mentionKey) })
		out, next, err = s.page(tx, all, limit)
		return err
	})
	return out, next, err
}

// Stamps implements [Store].
func (s *Bolt) Stamps(ctx context.Context, brand string, from, to time.Time) (out []Stamp, err error) {
	num, ok := s.names.number(brandName, brand)
	if !ok {
		return nil, nil
	}
	sec := func(t time.Time) uint32 { return uint32(max(0, min(t.Unix(), 1<<32-1))) }
	first, end := sec(from), sec(to)
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		out = nil
		c := tx.Bucket([]byte("b")).Cursor()
		for mo := month(first); mo <= month(end); mo++ {
			start := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(nil, mo), num), first)
			for k, v := c.Seek(start); k != nil && binary.BigEndian.Uint16(k) == mo; k, v = c.Next() {
				key := keyOfB(k)
				if key.brand != num || key.sec >= end {
					break
				}
				e, err := decodeEntry(v)
				if err != nil {
					return fmt.Errorf("mention %s: %w", key.id(), err)
				}
				out = append(out, Stamp{key.id(), time.Unix(int64(key.sec), 0).UTC(), labels[e.label], e.flags&flagDeleted != 0, e.flags&flagCopy != 0})
			}
		}
		return nil
	})
	return out, err
}

// page reads the texts of up to limit mentions, and gives the token of the
// page after them.
func (s *Bolt) page(tx *bbolt.Tx, all []found, limit int) (out []Entry, next string, err error) {
	r := s.reader()
	defer r.close()
	n := min(len(all), limit)
	out = slices.Grow[[]Entry](nil, n)
	for _, f := range all[:n] {
		e, err := r.entry(tx, f.mentionKey, f.entry)
		if err != nil {
			return nil, "", err
		}
		out = append(out, e)
	}
	if len(all) > limit {
		next = string(out[limit-1].ID)
	}
	return out, next, nil
}

// newest are mentions of a brand, the newest first.
func (s *Bolt) newest(tx *bbolt.Tx, brand uint32, f Filter, after mentionKey, limit int) (out []found, err error) {
	from, to := f.span()
	end := mentionKey{brand: brand, sec: to}
	if !after.isZero() && after.sec <= to {
		end = mentionKey{brand: brand, sec: after.sec, hash: after.hash}
	}
	err = backwards(tx, end, from, func(k mentionKey, e entry) bool {
		if f.takes(s, e) {
			out = append(out, found{k, e})
		}
		return len(out) < limit
	})
	return out, err
}

// backwards walks a brand, month by month, from before a key back to a second,
// until do wants no more.
func backwards(tx *bbolt.Tx, end mentionKey, from uint32, do func(k mentionKey, e entry) bool) error {
	brand := end.brand
	c := tx.Bucket([]byte("b")).Cursor()
	k, v := seekBefore(c, end.b())
	for k != nil {
		key := keyOfB(k)
		if key.brand != brand { // on to where the brand may stand before this key
			mo := binary.BigEndian.Uint16(k)
			if key.brand < brand {
				if mo == 0 {
					return nil
				}
				mo--
			}
			if mo < month(from) {
				return nil
			}
			last := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(nil, mo), brand+1)
			k, v = seekBefore(c, last)
			continue
		}
		if key.sec < from {
			return nil
		}
		e, err := decodeEntry(v)
		if err != nil {
			return fmt.Errorf("mention %s: %w", key.id(), err)
		}
		if !do(key, e) {
			return nil
		}
		k, v = c.Prev()
	}
	return nil
}

// seekBefore goes to the last key before one.
func seekBefore(c *bbolt.Cursor, key []byte) ([]byte, []byte) {
	if k, _ := c.Seek(key); k == nil {
		return c.Last()
	}
	return c.Prev()
}

// Retain implements [Store].
func (s *Bolt) Retain(ctx context.Context, texts, hours time.Time) (int, error) {
	if err := s.dropHours(ctx, hours); err != nil {
		return 0, fmt.Errorf("store: retain: %w", err)
	}
	n := 0
	end := uint32(max(0, texts.Unix()))
	for more := true; more; {
		dropped := 0
		err := s.update(ctx, maxGroup, func(b *batch) error {
			more = false
			var drop []found
			c := b.tx.Bucket([]byte("b")).Cursor()
			for k, v := c.First(); k != nil && binary.BigEndian.Uint16(k) <= month(end); k, v = c.Next() {
				if key := keyOfB(k); key.sec < end {
					e, err := decodeEntry(v)
					if err != nil {
						return err
					}
					drop = append(drop, found{key, e})
					if len(drop) == maxGroup {
						more = true
						break
					}
				}
			}
			dropped = len(drop)
			return b.forget(drop)
		})
		if err != nil {
			return n, fmt.Errorf("store: retain: %w", err)
		}
		n += dropped
	}
	return n, s.dropQuarters(end)
}

// dropHours forgets the counts by the hour of before a time.
func (s *Bolt) dropHours(ctx context.Context, before time.Time) error {
	end := uint32(max(0, before.Unix()) / 3600)
	last := row{bucket: "h", step: end}.key()[:2]
	for more := true; more; {
		err := s.update(ctx, maxGroup, func(b *batch) error {
			more = false
			if end > keptFrom(b.tx) {
				if err := b.tx.Bucket([]byte("meta")).Put([]byte("hours"), key32(end)); err != nil {
					return err
				}
			}
			var drop [][]byte
			h := b.tx.Bucket([]byte("h"))
			c := h.Cursor()
			for k, _ := c.First(); k != nil && bytes.Compare(k[:2], last) <= 0; k, _ = c.Next() {
				if binary.BigEndian.Uint32(k[6:]) >= end {
					continue
				}
				if drop = append(drop, bytes.Clone(k)); len(drop) == 5*maxGroup {
					more = true
					break
				}
			}
			for _, k := range drop {
				if err := h.Delete(k); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// forget takes mentions out of all but the counts and the references, which
// keep them from coming back.
func (b *batch) forget(drop []found) error {
	for _, f := range drop {
		if p := b.fresh[f.hash]; p != nil { // edited in this very transaction
			f.entry = p.entry
			delete(b.fresh, f.hash)
			b.order = slices.DeleteFunc(b.order, func(q *pending) bool { return q == p })
		}
		if err := setStatus(b.tx, f.mentionKey, &f.entry, 0); err != nil {
			return err
		}
		if err := b.tx.Bucket([]byte("c")).Delete(f.c()); err != nil {
			return err
		}
		if err := b.tx.Bucket([]byte("b")).Delete(f.b()); err != nil {
			return err
		}
		id := quarterOf(int64(f.sec))
		b.erase[id] = append(b.erase[id], f.entry.seq)
	}
	return nil
}
