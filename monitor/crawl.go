package monitor

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
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
		if err := m.heard(ctx, id, now); err != nil {
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
	c.Jobs = m.urgentJobs(p, ms, now)
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

// prepare finds the brands of texts, puts their dates right and scores them.
func (m *Monitor) prepare(ctx context.Context, p *Plan, src *Source, matcher *crawler.Matcher, found []puskaradio.Mention, now time.Time) []puskaradio.Mention {
	brands := p.brandsOf(src)
	var out []puskaradio.Mention
	var texts []sentiment.Text
	for _, f := range found {
		f.Source, f.Genre, f.FirstSeen = cmp.Or(f.Source, src.ID), cmp.Or(f.Genre, src.Genre), now
		settleDate(&f, now)
		add := func(brand string) {
			f.Brand = brand
			out = append(out, f)
			texts = append(texts, sentiment.Text{Text: f.Text, Title: f.Title, Lang: f.Lang, Genre: f.Genre, Rating: f.Rating})
		}
		switch {
		case src.About != "":
			add(src.About)
		case f.Brand != "":
			add(f.Brand)
		default:
			for _, i := range matcher.AppendMatch(nil, f.Title, f.Text) {
				add(brands[i].ID)
			}
		}
	}
	scores := m.score(texts)
	m.weigh(ctx, p, texts, scores)
	for i, s := range scores {
		out[i].Score = &s
		if out[i].Lang == "" {
			out[i].Lang = s.Lang
		}
		out[i].Flag = flag(&out[i], now)
	}
	return out
}

// score scores texts, many of them on all processors.
func (m *Monitor) score(texts []sentiment.Text) []puskaradio.Score {
	parts := min(runtime.GOMAXPROCS(0), len(texts)/50)
	if parts < 2 {
		return m.Scorer.Score(texts)
	}
	out := make([]puskaradio.Score, 0, len(texts))
	scored := make([][]puskaradio.Score, parts)
	faults := make([]any, parts)
	var wg sync.WaitGroup
	for i := range parts {
		part := texts[len(texts)*i/parts : len(texts)*(i+1)/parts]
		wg.Go(func() {
			defer func() { faults[i] = recover() }() // it is the caller's to bear
			scored[i] = m.Scorer.Score(part)
		})
	}
	wg.Wait()
	for i := range parts {
		if faults[i] != nil {
			panic(faults[i])
		}
		out = append(out, scored[i]...)
	}
	return out
}

// Import keeps mentions that come from elsewhere: about one brand, if it is
// named, else about those that they name themselves or in their text. It
// reports how many spoke of no brand. They are history, and raise no alarm.
func (m *Monitor) Import(ctx context.Context, source, brand string, found []puskaradio.Mention) (st store.Stored, unmatched int, err error) {
	p, now := m.Plan(), time.Now().UTC()
	src := &Source{Source: puskaradio.Source{ID: source, About: brand}, Genre: puskaradio.Other}
	matcher := crawler.NewMatcher(p.Brands)
	heard := map[string]bool{}
	ms := m.prepare(ctx, p, src, matcher, found, now)
	for i := range ms {
		heard[ms[i].Key()] = true
	}
	for i := range found {
		if !heard[found[i].Key()] {
			unmatched++
		}
	}
	if st, err = m.Store.Commit(ctx, store.Crawl{Source: source, Mentions: ms}); err != nil || len(st.New) == 0 {
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
