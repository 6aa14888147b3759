package monitor

import (
	"context"
	"sync"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/sentiment"
)

// externalRest is how long an external scorer is left alone after a fault, so
// that one which is away does not hold up what is read.
const externalRest = time.Minute

// An external is how it goes with the scorer of the plan that is asked over
// the network.
type external struct {
	mu     sync.Mutex
	total  int // faults since the start
	faults int // since it last answered well
	until  time.Time
}

// ExternalFaults counts the faults of the external scorer since the start.
func (m *Monitor) ExternalFaults() int {
	m.external.mu.Lock()
	defer m.external.mu.Unlock()
	return m.external.total
}

// weigh asks the external scorer, if the plan has one. Where it fails the
// embedded verdict stands: that is told once, until it answers again.
func (m *Monitor) weigh(ctx context.Context, p *Plan, texts []sentiment.Text, scores []puskaradio.Score) {
	if p.External == nil || len(texts) == 0 {
		return
	}
	x := &m.external
	x.mu.Lock()
	resting := time.Now().Before(x.until)
	x.mu.Unlock()
	if resting {
		return
	}
	err := p.External.Weigh(ctx, texts, scores)
	if ctx.Err() != nil {
		return // it was not given the time
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if err == nil {
		if x.faults > 0 {
			m.Log.Info("the external scorer answers again", "faults", x.faults)
		}
		x.faults = 0
		return
	}
	x.total++
	x.faults++
	x.until = time.Now().Add(externalRest)
	if x.faults == 1 {
		m.Log.Warn("the embedded verdict stands", "err", err)
	}
}
