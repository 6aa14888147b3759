package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/puskaradio/puskaradio"
)

// authorMost is how many mentions of an author [Store.Past] looks at.
const authorMost = 1000

// An authorKey is the key in bucket u. It begins with a month, as that of
// bucket b does: what a day writes shares the pages of one month, and an author
// is looked for month by month, the newest first.
func authorKey(digest uint64, k mentionKey) []byte {
	key := binary.BigEndian.AppendUint16(make([]byte, 0, 22), month(k.sec))
	key = binary.BigEndian.AppendUint64(key, digest)
	key = binary.BigEndian.AppendUint32(key, k.sec)
	return binary.BigEndian.AppendUint64(key, k.hash)
}

// fileAuthor files a mention under its author, and no more under the one whom
// it named before.
func (b *batch) fileAuthor(p *pending) error {
	was, is := sameAuthor(p.author), sameAuthor(p.mention.Author)
	if was == is {
		return nil
	}
	u, source := b.tx.Bucket([]byte("u")), b.s.names.of(sourceName, p.entry.source)
	if was != "" {
		if err := u.Delete(authorKey(b.s.erased.digest(source, was), p.key)); err != nil {
			return err
		}
	}
	if is == "" {
		return nil
	}
	return u.Put(authorKey(b.s.erased.digest(source, is), p.key), key32(p.key.brand))
}

// unfileAuthor takes a mention that is to be forgotten away from its author. A
// text that cannot be read leaves its key behind, which leads nowhere.
func (b *batch) unfileAuthor(r *reader, f found) error {
	rec, err := r.record(quarterOf(int64(f.sec)), f.entry.seq)
	if err != nil {
		return nil
	}
	m, err := decodeMention(rec)
	if err != nil || sameAuthor(m.Author) == "" {
		return nil
	}
	source := b.s.names.of(sourceName, f.entry.source)
	return b.tx.Bucket([]byte("u")).Delete(authorKey(b.s.erased.digest(source, m.Author), f.mentionKey))
}

// fillAuthors files all mentions under their authors, in a directory that an
// earlier version has written. It reads every text, once.
func (s *Bolt) fillAuthors() error {
	const most = 5000 // in a transaction
	var from []byte
	is := uint32(0)
	err := s.main.View(func(tx *bbolt.Tx) error {
		is = binary.BigEndian.Uint32(tx.Bucket([]byte("meta")).Get([]byte("version")))
		return nil
	})
	for err == nil && is < boltVersion {
		err = s.main.Update(func(tx *bbolt.Tx) error {
			r := s.reader()
			defer r.close()
			u, n := tx.Bucket([]byte("u")), 0
			c := tx.Bucket([]byte("b")).Cursor()
			for k, v := c.Seek(from); k != nil; k, v = c.Next() {
				if n++; n > most {
					from = bytes.Clone(k)
					return nil
				}
				if err := s.fillAuthor(r, u, keyOfB(k), v); err != nil {
					return err
				}
			}
			is = boltVersion
			return tx.Bucket([]byte("meta")).Put([]byte("version"), key32(boltVersion))
		})
	}
	return err
}

// fillAuthor files one mention. One whose text cannot be read has no author.
func (s *Bolt) fillAuthor(r *reader, u *bbolt.Bucket, k mentionKey, v []byte) error {
	e, err := decodeEntry(v)
	if err != nil {
		return err
	}
	rec, err := r.record(quarterOf(int64(k.sec)), e.seq)
	if err != nil {
		return nil
	}
	m, err := decodeMention(rec)
	if err != nil || sameAuthor(m.Author) == "" {
		return nil
	}
	return u.Put(authorKey(s.erased.digest(s.names.of(sourceName, e.source), m.Author), k), key32(k.brand))
}

// byAuthor are the mentions of an author, the newest first, at most authorMost;
// more reports whether there are others.
func byAuthor(tx *bbolt.Tx, digest uint64) (keys []mentionKey, more bool) {
	c := tx.Bucket([]byte("u")).Cursor()
	for k, _ := c.Last(); len(k) == 22; {
		of := binary.BigEndian.Uint16(k)
		prefix := binary.BigEndian.AppendUint64(bytes.Clone(k[:2]), digest)
		end := bytes.Repeat([]byte{0xff}, 22)
		copy(end, prefix)
		hit, v := seekBefore(c, append(end, 0))
		for ; bytes.HasPrefix(hit, prefix) && len(hit) == 22 && len(v) == 4; hit, v = c.Prev() {
			if len(keys) == authorMost {
				return keys, true
			}
			keys = append(keys, mentionKey{binary.BigEndian.Uint32(v), binary.BigEndian.Uint32(hit[10:]), binary.BigEndian.Uint64(hit[14:])})
		}
		k, _ = seekBefore(c, binary.BigEndian.AppendUint16(nil, of))
	}
	return keys, false
}

// Past implements [Store].
func (s *Bolt) Past(ctx context.Context, brand, source, author string, most int) (out Past, err error) {
	num, ok := s.names.number(brandName, brand)
	if !ok || sameAuthor(author) == "" {
		return out, ctx.Err()
	}
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		out = Past{}
		r := s.reader()
		defer r.close()
		keys, more := byAuthor(tx, s.erased.digest(source, author))
		out.More = more
		for _, k := range keys {
			if k.brand != num {
				continue
			}
			e, err := getEntry(tx, k)
			if errors.Is(err, puskaradio.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			out.Total++
			if labels[e.label] == puskaradio.Negative {
				out.Negative++
			}
			if len(out.Cases) >= most {
				continue
			}
			c, err := r.caseOf(tx, k, e)
			if err != nil {
				return err
			}
			out.Cases = append(out.Cases, c)
		}
		return nil
	})
	return out, err
}

// customerOf is the key of the customer that an author is.
func (s *Bolt) customerOf(tx *bbolt.Tx, source, author string) (string, error) {
	b := tx.Bucket([]byte("cust"))
	if first, _ := b.Cursor().First(); first == nil || sameAuthor(author) == "" {
		return "", nil
	}
	var c puskaradio.Customer
	err := getJSON(b, binary.BigEndian.AppendUint64(nil, s.erased.digest(source, author)), &c)
	if errors.Is(err, puskaradio.ErrNotFound) {
		err = nil
	}
	return c.Key, err
}

// SetCustomer implements [Store].
func (s *Bolt) SetCustomer(ctx context.Context, c puskaradio.Customer) error {
	if err := c.Check(); err != nil {
		return fmt.Errorf("store: customer: %w", err)
	}
	c.At = c.At.UTC()
	var failed error
	err := s.update(ctx, 1, func(b *batch) error {
		key := binary.BigEndian.AppendUint64(nil, s.erased.digest(c.Source, c.Author))
		failed = nil
		if b.tx.Bucket([]byte("erased")).Get(key) != nil {
			failed = errErasedAuthor
			return nil
		}
		if c.Key == "" {
			return b.tx.Bucket([]byte("cust")).Delete(key)
		}
		return putJSON(b.tx.Bucket([]byte("cust")), key, c)
	})
	return errors.Join(err, failed)
}

// errErasedAuthor is what [Store.SetCustomer] says of an author who was erased.
var errErasedAuthor = fmt.Errorf("store: customer: the author was erased: %w", puskaradio.ErrNotFound)

// Customers implements [Store].
func (s *Bolt) Customers(ctx context.Context) (out []puskaradio.Customer, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		out = nil
		return tx.Bucket([]byte("cust")).ForEach(func(k, _ []byte) error {
			var c puskaradio.Customer
			err := getJSON(tx.Bucket([]byte("cust")), k, &c)
			out = append(out, c)
			return err
		})
	})
	slices.SortFunc(out, customersInOrder)
	return out, err
}

func customersInOrder(a, b puskaradio.Customer) int {
	return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Author, b.Author))
}
