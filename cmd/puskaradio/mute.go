package main

import (
	"fmt"
	"os/user"
	"time"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio/monitor"
)

func (a *app) muteCommand() *cobra.Command {
	var brand, why string
	var length time.Duration
	var off bool
	cmd := &cobra.Command{
		Use:   "mute",
		Short: "Hear no alerts of a brand for a while",
		Long: `Keeps the alerts of a brand from being told until a time is over: for a campaign that
is expected to be talked about, or maintenance. What happens is decided and kept all the
same, and an alert that is still open at the end is told then. Without --for it says
whether the brand is muted.`,
		Example:     "  puskaradio mute --brand acme --for 4h --why 'the move of the shop'\n  puskaradio mute --off",
		Annotations: served,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if length < 0 || length > 90*24*time.Hour {
				return usage("--for %v: write up to 2160h", length)
			}
			s, l, err := a.store(cmd)
			if err != nil {
				return err
			}
			b, err := l.brand(brand)
			if err != nil {
				return err
			}
			m, err := a.monitorOnly(s, l)
			if err != nil {
				return err
			}
			now := time.Now()
			if length > 0 || off {
				x := monitor.Mute{Until: now.Add(length), Why: why}
				if u, err := user.Current(); err == nil {
					x.By = u.Username
				}
				if err := m.SetMute(cmd.Context(), b.ID, x, now); err != nil {
					return err
				}
			}
			x, err := m.Muted(cmd.Context(), b.ID, now)
			if err != nil {
				return err
			}
			switch {
			case a.json:
				return a.print(map[string]any{"brand": b.ID, "mute": x})
			case x.Until.IsZero():
				fmt.Fprintf(a.out, "%s is not muted\n", b.Name)
			default:
				fmt.Fprintf(a.out, "%s is muted until %s", b.Name, x.Until.In(l.plan.Zone).Format("2.1.2006 15:04"))
				if x.Why != "" {
					fmt.Fprintf(a.out, ": %s", x.Why)
				}
				fmt.Fprintln(a.out)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&brand, "brand", "", "the id of a brand; the first unless said")
	f.DurationVar(&length, "for", 0, "for how long, such as 4h")
	f.StringVar(&why, "why", "", "the reason, for the others")
	f.BoolVar(&off, "off", false, "hear of it again")
	return cmd
}
