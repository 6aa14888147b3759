package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"go.etcd.io/bbolt"

	"github.com/puskaradio/puskaradio"
)

// Commit implements [Store].
func (s *Bolt) Commit(ctx context.Context, c Crawl) (st Stored, err error) {
	if err := c.check(); err != nil {
		return st, err
	}
	err = s.update(ctx, len(c.Mentions), func(b *batch) (err error) {
		if b.tx.Bucket([]byte("meta")).Get([]byte("moving")) != nil {
			return errMoving
		}
		if st, err = b.crawl(c); err != nil {
			return err
		}
		if c.Job != "" && c.Cursor != nil {
			if err := b.tx.Bucket([]byte("cur")).Put([]byte(c.Job), c.Cursor); err != nil {
				return err
			}
		}
		if c.Ledger.Source != "" {
			c.Ledger.New = len(st.New)
			if err := b.note(c.Ledger); err != nil {
				return err
			}
		}
		if len(st.New)+len(st.Changed)+len(st.Gone) == 0 {
			return nil
		}
		return b.schedule(c.Jobs)
	})
	return st, err
}

// check refuses what could not be filed.
func (c *Crawl) check() error {
	var errs []error
	for i := range c.Mentions {
		m := &c.Mentions[i]
		switch sec := m.Published.Unix(); {
		case m.Brand == "" || m.Source == "":
			errs = append(errs, fmt.Errorf("store: mention %d has no brand or no source", i))
		case sec < 0 || sec >= math.MaxUint32:
			errs = append(errs, fmt.Errorf("store: mention %q of %s is dated %s", m.Key(), m.Source, m.Published.Format(time.DateOnly)))
		}
	}
	return errors.Join(errs...)
}

func (b *batch) pseudonyms() Pseudonyms { return b.s.erased.Pseudonyms }

func (b *batch) isErased(source, author string) bool { return b.s.erased.has(source, author) }

func (b *batch) number(kind, name string) (uint32, bool) { return b.s.names.number(kind, name) }

// stored implements [shelf].
func (b *batch) stored(k *mentionKey) (*pending, error) {
	sec, ok := b.s.refs.find(b.tx, k.hash)
	if !ok {
		return nil, nil
	}
	k.sec = sec
	e, err := getEntry(b.tx, *k)
	if err != nil {
		return nil, err
	}
	return &pending{key: *k, entry: e}, nil
}

// text implements [shelf].
func (b *batch) text(p *pending) (m puskaradio.Mention, err error) {
	r := b.s.reader()
	defer r.close()
	id := quarterOf(int64(p.key.sec))
	rec, err := r.record(id, p.entry.seq)
	if err != nil {
		return m, err
	}
	if m, err = decodeMention(rec); err == nil {
		b.erase[id] = append(b.erase[id], p.entry.seq)
	}
	return m, err
}

func (b *batch) setStatus(p *pending, status byte) error {
	return setStatus(b.tx, p.key, &p.entry, status)
}

// keptFrom is the first hour whose counts Retain has not forgotten.
func (b *batch) keptFrom() uint32 { return keptFrom(b.tx) }

// recount makes the counts by date again from bucket b, for another zone.
func (s *Bolt) recount(tx *bbolt.Tx) error {
	if err := tx.DeleteBucket([]byte("r")); err != nil {
		return err
	}
	if _, err := tx.CreateBucket([]byte("r")); err != nil {
		return err
	}
	cs := counts{}
	err := tx.Bucket([]byte("b")).ForEach(func(k, v []byte) error {
		e, err := decodeEntry(v)
		if err != nil {
			return err
		}
		key := keyOfB(k)
		cs.add(row{"r", key.brand, dayOf(time.Unix(int64(key.sec), 0), s.zone())}, tallyOf(e))
		return nil
	})
	if err != nil {
		return err
	}
	return cs.write(tx)
}
