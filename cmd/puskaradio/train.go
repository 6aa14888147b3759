package main

import (
	"bytes"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio/sentiment"
)

func (a *app) trainCommand() *cobra.Command {
	var anew training
	var corrections, undo bool
	var o teaching
	cmd := &cobra.Command{
		Use:   "train",
		Short: "Teach the model what you have corrected",
		Long: `With --corrections it learns from what people have corrected: a few weights beside
the model of the binary, which stays as it is. They are kept as corrections.model in the
data directory, and every command uses them from then on. The corrections are
those of the stored mentions, or those in tab-separated files with the columns
text and label, as eval reads them; rows without a label are texts whose verdict
stands. With --stars, reviews of one or two stars of five teach what is
negative and those of four or five what is positive; they weigh less.

It prints how good verdicts are on corrections that were held out, after none, a
quarter, half, three quarters and all of the others were learned, and how many
of these were mended and broken. "others changed" is the part of the texts that nobody
corrected whose label changes. Where that does not help, nothing is changed unless
--force is given.
--preview lists the past mentions whose label would change, and changes nothing. --undo
puts back what was there before the last time.

With --data it trains the model itself anew, from a folder with a folder for each set,
with a data.tsv (split, lang, label, stars, text). Which sets are used, and under which
licences, stands in sentiment/MODEL.md; texts of our own are in the binary. It takes two
or three minutes and gives the same weights for the same rows. Weights are fitted on rows
whose split is train and calibrated on those whose split is dev; rows of other splits are
never looked at, and held-out rows that repeat one that is trained on are left out. The
figures on what was held out go to standard error. --ablate trains again and again without
a part of the model and prints what that costs.`,
		Example:     "  puskaradio train --corrections --preview\n  puskaradio train --corrections --stars\n  puskaradio train --corrections corrected.tsv --kind review\n  puskaradio train --undo\n  puskaradio train --data sets --out model.bin",
		Args:        cobra.ArbitraryArgs,
		Annotations: map[string]string{"served": "yes", "stdin": "yes"},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case undo:
				return a.undoTraining(anew.out)
			case corrections:
				o.out = anew.out
				return a.teach(cmd, o, args)
			case anew.data == "" || anew.out == "" && !anew.ablate || len(args) > 0:
				return usage("say what to learn from: --corrections, or --data DIR --out FILE")
			}
			return a.train(cmd, anew)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&corrections, "corrections", false, "learn from corrections: of the stored mentions, or of the files that are named")
	f.BoolVar(&o.stars, "stars", false, "learn from starred reviews too")
	f.BoolVar(&o.preview, "preview", false, "change nothing; list the past mentions that would change")
	f.BoolVar(&o.force, "force", false, "put it in force though it is not seen to help")
	f.BoolVar(&undo, "undo", false, "put back what was there before the last time")
	f.StringVar(&o.kind, "kind", "", "what kind of talk a file is, where no column says it")
	f.StringVar(&anew.data, "data", "", "a folder of labelled sets, to train the model itself")
	f.StringVar(&anew.out, "out", "", "the file to write; corrections.model in the data directory unless said")
	f.BoolVar(&anew.ablate, "ablate", false, "print what each part of the model is worth, and write nothing")
	return cmd
}

// A training is how the model itself is to be trained.
type training struct {
	data, out string
	ablate    bool
}

func (a *app) train(cmd *cobra.Command, o training) error {
	rows, err := sentiment.ReadSets(os.DirFS(o.data))
	if err != nil {
		return fmt.Errorf("%s: %w", o.data, err)
	}
	log := func(format string, args ...any) { fmt.Fprintf(a.err, format+"\n", args...) }
	if o.ablate {
		return sentiment.Ablate(cmd.Context(), rows, a.out, log)
	}
	var b bytes.Buffer
	if err := sentiment.Train(cmd.Context(), rows, &b, log); err != nil {
		return err
	}
	if _, err := sentiment.ReadModel(b.Bytes()); err != nil {
		return fmt.Errorf("the model that was trained cannot be read: %w", err)
	}
	return os.WriteFile(o.out, b.Bytes(), 0o644)
}

// undoTraining takes back the last lessons.
func (a *app) undoTraining(out string) error {
	file := a.path(out)
	if out == "" {
		file = lessonsPath(a.dataDir())
	}
	some, err := undoLessons(file)
	if err != nil {
		return err
	}
	if some {
		fmt.Fprintf(a.out, "%s is as it was before\n", file)
	} else {
		fmt.Fprintf(a.out, "%s is gone; the model of the binary judges alone\n", file)
	}
	return nil
}

// dataDir is the data directory of this call.
func (a *app) dataDir() string {
	if a.cfg != nil {
		return a.cfg.Data
	}
	return dataDir(a.path(a.file))
}
