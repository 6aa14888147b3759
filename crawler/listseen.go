package crawler

import (
	"context"
	"slices"
	"time"

	"github.com/puskaradio/puskaradio"
)

// A seenItem is looked at again, or missed where it should be.
type seenItem struct {
	Ref    string `json:"ref"`
	At     int64  `json:"at"`               // Unix time of publication
	List   string `json:"list,omitempty"`   // that had it, if that has all
	Missed int    `json:"missed,omitempty"` // rounds in a row in which that had it no more
}

// see remembers an item. If they are too many the oldest is forgotten.
func (cur *listCursor) see(list string, m *puskaradio.Mention, now time.Time) {
	if m.Ref == "" || now.Sub(m.Published) > seenFor || slices.ContainsFunc(cur.Seen, func(s seenItem) bool { return s.Ref == m.Ref }) {
		return
	}
	cur.Seen = append(cur.Seen, seenItem{Ref: m.Ref, At: m.Published.Unix(), List: list})
	if len(cur.Seen) > maxSeen {
		oldest := 0
		for i := range cur.Seen {
			if cur.Seen[i].At < cur.Seen[oldest].At {
				oldest = i
			}
		}
		cur.Seen = slices.Delete(cur.Seen, oldest, oldest+1)
	}
}

// forget leaves out what is no longer recent.
func (cur *listCursor) forget(now time.Time) {
	cur.Seen = slices.DeleteFunc(cur.Seen, func(s seenItem) bool { return now.Sub(time.Unix(s.At, 0)) > seenFor })
}

// list remembers what a page of a list that has all had.
func (mark *listMark) list(p *listPage) {
	if !p.all || len(p.faults) > 0 {
		mark.Part = true
		return
	}
	for i := range p.found {
		m := &p.found[i]
		mark.Listed.add(m.Ref, 2*maxKnown)
		if sec := m.Published.Unix(); m.DateFrom == puskaradio.DatePublished && (mark.Oldest == 0 || sec < mark.Oldest) {
			mark.Oldest = sec
		}
	}
}

// missing finds what a list should have had in this round and did not, for the
// second time in a row: as items move while a list is read, one may slip by.
func (cur *listCursor) missing(list string, mark *listMark, end, dated bool) (gone []string) {
	for i := range cur.Seen {
		s := &cur.Seen[i]
		switch {
		case s.List != list:
		case mark.Listed.knows(s.Ref):
			s.Missed = 0
		case end || dated && mark.Oldest > 0 && s.At > mark.Oldest:
			if s.Missed++; s.Missed >= maxMissed {
				gone = append(gone, s.Ref)
			}
		}
	}
	cur.drop(gone)
	return gone
}

// drop forgets items.
func (cur *listCursor) drop(refs []string) {
	cur.Seen = slices.DeleteFunc(cur.Seen, func(s seenItem) bool { return slices.Contains(refs, s.Ref) })
	if cur.Turn %= max(len(cur.Seen), 1); len(cur.Seen) == 0 {
		cur.Turn = 0
	}
}

// lookAgain asks for some of the items that were seen, in turn.
func (cur *listCursor) lookAgain(ctx context.Context, c *Client, q Query, o looker, again int, p *Page) error {
	n := min(again, o.batch(), len(cur.Seen))
	refs := make([]string, n)
	for i := range refs {
		refs[i] = cur.Seen[(cur.Turn+i)%len(cur.Seen)].Ref
	}
	cur.Turn = (cur.Turn + n) % len(cur.Seen) // also where they cannot be asked for
	found, gone, err := o.look(ctx, c, q, refs)
	if err != nil {
		return err
	}
	cur.own(nil, found)
	p.Mentions, p.Gone = once(found), gone
	cur.drop(gone)
	return nil
}
