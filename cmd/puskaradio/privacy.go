package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) privacyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "privacy",
		Short: "What authors may ask for: what is held of them, and to be forgotten",
		Long:  `See docs/privacy.md for what is kept, for how long and why.`,
	}
	cmd.AddCommand(a.eraseCommand(), a.privacyExportCommand(), a.privacyReportCommand())
	return cmd
}

func (a *app) eraseCommand() *cobra.Command {
	var source, author string
	cmd := &cobra.Command{
		Use:   "erase",
		Short: "Forget an author at a source, and take nothing of them any more",
		Long: `Forgets everything that an author said at a source, what people wrote about it, and what
alerts and digests quote of it; messages in Slack are edited. The files are written
anew, so that no freed page holds a word of it. Of the name a digest is kept, so that
it is not crawled again. What was counted stays counted.

It cannot reach mail that was sent, webhooks, and backups that were made before.`,
		Example:     "  puskaradio privacy erase --source trustpilot --author 'Maija M.'",
		Annotations: served,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if source == "" || author == "" {
				return usage("--source or --author is missing")
			}
			s, l, err := a.store(cmd)
			if err != nil {
				return err
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
	cmd.Flags().StringVar(&author, "author", "", "the author's name, as it stands there")
	return cmd
}

// authorMark stands for a name in the audit log.
func authorMark(author string) string {
	sum := sha256.Sum256([]byte(author))
	return hex.EncodeToString(sum[:4])
}
