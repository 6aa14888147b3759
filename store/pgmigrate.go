package store

import (
	"context"
	"embed"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
)

//go:embed migrations/*.sql
var migrations embed.FS

// oldestPostgres is the least server_version_num that the queries need.
const oldestPostgres = 140_000

// migrate brings the tables to the layout of this program. Of several
// processes that start at once one does it, and the others wait. Steps that
// were once released are never changed: the next change is another file.
func (p *Postgres) migrate(ctx context.Context) error {
	conn, err := p.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if err := p.inspect(ctx, conn.Conn()); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, p.lock+lockMigrate); err != nil {
		return err
	}
	defer func() { // the lock belongs to the connection, which others will use
		_, _ = conn.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, p.lock+lockMigrate)
	}()
	if _, err := conn.Exec(ctx, `CREATE TABLE IF NOT EXISTS schema_version (version int NOT NULL)`); err != nil {
		return err
	}
	steps, err := migrations.ReadDir("migrations")
	if err != nil {
		return err
	}
	have := 0
	if err := conn.QueryRow(ctx, `SELECT coalesce(max(version), 0) FROM schema_version`).Scan(&have); err != nil {
		return err
	}
	if have > len(steps) {
		return p.refused(fmt.Sprintf("its tables are of a later version (layout %d; this program knows %d)", have, len(steps)), "use the later program, or restore a backup of before")
	}
	for i, step := range steps[have:] {
		number, err := strconv.Atoi(step.Name()[:4])
		if err != nil || number != have+i+1 {
			return fmt.Errorf("migration %s is not number %d", step.Name(), have+i+1)
		}
		if err := p.step(ctx, conn.Conn(), step.Name(), number); err != nil {
			return fmt.Errorf("migration %s: %w", step.Name(), err)
		}
	}
	if err := p.indexOld(ctx, conn.Conn()); err != nil {
		return err
	}
	return p.migrateQueue(ctx)
}

// inspect refuses a server that the queries would not work on.
func (p *Postgres) inspect(ctx context.Context, conn *pgx.Conn) error {
	var version int
	var name, encoding string
	var schema *string
	err := conn.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_version'), current_setting('server_encoding'), current_schema()`).
		Scan(&version, &name, &encoding, &schema)
	switch {
	case err != nil:
		return err
	case version < oldestPostgres:
		return p.refused("the server is PostgreSQL "+name, "use PostgreSQL 14 or later")
	case encoding != "UTF8":
		return p.refused("the database is encoded in "+encoding, "make another: CREATE DATABASE puskaradio ENCODING 'UTF8' TEMPLATE template0")
	case schema == nil:
		return p.refused("no schema of its search_path exists", "CREATE SCHEMA puskaradio, or take search_path out of the address")
	}
	p.lock = lockOf(*schema)
	return nil
}

// step does one migration, or nothing of it.
func (p *Postgres) step(ctx context.Context, conn *pgx.Conn, name string, number int) error {
	sql, err := migrations.ReadFile("migrations/" + name)
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, string(sql)); err != nil { // without arguments: several statements at once
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM schema_version`); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO schema_version VALUES ($1)`, number)
		return err
	})
}
