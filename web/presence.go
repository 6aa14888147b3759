package web

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/puskaradio/puskaradio"
)

const (
	lookFor   = time.Minute // that somebody who has opened a case is said to look at it
	mostLooks = 10_000
)

// looks are who has lately opened which case. They hold nobody back.
type looks struct {
	mu sync.Mutex
	at map[look]time.Time
}

type look struct {
	id  puskaradio.ID
	who string
}

// open notes that somebody looks at a case, and gives the others who do, by name.
func (l *looks) open(id puskaradio.ID, who string, now time.Time) (others []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k, at := range l.at {
		switch {
		case now.Sub(at) >= lookFor:
			delete(l.at, k)
		case k.id == id && k.who != who:
			others = append(others, k.who)
		}
	}
	if l.at == nil {
		l.at = map[look]time.Time{}
	}
	if len(l.at) < mostLooks {
		l.at[look{id, who}] = now
	}
	slices.Sort(others)
	return others
}

// looking says who else looks at a case; empty if nobody does.
func (v *view) looking(others []string) string {
	switch len(others) {
	case 0:
		return ""
	case 1:
		return v.T("%s is looking at this too.", others[0])
	}
	return v.T("%s are looking at this too.", strings.Join(others, ", "))
}
