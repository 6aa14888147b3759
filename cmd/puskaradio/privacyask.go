package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// A heldMention is what is held of somebody: a text with all its versions and
// verdicts, and what people did about it.
type heldMention struct {
	ID      puskaradio.ID       `json:"id"`
	Mention puskaradio.Mention  `json:"mention"`
	Case    []puskaradio.Change `json:"case,omitempty"`
}

func (a *app) privacyExportCommand() *cobra.Command {
	var source, author string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Print what is held of an author at a source",
		Long: `Prints the texts of an author, by name or pseudonym, at a source that are held, with their versions, what was
judged of them and what people wrote about them, and then the customer key that the
author was said to have: for the author, who may ask for it.
Alerts and digests quote these texts and hold no others. With --json it is one JSON
object on a line for each text. The audit log tells that it was asked, with a digest of
the name. It ends with 0 though nothing is held, and with 1 where the store could not be
read to the end.`,
		Example:     "  puskaradio privacy export --source trustpilot --author 'Maija M.' --json > for-maija.jsonl",
		Annotations: served,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if source == "" || author == "" {
				return usage("--source or --author is missing")
			}
			s, l, err := a.store(cmd)
			if err != nil {
				return err
			}
			// Before anything is printed: what was printed in part was printed.
			if err := a.recordDeed(cmd.Context(), s, "printed what is held of an author", source+" "+authorMark(author)); err != nil {
				return err
			}
			n := 0
			err = heldOf(cmd.Context(), s, source, author, func(h heldMention) error {
				n++
				return a.printHeld(l, h)
			})
			if err != nil {
				return err
			}
			all, err := s.Customers(cmd.Context())
			if err != nil {
				return err
			}
			for _, c := range all {
				if c.Source != source || !s.Pseudonyms().Same(source, c.Author, author) {
					continue
				}
				n++
				if err := a.printCustomer(l, c); err != nil {
					return err
				}
			}
			if n == 0 {
				fmt.Fprintf(a.err, "nothing is held of an author of that name at %s; names are as they stand there\n", source)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&source, "source", "", "the id of the source")
	cmd.Flags().StringVar(&author, "author", "", "the author's name, as it stands there, or the pseudonym")
	return cmd
}

// A heldCustomer is what somebody is called in the books of the house.
type heldCustomer struct {
	Customer puskaradio.Customer `json:"customer"`
}

func (a *app) printCustomer(l *loaded, c puskaradio.Customer) error {
	if a.json {
		return a.print(heldCustomer{c})
	}
	_, err := fmt.Fprintf(a.out, "customer key: %s, set by %s %s\n", c.Key, c.Who, c.At.In(l.plan.Zone).Format("2006-01-02 15:04"))
	return err
}

// heldOf finds what an author said at a source, the newest first.
func heldOf(ctx context.Context, s store.Store, source, author string, found func(heldMention) error) error {
	f := store.Filter{Sources: []string{source}, Limit: 500}
	for {
		es, next, err := s.Mentions(ctx, f)
		if err != nil {
			return err
		}
		for _, e := range es {
			if !s.Pseudonyms().Same(source, e.Mention.Author, author) {
				continue
			}
			h := heldMention{ID: e.ID, Mention: e.Mention}
			c, err := s.Case(ctx, e.Mention.Brand, e.ID)
			if err != nil && !errors.Is(err, puskaradio.ErrNotFound) {
				return err
			}
			h.Case = c.Changes
			if err := found(h); err != nil {
				return err
			}
		}
		if f.After = next; next == "" {
			return nil
		}
	}
}

func (a *app) printHeld(l *loaded, h heldMention) error {
	if a.json {
		return a.print(h)
	}
	m, v := &h.Mention, h.Mention.Verdict()
	fmt.Fprintf(a.out, "%s\n%s, of %s, published %s, first seen %s\n", h.ID, m.Source, m.Brand, m.Published.In(l.plan.Zone).Format("2006-01-02 15:04"), m.FirstSeen.In(l.plan.Zone).Format("2006-01-02 15:04"))
	if m.URL != "" {
		fmt.Fprintln(a.out, m.URL)
	}
	if m.Rating != nil {
		fmt.Fprintf(a.out, "stars: %g of %g\n", m.Rating.Value, cmp.Or(m.Rating.Best, 5))
	}
	fmt.Fprintf(a.out, "judged: %s, sure %.0f %%\n", v.Label, 100*v.Confidence)
	for _, text := range []string{m.Title, m.Text} {
		if text != "" {
			fmt.Fprintln(a.out, "  "+strings.ReplaceAll(text, "\n", "\n  "))
		}
	}
	for _, old := range m.Versions {
		fmt.Fprintf(a.out, "until %s it was:\n  %s\n", old.Until.In(l.plan.Zone).Format("2006-01-02 15:04"), strings.ReplaceAll(strings.TrimSpace(old.Title+"\n"+old.Text), "\n", "\n  "))
	}
	for _, c := range h.Case {
		fmt.Fprintf(a.out, "%s %s: %s %s\n", c.At.In(l.plan.Zone).Format("2006-01-02 15:04"), c.Who, c.To, c.Note)
	}
	_, err := fmt.Fprintln(a.out)
	return err
}

// A recipient is who gets something of what authors wrote.
type recipient struct {
	Who   string `json:"who"`
	Kind  string `json:"kind"`
	Gets  string `json:"gets"`
	Names bool   `json:"names"` // of authors
}

// recipients are all that the configuration sends something to.
func (l *loaded) recipients() (out []recipient) {
	for _, c := range l.Channels {
		r := recipient{Who: c.ID, Kind: c.Kind, Names: l.named()}
		var gets []string
		if c.Alerts == nil || *c.Alerts {
			gets = append(gets, "alerts with quotes")
		}
		if c.Digest == nil || *c.Digest {
			gets = append(gets, "digests with quotes")
		}
		if c.Cases {
			gets = append(gets, "cases with quotes, notes and customer keys")
		}
		if r.Gets = strings.Join(gets, ", "); r.Gets == "" {
			r.Gets, r.Names = "word of other channels that are away", false
		}
		out = append(out, r)
	}
	host := func(address string) string {
		if u, err := url.Parse(address); err == nil {
			return u.Host
		}
		return ""
	}
	if e := l.Sentiment.External; e != nil {
		out = append(out, recipient{host(e.URL), "external scorer", "every text, with its stars", false})
	}
	if m := l.Answers.Model; m != nil {
		out = append(out, recipient{host(m.URL), "language model", "a post with its title and stars, when a person wants a draft", false})
	}
	if l.Store.URL != "" {
		out = append(out, recipient{host(l.Store.URL), "database", "everything", l.named()})
	}
	return out
}

func (a *app) privacyReportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "report",
		Short: "List who else gets something of what authors wrote",
		Long: `Lists everything that the configuration sends something of authors to: the recipients
and processors that a record of processing has to name. Who gets no names gets those that
were kept before authors went by pseudonyms, until what they said is forgotten.`,
		RunE: func(*cobra.Command, []string) error {
			l, err := a.config()
			if err != nil {
				return err
			}
			for _, r := range l.recipients() {
				if a.json {
					if err := a.print(r); err != nil {
						return err
					}
					continue
				}
				names := "no names of authors"
				if r.Names {
					names = "names of authors"
				}
				fmt.Fprintf(a.out, "%s (%s): %s; %s\n", r.Who, r.Kind, r.Gets, names)
			}
			return nil
		},
	}
}
