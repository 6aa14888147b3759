package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/puskaradio/puskaradio"
)

// A where is the conditions that a filter makes, with their arguments.
type where struct {
	conds    []string
	args     []any
	brand    uint32 // zero is all
	statuses []int16
}

// arg adds an argument and gives its name.
func (w *where) arg(v any) string {
	w.args = append(w.args, v)
	return "$" + strconv.Itoa(len(w.args))
}

func (w *where) add(cond string) { w.conds = append(w.conds, cond) }

func (w *where) sql() string { return strings.Join(w.conds, " AND ") }

// where reports false if the filter can choose nothing. The statuses are for
// the caller to ask for.
func (p *Postgres) where(ctx context.Context, f Filter) (w *where, some bool, err error) {
	w = &where{}
	w.add("m.seq IS NOT NULL")
	if f.Brand != "" {
		num, ok, err := p.number(ctx, brandName, f.Brand)
		if err != nil || !ok {
			return w, false, errors.Join(err, afterError(f))
		}
		w.brand = num
		w.add("m.brand = " + w.arg(num))
	}
	from, to := f.span()
	if from > 0 {
		w.add("m.sec >= " + w.arg(int64(from)))
	}
	if f.After != "" {
		sec, hash, err := puskaradio.ID(f.After).Parts()
		if err != nil {
			return w, false, afterError(f)
		}
		if sec != 0 || hash != 0 {
			w.before(sec, pgHash(hash))
		}
	}
	if to < math.MaxUint32 {
		w.add("m.sec < " + w.arg(int64(to)))
	}
	if len(f.Labels) > 0 {
		var nums []int16
		for _, l := range f.Labels {
			if i := slices.Index(labels[:], l); i >= 0 {
				nums = append(nums, int16(i))
			}
		}
		w.add("m.label = ANY(" + w.arg(nums) + ")")
	}
	for _, s := range f.Statuses {
		if i := slices.Index(statuses, s); i >= 0 {
			w.statuses = append(w.statuses, int16(i))
		}
	}
	if f.Corrected {
		w.add("m.flags & 4 <> 0")
	}
	if len(f.Sources) > 0 {
		var nums []int32
		for _, s := range f.Sources {
			num, ok, err := p.number(ctx, sourceName, s)
			if err != nil {
				return w, false, err
			}
			if ok {
				nums = append(nums, int32(num))
			}
		}
		w.add("m.source = ANY(" + w.arg(nums) + ")")
	}
	return w, true, nil
}

// before asks for what stands behind a mention in a list.
func (w *where) before(sec, hash int64) {
	w.add("(m.sec, m.hash) < (" + w.arg(sec) + ", " + w.arg(hash) + ")")
}

func afterError(f Filter) error {
	if f.After == "" {
		return nil
	}
	if _, _, err := puskaradio.ID(f.After).Parts(); err != nil {
		return fmt.Errorf("page %q: %w", f.After, puskaradio.ErrNotFound)
	}
	return nil
}

// A full is a mention with all that belongs to it.
type full struct {
	row     pgRow
	mention puskaradio.Mention
	rec     caseRecord

	customer string // the key of its author; empty where there is none
}

func (f *full) entry() Entry {
	return Entry{ID: f.row.key.id(), Mention: f.mention, Status: statuses[f.row.entry.status]}
}

func (f *full) asCase() puskaradio.Case {
	if f.row.seq == 0 {
		return puskaradio.Case{}
	}
	return puskaradio.Case{
		ID: f.row.key.id(), Mention: f.mention, Status: statuses[f.row.entry.status],
		Who: f.rec.Who, Until: f.rec.Until, Changes: f.rec.Changes, Customer: f.customer,
	}
}

// fulls reads the mentions that a query for rows of them finds, in their
// order.
func (p *Postgres) fulls(ctx context.Context, sql string, args []any) ([]full, error) {
	rows, err := p.pool.Query(ctx, `SELECT `+rowColumns+`, t.record, c.data, coalesce(k.key, '') FROM (`+sql+`) m JOIN texts t ON t.seq = m.seq LEFT JOIN cases c ON c.hash = m.hash AND m.flags & 2 <> 0
		LEFT JOIN customers k ON k.digest = t.author AND t.author <> 0
		ORDER BY m.sec DESC, m.hash DESC`, args...)
	if err != nil {
		return nil, closedPool(err)
	}
	var out []full
	var r pgRow
	var record, data []byte
	var customer string
	into, done := r.scan(&record, &data, &customer)
	_, err = pgx.ForEachRow(rows, into, func() error {
		if err := done(); err != nil {
			return err
		}
		f := full{row: r, customer: customer}
		var err, err2 error
		f.mention, err = decodeMention(record)
		f.rec, err2 = readCase(data)
		if err := errors.Join(err, err2); err != nil {
			return fmt.Errorf("mention %s: %w", r.key.id(), err)
		}
		if r.entry.flags&flagCorrected != 0 {
			f.mention.Corrected = f.rec.Corrected
		}
		out = append(out, f)
		return nil
	})
	if err != nil {
		return nil, closedPool(err)
	}
	for i := range out { // not before the connection is free again
		f := &out[i]
		if f.mention.Brand, err = p.nameOf(ctx, f.row.key.brand); err != nil {
			return nil, err
		}
		if f.mention.Source, err = p.nameOf(ctx, f.row.entry.source); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// one reads one mention. An empty brand looks under all of them.
func (p *Postgres) one(ctx context.Context, brand string, id puskaradio.ID) (f full, err error) {
	sec, hash, err := id.Parts()
	if err != nil {
		return f, err
	}
	num, err := p.brandNumber(ctx, brand)
	if err != nil {
		return f, err
	}
	all, err := p.fulls(ctx, `SELECT * FROM mentions WHERE hash = $1 AND sec = $2 AND seq IS NOT NULL`, []any{pgHash(hash), sec})
	if err != nil {
		return f, err
	}
	if len(all) == 0 || num != 0 && all[0].row.key.brand != num {
		return f, fmt.Errorf("mention %s: %w", id, puskaradio.ErrNotFound)
	}
	return all[0], nil
}

// Mention implements [Store].
func (p *Postgres) Mention(ctx context.Context, brand string, id puskaradio.ID) (Entry, error) {
	f, err := p.one(ctx, brand, id)
	if err != nil {
		return Entry{}, err
	}
	return f.entry(), nil
}

// Mentions implements [Store].
func (p *Postgres) Mentions(ctx context.Context, f Filter) ([]Entry, string, error) {
	w, some, err := p.where(ctx, f)
	if err != nil || !some {
		return nil, "", err
	}
	w.status(f)
	limit := f.limit()
	all, err := p.fulls(ctx, `SELECT * FROM mentions m WHERE `+w.sql()+` ORDER BY sec DESC, hash DESC LIMIT `+w.arg(limit+1), w.args)
	if err != nil {
		return nil, "", err
	}
	out, next := entriesOf(all, limit)
	return out, next, nil
}

// status asks for the statuses of the filter.
func (w *where) status(f Filter) {
	if len(f.Statuses) > 0 {
		w.add("m.status = ANY(" + w.arg(w.statuses) + ")")
	}
}

// entriesOf makes a page, and the token of the one after it.
func entriesOf(all []full, limit int) (out []Entry, next string) {
	for _, f := range all[:min(len(all), limit)] {
		out = append(out, f.entry())
	}
	if len(all) > limit {
		next = string(out[limit-1].ID)
	}
	return out, next
}

// Stamps implements [Store].
func (p *Postgres) Stamps(ctx context.Context, brand string, from, to time.Time) ([]Stamp, error) {
	num, ok, err := p.number(ctx, brandName, brand)
	if err != nil || !ok {
		return nil, err
	}
	rows, err := p.pool.Query(ctx, `
		SELECT `+rowColumns+` FROM mentions m WHERE seq IS NOT NULL AND brand = $1 AND sec >= $2 AND sec < $3 ORDER BY sec, hash`,
		num, max(0, from.Unix()), max(0, min(to.Unix(), 1<<32-1)))
	if err != nil {
		return nil, closedPool(err)
	}
	var out []Stamp
	var r pgRow
	into, done := r.scan()
	_, err = pgx.ForEachRow(rows, into, func() error {
		err := done()
		out = append(out, r.stamp())
		return err
	})
	return out, err
}

func (r *pgRow) stamp() Stamp {
	return Stamp{r.key.id(), time.Unix(int64(r.key.sec), 0).UTC(), labels[min(int(r.entry.label), len(labels)-1)], r.entry.flags&flagDeleted != 0, r.entry.flags&flagCopy != 0}
}

// Cursor implements [Store].
func (p *Postgres) Cursor(ctx context.Context, job string) (cursor []byte, err error) {
	err = p.pool.QueryRow(ctx, `SELECT cursor FROM cursors WHERE job = $1`, []byte(job)).Scan(&cursor)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return cursor, closedPool(err)
}
