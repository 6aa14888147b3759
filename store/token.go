package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"github.com/puskaradio/puskaradio"
)

// Tokens implements [Store].
func (s *Bolt) Tokens(ctx context.Context) (out []puskaradio.Token, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("tok")).ForEach(func(k, v []byte) error {
			var t puskaradio.Token
			if err := json.Unmarshal(v, &t); err != nil {
				return fmt.Errorf("token %s: %w", k, err)
			}
			out = append(out, t)
			return nil
		})
	})
	return out, err
}

// SetToken implements [Store].
func (s *Bolt) SetToken(ctx context.Context, t puskaradio.Token) error {
	return s.update(ctx, 1, func(b *batch) error {
		tokens := b.tx.Bucket([]byte("tok"))
		if t.Role == "" {
			return tokens.Delete([]byte(t.Name))
		}
		return putJSON(tokens, []byte(t.Name), t)
	})
}

// UseToken implements [Store].
func (s *Bolt) UseToken(ctx context.Context, name, hash string, at time.Time) error {
	return s.update(ctx, 1, func(b *batch) error {
		tokens := b.tx.Bucket([]byte("tok"))
		v := tokens.Get([]byte(name))
		var t puskaradio.Token
		if v == nil {
			return nil // it was taken away meanwhile
		}
		if err := json.Unmarshal(v, &t); err != nil {
			return fmt.Errorf("token %s: %w", name, err)
		}
		if t.Hash != hash || !at.After(t.Used) {
			return nil
		}
		t.Used = at
		return putJSON(tokens, []byte(name), t)
	})
}
