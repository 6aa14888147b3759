package store

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"go.etcd.io/bbolt"

	"github.com/puskaradio/puskaradio"
)

// BoltVersion is the layout that this program writes.
const BoltVersion = boltVersion

// IndexSize gives the bytes of the full-text index, keys and values.
func (s *Bolt) IndexSize() (size int64, err error) {
	err = s.eachIndex(func(t *bbolt.Bucket) {
		st := t.Stats()
		size += int64(st.LeafAlloc + st.BranchAlloc)
	})
	return size, err
}

// Pieces gives how many segments the index has, and how many runs the
// references.
func (s *Bolt) Pieces() (segs, runs int, err error) {
	err = s.eachIndex(func(t *bbolt.Bucket) { segs += len(segments(t)) })
	s.refs.mu.RLock()
	defer s.refs.mu.RUnlock()
	return segs, len(s.refs.runs), err
}

func (s *Bolt) eachIndex(do func(t *bbolt.Bucket)) error {
	ids, err := s.quartersOnDisk()
	if err != nil {
		return err
	}
	for _, id := range ids {
		q, err := s.quarter(id, false)
		if err != nil {
			return err
		}
		err = q.view(func(tx *bbolt.Tx) error { do(tx.Bucket([]byte("t"))); return nil })
		if err != nil {
			return err
		}
	}
	return nil
}

// ErrRecord is what is damaged.
var ErrRecord = errRecord

// MergeUnreadable merges segments whose documents cannot be read, though they
// are whole, and leaves everything as it was.
func (p *Postgres) MergeUnreadable(ctx context.Context) error {
	return pgx.BeginFunc(ctx, p.pool, func(tx pgx.Tx) error {
		all, err := segmentsTx(ctx, tx)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `ALTER TABLE segment_docs RENAME COLUMN places TO away`); err != nil {
			return err
		}
		for id, segs := range all {
			if err := mergeTx(ctx, tx, id, segs, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// Together does several writes in one transaction, in their order. Each must
// come to write something.
func (s *Bolt) Together(ctx context.Context, ops ...func()) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	return s.exclusive(ctx, func() error {
		for i, op := range ops {
			for wg.Go(op); len(s.writes) <= i; {
				time.Sleep(5 * time.Microsecond)
			}
		}
		return nil
	})
}

// SpendNames takes numbers away until n is the next.
func (s *Bolt) SpendNames(n uint32) {
	s.names.mu.Lock()
	defer s.names.mu.Unlock()
	s.names.next = n
}

// Orphan leaves a text as a crash does between the writing of a text and of
// its key.
func (s *Bolt) Orphan(ctx context.Context, m *puskaradio.Mention) error {
	return s.exclusive(ctx, func() error {
		sec := m.Published.Unix()
		q, err := s.quarter(quarterOf(sec), true)
		if err != nil {
			return err
		}
		doc := &document{sec: uint32(sec), record: appendMention(nil, m), text: indexed(m)}
		return q.appendDocs([]*document{doc}, &s.builder)
	})
}
