package main

import (
	"context"
	"fmt"
	"math"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/store"
)

func (a *app) sourcesCommand() *cobra.Command {
	var one string
	cmd := &cobra.Command{
		Use:   "sources",
		Short: "How the sources are",
		Long: `Shows for each source its state in a word, when it was read with success and
when it will be again, what it brings in a day beside what it usually does, how
soon a post can be heard at best, what it cost today where it costs, and how long
its texts are kept. A source is silent when it answers and nothing new has come
for so long that luck does not explain it: often it has changed its pages. With
--source it says all that is known of one, and the terms as they were read.`,
		Example:     "  puskaradio sources\n  puskaradio sources --source shop\n  puskaradio sources --json",
		Annotations: served,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, l, err := a.store(cmd)
			if err != nil {
				return err
			}
			lines, err := sourceLines(cmd.Context(), s, l, time.Now())
			if err != nil {
				return err
			}
			if one != "" {
				for _, x := range lines {
					if x.ID == one {
						return a.printSource(x, time.Now())
					}
				}
				return fmt.Errorf("there is no source %q; puskaradio sources lists them", one)
			}
			return a.printSources(lines, time.Now())
		},
	}
	cmd.Flags().StringVar(&one, "source", "", "the id of one, to see all of it")
	return cmd
}

// A sourceLine is what is known of a source.
type sourceLine struct {
	ID      string             `json:"id"`
	Kind    string             `json:"kind"`
	State   string             `json:"state"` // of the last fetch; or silent, never read
	Problem string             `json:"problem,omitempty"`
	Last    time.Time          `json:"last_success,omitzero"`
	Next    time.Time          `json:"next,omitzero"`
	Items   int                `json:"items_24h"`
	New     int                `json:"new_24h"`
	Usual   float64            `json:"new_usual_24h"`
	Fetches int                `json:"fetches_24h"`
	Failed  int                `json:"failed_24h"`
	Delay   string             `json:"best_delay"` // between a post and our hearing of it
	Spend   *crawler.Spend     `json:"spend,omitempty"`
	Keep    puskaradio.Keeping `json:"keep,omitempty"`
	Terms   crawler.Terms      `json:"terms"`
}

func sourceLines(ctx context.Context, s store.Store, l *loaded, now time.Time) ([]sourceLine, error) {
	ledger, err := s.Coverage(ctx, now.AddDate(0, 0, -8), now)
	if err != nil {
		return nil, err
	}
	jobs, err := s.Jobs(ctx, "crawl/")
	if err != nil {
		return nil, err
	}
	bySource := map[string][]puskaradio.Coverage{}
	for _, c := range ledger {
		bySource[c.Source] = append(bySource[c.Source], c)
	}
	due := map[string]time.Time{}
	for _, j := range jobs {
		due[j.Key] = j.Due
	}
	var lines []sourceLine
	for i := range l.plan.Sources {
		src := &l.plan.Sources[i]
		kind, _ := crawler.KindOf(src.Kind)
		x := sourceLine{ID: src.ID, Kind: src.Kind, State: "never read", Keep: kind.Keep, Terms: kind.Terms, Delay: bestDelay(src), Next: due["crawl/"+src.ID]}
		x.read(bySource[src.ID], now)
		if sp, ok := src.Connector.(crawler.Spender); ok {
			cursor, err := s.Cursor(ctx, "crawl/"+src.ID)
			if err != nil {
				return nil, err
			}
			spent := sp.Spent(cursor, now)
			x.Spend = &spent
		}
		lines = append(lines, x)
	}
	return lines, nil
}

// bestDelay is how soon a post is heard of at best: at once where the source
// tells, else when it is read the next time.
func bestDelay(s *monitor.Source) string {
	if _, ok := crawler.StreamOf(s.Connector); ok {
		return "seconds"
	}
	return short(s.Every)
}

// read adds up the ledger of a source, the oldest first.
func (x *sourceLine) read(ledger []puskaradio.Coverage, now time.Time) {
	day := now.Add(-24 * time.Hour)
	quiet, runs := time.Time{}, 0 // since when nothing new, and the fetches since
	first := now
	for _, c := range ledger {
		x.State, x.Problem = c.State, c.Problem
		if c.Failed < c.Fetches {
			x.Last = c.At
		}
		if c.Hour.Before(first) {
			first = c.Hour
		}
		if runs += c.Fetches - c.Failed; c.New > 0 || quiet.IsZero() {
			quiet, runs = c.At, 0
		}
		if c.Hour.Before(day) {
			x.Usual += float64(c.New)
			continue
		}
		x.Items, x.New = x.Items+c.Items, x.New+c.New
		x.Fetches, x.Failed = x.Fetches+c.Fetches, x.Failed+c.Failed
	}
	if span := day.Sub(first); span > 24*time.Hour { // less says little of a day
		x.Usual /= span.Hours() / 24
	} else {
		x.Usual = 0
	}
	// By the law of Poisson the chance of nothing in that time is e^-expected.
	expected := x.Usual * now.Sub(quiet).Hours() / 24
	if x.State == crawler.StateOK && runs >= 3 && math.Exp(-expected) < 0.005 {
		x.State = "silent"
		x.Problem = fmt.Sprintf("usually %.0f a day, none for %d runs", math.Max(1, x.Usual), runs)
	}
}

func (a *app) printSources(lines []sourceLine, now time.Time) error {
	if a.json {
		return a.print(lines)
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SOURCE\tKIND\tSTATE\tLAST SUCCESS\tNEXT\tNEW 24 H\tUSUALLY\tAT BEST\tSPENT TODAY\tPROBLEM")
	for _, x := range lines {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%.1f\t%s\t%s\t%s\n", x.ID, x.Kind, x.State, ago(x.Last, now), ago(x.Next, now), x.New, x.Usual, x.Delay, spendText(x.Spend), clip(x.Problem, 80))
	}
	return w.Flush()
}

func spendText(s *crawler.Spend) string {
	if s == nil {
		return "–"
	}
	return fmt.Sprintf("%.2f of %.2f %s", s.Today, s.Cap, s.Unit)
}

// printSource says all that is known of a source.
func (a *app) printSource(x sourceLine, now time.Time) error {
	if a.json {
		return a.print(x)
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, f := range [][2]string{
		{"source", x.ID},
		{"kind", x.Kind},
		{"state", x.State},
		{"problem", x.Problem},
		{"last success", ago(x.Last, now)},
		{"next run", ago(x.Next, now)},
		{"new in 24 h", fmt.Sprintf("%d, usually %.1f", x.New, x.Usual)},
		{"asked in 24 h", fmt.Sprintf("%d times, %d failed", x.Fetches, x.Failed)},
		{"heard at best", bestWords(x.Delay)},
		{"spent today", spendText(x.Spend)},
		{"texts are kept", keepWords(x.Keep)},
		{"terms (" + x.Terms.Checked + ")", x.Terms.Note},
	} {
		if f[1] != "" {
			fmt.Fprintf(w, "%s\t%s\n", f[0], f[1])
		}
	}
	return w.Flush()
}

func bestWords(delay string) string {
	if delay == "seconds" {
		return "seconds after it was posted"
	}
	return "up to " + delay + " after it was posted"
}

// keepWords says a retention class.
func keepWords(k puskaradio.Keeping) string {
	switch k {
	case puskaradio.UntilGone:
		return "until deleted at the source"
	case puskaradio.Month:
		return "30 days, or until deleted at the source"
	case puskaradio.Hours:
		return "24 hours"
	case puskaradio.Nothing:
		return "not at all: counted and told, never stored"
	}
	return "as configured (keep)"
}
