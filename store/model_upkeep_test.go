package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"pgregory.net/rapid"

	"github.com/puskaradio/puskaradio/store"
)

func (m *model) retain(rt *rapid.T) {
	texts := noon.AddDate(0, 0, -rapid.SampledFrom([]int{400, 300, 140, 60, 10, 0}).Draw(rt, "texts"))
	hours := noon.AddDate(0, 0, -rapid.SampledFrom([]int{200, 60, 59, 10}).Draw(rt, "hours")).Truncate(time.Hour)
	want := 0
	for id, x := range m.told {
		if x.m.Published.Before(texts) {
			delete(m.told, id)
			want++
		}
	}
	if hours.After(m.hours) {
		m.hours = hours
	}
	for k := range m.rows {
		if k.step == store.Hour && k.at < m.hours.Unix() {
			delete(m.rows, k)
		}
	}
	if n, err := m.store.Retain(context.Background(), texts, hours); n != want || err != nil {
		rt.Fatalf("Retain = %d, %v, want %d", n, err, want)
	}
}

func (m *model) reopen(rt *rapid.T) {
	if err := m.store.Close(); err != nil {
		rt.Fatalf("Close: %v", err)
	}
	m.open(rt)
}

func (m *model) compact(rt *rapid.T) {
	if _, err := m.bolt.Compact(context.Background(), true); err != nil {
		rt.Fatalf("Compact: %v", err)
	}
}

// restore goes on with a backup, elsewhere.
func (m *model) restore(rt *rapid.T) {
	m.places++
	path, err := m.bolt.Backup(context.Background(), m.dir+"-backups", noon.Add(time.Duration(m.places)*time.Second))
	if err != nil {
		rt.Fatalf("Backup: %v", err)
	}
	if err := m.store.Close(); err != nil {
		rt.Fatalf("Close: %v", err)
	}
	m.dir = filepath.Join(filepath.Dir(m.dir), fmt.Sprint("restored", m.places))
	if aside, err := store.Restore(path, m.dir, noon); err != nil || aside != "" {
		rt.Fatalf("Restore = %q, %v", aside, err)
	}
	m.open(rt)
}
