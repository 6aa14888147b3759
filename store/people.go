package store

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"github.com/puskaradio/puskaradio"
)

// People implements [Store].
func (s *Bolt) People(ctx context.Context) (out []puskaradio.Person, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("who")).ForEach(func(k, v []byte) error {
			var p puskaradio.Person
			if err := json.Unmarshal(v, &p); err != nil {
				return fmt.Errorf("person %s: %w", k, err)
			}
			out = append(out, p)
			return nil
		})
	})
	return out, err
}

// SetPerson implements [Store].
func (s *Bolt) SetPerson(ctx context.Context, p puskaradio.Person) error {
	return s.update(ctx, 1, func(b *batch) error {
		people := b.tx.Bucket([]byte("who"))
		if p.Role == "" {
			return people.Delete([]byte(p.Name))
		}
		return putJSON(people, []byte(p.Name), p)
	})
}

// Record implements [Store].
func (s *Bolt) Record(ctx context.Context, d puskaradio.Deed) error {
	return s.update(ctx, 1, func(b *batch) error {
		deeds := b.tx.Bucket([]byte("deeds"))
		seq, err := deeds.NextSequence()
		if err != nil {
			return err
		}
		return putJSON(deeds, deedKey(d.At, seq), d)
	})
}

func deedKey(at time.Time, seq uint64) []byte {
	k := binary.BigEndian.AppendUint64(nil, uint64(max(0, at.UnixNano())))
	return binary.BigEndian.AppendUint64(k, seq)
}

// Deeds implements [Store].
func (s *Bolt) Deeds(ctx context.Context, before time.Time, most int) (out []puskaradio.Deed, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte("deeds")).Cursor()
		var v []byte
		k, _ := c.Seek(deedKey(before, 0))
		if k == nil {
			k, v = c.Last()
		} else {
			k, v = c.Prev()
		}
		for ; k != nil && len(out) < most; k, v = c.Prev() {
			var d puskaradio.Deed
			if err := json.Unmarshal(v, &d); err != nil {
				return fmt.Errorf("audit log: %w", err)
			}
			out = append(out, d)
		}
		return nil
	})
	return out, err
}
