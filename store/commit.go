package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"go.etcd.io/bbolt"

	"github.com/puskaradio/puskaradio"
)

// Commit implements [Store].
func (s *Bolt) Commit(ctx context.Context, c Crawl) (st Stored, err error) {
	if err := c.check(); err != nil {
		return st, err
	}
	err = s.update(ctx, len(c.Mentions), func(b *batch) error {
		st = Stored{}
		for i := range c.Mentions {
			if err := b.mention(&c.Mentions[i], &st); err != nil {
				return fmt.Errorf("store: mention %q of %s: %w", c.Mentions[i].Key(), c.Mentions[i].Source, err)
			}
		}
		if err := b.gone(c, &st); err != nil {
			return err
		}
		if c.Job != "" && c.Cursor != nil {
			if err := b.tx.Bucket([]byte("cur")).Put([]byte(c.Job), c.Cursor); err != nil {
				return err
			}
		}
		if c.Ledger.Source != "" {
			c.Ledger.New = len(st.New)
			if err := b.note(c.Ledger); err != nil {
				return err
			}
		}
		if len(st.New)+len(st.Changed)+len(st.Gone) == 0 {
			return nil
		}
		return b.schedule(c.Jobs)
	})
	return st, err
}

// check refuses what could not be filed.
func (c *Crawl) check() error {
	var errs []error
	for i := range c.Mentions {
		m := &c.Mentions[i]
		switch sec := m.Published.Unix(); {
		case m.Brand == "" || m.Source == "":
			errs = append(errs, fmt.Errorf("store: mention %d has no brand or no source", i))
		case sec < 0 || sec >= math.MaxUint32:
			errs = append(errs, fmt.Errorf("store: mention %q of %s is dated %s", m.Key(), m.Source, m.Published.Format(time.DateOnly)))
		}
	}
	return errors.Join(errs...)
}

// mention files what is new, and makes a version of what has changed.
func (b *batch) mention(m *puskaradio.Mention, st *Stored) error {
	if b.s.erased.has(m.Source, m.Author) {
		st.Same++
		return nil
	}
	brand, err := b.name(brandName, m.Brand)
	if err != nil {
		return err
	}
	source, err := b.name(sourceName, m.Source)
	if err != nil {
		return err
	}
	k := mentionKey{brand: brand, hash: m.Hash(), sec: uint32(m.Published.Unix())}
	known, err := b.find(&k)
	if errors.Is(err, puskaradio.ErrNotFound) { // forgotten by Retain: it stays so
		st.Same++
		return nil
	}
	if err != nil {
		return err
	}
	d := digest(m)
	switch {
	case known == nil:
		p := &pending{key: k, mention: *m, entry: entry{digest: d, source: source}}
		p.entry.setScore(m.Verdict())
		p.entry.setRating(m.Rating)
		if m.Story != "" {
			p.entry.flags |= flagCopy
		}
		b.add(p)
		b.refs = append(b.refs, ref{k.hash, k.sec})
		b.count(p, m.FirstSeen, tallyOf(p.entry))
		st.New = append(st.New, k.id())
		return b.flag(p, m)
	case known.entry.digest == d && known.entry.flags&flagDeleted == 0:
		st.Same++
		return nil
	}
	st.Changed = append(st.Changed, k.id())
	return b.change(known, m, d)
}

// find gives the pending or stored mention of a key, and sets the second that
// it is filed under. It is nil if there is none.
func (b *batch) find(k *mentionKey) (*pending, error) {
	if p := b.fresh[k.hash]; p != nil {
		k.sec = p.key.sec
		return p, nil
	}
	sec, ok := b.s.refs.find(b.tx, k.hash)
	if !ok {
		return nil, nil
	}
	k.sec = sec
	e, err := getEntry(b.tx, *k)
	if err != nil {
		return nil, err
	}
	return &pending{key: *k, entry: e}, nil
}

func (b *batch) add(p *pending) {
	if b.fresh[p.key.hash] == nil {
		b.order = append(b.order, p)
		b.fresh[p.key.hash] = p
	}
}

// load reads the text of what was found, so that it can be written anew.
func (b *batch) load(p *pending) error {
	if b.fresh[p.key.hash] == p {
		return nil
	}
	r := b.s.reader()
	defer r.close()
	id := quarterOf(int64(p.key.sec))
	rec, err := r.record(id, p.entry.seq)
	if err != nil {
		return err
	}
	if p.mention, err = decodeMention(rec); err != nil {
		return err
	}
	b.erase[id] = append(b.erase[id], p.entry.seq)
	b.add(p)
	return nil
}

// change makes what the mention said a version of it, and counts it by what
// it says now. The first date and the first sight stay.
func (b *batch) change(p *pending, m *puskaradio.Mention, d uint32) error {
	if err := b.load(p); err != nil {
		return err
	}
	old := p.mention
	was := tallyOf(p.entry)
	now := *m
	now.Published, now.DateFrom, now.FirstSeen = old.Published, old.DateFrom, old.FirstSeen
	now.Versions, now.Story = old.Versions, old.Story
	if old.Title != m.Title || old.Text != m.Text || !sameRating(old.Rating, m.Rating) {
		const most = 50 // an author who edits more often than that is not followed further back
		now.Versions = append(now.Versions, puskaradio.Version{Title: old.Title, Text: old.Text, Rating: old.Rating, Until: m.FirstSeen})
		now.Versions = now.Versions[max(0, len(now.Versions)-most):]
	}
	p.mention = now
	p.entry.digest = d
	p.entry.flags &^= flagDeleted
	if p.entry.flags&flagCorrected == 0 {
		p.entry.setScore(now.Verdict())
	}
	p.entry.setRating(now.Rating)
	b.recount(p, was, old.FirstSeen)
	return b.flag(p, m)
}

func sameRating(a, b *puskaradio.Rating) bool {
	// As they are stored: 4.6667 was kept as 4.667.
	return bytes.Equal(appendRating(nil, a), appendRating(nil, b))
}

func (b *batch) recount(p *pending, was tally, seen time.Time) {
	if is := tallyOf(p.entry); is != was {
		b.count(p, seen, was.minus())
		b.count(p, seen, is)
	}
}

// count counts a mention in its date and, if it was recent when it was first
// seen and such hours are still kept, its hour. What was once counted is taken
// off where it was added, and nowhere else.
func (b *batch) count(p *pending, seen time.Time, t tally) {
	at := time.Unix(int64(p.key.sec), 0)
	b.counts.add(row{"r", p.key.brand, dayOf(at, b.s.zone())}, t)
	if hour := p.key.sec / 3600; seen.Sub(at) < hourSpan && hour >= keptFrom(b.tx) {
		b.counts.add(row{"h", p.key.brand, hour}, t)
	}
}

// flag opens a case for a mention that wants an answer, unless it has one
// that is open or was answered.
func (b *batch) flag(p *pending, m *puskaradio.Mention) error {
	switch statuses[p.entry.status] {
	case "":
		if m.Flag == "" {
			return nil
		}
	case puskaradio.Done, puskaradio.FalseAlarm:
		if m.Flag == "" {
			return nil
		}
		if err := b.logChange(p, puskaradio.Change{At: m.FirstSeen, Who: m.Source, To: puskaradio.New, Note: "edited"}); err != nil {
			return err
		}
	default:
		return nil
	}
	return setStatus(b.tx, p.key, &p.entry, statusNumber(puskaradio.New))
}

// gone marks what is deleted at the source, and closes its case.
func (b *batch) gone(c Crawl, st *Stored) error {
	for _, key := range c.Gone {
		for _, brand := range c.Brands {
			num, ok := b.s.names.number(brandName, brand)
			if !ok {
				continue
			}
			m := puskaradio.Mention{Brand: brand, Source: c.Source, Ref: key}
			k := mentionKey{brand: num, hash: m.Hash()}
			p, err := b.find(&k)
			if p == nil && err == nil || errors.Is(err, puskaradio.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if p.entry.flags&flagDeleted != 0 {
				continue
			}
			if err := b.load(p); err != nil {
				return fmt.Errorf("store: mention %q of %s: %w", key, c.Source, err)
			}
			p.entry.flags |= flagDeleted
			p.mention.State, p.mention.Gone = puskaradio.Deleted, c.Ledger.At
			st.Gone = append(st.Gone, k.id())
			if !statuses[p.entry.status].Open() {
				continue
			}
			change := puskaradio.Change{At: c.Ledger.At, Who: c.Source, To: puskaradio.Done, Note: "deleted at the source"}
			if err := b.logChange(p, change); err != nil {
				return err
			}
			if err := setStatus(b.tx, k, &p.entry, statusNumber(puskaradio.Done)); err != nil {
				return err
			}
		}
	}
	return nil
}

// recount makes the counts by date again from bucket b, for another zone.
func (s *Bolt) recount(tx *bbolt.Tx) error {
	if err := tx.DeleteBucket([]byte("r")); err != nil {
		return err
	}
	if _, err := tx.CreateBucket([]byte("r")); err != nil {
		return err
	}
	cs := counts{}
	err := tx.Bucket([]byte("b")).ForEach(func(k, v []byte) error {
		e, err := decodeEntry(v)
		if err != nil {
			return err
		}
		key := keyOfB(k)
		cs.add(row{"r", key.brand, dayOf(time.Unix(int64(key.sec), 0), s.zone())}, tallyOf(e))
		return nil
	})
	if err != nil {
		return err
	}
	return cs.write(tx)
}
