package store

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/puskaradio/puskaradio"
)

// constitution implements [mover].
func (p *Postgres) constitution(ctx context.Context) (c constitution, err error) {
	c = constitution{ID: p.id, Zone: p.zone().String()}
	err = p.pool.QueryRow(ctx, `SELECT hours FROM meta`).Scan(&c.Hours)
	return c, closedPool(err)
}

// adopt implements [mover].
func (p *Postgres) adopt(ctx context.Context, c constitution) (m mark, err error) {
	here, err := p.constitution(ctx)
	if err != nil {
		return m, err
	}
	err = p.update(ctx, func(tx pgx.Tx) error {
		if err := p.lockRules(ctx, tx); err != nil {
			return err
		}
		var begun []byte
		empty := true
		if err := tx.QueryRow(ctx, `SELECT moving FROM meta`).Scan(&begun); err != nil {
			return err
		}
		for _, table := range []string{"mentions", "counts", "alerts", "digests", "sent", "people", "tokens", "deeds", "erased", "customers", "coverage", "cursors", "jobs"} {
			some := false
			if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM `+table+`)`).Scan(&some); err != nil {
				return err
			}
			empty = empty && !some
		}
		if err := refuseUnlike(here, c, begun != nil, empty); err != nil {
			return err
		}
		m = mark{}
		if begun != nil {
			return json.Unmarshal(begun, &m)
		}
		data, err := json.Marshal(m)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE meta SET id = $1, hours = $2, moving = $3`, c.ID, c.Hours, data)
		return err
	})
	if err == nil {
		p.id = c.ID
	}
	return m, err
}

// settle implements [mover].
func (p *Postgres) settle(ctx context.Context) error {
	_, err := p.pool.Exec(ctx, `UPDATE meta SET moving = NULL`)
	return closedPool(err)
}

// pgMoved says how the parcels that are a key and a value are read, after a
// place of two parts: a number and bytes.
var pgMoved = map[string]string{
	"erased": `SELECT digest, ''::bytea, int8send(digest), convert_to(date, 'UTF8') FROM erased WHERE ($1 OR digest > $2) AND $3::bytea IS NOT NULL ORDER BY digest LIMIT $4`,
	"cust":   `SELECT digest, ''::bytea, int8send(digest), convert_to(data::text, 'UTF8') FROM customers WHERE ($1 OR digest > $2) AND $3::bytea IS NOT NULL ORDER BY digest LIMIT $4`,
	"a":      `SELECT sec, id, id, convert_to(data::text, 'UTF8') FROM alerts WHERE $1 OR (sec, id) > ($2, $3) ORDER BY sec, id LIMIT $4`,
	"sent":   `SELECT 0::bigint, key, key, convert_to(data::text, 'UTF8') FROM sent WHERE $1 OR (0::bigint, key) > ($2, $3) ORDER BY key LIMIT $4`,
	"who":    `SELECT 0::bigint, name, name, convert_to(data::text, 'UTF8') FROM people WHERE $1 OR (0::bigint, name) > ($2, $3) ORDER BY name LIMIT $4`,
	"tok":    `SELECT 0::bigint, name, name, convert_to(data::text, 'UTF8') FROM tokens WHERE $1 OR (0::bigint, name) > ($2, $3) ORDER BY name LIMIT $4`,
	"cur":    `SELECT 0::bigint, job, job, cursor FROM cursors WHERE $1 OR (0::bigint, job) > ($2, $3) ORDER BY job LIMIT $4`,
	"cov":    `SELECT hour, source, int4send(hour::int) || source, convert_to(data::text, 'UTF8') FROM coverage WHERE $1 OR (hour, source) > ($2, $3) ORDER BY hour, source LIMIT $4`,
	"deeds":  `SELECT nano, int8send(seq), int8send(nano), convert_to(data::text, 'UTF8') FROM deeds WHERE $1 OR (nano, int8send(seq)) > ($2, $3) ORDER BY nano, seq LIMIT $4`,
	"g":      `SELECT length(date)::bigint, date || brand, ''::bytea, convert_to(data::text, 'UTF8') FROM digests WHERE $1 OR (length(date)::bigint, date || brand) > ($2, $3) ORDER BY 1, 2 LIMIT $4`,
}

// parcels implements [mover].
func (p *Postgres) parcels(ctx context.Context, kind string, after []byte, most int) (out []parcel, err error) {
	first, num, rest := len(after) < 8, int64(0), []byte{}
	if !first {
		num, rest = int64(binary.BigEndian.Uint64(after)), after[8:]
	}
	switch kind {
	case "j":
		return jobParcels(ctx, p, after, most)
	case "b":
		out, err = p.mentionParcels(ctx, first, num, rest, most)
	case "r", "h":
		out, err = p.countParcels(ctx, kind, num, rest, most)
	default:
		var rows pgx.Rows
		if rows, err = p.pool.Query(ctx, pgMoved[kind], first, num, rest, most); err != nil {
			return nil, closedPool(err)
		}
		var name, value []byte
		_, err = pgx.ForEachRow(rows, []any{&num, &rest, &name, &value}, func() error {
			out = append(out, parcelOf(kind, append(binary.BigEndian.AppendUint64(nil, uint64(num)), rest...), name, value))
			return nil
		})
		for i := range out {
			if len(out[i].name) == 0 {
				out[i].name = nil
			}
		}
	}
	return out, closedPool(err)
}

func (p *Postgres) mentionParcels(ctx context.Context, first bool, sec int64, rest []byte, most int) (out []parcel, err error) {
	hash := int64(0)
	if first {
		sec = -1
	} else if len(rest) == 8 {
		hash = int64(binary.BigEndian.Uint64(rest))
	}
	rows, err := p.pool.Query(ctx, `
		SELECT `+rowColumns+`, t.record, convert_to(c.data::text, 'UTF8')
		FROM (SELECT * FROM mentions WHERE seq IS NOT NULL AND (sec, hash) > ($1, $2) ORDER BY sec, hash LIMIT $3) m
		JOIN texts t ON t.seq = m.seq LEFT JOIN cases c ON c.hash = m.hash ORDER BY m.sec, m.hash`, sec, hash, most)
	if err != nil {
		return nil, err
	}
	var r pgRow
	var record, data []byte
	into, done := r.scan(&record, &data)
	_, err = pgx.ForEachRow(rows, into, func() error {
		if err := done(); err != nil {
			return err
		}
		m, err := decodeMention(record)
		at := binary.BigEndian.AppendUint64(nil, uint64(r.key.sec))
		at = binary.BigEndian.AppendUint64(at, uint64(pgHash(r.key.hash)))
		out = append(out, parcel{kind: "b", at: at, key: r.key, entry: r.entry, mention: m, rec: data})
		return err
	})
	for i := range out {
		q := &out[i]
		var err1, err2 error
		q.brand, err1 = p.nameOf(ctx, q.key.brand)
		q.source, err2 = p.nameOf(ctx, q.entry.source)
		err = errors.Join(err, err1, err2)
		q.key.brand, q.entry.source = 0, 0
	}
	return out, err
}

func (p *Postgres) countParcels(ctx context.Context, kind string, brand int64, rest []byte, most int) (out []parcel, err error) {
	step := int64(-1)
	if len(rest) == 8 {
		step = int64(binary.BigEndian.Uint64(rest))
	}
	rows, err := p.pool.Query(ctx, `SELECT brand, step, packed FROM counts WHERE kind = $1 AND (brand, step) > ($2, $3) ORDER BY brand, kind, step LIMIT $4`,
		pgKinds[kind], brand, step, most)
	if err != nil {
		return nil, err
	}
	var num, n uint32
	var packed []byte
	var brands []uint32
	_, err = pgx.ForEachRow(rows, []any{&num, &n, &packed}, func() error {
		at := binary.BigEndian.AppendUint64(nil, uint64(num))
		q := parcel{kind: kind, at: binary.BigEndian.AppendUint64(at, uint64(n)), step: n}
		ts, err := decodeTallies(nil, packed)
		for _, t := range ts {
			q.by = append(q.by, namedTally{"", t})
		}
		out, brands = append(out, q), append(brands, num)
		return err
	})
	for i := range out {
		name, nameErr := p.nameOf(ctx, brands[i])
		out[i].brand = name
		err = errors.Join(err, nameErr)
		for j := range out[i].by {
			t := &out[i].by[j]
			t.source, nameErr = p.nameOf(ctx, t.tally.source)
			err = errors.Join(err, nameErr)
		}
	}
	return out, err
}

// forgotten implements [mover].
func (p *Postgres) forgotten(ctx context.Context) (out []ref, err error) {
	rows, err := p.pool.Query(ctx, `SELECT hash, sec FROM mentions WHERE seq IS NULL ORDER BY hash`)
	if err != nil {
		return nil, closedPool(err)
	}
	var hash, sec int64
	_, err = pgx.ForEachRow(rows, []any{&hash, &sec}, func() error {
		out = append(out, ref{unHash(hash), uint32(sec)})
		return nil
	})
	return out, closedPool(err)
}

// take implements [mover].
func (p *Postgres) take(ctx context.Context, ps []parcel, refs []ref, m mark) error {
	names := map[string]map[string]uint32{brandName: {}, sourceName: {}}
	for _, q := range ps {
		if q.brand != "" {
			names[brandName][q.brand] = 0
		}
		if q.source != "" {
			names[sourceName][q.source] = 0
		}
		for _, t := range q.by {
			names[sourceName][t.source] = 0
		}
	}
	for kind, of := range names {
		if err := p.newNumbers(ctx, kind, of); err != nil {
			return err
		}
	}
	at, err := json.Marshal(m)
	if err != nil {
		return err
	}
	err = p.update(ctx, func(tx pgx.Tx) error {
		if err := p.takeTx(ctx, tx, ps, refs, names); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE meta SET moving = $1`, at)
		return err
	})
	if err == nil {
		p.mergeSoon()
	}
	return err
}

func (p *Postgres) takeTx(ctx context.Context, tx pgx.Tx, ps []parcel, refs []ref, names map[string]map[string]uint32) error {
	if len(refs) > 0 {
		hashes, secs := make([]int64, len(refs)), make([]int64, len(refs))
		for i, r := range refs {
			hashes[i], secs[i] = pgHash(r.hash), int64(r.sec)
		}
		// Nobody knows any more of whom they were, and how they counted.
		_, err := tx.Exec(ctx, `
			INSERT INTO mentions (hash, brand, sec, source, digest, label, value, status, flags, rating)
			SELECT w.hash, 0, w.sec, 0, 0, 1, 0, 0, 0, 0 FROM unnest($1::bigint[], $2::bigint[]) AS w (hash, sec) ORDER BY w.hash`, hashes, secs)
		return err
	}
	switch ps[0].kind {
	case "b":
		return p.takeMentions(ctx, tx, ps, names)
	case "j":
		jobs, err := jobsOf(ps)
		if err != nil {
			return err
		}
		return p.scheduleTx(ctx, tx, jobs)
	}
	var b pgx.Batch
	for _, q := range ps {
		if err := queueParcel(&b, q, names); err != nil {
			return err
		}
	}
	return tx.SendBatch(ctx, &b).Close()
}

func (p *Postgres) takeMentions(ctx context.Context, tx pgx.Tx, ps []parcel, names map[string]map[string]uint32) error {
	s := &pgShelf{who: p.Pseudonyms()}
	var b pgx.Batch
	fresh := make([]*pending, len(ps))
	for i, q := range ps {
		e := q.entry
		e.source = names[sourceName][q.source]
		m := q.mention
		m.Source = q.source // its author is known within it
		fresh[i] = &pending{key: mentionKey{names[brandName][q.brand], q.key.sec, q.key.hash}, entry: e, mention: m}
		if q.rec != nil {
			b.Queue(`INSERT INTO cases VALUES ($1, $2)`, pgHash(q.key.hash), q.rec)
		}
	}
	if err := insertMentions(ctx, tx, fresh); err != nil {
		return err
	}
	if b.Len() > 0 {
		if err := tx.SendBatch(ctx, &b).Close(); err != nil {
			return err
		}
	}
	if err := insertTexts(ctx, tx, s, fresh); err != nil {
		return err
	}
	return indexTexts(ctx, tx, fresh)
}

// queueParcel writes what is rarer than a mention.
func queueParcel(b *pgx.Batch, q parcel, names map[string]map[string]uint32) error {
	switch q.kind {
	case "erased":
		b.Queue(`INSERT INTO erased VALUES ($1, $2)`, int64(binary.BigEndian.Uint64(q.name)), string(q.value))
	case "cust":
		var c puskaradio.Customer
		if err := json.Unmarshal(q.value, &c); err != nil {
			return err
		}
		b.Queue(`INSERT INTO customers VALUES ($1, $2, $3)`, int64(binary.BigEndian.Uint64(q.name)), c.Key, q.value)
	case "r", "h":
		var ts []tally
		for _, t := range q.by {
			t.tally.source = names[sourceName][t.source]
			ts = append(ts, t.tally)
		}
		b.Queue(`INSERT INTO counts VALUES ($1, $2, $3, $4)`, names[brandName][q.brand], pgKinds[q.kind], int64(q.step), appendTallies(nil, ts))
	case "a":
		var a puskaradio.Alert
		if err := json.Unmarshal(q.value, &a); err != nil {
			return err
		}
		b.Queue(`INSERT INTO alerts (id, sec, brand, rev, data) VALUES ($1, $2, $3, $4, $5)`, q.name, unixOf(a.Decided), []byte(a.Brand), a.Rev, q.value)
	case "g":
		var d puskaradio.Digest
		if err := json.Unmarshal(q.value, &d); err != nil {
			return err
		}
		b.Queue(`INSERT INTO digests VALUES ($1, $2, $3)`, []byte(d.Date), []byte(d.Brand), q.value)
	case "sent":
		b.Queue(`INSERT INTO sent VALUES ($1, $2)`, q.name, q.value)
	case "who":
		b.Queue(`INSERT INTO people VALUES ($1, $2)`, q.name, q.value)
	case "tok":
		b.Queue(`INSERT INTO tokens VALUES ($1, $2)`, q.name, q.value)
	case "deeds":
		b.Queue(`INSERT INTO deeds (nano, data) VALUES ($1, $2)`, int64(binary.BigEndian.Uint64(q.name)), q.value)
	case "cov":
		b.Queue(`INSERT INTO coverage VALUES ($1, $2, $3)`, int64(binary.BigEndian.Uint32(q.name)), slices.Clone(q.name[4:]), q.value)
	case "cur":
		b.Queue(`INSERT INTO cursors VALUES ($1, $2)`, q.name, q.value)
	default:
		return fmt.Errorf("unknown kind %q", q.kind)
	}
	return nil
}
