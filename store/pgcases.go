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

func readCase(data []byte) (rec caseRecord, err error) {
	if data != nil {
		err = json.Unmarshal(data, &rec)
	}
	return rec, err
}

func queueCase(b *pgx.Batch, hash uint64, rec *caseRecord) error {
	data, err := json.Marshal(rec)
	if err != nil {
		return err
	}
	b.Queue(`INSERT INTO cases VALUES ($1, $2) ON CONFLICT (hash) DO UPDATE SET data = excluded.data`, pgHash(hash), data)
	return nil
}

// brandNumber is the number of a brand that must be known; zero is any.
func (p *Postgres) brandNumber(ctx context.Context, brand string) (uint32, error) {
	if brand == "" {
		return 0, nil
	}
	num, ok, err := p.number(ctx, brandName, brand)
	if err == nil && !ok {
		err = fmt.Errorf("brand %s: %w", brand, puskaradio.ErrNotFound)
	}
	return num, err
}

// edit changes the row and the case of one mention, which it has locked, and
// schedules jobs.
func (p *Postgres) edit(ctx context.Context, brand string, id puskaradio.ID, jobs []Job, do func(s *pgShelf, f *filing, q *pending, rec *caseRecord) error) error {
	sec, hash, err := id.Parts()
	if err != nil {
		return err
	}
	num, err := p.brandNumber(ctx, brand)
	if err != nil {
		return err
	}
	return p.update(ctx, func(tx pgx.Tx) error {
		s := &pgShelf{rows: map[uint64]*pgRow{}, texts: map[uint64][]byte{}, cases: map[uint64]*caseRecord{}}
		var b pgx.Batch
		p.enter(&b, &s.hours)
		if err := tx.SendBatch(ctx, &b).Close(); err != nil {
			return err
		}
		if err := p.hold(ctx, tx, s, []int64{pgHash(hash)}); err != nil {
			return err
		}
		r := s.rows[hash]
		if r == nil || r.seq == 0 || int64(r.key.sec) != sec || num != 0 && num != r.key.brand {
			return fmt.Errorf("mention %s: %w", id, puskaradio.ErrNotFound)
		}
		rec := s.cases[hash]
		if rec == nil {
			rec = new(caseRecord)
		}
		q := &pending{key: r.key, entry: r.entry, seq: r.seq}
		if q.mention, err = s.text(q); err != nil {
			return fmt.Errorf("mention %s: %w", id, err)
		}
		f := s.filing(p)
		if err := do(s, f, q, rec); err != nil {
			return err
		}
		q.entry.flags |= flagCase
		b = pgx.Batch{}
		queueUpdate(&b, q.key, q.entry)
		if err := queueCase(&b, hash, rec); err != nil {
			return err
		}
		if err := tx.SendBatch(ctx, &b).Close(); err != nil {
			return err
		}
		if err := p.addCounts(ctx, tx, f.counts); err != nil || len(jobs) == 0 {
			return err
		}
		return p.scheduleTx(ctx, tx, jobs)
	})
}

// Move implements [Store].
func (p *Postgres) Move(ctx context.Context, brand string, id puskaradio.ID, was puskaradio.Status, c puskaradio.Change, until time.Time, jobs ...Job) (puskaradio.Case, error) {
	if statusNumber(c.To) == 0 {
		return puskaradio.Case{}, fmt.Errorf("store: no status %q", c.To)
	}
	taken := p.edit(ctx, brand, id, jobs, func(s *pgShelf, _ *filing, q *pending, rec *caseRecord) error {
		if statuses[q.entry.status] != was {
			return puskaradio.ErrTaken
		}
		if !rec.move(was, c, until) {
			return puskaradio.ErrTaken // something has happened since
		}
		return s.setStatus(q, statusNumber(c.To))
	})
	if taken != nil && !errors.Is(taken, puskaradio.ErrTaken) {
		return puskaradio.Case{}, taken
	}
	got, err := p.Case(ctx, brand, id)
	return got, errors.Join(taken, err)
}

// Correct implements [Store].
func (p *Postgres) Correct(ctx context.Context, brand string, id puskaradio.ID, score *puskaradio.Score) error {
	return p.edit(ctx, brand, id, nil, func(_ *pgShelf, f *filing, q *pending, rec *caseRecord) error {
		f.correct(q, rec, score)
		return nil
	})
}

// Case implements [Store].
func (p *Postgres) Case(ctx context.Context, brand string, id puskaradio.ID) (puskaradio.Case, error) {
	full, err := p.one(ctx, brand, id)
	return full.asCase(), err
}

// Inbox implements [Store].
func (p *Postgres) Inbox(ctx context.Context, f Filter) (out []puskaradio.Case, next string, err error) {
	if len(f.Statuses) == 0 {
		f.Statuses = []puskaradio.Status{puskaradio.New, puskaradio.Claimed, puskaradio.Snoozed}
	}
	w, some, err := p.where(ctx, f)
	if err != nil || !some {
		return nil, "", err
	}
	limit := f.limit()
	// Each status has its own place in the index, where the newest come first.
	w.add("m.status <> 0")
	sql := `SELECT m.* FROM unnest(` + w.arg(w.statuses) + `::smallint[]) AS want (status) CROSS JOIN LATERAL (
		SELECT * FROM mentions m WHERE m.status = want.status AND ` + w.sql() + ` ORDER BY sec DESC, hash DESC LIMIT ` + w.arg(limit+1) + `
	) m ORDER BY sec DESC, hash DESC LIMIT ` + w.arg(limit+1)
	all, err := p.fulls(ctx, sql, w.args)
	if err != nil {
		return nil, "", fmt.Errorf("inbox: %w", err)
	}
	for _, full := range all[:min(len(all), limit)] {
		out = append(out, full.asCase())
	}
	if len(all) > limit {
		next = string(out[limit-1].ID)
	}
	return out, next, nil
}

// Waiting implements [Store].
func (p *Postgres) Waiting(ctx context.Context, brand string) (map[puskaradio.Status]int, error) {
	out := map[puskaradio.Status]int{}
	num, ok, err := p.number(ctx, brandName, brand)
	if err != nil || !ok {
		return out, err
	}
	rows, err := p.pool.Query(ctx, `SELECT status, count(*) FROM mentions WHERE brand = $1 AND status <> 0 GROUP BY status`, num)
	if err != nil {
		return out, closedPool(err)
	}
	var status uint8
	var n int
	_, err = pgx.ForEachRow(rows, []any{&status, &n}, func() error {
		if int(status) >= len(statuses) {
			return errRecord
		}
		out[statuses[status]] = n
		return nil
	})
	return out, err
}
