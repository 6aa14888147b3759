package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/puskaradio/puskaradio"
)

// People implements [Store].
func (p *Postgres) People(ctx context.Context) ([]puskaradio.Person, error) {
	return listRows[puskaradio.Person](ctx, p, `SELECT data FROM people ORDER BY name`)
}

// SetPerson implements [Store].
func (p *Postgres) SetPerson(ctx context.Context, x puskaradio.Person) error {
	return p.setNamed(ctx, "people", x.Name, x, x.Role == "")
}

// setNamed keeps a row of people or tokens, or takes it away.
func (p *Postgres) setNamed(ctx context.Context, table, name string, v any, away bool) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if away {
		_, err = p.pool.Exec(ctx, `DELETE FROM `+table+` WHERE name = $1`, []byte(name))
	} else {
		_, err = p.pool.Exec(ctx, `INSERT INTO `+table+` VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET data = excluded.data`, []byte(name), data)
	}
	return closedPool(err)
}

// Tokens implements [Store].
func (p *Postgres) Tokens(ctx context.Context) ([]puskaradio.Token, error) {
	return listRows[puskaradio.Token](ctx, p, `SELECT data FROM tokens ORDER BY name`)
}

// SetToken implements [Store].
func (p *Postgres) SetToken(ctx context.Context, t puskaradio.Token) error {
	return p.setNamed(ctx, "tokens", t.Name, t, t.Role == "")
}

// UseToken implements [Store].
func (p *Postgres) UseToken(ctx context.Context, name, hash string, at time.Time) error {
	return p.update(ctx, func(tx pgx.Tx) error {
		var t puskaradio.Token
		err := getRow(ctx, tx, &t, `SELECT data FROM tokens WHERE name = $1 FOR UPDATE`, []byte(name))
		if errors.Is(err, puskaradio.ErrNotFound) {
			return nil // it was taken away meanwhile
		}
		if err != nil {
			return fmt.Errorf("token %s: %w", name, err)
		}
		if t.Hash != hash || !at.After(t.Used) {
			return nil
		}
		t.Used = at
		data, err := json.Marshal(t)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE tokens SET data = $2 WHERE name = $1`, []byte(name), data)
		return err
	})
}

// Record implements [Store].
func (p *Postgres) Record(ctx context.Context, d puskaradio.Deed) error {
	data, err := json.Marshal(d)
	if err != nil {
		return err
	}
	_, err = p.pool.Exec(ctx, `INSERT INTO deeds (nano, data) VALUES ($1, $2)`, max(0, d.At.UnixNano()), data)
	return closedPool(err)
}

// Deeds implements [Store].
func (p *Postgres) Deeds(ctx context.Context, before time.Time, most int) ([]puskaradio.Deed, error) {
	return listRows[puskaradio.Deed](ctx, p, `SELECT data FROM deeds WHERE nano < $1 ORDER BY nano DESC, seq DESC LIMIT $2`, max(0, before.UnixNano()), most)
}
