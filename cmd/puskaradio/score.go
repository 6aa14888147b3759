package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/sentiment"
)

func (a *app) scoreCommand() *cobra.Command {
	var kind string
	var external bool
	cmd := &cobra.Command{
		Use:   "score",
		Short: "Say how texts feel",
		Long: `Reads texts from standard input, one on a line or as JSON lines with "text" and,
if you like, "title", "lang", "kind" and "rating", and prints one JSON score
for each, in their order. Where there is a data directory, what corrections have
taught there is used.`,
		Example: "  echo 'Toimitus oli myöhässä' | puskaradio score\n  puskaradio export --json | puskaradio score",
		RunE: func(cmd *cobra.Command, _ []string) error {
			genre, err := sentiment.GenreOf(kind)
			if err != nil {
				return usage("%v", err)
			}
			model, err := taughtModel(a.dataDir())
			if err != nil {
				return err
			}
			score := scoring(sentiment.NewScorer(model).Score)
			if external {
				l, err := a.config()
				if err != nil {
					return err
				}
				if l.plan.External == nil {
					return fmt.Errorf("%s names no external scorer; write it under sentiment.external", l.file)
				}
				score = a.alsoAsk(cmd.Context(), score, l.plan.External)
			}
			return a.score(score, genre)
		},
	}
	cmd.Flags().BoolVar(&external, "external", false, "ask the external scorer of the configuration too")
	cmd.Flags().StringVar(&kind, "kind", "", "what kind of talk it is: social, review, news, survey, other")
	return cmd
}

// alsoAsk is score with the verdicts of an external scorer. Where it fails the
// embedded ones stand, and why is said once.
func (a *app) alsoAsk(ctx context.Context, score scoring, e *sentiment.External) scoring {
	told := false
	return func(texts []sentiment.Text) []puskaradio.Score {
		scores := score(texts)
		if err := e.Weigh(ctx, texts, scores); err != nil && !told {
			told = true
			fmt.Fprintln(a.err, err)
		}
		return scores
	}
}

// A scoring scores texts, as a [sentiment.Scorer] does.
type scoring func([]sentiment.Text) []puskaradio.Score

func (a *app) score(score scoring, genre puskaradio.Genre) error {
	in := bufio.NewScanner(a.in)
	in.Buffer(nil, 16<<20)
	out := bufio.NewWriter(a.out)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for n := 1; in.Scan(); n++ {
		t, err := textOf(in.Bytes(), genre)
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		if err := enc.Encode(score([]sentiment.Text{t})[0]); err != nil {
			return err
		}
	}
	if err := in.Err(); err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	return out.Flush()
}

// textOf reads a line: a JSON object, or the text itself.
func textOf(line []byte, genre puskaradio.Genre) (sentiment.Text, error) {
	t := sentiment.Text{Genre: genre}
	if trimmed := bytes.TrimSpace(line); len(trimmed) > 0 && trimmed[0] == '{' {
		var m struct {
			Text   string             `json:"text"`
			Title  string             `json:"title"`
			Lang   string             `json:"lang"`
			Genre  puskaradio.Genre   `json:"genre"`
			Kind   puskaradio.Genre   `json:"kind"` // the same
			Rating *puskaradio.Rating `json:"rating"`
		}
		if err := json.Unmarshal(trimmed, &m); err != nil {
			return t, fmt.Errorf("this is not a JSON object: %w", err)
		}
		t.Text, t.Title, t.Lang, t.Rating = m.Text, m.Title, m.Lang, m.Rating
		if g := cmp.Or(m.Genre, m.Kind); g != "" {
			var err error
			if t.Genre, err = sentiment.GenreOf(string(g)); err != nil {
				return t, err
			}
		}
		return t, nil
	}
	t.Text = string(line)
	return t, nil
}
