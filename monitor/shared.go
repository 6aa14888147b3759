package monitor

import (
	"context"
	"strconv"
	"time"

	"github.com/puskaradio/puskaradio/store"
)

// A holder is a store that several processes share. What must be done by one of
// them is done by the one that holds its name.
type holder interface {
	Hold(ctx context.Context, name string) (holding context.Context, release func(), err error)
}

// shared reports whether other processes may write to the store.
func (m *Monitor) shared() bool {
	_, ok := m.Store.(holder)
	return ok
}

// alone does something in one of all processes that share the store, until ctx
// is done: when that one is gone, another takes its place.
func (m *Monitor) alone(ctx context.Context, name string, do func(context.Context)) {
	h, ok := m.Store.(holder)
	if !ok {
		do(ctx)
		return
	}
	for ctx.Err() == nil {
		holding, release, err := h.Hold(ctx, name)
		if err == nil {
			do(holding)
			release()
			continue
		}
		if ctx.Err() == nil {
			m.Log.Warn("cannot ask whether another process does it", "what", name, "err", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(tellEvery):
		}
	}
}

// tellEvery is how precisely processes know of each other when a source
// answered last, and what was said lately. It is far below a tick of detection.
const tellEvery = 10 * time.Second

// heard notes that a source has answered.
func (m *Monitor) heard(ctx context.Context, source string, now time.Time) error {
	was, ok := m.answered.Swap(source, now)
	if !m.shared() || ok && now.Truncate(tellEvery).Equal(was.(time.Time).Truncate(tellEvery)) {
		return nil
	}
	_, err := m.Store.Commit(ctx, store.Crawl{Job: heardKey(source), Cursor: strconv.AppendInt(nil, now.UnixMilli(), 10)})
	return err
}

func heardKey(source string) string { return "heard/" + source }

// heardAt is when a source answered last, as far as is known without the
// ledger; zero if it has not since the start.
func (m *Monitor) heardAt(ctx context.Context, source string) (last time.Time, err error) {
	if at, ok := m.answered.Load(source); ok {
		last = at.(time.Time)
	}
	if !m.shared() {
		return last, nil
	}
	b, err := m.Store.Cursor(ctx, heardKey(source))
	if err != nil || b == nil {
		return last, err
	}
	ms, err := strconv.ParseInt(string(b), 10, 64)
	if at := time.UnixMilli(ms).UTC(); err == nil && at.After(last) {
		last = at
	}
	return last, err
}
