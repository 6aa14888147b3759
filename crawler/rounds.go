package crawler

import (
	"fmt"
	"slices"
)

// A reviewsCursor is the position in a round, and what is remembered from
// round to round.
type reviewsCursor struct {
	Round int              `json:"round"`
	Queue []queuedPage     `json:"queue,omitempty"` // to be read in this round, before the pages of the sitemap
	Seen  marks            `json:"seen,omitzero"`   // pages that are or were in the queue of this round
	Told  marks            `json:"told,omitzero"`   // reviews of this round that a next page was to follow
	Known marks            `json:"known,omitzero"`  // the same of any round, the newest last
	Chain int              `json:"chain,omitempty"` // pages read since one of the sitemap, with it
	Lists map[string]*list `json:"lists,omitempty"` // by where they start; of the sitemap by ""
	Maps  sweep            `json:"maps,omitzero"`
}

// A queuedPage is a page or a sitemap that is to be read.
type queuedPage struct {
	URL  string `json:"url"`
	From string `json:"from,omitempty"` // where its list starts; empty is the sitemap
	Map  bool   `json:"map,omitempty"`  // it is a sitemap itself
}

// first reports whether a page is the start of its list.
func (n queuedPage) first() bool { return n.URL == n.From }

// A list is a start and all that is reached from it.
type list struct {
	Valid  Validator `json:"valid,omitzero"`   // of its first page
	Had    bool      `json:"had,omitempty"`    // there were reviews, once
	Empty  int       `json:"empty,omitempty"`  // rounds in a row that brought none
	Broken bool      `json:"broken,omitempty"` // a later page could not be read: the next round goes deep

	// In this round:
	Read   int  `json:"read,omitempty"`   // pages
	Found  int  `json:"found,omitempty"`  // reviews
	Deep   bool `json:"deep,omitempty"`   // goes on where nothing is new
	Failed bool `json:"failed,omitempty"` // its first page could not be read
	Quiet  bool `json:"quiet,omitempty"`  // says nothing about whether it still has reviews
}

// begin starts a round.
func (r *reviews) begin(cur *reviewsCursor, q Query) {
	cur.Round++
	cur.Queue, cur.Seen, cur.Told = nil, marks{}, marks{}
	old := cur.Lists
	cur.Lists = map[string]*list{} // starts that are no longer configured are forgotten
	keep := func(start string) {
		l := old[start]
		if l == nil {
			l = new(list)
		}
		cur.Lists[start] = &list{Valid: l.Valid, Had: l.Had, Empty: l.Empty, Deep: l.Broken || cur.Round%deepEvery == 0}
	}
	for _, u := range r.starts() {
		keep(u)
		cur.push(queuedPage{URL: u, From: u}, false)
	}
	if r.Sitemap != "" {
		keep("")
		cur.Maps.begin(r.Sitemap, r.MaxPages, q.Now)
		cur.push(queuedPage{URL: r.Sitemap, Map: true}, false)
	}
}

// next takes the page that is to be read now. The pages of the sitemap come
// last. There may be none, though one was waiting.
func (cur *reviewsCursor) next() (n queuedPage, ok bool) {
	if len(cur.Queue) > 0 {
		n, cur.Queue = cur.Queue[0], cur.Queue[1:]
		return n, true
	}
	for len(cur.Maps.Picks) > 0 {
		if u := cur.Maps.pop(); !cur.Seen.knows(pageOf(u)) {
			cur.Told, cur.Chain = marks{}, 0 // nothing leads from one page of a sitemap to another
			return queuedPage{URL: u}, true
		}
	}
	return n, false
}

// waits reports whether a page is still to be read in this round.
func (cur *reviewsCursor) waits() bool { return len(cur.Queue)+len(cur.Maps.Picks) > 0 }

// push puts a page into the queue unless it was there before in this round.
func (cur *reviewsCursor) push(n queuedPage, front bool) {
	if len(cur.Queue) >= maxQueue || !cur.Seen.add(pageOf(n.URL), 2*maxQueue) {
		return
	}
	if front {
		cur.Queue = slices.Insert(cur.Queue, 0, n)
	} else {
		cur.Queue = append(cur.Queue, n)
	}
}

// end closes a round, and says where the layout must have changed.
func (r *reviews) end(cur *reviewsCursor, p *Page) {
	cur.Seen, cur.Told = marks{}, marks{}
	for _, start := range r.starts() {
		switch l := cur.Lists[start]; {
		case l.Found > 0:
			l.Had, l.Empty = true, 0
		case l.Had && !l.Quiet && !l.Failed:
			if l.Empty++; l.Empty >= emptyRuns {
				p.Faults = append(p.Faults, fmt.Errorf("page %s: layout changed: no review in %d rounds where there were some", redactText(start), l.Empty))
			}
		}
	}
}
