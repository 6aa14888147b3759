package crawler

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"time"

	"github.com/puskaradio/puskaradio"
)

const (
	maxListPages = 50                 // pages of one list in a round, unless its kind says less
	maxLists     = 50                 // lists of a round; of more the others come in the next
	maxAllKnown  = 20_000             // versions that are remembered of all lists together
	maxRecheck   = 20                 // items that are looked at again in a round, one by one
	maxSeen      = 200                // items whose deletion is noticed
	seenFor      = 7 * 24 * time.Hour // and for how long after they were published
	maxMissed    = 2                  // rounds in a row that an item is missing, until it was deleted
)

// A lister is a kind that consists of lists, the newest item first: answers to
// searches, reviews of products, comments of a channel. [readLists] walks them.
type lister interface {
	// lists are the names of the lists of a round. A name is stable.
	lists(q Query) []string
	// page reads one page of a list.
	page(ctx context.Context, c *Client, q Query, at place) (listPage, error)
}

// A looker is a lister that can ask for single items again, to see what was
// edited or deleted.
type looker interface {
	// batch is the most items of one call.
	batch() int
	// look asks for items by their reference. What is neither found nor gone
	// is left as it was.
	look(ctx context.Context, c *Client, q Query, refs []string) (found []puskaradio.Mention, gone []string, err error)
}

// A place is a page of a list.
type place struct {
	list  string
	token string    // as the page before named this one; empty is the first
	since time.Time // all that is older has been read; zero if nothing was
	// answered reports whether an answer of ours is known by its name.
	answered func(by string) bool
}

// A listPage is what a page of a list holds.
type listPage struct {
	found  []puskaradio.Mention // each with its Ref
	gone   []string
	faults []error
	owners []listOwner // answers of ours that the page has
	shown  []puskaradio.Shown
	next   string // names the next page; empty on the last
	// unsorted says that the newest need not be first, so that a page without
	// news is followed by the next.
	unsorted bool
	// all says that the list has all that there is, so that what it should
	// have and does not is deleted: all between its newest and its oldest item
	// if it is dated, else all if it was read to its end.
	all bool
	// dated says that the items are in the order of their publication.
	dated bool
}

// A listCursor is how far the lists were read.
type listCursor struct {
	From   int                  `json:"from,omitempty"`   // the list that this round began with
	List   int                  `json:"list,omitempty"`   // that is read now, counted from there
	Name   string               `json:"name,omitempty"`   // of that list, once a page of it was read
	Token  string               `json:"token,omitempty"`  // of its next page
	Read   int                  `json:"read,omitempty"`   // its pages in this round
	Fresh  bool                 `json:"fresh,omitempty"`  // of these, one brought something new
	Failed int                  `json:"failed,omitempty"` // lists of this round
	Lists  map[string]*listMark `json:"lists,omitempty"`
	Seen   []seenItem           `json:"seen,omitempty"` // the newest last
	Turn   int                  `json:"turn,omitempty"` // of Seen
	Owners []listOwner          `json:"owners,omitempty"`

	looks bool // items can be looked at again
}

// A listMark is what is remembered of a list.
type listMark struct {
	Known  marks `json:"known,omitzero"` // versions of items
	Depth  int   `json:"depth,omitempty"`
	Newest int64 `json:"newest,omitempty"` // Unix time of the newest item
	Begin  int64 `json:"begin,omitempty"`  // Newest when the round of this list began
	Rounds int   `json:"rounds,omitempty"` // for lists that have all that there is, to read deep at times

	// Of this round, for such lists:
	Listed marks `json:"listed,omitzero"`  // refs
	Oldest int64 `json:"oldest,omitempty"` // Unix time of the oldest item
	Part   bool  `json:"part,omitempty"`   // a page did not have all
}

// readLists reads the next page of a round. A round goes through the lists one
// by one, in each until a page brings nothing new. As items move up when others
// are deleted meanwhile, and one can slip by at the border of two pages, a
// round that brought something is followed by one that reads as far. A list
// that cannot be read is a fault; if none can, or it wants a login, it is an
// error. After the lists come items that are looked at again, as many as again
// says.
func readLists(ctx context.Context, c *Client, q Query, o lister, pages, again int) (Page, error) {
	var cur listCursor
	if err := readCursor(q, &cur); err != nil {
		return Page{}, err
	}
	if cur.Lists == nil {
		cur.Lists = map[string]*listMark{}
	}
	all := o.lists(q)
	if len(all) == 0 {
		return Page{}, &puskaradio.PermanentError{Err: errors.New("no brand whose names could be searched for")}
	}
	lists := cur.turnOf(all)
	looks, isLooker := o.(looker)
	cur.looks = isLooker && again > 0
	if cur.List > len(lists) || cur.List == len(lists) && (!cur.looks || len(cur.Seen) == 0) {
		cur.List, cur.Failed = 0, 0 // there are fewer than there were
	}
	var p Page
	var err error
	if cur.List < len(lists) {
		err = cur.readList(ctx, c, q, o, lists, min(cmp.Or(pages, maxListPages), maxListPages), &p)
	} else {
		if err = cur.lookAgain(ctx, c, q, looks, again, &p); err != nil {
			if _, wait := errors.AsType[*puskaradio.RetryError](err); wait || ctx.Err() != nil {
				return Page{}, err
			}
			p.Faults = append(p.Faults, err)
		}
		cur.end(all)
		return p, p.setCursor(&cur)
	}
	if err != nil {
		return Page{}, err
	}
	if p.More = cur.List < len(lists); !p.More {
		if cur.forget(q.Now); cur.looks && len(cur.Seen) > 0 {
			p.More = true
		} else {
			cur.end(all)
		}
	}
	return p, p.setCursor(&cur)
}

// turnOf are the lists of a round, and all of the others are forgotten that no
// longer exist.
func (cur *listCursor) turnOf(all []string) []string {
	there := make(map[string]bool, len(all))
	for _, name := range all {
		there[name] = true
	}
	for name := range cur.Lists {
		if !there[name] {
			delete(cur.Lists, name)
		}
	}
	if cur.From %= len(all); len(all) <= maxLists {
		cur.From = 0
		return all
	}
	return append(slices.Clone(all[cur.From:]), all[:cur.From]...)[:maxLists]
}

// end ends a round.
func (cur *listCursor) end(all []string) {
	cur.List, cur.Failed = 0, 0
	cur.From = (cur.From + maxLists) % len(all)
}

// readList reads a page of the list that is next.
func (cur *listCursor) readList(ctx context.Context, c *Client, q Query, o lister, lists []string, most int, p *Page) error {
	name := lists[cur.List]
	mark := cur.Lists[name]
	if mark == nil {
		mark = &listMark{}
		cur.Lists[name] = mark
	}
	if cur.Name != name { // it is its turn, or lists came and went meanwhile
		cur.Name, cur.Token, cur.Read, cur.Fresh = name, "", 0, false
	}
	if cur.Read == 0 {
		mark.Begin, mark.Listed, mark.Oldest, mark.Part = mark.Newest, marks{}, 0, false
	}
	at := place{list: name, token: cur.Token, answered: cur.answered}
	if mark.Begin > 0 {
		at.since = time.Unix(mark.Begin, 0).UTC()
	}
	got, err := o.page(ctx, c, q, at)
	if err != nil {
		_, wait := errors.AsType[*puskaradio.RetryError](err)
		if cur.Failed++; wait || ctx.Err() != nil || StateOf(err) == StateLogin || cur.Failed >= len(lists) {
			return err
		}
		p.Faults = append(p.Faults, err)
		cur.next()
		return nil
	}
	cur.own(got.owners, got.found)
	p.Mentions, p.Gone, p.Faults, p.Shown = once(got.found), got.gone, got.faults, got.shown
	fresh := false
	known := min(maxKnown, max(maxAllKnown/max(len(cur.Lists), 1), 20))
	for i := range p.Mentions {
		m := &p.Mentions[i]
		if mark.Known.add(versionOf(m), known) {
			fresh = true
			switch {
			case got.all:
				cur.see(name, m, q.Now)
			case cur.looks:
				cur.see("", m, q.Now)
			}
		}
		if sec := m.Published.Unix(); m.DateFrom == puskaradio.DatePublished && m.Published.Before(q.Now) {
			mark.Newest = max(mark.Newest, sec)
		}
	}
	mark.list(&got)
	cur.Read++
	cur.Fresh = cur.Fresh || fresh
	deep := got.unsorted || got.all && mark.Rounds%deepEvery == 0
	if got.next != "" && got.next != cur.Token && cur.Read < most && (fresh || deep || cur.Read < mark.Depth) {
		cur.Token = got.next
		return nil
	}
	if got.all && !mark.Part {
		p.Gone = append(p.Gone, cur.missing(name, mark, got.next == "", got.dated)...)
	}
	if mark.Listed, mark.Oldest = (marks{}), 0; got.all {
		mark.Rounds = (mark.Rounds + 1) % deepEvery
	}
	mark.Depth = 0
	if cur.Fresh {
		mark.Depth = cur.Read
	}
	cur.next()
	return nil
}

// next goes on to the next list.
func (cur *listCursor) next() {
	cur.List, cur.Name, cur.Token, cur.Read, cur.Fresh = cur.List+1, "", "", 0, false
}

// versionOf names what a mention says now.
func versionOf(m *puskaradio.Mention) string {
	h := fnv.New64a()
	for _, s := range []string{m.Title, m.Text} {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	if m.Rating != nil {
		fmt.Fprint(h, m.Rating.Value)
	}
	if m.Owner != nil {
		fmt.Fprint(h, m.Owner.Text)
	}
	return m.Key() + "\x00" + strconv.FormatUint(h.Sum64(), 36)
}

// maxName is how many bytes of a name are searched for.
const maxName = 100

// namesInTurn are the names that one round searches for, of many another part
// in each: from says where it begins.
func namesInTurn(q Query, from int) (names []string) {
	all := brandNames(q)
	for i := range min(len(all), maxSearches) {
		names = append(names, all[(from+i)%len(all)])
	}
	return names
}

// brandNames are the names of the brands that are asked for, each once.
func brandNames(q Query) (out []string) {
	seen := map[string]bool{}
	for _, b := range q.Brands {
		for _, name := range b.Names() {
			if name = foldText(name, maxName); name != "" && !seen[name] {
				seen[name] = true
				out = append(out, name)
			}
		}
	}
	return out
}
