package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/monitor"
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
			m, _, _, err := a.monitored(cmd)
			if err != nil {
				return err
			}
			lines, err := m.Sources(cmd.Context(), time.Now())
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

func (a *app) printSources(lines []monitor.SourceState, now time.Time) error {
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
func (a *app) printSource(x monitor.SourceState, now time.Time) error {
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
		{"texts are kept", x.Keep.String()},
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
