package main

import (
	"context"
	"errors"
	"fmt"
	"os/user"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/notify"
	"github.com/puskaradio/puskaradio/store"
)

func (a *app) inboxCommand() *cobra.Command {
	var f store.Filter
	var statuses []string
	cmd := &cobra.Command{
		Use:   "inbox",
		Short: "The posts that want an answer",
		Long: `Lists the cases that wait, the newest first. Claim one before you answer it, so
that nobody answers twice.`,
		Example: `  puskaradio inbox
  puskaradio inbox claim 0hk2v5…
  puskaradio inbox answered 0hk2v5… --note "Soitettiin asiakkaalle"
  puskaradio inbox reply 0hk2v5… --text "Pahoittelut!"
  puskaradio inbox snooze 0hk2v5… --for 4h`,
		Annotations: served,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, l, err := a.store(cmd)
			if err != nil {
				return err
			}
			for _, st := range statuses {
				if !slices.Contains(puskaradio.Statuses(), puskaradio.Status(st)) {
					return usage("--status %q: write one of %v", st, puskaradio.Statuses())
				}
				f.Statuses = append(f.Statuses, puskaradio.Status(st))
			}
			cases, next, err := s.Inbox(cmd.Context(), f)
			if err != nil {
				return err
			}
			for i := range cases {
				if err := a.printCase(l, &cases[i], time.Now()); err != nil {
					return err
				}
			}
			if next != "" {
				fmt.Fprintf(a.err, "more: --after %s\n", next)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&f.Brand, "brand", "", "the id of a brand; all unless said")
	cmd.Flags().StringSliceVar(&statuses, "status", nil, "new, claimed, answered, done, snoozed, false_alarm; what is open unless said")
	cmd.Flags().IntVar(&f.Limit, "limit", 20, "the most to print")
	cmd.Flags().StringVar(&f.After, "after", "", "the token of the next page")
	for _, step := range []struct {
		use, short string
		to         puskaradio.Status
	}{
		{"claim", "Take a case, so that others see it", puskaradio.Claimed},
		{"answered", "Say that it was answered", puskaradio.Answered},
		{"done", "Close it", puskaradio.Done},
		{"snooze", "Put it off", puskaradio.Snoozed},
		{"false-alarm", "Say that it wanted no answer", puskaradio.FalseAlarm},
		{"reopen", "Put it back for anybody to take", puskaradio.New},
	} {
		cmd.AddCommand(a.stepCommand(step.use, step.short, step.to))
	}
	cmd.AddCommand(a.replyCommand(), a.customersCommand())
	return cmd
}

func (a *app) stepCommand(use, short string, to puskaradio.Status) *cobra.Command {
	var who, note, long string
	cmd := &cobra.Command{
		Use: use + " ID", Short: short, Args: cobra.ExactArgs(1), Annotations: served,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, l, err := a.store(cmd)
			if err != nil {
				return err
			}
			d, err := parseSpan(long)
			if err != nil {
				return usage("--for %q: write a time such as 30m, 4h or 1d", long)
			}
			return a.step(cmd.Context(), s, l, puskaradio.ID(args[0]), to, who, note, d)
		},
	}
	cmd.Flags().StringVar(&who, "as", userName(), "who you are")
	cmd.Flags().StringVar(&note, "note", "", "a note for the others")
	cmd.Flags().StringVar(&long, "for", "4h", "how long to put it off")
	if to != puskaradio.Snoozed {
		_ = cmd.Flags().MarkHidden("for") // it is there
	}
	return cmd
}

func userName() string {
	u, err := user.Current()
	if err != nil {
		return "somebody"
	}
	return u.Username
}

// step moves a case on, unless somebody else has done it meanwhile.
func (a *app) step(ctx context.Context, s store.Store, l *loaded, id puskaradio.ID, to puskaradio.Status, who, note string, long time.Duration) error {
	c, err := s.Case(ctx, "", id)
	if err != nil {
		return err
	}
	if to == puskaradio.Claimed && c.Status == puskaradio.Claimed && c.Who != who {
		return fmt.Errorf("%s took it %s: %w", c.Who, ago(c.Last().At, time.Now()), puskaradio.ErrTaken)
	}
	now := time.Now().UTC()
	var until time.Time
	if to == puskaradio.Snoozed {
		until = now.Add(long)
	}
	m, err := a.monitorOnly(s, l)
	if err != nil {
		return err
	}
	brand := c.Mention.Brand
	c, err = s.Move(ctx, brand, id, c.Status, puskaradio.Change{At: now, Who: who, To: to, Note: note}, until, m.CaseJobs(brand, id, now)...)
	if errors.Is(err, puskaradio.ErrTaken) {
		return fmt.Errorf("somebody was faster; it is now %s by %s: %w", c.Status, c.Who, puskaradio.ErrTaken)
	}
	if err != nil {
		return err
	}
	if to == puskaradio.Snoozed {
		if err := s.Schedule(ctx, store.Job{Key: "wake/" + brand + "/" + string(id), Kind: "wake", Due: until}); err != nil {
			return err
		}
	}
	if err := m.Moved(ctx, &c); err != nil {
		return err
	}
	return a.printCase(l, &c, now)
}

func (a *app) printCase(l *loaded, c *puskaradio.Case, now time.Time) error {
	if a.json {
		return a.print(c)
	}
	wait := "waiting " + now.Sub(c.Mention.Published).Round(time.Minute).String()
	if at := c.FirstReply(); !at.IsZero() {
		wait = "first reply after " + at.Sub(c.Mention.Published).Round(time.Second).String()
	}
	who := ""
	if c.Who != "" {
		who = " by " + c.Who
	}
	if c.Customer != "" {
		wait += ", customer " + c.Customer
	}
	fmt.Fprintf(a.out, "%s  %s%s, %s  [%s]\n  %s", c.ID, c.Status, who, wait, c.Mention.Flag,
		notify.QuoteText(notify.Message{Lang: l.Language, Zone: l.plan.Zone}, puskaradio.QuoteOf(c.ID, &c.Mention), width()))
	return nil
}
