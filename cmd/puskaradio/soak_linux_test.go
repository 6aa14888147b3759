package main

import (
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"
)

var soakFor = flag.Duration("soak.for", 12*time.Second, "how long TestSoak goes on; from five minutes on it looks at memory and files too")

// A gauge is what a running program has at a time.
type gauge struct {
	goroutines, descriptors float64
	anon                    float64 // MiB of its own
	files                   float64 // bytes for each mention
}

var (
	anonLine      = regexp.MustCompile(`RssAnon:\s+(\d+) kB`)
	goroutineLine = regexp.MustCompile(`(?m)^[a-z_]*go_goroutines ([0-9.e+]+)$`)
)

// gaugeOf looks at a program from outside.
func gaugeOf(t *testing.T, w *world, pid int, metrics string) (g gauge) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err, w.log())
	}
	kb, _ := strconv.ParseFloat(string(anonLine.FindSubmatch(status)[1]), 64)
	g.anon = kb / 1024
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	g.descriptors = float64(len(fds))
	resp, err := http.Get(metrics)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	found := goroutineLine.FindSubmatch(text)
	if err != nil || found == nil {
		t.Fatalf("metrics: %v\n%s", err, text)
	}
	g.goroutines, _ = strconv.ParseFloat(string(found[1]), 64)
	size := int64(0)
	_ = filepath.WalkDir(filepath.Join(w.dir, "data"), func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // it was renamed meanwhile
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			size += info.Size()
		}
		return nil
	})
	w.mu.Lock()
	g.files = float64(size) / float64(len(w.posts))
	w.mu.Unlock()
	return g
}

// TestSoak has the program read, judge, alarm and tell without a pause, in real
// time: what runs, what is open and what memory it has is level from the second
// third on, and its files grow with what they hold alone.
func TestSoak(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := ln.Addr().String()
	_ = ln.Close()
	f, err := os.OpenFile(filepath.Join(w.dir, "puskaradio.yaml"), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = fmt.Fprintf(f, "web: {off: true, metrics: %q}\n", at)
	}
	if err != nil || f.Close() != nil {
		t.Fatal(err)
	}
	cmd := w.start("", "run")
	w.settle()
	w.mu.Lock()
	w.load, w.shown = true, 600
	w.mu.Unlock()
	var seen []gauge
	for began := time.Now(); time.Since(began) < *soakFor; time.Sleep(*soakFor / 60) {
		seen = append(seen, gaugeOf(t, w, cmd.Process.Pid, "http://"+at+"/metrics"))
	}
	w.mu.Lock()
	w.load = false
	w.mu.Unlock()
	w.stop(cmd)
	w.drain()
	w.account(0)
	middle, last := seen[len(seen)/3:len(seen)*2/3], seen[len(seen)*2/3:]
	for _, x := range []struct {
		name  string
		of    func(gauge) float64
		grows float64 // how much the median may be more, as a factor
		more  float64 // and beside it
		long  bool
	}{
		{"goroutines", func(g gauge) float64 { return g.goroutines }, 1, 5, false},
		{"descriptors", func(g gauge) float64 { return g.descriptors }, 1, 3, false},
		{"MiB", func(g gauge) float64 { return g.anon }, 1.1, 0, true},
		{"bytes a post", func(g gauge) float64 { return g.files }, 1.05, 0, true},
	} {
		median := func(gs []gauge) float64 {
			var all []float64
			for _, g := range gs {
				all = append(all, x.of(g))
			}
			slices.Sort(all)
			return all[len(all)/2]
		}
		was, is := median(middle), median(last)
		t.Logf("%s: %.0f, then %.0f", x.name, was, is)
		if is > was*x.grows+x.more && (!x.long || *soakFor >= 5*time.Minute) {
			t.Errorf("%s grow from %.0f to %.0f", x.name, was, is)
		}
	}
}
