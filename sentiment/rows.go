package sentiment

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/puskaradio/puskaradio"
)

// A Row is a text that a person has judged.
type Row struct {
	Set    string
	Split  string // "train", "dev" or "test"
	Lang   string
	Label  puskaradio.Label // empty where nobody has judged it
	Stars  string
	Text   string
	Genre  puskaradio.Genre
	Line   int
	domain string  // rows of one domain share weights in training
	weight float32 // how much it counts for in training; 0 is 1
	share  float64 // of its rating, plus one; 0 is none, see [RowOf]
}

var labels = []puskaradio.Label{puskaradio.Negative, puskaradio.Neutral, puskaradio.Positive}

// labelNames are the ways to write a label.
var labelNames = map[string]puskaradio.Label{
	"-1": puskaradio.Negative, "neg": puskaradio.Negative, "negative": puskaradio.Negative, "negatiivinen": puskaradio.Negative,
	"0": puskaradio.Neutral, "neu": puskaradio.Neutral, "neutral": puskaradio.Neutral, "neutraali": puskaradio.Neutral,
	"1": puskaradio.Positive, "+1": puskaradio.Positive, "pos": puskaradio.Positive, "positive": puskaradio.Positive, "positiivinen": puskaradio.Positive,
}

// columns are the names that a column of a file may have.
var columns = map[string][]string{
	"text":  {"text", "teksti", "sentence", "review"},
	"label": {"label", "sentiment", "polarity", "gold"},
	"lang":  {"lang", "language", "kieli"},
	"split": {"split"},
	"stars": {"stars", "rating", "tähdet"},
	"kind":  {"kind", "genre"},
	"set":   {"set"},
}

// ReadRows reads labelled texts: tab-separated, a line of column names first,
// in any order. Only the text is required. Every line that cannot be read is
// an error that names it; all of them are given, up to ten, with the rows
// that can be read.
func ReadRows(r io.Reader, name string) ([]Row, error) {
	in := bufio.NewScanner(r)
	in.Buffer(nil, 16<<20)
	if !in.Scan() {
		if err := in.Err(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return nil, fmt.Errorf("%s: the file is empty; a line of column names is wanted first: text, label, lang, kind", name)
	}
	at, err := columnsOf(strings.TrimPrefix(in.Text(), "\ufeff"))
	if err != nil {
		return nil, fmt.Errorf("%s:1: %w", name, err)
	}
	var rows []Row
	var faults []error
	n := 1
	for in.Scan() {
		n++
		line := strings.TrimSuffix(in.Text(), "\r")
		if line == "" {
			continue
		}
		row, err := rowOf(strings.Split(line, "\t"), at)
		if err != nil {
			if len(faults) < 10 {
				faults = append(faults, fmt.Errorf("%s:%d: %w", name, n, err))
			}
			continue
		}
		row.Line = n
		rows = append(rows, row)
	}
	if err := in.Err(); err != nil {
		faults = append(faults, fmt.Errorf("%s:%d: %w", name, n+1, err))
	}
	return rows, errors.Join(faults...)
}

func columnsOf(head string) (map[string]int, error) {
	at := map[string]int{}
	for i, h := range strings.Split(strings.TrimSuffix(head, "\r"), "\t") {
		h = strings.ToLower(strings.TrimSpace(h))
		for c, names := range columns {
			if _, taken := at[c]; !taken && slices.Contains(names, h) {
				at[c] = i
			}
		}
	}
	if _, ok := at["text"]; !ok {
		return nil, fmt.Errorf("there is no column %q: the first line names the columns, parted by tabs, such as text, label, lang, kind", "text")
	}
	return at, nil
}

func rowOf(fields []string, at map[string]int) (Row, error) {
	get := func(c string) string {
		if i, ok := at[c]; ok && i < len(fields) {
			return strings.TrimSpace(fields[i])
		}
		return ""
	}
	if at["text"] >= len(fields) {
		return Row{}, fmt.Errorf("it has %d fields, the text should be field %d", len(fields), at["text"]+1)
	}
	r := Row{Set: get("set"), Split: get("split"), Lang: strings.ToLower(get("lang")), Stars: get("stars"), Text: fields[at["text"]]}
	if l := strings.ToLower(get("label")); l != "" {
		var ok bool
		if r.Label, ok = labelNames[l]; !ok {
			return Row{}, fmt.Errorf("label %q is none of -1, 0, 1, negative, neutral, positive", l)
		}
	}
	if k := strings.ToLower(get("kind")); k != "" {
		g, err := GenreOf(k)
		if err != nil {
			return Row{}, err
		}
		r.Genre = g
	}
	return r, nil
}

// GenreOf is the genre of a name; "" has none.
func GenreOf(name string) (puskaradio.Genre, error) {
	g := puskaradio.Genre(name)
	if name != "" && !slices.Contains([]puskaradio.Genre{puskaradio.Social, puskaradio.Review, puskaradio.News, puskaradio.Survey, puskaradio.Other}, g) {
		return "", fmt.Errorf("kind %q is none of social, review, news, survey, other", name)
	}
	return g, nil
}

// RatingOf reads stars such as "4" or "8/10"; nil where there are none.
func RatingOf(s string) *puskaradio.Rating {
	value, best, scaled := strings.Cut(s, "/")
	v, err := strconv.ParseFloat(strings.ReplaceAll(value, ",", "."), 64)
	if err != nil || v < 0 || v > 100 {
		return nil
	}
	r := &puskaradio.Rating{Value: v, Best: 5}
	if scaled {
		if r.Best, err = strconv.ParseFloat(best, 64); err != nil || r.Best < v {
			return nil
		}
	} else if v > 5 {
		return nil
	}
	return r
}
