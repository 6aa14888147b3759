package sentiment

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"

	"github.com/puskaradio/puskaradio"
)

// A lack is what training goes without in an ablation.
type lack struct {
	what string
	drop func(t *trainer)
}

// lacks are the parts of the model, each left out in turn.
var lacks = []lack{
	{"nothing", func(*trainer) {}},
	{"words", func(t *trainer) { t.skip.words = true }},
	{"pairs of words", func(t *trainer) { t.skip.pairs = true }},
	{"letters within words", func(t *trainer) { t.skip.grams = true }},
	{"the word list", func(t *trainer) { t.skip.list = true }},
	{"our own words", func(t *trainer) { t.skip.own = true }},
	{"weights of each kind", func(t *trainer) { t.domains = nil }},
	{"naive Bayes ratios", func(t *trainer) { t.skip.bayes = true }},
	{"texts of our own", func(t *trainer) { t.skip.rows = true }},
}

// A skip is what an example is made without.
type skip struct{ words, pairs, grams, list, own, bayes, rows bool }

// strip takes the dense features that are skipped out of a scan.
func (k skip) strip(s *scan) {
	if k.list {
		for _, d := range []int{dBalance, dFor, dAgainst, dMost, dLeast, dLast, dTail, dCountFor, dCountAgainst, dFacesFor, dFacesAgainst, dDensity} {
			s.dense[d] = 0
		}
	}
	if k.own {
		for d := dRead; d < nDense; d++ {
			s.dense[d] = 0
		}
	}
}

// drops reports whether the ids at place i of an example are skipped.
func (k skip) drops(i, words int) bool {
	switch {
	case i >= words:
		return k.grams
	case i%2 == 0:
		return k.words
	}
	return k.pairs
}

// Ablate trains the weights of English and Finnish again and again, each time
// without a part of the model, and prints macro-F1 on the rows held out of
// each kind. It learns from every other row of the sets of others, for time.
func Ablate(ctx context.Context, rows []Row, out io.Writer, log func(string, ...any)) error {
	var some []Row
	for i, r := range rows {
		if r.Split != "train" || r.Set == "own" || i%2 == 0 {
			some = append(some, r)
		}
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	kinds := []puskaradio.Genre{puskaradio.Social, puskaradio.Review, puskaradio.News, puskaradio.Other}
	fmt.Fprint(w, "without")
	for _, p := range plans[:2] {
		for _, k := range kinds {
			if slices.Contains(p.kinds, k) {
				fmt.Fprintf(w, "\t%s %s", p.name, k)
			}
		}
	}
	fmt.Fprintln(w)
	for _, l := range lacks {
		var figures [2][]string
		var faults [2]error
		var wg sync.WaitGroup
		for i, p := range plans[:2] {
			log("without %s: %s", l.what, p.name)
			wg.Go(func() { figures[i], faults[i] = l.try(ctx, p, some, kinds) })
		}
		wg.Wait()
		if err := errors.Join(faults[:]...); err != nil {
			return err
		}
		fmt.Fprintf(w, "%s\t%s\n", l.what, strings.Join(slices.Concat(figures[0], figures[1]), "\t"))
	}
	return w.Flush()
}

// try trains without what lacks and returns macro-F1 of each kind.
func (l lack) try(ctx context.Context, p plan, rows []Row, kinds []puskaradio.Genre) (out []string, err error) {
	words, err := readLexicon()
	if err != nil {
		return nil, err
	}
	t := &trainer{plan: p, words: words}
	l.drop(t)
	a, err := t.run(ctx, rows, func(string, ...any) {})
	if err != nil {
		return nil, err
	}
	for _, k := range kinds {
		if slices.Contains(p.kinds, k) {
			f1, _, _ := t.heldOut(a, k)
			out = append(out, fmt.Sprintf("%.3f", f1))
		}
	}
	return out, nil
}

// heldOut is macro-F1 and macro-recall on the rows held out of a kind, n of
// them.
func (t *trainer) heldOut(a *area, kind puskaradio.Genre) (f1, recall float64, n int) {
	var conf [3][3]int
	for i := range t.dev {
		if e := &t.dev[i]; (e.row.Genre == kind || len(a.Kinds) == 1) && e.row.domain != "film" {
			f := a.feel(t.scan(e.row), e.row.Lang, kind)
			conf[e.y][f.label]++
			n++
		}
	}
	f1, recall = macro(conf)
	return f1, recall, n
}
