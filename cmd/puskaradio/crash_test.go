package main

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"
)

var (
	crashRounds = flag.Int("crash.rounds", 3, "how often to kill at each fault point")
	crashRandom = flag.Int("crash.random", 10, "how often to kill at random times")
)

// TestKilledAtEachPoint kills the program at each named place.
func TestKilledAtEachPoint(t *testing.T) {
	for _, tt := range []struct {
		point string
		args  []string // another command that leads there
	}{
		{point: "monitor: fetched"},
		{point: "monitor: prepared"},
		{point: "store: texts written"},
		{point: "store: before commit"},
		{point: "store: after commit"},
		{point: "monitor: before alert"},
		{point: "monitor: alert decided"},
		{point: "monitor: before post"},
		{point: "monitor: posted"},
		{point: "store: during backup", args: []string{"backup", "copies"}},
		{point: "store: during compaction", args: []string{"compact"}},
	} {
		t.Run(tt.point, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			first := w.start("", "run")
			w.settle()
			w.stop(first)
			kills := 0
			for round := range *crashRounds {
				w.burst(round)
				before := len(w.told)
				cmd := w.start(tt.point, "run")
				if tt.args != nil {
					w.wait("the alert", func() bool { return len(w.told) > before })
					other := w.start("", tt.args...)
					defer other.Wait()
				}
				if !w.died(cmd, 10*time.Second) {
					t.Fatalf("round %d: %q was not passed\n%s", round, tt.point, w.log())
				}
				kills++
				again := w.start("", "run")
				w.wait("the alert after the restart", func() bool { return len(w.told) > before })
				w.stop(again)
			}
			w.account(kills)
		})
	}
}

// TestKilledAtDigest kills it between the making and the keeping of a digest.
func TestKilledAtDigest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	kills := 0
	for range *crashRounds {
		cmd := w.start("monitor: digest made@2", "run")
		if !w.died(cmd, 10*time.Second) {
			t.Fatalf("the digest was not made\n%s", w.log())
		}
		kills++
	}
	again := w.start("", "run")
	w.wait("the digests", func() bool { return len(w.told) >= worldBrands })
	w.stop(again)
	w.account(kills)
}

// TestKilledAtNewFile kills it before the file of a quarter has its name.
func TestKilledAtNewFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	kills := 0
	for round := range *crashRounds {
		cmd := w.start("store: quarter made", "run")
		if !w.died(cmd, 10*time.Second) {
			t.Fatalf("round %d: no file was made\n%s", round, w.log())
		}
		kills++
	}
	w.mu.Lock()
	w.reads = 0 // nothing of what was read is kept
	w.mu.Unlock()
	again := w.start("", "run")
	w.settle()
	w.stop(again)
	w.account(kills)
}

// TestKilledAtRandom kills it at random times, while every fetch brings news.
func TestKilledAtRandom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.load = true
	kills := 0
	for range *crashRandom {
		cmd := w.start("", "run")
		w.died(cmd, time.Duration(rand.IntN(700))*time.Millisecond)
		kills++
		if kills%40 == 20 {
			w.burst(kills / 40)
		}
	}
	w.mu.Lock()
	w.load = false
	w.mu.Unlock()
	w.drain()
	w.account(kills)
}

// TestKilledAtEdit kills it before a message that was sent is edited.
func TestKilledAtEdit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.start("", "run")
	w.settle()
	w.stop(first)
	kills := 0
	for round := range *crashRounds {
		before := len(w.told)
		cmd := w.start("monitor: before edit", "run")
		w.burst(round)
		w.wait("the alert", func() bool { return len(w.told) > before })
		w.burst(round) // it grows: the message is edited
		if !w.died(cmd, 10*time.Second) {
			t.Fatalf("round %d: nothing was edited\n%s", round, w.log())
		}
		kills++
		edits := w.edits
		again := w.start("", "run")
		w.wait("the edit after the restart", func() bool { return w.edits > edits })
		w.stop(again)
	}
	w.account(kills)
}
