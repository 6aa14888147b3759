package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"github.com/puskaradio/puskaradio"
)

func alertKey(a *puskaradio.Alert) []byte {
	return append(key32(uint32(a.Decided.Unix())), a.ID...)
}

// AddAlert implements [Store].
func (s *Bolt) AddAlert(ctx context.Context, a puskaradio.Alert, jobs ...Job) (added bool, err error) {
	err = s.update(ctx, 1, func(b *batch) error {
		added = false
		alerts, ids := b.tx.Bucket([]byte("a")), b.tx.Bucket([]byte("aid"))
		kept := a
		if sec := ids.Get([]byte(a.ID)); sec != nil {
			var old puskaradio.Alert
			if err := getJSON(alerts, append(bytes.Clone(sec), a.ID...), &old); err != nil {
				return err
			}
			if old.Rev >= a.Rev {
				return nil
			}
			kept.Decided = old.Decided // it stays where it is
		}
		if err := ids.Put([]byte(a.ID), alertKey(&kept)[:4]); err != nil {
			return err
		}
		added = true
		if err := putJSON(alerts, alertKey(&kept), kept); err != nil {
			return err
		}
		return b.schedule(jobs)
	})
	return added && err == nil, err
}

// Alert implements [Store].
func (s *Bolt) Alert(ctx context.Context, id string) (a puskaradio.Alert, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		sec := tx.Bucket([]byte("aid")).Get([]byte(id))
		if sec == nil {
			return fmt.Errorf("alert %s: %w", id, puskaradio.ErrNotFound)
		}
		return getJSON(tx.Bucket([]byte("a")), append(bytes.Clone(sec), id...), &a)
	})
	return a, err
}

// Alerts implements [Store].
func (s *Bolt) Alerts(ctx context.Context, brand string, from, to time.Time) (out []puskaradio.Alert, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte("a")).Cursor()
		end := uint32(max(0, min(to.Unix(), 1<<32-1)))
		for k, v := c.Seek(key32(uint32(max(0, from.Unix())))); k != nil && binary.BigEndian.Uint32(k) < end; k, v = c.Next() {
			var a puskaradio.Alert
			if err := json.Unmarshal(v, &a); err != nil {
				return fmt.Errorf("alert %s: %w", k[4:], err)
			}
			if brand == "" || a.Brand == brand {
				out = append(out, a)
			}
		}
		return nil
	})
	return out, err
}

func digestKey(brand, date string) []byte { return []byte(date + " " + brand) }

// AddDigest implements [Store].
func (s *Bolt) AddDigest(ctx context.Context, d puskaradio.Digest, jobs ...Job) (added bool, err error) {
	err = s.update(ctx, 1, func(b *batch) error {
		g, key := b.tx.Bucket([]byte("g")), digestKey(d.Brand, d.Date)
		if added = g.Get(key) == nil; !added {
			return nil
		}
		if err := putJSON(g, key, d); err != nil {
			return err
		}
		return b.schedule(jobs)
	})
	return added && err == nil, err
}

// Digest implements [Store].
func (s *Bolt) Digest(ctx context.Context, brand, date string) (d puskaradio.Digest, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		if err := getJSON(tx.Bucket([]byte("g")), digestKey(brand, date), &d); err != nil {
			return fmt.Errorf("digest of %s for %s: %w", date, brand, err)
		}
		return nil
	})
	return d, err
}

// SetSent implements [Store].
func (s *Bolt) SetSent(ctx context.Context, key string, sent Sent) error {
	return s.update(ctx, 1, func(b *batch) error { return putJSON(b.tx.Bucket([]byte("sent")), []byte(key), sent) })
}

// Sent implements [Store].
func (s *Bolt) Sent(ctx context.Context, key string) (sent Sent, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		if err := getJSON(tx.Bucket([]byte("sent")), []byte(key), &sent); err != nil {
			return fmt.Errorf("message %s: %w", key, err)
		}
		return nil
	})
	return sent, err
}

// Note implements [Store].
func (s *Bolt) Note(ctx context.Context, c puskaradio.Coverage) error {
	return s.update(ctx, 1, func(b *batch) error { return b.note(c) })
}

// note adds to the line of a source and hour. The last fetch says its state.
func (b *batch) note(c puskaradio.Coverage) error {
	c.Hour = c.Hour.UTC().Truncate(time.Hour)
	key := append(key32(uint32(c.Hour.Unix()/3600)), c.Source...)
	cov := b.tx.Bucket([]byte("cov"))
	var have puskaradio.Coverage
	if v := cov.Get(key); v != nil {
		if err := json.Unmarshal(v, &have); err != nil {
			return fmt.Errorf("ledger of %s: %w", c.Source, err)
		}
	}
	return putJSON(cov, key, addCoverage(have, c))
}

// Coverage implements [Store].
func (s *Bolt) Coverage(ctx context.Context, from, to time.Time) (out []puskaradio.Coverage, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte("cov")).Cursor()
		end := uint32(max(0, to.Unix()+3599) / 3600)
		for k, v := c.Seek(key32(uint32(max(0, from.Unix()) / 3600))); k != nil && binary.BigEndian.Uint32(k) < end; k, v = c.Next() {
			var line puskaradio.Coverage
			if err := json.Unmarshal(v, &line); err != nil {
				return fmt.Errorf("ledger of %s: %w", k[4:], err)
			}
			out = append(out, line)
		}
		return nil
	})
	return out, err
}

// Cursor implements [Store].
func (s *Bolt) Cursor(ctx context.Context, job string) (cursor []byte, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		cursor = bytes.Clone(tx.Bucket([]byte("cur")).Get([]byte(job)))
		return nil
	})
	return cursor, err
}
