package web

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// csvMost is how many rows a table of lines may have.
const (
	csvMost = 5000
	csvPage = 500
)

// wantsCSV reports whether a page is asked for as a table.
func (v *view) wantsCSV() bool { return v.Query("format") == "csv" }

// writeCSV answers with a table by RFC 4180, in UTF-8, its first row the names
// of the columns.
func (s *Server) writeCSV(w http.ResponseWriter, name string, rows [][]string) error {
	var b bytes.Buffer
	c := csv.NewWriter(&b)
	c.UseCRLF = true
	for _, row := range rows {
		out := make([]string, len(row))
		for i, cell := range row {
			out[i] = csvCell(cell)
		}
		if err := c.Write(out); err != nil {
			return err
		}
	}
	c.Flush()
	if err := c.Error(); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8; header=present")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`.csv"`)
	_, _ = b.WriteTo(w) // it may have hung up
	return nil
}

// GuardCell keeps a spreadsheet from taking a text for a formula: one that
// begins like it, behind spaces and what cannot be seen, is put behind an
// apostrophe.
func GuardCell(s string) string {
	begins := strings.TrimLeftFunc(s, func(r rune) bool {
		return r != '\t' && r != '\r' && (unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r))
	})
	if begins != "" && strings.ContainsRune("=+-@\t\r＝＋－＠−", []rune(begins)[0]) || strings.HasPrefix(s, "\x00") {
		return "'" + s
	}
	return s
}

// csvCell is a guarded text that is one: UTF-8 without zeros.
func csvCell(s string) string {
	return GuardCell(strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", ""))
}

// csvTime is a time as spreadsheets and programs read it.
func csvTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// csvMean is a mean of n ratings; empty if there are none.
func csvMean(n int, mean float64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatFloat(mean, 'f', 2, 64)
}

// CSV is the address of this page as a table.
func (v *view) CSV() string { return v.With("format", "csv") }

// mentionsCSV are the mentions that a filter chooses, from the newest on.
func (s *Server) mentionsCSV(w http.ResponseWriter, r *http.Request, v *view, words string, f store.Filter) error {
	rows := [][]string{mentionHead()}
	f.After, f.Limit = "", csvPage
	only, read := v.aboutOf(), 0
	for len(rows) <= csvMost {
		list := func() ([]store.Entry, string, error) { return s.o.Store.Mentions(r.Context(), f) }
		if words != "" {
			list = func() ([]store.Entry, string, error) { return s.o.Store.Search(r.Context(), words, f) }
		}
		found, next, err := list()
		if err != nil {
			return err
		}
		read += len(found)
		for _, e := range found {
			if only.is(&e.Mention) {
				rows = append(rows, mentionRow(mentionOf(e.ID, e.Mention, e.Status)))
			}
		}
		if f.After = next; next == "" || read >= journeyMost && only.Any() {
			break
		}
	}
	return s.exportCSV(w, r, v, "mentions", rows)
}

func mentionHead() []string {
	return []string{"id", "published", "brand", "source", "author", "label", "stars", "best", "title", "text", "language", "status", "url"}
}

func mentionRow(m apiMention) []string {
	value, best := "", ""
	if m.Rating != nil {
		value, best = strconv.FormatFloat(m.Rating.Value, 'f', -1, 64), strconv.FormatFloat(m.Rating.Best, 'f', -1, 64)
	}
	return []string{string(m.ID), csvTime(m.Published), m.Brand, m.Source, m.Author, string(m.Label), value, best, m.Title, m.Text, m.Lang, string(m.Status), m.URL}
}

// casesCSV are the cases that a filter chooses and keep keeps.
func (s *Server) casesCSV(w http.ResponseWriter, r *http.Request, v *view, f store.Filter, keep func(*puskaradio.Case) bool) error {
	rows := [][]string{append(mentionHead(), "who", "first reply", "waited seconds", "over target", "customer")}
	f.After, f.Limit = "", csvPage
	for len(rows) <= csvMost {
		cases, next, err := s.o.Store.Inbox(r.Context(), f)
		if err != nil {
			return err
		}
		for i := range cases {
			c := &cases[i]
			if !keep(c) {
				continue
			}
			k := clockOf(c, &v.Plan.Reply, v.Now)
			row := mentionRow(mentionOf(c.ID, c.Mention, c.Status))
			rows = append(rows, append(row, c.Who, csvTime(c.FirstReply()), strconv.Itoa(int(k.Wait.Seconds())), strconv.FormatBool(k.Over), c.Customer))
		}
		if f.After = next; next == "" {
			break
		}
	}
	return s.exportCSV(w, r, v, "cases", rows)
}

// trendsCSV are the days of a page of trends, the newest first.
func (s *Server) trendsCSV(w http.ResponseWriter, r *http.Request, p *trendsView) error {
	rows := [][]string{{"date", "negative", "neutral", "positive", "total", "rated", "mean stars", "noted"}}
	for _, d := range p.Newest() {
		var t tally
		t.addDay(d)
		rows = append(rows, []string{p.Day(d.At), strconv.Itoa(d.Negative), strconv.Itoa(d.Neutral), strconv.Itoa(d.Positive), strconv.Itoa(d.Total()), strconv.Itoa(d.Rated), csvMean(t.Rated, t.Mean()), p.On(d.At)})
	}
	return s.exportCSV(w, r, p.view, "trends", rows)
}

// exportCSV writes a table, and into the audit log that it was taken.
func (s *Server) exportCSV(w http.ResponseWriter, r *http.Request, v *view, name string, rows [][]string) error {
	rows = rows[:min(len(rows), csvMost+1)]
	if err := s.record(r, v.Who, "took a table", name); err != nil {
		return err
	}
	return s.writeCSV(w, name, rows)
}
