package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio/store"
)

func (a *app) privacyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "privacy",
		Short: "What authors may ask for: what is held of them, and to be forgotten",
		Long:  `See docs/privacy.md for what is kept, for how long and why.`,
	}
	cmd.AddCommand(a.eraseCommand(), a.privacyExportCommand(), a.privacyReportCommand(), a.noticeCommand(), a.assessmentCommand())
	return cmd
}

func (a *app) eraseCommand() *cobra.Command {
	var source, author, address string
	cmd := &cobra.Command{
		Use:   "erase",
		Short: "Forget an author at a source, and take nothing of them any more",
		Long: `Forgets everything that an author said at a source, what people wrote about it, and what
alerts and digests quote of it; messages in Slack are edited. The files are written
anew, so that no freed page holds a word of it. Of the name a digest is kept, so that
it is not crawled again. What was counted stays counted. Who asks may give the address
of a post instead of a name: its author is meant then, if no other has the same address.
Where authors go by pseudonyms (authors in the configuration), the name finds what is kept
by pseudonym and what was kept by name before, and the pseudonym finds both too.

It cannot reach mail that was sent, webhooks, and backups that were made before.`,
		Example:     "  puskaradio privacy erase --source trustpilot --author 'Maija M.'\n  puskaradio privacy erase --url https://www.trustpilot.com/reviews/65f0c0ffee",
		Annotations: served,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if (source == "" || author == "") == (address == "") {
				return usage("say who: --source and --author, or the --url of a post")
			}
			s, l, err := a.store(cmd)
			if err != nil {
				return err
			}
			if address != "" {
				if source, author, err = authorAt(cmd.Context(), s, address); err != nil {
					return err
				}
			}
			m, err := a.monitorOnly(s, l)
			if err != nil {
				return err
			}
			out, err := m.Erase(cmd.Context(), source, author)
			if err != nil {
				return err
			}
			if err := a.recordDeed(cmd.Context(), s, "erased an author", source+" "+authorMark(author)); err != nil {
				return err
			}
			if a.json {
				return a.print(map[string]any{"mentions": out.Mentions, "alerts": out.Alerts})
			}
			fmt.Fprintf(a.out, "%d mentions forgotten, %d alerts edited; nothing more is taken of this author at %s\n", out.Mentions, len(out.Alerts), source)
			if l.Backups != "" {
				fmt.Fprintf(a.err, "Backups of before still hold them: %s\n", l.Backups)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&source, "source", "", "the id of the source")
	cmd.Flags().StringVar(&author, "author", "", "the author's name, as it stands there, or the pseudonym")
	cmd.Flags().StringVar(&address, "url", "", "the address of a post of the author")
	return cmd
}

// authorAt finds whose post is at an address, and at which source. Many kinds of
// source have one address for the posts of many, such as the page of a product:
// of these nobody is meant.
func authorAt(ctx context.Context, s store.Store, address string) (source, author string, err error) {
	f, found := store.Filter{Limit: 1000}, false
	for {
		es, next, err := s.Mentions(ctx, f)
		if err != nil {
			return "", "", err
		}
		for i := range es {
			m := &es[i].Mention
			switch {
			case m.URL != address:
			case !found:
				source, author, found = m.Source, m.Author, true
			case m.Source != source || !s.Pseudonyms().Same(source, m.Author, author):
				return "", "", fmt.Errorf("%s: posts of more than one author have that address; find the name with puskaradio export, and say --source and --author", address)
			}
		}
		if f.After = next; next == "" {
			break
		}
	}
	switch {
	case !found:
		return "", "", fmt.Errorf("%s: nothing with that address is held; it must be the one that puskaradio export prints", address)
	case author == "":
		return "", "", fmt.Errorf("%s: the post names no author; it goes with the others of %s when keep has passed, or when it is deleted there", address, source)
	}
	return source, author, nil
}

// authorMark stands for a name in the audit log.
func authorMark(author string) string {
	sum := sha256.Sum256([]byte(author))
	return hex.EncodeToString(sum[:4])
}
