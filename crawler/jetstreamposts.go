package crawler

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

// take is told of an event.
func (l *jetstreamListener) take(e jetstreamEvent, at time.Time) (bool, error) {
	if e.leaves != "" {
		return l.leave(e.leaves), nil
	}
	if e.fault != nil {
		if len(l.page.Faults) < 100 {
			l.page.Faults = append(l.page.Faults, fmt.Errorf("stream: %w", e.fault))
		}
	}
	if e.Time <= 0 || time.UnixMicro(e.Time).After(at.Add(time.Hour)) {
		return l.due(at), nil // it would lead the cursor astray
	}
	if l.asked != 0 {
		if e.Seq < l.asked { // what we asked for is in its future, or it does not count any more
			l.cur.Seq = 0
			l.cur.Time -= rewind.Microseconds()
			return false, errCounterReset
		}
		if e.Seq == l.asked {
			return false, nil // the last that was heard
		}
	}
	l.asked = 0
	if e.Time < l.from {
		return false, nil
	}
	l.cur.Seq, l.cur.Time = e.Seq, max(l.cur.Time, e.Time)
	if a := e.Account; a != nil && a.Active != nil && !*a.Active && e.Kind == "account" { // deleted, or not shown any more
		return l.leave(e.DID) || l.due(at), nil
	}
	if e.ref == "" || e.fault != nil {
		return l.due(at), nil
	}
	known := l.cur.Kept.knows(e.ref)
	if !known && !e.named {
		return l.due(at), nil
	}
	if !l.settle(&e, known) {
		return l.due(at), nil
	}
	l.keep(&e, at, known)
	return true, nil
}

// settle notes the revision of a post, and reports whether it is newer than
// the one that is known.
func (l *jetstreamListener) settle(e *jetstreamEvent, known bool) bool {
	s := l.cur.Settled
	if known {
		i := slices.IndexFunc(s, func(s settled) bool { return s.Ref == e.ref })
		if i >= 0 && e.Commit.Rev <= s[i].Rev {
			return false
		}
		if i >= 0 {
			s = slices.Delete(s, i, i+1)
		}
	}
	l.cur.Settled = append(s[max(0, len(s)-maxSettled+1):], settled{e.ref, e.Commit.Rev})
	return true
}

// keep puts a post into the page, or takes it back.
func (l *jetstreamListener) keep(e *jetstreamEvent, at time.Time, known bool) {
	r := e.Commit.Record
	if !e.named || strings.TrimSpace(*r.Text) == "" || l.o.unwanted(r.Labels.Values) || !l.o.speaks(r) {
		if known { // it does not name a brand any more, or is gone
			l.page.Mentions = slices.DeleteFunc(l.page.Mentions, func(m puskaradio.Mention) bool { return m.Ref == e.ref })
			l.page.Gone = append(l.page.Gone, e.ref)
		}
		return
	}
	l.cur.Kept.add(e.ref, maxHeard)
	l.page.Gone = slices.DeleteFunc(l.page.Gone, func(ref string) bool { return ref == e.ref })
	m := puskaradio.Mention{Ref: e.ref, URL: postURL(e.DID, e.ref), Author: e.DID}
	q := l.q
	q.Now = at.UTC()
	r.fill(&m, time.UnixMicro(e.Time).UTC(), q.Now)
	stamp(q, puskaradio.Social, &m)
	l.page.Mentions = append(l.page.Mentions, m)
}

// leave takes back what an account has written.
func (l *jetstreamListener) leave(did string) (some bool) {
	prefix := "at://" + did + "/"
	l.page.Mentions = slices.DeleteFunc(l.page.Mentions, func(m puskaradio.Mention) bool { return strings.HasPrefix(m.Ref, prefix) })
	l.cur.Settled = slices.DeleteFunc(l.cur.Settled, func(s settled) bool {
		if !strings.HasPrefix(s.Ref, prefix) {
			return false
		}
		l.page.Gone = append(l.page.Gone, s.Ref)
		some = true
		return true
	})
	return some
}

// name puts the names of authors into the page, and takes out those who ask
// for it. It reports whether some are still being looked up.
func (l *jetstreamListener) name(now time.Time) (waits bool) {
	if l.who == nil {
		return false
	}
	var left []string
	for i := range l.page.Mentions {
		m := &l.page.Mentions[i]
		did, _, _ := strings.Cut(strings.TrimPrefix(m.Ref, "at://"), "/")
		who, known, wait := l.who.look(did, now)
		waits = waits || wait && !known
		if who.leaves {
			left = append(left, did)
		} else if who.handle != "" {
			m.Author, m.URL = who.handle, postURL(who.handle, m.Ref)
		}
	}
	for _, did := range left {
		l.leave(did)
	}
	if err := l.who.failed(); err != nil {
		l.page.Faults = append(l.page.Faults, fmt.Errorf("stream: %w", err))
	}
	return waits
}

// speaks reports whether a post is in the language that is wanted.
func (o *bluesky) speaks(r *blueskyRecord) bool {
	return o.Lang == "" || slices.ContainsFunc(r.Langs, func(s string) bool { return langCode(s) == langCode(o.Lang) })
}

// due reports whether the cursor is to be kept though nothing else is.
func (l *jetstreamListener) due(at time.Time) bool {
	if l.kept.IsZero() {
		l.kept = at
	}
	return at.Sub(l.kept) >= keepCursor
}

// flush emits the page. It would rather wait for the names of authors.
func (l *jetstreamListener) flush(must bool) (bool, error) {
	if l.name(time.Now()) && !must && len(l.page.Mentions) < maxUnnamed {
		return false, nil
	}
	p := l.page
	l.page, l.kept = Page{}, time.Time{}
	if err := p.setCursor(&l.cur); err != nil {
		return false, err
	}
	return true, l.emit(p)
}
