package monitor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio/store"
)

// An archive is a store that can copy itself and give room back.
type archive interface {
	Backup(ctx context.Context, dir string, now time.Time) (string, error)
	Compact(ctx context.Context, always bool) (int64, error)
}

// A purger is a store that keeps words beside the texts that they are from.
type purger interface {
	Purge(ctx context.Context, before time.Time) (int64, error)
}

// hoursKept is how long counts by the hour are kept.
const hoursKept = 60 * 24 * time.Hour

// purgeAfter is how long words of what was forgotten may stand in the files.
const purgeAfter = 6 * 24 * time.Hour

// keepBackups is how many nightly backups are kept.
const keepBackups = 7

// upkeep forgets what is past its time, gives room back to the disk and makes
// the nightly backup.
func (m *Monitor) upkeep(ctx context.Context, j store.Job) (store.Job, error) {
	p, now := m.Plan(), time.Now().UTC()
	y, mo, d := now.In(p.Zone).Date()
	j.Due = time.Date(y, mo, d+1, 3, 30, 0, 0, p.Zone)
	steady, err := m.steady(ctx, now)
	if err != nil {
		return j, err
	}
	if !steady { // it may be years ahead
		m.Log.Warn("nothing is forgotten today, as nothing was read for a month by this clock")
	} else if err := m.forget(ctx, p, now); err != nil {
		return j, err
	}
	if now.In(p.Zone).Weekday() == time.Monday {
		spent, err := m.Spendings(ctx, now)
		if err != nil {
			return j, err
		}
		for _, s := range spent {
			if s.Over() {
				m.Log.Warn("more alerts than the budget", "brand", s.Brand, "a week", s.PerWeek(), "budget", s.Budget, "sensitivity that keeps it", s.Keeps)
			}
		}
	}
	a, whole := m.Store.(archive)
	var failed []error
	if whole {
		_, err := a.Compact(ctx, false)
		failed = append(failed, err)
	}
	if s, ok := m.Store.(purger); ok {
		_, err := s.Purge(ctx, time.Now().Add(-purgeAfter))
		failed = append(failed, err)
	}
	if err := errors.Join(failed...); err != nil { // the disk may be full; a backup is made all the same
		m.Log.Error("what was forgotten could not be written out of the store; the next night tries again", "err", err)
	}
	if !whole || p.BackupDir == "" {
		return j, nil
	}
	path, err := a.Backup(ctx, p.BackupDir, now)
	if err != nil {
		return j, err
	}
	m.Log.Info("backed up", "to", path)
	return j, prune(p.BackupDir, now)
}

// forget forgets what is past its time.
func (m *Monitor) forget(ctx context.Context, p *Plan, now time.Time) error {
	var texts time.Time
	if p.Keep > 0 {
		texts = now.Add(-p.Keep)
	}
	n, err := m.Store.Retain(ctx, texts, now.Add(-hoursKept))
	if err != nil {
		return err
	}
	limited, err := m.Store.Forget(ctx, p.limits(now)...)
	if err != nil {
		return err
	}
	if n += limited; n > 0 {
		m.Log.Info("forgotten", "mentions", n)
	}
	return nil
}

// prune removes all but the newest backups, and what is left of broken ones.
func prune(dir string, now time.Time) error {
	all, err := filepath.Glob(filepath.Join(dir, "puskaradio-*Z"))
	if err != nil {
		return err
	}
	slices.Sort(all)
	// What a crash has left of a copy; a younger one may be under way.
	parts, err := filepath.Glob(filepath.Join(dir, "puskaradio-*Z.part"))
	if err != nil {
		return err
	}
	drop := all[:max(0, len(all)-keepBackups)]
	for _, part := range parts {
		if info, err := os.Stat(part); err == nil && now.Sub(info.ModTime()) > 24*time.Hour {
			drop = append(slices.Clip(drop), part)
		}
	}
	for _, old := range drop {
		if err := os.RemoveAll(old); err != nil {
			return fmt.Errorf("old backup: %w", err)
		}
	}
	return nil
}

// cutKey cuts the key of a job of the form KIND/BRAND or KIND/BRAND/REST.
func cutKey(key string) (brand, rest string, ok bool) {
	_, rest, _ = strings.Cut(key, "/")
	return strings.Cut(rest, "/")
}

// cutLast cuts a key at its last slash.
func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, '/')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}
