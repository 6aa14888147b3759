package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/store"
)

func (a *app) crawlCommand() *cobra.Command {
	var source string
	cmd := &cobra.Command{
		Use:   "crawl",
		Short: "Read the sources once, now",
		Long: `Reads each source to its end and keeps what it says. With --json the mentions
that are new or have changed come out, one on a line.`,
		Example:     "  puskaradio crawl\n  puskaradio crawl --source shop-reviews --json | jq .text",
		Annotations: map[string]string{"served": "yes"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, s, l, err := a.monitored(cmd)
			if err != nil {
				return err
			}
			return a.crawl(cmd, s, l, m, source)
		},
	}
	cmd.Flags().StringVar(&source, "source", "", "the id of one source; all unless said")
	cmd.Flags().Bool("once", true, "one round; it is what this command does")
	return cmd
}

func (a *app) crawl(cmd *cobra.Command, s store.Store, l *loaded, m *monitor.Monitor, source string) error {
	ctx := cmd.Context()
	began := time.Now()
	var sum monitor.Round
	var errs []error
	n := 0
	p := a.progress(len(l.plan.Sources), "sources")
	defer p.done()
	for _, src := range l.plan.Sources {
		if source != "" && src.ID != source {
			continue
		}
		n++
		p.at(src.ID)
		for done := false; !done && ctx.Err() == nil; {
			var r monitor.Round
			var err error
			r, done, err = m.Crawl(ctx, src.ID)
			sum.Pages += r.Pages
			sum.Items += r.Items
			sum.New += r.New
			sum.Changed += r.Changed
			sum.Gone += r.Gone
			sum.Faults = append(sum.Faults, r.Faults...)
			if err != nil {
				errs = append(errs, fmt.Errorf("source %s: %w", src.ID, err))
				break
			}
		}
		p.add(1)
	}
	p.done()
	if n == 0 {
		return usage("there is no source %q; puskaradio sources lists them", source)
	}
	if a.json {
		if err := a.printSince(cmd, s, began); err != nil {
			return err
		}
	}
	fmt.Fprintf(a.err, "%d sources, %d pages, %d new, %d changed, %d deleted, %d faults, %d failed\n",
		n, sum.Pages, sum.New, sum.Changed, sum.Gone, len(sum.Faults), len(errs))
	return errors.Join(errs...)
}

// printSince prints the mentions that were first seen or changed since a time.
func (a *app) printSince(cmd *cobra.Command, s store.Store, since time.Time) error {
	enc := json.NewEncoder(a.out)
	f := store.Filter{Limit: 500}
	for {
		es, next, err := s.Mentions(cmd.Context(), f)
		if err != nil {
			return err
		}
		for _, e := range es {
			v := e.Mention.Versions
			if e.Mention.FirstSeen.Before(since.Truncate(time.Millisecond)) && (len(v) == 0 || v[len(v)-1].Until.Before(since)) {
				continue
			}
			if err := enc.Encode(e.Mention); err != nil {
				return err
			}
		}
		if f.After = next; next == "" {
			return nil
		}
	}
}

func (a *app) extractCommand() *cobra.Command {
	var url string
	cmd := &cobra.Command{
		Use:   "extract FILE…",
		Short: "Find the reviews in saved pages",
		Long: `Reads HTML pages and prints one JSON object for each review that they mark up:
schema.org in JSON-LD, microdata or RDFa, and the microformats h-review and
hReview. A review that stands there in two notations comes once. - is standard
input. Ratings of the whole come with --aggregates.`,
		Example: "  puskaradio extract page.html\n  curl -s https://shop.example/kettle | puskaradio extract --url https://shop.example/kettle -",
		Args:    cobra.MinimumNArgs(1),
	}
	aggregates := cmd.Flags().Bool("aggregates", false, "print ratings of the whole too")
	cmd.Flags().StringVar(&url, "url", "", "where the page came from, for its links")
	cmd.RunE = func(_ *cobra.Command, files []string) error {
		var errs []error
		enc := json.NewEncoder(a.out)
		enc.SetEscapeHTML(false)
		for _, file := range files {
			x, err := a.extract(file, url)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			for _, f := range x.Faults {
				fmt.Fprintf(a.err, "%s: %v\n", file, f)
			}
			for i := range x.Reviews {
				if err := enc.Encode(newExtracted(&x.Reviews[i])); err != nil {
					return err
				}
			}
			for _, g := range x.Aggregates {
				if !*aggregates {
					break
				}
				if err := enc.Encode(map[string]any{"aggregate": g}); err != nil {
					return err
				}
			}
		}
		return errors.Join(errs...)
	}
	return cmd
}

// maxPage is the largest page that extract reads.
const maxPage = 64 << 20

func (a *app) extract(file, url string) (x crawler.Extraction, err error) {
	in := a.in
	if file != "-" {
		f, err := os.Open(a.path(file))
		if err != nil {
			return x, err
		}
		defer f.Close()
		in = f
	}
	page, err := io.ReadAll(io.LimitReader(in, maxPage+1))
	if err != nil {
		return x, fmt.Errorf("%s: %w", file, err)
	}
	if len(page) > maxPage {
		return x, fmt.Errorf("%s: larger than %d MB", file, maxPage>>20)
	}
	return crawler.ExtractAt(page, url, time.Now()), nil
}

// An extracted is a review as extract prints it: without what only a source
// knows.
type extracted struct {
	Ref       string              `json:"ref,omitempty"`
	URL       string              `json:"url,omitempty"`
	Author    string              `json:"author,omitempty"`
	Title     string              `json:"title,omitempty"`
	Text      string              `json:"text"`
	Lang      string              `json:"lang,omitempty"`
	Rating    *puskaradio.Rating  `json:"rating,omitempty"`
	About     string              `json:"about,omitempty"`
	Published *time.Time          `json:"published,omitempty"`
	DateFrom  puskaradio.DateFrom `json:"date_from,omitempty"`
	Owner     *puskaradio.Reply   `json:"owner_reply,omitempty"`
}

func newExtracted(m *puskaradio.Mention) extracted {
	e := extracted{
		Ref: m.Ref, URL: m.URL, Author: m.Author, Title: m.Title, Text: m.Text, Lang: m.Lang,
		Rating: m.Rating, About: m.About, Owner: m.Owner,
	}
	if !m.Published.IsZero() {
		e.Published, e.DateFrom = &m.Published, m.DateFrom
	}
	return e
}
