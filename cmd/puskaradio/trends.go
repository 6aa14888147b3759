package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/notify"
	"github.com/puskaradio/puskaradio/store"
	"github.com/puskaradio/puskaradio/trend"
)

func (a *app) trendsCommand() *cobra.Command {
	var brand string
	var days int
	var table bool
	cmd := &cobra.Command{
		Use:   "trends",
		Short: "Whether the reputation rises, and against whom",
		Long: `Prints the reputation score with its band, a row for each week, and the share of voice.
With --csv it prints a row for each date, the newest last: with --days 365 what the
score is recomputed from in a spreadsheet, see docs/reputation.md.`,
		Example:     "  puskaradio trends --days 90\n  puskaradio trends --brand acme --json\n  puskaradio trends --days 365 --csv > year.csv",
		Annotations: served,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if days < 2 || days > 3660 {
				return usage("--days %d: write 2 to 3660", days)
			}
			s, l, err := a.store(cmd)
			if err != nil {
				return err
			}
			b, err := l.brand(brand)
			if err != nil {
				return err
			}
			return a.trends(cmd.Context(), s, l, b, days, table, time.Now())
		},
	}
	cmd.Flags().StringVar(&brand, "brand", "", "the id of a brand; the first unless said")
	cmd.Flags().IntVar(&days, "days", 90, "how far back")
	cmd.Flags().BoolVar(&table, "csv", false, "a row for each date, for a spreadsheet")
	return cmd
}

func (a *app) trends(ctx context.Context, s store.Store, l *loaded, b puskaradio.Brand, days int, table bool, now time.Time) error {
	from := now.In(l.plan.Zone).AddDate(0, 0, 1-days)
	year := now.In(l.plan.Zone).AddDate(0, 0, 1-max(days, 365))
	counts, err := s.Series(ctx, b.ID, year, now, store.Day)
	if err != nil {
		return err
	}
	all := trend.Days(counts, year, now, l.plan.Zone)
	ds := all[max(0, len(all)-days):]
	if table {
		return a.dayTable(ds)
	}
	score := trend.Reputation(all)
	voices := map[string]int{}
	for _, id := range append([]string{b.ID}, b.Rivals...) {
		cs, err := s.Series(ctx, id, from, now, store.Day)
		if err != nil {
			return err
		}
		voices[id] = 0
		for _, c := range cs {
			voices[id] += c.Total()
		}
	}
	surveys, err := surveyFigures(ctx, s, b.ID, from, now)
	if err != nil {
		return err
	}
	if a.json {
		return a.print(trendsJSON(b.ID, score, ds, voices, surveys))
	}
	word := map[bool]string{true: "maine", false: "reputation"}[a.cfg.Language == "fi"]
	fmt.Fprintf(a.out, "%s: %s %.0f (%.0f–%.0f)\n", b.Name, word, score.Value, score.Low, score.High)
	printTrends(a, b, ds, voices)
	printSurveys(a, surveys)
	return nil
}

// dayTable writes a row for each date, as a spreadsheet reads it.
func (a *app) dayTable(ds []trend.Day) error {
	w := csv.NewWriter(a.out)
	rows := [][]string{{"date", "negative", "neutral", "positive", "rated", "stars"}}
	for _, d := range ds {
		stars := ""
		if d.Rated > 0 {
			stars = strconv.FormatFloat(1+4*d.Rating/float64(d.Rated), 'f', 2, 64)
		}
		rows = append(rows, []string{d.At.Format(time.DateOnly), strconv.Itoa(d.Negative), strconv.Itoa(d.Neutral), strconv.Itoa(d.Positive), strconv.Itoa(d.Rated), stars})
	}
	return w.WriteAll(rows)
}

func trendsJSON(brand string, score puskaradio.Reputation, ds []trend.Day, voices map[string]int, surveys []surveyFigure) any {
	type day struct {
		Date     string  `json:"date"`
		Negative int     `json:"negative"`
		Neutral  int     `json:"neutral"`
		Positive int     `json:"positive"`
		Net      float64 `json:"net_sentiment"`
	}
	out := struct {
		Brand  string                `json:"brand"`
		Score  puskaradio.Reputation `json:"reputation"`
		Days   []day                 `json:"days"`
		Voices []puskaradio.Voice    `json:"share_of_voice"`

		Surveys []surveyFigure `json:"surveys,omitempty"`
	}{Brand: brand, Score: score, Voices: trend.ShareOfVoice(voices), Surveys: surveys}
	for _, d := range ds {
		out.Days = append(out.Days, day{d.At.Format(time.DateOnly), d.Negative, d.Neutral, d.Positive, trend.NetSentiment(d.Negative, d.Neutral, d.Positive)})
	}
	return out
}

// printTrends draws a row for each week and says in a sentence what there is
// to see.
func printTrends(a *app, b puskaradio.Brand, ds []trend.Day, voices map[string]int) {
	fi := a.cfg.Language == "fi"
	say := func(f, e string) string {
		if fi {
			return f
		}
		return e
	}
	sum := func(ds []trend.Day) (neg, neu, pos int, stars float64, rated int) {
		for _, d := range ds {
			neg, neu, pos = neg+d.Negative, neu+d.Neutral, pos+d.Positive
			stars, rated = stars+d.Rating, rated+d.Rated
		}
		return
	}
	half := len(ds) / 2
	n1, u1, p1, _, _ := sum(ds[:half])
	n2, u2, p2, _, _ := sum(ds[half:])
	fmt.Fprintf(a.out, say("%s: nettosävy %+.0f → %+.0f (%d → %d mainintaa, kielteisiä %d → %d)\n\n",
		"%s: net sentiment %+.0f → %+.0f (%d → %d mentions, %d → %d negative)\n\n"),
		b.Name, trend.NetSentiment(n1, u1, p1), trend.NetSentiment(n2, u2, p2), n1+u1+p1, n2+u2+p2, n1, n2)
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, say("viikko\tmainintoja\tkielteisiä\tmyönteisiä\tnettosävy\ttähdet\tkielteiset päivittäin\t",
		"week\tmentions\tnegative\tpositive\tnet\tstars\tnegative by day\t"))
	for i := 0; i < len(ds); i += 7 {
		week := ds[i:min(i+7, len(ds))]
		neg, neu, pos, stars, rated := sum(week)
		var bars []float64
		for _, d := range week {
			bars = append(bars, float64(d.Negative))
		}
		mean := "–"
		if rated > 0 {
			mean = fmt.Sprintf("%.1f (%d)", 1+4*stars/float64(rated), rated)
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%+.0f\t%s\t%s\t\n", week[0].At.Format("2.1."), neg+neu+pos, neg, pos, trend.NetSentiment(neg, neu, pos), mean, notify.Spark(bars))
	}
	_ = w.Flush()
	if len(voices) > 1 {
		fmt.Fprintln(a.out)
		for _, v := range trend.ShareOfVoice(voices) {
			fmt.Fprintf(a.out, "%s %s: %.0f %% (%d)\n", say("osuus puheesta", "share of voice"), v.Brand, v.Share*100, v.Total)
		}
	}
}
