package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// begin reads what the store is, and makes the counts by date again where they
// go by another zone.
func (p *Postgres) begin(ctx context.Context) error {
	return p.update(ctx, func(tx pgx.Tx) error {
		if err := p.lockRules(ctx, tx); err != nil {
			return err
		}
		zone := p.zone().String()
		_, err := tx.Exec(ctx, `INSERT INTO meta (id, zone) VALUES ($1, $2) ON CONFLICT DO NOTHING`, newID(), zone)
		if err != nil {
			return err
		}
		var was string
		if err := tx.QueryRow(ctx, `SELECT id, zone FROM meta`).Scan(&p.id, &was); err != nil || was == zone {
			return err
		}
		if err := p.recount(ctx, tx); err != nil {
			return fmt.Errorf("counts by the dates of %s: %w", zone, err)
		}
		_, err = tx.Exec(ctx, `UPDATE meta SET zone = $1`, zone)
		return err
	})
}

// lockRules waits until nobody files mentions, and lets nobody until the end of
// the transaction.
func (p *Postgres) lockRules(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, p.lock+lockRules)
	return err
}
