// Package monitor says what runs when: it crawls what is due, looks for
// spikes, tells of them, makes the daily digest and tidies up. Everything it
// does by the clock is a job of the store's queue:
//
//	crawl/SOURCE          reads a source until it has no more pages
//	detect/BRAND          looks for a spike, after something new and while one is open
//	urgent/BRAND/ID       tells of one post that must not wait
//	topics/BRAND          looks for a spike of one topic, some minutes after something new
//	ratings/BRAND         looks whether the stars of a brand have fallen
//	silence               looks whether sources have gone quiet
//	clock                 brings back what a wrong clock has put too far off
//	deliver/CHANNEL/…     says one alert or digest in one channel; see deliver.go
//	case/CHANNEL/BRAND/ID tells a channel of the steps of a case
//	digest/BRAND          makes the digest of a date, once
//	weekly/BRAND          makes the digest of a week, once
//	wake/BRAND/ID         ends a snooze
//	hook/DIGEST           forgets the id of a message that came in; see web/apihook.go
//	upkeep                forgets what is past its time, compacts, backs up
//
// Beside the queue it keeps the streams of sources open that push; the cursor
// of a stream is kept under listen/SOURCE.
package monitor

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/notify"
	"github.com/puskaradio/puskaradio/sentiment"
	"github.com/puskaradio/puskaradio/store"
	"github.com/puskaradio/puskaradio/trend"
)

// A Source is an entry of the configuration with its connector.
type Source struct {
	puskaradio.Source
	Genre     puskaradio.Genre
	Keep      puskaradio.Keeping
	Connector crawler.Connector
	// Pseudonyms has authors go by pseudonyms: their names are not kept, and told
	// to nobody.
	Pseudonyms bool
}

// A Channel is where messages go.
type Channel struct {
	ID       string
	Lang     string   // fi or en
	Brands   []string // empty is all
	Alerts   bool
	Digests  bool
	Weekly   bool   // the digest of a week too
	Cases    bool   // every step of a case
	Fallback string // the channel that speaks up when this one is away
	Quiet    Quiet
	notify.Notifier
}

// wants reports whether a channel wants to hear of a brand.
func (c *Channel) wants(brand string) bool {
	return len(c.Brands) == 0 || slices.Contains(c.Brands, brand)
}

// A Plan is what the configuration asks for. It is never changed, only
// replaced.
type Plan struct {
	Brands    []puskaradio.Brand
	Sources   []Source
	Channels  []Channel
	Zone      *time.Location
	DigestAt  time.Duration // after midnight, local time; negative: no digest
	Weekly    *Weekly       // nil: no digest of the week
	Burst     trend.BurstOptions
	Urgent    Urgent
	Watch     Watch
	Rules     Rules
	Windows   []Window            // of maintenance
	Budget    float64             // alerts of a brand a week that people are willing to hear
	Collect   time.Duration       // how long to gather mentions before a brand is looked at
	Keep      time.Duration       // how long texts are kept; zero is for ever
	BackupDir string              // where nightly backups go; empty: none
	External  *sentiment.External // is asked for its verdict too; nil: nobody is
	Second    map[string]bool     // brands whose answers a second person approves too
	Drafter   *sentiment.Drafter  // is asked for drafts of answers, when a person wants one; nil: nobody is
	Link      string              // where the dashboard is; empty if nowhere
	Reply     puskaradio.ReplyClock
	// Pseudonyms is that of [Source] for sources that are not among these, such
	// as files that are taken in.
	Pseudonyms bool

	matchers map[string]*crawler.Matcher // by source
}

// A Monitor does what a plan asks for.
type Monitor struct {
	Store  store.Store
	Client *crawler.Client
	HTTP   *http.Client // for channels
	Scorer sentiment.Scorer
	Log    *slog.Logger

	plan     atomic.Pointer[Plan]
	plans    plans
	external external
	glances  glances
	stories  stories
	answered sync.Map // by source: when it answered last, since the start
}

// SetPlan replaces the plan and schedules its jobs; those of sources and
// brands that are no longer in it end. What waits for a channel is tried at
// once, for the change may be what it waited for.
func (m *Monitor) SetPlan(ctx context.Context, p *Plan, now time.Time) error {
	m.UsePlan(p)
	have, err := m.Store.Jobs(ctx, "")
	if err != nil {
		return err
	}
	known := map[string]store.Job{}
	for _, j := range have {
		known[j.Key] = j
	}
	wanted := map[string]bool{}
	var jobs []store.Job
	// What is there keeps its time over a restart, unless its interval changes.
	want := func(j store.Job) {
		wanted[j.Key] = true
		if was, ok := known[j.Key]; !ok || was.Every != j.Every || was.Lane != j.Lane {
			jobs = append(jobs, j)
		}
	}
	want(store.Job{Key: "upkeep", Kind: "upkeep", Due: now.Add(time.Hour), Every: 25 * time.Hour})
	want(store.Job{Key: "clock", Kind: "clock", Due: now, Every: time.Hour})
	if p.Rules.Silence {
		want(store.Job{Key: "silence", Kind: "silence", Due: now.Add(time.Hour), Every: time.Hour})
	}
	if p.Rules.Rating != nil {
		for _, b := range p.Brands {
			want(store.Job{Key: "ratings/" + b.ID, Kind: "ratings", Due: now.Add(time.Hour), Every: time.Hour})
		}
	}
	for i, s := range p.Sources {
		if !crawler.Polls(s.Connector) {
			continue
		}
		// Spread over a minute, so that a start is no stampede.
		due := now.Add(min(s.Every, time.Minute) * time.Duration(i) / time.Duration(len(p.Sources)))
		lane := ""
		if host := crawler.HostOf(s.Connector); host != "" {
			lane = "host/" + host
		}
		want(store.Job{Key: "crawl/" + s.ID, Kind: "crawl", Lane: lane, Due: due, Every: s.Every})
	}
	if p.DigestAt >= 0 {
		for _, b := range p.Brands {
			j := store.Job{Key: "digest/" + b.ID, Kind: "digest", Due: p.nextDigest(now), Every: 25 * time.Hour}
			if was, ok := known[j.Key]; ok && j.Due.Before(was.Due) {
				jobs = append(jobs, j) // its hour has changed
			}
			want(j)
		}
	}
	if p.Weekly != nil {
		for _, b := range p.Brands {
			j := store.Job{Key: "weekly/" + b.ID, Kind: "weekly", Due: p.nextWeek(now), Every: 8 * 24 * time.Hour}
			if was, ok := known[j.Key]; ok && j.Due.Before(was.Due) {
				jobs = append(jobs, j) // its day or hour has changed; what was sent is not sent again
			}
			want(j)
		}
	}
	var drop []string
	for _, j := range have {
		switch {
		case slices.Contains([]string{"crawl", "digest", "weekly", "silence", "ratings"}, j.Kind) && !wanted[j.Key]:
			drop = append(drop, j.Key)
		case j.Kind == "deliver" && j.Fails > 0:
			j.Due = now
			jobs = append(jobs, j)
		}
	}
	if err := m.Store.Unschedule(ctx, drop...); err != nil {
		return err
	}
	return m.Store.Schedule(ctx, jobs...)
}

// UsePlan replaces the plan and schedules nothing, for one who calls
// [Monitor.Crawl] and the like by hand.
func (m *Monitor) UsePlan(p *Plan) {
	p.matchers = map[string]*crawler.Matcher{}
	for i := range p.Sources {
		if s := &p.Sources[i]; s.About == "" {
			p.matchers[s.ID] = crawler.NewMatcher(p.brandsOf(s))
		}
	}
	m.plan.Store(p)
	m.plans.replaced()
}

// Plan is what is done now.
func (m *Monitor) Plan() *Plan { return m.plan.Load() }

// Run does what is due and keeps streams open until ctx is done. A plan must
// have been set.
func (m *Monitor) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	wg.Go(func() { m.listen(ctx) })
	return m.Store.Run(ctx, m.handle)
}

// Do runs one job now, as [Monitor.Run] would, and gives what it is to be next.
func (m *Monitor) Do(ctx context.Context, j store.Job) (store.Job, error) { return m.do(ctx, j) }

// handle is where errors of jobs are reported.
func (m *Monitor) handle(ctx context.Context, j store.Job) (store.Job, error) {
	log := m.Log.With("job", j.Key)
	began := time.Now()
	next, err := m.do(ctx, j)
	switch {
	case err != nil && ctx.Err() != nil:
		log.Info("interrupted")
	case err != nil:
		log.Warn("failed", "err", err, "fails", j.Fails+1)
	default:
		log.Debug("done", "took", time.Since(began), "next", next.Due)
	}
	return next, err
}

// lease is the longest that a job may take.
const lease = 30 * time.Minute

func (m *Monitor) do(ctx context.Context, j store.Job) (next store.Job, err error) {
	defer func() { // a fault in one job must not end the others
		if p := recover(); p != nil {
			next, err = j, fmt.Errorf("job %s: %v", j.Key, p)
		}
	}()
	work, cancel := context.WithTimeoutCause(ctx, lease, fmt.Errorf("%s took more than %v", j.Key, lease))
	defer cancel()
	kind, rest, _ := strings.Cut(j.Key, "/")
	switch kind {
	case "crawl":
		return m.crawl(work, j, rest)
	case "detect":
		return m.detect(work, j, rest)
	case "topics":
		return m.topics(work, j, rest)
	case "ratings":
		return m.ratings(work, j, rest)
	case "clock":
		j.Due = time.Now().Add(j.Every)
		return j, m.mend(work, time.Now().UTC())
	case "silence":
		return m.silence(work, j)
	case "urgent":
		return m.urgent(work, j, rest)
	case "case":
		return m.ofCase(work, j, rest)
	case "deliver":
		return m.deliver(work, j, rest)
	case "digest":
		return m.digest(work, j, rest)
	case "weekly":
		return m.weekly(work, j, rest)
	case "wake":
		return m.wake(work, j, rest)
	case "upkeep":
		return m.upkeep(work, j)
	case "hook": // a message of that id would be too old by now
		return store.Job{}, nil
	}
	return store.Job{}, &puskaradio.PermanentError{Err: fmt.Errorf("job %s: nobody knows how to do it", j.Key)}
}

func (p *Plan) brand(id string) (puskaradio.Brand, bool) {
	for _, b := range p.Brands {
		if b.ID == id {
			return b, true
		}
	}
	return puskaradio.Brand{}, false
}

// brandsOf are the brands that a source is read for.
func (p *Plan) brandsOf(s *Source) []puskaradio.Brand {
	if s.About != "" {
		b, _ := p.brand(s.About)
		return []puskaradio.Brand{b}
	}
	if len(s.Brands) == 0 {
		return p.Brands
	}
	var out []puskaradio.Brand
	for _, b := range p.Brands {
		if slices.Contains(s.Brands, b.ID) {
			out = append(out, b)
		}
	}
	return out
}

// sourcesOf are the sources that can speak of a brand.
func (p *Plan) sourcesOf(brand string) []Source {
	var out []Source
	for _, s := range p.Sources {
		if s.About == brand || s.About == "" && (len(s.Brands) == 0 || slices.Contains(s.Brands, brand)) {
			out = append(out, s)
		}
	}
	return out
}
