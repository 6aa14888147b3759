package monitor

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
	"github.com/puskaradio/puskaradio/trend"
)

const (
	lateFor     = 48 * time.Hour      // a post that comes later than that changes no verdict
	learning    = 56 * 24 * time.Hour // what the detector of a brand learns from at first
	tickLong    = 5 * time.Minute
	settleEvery = 6 * time.Hour // the state that late posts no longer change is kept so often
	kindled     = 0.3           // evidence at which a burst is taken to begin
)

// A watch is the detector of a brand as it was at a moment that late posts no
// longer change, and what came since. Posts count at their own time, so that
// every look begins there and sees what came late in its place.
type watch struct {
	burst *trend.Burst
	upTo  time.Time // the tick that comes next
}

// A sight is what a look at a brand saw.
type sight struct {
	trend.Beat
	alerting bool
	from     time.Time // when the burst began that is under way, as far as is known
	usual    float64   // negative posts that were expected since then
	negative int
	total    int
	peak     float64 // of the evidence since then
}

func watchKey(brand string) string { return "burst/" + brand }

// watch gives the detector of a brand where it was kept, else one that knows
// nothing at the moment from which there are mentions to learn from.
func (m *Monitor) watch(ctx context.Context, p *Plan, brand string) (*watch, error) {
	w := &watch{burst: trend.NewBurst(p.Burst)}
	kept, err := m.Store.Cursor(ctx, watchKey(brand))
	if err != nil {
		return nil, err
	}
	if len(kept) > 8 {
		if err := w.burst.UnmarshalBinary(kept[8:]); err == nil {
			w.upTo = time.Unix(int64(binary.LittleEndian.Uint64(kept)), 0).UTC()
			return w, nil
		}
		w.burst = trend.NewBurst(p.Burst) // of an older version: it learns anew
	}
	return w, nil
}

// keepWatch remembers the detector.
func (m *Monitor) keepWatch(ctx context.Context, brand string, w *watch) error {
	state, err := w.burst.MarshalBinary()
	if err != nil {
		return err
	}
	_, err = m.Store.Commit(ctx, store.Crawl{Job: watchKey(brand), Cursor: append(binary.LittleEndian.AppendUint64(nil, uint64(w.upTo.Unix())), state...)})
	return err
}

// forgetWatch makes the detectors of brands learn anew, as there is more to
// learn from.
func (m *Monitor) forgetWatch(ctx context.Context, brands []puskaradio.Brand) error {
	for _, b := range brands {
		for _, key := range []string{watchKey(b.ID), topicsKey(b.ID)} {
			state, err := m.Store.Cursor(ctx, key)
			if err == nil && len(state) > 0 {
				_, err = m.Store.Commit(ctx, store.Crawl{Job: key, Cursor: []byte{}})
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// look runs the detector of a brand up to now. leave takes posts out, by the
// start of their tick: what was there before we began to listen. The state of
// two days ago is kept, once all sources have been read to their end.
func (m *Monitor) look(ctx context.Context, p *Plan, brand string, leave map[time.Time]int, now time.Time) (sight, error) {
	w, err := m.watch(ctx, p, brand)
	if err != nil {
		return sight{}, err
	}
	if w.upTo.After(now) { // the clock was wrong when it was kept
		w = &watch{burst: trend.NewBurst(p.Burst)}
	}
	from := w.upTo
	if from.IsZero() {
		from = now.Add(-learning)
	}
	stamps, err := m.Store.Stamps(ctx, brand, from, now.Add(tickLong))
	if err != nil {
		return sight{}, err
	}
	if w.upTo.IsZero() {
		if len(stamps) == 0 {
			return sight{}, nil
		}
		w.upTo = stamps[0].At.Truncate(tickLong)
		if err := m.prime(ctx, p, brand, w, stamps, now); err != nil {
			return sight{}, err
		}
	}
	heard, err := m.heardUpTo(ctx, p, brand, now)
	if err != nil {
		return sight{}, err
	}
	settled, settle := now.Add(-lateFor).Truncate(tickLong), leave == nil && m.allBegun(ctx, p, brand, now)
	var s sight
	i := 0
	was := w.upTo
	for at := w.upTo; !at.After(now); at = at.Add(tickLong) {
		if settle && at.Equal(settled) && at.Sub(was) >= settleEvery {
			w.upTo = at
			if err := m.keepWatch(ctx, brand, w); err != nil {
				return s, err
			}
		}
		negative, total := 0, 0
		for ; i < len(stamps) && stamps[i].At.Before(at.Add(tickLong)); i++ {
			if total++; counts(&stamps[i]) {
				negative++
			}
		}
		gone := min(negative, leave[at])
		negative, total = negative-gone, total-gone
		b := w.burst.Tick(negative, tickOfDay(at, p.Zone), !at.Before(heard))
		s.alerting = w.burst.Alerting()
		s.tick(b, at, negative, total)
	}
	return s, nil
}

// primed is how long the detector of a brand without a history is made to
// believe that it had one.
const primed = 2*24*time.Hour + tickLong

// prime lets a brand that is not two days old raise an alert: it is taken to
// have been talked about before as it was until we began to listen, or three
// times a day, whichever is more.
func (m *Monitor) prime(ctx context.Context, p *Plan, brand string, w *watch, stamps []store.Stamp, now time.Time) error {
	if now.Sub(w.upTo) > primed {
		return nil
	}
	began := now
	for _, src := range p.sourcesOf(brand) {
		at, err := m.begunAt(ctx, src.ID)
		if err != nil {
			return err
		}
		if !at.IsZero() && at.Before(began) {
			began = at
		}
	}
	negative := 0
	for _, x := range stamps {
		if x.Label == puskaradio.Negative && x.At.Before(began) {
			negative++
		}
	}
	perDay := max(3, float64(negative)/max(0.25, began.Sub(w.upTo).Hours()/24))
	told := 0
	for i, n := 0, int(primed/tickLong); i < n; i++ {
		posts := int(perDay * float64(i+1) / trend.TicksPerDay)
		w.burst.Tick(posts-told, tickOfDay(w.upTo.Add(time.Duration(i-n)*tickLong), p.Zone), false)
		told = posts
	}
	return nil
}

// tick takes what a tick meant.
func (s *sight) tick(b trend.Beat, at time.Time, negative, total int) {
	if s.Beat = b; b.Evidence < kindled && !s.alerting {
		s.from, s.usual, s.negative, s.total, s.peak = time.Time{}, 0, 0, 0, 0
	}
	if s.from.IsZero() {
		if negative == 0 {
			return
		}
		s.from = at
	}
	s.usual += b.Expected
	s.negative += negative
	s.total += total
	s.peak = max(s.peak, b.Evidence)
}

// odds are the chance that luck alone would do it in an hour.
func (s *sight) odds() float64 { return math.Pow(10, -max(s.peak, s.Evidence)) }

// heardUpTo is the end of the ticks in which a brand could be heard: when one
// of its sources answered last, for an answer tells what was missed before it.
func (m *Monitor) heardUpTo(ctx context.Context, p *Plan, brand string, now time.Time) (time.Time, error) {
	var last time.Time
	for _, src := range p.sourcesOf(brand) {
		at, err := m.heardAt(ctx, src.ID)
		if err != nil {
			return now, err
		}
		if at.After(last) {
			last = at
		}
	}
	if last.IsZero() { // nobody has answered since the start
		ledger, err := m.Store.Coverage(ctx, now.Add(-lateFor), now.Add(time.Hour))
		if err != nil {
			return now, err
		}
		sources := map[string]bool{}
		for _, src := range p.sourcesOf(brand) {
			sources[src.ID] = true
		}
		for _, l := range ledger {
			if sources[l.Source] && l.Failed < l.Fetches && l.At.After(last) {
				last = l.At
			}
		}
	}
	if last.IsZero() {
		return now.Add(time.Hour), nil // what was imported is all there is
	}
	// A source is read now and then: until it is due again it is not deaf.
	every := tickLong
	for _, src := range p.sourcesOf(brand) {
		every = max(every, src.Every)
	}
	return last.Add(2 * every).Truncate(tickLong), nil
}

// allBegun reports whether all sources of a brand were read to their end once,
// or have had a day to since another was.
func (m *Monitor) allBegun(ctx context.Context, p *Plan, brand string, now time.Time) bool {
	var last time.Time
	all := true
	for _, src := range p.sourcesOf(brand) {
		at, err := m.begunAt(ctx, src.ID)
		if err != nil {
			return false
		}
		if all = all && !at.IsZero(); at.After(last) {
			last = at
		}
	}
	return all || !last.IsZero() && now.Sub(last) > 24*time.Hour
}

// String says a sight in words for a log.
func (s *sight) String() string {
	return fmt.Sprintf("%d negative of %d since %s, %.1f usual, evidence %.2f of %.2f", s.negative, s.total, s.from.Format(time.RFC3339), s.usual, s.Evidence, s.Threshold)
}

// explain adds to an alert what tells its size and its cause: against the posts
// of the four weeks before it.
func (m *Monitor) explain(ctx context.Context, a *puskaradio.Alert, e evidence, hours []trend.Hour) error {
	_, a.UsualHigh = trend.Band(a.Usual)
	places := 0
	for _, n := range e.sources {
		if n >= 2 {
			places++
		}
	}
	a.Severity = trend.SeverityOf(a.Negative, a.Usual, places)
	before, all := 0, 0
	for _, h := range hours {
		if h.At.Before(a.From.Add(-time.Hour)) {
			before, all = before+h.Negative, all+h.Total
		}
	}
	a.MoreNeg = trend.MoreNegative(a.Negative, a.Total, before, all)
	es, _, err := m.Store.Mentions(ctx, store.Filter{Brand: a.Brand, From: a.From.Add(-28 * 24 * time.Hour), To: a.From, Limit: 300})
	if err != nil {
		return err
	}
	usual := make([]string, len(es))
	for i := range es {
		usual[i] = storyText(&es[i].Mention)
	}
	brand, _ := m.Plan().brand(a.Brand)
	own := strings.ToLower(strings.Join(brand.Names(), " "))
	for _, w := range trend.SharedWords(e.texts, usual, 8) {
		if stem := []rune(w); len(a.Words) < 4 && !strings.Contains(own, string(stem[:min(len(stem), 5)])) { // its name is in all of them
			a.Words = append(a.Words, w)
		}
	}
	return nil
}
