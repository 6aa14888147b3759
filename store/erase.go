package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"github.com/puskaradio/puskaradio"
)

// erased are the authors of whom nothing is taken, by digests of their names.
type erased struct {
	mu sync.RWMutex
	Pseudonyms
	by map[uint64]bool
}

func (e *erased) load(tx *bbolt.Tx) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.salt, e.by = bytes.Clone(tx.Bucket([]byte("meta")).Get([]byte("id"))), map[uint64]bool{}
	return tx.Bucket([]byte("erased")).ForEach(func(k, _ []byte) error {
		e.by[binary.BigEndian.Uint64(k)] = true
		return nil
	})
}

// has reports whether nothing is to be taken of an author.
func (e *erased) has(source, author string) bool {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return len(e.by) > 0 && author != "" && e.by[e.digest(source, author)]
}

// sameAuthor is a name as it is compared: sources are not sure of its letters'
// case.
func sameAuthor(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), " ")) }

// Pseudonyms implements [Store].
func (s *Bolt) Pseudonyms() Pseudonyms { return s.erased.Pseudonyms }

// Erase implements [Store].
func (s *Bolt) Erase(ctx context.Context, source, author string) (out Erased, err error) {
	if source == "" || sameAuthor(author) == "" {
		return out, errors.New("store: erase: no source or no author")
	}
	// First nothing more is taken, then what is there goes.
	d := s.erased.digest(source, author)
	err = s.update(ctx, 1, func(b *batch) error {
		key := binary.BigEndian.AppendUint64(nil, d)
		return errors.Join(markStale(b.tx, 0), b.tx.Bucket([]byte("cust")).Delete(key), b.tx.Bucket([]byte("erased")).Put(key, []byte(time.Now().UTC().Format(time.DateOnly))))
	})
	if err != nil {
		return out, fmt.Errorf("store: erase: %w", err)
	}
	s.erased.mu.Lock()
	s.erased.by[d] = true
	s.erased.mu.Unlock()
	num, ok := s.names.number(sourceName, source)
	if !ok {
		return out, nil // it was never read
	}
	var from []byte
	for more := true; more; {
		var hits []mentionKey
		if hits, from, err = s.saidBy(ctx, num, author, from); err != nil {
			return out, fmt.Errorf("store: erase: %w", err)
		}
		more = from != nil
		n := 0
		err := s.update(ctx, len(hits), func(b *batch) error {
			var drop []found
			for _, k := range hits {
				e, err := getEntry(b.tx, k)
				if errors.Is(err, puskaradio.ErrNotFound) {
					continue
				}
				if err != nil {
					return err
				}
				drop = append(drop, found{k, e})
			}
			n = len(drop)
			return b.forget(drop)
		})
		if err != nil {
			return out, fmt.Errorf("store: erase: %w", err)
		}
		out.Mentions += n
	}
	if out.Alerts, err = s.scrub(ctx, []Limit{{Source: source}}); err != nil {
		return out, fmt.Errorf("store: erase: %w", err)
	}
	return out, nil
}

// saidBy finds mentions of a source by an author, at most a group of them, from
// a key on; next is where to go on, nil at the end. It reads the texts of all whose mark
// is the same, or that have none.
func (s *Bolt) saidBy(ctx context.Context, source uint32, author string, from []byte) (hits []mentionKey, next []byte, err error) {
	at := s.names.of(sourceName, source)
	mark := s.markOf(at, author)
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		hits, next = nil, nil
		r := s.reader()
		defer r.close()
		c := tx.Bucket([]byte("b")).Cursor()
		n := 0
		for k, v := c.Seek(from); k != nil; k, v = c.Next() {
			if n++; len(hits) == maxGroup || n > 20_000 { // a long look would hold old pages back from being used again
				next = bytes.Clone(k)
				return nil
			}
			e, err := decodeEntry(v)
			if err != nil {
				return err
			}
			if e.source != source || e.author != 0 && e.author != mark {
				continue
			}
			key := keyOfB(k)
			rec, err := r.record(quarterOf(int64(key.sec)), e.seq)
			if err != nil {
				return err
			}
			m, err := decodeMention(rec)
			if err != nil {
				return err
			}
			if s.erased.Same(at, m.Author, author) {
				hits = append(hits, key)
			}
		}
		return nil
	})
	return hits, next, err
}
