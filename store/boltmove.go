package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/puskaradio/puskaradio"
)

// constitution implements [mover].
func (s *Bolt) constitution(ctx context.Context) (c constitution, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		c = constitution{string(tx.Bucket([]byte("meta")).Get([]byte("id"))), s.zone().String(), keptFrom(tx)}
		return nil
	})
	return c, err
}

// adopt implements [mover].
func (s *Bolt) adopt(ctx context.Context, c constitution) (m mark, err error) {
	here, err := s.constitution(ctx)
	if err != nil {
		return m, err
	}
	err = s.update(ctx, 1, func(b *batch) error {
		meta := b.tx.Bucket([]byte("meta"))
		begun := meta.Get([]byte("moving"))
		empty := true
		for _, name := range buckets {
			if k, _ := b.tx.Bucket([]byte(name)).Cursor().First(); k != nil && name != "meta" {
				empty = false
			}
		}
		if err := refuseUnlike(here, c, begun != nil, empty); err != nil {
			return err
		}
		m = mark{}
		if begun != nil {
			return json.Unmarshal(begun, &m)
		}
		if err := meta.Put([]byte("id"), []byte(c.ID)); err != nil {
			return err
		}
		if err := meta.Put([]byte("hours"), key32(c.Hours)); err != nil {
			return err
		}
		return putJSON(meta, []byte("moving"), m)
	})
	if err != nil {
		return m, err
	}
	return m, s.view(ctx, s.erased.load) // with the salt of the other
}

// settle implements [mover].
func (s *Bolt) settle(ctx context.Context) error {
	err := s.update(ctx, 1, func(b *batch) error { return b.tx.Bucket([]byte("meta")).Delete([]byte("moving")) })
	if err != nil {
		return err
	}
	return s.view(ctx, s.erased.load)
}

// parcels implements [mover].
func (s *Bolt) parcels(ctx context.Context, kind string, after []byte, most int) (out []parcel, err error) {
	if kind == "j" {
		return jobParcels(ctx, s, after, most)
	}
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		out = nil
		r := s.reader()
		defer r.close()
		c := tx.Bucket([]byte(kind)).Cursor()
		k, v := c.Seek(after)
		if after != nil && bytes.Equal(k, after) {
			k, v = c.Next()
		}
		for ; k != nil && len(out) < most; k, v = c.Next() {
			p, err := s.parcel(tx, r, kind, k, v)
			if err != nil {
				return fmt.Errorf("%x: %w", k, err)
			}
			out = append(out, p)
		}
		return nil
	})
	return out, err
}

func (s *Bolt) parcel(tx *bbolt.Tx, r *reader, kind string, k, v []byte) (p parcel, err error) {
	switch kind {
	case "b":
		p = parcel{kind: kind, at: bytes.Clone(k), key: keyOfB(k)}
		if p.entry, err = decodeEntry(v); err != nil {
			return p, err
		}
		p.brand, p.source = s.names.of(brandName, p.key.brand), s.names.of(sourceName, p.entry.source)
		rec, err := r.record(quarterOf(int64(p.key.sec)), p.entry.seq)
		if err != nil {
			return p, err
		}
		p.mention, err = decodeMention(rec)
		p.rec = bytes.Clone(tx.Bucket([]byte("c")).Get(p.key.c()))
		p.key.brand, p.entry.seq, p.entry.source = 0, 0, 0
		return p, err
	case "r", "h":
		p = parcel{kind: kind, at: bytes.Clone(k), brand: s.names.of(brandName, binary.BigEndian.Uint32(k[2:])), step: binary.BigEndian.Uint32(k[6:])}
		ts, err := decodeTallies(nil, v)
		for _, t := range ts {
			p.by = append(p.by, namedTally{s.names.of(sourceName, t.source), t})
		}
		return p, err
	case "a":
		return parcelOf(kind, k, k[4:], v), nil
	case "g":
		return parcelOf(kind, k, nil, v), nil
	case "deeds":
		return parcelOf(kind, k, k[:8], v), nil
	}
	return parcelOf(kind, k, k, v), nil
}

// forgotten implements [mover]. It holds the hash of every mention for a while.
func (s *Bolt) forgotten(ctx context.Context) (out []ref, err error) {
	var there []uint64
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		there = nil
		return tx.Bucket([]byte("b")).ForEach(func(k, _ []byte) error {
			there = append(there, keyOfB(k).hash)
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(there)
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		out = nil
		return tx.Bucket([]byte("d")).ForEach(func(_, v []byte) error {
			for ; len(v) >= refSize; v = v[refSize:] {
				r := ref{binary.BigEndian.Uint64(v), binary.BigEndian.Uint32(v[8:])}
				if _, ok := slices.BinarySearch(there, r.hash); !ok {
					out = append(out, r)
				}
			}
			return nil
		})
	})
	slices.SortFunc(out, func(a, b ref) int { return cmp.Compare(a.hash, b.hash) })
	return out, err
}

// take implements [mover].
func (s *Bolt) take(ctx context.Context, ps []parcel, refs []ref, m mark) error {
	return s.update(ctx, len(ps), func(b *batch) error {
		for i := range ps {
			if err := b.take(&ps[i]); err != nil {
				return err
			}
		}
		for _, r := range refs {
			b.made = append(b.made, mentionKey{hash: r.hash, sec: r.sec})
		}
		return putJSON(b.tx.Bucket([]byte("meta")), []byte("moving"), m)
	})
}

func (b *batch) take(p *parcel) (err error) {
	bucket := b.tx.Bucket([]byte(p.kind))
	switch p.kind {
	case "b":
		q := &pending{key: p.key, entry: p.entry, mention: p.mention}
		if q.key.brand, err = b.name(brandName, p.brand); err != nil {
			return err
		}
		if q.entry.source, err = b.name(sourceName, p.source); err != nil {
			return err
		}
		status := q.entry.status
		q.entry.status = 0
		if err := b.setStatus(q, status); err != nil {
			return err
		}
		b.filing.add(q)
		b.made = append(b.made, q.key)
		if p.rec == nil {
			return nil
		}
		return b.tx.Bucket([]byte("c")).Put(q.key.c(), p.rec)
	case "r", "h":
		brand, err := b.name(brandName, p.brand)
		if err != nil {
			return err
		}
		var ts []tally
		for _, t := range p.by {
			if t.tally.source, err = b.name(sourceName, t.source); err != nil {
				return err
			}
			ts = append(ts, t.tally)
		}
		return bucket.Put(row{p.kind, brand, p.step}.key(), appendTallies(nil, ts))
	case "a":
		var a puskaradio.Alert
		if err := json.Unmarshal(p.value, &a); err != nil {
			return err
		}
		key := append(alertKey(&a)[:4:4], p.name...)
		if err := b.tx.Bucket([]byte("aid")).Put(p.name, key[:4]); err != nil {
			return err
		}
		return bucket.Put(key, p.value)
	case "g":
		var d puskaradio.Digest
		if err := json.Unmarshal(p.value, &d); err != nil {
			return err
		}
		return bucket.Put(digestKey(d.Brand, d.Date), p.value)
	case "deeds":
		seq, err := bucket.NextSequence()
		if err != nil {
			return err
		}
		return bucket.Put(binary.BigEndian.AppendUint64(bytes.Clone(p.name), seq), p.value)
	case "j":
		jobs, err := jobsOf([]parcel{*p})
		if err != nil {
			return err
		}
		return b.putJob(nil, &jobs[0])
	}
	return bucket.Put(p.name, p.value)
}
