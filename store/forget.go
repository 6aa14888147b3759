package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/puskaradio/puskaradio"
)

// Forget implements [Store].
func (s *Bolt) Forget(ctx context.Context, limits ...Limit) (n int, err error) {
	bounds := map[uint32]bound{}
	for _, l := range limits {
		if num, ok := s.names.number(sourceName, l.Source); ok {
			bounds[num] = bound{uint32(max(0, l.Before.Unix())), l.Gone}
		}
	}
	if len(bounds) == 0 {
		return 0, nil
	}
	var from []byte
	for more := true; more; {
		var hits []mentionKey
		if hits, from, err = s.overdue(ctx, bounds, from); err != nil {
			return n, fmt.Errorf("store: forget: %w", err)
		}
		more = from != nil
		dropped := 0
		err := s.update(ctx, len(hits), func(b *batch) error {
			var drop []found
			for _, k := range hits {
				e, err := getEntry(b.tx, k)
				switch {
				case errors.Is(err, puskaradio.ErrNotFound):
				case err != nil:
					return err
				case bounds[e.source].takes(k, e): // still
					drop = append(drop, found{k, e})
				}
			}
			dropped = len(drop)
			return b.forget(drop)
		})
		if err != nil {
			return n, fmt.Errorf("store: forget: %w", err)
		}
		n += dropped
	}
	if _, err := s.scrub(ctx, limits); err != nil {
		return n, fmt.Errorf("store: forget: %w", err)
	}
	return n, nil
}

// A bound is a [Limit] of the source of a number.
type bound struct {
	before uint32
	gone   bool
}

func (l bound) takes(k mentionKey, e entry) bool {
	return k.sec < l.before || l.gone && e.flags&flagDeleted != 0
}

// overdue finds mentions that are past their limit, at most a group of them,
// from a key on; next is where to go on, nil at the end.
func (s *Bolt) overdue(ctx context.Context, bounds map[uint32]bound, from []byte) (hits []mentionKey, next []byte, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		hits, next = nil, nil
		c := tx.Bucket([]byte("b")).Cursor()
		n := 0
		for k, v := c.Seek(from); k != nil; k, v = c.Next() {
			// A long look would hold old pages back from being used again.
			if n++; len(hits) == maxGroup || n > 200_000 {
				next = bytes.Clone(k)
				return nil
			}
			e, err := decodeEntry(v)
			if err != nil {
				return err
			}
			l, ok := bounds[e.source]
			if key := keyOfB(k); ok && l.takes(key, e) {
				hits = append(hits, key)
			}
		}
		return nil
	})
	return hits, next, err
}

// scrub takes out of alerts and digests what they quote of mentions that were
// forgotten, and gives the ids of the alerts that have changed.
func (s *Bolt) scrub(ctx context.Context, limits []Limit) (alerts []string, err error) {
	err = s.update(ctx, 1, func(b *batch) error {
		a, g := b.tx.Bucket([]byte("a")), b.tx.Bucket([]byte("g"))
		keys, err := b.scrub(a, limits, func() (any, *string) {
			x := new(puskaradio.Alert)
			return x, &x.Brand
		})
		if err != nil {
			return err
		}
		alerts = nil
		for _, k := range keys {
			alerts = append(alerts, k[4:])
		}
		_, err = b.scrub(g, limits, func() (any, *string) {
			x := new(puskaradio.Digest)
			return x, &x.Brand
		})
		return err
	})
	return alerts, err
}

// scrub goes through a bucket of what fresh makes, and gives the keys of what
// has changed.
func (b *batch) scrub(bucket *bbolt.Bucket, limits []Limit, fresh func() (x any, brand *string)) ([]string, error) {
	changed := map[string]any{}
	c := bucket.Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		if !mayQuote(v, limits) {
			continue
		}
		x, brand := fresh()
		if err := json.Unmarshal(v, x); err != nil {
			return nil, fmt.Errorf("%s: %w", k, err)
		}
		gone, err := scrub(x, limits, func(id puskaradio.ID) (bool, error) { return b.there(*brand, id) })
		if err != nil {
			return nil, err
		}
		if gone {
			changed[string(k)] = x
		}
	}
	if len(changed) > 0 {
		if err := markStale(b.tx, 0); err != nil {
			return nil, err
		}
	}
	for k, x := range changed {
		if err := putJSON(bucket, []byte(k), x); err != nil {
			return nil, err
		}
	}
	return slices.Sorted(maps.Keys(changed)), nil
}

// mayQuote reports whether JSON may hold a quote of a limited source.
func mayQuote(v []byte, limits []Limit) bool {
	for _, l := range limits {
		name, err := json.Marshal(l.Source)
		if err != nil || bytes.Contains(v, append([]byte(`"source":`), name...)) {
			return true
		}
	}
	return false
}

// there reports whether a mention is kept. Of a brand that was never heard of
// nothing is known, and nothing is taken away.
func (b *batch) there(brand string, id puskaradio.ID) (bool, error) {
	sec, hash, err := id.Parts()
	if err != nil {
		return false, err
	}
	num, ok := b.s.names.number(brandName, brand)
	if !ok {
		return true, nil
	}
	_, err = getEntry(b.tx, mentionKey{brand: num, sec: uint32(sec), hash: hash})
	if errors.Is(err, puskaradio.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
