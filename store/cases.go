package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/puskaradio/puskaradio"
)

// A caseRecord is what bucket c keeps: what people have done about a mention.
type caseRecord struct {
	Who       string              `json:"who,omitempty"`
	Until     time.Time           `json:"until,omitzero"`
	Changes   []puskaradio.Change `json:"changes,omitempty"`
	Corrected *puskaradio.Score   `json:"corrected,omitempty"`
}

func getCase(tx *bbolt.Tx, k mentionKey) (rec caseRecord, err error) {
	err = getJSON(tx.Bucket([]byte("c")), k.c(), &rec)
	if errors.Is(err, puskaradio.ErrNotFound) {
		err = nil
	}
	return rec, err
}

// logChange writes down a step of a case.
func (b *batch) logChange(p *pending, c puskaradio.Change) error {
	rec, err := getCase(b.tx, p.key)
	if err != nil {
		return err
	}
	rec.Changes = append(rec.Changes, c)
	p.entry.flags |= flagCase
	return putJSON(b.tx.Bucket([]byte("c")), p.key.c(), rec)
}

// locate finds where a mention is filed. An empty brand is looked for under
// all.
func (s *Bolt) locate(tx *bbolt.Tx, brand string, id puskaradio.ID) (mentionKey, entry, error) {
	sec, hash, err := id.Parts()
	if err != nil {
		return mentionKey{}, entry{}, err
	}
	nums := s.names.all(brandName)
	if brand != "" {
		num, ok := s.names.number(brandName, brand)
		if !ok {
			return mentionKey{}, entry{}, fmt.Errorf("brand %s: %w", brand, puskaradio.ErrNotFound)
		}
		nums = []uint32{num}
	}
	for _, num := range nums {
		k := mentionKey{num, uint32(sec), hash}
		e, err := getEntry(tx, k)
		if !errors.Is(err, puskaradio.ErrNotFound) {
			return k, e, err
		}
	}
	return mentionKey{}, entry{}, fmt.Errorf("mention %s: %w", id, puskaradio.ErrNotFound)
}

// edit changes the entry and the record of one mention.
func (s *Bolt) edit(ctx context.Context, brand string, id puskaradio.ID, do func(b *batch, k mentionKey, e *entry, rec *caseRecord) error) error {
	var failed error
	err := s.update(ctx, 1, func(b *batch) error {
		failed = nil
		k, e, err := s.locate(b.tx, brand, id)
		if p := b.fresh[k.hash]; p != nil && err == nil {
			e = p.entry
		}
		if err != nil {
			failed = err
			return nil
		}
		rec, err := getCase(b.tx, k)
		if err != nil {
			return err
		}
		if failed = do(b, k, &e, &rec); failed != nil {
			return nil
		}
		e.flags |= flagCase
		if err := putJSON(b.tx.Bucket([]byte("c")), k.c(), rec); err != nil {
			return err
		}
		if p := b.fresh[k.hash]; p != nil { // it is written with its text
			p.entry = e
			return nil
		}
		return b.tx.Bucket([]byte("b")).Put(k.b(), e.encode())
	})
	return errors.Join(err, failed)
}

// Move implements [Store].
func (s *Bolt) Move(ctx context.Context, brand string, id puskaradio.ID, was puskaradio.Status, c puskaradio.Change, until time.Time, jobs ...Job) (puskaradio.Case, error) {
	if statusNumber(c.To) == 0 {
		return puskaradio.Case{}, fmt.Errorf("store: no status %q", c.To)
	}
	taken := s.edit(ctx, brand, id, func(b *batch, k mentionKey, e *entry, rec *caseRecord) error {
		if statuses[e.status] != was {
			return puskaradio.ErrTaken
		}
		if !rec.move(was, c, until) {
			return puskaradio.ErrTaken // something has happened since
		}
		if err := setStatus(b.tx, k, e, statusNumber(c.To)); err != nil {
			return err
		}
		return b.schedule(jobs)
	})
	if taken != nil && !errors.Is(taken, puskaradio.ErrTaken) {
		return puskaradio.Case{}, taken
	}
	got, err := s.Case(ctx, brand, id)
	return got, errors.Join(taken, err)
}

// Correct implements [Store].
func (s *Bolt) Correct(ctx context.Context, brand string, id puskaradio.ID, score *puskaradio.Score) error {
	return s.edit(ctx, brand, id, func(b *batch, k mentionKey, e *entry, rec *caseRecord) error {
		m, err := b.current(k, *e)
		if err != nil {
			return err
		}
		p := pending{key: k, entry: *e, mention: m}
		b.correct(&p, rec, score)
		*e = p.entry
		return nil
	})
}

// current reads a mention as this transaction has left it.
func (b *batch) current(k mentionKey, e entry) (puskaradio.Mention, error) {
	if p := b.fresh[k.hash]; p != nil {
		return p.mention, nil
	}
	r := b.s.reader()
	defer r.close()
	return r.mention(b.tx, k, e)
}

// mention reads a mention whole.
func (r *reader) mention(tx *bbolt.Tx, k mentionKey, e entry) (puskaradio.Mention, error) {
	rec, err := r.record(quarterOf(int64(k.sec)), e.seq)
	if err != nil {
		return puskaradio.Mention{}, fmt.Errorf("mention %s: %w", k.id(), err)
	}
	m, err := decodeMention(rec)
	if err != nil {
		return m, fmt.Errorf("mention %s: %w", k.id(), err)
	}
	m.Brand, m.Source = r.s.names.of(brandName, k.brand), r.s.names.of(sourceName, e.source)
	if e.flags&flagCorrected != 0 {
		c, err := getCase(tx, k)
		if err != nil {
			return m, err
		}
		m.Corrected = c.Corrected
	}
	return m, nil
}

// Case implements [Store].
func (s *Bolt) Case(ctx context.Context, brand string, id puskaradio.ID) (c puskaradio.Case, err error) {
	err = s.one(ctx, brand, id, func(tx *bbolt.Tx, r *reader, k mentionKey, e entry) (err error) {
		c, err = r.caseOf(tx, k, e)
		return err
	})
	return c, err
}

// one reads what there is of one mention.
func (s *Bolt) one(ctx context.Context, brand string, id puskaradio.ID, read func(*bbolt.Tx, *reader, mentionKey, entry) error) error {
	return s.view(ctx, func(tx *bbolt.Tx) error {
		k, e, err := s.locate(tx, brand, id)
		if err != nil {
			return err
		}
		r := s.reader()
		defer r.close()
		return read(tx, r, k, e)
	})
}

func (r *reader) caseOf(tx *bbolt.Tx, k mentionKey, e entry) (puskaradio.Case, error) {
	c := puskaradio.Case{ID: k.id(), Status: statuses[e.status]}
	var err error
	if c.Mention, err = r.mention(tx, k, e); err != nil {
		return c, err
	}
	if e.flags&flagCase != 0 {
		rec, err := getCase(tx, k)
		if err != nil {
			return c, err
		}
		c.Who, c.Until, c.Changes = rec.Who, rec.Until, rec.Changes
	}
	c.Customer, err = r.s.customerOf(tx, c.Mention.Source, c.Mention.Author)
	return c, err
}

// Inbox implements [Store].
func (s *Bolt) Inbox(ctx context.Context, f Filter) ([]puskaradio.Case, string, error) {
	want := f.Statuses
	if len(want) == 0 {
		want = []puskaradio.Status{puskaradio.New, puskaradio.Claimed, puskaradio.Snoozed}
	}
	limit := f.limit()
	var out []puskaradio.Case
	next := ""
	err := s.view(ctx, func(tx *bbolt.Tx) error {
		next = ""
		brands, after, err := s.scope(f)
		if err != nil {
			return err
		}
		var all []found
		for _, brand := range brands {
			for _, status := range want {
				fs, err := s.inboxOf(tx, brand, statusNumber(status), f, after, limit+1)
				if err != nil {
					return err
				}
				all = append(all, fs...)
			}
		}
		slices.SortFunc(all, func(a, b found) int { return newestFirst(a.mentionKey, b.mentionKey) })
		r := s.reader()
		defer r.close()
		n := min(len(all), limit)
		out = slices.Grow[[]puskaradio.Case](nil, n)
		for _, f := range all[:n] {
			c, err := r.caseOf(tx, f.mentionKey, f.entry)
			if err != nil {
				return err
			}
			out = append(out, c)
		}
		if len(all) > limit {
			next = string(out[limit-1].ID)
		}
		return nil
	})
	return out, next, err
}

// inboxOf walks one status of one brand backwards.
func (s *Bolt) inboxOf(tx *bbolt.Tx, brand uint32, status byte, f Filter, after mentionKey, limit int) ([]found, error) {
	from, to := f.span()
	end := mentionKey{brand: brand, sec: to}
	if !after.isZero() && after.sec <= to {
		end = mentionKey{brand: brand, sec: after.sec, hash: after.hash}
	}
	c := tx.Bucket([]byte("i")).Cursor()
	prefix := string(append(key32(brand), status))
	var out []found
	for k, _ := seekBefore(c, end.i(status)); len(k) == 17 && string(k[:5]) == prefix && len(out) < limit; k, _ = c.Prev() {
		key := keyOfI(k)
		if key.sec < from {
			break
		}
		e, err := getEntry(tx, key)
		if err != nil {
			return nil, fmt.Errorf("inbox: mention %s: %w", key.id(), err)
		}
		if f.takes(s, e) {
			out = append(out, found{key, e})
		}
	}
	return out, nil
}

// Waiting implements [Store].
func (s *Bolt) Waiting(ctx context.Context, brand string) (map[puskaradio.Status]int, error) {
	out := map[puskaradio.Status]int{}
	num, ok := s.names.number(brandName, brand)
	if !ok {
		return out, ctx.Err()
	}
	err := s.view(ctx, func(tx *bbolt.Tx) error {
		for i, status := range statuses {
			if v := tx.Bucket([]byte("n")).Get(append(key32(num), byte(i))); i > 0 && len(v) == 8 {
				if n := int(binary.BigEndian.Uint64(v)); n > 0 {
					out[status] = n
				}
			}
		}
		return nil
	})
	return out, err
}
