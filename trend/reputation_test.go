package trend

import (
	"encoding/csv"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// year makes a year of days, the newest last, with talk that turns bad.
func year(seed uint64, quiet float64) []Day {
	r := rand.New(rand.NewPCG(seed, 1))
	at := time.Date(2025, 11, 23, 0, 0, 0, 0, time.UTC)
	days := make([]Day, reputationDays)
	for i := range days {
		days[i].At = at.AddDate(0, 0, i)
		if r.Float64() < quiet {
			continue
		}
		days[i].Negative, days[i].Neutral, days[i].Positive = r.IntN(2+i/60), r.IntN(4), r.IntN(9)
	}
	return days
}

// TestReputationInASpreadsheet recomputes made years by the formulas that stand
// in docs/reputation.md, in a spreadsheet that none of us wrote.
func TestReputationInASpreadsheet(t *testing.T) {
	doc, err := os.ReadFile("../docs/reputation.md")
	if err != nil {
		t.Fatal(err)
	}
	formula := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| ([EG]\\d)[^|]*\\|[^|]*\\| `([^`]+)` \\|$").FindAllStringSubmatch(string(doc), -1) {
		formula[m[1]] = m[2]
	}
	if len(formula) != 7 {
		t.Fatalf("found the formulas %v, want seven", formula)
	}
	for name, days := range map[string][]Day{"busy": year(1, 0), "quiet": year(2, 0.9), "one": append(year(3, 1)[:364], Day{At: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC), Negative: 1}), "nothing": year(4, 1)} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			w := csv.NewWriter(&b)
			_ = w.Write([]string{"date", "negative", "neutral", "positive", "weight", "", formula["G1"]})
			for i, d := range days {
				row := []string{d.At.Format(time.DateOnly), strconv.Itoa(d.Negative), strconv.Itoa(d.Neutral), strconv.Itoa(d.Positive), strings.ReplaceAll(formula["E2"], "-A2", fmt.Sprint("-A", i+2)), "", ""}
				row[6] = formula[fmt.Sprint("G", i+2)]
				_ = w.Write(row)
			}
			w.Flush()
			dir := t.TempDir()
			in, out := filepath.Join(dir, "in.csv"), filepath.Join(dir, "out.txt")
			if err := os.WriteFile(in, []byte(b.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			if log, err := exec.CommandContext(t.Context(), "ssconvert", "--recalc", "-T", "Gnumeric_stf:stf_assistant", "-O", "format=raw separator=;", in, out).CombinedOutput(); err != nil {
				t.Fatalf("ssconvert (of gnumeric): %v\n%s", err, log)
			}
			sheet, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			rows := strings.Split(string(sheet), "\n")
			cell := func(row int) float64 { // of column G
				parts := strings.Split(rows[row-1], ";")
				v, err := strconv.ParseFloat(strings.TrimSpace(parts[len(parts)-1]), 64)
				if err != nil {
					t.Fatalf("row %d is %q", row, rows[row-1])
				}
				return v
			}
			got := Reputation(days)
			for i, x := range []struct {
				name string
				v    float64
			}{{"score", got.Value}, {"low", got.Low}, {"high", got.High}} {
				want := cell(4 + i)
				if a, b := fmt.Sprintf("%.10f", x.v), fmt.Sprintf("%.10f", want); a != b || math.IsNaN(x.v) {
					t.Errorf("%s is %s, the spreadsheet says %s", x.name, a, b)
				}
			}
		})
	}
}

// TestReputation: what the score must do, whatever its formula.
func TestReputation(t *testing.T) {
	at := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	one := func(age, neg, neu, pos int) []Day {
		days := make([]Day, age+1)
		for i := range days {
			days[i].At = at.AddDate(0, 0, i-age)
		}
		days[0].Negative, days[0].Neutral, days[0].Positive = neg, neu, pos
		return days
	}
	for _, c := range []struct {
		name string
		days []Day
		want float64
	}{
		{"nothing", nil, 50},
		{"twenty good ones today", one(0, 0, 0, 20), 75},
		{"twenty bad ones today", one(0, 20, 0, 0), 25},
		{"twenty good ones of 90 days ago", one(90, 0, 0, 20), 100 * 20.0 / 30},
		{"neutral ones", one(0, 0, 500, 0), 50},
		{"older than a year", one(365, 0, 0, 1000), 50},
	} {
		got := Reputation(c.days)
		if math.Abs(got.Value-c.want) > 1e-9 || got.Low > got.Value || got.High < got.Value || got.Low < 0 || got.High > 100 || got.Method != ReputationMethod {
			t.Errorf("%s: %+v, want %v", c.name, got, c.want)
		}
	}
	if few, many := Reputation(one(0, 1, 0, 4)), Reputation(one(0, 100, 0, 400)); few.High-few.Low < many.High-many.Low {
		t.Errorf("the band of few, %+v, is narrower than that of many, %+v", few, many)
	}
}

// TestPulls: what came since Monday moves the score as it did, and all parts
// are the whole.
func TestPulls(t *testing.T) {
	days := year(1, 0)
	since := days[len(days)-6].At
	var heard []Heard
	for i := range 12 {
		days[len(days)-2].Negative++
		heard = append(heard, Heard{days[len(days)-2].At.Add(time.Duration(i) * time.Minute), puskaradio.Negative, []string{"delivery"}})
	}
	days[len(days)-1].Positive++
	heard = append(heard, Heard{days[len(days)-1].At, puskaradio.Positive, []string{"service"}}, Heard{since.Add(-time.Hour), puskaradio.Negative, []string{"price"}})
	change, pulls := Pulls(days, heard, since)
	sum, by := 0.0, map[string]float64{}
	for _, p := range pulls {
		sum, by[p.Aspect] = sum+p.Points, p.Points
	}
	if want := Reputation(days).Value - Reputation(days[:len(days)-6]).Value; math.Abs(change-want) > 1e-9 || math.Abs(sum-change) > 1e-9 {
		t.Errorf("change %v, want %v; its parts come to %v", change, want, sum)
	}
	if len(pulls) != 3 || pulls[0].Aspect != "delivery" || by["delivery"] >= 0 || by["service"] <= 0 {
		t.Errorf("pulls %+v", pulls)
	}
	if c, p := Pulls(days, heard, days[0].At); c != 0 || p != nil {
		t.Errorf("since the beginning: %v, %v", c, p)
	}
	last := Reputations(days, 3)
	if len(last) != 3 || last[2] != Reputation(days) || last[0] != Reputation(days[:len(days)-2]) {
		t.Errorf("the last three: %+v", last)
	}
}
