package monitor

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"slices"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
	"github.com/puskaradio/puskaradio/trend"
)

const (
	topicsEvery = 10 * time.Minute // the topics of a brand are looked at so often at most
	topicsMost  = 5000             // mentions that are read for it
)

// topicState is what is kept of the detectors of a brand's topics, at a moment
// that late posts no longer change.
type topicState struct {
	UpTo  time.Time         `json:"up_to"`
	State map[string][]byte `json:"state"` // by topic, of those that came up
}

func topicsKey(brand string) string { return "topics/" + brand }

// A said is a negative mention that counts, and what it is about.
type said struct {
	at     time.Time
	topics []string
	quote  puskaradio.Quote
	seen   time.Time
}

// topicSight is what a look at a topic saw.
type topicSight struct {
	sight
	name string
}

// topics looks for a burst of one topic of a brand. It is told only while all
// that is said of the brand is as usual, and one at a time.
func (m *Monitor) topics(ctx context.Context, j store.Job, id string) (store.Job, error) {
	p, now := m.Plan(), time.Now().UTC()
	brand, ok := p.brand(id)
	if !ok || p.Rules.Topic == nil {
		return store.Job{}, nil
	}
	s, err := m.side(ctx, "topic/"+id)
	if err != nil {
		return j, err
	}
	saids, sights, err := m.lookAtTopics(ctx, p, id, now)
	if err != nil {
		return j, err
	}
	if s.open() {
		j.Due = now.Add(topicsEvery)
		return j, m.followTopic(ctx, p, s, brand, saids, sights, now)
	}
	since, err := m.listened(ctx, p, id)
	if err != nil || since.IsZero() || !s.free(now) {
		return store.Job{}, err
	}
	var best *topicSight
	for i, x := range sights {
		if x.alerting && x.from.After(since) && (best == nil || x.peak > best.peak) {
			best = &sights[i]
		}
	}
	if best == nil {
		return store.Job{}, nil
	}
	if spiked, err := m.spiked(ctx, id, afterSpike, now); err != nil || spiked {
		return store.Job{}, err
	}
	// A spike of the whole may be about to be told.
	if whole, err := m.look(ctx, p, id, map[time.Time]int{}, now); err != nil || whole.alerting {
		j.Due = now.Add(topicsEvery)
		return j, err
	}
	a := topicAlert(p, brand, best, saids, now)
	a.ID = puskaradio.AlertID(id, puskaradio.RuleTopic+" "+best.name, best.from)
	if last := s.last; last != nil && last.ID == a.ID {
		return store.Job{}, nil
	}
	j.Due = now.Add(topicsEvery)
	return j, m.raise(ctx, p, s, a, now)
}

// followTopic updates an alert about a topic that grows, and ends one that is
// over. While there is a spike of all that is said it says no more.
func (m *Monitor) followTopic(ctx context.Context, p *Plan, s side, brand puskaradio.Brand, saids []said, sights []topicSight, now time.Time) error {
	i := slices.IndexFunc(sights, func(x topicSight) bool { return x.name == s.last.Topic })
	over := i < 0 || !sights[i].alerting || now.Sub(s.last.Decided) > longest
	next := *s.last
	grown := false
	if i >= 0 && !sights[i].from.IsZero() {
		x := topicAlert(p, brand, &sights[i], saids, now)
		if grown = x.Negative >= next.Negative+max(3, next.Negative/4); grown && !over {
			next.To, next.Negative, next.Total, next.Usual, next.UsualHigh = x.To, x.Negative, x.Total, x.Usual, x.UsualHigh
			next.TopicN, next.Quotes, next.Hours, next.Severity, next.Odds = x.TopicN, x.Quotes, x.Hours, x.Severity, min(x.Odds, next.Odds)
			next.Fresh = freshest(saids, next.Topic, s.last.To)
		}
	}
	if grown && !over {
		spiked, err := m.spiked(ctx, brand.ID, 0, now)
		if err != nil || spiked {
			return err
		}
	}
	return m.settle(ctx, p, s, next, grown, over, now)
}

// freshest is the worst mention of a topic that was seen after a time.
func freshest(saids []said, topic string, after time.Time) (id puskaradio.ID) {
	worst := math.Inf(1)
	for _, x := range saids {
		if v := severity(x.quote); x.seen.After(after) && v < worst && slices.Contains(x.topics, topic) {
			id, worst = x.quote.ID, v
		}
	}
	return id
}

// topicAlert is an alert about a topic, without its id.
func topicAlert(p *Plan, brand puskaradio.Brand, x *topicSight, saids []said, now time.Time) puskaradio.Alert {
	a := puskaradio.Alert{
		Brand: brand.ID, Name: brand.Name, Rule: puskaradio.RuleTopic, Topic: x.name, From: x.from, To: now.Add(tickLong).Truncate(tickLong),
		Usual: x.usual, Odds: x.odds(),
	}
	hours := make([]puskaradio.Point, 20)
	for i := range hours {
		hours[i].At = now.Truncate(time.Hour).Add(time.Duration(i-len(hours)+1) * time.Hour)
	}
	var e evidence
	places := map[string]int{}
	for _, s := range saids {
		about := slices.Contains(s.topics, x.name)
		if i := int(s.at.Sub(hours[0].At) / time.Hour); about && !s.at.Before(hours[0].At) && i < len(hours) {
			hours[i].Value++
		}
		if s.at.Before(x.from) {
			continue
		}
		if a.Total++; about {
			a.Negative++
			places[s.quote.Source]++
			e.quotes = append(e.quotes, s.quote)
		}
	}
	e.worst()
	a.Quotes, a.Hours, a.TopicN = e.quotes, hours, a.Negative
	_, a.UsualHigh = trend.Band(a.Usual)
	n := 0
	for _, k := range places {
		if k >= 2 {
			n++
		}
	}
	if a.Severity = trend.SeverityOf(a.Negative, a.Usual, n); a.Severity == puskaradio.Crisis {
		a.Severity = puskaradio.Serious // talk as a whole is as usual
	}
	return a
}

// lookAtTopics runs the detectors of a brand's topics up to now.
func (m *Monitor) lookAtTopics(ctx context.Context, p *Plan, brand string, now time.Time) ([]said, []topicSight, error) {
	kept := topicState{}
	b, err := m.Store.Cursor(ctx, topicsKey(brand))
	if err != nil {
		return nil, nil, err
	}
	if len(b) > 0 && json.Unmarshal(b, &kept) != nil || kept.UpTo.After(now) {
		kept = topicState{} // of an older version, or of a wrong clock: it learns anew
	}
	from := kept.UpTo
	if from.IsZero() {
		from = now.Add(-learning)
	}
	saids, whole, err := m.saids(ctx, brand, from, now)
	if err != nil || len(saids) == 0 && len(kept.State) == 0 {
		return nil, nil, err
	}
	if !whole || kept.UpTo.IsZero() {
		kept = topicState{}
		from = saids[0].at.Truncate(tickLong)
	}
	heard, err := m.heardUpTo(ctx, p, brand, now)
	if err != nil {
		return nil, nil, err
	}
	settled := now.Add(-lateFor).Truncate(tickLong)
	since, err := m.listened(ctx, p, brand)
	if err != nil {
		return nil, nil, err
	}
	settle := !since.IsZero() && settled.Sub(from) >= settleEvery
	next := topicState{UpTo: settled, State: map[string][]byte{}}
	var out []topicSight
	for name, ticks := range byTopic(saids, kept) {
		d, err := trend.ResumeTopicBurst(*p.Rules.Topic, kept.State[name])
		switch {
		case err != nil && kept.UpTo.IsZero(): // how usual it is, is learned with all the others
			d = trend.NewTopicBurst(*p.Rules.Topic)
		case err != nil:
			d = trend.RareTopicBurst(*p.Rules.Topic)
		}
		x := topicSight{name: name}
		for at := from; !at.After(now); at = at.Add(tickLong) {
			if settle && at.Equal(settled) {
				if next.State[name], err = d.MarshalBinary(); err != nil {
					return nil, nil, err
				}
			}
			n := ticks[at]
			b := d.Tick(n, tickOfDay(at, p.Zone), !at.Before(heard))
			x.alerting = d.Alerting()
			x.tick(b, at, n, n)
		}
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b topicSight) int { return cmp.Compare(a.name, b.name) })
	if settle {
		if b, err = json.Marshal(next); err != nil {
			return nil, nil, err
		}
		_, err = m.Store.Commit(ctx, store.Crawl{Job: topicsKey(brand), Cursor: b})
	}
	return saids, out, err
}

// byTopic counts mentions by topic and tick; a topic that came up before is
// there even if nobody speaks of it now.
func byTopic(saids []said, kept topicState) map[string]map[time.Time]int {
	out := map[string]map[time.Time]int{}
	for name := range kept.State {
		out[name] = map[time.Time]int{}
	}
	for _, s := range saids {
		for _, name := range s.topics {
			if out[name] == nil {
				out[name] = map[time.Time]int{}
			}
			out[name][s.at.Truncate(tickLong)]++
		}
	}
	return out
}

// saids are the negative mentions of a brand that count, by time, and whether
// these are all: of many only the newest are read.
func (m *Monitor) saids(ctx context.Context, brand string, from, now time.Time) (out []said, whole bool, err error) {
	f := store.Filter{Brand: brand, From: from, To: now.Add(tickLong), Labels: []puskaradio.Label{puskaradio.Negative}, Limit: 500}
	whole = true
	for e, err := range m.each(ctx, f) {
		if err != nil {
			return nil, false, err
		}
		if len(out) == topicsMost {
			whole = false
			break
		}
		if e.Mention.Story != "" {
			continue
		}
		s := said{at: e.Mention.Published, topics: negativeAspects(e.Mention.Verdict()), seen: e.Mention.FirstSeen}
		if s.quote = puskaradio.QuoteOf(e.ID, &e.Mention); now.Sub(s.at) > lateFor+longest {
			s.quote = puskaradio.Quote{} // nobody will be shown it
		}
		out = append(out, s)
	}
	slices.SortStableFunc(out, func(a, b said) int { return a.at.Compare(b.at) })
	return out, whole, nil
}
