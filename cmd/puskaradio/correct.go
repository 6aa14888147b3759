package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio"
)

func (a *app) correctCommand() *cobra.Command {
	var undo bool
	cmd := &cobra.Command{
		Use:   "correct ID [negative | neutral | positive]",
		Short: "Put your verdict on a mention in place of the scorer's",
		Long: `Your verdict wins: counts, trends and digests follow it at once. The scorer's is kept
beside it. Confirm right verdicts too, not only wrong ones: then train --corrections
can tell whether what it learns helps.`,
		Example: `  puskaradio search "ei moitittavaa"
  puskaradio correct 0hk2v5… positive
  puskaradio correct 0hk2v5… --undo
  puskaradio train --corrections --preview`,
		Args: cobra.RangeArgs(1, 2), Annotations: served,
		RunE: func(cmd *cobra.Command, args []string) error {
			if undo == (len(args) == 2) {
				return usage("write the verdict behind the ID (negative, neutral or positive), or --undo")
			}
			s, _, err := a.store(cmd)
			if err != nil {
				return err
			}
			e, err := s.Mention(cmd.Context(), "", puskaradio.ID(args[0]))
			if err != nil {
				return err
			}
			var verdict *puskaradio.Score
			was := e.Mention.Verdict().Label
			if !undo {
				v, ok := correction(&e.Mention, args[1])
				if !ok {
					return usage("verdict %q: write negative, neutral or positive", args[1])
				}
				verdict = &v
			}
			if err := s.Correct(cmd.Context(), e.Mention.Brand, e.ID, verdict); err != nil {
				return err
			}
			e.Mention.Corrected = verdict
			fmt.Fprintf(a.out, "%s  %s → %s\n", e.ID, was, e.Mention.Verdict().Label)
			return nil
		},
	}
	cmd.Flags().BoolVar(&undo, "undo", false, "take your verdict back")
	return cmd
}

// correction is a person's verdict: what the scorer found out about the text,
// with the label that was given.
func correction(m *puskaradio.Mention, label string) (s puskaradio.Score, ok bool) {
	values := map[puskaradio.Label]float64{puskaradio.Negative: -1, puskaradio.Neutral: 0, puskaradio.Positive: 1}
	value, ok := values[puskaradio.Label(label)]
	if m.Score != nil {
		s = *m.Score
		s.Aspects = slices.Clone(s.Aspects)
	}
	s.Label, s.Value, s.Confidence, s.Unsure, s.Why, s.Model = puskaradio.Label(label), value, 1, false, "", "person"
	s.Embedded = nil
	return s, ok
}
