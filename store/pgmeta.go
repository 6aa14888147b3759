package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// begin reads what the store is, and makes the counts by date again where they
// go by another zone.
func (p *Postgres) begin(ctx context.Context) error {
	var was string
	err := p.pool.QueryRow(ctx, `SELECT id, zone FROM meta`).Scan(&p.id, &was)
	if err == nil && was == p.zone().String() { // as it mostly is: nobody has to wait
		return p.loadNames(ctx)
	}
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	err = p.update(ctx, func(tx pgx.Tx) error {
		if err := p.lockRules(ctx, tx); err != nil {
			return err
		}
		zone := p.zone().String()
		_, err := tx.Exec(ctx, `INSERT INTO meta (id, zone) VALUES ($1, $2) ON CONFLICT DO NOTHING`, newID(), zone)
		if err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, `SELECT id, zone FROM meta`).Scan(&p.id, &was); err != nil || was == zone {
			return err
		}
		if err := p.recount(ctx, tx); err != nil {
			return fmt.Errorf("counts by the dates of %s: %w", zone, err)
		}
		_, err = tx.Exec(ctx, `UPDATE meta SET zone = $1`, zone)
		return err
	})
	if err != nil {
		return err
	}
	return p.loadNames(ctx)
}

// lockRules waits until nobody files mentions, and lets nobody until the end of
// the transaction.
func (p *Postgres) lockRules(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, p.lock+lockRules)
	return err
}
