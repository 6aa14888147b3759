package monitor

import (
	"cmp"
	"context"
	"hash/fnv"
	"slices"
	"sync"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
	"github.com/puskaradio/puskaradio/trend"
)

const (
	storyFor  = 72 * time.Hour // how old a text may be that another repeats
	storyMost = 20_000         // texts of a brand that are remembered for it
	storyAll  = 200_000        // of all brands together: about 150 MB
)

// stories is what was said lately of each brand, to tell what repeats it.
type stories struct {
	mu   sync.Mutex
	by   map[string]*trend.Stories[puskaradio.ID]
	read map[string]time.Time       // by brand: when it was read from the store
	all  map[string]time.Time       // by brand: when all of it was
	told map[puskaradio.ID][]uint64 // who has repeated a story, by digests of their names
	held int                        // texts of all brands
}

// manyTold is how many stories those are remembered of who repeated them, and
// manyTellers how many of each.
const (
	manyTold    = 20_000
	manyTellers = 64
)

// tellers is how many people have told a story after the first; one who tells
// it again counts once.
func (s *stories) tellers(id puskaradio.ID) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.told[id])
}

// repeats notes that a mention repeats a story. The lock is held. Who goes by a
// pseudonym now and went by name before is one.
func (s *stories) repeats(who store.Pseudonyms, first puskaradio.ID, m *puskaradio.Mention) {
	if s.told == nil || len(s.told) > manyTold {
		s.told = map[puskaradio.ID][]uint64{}
	}
	h := fnv.New64a()
	h.Write([]byte(m.Source + "\x00" + cmp.Or(who.Author(m.Source, m.Author), m.Ref)))
	if by := s.told[first]; len(by) < manyTellers && !slices.Contains(by, h.Sum64()) {
		s.told[first] = append(by, h.Sum64())
	}
}

// forget lets go of all texts; they are read again when they are needed.
func (s *stories) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.by, s.read, s.all, s.told, s.held = nil, nil, nil, nil, 0
}

// keepWithin forgets the older half of each brand's texts when all together
// are too many: then only what was said lately is known to be repeated.
func (s *stories) keepWithin(most int) {
	if s.held <= most {
		return
	}
	s.held = 0
	for brand, x := range s.by {
		if x.Halve(); x.Len() == 0 {
			delete(s.by, brand)
		}
		s.held += x.Len()
	}
}

// tell finds which of the mentions repeat others, and notes it in them.
func (m *Monitor) tellStories(ctx context.Context, ms []puskaradio.Mention, now time.Time) error {
	m.stories.mu.Lock()
	defer m.stories.mu.Unlock()
	for i := range ms {
		x := &ms[i]
		if now.Sub(x.Published) > storyFor {
			continue
		}
		s, err := m.storiesOf(ctx, x.Brand, now)
		if err != nil {
			return err
		}
		before := s.Len()
		if first, ok := s.Add(puskaradio.NewID(x.Published.Unix(), x.Hash()), storyText(x)); ok {
			x.Story = first
			m.stories.repeats(m.Store.Pseudonyms(), first, x)
		}
		m.stories.held += s.Len() - before
		m.stories.keepWithin(storyAll)
	}
	return nil
}

// What another process keeps is read soon where it was said lately, and where a
// slow source told of it late, when all is read again.
const (
	lateStory  = time.Hour
	storyAgain = 10 * time.Minute
)

// storiesOf is what began a story of a brand lately: read from the store at
// first, and of what other processes keep there now and then. The lock is held.
func (m *Monitor) storiesOf(ctx context.Context, brand string, now time.Time) (*trend.Stories[puskaradio.ID], error) {
	s, from := m.stories.by[brand], now.Add(-storyFor)
	whole := true
	switch {
	case s == nil:
		s = trend.NewStories[puskaradio.ID](storyMost)
	case m.shared() && now.Sub(m.stories.all[brand]) > storyAgain:
	case m.shared() && now.Sub(m.stories.read[brand]) > tellEvery:
		from, whole = m.stories.read[brand].Add(-lateStory), false
	default:
		return s, nil
	}
	before := s.Len()
	if err := m.readStories(ctx, s, brand, from); err != nil {
		return nil, err
	}
	if m.stories.by == nil {
		m.stories.by, m.stories.read, m.stories.all = map[string]*trend.Stories[puskaradio.ID]{}, map[string]time.Time{}, map[string]time.Time{}
	}
	if whole {
		m.stories.all[brand] = now
	}
	m.stories.by[brand], m.stories.read[brand] = s, now
	m.stories.held += s.Len() - before
	return s, nil
}

// readStories adds what began a story since a time; what is there already is
// not added again.
func (m *Monitor) readStories(ctx context.Context, s *trend.Stories[puskaradio.ID], brand string, from time.Time) error {
	var firsts []store.Entry // the newest first
	for e, err := range m.each(ctx, store.Filter{Brand: brand, From: from, Limit: 500}) {
		if err != nil {
			return err
		}
		if first := e.Mention.Story; first != "" {
			m.stories.repeats(m.Store.Pseudonyms(), first, &e.Mention)
		} else if firsts = append(firsts, e); len(firsts) == storyMost {
			break
		}
	}
	for _, e := range slices.Backward(firsts) {
		s.Add(e.ID, storyText(&e.Mention))
	}
	return nil
}

func storyText(m *puskaradio.Mention) string { return m.Title + " " + m.Text }
