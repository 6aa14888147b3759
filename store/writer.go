package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/puskaradio/puskaradio/internal/fault"
)

// A write is something to do in the next transaction. After an error, its own
// or another's, that transaction is given up, and it is done again in one of
// its own: do starts afresh each time.
type write struct {
	size  int // mentions
	do    func(b *batch) error
	alone func() error // instead of do: outside of a transaction, while nobody writes
	done  chan error
}

// maxGroup is how many mentions one transaction takes.
const maxGroup = 1000

// update does a write together with those that wait, and returns when it is
// on the disk.
func (s *Bolt) update(ctx context.Context, size int, do func(b *batch) error) error {
	return s.send(ctx, &write{size: size, do: do, done: make(chan error, 1)})
}

// exclusive does something while nobody writes.
func (s *Bolt) exclusive(ctx context.Context, do func() error) error {
	return s.send(ctx, &write{alone: do, done: make(chan error, 1)})
}

func (s *Bolt) send(ctx context.Context, w *write) error {
	select {
	case <-s.closed:
		return errClosed
	default:
	}
	select {
	case s.writes <- w:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closed:
		return errClosed
	}
	select {
	case err := <-w.done: // not ctx: what was begun is waited for
		return err
	case <-s.ended:
		select {
		case err := <-w.done:
			return err
		default: // it came too late
			return errClosed
		}
	}
}

// writer is the one goroutine that writes. What came while the disk was busy
// shares the next transaction.
func (s *Bolt) writer() {
	defer close(s.ended)
	for {
		var group []*write
		select {
		case w := <-s.writes:
			group = append(group, w)
		case <-s.closed:
			for {
				select {
				case w := <-s.writes:
					w.done <- errClosed
				default:
					return
				}
			}
		}
		size := group[0].size
		var alone *write
		if group[0].alone != nil {
			group, alone = nil, group[0]
		}
	more:
		for size < maxGroup && alone == nil {
			select {
			case w := <-s.writes:
				if w.alone != nil {
					alone = w
					break more
				}
				group, size = append(group, w), size+w.size
			default:
				break more
			}
		}
		if len(group) > 0 {
			err := s.commit(group)
			for _, w := range group {
				if err != nil && len(group) > 1 { // it may be the fault of another
					w.done <- s.commit([]*write{w})
				} else {
					w.done <- err
				}
			}
		}
		if alone != nil {
			alone.done <- alone.alone()
		}
	}
}

// A batch is a transaction on its way.
type batch struct {
	filing
	s     *Bolt
	tx    *bbolt.Tx
	erase map[uint16][]uint32 // records that are out of date, by quarter
	named []string            // kinds and names that are new
	wake  bool
}

func (s *Bolt) commit(group []*write) (err error) {
	tx, err := s.main.Begin(true)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	b := &batch{s: s, tx: tx, erase: map[uint16][]uint32{}}
	b.filing = filing{shelf: b, zone: s.zone(), counts: counts{}, fresh: map[uint64]*pending{}}
	unsure := false
	defer func() {
		if err != nil {
			_ = tx.Rollback() // the error that counts is on its way
			s.names.forget(b.named)
		}
		if unsure { // bbolt may have written it, and fail to sync: what is in memory must be what it reads now
			err = errors.Join(err, s.main.View(s.remember))
		}
	}()
	for _, w := range group {
		if err := w.do(b); err != nil {
			return err
		}
	}
	touched, err := b.writeTexts()
	if err != nil {
		return err
	}
	fault.Point("store: before commit")
	for _, p := range b.order {
		p.entry.author = s.markOf(s.names.of(sourceName, p.entry.source), p.mention.Author)
		if err := tx.Bucket([]byte("b")).Put(p.key.b(), p.entry.encode()); err != nil {
			return err
		}
	}
	if err := b.counts.write(tx); err != nil {
		return err
	}
	if err := s.refs.add(tx, refsOf(b.made)); err != nil {
		return err
	}
	for id := range b.erase {
		if err := markStale(tx, id); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		unsure = true
		return fmt.Errorf("store: commit: %w", err)
	}
	fault.Point("store: after commit")
	if b.wake {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
	s.after(touched, b.erase)
	return nil
}

// writeTexts puts the texts into their quarters, before anything points to
// them.
func (b *batch) writeTexts() ([]*quarter, error) {
	byQuarter := map[uint16][]*pending{}
	for _, p := range b.order {
		id := quarterOf(int64(p.key.sec))
		byQuarter[id] = append(byQuarter[id], p)
	}
	var touched []*quarter
	for id, ps := range byQuarter {
		q, err := b.s.quarter(id, true)
		if err != nil {
			return nil, err
		}
		slices.SortStableFunc(ps, func(x, y *pending) int { return cmp.Compare(x.key.brand, y.key.brand) })
		docs := make([]*document, len(ps))
		for i, p := range ps {
			m := &p.mention
			p.doc = document{
				brand: p.key.brand, sec: p.key.sec,
				record: appendMention(make([]byte, 0, len(m.Text)+256), m),
				text:   indexed(m),
			}
			docs[i] = &p.doc
		}
		if err := q.appendDocs(docs, &b.s.builder); err != nil {
			return nil, fmt.Errorf("store: %s: %w", quarterFile(id), err)
		}
		for _, p := range ps {
			p.entry.seq = p.doc.seq
		}
		touched = append(touched, q)
	}
	fault.Point("store: texts written")
	return touched, nil
}

// after tidies what the commit has left: texts that were replaced, and
// segments that want merging. Nothing is lost if it does not come to it.
func (s *Bolt) after(touched []*quarter, erase map[uint16][]uint32) {
	for id, seqs := range erase {
		if q, err := s.quarter(id, false); err == nil && q != nil {
			_ = q.erase(seqs) // a text too many does no harm; Purge drops it
		}
	}
	for _, q := range touched {
		s.wg.Go(func() { _ = q.merge(s.closing) }) // tried again after the next commit
	}
}

func (s *Bolt) closing() bool {
	select {
	case <-s.closed:
		return true
	default:
		return false
	}
}
