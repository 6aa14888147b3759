package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/sentiment"
	"github.com/puskaradio/puskaradio/store"
)

// A teaching is what train --corrections was asked.
type teaching struct {
	stars, preview, force bool
	kind, out             string
}

// Of the stored mentions the newest are learned from.
const (
	mostStars = 5000 // starred reviews
	mostKept  = 2000 // texts that nobody has corrected
)

// A taught is what train --corrections prints.
type taught struct {
	Corrections int         `json:"corrections"`
	Agreed      int         `json:"agreed"`
	Stars       int         `json:"stars"`
	Kept        int         `json:"kept"`
	Skipped     int         `json:"skipped"`
	Curve       []curveStep `json:"curve,omitempty"`
	Helps       bool        `json:"helps"`
	Changes     *changes    `json:"changes,omitempty"`
	Installed   string      `json:"installed,omitempty"`
}

type curveStep struct {
	Share    float64 `json:"share"`
	Rows     int     `json:"corrections"`
	Accuracy float64 `json:"accuracy"`
	F1       float64 `json:"macro_f1"`
	Mended   int     `json:"mended"`
	Broken   int     `json:"broken"`
	Moved    float64 `json:"others_changed"`
}

// A changes is what lessons would make of past mentions.
type changes struct {
	Scored int            `json:"scored"`
	Brands map[string]int `json:"brands"` // changed, by brand
	First  []change       `json:"first,omitempty"`
}

type change struct {
	ID    puskaradio.ID    `json:"id"`
	Brand string           `json:"brand"`
	Was   puskaradio.Label `json:"was"`
	Is    puskaradio.Label `json:"is"`
	Text  string           `json:"text"`
}

// teach folds corrections into lessons.
func (a *app) teach(cmd *cobra.Command, o teaching, files []string) error {
	kind, err := sentiment.GenreOf(o.kind)
	if err != nil {
		return usage("%v", err)
	}
	file := a.path(o.out)
	base, err := sentiment.Shipped()
	if err != nil {
		return err
	}
	var s store.Store
	var rows []sentiment.Row
	was := base
	if o.out == "" || len(files) == 0 || o.preview {
		var l *loaded
		if s, l, err = a.store(cmd); err != nil {
			return err
		}
		if o.out == "" {
			file = lessonsPath(l.Data)
		}
		if rows, err = storedRows(cmd.Context(), s, len(files) == 0, o.stars); err != nil {
			return err
		}
		if was, err = monitorModel(l.Data, a.logger()); err != nil {
			fmt.Fprintf(a.err, "%v; they are replaced\n", err)
			was = base
		}
	}
	for _, name := range files {
		if name != "-" {
			name = a.path(name)
		}
		got, err := readRows(a.in, name)
		if err != nil {
			return err
		}
		for i := range got {
			got[i].Genre = cmp.Or(got[i].Genre, kind)
		}
		rows = append(rows, got...)
	}
	lessons, report, err := sentiment.Teach(base, rows, &sentiment.TeachOptions{Stars: o.stars})
	if err != nil {
		return err
	}
	t := newTaught(&report)
	if o.preview {
		is, err := base.With(lessons)
		if err != nil {
			return err
		}
		if t.Changes, err = a.changes(cmd.Context(), s, was, is); err != nil {
			return err
		}
	}
	var refused error
	switch {
	case o.preview:
	case !t.Helps && !o.force:
		refused = errors.New("it is not seen to help with texts that were held out, and nothing was changed; --force puts it in force all the same")
	default:
		if err := installLessons(file, lessons); err != nil {
			return err
		}
		t.Installed = file
	}
	return errors.Join(a.printTaught(t), refused)
}

func newTaught(r *sentiment.Report) *taught {
	t := &taught{Corrections: r.Corrections, Agreed: r.Agreed, Stars: r.Stars, Kept: r.Kept, Skipped: r.Skipped, Helps: r.Helps()}
	for _, s := range r.Curve {
		t.Curve = append(t.Curve, curveStep(s))
	}
	return t
}

// storedRows are what can be learned from the mentions of a store: what was
// corrected, if it is asked for, the newest starred reviews, and the newest
// of the others, whose verdicts stand.
func storedRows(ctx context.Context, s store.Store, corrected, stars bool) (rows []sentiment.Row, err error) {
	if corrected {
		for f := (store.Filter{Corrected: true, Limit: 500}); ; {
			es, next, err := s.Mentions(ctx, f)
			if err != nil {
				return nil, err
			}
			for i := range es {
				rows = append(rows, sentiment.RowOf(&es[i].Mention))
			}
			if f.After = next; next == "" {
				break
			}
		}
	}
	rated, kept := 0, 0
	for f := (store.Filter{Limit: 500}); ; {
		es, next, err := s.Mentions(ctx, f)
		if err != nil {
			return nil, err
		}
		for i := range es {
			m := &es[i].Mention
			n := &kept
			most := mostKept
			if m.Rating != nil && stars {
				n, most = &rated, mostStars
			}
			if m.Corrected == nil && *n < most {
				*n++
				rows = append(rows, sentiment.RowOf(m))
			}
		}
		if f.After = next; next == "" || kept >= mostKept && (!stars || rated >= mostStars) {
			return rows, nil
		}
	}
}

// changes finds the stored mentions that a model labels otherwise than the one
// before. Those that a person has judged stay as they are.
func (a *app) changes(ctx context.Context, s store.Store, was, is *sentiment.Model) (*changes, error) {
	c := &changes{Brands: map[string]int{}}
	old, next := sentiment.NewScorer(was), sentiment.NewScorer(is)
	p := a.progress(-1, "mentions")
	defer p.done()
	for f := (store.Filter{Limit: 500}); ; {
		es, token, err := s.Mentions(ctx, f)
		if err != nil {
			return nil, err
		}
		for i := range es {
			m := &es[i].Mention
			if m.Corrected != nil {
				continue
			}
			c.Scored++
			text := []sentiment.Text{{Text: m.Text, Title: m.Title, Lang: m.Lang, Genre: m.Genre, Rating: m.Rating}}
			before, after := old.Score(text)[0].Label, next.Score(text)[0].Label
			if before == after {
				continue
			}
			c.Brands[m.Brand]++
			if len(c.First) < 20 {
				c.First = append(c.First, change{es[i].ID, m.Brand, before, after, clip(oneLine(cmp.Or(m.Text, m.Title)), 100)})
			}
		}
		p.add(len(es))
		if f.After = token; token == "" {
			return c, nil
		}
	}
}

// oneLine makes one line of a text, and nothing that moves a terminal's cursor.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 }), " ")
}

func (a *app) printTaught(t *taught) error {
	if a.json {
		return a.print(t)
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "%d corrections, %d of them as the model says itself; %d starred reviews; %d other texts; %d passed over\n\n", t.Corrections, t.Agreed, t.Stars, t.Kept, t.Skipped)
	if len(t.Curve) == 0 {
		fmt.Fprintln(w, "These are too few to hold some out and see whether it helps.")
	} else {
		fmt.Fprintln(w, "learned\tof\taccuracy\tF1\tmended\tbroken\tothers changed\t")
	}
	for _, s := range t.Curve {
		fmt.Fprintf(w, "%.0f %%\t%d\t%s\t%s\t%d\t%d\t%.1f %%\t\n", 100*s.Share, s.Rows, figure(s.Accuracy), figure(s.F1), s.Mended, s.Broken, 100*s.Moved)
	}
	if t.Corrections >= 10 && t.Agreed*3 < t.Corrections {
		fmt.Fprintln(w, "\nNearly all of these are mistakes. Confirm some right verdicts too: then the table shows what the lessons break.")
	}
	if c := t.Changes; c != nil {
		n := 0
		for _, k := range c.Brands {
			n += k
		}
		fmt.Fprintf(w, "\n%d of %d past mentions would change:\n", n, c.Scored)
		for _, b := range slices.Sorted(maps.Keys(c.Brands)) {
			fmt.Fprintf(w, "  %s %d\n", b, c.Brands[b])
		}
		for _, x := range c.First {
			fmt.Fprintf(w, "  %s  %s  %s → %s  %s\n", x.ID, x.Brand, x.Was, x.Is, x.Text)
		}
	}
	if t.Installed != "" {
		fmt.Fprintf(w, "\n%s\n", t.Installed)
	}
	return w.Flush()
}
