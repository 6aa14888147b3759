//go:build eval

package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// squash is what a detection is worth by its place beside a window.
func squash(y float64) float64 {
	if y > 3 {
		return -1
	}
	return 2/(1+math.Exp(5*y)) - 1
}

// TestEvalSpikes scores "spikes" on series of tweet counts of the Numenta Anomaly
// Benchmark as that does (Lavin, Ahmad 2015), with a row a detection where its
// score is 1: one setting for all series, and the product's own. Its labels are
// disputed, its windows few and its series far busier than a brand: it proves
// little but that the detector is no worse than others there.
func TestEvalSpikes(t *testing.T) {
	dir := filepath.Join(os.Getenv("DATA"), "spikes")
	b, err := os.ReadFile(filepath.Join(dir, "windows.json"))
	if err != nil {
		t.Fatal(err)
	}
	var labels map[string][][2]string
	if err := json.Unmarshal(b, &labels); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		profile                string
		standard, lowFP, lowFN float64
		sum, floor, top        [3]float64
	}{{profile: "nab", standard: 83.2, lowFP: 74.6, lowFN: 87}, {profile: "normal", standard: 73}} {
		hit, windows, wrong := 0, 0, 0
		for name, spans := range labels {
			file := filepath.Join(dir, name)
			if _, err := os.Stat(file); err != nil {
				continue // those of other places
			}
			var out, talk bytes.Buffer
			a := &app{in: strings.NewReader(""), out: &out, err: &talk}
			if code := a.run(t.Context(), []string{"spikes", "--profile", tt.profile, file}); code != exitDone {
				t.Fatalf("exit code %d: %s", code, talk.String())
			}
			rows, err := csv.NewReader(&out).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			rows = rows[1:]
			at := map[string]int{}
			for i, r := range rows {
				if _, ok := at[r[0]]; !ok {
					at[r[0]] = i
				}
			}
			start := int(min(math.Floor(0.15*float64(len(rows))), 750))
			type window struct {
				lo, hi int
				best   float64
			}
			var ws []window
			for _, s := range spans {
				lo, ok1 := at[s[0][:19]]
				hi, ok2 := at[s[1][:19]]
				if !ok1 || !ok2 {
					t.Fatalf("%s: no row of the window %v", name, s)
				}
				ws = append(ws, window{lo, hi, -1})
			}
			var fp float64
			for i := start; i < len(rows); i++ {
				if rows[i][2] != "1.000000" {
					continue
				}
				worth, in := -1.0, false
				for k := range ws {
					w := &ws[k]
					width := float64(w.hi - w.lo + 1)
					switch {
					case i >= w.lo && i <= w.hi:
						in = true
						w.best = max(w.best, squash(-float64(w.hi-i+1)/width)/squash(-1))
					case i > w.hi:
						worth = squash(float64(i-w.hi) / (width - 1))
					}
				}
				if !in {
					wrong++
					fp += worth
				}
			}
			for p, weight := range [3][2]float64{{0.11, 1}, {0.22, 1}, {0.11, 2}} {
				tt.sum[p] += weight[0] * fp
				for _, w := range ws {
					tt.top[p]++
					if w.hi < start {
						continue
					}
					tt.floor[p] -= weight[1]
					if w.best < 0 {
						tt.sum[p] -= weight[1]
						continue
					}
					tt.sum[p] += w.best
				}
			}
			for _, w := range ws {
				if w.hi >= start {
					if windows++; w.best >= 0 {
						hit++
					}
				}
			}
		}
		var score [3]float64
		for p := range score {
			score[p] = 100 * (tt.sum[p] - tt.floor[p]) / (tt.top[p] - tt.floor[p])
		}
		t.Logf("%s: standard %.1f, low false positives %.1f, low false negatives %.1f; %d of %d windows, %d alerts elsewhere", tt.profile, score[0], score[1], score[2], hit, windows, wrong)
		if windows == 0 || score[0] < tt.standard || score[1] < tt.lowFP || score[2] < tt.lowFN {
			t.Errorf("%s: want %v, %v and %v", tt.profile, tt.standard, tt.lowFP, tt.lowFN)
		}
	}
}
