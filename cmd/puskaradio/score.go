package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/sentiment"
)

func (a *app) scoreCommand() *cobra.Command {
	var kind string
	cmd := &cobra.Command{
		Use:   "score",
		Short: "Say how texts feel",
		Long: `Reads texts from standard input, one on a line or as JSON lines with "text" and,
if you like, "title", "lang", "kind" and "rating", and prints one JSON score
for each, in their order. Where there is a data directory, what corrections have
taught there is used.`,
		Example: "  echo 'Toimitus oli myöhässä' | puskaradio score\n  puskaradio export --json | puskaradio score",
		RunE: func(*cobra.Command, []string) error {
			genre, err := sentiment.GenreOf(kind)
			if err != nil {
				return usage("%v", err)
			}
			model, err := taughtModel(a.dataDir())
			if err != nil {
				return err
			}
			return a.score(sentiment.NewScorer(model), genre)
		},
	}
	cmd.Flags().StringVar(&kind, "kind", "", "what kind of talk it is: social, review, news, survey, other")
	return cmd
}

func (a *app) score(scorer sentiment.Scorer, genre puskaradio.Genre) error {
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
		if err := enc.Encode(scorer.Score([]sentiment.Text{t})[0]); err != nil {
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
