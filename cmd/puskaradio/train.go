package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio/sentiment"
)

func (a *app) trainCommand() *cobra.Command {
	var o training
	cmd := &cobra.Command{
		Use:   "train --data DIR --out FILE",
		Short: "Train the weights of the scorer",
		Long: `Trains the model that tells languages and feelings, from judged texts under DIR: a
folder for each set with a data.tsv (split, lang, label, stars, text). Which sets are
used, and under which licences, stands in sentiment/MODEL.md; texts of our own are in
the binary. It takes two or three minutes and gives the same weights for the same rows.

Weights are fitted on rows whose split is train and calibrated on those whose split is
dev; rows of other splits are never looked at. Held-out rows that repeat one that is
trained on are left out. The figures on what was held out go to standard error.

--ablate trains again and again without a part of the model and prints what that costs.`,
		Example: "  puskaradio train --data sentiment --out model.bin && puskaradio eval --model model.bin --kind social tweets.tsv",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.data == "" || o.out == "" && !o.ablate {
				return usage("say where the texts are with --data, and where the model goes with --out")
			}
			return a.train(cmd, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.data, "data", "", "the folder of the sets")
	f.StringVar(&o.out, "out", "", "the model file to write")
	f.BoolVar(&o.ablate, "ablate", false, "print what each part of the model is worth, and write nothing")
	return cmd
}

// A training is what the train command was asked.
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
		return errors.Join(errors.New("the model that was trained cannot be read"), err)
	}
	return os.WriteFile(o.out, b.Bytes(), 0o644)
}
