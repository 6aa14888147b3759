package main

import (
	"cmp"
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/store"
	"github.com/puskaradio/puskaradio/trend"
)

func (a *app) rehearseCommand() *cobra.Command {
	var brand, sensitivity string
	var days int
	var budget float64
	cmd := &cobra.Command{
		Use:   "rehearse",
		Short: "Which alerts the history would have raised",
		Long: `Runs the detector over what is stored, as if it had been there all along, and lists
the alerts that it would have raised: when, how many negative posts beside how many
are usual, and whether sources were deaf at the time. Below it stands how many there
would have been with each sensitivity, beside your budget of alerts a week. It changes
nothing. The first two days only teach it.`,
		Example:     "  puskaradio rehearse\n  puskaradio rehearse --brand acme --days 365 --sensitivity quiet --budget 0.5",
		Annotations: served,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if days < 3 || days > 3660 {
				return usage("--days %d: write 3 to 3660", days)
			}
			s, l, err := a.store(cmd)
			if err != nil {
				return err
			}
			b, err := l.brand(brand)
			if err != nil {
				return err
			}
			own := trend.Sensitivity(cmp.Or(sensitivity, string(l.Alerts.Sensitivity), string(trend.Normal)))
			if _, err := own.Threshold(); err != nil {
				return usage("--%v", err)
			}
			if !cmd.Flags().Changed("budget") {
				budget = l.plan.Budget
			}
			return a.rehearse(cmd.Context(), s, l, b, own, days, budget, time.Now())
		},
	}
	cmd.Flags().StringVar(&brand, "brand", "", "the id of a brand; the first unless said")
	cmd.Flags().StringVar(&sensitivity, "sensitivity", "", "high, normal, low or quiet; that of the configuration unless said")
	cmd.Flags().IntVar(&days, "days", 90, "how far back")
	cmd.Flags().Float64Var(&budget, "budget", 0, "how many alerts a week you are willing to hear; that of the configuration unless said")
	return cmd
}

func (a *app) rehearse(ctx context.Context, s store.Store, l *loaded, b puskaradio.Brand, own trend.Sensitivity, days int, budget float64, now time.Time) error {
	m, err := a.monitorOnly(s, l)
	if err != nil {
		return err
	}
	history, err := m.Rehearse(ctx, b.ID, now.AddDate(0, 0, -days), now)
	if err != nil {
		return err
	}
	if history.Mentions() == 0 {
		return fmt.Errorf("nothing is stored about %s in the last %d days", b.Name, days)
	}
	weeks := history.Weeks()
	counts := map[trend.Sensitivity]int{}
	var keeps trend.Sensitivity // the keenest that keeps the budget
	var listed []monitor.Rehearsed
	for _, each := range trend.Sensitivities() {
		threshold, err := each.Threshold()
		if err != nil {
			return err
		}
		found := history.With(threshold)
		if counts[each] = len(found); each == own {
			listed = found
		}
		if keeps == "" && float64(len(found)) <= budget*weeks {
			keeps = each
		}
	}
	if a.json {
		return a.print(map[string]any{"brand": b.ID, "sensitivity": own, "weeks": weeks, "budget": budget, "alerts": listed, "by_sensitivity": counts, "keeps_budget": keeps})
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	if len(listed) > 0 {
		fmt.Fprintln(w, "ALERT\tLASTED\tNEGATIVE 24 H\tUSUALLY\tBY LUCK ONCE IN\tDEAF BEFORE")
	}
	for _, x := range listed {
		lasted := "still open"
		if !x.Over.IsZero() {
			lasted = fmt.Sprintf("%.0f h", x.Over.Sub(x.At).Hours())
		}
		fmt.Fprintf(w, "%s\t%s\t%.0f\t%.1f\t%s\t%d h\n", x.At.In(l.plan.Zone).Format("2.1.2006 15:04"), lasted, x.Negative, x.Usual, hoursText(x.Hours), x.Deaf)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "\n%d mentions of %s in %.0f weeks. Alerts a week, of a budget of %g:\n", history.Mentions(), b.Name, weeks, budget)
	for _, each := range trend.Sensitivities() {
		mark := ""
		if each == own {
			mark = "  ← this one"
		}
		perWeek := float64(counts[each]) / weeks
		if perWeek > budget {
			mark += "  over the budget"
		}
		fmt.Fprintf(a.out, "  %-7s %3d in all, %.2f a week%s\n", each, counts[each], perWeek, mark)
	}
	if own := float64(counts[own]); own > budget*weeks && keeps != "" {
		fmt.Fprintf(a.out, "alerts.sensitivity: %s would have kept it.\n", keeps)
	}
	return nil
}

// hoursText says a span of hours in the unit that fits.
func hoursText(h float64) string {
	switch {
	case h >= 100*24*365:
		return "more than 100 years"
	case h >= 24*365:
		return fmt.Sprintf("%.0f years", h/(24*365))
	case h >= 24*30:
		return fmt.Sprintf("%.0f months", h/(24*30))
	}
	return fmt.Sprintf("%.0f days", h/24)
}
