package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/sentiment"
)

func (a *app) evalCommand() *cobra.Command {
	var e evaluation
	cmd := &cobra.Command{
		Use:   "eval FILE.tsv…",
		Short: "Measure the verdicts on texts that people have judged",
		Long: `Scores the texts of tab-separated files and prints, for each language, how often
the verdicts agree with the labels. The first line names the columns, in any order:

  text   what is scored (required)
  label  negative, neutral, positive, or -1, 0, 1
  lang   the language, such as fi; a hint for the scorer, the truth for the last table
  kind   social, review, news, survey or other; --kind says it for all rows
  stars  1 to 5; only asked with --stars, for they say what the label says
  set, split, and others are passed over

Accuracy is the part of labels that agree. F1 and recall are means over the classes
(macro-F1, macro-recall). "sign" is the part of texts that are not neutral whose value
has the right sign. "neg P" and "neg R" are precision and recall of the negative class,
"P@.70" its precision where the most negative texts are taken until 70 % are found.
ECE is the expected calibration error of the confidence, over 15 bins. "sure" is the
part of texts that the scorer does not leave to a person, "error" what is wrong in it.

A line that cannot be read is named, the others are measured, and the exit code is 1.`,
		Example: "  puskaradio eval --kind review reviews.tsv\n  puskaradio eval --json tweets.tsv --kind social",
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(_ *cobra.Command, args []string) error { return a.eval(e, args) },
	}
	f := cmd.Flags()
	f.StringVar(&e.kind, "kind", "", "what kind of talk it is, where no column says it: social, review, news, survey, other")
	f.StringVar(&e.lang, "lang", "", "the language, where no column says it")
	f.BoolVar(&e.stars, "stars", false, "let the column stars inform the verdict")
	f.StringVar(&e.model, "model", "", "a model file from train, instead of the one in the binary")
	f.BoolVar(&e.wrong, "wrong", false, "print every text that was judged otherwise, the surest first, instead of the tables")
	return cmd
}

// An evaluation is what the eval command was asked.
type evaluation struct {
	kind, lang, model string
	stars, wrong      bool
}

// A judged is a row with its verdict.
type judged struct {
	row     sentiment.Row
	verdict sentiment.Verdict
	score   puskaradio.Score
}

// modelOf reads a model file; the one in the binary where there is no name.
func modelOf(file string) (*sentiment.Model, error) {
	if file == "" {
		return sentiment.Shipped()
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	m, err := sentiment.ReadModel(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return m, nil
}

func (a *app) eval(e evaluation, files []string) error {
	kind, err := sentiment.GenreOf(e.kind)
	if err != nil {
		return usage("%v", err)
	}
	model, err := modelOf(e.model)
	if err != nil {
		return err
	}
	var all []judged
	var faults []string
	for _, name := range files {
		rows, err := readRows(a.in, name)
		if err != nil {
			if len(rows) == 0 {
				return err
			}
			faults = append(faults, err.Error())
		}
		all = append(all, a.judge(e, model, kind, rows)...)
	}
	switch {
	case e.wrong:
		err = a.printWrong(all)
	case a.json:
		err = a.printFiguresJSON(all)
	default:
		err = a.printFigures(all)
	}
	if err == nil && len(faults) > 0 {
		err = fmt.Errorf("not measured:\n%s", strings.Join(faults, "\n"))
	}
	return err
}

// readRows reads the rows of a file, or of standard input for "-".
func readRows(in io.Reader, name string) ([]sentiment.Row, error) {
	if name == "-" {
		return sentiment.ReadRows(in, "standard input")
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return sentiment.ReadRows(f, name)
}

func (a *app) judge(e evaluation, model *sentiment.Model, kind puskaradio.Genre, rows []sentiment.Row) []judged {
	scorer := sentiment.NewScorer(model)
	out := make([]judged, 0, len(rows))
	p := a.progress(len(rows), "texts")
	defer p.done()
	for _, r := range rows {
		r.Lang, _, _ = strings.Cut(r.Lang, "-")
		if r.Lang == "" {
			r.Lang = e.lang
		}
		if r.Genre == "" {
			r.Genre = kind
		}
		t := sentiment.Text{Text: r.Text, Lang: r.Lang, Genre: r.Genre}
		if e.stars {
			t.Rating = sentiment.RatingOf(r.Stars)
		}
		s := scorer.Score([]sentiment.Text{t})[0]
		v := sentiment.VerdictOf(r, s)
		v.Lang = model.Language(r.Text)
		out = append(out, judged{r, v, s})
		p.add(1)
	}
	return out
}

// byLang groups verdicts by the language of their rows, the largest group
// first, and says how many have a label.
func byLang(all []judged) (langs []string, groups map[string][]sentiment.Verdict, labelled int) {
	groups = map[string][]sentiment.Verdict{}
	for _, j := range all {
		l := j.row.Lang
		if l == "" {
			l = "?"
		}
		groups[l] = append(groups[l], j.verdict)
		if j.row.Label != "" {
			labelled++
		}
	}
	langs = slices.Sorted(maps.Keys(groups))
	slices.SortStableFunc(langs, func(x, y string) int { return len(groups[y]) - len(groups[x]) })
	return langs, groups, labelled
}

func (a *app) printFigures(all []judged) error {
	langs, groups, labelled := byLang(all)
	if labelled > 0 {
		w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(w, "lang\tn\taccuracy\tF1\trecall\tsign\tneg P\tneg R\tP@.70\tECE\tsure\terror\t")
		print := func(name string, vs []sentiment.Verdict) sentiment.Figures {
			f := sentiment.Measure(vs)
			if f.N > 0 {
				fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", name, f.N, figure(f.Accuracy), figure(f.F1), figure(f.Recall), figure(f.Binary),
					figure(f.NegPrec), figure(f.NegRecall), figure(f.NegPrecAt70), figure(f.ECE), figure(f.Covered), figure(f.Error))
			}
			return f
		}
		for _, l := range langs {
			print(l, groups[l])
		}
		var vs []sentiment.Verdict
		for _, j := range all {
			vs = append(vs, j.verdict)
		}
		f := sentiment.Measure(vs)
		if len(langs) > 1 {
			print("all", vs)
		}
		if err := w.Flush(); err != nil {
			return err
		}
		a.printConfusion(f)
	}
	return a.printLanguages(langs, groups)
}

func (a *app) printConfusion(f sentiment.Figures) {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\nlabel \\ verdict\tnegative\tneutral\tpositive\t")
	for i, name := range []string{"negative", "neutral", "positive"} {
		c := f.Confusion[i]
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t\n", name, c[0], c[1], c[2])
	}
	w.Flush() // errors of a.out show at the end
	if len(f.Abstained) > 0 {
		fmt.Fprint(a.out, "\nleft to a person:")
		for _, why := range slices.Sorted(maps.Keys(f.Abstained)) {
			fmt.Fprintf(a.out, " %s %d", why, f.Abstained[why])
		}
		fmt.Fprintln(a.out)
	}
}

// printLanguages says how often the language was told, from the text alone.
func (a *app) printLanguages(langs []string, groups map[string][]sentiment.Verdict) error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	n, right, short, shortRight := 0, 0, 0, 0
	for _, l := range langs {
		if l == "?" {
			continue
		}
		if n == 0 {
			fmt.Fprintln(w, "\nlanguage\tn\ttold\tunder 25 letters\ttold\ttaken for\t")
		}
		c, r, s, sr := 0, 0, 0, 0
		other := map[string]int{}
		for _, v := range groups[l] {
			c++
			ok := v.Lang == v.GoldLang
			if ok {
				r++
			} else {
				other[orElse(v.Lang, "none")]++
			}
			if v.Short {
				s++
				if ok {
					sr++
				}
			}
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%d\t%s\t%s\t\n", l, c, share(r, c), s, share(sr, s), most(other))
		n, right, short, shortRight = n+c, right+r, short+s, shortRight+sr
	}
	if n > 0 && len(langs) > 1 {
		fmt.Fprintf(w, "all\t%d\t%s\t%d\t%s\t\t\n", n, share(right, n), short, share(shortRight, short))
	}
	return w.Flush()
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// most names the two most frequent.
func most(n map[string]int) string {
	names := slices.Sorted(maps.Keys(n))
	slices.SortStableFunc(names, func(x, y string) int { return n[y] - n[x] })
	var out []string
	for _, name := range names[:min(2, len(names))] {
		out = append(out, fmt.Sprintf("%s %d", name, n[name]))
	}
	return strings.Join(out, ", ")
}

func share(n, of int) string {
	if of == 0 {
		return "–"
	}
	return figure(float64(n) / float64(of))
}

func figure(x float64) string {
	if math.IsNaN(x) {
		return "–"
	}
	return fmt.Sprintf("%.3f", x)
}

// printWrong prints the texts that were judged otherwise, one on a line.
func (a *app) printWrong(all []judged) error {
	wrong := slices.DeleteFunc(slices.Clone(all), func(j judged) bool { return j.row.Label == "" || j.row.Label == j.score.Label })
	slices.SortStableFunc(wrong, func(x, y judged) int {
		switch {
		case x.score.Confidence > y.score.Confidence:
			return -1
		case x.score.Confidence < y.score.Confidence:
			return 1
		}
		return 0
	})
	for _, j := range wrong {
		text := strings.Map(func(r rune) rune {
			if r < ' ' {
				return ' '
			}
			return r
		}, j.row.Text)
		if _, err := fmt.Fprintf(a.out, "%d\t%s\t%s\t%.2f\t%s\t%s\n", j.row.Line, j.row.Label, j.score.Label, j.score.Confidence, strings.Join(j.score.Words, " "), text); err != nil {
			return err
		}
	}
	return nil
}

// printFiguresJSON prints one object for each language and one for all.
func (a *app) printFiguresJSON(all []judged) error {
	type figures struct {
		Lang      string         `json:"lang"`
		N         int            `json:"n"`
		Accuracy  *float64       `json:"accuracy,omitempty"`
		F1        *float64       `json:"macro_f1,omitempty"`
		Recall    *float64       `json:"macro_recall,omitempty"`
		Sign      *float64       `json:"sign_accuracy,omitempty"`
		NegPrec   *float64       `json:"negative_precision,omitempty"`
		NegRecall *float64       `json:"negative_recall,omitempty"`
		NegAt70   *float64       `json:"negative_precision_at_recall_70,omitempty"`
		ECE       *float64       `json:"expected_calibration_error,omitempty"`
		Covered   *float64       `json:"covered,omitempty"`
		Error     *float64       `json:"error_when_covered,omitempty"`
		Confusion [3][3]int      `json:"confusion"`
		Abstained map[string]int `json:"abstained,omitempty"`
		Told      float64        `json:"language_told"`
	}
	num := func(x float64) *float64 {
		if math.IsNaN(x) {
			return nil
		}
		return &x
	}
	enc := json.NewEncoder(a.out)
	print := func(name string, vs []sentiment.Verdict) error {
		f := sentiment.Measure(vs)
		told := 0
		for _, v := range vs {
			if v.GoldLang != "" && v.Lang == v.GoldLang {
				told++
			}
		}
		return enc.Encode(figures{
			name, f.N, num(f.Accuracy), num(f.F1), num(f.Recall), num(f.Binary), num(f.NegPrec), num(f.NegRecall), num(f.NegPrecAt70),
			num(f.ECE), num(f.Covered), num(f.Error), f.Confusion, f.Abstained, float64(told) / float64(max(1, len(vs))),
		})
	}
	langs, groups, _ := byLang(all)
	var every []sentiment.Verdict
	for _, l := range langs {
		if err := print(l, groups[l]); err != nil {
			return err
		}
		every = append(every, groups[l]...)
	}
	return print("all", every)
}
