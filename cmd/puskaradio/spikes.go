package main

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio/trend"
)

func (a *app) spikesCommand() *cobra.Command {
	profile := "normal"
	cmd := &cobra.Command{
		Use:   "spikes FILE.csv",
		Short: "Look for bursts in any series of counts",
		Long: `Reads a series of counts, "timestamp,value" with a heading, and prints it with two
columns more, for each row in its order:

  anomaly_score  1 where there is evidence enough for an alert, and then not again for a
                 day; else half of how near it was, 0 to 0.5
  alert          what the alert of the series does: 1 opened, 2 escalated (twice as much again), -1 over,
                 -2 over because it has lasted a week and is the usual now, 0 nothing

It is the detector that watches each brand: it learns as it goes and never looks
ahead. The first two days only teach it. Rows are five minutes apart, or finer, which
are added up, or coarser, which are spread out. A row without a value, one whose column
"gap" is 1, and rows that are missing mean that nothing could be heard. Times are
those that people live in: 2026-11-22 08:05:00, or with a zone.

--profile says how much evidence an alert needs: high, normal, low or quiet, about 1, 0.5,
0.25 and 0.1 false alerts a month; or nab, the one setting for the Numenta Anomaly
Benchmark, whose series are far busier. - is standard input.`,
		Example: "  puskaradio spikes counts.csv\n  puskaradio spikes --profile quiet - < counts.csv",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			o, err := spikeProfile(profile)
			if err != nil {
				return usage("--profile: %v", err)
			}
			in := a.in
			if args[0] != "-" {
				f, err := os.Open(a.path(args[0]))
				if err != nil {
					return err
				}
				defer f.Close()
				in = f
			}
			rows, err := readSeries(in, args[0])
			if err != nil {
				return err
			}
			out := bufio.NewWriter(a.out)
			writeSpikes(out, rows, o)
			return out.Flush()
		},
	}
	cmd.Flags().StringVar(&profile, "profile", profile, "high, normal, low, quiet or nab")
	return cmd
}

func spikeProfile(name string) (o trend.BurstOptions, err error) {
	if name == "nab" {
		return trend.BurstOptions{Threshold: 0.25, ThresholdBig: 0.25}, nil
	}
	o.Threshold, err = trend.Sensitivity(name).Threshold()
	if err != nil {
		err = fmt.Errorf("%w or nab", err)
	}
	return o, err
}

// A seriesRow is a row of a series as it stands, with what it says.
type seriesRow struct {
	stamp, text string
	at          time.Time // as the clock on the wall showed it
	value       float64
	gap         bool
}

// readSeries reads a series. Its error names the file and the line.
func readSeries(r io.Reader, file string) ([]seriesRow, error) {
	in := csv.NewReader(r)
	in.FieldsPerRecord, in.ReuseRecord = -1, true
	head, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("%s: there is no heading: %w", file, err)
	}
	column := map[string]int{}
	for i, name := range head {
		column[strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))] = i
	}
	stamp, ok1 := column["timestamp"]
	value, ok2 := column["value"]
	if !ok1 || !ok2 {
		return nil, fmt.Errorf("%s:1: the heading must have the columns timestamp and value", file)
	}
	gap, gaps := column["gap"]
	var rows []seriesRow
	for {
		rec, err := in.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		line, _ := in.FieldPos(0)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, line, err)
		}
		if len(rec) <= max(stamp, value) {
			return nil, fmt.Errorf("%s:%d: a row of %d columns", file, line, len(rec))
		}
		x := seriesRow{stamp: strings.Clone(rec[stamp]), text: strings.Clone(rec[value])}
		if x.at, err = wallTime(x.stamp); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, line, err)
		}
		// Clocks are put back by an hour; more is another series.
		if n := len(rows); n > 0 && rows[n-1].at.Sub(x.at) > 2*time.Hour {
			return nil, fmt.Errorf("%s:%d: %s comes after %s; rows must be in the order of time", file, line, x.stamp, rows[n-1].stamp)
		}
		x.gap = gaps && gap < len(rec) && !slices.Contains([]string{"", "0", "false"}, strings.TrimSpace(rec[gap]))
		switch text := strings.TrimSpace(x.text); {
		case text == "" || strings.EqualFold(text, "nan"):
			x.gap = true
		default:
			x.value, err = strconv.ParseFloat(text, 64)
			if err != nil || math.IsNaN(x.value) || x.value < 0 || x.value > 1e9 {
				return nil, fmt.Errorf("%s:%d: %q is not a count", file, line, x.text)
			}
		}
		rows = append(rows, x)
	}
}

// wallTime reads a time as the clock on the wall showed it, whatever its zone.
func wallTime(s string) (time.Time, error) {
	s = strings.TrimSpace(s)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05.999999", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02 15:04:05Z07:00", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time such as 2026-11-22 08:05:00", s)
}

const tick = 5 * time.Minute

// step is how far rows are apart mostly: the median.
func step(rows []seriesRow) time.Duration {
	var ds []time.Duration
	for i := 1; i < len(rows); i++ {
		if d := rows[i].at.Sub(rows[i-1].at); d > 0 {
			ds = append(ds, d)
		}
	}
	if len(ds) == 0 {
		return tick
	}
	slices.Sort(ds)
	return ds[len(ds)/2]
}

// writeSpikes runs the detector over a series.
func writeSpikes(w io.Writer, rows []seriesRow, o trend.BurstOptions) {
	fmt.Fprintln(w, "timestamp,value,anomaly_score,alert")
	d := trend.NewBurst(o)
	o.Once = true
	marks := trend.NewBurst(o)
	beat := func(n, tod int, gap bool) (trend.Beat, trend.Event) {
		return marks.Tick(n, tod, gap), d.Tick(n, tod, gap).Event
	}
	width := step(rows)
	each := max(1, int(width/tick)) // ticks of a row
	tod := func(at time.Time) int { return (at.Hour()*60 + at.Minute()) / 5 }
	var last time.Time // up to where it was told
	for i := 0; i < len(rows); {
		// What is missing could not be heard.
		if !last.IsZero() && rows[i].at.Sub(last) > width {
			for at := last; rows[i].at.Sub(at) >= tick && at.Sub(last) < 60*24*time.Hour; at = at.Add(tick) {
				beat(0, tod(at), true)
			}
		}
		// Rows finer than a tick are told together.
		n, count, gap := 1, rows[i].value, rows[i].gap
		for width < tick && i+n < len(rows) && rows[i+n].at.Truncate(tick).Equal(rows[i].at.Truncate(tick)) {
			count += rows[i+n].value
			gap = gap && rows[i+n].gap
			n++
		}
		score, event, told := 0.0, trend.NoEvent, 0
		for k := range each {
			upTo := int(math.Round(count * float64(k+1) / float64(each)))
			b, e := beat(upTo-told, tod(rows[i].at.Add(time.Duration(k)*tick)), gap)
			told = upTo
			if e != trend.NoEvent && event != trend.Opened {
				event = e
			}
			if b.Event == trend.Opened {
				score = 1
			}
			score = max(score, 0.5*min(max(b.Evidence/max(b.Threshold, 1e-9), 0), 1))
		}
		for k, r := range rows[i : i+n] {
			if k < n-1 {
				fmt.Fprintf(w, "%s,%s,0.000000,0\n", r.stamp, r.text)
				continue
			}
			fmt.Fprintf(w, "%s,%s,%.6f,%d\n", r.stamp, r.text, score, event)
		}
		last = rows[i].at.Add(max(width, tick))
		i += n
	}
}
