package main

import (
	"context"
	"fmt"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/store"
	"github.com/puskaradio/puskaradio/trend"
)

// A surveyFigure is what the answers to a kind of survey come to.
type surveyFigure struct {
	Survey string `json:"survey"` // nps, csat, ces
	trend.Estimate
}

// surveyFigures are those of the surveys that were answered in a time.
func surveyFigures(ctx context.Context, s store.Store, brand string, from, to time.Time) ([]surveyFigure, error) {
	answers := map[string][]float64{}
	f := store.Filter{Brand: brand, From: from, To: to, Limit: 500}
	for {
		es, next, err := s.Mentions(ctx, f)
		if err != nil {
			return nil, err
		}
		for i := range es {
			if m := &es[i].Mention; m.Genre == puskaradio.Survey && m.State == puskaradio.Live {
				if kind := crawler.SurveyOf(m.Rating); kind != "" {
					answers[kind] = append(answers[kind], m.Rating.Value)
				}
			}
		}
		if f.After = next; next == "" {
			break
		}
	}
	var out []surveyFigure
	for _, k := range []struct {
		name   string
		figure func([]float64) trend.Estimate
	}{{"nps", trend.NPS}, {"csat", trend.CSAT}, {"ces", trend.CES}} {
		if v := answers[k.name]; len(v) > 0 {
			out = append(out, surveyFigure{k.name, k.figure(v)})
		}
	}
	return out, nil
}

// printSurveys is a line for each kind of survey.
func printSurveys(a *app, figures []surveyFigure) {
	for i, f := range figures {
		if i == 0 {
			fmt.Fprintln(a.out)
		}
		form, words := "%+.0f (95 %%: %+.0f … %+.0f, %d %s)\n", "answers"
		switch f.Survey {
		case "csat":
			form = "%.0f %% (95 %%: %.0f … %.0f, %d %s)\n"
		case "ces":
			form = "%.1f / 7 (95 %%: %.1f … %.1f, %d %s)\n"
		}
		if a.cfg.Language == "fi" {
			words = "vastausta"
		}
		name := map[string]string{"nps": "NPS", "csat": "CSAT", "ces": "CES"}[f.Survey]
		fmt.Fprintf(a.out, name+" "+form, f.Value, f.Low, f.High, f.N, words)
	}
}
