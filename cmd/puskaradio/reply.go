package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/store"
)

// sendingNote begins the note of the change that stands in a case from before
// an answer is sent until it is known what became of it.
const sendingNote = "approved, being sent: "

// A sending is an answer to a case, as it is drafted or was sent.
type sending struct {
	ID   puskaradio.ID `json:"id"`
	As   string        `json:"as"`
	To   string        `json:"to"`
	Text string        `json:"text"`
	Sent bool          `json:"sent"`
	Ref  string        `json:"ref,omitempty"`
}

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
	c, err := s.Case(ctx, "", id)
	if err != nil {
		return err
	}
	m := &c.Mention
	i := slices.IndexFunc(l.plan.Sources, func(src monitor.Source) bool { return src.ID == m.Source })
	if i < 0 {
		return fmt.Errorf("source %s is not in the configuration; answer by hand: %s", m.Source, linkOf(m))
	}
	con := l.plan.Sources[i].Connector
	d, err := crawler.DraftReply(con, m, text)
	if errors.Is(err, crawler.ErrNoReply) {
		return fmt.Errorf("source %s: %w; answer by hand: %s", m.Source, err, linkOf(m))
	}
	if err != nil {
		return fmt.Errorf("source %s: %w", m.Source, err)
	}
	out := sending{ID: id, As: d.As, To: d.To, Text: d.Text}
	if out.To == "" {
		out.To = linkOf(m)
	}
	if by == "" {
		if err := a.printSending(&out); err != nil {
			return err
		}
		fmt.Fprintln(a.err, "Nothing was sent. To send it: the same with --approved-by NAME")
		return nil
	}
	if err := sendable(&c, by, who); err != nil {
		return err
	}
	if out.Ref, err = a.sendReply(ctx, s, l, &c, con.(crawler.Replier), d.Text, by); err != nil {
		return err
	}
	out.Sent = true
	return a.printSending(&out)
}

// sendable is why a case must not be answered now, or nil.
func sendable(c *puskaradio.Case, by, who string) error {
	switch {
	case !c.Status.Open():
		return fmt.Errorf("the case is %s already; puskaradio inbox reopen %s if it wants another answer", c.Status, c.ID)
	case c.Mention.State == puskaradio.Deleted:
		return errors.New("its author has deleted it; there is nothing to answer")
	case c.Status == puskaradio.Claimed && c.Who != by && c.Who != who:
		return fmt.Errorf("%s has it: %w", c.Who, puskaradio.ErrTaken)
	}
	if n := len(c.Changes); n > 0 && strings.HasPrefix(c.Changes[n-1].Note, sendingNote) {
		return fmt.Errorf("an answer that %s approved may have been sent; look at %s, then say puskaradio inbox answered %s, or reopen it", c.Changes[n-1].Who, linkOf(&c.Mention), c.ID)
	}
	return nil
}

// sendReply writes down that a text is being sent, sends it, and writes down
// what became of it. Of two who do so at a time one is told that it is taken.
func (a *app) sendReply(ctx context.Context, s store.Store, l *loaded, c *puskaradio.Case, r crawler.Replier, text, by string) (string, error) {
	brand := c.Mention.Brand
	note := func(was, to puskaradio.Status, note string) (puskaradio.Case, error) {
		return s.Move(context.WithoutCancel(ctx), brand, c.ID, was, puskaradio.Change{At: time.Now().UTC(), Who: by, To: to, Note: note}, time.Time{})
	}
	now, err := note(c.Status, puskaradio.Claimed, sendingNote+text)
	if err == nil && len(now.Changes) != len(c.Changes)+1 {
		err = puskaradio.ErrTaken
	}
	if err != nil {
		return "", fmt.Errorf("somebody else is at it: %w", err)
	}
	ref, err := r.Reply(ctx, l.client, &c.Mention, text)
	switch {
	case errors.Is(err, crawler.ErrMaybeSent):
		return "", fmt.Errorf("%w; look at %s before you send it again, then say puskaradio inbox answered %s, or reopen it", err, linkOf(&c.Mention), c.ID)
	case err != nil:
		_, moved := note(puskaradio.Claimed, puskaradio.Claimed, "was not sent")
		return "", errors.Join(fmt.Errorf("it was not sent: %w", err), moved)
	}
	if _, err := note(puskaradio.Claimed, puskaradio.Answered, "approved by "+by+" and sent as "+ref+": "+text); err != nil {
		return "", fmt.Errorf("it was sent as %s, but the case does not say so: %w", ref, err)
	}
	return ref, nil
}

func (a *app) printSending(x *sending) error {
	if a.json {
		return a.print(x)
	}
	head := "draft"
	if x.Sent {
		head = "sent as " + x.Ref
	}
	_, err := fmt.Fprintf(a.out, "%s\nfrom: %s\nto:   %s\n\n%s\n", head, x.As, x.To, x.Text)
	return err
}

// linkOf is where a mention stands.
func linkOf(m *puskaradio.Mention) string {
	if m.URL != "" {
		return m.URL
	}
	return m.Source + " " + m.Ref
}
