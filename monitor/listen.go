package monitor

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/store"
)

const (
	gatherFor  = 200 * time.Millisecond // how long pages of a stream are gathered before they are kept together
	gatherMost = 1000                   // mentions and deletions of them
	waitMost   = 8                      // pages of a connection; what is behind them waits at the source, and takes none of our memory
	aliveEvery = 5 * time.Minute        // a stream that is open is noted in the ledger
	steadyFor  = time.Minute            // after which a stream that breaks is opened again at once
	longPause  = 5 * time.Minute
)

// listen keeps the streams and the ears of the plan open until ctx is done. A
// new plan opens them anew; each stream goes on where it was.
func (m *Monitor) listen(ctx context.Context) {
	for ctx.Err() == nil {
		changed := m.plans.changed()
		p := m.Plan()
		var wg sync.WaitGroup
		open, cancel := context.WithCancelCause(ctx)
		for i := range p.Sources {
			if s, ok := crawler.StreamOf(p.Sources[i].Connector); ok {
				src := &p.Sources[i]
				wg.Go(func() {
					m.alone(open, "listen/"+src.ID, func(ctx context.Context) { m.keepOpen(ctx, p, src, s) })
				})
			}
		}
		for _, c := range p.ears() {
			wg.Go(func() { m.keepHearing(open, p, c) })
		}
		select {
		case <-ctx.Done():
		case <-changed:
		}
		cancel(errors.New("the configuration was read again"))
		wg.Wait()
	}
}

// keepOpen listens to a source, and again when it breaks.
func (m *Monitor) keepOpen(ctx context.Context, p *Plan, src *Source, s crawler.Stream) {
	log := m.Log.With("stream", src.ID)
	for fails := 0; ; {
		began := time.Now()
		err := m.hear(ctx, p, src, s)
		if ctx.Err() != nil {
			return
		}
		if err := m.missed(ctx, src.ID, time.Now().UTC(), err); ctx.Err() == nil {
			log.Warn("broken", "err", err, "after", time.Since(began).Round(time.Second))
		}
		if fails++; time.Since(began) >= steadyFor {
			fails = 0
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(again(err, fails, src.Every)):
		}
	}
}

// again is how long to leave a stream alone that broke, so often in a row.
func again(err error, fails int, every time.Duration) time.Duration {
	if _, never := errors.AsType[*puskaradio.PermanentError](err); never {
		return max(every, longPause)
	}
	pause := min(time.Second<<min(fails, 16), longPause)
	pause = pause/2 + rand.N(pause) // so that many do not come back at once
	if retry, ok := errors.AsType[*puskaradio.RetryError](err); ok {
		pause = max(pause, retry.After)
	}
	return pause
}

// hear listens to a source until that breaks, and keeps what comes.
func (m *Monitor) hear(ctx context.Context, p *Plan, src *Source, s crawler.Stream) (err error) {
	defer func() { // a fault in one stream must not end the others
		if r := recover(); r != nil {
			err = fmt.Errorf("stream %s: %v", src.ID, r)
		}
	}()
	cursor, err := m.Store.Cursor(ctx, "listen/"+src.ID)
	if err != nil {
		return err
	}
	open, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	k := &keeper{m: m, p: p, src: src, pages: make(chan crawler.Page, waitMost), fail: cancel}
	// What was heard before an interruption is kept.
	whole := context.WithoutCancel(ctx)
	var wg sync.WaitGroup
	batches, ready, commits := make(chan crawler.Page, 1), make(chan prepared, 1), make(chan commit, 1)
	wg.Go(func() { k.batch(batches) })
	wg.Go(func() { k.prepare(whole, batches, ready) })
	wg.Go(func() { k.tell(whole, ready, commits) })
	wg.Go(func() { k.keep(whole, commits) })
	defer func() {
		close(k.pages)
		wg.Wait()
		if k.err != nil {
			err = k.err
		}
	}()
	q := crawler.Query{Source: src.Source, Brands: p.brandsOf(src), Cursor: cursor, Now: time.Now().UTC()}
	return s.Listen(open, m.Client, q, func(page crawler.Page) error {
		select {
		case k.pages <- page:
			return nil
		case <-open.Done():
			return context.Cause(open)
		}
	})
}

// A keeper keeps the pages of one connection, those that come close together
// in one transaction. It gathers some while it scores those before, finds what
// those before these repeat, and keeps the first.
type keeper struct {
	m     *Monitor
	p     *Plan
	src   *Source
	pages chan crawler.Page
	fail  func(error) // ends the connection
	err   error       // of keep
}

// prepared is a page whose mentions were scored.
type prepared struct {
	page     crawler.Page
	mentions []puskaradio.Mention
	now      time.Time
}

// A commit is what is kept in one transaction.
type commit struct {
	crawl store.Crawl
	empty bool
	more  bool // something may have been missed that can be fetched
}

// batch gathers pages until there are no more.
func (k *keeper) batch(batches chan<- crawler.Page) {
	defer close(batches)
	for page := range k.pages {
		for rest := &page; rest != nil; {
			page, rest = k.gather(*rest)
			batches <- page
		}
	}
}

// prepare scores pages until there are no more.
func (k *keeper) prepare(ctx context.Context, batches <-chan crawler.Page, ready chan<- prepared) {
	defer close(ready)
	each(k, batches, func(page crawler.Page) error {
		for _, f := range page.Faults {
			k.m.Log.Warn("unreadable", "stream", k.src.ID, "err", f)
		}
		now := time.Now().UTC()
		ready <- prepared{page, k.m.prepare(ctx, k.p, k.src, k.p.matchers[k.src.ID], page.Mentions, now), now}
		return nil
	})
}

// tell finds which of the prepared repeat others until there are no more.
func (k *keeper) tell(ctx context.Context, ready <-chan prepared, commits chan<- commit) {
	defer close(commits)
	each(k, ready, func(x prepared) error {
		if err := k.m.tellStories(ctx, x.mentions, x.now); err != nil {
			return err
		}
		c := commit{k.m.page(k.p, k.src, x.page, x.mentions, x.now), x.page.Cursor == nil && len(x.page.Mentions)+len(x.page.Gone)+len(x.page.Faults) == 0, x.page.More}
		c.crawl.Job, c.crawl.Ledger.Fetches = "listen/"+k.src.ID, 0 // that is counted by the clock
		commits <- c
		return nil
	})
}

// each does something with what comes, until nothing does any more. A fault
// ends the connection, and what still comes is let go: it is not kept, nor is
// the cursor, so that it comes again.
func each[T any](k *keeper, in <-chan T, do func(T) error) {
	err := func() (err error) {
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("stream %s: %v", k.src.ID, r)
			}
		}()
		for x := range in {
			if err := do(x); err != nil {
				return err
			}
		}
		return nil
	}()
	if err != nil {
		k.fail(err)
		for range in { // until the connection has ended
		}
	}
}

// keep keeps what was prepared until there is no more.
func (k *keeper) keep(ctx context.Context, commits <-chan commit) {
	alive := time.NewTicker(aliveEvery)
	defer alive.Stop()
	for opened := false; ; {
		var err error
		select {
		case c, ok := <-commits:
			if !ok {
				return
			}
			if k.err != nil {
				continue // what follows a gap is not kept
			}
			if !opened {
				opened, err = true, k.open(ctx)
			}
			if err == nil {
				err = k.commit(ctx, c)
			}
		case <-alive.C:
			if opened && k.err == nil {
				err = k.note(ctx)
			}
		}
		if err != nil {
			k.err = err
			k.fail(err)
		}
	}
}

// gather adds to a page those that follow closely. It gives one that does not
// go with it, if that came.
func (k *keeper) gather(page crawler.Page) (_ crawler.Page, rest *crawler.Page) {
	timer := time.NewTimer(gatherFor)
	defer timer.Stop()
	for len(page.Mentions)+len(page.Gone) < gatherMost {
		select {
		case <-timer.C:
			return page, nil
		case next, ok := <-k.pages:
			if !ok {
				return page, nil
			}
			if !follows(page, next) {
				return page, &next
			}
			page.Mentions = append(page.Mentions, next.Mentions...)
			page.Gone = append(page.Gone, next.Gone...)
			page.Faults = append(page.Faults, next.Faults...)
			page.More = page.More || next.More
			if next.Cursor != nil {
				page.Cursor = next.Cursor
			}
		}
	}
	return page, nil
}

// follows reports whether two pages can be kept as one: of a page the
// mentions are kept before the deletions.
func follows(page, next crawler.Page) bool {
	return len(page.Gone) == 0 || !slices.ContainsFunc(next.Mentions, func(m puskaradio.Mention) bool {
		return slices.Contains(page.Gone, m.Key())
	})
}

// open notes that the stream is open. What only listens has begun.
func (k *keeper) open(ctx context.Context) error {
	if err := k.note(ctx); err != nil || crawler.Polls(k.src.Connector) {
		return err
	}
	return k.m.begun(ctx, k.src.ID, time.Now().UTC())
}

func (k *keeper) note(ctx context.Context) error {
	now := time.Now().UTC()
	if err := k.m.heard(ctx, k.src.ID, now); err != nil {
		return err
	}
	return k.m.Store.Note(ctx, puskaradio.Coverage{Source: k.src.ID, Hour: now.Truncate(time.Hour), At: now, Fetches: 1, State: crawler.StateOK})
}

// commit keeps a page, and has the source read where something was missed.
func (k *keeper) commit(ctx context.Context, c commit) error {
	if !c.empty {
		if err := k.m.heard(ctx, k.src.ID, time.Now().UTC()); err != nil {
			return err
		}
		st, err := k.m.Store.Commit(ctx, c.crawl)
		if err == nil {
			err = k.m.changedJobs(ctx, &st, time.Now().UTC())
		}
		if err != nil {
			return err
		}
	}
	if !c.more || !crawler.Polls(k.src.Connector) {
		return nil
	}
	key := "crawl/" + k.src.ID
	jobs, err := k.m.Store.Jobs(ctx, key)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if j.Key == key {
			return k.m.Store.Schedule(ctx, store.Job{Key: j.Key, Kind: j.Kind, Lane: j.Lane, Every: j.Every, Due: time.Now()})
		}
	}
	return nil
}

// plans tells when the plan is replaced.
type plans struct {
	mu sync.Mutex
	ch chan struct{}
}

// changed is closed when the plan is replaced next.
func (p *plans) changed() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ch == nil {
		p.ch = make(chan struct{})
	}
	return p.ch
}

func (p *plans) replaced() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ch != nil {
		close(p.ch)
		p.ch = nil
	}
}
