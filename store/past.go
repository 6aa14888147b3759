package store

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/puskaradio/puskaradio"
)

const (
	authorMost  = 1000    // mentions of an author that [Store.Past] counts
	entriesMost = 200_000 // mentions of the brand that it looks through for them on bbolt
	textCost    = 40      // how many of these a text counts for that must be read
)

// markOf is what an entry keeps of an author at a source, to find what else
// that author said there: one in four thousand million others has the same. It
// is one where there is no author, and never zero.
func (s *Bolt) markOf(source, author string) uint32 {
	if sameAuthor(author) == "" {
		return 1
	}
	return max(2, uint32(s.erased.digest(source, author)))
}

// Past implements [Store].
func (s *Bolt) Past(ctx context.Context, brand, source, author string, most int) (out Past, err error) {
	num, ok := s.names.number(brandName, brand)
	of, heard := s.names.number(sourceName, source)
	if !ok || !heard || sameAuthor(author) == "" {
		return out, ctx.Err()
	}
	mark := s.markOf(source, author)
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		out = Past{}
		r := s.reader()
		defer r.close()
		var failed error
		looked := 0
		err := backwards(tx, mentionKey{num, math.MaxUint32, math.MaxUint64}, 0, func(k mentionKey, e entry) bool {
			if looked++; looked > entriesMost || out.Total == authorMost && e.author == mark {
				out.More = true
				return false
			}
			if e.source != of || e.author != mark && e.author != 0 {
				return true
			}
			if e.author != 0 && len(out.Cases) >= most {
				out.count(e)
				return true
			}
			looked += textCost
			c, err := r.caseOf(tx, k, e)
			if failed = err; err != nil || !s.erased.Same(source, c.Mention.Author, author) {
				return err == nil
			}
			if out.count(e); len(out.Cases) < most {
				out.Cases = append(out.Cases, c)
			}
			return true
		})
		return errors.Join(err, failed)
	})
	return out, err
}

func (p *Past) count(e entry) {
	p.Total++
	if labels[e.label] == puskaradio.Negative {
		p.Negative++
	}
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
		if b.tx.Bucket([]byte("cust")).Get(key) != nil {
			if err := markStale(b.tx, 0); err != nil {
				return err
			}
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
