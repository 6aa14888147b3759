package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/notify"
	"github.com/puskaradio/puskaradio/store"
)

// served marks a command that the running process can do for another.
var served = map[string]string{"served": "yes"}

func (a *app) print(v any) error {
	enc := json.NewEncoder(a.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

func (a *app) digestCommand() *cobra.Command {
	var brand, on, week string
	cmd := &cobra.Command{
		Use:   "digest",
		Short: "What was said on a day, or in a week",
		Long: `Prints the digest of a day or a week: the one that was sent, else what there is of it
now. Without --date and --week it is yesterday.`,
		Example:     "  puskaradio digest\n  puskaradio digest --brand acme --date 2026-11-20 --json\n  puskaradio digest --week 2026-W47",
		Annotations: served,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, l, err := a.store(cmd)
			if err != nil {
				return err
			}
			b, err := l.brand(brand)
			if err != nil {
				return err
			}
			now := time.Now()
			day := now.In(l.plan.Zone).AddDate(0, 0, -1)
			if on != "" && week != "" {
				return usage("write --date or --week, not both")
			}
			if week != "" {
				monday, ok := puskaradio.Monday(week, l.plan.Zone)
				if !ok || monday.After(now) {
					return usage("--week %q is no week such as 2026-W47 that has begun", week)
				}
				day = monday
			}
			if on != "" {
				if day, err = time.ParseInLocation(time.DateOnly, on, l.plan.Zone); err != nil {
					return usage("--date %q is not a date such as 2026-11-20", on)
				}
				day = day.Add(12 * time.Hour)
			}
			d, err := s.Digest(cmd.Context(), b.ID, cmp.Or(week, day.Format(time.DateOnly)))
			if errors.Is(err, puskaradio.ErrNotFound) {
				m, err2 := a.monitorOnly(s, l)
				if err2 != nil {
					return err2
				}
				gather := m.Digest
				if week != "" {
					gather = m.WeekDigest
				}
				d, err = gather(cmd.Context(), b, day, now)
			}
			if err != nil {
				return err
			}
			if a.json {
				return a.print(d)
			}
			fmt.Fprint(a.out, notify.Terminal(notify.Message{Digest: &d, Lang: l.Language, Zone: l.plan.Zone, Link: l.Link}, width()))
			return nil
		},
	}
	cmd.Flags().StringVar(&brand, "brand", "", "the id of a brand; the first unless said")
	cmd.Flags().StringVar(&on, "date", "", "the day; yesterday unless said")
	cmd.Flags().StringVar(&week, "week", "", "the week, such as 2026-W47, instead of a day")
	return cmd
}

func (a *app) searchCommand() *cobra.Command {
	var f store.Filter
	cmd := &cobra.Command{
		Use:   "search WORDS",
		Short: "Find mentions by what they say",
		Long: `All words must be there, in any order and inflection: toimitus finds toimituksen.
"In quotes" finds a phrase, palvelu* a beginning.`,
		Example:     "  puskaradio search toimitus myöhässä\n  puskaradio search --brand acme '\"never again\"'",
		Args:        cobra.MinimumNArgs(1),
		Annotations: served,
		RunE: func(cmd *cobra.Command, words []string) error {
			s, l, err := a.store(cmd)
			if err != nil {
				return err
			}
			if f.Brand != "" {
				b, err := l.brand(f.Brand)
				if err != nil {
					return err
				}
				f.Brand = b.ID
			}
			es, next, err := s.Search(cmd.Context(), strings.Join(words, " "), f)
			if err != nil {
				return err
			}
			return a.printEntries(l, es, next)
		},
	}
	cmd.Flags().StringVar(&f.Brand, "brand", "", "the id of a brand; all unless said")
	cmd.Flags().IntVar(&f.Limit, "limit", 20, "the most to print")
	cmd.Flags().StringVar(&f.After, "after", "", "the token of the next page")
	return cmd
}

func (a *app) printEntries(l *loaded, es []store.Entry, next string) error {
	if a.json {
		for _, e := range es {
			if err := a.print(e); err != nil {
				return err
			}
		}
		return nil
	}
	for _, e := range es {
		q := puskaradio.QuoteOf(e.ID, &e.Mention)
		fmt.Fprintf(a.out, "%s  %s", e.ID, notify.QuoteText(notify.Message{Lang: l.Language, Zone: l.plan.Zone}, q, width()))
	}
	if next != "" {
		fmt.Fprintf(a.err, "more: --after %s\n", next)
	}
	return nil
}

// ago says how far a time is from now.
func ago(t, now time.Time) string {
	if t.IsZero() {
		return "–"
	}
	d := now.Sub(t)
	ahead := d < 0
	d = d.Abs()
	s := d.Round(time.Second).String()
	switch {
	case d >= 48*time.Hour:
		s = fmt.Sprintf("%d days", int(d.Hours()/24))
	case d >= time.Hour:
		s = fmt.Sprintf("%.0f h", d.Hours())
	case d >= time.Minute:
		s = fmt.Sprintf("%.0f min", d.Minutes())
	}
	if ahead {
		return "in " + s
	}
	return s + " ago"
}

// width is how wide text is printed.
func width() int { return cmp.Or(columns(os.Getenv("COLUMNS")), 100) }

func columns(s string) int {
	n := 0
	if _, err := fmt.Sscan(s, &n); err != nil || n < 40 || n > 400 {
		return 0
	}
	return n
}
