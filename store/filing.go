package store

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/puskaradio/puskaradio"
)

// A filing is what one transaction files. It knows the rules, which are the
// same in every engine: what is new, the same, edited or gone, how it counts
// and what wants an answer.
type filing struct {
	shelf  shelf
	zone   *time.Location
	counts counts
	fresh  map[uint64]*pending // by hash: what this transaction writes
	order  []*pending
	made   []mentionKey // what is new
}

// A shelf is where an engine keeps mentions, as one transaction sees it.
type shelf interface {
	pseudonyms() Pseudonyms
	// isErased reports whether nothing is to be taken of an author.
	isErased(source, author string) bool
	// name gives the number of a name, a new one if it must; number reports
	// false where there is none.
	name(kind, name string) (uint32, error)
	number(kind, name string) (uint32, bool)
	// stored gives what is kept of a mention, and sets the second that it is
	// filed under. It is nil if there is none, and puskaradio.ErrNotFound an error if
	// it was forgotten.
	stored(k *mentionKey) (*pending, error)
	// text reads what a mention says, to be written anew.
	text(p *pending) (puskaradio.Mention, error)
	// logChange writes down a step of a case, setStatus moves it in the inbox.
	logChange(p *pending, c puskaradio.Change) error
	setStatus(p *pending, status byte) error
	// keptFrom is the first hour whose counts are kept.
	keptFrom() uint32
}

// A pending is a mention whose text is to be written.
type pending struct {
	key     mentionKey
	entry   entry
	mention puskaradio.Mention
	doc     document // on bbolt
	seq     int64    // on PostgreSQL: of its text
}

// mention files what is new, and makes a version of what has changed.
func (f *filing) mention(m *puskaradio.Mention, st *Stored) error {
	if f.shelf.isErased(m.Source, m.Author) {
		st.Same++
		return nil
	}
	brand, err := f.shelf.name(brandName, m.Brand)
	if err != nil {
		return err
	}
	source, err := f.shelf.name(sourceName, m.Source)
	if err != nil {
		return err
	}
	k := mentionKey{brand: brand, sec: uint32(m.Published.Unix())}
	m, known, err := f.known(m, &k)
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
		f.add(p)
		f.made = append(f.made, k)
		f.count(p, m.FirstSeen, tallyOf(p.entry))
		st.New = append(st.New, k.id())
		return f.flag(p, m)
	case known.entry.digest == d && known.entry.flags&flagDeleted == 0:
		st.Same++
		return nil
	}
	st.Changed = append(st.Changed, k.id())
	return f.change(known, m, d)
}

// known finds a mention under its key, or under that which it has where its
// author goes by the other of name and pseudonym. It gives the mention with the
// key that it is kept under, and puts that into k.
func (f *filing) known(m *puskaradio.Mention, k *mentionKey) (*puskaradio.Mention, *pending, error) {
	k.hash = m.Hash()
	p, err := f.find(k)
	if p != nil || err != nil {
		return m, p, err
	}
	other, ok := f.shelf.pseudonyms().other(m)
	if !ok {
		return m, nil, nil
	}
	was := *k
	was.hash = other.Hash()
	if p, err = f.find(&was); p == nil && err == nil {
		return m, nil, nil
	}
	*k = was
	return &other, p, err
}

// find gives the pending or stored mention of a key, and sets the second that
// it is filed under. It is nil if there is none.
func (f *filing) find(k *mentionKey) (*pending, error) {
	if p := f.fresh[k.hash]; p != nil {
		k.sec = p.key.sec
		return p, nil
	}
	return f.shelf.stored(k)
}

func (f *filing) add(p *pending) {
	if f.fresh[p.key.hash] == nil {
		f.order = append(f.order, p)
		f.fresh[p.key.hash] = p
	}
}

// load reads the text of what was found, so that it can be written anew.
func (f *filing) load(p *pending) (err error) {
	if f.fresh[p.key.hash] == p {
		return nil
	}
	if p.mention, err = f.shelf.text(p); err != nil {
		return err
	}
	f.add(p)
	return nil
}

// change makes what the mention said a version of it, and counts it by what
// it says now. The first date and the first sight stay.
func (f *filing) change(p *pending, m *puskaradio.Mention, d uint32) error {
	if err := f.load(p); err != nil {
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
	f.recount(p, was, old.FirstSeen)
	return f.flag(p, m)
}

func sameRating(a, b *puskaradio.Rating) bool {
	// As they are stored: 4.6667 was kept as 4.667.
	return bytes.Equal(appendRating(nil, a), appendRating(nil, b))
}

func (f *filing) recount(p *pending, was tally, seen time.Time) {
	if is := tallyOf(p.entry); is != was {
		f.count(p, seen, was.minus())
		f.count(p, seen, is)
	}
}

// count counts a mention in its date and, if it was recent when it was first
// seen and such hours are still kept, its hour. What was once counted is taken
// off where it was added, and nowhere else.
func (f *filing) count(p *pending, seen time.Time, t tally) {
	at := time.Unix(int64(p.key.sec), 0)
	f.counts.add(row{"r", p.key.brand, dayOf(at, f.zone)}, t)
	if hour := p.key.sec / 3600; seen.Sub(at) < hourSpan && hour >= f.shelf.keptFrom() {
		f.counts.add(row{"h", p.key.brand, hour}, t)
	}
}

// flag opens a case for a mention that wants an answer, unless it has one
// that is open or was answered.
func (f *filing) flag(p *pending, m *puskaradio.Mention) error {
	switch statuses[p.entry.status] {
	case "":
		if m.Flag == "" {
			return nil
		}
	case puskaradio.Done, puskaradio.FalseAlarm:
		if m.Flag == "" {
			return nil
		}
		if err := f.shelf.logChange(p, puskaradio.Change{At: m.FirstSeen, Who: m.Source, To: puskaradio.New, Note: "edited"}); err != nil {
			return err
		}
	default:
		return nil
	}
	return f.shelf.setStatus(p, statusNumber(puskaradio.New))
}

// gone marks what is deleted at the source, and closes its case.
func (f *filing) gone(c Crawl, st *Stored) error {
	for _, key := range c.Gone {
		for _, brand := range c.Brands {
			num, ok := f.shelf.number(brandName, brand)
			if !ok {
				continue
			}
			k := mentionKey{brand: num}
			_, p, err := f.known(&puskaradio.Mention{Brand: brand, Source: c.Source, Ref: key}, &k)
			if p == nil && err == nil || errors.Is(err, puskaradio.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if p.entry.flags&flagDeleted != 0 {
				continue
			}
			if err := f.load(p); err != nil {
				return fmt.Errorf("store: mention %q of %s: %w", key, c.Source, err)
			}
			p.entry.flags |= flagDeleted
			p.mention.State, p.mention.Gone = puskaradio.Deleted, c.Ledger.At
			st.Gone = append(st.Gone, k.id())
			if !statuses[p.entry.status].Open() {
				continue
			}
			change := puskaradio.Change{At: c.Ledger.At, Who: c.Source, To: puskaradio.Done, Note: "deleted at the source"}
			if err := f.shelf.logChange(p, change); err != nil {
				return err
			}
			if err := f.shelf.setStatus(p, statusNumber(puskaradio.Done)); err != nil {
				return err
			}
		}
	}
	return nil
}

// crawl files what a crawl brought.
func (f *filing) crawl(c Crawl) (st Stored, err error) {
	for i := range c.Mentions {
		if err := f.mention(&c.Mentions[i], &st); err != nil {
			return st, fmt.Errorf("store: mention %q of %s: %w", c.Mentions[i].Key(), c.Mentions[i].Source, err)
		}
	}
	return st, f.gone(c, &st)
}

// correct puts a person's verdict, or none, beside the scorer's.
func (f *filing) correct(p *pending, rec *caseRecord, score *puskaradio.Score) {
	m := p.mention
	m.Corrected, rec.Corrected = score, score
	was := tallyOf(p.entry)
	p.entry.flags &^= flagCorrected
	if score != nil {
		p.entry.flags |= flagCorrected
	}
	p.entry.setScore(m.Verdict())
	f.recount(p, was, m.FirstSeen)
}

// move takes a case a step further, adds a note to it, or takes its last change
// back; it reports false where that is not the last one any more, and where the
// change was made before.
func (rec *caseRecord) move(was puskaradio.Status, c puskaradio.Change, until time.Time) bool {
	n, undo := len(rec.Changes), !c.Undoes.IsZero()
	if undo && (n == 0 || !rec.Changes[n-1].At.Equal(c.Undoes) || rec.Changes[n-1].Who != c.Who) {
		return false
	}
	if !puskaradio.Settled(rec.Changes, &c) {
		return false
	}
	if c.Once != "" && slices.ContainsFunc(rec.Changes, func(had puskaradio.Change) bool { return had.Once == c.Once }) {
		return false
	}
	c.Aside = c.To == was && !undo
	rec.Changes = append(rec.Changes, c)
	if !c.Aside || !until.IsZero() {
		rec.Until = until
	}
	switch {
	case undo:
		rec.Who = c.For
	case c.Aside:
	case c.To == puskaradio.Claimed, c.To == puskaradio.Answered:
		rec.Who = c.Who
	case c.To == puskaradio.New:
		rec.Who = ""
	}
	return true
}

// addCoverage gives a line of the ledger with another added to it. The last fetch
// says its state.
func addCoverage(have, c puskaradio.Coverage) puskaradio.Coverage {
	c.Fetches += have.Fetches
	c.Failed += have.Failed
	c.Items += have.Items
	c.New += have.New
	c.Faults += have.Faults
	if c.Problem == "" && c.State == "ok" && c.Faults > 0 {
		c.Problem = have.Problem // what could not be read this hour
	}
	return c
}
