package monitor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/internal/fault"
	"github.com/puskaradio/puskaradio/sentiment"
	"github.com/puskaradio/puskaradio/store"
)

// maxPages is how many pages one run of a crawl reads; the rest is due at once.
const maxPages = 100

// A Round is what a run of a crawl brought.
type Round struct {
	Pages, Items, New, Changed, Gone int
	Faults                           []error
}

// crawl reads a source, page by page; each page is kept before the next is
// asked for.
func (m *Monitor) crawl(ctx context.Context, j store.Job, id string) (store.Job, error) {
	_, done, err := m.Crawl(ctx, id)
	if err != nil {
		return j, err
	}
	next := j
	next.Due = time.Now()
	if done {
		next.Due = next.Due.Add(j.Every)
	}
	return next, nil
}

// Crawl reads a source of the plan now. It reports whether the source has no
// more pages.
func (m *Monitor) Crawl(ctx context.Context, id string) (r Round, done bool, err error) {
	p := m.Plan()
	var src *Source
	for i := range p.Sources {
		if p.Sources[i].ID == id {
			src = &p.Sources[i]
		}
	}
	if src == nil {
		return r, true, &puskaradio.PermanentError{Err: fmt.Errorf("source %s is not in the configuration", id)}
	}
	if src.Keep == puskaradio.Nothing {
		r, err = m.glance(ctx, p, src, time.Now().UTC())
		return r, true, err
	}
	if !crawler.Polls(src.Connector) {
		return r, true, nil // it is listened to
	}
	key := "crawl/" + id
	for ; r.Pages < maxPages; r.Pages++ {
		cursor, err := m.Store.Cursor(ctx, key)
		if err != nil {
			return r, false, err
		}
		now := time.Now().UTC()
		page, err := src.Connector.Fetch(ctx, m.Client, crawler.Query{Source: src.Source, Brands: p.brandsOf(src), Cursor: cursor, Now: now})
		if err != nil {
			return r, false, m.missed(ctx, id, now, err)
		}
		fault.Point("monitor: fetched")
		ms := m.prepare(ctx, p, src, p.matchers[id], page.Mentions, now)
		if err := m.tellStories(ctx, ms, now); err != nil {
			return r, false, err
		}
		fault.Point("monitor: prepared")
		st, err := m.Store.Commit(ctx, m.page(p, src, page, ms, now))
		if err != nil {
			return r, false, err
		}
		if err := errors.Join(m.changedJobs(ctx, &st, now), m.heard(ctx, id, now), m.shown(ctx, p, src, &page, now)); err != nil {
			return r, false, err
		}
		r.Items += len(page.Mentions)
		r.New += len(st.New)
		r.Changed += len(st.Changed)
		r.Gone += len(st.Gone)
		r.Faults = append(r.Faults, page.Faults...)
		for _, f := range page.Faults {
			m.Log.Warn("unreadable", "source", id, "err", f)
		}
		if !page.More {
			r.Pages++
			return r, true, m.begun(ctx, id, now)
		}
	}
	return r, false, nil
}

// page is what is kept of a page, in one transaction.
func (m *Monitor) page(p *Plan, src *Source, page crawler.Page, ms []puskaradio.Mention, now time.Time) store.Crawl {
	c := store.Crawl{
		Source: src.ID, Job: "crawl/" + src.ID, Cursor: page.Cursor, Mentions: ms, Gone: page.Gone,
		Ledger: puskaradio.Coverage{
			Source: src.ID, Hour: now.Truncate(time.Hour), At: now, Fetches: 1,
			Items: len(page.Mentions), Faults: len(page.Faults), State: crawler.StateOK,
		},
	}
	if len(page.Faults) > 0 {
		c.Ledger.Problem = clip(page.Faults[0].Error(), 300)
	}
	for _, b := range p.brandsOf(src) {
		c.Brands = append(c.Brands, b.ID)
	}
	c.Jobs = append(m.urgentJobs(p, ms, now), m.openedJobs(ms, now)...)
	seen := map[string]bool{}
	for _, mention := range ms {
		if !seen[mention.Brand] {
			seen[mention.Brand] = true
			c.Jobs = append(c.Jobs, store.Job{Key: "detect/" + mention.Brand, Kind: "detect", Due: now.Add(p.Collect)})
			if p.Rules.Topic != nil {
				c.Jobs = append(c.Jobs, store.Job{Key: "topics/" + mention.Brand, Kind: "topics", Due: now.Add(topicsEvery)})
			}
		}
	}
	return c
}

// missed writes a fetch that failed into the ledger, and gives its error on.
func (m *Monitor) missed(ctx context.Context, id string, now time.Time, cause error) error {
	if ctx.Err() != nil {
		return cause
	}
	err := m.Store.Note(ctx, puskaradio.Coverage{
		Source: id, Hour: now.Truncate(time.Hour), At: now, Fetches: 1, Failed: 1,
		State: crawler.StateOf(cause), Problem: clip(cause.Error(), 300),
	})
	if err != nil {
		return fmt.Errorf("%w (and the ledger: %w)", cause, err)
	}
	return cause
}

// begun notes when a source was first read to its end. What was seen by then
// is history, and raises no alarm.
func (m *Monitor) begun(ctx context.Context, id string, now time.Time) error {
	at, err := m.begunAt(ctx, id)
	if err != nil || !at.IsZero() && !at.After(now.Add(time.Minute)) { // one to come is of a wrong clock
		return err
	}
	if _, err = m.Store.Commit(ctx, store.Crawl{Job: "begun/" + id, Cursor: strconv.AppendInt(nil, now.UnixMilli(), 10)}); err != nil {
		return err
	}
	for p, i := m.Plan(), 0; i < len(p.Sources); i++ {
		if p.Sources[i].ID == id {
			return m.forgetWatch(ctx, p.brandsOf(&p.Sources[i]))
		}
	}
	return nil
}

func (m *Monitor) begunAt(ctx context.Context, id string) (time.Time, error) {
	b, err := m.Store.Cursor(ctx, "begun/"+id)
	if err != nil || b == nil {
		return time.Time{}, err
	}
	ms, err := strconv.ParseInt(string(b), 10, 64)
	return time.UnixMilli(ms).UTC(), err
}

// partSize is how many texts a processor takes at a time.
const partSize = 32

// prepare finds the brands of texts, puts their dates right, takes the names of
// authors out where they go by pseudonyms, and scores them,
// many of them on all processors.
func (m *Monitor) prepare(ctx context.Context, p *Plan, src *Source, matcher *crawler.Matcher, found []puskaradio.Mention, now time.Time) []puskaradio.Mention {
	parts := (len(found) + partSize - 1) / partSize
	done := make([]judged, parts)
	faults := make([]any, parts)
	var next atomic.Int64
	work := func() {
		for {
			i := int(next.Add(1)) - 1
			if i >= parts {
				return
			}
			func() {
				defer func() { faults[i] = recover() }() // it is the caller's to bear
				done[i] = m.judge(p, src, matcher, found[i*partSize:min((i+1)*partSize, len(found))], now)
			}()
		}
	}
	var wg sync.WaitGroup
	for range min(parts, runtime.GOMAXPROCS(0)) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	var all judged
	for i := range parts {
		if faults[i] != nil {
			panic(faults[i])
		}
		all.mentions = append(all.mentions, done[i].mentions...)
		all.texts = append(all.texts, done[i].texts...)
		all.scores = append(all.scores, done[i].scores...)
	}
	m.weigh(ctx, p, all.texts, all.scores)
	for i, s := range all.scores {
		x := &all.mentions[i]
		x.Score = &s
		if x.Lang == "" {
			x.Lang = s.Lang
		}
		x.Flag = flag(x, now)
	}
	return all.mentions
}

// judged is mentions, each of one brand, with their scores.
type judged struct {
	mentions []puskaradio.Mention
	texts    []sentiment.Text
	scores   []puskaradio.Score
}

func (m *Monitor) judge(p *Plan, src *Source, matcher *crawler.Matcher, found []puskaradio.Mention, now time.Time) (out judged) {
	brands := p.brandsOf(src)
	var named []int
	for _, f := range found {
		f.Source, f.Genre, f.FirstSeen = cmp.Or(f.Source, src.ID), cmp.Or(f.Genre, src.Genre), now
		settleDate(&f, now)
		m.veil(p, src, &f)
		add := func(brand string) {
			f.Brand = brand
			out.mentions = append(out.mentions, f)
			out.texts = append(out.texts, sentiment.Text{Text: f.Text, Title: f.Title, Lang: f.Lang, Genre: f.Genre, Rating: f.Rating})
		}
		switch {
		case src.About != "":
			add(src.About)
		case f.Brand != "":
			add(f.Brand)
		default:
			named = matcher.AppendMatch(named[:0], f.Title, f.Text)
			for _, i := range named {
				add(brands[i].ID)
			}
		}
	}
	out.scores = m.Scorer.Score(out.texts)
	return out
}

// Import keeps mentions that come from elsewhere: about one brand, if it is
// named, else about those that they name themselves or in their text. It
// reports how many spoke of no brand. They are history, and raise no alarm.
func (m *Monitor) Import(ctx context.Context, source, brand string, found []puskaradio.Mention) (st store.Stored, unmatched int, err error) {
	p, now := m.Plan(), time.Now().UTC()
	src := &Source{Source: puskaradio.Source{ID: source, About: brand}, Genre: puskaradio.Other, Pseudonyms: p.pseudonyms(source)}
	matcher := crawler.NewMatcher(p.Brands)
	heard := map[string]bool{}
	ms := m.prepare(ctx, p, src, matcher, found, now)
	for i := range ms {
		heard[ms[i].Key()] = true
	}
	for i := range found {
		x := found[i]
		x.Source = cmp.Or(x.Source, source)
		if m.veil(p, src, &x); !heard[x.Key()] {
			unmatched++
		}
	}
	if st, err = m.Store.Commit(ctx, store.Crawl{Source: source, Mentions: ms, Jobs: m.openedJobs(ms, now)}); err != nil || len(st.New) == 0 {
		return st, unmatched, err
	}
	// There is more to learn from what is usual.
	told := map[string]bool{}
	for i := range ms {
		told[ms[i].Brand] = true
	}
	return st, unmatched, m.forgetWatch(ctx, slices.DeleteFunc(slices.Clone(p.Brands), func(b puskaradio.Brand) bool { return !told[b.ID] }))
}

// settleDate files a mention under a date that can be: one from the future is
// taken for when we saw it. So is the date of the owner's answer.
func settleDate(m *puskaradio.Mention, now time.Time) {
	m.Published = m.Published.UTC()
	soon := now.Add(5 * time.Minute)
	if m.Published.Unix() <= 0 || m.Published.After(soon) {
		m.Ref = m.Key() // it may be made of the date, and must stay when that comes true
		m.Published, m.DateFrom = now, puskaradio.DateSeen
	}
	if o := m.Owner; o != nil && !o.At.IsZero() && (o.At.Unix() <= 0 || o.At.After(soon)) {
		settled := *o
		settled.At = now
		m.Owner = &settled
	}
}

// fresh is how old a text may be to want an answer when it is first seen.
const fresh = 7 * 24 * time.Hour

// flag says why a mention wants an answer: it is negative, not old, and the
// brand has not answered it at the source.
func flag(m *puskaradio.Mention, now time.Time) string {
	v := m.Verdict()
	low := m.Rating != nil && m.Rating.Share() <= 0.25
	if m.Owner != nil || now.Sub(m.Published) > fresh || !v.Alarming() && !low {
		return ""
	}
	var why []string
	if low && m.Rating.Best > 0 {
		why = append(why, fmt.Sprintf("%g/%g", m.Rating.Value, m.Rating.Best))
	} else if low {
		why = append(why, fmt.Sprintf("rated %g", m.Rating.Value))
	}
	if len(v.Words) > 0 {
		why = append(why, strings.Join(v.Words[:min(3, len(v.Words))], ", "))
	}
	if v.Unsure {
		why = append(why, "not sure: "+v.Why)
	}
	if len(why) == 0 {
		why = append(why, "negative")
	}
	return strings.Join(why, " · ")
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}
