package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/notify"
	"github.com/puskaradio/puskaradio/store"
)

func (a *app) alertsCommand() *cobra.Command {
	var brand string
	var days int
	cmd := &cobra.Command{
		Use:   "alerts",
		Short: "The alerts that are open, and who has them",
		Long: `Lists the alerts that go on, and those of single posts that nobody has claimed, the
newest first. Claim one, so that nobody is reminded of it any more; call it a false
alarm, and no more is told of it. With --days it lists all of so many days.`,
		Example:     "  puskaradio alerts\n  puskaradio alerts claim 7F3KQ2AB\n  puskaradio alerts calm 7F3KQ2AB\n  puskaradio alerts snooze 7F3KQ2AB --for 4h",
		Annotations: served,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, l, err := a.store(cmd)
			if err != nil {
				return err
			}
			if brand != "" {
				b, err := l.brand(brand)
				if err != nil {
					return err
				}
				brand = b.ID
			}
			now := time.Now()
			found, err := s.Alerts(cmd.Context(), brand, now.AddDate(0, 0, -cmp.Or(days, 30)), now.Add(time.Hour))
			if err != nil {
				return err
			}
			for i := len(found) - 1; i >= 0; i-- {
				x := &found[i]
				if days == 0 && x.State == "over" && !x.Waits() {
					continue
				}
				if err := a.printAlert(l, x); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&brand, "brand", "", "the id of a brand; all unless said")
	cmd.Flags().IntVar(&days, "days", 0, "all of so many days; what is open unless said")
	cmd.AddCommand(
		a.handCommand("claim", "Look after an alert, so that others see it", (*monitor.Monitor).ClaimAlert),
		a.handCommand("calm", "Say that an alert is a false alarm", (*monitor.Monitor).Calm),
	)
	var long string
	snooze := a.handCommand("snooze", "Put off the reminders of an alert", func(m *monitor.Monitor, ctx context.Context, id, who string) error {
		d, err := parseSpan(long)
		if err != nil {
			return usage("--for %q: write a time such as 30m, 4h or 1d", long)
		}
		return m.SnoozeAlert(ctx, id, who, d)
	})
	snooze.Flags().StringVar(&long, "for", "4h", "how long to put them off")
	cmd.AddCommand(snooze)
	return cmd
}

func (a *app) handCommand(use, short string, do func(m *monitor.Monitor, ctx context.Context, id, who string) error) *cobra.Command {
	var who string
	cmd := &cobra.Command{
		Use: use + " ID", Short: short, Args: cobra.ExactArgs(1), Annotations: served,
		RunE: func(cmd *cobra.Command, args []string) error {
			m, s, l, err := a.monitored(cmd)
			if err != nil {
				return err
			}
			err = do(m, cmd.Context(), args[0], who)
			if taken, ok := errors.AsType[*puskaradio.TakenError](err); ok {
				return fmt.Errorf("%s, %s: %w", taken.By, ago(taken.At, time.Now()), err)
			}
			if err != nil {
				return err
			}
			x, err := s.Alert(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return a.printAlert(l, &x)
		},
	}
	cmd.Flags().StringVar(&who, "as", userName(), "who you are")
	return cmd
}

func (a *app) printAlert(l *loaded, x *puskaradio.Alert) error {
	if a.json {
		return a.print(x)
	}
	has := "nobody has it"
	switch {
	case x.Calmed != nil:
		has = "a false alarm, says " + x.Calmed.By
	case x.Claimed != nil:
		has = x.Claimed.By + " has it"
	}
	fmt.Fprintf(a.out, "%s  %s, %s, %s\n", x.ID, x.Decided.In(l.plan.Zone).Format("2.1.2006 15:04"), x.State, has)
	for _, line := range notify.Wrap(notify.Sentence(notify.Message{Alert: x, Lang: l.Language, Zone: l.plan.Zone}), width()-4) {
		fmt.Fprintf(a.out, "    %s\n", line)
	}
	return nil
}

// budget sees whether more alerts were told than people are willing to hear.
func (c *checkup) budget(ctx context.Context, s store.Store, l *loaded) {
	m, err := c.app.monitorOnly(s, l)
	if err != nil {
		return // what is wrong is said elsewhere
	}
	spent, err := m.Spendings(ctx, time.Now().UTC())
	if err != nil {
		c.see("alerts", "", err, "")
	}
	for _, x := range spent {
		found := fmt.Sprintf("%s: %.2g a week in the last four, of a budget of %g", x.Name, x.PerWeek(), x.Budget)
		switch {
		case !x.Over():
			c.add("ok", "alerts", found, "")
		case x.Keeps != "":
			c.add("warning", "alerts", found, fmt.Sprintf("alerts.sensitivity: %s would have kept it; see with: puskaradio rehearse --brand %s", x.Keeps, x.Brand))
		default:
			c.add("warning", "alerts", found, "no sensitivity would have kept it: see alerts.urgent and alerts.rules, or raise alerts.budget")
		}
	}
}
