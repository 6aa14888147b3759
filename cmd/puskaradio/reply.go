package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/store"
)

func (a *app) replyCommand() *cobra.Command {
	var text, by, who string
	cmd := &cobra.Command{
		Use: "reply ID", Short: "Draft an answer, and send it once a person has approved it", Args: cobra.ExactArgs(1), Annotations: served,
		Long: `Prints the answer as it would be sent, the account that answers and where it
goes. It is sent only with --approved-by and the name of the person who approves
this very text; that stands in the case then. What cannot be answered from here
is said, with the link.`,
		Example: "  puskaradio inbox reply 0hk2v5… --text \"Pahoittelut! Soitamme tänään.\"\n  puskaradio inbox reply 0hk2v5… --text \"Pahoittelut! Soitamme tänään.\" --approved-by Maija",
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(text) == "" {
				return usage("--text is missing: the answer")
			}
			if cmd.Flags().Changed("approved-by") && strings.TrimSpace(by) == "" {
				return usage("--approved-by is empty: the name of the person who approves this text")
			}
			s, l, err := a.store(cmd)
			if err != nil {
				return err
			}
			return a.reply(cmd.Context(), s, l, puskaradio.ID(args[0]), text, strings.TrimSpace(by), who)
		},
	}
	cmd.Flags().StringVar(&text, "text", "", "the answer")
	cmd.Flags().StringVar(&by, "approved-by", "", "who approves this text; without it nothing is sent")
	cmd.Flags().StringVar(&who, "as", userName(), "who you are")
	return cmd
}

func (a *app) reply(ctx context.Context, s store.Store, l *loaded, id puskaradio.ID, text, by, who string) error {
	m, err := a.monitorOnly(s, l)
	if err != nil {
		return err
	}
	if by == "" {
		x, err := m.DraftAnswer(ctx, id, text)
		if err != nil {
			return err
		}
		if err := a.printAnswer(&x); err != nil {
			return err
		}
		fmt.Fprintln(a.err, "Nothing was sent. To send it: the same with --approved-by NAME")
		return nil
	}
	x, err := m.SendAnswer(ctx, id, text, monitor.Approver{Who: by, Via: puskaradio.ViaConsole}, who)
	if err != nil {
		return err
	}
	if x.Waits {
		fmt.Fprintln(a.err, "Nothing was sent. It waits for a second person, who approves it on the page of the case.")
	}
	return a.printAnswer(&x)
}

func (a *app) printAnswer(x *monitor.Answer) error {
	if a.json {
		return a.print(x)
	}
	head := "draft"
	if x.Waits {
		head = "waits for a second person"
	} else if x.Sent {
		head = "sent as " + x.Ref
	}
	_, err := fmt.Fprintf(a.out, "%s\nfrom: %s\nto:   %s\n\n%s\n", head, x.As, x.To, x.Text)
	return err
}
