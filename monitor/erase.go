package monitor

import (
	"context"
	"errors"
	"fmt"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// Erase forgets everything that an author said at a source and takes nothing of
// them any more; what stands in channels that can edit is edited. What was
// mailed, and backups of before, cannot be reached.
func (m *Monitor) Erase(ctx context.Context, source, author string) (store.Erased, error) {
	out, err := m.Store.Erase(ctx, source, author)
	if err != nil {
		return out, err
	}
	m.stories.forget()
	for _, id := range out.Alerts {
		err := m.hand(ctx, id, func(*puskaradio.Alert) (bool, error) { return true, nil })
		if err != nil && !errors.Is(err, puskaradio.ErrNotFound) {
			return out, fmt.Errorf("alert %s: %w", id, err)
		}
	}
	if a, ok := m.Store.(archive); ok { // freed pages keep what they held
		_, err = a.Compact(ctx, true)
	}
	return out, err
}
