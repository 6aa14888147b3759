package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
	"github.com/puskaradio/puskaradio/web"
)

func (a *app) exportCommand() *cobra.Command {
	var f store.Filter
	var from, to, delimiter string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Print mentions as CSV or JSON lines",
		Long: `Prints the mentions, the newest first: as CSV, or with --json one object on a
line. A cell that a spreadsheet would take for a formula gets a ' before it.`,
		Example:     "  puskaradio export --brand acme > acme.csv\n  puskaradio export --json --from 2026-11-01 > november.jsonl\n  puskaradio export --delimiter ';' > excel.csv",
		Annotations: served,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, l, err := a.store(cmd)
			if err != nil {
				return err
			}
			for _, d := range []struct {
				flag, value string
				at          *time.Time
			}{{"from", from, &f.From}, {"to", to, &f.To}} {
				if d.value == "" {
					continue
				}
				if *d.at, err = time.ParseInLocation(time.DateOnly, d.value, l.plan.Zone); err != nil {
					return usage("--%s %q is not a date such as 2026-11-20", d.flag, d.value)
				}
			}
			if len([]rune(delimiter)) != 1 {
				return usage("--delimiter %q: write one character", delimiter)
			}
			f.Limit = 500
			// Before anything is printed: an export that breaks off has given something away.
			if err := a.recordDeed(cmd.Context(), s, "exported mentions", strings.TrimSpace(f.Brand+" "+from+" "+to)); err != nil {
				return err
			}
			return a.export(cmd, s, f, []rune(delimiter)[0])
		},
	}
	cmd.Flags().StringVar(&f.Brand, "brand", "", "the id of a brand; all unless said")
	cmd.Flags().StringVar(&from, "from", "", "the first day")
	cmd.Flags().StringVar(&to, "to", "", "the day after the last")
	cmd.Flags().StringVar(&delimiter, "delimiter", ",", "what stands between cells; Finnish Excel likes ;")
	return cmd
}

var exportColumns = []string{
	"id", "brand", "source", "genre", "ref", "url", "author", "title", "text", "lang", "rating", "best", "published", "date_from", "state",
	"label", "value", "confidence", "status",
}

func (a *app) export(cmd *cobra.Command, s store.Store, f store.Filter, delimiter rune) error {
	out := bufio.NewWriter(a.out)
	w := csv.NewWriter(out)
	w.Comma = delimiter
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	if !a.json {
		fmt.Fprint(out, "\ufeff") // else spreadsheets take it for another charset
		if err := w.Write(exportColumns); err != nil {
			return err
		}
	}
	p := a.progress(-1, "mentions")
	defer p.done()
	for {
		es, next, err := s.Mentions(cmd.Context(), f)
		if err != nil {
			return err
		}
		for i := range es {
			if a.json {
				err = enc.Encode(es[i].Mention)
			} else {
				err = w.Write(exportRow(&es[i]))
			}
			if err != nil {
				return err
			}
		}
		p.add(len(es))
		if f.After = next; next == "" {
			break
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return err
	}
	return out.Flush()
}

func exportRow(e *store.Entry) []string {
	m := &e.Mention
	v := m.Verdict()
	rating, best := "", ""
	if m.Rating != nil {
		rating, best = strconv.FormatFloat(m.Rating.Value, 'g', -1, 64), strconv.FormatFloat(m.Rating.Best, 'g', -1, 64)
	}
	row := []string{
		string(e.ID), m.Brand, m.Source, string(m.Genre), m.Ref, m.URL, m.Author, m.Title, m.Text, m.Lang, rating, best,
		m.Published.Format(time.RFC3339), string(m.DateFrom), string(m.State),
		string(v.Label), strconv.FormatFloat(v.Value, 'f', 3, 64), strconv.FormatFloat(v.Confidence, 'f', 3, 64), string(e.Status),
	}
	for i, cell := range row {
		if exportColumns[i] != "value" { // a number below zero is no formula
			row[i] = web.GuardCell(cell)
		}
	}
	return row
}

func (a *app) backupCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "backup DIR",
		Short: "Copy everything, while it runs, and check the copy",
		Long:  "Makes a folder in DIR with a copy of the data directory as it is at one moment,\nchecks it and prints its path. It may be done while puskaradio run is at work.",
		Args:  cobra.ExactArgs(1), Annotations: served,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, _, err := a.store(cmd)
			if err != nil {
				return err
			}
			b, err := ownFiles(s, "pg_dump")
			if err != nil {
				return err
			}
			path, err := b.Backup(cmd.Context(), a.path(args[0]), time.Now())
			if err != nil {
				return err
			}
			fmt.Fprintln(a.out, path)
			return nil
		},
	}
}

func (a *app) compactCommand() *cobra.Command {
	return &cobra.Command{
		Use:         "compact",
		Short:       "Give the room of what was forgotten back to the disk",
		Long:        "Writes the files of the data directory anew, without their free pages and without\na word of what was forgotten. What is wasteful is compacted every night anyway,\nand what something was forgotten in within a week.",
		Annotations: served,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, _, err := a.store(cmd)
			if err != nil {
				return err
			}
			b, err := ownFiles(s, "VACUUM FULL, though it is hardly ever worth it")
			if err != nil {
				return err
			}
			freed, err := b.Compact(cmd.Context(), true)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.out, "%d bytes\n", max(0, freed)) // a small file may grow by what it keeps free
			return nil
		},
	}
}

func (a *app) restoreCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "restore BACKUP",
		Short: "Put a backup in the place of the data directory",
		Long:  "Checks the backup and takes it for the data directory. What was there is moved\naside and not deleted. Stop puskaradio run first. A history in PostgreSQL, see\nstore.url, is restored with its own tools.",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			l, err := a.config()
			if err != nil {
				return err
			}
			if l.Store.URL != "" { // the directory is not what is read
				return errors.New("the history is in PostgreSQL, see store.url, and nothing was restored. Stop what runs on it, and bring back with pg_restore what pg_dump has saved. To put a backup of a data directory there instead: take store.url out of the configuration, restore, put it back, and puskaradio migrate --to postgres into an empty database")
			}
			aside, err := store.Restore(a.path(args[0]), l.Data, time.Now())
			if err != nil {
				return err
			}
			fmt.Fprintln(a.out, l.Data)
			if aside != "" {
				fmt.Fprintf(a.err, "what was there is now in %s\n", aside)
			}
			return nil
		},
	}
}

func (a *app) importCommand() *cobra.Command {
	var brand, source, genre, survey string
	cmd := &cobra.Command{
		Use:   "import FILE…",
		Short: "Take in mentions from CSV or JSON lines",
		Long: `Takes CSV, as spreadsheets write it (; or , or tab; UTF-8 or Windows-1252; 4,5 and
20.11.2026), or JSON lines, as puskaradio export --json writes. Rows that cannot
be read are named and the rest is kept. The same file may be taken in again: a
row counts once. With --survey the ratings are answers of such a survey: nps from
0 to 10, csat from 1 to 5, ces from 1 to 7; puskaradio trends tells the figure.`,
		Example:     "  puskaradio import --brand acme asiakaspalaute.csv\n  puskaradio import --survey nps --source kysely nps.csv\n  puskaradio import old.jsonl",
		Args:        cobra.MinimumNArgs(1),
		Annotations: map[string]string{"served": "yes", "stdin": "yes"},
		RunE: func(cmd *cobra.Command, files []string) error {
			if survey != "" && survey != "nps" && survey != "csat" && survey != "ces" {
				return usage("--survey %q: write nps, csat or ces", survey)
			}
			s, l, err := a.store(cmd)
			if err != nil {
				return err
			}
			im := &importer{app: a, store: s, cfg: l, source: source, genre: puskaradio.Genre(genre), survey: survey}
			if survey != "" {
				im.genre = puskaradio.Survey
			}
			if brand != "" || len(l.Brands) == 1 {
				b, err := l.brand(brand)
				if err != nil {
					return err
				}
				im.brand = b.ID
			}
			return im.run(cmd.Context(), files)
		},
	}
	cmd.Flags().StringVar(&brand, "brand", "", "the id of the brand that all rows are about; else the brand column, or the brands that a text names")
	cmd.Flags().StringVar(&source, "source", "import", "the source that the rows are filed under, unless they name one")
	cmd.Flags().StringVar(&survey, "survey", "", "the ratings are answers of a survey: nps, csat or ces")
	cmd.Flags().StringVar(&genre, "genre", "review", "what kind of talk it is: social, review, news, survey, other")
	return cmd
}

// open opens a file, or standard input for -.
func (a *app) open(file string) (io.ReadCloser, error) {
	if file == "-" {
		return io.NopCloser(a.in), nil
	}
	return os.Open(a.path(file))
}
